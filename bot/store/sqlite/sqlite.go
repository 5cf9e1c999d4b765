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
	"time"

	"github.com/gofrs/flock"
	"github.com/pressly/goose/v3"
	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"tipoff/bot/store"
	"tipoff/bot/store/database"
	"tipoff/bot/store/queries"
)

//go:embed queries/*.sql
var queryFiles embed.FS

// statements are those of the folder queries, by name.
var statements = queries.Must(queryFiles)

var sqlSchemaVersion = statements.Get("SchemaVersion")

//go:embed migrations/*.sql
var migrations embed.FS

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
	*database.Store
	dialect *dialect
	path    string
	write   *sql.DB
	read    *sql.DB
	lock    *flock.Flock
	crashed bool
}

// Tx is a transaction of the writing connection.
type Tx = database.Tx

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
	s := &Store{path: path, dialect: &dialect{path: path}, crashed: crashed(path)}
	info, err := os.Stat(path)
	if err == nil && info.IsDir() {
		return nil, fmt.Errorf("store: %s is a folder; name a file in it under `store:`, such as %s", path, filepath.Join(path, "tipoff.db"))
	}
	if o.ReadOnly || o.Guest {
		if err != nil {
			return nil, fmt.Errorf("there is no archive at %s yet; `tipoff run` or `tipoff poll` makes one: %w", path, err)
		}
	} else if err := s.own(ctx, o.Wait); err != nil {
		return nil, err
	}

	if !o.ReadOnly {
		// An immediate transaction takes the write lock at its start, and so
		// cannot fail half way because somebody else wrote meanwhile. With
		// synchronous=normal a power cut may lose the last transactions, but
		// always whole ones: a lost story is lost with its validators, and the
		// next poll brings both back.
		s.write, err = sql.Open("sqlite", dsn(path, o.Wait, "_txlock=immediate", "_pragma=auto_vacuum(incremental)", "_pragma=journal_mode(wal)",
			"_pragma=synchronous(normal)", "_pragma=foreign_keys(on)", "_pragma=cache_size(-8192)", "_pragma=wal_autocheckpoint(4000)"))
		if err != nil {
			return nil, errors.Join(s.dialect.Explain(err), s.Close())
		}
		s.write.SetMaxOpenConns(1)
		if err := s.write.PingContext(ctx); err != nil {
			return nil, errors.Join(s.dialect.Explain(err), s.Close())
		}
	}
	s.read, err = sql.Open("sqlite", dsn(path, o.Wait, "_pragma=query_only(on)", "_pragma=cache_size(-8192)"))
	if err != nil {
		return nil, errors.Join(s.dialect.Explain(err), s.Close())
	}
	s.read.SetMaxOpenConns(max(4, runtime.NumCPU()))
	if err := s.read.PingContext(ctx); err != nil {
		return nil, errors.Join(s.dialect.Explain(err), s.Close())
	}
	s.Store = database.New(database.Options{Write: s.write, Read: s.read, Dialect: s.dialect, Now: o.Now, Name: path})
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
	err = s.read.QueryRowContext(ctx, sqlSchemaVersion).Scan(&have)
	if err != nil && s.dialect.Explain(err).Error() == err.Error() {
		return fmt.Errorf("store: %s is no archive of tipoff's; name another file under `store:`: %w", s.path, err)
	}
	switch {
	case err != nil:
		return s.dialect.Explain(err)
	case have < len(files):
		return fmt.Errorf("store: %s has an older schema (%d, this program knows %d); run `tipoff migrate`", s.path, have, len(files))
	case have > len(files):
		return s.newer(have, len(files))
	}
	return s.SameIndex(ctx)
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

// Migrate brings the archive's tables to this program's version. It refuses a
// file that a newer program has written.
func (s *Store) Migrate(ctx context.Context) (applied int, err error) {
	if err := s.sound(ctx); err != nil {
		return 0, err
	}
	sub, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return 0, err
	}
	p, err := goose.NewProvider(goose.DialectSQLite3, s.write, sub)
	if err != nil {
		return 0, s.dialect.Explain(err)
	}
	current, target, err := p.GetVersions(ctx)
	if err != nil {
		return 0, s.dialect.Explain(err)
	}
	if current > target {
		return 0, s.newer(int(current), int(target))
	}
	done, err := p.Up(ctx)
	if err != nil {
		return len(done), s.dialect.Explain(err)
	}
	if err := s.Reindex(ctx); err != nil {
		return len(done), err
	}
	return len(done), s.Prepare(ctx)
}

// How long the file is looked at before anything is written to it: after a crash
// so long that some hundred megabytes are, and else as long as a start takes
// anyway. Damage beyond is said when it is met.
const (
	checkTime      = time.Second
	shortCheckTime = 20 * time.Millisecond
)

// crashed reports whether who wrote to the file last did not close it: then its log
// is still there. https://sqlite.org/wal.html#the_wal_file
func crashed(path string) bool {
	info, err := os.Stat(path + "-wal")
	return err == nil && info.Size() > 0
}

// sound refuses a damaged file: what is written to it makes it worse.
func (s *Store) sound(ctx context.Context) error {
	limit := shortCheckTime
	if s.crashed {
		limit = checkTime
	}
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	var found string
	// Not a connection that reads: what FTS5 remembers there of the index may be of
	// before somebody wrote, and would be taken for damage.
	err := s.write.QueryRowContext(ctx, `PRAGMA quick_check(1)`).Scan(&found)
	switch {
	case ctx.Err() != nil:
		return nil
	case err != nil:
		return s.dialect.Explain(err)
	case found != "ok":
		return fmt.Errorf("store: %s %s (%s)", s.path, s.dialect.damaged(), strings.Join(strings.Fields(found), " "))
	}
	return nil
}

// Close closes the file. It is safe to call twice.
func (s *Store) Close() error {
	var errs []error
	if s.Store != nil {
		errs = append(errs, s.Store.Close())
	} else {
		for _, db := range []*sql.DB{s.read, s.write} {
			if db != nil {
				errs = append(errs, db.Close())
			}
		}
	}
	if s.lock != nil {
		errs = append(errs, s.lock.Unlock())
	}
	return errors.Join(errs...)
}

// dialect is how SQLite does it.
type dialect struct{ path string }

// Lock has nothing to do: the connection that writes is the only one, and its
// transactions take the file's lock at their start.
func (d *dialect) Lock(context.Context, *sql.Tx) error { return nil }

// Tell has nobody to tell: the file has one owner.
func (d *dialect) Tell(context.Context, *sql.Tx, store.Change) error { return nil }

// Prepared is true: parsing costs more than most statements do.
func (d *dialect) Prepared() bool { return true }

// Arg takes everything as it is.
func (d *dialect) Arg(v any) any { return v }

// damaged is what to do about a damaged file.
func (d *dialect) damaged() string {
	return fmt.Sprintf("is damaged; keep a copy of it, and restore a backup, or save what can be read with `sqlite3 %s .recover | sqlite3 new.db` and name that under `store:`", d.path)
}

// Explain gives the errors that people can mend a sentence that says how.
func (d *dialect) Explain(err error) error {
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
		what = "is not a database, or its beginning is damaged; it was left as it is: restore a backup, or name another file under `store:`"
	case sqlite3.SQLITE_CORRUPT:
		what = d.damaged()
	case sqlite3.SQLITE_FULL:
		what = "cannot grow: the disk is full; make room, and it goes on by itself"
	default:
		return err
	}
	return fmt.Errorf("store: %s %s: %w", d.path, what, err)
}
