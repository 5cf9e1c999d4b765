package deliver_test

import (
	"bytes"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"tipoff/bot/alert"
	"tipoff/bot/deliver"
)

// platform is one service with its targets.
type platform struct {
	sender
	rest time.Duration
}

func (platform) Gap() time.Duration                { return 0 }
func (p platform) Rest(alert.Target) time.Duration { return p.rest }

func channel(n int) alert.Target { return alert.Target{Kind: alert.Slack, Address: fmt.Sprint("C", n)} }

// A platform that fails again and again is left alone, until one attempt finds it
// at work. What it refuses for a reason is no outage, and neither is one message
// that it chokes on.
func TestCircuit(t *testing.T) {
	down := &deliver.Error{Code: "http_500", Text: "Slack has trouble", Outage: true, Unknown: true}
	refused := &deliver.Error{Code: "too_long", Text: "too long", Permanent: true}
	for _, test := range []struct {
		name string
		// errs are what the attempts come to, and to which channel each goes.
		errs []error
		to   func(n int) int
		// tried is how many of them are made.
		tried int
		log   string
		// person tells who ends it.
		person bool
	}{
		{"across channels", []error{down, down, down, down, down, nil, nil}, func(n int) int { return n }, 5, "d1 down: Slack has trouble", true},
		{"a single channel", []error{down, down, down, down, down, nil, nil}, func(int) int { return 1 }, 5, "d1 down: Slack has trouble", false},
		{"with an answer in between", []error{down, down, down, down, nil, down, down, down, down}, func(n int) int { return n }, 9, "", false},
		{"refusals", []error{refused, refused, refused, refused, refused, refused, refused}, func(n int) int { return n }, 7, "", false},
		{"one that chokes, and another that is well", []error{nil, down, down, down, down, down, down, down}, func(n int) int { return min(n, 1) }, 8, "", false},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				o, tried := &outbox{}, 0
				p := platform{sender: func(deliver.Message) (string, error) {
					tried++
					return "r", test.errs[tried-1]
				}}
				opt := quiet
				opt.Now = time.Now
				d := deliver.NewDrainer(o, map[alert.Kind]deliver.Sender{alert.Slack: p}, opt)
				down := ""
				for n := range test.errs {
					o.n, o.next = 1, 0
					err := d.Drain(t.Context(), channel(test.to(n)))
					if tried == test.tried && n >= tried {
						var wait *deliver.WaitError
						if !errors.As(err, &wait) || wait.After < 25*time.Second || wait.After > 30*time.Second {
							t.Errorf("attempt %d: %v; want a wait of half a minute", n, err)
						}
					}
					if line := o.log[len(o.log)-1]; strings.Contains(line, "down") {
						down = line
					}
				}
				if tried != test.tried || down != test.log {
					t.Errorf("%d attempts, %q; want %d, %q", tried, down, test.tried, test.log)
				}
				if test.log == "" {
					return
				}
				// Nothing to send is no sign of life.
				o.n, o.next = 0, 0
				if err := d.Drain(t.Context(), channel(1)); err != nil {
					t.Fatal(err)
				}
				// One attempt fails, and it is left alone again, until its time or until a
				// person wants it; one succeeds, and all may go at once.
				for _, step := range []struct {
					err    error
					person bool
				}{{test.errs[0], false}, {test.errs[0], true}, {nil, test.person}} {
					if step.person {
						o.again = time.Now()
					} else {
						time.Sleep(31 * time.Second)
					}
					test.errs = append(test.errs[:tried:tried], step.err, nil)
					o.n, o.next = 1, 0
					had := tried
					if got := d.Drain(t.Context(), channel(2)); (got != nil) != (step.err != nil) || tried != had+1 {
						t.Errorf("%+v: %v after %d attempts, want one", step, got, tried-had)
					}
					o.n, o.next = 1, 0
					got := d.Drain(t.Context(), channel(3))
					if wait := (*deliver.WaitError)(nil); errors.As(got, &wait) != (step.err != nil) {
						t.Errorf("%+v: another channel after that: %v", step, got)
					}
				}
			})
		})
	}
}

