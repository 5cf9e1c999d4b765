package discord

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"tipoff/bot/discord/discordfake"
)

func sender(f *discordfake.Fake) *Discord {
	return New(Options{Token: discordfake.Token, APIURL: f.URL()})
}

func TestSend(t *testing.T) {
	f, ctx := fake(t), testContext(t)
	id, err := sender(f).Send(ctx, alertMessage("d-1"))
	if err != nil {
		t.Fatal(err)
	}
	got := f.Messages(discordfake.Channel)
	if len(got) != 1 || got[0].ID != id || got[0].Nonce != "d-1" || !got[0].EnforceNonce {
		t.Fatalf("receipt %q, messages %+v", id, got)
	}
	if pings := discordfake.ActiveMentions(got[0]); !slices.Equal(pings, []string{"@here", "<@4001>", "<@&4002>"}) {
		t.Errorf("pings %v", pings)
	}
	if got[0].Embeds[0].URL != "https://news.example/i-soon?id=1" {
		t.Errorf("embed %+v", got[0].Embeds[0])
	}
}

// The work was done but the answer got lost: the next attempt finds the
// message that exists.
func TestSendAgainAfterLostAnswer(t *testing.T) {
	f, ctx := fake(t), testContext(t)
	d := sender(f)
	f.Inject(discordfake.Fault{Method: "POST", Path: "/channels/", LoseAnswer: true})
	_, err := d.Send(ctx, alertMessage("d-1"))
	if e := asError(t, err); e.Permanent {
		t.Errorf("a lost answer counts as permanent: %v", e)
	}
	id, err := d.Send(ctx, alertMessage("d-1"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := d.Send(ctx, alertMessage("d-2")); err != nil {
		t.Fatal(err)
	}
	got := f.Messages(discordfake.Channel)
	if len(got) != 2 || got[0].ID != id || got[0].Repeats != 1 {
		t.Errorf("messages %+v, want two, the first asked for twice", got)
	}
}

func TestSendErrors(t *testing.T) {
	const noView, noSend, noEmbed = "2010", "2011", "2012"
	for _, c := range []struct {
		name      string
		fault     discordfake.Fault
		token     string
		channel   string
		id        string
		code      string
		text      string
		permanent bool
		wait      time.Duration
		// everywhere and the two below are as in deliver.Error.
		everywhere, outage, unknown bool
	}{
		{name: "bad token", token: "wrong", code: "401", text: "copy a new one", permanent: true, everywhere: true},
		{name: "no token", token: " ", code: "no_token", text: "no Discord token is set", permanent: true},
		{name: "unknown channel", channel: "77", code: "10003", text: "check the id", permanent: true},
		{name: "not an id", channel: "#general", code: "bad_channel", text: "Copy Channel ID", permanent: true},
		{name: "way out of the path", channel: "1/../2", code: "bad_channel", text: "ids are numbers", permanent: true},
		{name: "no access", channel: noView, code: "50001", text: "invite the bot", permanent: true},
		{name: "may not send", channel: noSend, code: "50013", text: "Send Messages", permanent: true},
		{name: "may not embed", channel: noEmbed, code: "50013", text: "Embed Links", permanent: true},
		{name: "nonce too long", id: strings.Repeat("x", 26), code: "bad_delivery", text: "25", permanent: true},
		{name: "malformed", fault: discordfake.Fault{Status: 400, Body: `{"code":50035,"message":"Invalid Form Body","errors":{"embeds":{"0":{"title":{"_errors":[{"code":"X","message":"Must be 256 or fewer in length."}]}}}}}`}, code: "50035", text: "embeds.0.title: Must be 256", permanent: true},
		{name: "refused without a known code", fault: discordfake.Fault{Status: 403, Code: 40333, Message: "internal network error"}, code: "40333", text: "internal network error", permanent: true},
		{name: "rate limit", fault: discordfake.Fault{Status: 429, RetryAfter: 7500 * time.Millisecond}, code: "rate_limited", text: "pause", wait: 8 * time.Second},
		{name: "rate limit of all requests", fault: discordfake.Fault{Status: 429, Body: `{"retry_after": 2.5, "global": true}`}, code: "rate_limited", text: "pause", wait: 2500 * time.Millisecond, everywhere: true},
		{name: "rate limit of a guard before Discord", fault: discordfake.Fault{Status: 429, RetryAfter: time.Minute, Body: "error code: 1015"}, code: "rate_limited", text: "pause", wait: time.Minute, everywhere: true},
		{name: "rate limit without a time", fault: discordfake.Fault{Status: 429, Body: "{}"}, code: "rate_limited", text: "pause", wait: time.Second},
		{name: "server error", fault: discordfake.Fault{Status: 500}, code: "500", text: "trouble of its own", outage: true, unknown: true},
		{name: "bad gateway", fault: discordfake.Fault{Status: 502, Body: "<html>"}, code: "502", text: "trouble of its own", outage: true, unknown: true},
		{name: "cut", fault: discordfake.Fault{}, code: "network", text: "cannot be reached", outage: true, unknown: true},
		{name: "not JSON", fault: discordfake.Fault{Status: 200, Body: "<html>"}, code: "bad_answer", text: "could not be read", outage: true, unknown: true},
		{name: "redirect", fault: discordfake.Fault{Status: 302, Body: "<html>"}, code: "302", text: "any proxy on the way", outage: true},
	} {
		t.Run(c.name, func(t *testing.T) {
			f, ctx := fake(t), testContext(t)
			f.AddChannel(noView, discordfake.ViewChannel)
			f.AddChannel(noSend, discordfake.SendMessages)
			f.AddChannel(noEmbed, discordfake.EmbedLinks)
			if c.name == "cut" || c.fault.Status != 0 {
				f.Inject(c.fault)
			}
			o := Options{Token: discordfake.Token, APIURL: f.URL()}
			if c.token != "" {
				o.Token = c.token
			}
			m := alertMessage("d-1")
			if c.channel != "" {
				m.To.Address = c.channel
			}
			if c.id != "" {
				m.ID = c.id
			}
			_, err := New(o).Send(ctx, m)
			e := asError(t, err)
			if want := slices.Contains([]string{"401", "bad_channel", "10003", "50001", "50013", "40333"}, c.code); e.Mendable != want {
				t.Errorf("%s is mendable: %v, want %v", e.Code, e.Mendable, want)
			}
			if e.Everywhere != c.everywhere || e.Outage != c.outage || e.Unknown != c.unknown {
				t.Errorf("everywhere %v, outage %v, unknown %v", e.Everywhere, e.Outage, e.Unknown)
			}
			if e.Code != c.code || !strings.Contains(e.Text, c.text) || e.Permanent != c.permanent || e.RetryAfter != c.wait {
				t.Errorf("got %+v", e)
			}
			if s := e.Error(); strings.Contains(s, o.Token) && c.token != " " || strings.Contains(s, "/channels/") {
				t.Errorf("the error tells too much: %s", s)
			}
		})
	}
}

// When the limit is used up, nothing is sent and nothing blocks.
func TestRateLimitIsLeftToTheCaller(t *testing.T) {
	f, ctx := fake(t), testContext(t)
	f.SetRate(2, time.Hour)
	d := sender(f)
	for _, id := range []string{"d-1", "d-2"} {
		if _, err := d.Send(ctx, alertMessage(id)); err != nil {
			t.Fatal(err)
		}
	}
	_, err := d.Send(ctx, alertMessage("d-3"))
	if e := asError(t, err); e.Permanent || e.RetryAfter < 59*time.Minute {
		t.Errorf("got %+v", e)
	}
	if n := len(f.Requests()); n != 2 {
		t.Errorf("%d requests, want 2", n)
	}
	// Another channel has a limit of its own.
	f.AddChannel("2003")
	m := alertMessage("d-4")
	m.To.Address = "2003"
	if _, err := d.Send(ctx, m); err != nil {
		t.Errorf("another channel is held up too: %v", err)
	}
}

func TestSendGivesUpWithItsContext(t *testing.T) {
	f := fake(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := sender(f).Send(ctx, alertMessage("d-1"))
	if e := asError(t, err); e.Code != "cancelled" || e.Permanent {
		t.Errorf("got %+v", e)
	}
}

func TestCheck(t *testing.T) {
	f, ctx := fake(t), testContext(t)
	for _, c := range []struct{ name, token, url, want string }{
		{"good", discordfake.Token, f.URL(), ""},
		{"with its prefix", "Bot " + discordfake.Token, f.URL() + "/", ""},
		{"bad token", "wrong", f.URL(), "Discord does not accept the bot's token; copy a new one from the Developer Portal (Bot, Reset Token) to discord.token"},
		{"no token", "", f.URL(), "no Discord token is set"},
		{"bad address", "x", "ftp://x", `discord.api_url "ftp://x" is not an address`},
	} {
		t.Run(c.name, func(t *testing.T) {
			err := New(Options{Token: c.token, APIURL: c.url}).Check(ctx)
			if c.want == "" {
				if err != nil {
					t.Fatal(err)
				}
				return
			}
			if e := asError(t, err); !strings.Contains(e.Error(), c.want) || !e.Permanent {
				t.Errorf("got %+v", e)
			}
		})
	}
}

// Requests go to the address that stands for Discord, and others stay as they
// are.
func TestRebase(t *testing.T) {
	var got []string
	next := roundTrip(func(r *http.Request) (*http.Response, error) {
		got = append(got, r.URL.String()+" "+r.Host)
		return &http.Response{StatusCode: 200, Body: http.NoBody}, nil
	})
	c := &http.Client{Transport: &rebase{to: "http://127.0.0.1:1/x/", next: next}}
	for _, u := range []string{"https://discord.com/api/v9/channels/1/messages?limit=2", "https://discord.com/login"} {
		resp, err := c.Get(u)
		if err != nil {
			t.Fatal(err)
		}
		_ = resp.Body.Close()
	}
	want := []string{"http://127.0.0.1:1/x/channels/1/messages?limit=2 127.0.0.1:1", "https://discord.com/login discord.com"}
	if !slices.Equal(got, want) {
		t.Errorf("got %q", got)
	}
}

type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }
