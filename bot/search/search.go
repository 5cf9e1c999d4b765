// Package search asks the archive: what a query finds, and what it would have
// found as a watch.
package search

import (
	"context"
	"iter"
	"time"

	"tipoff/bot/store"
	"tipoff/bot/watch"
	"tipoff/filters"
)

// samples is how many stories a back-test shows.
const samples = 5

// Archive is the store's part of a search.
type Archive interface {
	Search(ctx context.Context, q store.Search) ([]store.Hit, error)
	All(ctx context.Context, q store.Search) iter.Seq2[store.Hit, error]
	Oldest(ctx context.Context) (time.Time, error)
}

// Searcher answers searches and back-tests.
type Searcher struct {
	archive Archive
	watches func() *watch.Compiled
	now     func() time.Time
}

// New returns a Searcher; watches are those that a back-test compares with.
func New(archive Archive, watches func() *watch.Compiled, now func() time.Time) *Searcher {
	return &Searcher{archive: archive, watches: watches, now: now}
}

// Search finds stories, newest first.
func (s *Searcher) Search(ctx context.Context, q store.Search) ([]store.Hit, error) {
	return s.archive.Search(ctx, q)
}

// BackTest runs a query over the stories since a time, as if it had been a
// watch. The days count from the archive's oldest story where that is later,
// and are one at least: an hour's archive says nothing of a day.
func (s *Searcher) BackTest(ctx context.Context, f *filters.Filter, since time.Time) (store.BackTest, error) {
	since = later(since, f.Since())
	result := store.BackTest{Overlap: make(map[string]int), Days: 1}
	oldest, err := s.archive.Oldest(ctx)
	if err != nil {
		return result, err
	}
	if from := later(since, oldest); !from.IsZero() {
		result.Days = max(result.Days, s.now().Sub(from).Hours()/24)
	}
	set := s.watches().Set
	for hit, err := range s.archive.All(ctx, store.Search{Filter: f, Since: since}) {
		if err != nil {
			return result, err
		}
		result.Hits++
		if len(result.Samples) < samples {
			result.Samples = append(result.Samples, hit.Story)
		}
		for _, name := range set.Match(filters.NewDoc(&hit.Story)) {
			result.Overlap[name]++
		}
	}
	return result, nil
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}