// A target's pace is kept between its messages, and not after the last one.
func TestPaceBetweenMessages(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		var at []time.Duration
		p := platform{rest: time.Second, sender: func(deliver.Message) (string, error) {
			at = append(at, time.Since(began).Round(100*time.Millisecond))
			return "r", nil
		}}
		o := &outbox{n: 3}
		opt := quiet
		opt.Now = time.Now
		if err := deliver.NewDrainer(o, map[alert.Kind]deliver.Sender{alert.Slack: p}, opt).Drain(t.Context(), slackDesk); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff([]time.Duration{0, time.Second, 2 * time.Second}, at); diff != "" || time.Since(began) > 2100*time.Millisecond {
			t.Errorf("%s after %v", diff, time.Since(began))
		}
	})
}

// The operations channel is told through the targets that are not in trouble, in
// words that say what to do.
func TestNotices(t *testing.T) {
	ops := []alert.Target{{Kind: alert.Slack, Address: "COPS"}, {Kind: alert.Discord, Address: "2"}}
	since := now.Add(-47 * time.Minute)
	desk := deliver.Trouble{Of: slackDesk, State: deliver.Parked, Reason: "the bot is not in channel C1: invite it", Since: since, Waiting: 3, Channels: []string{"china-desk"}}
	for _, test := range []struct {
		name    string
		trouble deliver.Trouble
		over    bool
		title   string
		text    string
		targets []alert.Target
	}{
		{
			"a channel", desk, false, "china-desk gets no alerts on Slack",
			"The bot is not in channel C1: invite it. 3 alerts wait. Once that is done they go out in order: within 10 minutes, or at once after `tipoff deliveries retry --channel china-desk`. After 7 days they are given up.",
			ops,
		},
		{"a channel is well again", desk, true, "china-desk gets alerts on Slack again", "The trouble began 2024-02-19 11:13 UTC. 3 alerts that waited go out now, in order.", ops},
		{
			"the operations channel itself",
			deliver.Trouble{Of: ops[0], State: deliver.Parked, Reason: "it is archived", Waiting: 1, Channels: []string{"ops"}},
			false,
			"ops gets no alerts on Slack",
			"It is archived. 1 alert waits. Once that is done they go out in order: within 10 minutes, or at once after `tipoff deliveries retry --channel ops`. After 7 days they are given up.",
			ops[1:],
		},
		{
			"a token",
			deliver.Trouble{Of: alert.Target{Kind: alert.Discord}, State: deliver.Parked, Reason: "bad token", Waiting: 2, Channels: []string{"a", "b"}},
			false,
			"Discord takes no alerts",
			"Bad token. 2 alerts wait. Once that is done they go out in order: within 10 minutes, or at once after `tipoff deliveries retry`. After 7 days they are given up.",
			ops[:1],
		},
		{
			"a platform",
			deliver.Trouble{Of: alert.Target{Kind: alert.Slack}, State: deliver.Down, Reason: "Slack did not answer", Waiting: 2},
			false,
			"Slack does not work",
			"Slack did not answer. 2 alerts wait. Nothing is lost: it is tried every 30s, and what waits goes out in order, for up to 7 days.",
			ops[1:],
		},
		{
			"a platform is back",
			deliver.Trouble{Of: alert.Target{Kind: alert.Slack}, State: deliver.Down, Since: since, Waiting: 0},
			true,
			"Slack works again", "The trouble began 2024-02-19 11:13 UTC. Nothing else waits.", ops,
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			var logs bytes.Buffer
			o := &outbox{n: 1, concluded: deliver.Conclusion{Began: &test.trouble}}
			if test.over {
				o.concluded = deliver.Conclusion{Ended: []deliver.Trouble{test.trouble}}
			}
			opt := quiet
			opt.Operations, opt.Targets, opt.Log = "ops", ops, slog.New(slog.NewTextHandler(&logs, nil))
			d := deliver.NewDrainer(o, map[alert.Kind]deliver.Sender{alert.Slack: sender(func(deliver.Message) (string, error) { return "r", nil })}, opt)
			if err := d.Drain(t.Context(), slackDesk); err != nil {
				t.Fatal(err)
			}
			a, targets := o.outcome.Tell(test.trouble, test.over)
			if diff := cmp.Diff([]any{test.title, test.text, "ops", alert.KindNotice}, []any{a.Story.Title, a.Story.Summary, a.Channel, a.Kind}); diff != "" {
				t.Error(diff)
			}
			if diff := cmp.Diff(test.targets, targets); diff != "" {
				t.Errorf("told at: %s", diff)
			}
			if !strings.Contains(logs.String(), test.title) || strings.Count(logs.String(), "\n") != 1 {
				t.Errorf("log %q", logs.String())
			}
		})
	}
}
