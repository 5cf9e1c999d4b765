package database

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math"
	"time"

	"tipoff/bot/store"
)

var (
	sqlOldest             = statements.Get("Oldest")
	sqlOldNotices         = statements.Get("OldNotices")
	sqlForget             = statements.Get("Forget")
	sqlRemember           = statements.Get("Remember")
	sqlKeyAt              = statements.Get("KeyAt")
	sqlForgetStories      = statements.Get("ForgetStories")
	sqlDeleteDeliveriesOf = statements.Get("DeleteDeliveriesOf")
	sqlDeleteAlertsOf     = statements.Get("DeleteAlertsOf")
	sqlDeleteRevisionsOf  = statements.Get("DeleteRevisionsOf")
	sqlDeleteSightingsOf  = statements.Get("DeleteSightingsOf")
	sqlDeleteStories      = statements.Get("DeleteStories")
	sqlCountTold          = statements.Get("CountTold")
	sqlDeleteDeliveries   = statements.Get("DeleteDeliveries")
	sqlDeleteAlert        = statements.Get("DeleteAlert")
	sqlAnyForgotten       = statements.Get("AnyForgotten")
)

const (
	// deleteAtOnce is how many stories are deleted in one transaction: so few
	// that a poll which waits for its turn does not notice.
	deleteAtOnce = 100

	// What a dead delivery is about is kept so long for somebody to send it again.
	keepDead = 30 * 24 * time.Hour

	// What a source has not told for so long, while it told other things, is
	// taken not to come back.
	rememberFor = 90 * 24 * time.Hour

	// roomToGrow is how far below the limit the size is brought, so that not
	// every hour has something to delete.
	roomToGrow = 0.05
)

// Retain deletes what is not to be kept: stories, the oldest first, with their
// sightings, revisions, alerts and sent deliveries. A story that has something
// open stays. What was told in them stays known as long as the sources tell it.
//
// Then it tidies up: so it is of use where nothing is to be deleted, too.
//
// It works in small steps, between which others write, and stops between two of
// them when ctx ends.
func (s *Store) Retain(ctx context.Context, r store.Retention) (done store.Retained, err error) {
	if r.Age > 0 {
		before := s.now().Add(-r.Age)
		if done.Stories, err = s.deleteBefore(ctx, firstKey(before)); err != nil {
			return done, err
		}
		if done.Notices, err = s.deleteNotices(ctx, before); err != nil {
			return done, err
		}
	}
	if r.Size > 0 {
		before, err := s.beyond(ctx, r.Size)
		if err != nil || before == 0 {
			return done, err
		}
		n, err := s.deleteBefore(ctx, before)
		if done.Stories += n; err != nil {
			return done, err
		}
	}
	err = s.Update(ctx, func(ctx context.Context, tx *Tx) error {
		_, err := tx.Exec(ctx, sqlRemember, int64(rememberFor.Seconds()), unix(s.now().Add(-rememberFor)))
		return err
	})
	if err == nil {
		err = s.Explain(s.d.Compact(ctx, s.write))
	}
	if err == nil {
		done.Size, err = s.Bytes(ctx)
	}
	return done, err
}

// Bytes is how many bytes the archive has: those that are in use, not those of
// files that have room.
func (s *Store) Bytes(ctx context.Context) (int64, error) {
	size, err := s.d.Size(ctx, s.read)
	return size, s.Explain(err)
}

// beyond is the key from which on the archive has the size, with some room, or
// 0 where all of it has.
func (s *Store) beyond(ctx context.Context, size int64) (int64, error) {
	var have int64
	err := s.Update(ctx, func(ctx context.Context, tx *Tx) error {
		var err error
		have, err = s.d.Measure(ctx, tx)
		return err
	})
	if err != nil || have <= size {
		return 0, err
	}
	n, err := s.Count(ctx)
	if err != nil {
		return 0, err
	}
	share := 1 - float64(size)*(1-roomToGrow)/float64(have)
	var key int64
	err = s.read.QueryRowContext(ctx, sqlKeyAt, int64(math.Ceil(share*float64(n)))).Scan(&key)
	if errors.Is(err, sql.ErrNoRows) {
		return math.MaxInt64, nil
	}
	return key, s.Explain(err)
}

