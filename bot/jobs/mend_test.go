package jobs_test

import (
	"context"
	"log/slog"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/robfig/cron/v3"

	"tipoff/bot/jobs"
)

// The database failed just when a drain was to wait: it is for ever running, and
// nobody runs it.
func TestMend(t *testing.T) {
	db, o := open(t), &outbox{}
	asked := o.slow()
	e := newEngine(t, db, poller(noPolls), o, nil)
	start(t, e)
	o.put(e, 1, true)
	<-asked
	whenItWaits(t, db, `UPDATE river_job SET state = 'running' WHERE kind = 'deliver' AND state = 'scheduled'`)
	state := func() (s string) {
		t.Helper()
		if err := db.DB.QueryRowContext(t.Context(), `SELECT state FROM river_job WHERE kind = 'deliver'`).Scan(&s); err != nil {
			t.Fatal(err)
		}
		return s
	}
	for range 2 {
		if err := e.Mend(t.Context()); err != nil {
			t.Fatal(err)
		}
		if s := state(); s != "running" {
			t.Fatalf("it may be about to be written down, and is %s already", s)
		}
	}
	if err := e.Mend(t.Context()); err != nil {
		t.Fatal(err)
	}
	<-asked // it runs again
}

// whenItWaits changes the drain's job once its wait is written down, which is a
// moment after the drain.
func whenItWaits(t *testing.T, db jobs.Database, update string) {
	t.Helper()
	for {
		res, err := db.DB.ExecContext(t.Context(), update)
		if err != nil {
			t.Fatal(err)
		}
		n, err := res.RowsAffected()
		if err != nil {
			t.Fatal(err)
		}
		if n > 0 {
			return
		}
	}
}

// A job that is worked is nobody's to free, however long it takes.
func TestMendLeavesWhatRuns(t *testing.T) {
	db, o := open(t), &outbox{}
	began, end := make(chan struct{}, 1000), make(chan struct{})
	o.fail = func() error {
		began <- struct{}{}
		<-end
		return nil
	}
	e := newEngine(t, db, poller(noPolls), o, nil)
	start(t, e)
	release := sync.OnceFunc(func() { close(end) })
	t.Cleanup(release) // before the engine is stopped, which waits for it
	o.put(e, 1, true)
	<-began
	for range 10 {
		if err := e.Mend(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	var n int
	if err := db.DB.QueryRowContext(t.Context(), `SELECT count(*) FROM river_job WHERE kind = 'deliver' AND state = 'running'`).Scan(&n); err != nil || n != 1 {
		t.Errorf("%d jobs are running: %v", n, err)
	}
	release()
	<-o.sent
}

// The wall clock is set back by two hours: what was due in a second is due in a
// second, and so is what was written down with a time of the clock of before.
func TestClockSetBack(t *testing.T) {
	db, o := open(t), &outbox{}
	var offset atomic.Int64
	now := func() time.Time { return time.Now().Add(time.Duration(offset.Load())) }
	asked, polled := o.slow(), make(chan struct{}, 10)
	o.t, o.db, o.server, o.sent = t, db.DB, db.Server != nil, make(chan int, 10)
	plan := jobs.NewPlan(map[string]cron.Schedule{"a": cron.Every(time.Second)}, nil, now())
	e, err := jobs.New(jobs.Config{
		Database: db, Drainer: o, HasDelivery: o.hasDelivery, Plan: plan, Log: slog.New(slog.DiscardHandler), Now: now,
		Poller: poller(func(context.Context, []string) error {
			select {
			case polled <- struct{}{}:
			default: // nobody counts
			}
			return nil
		}),
	})
	if err != nil {
		t.Fatal(err)
	}
	start(t, e)
	o.put(e, 1, true)
	<-asked
	<-polled
	whenItWaits(t, db, `UPDATE river_job SET priority = priority WHERE kind = 'deliver' AND state = 'scheduled'`)
	const back = 2 * time.Hour
	offset.Store(int64(-back))
	for len(polled) > 0 { // of before
		<-polled
	}
	if err := e.ClockSet(t.Context(), back); err != nil {
		t.Fatal(err)
	}
	<-polled
	<-asked
	late := `UPDATE river_job SET scheduled_at = datetime(scheduled_at, '+2 hours') WHERE kind = 'deliver' AND state = 'scheduled'`
	if db.Server != nil {
		late = `UPDATE river_job SET scheduled_at = scheduled_at + interval '2 hours' WHERE kind = 'deliver' AND state = 'scheduled'`
	}
	whenItWaits(t, db, late)
	if err := e.Mend(t.Context()); err != nil {
		t.Fatal(err)
	}
	<-asked
	if next := plan.NextOf("a"); next.After(now().Add(time.Minute)) {
		t.Errorf("the next poll is at %v, and it is %v", next, now())
	}
}

func TestPlanRewind(t *testing.T) {
	now := time.Date(2024, 2, 19, 12, 0, 0, 0, time.UTC)
	nine, err := cron.ParseStandard("0 9 * * *")
	if err != nil {
		t.Fatal(err)
	}
	p := jobs.NewPlan(map[string]cron.Schedule{"daily": nine, "held": cron.Every(time.Minute), "often": cron.Every(time.Minute)},
		map[string]time.Time{"held": now.Add(10 * time.Minute)}, now)
	earlier := now.Add(-5 * time.Hour)
	p.Rewind(earlier, 5*time.Hour)
	for name, want := range map[string]time.Time{
		"daily": earlier.Add(2 * time.Hour), "held": earlier.Add(10 * time.Minute), "often": earlier.Add(time.Minute),
	} {
		if got := p.NextOf(name); !got.Equal(want) {
			t.Errorf("%s is due at %v, want %v", name, got, want)
		}
	}
}
