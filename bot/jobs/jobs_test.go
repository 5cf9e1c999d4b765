package jobs_test

import (
	"context"
	"database/sql"
	"errors"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/robfig/cron/v3"

	"tipoff/bot/alert"
	"tipoff/bot/deliver"
	"tipoff/bot/jobs"
	"tipoff/bot/store/postgres"
	"tipoff/bot/store/sqlite"
	"tipoff/bot/store/storetest"
)

// outbox is what waits, in the same database as the jobs, and who sends it.
type outbox struct {
	t      *testing.T
	db     *sql.DB
	server bool
	// fail is asked before each drain; may be nil.
	fail func() error
	sent chan int
	// log gets the engine's log; nil drops it.
	log chan string
}

func (o *outbox) logger() *slog.Logger {
	if o.log == nil {
		return slog.New(slog.DiscardHandler)
	}
	return slog.New(slog.NewTextHandler(o, nil))
}

func (o *outbox) Write(line []byte) (int, error) {
	o.log <- string(line)
	return len(line), nil
}

// lock is the store's: who writes to the outbox does so alone. SQLite has one
// connection that writes.
func (o *outbox) lock(ctx context.Context, tx *sql.Tx) error {
	if !o.server {
		return nil
	}
	_, err := tx.ExecContext(ctx, `LOCK TABLE outbox IN SHARE ROW EXCLUSIVE MODE`)
	return err
}

func (o *outbox) hasDelivery(ctx context.Context, tx *sql.Tx, to alert.Target) (bool, error) {
	if err := o.lock(ctx, tx); err != nil {
		return false, err
	}
	var n int
	err := tx.QueryRowContext(ctx, `SELECT count(*) FROM outbox WHERE target = $1`, to.String()).Scan(&n)
	return n > 0, err
}

func (o *outbox) Drain(ctx context.Context, to alert.Target) error {
	if o.fail != nil {
		if err := o.fail(); err != nil {
			return err
		}
	}
	for {
		var n int
		err := o.db.QueryRowContext(ctx, `DELETE FROM outbox WHERE n = (SELECT min(n) FROM outbox WHERE target = $1) RETURNING n`, to.String()).Scan(&n)
		if errors.Is(err, sql.ErrNoRows) {
			return nil
		}
		if err != nil {
			return err
		}
		o.sent <- n
	}
}

type poller func(ctx context.Context, sources []string) error

func (p poller) Poll(ctx context.Context, sources []string) error { return p(ctx, sources) }

var slackDesk = alert.Target{Kind: alert.Slack, Address: "C1"}

func open(t *testing.T) jobs.Database {
	t.Helper()
	var db jobs.Database
	if address := storetest.Address(t); strings.HasPrefix(address, "postgres") {
		s, err := postgres.Open(t.Context(), address, postgres.Options{})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = s.Close() })
		db = jobs.Database{DB: s.DB(), Server: s.Listener()}
	} else {
		s, err := sqlite.Open(t.Context(), strings.TrimPrefix(address, "sqlite:"), sqlite.Options{})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = s.Close() })
		db = jobs.Database{DB: s.DB()}
	}
	if _, err := jobs.Migrate(t.Context(), db); err != nil {
		t.Fatal(err)
	}
	if _, err := db.DB.ExecContext(t.Context(), `CREATE TABLE outbox (n INTEGER PRIMARY KEY, target TEXT)`); err != nil {
		t.Fatal(err)
	}
	return db
}

func newEngine(t *testing.T, db jobs.Database, p jobs.Poller, o *outbox, plan *jobs.Plan) *jobs.Engine {
	t.Helper()
	o.t, o.db, o.server, o.sent = t, db.DB, db.Server != nil, make(chan int, 1000)
	e, err := jobs.New(jobs.Config{Database: db, Poller: p, Drainer: o, HasDelivery: o.hasDelivery, Plan: plan, Log: o.logger()})
	if err != nil {
		t.Fatal(err)
	}
	return e
}

func start(t *testing.T, e *jobs.Engine) {
	t.Helper()
	if err := errors.Join(e.Release(t.Context()), e.Start(t.Context())); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := e.Stop(context.WithoutCancel(t.Context())); err != nil {
			t.Error(err)
		}
	})
}

// put writes something to send, with its job, and commits or rolls back.
func (o *outbox) put(e *jobs.Engine, n int, commit bool) {
	ctx := context.Background()
	tx, err := o.db.BeginTx(ctx, nil)
	if err != nil {
		o.t.Error(err)
		return
	}
	err = o.lock(ctx, tx)
	if err == nil {
		_, err = tx.ExecContext(ctx, `INSERT INTO outbox (n, target) VALUES ($1, $2)`, n, slackDesk.String())
	}
	if err == nil {
		err = e.EnqueueDelivery(ctx, tx, []alert.Target{slackDesk})
	}
	if err == nil && commit {
		err = tx.Commit()
	} else {
		err = errors.Join(err, tx.Rollback())
	}
	if err != nil {
		o.t.Error(err)
	}
}

