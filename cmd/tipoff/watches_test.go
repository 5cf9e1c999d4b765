package main

import (
	"strings"
	"testing"

	"tipoff/bot/store"
	"tipoff/filters"
)

// Where not all hits were compared with the watches, it is said of which the
// overlap is.
func TestOverlapIsOfTheNewestHits(t *testing.T) {
	f, err := filters.Compile("leak")
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		result store.BackTest
		want   string
	}{
		{store.BackTest{Hits: 3, Compared: 3, Overlap: map[string]int{"leaks": 2}}, "2 of them match the watch leaks too."},
		{store.BackTest{Hits: 5000, Compared: 1000, Overlap: map[string]int{"leaks": 2}}, "2 of the newest 1,000 hits match the watch leaks too."},
		{store.BackTest{Hits: 5000, Compared: 1000}, "No watch matches any of the newest 1,000 hits."},
	} {
		if page := testPage(f, test.result, "30d"); !strings.HasSuffix(page.Lead, "\n"+test.want) {
			t.Errorf("%q, want %q at its end", page.Lead, test.want)
		}
	}
	if page := testPage(f, store.BackTest{Hits: 3, Compared: 3}, "30d"); strings.Contains(page.Lead, "watch") {
		t.Errorf("%q", page.Lead)
	}
}
