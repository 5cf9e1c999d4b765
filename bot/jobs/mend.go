package jobs

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"
)

var (
	sqlOurs          = statements.Get("Ours")
	sqlOursOnServer  = statements.Get("OursOnServer")
	sqlGiveUp        = statements.Get("GiveUp")
	sqlAgain         = statements.Get("Again")
	sqlAgainOnServer = statements.Get("AgainOnServer")
	sqlClockSet      = statements.Get("ClockSet")
)

// clock makes the engine's library go by a test's clock.
type clock func() time.Time

func (c clock) Now() time.Time { return c() }

func (c clock) NowOrNil() *time.Time {
	t := c()
	return &t
}

// works says that this process works a job until the function it returns is
// called.
func (e *Engine) works(job int64) (done func()) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.running[job] = true
	return func() {
		e.mu.Lock()
		defer e.mu.Unlock()
		delete(e.running, job)
	}
}

// lostAfter is how many times in a row a job has to be found that nobody works:
// the library writes down what came of a job a moment after its end.
const lostAfter = 3

// Mend frees the jobs that this process has in the database as running and does
// not work. Where the database failed just when a job ended, the library gives
// up writing that down, and nobody would run the job again before a restart. It
// is called every few seconds; what is freed was found so several times in a row.
func (e *Engine) Mend(ctx context.Context) error {
	ids, err := e.ours(ctx)
	if err != nil {
		return fmt.Errorf("job engine: look for jobs that nobody runs: %w", err)
	}
	e.mu.Lock()
	found, free := make(map[int64]int), []int64(nil)
	for _, id := range ids {
		if e.running[id] {
			continue
		}
		if found[id] = e.lost[id] + 1; found[id] >= lostAfter {
			free = append(free, id)
		}
	}
	e.lost = found
	wake := e.clockSet > 0
	e.mu.Unlock()
	if wake {
		if err := e.wake(ctx); err != nil {
			return err
		}
		e.mu.Lock()
		e.clockSet--
		e.mu.Unlock()
	}
	again := sqlAgain
	if e.db.Server != nil {
		again = sqlAgainOnServer
	}
	for _, id := range free {
		_, gaveUp := e.db.DB.ExecContext(ctx, sqlGiveUp, id)
		_, freed := e.db.DB.ExecContext(ctx, again, id)
		if err := errors.Join(gaveUp, freed); err != nil {
			return fmt.Errorf("job engine: free a job that nobody runs: %w", err)
		}
	}
	return nil
}

func (e *Engine) ours(ctx context.Context) (ids []int64, err error) {
	var rows *sql.Rows
	if e.replica != nil {
		rows, err = e.db.DB.QueryContext(ctx, sqlOursOnServer, e.replica.id)
	} else {
		rows, err = e.db.DB.QueryContext(ctx, sqlOurs)
	}
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var id int64
		if err := rows.Scan(&id); err != nil {
			return nil, err
		}
		ids = append(ids, id)
	}
	return ids, rows.Err()
}

// ClockSet makes the engine go by a clock that was set: forward, or back by so
// much. Without it, what was to be done in a minute would wait until the clock is
// where it was before.
func (e *Engine) ClockSet(ctx context.Context, back time.Duration) error {
	if back > 0 {
		if e.plan != nil {
			e.plan.Rewind(e.now(), back)
		}
		// A drain that ended just before may be written down after this, to wait until
		// a time of the clock of before.
		e.mu.Lock()
		e.clockSet = lostAfter
		e.mu.Unlock()
		if err := e.wake(ctx); err != nil {
			return err
		}
	}
	e.Replan()
	return nil
}

// wake lets the drains that wait begin now. Those that a platform asked to wait
// ask the outbox, and wait again.
func (e *Engine) wake(ctx context.Context) error {
	now := e.now().UTC()
	var arg any = now
	if e.db.Server == nil {
		arg = now.Format("2006-01-02 15:04:05.000")
	}
	if _, err := e.db.DB.ExecContext(ctx, sqlClockSet, arg); err != nil {
		return fmt.Errorf("job engine: the clock was set: %w", err)
	}
	return nil
}
