// Package postgres is the shared store: a PostgreSQL database, 15 or newer,
// in which several replicas keep the archive, the watches, what is still to be
// delivered, and the job engine's tables.
//
// All tables are in the first schema of the connection's search path, so that
// `?search_path=NAME` in the address gives a database to several teams.
package postgres

import (
	"context"
	"crypto/rand"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/pressly/goose/v3"

	"tipoff/bot/store/database"
	"tipoff/bot/store/queries"
)

//go:embed queries/*.sql
var queryFiles embed.FS

// statements are those of the folder queries, by name.
var statements = queries.Must(queryFiles)

var (
	sqlServerVersion = statements.Get("ServerVersion")
	sqlWriteLock     = statements.Get("WriteLock")
	sqlSetUpLock     = statements.Get("SetUpLock")
	sqlSchemaVersion = statements.Get("SchemaVersion")
)

//go:embed migrations/*.sql
var migrations embed.FS

// Options are for [Open]. The zero value works.
type Options struct {
	// Now is the clock; time.Now where nil.
	Now func() time.Time
	// Existing refuses a database that is not of this program's version, for
	// those who do not migrate it.
	Existing bool
}

const (
	// Connections are the server's dearest good: of its usual hundred, five
	// replicas leave some over.
	writers, readers = 8, 8

	// connectTimeout bounds one attempt to reach the server.
	connectTimeout = 10 * time.Second

	// A replica that stands still in a transaction holds up all others; after
	// so long the server ends it.
	idleInTransaction = "30s"
)

// Store is an open database. It is safe for use by many goroutines, and by
// many processes at a time.
type Store struct {
	*database.Store
	dialect *dialect
	pools   []*pgxpool.Pool
	listen  *pgxpool.Pool
}

// Tx is a transaction that writes.
type Tx = database.Tx

// Open connects to the database at a postgres:// address. Call [Store.Migrate]
// before anything else, unless o.Existing is set.
func Open(ctx context.Context, address string, o Options) (*Store, error) {
	if o.Now == nil {
		o.Now = time.Now
	}
	s := &Store{dialect: &dialect{name: redact(address), id: rand.Text()[:12]}}
	// Who waits for its turn to write holds a connection. Those who have it may
	// need another one to read, which therefore comes from a pool of its own;
	// and so does the one that hears of new jobs.
	for i, size := range []int32{writers, readers, 1} {
		pool, err := newPool(ctx, address, size, [...]map[string]string{writing, reading, nil}[i])
		if err != nil {
			return nil, errors.Join(s.dialect.Explain(err), s.Close())
		}
		s.pools = append(s.pools, pool)
	}
	write, read := stdlib.OpenDBFromPool(s.pools[0]), stdlib.OpenDBFromPool(s.pools[1])
	s.listen = s.pools[2]
	s.Store = database.New(database.Options{Write: write, Read: read, Dialect: s.dialect, Now: o.Now, Name: s.dialect.name})
	ctx, cancel := context.WithTimeout(ctx, 2*connectTimeout)
	defer cancel()
	if err := read.PingContext(ctx); err != nil {
		return nil, errors.Join(s.dialect.Explain(err), s.Close())
	}
	var version int
	if err := read.QueryRowContext(ctx, sqlServerVersion).Scan(&version); err != nil {
		return nil, errors.Join(s.dialect.Explain(err), s.Close())
	}
	if err := newEnough(s.dialect.name, version); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	if o.Existing {
		if err := s.sameSchema(ctx, read); err != nil {
			return nil, errors.Join(err, s.Close())
		}
	}
	return s, nil
}

// oldest is the first version of the server that we work with.
const oldest = 15

// newEnough refuses a server that is too old. Its version is as in
// server_version_num: 150004 is 15.4.
func newEnough(name string, version int) error {
	if version/10000 >= oldest {
		return nil
	}
	return fmt.Errorf("store: %s runs PostgreSQL %d, and Tipoff needs %d or newer; upgrade the server, or name another one under `store:`", name, version/10000, oldest)
}

