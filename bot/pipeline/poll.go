package pipeline

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"net/url"
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
	// Source is the source of a name; false for one that is not in force.
	Source func(name string) (sources.Source, bool)
	// Next says when the schedule wants a source again.
	Next func(name string) time.Time
	// Learn takes up what a catalogue says of vulnerabilities; may be nil.
	Learn func(ctx context.Context, said sources.Facts) (changed int, err error)
	// Article reads the text of a story's own page, for sources that want it;
	// may be nil.
	Article func(ctx context.Context, src sources.Source, address string) (string, error)
	// Delay puts off a source's next time, if that is before until; may be nil.
	Delay func(name string, until time.Time)
	// Concurrency is how many sources are visited at the same time, not counting
	// those that do not answer.
	Concurrency int
	// Slow is how long a visit may take before it counts as one of those: 2 s
	// if 0.
	Slow time.Duration
	Now  func() time.Time
	Log  *slog.Logger
}

// Poller visits sources and records what they bring.
type Poller struct {
	PollerOptions
	visitor  Visitor
	pipeline *Pipeline

	// Sources that failed the last time share a quarter of the places, so
	// that those which hang until their time-out do not keep the healthy ones
	// from theirs.
	healthy, suspect *semaphore.Weighted
	// A visit that goes on for long moves to a place here, if there is one: it
	// only waits, and those behind it need not wait for it. Without that, many
	// sources that hang all at once would hold up the others that once.
	slow *semaphore.Weighted
	// What was read and is not yet written has places of its own, few enough:
	// where the disk is slower than the network, thousands of visits would
	// otherwise wait in memory with all that they brought.
	unwritten *semaphore.Weighted

	mu   sync.Mutex // guards busy
	busy map[string]bool
}

// slowPlaces is how many visits may go on for long, for each that does not.
const slowPlaces = 4

// unwrittenPlaces are what two transactions take: one is written, and the next one
// gathers.
const unwrittenPlaces = 2 * maxGroup

// unwrittenShare is how many of these places a visit takes.
func unwrittenShare(items int) int64 {
	return int64(min(1+items*maxGroup/maxItems, unwrittenPlaces))
}

// NewPoller returns a Poller.
func NewPoller(v Visitor, p *Pipeline, o PollerOptions) *Poller {
	o.Concurrency = max(o.Concurrency, 2)
	o.Slow = cmp.Or(o.Slow, 2*time.Second)
	reserved := max(o.Concurrency/4, 1)
	return &Poller{
		PollerOptions: o, visitor: v, pipeline: p,
		busy:      make(map[string]bool),
		healthy:   semaphore.NewWeighted(int64(o.Concurrency - reserved)),
		suspect:   semaphore.NewWeighted(int64(reserved)),
		slow:      semaphore.NewWeighted(int64(slowPlaces * o.Concurrency)),
		unwritten: semaphore.NewWeighted(unwrittenPlaces),
	}
}

// Poll visits the named sources side by side, and returns when all are
// recorded. A source that is being visited already, that asked not to be, or
// that is gone for good is passed over. A source that fails is no error: that
// is its own state. An error means that something could not be recorded.
func (p *Poller) Poll(ctx context.Context, names []string) error {
	var healthy, suspect []due
	var errs errorList
	for _, name := range names {
		src, ok := p.Source(name)
		if !ok || !p.begin(name) {
			continue
		}
		d, ok, err := p.due(ctx, src)
		errs.add(err)
		switch {
		case !ok:
			p.end(name)
		case d.status.Failures > 0:
			suspect = append(suspect, d)
		default:
			healthy = append(healthy, d)
		}
	}
	var wg sync.WaitGroup
	// A place is taken before there is a goroutine: thousands that wait for one
	// would take more memory than all that they do.
	visit := func(list []due, places *semaphore.Weighted) {
		for i, d := range list {
			if err := places.Acquire(ctx, 1); err != nil {
				errs.add(err)
				for _, d := range list[i:] {
					p.end(d.source.Name)
				}
				return
			}
			wg.Go(func() {
				defer p.end(d.source.Name)
				errs.add(p.visit(ctx, d, places))
			})
		}
	}
	wg.Go(func() { visit(suspect, p.suspect) })
	visit(healthy, p.healthy)
	wg.Wait()
	return errs.join()
}

// errorList gathers the errors of what is done side by side.
type errorList struct {
	mu   sync.Mutex // guards errs
	errs []error
}

func (l *errorList) add(err error) {
	if err != nil {
		l.mu.Lock()
		defer l.mu.Unlock()
		l.errs = append(l.errs, err)
	}
}

