// Package jobs sets up the job engine, River, on the store's own database: the
// polls that the schedules call for, and one drain job for each target that
// has alerts waiting. Jobs survive a crash; a job that exists is not put in a
// second time.
package jobs

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/riverqueue/river"
	"github.com/riverqueue/river/rivermigrate"
	"github.com/riverqueue/river/rivertype"

	"tipoff/bot/alert"
	"tipoff/bot/deliver"
)

var (
	sqlDropPolls    = statements.Get("DropPolls")
	sqlReleaseJobs  = statements.Get("ReleaseJobs")
	sqlDropLeader   = statements.Get("DropLeader")
	sqlBusy         = statements.Get("Busy")
	sqlBusyOnServer = statements.Get("BusyOnServer")
)

const (
	pollQueue    = "poll"
	deliverQueue = "deliver"
	// platformWorkers is how many channels of a chat platform are sent to side by
	// side. Most of the time each waits for its next turn, and costs nothing.
	platformWorkers = 256
	// pollTimeout bounds one batch of polls; each source has its own, shorter
	// limit in fetch.
	pollTimeout = 5 * time.Minute
)

// PollArgs is one batch of sources that are due at the same moment.
type PollArgs struct {
	Sources []string `json:"sources" river:"unique"`
	// Due is the moment in Unix seconds. It makes a batch unique: two replicas
	// that see the same moment put in one job.
	Due int64 `json:"due" river:"unique"`
	// Taken is when the job was put in, in Unix seconds: no source in it was due
	// later.
	Taken int64 `json:"taken"`
}

// Kind names the job in the database.
func (PollArgs) Kind() string { return "poll" }

// DeliverArgs is the drain of one target.
type DeliverArgs struct {
	Target string `json:"target"`
}

// Kind names the job in the database.
func (DeliverArgs) Kind() string { return "deliver" }

// Poller visits sources.
type Poller interface {
	Poll(ctx context.Context, sources []string) error
}

// Drainer sends what waits for a target; see [deliver.Drainer.Drain].
type Drainer interface {
	Drain(ctx context.Context, to alert.Target) error
}

// HasDelivery reports within a transaction whether a target has anything open.
// From then until the end of that transaction nobody else may write a delivery:
// on a database that several write to at once, it has to take the lock that a
// transaction takes before it calls [Engine.EnqueueDelivery]. Otherwise a drain
// could end that was just found to be there still.
type HasDelivery func(ctx context.Context, tx *sql.Tx, to alert.Target) (bool, error)

// StillDue is a part of [Config].
type StillDue func(ctx context.Context, sources []string, taken time.Time, again bool) ([]string, error)

// Config is what the engine works with.
type Config struct {
	Database
	Poller      Poller
	Drainer     Drainer
	HasDelivery HasDelivery
	// Plan says which sources are due when. Without one the engine works no
	// polls at all, only deliveries: for a single pass over the sources.
	Plan *Plan
	// StillDue drops the sources that another replica polls, or has polled, for
	// what was due when the job was put in; nil where there can be none. again is
	// true where the job was begun before, and not ended.
	StillDue StillDue
	// Retain deletes what is not to be kept; nil where everything is.
	Retain func(ctx context.Context) error
	Log    *slog.Logger
	// Now is the clock; time.Now where nil.
	Now func() time.Time
}

// Engine is the job engine. Its methods are safe for use by many goroutines.
type Engine struct {
	client *river.Client[*sql.Tx]
	db     Database
	now    func() time.Time
	// replica is this process among others; nil where there can be none.
	replica *Replica

	mu     sync.Mutex // guards handle, running, lost and clockSet
	plan   *Plan
	handle rivertype.PeriodicJobHandle
	// running are the jobs that this process works.
	running map[int64]bool
	// lost counts how often a job was found that this process should be working
	// and is not.
	lost map[int64]int
	// clockSet is how many times more what waits is to be woken, because the clock
	// was set back.
	clockSet int
}

// Migrate brings the engine's own tables to this program's version.
func Migrate(ctx context.Context, db Database) (applied int, err error) {
	m, err := rivermigrate.New(db.driver(), &rivermigrate.Config{Logger: quiet()})
	if err != nil {
		return 0, fmt.Errorf("job engine: %w", err)
	}
	existing, err := m.ExistingVersions(ctx)
	if err != nil {
		return 0, fmt.Errorf("job engine: %w", err)
	}
	all := m.AllVersions()
	if len(existing) == len(all) {
		return 0, nil
	}
	res, err := m.Migrate(ctx, rivermigrate.DirectionUp, nil)
	if err != nil {
		return 0, fmt.Errorf("job engine: migrate: %w", err)
	}
	return len(res.Versions), nil
}

