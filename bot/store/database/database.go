// Package database is what the stores have in common: the archive, the
// watches and what is still to be sent, in SQL that SQLite and PostgreSQL read
// the same way. What they do not have in common is a [Dialect]; opening a
// database, its schema and its errors are the stores' own, in the folders
// beside this one. The statements are in the folder queries, by their names.
//
// Whoever writes is alone: SQLite has one writer anyway, and a [Dialect] for a
// shared server takes a lock. So a transaction sees the same things on both, and
// cannot fail half way because of another one.
package database

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"iter"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"tipoff/bot/alert"
	"tipoff/bot/store"
	"tipoff/bot/store/queries"
	"tipoff/sources/story"
)

//go:embed queries/*.sql
var queryFiles embed.FS

// statements are those of the folder queries, by name.
var statements = queries.Must(queryFiles)

var sqlCountSources = statements.Get("CountSources")

// Enqueuer puts the delivery job of a target into the store's own
// transaction, so that an alert and the job that sends it are written together
// or not at all.
type Enqueuer interface {
	EnqueueDelivery(ctx context.Context, tx *sql.Tx, targets []alert.Target) error
	// WakeDelivery does the same, and jobs that wait for a later time start now.
	WakeDelivery(ctx context.Context, tx *sql.Tx, targets []alert.Target) error
}

// Dialect is what one database does in its own way.
type Dialect interface {
	// Explain gives the errors that people can mend a sentence that says how.
	Explain(err error) error
	// Lock makes a transaction that writes the only one.
	Lock(ctx context.Context, tx *sql.Tx) error
	// Tell lets the other processes that share the database hear of a change,
	// once the transaction is committed.
	Tell(ctx context.Context, tx *sql.Tx, c store.Change) error
	// Prepared reports whether statements are prepared by us.
	Prepared() bool
	// Lookups are the statements that look for many things at once.
	Lookups() *Lookups
	// Array is what a statement of Lookups is asked for: [][]byte, []string or
	// []store.Key, as the database takes it.
	Array(v any) any
	// Words is what [Entry.Words] is to be.
	Words(e Entry) string
	// Arg is a value as the database takes it.
	Arg(v any) any
	// Insert adds rows to a table; end is the end of the statement, such as ON
	// CONFLICT. A column has values of one type: int64, string or []byte.
	Insert(ctx context.Context, tx *Tx, table string, columns []string, rows [][]any, end string) error
	// AddStories adds rows to the table of stories. The entries are theirs.
	AddStories(ctx context.Context, tx *Tx, columns []string, rows [][]any, entries []Entry) error
	// AlertIDs takes ids for alerts that are to be inserted; only where
	// statements are not prepared.
	AlertIDs(ctx context.Context, tx *Tx, n int) ([]int64, error)
	// Index puts stories into the search index, once they are in their table.
	Index(ctx context.Context, tx *Tx, entries []Entry) error
	// ClearIndex empties the search index, which is to be made again: by Reindex
	// with the entries of all stories, and at last FinishIndex.
	ClearIndex(ctx context.Context, tx *Tx) error
	Reindex(ctx context.Context, tx *Tx, entries []Entry) error
	FinishIndex(ctx context.Context, tx *Tx) error
	// Candidates are the stories that a search has to look at, newest first,
	// some at a time: all that match, and others.
	// No page is empty.
	Candidates(ctx context.Context, read *Reader, r Range) iter.Seq2[[]Candidate, error]
	// Reads are the statements of Candidates and Days, where they are prepared.
	Reads() []string
	// Language is how the index is asked.
	Language() *Language
	// Days calls each with every day of which the index finds stories, and how
	// many. Days count from the beginning of 1970, and do not come in order.
	Days(ctx context.Context, read *Reader, r Range, each func(day, stories int64)) error
	// InKeys is what the condition that a column is among keys has after the
	// column, and the keys as the statement's first argument.
	InKeys(keys []store.Key) (condition string, arg any)
	// Unindex takes stories out of the search index, if they do not leave it by
	// themselves.
	Unindex(ctx context.Context, tx *Tx, keys []store.Key) error
	// Size is how many bytes the stored things have, without the room that
	// deleted ones left.
	Size(ctx context.Context, read *sql.DB) (int64, error)
	// Measure is Size, where need be with a note of it in the database.
	Measure(ctx context.Context, tx *Tx) (int64, error)
	// Compact tidies the search index and gives back the room of what was
	// deleted, in small steps.
	Compact(ctx context.Context, write *sql.DB) error
}

