package search_test

import (
	"context"
	"iter"
	"log/slog"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"tipoff/bot/alert"
	"tipoff/bot/search"
	"tipoff/bot/store"
	"tipoff/bot/watch"
	"tipoff/filters"
	"tipoff/sources/story"
)

// archive is a list of stories, newest first, and the watches.
type archive struct {
	stories []story.Story
	watches []alert.Watch
}

func (a archive) Watches(context.Context) ([]alert.Watch, error)            { return a.watches, nil }
func (a archive) AddWatch(context.Context, alert.Watch, string) error       { return nil }
func (a archive) RemoveWatch(context.Context, string, string) error         { return nil }
func (a archive) Search(context.Context, store.Search) ([]store.Hit, error) { return nil, nil }

func (a archive) Oldest(context.Context) (time.Time, error) {
	if len(a.stories) == 0 {
		return time.Time{}, nil
	}
	return a.stories[len(a.stories)-1].Time(), nil
}

func (a archive) All(_ context.Context, q store.Search) iter.Seq2[store.Hit, error] {
	return func(yield func(store.Hit, error) bool) {
		for i := range a.stories {
			s := &a.stories[i]
			if !s.Time().Before(q.Since) && q.Filter.Match(filters.NewDoc(s)) && !yield(store.Hit{Story: *s}, nil) {
				return
			}
		}
	}
}

func (a archive) Tally(ctx context.Context, q store.Search) (store.Tally, error) {
	var t store.Tally
	for hit, err := range a.All(ctx, q) {
		if err != nil {
			return t, err
		}
		t.Hits++
		t.Days = append(t.Days, store.DayCount{Day: hit.Story.Time().Truncate(24 * time.Hour), Hits: 1})
	}
	slices.Reverse(t.Days)
	return t, nil
}

func TestBackTest(t *testing.T) {
	now := time.Date(2024, 2, 19, 12, 0, 0, 0, time.UTC)
	var a archive
	for i := range 20 {
		title := "leak"
		if i%2 == 1 {
			title = "china leak"
		}
		a.stories = append(a.stories, story.Story{Title: title, Seen: now.Add(-time.Duration(i) * 24 * time.Hour)})
	}
	a.watches = []alert.Watch{{Name: "china", Query: "china"}, {Name: "other", Query: "nowhere"}}
	book, err := watch.NewBook(t.Context(), a, nil, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	s := search.New(a, book.Current, func() time.Time { return now }, search.Options{})
	f, err := filters.Compile("leak")
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		name  string
		since time.Time
		want  store.BackTest
	}{
		{"all of the archive", time.Time{}, store.BackTest{Hits: 20, Days: 19, Samples: a.stories[:5], Overlap: map[string]int{"china": 10}}},
		{"a week", now.Add(-7 * 24 * time.Hour), store.BackTest{Hits: 8, Days: 7, Samples: a.stories[:5], Overlap: map[string]int{"china": 4}}},
		{"further back than there is", now.Add(-1000 * 24 * time.Hour), store.BackTest{Hits: 20, Days: 19, Samples: a.stories[:5], Overlap: map[string]int{"china": 10}}},
		{"an hour counts as a day", now.Add(-time.Hour), store.BackTest{Hits: 1, Days: 1, Samples: a.stories[:1], Overlap: map[string]int{}}},
	} {
		got, err := s.BackTest(t.Context(), f, test.since)
		if err != nil {
			t.Fatal(err)
		}
		if len(got.ByDay) != test.want.Hits || got.Compared != test.want.Hits {
			t.Errorf("%s: %d hits, %d of them compared, on %d days", test.name, got.Hits, got.Compared, len(got.ByDay))
		}
		got.ByDay, got.Compared = nil, 0
		if diff := cmp.Diff(test.want, got); diff != "" {
			t.Errorf("%s: %s", test.name, diff)
		}
	}
}

// Of very many hits the newest are compared with the watches, and that is said.
func TestOverlapOfVeryManyHits(t *testing.T) {
	now := time.Date(2024, 2, 19, 12, 0, 0, 0, time.UTC)
	a := archive{watches: []alert.Watch{{Name: "all", Query: "*"}}}
	for range 1001 {
		a.stories = append(a.stories, story.Story{Title: "leak", Seen: now})
	}
	book, err := watch.NewBook(t.Context(), a, nil, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	f, err := filters.Compile("leak")
	if err != nil {
		t.Fatal(err)
	}
	for hits, want := range map[int]string{1001: "the newest 1,000 hits", 1000: ""} {
		a := archive{watches: a.watches, stories: a.stories[:hits]}
		got, err := search.New(a, book.Current, func() time.Time { return now }, search.Options{}).BackTest(t.Context(), f, time.Time{})
		if err != nil || got.Hits != hits || got.Compared != 1000 || got.Overlap["all"] != 1000 || got.OverlapOf() != want {
			t.Errorf("%d hits: %d, of which %d were compared, overlap %v of %q, %v", hits, got.Hits, got.Compared, got.Overlap, got.OverlapOf(), err)
		}
	}
}

func TestABadStoredWatchIsLeftOut(t *testing.T) {
	a := archive{watches: []alert.Watch{{Name: "bad", Query: "(((("}, {Name: "good", Query: "leak"}}}
	book, err := watch.NewBook(t.Context(), a, nil, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	if got := book.Current().Watches; len(got) != 1 || got["good"].Query != "leak" {
		t.Errorf("in force: %v", got)
	}
	for _, w := range []alert.Watch{{Name: "bad name!", Query: "x"}, {Name: "x", Query: "(("}, {Name: "x", Query: " "}, {Name: "x", Query: "x", Mention: "@all"}} {
		if err := book.AddWatch(t.Context(), w, "me"); err == nil {
			t.Errorf("%+v was taken", w)
		}
	}
}
