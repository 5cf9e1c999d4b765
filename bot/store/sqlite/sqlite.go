// Package sqlite is the embedded store: one SQLite file that holds the
// archive, the watches, what is still to be delivered, and the job engine's
// tables. It needs no C compiler.
//
// SQLite has one writer at a time, so the store has one connection that
// writes and a pool that only reads: a search never waits for a poll.
package sqlite

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"time"

	"github.com/gofrs/flock"
	"github.com/pressly/goose/v3"
	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"tipoff/bot/alert"
)

//go:embed migrations/*.sql
var migrations embed.FS

// Enqueuer puts the delivery job of a target into the store's own
// transaction, so that an alert and the job that sends it are written together
// or not at all.
type Enqueuer interface {
	EnqueueDelivery(ctx context.Context, tx *sql.Tx, targets []alert.Target) error
}

// Options are for [Open]. The zero value works.
type Options struct {
	// Now is the clock; time.Now where nil.
	Now func() time.Time
	// Wait is how long to wait for another program that holds the file; 2 s
	// where zero.
	Wait time.Duration
	// ReadOnly opens an existing file for reading: no lock, no migration.
	ReadOnly bool
	// Guest opens an existing file for a short change beside the process that
	// owns it: no lock, no migration, and no jobs.
	Guest bool
}

// ErrInUse is what [Open] fails with where another process owns the file.
var ErrInUse = errors.New("the store is in use")

// inUse is [ErrInUse] with a sentence for people.
type inUse struct{ path string }

func (e inUse) Error() string {
	return fmt.Sprintf("store: another tipoff is using %s; stop it first, or name another file under `store:`", e.path)
}

func (inUse) Is(target error) bool { return target == ErrInUse }

// Store is an open SQLite file. It is safe for use by many goroutines.
type Store struct {
	path  string
	now   func() time.Time
	write *sql.DB
	read  *sql.DB
	lock  *flock.Flock
	jobs  Enqueuer

	// place counts the stories added; the one writing transaction has it.
	place int64

	// oneSource is asked before each visit; parsing it each time would cost
	// more than the answer. Migrate prepares it.
	oneSource *sql.Stmt

	mu    sync.Mutex // guards stmts
	stmts map[string]*sql.Stmt
}

// Open opens the file, creating it if there is none. A file has one owner at a
// time: Open fails with a sentence for people if another process has it.
// Call [Store.Migrate] before anything else.
func Open(ctx context.Context, path string, o Options) (*Store, error) {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Wait == 0 {
		o.Wait = 2 * time.Second
	}
	s := &Store{path: path, now: o.Now, stmts: make(map[string]*sql.Stmt)}
	if o.ReadOnly || o.Guest {
		if _, err := os.Stat(path); err != nil {
			return nil, fmt.Errorf("there is no archive at %s yet; `tipoff run` or `tipoff poll` makes one: %w", path, err)
		}
	} else if err := s.own(ctx, o.Wait); err != nil {
		return nil, err
	}

	var err error
	if !o.ReadOnly {
		// An immediate transaction takes the write lock at its start, and so
		// cannot fail half way because somebody else wrote meanwhile. With
		// synchronous=normal a power cut may lose the last transactions, but
		// always whole ones: a lost story is lost with its validators, and the
		// next poll brings both back.
		s.write, err = sql.Open("sqlite", dsn(path, o.Wait, "_txlock=immediate", "_pragma=journal_mode(wal)",
			"_pragma=synchronous(normal)", "_pragma=foreign_keys(on)", "_pragma=cache_size(-8192)", "_pragma=wal_autocheckpoint(4000)"))
		if err != nil {
			return nil, errors.Join(s.explain(err), s.Close())
		}
		s.write.SetMaxOpenConns(1)
		if err := s.write.PingContext(ctx); err != nil {
			return nil, errors.Join(s.explain(err), s.Close())
		}
	}
	s.read, err = sql.Open("sqlite", dsn(path, o.Wait, "_pragma=query_only(on)"))
	if err != nil {
		return nil, errors.Join(s.explain(err), s.Close())
	}
	s.read.SetMaxOpenConns(max(4, runtime.NumCPU()))
	if err := s.read.PingContext(ctx); err != nil {
		return nil, errors.Join(s.explain(err), s.Close())
	}
	if o.ReadOnly || o.Guest {
		if err := s.sameSchema(ctx); err != nil {
			return nil, errors.Join(err, s.Close())
		}
	}
	return s, nil
}

