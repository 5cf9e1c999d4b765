package check

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"tipoff/bot/alert"
	"tipoff/bot/deliver"
)

func TestTroubles(t *testing.T) {
	c := parse(t, strings.Replace(sound, "watches:\n", "  - {name: night, slack: C01}\n  - {name: hook, webhook: 'https://hook.example/T0PSECRET'}\nwatches:\n", 1))
	since := time.Date(2024, 2, 19, 10, 0, 0, 0, time.UTC)
	desk, slack := alert.Target{Kind: alert.Slack, Address: "C01"}, alert.Target{Kind: alert.Slack}
	const uninvited = "the bot is not in the channel: invite it"
	for name, test := range map[string]struct {
		trouble           deliver.Trouble
		where, text, then string
	}{
		"a channel": {
			deliver.Trouble{Of: desk, State: deliver.Parked, Reason: uninvited, Since: since, Waiting: 3, Channels: []string{"desk"}},
			"channel desk, night", "slack:C01 is parked since 2024-02-19 10:00 UTC, and 3 alerts wait: " + uninvited,
			"mend that, and run `tipoff deliveries retry --channel desk`; without it, one is tried every 10 minutes",
		},
		"nothing waits any more": {
			deliver.Trouble{Of: desk, State: deliver.Parked, Reason: uninvited, Since: since},
			"channel desk, night", "slack:C01 is parked since 2024-02-19 10:00 UTC, and 0 alerts wait: " + uninvited,
			"mend that, and run `tipoff deliveries retry`; without it, one is tried every 10 minutes",
		},
		"a channel that the file has no more": {
			deliver.Trouble{Of: alert.Target{Kind: alert.Discord, Address: "9"}, State: deliver.Parked, Reason: "gone", Since: since, Waiting: 1, Channels: []string{"old"}},
			"channel old", "discord:9 is parked since 2024-02-19 10:00 UTC, and 1 alert waits: gone",
			"mend that, and run `tipoff deliveries retry`; without it, one is tried every 10 minutes",
		},
		"a secret address": {
			deliver.Trouble{Of: alert.Target{Kind: alert.Webhook, Address: "https://hook.example/T0PSECRET"}, State: deliver.Parked, Reason: "gone", Since: since, Waiting: 1, Channels: []string{"hook"}},
			"channel hook", "webhook:hook.example is parked since 2024-02-19 10:00 UTC, and 1 alert waits: gone",
			"mend that, and run `tipoff deliveries retry --channel hook`; without it, one is tried every 10 minutes",
		},
		"a token": {
			deliver.Trouble{Of: slack, State: deliver.Parked, Reason: "the token is refused", Since: since, Waiting: 2, Channels: []string{"desk", "night"}},
			"slack", "all of slack is parked since 2024-02-19 10:00 UTC, and 2 alerts wait: the token is refused",
			"mend that, and run `tipoff deliveries retry`; without it, one is tried every 10 minutes",
		},
		"a dead platform": {
			deliver.Trouble{Of: slack, State: deliver.Down, Reason: "it answers 503", Since: since, Waiting: 2, Channels: []string{"desk", "night"}},
			"slack", "all of slack is down since 2024-02-19 10:00 UTC, and 2 alerts wait: it answers 503",
			"wait: it is tried every 30 seconds, and at once after `tipoff deliveries retry`",
		},
	} {
		want := []Finding{{Warning, test.where, test.text, test.then}}
		if got := Troubles(c, []deliver.Trouble{test.trouble}); !slices.Equal(got, want) {
			t.Errorf("%s: got %q, want %q", name, got, want)
		}
	}
}

func TestUnread(t *testing.T) {
	got := Unread(errors.New("store: postgres://x does not answer:\n\trefused")).String()
	want := "warning: store: it was not looked at, so that channels which get nothing are not shown: postgres://x does not answer: refused\n    -> mend that, or write another address for store"
	if got != want {
		t.Errorf("%s", got)
	}
}
