package check

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"tipoff/bot/alert"
	"tipoff/bot/config"
	"tipoff/bot/deliver"
)

// Troubles says of which channels and platforms the store knows that they get
// nothing for now.
func Troubles(c *config.Config, all []deliver.Trouble) []Finding {
	l := &list{}
	for _, t := range all {
		where := string(t.Of.Kind)
		channels := channelsOf(c, t)
		if t.Of.Address != "" && len(channels) > 0 {
			where = "channel " + names(channels)
		}
		again := "`tipoff deliveries retry`"
		if len(t.Channels) == 1 && slices.ContainsFunc(c.Channels, func(ch alert.Channel) bool { return ch.Name == t.Channels[0] }) {
			again = "`tipoff deliveries retry --channel " + t.Channels[0] + "`"
		}
		what := t.Of.Redacted() + " is " + string(t.State)
		if t.Of.Address == "" {
			what = "all of " + string(t.Of.Kind) + " is " + string(t.State)
		}
		waits := fmt.Sprintf("%d alerts wait", t.Waiting)
		if t.Waiting == 1 {
			waits = "1 alert waits"
		}
		text := fmt.Sprintf("%s since %s, and %s: %s", what, t.Since.UTC().Format("2006-01-02 15:04 MST"), waits, t.Reason)
		remedy := fmt.Sprintf("mend that, and run %s; without it, one is tried every %d minutes", again, int(t.State.Retry().Minutes()))
		if t.State == deliver.Down {
			remedy = fmt.Sprintf("wait: it is tried every %d seconds, and at once after %s", int(t.State.Retry()/time.Second), again)
		}
		l.add(Warning, where, text, remedy)
	}
	return l.found
}

// channelsOf are the channels that a trouble keeps from getting alerts: those of
// the file, and those of which something waits.
func channelsOf(c *config.Config, t deliver.Trouble) []string {
	all := slices.Clone(t.Channels)
	for _, ch := range c.Channels {
		if slices.ContainsFunc(ch.Targets(), func(to alert.Target) bool { return to == t.Of }) {
			all = append(all, ch.Name)
		}
	}
	slices.SortFunc(all, strings.Compare)
	return slices.Compact(all)
}

// Unread says, on one line, that the store could not be looked at.
func Unread(err error) Finding {
	why := strings.Join(strings.Fields(strings.TrimPrefix(err.Error(), "store: ")), " ")
	return Finding{
		Warning, "store", "it was not looked at, so that channels which get nothing are not shown: " + why,
		"mend that, or write another address for store",
	}
}
