package slack

import (
	"testing"

	"tipoff/bot/alert"
	"tipoff/bot/card"
	"tipoff/bot/slack/slackfake"
)

// An alert whose answer was lost is looked for before it is sent again.
func TestLostAnswerIsNotASecondMessage(t *testing.T) {
	for _, tc := range []struct {
		name   string
		scopes []string
		fault  slackfake.Fault
		unsure bool
		want   int
	}{
		{"the work was done", nil, slackfake.Fault{Kind: slackfake.LoseAnswer}, true, 1},
		{"the work was not done", nil, slackfake.Fault{Kind: slackfake.Reset}, true, 1},
		{"nobody asks", nil, slackfake.Fault{Kind: slackfake.LoseAnswer}, false, 2},
		{"without the right to look, twice is better than not at all", []string{"chat:write"}, slackfake.Fault{Kind: slackfake.LoseAnswer}, true, 2},
	} {
		t.Run(tc.name, func(t *testing.T) {
			f := workspace(t, slackfake.Options{Scopes: tc.scopes})
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
			m.Unsure = tc.unsure
			ts, err := s.Send(t.Context(), m)
			if err != nil {
				t.Fatal(err)
			}
			found := 0
			for _, posted := range f.Messages("C0123") {
				if posted.Metadata.EventPayload["delivery"] == "d1" {
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
		m.Unsure = true
		_, err := s.Send(t.Context(), m)
		if e := failure(t, err); e.RetryAfter == 0 || e.Permanent {
			t.Errorf("%+v", e)
		}
		if n := len(f.Messages("C0123")); n != 0 {
			t.Errorf("%d messages were sent blindly", n)
		}
	})
}
