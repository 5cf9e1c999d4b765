package bot

import (
	"context"
	"fmt"
	"time"

	"github.com/robfig/cron/v3"

	"tipoff/bot/deliver"
	"tipoff/bot/jobs"
	"tipoff/bot/pipeline"
	"tipoff/sources"
	"tipoff/sources/schedule"
)

// Totals count what was done since the start.
type Totals struct {
	Polled    int `json:"polled"`
	Unchanged int `json:"unchanged"`
	Failed    int `json:"failed"`
	New       int `json:"new"`
	Baseline  int `json:"baseline"`
	Edited    int `json:"edited"`
	Alerts    int `json:"alerts"`
	Delivered int `json:"delivered"`
	Delayed   int `json:"delayed"`
	Dead      int `json:"dead"`
}

// Totals are the counts so far.
func (a *App) Totals() Totals {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.totals
}

func (a *App) countVisit(v sources.Visit, out pipeline.Outcome) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.totals.Polled++
	switch {
	case v.Err != nil:
		a.totals.Failed++
	case v.Unchanged:
		a.totals.Unchanged++
	}
	a.totals.New += out.New
	a.totals.Baseline += out.Baselined
	a.totals.Edited += out.Edited
	a.totals.Alerts += out.Alerts
}

func (a *App) countDelivery(r deliver.Result) {
	a.mu.Lock()
	defer a.mu.Unlock()
	switch r {
	case deliver.Sent:
		a.totals.Delivered++
	case deliver.Delayed:
		a.totals.Delayed++
	case deliver.Dead:
		a.totals.Dead++
	}
}

// spread is the most that a source's polls are moved from its schedule, so
// that a hundred sources with one schedule are not asked in the same second.
const spread = 2 * time.Minute

// newPlan is the schedule of all sources. A source that is to be left alone for
// a while is not due before that.
func (a *App) newPlan(ctx context.Context) (*jobs.Plan, error) {
	known, err := a.store.Sources(ctx)
	if err != nil {
		return nil, err
	}
	first := make(map[string]time.Time)
	for _, st := range known {
		first[st.Name] = st.HoldUntil
	}
	schedules := make(map[string]cron.Schedule)
	a.planned = make(map[string]sources.Source)
	for _, src := range a.sources.All() {
		a.planned[src.Name] = src
		if schedules[src.Name], err = a.scheduleOf(src); err != nil {
			return nil, err
		}
	}
	return jobs.NewPlan(schedules, first, a.Now()), nil
}

func (a *App) scheduleOf(src sources.Source) (cron.Schedule, error) {
	s, err := schedule.Parse(src.Schedule, a.cfg.Zone)
	if err != nil {
		return nil, fmt.Errorf("source %q: %w", src.Name, err)
	}
	return schedule.Spread(s, src.Name, spread), nil
}

// dueNow lists the sources to poll at the start: those never polled, and those
// whose time came while the program was not running.
func (a *App) dueNow(ctx context.Context) ([]string, error) {
	all, err := a.store.Sources(ctx)
	if err != nil {
		return nil, err
	}
	var due []string
	for _, st := range all {
		if !st.NextPoll.After(a.Now()) {
			due = append(due, st.Name)
		}
	}
	return due, nil
}

// PollOnce visits every source now, whatever its schedule, and delivers what
// comes of it. It returns when nothing is left to do soon; what has to wait
// longer is delivered by a later run. The App was made with Once.
func (a *App) PollOnce(ctx context.Context) error {
	if err := a.engine.Release(ctx); err != nil {
		return err
	}
	if err := a.engine.Start(ctx); err != nil {
		return err
	}
	all := a.sources.All()
	names := make([]string, 0, len(all))
	for _, src := range all {
		names = append(names, src.Name)
	}
	err := a.poller.Poll(ctx, names)
	if err == nil {
		err = a.Settle(ctx)
	}
	if err == nil && a.cfg.Retention.On() {
		err = a.retain(ctx)
	}
	return err
}

// settleLimit bounds the wait for deliveries that were told to come back soon.
const settleLimit = time.Minute

// Settle waits until no delivery is under way or will be within seconds.
func (a *App) Settle(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, settleLimit)
	defer cancel()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		idle, err := a.engine.Idle(ctx)
		if err != nil {
			return err
		}
		if idle {
			return nil
		}
		select {
		case <-ctx.Done():
			return nil // what is left is in the outbox
		case <-tick.C:
		}
	}
}