// connecting is for all connections, unless the address says otherwise. A server
// may have limits for its users that are meant for people: a migration's index
// takes minutes, and so may another replica, and who listens is silent for long.
var connecting = map[string]string{
	"application_name":                    "tipoff",
	"idle_in_transaction_session_timeout": idleInTransaction,
	"idle_session_timeout":                "0",
	"lock_timeout":                        "0",
	"statement_timeout":                   "0",
}

// reading is for the connections that search. Compiling a query takes longer
// than most of them run; workers are slower to start than what they spare, and a
// count over all is divided by us; and where the places of hits do not fit into
// memory, the words of whole pages are made again.
var reading = map[string]string{"jit": "off", "max_parallel_workers_per_gather": "0", "work_mem": "64MB"}

// writing is for the connections that write. What they look for, there is an
// index for; but as long as the server has no statistics of a table, or from a time
// when that was small, it thinks that reading all of it is cheaper.
var writing = map[string]string{"jit": "off", "enable_seqscan": "off"}

func newPool(ctx context.Context, address string, size int32, params map[string]string) (*pgxpool.Pool, error) {
	c, err := pgxpool.ParseConfig(address)
	if err != nil {
		return nil, err
	}
	c.MaxConns = size
	c.ConnConfig.ConnectTimeout = connectTimeout
	for _, some := range []map[string]string{connecting, params} {
		for name, value := range some {
			if c.ConnConfig.RuntimeParams[name] == "" {
				c.ConnConfig.RuntimeParams[name] = value
			}
		}
	}
	// Who waited for the lock has to see what was written before: with the other
	// levels a transaction would see what there was before it waited.
	c.ConnConfig.RuntimeParams["default_transaction_isolation"] = "read committed"
	return pgxpool.NewWithConfig(ctx, c)
}

// redact is an address without its password.
func redact(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return "postgres"
	}
	u.RawQuery = ""
	if u.User != nil {
		u.User = url.User(u.User.Username())
	}
	return u.String()
}

// Listener is where the job engine hears of new jobs.
func (s *Store) Listener() *pgxpool.Pool { return s.listen }

// Alone runs f while no other replica is in Alone: for migrations and for what
// is done at the start.
func (s *Store) Alone(ctx context.Context, f func(ctx context.Context) error) error {
	// Not with the pools that f uses: all of their connections may be waiting.
	conn, err := s.listen.Acquire(ctx)
	if err != nil {
		return s.dialect.Explain(err)
	}
	defer conn.Release()
	tx, err := conn.Begin(ctx)
	if err != nil {
		return s.dialect.Explain(err)
	}
	defer func() { _ = tx.Rollback(context.WithoutCancel(ctx)) }() // which gives the lock back
	// f may take longer than a transaction is allowed to stand still.
	for _, q := range []string{`SET LOCAL idle_in_transaction_session_timeout = 0`, sqlSetUpLock} {
		if _, err := tx.Exec(ctx, q); err != nil {
			return s.dialect.Explain(err)
		}
	}
	return f(ctx)
}

// Migrate brings the archive's tables to this program's version. It refuses a
// database that a newer program has written.
func (s *Store) Migrate(ctx context.Context) (applied int, err error) {
	sub, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return 0, err
	}
	p, err := goose.NewProvider(goose.DialectPostgres, s.DB(), sub)
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

// ErrEmpty is what [Open] fails with where there is no archive to read.
var ErrEmpty = errors.New("no archive yet")

// sameSchema refuses to read what another version has written.
func (s *Store) sameSchema(ctx context.Context, db *sql.DB) error {
	files, err := migrations.ReadDir("migrations")
	if err != nil {
		return err
	}
	var have int
	err = db.QueryRowContext(ctx, sqlSchemaVersion).Scan(&have)
	switch {
	case isCode(err, "42P01"): // no such table
		return fmt.Errorf("there is no archive in %s yet; `tipoff run` or `tipoff poll` makes one: %w", s.Name(), ErrEmpty)
	case err != nil:
		return s.dialect.Explain(err)
	case have < len(files):
		return fmt.Errorf("store: %s has an older schema (%d, this program knows %d); run `tipoff migrate`", s.Name(), have, len(files))
	case have > len(files):
		return s.newer(have, len(files))
	}
	return s.SameIndex(ctx)
}

