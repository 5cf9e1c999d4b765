package jobs

import (
	"context"
	"database/sql"
	"embed"
	"errors"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver"
	"github.com/riverqueue/river/riverdriver/riverdatabasesql"
	"github.com/riverqueue/river/riverdriver/riversqlite"

	"tipoff/bot/store/queries"
)

//go:embed queries.sql
var queryFile embed.FS

// statements are those of queries.sql, by name.
var statements = queries.Must(queryFile)

// Database is where the engine keeps its jobs: in the store's own tables, so
// that a job is written with what it is for.
type Database struct {
	// DB is the pool that writes. Of SQLite, it has one connection.
	DB *sql.DB
	// Server is set where the database is a PostgreSQL server, which several
	// replicas may share. The engine takes connections of its own from it: one
	// to hear of new jobs, and one that says that this replica lives.
	Server *pgxpool.Pool
}

func (d Database) driver() riverdriver.Driver[*sql.Tx] {
	if d.Server != nil {
		return riverdatabasesql.NewWithPgxListener(d.DB, d.Server)
	}
	return riversqlite.New(d.DB)
}

// complete marks a job as done within a transaction.
func complete[T river.JobArgs](ctx context.Context, d Database, tx *sql.Tx, job *river.Job[T]) error {
	var err error
	if d.Server != nil {
		_, err = river.JobCompleteTx[*riverdatabasesql.Driver](ctx, tx, job)
	} else {
		_, err = river.JobCompleteTx[*riversqlite.Driver](ctx, tx, job)
	}
	return err
}

// run runs statements one after the other.
func run(ctx context.Context, db *sql.DB, all ...string) error {
	var errs []error
	for _, q := range all {
		_, err := db.ExecContext(ctx, q)
		errs = append(errs, err)
	}
	return errors.Join(errs...)
}
