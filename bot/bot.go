// Package bot is the program: it wires the rooms together, starts them and
// stops them in the reverse order. Only the command line and end-to-end tests
// import it.
package bot

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"math"
	"net/http"
	"slices"
	"sync"
	"time"

	"tipoff/bot/alert"
	"tipoff/bot/command"
	"tipoff/bot/config"
	"tipoff/bot/deliver"
	"tipoff/bot/facts"
	"tipoff/bot/file"
	"tipoff/bot/jobs"
	"tipoff/bot/metrics"
	"tipoff/bot/pipeline"
	"tipoff/bot/search"
	"tipoff/bot/source"
	"tipoff/bot/store"
	"tipoff/bot/terminal"
	"tipoff/bot/watch"
	"tipoff/bot/web"
	"tipoff/bot/webhook"
	"tipoff/sources"
	"tipoff/sources/article"
	"tipoff/sources/feed"
	"tipoff/sources/fetch"
)

// Options are for [New].
type Options struct {
	Log *slog.Logger
	// Version is told to servers and in metrics.
	Version string
	// Terminal gets the alerts of terminal targets; nil prints none.
	Terminal *terminal.Terminal
	// Dir is what the paths of file targets are relative to.
	Dir string
	// Now is the clock; time.Now where nil.
	Now func() time.Time
	// HTTP reaches chat platforms and webhooks; a client with a time-out of
	// its own where nil.
	HTTP *http.Client
	// Once makes an App for [App.PollOnce]: it has no schedule.
	Once bool
	// Delivered is told of every attempt to deliver; may be nil.
	Delivered func(alert.Kind, deliver.Result)
}

// App is the whole program, not yet or already running.
type App struct {
	Options
	cfg *config.Config
	// given is the clock of the options, nil where they name none: then the job
	// engine goes by the database's, where that has one.
	given func() time.Time

	store    *Store
	book     *watch.Book
	sources  *source.Book
	facts    *facts.Book
	search   *search.Searcher
	metrics  *metrics.Metrics
	poller   *pipeline.Poller
	pipeline *pipeline.Pipeline
	plan     *jobs.Plan
	engine   *jobs.Engine
	commands *command.Router
	chats    []chat
	web      *web.Server

	// hurried is when an overdue source was put in; who follows the store has it.
	hurried    map[string]time.Time
	stopFollow context.CancelFunc
	followed   sync.WaitGroup
	refresh    sync.Mutex // guards changes and planned
	// changes counts the changes of people that are in force.
	changes int64
	// planned are the sources that the plan was made of.
	planned map[string]sources.Source

	stopChats context.CancelFunc
	chatsDone sync.WaitGroup

	mu     sync.Mutex // guards totals
	totals Totals
}

// New opens the store, brings it to this version, applies the config and
// wires everything. Nothing runs yet. The caller closes the App.
func New(ctx context.Context, cfg *config.Config, o Options) (*App, error) {
	given := o.Now
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.HTTP == nil {
		o.HTTP = &http.Client{Timeout: 20 * time.Second}
	}
	if o.Delivered == nil {
		o.Delivered = func(alert.Kind, deliver.Result) {}
	}
	a := &App{Options: o, cfg: cfg, given: given, metrics: metrics.New(o.Version), hurried: make(map[string]time.Time)}
	if err := a.open(ctx); err != nil {
		return nil, errors.Join(err, a.Close())
	}
	if err := a.wire(ctx); err != nil {
		return nil, errors.Join(err, a.Close())
	}
	return a, nil
}

// open opens and migrates the store, and applies the config to it.
func (a *App) open(ctx context.Context) error {
	var err error
	if a.store, err = OpenStore(ctx, a.cfg, a.Now); err != nil {
		return err
	}
	a.store.OnReindex(func(done, all int) {
		a.Log.Info("the search index is made again, as this version's", "stories", done, "of", all)
	})
	if _, err := a.store.Migrate(ctx); err != nil {
		return err
	}
	if err := a.checkClock(ctx); err != nil {
		return err
	}
	if err := a.store.SyncSources(ctx, a.cfg.Sources); err != nil {
		return fmt.Errorf("apply the config's sources: %w", err)
	}
	if err := a.store.SyncWatches(ctx, a.cfg.Watches); err != nil {
		return fmt.Errorf("apply the config's watches: %w", err)
	}
	if a.book, err = watch.NewBook(ctx, a.store, a.cfg.Lexicon, a.Log); err != nil {
		return err
	}
	a.sources, err = source.NewBook(ctx, a.store, source.Options{
		Config: a.cfg.Sources, Schedule: a.cfg.Fetch.Schedule, Zone: a.cfg.Zone, Log: a.Log,
	})
	if err != nil {
		return err
	}
	if a.facts, err = facts.NewBook(ctx, a.store); err != nil {
		return err
	}
	if a.cfg.Lexicon != nil {
		a.cfg.Lexicon.SetFacts(a.facts)
	}
	if a.changes, err = a.store.Changes(ctx); err != nil {
		return err
	}
	a.sayUnheard()
	return nil
}

