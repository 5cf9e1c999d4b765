// Package pipeline takes what the visits bring and makes stories and alerts of
// it, one file a stage: poll visits the sources, record knows a story again,
// match asks the watches, route says which channels hear of it. Everything
// that follows from one visit is written in one transaction, the jobs that
// deliver it included.
package pipeline

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"tipoff/bot/alert"
	"tipoff/bot/store"
	"tipoff/bot/watch"
	"tipoff/filters"
	"tipoff/sources"
	"tipoff/sources/story"
)

// Archive is a transaction's view of the stories.
type Archive interface {
	Expect(ctx context.Context, items []store.Expected) error
	Known(ctx context.Context, source int64, id store.Identity) (store.Known, bool, error)
	StoryKey(ctx context.Context, id string) (store.Key, bool, error)
	Story(ctx context.Context, k store.Key) (story.Story, error)
	Tells(ctx context.Context, source int64, k store.Key) (bool, error)
	RecentTitles(ctx context.Context, source int64, n int) (map[string]store.Key, error)
	AddStory(ctx context.Context, source int64, s *story.Story) (store.Key, bool, error)
	AddSighting(ctx context.Context, source int64, id store.Identity, k store.Key, storyURL string, told *story.Story) error
	EditStory(ctx context.Context, k store.Key, s *story.Story) error
	// Forgotten looks for items among what was told in stories that are not kept
	// any more, and when the source last told it; zero for another source.
	Forgotten(ctx context.Context, source int64, items []store.Told) (map[store.Identity]time.Time, error)
	// Forget says that a source tells such an item.
	Forget(ctx context.Context, source int64, it store.Told) error
}

// Alerts is a transaction's view of what is told to whom.
type Alerts interface {
	AddAlert(ctx context.Context, k store.Key, a alert.Alert, targets []alert.Target) (bool, error)
}

// Tx is one transaction.
type Tx interface {
	Archive
	Alerts
	SaveVisit(ctx context.Context, source int64, st store.SourceStatus) error
}

// Store runs transactions and knows the sources' health.
type Store interface {
	Update(ctx context.Context, f func(ctx context.Context, tx Tx) error) error
	Source(ctx context.Context, name string) (int64, store.SourceStatus, error)
	// Make is for [store.Expected].
	Make(s *story.Story, d *filters.Doc) any
}

// Options are for [New]; every field is needed but Observe.
type Options struct {
	Store   Store
	Watches func() *watch.Compiled
	// Route says where a channel's alerts go; see [Routes].
	Route Routes
	Now   func() time.Time
	Log   *slog.Logger
	// Patience is the most that a feed's own rhythm, or the freshness of an
	// answer, puts off a poll.
	Patience time.Duration
	// Operations is the channel that is told of sources in trouble, or empty.
	Operations string
	// Observe is told of every visit that was recorded; may be nil.
	Observe func(sources.Source, sources.Visit, Outcome)
}

// Pipeline records visits. It is safe for use by many goroutines.
type Pipeline struct {
	Options

	mu      sync.Mutex // guards the two below
	waiting []*turn
	writing bool

	network network // belongs to the one that writes
}

// New returns a Pipeline.
func New(o Options) *Pipeline {
	if o.Observe == nil {
		o.Observe = func(sources.Source, sources.Visit, Outcome) {}
	}
	return &Pipeline{Options: o}
}

// Report is a visit that is to be recorded.
type Report struct {
	Source sources.Source
	// ID and Status are the source's as they were before the visit.
	ID     int64
	Status store.SourceStatus
	Visit  sources.Visit
	// NextPoll is when the schedule wants the next one.
	NextPoll time.Time
}

// Outcome counts what a visit came to.
type Outcome struct {
	New       int // stories that are news: nobody had told them before
	Baselined int // stories of a baseline, which nobody is told
	Edited    int
	Alerts    int
	// Baseline is true for the first sight of a source.
	Baseline bool
	Status   store.SourceStatus
	// said are the alerts, for the log.
	said []said
}

// said is an alert as the log has it, once it is written.
type said struct {
	story, channel string
	watches        []string
	reason         Reason
}

type turn struct {
	report  Report
	items   []*item
	outcome Outcome
	err     error
	done    chan struct{}
}

// maxGroup is how many visits share a transaction at the most, and maxItems how many
// items they have if there is more than one: more are not stored faster, and what
// waits to be delivered waits for all of them.
const (
	maxGroup = 64
	maxItems = 1000
)

// Record writes a visit and all that follows from it. Visits that come while
// another transaction is being written share the next one: with one writer, a
// commit for each would be most of the work.
func (p *Pipeline) Record(ctx context.Context, r Report) (Outcome, error) {
	t := &turn{report: r, items: p.prepare(r), done: make(chan struct{})}
	p.mu.Lock()
	p.waiting = append(p.waiting, t)
	lead := !p.writing
	p.writing = true
	p.mu.Unlock()
	if lead {
		p.writeAll(context.WithoutCancel(ctx))
	}
	<-t.done
	if t.err == nil {
		for _, a := range t.outcome.said {
			p.Log.Info("alert", "story", a.story, "channel", a.channel, "watches", a.watches, "reason", a.reason)
		}
		p.Observe(r.Source, r.Visit, t.outcome)
	}
	return t.outcome, t.err
}

func (p *Pipeline) writeAll(ctx context.Context) {
	for {
		p.mu.Lock()
		group := p.waiting[:groupSize(p.waiting)]
		p.waiting = p.waiting[len(group):]
		if len(group) == 0 {
			p.waiting, p.writing = nil, false
			p.mu.Unlock()
			return
		}
		p.mu.Unlock()
		p.write(ctx, group)
	}
}

// groupSize is how many of those that wait share the next transaction.
func groupSize(waiting []*turn) int {
	items := 0
	for n, t := range waiting {
		if items += len(t.items); n == maxGroup || n > 0 && items > maxItems {
			return n
		}
	}
	return len(waiting)
}

// write records a group in one transaction. Where that fails, each gets one of
// its own, so that one bad visit does not take the others with it.
func (p *Pipeline) write(ctx context.Context, group []*turn) {
	err := p.Store.Update(ctx, func(ctx context.Context, tx Tx) error {
		return p.recordAll(ctx, tx, group)
	})
	for _, t := range group {
		t.err = err
		if err != nil && len(group) > 1 {
			t.items = p.prepare(t.report)
			t.err = p.Store.Update(ctx, func(ctx context.Context, tx Tx) error {
				return p.recordAll(ctx, tx, []*turn{t})
			})
		}
		close(t.done)
	}
}

// recordAll records a group, whose items are looked up together.
func (p *Pipeline) recordAll(ctx context.Context, tx Tx, group []*turn) error {
	var all []store.Expected
	for _, t := range group {
		all = append(all, t.expected()...)
	}
	if len(all) > 0 {
		if err := tx.Expect(ctx, all); err != nil {
			return err
		}
	}
	for _, t := range group {
		var err error
		if t.outcome, err = p.record(ctx, tx, t.report, t.items); err != nil {
			return err
		}
	}
	return nil
}
