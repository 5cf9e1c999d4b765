package postgres

import (
	"context"
	"database/sql"
	"fmt"
	"iter"
	"strings"
	"unicode/utf8"

	"tipoff/bot/store"
	"tipoff/bot/store/database"
	"tipoff/filters"
)

// The limits of a tsvector are 2 KB a word and 1 MB in all.
const (
	maxWord   = 255
	maxVector = 900_000
)

// tooLong stands in the index of a story that has more words than fit, and in
// every search.
const tooLong = "/"

const sqlIndex = `
INSERT INTO stories_index (story, words)
SELECT t.story, t.words::tsvector FROM unnest($1::bigint[], $2::text[]) AS t (story, words)
ON CONFLICT (story) DO UPDATE SET words = excluded.words`

// Index indexes all stories with one statement.
func (d *dialect) Index(ctx context.Context, tx *database.Tx, entries []database.Entry) error {
	// The same story twice in a statement is refused: its last text counts.
	last := make(map[store.Key]int, len(entries))
	for i, e := range entries {
		last[e.Key] = i
	}
	keys, words := make([]int64, 0, len(last)), make([]string, 0, len(last))
	for i, e := range entries {
		if last[e.Key] == i {
			keys, words = append(keys, int64(e.Key)), append(words, vector(e))
		}
	}
	if _, err := tx.Exec(ctx, sqlIndex, keys, words); err != nil {
		return fmt.Errorf("index stories: %w", err)
	}
	return nil
}

// vector is a story's words in the notation of a tsvector. The server puts them
// in order and drops those that come twice.
func vector(e database.Entry) string {
	var b strings.Builder
	fits := func(text, mark string) bool {
		for w := range strings.FieldsSeq(text) {
			if b.Len() > maxVector {
				return false
			}
			lexeme(&b, mark+w)
			b.WriteByte(' ')
		}
		return true
	}
	if fits(e.Title, "") && fits(e.Title, "/") && fits(e.Summary, "") && fits(e.Content, "") {
		return b.String()
	}
	b.Reset()
	lexeme(&b, tooLong)
	return b.String()
}

// lexeme writes a word as tsvector and tsquery read it.
func lexeme(b *strings.Builder, w string) {
	w = plain(w)
	if len(w) > maxWord {
		cut := maxWord
		for !utf8.RuneStart(w[cut]) {
			cut--
		}
		w = w[:cut]
	}
	b.WriteByte('\'')
	for i := range len(w) {
		if w[i] == '\'' || w[i] == '\\' {
			b.WriteByte(w[i])
		}
		b.WriteByte(w[i])
	}
	b.WriteByte('\'')
}

// tsquery writes a need in the notation of a tsquery, or "" where it would not
// narrow anything. Words that must be next to each other are only both there:
// the compiled query sees to the rest.
func tsquery(n filters.Need) string {
	switch n.Op {
	case filters.OpWords:
		mark := ""
		if len(n.Fields) == 1 && n.Fields[0] == "title" {
			mark = "/"
		}
		parts := make([]string, 0, len(n.Words))
		for i, w := range n.Words {
			var b strings.Builder
			lexeme(&b, mark+w)
			if n.Prefix && i == len(n.Words)-1 {
				b.WriteString(":*")
			}
			parts = append(parts, b.String())
		}
		return strings.Join(parts, " & ")
	case filters.OpAnd:
		return join(n.Sub, " & ", false)
	case filters.OpOr:
		return join(n.Sub, " | ", true)
	}
	return ""
}

// join joins the needs that narrow. Where all must, one that does not makes
// the whole not narrow.
func join(needs []filters.Need, op string, all bool) string {
	var parts []string
	for _, n := range needs {
		q := tsquery(n)
		switch {
		case q != "":
			parts = append(parts, "("+q+")")
		case all:
			return ""
		}
	}
	return strings.Join(parts, op)
}

// The planner does not know how frequent a word is. With "newest first, and only
// a page of them" it walks the whole table backwards in search of a rare one; for
// a common one, the index would first gather a million stories. So the newest
// stories are looked through in their order, and tell how frequent the words are:
// if there are enough hits, so is the rest, else the index gives all that is left.
const (
	window  = 1024
	maxStep = 64 * window
	// dense is how many stories for each hit are still worth walking through.
	dense = 256

	firstPage, lastPage = 32, 512
)

