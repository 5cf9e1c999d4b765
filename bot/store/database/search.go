package database

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"iter"
	"strconv"
	"time"

	"tipoff/bot/store"
	"tipoff/filters"
	"tipoff/sources/story"
)

// StoryColumns are what [ScanStory] reads, of stories s and sources src.
const StoryColumns = `s.key, s.id, src.name, s.url, s.title, s.summary, s.content, s.author, s.tags, s.lang, s.published, s.seen, s.updated`

// Candidate is a story that a search looks at, without its sightings.
type Candidate struct {
	Key   store.Key
	Story story.Story
}

// ScanStory reads a row of [StoryColumns].
func ScanStory(scan func(...any) error) (Candidate, error) {
	var c Candidate
	s := &c.Story
	var tags string
	var published, seen, updated int64
	if err := scan(&c.Key, &s.ID, &s.Source, &s.URL, &s.Title, &s.Summary, &s.Content, &s.Author, &tags, &s.Lang,
		&published, &seen, &updated); err != nil {
		return c, err
	}
	s.Published, s.Seen, s.Updated = at(published), at(seen), at(updated)
	if err := json.Unmarshal([]byte(tags), &s.Tags); err != nil {
		return c, fmt.Errorf("story %s: tags: %w", s.ID, err)
	}
	return c, nil
}

func (s *Store) readStory(ctx context.Context, q querier, k store.Key) (story.Story, error) {
	c, err := ScanStory(q.QueryRowContext(ctx,
		`SELECT `+StoryColumns+` FROM stories s JOIN sources src ON src.id = s.source WHERE s.key = $1`, int64(k)).Scan)
	if err != nil {
		return c.Story, err
	}
	one := []Candidate{c}
	err = s.readSightings(ctx, q, one)
	return one[0].Story, err
}

// readSightings gives stories their sources, the first to tell it first. A
// source that tells it under two identities is named once.
func (s *Store) readSightings(ctx context.Context, q querier, all []Candidate) error {
	keys := make([]store.Key, len(all))
	of := make(map[store.Key]*story.Story, len(all))
	for i := range all {
		keys[i], of[all[i].Key] = all[i].Key, &all[i].Story
	}
	among, arg := s.d.InKeys("g.story", keys)
	rows, err := q.QueryContext(ctx, `
SELECT g.story, src.name, g.url, g.published
FROM sightings g JOIN sources src ON src.id = g.source JOIN stories s ON s.key = g.story
WHERE `+among+` ORDER BY g.source <> s.source, g.seen, src.name`, arg)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var k store.Key
		var g story.Sighting
		var published int64
		if err := rows.Scan(&k, &g.Name, &g.URL, &published); err != nil {
			return err
		}
		st := of[k]
		if named(st.Sources, g.Name) {
			continue
		}
		if g.URL == "" {
			g.URL = st.URL
		}
		g.Published = at(published)
		st.Sources = append(st.Sources, g)
	}
	return rows.Err()
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
// compiled filter decides, so a search finds exactly what a watch matches.
func (s *Store) Search(ctx context.Context, q store.Search) ([]store.Hit, error) {
	if q.Limit <= 0 {
		q.Limit = 20
	}
	var hits []store.Hit
	for hit, err := range s.All(ctx, q) {
		if err != nil {
			return nil, err
		}
		hits = append(hits, hit)
		if len(hits) == q.Limit {
			break
		}
	}
	return hits, nil
}

// All is [Store.Search] without a limit, one hit at a time.
func (s *Store) All(ctx context.Context, q store.Search) iter.Seq2[store.Hit, error] {
	return func(yield func(store.Hit, error) bool) {
		r, err := rangeOf(q)
		if err != nil {
			yield(store.Hit{}, err)
			return
		}
		// One connection for all queries: a search that held one and waited
		// for a second could wait for ever on others like it.
		conn, err := s.read.Conn(ctx)
		if err != nil {
			yield(store.Hit{}, s.Explain(err))
			return
		}
		defer func() { _ = conn.Close() }() // gives it back to the pool
		for page, err := range s.d.Candidates(ctx, conn, r) {
			if err == nil {
				err = s.readSightings(ctx, conn, page)
			}
			if err != nil {
				yield(store.Hit{}, fmt.Errorf("search: %w", s.Explain(err)))
				return
			}
			for i := range page {
				c := &page[i]
				if q.Filter != nil && !q.Filter.Match(filters.NewDoc(&c.Story)) {
					continue
				}
				if !yield(store.Hit{Story: c.Story, Cursor: strconv.FormatInt(int64(c.Key), 36)}, nil) {
					return
				}
			}
		}
	}
}

// rangeOf is where a search has to look.
func rangeOf(q store.Search) (Range, error) {
	var r Range
	if q.Filter != nil {
		r.Need = q.Filter.Need()
	}
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
			return r, fmt.Errorf("search: the cursor %q is not one of ours", q.Before)
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
	err := s.read.QueryRowContext(ctx, `SELECT count(*) FROM stories`).Scan(&n)
	return n, s.Explain(err)
}

// Oldest is the time of the oldest story, or zero for an empty archive.
func (s *Store) Oldest(ctx context.Context) (time.Time, error) {
	var k sql.NullInt64
	err := s.read.QueryRowContext(ctx, `SELECT min(key) FROM stories`).Scan(&k)
	if err != nil || !k.Valid {
		return time.Time{}, s.Explain(err)
	}
	return at(k.Int64 >> keyShift), nil
}
