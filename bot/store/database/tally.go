package database

import (
	"context"
	"database/sql"
	"errors"
	"maps"
	"math"
	"runtime"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"

	"tipoff/bot/store"
	"tipoff/filters"
)

var (
	sqlOldestIn = statements.Get("OldestIn")
	sqlNewestIn = statements.Get("NewestIn")
	sqlEnoughIn = statements.Get("EnoughIn")
)

const daySeconds = 24 * 60 * 60

// Many stories are counted in so many spans of time, by all cores.
const spans, many = 8, 20_000

// Tally counts what a search finds, by day. Where the index alone can tell that
// a story is found, its text is not read. The error is a [*store.LimitError]
// where there was no time for all of it; the tally is then that of the stories
// from there on.
func (s *Store) Tally(ctx context.Context, q store.Search) (store.Tally, error) {
	r, err := rangeOf(q)
	if err != nil {
		return store.Tally{}, err
	}
	p := s.plan(q.Filter)
	parts, err := s.split(ctx, r)
	if err != nil {
		return store.Tally{}, s.limited(ctx, 0, err)
	}
	counts := make([]map[int64]int64, len(parts))
	done := make([]bool, len(parts))
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(runtime.GOMAXPROCS(0))
	for i, part := range parts {
		g.Go(func() (err error) {
			counts[i], err = s.tally(ctx, q.Filter, p, part)
			done[i] = err == nil
			return err
		})
	}
	err = g.Wait()
	whole := slices.Index(done, false)
	if whole < 0 {
		whole = len(parts)
	}
	if limit, ok := errors.AsType[*store.LimitError](err); ok {
		*limit = store.LimitError{}
		if whole > 0 {
			from := store.Key(parts[whole-1].From)
			*limit = store.LimitError{Back: at(int64(from) >> keyShift), Cursor: cursor(from)}
		}
	} else if err != nil {
		return store.Tally{}, err
	}
	return sum(counts[:whole]), err
}

func sum(counts []map[int64]int64) store.Tally {
	var t store.Tally
	days := make(map[int64]int64)
	for _, part := range counts {
		for day, n := range part {
			days[day] += n
		}
	}
	for _, day := range slices.Sorted(maps.Keys(days)) {
		if n := int(days[day]); n > 0 {
			t.Hits += n
			t.Days = append(t.Days, store.DayCount{Day: time.Unix(day*daySeconds, 0).UTC(), Hits: n})
		}
	}
	return t
}

// plan is how the stories are counted that a filter matches.
type plan struct {
	// sure are stories that are only counted; rest those that are read.
	sure, rest Match
}

func (s *Store) plan(f *filters.Filter) plan {
	if f == nil {
		return plan{Match{Kind: MatchAll}, Match{Kind: MatchNone}}
	}
	most, sure := s.lang.AtLeast(f.Need()), s.lang.AtMost(f.Enough())
	rest := s.lang.Minus(most, sure)
	if sure.Kind == MatchAll {
		rest = Match{Kind: MatchNone}
	}
	if rest.Kind == MatchBut {
		// The index cannot be asked for these alone: all are read.
		return plan{Match{Kind: MatchNone}, most}
	}
	return plan{sure, rest}
}

// split divides a range, the newest part first.
func (s *Store) split(ctx context.Context, r Range) ([]Range, error) {
	if r.Until == 0 {
		r.Until = math.MaxInt64
	}
	var oldest, newest sql.NullInt64
	var n int64
	for _, look := range []struct {
		query string
		args  []any
		to    any
	}{
		{sqlOldestIn, []any{r.From, r.Until}, &oldest},
		{sqlNewestIn, []any{r.From, r.Until}, &newest},
		{sqlEnoughIn, []any{r.From, r.Until, many}, &n},
	} {
		if err := s.read.QueryRowContext(ctx, look.query, look.args...).Scan(look.to); err != nil {
			return nil, err
		}
	}
	from, until := oldest.Int64, newest.Int64+1
	step := until - from
	if n == many {
		step = (step + spans - 1) / spans
	}
	var parts []Range
	for until > from {
		part := Range{From: max(from, until-step), Until: until}
		parts, until = append(parts, part), part.From
	}
	return parts, nil
}

// tally counts the stories of a range by day.
func (s *Store) tally(ctx context.Context, f *filters.Filter, p plan, r Range) (map[int64]int64, error) {
	days := make(map[int64]int64)
	if err := s.days(ctx, p.sure, r, days); err != nil {
		return nil, s.limited(ctx, 0, err)
	}
	if p.rest.Kind == MatchNone {
		return days, nil
	}
	r.Match = p.rest
	read, err := s.reader(ctx)
	if err != nil {
		return nil, s.limited(ctx, 0, err)
	}
	defer read.Close()
	var doc filters.Doc
	matcher := f.Matcher()
	for page, err := range s.d.Candidates(ctx, read, r) {
		if err == nil && f.AsksSources() {
			err = s.readSightings(ctx, read, page)
		}
		if err == nil {
			err = ctx.Err()
		}
		if err != nil {
			return nil, s.limited(ctx, 0, err)
		}
		for i := range page {
			doc.Reset(&page[i].Story)
			if matcher.Match(&doc) {
				days[int64(page[i].Key)>>keyShift/daySeconds]++
			}
		}
	}
	return days, nil
}

// days adds the stories of a range that the index finds.
func (s *Store) days(ctx context.Context, m Match, r Range, days map[int64]int64) error {
	if m.Kind == MatchNone {
		return nil
	}
	read, err := s.reader(ctx)
	if err != nil {
		return err
	}
	defer read.Close()
	if m.Kind != MatchSome {
		r.Match = Match{Kind: MatchAll}
		err = s.d.Days(ctx, read, r, func(day, n int64) { days[day] += n })
	}
	if err == nil && m.Kind == MatchSome {
		r.Match = m
		err = s.d.Days(ctx, read, r, func(day, n int64) { days[day] += n })
	}
	if err == nil && m.Kind == MatchBut {
		r.Match = Match{MatchSome, m.Query}
		err = s.d.Days(ctx, read, r, func(day, n int64) { days[day] -= n })
	}
	return err
}