func (s *Store) newer(have, know int) error {
	return fmt.Errorf("store: %s was written by a newer tipoff (schema %d, this program knows %d); run that version, or name another database under `store:`", s.Name(), have, know)
}

// Close ends all connections. It is safe to call twice.
func (s *Store) Close() error {
	var err error
	if s.Store != nil {
		err = s.Store.Close()
	}
	for _, p := range s.pools {
		p.Close()
	}
	return err
}

// dialect is how PostgreSQL does it.
type dialect struct {
	name string
	// id is this process among those that share the database.
	id string
}

// Prepared is false: the driver prepares what it meets again by itself.
func (d *dialect) Prepared() bool { return false }

// Lock makes the transaction the only one that writes to the archive. Without
// it, two polls that bring the same stories in another order would wait for each
// other for ever, and a drain could end while a poll gives it more to do.
func (d *dialect) Lock(ctx context.Context, tx *sql.Tx) error {
	_, err := tx.ExecContext(ctx, sqlWriteLock)
	return err
}

// Arg takes out of a text what PostgreSQL refuses: NUL, and what is no UTF-8.
func (d *dialect) Arg(v any) any {
	if s, ok := v.(string); ok {
		return plain(s)
	}
	return v
}

func plain(s string) string {
	if strings.IndexByte(s, 0) >= 0 {
		s = strings.ReplaceAll(s, "\x00", "")
	}
	return strings.ToValidUTF8(s, "\uFFFD")
}

// Explain gives the errors that people can mend a sentence that says how.
func (d *dialect) Explain(err error) error {
	if err == nil {
		return nil
	}
	what := ""
	var e *pgconn.PgError
	var connect *pgconn.ConnectError
	var parse *pgconn.ParseConfigError
	var network *net.OpError
	switch {
	case errors.As(err, &e):
		what = explainCode(e.Code)
	case errors.As(err, &parse):
		// Its own words may repeat the address.
		return fmt.Errorf("store: the address under `store:` cannot be read; write it as postgres://user:password@host:5432/database")
	case errors.As(err, &connect), errors.As(err, &network):
		what = "does not answer; check that the server runs and the host and port under `store:`"
	case errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, io.EOF), strings.HasSuffix(err.Error(), "conn closed"): // pgx has no name for that
		what = "is gone; it is tried again, check that the server runs"
	case errors.Is(err, os.ErrDeadlineExceeded), errors.Is(err, context.DeadlineExceeded):
		what = "did not answer in time"
	}
	if what == "" {
		return err
	}
	return fmt.Errorf("store: %s %s: %w", d.name, what, err)
}

// explainCode says what to do about an error of the server. The codes are of
// https://www.postgresql.org/docs/current/errcodes-appendix.html
func explainCode(code string) string {
	switch {
	case code == "28P01" || code == "28000":
		return "does not let us in; check the user and password under `store:`, and the server's pg_hba.conf"
	case code == "3D000":
		return "does not exist; create it with `createdb`, or name another database under `store:`"
	case code == "3F000":
		return "has no such schema; create the one that search_path names"
	case code == "42501":
		return "refuses this to our user; make it the owner of the database or of its schema"
	case code == "53300":
		return "has no connection left; raise max_connections, or run fewer replicas"
	case code == "53100":
		return "cannot grow: the server's disk is full"
	case code == "25006":
		return "is read-only; name the primary server under `store:`"
	case strings.HasPrefix(code, "57P"):
		return "is shutting down or starting"
	}
	return ""
}

func isCode(err error, code string) bool {
	var e *pgconn.PgError
	return errors.As(err, &e) && e.Code == code
}
