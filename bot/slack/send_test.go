package slack

import (
	"bytes"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"tipoff/bot/alert"
	"tipoff/bot/card"
	"tipoff/bot/deliver"
	"tipoff/bot/slack/slackfake"
)

// workspace starts a fake Slack. At the end it must have nothing to complain
// about.
func workspace(t *testing.T, o slackfake.Options) *slackfake.Fake {
	t.Helper()
	f, err := slackfake.Start(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		f.Close()
		for _, v := range f.Violations() {
			t.Errorf("Slack would not allow: %s", v)
		}
	})
	return f
}

func options(f *slackfake.Fake) Options {
	return Options{
		BotToken: f.BotToken(), AppToken: f.AppToken(), APIURL: f.URL(), MinGap: -1,
		Now: func() time.Time { return now },
	}
}

func delivery(id, channel string, c card.Card) deliver.Message {
	return deliver.Message{ID: id, To: alert.Target{Kind: alert.Slack, Address: channel}, Card: c}
}

// failure is the *deliver.Error that err must be.
func failure(t *testing.T, err error) *deliver.Error {
	t.Helper()
	var e *deliver.Error
	if !errors.As(err, &e) {
		t.Fatalf("got %v (%T), want a *deliver.Error", err, err)
	}
	return e
}

func TestSendPostsTheCard(t *testing.T) {
	f := workspace(t, slackfake.Options{})
	ts, err := New(options(f)).Send(t.Context(), delivery("d1", "C0123", isoon))
	if err != nil {
		t.Fatal(err)
	}
	posted := f.Messages("C0123")
	if len(posted) != 1 {
		t.Fatalf("%d messages", len(posted))
	}
	m := posted[0]
	want := &slackfake.Metadata{EventType: "tipoff_alert", EventPayload: map[string]any{"delivery": "d1"}}
	if diff := cmp.Diff(want, m.Metadata); diff != "" {
		t.Errorf("metadata (-want +got):\n%s", diff)
	}
	if ts != m.TS || ts == "" {
		t.Errorf("receipt %q, timestamp %q", ts, m.TS)
	}
	if m.UnfurlLinks != "false" || m.UnfurlMedia != "false" {
		t.Errorf("unfurl links %q, media %q", m.UnfurlLinks, m.UnfurlMedia)
	}
	if !strings.Contains(slackfake.PlainText(m.Blocks), isoon.Title) {
		t.Errorf("no title in %s", m.Blocks)
	}
	pings := []string{"<!here>", "<!subteam^S0123>", "<@U0456>"}
	if diff := cmp.Diff(append(pings, pings...), slackfake.ActiveMentions(m)); diff != "" {
		t.Errorf("mentions (-want +got):\n%s", diff)
	}
}

func TestSendHostileCardPingsNobody(t *testing.T) {
	f := workspace(t, slackfake.Options{})
	if _, err := New(options(f)).Send(t.Context(), delivery("d1", "C0123", hostile)); err != nil {
		t.Fatal(err)
	}
	if pings := slackfake.ActiveMentions(f.Messages("")[0]); len(pings) > 0 {
		t.Errorf("pings %v", pings)
	}
}