func noPolls(context.Context, []string) error { return nil }

func TestDeliveryIsPartOfTheTransaction(t *testing.T) {
	db, o := open(t), &outbox{}
	e := newEngine(t, db, poller(noPolls), o, nil)
	start(t, e)
	o.put(e, 1, false)
	o.put(e, 2, true)
	if got := <-o.sent; got != 2 {
		t.Errorf("sent %d, want 2: 1 was rolled back", got)
	}
}

// TestNoDeliveryIsLeftBehind writes while the drain runs, ends and starts.
func TestNoDeliveryIsLeftBehind(t *testing.T) {
	db, o := open(t), &outbox{}
	e := newEngine(t, db, poller(noPolls), o, nil)
	start(t, e)
	const writers, each = 4, 50
	var wg sync.WaitGroup
	for w := range writers {
		wg.Go(func() {
			for i := range each {
				o.put(e, w*each+i, true)
			}
		})
	}
	wg.Wait()
	var got []int
	for range writers * each {
		got = append(got, <-o.sent)
	}
	slices.Sort(got)
	if len(slices.Compact(got)) != writers*each {
		t.Error("something was sent twice")
	}
}

// slow has every attempt come to a wait of an hour, and tells of it.
func (o *outbox) slow() (asked chan struct{}) {
	asked = make(chan struct{}, 1000)
	o.fail = func() error {
		asked <- struct{}{}
		return &deliver.WaitError{After: time.Hour, Err: errors.New("slow down")}
	}
	return asked
}

func TestWaitIsNoFailure(t *testing.T) {
	db, o := open(t), &outbox{}
	asked := o.slow()
	e := newEngine(t, db, poller(noPolls), o, nil)
	if err := errors.Join(e.Release(t.Context()), e.Start(t.Context())); err != nil {
		t.Fatal(err)
	}
	o.put(e, 1, true)
	<-asked
	if err := e.Stop(t.Context()); err != nil {
		t.Fatal(err)
	}
	var state string
	var wait float64
	query := `SELECT state, (julianday(scheduled_at) - julianday('now')) * 24 FROM river_job WHERE kind = 'deliver'`
	if db.Server != nil {
		query = `SELECT state, extract(epoch FROM scheduled_at - now()) / 3600 FROM river_job WHERE kind = 'deliver'`
	}
	if err := db.DB.QueryRowContext(t.Context(), query).Scan(&state, &wait); err != nil {
		t.Fatal(err)
	}
	if state != "scheduled" || wait < 0.9 || wait > 1.1 {
		t.Errorf("the drain is %s and comes again in %.2f hours; want scheduled, 1", state, wait)
	}

	if db.Server != nil {
		return // another replica may have its reasons to wait
	}
	// The next start does not wait for it.
	o = &outbox{}
	e = newEngine(t, db, poller(noPolls), o, nil)
	start(t, e)
	if got := <-o.sent; got != 1 {
		t.Errorf("sent %d", got)
	}
}

func TestFailureComesAgain(t *testing.T) {
	db, o := open(t), &outbox{}
	failed := make(chan struct{}, 1000)
	o.fail = func() error {
		failed <- struct{}{}
		return errors.New("no route")
	}
	e := newEngine(t, db, poller(noPolls), o, nil)
	if err := errors.Join(e.Release(t.Context()), e.Start(t.Context())); err != nil {
		t.Fatal(err)
	}
	o.put(e, 1, true)
	<-failed
	if err := e.Stop(t.Context()); err != nil {
		t.Fatal(err)
	}
	var state string
	if err := db.DB.QueryRowContext(t.Context(), `SELECT state FROM river_job WHERE kind = 'deliver'`).Scan(&state); err != nil {
		t.Fatal(err)
	}
	// A second's wait is short enough for River to call it available already.
	if state != "retryable" && state != "available" {
		t.Errorf("the drain is %s", state)
	}
}

