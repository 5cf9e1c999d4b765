package postgres

import (
	"context"
	"database/sql"
	"errors"

	"tipoff/bot/store"
	"tipoff/bot/store/database"
)

var (
	sqlTables          = statements.Get("Tables")
	sqlLargest         = statements.Get("Largest")
	sqlDropArchiveSize = statements.Get("DropArchiveSize")
	sqlAddArchiveSize  = statements.Get("AddArchiveSize")
)

// Unindex has nothing to do: the index is of the table.
func (d *dialect) Unindex(context.Context, *database.Tx, []store.Key) error { return nil }

// querier is a database or a transaction.
type querier interface {
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
}

// usage is how big the tables are, and how much of that is in use.
type usage struct{ bytes, stories, used int64 }

// size measures the tables. PostgreSQL does not tell the room in them, nor does
// it give any back, but uses it before they grow. So a story takes as much as
// when they were last known to be full, and what they grew by since then is in
// use too; where that is all they have, they are full again.
func size(ctx context.Context, q querier) (u usage, isFull bool, err error) {
	if err := q.QueryRowContext(ctx, sqlTables).Scan(&u.bytes, &u.stories); err != nil {
		return u, false, err
	}
	var full, had int64
	err = q.QueryRowContext(ctx, sqlLargest).Scan(&full, &had)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return u, false, err
	}
	u.used = int64(float64(full)*float64(u.stories)/float64(max(had, 1))) + max(0, u.bytes-full)
	if u.used >= u.bytes {
		u.used, isFull = u.bytes, true
	}
	return u, isFull, nil
}

// Size is what the stories take of the tables.
func (d *dialect) Size(ctx context.Context, read *sql.DB) (int64, error) {
	u, _, err := size(ctx, read)
	return u.used, err
}

// Measure is Size, and notes what is known of it.
func (d *dialect) Measure(ctx context.Context, tx *database.Tx) (int64, error) {
	u, isFull, err := size(ctx, tx.Tx)
	if err != nil || !isFull {
		return u.used, err
	}
	if _, err := tx.Exec(ctx, sqlDropArchiveSize); err != nil {
		return 0, err
	}
	_, err = tx.Exec(ctx, sqlAddArchiveSize, u.bytes, u.stories)
	return u.used, err
}

// Compact has nothing to do: the server's own vacuum does it.
func (d *dialect) Compact(context.Context, *sql.DB) error { return nil }
