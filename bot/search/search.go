// Package search asks the archive: what a query finds, and what it would have
// found as a watch.
package search

import (
	"cmp"
	"context"
	"errors"
	"iter"
	"time"

	"golang.org/x/sync/errgroup"

	"tipoff/bot/store"
	"tipoff/bot/watch"
	"tipoff/filters"
)

const (
	// samples is how many stories a back-test shows.
	samples = 5

	// compared is how many hits a back-test compares with the watches at the
	// most. That takes their texts, and the newest ones say as much as all.
	compared = 1000
)

// Archive is the store's part of a search.
type Archive interface {
	Search(ctx context.Context, q store.Search) ([]store.Hit, error)
	All(ctx context.Context, q store.Search) iter.Seq2[store.Hit, error]
	Tally(ctx context.Context, q store.Search) (store.Tally, error)
	Oldest(ctx context.Context) (time.Time, error)
}

// Options are for [New]. The zero value works.
type Options struct {
	// Limit is the time that a search or a back-test has; 2.5 s where zero, for
	// chat platforms wait three seconds for an answer. Who has found something
	// until then returns it, together with a [*store.LimitError].
	Limit time.Duration
}

// Searcher answers searches and back-tests.
type Searcher struct {
	archive Archive
	watches func() *watch.Compiled
	now     func() time.Time
	limit   time.Duration
}

// New returns a Searcher; watches are those that a back-test compares with.
func New(archive Archive, watches func() *watch.Compiled, now func() time.Time, o Options) *Searcher {
	return &Searcher{archive: archive, watches: watches, now: now, limit: cmp.Or(o.Limit, 2500*time.Millisecond)}
}

// Search finds stories, newest first or as q says.
func (s *Searcher) Search(ctx context.Context, q store.Search) ([]store.Hit, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, s.limit, store.ErrLimit)
	defer cancel()
	return s.archive.Search(ctx, q)
}

// BackTest runs a query over the stories since a time, as if it had been a
// watch. The days count from the archive's oldest story where that is later,
// and are one at least: an hour's archive says nothing of a day. Where the time
// was up, they count from as far back as it came.
func (s *Searcher) BackTest(ctx context.Context, f *filters.Filter, since time.Time) (store.BackTest, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, s.limit, store.ErrLimit)
	defer cancel()
	since = later(since, f.Since())
	result := store.BackTest{Overlap: make(map[string]int), Days: 1}
	oldest, err := s.archive.Oldest(ctx)
	if err != nil {
		return result, err
	}
	q := store.Search{Filter: f, Since: since}
	var tally store.Tally
	var g errgroup.Group
	g.Go(func() (err error) {
		tally, err = s.archive.Tally(ctx, q)
		return err
	})
	newest := s.compare(ctx, q, &result)
	err = g.Wait()
	if err == nil && (result.Compared < tally.Hits || len(result.Samples) < min(samples, tally.Hits)) {
		err = newest
	}
	result.Hits, result.ByDay = tally.Hits, tally.Days
	from := later(since, oldest)
	if limit, ok := errors.AsType[*store.LimitError](err); ok {
		from = later(from, limit.Back)
	}
	if !from.IsZero() {
		result.Days = max(result.Days, s.now().Sub(from).Hours()/24)
	}
	return result, err
}

// compare takes the samples and the overlap from the newest hits.
func (s *Searcher) compare(ctx context.Context, q store.Search, result *store.BackTest) error {
	set := s.watches().Set
	var doc filters.Doc
	for hit, err := range s.archive.All(ctx, q) {
		if err != nil {
			return err
		}
		if len(result.Samples) < samples {
			result.Samples = append(result.Samples, hit.Story)
		}
		doc.Reset(&hit.Story)
		for _, name := range set.Match(&doc) {
			result.Overlap[name]++
		}
		if result.Compared++; result.Compared == compared {
			break
		}
	}
	return nil
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}