func TestSendErrorsSayWhatToDo(t *testing.T) {
	channels := []slackfake.Channel{
		{ID: "C0123", Member: true}, {ID: "COUT"}, {ID: "COLD", Member: true, Archived: true}, {ID: "GPRIV", Private: true},
	}
	for _, tc := range []struct {
		name      string
		channel   string
		prepare   func(*slackfake.Fake, *Options)
		scopes    []string
		code      string
		permanent bool
		says      string
		// outage and unknown are as in deliver.Error.
		outage, unknown bool
	}{
		{name: "unknown channel", channel: "CNONE", code: "channel_not_found", permanent: true, says: "CNONE"},
		{name: "private channel", channel: "GPRIV", code: "channel_not_found", permanent: true, says: "/invite @bot"},
		{name: "not invited", channel: "COUT", code: "not_in_channel", permanent: true, says: "/invite @bot"},
		{name: "archived", channel: "COLD", code: "is_archived", permanent: true, says: "unarchive"},
		{name: "missing scope", scopes: []string{"commands"}, code: "missing_scope", permanent: true, says: "chat:write"},
		{
			name: "wrong token", prepare: func(_ *slackfake.Fake, o *Options) { o.BotToken = "xoxb-wrong" },
			code: "invalid_auth", permanent: true, says: "slack.bot_token",
		},
		{
			name: "no token", prepare: func(_ *slackfake.Fake, o *Options) { o.BotToken = "" },
			code: "not_authed", permanent: true, says: "slack.bot_token",
		},
		{
			name: "app token in its place", prepare: func(f *slackfake.Fake, o *Options) { o.BotToken = f.AppToken() },
			code: "not_allowed_token_type", permanent: true, says: "xoxb-",
		},
		{
			name: "revoked token", prepare: func(f *slackfake.Fake, _ *Options) { f.RefuseBot("token_revoked") },
			code: "token_revoked", permanent: true, says: "slack.bot_token",
		},
		{
			name: "account gone", prepare: func(f *slackfake.Fake, _ *Options) { f.RefuseBot("account_inactive") },
			code: "account_inactive", permanent: true, says: "slack.bot_token",
		},
		{
			name: "too long", prepare: fault(slackfake.Fault{Kind: slackfake.Refuse, Code: "msg_too_long"}),
			code: "msg_too_long", permanent: true, says: "too long",
		},
		{
			name: "a code nobody knows", prepare: fault(slackfake.Fault{Kind: slackfake.Refuse, Code: "brand_new"}),
			code: "brand_new", says: "brand_new",
		},
		{name: "Slack is down", prepare: fault(slackfake.Fault{Kind: slackfake.ServerError}), code: "http_500", says: "tried again", outage: true, unknown: true},
		{
			name: "Slack says that it is down", prepare: fault(slackfake.Fault{Kind: slackfake.Refuse, Code: "service_unavailable"}),
			code: "service_unavailable", says: "trouble of its own", outage: true, unknown: true,
		},
		{name: "connection reset", prepare: fault(slackfake.Fault{Kind: slackfake.Reset}), code: "no_answer", says: "did not answer", outage: true, unknown: true},
		{name: "answer lost", prepare: fault(slackfake.Fault{Kind: slackfake.LoseAnswer}), code: "no_answer", says: "did not answer", outage: true, unknown: true},
		{name: "not Slack's answer", prepare: fault(slackfake.Fault{Kind: slackfake.Garbage}), code: "bad_answer", says: "slack.api_url", outage: true, unknown: true},
		{
			name: "nobody there", prepare: func(_ *slackfake.Fake, o *Options) { o.APIURL = "http://127.0.0.1:1/api/" },
			code: "unreachable", says: "cannot be reached", outage: true,
		},
	} {
		t.Run(tc.name, func(t *testing.T) {
			f := workspace(t, slackfake.Options{Channels: channels, Scopes: tc.scopes})
			o := options(f)
			if tc.prepare != nil {
				tc.prepare(f, &o)
			}
			channel := tc.channel
			if channel == "" {
				channel = "C0123"
			}
			_, err := New(o).Send(t.Context(), delivery("d1", channel, isoon))
			e := failure(t, err)
			if e.Code != tc.code || e.Permanent != tc.permanent || !strings.Contains(e.Text, tc.says) {
				t.Errorf("got %s, permanent %v: %s", e.Code, e.Permanent, e.Text)
			}
			if e.Outage != tc.outage || e.Unknown != tc.unknown {
				t.Errorf("outage %v, unknown %v", e.Outage, e.Unknown)
			}
			// A token is wrong for all channels.
			if want := strings.Contains(tc.says, "slack.bot_token") && tc.permanent || tc.says == "xoxb-" || tc.code == "missing_scope"; e.Everywhere != want {
				t.Errorf("%s is everywhere: %v, want %v", e.Code, e.Everywhere, want)
			}
			// Only the message's own fault is nobody's to mend.
			if want := tc.permanent && tc.code != "msg_too_long"; e.Mendable != want {
				t.Errorf("%s is mendable: %v, want %v", e.Code, e.Mendable, want)
			}
			noSecrets(t, o, err.Error())
		})
	}
}

func fault(x slackfake.Fault) func(*slackfake.Fake, *Options) {
	return func(f *slackfake.Fake, _ *Options) { f.Fail(x) }
}

func noSecrets(t *testing.T, o Options, text string) {
	t.Helper()
	for _, secret := range []string{o.BotToken, o.AppToken, "/commands/", "ticket"} {
		if secret != "" && strings.Contains(text, secret) {
			t.Errorf("%q shows %q", text, secret)
		}
	}
}

