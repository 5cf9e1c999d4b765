package main

import (
	"strings"
	"testing"
	"time"

	"tipoff/bot/alert"
	"tipoff/bot/card"
	"tipoff/bot/deliver"
	"tipoff/bot/store"
)

// What is parked is said once, with what to do and when it is tried next, and not
// with each of the deliveries that wait for it.
func TestDeliveriesPage(t *testing.T) {
	now := time.Date(2024, 2, 19, 12, 0, 0, 0, time.UTC)
	const reason = "the bot is not in channel C1: invite it with /invite @bot in that channel"
	troubles := []deliver.Trouble{
		{Of: alert.Target{Kind: alert.Slack, Address: "C1"}, State: deliver.Parked, Reason: reason, Since: now.Add(-2 * time.Hour), Next: now.Add(time.Minute), Waiting: 1, Channels: []string{"desk"}},
		{Of: alert.Target{Kind: alert.Discord}, State: deliver.Down, Reason: "Discord did not answer", Since: now.Add(-time.Minute), Waiting: 0},
	}
	all := []store.DeliveryStatus{{Target: "slack:C1", Channel: "desk", Title: "A leak", State: "parked", Attempts: 3, Error: reason, Updated: now}}
	page := deliveriesPage(all, troubles, now)
	for _, want := range []string{"desk on slack:C1: parked", "1 delivery waits, tried next at ", reason, "all of discord: down", "0 deliveries wait: Discord did not answer"} {
		if !strings.Contains(page.Lead, want) {
			t.Errorf("no %q in %q", want, page.Lead)
		}
	}
	if page.Tone != card.Bad || page.Title != "1 delivery not sent" || len(page.Items) != 1 || page.Items[0].Text != "" || !strings.Contains(page.Hint, "tries at once") {
		t.Errorf("%+v", page)
	}
}
