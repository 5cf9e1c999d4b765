package bot_test

import (
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"tipoff/bot"
	"tipoff/bot/alert"
	"tipoff/bot/store/storetest"
)

func TestAPortThatIsTakenEndsTheRun(t *testing.T) {
	t.Parallel()
	taken := httptest.NewServer(http.NotFoundHandler())
	t.Cleanup(taken.Close)
	cfg := configuration(t, newPress(t), "one")
	cfg.Listen = taken.Listener.Addr().String()
	app, err := bot.New(t.Context(), cfg, options(t, cfg))
	if err != nil {
		t.Fatal(err)
	}
	if err := app.Run(t.Context()); err == nil || !strings.Contains(err.Error(), "change `listen:`") {
		t.Errorf("%v; want what to do about the port", err)
	}
	if err := app.Close(); err != nil {
		t.Error(err)
	}
}

func TestNoSourcesAndNoWatches(t *testing.T) {
	t.Parallel()
	cfg := configuration(t, newPress(t))
	cfg.Store = storetest.Address(t) // without tables
	cfg.Watches = nil
	if got := once(t, cfg); got != (bot.Totals{}) {
		t.Errorf("%+v", got)
	}
	start(t, cfg, options(t, cfg))
}

// TestACorrectedWebhookGetsWhatWaited: the alert is kept while the address is
// wrong, and nobody has to send it again.
func TestACorrectedWebhookGetsWhatWaited(t *testing.T) {
	t.Parallel()
	wrong := httptest.NewServer(http.NotFoundHandler())
	t.Cleanup(wrong.Close)
	bodies := make(chan string, 10)
	right := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		b, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		bodies <- string(b)
	}))
	t.Cleanup(right.Close)

	p := newPress(t)
	cfg := configuration(t, p, "one")
	cfg.Channels = []alert.Channel{{Name: "desk", Webhook: wrong.URL + "/mistyped"}}
	o := options(t, cfg)
	o.Log = slog.New(slog.DiscardHandler) // what fails is meant to
	app, err := bot.New(t.Context(), cfg, o)
	if err != nil {
		t.Fatal(err)
	}
	if err := app.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	p.wait(t, "one", 2)
	p.publish("one", leak)
	for app.Totals().Delayed == 0 {
		p.wait(t, "one", p.count("one")+1)
	}
	if err := app.Stop(); err != nil {
		t.Error(err)
	}
	if err := app.Close(); err != nil {
		t.Error(err)
	}

	cfg.Channels[0].Webhook = right.URL
	if got := once(t, cfg); got.Delivered != 1 || got.Alerts != 0 {
		t.Fatalf("%+v; want what waited delivered", got)
	}
	if body := <-bodies; !strings.Contains(body, "i-SOON") {
		t.Errorf("the webhook got %s", body)
	}
}

func TestAWatchForAChannelThatIsGoneIsSaid(t *testing.T) {
	t.Parallel()
	cfg := configuration(t, newPress(t))
	cfg.Watches[0].Channels = []string{"desk", "closed"}
	log := new(lines)
	o := options(t, cfg)
	o.Log = slog.New(slog.NewTextHandler(log, nil))
	app, err := bot.New(t.Context(), cfg, o)
	if err != nil {
		t.Fatal(err)
	}
	defer app.Close()
	if text := log.String(); !strings.Contains(text, "watch=china channel=closed") || strings.Contains(text, "channel=desk") {
		t.Errorf("log:\n%s", text)
	}
}

// A clock that is set back while the program runs does not stop the polls until it
// is where it was.
func TestTheClockIsSetBack(t *testing.T) {
	t.Parallel()
	p := newPress(t)
	cfg := configuration(t, p, "one")
	var offset atomic.Int64
	o := options(t, cfg)
	o.Now = func() time.Time { return time.Now().Add(time.Duration(offset.Load())) }
	app, _ := start(t, cfg, o)
	p.wait(t, "one", 2)
	offset.Store(int64(-48 * time.Hour))
	var next time.Time
	for range 20 { // a slow machine has several under way, and is late to see it
		p.wait(t, "one", p.count("one")+1)
		all, err := app.Sources(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if next = all[0].NextPoll; next.Sub(o.Now()) < time.Hour {
			return
		}
	}
	t.Errorf("the next poll is at %v, and it is %v", next, o.Now())
}
