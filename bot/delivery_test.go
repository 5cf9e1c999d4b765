package bot_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"tipoff/bot"
	"tipoff/bot/alert"
	"tipoff/bot/config"
	"tipoff/bot/discord/discordfake"
	"tipoff/bot/slack/slackfake"
	"tipoff/bot/store/storetest"
)

// chatWorld is a feed, both platforms, and channels s0, s1, ... on Slack and d0,
// d1, ... on Discord that get all of it.
type chatWorld struct {
	*testing.T
	press   *press
	slack   *slackfake.Fake
	discord *discordfake.Fake
	cfg     *config.Config
	entries []entry
}

func newChatWorld(t *testing.T, onSlack, onDiscord int) *chatWorld {
	t.Helper()
	w := &chatWorld{T: t, press: newPress(t)}
	var channels []slackfake.Channel
	for n := range onSlack {
		channels = append(channels, slackfake.Channel{ID: fmt.Sprint("C000", n), Member: true})
	}
	w.cfg = configuration(t, w.press, "wire")
	w.slack, w.discord = bothChats(t, w.cfg, slackfake.Options{Channels: channels, PerSecond: 1})
	w.cfg.Slack.AppToken = "" // nobody asks for anything
	w.discord.SetRate(5, 2*time.Second)
	w.cfg.Sources[0].Backfill = 100
	w.cfg.Channels = nil
	var names []string
	for n := range onSlack {
		names = append(names, fmt.Sprint("s", n))
		w.cfg.Channels = append(w.cfg.Channels, alert.Channel{Name: fmt.Sprint("s", n), Slack: fmt.Sprint("C000", n)})
	}
	for n := range onDiscord {
		names = append(names, fmt.Sprint("d", n))
		w.cfg.Channels = append(w.cfg.Channels, alert.Channel{Name: fmt.Sprint("d", n), Discord: fmt.Sprint("200", n)})
		w.discord.AddChannel(fmt.Sprint("200", n))
	}
	w.cfg.Watches = []alert.Watch{{Name: "leaks", Query: "leak", Channels: names}}
	t.Cleanup(func() {
		for _, v := range append(w.slack.Violations(), w.discord.Violations()...) {
			t.Errorf("the platform would not allow: %s", v)
		}
	})
	return w
}

// publish adds stories, of which each channel is to get the newest last.
func (w *chatWorld) publish(n int) {
	for range n {
		i := len(w.entries)
		w.entries = append(w.entries, entry{guid: fmt.Sprint(i), link: fmt.Sprint("https://wire.example/", i), title: fmt.Sprintf("Leak number %04d", i)})
	}
	w.press.publish("wire", slices.Clone(w.entries)...)
}

// start runs one replica more.
func (w *chatWorld) start() (app *bot.App, stop func()) {
	w.Helper()
	return start(w.T, w.cfg, options(w.T, w.cfg))
}

// wait waits until channels have so many messages; they are named as in the
// config.
func (w *chatWorld) wait(n int, channels ...string) {
	w.Helper()
	for _, c := range channels {
		var err error
		if id := c[1:]; c[0] == 's' {
			_, err = w.slack.WaitMessages(w.Context(), "C000"+id, n)
		} else {
			_, err = w.discord.WaitMessages(w.Context(), "200"+id, n)
		}
		if err != nil {
			w.Fatal(err)
		}
	}
}

