package jobs_test

import (
	"errors"
	"log/slog"
	"testing"
	"time"

	"tipoff/bot/jobs"
	"tipoff/bot/store/postgres"
	"tipoff/bot/store/storetest"
)

// clock is set by a test of one goroutine.
type clock struct{ t time.Time }

func (c *clock) now() time.Time { return c.t }

// shared opens a database that replicas share.
func shared(t *testing.T, address string) jobs.Database {
	t.Helper()
	s, err := postgres.Open(t.Context(), address, postgres.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return jobs.Database{DB: s.DB(), Server: s.Listener()}
}

// replica is one that lives, and has not started to work.
func replica(t *testing.T, db jobs.Database, c *clock) *jobs.Engine {
	t.Helper()
	e, err := jobs.New(jobs.Config{Database: db, Poller: poller(noPolls), Drainer: &outbox{}, Log: slog.New(slog.DiscardHandler), Now: c.now})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := e.Replica().Close(); err != nil {
			t.Error(err)
		}
	})
	if err := e.Replica().Beat(t.Context()); err != nil {
		t.Fatal(err)
	}
	return e
}

// A running job belongs to whoever lives; that of a replica which is gone goes
// to the others, but not at once.
func TestReplicasTakeOverFromTheDead(t *testing.T) {
	address, c := storetest.Postgres(t), &clock{t: time.Now()}
	db := shared(t, address)
	if _, err := jobs.Migrate(t.Context(), db); err != nil {
		t.Fatal(err)
	}
	alive, watcher := replica(t, shared(t, address), c), replica(t, db, c)
	for _, e := range []struct {
		target, by string
	}{{"slack:C1", alive.Replica().ID()}, {"slack:C2", "dead"}} {
		if _, err := db.DB.ExecContext(t.Context(), `
INSERT INTO river_job (kind, args, max_attempts, state, attempt, attempted_at, attempted_by)
VALUES ('deliver', jsonb_build_object('target', $1::text), 10, 'running', 1, now() - interval '1 minute', ARRAY['another', $2::text])`, e.target, e.by); err != nil {
			t.Fatal(err)
		}
	}
	states := func() (alives, deads string) {
		t.Helper()
		if err := errors.Join(watcher.Replica().Beat(t.Context()), db.DB.QueryRowContext(t.Context(), `
SELECT max(state::text) FILTER (WHERE args ->> 'target' = 'slack:C1'), max(state::text) FILTER (WHERE args ->> 'target' = 'slack:C2') FROM river_job`).
			Scan(&alives, &deads)); err != nil {
			t.Fatal(err)
		}
		return alives, deads
	}
	for _, step := range []struct {
		after       time.Duration
		alive, dead string
		kill        bool
	}{
		{0, "running", "running", false},
		{2 * time.Second, "running", "running", false},
		{4 * time.Second, "running", "available", false},
		{5 * time.Second, "running", "available", true},
		{7 * time.Second, "running", "available", false},
		{9 * time.Second, "available", "available", false},
	} {
		began := c.t
		c.t = began.Add(step.after)
		if step.kill {
			if err := alive.Replica().Close(); err != nil {
				t.Fatal(err)
			}
		}
		if a, d := states(); a != step.alive || d != step.dead {
			t.Errorf("after %v: the living one's job is %s, want %s; the dead one's is %s, want %s", step.after, a, step.alive, d, step.dead)
		}
		c.t = began
	}
}

func TestOneReplicaHolds(t *testing.T) {
	address, c := storetest.Postgres(t), &clock{t: time.Now()}
	db := shared(t, address)
	if _, err := jobs.Migrate(t.Context(), db); err != nil {
		t.Fatal(err)
	}
	a, b := replica(t, db, c).Replica(), replica(t, shared(t, address), c).Replica()
	for _, step := range []struct {
		name string
		who  *jobs.Replica
		do   func() error
		want bool
	}{
		{"the first has it", a, nil, true},
		{"and keeps it", a, nil, true},
		{"the second has not", b, nil, false},
		{"the first lets go", b, func() error { return a.LetGo(t.Context(), "gateway") }, true},
		{"the first is late", a, nil, false},
		{"the second is gone", a, b.Close, true},
	} {
		if step.do != nil {
			if err := step.do(); err != nil {
				t.Fatal(err)
			}
		}
		if got, err := step.who.Hold(t.Context(), "gateway"); err != nil || got != step.want {
			t.Errorf("%s: %v, %v", step.name, got, err)
		}
	}
	if _, err := db.DB.ExecContext(t.Context(), `
INSERT INTO river_leader (elected_at, expires_at, leader_id) VALUES (now(), now() + interval '1 hour', 'dead')`); err != nil {
		t.Fatal(err)
	}
	var leaders int
	if err := errors.Join(a.Beat(t.Context()), db.DB.QueryRowContext(t.Context(), `SELECT count(*) FROM river_leader`).Scan(&leaders)); err != nil || leaders != 0 {
		t.Errorf("%d leaders that are dead, %v", leaders, err)
	}
}
