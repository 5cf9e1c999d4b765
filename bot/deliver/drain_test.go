package deliver_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"tipoff/bot/alert"
	"tipoff/bot/deliver"
	"tipoff/sources/story"
)

var slackDesk = alert.Target{Kind: alert.Slack, Address: "C1"}

// outbox holds messages 1 to n; its log says what became of them.
type outbox struct {
	n, next   int
	attempts  int
	carry     int           // attempts that the next message has behind it
	age       time.Duration // of all messages
	asked     time.Time     // until when the platform wants to be left alone
	again     time.Time     // when a platform that is down is tried again
	log       []string
	outcome   deliver.Outcome    // the last one
	concluded deliver.Conclusion // what the next one comes to
}

func (o *outbox) NextDelivery(_ context.Context, to alert.Target, _ time.Duration) (deliver.Delivery, bool, error) {
	if o.next >= o.n {
		return deliver.Delivery{}, false, nil
	}
	id := fmt.Sprint("d", o.next+1)
	if o.asked.After(now) {
		return deliver.Delivery{ID: id, To: to, NotBefore: o.asked}, true, nil
	}
	if o.again.After(time.Now()) {
		return deliver.Delivery{ID: id, To: to, NotBefore: o.again}, true, nil
	}
	o.attempts++
	return deliver.Delivery{
		ID: id, To: to, Attempts: o.attempts, Since: now.Add(-o.age), Probe: !o.again.IsZero(), Alert: alert.Alert{Story: story.Story{Title: id}},
	}, true, nil
}

func (o *outbox) Conclude(_ context.Context, d deliver.Delivery, out deliver.Outcome) (deliver.Conclusion, error) {
	o.outcome = out
	switch {
	case out.Sent:
		o.log = append(o.log, d.ID+" delivered as "+out.Receipt)
	case out.Dead:
		o.log = append(o.log, d.ID+" dead: "+out.Reason)
	case out.Trouble != "":
		o.log = append(o.log, fmt.Sprintf("%s %s: %s", d.ID, out.Trouble, out.Reason))
	case out.Pause > 0:
		o.log = append(o.log, fmt.Sprintf("%s waits %v: %s", d.ID, out.Pause, out.Reason))
	default:
		o.log = append(o.log, d.ID+" failed: "+out.Reason)
	}
	if out.Trouble == deliver.Down {
		o.again = time.Now().Add(deliver.Down.Retry())
	} else if out.Answered {
		o.again = time.Time{}
	}
	if out.Sent || out.Dead {
		o.next++
		o.attempts, o.carry = o.carry, 0
	}
	r := o.concluded
	o.concluded = deliver.Conclusion{}
	r.More = o.next < o.n
	return r, nil
}

type sender func(m deliver.Message) (string, error)

func (s sender) Send(_ context.Context, m deliver.Message) (string, error) { return s(m) }

var now = time.Date(2024, 2, 19, 12, 0, 0, 0, time.UTC)

var quiet = deliver.Options{Now: func() time.Time { return now }, Log: slog.New(slog.DiscardHandler)}

// drainer is one that was made some time ago.
func drainer(o *outbox, s sender, up time.Duration, counts map[deliver.Result]int) *deliver.Drainer {
	t := now.Add(-up)
	d := deliver.NewDrainer(o, map[alert.Kind]deliver.Sender{alert.Slack: s}, deliver.Options{
		Now: func() time.Time { return t }, Log: slog.New(slog.DiscardHandler), Count: func(_ alert.Kind, r deliver.Result) { counts[r]++ },
	})
	t = now
	return d
}

