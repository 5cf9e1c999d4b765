package jobs

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
)

var (
	sqlTryLock   = statements.Get("TryLock")
	sqlUnlock    = statements.Get("Unlock")
	sqlOrphans   = statements.Get("Orphans")
	sqlFree      = statements.Get("Free")
	sqlDepose    = statements.Get("Depose")
	sqlUnlockAll = statements.Get("UnlockAll")
)

// Replica is one of several processes that share a PostgreSQL database. As long
// as it lives it holds a lock of the server's under its name. A process that is
// killed loses its connection and with that the lock, at once and without
// anybody's clock; the others see that and take over what it was doing.
//
// A Replica is safe for use by many goroutines.
type Replica struct {
	id     string
	server Database
	now    func() time.Time

	mu   sync.Mutex // guards all below
	conn *pgx.Conn
	held map[string]bool
	// orphans are running jobs whose replica is gone, and since when.
	orphans map[int64]time.Time
}

// newReplica names this process: its host, and something that no other one has.
func newReplica(d Database, now func() time.Time) *Replica {
	host, err := os.Hostname()
	if err != nil {
		host = "unknown"
	}
	return &Replica{
		id: host + "-" + strings.ToLower(rand.Text()[:10]), server: d, now: now,
		held: make(map[string]bool), orphans: make(map[int64]time.Time),
	}
}

// ID is the replica's name, which no other one has.
func (r *Replica) ID() string { return r.id }

// mourning is how long a replica must be gone until its jobs go to others: it
// may only have lost its connection, and be back.
const mourning = 3 * time.Second

// Beat says that this replica lives, and takes over from those that do not. It
// is called every second or so.
func (r *Replica) Beat(ctx context.Context) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if err := r.live(ctx); err != nil {
		return fmt.Errorf("replica: %w", err)
	}
	if err := r.inherit(ctx); err != nil {
		return errors.Join(fmt.Errorf("replica: take over from others: %w", err), r.drop())
	}
	return nil
}

// live connects, and takes the lock under this replica's name. mu must be held.
func (r *Replica) live(ctx context.Context) error {
	if r.conn != nil {
		if err := r.conn.Ping(ctx); err == nil {
			return nil
		}
		if err := r.drop(); err != nil {
			return err
		}
	}
	c := r.server.Server.Config().ConnConfig
	conn, err := pgx.ConnectConfig(ctx, c)
	if err != nil {
		return err
	}
	r.conn = conn
	ok, err := r.try(ctx, "replica "+r.id)
	if err == nil && !ok {
		// The server has not noticed yet that our last connection is gone.
		err = errors.New("the lock of an earlier connection is still there")
	}
	if err != nil {
		return errors.Join(err, r.drop())
	}
	return nil
}

// drop gives up the connection and all locks with it. mu must be held.
func (r *Replica) drop() error {
	conn := r.conn
	r.conn = nil
	clear(r.held)
	if conn == nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	if err := conn.Close(ctx); err != nil && ctx.Err() == nil && !conn.IsClosed() {
		return err
	}
	return nil
}

func (r *Replica) try(ctx context.Context, what string) (bool, error) {
	var ok bool
	err := r.conn.QueryRow(ctx, sqlTryLock, what).Scan(&ok)
	return ok, err
}

// inherit frees the jobs of replicas that are gone. mu must be held.
func (r *Replica) inherit(ctx context.Context) error {
	if _, err := r.conn.Exec(ctx, sqlDepose); err != nil {
		return err
	}
	rows, err := r.conn.Query(ctx, sqlOrphans)
	if err != nil {
		return err
	}
	ids, err := pgx.CollectRows(rows, pgx.RowTo[int64])
	if err != nil {
		return err
	}
	now, seen := r.now(), make(map[int64]time.Time, len(ids))
	for _, id := range ids {
		since, known := r.orphans[id]
		if !known {
			since = now
		}
		seen[id] = since
		if now.Sub(since) < mourning {
			continue
		}
		if _, err := r.conn.Exec(ctx, sqlFree, id, mourning.Seconds()); err != nil {
			return err
		}
	}
	r.orphans = seen
	return nil
}

// Hold reports whether this replica is the one that does something, and makes it
// so where nobody is. It stays so until [Replica.LetGo], or until this replica
// is gone.
func (r *Replica) Hold(ctx context.Context, what string) (bool, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if err := r.live(ctx); err != nil {
		return false, fmt.Errorf("replica: %w", err)
	}
	if r.held[what] {
		return true, nil
	}
	ok, err := r.try(ctx, what)
	if err != nil {
		return false, errors.Join(fmt.Errorf("replica: %w", err), r.drop())
	}
	r.held[what] = ok
	return ok, nil
}

// LetGo lets another replica do what this one held.
func (r *Replica) LetGo(ctx context.Context, what string) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.conn == nil || !r.held[what] {
		return nil
	}
	delete(r.held, what)
	if _, err := r.conn.Exec(ctx, sqlUnlock, what); err != nil {
		return errors.Join(fmt.Errorf("replica: %w", err), r.drop())
	}
	return nil
}

// Close ends the replica: what it held is free when Close returns. The server
// may take a moment to see that a connection was closed.
func (r *Replica) Close() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.conn != nil {
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		_, _ = r.conn.Exec(ctx, sqlUnlockAll) // or else it goes with the connection
	}
	return r.drop()
}
