package postgres

import (
	"cmp"
	"context"
	"fmt"
	"iter"
	"math"
	"slices"
	"strings"

	"tipoff/bot/store"
	"tipoff/bot/store/database"
)

var (
	sqlAlertIDs    = statements.Get("AlertIDs")
	sqlEditWords   = statements.Get("EditWords")
	sqlMergeIndex  = statements.Get("MergeIndex")
	sqlFind        = statements.Get("Find")
	sqlFindStories = statements.Get("FindStories")
	sqlAll         = statements.Get("All")
	sqlEnds        = statements.Get("Ends")
	sqlDays        = statements.Get("Days")
	sqlAllDays     = statements.Get("AllDays")
	sqlStories     = statements.Get("Stories")
	sqlAmongKeys   = statements.Get("AmongKeys")
	sqlDropIndex   = statements.Get("DropIndex")
	sqlSetWords    = statements.Get("SetWords")
	sqlMakeIndex   = statements.Get("MakeIndex")
)

// Insert adds all rows with one statement.
func (d *dialect) Insert(ctx context.Context, tx *database.Tx, table string, columns []string, rows [][]any, end string) error {
	types, args := make([]string, len(columns)), make([]any, len(columns))
	for c := range columns {
		switch rows[0][c].(type) {
		case int64:
			types[c], args[c] = "bigint", columnOf[int64](rows, c)
		case []byte:
			types[c], args[c] = "bytea", columnOf[[]byte](rows, c)
		case string:
			types[c], args[c] = "text", columnOf[string](rows, c)
			for i, s := range args[c].([]string) {
				args[c].([]string)[i] = plain(s)
			}
		default:
			return fmt.Errorf("column %s of %s has a %T", columns[c], table, rows[0][c])
		}
		types[c] = fmt.Sprintf("$%d::%s[]", c+1, types[c])
	}
	_, err := tx.Exec(ctx, "INSERT INTO "+table+" ("+strings.Join(columns, ", ")+") SELECT * FROM unnest("+strings.Join(types, ", ")+") "+end, args...)
	return err
}

func columnOf[T any](rows [][]any, c int) []T {
	column := make([]T, len(rows))
	for i, row := range rows {
		column[i], _ = row[c].(T)
	}
	return column
}

// AddStories adds stories with the words that the index is to have of them.
func (d *dialect) AddStories(ctx context.Context, tx *database.Tx, columns []string, rows [][]any, entries []database.Entry) error {
	columns = append(slices.Clip(columns), "words")
	for i := range rows {
		rows[i] = append(rows[i], entries[i].Words)
	}
	return d.Insert(ctx, tx, "stories", columns, rows, "")
}

// Words are those of the column of that name.
func (d *dialect) Words(e database.Entry) string { return words(e) }

// AlertIDs takes ids from the sequence of alerts.
func (d *dialect) AlertIDs(ctx context.Context, tx *database.Tx, n int) ([]int64, error) {
	rows, err := tx.QueryContext(ctx, sqlAlertIDs, n)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var all []int64
	for rows.Next() {
		var id int64
		if err := rows.Scan(&id); err != nil {
			return nil, err
		}
		all = append(all, id)
	}
	return all, rows.Err()
}

// Index gives edited stories their new words; new ones have theirs. Then it
// merges the words of all into the index.
func (d *dialect) Index(ctx context.Context, tx *database.Tx, entries []database.Entry) error {
	for _, e := range entries {
		if !e.Again {
			continue
		}
		if _, err := tx.Exec(ctx, sqlEditWords, e.Words, int64(e.Key)); err != nil {
			return fmt.Errorf("index story: %w", err)
		}
	}
	if _, err := tx.Exec(ctx, sqlMergeIndex); err != nil {
		return fmt.Errorf("index stories: %w", err)
	}
	return nil
}

// ClearIndex drops the index.
func (d *dialect) ClearIndex(ctx context.Context, tx *database.Tx) error {
	_, err := tx.Exec(ctx, sqlDropIndex)
	return err
}

// Reindex says what the index is to have of stories.
func (d *dialect) Reindex(ctx context.Context, tx *database.Tx, entries []database.Entry) error {
	keys, all := make([]int64, len(entries)), make([]string, len(entries))
	for i, e := range entries {
		keys[i], all[i] = int64(e.Key), e.Words
	}
	_, err := tx.Exec(ctx, sqlSetWords, keys, all)
	return err
}

// FinishIndex makes the index.
func (d *dialect) FinishIndex(ctx context.Context, tx *database.Tx) error {
	_, err := tx.Exec(ctx, sqlMakeIndex)
	return err
}

// A page of results is the newest of what may be a million stories or none. The
// planner does not know how frequent a word is, and the index gives all stories
// of a word or none; so it is asked for the newest span of time, then for one of a
// length in which there ought to be enough, to go by what was found, and at last
// for all the rest. A word that is frequent is found at once, and of a rare one
// there is not much in all.

// level is a length of the spans of time that the index knows.
type level struct {
	mark  string
	shift uint // of a key
}

// of is the mark of a span, as tsquery reads it.
func (l level) of(span int64) string { return fmt.Sprintf("'%s%d'", l.mark, span) }

// levels are the lengths, the shortest first; each is four times the one before.
var levels = []level{{"@b", 26}, {"@c", 28}, {"@e", 30}, {"@g", 32}, {"@h", 34}}

const firstPage, lastPage = 32, 512

