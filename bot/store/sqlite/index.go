package sqlite

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"math"
	"slices"
	"strings"

	"tipoff/bot/store"
	"tipoff/bot/store/database"
	"tipoff/filters"
)

var (
	sqlIndexStory   = statements.Get("IndexStory")
	sqlReindexStory = statements.Get("ReindexStory")
	sqlAll          = statements.Get("All")
	sqlFind         = statements.Get("Find")
	sqlAllDays      = statements.Get("AllDays")
	sqlDays         = statements.Get("Days")
	sqlAmongKeys    = statements.Get("AmongKeys")
	sqlIsKey        = statements.Get("IsKey")
	sqlClearIndex   = statements.Get("ClearIndex")
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
		if _, err := tx.Exec(ctx, query, int64(e.Key), e.Body, e.Title); err != nil {
			return fmt.Errorf("index story: %w", err)
		}
	}
	return nil
}

// ClearIndex empties the index.
func (d *dialect) ClearIndex(ctx context.Context, tx *database.Tx) error {
	_, err := tx.Exec(ctx, sqlClearIndex)
	return err
}

// Reindex is Index.
func (d *dialect) Reindex(ctx context.Context, tx *database.Tx, entries []database.Entry) error {
	return d.Index(ctx, tx, entries)
}

// FinishIndex has nothing to do.
func (d *dialect) FinishIndex(context.Context, *database.Tx) error { return nil }

// Insert runs the statement for each row: here that is what costs the least.
func (d *dialect) Insert(ctx context.Context, tx *database.Tx, table string, columns []string, rows [][]any, end string) error {
	query := "INSERT INTO " + table + " (" + strings.Join(columns, ", ") + ") VALUES (?" + strings.Repeat(", ?", len(columns)-1) + ") " + end
	for _, row := range rows {
		if _, err := tx.Exec(ctx, query, row...); err != nil {
			return err
		}
	}
	return nil
}

// AddStories is Insert: the index is a table of its own.
func (d *dialect) AddStories(ctx context.Context, tx *database.Tx, columns []string, rows [][]any, _ []database.Entry) error {
	return d.Insert(ctx, tx, "stories", columns, rows, "")
}

// AlertIDs is not asked for: SQLite gives alerts their ids.
func (d *dialect) AlertIDs(context.Context, *database.Tx, int) ([]int64, error) {
	return nil, errors.ErrUnsupported
}

// The first page is what a person looks at; later ones are for who reads all.
const firstPage, lastPage = 20, 256

// noLimit is what SQLite takes for no LIMIT.
const noLimit = -1

// Candidates walks the index from its newest entry: who has enough leaves, and
// what was not looked at cost nothing.
func (d *dialect) Candidates(ctx context.Context, read *database.Reader, r database.Range) iter.Seq2[[]database.Candidate, error] {
	return func(yield func([]database.Candidate, error) bool) {
		query, args := sqlAll, within(r)
		if r.Match.Kind == database.MatchSome {
			query, args = sqlFind, append([]any{r.Match.Query}, args...)
		} else {
			args = append(args, cmp.Or(r.Most, noLimit))
		}
		rows, err := read.QueryContext(ctx, query, args...)
		if err != nil {
			yield(nil, err)
			return
		}
		defer rows.Close()
		size := firstPage
		page := make([]database.Candidate, 0, size)
		for rows.Next() {
			c, err := database.ScanStory(rows.Scan)
			if err != nil {
				yield(nil, err)
				return
			}
			if page = append(page, c); len(page) < size {
				continue
			}
			if !yield(page, nil) {
				return
			}
			size = min(2*size, lastPage)
			page = make([]database.Candidate, 0, size)
		}
		if len(page) > 0 && !yield(page, nil) {
			return
		}
		if err := rows.Err(); err != nil {
			yield(nil, err)
		}
	}
}

// Reads are those of Candidates and Days.
func (d *dialect) Reads() []string { return []string{sqlAll, sqlFind, sqlAllDays, sqlDays} }

// Days counts in the index alone.
func (d *dialect) Days(ctx context.Context, read *database.Reader, r database.Range, each func(day, stories int64)) error {
	query, args := sqlAllDays, within(r)
	if r.Match.Kind == database.MatchSome {
		query, args = sqlDays, append([]any{r.Match.Query}, args...)
	}
	rows, err := read.QueryContext(ctx, query, args...)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var day, n int64
		if err := rows.Scan(&day, &n); err != nil {
			return err
		}
		each(day, n)
	}
	return rows.Err()
}

// within are the bounds of a range's keys.
func within(r database.Range) []any {
	if r.Until == 0 {
		r.Until = math.MaxInt64
	}
	return []any{r.From, r.Until}
}

// InKeys passes the keys as JSON, for SQLite has no arrays.
func (d *dialect) InKeys(keys []store.Key) (condition string, arg any) {
	if len(keys) == 1 {
		return sqlIsKey, int64(keys[0])
	}
	list, err := json.Marshal(keys)
	if err != nil {
		panic(err) // numbers can always be written
	}
	return sqlAmongKeys, string(list)
}

// maxToken is how long a word of the index is at the most; FTS5 cuts longer ones.
const maxToken = 32768

// fts is FTS5's own language.
var fts = database.Language{And: " AND ", Or: " OR ", AndNot: " NOT ", Words: ftsWords, Near: ftsNear}

// Language is that of FTS5.
func (d *dialect) Language() *database.Language { return &fts }

func ftsWords(n filters.Need) (query string, exact bool) {
	exact = true
	for _, w := range n.Words {
		exact = exact && len(w) < maxToken
	}
	if len(n.Words) == 0 {
		return "", false
	}
	query = in(n.Fields) + quoted(strings.Join(n.Words, " "))
	if n.Prefix {
		query += " *"
	}
	return query, exact
}

// ftsNear: https://sqlite.org/fts5.html#fts5_near_queries
func ftsNear(n filters.Need) string {
	return fmt.Sprintf("%sNEAR(%s %s, %d)", in(n.Fields), quoted(n.Words[0]), quoted(n.Words[1]), n.Within)
}

// in is the columns in which something is looked for.
func in(fields []string) string {
	if len(fields) == 0 {
		return ""
	}
	return "{" + strings.Join(fields, " ") + "} : "
}

func quoted(words string) string { return `"` + strings.ReplaceAll(words, `"`, `""`) + `"` }
