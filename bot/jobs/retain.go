package jobs

import (
	"context"
	"time"

	"github.com/riverqueue/river"
)

const (
	tendQueue = "tend"
	// retainEvery is how often old stories are looked for.
	retainEvery = time.Hour
)

// RetainArgs is one application of the retention.
type RetainArgs struct{}

// Kind names the job in the database.
func (RetainArgs) Kind() string { return "retain" }

// retention is the periodic job that deletes what is not to be kept and tidies up: once for
// all replicas, also where they start over often.
func retention() *river.PeriodicJob {
	return river.NewPeriodicJob(river.PeriodicInterval(retainEvery), func() (river.JobArgs, *river.InsertOpts) {
		return RetainArgs{}, &river.InsertOpts{
			Queue: tendQueue, MaxAttempts: 3,
			UniqueOpts: river.UniqueOpts{ByPeriod: retainEvery},
		}
	}, &river.PeriodicJobOpts{RunOnStart: true})
}

type retainWorker struct {
	river.WorkerDefaults[RetainArgs]
	retain func(ctx context.Context) error
}

// Timeout is none: the first run on a big archive takes long, in steps that hold
// up nobody, and ends between two of them when it is told to.
func (w *retainWorker) Timeout(*river.Job[RetainArgs]) time.Duration { return -1 }

func (w *retainWorker) Work(ctx context.Context, _ *river.Job[RetainArgs]) error {
	return w.retain(ctx)
}
