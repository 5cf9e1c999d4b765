package jobs_test

import (
	"context"
	"log/slog"
	"testing"

	"tipoff/bot/jobs"
)

// The retention runs at the start.
func TestRetentionRuns(t *testing.T) {
	db, o := open(t), &outbox{}
	ran := make(chan struct{}, 10)
	e, err := jobs.New(jobs.Config{
		Database: db, Poller: poller(noPolls), Drainer: o, HasDelivery: o.hasDelivery, Log: slog.New(slog.DiscardHandler),
		Retain: func(context.Context) error { ran <- struct{}{}; return nil },
	})
	if err != nil {
		t.Fatal(err)
	}
	start(t, e)
	<-ran
}
