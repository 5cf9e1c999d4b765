package card_test

import (
	"testing"

	"tipoff/bot/card"
)

func TestChart(t *testing.T) {
	for _, test := range []struct {
		name   string
		days   int
		counts []int
		want   string
	}{
		{"nothing", 1, nil, ""},
		{"few", 1, []int{0, 1, 3, 0}, "·▂▄· by day, at most 3"},
		{"the most fills a bar", 7, []int{700, 1, 0, 350}, "█▂·▅ by week, at most 700"},
		{"other spans", 5, []int{7, 7}, "██ by 5 days, at most 7"},
		{"all the same", 1, []int{100, 100}, "██ by day, at most 100"},
		{"none of them", 1, []int{0, 0}, "·· by day, at most 0"},
	} {
		if got := card.Chart(test.days, test.counts); got != test.want {
			t.Errorf("%s: %q, want %q", test.name, got, test.want)
		}
	}
}