// sameSchema refuses to read a file that another version has written.
func (s *Store) sameSchema(ctx context.Context) error {
	files, err := migrations.ReadDir("migrations")
	if err != nil {
		return err
	}
	var have int
	err = s.read.QueryRowContext(ctx, `SELECT coalesce(max(version_id), 0) FROM goose_db_version WHERE is_applied`).Scan(&have)
	if err != nil && s.explain(err).Error() == err.Error() {
		return fmt.Errorf("store: %s is no archive of tipoff's; name another file under `store:`: %w", s.path, err)
	}
	switch {
	case err != nil:
		return s.explain(err)
	case have < len(files):
		return fmt.Errorf("store: %s has an older schema (%d, this program knows %d); run `tipoff migrate`", s.path, have, len(files))
	case have > len(files):
		return s.newer(have, len(files))
	}
	return nil
}

func (s *Store) newer(have, know int) error {
	return fmt.Errorf("store: %s was written by a newer tipoff (schema %d, this program knows %d); run that version, or name another file under `store:`", s.path, have, know)
}

func dsn(path string, wait time.Duration, params ...string) string {
	params = append(params, fmt.Sprintf("_pragma=busy_timeout(%d)", wait.Milliseconds()))
	u := url.URL{Scheme: "file", Opaque: (&url.URL{Path: filepath.ToSlash(path)}).EscapedPath(), RawQuery: strings.Join(params, "&")}
	return u.String()
}

// own takes the lock that says which process may run jobs on this file.
func (s *Store) own(ctx context.Context, wait time.Duration) error {
	if dir := filepath.Dir(s.path); dir != "." {
		if _, err := os.Stat(dir); err != nil {
			return fmt.Errorf("store: the folder of %s cannot be used; make it, or name another file under `store:`: %w", s.path, err)
		}
	}
	s.lock = flock.New(s.path + ".lock")
	ctx, cancel := context.WithTimeout(ctx, wait)
	defer cancel()
	ok, err := s.lock.TryLockContext(ctx, 20*time.Millisecond)
	switch {
	case ok:
		// What SQLite makes, everybody may read; addresses of webhooks are in it.
		f, err := os.OpenFile(s.path, os.O_CREATE|os.O_RDONLY, 0o600)
		if err != nil {
			return fmt.Errorf("store: %s cannot be made; mend its folder's permissions, or name another file under `store:`: %w", s.path, err)
		}
		return f.Close()
	case err == nil, errors.Is(err, context.DeadlineExceeded):
		return inUse{s.path}
	case errors.Is(err, fs.ErrPermission), errors.Is(err, fs.ErrNotExist), isReadOnlyFS(err):
		return fmt.Errorf("store: %s cannot be written; mend its folder's permissions, or name another file under `store:`: %w", s.path, err)
	}
	return fmt.Errorf("store: lock %s: %w", s.path, err)
}

func isReadOnlyFS(err error) bool { return strings.Contains(err.Error(), "read-only file system") }

// SetEnqueuer says who puts delivery jobs into this store's transactions. It
// is set once, before the first alert is written.
func (s *Store) SetEnqueuer(e Enqueuer) { s.jobs = e }

// DB is the connection that writes, for the job engine. It is one connection:
// who holds a transaction on it must not ask for a second one.
func (s *Store) DB() *sql.DB { return s.write }

// Path is the file's path.
func (s *Store) Path() string { return s.path }

// Migrate brings the archive's tables to this program's version. It refuses a
// file that a newer program has written.
func (s *Store) Migrate(ctx context.Context) (applied int, err error) {
	sub, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return 0, err
	}
	p, err := goose.NewProvider(goose.DialectSQLite3, s.write, sub)
	if err != nil {
		return 0, s.explain(err)
	}
	current, target, err := p.GetVersions(ctx)
	if err != nil {
		return 0, s.explain(err)
	}
	if current > target {
		return 0, s.newer(int(current), int(target))
	}
	done, err := p.Up(ctx)
	if err != nil {
		return len(done), s.explain(err)
	}
	return len(done), s.prepare(ctx)
}

