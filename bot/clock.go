package bot

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// setBy is by how much a clock has to be out until it counts as set: below that
// it is being put right, or the machine was busy.
const setBy = 30 * time.Second

// wallClock tells when the wall clock was set: the time that passes is known from
// another one.
type wallClock struct {
	now        func() time.Time
	wall, mono time.Time
}

func newWallClock(now func() time.Time) *wallClock {
	return &wallClock{now: now, wall: now().Round(0), mono: time.Now()}
}

// set is by how much the clock was set since the last call: forward, or back,
// which is negative; zero where it was not.
func (c *wallClock) set() time.Duration {
	wall, mono := c.now().Round(0), time.Now() // Round takes the other clock's reading off
	by := wall.Sub(c.wall) - mono.Sub(c.mono)
	c.wall, c.mono = wall, mono
	if by.Abs() < setBy {
		return 0
	}
	return by
}

// clockSet goes by the clock that was set. Without that, what is to be done by
// the clock would wait until it is where it was before.
func (a *App) clockSet(ctx context.Context, by time.Duration) error {
	if by < 0 {
		a.Log.Warn("the clock was set back; what was to wait waits as long as it had still to", "by", (-by).Round(time.Second))
	}
	return errors.Join(a.setBack(ctx, -by), a.engine.ClockSet(ctx, -by))
}

func (a *App) setBack(ctx context.Context, by time.Duration) error {
	if by <= 0 {
		return nil
	}
	if err := a.store.SetBack(ctx, by); err != nil {
		return fmt.Errorf("go by the clock that was set back: %w", err)
	}
	return nil
}

// checkClock is for a clock that was set back while nothing ran.
func (a *App) checkClock(ctx context.Context) error {
	by, err := a.store.Ahead(ctx)
	if err != nil || by < setBy {
		return err
	}
	a.Log.Warn("the clock is behind what is stored: was it set back? What was to wait waits as long as it had still to", "by", by.Round(time.Second))
	return a.setBack(ctx, by)
}
