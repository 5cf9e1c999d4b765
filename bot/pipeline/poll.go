package pipeline

import (
	"context"
	"errors"
	"log/slog"
	"runtime/debug"
	"sync"
	"time"

	"golang.org/x/sync/semaphore"

	"tipoff/bot/store"
	"tipoff/sources"
)

// Visitor goes to a source and reads what is there. It returns when its own
// time is over.
type Visitor interface {
	Visit(ctx context.Context, src sources.Source, v sources.Validators) sources.Visit
}

// PollerOptions are for [NewPoller].
type PollerOptions struct {
	Sources []sources.Source
	// Next says when the schedule wants a source again.
	Next func(name string) time.Time
	// Concurrency is how many sources are visited at the same time.
	Concurrency int
	Now         func() time.Time
	Log         *slog.Logger
}

// Poller visits sources and records what they bring.
type Poller struct {
	PollerOptions
	visitor  Visitor
	pipeline *Pipeline
	sources  map[string]sources.Source

	// Sources that failed the last time share a quarter of the places, so
	// that those which hang until their time-out do not keep the healthy ones
	// from theirs.
	healthy, suspect *semaphore.Weighted

	mu   sync.Mutex // guards busy
	busy map[string]bool
}

// NewPoller returns a Poller.
func NewPoller(v Visitor, p *Pipeline, o PollerOptions) *Poller {
	o.Concurrency = max(o.Concurrency, 2)
	reserved := max(o.Concurrency/4, 1)
	poller := &Poller{
		PollerOptions: o, visitor: v, pipeline: p,
		sources: make(map[string]sources.Source), busy: make(map[string]bool),
		healthy: semaphore.NewWeighted(int64(o.Concurrency - reserved)),
		suspect: semaphore.NewWeighted(int64(reserved)),
	}
	for _, s := range o.Sources {
		poller.sources[s.Name] = s
	}
	return poller
}

// Poll visits the named sources side by side, and returns when all are
// recorded. A source that is being visited already, that asked not to be, or
// that is gone for good is passed over. A source that fails is no error: that
// is its own state. An error means that something could not be recorded.
func (p *Poller) Poll(ctx context.Context, names []string) error {
	var wg sync.WaitGroup
	errs := make([]error, len(names))
	for i, name := range names {
		src, ok := p.sources[name]
		if !ok || !p.begin(name) {
			continue
		}
		wg.Go(func() {
			defer p.end(name)
			errs[i] = p.visit(ctx, src)
		})
	}
	wg.Wait()
	return errors.Join(errs...)
}

func (p *Poller) begin(name string) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.busy[name] {
		return false
	}
	p.busy[name] = true
	return true
}

func (p *Poller) end(name string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.busy, name)
}

func (p *Poller) visit(ctx context.Context, src sources.Source) error {
	id, st, err := p.pipeline.Store.Source(ctx, src.Name)
	if errors.Is(err, store.ErrNotFound) {
		return nil // taken out of the config while the job waited
	}
	if err != nil {
		return err
	}
	if st.State == sources.Gone || st.NotBefore.After(p.Now()) {
		return nil
	}
	places := p.healthy
	if st.Failures > 0 {
		places = p.suspect
	}
	if err := places.Acquire(ctx, 1); err != nil {
		return err
	}
	v := p.look(ctx, src, st.Validators)
	places.Release(1)
	if err := ctx.Err(); err != nil {
		return err // a visit cut off by our own end says nothing about the source
	}

	out, err := p.pipeline.Record(ctx, Report{Source: src, ID: id, Status: st, Visit: v, NextPoll: p.Next(src.Name)})
	if err != nil {
		return err
	}
	p.say(src, st, v, out)
	return nil
}

// look visits a source. What makes a visitor panic is one source's content: a
// fault of ours, and no reason to take the other sources down.
func (p *Poller) look(ctx context.Context, src sources.Source, old sources.Validators) (v sources.Visit) {
	defer func() {
		if r := recover(); r != nil {
			p.Log.Error("reading a source panicked; please report this", "source", src.Name, "panic", r, "stack", string(debug.Stack()))
			v = sources.Visit{Validators: old, Err: &sources.Error{State: sources.Failing, Text: "tipoff has a fault and cannot read it; please report this"}}
		}
	}()
	return p.visitor.Visit(ctx, src, old)
}

// say logs what changed: a failing source is told once and its recovery once.
func (p *Poller) say(src sources.Source, before store.SourceStatus, v sources.Visit, out Outcome) {
	log := p.Log.With("source", src.Name)
	switch {
	case v.Err != nil && (before.Failures == 0 || before.State != v.Err.State):
		log.Warn("source cannot be read", "state", v.Err.State, "error", v.Err.Text)
	case v.Err == nil && before.Failures > 0:
		log.Info("source can be read again", "failures", before.Failures)
	case v.Err == nil && out.Baseline:
		log.Info("baseline stored", "stories", out.Baselined, "alerts", out.Alerts)
	case out.New > 0 || out.Edited > 0:
		log.Info("polled", "new", out.New, "edited", out.Edited, "alerts", out.Alerts)
	default:
		log.Debug("polled", "status", v.Status, "unchanged", v.Unchanged)
	}
	if v.Skipped > 0 {
		// A feed with such items has them at each visit.
		level := slog.LevelDebug
		if before.Baselined.IsZero() {
			level = slog.LevelInfo
		}
		log.Log(context.Background(), level, "items that could not be used", "count", v.Skipped, "reason", v.SkipReason)
	}
}