// Check reports whether the file can be read, for a readiness probe.
func (s *Store) Check(ctx context.Context) error {
	var n int
	return s.explain(s.read.QueryRowContext(ctx, `SELECT count(*) FROM sources`).Scan(&n))
}

// Close closes the file. It is safe to call twice.
func (s *Store) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	var errs []error
	for q, st := range s.stmts {
		errs = append(errs, st.Close())
		delete(s.stmts, q)
	}
	if s.oneSource != nil {
		errs = append(errs, s.oneSource.Close())
	}
	for _, db := range []**sql.DB{&s.read, &s.write} {
		if *db != nil {
			errs = append(errs, (*db).Close())
		}
	}
	if s.lock != nil {
		errs = append(errs, s.lock.Unlock())
	}
	return errors.Join(errs...)
}

// explain gives the errors that people can mend a sentence that says how.
func (s *Store) explain(err error) error {
	if err == nil {
		return nil
	}
	var e *sqlite.Error
	if !errors.As(err, &e) {
		return err
	}
	what := ""
	switch e.Code() & 0xff { // the low byte is the primary result code
	case sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED:
		what = "is locked by another program; close what has it open (a database browser, another tipoff)"
	case sqlite3.SQLITE_READONLY:
		what = "is read-only; mend its permissions, or name another file under `store:`"
	case sqlite3.SQLITE_CANTOPEN:
		what = "cannot be opened; check that its folder exists and can be written"
	case sqlite3.SQLITE_NOTADB:
		what = "is not a database; it was left as it is, name another file under `store:`"
	case sqlite3.SQLITE_CORRUPT:
		what = "is damaged; it was left as it is, restore a backup or name another file under `store:`"
	case sqlite3.SQLITE_FULL:
		what = "cannot grow: the disk is full"
	default:
		return err
	}
	return fmt.Errorf("store: %s %s: %w", s.path, what, err)
}

// prepare parses the statements of the hot path once: parsing costs more than
// most of them do.
func (s *Store) prepare(ctx context.Context) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, q := range hot {
		st, err := s.write.PrepareContext(ctx, q)
		if err != nil {
			return s.explain(err)
		}
		s.stmts[q] = st
	}
	var err error
	s.oneSource, err = s.read.PrepareContext(ctx, sqlSource)
	return s.explain(err)
}

// Tx is a transaction of the writing connection. Everything done in it is
// written together, or not at all.
type Tx struct {
	*sql.Tx
	s       *Store
	stmts   map[string]*sql.Stmt
	entries []entry
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

func (t *Tx) exec(ctx context.Context, query string, args ...any) (sql.Result, error) {
	st, err := t.stmt(ctx, query)
	if err != nil {
		return nil, err
	}
	return st.ExecContext(ctx, args...)
}

// row is scanned by the caller; an error in preparing comes with the scan.
func (t *Tx) row(ctx context.Context, query string, args []any, dest ...any) error {
	st, err := t.stmt(ctx, query)
	if err != nil {
		return err
	}
	return st.QueryRowContext(ctx, args...).Scan(dest...)
}

// Update runs f in one transaction. The transaction is not cut off when ctx
// ends: what was begun is written whole or rolled back by f's error.
func (s *Store) Update(ctx context.Context, f func(ctx context.Context, tx *Tx) error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if s.write == nil {
		return fmt.Errorf("store: %s is open for reading only", s.path)
	}
	ctx = context.WithoutCancel(ctx)
	tx, err := s.write.BeginTx(ctx, nil)
	if err != nil {
		return s.explain(err)
	}
	t := &Tx{Tx: tx, s: s, stmts: make(map[string]*sql.Stmt)}
	err = f(ctx, t)
	if err == nil {
		err = t.writeIndex(ctx)
	}
	if err != nil {
		return errors.Join(s.explain(err), ignoreDone(tx.Rollback()))
	}
	return s.explain(tx.Commit())
}

// ignoreDone drops what Rollback says of a transaction that is over already.
func ignoreDone(err error) error {
	if errors.Is(err, sql.ErrTxDone) {
		return nil
	}
	return err
}

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