// sayUnheard names the watches that somebody added for a channel which is not
// in the config any more.
func (a *App) sayUnheard() {
	known := make(map[string]bool)
	for _, c := range a.cfg.Channels {
		known[c.Name] = true
	}
	watches := a.book.Current().Watches
	for _, name := range slices.Sorted(maps.Keys(watches)) {
		for _, channel := range watches[name].Channels {
			if !known[channel] {
				a.Log.Warn("a watch names a channel that is not in the config: nobody hears of its stories there", "watch", name, "channel", channel)
			}
		}
	}
}

func (a *App) wire(ctx context.Context) error {
	a.search = search.New(a.store, a.book.Current, a.Now, search.Options{})
	a.commands = command.New(a.cfg.Command, command.News(command.Deps{
		Archive: a.search, BackTester: a.search, Watches: a.book, Sources: a.store,
		Channels: a.cfg.Channels, Lexicon: a.cfg.Lexicon, Clock: a.Now, Log: a.Log,
	}), a.store, a.Log)

	a.commands.Observe = a.metrics.Command

	senders := map[alert.Kind]deliver.Sender{
		alert.Webhook: webhook.New(a.HTTP),
		alert.File:    file.New(a.Dir),
	}
	if a.Terminal != nil {
		senders[alert.Terminal] = a.Terminal
	}
	a.chats = a.newChats()
	for _, c := range a.chats {
		senders[c.kind] = c.platform
	}
	if a.Terminal == nil {
		senders[alert.Terminal] = discard{}
	}

	a.pipeline = pipeline.New(pipeline.Options{
		Store: a.store, Watches: a.book.Current,
		Route: pipeline.NewRoutes(a.cfg.Channels, func(k alert.Kind) bool { return senders[k] != nil }),
		Now:   a.Now, Log: a.Log, Observe: a.observe, Patience: a.cfg.Fetch.Patience, Operations: a.cfg.Operations,
	})
	plan, err := a.newPlan(ctx)
	if err != nil {
		return err
	}
	a.plan = plan
	fetcher := fetch.New(fetch.Options{
		Timeout: a.cfg.Fetch.Timeout, MaxBytes: a.cfg.Fetch.MaxBytes, PerHost: a.cfg.Fetch.PerHost, Pace: a.cfg.Fetch.Pace,
		UserAgent: a.cfg.Fetch.Agent(a.Version), AllowPrivate: a.cfg.Fetch.AllowPrivate, Now: a.Now,
	})
	a.poller = pipeline.NewPoller(feed.NewReader(fetcher, a.Now, Formats), a.pipeline, pipeline.PollerOptions{
		Source: a.sources.Source, Learn: a.learn, Article: article.New(fetcher, article.Options{Now: a.Now}).Read, Next: func(name string) time.Time { return plan.After(name, a.Now()) }, Delay: plan.Delay, Concurrency: a.cfg.Fetch.Concurrency, Now: a.Now, Log: a.Log,
	})
	drainer := deliver.NewDrainer(a.store, senders, deliver.Options{
		Now: a.Now, Log: a.Log, Operations: a.cfg.Operations, Targets: a.pipeline.Route.Targets(a.cfg.Operations),
		Count: func(k alert.Kind, r deliver.Result) {
			a.metrics.Delivery(k, r)
			a.countDelivery(r)
			a.Delivered(k, r)
		},
	})
	engine := jobs.Config{Database: a.store.jobs(), Poller: a.poller, Drainer: drainer, HasDelivery: a.store.HasDelivery, Now: a.given, Log: a.Log}
	if !a.Once {
		engine.Plan = plan
	}
	if a.cfg.Shared() {
		engine.StillDue = a.stillDue
	}
	if !a.Once {
		engine.Retain = a.retain
	}
	a.engine, err = jobs.New(engine)
	if err != nil {
		return err
	}
	a.store.SetEnqueuer(a.engine)
	if err := a.store.TryTroubles(ctx); err != nil {
		return err
	}
	if err := a.store.SyncTargets(ctx, a.cfg.Channels); err != nil {
		return fmt.Errorf("apply the config's channels: %w", err)
	}
	a.gauges()
	return nil
}

// discard stands in for a terminal that nobody looks at.
type discard struct{}

func (discard) Send(context.Context, deliver.Message) (string, error) { return "", nil }

func (a *App) observe(_ sources.Source, v sources.Visit, out pipeline.Outcome) {
	a.metrics.Visit(v, out.New, out.Baselined, out.Edited, out.Alerts)
	a.countVisit(v, out)
}