// deleteBefore deletes the stories below a key that have nothing open.
func (s *Store) deleteBefore(ctx context.Context, before int64) (n int, err error) {
	from := int64(math.MinInt64)
	for {
		var keys []store.Key
		err := s.Update(ctx, func(ctx context.Context, tx *Tx) error {
			keys = nil
			rows, err := tx.QueryContext(ctx, sqlOldest, unix(s.now().Add(-keepDead)), from, before, deleteAtOnce)
			if err == nil {
				keys, err = numbers[store.Key](rows)
			}
			if err != nil || len(keys) == 0 {
				return err
			}
			return tx.deleteStories(ctx, keys)
		})
		if err != nil || len(keys) == 0 {
			return n, err
		}
		n += len(keys)
		from = int64(keys[len(keys)-1]) + 1
	}
}

// numbers reads a column of numbers.
func numbers[T ~int64](rows *sql.Rows) ([]T, error) {
	defer rows.Close()
	var all []T
	for rows.Next() {
		var n T
		if err := rows.Scan(&n); err != nil {
			return nil, err
		}
		all = append(all, n)
	}
	return all, rows.Err()
}

func (t *Tx) deleteStories(ctx context.Context, keys []store.Key) error {
	d := t.s.d
	among, arg := d.InKeys(keys)
	if err := t.countTold(ctx, among, arg); err != nil {
		return fmt.Errorf("delete old stories: %w", err)
	}
	if err := d.Unindex(ctx, t, keys); err != nil {
		return fmt.Errorf("delete old stories from the index: %w", err)
	}
	if _, err := t.ExecContext(ctx, withKeys(sqlForgetStories, among), arg, unix(t.s.now())); err != nil {
		return fmt.Errorf("delete old stories: %w", err)
	}
	for _, q := range []string{
		sqlDeleteDeliveriesOf,
		sqlDeleteAlertsOf,
		sqlDeleteRevisionsOf,
		sqlDeleteSightingsOf,
		sqlDeleteStories,
	} {
		if _, err := t.ExecContext(ctx, withKeys(q, among), arg); err != nil {
			return fmt.Errorf("delete old stories: %w", err)
		}
	}
	return nil
}

// countTold says that the sources tell so many stories less.
func (t *Tx) countTold(ctx context.Context, among string, arg any) error {
	rows, err := t.QueryContext(ctx, withKeys(sqlCountTold, among), arg)
	if err != nil {
		return err
	}
	less := make(map[int64]int)
	for rows.Next() {
		var source int64
		var n int
		if err := rows.Scan(&source, &n); err != nil {
			return errors.Join(err, rows.Close())
		}
		less[source] = n
	}
	if err := errors.Join(rows.Err(), rows.Close()); err != nil {
		return err
	}
	for source, n := range less {
		if err := t.CountStories(ctx, source, -n); err != nil {
			return err
		}
	}
	return nil
}

// deleteNotices deletes what was told of sources in trouble before a time.
func (s *Store) deleteNotices(ctx context.Context, before time.Time) (n int, err error) {
	for {
		deleted := 0
		err := s.Update(ctx, func(ctx context.Context, tx *Tx) error {
			rows, err := tx.QueryContext(ctx, sqlOldNotices, unix(s.now().Add(-keepDead)), unix(before), deleteAtOnce)
			if err != nil {
				return err
			}
			ids, err := numbers[int64](rows)
			for _, id := range ids {
				if err == nil {
					_, err = tx.Exec(ctx, sqlDeleteDeliveries, id)
				}
				if err == nil {
					_, err = tx.Exec(ctx, sqlDeleteAlert, id)
				}
			}
			deleted = len(ids)
			return err
		})
		if err != nil || deleted == 0 {
			return n, err
		}
		n += deleted
	}
}

// Forget says that a source tells, now, what was told in a story that is not
// kept any more.
func (t *Tx) Forget(ctx context.Context, source int64, it store.Told) error {
	t.batch.forgotten = nil
	_, err := t.Exec(ctx, sqlForget, source, it.Identity[:], it.ID, unix(t.s.now()))
	return err
}