func TestDrain(t *testing.T) {
	plain := errors.New("reset by peer")
	for _, test := range []struct {
		name     string
		err      error // of the second message
		attempts int   // made before
		age      time.Duration
		up       time.Duration // of the program
		log      []string
		wait     time.Duration
		failed   bool
		counts   map[deliver.Result]int
	}{
		{
			name: "all go in order", log: []string{"d1 delivered as r1", "d2 delivered as r2", "d3 delivered as r3"},
			counts: map[deliver.Result]int{deliver.Sent: 3},
		},
		{
			name: "a temporary error stops the line", err: plain, failed: true,
			log: []string{"d1 delivered as r1", "d2 failed: reset by peer"}, counts: map[deliver.Result]int{deliver.Sent: 1, deliver.Delayed: 1},
		},
		{
			name: "a platform's wish is passed on", err: &deliver.Error{Code: "ratelimited", Text: "slow down", RetryAfter: 7 * time.Second}, wait: 7 * time.Second, failed: true,
			log: []string{"d1 delivered as r1", "d2 waits 7s: slow down"}, counts: map[deliver.Result]int{deliver.Sent: 1, deliver.Delayed: 1},
		},
		{
			name: "a permanent error lets the next one go", err: &deliver.Error{Code: "msg_too_long", Text: "too long", Permanent: true},
			log: []string{"d1 delivered as r1", "d2 dead: too long", "d3 delivered as r3"}, counts: map[deliver.Result]int{deliver.Sent: 2, deliver.Dead: 1},
		},
		{
			name: "what a person can mend is waited for, rarely", err: &deliver.Error{Code: "not_in_channel", Text: "invite me", Permanent: true, Mendable: true}, attempts: 100, age: 99 * time.Hour, up: 99 * time.Hour, failed: true,
			wait: time.Minute, log: []string{"d1 delivered as r1", "d2 parked: invite me"}, counts: map[deliver.Result]int{deliver.Sent: 1, deliver.Delayed: 1},
		},
		{
			name: "what may still come to be seen is not looked for before", err: &deliver.Error{Code: "timeout", Text: "no answer", Settle: 30 * time.Second, Unknown: true}, failed: true,
			log: []string{"d1 delivered as r1", "d2 waits 30s: no answer"}, counts: map[deliver.Result]int{deliver.Sent: 1, deliver.Delayed: 1},
		},
		{
			name: "what was kept while nothing ran has its chance", err: plain, attempts: 100, age: 99 * time.Hour, up: 23 * time.Hour, failed: true,
			log: []string{"d1 delivered as r1", "d2 failed: reset by peer"}, counts: map[deliver.Result]int{deliver.Sent: 1, deliver.Delayed: 1},
		},
		{
			name: "a short outage after many attempts that waited for a person", err: plain, attempts: 100, age: 23 * time.Hour, up: 99 * time.Hour, failed: true,
			log: []string{"d1 delivered as r1", "d2 failed: reset by peer"}, counts: map[deliver.Result]int{deliver.Sent: 1, deliver.Delayed: 1},
		},
		{
			name: "an old one that had waited for others", err: plain, attempts: 28, age: 99 * time.Hour, up: 99 * time.Hour, failed: true,
			log: []string{"d1 delivered as r1", "d2 failed: reset by peer"}, counts: map[deliver.Result]int{deliver.Sent: 1, deliver.Delayed: 1},
		},
		{
			name: "tried too often and for a day", err: plain, attempts: 29, age: 24 * time.Hour, up: 24 * time.Hour,
			log: []string{"d1 delivered as r1", "d2 dead: reset by peer", "d3 delivered as r3"}, counts: map[deliver.Result]int{deliver.Sent: 2, deliver.Dead: 1},
		},
		{
			name: "told to wait however often", err: &deliver.Error{Code: "ratelimited", Text: "slow down", RetryAfter: time.Second}, attempts: 29, age: 99 * time.Hour, up: 99 * time.Hour, wait: time.Second, failed: true,
			log: []string{"d1 delivered as r1", "d2 waits 1s: slow down"}, counts: map[deliver.Result]int{deliver.Sent: 1, deliver.Delayed: 1},
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			o, counts := &outbox{n: 3, age: test.age}, make(map[deliver.Result]int)
			err := drainer(o, func(m deliver.Message) (string, error) {
				if m.Card.Title != m.ID {
					t.Errorf("message %s carries the card of %s", m.ID, m.Card.Title)
				}
				if m.ID == "d1" {
					o.carry = test.attempts
				}
				if m.ID == "d2" && test.err != nil {
					return "", test.err
				}
				return "r" + m.ID[1:], nil
			}, test.up, counts).Drain(t.Context(), slackDesk)
			if (err != nil) != test.failed {
				t.Errorf("error %v", err)
			}
			var wait *deliver.WaitError
			if errors.As(err, &wait) != test.failed || wait != nil && wait.After != test.wait {
				t.Errorf("error %#v, want a wait of %v", err, test.wait)
			}
			if diff := cmp.Diff(test.log, o.log); diff != "" {
				t.Error(diff)
			}
			if diff := cmp.Diff(test.counts, counts); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestDrainLeavesAPlatformAloneThatAskedForIt(t *testing.T) {
	o := &outbox{n: 1, asked: now.Add(time.Minute)}
	var wait *deliver.WaitError
	err := drainer(o, func(deliver.Message) (string, error) {
		t.Error("sent all the same")
		return "", nil
	}, 0, nil).Drain(t.Context(), slackDesk)
	if !errors.As(err, &wait) || wait.After != time.Minute {
		t.Errorf("%v, want a wait of a minute", err)
	}
}

func TestDrainFinishesWhatItSends(t *testing.T) {
	o := &outbox{n: 3}
	ctx, cancel := context.WithCancel(t.Context())
	d := deliver.NewDrainer(o, map[alert.Kind]deliver.Sender{alert.Slack: contextSender{cancel}}, quiet)
	if err := d.Drain(ctx, slackDesk); !errors.Is(err, context.Canceled) {
		t.Errorf("%v, want canceled", err)
	}
	if diff := cmp.Diff([]string{"d1 delivered as r"}, o.log); diff != "" {
		t.Error(diff)
	}
}

// contextSender ends the drain while it sends, and sends all the same.
type contextSender struct{ cancel context.CancelFunc }

func (s contextSender) Send(ctx context.Context, _ deliver.Message) (string, error) {
	s.cancel()
	return "r", ctx.Err()
}

func TestDrainOfAPlatformThatIsOff(t *testing.T) {
	o := &outbox{n: 1}
	d := deliver.NewDrainer(o, nil, quiet)
	var wait *deliver.WaitError
	if err := d.Drain(t.Context(), slackDesk); !errors.As(err, &wait) {
		t.Errorf("%v, want a wait", err)
	}
	if len(o.log) != 1 || o.next != 0 {
		t.Errorf("what waits is kept: %v", o.log)
	}
}

// A message that fails comes back later and later; what failed before it does not
// count.
func TestDrainComesBackLater(t *testing.T) {
	o := &outbox{n: 2}
	fail := true
	d := drainer(o, func(deliver.Message) (string, error) {
		if fail {
			return "", errors.New("no answer")
		}
		fail = true
		return "r", nil
	}, 0, make(map[deliver.Result]int))
	for i, want := range []time.Duration{time.Second, 2 * time.Second, 4 * time.Second, time.Second} {
		fail = i != 3
		var wait *deliver.WaitError
		if err := d.Drain(t.Context(), slackDesk); !errors.As(err, &wait) {
			t.Fatal(err)
		}
		if off := wait.Again - want; wait.After != 0 || off < -want/5 || off > want/5 {
			t.Errorf("failure %d: again in %v, after %v; want about %v", i, wait.Again, wait.After, want)
		}
		if !o.outcome.Unknown {
			t.Error("an error that says nothing leaves it open whether the message is there")
		}
	}
}