// New prepares the engine on a migrated database. Nothing runs before
// [Engine.Start].
func New(c Config) (*Engine, error) {
	test := river.TestConfig{}
	if c.Now == nil {
		c.Now = time.Now
	} else {
		test.Time = clock(c.Now)
	}
	e := &Engine{db: c.Database, now: c.Now, plan: c.Plan, running: make(map[int64]bool), lost: make(map[int64]int)}
	workers := river.NewWorkers()
	river.AddWorker(workers, &pollWorker{engine: e, poller: c.Poller, stillDue: c.StillDue})
	river.AddWorker(workers, &deliverWorker{engine: e, drainer: c.Drainer, hasDelivery: c.HasDelivery, db: c.Database})

	log := slog.New(newQuieter(c.Log.Handler()))
	conf := &river.Config{
		Test:    test,
		Logger:  log,
		Workers: workers,
		Queues: map[string]river.QueueConfig{
			deliverQueue:           {MaxWorkers: 32},
			queueOf(alert.Slack):   {MaxWorkers: platformWorkers},
			queueOf(alert.Discord): {MaxWorkers: platformWorkers},
		},
		FetchCooldown:        20 * time.Millisecond,
		JobTimeout:           pollTimeout,
		RescueStuckJobsAfter: 2 * pollTimeout,
		RetryPolicy:          retryPolicy{},
		ErrorHandler:         &trouble{log: log},
		// Done jobs are of no use to anybody; the deliveries have a table of
		// their own.
		CompletedJobRetentionPeriod: 10 * time.Minute,
	}
	if c.Plan != nil {
		conf.Queues[pollQueue] = river.QueueConfig{MaxWorkers: 64}
	}
	if c.Retain != nil {
		river.AddWorker(workers, &retainWorker{retain: c.Retain})
		conf.Queues[tendQueue] = river.QueueConfig{MaxWorkers: 1}
	}
	if c.Server != nil {
		e.replica = newReplica(c.Database, e.now)
		conf.ID = e.replica.id
	}
	var err error
	e.client, err = river.NewClient(c.driver(), conf)
	if err != nil {
		return nil, fmt.Errorf("job engine: %w", err)
	}
	if c.Plan != nil {
		e.handle = e.client.PeriodicJobs().Add(e.polls())
	}
	if c.Retain != nil {
		e.client.PeriodicJobs().Add(retention())
	}
	return e, nil
}

// polls is the periodic job that puts in the polls of the plan.
func (e *Engine) polls() *river.PeriodicJob {
	return river.NewPeriodicJob(e.plan, func() (river.JobArgs, *river.InsertOpts) {
		now := e.now()
		names, due := e.plan.Take(now)
		if len(names) == 0 {
			return nil, nil
		}
		return PollArgs{Sources: names, Due: due.Unix(), Taken: now.Unix()}, pollOpts()
	}, nil)
}

