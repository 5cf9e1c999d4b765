package command

import (
	"testing"
	"time"

	"tipoff/bot/store"
)

func TestRate(t *testing.T) {
	tests := []struct {
		b    store.BackTest
		age  int // hours asked for
		verb string
		want string
	}{
		{store.BackTest{}, 720, "match", "No story of the last 30 days matches."},
		{store.BackTest{Hits: 1, Days: 30}, 720, "match", "1 story of the last 30 days matches."},
		{store.BackTest{Hits: 1, Days: 30}, 720, "would have matched", "1 story of the last 30 days would have matched."},
		{store.BackTest{Hits: 2, Days: 30}, 720, "match", "2 stories of the last 30 days match: about one in 15 days."},
		{store.BackTest{Hits: 21, Days: 30}, 720, "match", "21 stories of the last 30 days match: about one a day."},
		{store.BackTest{Hits: 19, Days: 30}, 720, "match", "19 stories of the last 30 days match: about one in 2 days."},
		{store.BackTest{Hits: 30, Days: 30}, 720, "match", "30 stories of the last 30 days match: about one a day."},
		{store.BackTest{Hits: 75, Days: 30}, 720, "match", "75 stories of the last 30 days match: about 2.5 a day."},
		{store.BackTest{Hits: 3000, Days: 30}, 720, "match", "3000 stories of the last 30 days match: about 100 a day."},
		{store.BackTest{Hits: 8, Days: 4}, 720, "match", "8 stories of the last 30 days (the archive reaches back 4 days) match: about 2 a day."},
		{store.BackTest{Hits: 5, Days: 0.01}, 720, "match", "5 stories of the last 30 days (the archive is younger than a day) match."},
		{store.BackTest{Hits: 3, Days: 0.5}, 12, "match", "3 stories of the last 12 hours match."},
	}
	for _, tt := range tests {
		if got := rate(tt.b, time.Duration(tt.age)*time.Hour, tt.verb); got != tt.want {
			t.Errorf("%+v\n got %s\nwant %s", tt.b, got, tt.want)
		}
	}
}

func TestOverlap(t *testing.T) {
	tests := []struct {
		overlap  map[string]int
		compared int
		want     string
	}{
		{nil, 5000, "No watch matches any of them yet."},
		{nil, 0, "There was no time to compare them with the watches."},
		{nil, 1000, "No watch matches any of the newest 1,000 hits yet."},
		{map[string]int{"b": 2, "c": 9}, 1000, "Matched already of the newest 1,000 hits: 9 by c, 2 by b."},
		{map[string]int{"b": 2, "a": 2, "c": 9}, 5000, "Matched already: 9 by c, 2 by a, 2 by b."},
		{map[string]int{"a": 7, "b": 6, "c": 5, "d": 4, "e": 3, "f": 2, "g": 1}, 5000, "Matched already: 7 by a, 6 by b, 5 by c, 4 by d, 3 by e and 2 other watches."},
		{map[string]int{"a": 6, "b": 5, "c": 4, "d": 3, "e": 2, "f": 1}, 5000, "Matched already: 6 by a, 5 by b, 4 by c, 3 by d, 2 by e and 1 other watch."},
	}
	for _, tt := range tests {
		if got := overlap(store.BackTest{Hits: 5000, Overlap: tt.overlap, Compared: tt.compared}); got != tt.want {
			t.Errorf("%v: %s, want %s", tt.overlap, got, tt.want)
		}
	}
}
