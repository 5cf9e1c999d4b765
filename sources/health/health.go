// Package health learns how often a source has something new, and says when one
// is quiet far beyond its habit: a feed that answers well and never changes any
// more is the failure that nobody sees. It keeps nothing itself; the archive
// keeps a Habit for each source.
package health

import (
	"fmt"
	"slices"
	"time"
)

// Habit is what was learnt of the times between one new story of a source and
// the next. The zero Habit knows nothing.
type Habit struct {
	// Last is the time of the newest story.
	Last time.Time `json:"last,omitzero"`
	// Gap and Spread are the smoothed time between two of them, and how much it
	// differs from that, as RFC 6298 does it for the round trips of TCP.
	Gap    time.Duration `json:"gap,omitempty"`
	Spread time.Duration `json:"spread,omitempty"`
	// Longest is the longest of those times; each further one counts a
	// hundredth less of it, so that one summer's break is forgotten.
	Longest time.Duration `json:"longest,omitempty"`
	// Count is how many were learnt from.
	Count int `json:"count,omitempty"`
}

const (
	// together are stories that came out at once: they say nothing of the time
	// between two times.
	together = 5 * time.Minute
	// enough is how many times between stories it takes to speak of a habit.
	enough = 5
	// shortest is the least silence that is told: under it, a weekend is one.
	shortest = 3 * 24 * time.Hour
)

// Learn returns the habit after new stories of these times, in any order. Times
// before the newest known one, and zero ones, are passed over.
func (h Habit) Learn(times []time.Time) Habit {
	times = slices.Clone(times)
	slices.SortFunc(times, time.Time.Compare)
	for _, t := range times {
		if t.IsZero() || !t.After(h.Last) {
			continue
		}
		if h.Last.IsZero() {
			h.Last = t
			continue
		}
		gap := t.Sub(h.Last)
		h.Last = t
		if gap < together {
			continue
		}
		if h.Count == 0 {
			h.Gap, h.Spread = gap, gap/2
		} else {
			h.Spread += ((gap - h.Gap).Abs() - h.Spread) / 4
			h.Gap += (gap - h.Gap) / 8
		}
		h.Longest = max(gap, h.Longest-h.Longest/100)
		h.Count++
	}
	return h
}

// Until is until when a silence is nothing out of the ordinary; zero while too
// little is known: four times its spread beyond the usual gap, and half as long
// again as the longest one there was.
func (h Habit) Until() time.Time {
	if h.Count < enough {
		return time.Time{}
	}
	return h.Last.Add(max(shortest, h.Gap+4*h.Spread, h.Longest+h.Longest/2))
}

// String says the habit in words, or nothing while too little is known: "every 3
// hours; after 4 days without it is taken for silent".
func (h Habit) String() string {
	until := h.Until()
	if until.IsZero() {
		return ""
	}
	return fmt.Sprintf("every %s; after %s without it is taken for silent", roughly(h.Gap), roughly(until.Sub(h.Last)))
}

// Silence says in a sentence that a source is quiet beyond its habit, or nothing
// if it is not.
func (h Habit) Silence(now time.Time) string {
	until := h.Until()
	if until.IsZero() || !now.After(until) {
		return ""
	}
	return fmt.Sprintf("it answers, but has had nothing new for %s, and used to have something every %s: look whether the site has moved its feed",
		roughly(now.Sub(h.Last)), roughly(h.Gap))
}

// roughly is a duration in the unit that says enough of it.
func roughly(d time.Duration) string {
	unit := func(n int, name string) string {
		if n == 1 {
			return "1 " + name
		}
		return fmt.Sprintf("%d %ss", n, name)
	}
	switch {
	case d >= 48*time.Hour:
		return unit(int((d+12*time.Hour)/(24*time.Hour)), "day")
	case d >= 90*time.Minute:
		return unit(int((d+30*time.Minute)/time.Hour), "hour")
	}
	return unit(max(1, int((d+30*time.Second)/time.Minute)), "minute")
}
