package database

import (
	"cmp"
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"maps"
	"slices"
	"strconv"
	"time"

	"tipoff/bot/store"
	"tipoff/filters"
	"tipoff/sources/story"
)

var (
	sqlStory        = statements.Get("Story")
	sqlSourceNames  = statements.Get("SourceNames")
	sqlTellers      = statements.Get("Tellers")
	sqlSightings    = statements.Get("Sightings")
	sqlCountStories = statements.Get("CountStories")
	sqlOldestStory  = statements.Get("OldestStory")
)

// Candidate is a story that a search looks at, without its sources.
type Candidate struct {
	Key    store.Key
	Source int64
	Story  story.Story
}

// ScanStory reads a row of stories: the columns as the statement Story has them.
func ScanStory(scan func(...any) error) (Candidate, error) {
	var c Candidate
	s := &c.Story
	var tags, entities string
	var published, seen, updated int64
	if err := scan(&c.Key, &s.ID, &c.Source, &s.URL, &s.Title, &s.Summary, &s.Content, &s.Author, &tags, &s.Lang,
		&published, &seen, &updated, &entities); err != nil {
		return c, err
	}
	s.Published, s.Seen, s.Updated = at(published), at(seen), at(updated)
	if entities != "" {
		if err := json.Unmarshal([]byte(entities), &s.Entities); err != nil {
			return c, fmt.Errorf("story %s: entities: %w", s.ID, err)
		}
	}
	if tags == "[]" {
		return c, nil
	}
	if err := json.Unmarshal([]byte(tags), &s.Tags); err != nil {
		return c, fmt.Errorf("story %s: tags: %w", s.ID, err)
	}
	return c, nil
}

func (s *Store) readStory(ctx context.Context, q querier, k store.Key) (story.Story, error) {
	c, err := ScanStory(q.QueryRowContext(ctx, sqlStory, int64(k)).Scan)
	if err != nil {
		return c.Story, err
	}
	one := []Candidate{c}
	err = s.readSightings(ctx, q, one)
	return one[0].Story, err
}

// sourceNames are the names of sources by their numbers. Neither ever changes.
type sourceNames map[int64]string

// names reads the names of sources where there are some that are not known yet.
func (s *Store) names(ctx context.Context, q rowsQuerier, wanted func(known sourceNames) bool) (sourceNames, error) {
	if have := s.sources.Load(); have != nil && wanted(*have) {
		return *have, nil
	}
	rows, err := q.QueryContext(ctx, sqlSourceNames)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	all := make(sourceNames)
	for rows.Next() {
		var id int64
		var name string
		if err := rows.Scan(&id, &name); err != nil {
			return nil, err
		}
		all[id] = name
	}
	if err := rows.Err(); err != nil {
		return nil, err
	}
	if wanted(all) {
		s.sources.Store(&all)
	}
	return all, nil
}

// told is one sighting of a story.
type told struct {
	story  store.Key
	source int64
	url    string
	at     int64
	seen   int64
}

// readSightings gives stories their sources, the first to tell it first. A
// source that tells it under two identities is named once.
//
// Most stories are told once, by their own source, as they stand in the archive:
// of these no sighting is read, which would be anywhere on the disk.
func (s *Store) readSightings(ctx context.Context, q rowsQuerier, all []Candidate) error {
	if len(all) == 0 {
		return nil
	}
	of := make(map[store.Key]*Candidate, len(all))
	for i := range all {
		of[all[i].Key] = &all[i]
	}
	others, err := s.toldByOthers(ctx, q, of)
	if err != nil {
		return err
	}
	sightings, err := s.sightings(ctx, q, others)
	if err != nil {
		return err
	}
	known, err := s.names(ctx, q, func(known sourceNames) bool {
		return !slices.ContainsFunc(all, func(c Candidate) bool { return known[c.Source] == "" }) &&
			!slices.ContainsFunc(sightings, func(t told) bool { return known[t.source] == "" })
	})
	if err != nil {
		return err
	}
	for i := range all {
		st := &all[i].Story
		st.Source = known[all[i].Source]
		if !slices.Contains(others, all[i].Key) {
			st.Sources = []story.Sighting{{Name: st.Source, URL: st.URL, Published: st.Published}}
		}
	}
	later := func(t told) int { // than the story's own source
		if t.source == of[t.story].Source {
			return 0
		}
		return 1
	}
	slices.SortFunc(sightings, func(a, b told) int {
		return cmp.Or(cmp.Compare(a.story, b.story), cmp.Compare(later(a), later(b)),
			cmp.Compare(a.seen, b.seen), cmp.Compare(known[a.source], known[b.source]), cmp.Compare(a.url, b.url))
	})
	for _, t := range sightings {
		st := &of[t.story].Story
		g := story.Sighting{Name: known[t.source], URL: t.url, Published: at(t.at)}
		if named(st.Sources, g.Name) {
			continue
		}
		if g.URL == "" {
			g.URL = st.URL
		}
		st.Sources = append(st.Sources, g)
	}
	return nil
}