// Candidates yields pages that grow: who wants one hit need not wait for a
// thousand.
func (d *dialect) Candidates(ctx context.Context, read *database.Reader, r database.Range) iter.Seq2[[]database.Candidate, error] {
	return func(yield func([]database.Candidate, error) bool) {
		s := &search{ctx: ctx, read: read, size: firstPage, yield: yield}
		if r.Until == 0 {
			r.Until = math.MaxInt64
		}
		var err error
		if r.Match.Kind == database.MatchSome {
			err = s.find(r.Match.Query, r.From, r.Until)
		} else {
			err = s.all(r.From, r.Until, cmp.Or(r.Most, math.MaxInt))
		}
		if err != nil && !s.done {
			yield(nil, err)
		}
	}
}

// search is one search under way.
type search struct {
	ctx   context.Context //nolint:containedctx // of the one call
	read  *database.Reader
	size  int
	last  store.Key // that was yielded
	yield func([]database.Candidate, error) bool
	done  bool
}

// find yields the stories of a range that a query finds.
func (s *search) find(query string, from, until int64) error {
	ends, err := s.keys(sqlEnds, from, until)
	if err != nil || len(ends) == 0 {
		return err
	}
	from, until = int64(ends[1]), int64(ends[0])+1
	for i := 0; i < len(levels) && until > from; {
		l := levels[i]
		span := (until - 1) >> l.shift
		low := max(from, span<<l.shift)
		n, err := s.span(fmt.Sprintf("(%s) & %s", query, l.of(span)), low, until)
		if err != nil || s.done {
			return err
		}
		// Of the newest span there may be little yet.
		often := max(float64(n), 0.5) / (float64(until-low) / float64(int64(1)<<l.shift))
		for until = low; often < float64(s.size) && i < len(levels); often *= 4 {
			i++
		}
	}
	if until <= from {
		return nil
	}
	_, err = s.span(query, from, until)
	return err
}

// span yields the stories of a span, and returns how many there are. The newest
// ones are read at once with their keys, for each look at the table counts; of
// more there may be too many to hold.
func (s *search) span(query string, from, until int64) (int, error) {
	most := 2 * s.size
	if s.size > firstPage { // the first page was not enough
		most = 4 * lastPage
	}
	newest, err := s.stories(sqlFindStories, query, from, until, most)
	if err != nil {
		return 0, err
	}
	n := len(newest)
	for len(newest) > 0 && !s.done {
		size := min(s.size, len(newest))
		s.give(newest[:size])
		newest = newest[size:]
	}
	if n < most || s.done {
		return n, nil
	}
	others, err := s.keys(sqlFind, query, from, int64(s.last))
	if err != nil {
		return n, err
	}
	return n + len(others), s.pages(others)
}

// give yields a page.
func (s *search) give(page []database.Candidate) {
	s.size = min(2*s.size, lastPage)
	if len(page) > 0 {
		s.last = page[len(page)-1].Key
		s.done = !s.yield(page, nil)
	}
}

// all yields the stories of a range, at most so many.
func (s *search) all(from, until int64, most int) error {
	for !s.done && most > 0 {
		page, err := s.stories(sqlAll, from, until, min(s.size, most))
		if err != nil || len(page) == 0 {
			return err
		}
		until = int64(page[len(page)-1].Key)
		most -= len(page)
		s.give(page)
	}
	return nil
}

func (s *search) keys(query string, args ...any) ([]store.Key, error) {
	rows, err := s.read.QueryContext(s.ctx, query, args...)
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
		page, err := s.stories(sqlStories, array(keys[:n]))
		if err != nil {
			return err
		}
		keys = keys[n:]
		s.give(page)
	}
	return nil
}

func (s *search) stories(query string, args ...any) ([]database.Candidate, error) {
	rows, err := s.read.QueryContext(s.ctx, query, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var page []database.Candidate
	for rows.Next() {
		c, err := database.ScanStory(rows.Scan)
		if err != nil {
			return nil, err
		}
		page = append(page, c)
	}
	return page, rows.Err()
}

// Reads are none: the driver prepares what it meets again.
func (d *dialect) Reads() []string { return nil }

// Days counts with the index of words, or the keys alone.
func (d *dialect) Days(ctx context.Context, read *database.Reader, r database.Range, each func(day, stories int64)) error {
	if r.Until == 0 {
		r.Until = math.MaxInt64
	}
	query, args := sqlAllDays, []any{r.From, r.Until}
	if r.Match.Kind == database.MatchSome {
		query, args = sqlDays, []any{within(r.Match.Query, r.From, r.Until), r.From, r.Until}
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

// within is a query with the marks of the spans that a range is in, if these are
// few: so the index does not gather what is outside.
func within(query string, from, until int64) string {
	for _, l := range levels {
		first, last := from>>l.shift, (until-1)>>l.shift
		if last-first >= fewSpans {
			continue
		}
		marks := make([]string, 0, fewSpans)
		for span := first; span <= last; span++ {
			marks = append(marks, l.of(span))
		}
		return fmt.Sprintf("(%s) & (%s)", query, strings.Join(marks, " | "))
	}
	return query
}

const fewSpans = 4

// InKeys passes the keys as an array.
func (d *dialect) InKeys(keys []store.Key) (condition string, arg any) {
	return sqlAmongKeys, array(keys)
}

func array(keys []store.Key) []int64 {
	all := make([]int64, len(keys))
	for i, k := range keys {
		all[i] = int64(k)
	}
	return all
}
