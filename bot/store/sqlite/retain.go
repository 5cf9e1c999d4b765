package sqlite

import (
	"context"
	"database/sql"
	"fmt"
	"os"

	"tipoff/bot/store"
	"tipoff/bot/store/database"
)

var (
	sqlSize         = statements.Get("Size")
	sqlFree         = statements.Get("Free")
	sqlMerge        = statements.Get("Merge")
	sqlUnindex      = statements.Get("Unindex")
	sqlTotalChanges = statements.Get("TotalChanges")
)

const (
	sqlShrink = `PRAGMA incremental_vacuum(256)`

	// A file keeps so much room, in pages, for what comes next.
	keepFree = 4096
	// maxSteps bounds one run of Compact; the next one goes on.
	maxSteps = 4000
)

// Unindex marks stories as deleted in the index; Compact gives their room back.
func (d *dialect) Unindex(ctx context.Context, tx *database.Tx, keys []store.Key) error {
	for _, k := range keys {
		if _, err := tx.Exec(ctx, sqlUnindex, int64(k)); err != nil {
			return err
		}
	}
	return nil
}

// Size counts the pages that are in use.
func (d *dialect) Size(ctx context.Context, read *sql.DB) (n int64, err error) {
	err = read.QueryRowContext(ctx, sqlSize).Scan(&n)
	return n, err
}

// Measure is Size.
func (d *dialect) Measure(ctx context.Context, tx *database.Tx) (n int64, err error) {
	err = tx.QueryRowContext(ctx, sqlSize).Scan(&n)
	return n, err
}

// Compact merges the index where it is in many parts or much of it is deleted, and
// makes the file smaller where it has much room. Each step is short, and others write between.
func (d *dialect) Compact(ctx context.Context, write *sql.DB) error {
	for range maxSteps {
		before, after, err := int64(0), int64(0), error(nil)
		if err = write.QueryRowContext(ctx, sqlTotalChanges).Scan(&before); err == nil {
			if _, err = write.ExecContext(ctx, sqlMerge); err == nil {
				err = write.QueryRowContext(ctx, sqlTotalChanges).Scan(&after)
			}
		}
		if err != nil {
			return fmt.Errorf("merge the index: %w", err)
		}
		// https://sqlite.org/fts5.html#the_merge_command
		if after-before < 2 {
			break
		}
	}
	for range maxSteps {
		var pages, free, mode int64
		if err := write.QueryRowContext(ctx, sqlFree).Scan(&pages, &free, &mode); err != nil {
			return err
		}
		// A file of an earlier version has no such mode, and keeps its room.
		if mode != incremental || free <= max(keepFree, pages/10) {
			return nil
		}
		if _, err := write.ExecContext(ctx, sqlShrink); err != nil {
			return fmt.Errorf("make the file smaller: %w", err)
		}
	}
	return nil
}

// incremental is the mode of a file that can give room back step by step.
// https://sqlite.org/pragma.html#pragma_auto_vacuum
const incremental = 2

// Rewrite writes the whole file anew, without room, and in the mode in which it
// gives room back by itself. Nobody else can use the file meanwhile, and the
// disk needs room for a second one. It returns the file's size before and after.
func (s *Store) Rewrite(ctx context.Context) (before, after int64, err error) {
	for _, step := range []struct {
		query string
		size  *int64
	}{{`PRAGMA wal_checkpoint(truncate)`, &before}, {`PRAGMA auto_vacuum = incremental`, nil}, {`VACUUM`, nil}, {`PRAGMA wal_checkpoint(truncate)`, &after}} {
		if _, err := s.write.ExecContext(ctx, step.query); err != nil {
			return before, after, s.dialect.Explain(err)
		}
		if step.size == nil {
			continue
		}
		info, err := os.Stat(s.path)
		if err != nil {
			return before, after, err
		}
		*step.size = info.Size()
	}
	return before, after, nil
}
