package jobs

import (
	"slices"
	"sync"
	"time"

	"github.com/robfig/cron/v3"
)

// Plan says which sources are due when. It is the schedule of one periodic
// job for all sources: a job for each poll of each source would cost more than
// the poll itself. It is safe for use by many goroutines.
type Plan struct {
	mu  sync.Mutex // guards due
	due map[string]*entry
}

type entry struct {
	schedule cron.Schedule
	next     time.Time
	// hold is until when the schedule does not count.
	hold time.Time
}

// NewPlan returns a plan in which each source is due by its schedule, counted
// from now, or at the time given for it, if that is later than now.
func NewPlan(schedules map[string]cron.Schedule, first map[string]time.Time, now time.Time) *Plan {
	p := &Plan{due: make(map[string]*entry, len(schedules))}
	for name, s := range schedules {
		p.Put(name, s, first[name], now)
	}
	return p
}

// Put adds a source to the plan, or gives it another schedule. It is due by
// that, counted from now, or at first, if that is later than now. Who changes
// the plan of a running engine calls [Engine.Replan].
func (p *Plan) Put(name string, s cron.Schedule, first, now time.Time) {
	next := s.Next(now)
	if first.After(now) {
		next = first
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.due[name] = &entry{schedule: s, next: next, hold: first}
}

// Drop takes a source out of the plan.
func (p *Plan) Drop(name string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.due, name)
}

// batch is how close together sources may be due to share a job.
const batch = 250 * time.Millisecond

// Next is when the next source is due, never before t. It is what River asks
// for; sources that are due within a quarter of a second go together.
func (p *Plan) Next(t time.Time) time.Time {
	p.mu.Lock()
	defer p.mu.Unlock()
	var first time.Time
	for _, e := range p.due {
		if first.IsZero() || e.next.Before(first) {
			first = e.next
		}
	}
	if first.IsZero() {
		return t.Add(24 * time.Hour)
	}
	if first = first.Add(batch); first.Before(t) {
		return t
	}
	return first
}

// Take lists the sources that are due at now, by name, and moves each to its
// schedule's next time. The second result is the moment of the earliest.
func (p *Plan) Take(now time.Time) ([]string, time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	var names []string
	var earliest time.Time
	for name, e := range p.due {
		if e.next.After(now) {
			continue
		}
		if earliest.IsZero() || e.next.Before(earliest) {
			earliest = e.next
		}
		names = append(names, name)
		e.next = e.schedule.Next(now)
	}
	slices.Sort(names)
	return names, earliest
}

// Delay puts off a source that is due before until.
func (p *Plan) Delay(name string, until time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if e := p.due[name]; e != nil && e.next.Before(until) {
		e.next, e.hold = until, until
	}
}

// Rewind goes by a clock that was set back by so much, and is at now: sources are
// due by their schedules from now on, and what was put off is put off for as long
// as it had still to wait.
func (p *Plan) Rewind(now time.Time, by time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, e := range p.due {
		e.next = e.schedule.Next(now)
		if e.hold = e.hold.Add(-by); e.hold.After(e.next) {
			e.next = e.hold
		}
	}
}

// Hurry makes sources due at now that are due later. It returns those that are
// not in the plan.
func (p *Plan) Hurry(names []string, now time.Time) (unknown []string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, name := range names {
		switch e := p.due[name]; {
		case e == nil:
			unknown = append(unknown, name)
		case e.next.After(now):
			e.next = now
		}
	}
	return unknown
}

// After is when a source is due next after now, or zero for one that is not in
// the plan. In a replica that does not put in the polls, the plan may still have
// a moment that is over.
func (p *Plan) After(name string, now time.Time) time.Time {
	p.mu.Lock()
	defer p.mu.Unlock()
	e := p.due[name]
	switch {
	case e == nil:
		return time.Time{}
	case !e.next.After(now):
		return e.schedule.Next(now)
	}
	return e.next
}

// NextOf is when a source is due next, or zero for one that is not in the plan.
func (p *Plan) NextOf(name string) time.Time {
	p.mu.Lock()
	defer p.mu.Unlock()
	if e := p.due[name]; e != nil {
		return e.next
	}
	return time.Time{}
}
