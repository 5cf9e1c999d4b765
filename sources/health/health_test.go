package health

import (
	"testing"
	"time"
)

var start = time.Date(2026, 9, 7, 8, 0, 0, 0, time.UTC) // a Monday

// every has n times with the same gap.
func every(gap time.Duration, n int) (times []time.Time) {
	for i := range n {
		times = append(times, start.Add(time.Duration(i)*gap))
	}
	return times
}

const day = 24 * time.Hour

// workdays has three stories on each of n working days.
func workdays(n int) (times []time.Time) {
	for at := start; n > 0; at = at.Add(day) {
		if at.Weekday() == time.Saturday || at.Weekday() == time.Sunday {
			continue
		}
		n--
		times = append(times, at, at.Add(3*time.Hour), at.Add(7*time.Hour))
	}
	return times
}

func TestSilence(t *testing.T) {
	for _, test := range []struct {
		name  string
		times []time.Time
		// fine is the longest silence after the last story that is nothing, and
		// told one that is told.
		fine, told time.Duration
	}{
		{"nothing known", nil, 1000 * day, 0},
		{"too little known", every(time.Hour, enough), 1000 * day, 0},
		{"every hour", every(time.Hour, 100), 3 * day, 4 * day},
		{"on working days", workdays(20), 3*day + 12*time.Hour, 5 * day},
		{"every week", every(7*day, 10), 10 * day, 15 * day},
		{"all of it at once", make([]time.Time, 50), 1000 * day, 0},
		{"a month's break long ago", append(every(time.Hour, 20), every2(start.Add(50*day), 2*time.Hour, 400)...), 3 * day, 8 * day},
	} {
		h := Habit{}.Learn(test.times)
		if s := h.Silence(h.Last.Add(test.fine)); s != "" {
			t.Errorf("%s: after %s: %s", test.name, test.fine, s)
		}
		if test.told != 0 && h.Silence(h.Last.Add(test.told)) == "" {
			t.Errorf("%s: nothing is said after %s; %+v", test.name, test.told, h)
		}
	}
	want := "it answers, but has had nothing new for 4 days, and used to have something every 60 minutes: look whether the site has moved its feed"
	h := Habit{}.Learn(every(time.Hour, 100))
	if got := h.Silence(h.Last.Add(4 * day)); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

func TestHabitInWords(t *testing.T) {
	if got := (Habit{}).Learn(every(3*time.Hour, 20)).String(); got != "every 3 hours; after 3 days without it is taken for silent" {
		t.Errorf("got %q", got)
	}
	if got := (Habit{}).String(); got != "" {
		t.Errorf("of nothing known: %q", got)
	}
}

func every2(from time.Time, gap time.Duration, n int) (times []time.Time) {
	for i := range n {
		times = append(times, from.Add(time.Duration(i)*gap))
	}
	return times
}

func TestLearnInAnyOrderAndPieces(t *testing.T) {
	times := workdays(10)
	whole := Habit{}.Learn(times)
	var pieces Habit
	for i := 0; i < len(times); i += 2 {
		pieces = pieces.Learn([]time.Time{times[min(i+1, len(times)-1)], times[i], {}, start})
	}
	if whole != pieces {
		t.Errorf("at once %+v, in pieces %+v", whole, pieces)
	}
}
