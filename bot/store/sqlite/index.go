package sqlite

import (
	"cmp"
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"iter"
	"slices"
	"strings"

	"tipoff/bot/store"
	"tipoff/bot/store/database"
	"tipoff/filters"
)

// A replacement looks for the old entry, which costs as much as the new one.
const (
	sqlIndexStory   = `INSERT INTO stories_index (rowid, title, summary, content) VALUES (?, ?, ?, ?)`
	sqlReindexStory = `INSERT OR REPLACE INTO stories_index (rowid, title, summary, content) VALUES (?, ?, ?, ?)`
)

// Index indexes stories in the order of their keys: FTS5 gathers entries in
// memory as long as the keys rise, and begins a new segment, which it has to
// merge later, when one does not.
func (d *dialect) Index(ctx context.Context, tx *database.Tx, entries []database.Entry) error {
	slices.SortStableFunc(entries, func(a, b database.Entry) int { return cmp.Compare(a.Key, b.Key) })
	for _, e := range entries {
		query := sqlIndexStory
		if e.Again {
			query = sqlReindexStory
		}
		if _, err := tx.Exec(ctx, query, int64(e.Key), e.Title, e.Summary, e.Content); err != nil {
			return fmt.Errorf("index story: %w", err)
		}
	}
	return nil
}

// Candidates walks the index from its newest entry, one story at a time: who
// has enough leaves, and what was not looked at cost nothing.
func (d *dialect) Candidates(ctx context.Context, conn *sql.Conn, r database.Range) iter.Seq2[[]database.Candidate, error] {
	return func(yield func([]database.Candidate, error) bool) {
		query, args := candidates(r)
		rows, err := conn.QueryContext(ctx, query, args...)
		if err != nil {
			yield(nil, err)
			return
		}
		defer rows.Close()
		for rows.Next() {
			c, err := database.ScanStory(rows.Scan)
			if !yield([]database.Candidate{c}, err) || err != nil {
				return
			}
		}
		if err := rows.Err(); err != nil {
			yield(nil, err)
		}
	}
}

func candidates(r database.Range) (string, []any) {
	var where []string
	var args []any
	from, key := "stories s", "s.key"
	if match := ftsMatch(r.Need); match != "" {
		from, key = "stories_index i JOIN stories s ON s.key = i.rowid", "i.rowid"
		where, args = append(where, "stories_index MATCH ?"), append(args, match)
	}
	if r.From != 0 {
		where, args = append(where, key+" >= ?"), append(args, r.From)
	}
	if r.Until != 0 {
		where, args = append(where, key+" < ?"), append(args, r.Until)
	}
	query := "SELECT " + database.StoryColumns + " FROM " + from + " JOIN sources src ON src.id = s.source"
	if len(where) > 0 {
		query += " WHERE " + strings.Join(where, " AND ")
	}
	return query + " ORDER BY " + key + " DESC", args
}

// InKeys passes the keys as JSON, for SQLite has no arrays.
func (d *dialect) InKeys(column string, keys []store.Key) (condition string, arg any) {
	if len(keys) == 1 {
		return column + " = $1", int64(keys[0])
	}
	list, err := json.Marshal(keys)
	if err != nil {
		panic(err) // numbers can always be written
	}
	return column + " IN (SELECT value FROM json_each($1))", string(list)
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