// retry does what `tipoff deliveries retry --channel NAME` does, until what waits
// in a channel goes out: a drain that is just ending does not hear of it.
func (w *chatWorld) retry(app *bot.App, channel string, waiting int) {
	w.Helper()
	for n := range 20 {
		r, err := bot.RetryDeliveries(w.Context(), w.cfg, nil, channel, "me")
		if err != nil || n == 0 && (len(r.Tried) != 1 || r.Tried[0].Waiting != waiting) {
			w.Errorf("%+v, %v; want one trouble for which %d wait", r, err, waiting)
		}
		if err := app.Refresh(w.Context()); err != nil {
			w.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(w.Context(), 2*time.Second)
		_, err = w.slack.WaitMessages(ctx, "C000"+channel[1:], 1)
		cancel()
		if err == nil {
			return
		}
	}
	w.Fatal("nothing is sent")
}

// got are the titles in a channel.
func (w *chatWorld) got(channel string) (all []string) {
	if channel[0] == 's' {
		for _, m := range w.slack.Messages("C000" + channel[1:]) {
			all = append(all, leakTitle.FindString(m.Text))
		}
		return all
	}
	for _, m := range w.discord.Messages("200" + channel[1:]) {
		all = append(all, m.Embeds[0].Title)
	}
	return all
}

// plain is a message's embed without the backslashes that keep its text plain.
func plain(m discordfake.Message) discordfake.Embed {
	e := m.Embeds[0]
	e.Description = strings.ReplaceAll(e.Description, `\`, "")
	return e
}

// paused is closed when the store has a pause of a platform's, which all replicas
// then know of: before that, a slow machine may send what it likes.
func (w *chatWorld) paused(platform alert.Kind) <-chan struct{} {
	w.Helper()
	s, err := bot.OpenStore(w.Context(), w.cfg, nil)
	if err != nil {
		w.Fatal(err)
	}
	known := make(chan struct{})
	var watched sync.WaitGroup
	watched.Go(func() {
		var ready int64
		for w.Context().Err() == nil {
			err := s.DB().QueryRowContext(w.Context(), `SELECT ready FROM gates WHERE name = $1`, string(platform)).Scan(&ready)
			switch {
			case err != nil && !errors.Is(err, sql.ErrNoRows) && w.Context().Err() == nil:
				w.Error(err)
				return
			case time.UnixMilli(ready).After(time.Now().Add(time.Second)): // more than a platform's pace
				close(known)
				return
			}
			pause(w.Context(), 5*time.Millisecond)
		}
	})
	w.Cleanup(func() {
		watched.Wait()
		_ = s.Close()
		select {
		case <-known:
		default:
			w.Errorf("the pause of %s was not written down", platform)
		}
	})
	return known
}

// Two replicas keep together the pace of each channel and of each platform, also
// where a channel passes from one to the other, and a pause that one of them is
// asked for.
func TestReplicasShareTheLimits(t *testing.T) {
	t.Parallel()
	w := newChatWorld(t, 3, 3)
	w.cfg.Store = storetest.Postgres(t)
	_, stopFirst := w.start()
	w.start()
	w.publish(4)
	w.wait(2, "s0", "d0")
	stopFirst()
	w.start()
	w.publish(4)
	w.wait(4, "s0", "s1", "s2", "d0", "d1", "d2")
	w.slack.Fail(slackfake.Fault{Kind: slackfake.RateLimited, Method: "chat.postMessage", RetryAfter: 5, Known: w.paused(alert.Slack)})
	w.discord.Inject(discordfake.Fault{Method: "POST", Path: "/channels/", Status: 429, RetryAfter: 5 * time.Second, Global: true, Known: w.paused(alert.Discord)})
	w.publish(4)
	w.wait(len(w.entries), "s0", "s1", "s2", "d0", "d1", "d2")
	for _, c := range []string{"s0", "s1", "s2", "d0", "d1", "d2"} {
		got := w.got(c)
		// Stories of one visit come newest first, so their order is the alerts'.
		if len(got) != len(w.entries) || len(slices.Compact(slices.Sorted(slices.Values(got)))) != len(w.entries) {
			t.Errorf("%s: %q, want each once", c, got)
		}
		if diff := cmp.Diff(w.got("s0"), got); diff != "" {
			t.Errorf("the order in %s is another one than in s0: %s", c, diff)
		}
	}
}

// A platform that does not work holds up neither the other one nor the notice.
// When it works again, and a person says so, all that waited comes in its order.
func TestOneDeadPlatform(t *testing.T) {
	t.Parallel()
	w := newChatWorld(t, 4, 2)
	w.cfg.Operations = "ops"
	w.cfg.Channels = append(w.cfg.Channels, alert.Channel{Name: "ops", Slack: "C0000", Discord: "2009"})
	w.discord.AddChannel("2009")
	w.slack.Fail(slackfake.Fault{Kind: slackfake.ServerError, Times: 1000})
	app, _ := w.start()
	w.publish(3)
	w.wait(3, "d0", "d1")
	told, err := w.discord.WaitMessages(t.Context(), "2009", 1)
	if err != nil {
		t.Fatal(err)
	}
	if e := plain(told[0]); e.Title != "Slack does not work" || !strings.Contains(e.Description, "12 alerts wait.") {
		t.Errorf("told %q: %s", e.Title, e.Description)
	}
	tried := w.slack.Calls("chat.postMessage")
	w.publish(1)
	w.wait(4, "d0", "d1")
	if more := w.slack.Calls("chat.postMessage") - tried; more > 4 { // those under way
		t.Errorf("%d attempts after that", more)
	}
	if n := len(w.discord.Messages("2009")); n != 1 {
		t.Errorf("told %d times", n)
	}
	w.slack.Heal()
	w.retry(app, "s0", 16)
	w.wait(4, "s0", "s1", "s2", "s3")
	if told, err = w.discord.WaitMessages(t.Context(), "2009", 2); err != nil {
		t.Fatal(err)
	}
	if e := plain(told[1]); e.Title != "Slack works again" || !strings.Contains(e.Description, "that waited go out now, in order.") {
		t.Errorf("then told %q: %s", e.Title, e.Description)
	}
	for _, c := range []string{"s0", "s1", "s2", "s3"} {
		if got := slices.DeleteFunc(w.got(c), func(title string) bool { return title == "" }); !slices.Equal(got, w.got("d0")) { // without the notice
			t.Errorf("%s got %q, want %q", c, got, w.got("d0"))
		}
	}
}

// A channel that the bot was thrown out of waits, and tells that; back in, the
// alerts come in their order. The same with a token that is refused.
func TestParkedChannelsGoOn(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name        string
		break1, fix func(w *chatWorld)
		parked      []string
		title, says string
		over        string
	}{
		{
			"one channel",
			func(w *chatWorld) { w.slack.SetChannel(slackfake.Channel{ID: "C0000"}) },
			func(w *chatWorld) { w.slack.SetChannel(slackfake.Channel{ID: "C0000", Member: true}) },
			[]string{"s0"},
			"s0 gets no alerts on Slack", "/invite @bot", "s0 gets alerts on Slack again",
		},
		{
			"a token",
			func(w *chatWorld) { w.slack.RefuseBot("token_revoked") },
			func(w *chatWorld) { w.slack.RefuseBot("") },
			[]string{"s0", "s1"},
			"Slack takes no alerts", "slack.bot_token", "Slack takes alerts again",
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			w := newChatWorld(t, 2, 1)
			w.cfg.Operations = "ops"
			w.cfg.Channels = append(w.cfg.Channels, alert.Channel{Name: "ops", Discord: "2009"})
			w.discord.AddChannel("2009")
			test.break1(w)
			app, _ := w.start()
			w.publish(3)
			w.wait(3, "d0")
			if len(test.parked) == 1 {
				w.wait(3, "s1")
			}
			told, err := w.discord.WaitMessages(t.Context(), "2009", 1)
			if err != nil {
				t.Fatal(err)
			}
			if e := plain(told[0]); e.Title != test.title || !strings.Contains(e.Description, test.says) || !strings.Contains(e.Description, fmt.Sprint(3*len(test.parked), " alerts wait.")) {
				t.Errorf("told %q: %s", e.Title, e.Description)
			}
			test.fix(w)
			w.retry(app, "s0", 3*len(test.parked))
			w.wait(3, "s0", "s1")
			if diff := cmp.Diff(w.got("d0"), w.got("s0")); diff != "" {
				t.Errorf("the order is lost: %s", diff)
			}
			if told, err = w.discord.WaitMessages(t.Context(), "2009", 2); err != nil {
				t.Fatal(err)
			}
			if e := plain(told[1]); e.Title != test.over || !strings.Contains(e.Description, "waited") {
				t.Errorf("then told %q: %s", e.Title, e.Description)
			}
		})
	}
}