func (l *errorList) join() error { return errors.Join(l.errs...) }

// due is a source that is to be visited, with its health so far.
type due struct {
	source sources.Source
	id     int64
	status store.SourceStatus
}

// due reads a source's health; false for one that is not to be visited now.
func (p *Poller) due(ctx context.Context, src sources.Source) (due, bool, error) {
	id, st, err := p.pipeline.Store.Source(ctx, src.Name)
	if errors.Is(err, store.ErrNotFound) {
		return due{}, false, nil // taken out of the config while the job waited
	}
	if err != nil {
		return due{}, false, err
	}
	return due{src, id, st}, st.State != sources.Gone && !st.NotBefore.After(p.Now()), nil
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

// visit visits a source, and gives its place back when it is read.
func (p *Poller) visit(ctx context.Context, d due, places *semaphore.Weighted) error {
	src, st := d.source, d.status
	place := p.place(places)
	v := p.look(ctx, moved(src, st.MovedTo), st.Validators)
	if v.Release != nil {
		defer v.Release()
	}
	p.readArticles(ctx, d, &v)
	share := unwrittenShare(len(v.Items))
	err := p.unwritten.Acquire(ctx, share)
	place.leave()
	if err != nil {
		return err
	}
	defer p.unwritten.Release(share)
	if err := ctx.Err(); err != nil {
		return err // a visit cut off by our own end says nothing about the source
	}

	if err := p.learn(ctx, src, v); err != nil {
		return err
	}
	out, err := p.pipeline.Record(ctx, Report{Source: src, ID: d.id, Status: st, Visit: v, NextPoll: p.Next(src.Name)})
	if err != nil {
		return err
	}
	if p.Delay != nil {
		p.Delay(src.Name, out.Status.HoldUntil)
	}
	p.say(src, st, v, out)
	return nil
}

// place is where a visit is, until it leaves.
type place struct {
	mu    sync.Mutex // guards in
	in    *semaphore.Weighted
	timer *time.Timer
}

// place gives a visit that has a place among these a slow one when its time
// comes.
func (p *Poller) place(among *semaphore.Weighted) *place {
	at := &place{in: among}
	at.timer = time.AfterFunc(p.Slow, func() {
		at.mu.Lock()
		defer at.mu.Unlock()
		if at.in != nil && p.slow.TryAcquire(1) {
			at.in.Release(1)
			at.in = p.slow
		}
	})
	return at
}

func (at *place) leave() {
	at.timer.Stop()
	at.mu.Lock()
	defer at.mu.Unlock()
	at.in.Release(1)
	at.in = nil
}

// learn takes up facts before the visit is recorded: with its validators stored
// first, a crash between the two would leave them out for as long as the
// catalogue stays as it is.
func (p *Poller) learn(ctx context.Context, src sources.Source, v sources.Visit) error {
	if v.Facts == nil || p.Learn == nil {
		return nil
	}
	changed, err := p.Learn(ctx, *v.Facts)
	if err == nil && changed > 0 {
		p.Log.Info("facts of vulnerabilities taken up", "source", src.Name, "about", v.Facts.About, "changed", changed)
	}
	return err
}

// moved is the source at the address to which its server sent us for good. What
// was given for one host is for that one alone: a source with credentials goes
// by way of the old address.
func moved(src sources.Source, to string) sources.Source {
	if to == "" {
		return src
	}
	from, err := url.Parse(src.URL)
	if err != nil {
		return src
	}
	secret := src.BasicAuth != "" || len(src.Headers) > 0 || from.User != nil
	if there, err := url.Parse(to); err == nil && (there.Host == from.Host && there.Scheme == from.Scheme && from.User == nil || !secret) {
		src.URL = to
	}
	return src
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
	case out.Status.State == sources.Silent && before.State != sources.Silent:
		log.Warn("source has fallen silent", "why", out.Status.Error)
	case v.Err == nil && before.State == sources.Silent && out.Status.State == sources.OK:
		log.Info("source has something new again", "silent_since", before.Since)
	case v.Err == nil && before.Failures > 0:
		log.Info("source can be read again", "failures", before.Failures)
	case v.Err == nil && out.Baseline:
		log.Info("baseline stored", "stories", out.Baselined, "alerts", out.Alerts)
	case out.New > 0 || out.Edited > 0:
		log.Info("polled", "new", out.New, "edited", out.Edited, "alerts", out.Alerts)
	default:
		log.Debug("polled", "status", v.Status, "unchanged", v.Unchanged)
	}
	if to := out.Status.MovedTo; to != "" && to != before.MovedTo {
		log.Warn("source has moved for good; put its new address into the config", "url", to)
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
