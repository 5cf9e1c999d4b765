package bot

import (
	"context"
	"errors"
	"maps"
	"time"

	"tipoff/bot/store"
	"tipoff/sources"
)

const (
	// followEvery is how long it takes at the most until what another process
	// changed in the store, such as `tipoff sources import`, is in force here.
	followEvery = 5 * time.Second

	// beatEvery is the same where replicas share the store, and one was not heard.
	// They look after each other as often.
	beatEvery = 500 * time.Millisecond

	// tendEvery is how often it is looked for what was left behind.
	tendEvery = 5 * time.Second
	// overdue is how long a source may be due and not polled: longer than a poll
	// takes, and the turn before it.
	overdue = 6 * time.Minute
)

// follow keeps up with what other processes change in the store, and with
// whether they live.
func (a *App) follow(ctx context.Context) {
	ctx, a.stopFollow = context.WithCancel(context.WithoutCancel(ctx))
	replica, every := a.engine.Replica(), followEvery
	if replica != nil {
		every = beatEvery
	}
	heard := make(chan struct{}, 1)
	if replica != nil {
		a.followed.Go(func() { a.hear(ctx, heard) })
	}
	a.followed.Go(func() {
		tick := time.NewTicker(every)
		defer tick.Stop()
		lost, clock, tended, set := false, newWallClock(a.Now), time.Now(), time.Duration(0)
		for {
			select {
			case <-ctx.Done():
				return
			case <-tick.C:
			case <-heard:
			}
			var err error
			if set += clock.set(); set != 0 {
				if err = a.clockSet(ctx, set); err == nil {
					set = 0
				}
			}
			err = errors.Join(err, a.Refresh(ctx))
			if replica != nil {
				err = errors.Join(replica.Beat(ctx), err)
			}
			if err == nil && time.Since(tended) >= tendEvery {
				tended = time.Now()
				err = a.tend(ctx)
			}
			switch {
			case ctx.Err() != nil:
				return
			case err != nil && !lost: // once, not twice a second
				a.Log.Error("the store cannot be used now; what is to be done waits until it can", "error", a.store.Explain(err))
			case err == nil && lost:
				a.Log.Info("the store is used again")
			}
			lost = err != nil
		}
	})
}

// hear takes up at once what other replicas change. Where the connection is lost
// it begins anew; what was missed meanwhile is read then, and changes of people
// with each beat.
func (a *App) hear(ctx context.Context, heard chan<- struct{}) {
	tick := time.NewTicker(beatEvery)
	defer tick.Stop()
	for ctx.Err() == nil {
		// That the database does not answer is said by who follows it.
		_ = a.store.hear(ctx, func(c store.Change) {
			if c != store.FactsChanged {
				select {
				case heard <- struct{}{}:
				default: // it is on its way
				}
			}
			if c != store.PeopleChanged {
				if err := a.facts.Reload(ctx); err != nil && ctx.Err() == nil {
					a.Log.Error("what another replica learned of vulnerabilities could not be taken up", "error", err)
				}
			}
		})
		select {
		case <-ctx.Done():
		case <-tick.C:
		}
	}
}

// learn takes up what a catalogue says of vulnerabilities. What is new is counted
// from what all replicas know.
func (a *App) learn(ctx context.Context, said sources.Facts) (changed int, err error) {
	if a.cfg.Shared() {
		if err := a.facts.Reload(ctx); err != nil {
			return 0, err
		}
	}
	return a.facts.Learn(ctx, said)
}

// tend looks for what was left behind: jobs that nobody runs, and sources that
// nobody polls, because the job could not be put in. Where replicas share the
// store it moves the plan on for the sources that others have polled, so that it
// is right if this one has to put in the polls.
func (a *App) tend(ctx context.Context) error {
	if err := a.engine.Mend(ctx); err != nil {
		return err
	}
	all, err := a.store.Sources(ctx)
	if err != nil {
		return err
	}
	var late []string
	now := a.Now()
	for _, st := range all {
		switch {
		case st.NextPoll.IsZero(): // it is new, or gone
		case now.Sub(st.NextPoll) > overdue && a.plan.NextOf(st.Name).Sub(now) > overdue && now.Sub(a.hurried[st.Name]) > overdue:
			a.hurried[st.Name] = now
			late = append(late, st.Name)
		case a.cfg.Shared():
			a.plan.Delay(st.Name, st.NextPoll)
		}
	}
	return a.engine.Poll(ctx, late)
}

// claim is for how long a replica has a moment of a source's to itself, counted
// from when the job was put in.
const claim = 3 * time.Second

// stillDue drops the sources that have been polled already for what was due when
// the job was put in, or are just being polled: the replica that put in the polls
// before may have been killed after it, and the next one did not hear of it. All
// go by the same moments, so that a source is due later only where it was polled,
// or claimed.
func (a *App) stillDue(ctx context.Context, names []string, taken time.Time, again bool) ([]string, error) {
	due, until := taken, taken.Add(claim)
	if again {
		// Who claimed them did not come to poll them all. Those that were not polled
		// are due no later than that claim, and are claimed anew: what they are due for
		// meanwhile is done with this.
		due = until
		if now := a.Now(); now.After(until) {
			due, until = now, now.Add(claim)
		}
	}
	return a.store.claim(ctx, names, due, until)
}

// Refresh puts in force what was changed in the store since the last time.
// Sources that were added are polled at once.
func (a *App) Refresh(ctx context.Context) error {
	a.refresh.Lock()
	defer a.refresh.Unlock()
	n, err := a.store.Changes(ctx)
	if err != nil || n == a.changes {
		return err
	}
	if err := a.book.Reload(ctx); err != nil {
		return err
	}
	if err := a.sources.Reload(ctx); err != nil {
		return err
	}
	fresh, err := a.replan()
	if err != nil {
		return err
	}
	if err := a.engine.Poll(ctx, fresh); err != nil {
		return err
	}
	// Deliveries that were given up may be waiting again.
	if err := a.store.SyncTargets(ctx, a.cfg.Channels); err != nil {
		return err
	}
	a.changes = n
	return nil
}

// replan makes the plan fit the sources in force. It returns those that are
// new, or have another address.
func (a *App) replan() (fresh []string, err error) {
	gone := maps.Clone(a.planned)
	for _, src := range a.sources.All() {
		old, had := a.planned[src.Name]
		delete(gone, src.Name)
		if had && old.Schedule == src.Schedule && old.URL == src.URL {
			continue
		}
		s, err := a.scheduleOf(src)
		if err != nil {
			return nil, err
		}
		a.plan.Put(src.Name, s, time.Time{}, a.Now())
		a.planned[src.Name] = src
		if !had || old.URL != src.URL {
			fresh = append(fresh, src.Name)
		}
	}
	for name := range gone {
		a.plan.Drop(name)
		delete(a.planned, name)
	}
	a.engine.Replan()
	return fresh, nil
}