// toldByOthers lists those of some stories that are not told by their own source
// alone, and once.
func (s *Store) toldByOthers(ctx context.Context, q rowsQuerier, of map[store.Key]*Candidate) ([]store.Key, error) {
	among, arg := s.d.InKeys(slices.Collect(maps.Keys(of)))
	rows, err := q.QueryContext(ctx, withKeys(sqlTellers, among), arg)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	once := make(map[store.Key]bool, len(of))
	for rows.Next() {
		var k store.Key
		var source int64
		if err := rows.Scan(&k, &source); err != nil {
			return nil, err
		}
		_, again := once[k]
		once[k] = !again && source == of[k].Source
	}
	var others []store.Key
	for k := range of {
		if !once[k] {
			others = append(others, k)
		}
	}
	return others, rows.Err()
}

// sightings reads those of some stories.
func (s *Store) sightings(ctx context.Context, q rowsQuerier, keys []store.Key) ([]told, error) {
	if len(keys) == 0 {
		return nil, nil
	}
	among, arg := s.d.InKeys(keys)
	rows, err := q.QueryContext(ctx, withKeys(sqlSightings, among), arg)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var all []told
	for rows.Next() {
		var t told
		if err := rows.Scan(&t.story, &t.source, &t.url, &t.at, &t.seen); err != nil {
			return nil, err
		}
		all = append(all, t)
	}
	return all, rows.Err()
}

func named(all []story.Sighting, name string) bool {
	for _, g := range all {
		if g.Name == name {
			return true
		}
	}
	return false
}

// Search finds stories, newest first. The index offers candidates and the
// compiled filter decides, so a search finds exactly what a watch matches. The
// error is a [*store.LimitError] where there was no time to look further; the
// hits are those found until then.
func (s *Store) Search(ctx context.Context, q store.Search) ([]store.Hit, error) {
	if q.Limit <= 0 {
		q.Limit = 20
	}
	if q.Filter != nil && q.Best() {
		return s.ranked(ctx, q)
	}
	var hits []store.Hit
	for hit, err := range s.All(ctx, q) {
		if err != nil {
			return hits, err
		}
		hits = append(hits, hit)
		if len(hits) == q.Limit {
			break
		}
	}
	return hits, nil
}

// All is [Store.Search] one hit at a time, always the newest first; without a
// limit it goes on to the archive's beginning.
func (s *Store) All(ctx context.Context, q store.Search) iter.Seq2[store.Hit, error] {
	return func(yield func(store.Hit, error) bool) {
		r, err := rangeOf(q)
		if err != nil {
			yield(store.Hit{}, err)
			return
		}
		if q.Filter != nil {
			r = s.narrow(r, q.Filter)
		}
		err = s.look(ctx, q.Filter, r, func(c *Candidate) bool {
			return yield(store.Hit{Story: c.Story, Cursor: cursor(c.Key)}, nil)
		})
		if err != nil {
			yield(store.Hit{}, err)
		}
	}
}

// look passes the stories of a range that f matches to found, newest first and
// whole, until found has enough.
func (s *Store) look(ctx context.Context, f *filters.Filter, r Range, found func(*Candidate) bool) error {
	read, err := s.reader(ctx)
	if err != nil {
		return s.limited(ctx, store.Key(r.Until), err)
	}
	defer read.Close()
	for r.Taste {
		some := r
		some.Match, some.Most = Match{Kind: MatchAll}, tasted
		got, err := s.scan(ctx, read, f, some, found)
		if err != nil || got.done || got.looked < tasted {
			return err
		}
		r.Until, r.Taste = int64(got.last), got.hits >= frequent
	}
	_, err = s.scan(ctx, read, f, r, found)
	return err
}

