package postgres

import (
	"context"
	"database/sql"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"

	"tipoff/bot/store"
)

var (
	sqlChannel = statements.Get("Channel")
	sqlTell    = statements.Get("Tell")
)

// Tell sends a notification, which goes out when the transaction is committed.
func (d *dialect) Tell(ctx context.Context, tx *sql.Tx, c store.Change) error {
	if _, err := tx.ExecContext(ctx, sqlTell, d.id+" "+string(c)); err != nil {
		return fmt.Errorf("tell the other replicas: %w", err)
	}
	return nil
}

// Hear calls f for each change that another process has written, at once. It
// begins with [store.AnyChanged], since nothing was heard before. It returns when
// the connection is lost, or when ctx ends.
func (s *Store) Hear(ctx context.Context, f func(store.Change)) error {
	// Not one of a pool's: it lasts as long as the program.
	conn, err := pgx.ConnectConfig(ctx, s.listen.Config().ConnConfig)
	if err != nil {
		return s.dialect.Explain(err)
	}
	defer func() { _ = conn.Close(context.WithoutCancel(ctx)) }() // there is nothing to lose
	var channel string
	if err := conn.QueryRow(ctx, sqlChannel).Scan(&channel); err != nil {
		return s.dialect.Explain(err)
	}
	if _, err := conn.Exec(ctx, "LISTEN "+pgx.Identifier{channel}.Sanitize()); err != nil {
		return s.dialect.Explain(err)
	}
	f(store.AnyChanged)
	for {
		n, err := conn.WaitForNotification(ctx)
		if err != nil {
			return s.dialect.Explain(err)
		}
		if who, what, _ := strings.Cut(n.Payload, " "); who != s.dialect.id {
			f(store.Change(what))
		}
	}
}