// gauges are read from the store when Prometheus asks.
func (a *App) gauges() {
	read := func(f func(ctx context.Context) (int, error)) func() float64 {
		return func() float64 {
			ctx, cancel := context.WithTimeout(context.Background(), time.Second)
			defer cancel()
			n, err := f(ctx)
			if err != nil {
				a.Log.Warn("metric cannot be read", "error", err)
				return math.NaN()
			}
			return float64(n)
		}
	}
	a.metrics.Gauge("tipoff_watches", "Watches in force.", func() float64 { return float64(len(a.book.Current().Watches)) })
	a.metrics.Gauge("tipoff_archive_stories", "Stories in the archive.", read(a.store.Count))
	a.metrics.Gauge("tipoff_archive_bytes", "Size of the archive, without the room that deleted stories left.", read(func(ctx context.Context) (int, error) {
		n, err := a.store.Bytes(ctx)
		return int(n), err
	}))
	for _, state := range []string{"waiting", "dead"} {
		a.metrics.Gauge("tipoff_deliveries_"+state, "Deliveries that are "+state+".", read(func(ctx context.Context) (int, error) {
			counts, err := a.store.DeliveryCounts(ctx)
			n := counts[state]
			if state == "waiting" {
				n += counts["sending"]
			}
			return n, err
		}))
	}
	for state, help := range map[deliver.State]string{
		deliver.Parked: "Channels, and platforms as a whole, that get no alerts until a person has mended something.",
		deliver.Down:   "Platforms that do not work.",
	} {
		a.metrics.Gauge("tipoff_targets_"+string(state), help, read(func(ctx context.Context) (int, error) {
			all, err := a.store.Troubles(ctx)
			n := 0
			for _, t := range all {
				if t.State == state {
					n++
				}
			}
			return n, err
		}))
	}
	a.metrics.Gauge("tipoff_sources_unhealthy", "Sources whose last poll failed.", read(func(ctx context.Context) (int, error) {
		all, err := a.store.Sources(ctx)
		n := 0
		for _, s := range all {
			if s.Failures > 0 {
				n++
			}
		}
		return n, err
	}))
}

// Searcher answers searches and back-tests.
func (a *App) Searcher() *search.Searcher { return a.search }

// Addr is where the web server listens, or empty.
func (a *App) Addr() string {
	if a.web == nil {
		return ""
	}
	return a.web.Addr()
}

// Start begins to work: the web server, the jobs, the chats.
func (a *App) Start(ctx context.Context) error {
	if err := a.engine.Release(ctx); err != nil {
		return err
	}
	if a.cfg.Listen != "" {
		var err error
		a.web, err = web.Listen(ctx, a.cfg.Listen, web.Handler(web.Options{
			Ready: a.store.Check, Registry: a.metrics.Registry, Log: a.Log,
		}), a.Log)
		if err != nil {
			return err
		}
	}
	if err := a.engine.Start(ctx); err != nil {
		return err
	}
	a.follow(ctx)
	a.startChats(ctx)
	due, err := a.dueNow(ctx)
	if err != nil {
		return err
	}
	return a.engine.Poll(ctx, due)
}

// Run starts, works until ctx ends or the web server fails, and stops. What is
// being sent is finished.
func (a *App) Run(ctx context.Context) error {
	if err := a.Start(ctx); err != nil {
		if ctx.Err() != nil && errors.Is(err, ctx.Err()) {
			err = nil // a stop that was asked for before all had begun
		}
		return errors.Join(err, a.Stop())
	}
	a.Log.Info("ready", "sources", len(a.sources.All()), "watches", len(a.book.Current().Watches), "listen", a.Addr(), "store", a.store.Name())
	var failed <-chan error
	if a.web != nil {
		failed = a.web.Failed()
	}
	var err error
	select {
	case <-ctx.Done():
	case err = <-failed:
		err = fmt.Errorf("web server: %w", err)
	}
	a.Log.Info("stopping; what is being sent is finished first")
	return errors.Join(err, a.Stop())
}

// grace is how long a stop waits for what is under way: longer than an attempt
// to deliver may take.
const grace = 25 * time.Second

// Stop ends what [App.Start] began, in the reverse order.
func (a *App) Stop() error {
	ctx, cancel := context.WithTimeout(context.Background(), grace)
	defer cancel()
	if a.stopChats != nil {
		a.stopChats()
		a.chatsDone.Wait()
	}
	if a.stopFollow != nil {
		a.stopFollow()
		a.followed.Wait()
	}
	errs := []error{a.engine.Stop(ctx)}
	if a.web != nil {
		errs = append(errs, a.web.Shutdown(ctx))
	}
	return errors.Join(errs...)
}

// Close closes the store. It is called after Stop, or when nothing was started.
func (a *App) Close() error {
	if a.store == nil {
		return nil
	}
	return a.store.Close()
}

// SourceBook is the sources in force.
func (a *App) SourceBook() *source.Book { return a.sources }

// Sources lists the sources with their health.
func (a *App) Sources(ctx context.Context) ([]store.SourceStatus, error) { return a.store.Sources(ctx) }

var _ io.Closer = (*App)(nil)
