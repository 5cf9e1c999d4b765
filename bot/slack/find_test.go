package slack

import (
	"context"
	"fmt"
	"net/http"
	"sync/atomic"
	"testing"
	"time"

	"tipoff/bot/alert"
	"tipoff/bot/card"
	"tipoff/bot/deliver"
	"tipoff/bot/slack/slackfake"
)

// An alert whose answer was lost is looked for before it is sent again.
func TestLostAnswerIsNotASecondMessage(t *testing.T) {
	for _, tc := range []struct {
		name   string
		scopes []string
		fault  slackfake.Fault
		unsure bool
		after  int // messages that come between the two attempts
		want   int
	}{
		{"the work was done", nil, slackfake.Fault{Kind: slackfake.LoseAnswer}, true, 0, 1},
		{"the work was not done", nil, slackfake.Fault{Kind: slackfake.Reset}, true, 0, 1},
		{"nobody asks", nil, slackfake.Fault{Kind: slackfake.LoseAnswer}, false, 0, 2},
		{"much was written since", nil, slackfake.Fault{Kind: slackfake.LoseAnswer}, true, 2000, 1},
		{"without the right to look, twice is better than not at all", []string{"chat:write"}, slackfake.Fault{Kind: slackfake.LoseAnswer}, true, 0, 2},
	} {
		t.Run(tc.name, func(t *testing.T) {
			var later atomic.Int64 // the fake's clock, which others read
			f := workspace(t, slackfake.Options{Scopes: tc.scopes, Now: func() time.Time { return now.Add(time.Duration(later.Load())) }})
			s := New(options(f))
			m := delivery("d1", "C0123", card.New(alert.Alert{}))
			other := delivery("d2", "C0123", m.Card)
			if _, err := s.Send(t.Context(), other); err != nil {
				t.Fatal(err)
			}
			tc.fault.Method = "chat.postMessage"
			f.Fail(tc.fault)
			if _, err := s.Send(t.Context(), m); err == nil {
				t.Fatal("the answer was not lost")
			}
			// Long after, and with a clock that differs from Slack's.
			later.Store(int64(time.Hour))
			for n := range tc.after {
				f.Write("C0123", fmt.Sprint("chat ", n))
			}
			if tc.unsure {
				m.Tried = deliver.Span{From: now.Add(-time.Minute), Until: now.Add(-time.Minute)}
			}
			ts, err := s.Send(t.Context(), m)
			if err != nil {
				t.Fatal(err)
			}
			found := 0
			for _, posted := range f.Messages("C0123") {
				if posted.Metadata != nil && posted.Metadata.EventPayload["delivery"] == "d1" {
					found++
					if found == tc.want && posted.TS != ts {
						t.Errorf("the receipt is %s, the message %s", ts, posted.TS)
					}
				}
			}
			if found != tc.want {
				t.Errorf("%d messages, want %d", found, tc.want)
			}
		})
	}
	t.Run("history that cannot be read now is asked again later", func(t *testing.T) {
		f := workspace(t, slackfake.Options{})
		s := New(options(f))
		f.Fail(slackfake.Fault{Kind: slackfake.RateLimited, Method: "conversations.history", RetryAfter: 7})
		m := delivery("d1", "C0123", card.New(alert.Alert{}))
		m.Tried.From = now
		_, err := s.Send(t.Context(), m)
		if e := failure(t, err); e.RetryAfter == 0 || e.Permanent {
			t.Errorf("%+v", e)
		}
		if n := len(f.Messages("C0123")); n != 0 {
			t.Errorf("%d messages were sent blindly", n)
		}
	})
}

// impatient is a context whose time has run out when over is closed.
type impatient struct {
	context.Context

	over chan struct{}
}

func (i impatient) Done() <-chan struct{} { return i.over }

func (i impatient) Err() error {
	select {
	case <-i.over:
		return context.DeadlineExceeded
	default:
		return nil
	}
}

// A message may be seen only after we have stopped to wait for the answer. It is
// looked for after that, and not before.
func TestLateMessageIsNotASecondOne(t *testing.T) {
	f := workspace(t, slackfake.Options{})
	o := options(f)
	limited := impatient{t.Context(), make(chan struct{})}
	f.Fail(slackfake.Fault{Kind: slackfake.Late, Method: "chat.postMessage", Held: func(*http.Request) { close(limited.over) }})
	m := delivery("d1", "C0123", card.New(alert.Alert{}))
	_, err := New(o).Send(limited, m)
	e := failure(t, err)
	if e.Code != "timeout" || e.Settle < 20*time.Second || !e.Unknown || !e.Outage || e.Permanent {
		t.Errorf("%+v", e)
	}
	f.Land() // within that time
	m.Tried = deliver.Span{From: time.Now(), Until: time.Now()}
	if _, err := New(options(f)).Send(t.Context(), m); err != nil {
		t.Fatal(err)
	}
	if n := len(f.Messages("C0123")); n != 1 {
		t.Errorf("%d messages, want 1", n)
	}
}