// Entry is what the index is to hold of a story: the filter language's own
// words, separated by spaces.
type Entry struct {
	Key store.Key
	// Again is true where the index may hold the story already.
	Again bool
	// Title and Body are as [filters.Doc.IndexTexts] has them.
	Title, Body string
	// Story is what the words are of.
	Story *story.Story
	// Words are the same as the dialect writes them, if it does.
	Words string
}

// Options are for [New].
type Options struct {
	// Write is the pool that writes; nil where the store is open for reading.
	Write *sql.DB
	// Read is the pool that reads, which may be the same.
	Read *sql.DB
	// Dialect is how this database does it.
	Dialect Dialect
	// Now is the clock.
	Now func() time.Time
	// Name is the database in a message.
	Name string
}

// Store is an open database. It is safe for use by many goroutines.
type Store struct {
	name  string
	now   func() time.Time
	write *sql.DB
	read  *sql.DB
	d     Dialect
	lang  *Language
	jobs  Enqueuer

	sources atomic.Pointer[sourceNames]

	reindexing func(done, all int) // or nil

	// place counts the stories added; the one writing transaction has it.
	place int64

	// oneSource is asked before each visit; parsing it each time would cost
	// more than the answer. Prepare makes it.
	oneSource *sql.Stmt

	// reads are the statements of searches, on the pool that reads. Prepare makes
	// them.
	reads map[string]*sql.Stmt

	mu    sync.Mutex // guards stmts
	stmts map[string]*sql.Stmt
}

// New returns the store on an open database. [Store.Prepare] comes before
// anything else, once there is a schema.
func New(o Options) *Store {
	return &Store{name: o.Name, now: o.Now, write: o.Write, read: o.Read, d: o.Dialect, lang: o.Dialect.Language(), stmts: make(map[string]*sql.Stmt)}
}

// Explain gives the errors that people can mend a sentence that says how.
func (s *Store) Explain(err error) error {
	if err == nil {
		return nil
	}
	return s.d.Explain(err)
}

// SetEnqueuer says who puts delivery jobs into this store's transactions. It
// is set once, before the first alert is written.
func (s *Store) SetEnqueuer(e Enqueuer) { s.jobs = e }

// DB is the pool that writes, for the job engine. Where that is one connection,
// who holds a transaction on it must not ask for a second one.
func (s *Store) DB() *sql.DB { return s.write }

// Name is the database in a message: a path or an address, and no secret.
func (s *Store) Name() string { return s.name }

// Check reports whether the database answers, for a readiness probe.
func (s *Store) Check(ctx context.Context) error {
	var n int
	return s.Explain(s.read.QueryRowContext(ctx, sqlCountSources).Scan(&n))
}

// Prepare parses the statements of the hot path once: parsing costs more than
// most of them do.
func (s *Store) Prepare(ctx context.Context) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.oneSource != nil || !s.d.Prepared() {
		return nil
	}
	for _, q := range hot {
		st, err := s.write.PrepareContext(ctx, q)
		if err != nil {
			return s.Explain(err)
		}
		s.stmts[q] = st
	}
	if err := s.prepareReads(ctx); err != nil {
		return s.Explain(err)
	}
	var err error
	s.oneSource, err = s.read.PrepareContext(ctx, sqlSource)
	return s.Explain(err)
}

// Close forgets what was prepared and closes the pools. It is safe to call
// twice.
func (s *Store) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	var errs []error
	for q, st := range s.stmts {
		errs = append(errs, st.Close())
		delete(s.stmts, q)
	}
	for _, st := range s.reads {
		errs = append(errs, st.Close())
	}
	if s.oneSource != nil {
		errs = append(errs, s.oneSource.Close())
	}
	for _, db := range []*sql.DB{s.read, s.write} {
		if db != nil {
			errs = append(errs, db.Close())
		}
	}
	return errors.Join(errs...)
}

// Tx is a transaction that writes. Everything done in it is written together,
// or not at all.
type Tx struct {
	*sql.Tx
	s       *Store
	stmts   map[string]*sql.Stmt
	entries []Entry // for the index, which is written at the end
	batch   batch
}

