package sqlite

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"iter"
	"strconv"
	"strings"
	"time"

	"tipoff/bot/store"
	"tipoff/filters"
	"tipoff/sources/story"
)

const storyColumns = `s.key, s.id, src.name, s.url, s.title, s.summary, s.content, s.author, s.tags, s.lang, s.published, s.seen, s.updated`

func scanStory(scan func(...any) error) (store.Key, story.Story, error) {
	var k store.Key
	var s story.Story
	var tags string
	var published, seen, updated int64
	if err := scan(&k, &s.ID, &s.Source, &s.URL, &s.Title, &s.Summary, &s.Content, &s.Author, &tags, &s.Lang,
		&published, &seen, &updated); err != nil {
		return 0, s, err
	}
	s.Published, s.Seen, s.Updated = at(published), at(seen), at(updated)
	if err := json.Unmarshal([]byte(tags), &s.Tags); err != nil {
		return 0, s, fmt.Errorf("story %s: tags: %w", s.ID, err)
	}
	return k, s, nil
}

func readStory(ctx context.Context, q querier, k store.Key) (story.Story, error) {
	_, s, err := scanStory(q.QueryRowContext(ctx,
		`SELECT `+storyColumns+` FROM stories s JOIN sources src ON src.id = s.source WHERE s.key = ?`, int64(k)).Scan)
	if err != nil {
		return s, err
	}
	s.Sources, err = readSightings(ctx, q, k, s.URL)
	return s, err
}

// readSightings lists a story's sources, the first to tell it first. A source
// that tells it under two identities is named once.
func readSightings(ctx context.Context, q querier, k store.Key, storyURL string) ([]story.Sighting, error) {
	rows, err := q.QueryContext(ctx, `
SELECT src.name, g.url, g.published
FROM sightings g JOIN sources src ON src.id = g.source JOIN stories s ON s.key = g.story
WHERE g.story = ? ORDER BY g.source <> s.source, g.seen, src.name`, int64(k))
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var all []story.Sighting
	named := make(map[string]bool)
	for rows.Next() {
		var g story.Sighting
		var published int64
		if err := rows.Scan(&g.Name, &g.URL, &published); err != nil {
			return nil, err
		}
		if named[g.Name] {
			continue
		}
		named[g.Name] = true
		if g.URL == "" {
			g.URL = storyURL
		}
		g.Published = at(published)
		all = append(all, g)
	}
	return all, rows.Err()
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
		query, args, err := searchSQL(q)
		if err != nil {
			yield(store.Hit{}, err)
			return
		}
		// One connection for both queries: a search that held one and waited
		// for a second could wait for ever on others like it.
		conn, err := s.read.Conn(ctx)
		if err != nil {
			yield(store.Hit{}, s.explain(err))
			return
		}
		defer func() { _ = conn.Close() }() // gives it back to the pool
		rows, err := conn.QueryContext(ctx, query, args...)
		if err != nil {
			yield(store.Hit{}, fmt.Errorf("search: %w", s.explain(err)))
			return
		}
		defer rows.Close()
		for rows.Next() {
			k, st, err := scanStory(rows.Scan)
			if err == nil {
				st.Sources, err = readSightings(ctx, conn, k, st.URL)
			}
			if err != nil {
				yield(store.Hit{}, err)
				return
			}
			if q.Filter != nil && !q.Filter.Match(filters.NewDoc(&st)) {
				continue
			}
			if !yield(store.Hit{Story: st, Cursor: strconv.FormatInt(int64(k), 36)}, nil) {
				return
			}
		}
		if err := rows.Err(); err != nil {
			yield(store.Hit{}, s.explain(err))
		}
	}
}

func searchSQL(q store.Search) (string, []any, error) {
	var where []string
	var args []any
	match := ""
	if q.Filter != nil {
		match = ftsMatch(q.Filter.Need())
	}
	from, key := "stories s", "s.key"
	if match != "" {
		// The index is walked from its newest entry and left as soon as there
		// are enough hits.
		from, key = "stories_index i JOIN stories s ON s.key = i.rowid", "i.rowid"
		where, args = append(where, "stories_index MATCH ?"), append(args, match)
	}
	since, until := q.Span()
	if !since.IsZero() {
		where, args = append(where, key+" >= ?"), append(args, firstKey(since))
	}
	if !until.IsZero() {
		where, args = append(where, key+" < ?"), append(args, firstKey(until))
	}
	if q.Before != "" {
		before, err := strconv.ParseInt(q.Before, 36, 64)
		if err != nil {
			return "", nil, fmt.Errorf("search: the cursor %q is not one of ours", q.Before)
		}
		where, args = append(where, key+" < ?"), append(args, before)
	}
	sql := "SELECT " + storyColumns + " FROM " + from + " JOIN sources src ON src.id = s.source"
	if len(where) > 0 {
		sql += " WHERE " + strings.Join(where, " AND ")
	}
	return sql + " ORDER BY " + key + " DESC", args, nil
}

// firstKey is the smallest key of a story at t or later.
func firstKey(t time.Time) int64 {
	sec := t.Unix()
	if t.Nanosecond() > 0 {
		sec++
	}
	return sec << keyShift
}

// ftsMatch writes a need in FTS5's own language, or "" where it would not
// narrow anything.
func ftsMatch(n filters.Need) string {
	switch n.Op {
	case filters.OpWords:
		if len(n.Words) == 0 {
			return ""
		}
		var b strings.Builder
		if len(n.Fields) > 0 {
			b.WriteString("{" + strings.Join(n.Fields, " ") + "} : ")
		}
		b.WriteString(`"` + strings.ReplaceAll(strings.Join(n.Words, " "), `"`, `""`) + `"`)
		if n.Prefix {
			b.WriteString(" *")
		}
		return b.String()
	case filters.OpAnd:
		return join(n.Sub, " AND ", false)
	case filters.OpOr:
		return join(n.Sub, " OR ", true)
	}
	return ""
}

// join joins the needs that narrow. Where all must, one that does not makes
// the whole not narrow.
func join(needs []filters.Need, op string, all bool) string {
	var parts []string
	for _, n := range needs {
		m := ftsMatch(n)
		switch {
		case m != "":
			parts = append(parts, "("+m+")")
		case all:
			return ""
		}
	}
	return strings.Join(parts, op)
}

// Count says how many stories the archive holds.
func (s *Store) Count(ctx context.Context) (int, error) {
	var n int
	err := s.read.QueryRowContext(ctx, `SELECT count(*) FROM stories`).Scan(&n)
	return n, s.explain(err)
}

// Oldest is the time of the oldest story, or zero for an empty archive.
func (s *Store) Oldest(ctx context.Context) (time.Time, error) {
	var k sql.NullInt64
	err := s.read.QueryRowContext(ctx, `SELECT min(key) FROM stories`).Scan(&k)
	if err != nil || !k.Valid {
		return time.Time{}, s.explain(err)
	}
	return at(k.Int64 >> keyShift), nil
}
