package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/netip"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"tipoff/bot"
	"tipoff/bot/card"
	"tipoff/bot/config"
	"tipoff/bot/demo"
	"tipoff/bot/store"
	"tipoff/bot/terminal"
	"tipoff/filters"
)

func (p *program) demoCommand() *cobra.Command {
	var once bool
	cmd := &cobra.Command{
		Use:   "demo",
		Short: "See it work: bundled feeds on loopback, no network and no accounts",
		Long: `Run the whole program on bundled feeds of invented outlets, served on loopback
on a fast clock. Some of them are broken on purpose, and some of their text is
hostile. Nothing is kept afterwards.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) (err error) {
			dir, err := os.MkdirTemp("", "tipoff-demo-")
			if err != nil {
				return err
			}
			defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
			log := slog.New(slog.DiscardHandler)
			if cmd.Flags().Changed("log-level") {
				if log, err = p.logger(); err != nil {
					return err
				}
			}
			// Whoever pipes the demo into head has seen enough. It ends then, and
			// leaves no folder behind as it would with the signal's own handling.
			ctx, seen := signal.NotifyContext(cmd.Context(), syscall.SIGPIPE)
			defer seen()
			show := &demoShow{term: p.terminal(), out: p.out, once: once, dir: dir, log: log}
			err = show.run(ctx)
			if errors.Is(err, syscall.EPIPE) || stopped(ctx, err) {
				err = nil
			}
			return err
		},
	}
	cmd.Flags().BoolVar(&once, "once", false, "end by itself after the last alert, within 10 seconds")
	return cmd
}

// demoShow is one showing of the demo.
type demoShow struct {
	term *terminal.Terminal
	out  io.Writer
	once bool
	dir  string
	log  *slog.Logger
}

// demoStep is how long a person gets to read each step.
const demoStep = 3 * time.Second

func (d *demoShow) run(ctx context.Context) (err error) {
	world, err := demo.Start(ctx, demo.Options{})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, world.Close()) }()

	app, err := bot.New(ctx, d.config(world), bot.Options{Log: d.log, Version: version(), Terminal: d.term, Dir: d.dir})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, app.Close()) }()
	if err := d.term.Print(card.Page{
		Title: "Tipoff demo",
		Lead: fmt.Sprintf("%s on loopback, three of them broken on purpose; %s.\nWhat they have now is the baseline: stored and searchable, not alerted.",
			count(len(world.Sources()), "source", "sources"), count(len(world.Watches()), "watch", "watches")),
	}); err != nil {
		return err
	}
	if err := app.Start(ctx); err != nil {
		return errors.Join(err, app.Stop())
	}
	err = d.play(ctx, world, app)
	if err == nil {
		err = d.sum(ctx, app)
	}
	if err == nil && !d.once {
		fmt.Fprintf(d.out, "The program goes on polling. Metrics: http://%s/metrics  Stop with Ctrl-C.\n", app.Addr())
		<-ctx.Done()
	}
	if stopped(ctx, err) {
		err = nil // by the person who watches it
	}
	return errors.Join(err, app.Stop())
}

func (d *demoShow) config(world *demo.Demo) *config.Config {
	cfg := &config.Config{
		File: "demo", Store: "sqlite:" + filepath.Join(d.dir, "demo.db"), Zone: time.UTC, Command: config.DefaultCommand,
		Fetch: config.Fetch{
			Timeout: 2 * time.Second, MaxBytes: config.DefaultMaxBytes, Concurrency: config.DefaultConcurrency,
			PerHost: config.DefaultConcurrency, AllowPrivate: []netip.Prefix{netip.MustParsePrefix("127.0.0.1/32")},
		},
		Sources: world.Sources(), Channels: world.Channels(), Watches: world.Watches(),
	}
	if !d.once {
		cfg.Listen = "127.0.0.1:0"
	}
	return cfg
}

// play goes through the script: a step is over when every healthy outlet has
// been polled at it, the last one when they have been polled once more, since
// a source is polled again only after its last visit was dealt with.
func (d *demoShow) play(ctx context.Context, world *demo.Demo, app *bot.App) error {
	for {
		polls := 1
		if world.Step() == world.Steps() {
			polls = 2
		}
		select {
		case <-world.Served(world.Step(), polls):
		case <-ctx.Done():
			return ctx.Err()
		}
		if !d.once && world.Step() > 0 {
			select {
			case <-time.After(demoStep):
			case <-ctx.Done():
				return ctx.Err()
			}
		}
		// An alert shows its story as it is when it is sent, and what comes in one step
		// is changed two steps later: a slow machine shows the same as a fast one.
		if err := app.Settle(ctx); err != nil {
			return err
		}
		if !world.Advance() {
			return nil
		}
	}
}

// sum shows what came of it: the counts, the sources in trouble, a search.
func (d *demoShow) sum(ctx context.Context, app *bot.App) error {
	t := app.Totals()
	all, err := app.Sources(ctx)
	if err != nil {
		return err
	}
	var bad []store.SourceStatus
	for _, s := range all {
		if s.Failures > 0 {
			bad = append(bad, s)
		}
	}
	page := sourcesPage(bad, time.Now())
	page.Title = "What came of it"
	page.Lead = fmt.Sprintf("%s of the baseline, %s, %s, %s. %s never held up the others:",
		count(t.Baseline, "story", "stories"), count(t.New, "new story", "new stories"), count(t.Edited, "edit", "edits"),
		count(t.Alerts, "alert", "alerts"), count(len(bad), "broken source", "broken sources"))
	if err := d.term.Print(page); err != nil {
		return err
	}

	const question = "i-soon"
	f, err := filters.Compile(question)
	if err != nil {
		return err
	}
	hits, err := app.Searcher().Search(ctx, store.Search{Filter: f, Limit: 5})
	if err != nil {
		return err
	}
	found := card.Page{Title: "$ tipoff search " + question, Lead: "The archive has the baseline too:"}
	for i := range hits {
		found.Items = append(found.Items, hitItem(&hits[i].Story, f, time.Now()))
	}
	return d.term.Print(found)
}
