package bot

import (
	"context"
	"maps"
	"time"
)

// followEvery is how long it takes at the most until what another process
// changed in the store, such as `tipoff sources import`, is in force here.
const followEvery = 5 * time.Second

// follow keeps up with what other processes change in the store.
func (a *App) follow(ctx context.Context) {
	ctx, a.stopFollow = context.WithCancel(context.WithoutCancel(ctx))
	a.followed.Go(func() {
		tick := time.NewTicker(followEvery)
		defer tick.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case <-tick.C:
			}
			if err := a.Refresh(ctx); err != nil && ctx.Err() == nil {
				a.Log.Error("changes in the store could not be taken up", "error", err)
			}
		}
	})
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
