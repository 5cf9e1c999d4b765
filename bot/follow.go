package bot

import (
	"context"
	"errors"
	"maps"
	"slices"
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
	// planEvery is how many beats apart a replica asks what the others polled.
	planEvery = 10
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
		lost := false
		for n := 1; ; n++ {
			select {
			case <-ctx.Done():
				return
			case <-tick.C:
			case <-heard:
			}
			err := a.Refresh(ctx)
			if replica != nil {
				err = errors.Join(replica.Beat(ctx), err)
				if n%planEvery == 0 && err == nil {
					err = a.followPolls(ctx)
				}
			}
			switch {
			case ctx.Err() != nil:
				return
			case err != nil && !lost: // once, not twice a second
				a.Log.Error("changes in the store could not be taken up", "error", err)
			case err == nil && lost:
				a.Log.Info("changes in the store are taken up again")
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

// followPolls moves the plan on for the sources that other replicas have
// polled, so that it is right if this one has to put in the polls.
func (a *App) followPolls(ctx context.Context) error {
	all, err := a.store.Sources(ctx)
	if err != nil {
		return err
	}
	for _, st := range all {
		a.plan.Delay(st.Name, st.NextPoll)
	}
	return nil
}

// early is how much before its time a source is polled where several replicas
// have a plan each: they count an interval from moments that lie as far apart as
// a poll takes.
const early = 30 * time.Second

// stillDue drops the sources that have just been polled: the replica that put
// in the polls before may have been killed after it, and the next one did not
// hear of it.
func (a *App) stillDue(ctx context.Context, names []string) ([]string, error) {
	all, err := a.store.Sources(ctx)
	if err != nil {
		return nil, err
	}
	polled := make(map[string]bool)
	for _, st := range all {
		polled[st.Name] = st.NextPoll.After(a.Now().Add(early))
	}
	return slices.DeleteFunc(slices.Clone(names), func(name string) bool { return polled[name] }), nil
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
