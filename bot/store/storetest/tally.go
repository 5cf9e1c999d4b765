package storetest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"tipoff/bot/store"
	"tipoff/sources/story"
)

// tallied counts hits by day.
func tallied(hits []store.Hit) store.Tally {
	t := store.Tally{Hits: len(hits)}
	for _, h := range slices.Backward(hits) {
		day := h.Story.Time().Truncate(24 * time.Hour)
		if n := len(t.Days); n > 0 && t.Days[n-1].Day.Equal(day) {
			t.Days[n-1].Hits++
			continue
		}
		t.Days = append(t.Days, store.DayCount{Day: day, Hits: 1})
	}
	return t
}

// testTally counts where the index alone decides, where it decides some, and
// where it cannot be asked.
func testTally(t *testing.T, s *suite) {
	if got, err := s.Tally(s.ctx, store.Search{Filter: compile(t, "wiper")}); err != nil || got.Hits != 0 {
		t.Errorf("an empty archive has %+v, %v", got, err)
	}
	src := s.source(t, "alpha")
	titles := []string{"wiper", "wiper and volt", "cyber-attack", "cyberattack", "Volt Typhoon", "typhoon volt", "nothing", "a wiper, cyber attack"}
	for i := range 100 {
		s.add(t, src, story.Story{
			Title: titles[i%len(titles)], URL: fmt.Sprintf("https://x.example/%d", i), Published: s.clock.T.Add(-time.Duration(i) * 5 * time.Hour),
		})
	}
	for _, q := range []string{
		"wiper", "-wiper", "cyberattack", "-cyberattack", `"volt typhoon"`, `volt -"volt typhoon"`, "wiper OR -volt", "*", "source:alpha -wiper",
		"title:cyberattack", "=Volt", "-=Volt", "typh* OR wip*", "a", "nowhere", "wiper since:10d", "before:10d -wiper",
	} {
		for _, search := range []store.Search{{}, {Since: s.clock.T.Add(-9 * 24 * time.Hour)}, {Until: s.clock.T.Add(-100 * time.Hour)}} {
			search.Filter, search.Limit = compileSearch(t, q, s.clock.T), 1000
			hits, err := s.Search(s.ctx, search)
			if err != nil {
				t.Fatal(err)
			}
			got, err := s.Tally(s.ctx, search)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tallied(hits), got); diff != "" {
				t.Errorf("%s from %v until %v: %s", q, search.Since, search.Until, diff)
			}
		}
	}
	if got, err := s.Tally(s.ctx, store.Search{}); err != nil || got.Hits != 100 {
		t.Errorf("without a query: %d, %v", got.Hits, err)
	}
}

// testLimit ends the time of a search in its midst.
func testLimit(t *testing.T, s *suite) {
	src := s.source(t, "alpha")
	const n = 2000
	for from := 0; from < n; from += 500 {
		var all []story.Story
		for i := from; i < from+500; i++ {
			all = append(all, story.Story{
				Title: "wiper", URL: fmt.Sprintf("https://x.example/%d", i), Seen: s.clock.T, Published: s.clock.T.Add(-time.Duration(i) * time.Minute),
				ID: fmt.Sprintf("%016x", i),
			})
		}
		s.addAll(t, src, all)
	}
	ctx, cancel := context.WithCancelCause(s.ctx)
	q := store.Search{Filter: compile(t, "wiper")}
	found := 0
	var last time.Time
	var stopped error
	for hit, err := range s.All(ctx, q) {
		if err != nil {
			stopped = err
			break
		}
		found++
		last = hit.Story.Time()
		cancel(store.ErrLimit)
	}
	limit, ok := errors.AsType[*store.LimitError](stopped)
	if !ok || found == 0 || found == n {
		t.Fatalf("%d hits, %v; want some, and then the limit", found, stopped)
	}
	if !limit.Back.Equal(last) {
		t.Errorf("it came back to %v, want the last hit's %v", limit.Back, last)
	}
	q.Before, q.Limit = limit.Cursor, n
	if rest, err := s.Search(s.ctx, q); err != nil || len(rest) != n-found {
		t.Errorf("%d hits after the cursor, %v; want %d", len(rest), err, n-found)
	}
	for name, err := range map[string]error{
		"search": func() error { _, err := s.Search(ctx, store.Search{Filter: q.Filter}); return err }(),
		"tally":  func() error { _, err := s.Tally(ctx, store.Search{Filter: q.Filter}); return err }(),
	} {
		if limit, ok := errors.AsType[*store.LimitError](err); !ok || !limit.Back.IsZero() {
			t.Errorf("%s with no time at all: %v", name, err)
		}
	}
	// Who goes away is no limit.
	gone, cancel := context.WithCancelCause(s.ctx)
	cancel(nil)
	if _, err := s.Search(gone, q); !errors.Is(err, context.Canceled) || errors.Is(err, store.ErrLimit) {
		t.Errorf("cancelled: %v", err)
	}
}

// testRelevance reads the pages of a search by relevance while stories come.
func testRelevance(t *testing.T, s *suite) {
	src := s.source(t, "alpha")
	filler := strings.Repeat("nothing of note here ", 10)
	var want []string
	for i := range 9 {
		// The oldest have the word in the headline and the text, the newest far back.
		st := story.Story{Title: fmt.Sprintf("story %d", i), Content: filler + " wiper " + filler}
		switch {
		case i >= 6:
			st.Title, st.Summary = fmt.Sprintf("wiper %d", i), "the wiper"
		case i >= 3:
			st.Summary = "a wiper"
		}
		st.URL, st.Published = fmt.Sprintf("https://x.example/%d", i), s.clock.T.Add(-time.Duration(i)*time.Hour)
		s.add(t, src, st)
		want = append(want, st.Title)
	}
	want = slices.Concat(want[6:], want[3:6], want[:3])
	late := s.clock.T.Add(time.Second)
	for _, q := range []store.Search{
		{Filter: compileSearch(t, "wiper sort:relevance", s.clock.T)},
		{Filter: compile(t, "wiper"), ByRelevance: true, Until: late},
	} {
		q.Limit = 4
		at := s.clock.T
		got := s.pages(t, q, func(cursor string) {
			// What comes meanwhile does not move the pages.
			at = at.Add(4 * time.Minute)
			s.add(t, src, story.Story{Title: "a late wiper", URL: "https://x.example/late" + cursor, Published: at, Seen: at})
		})
		if diff := cmp.Diff(want, got); diff != "" {
			t.Error(diff)
		}
	}
	for _, cursor := range []string{"1", "x~1", "-1~1", "1~!"} {
		if _, err := s.Search(s.ctx, store.Search{Filter: compile(t, "wiper"), ByRelevance: true, Before: cursor}); err == nil {
			t.Errorf("the made-up cursor %q was taken", cursor)
		}
	}
}