func TestSendOnlyToSlack(t *testing.T) {
	f := workspace(t, slackfake.Options{})
	for _, to := range []alert.Target{{Kind: alert.Discord, Address: "2002"}, {Kind: alert.Slack}} {
		_, err := New(options(f)).Send(t.Context(), deliver.Message{ID: "d1", To: to})
		if e := failure(t, err); !e.Permanent || e.Code != "bad_target" {
			t.Errorf("%s: %v", to, err)
		}
	}
}

// Slack's wish is the whole workspace's; that of the history is the channel's.
func TestRateLimitIsPassedOn(t *testing.T) {
	for method, everywhere := range map[string]bool{"chat.postMessage": true, "conversations.history": false} {
		f := workspace(t, slackfake.Options{})
		f.Fail(slackfake.Fault{Kind: slackfake.RateLimited, Method: method, RetryAfter: 30})
		m := delivery("d", "C0123", isoon)
		m.Tried.From = now
		_, err := New(options(f)).Send(t.Context(), m)
		if e := failure(t, err); e.Code != "ratelimited" || e.RetryAfter != 30*time.Second || e.Permanent || e.Everywhere != everywhere {
			t.Errorf("%s: got %+v", method, e)
		}
	}
}

func TestRateLimitWithoutATimeStillPauses(t *testing.T) {
	f := workspace(t, slackfake.Options{})
	for _, x := range []slackfake.Fault{
		{Kind: slackfake.RateLimited, RetryAfter: -1},
		{Kind: slackfake.Refuse, Code: "ratelimited"},
	} {
		f.Fail(x)
		_, err := New(options(f)).Send(t.Context(), delivery("d", "C0123", isoon))
		if e := failure(t, err); e.RetryAfter <= 0 || e.Permanent {
			t.Errorf("%+v: %+v", x, e)
		}
	}
}

func TestPace(t *testing.T) {
	s := New(Options{})
	if s.Rest(alert.Target{Kind: alert.Slack, Address: "C1"}) != time.Second || s.Gap() != 0 {
		t.Error("want a message a second in each channel")
	}
}

func TestCheck(t *testing.T) {
	for _, tc := range []struct {
		name    string
		prepare func(*slackfake.Fake, *Options)
		scopes  []string
		says    []string
	}{
		{name: "good token"},
		{name: "no token", prepare: func(_ *slackfake.Fake, o *Options) { o.BotToken = "" }, says: []string{"slack.bot_token is empty"}},
		{
			name: "bad token", prepare: func(_ *slackfake.Fake, o *Options) { o.BotToken = "xoxb-bad" },
			says: []string{"invalid_auth", "Bot User OAuth Token", "slack.bot_token"},
		},
		{name: "no right to write", scopes: []string{"commands"}, says: []string{"chat:write", "reinstall"}},
		{name: "not Slack", prepare: fault(slackfake.Fault{Kind: slackfake.Garbage}), says: []string{"slack.api_url"}},
		{name: "API address without its last slash", prepare: func(f *slackfake.Fake, o *Options) { o.APIURL = strings.TrimSuffix(f.URL(), "/") }},
	} {
		t.Run(tc.name, func(t *testing.T) {
			f := workspace(t, slackfake.Options{Scopes: tc.scopes})
			o := options(f)
			var logs bytes.Buffer
			o.Log = slog.New(slog.NewTextHandler(&logs, nil))
			if tc.prepare != nil {
				tc.prepare(f, &o)
			}
			err := New(o).Check(t.Context())
			noSecrets(t, o, logs.String())
			if len(tc.says) == 0 {
				if err != nil {
					t.Fatal(err)
				}
				return
			}
			e := failure(t, err)
			noSecrets(t, o, err.Error())
			for _, s := range tc.says {
				if !strings.Contains(e.Text, s) {
					t.Errorf("no %q in %q", s, e.Text)
				}
			}
		})
	}
}

func TestRedirectsAreNotFollowed(t *testing.T) {
	elsewhere := 0
	thief := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { elsewhere++ }))
	defer thief.Close()
	front := httptest.NewServer(http.RedirectHandler(thief.URL, http.StatusTemporaryRedirect))
	defer front.Close()
	err := New(Options{BotToken: "xoxb-secret", APIURL: front.URL + "/api/", HTTP: front.Client()}).Check(t.Context())
	if e := failure(t, err); e.Code != "http_307" {
		t.Errorf("got %+v", e)
	}
	if elsewhere > 0 {
		t.Error("the token went where the redirect pointed")
	}
}
