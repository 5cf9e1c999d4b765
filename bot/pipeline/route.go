package pipeline

import (
	"slices"
	"time"

	"tipoff/bot/alert"
	"tipoff/bot/watch"
	"tipoff/sources/story"
)

// Routes is where each channel's alerts go in this process.
type Routes map[string][]alert.Target

// NewRoutes keeps of each channel the targets of kinds that are on. A channel
// left with none goes to the terminal, so that a program without chat tokens
// still shows its alerts.
func NewRoutes(channels []alert.Channel, on func(alert.Kind) bool) Routes {
	r := make(Routes)
	for _, c := range channels {
		targets := slices.DeleteFunc(c.Targets(), func(t alert.Target) bool { return !on(t.Kind) })
		if len(targets) == 0 {
			targets = []alert.Target{{Kind: alert.Terminal, Address: c.Name}}
		}
		r[c.Name] = targets
	}
	return r
}

// Targets lists a channel's targets; none for a channel that is not configured
// any more.
func (r Routes) Targets(channel string) []alert.Target { return r[channel] }

// route makes one alert for each channel, however many of its watches matched.
func route(w *watch.Compiled, matches []story.Match, s story.Story, now time.Time) []alert.Alert {
	var alerts []alert.Alert
	index := make(map[string]int)
	for _, m := range matches {
		wanted := w.Watches[m.Watch]
		for _, channel := range wanted.Channels {
			i, ok := index[channel]
			if !ok {
				i = len(alerts)
				index[channel] = i
				alerts = append(alerts, alert.Alert{Channel: channel, Kind: alert.KindNew, Story: s, Severity: wanted.Severity, Created: now})
			}
			a := &alerts[i]
			a.Watches = append(a.Watches, m.Watch)
			a.Story.Matches = append(slices.Clip(a.Story.Matches), m)
			if wanted.Severity.Rank() > a.Severity.Rank() {
				a.Severity = wanted.Severity
			}
			if wanted.Mention != "" && !slices.Contains(a.Mentions, wanted.Mention) {
				a.Mentions = append(a.Mentions, wanted.Mention)
			}
		}
	}
	return alerts
}