// Replan asks the plan anew when the next source is due. Without it the engine
// would sleep until the time that the plan gave last.
func (e *Engine) Replan() {
	if e.plan == nil {
		return
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	jobs := e.client.PeriodicJobs()
	jobs.Remove(e.handle)
	e.handle = jobs.Add(e.polls())
}

func pollOpts() *river.InsertOpts {
	return &river.InsertOpts{Queue: pollQueue, MaxAttempts: 3, UniqueOpts: river.UniqueOpts{ByArgs: true}}
}

// queueOf keeps the chat platforms apart: while one of them hangs, the others have
// workers.
func queueOf(k alert.Kind) string {
	if k == alert.Slack || k == alert.Discord {
		return deliverQueue + "_" + string(k)
	}
	return deliverQueue
}

func deliverOpts(k alert.Kind) *river.InsertOpts {
	return &river.InsertOpts{
		Queue: queueOf(k),
		// A drain lives as long as its target has anything open; giving up is
		// the business of each delivery.
		MaxAttempts: math.MaxInt16,
		UniqueOpts: river.UniqueOpts{ByArgs: true, ByState: []rivertype.JobState{
			rivertype.JobStateAvailable, rivertype.JobStatePending, rivertype.JobStateRetryable,
			rivertype.JobStateRunning, rivertype.JobStateScheduled,
		}},
	}
}

// Release frees the deliveries that a process was running when it died, and
// lets those that wait for another attempt have it now; where a platform asked
// for a pause, the outbox knows. The polls of an earlier run go, for their
// sources are still due, and so do jobs that are done, which the engine's own
// cleaner would not come round to in a single pass. On a database that replicas
// share it does nothing: others may be running them, and [Replica.Beat] sees to
// those that nobody runs.
func (e *Engine) Release(ctx context.Context) error {
	if e.replica != nil {
		return nil
	}
	err := run(ctx, e.db.DB, sqlDropPolls, sqlReleaseJobs, sqlDropLeader)
	if err != nil {
		return fmt.Errorf("job engine: release jobs of an earlier run: %w", err)
	}
	return nil
}

// Replica is this process among those that share the database, or nil where
// there can be no others.
func (e *Engine) Replica() *Replica { return e.replica }

// Start begins to work. The jobs' context is not ctx: they end by
// [Engine.Stop].
func (e *Engine) Start(ctx context.Context) error {
	if e.replica != nil {
		if err := e.replica.Beat(ctx); err != nil {
			return fmt.Errorf("job engine: start: %w", err)
		}
	}
	if err := e.client.Start(context.WithoutCancel(ctx)); err != nil {
		return fmt.Errorf("job engine: start: %w", err)
	}
	return nil
}

// Stop takes no more jobs and tells those that run to come to an end: what is
// being sent is finished, visits to sources are cut off. It waits for that
// until ctx ends. What was not done is done after the next start.
func (e *Engine) Stop(ctx context.Context) error {
	err := e.client.StopAndCancel(ctx)
	if e.replica != nil {
		// Last: until here nobody else takes our jobs.
		err = errors.Join(err, e.replica.Close())
	}
	if err != nil {
		return fmt.Errorf("job engine: stop: %w", err)
	}
	return nil
}

// Poll puts in a poll of these sources, due now. Where replicas share the
// database, each of them may call it for the same sources: the one that puts in
// the polls does so once.
func (e *Engine) Poll(ctx context.Context, sources []string) error {
	if len(sources) == 0 {
		return nil
	}
	if e.replica != nil && e.plan != nil {
		sources = e.plan.Hurry(sources, e.now())
		e.Replan()
		if len(sources) == 0 {
			return nil
		}
	}
	_, err := e.client.Insert(ctx, PollArgs{Sources: sources, Due: e.now().Unix(), Taken: e.now().Unix()}, pollOpts())
	if err != nil {
		return fmt.Errorf("job engine: put in a poll: %w", err)
	}
	return nil
}

// EnqueueDelivery puts in the drains of targets, within the transaction that
// gives them something to send. A target whose drain is waiting or running has
// no need of another one; see deliverWorker.
func (e *Engine) EnqueueDelivery(ctx context.Context, tx *sql.Tx, targets []alert.Target) error {
	for _, to := range targets {
		if _, err := e.enqueue(ctx, tx, to); err != nil {
			return err
		}
	}
	return nil
}

// WakeDelivery does the same, and lets drains that wait for a later time start
// now: what they were waiting for may be over.
func (e *Engine) WakeDelivery(ctx context.Context, tx *sql.Tx, targets []alert.Target) error {
	for _, to := range targets {
		job, err := e.enqueue(ctx, tx, to)
		if err != nil {
			return err
		}
		if job.State != rivertype.JobStateScheduled && job.State != rivertype.JobStateRetryable {
			continue
		}
		if _, err := e.client.JobRetryTx(ctx, tx, job.ID); err != nil {
			return fmt.Errorf("wake the delivery to %s: %w", to.Redacted(), err)
		}
	}
	return nil
}

// enqueue returns the drain of a target, put in now or before.
func (e *Engine) enqueue(ctx context.Context, tx *sql.Tx, to alert.Target) (*rivertype.JobRow, error) {
	res, err := e.client.InsertTx(ctx, tx, DeliverArgs{Target: to.String()}, deliverOpts(to.Kind))
	if err != nil {
		return nil, fmt.Errorf("put in a delivery to %s: %w", to.Redacted(), err)
	}
	return res.Job, nil
}

// soon is how long a job may wait and still count as under way.
const soon = 15 * time.Second

// Idle reports whether no delivery job is running, or is to run within the
// next seconds.
func (e *Engine) Idle(ctx context.Context) (bool, error) {
	query, arg := sqlBusy, any(fmt.Sprintf("+%d seconds", int(soon.Seconds())))
	if e.db.Server != nil {
		query, arg = sqlBusyOnServer, soon.Seconds()
	}
	var n int
	err := e.db.DB.QueryRowContext(ctx, query, arg).Scan(&n)
	return n == 0, err
}

type pollWorker struct {
	river.WorkerDefaults[PollArgs]
	engine   *Engine
	poller   Poller
	stillDue StillDue
}

func (w *pollWorker) Work(ctx context.Context, job *river.Job[PollArgs]) error {
	defer w.engine.works(job.ID)()
	due := job.Args.Sources
	if w.stillDue != nil {
		var err error
		if due, err = w.stillDue(ctx, due, time.Unix(job.Args.Taken, 0), job.Attempt > 1); err != nil || len(due) == 0 {
			return err
		}
	}
	return w.poller.Poll(ctx, due)
}

type deliverWorker struct {
	river.WorkerDefaults[DeliverArgs]
	engine      *Engine
	drainer     Drainer
	hasDelivery HasDelivery
	db          Database
}

// Timeout is none: a drain is done when nothing waits, and each send has its
// own limit.
func (w *deliverWorker) Timeout(*river.Job[DeliverArgs]) time.Duration { return -1 }

// Work drains the target and ends only in a transaction that sees nothing
// open. A delivery written before that is still sent by this job; one written
// after it finds no job and puts in its own. So none is left behind.
func (w *deliverWorker) Work(ctx context.Context, job *river.Job[DeliverArgs]) error {
	defer w.engine.works(job.ID)()
	to, err := alert.ParseTarget(job.Args.Target)
	if err != nil {
		return river.JobCancel(err)
	}
	for {
		if err := w.drainer.Drain(ctx, to); err != nil {
			// A drain can live for long, and over many messages: how often the job
			// failed says nothing of the message that fails now.
			if wait, ok := errors.AsType[*deliver.WaitError](err); ok && cmp.Or(wait.After, wait.Again) > 0 {
				return river.JobSnooze(cmp.Or(wait.After, wait.Again))
			}
			return err
		}
		done, err := w.complete(ctx, job, to)
		if err != nil || done {
			return err
		}
	}
}

func (w *deliverWorker) complete(ctx context.Context, job *river.Job[DeliverArgs], to alert.Target) (bool, error) {
	tx, err := w.db.DB.BeginTx(ctx, nil)
	if err != nil {
		return false, err
	}
	defer func() { _ = tx.Rollback() }() // nothing to undo after the commit
	if more, err := w.hasDelivery(ctx, tx, to); err != nil || more {
		return false, err
	}
	if err := complete(ctx, w.db, tx, job); err != nil {
		return false, err
	}
	return true, tx.Commit()
}

// retryPolicy is for what went wrong in the program or its database: it waits 1,
// 2, 4, ... seconds and at the most a minute, each a little varied so that many
// do not come back at once.
type retryPolicy struct{}

func (retryPolicy) NextRetry(job *rivertype.JobRow) time.Time {
	wait := time.Minute
	if n := len(job.Errors); n < 10 {
		wait = min(wait, time.Second<<n)
	}
	return time.Now().Add(wait + time.Duration(rand.Int64N(int64(wait/5)))) //nolint:gosec // no secret
}

// trouble logs why a job failed. River keeps that in the job's row, where nobody
// looks.
type trouble struct{ log *slog.Logger }

func (t *trouble) HandleError(ctx context.Context, job *rivertype.JobRow, err error) *river.ErrorHandlerResult {
	if _, said := errors.AsType[*deliver.WaitError](err); !said && !errors.Is(err, context.Canceled) {
		t.log.ErrorContext(ctx, "a job failed", "job", job.Kind, "attempt", job.Attempt, "error", err)
	}
	return nil
}

// HandlePanic has nothing to add to what River says of a panic.
func (t *trouble) HandlePanic(context.Context, *rivertype.JobRow, any, string) *river.ErrorHandlerResult {
	return nil
}

func quiet() *slog.Logger { return slog.New(slog.DiscardHandler) }