const (
	// The last of the newest so many.
	sqlWindow = `SELECT story FROM stories_index WHERE story >= $1 AND story < $2 ORDER BY story DESC OFFSET $3 LIMIT 1`

	// OFFSET 0 and MATERIALIZED keep the planner from mixing the two ways.
	sqlWalk = `
SELECT story FROM (SELECT story, words FROM stories_index WHERE story >= $1 AND story < $2 OFFSET 0) AS newest
WHERE words @@ $3::tsquery ORDER BY story DESC`

	sqlGather = `
WITH found AS MATERIALIZED (SELECT story FROM stories_index WHERE words @@ $3::tsquery AND story >= $1 AND story < $2)
SELECT story FROM found ORDER BY story DESC`

	sqlAll = `SELECT key FROM stories WHERE key >= $1 AND key < $2 ORDER BY key DESC LIMIT $3`
)

// Candidates yields pages that grow: who wants one hit need not wait for a
// thousand.
func (d *dialect) Candidates(ctx context.Context, conn *sql.Conn, r database.Range) iter.Seq2[[]database.Candidate, error] {
	return func(yield func([]database.Candidate, error) bool) {
		s := &search{ctx: ctx, conn: conn, size: firstPage, yield: yield}
		if r.Until == 0 {
			r.Until = 1<<63 - 1
		}
		var err error
		if q := tsquery(r.Need); q != "" {
			err = s.find("("+q+") | '"+tooLong+"'", r.From, r.Until)
		} else {
			err = s.all(r.From, r.Until)
		}
		if err != nil && !s.done {
			yield(nil, err)
		}
	}
}

// search is one search under way.
type search struct {
	ctx   context.Context //nolint:containedctx // of the one call
	conn  *sql.Conn
	size  int
	yield func([]database.Candidate, error) bool
	done  bool
}

func (s *search) find(query string, from, until int64) error {
	walked, hits := 0, 0
	for step := window; until > from && hits*dense >= walked; step = min(2*step, maxStep) {
		low := from
		rest, err := s.keys(sqlWindow, from, until, step-1)
		if err != nil {
			return err
		}
		if len(rest) > 0 {
			low = int64(rest[0])
		}
		found, err := s.keys(sqlWalk, low, until, query)
		if err != nil {
			return err
		}
		if err := s.pages(found); err != nil || s.done {
			return err
		}
		walked, hits, until = walked+step, hits+len(found), low
	}
	if until <= from {
		return nil
	}
	found, err := s.keys(sqlGather, from, until, query)
	if err != nil {
		return err
	}
	return s.pages(found)
}

func (s *search) all(from, until int64) error {
	for !s.done {
		found, err := s.keys(sqlAll, from, until, s.size)
		if err != nil || len(found) == 0 {
			return err
		}
		until = int64(found[len(found)-1])
		if err := s.pages(found); err != nil {
			return err
		}
	}
	return nil
}

func (s *search) keys(query string, args ...any) ([]store.Key, error) {
	rows, err := s.conn.QueryContext(s.ctx, query, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var all []store.Key
	for rows.Next() {
		var k store.Key
		if err := rows.Scan(&k); err != nil {
			return nil, err
		}
		all = append(all, k)
	}
	return all, rows.Err()
}

// pages yields the stories of keys, in their order.
func (s *search) pages(keys []store.Key) error {
	for len(keys) > 0 && !s.done {
		n := min(s.size, len(keys))
		page, err := s.stories(keys[:n])
		if err != nil {
			return err
		}
		keys, s.size = keys[n:], min(2*s.size, lastPage)
		s.done = !s.yield(page, nil)
	}
	return nil
}

const sqlStories = `
SELECT ` + database.StoryColumns + ` FROM stories s JOIN sources src ON src.id = s.source
WHERE s.key = ANY ($1::bigint[]) ORDER BY s.key DESC`

func (s *search) stories(keys []store.Key) ([]database.Candidate, error) {
	rows, err := s.conn.QueryContext(s.ctx, sqlStories, array(keys))
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	page := make([]database.Candidate, 0, len(keys))
	for rows.Next() {
		c, err := database.ScanStory(rows.Scan)
		if err != nil {
			return nil, err
		}
		page = append(page, c)
	}
	return page, rows.Err()
}

// InKeys passes the keys as an array.
func (d *dialect) InKeys(column string, keys []store.Key) (condition string, arg any) {
	return column + " = ANY ($1::bigint[])", array(keys)
}

func array(keys []store.Key) []int64 {
	all := make([]int64, len(keys))
	for i, k := range keys {
		all[i] = int64(k)
	}
	return all
}