// stmt is the statement in this transaction, which closes it at its end.
func (t *Tx) stmt(ctx context.Context, query string) (*sql.Stmt, error) {
	if st := t.stmts[query]; st != nil {
		return st, nil
	}
	t.s.mu.Lock()
	st := t.s.stmts[query]
	t.s.mu.Unlock()
	if st != nil {
		st = t.StmtContext(ctx, st)
	} else {
		var err error
		if st, err = t.PrepareContext(ctx, query); err != nil {
			return nil, err
		}
	}
	t.stmts[query] = st
	return st, nil
}

// Exec runs a statement, which is prepared once for the transaction.
func (t *Tx) Exec(ctx context.Context, query string, args ...any) (sql.Result, error) {
	if !t.s.d.Prepared() {
		return t.ExecContext(ctx, query, t.args(args)...)
	}
	st, err := t.stmt(ctx, query)
	if err != nil {
		return nil, err
	}
	return st.ExecContext(ctx, t.args(args)...)
}

// row is scanned by the caller; an error in preparing comes with the scan.
func (t *Tx) row(ctx context.Context, query string, args []any, dest ...any) error {
	if !t.s.d.Prepared() {
		return t.QueryRowContext(ctx, query, t.args(args)...).Scan(dest...)
	}
	st, err := t.stmt(ctx, query)
	if err != nil {
		return err
	}
	return st.QueryRowContext(ctx, t.args(args)...).Scan(dest...)
}

func (t *Tx) args(args []any) []any {
	for i, v := range args {
		args[i] = t.s.d.Arg(v)
	}
	return args
}

// Update runs f in one transaction. The transaction is not cut off when ctx
// ends: what was begun is written whole or rolled back by f's error.
func (s *Store) Update(ctx context.Context, f func(ctx context.Context, tx *Tx) error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if s.write == nil {
		return fmt.Errorf("store: %s is open for reading only", s.name)
	}
	ctx = context.WithoutCancel(ctx)
	tx, err := s.write.BeginTx(ctx, nil)
	if err != nil {
		return s.Explain(err)
	}
	t := &Tx{Tx: tx, s: s, stmts: make(map[string]*sql.Stmt), batch: batch{
		fresh: make(map[store.Key][]string), sighted: make(map[sighting]int), known: make(map[sighting]*store.Known),
		ids: make(map[string]store.Key), told: make(map[store.Key][]int64), free: make(map[string]int64), taken: make(map[int64]bool),
		made: make(map[*story.Story]Entry),
	}}
	err = s.d.Lock(ctx, tx)
	if err == nil {
		err = f(ctx, t)
	}
	if err == nil {
		err = t.finish(ctx)
	}
	if err != nil {
		return errors.Join(s.Explain(err), ignoreDone(tx.Rollback()))
	}
	return s.Explain(tx.Commit())
}

// ignoreDone drops what Rollback says of a transaction that is over already.
func ignoreDone(err error) error {
	if errors.Is(err, sql.ErrTxDone) {
		return nil
	}
	return err
}

// Range is what a search has to look at.
type Range struct {
	// Match is what the index is asked for. Where it is not of MatchSome, it
	// narrows nothing.
	Match Match
	// From and Until bound the keys; zero is open. Until is not part of it.
	From, Until int64
	// Most bounds how many stories are read where Match narrows nothing; zero is
	// all of them.
	Most int
	// Taste says to read the newest stories themselves first, as long as many of
	// them are found: the index is dear to ask for something frequent.
	Taste bool
}

// withKeys is a statement with what [Dialect.InKeys] says in the place of {among}.
func withKeys(query, among string) string { return strings.ReplaceAll(query, "{among}", among) }

// unix is t as the tables keep it: Unix seconds, 0 for the zero time.
func unix(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.Unix()
}

// at is the reverse of unix.
func at(sec int64) time.Time {
	if sec == 0 {
		return time.Time{}
	}
	return time.Unix(sec, 0).UTC()
}

// milli is t in Unix milliseconds, rounded up, 0 for the zero time.
func milli(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.Add(time.Millisecond - 1).UnixMilli()
}

// fromMilli is the reverse of milli.
func fromMilli(ms int64) time.Time {
	if ms == 0 {
		return time.Time{}
	}
	return time.UnixMilli(ms).UTC()
}
