package bot_test

import (
	"bytes"
	"flag"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"tipoff/bot"
	"tipoff/bot/alert"
	"tipoff/bot/config"
	"tipoff/bot/slack/slackfake"
	"tipoff/bot/store/storetest"
)

// The long one: go test ./bot -run TestDatabaseGone -outage 1m -v
var outage = flag.Duration("outage", 4*time.Second, "how long TestDatabaseGone keeps the database away")

// logLines is a log.
type logLines struct {
	mu  sync.Mutex // guards all
	all []string
}

func (l *logLines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.all = append(l.all, string(bytes.TrimSpace(p)))
	return len(p), nil
}

func (l *logLines) take() []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	all := l.all
	l.all = nil
	return all
}

// ready asks the program until it answers as wanted.
func ready(t *testing.T, app *bot.App, want int) {
	t.Helper()
	for {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+app.Addr()+"/readyz", nil)
		if err != nil {
			t.Fatal(err)
		}
		resp, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		if resp.StatusCode == want {
			return
		}
	}
}

// The database goes away for a while: the program says so, goes on by itself when
// it is back, and neither loses nor repeats anything.
func TestDatabaseGone(t *testing.T) {
	t.Parallel()
	proxy, address := storetest.NewProxy(t, storetest.Postgres(t))
	slack, err := slackfake.Start(slackfake.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(slack.Close)
	p := newPress(t)
	cfg := configuration(t, p, "one")
	cfg.Store, cfg.Listen = address, "127.0.0.1:0"
	cfg.Slack = config.Slack{BotToken: config.Secret(slack.BotToken()), AppToken: config.Secret(slack.AppToken()), APIURL: slack.URL()}
	cfg.Channels = []alert.Channel{{Name: "desk", Slack: "C0123"}}
	cfg.Watches = []alert.Watch{{Name: "leaks", Query: "leak", Channels: []string{"desk"}}}
	log := &logLines{}
	o := options(t, cfg)
	o.Log = slog.New(slog.NewTextHandler(log, &slog.HandlerOptions{Level: slog.LevelWarn}))
	app, err := bot.New(t.Context(), cfg, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = app.Close() })
	if err := app.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	stopped := false
	stop := func() {
		if !stopped {
			stopped = true
			if err := app.Stop(); err != nil {
				t.Error(err)
			}
		}
	}
	t.Cleanup(stop)
	p.wait(t, "one", 2)
	all := []entry{
		{guid: "1", link: "https://origin.example/1", title: "The first leak"},
		{guid: "2", link: "https://origin.example/2", title: "The second leak"},
		{guid: "3", link: "https://origin.example/3", title: "The third leak"},
	}
	p.publish("one", all[:1]...)
	if _, err := slack.WaitMessages(t.Context(), "C0123", 1); err != nil {
		t.Fatal(err)
	}
	ready(t, app, http.StatusOK)

	// It has just gone out, and that is not written down yet.
	slack.Fail(slackfake.Fault{Kind: slackfake.LoseAnswer, Method: "chat.postMessage"})
	p.publish("one", all[:2]...)
	if _, err := slack.WaitMessages(t.Context(), "C0123", 2); err != nil {
		t.Fatal(err)
	}
	log.take()
	began := time.Now()
	proxy.Cut()
	p.publish("one", all...)
	ready(t, app, http.StatusServiceUnavailable)
	select { // an outage takes its time
	case <-time.After(*outage):
	case <-t.Context().Done():
	}
	said, gone := log.take(), time.Since(began) // a slow machine is longer about it
	for _, line := range said {
		t.Log(line)
	}
	if n := len(said); n == 0 || n > 15+int(gone.Minutes()*15) {
		t.Errorf("%d lines in the log of an outage of %v", n, gone)
	}

	proxy.Mend()
	ready(t, app, http.StatusOK)
	if _, err := slack.WaitMessages(t.Context(), "C0123", 3); err != nil {
		t.Fatal(err)
	}
	// What was being sent when the database went is done again, and found.
	p.publish("one", append(all, entry{guid: "4", link: "https://origin.example/4", title: "The fourth leak"})...)
	messages, err := slack.WaitMessages(t.Context(), "C0123", 4)
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range []string{"first", "second", "third", "fourth"} {
		if !strings.Contains(messages[i].Text, want) {
			t.Errorf("message %d is %q, want the %s", i, messages[i].Text, want)
		}
	}
	stop()
	if n := len(slack.Messages("C0123")); n != 4 {
		t.Errorf("%d messages, want 4", n)
	}
}

// The disk is full: it is said what to do, nothing is half written, and when there
// is room again everything is there.
func TestFullDisk(t *testing.T) {
	t.Parallel()
	if os.Getenv(storetest.StoreVariable) == "postgres" {
		t.Skip("of a file")
	}
	w := newWorld(t, nil)
	story := func(n int) string {
		return item(n, fmt.Sprint("Leak ", n), "<description>"+strings.Repeat(fmt.Sprint("many words about it ", n, " "), 300)+"</description>")
	}
	var items []string
	for n := range 30 {
		items = append(items, story(n))
	}
	w.answer(http.StatusOK, rss(items[0]))
	w.poll(0) // the baseline
	limit := func(pages string) {
		t.Helper()
		var now int
		w.must(w.store.DB().QueryRowContext(t.Context(), `PRAGMA max_page_count = `+pages).Scan(&now))
	}
	var pages int
	w.must(w.store.DB().QueryRowContext(t.Context(), `PRAGMA page_count`).Scan(&pages))
	limit(fmt.Sprint(pages + 2))
	w.answer(http.StatusOK, rss(items...))
	w.now = w.now.Add(time.Hour)
	err := w.poller.Poll(t.Context(), []string{w.source.Name})
	if err == nil || !strings.Contains(err.Error(), "cannot grow: the disk is full; make room") {
		t.Errorf("a full disk: %v", err)
	}
	w.want("stories of the poll that failed", len(w.stories()), 1)
	limit("1000000")
	w.poll(time.Hour)
	w.want("stories when there is room", len(w.stories()), len(items))
}
