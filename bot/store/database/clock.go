package database

import (
	"context"
	"time"
)

// The newest moments that are in the past, as long as the clock is right.
const sqlNewest = `
SELECT max(at) FROM (
    SELECT max(last_ok) AS at FROM sources
    UNION ALL SELECT max(at) FROM audit
    UNION ALL SELECT (SELECT updated FROM deliveries ORDER BY seq DESC LIMIT 1)
) AS newest`

// Ahead is how far the newest of what is stored lies in the future, or zero: by
// so much the clock was set back since.
func (s *Store) Ahead(ctx context.Context) (time.Duration, error) {
	var newest *int64
	if err := s.read.QueryRowContext(ctx, sqlNewest).Scan(&newest); err != nil {
		return 0, s.Explain(err)
	}
	if newest == nil {
		return 0, nil
	}
	return max(0, at(*newest).Sub(s.now())), nil
}

// sqlSetBack brings what is put off for longer than the clock was set back by.
// What another replica has brought already stays, unless it is to wait for as
// long again.
var sqlSetBack = []string{
	`UPDATE sources SET next_poll = next_poll - $1 WHERE next_poll > $2`,
	`UPDATE sources SET hold_until = hold_until - $1 WHERE hold_until > $2`,
	`UPDATE sources SET not_before = not_before - $1 WHERE not_before > $2`,
}

// What was being sent when the clock was set may be sent again a moment after it
// was begun, and not a moment after that will have come again.
const sqlSendingSetBack = `UPDATE deliveries SET updated = updated - $1 WHERE updated > $2 AND state = 'sending'`

// sqlGatesSetBack is the same for what targets and platforms want.
const sqlGatesSetBack = `UPDATE gates SET ready = ready - $1 WHERE ready > $2`

// SetBack goes by a clock that was set back: what is put off is put off for as
// long as it had still to wait.
func (s *Store) SetBack(ctx context.Context, by time.Duration) error {
	return s.Update(ctx, func(ctx context.Context, tx *Tx) error {
		for _, q := range sqlSetBack {
			if _, err := tx.Exec(ctx, q, int64(by/time.Second), unix(s.now().Add(by))); err != nil {
				return err
			}
		}
		if _, err := tx.Exec(ctx, sqlSendingSetBack, int64(by/time.Second), unix(s.now())); err != nil {
			return err
		}
		_, err := tx.Exec(ctx, sqlGatesSetBack, by.Milliseconds(), s.now().Add(by).UnixMilli())
		return err
	})
}