func TestReleaseFreesWhatADeadProcessRan(t *testing.T) {
	db, o := open(t), &outbox{}
	if db.Server != nil {
		t.Skip("of a file, which has one owner")
	}
	e := newEngine(t, db, poller(noPolls), o, nil)
	o.put(e, 1, true)
	for _, q := range []string{
		`UPDATE river_job SET state = 'running', attempt = 1, attempted_at = CURRENT_TIMESTAMP`,
		`INSERT INTO river_leader (elected_at, expires_at, leader_id, name) VALUES (CURRENT_TIMESTAMP, datetime('now', '+1 hour'), 'dead', 'default')`,
	} {
		if _, err := db.DB.ExecContext(t.Context(), q); err != nil {
			t.Fatal(err)
		}
	}
	start(t, e)
	if got := <-o.sent; got != 1 {
		t.Errorf("sent %d", got)
	}
}

func TestPollsByPlanAndByHand(t *testing.T) {
	db, o := open(t), &outbox{}
	polled := make(chan []string, 10)
	plan := jobs.NewPlan(map[string]cron.Schedule{"planned": schedule{every: 200 * time.Millisecond}}, nil, time.Now())
	e := newEngine(t, db, poller(func(ctx context.Context, sources []string) error {
		select {
		case polled <- sources:
		case <-ctx.Done(): // nobody counts any more
		}
		return nil
	}), o, plan)
	start(t, e)
	if err := e.Poll(t.Context(), []string{"a", "b"}); err != nil {
		t.Fatal(err)
	}
	seen := make(map[string]int)
	for seen["planned"] < 2 || seen["a"] < 1 {
		for _, name := range <-polled {
			seen[name]++
		}
	}
	if seen["a"] != 1 || seen["b"] != 1 {
		t.Errorf("polled %v", seen)
	}
}

func noPlan() *jobs.Plan { return jobs.NewPlan(nil, nil, time.Now()) }

// TestStopDoesNotWaitForSlowSources stops while a visit hangs.
func TestStopDoesNotWaitForSlowSources(t *testing.T) {
	db, o := open(t), &outbox{}
	begun := make(chan struct{}, 1)
	e := newEngine(t, db, poller(func(ctx context.Context, _ []string) error {
		begun <- struct{}{}
		<-ctx.Done()
		return ctx.Err()
	}), o, noPlan())
	start(t, e)
	if err := e.Poll(t.Context(), []string{"slow"}); err != nil {
		t.Fatal(err)
	}
	<-begun
	if err := e.Stop(t.Context()); err != nil {
		t.Error(err)
	}
}

func TestStopBeforeStart(t *testing.T) {
	if err := newEngine(t, open(t), poller(noPolls), &outbox{}, nil).Stop(t.Context()); err != nil {
		t.Error(err)
	}
}

// TestFailuresAreSaid: what could not be recorded is no secret of the job
// table's; what the drainer has logged is not said twice.
func TestFailuresAreSaid(t *testing.T) {
	db, o := open(t), &outbox{log: make(chan string, 1000)}
	failed := make(chan struct{}, 1000)
	o.fail = func() error {
		failed <- struct{}{}
		return &deliver.WaitError{Err: errors.New("no route")}
	}
	e := newEngine(t, db, poller(func(context.Context, []string) error { return errors.New("the disk is full") }), o, noPlan())
	start(t, e)
	o.put(e, 1, true)
	<-failed
	if err := e.Poll(t.Context(), []string{"a"}); err != nil {
		t.Fatal(err)
	}
	for { // on a slow machine the engine may have something to say of that
		line := <-o.log
		if strings.Contains(line, "no route") {
			t.Errorf("log %q", line)
		}
		if strings.Contains(line, "the disk is full") {
			return
		}
	}
}

// TestReleaseLeavesNoPollsAndNothingDone: the sources of polls that an earlier
// run left are due by themselves.
func TestReleaseLeavesNoPollsAndNothingDone(t *testing.T) {
	db, o := open(t), &outbox{}
	if db.Server != nil {
		t.Skip("of a file, which has one owner")
	}
	e := newEngine(t, db, poller(noPolls), o, nil)
	o.put(e, 1, true)
	if err := e.Poll(t.Context(), []string{"a"}); err != nil {
		t.Fatal(err)
	}
	if _, err := db.DB.ExecContext(t.Context(), `UPDATE river_job SET state = 'completed', finalized_at = CURRENT_TIMESTAMP WHERE kind = 'deliver'`); err != nil {
		t.Fatal(err)
	}
	o.put(e, 2, true)
	if err := e.Release(t.Context()); err != nil {
		t.Fatal(err)
	}
	var deliveries, all int
	if err := db.DB.QueryRowContext(t.Context(), `SELECT count(*) FILTER (WHERE kind = 'deliver' AND state = 'available'), count(*) FROM river_job`).Scan(&deliveries, &all); err != nil {
		t.Fatal(err)
	}
	if deliveries != 1 || all != 1 {
		t.Errorf("%d jobs, %d of them deliveries to do; want that one only", all, deliveries)
	}
}
