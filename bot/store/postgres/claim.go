package postgres

import (
	"context"
	"fmt"
	"time"
)

var sqlClaim = statements.Get("Claim")

// Claim says that this replica polls those of the sources that are due at a
// moment, and returns their names. For the others they are not due before until.
func (s *Store) Claim(ctx context.Context, names []string, due, until time.Time) (ours []string, err error) {
	err = s.Update(ctx, func(ctx context.Context, tx *Tx) error {
		rows, err := tx.QueryContext(ctx, sqlClaim, until.Unix(), names, due.Unix())
		if err != nil {
			return fmt.Errorf("claim sources: %w", err)
		}
		defer rows.Close()
		for rows.Next() {
			var name string
			if err := rows.Scan(&name); err != nil {
				return fmt.Errorf("claim sources: %w", err)
			}
			ours = append(ours, name)
		}
		return rows.Err()
	})
	return ours, err
}