// So many stories are read before the index is asked, and more as long as so many
// of them are found.
const tasted, frequent = 128, 4

// narrow is a range with what the index is to be asked for.
func (s *Store) narrow(r Range, f *filters.Filter) Range {
	need := f.Need()
	r.Match = s.lang.AtLeast(need)
	r.Taste = r.Match.Kind == MatchSome && asksPrefix(need)
	return r
}

// asksPrefix reports whether an index is asked for all words that begin in some
// way, which it gathers for the whole archive before it gives the first story.
func asksPrefix(n filters.Need) bool { return n.Prefix || slices.ContainsFunc(n.Sub, asksPrefix) }

// outcome is how far a range was read.
type outcome struct {
	looked, hits int
	last         store.Key // that was looked at
	done         bool      // found has enough
}

// scan passes the stories of a range that f matches to found.
func (s *Store) scan(ctx context.Context, read *Reader, f *filters.Filter, r Range, found func(*Candidate) bool) (outcome, error) {
	var doc filters.Doc
	var matcher *filters.Matcher
	if f != nil {
		matcher = f.Matcher()
	}
	got := outcome{last: store.Key(r.Until)}
	for page, err := range s.d.Candidates(ctx, read, r) {
		if err == nil && f != nil && f.AsksSources() {
			err = s.readSightings(ctx, read, page)
		}
		if err == nil {
			err = ctx.Err()
		}
		if err != nil {
			return got, s.limited(ctx, got.last, err)
		}
		got.last = page[len(page)-1].Key
		got.looked += len(page)
		if f != nil {
			hits := page[:0]
			for i := range page { // not DeleteFunc, which copies each story
				if doc.Reset(&page[i].Story); matcher.Match(&doc) {
					hits = append(hits, page[i])
				}
			}
			page = hits
		}
		got.hits += len(page)
		if f == nil || !f.AsksSources() {
			if err := s.readSightings(ctx, read, page); err != nil {
				return got, s.limited(ctx, got.last, err)
			}
		}
		for i := range page {
			if !found(&page[i]) {
				got.done = true
				return got, nil
			}
		}
	}
	return got, nil
}

// limited is the error of a search that came to key last. Where the time was up
// it says so.
func (s *Store) limited(ctx context.Context, last store.Key, err error) error {
	if !errors.Is(context.Cause(ctx), store.ErrLimit) {
		return fmt.Errorf("search: %w", s.Explain(err))
	}
	if last == 0 {
		return &store.LimitError{}
	}
	return &store.LimitError{Back: at(int64(last) >> keyShift), Cursor: cursor(last)}
}

func cursor(k store.Key) string { return strconv.FormatInt(int64(k), 36) }

// rangeOf is the span of keys in which a search has to look.
func rangeOf(q store.Search) (Range, error) {
	var r Range
	since, until := q.Span()
	if !since.IsZero() {
		r.From = firstKey(since)
	}
	if !until.IsZero() {
		r.Until = firstKey(until)
	}
	if q.Before != "" {
		before, err := strconv.ParseInt(q.Before, 36, 64)
		if err != nil {
			return r, fmt.Errorf("search: the cursor %q is not one of ours; take one that a search printed", q.Before)
		}
		if r.Until == 0 || before < r.Until {
			r.Until = before
		}
	}
	return r, nil
}

// firstKey is the smallest key of a story at t or later.
func firstKey(t time.Time) int64 {
	sec := t.Unix()
	if t.Nanosecond() > 0 {
		sec++
	}
	return sec << keyShift
}

// Count says how many stories the archive holds.
func (s *Store) Count(ctx context.Context) (int, error) {
	var n int
	err := s.read.QueryRowContext(ctx, sqlCountStories).Scan(&n)
	return n, s.Explain(err)
}

// Oldest is the time of the oldest story, or zero for an empty archive.
func (s *Store) Oldest(ctx context.Context) (time.Time, error) {
	var k sql.NullInt64
	err := s.read.QueryRowContext(ctx, sqlOldestStory).Scan(&k)
	if err != nil || !k.Valid {
		return time.Time{}, s.Explain(err)
	}
	return at(k.Int64 >> keyShift), nil
}
