package database

import (
	"context"
	"time"
)

var (
	sqlNewest           = statements.Get("Newest")
	sqlSetBackPolls     = statements.Get("SetBackPolls")
	sqlSetBackHolds     = statements.Get("SetBackHolds")
	sqlSetBackNotBefore = statements.Get("SetBackNotBefore")
	sqlSendingSetBack   = statements.Get("SendingSetBack")
	sqlGatesSetBack     = statements.Get("GatesSetBack")
)

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

// sqlSetBack are those of sources.
var sqlSetBack = []string{sqlSetBackPolls, sqlSetBackHolds, sqlSetBackNotBefore}

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
