package store_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"tipoff/bot/store"
)

func TestChart(t *testing.T) {
	now := time.Date(2024, 2, 19, 12, 0, 0, 0, time.UTC)
	on := func(day, hits int) store.DayCount {
		return store.DayCount{Day: time.Date(2024, 2, day, 0, 0, 0, 0, time.UTC), Hits: hits}
	}
	byDay := []store.DayCount{on(12, 9), on(16, 1), on(18, 2), on(19, 4)}
	for _, test := range []struct {
		name     string
		days     float64
		most     int
		wantDays int
		want     []int
	}{
		{"a day each", 3, 10, 1, []int{1, 0, 2, 4}},
		{"two days each, the first one alone", 4, 3, 2, []int{0, 1, 6}},
		{"all of it", 7, 8, 1, []int{9, 0, 0, 0, 1, 0, 2, 4}},
		{"half of it each", 7, 2, 4, []int{9, 7}},
		{"one span", 7, 1, 8, []int{16}},
		{"a day alone is no chart", 0.4, 10, 0, nil},
	} {
		days, got := store.BackTest{Days: test.days, ByDay: byDay}.Chart(now, test.most)
		if diff := cmp.Diff(test.want, got); diff != "" || days != test.wantDays {
			t.Errorf("%s: %d days each, want %d: %s", test.name, days, test.wantDays, diff)
		}
	}
}
