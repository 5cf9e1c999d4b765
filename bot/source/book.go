// Package source keeps the sources in force: those of the config, with what
// people added, changed and removed since. What a source is and how it is read
// is the business of package sources.
package source

import (
	"context"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"tipoff/bot/store"
	"tipoff/sources"
	"tipoff/sources/schedule"
)

// Store keeps the sources over restarts.
type Store interface {
	SourceEntries(ctx context.Context) ([]store.SourceEntry, error)
	PutSources(ctx context.Context, srcs []sources.Source, by string) error
	RemoveSource(ctx context.Context, name, by string) error
}

// Options are for [NewBook].
type Options struct {
	// Config are the sources of the config file.
	Config []sources.Source
	// Schedule is for sources that have none of their own, and Zone the zone
	// that schedules are in.
	Schedule string
	Zone     *time.Location
	Log      *slog.Logger
}

// Book holds the sources in force. It is safe for use by many goroutines;
// readers never wait for a change.
type Book struct {
	store Store
	file  map[string]sources.Source
	opt   Options
	now   atomic.Pointer[map[string]sources.Source]

	// mu keeps an older reading of the store from replacing a newer one.
	mu sync.Mutex
}

// NewBook reads the sources from the store, to which those of the config have
// been applied.
func NewBook(ctx context.Context, s Store, o Options) (*Book, error) {
	b := &Book{store: s, file: make(map[string]sources.Source), opt: o}
	for _, src := range o.Config {
		b.file[src.Name] = src
	}
	return b, b.Reload(ctx)
}

// Source is the source of a name; false if there is none in force.
func (b *Book) Source(name string) (sources.Source, bool) {
	src, ok := (*b.now.Load())[name]
	return src, ok
}

// All are the sources in force, by name.
func (b *Book) All() []sources.Source {
	now := *b.now.Load()
	all := make([]sources.Source, 0, len(now))
	for _, name := range slices.Sorted(maps.Keys(now)) {
		all = append(all, now[name])
	}
	return all
}

// Reload reads the sources again. A stored one that this program cannot poll
// (one that a newer program has written) is left out and said; the others go on.
func (b *Book) Reload(ctx context.Context) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	entries, err := b.store.SourceEntries(ctx)
	if err != nil {
		return fmt.Errorf("read the sources: %w", err)
	}
	now := make(map[string]sources.Source, len(entries))
	for _, e := range entries {
		src, inFile := b.file[e.Name]
		switch {
		case e.Source != nil:
			src = withSecrets(*e.Source, src)
		case !inFile:
			continue // another program's config has it
		}
		if src.Schedule == "" {
			src.Schedule = b.opt.Schedule
		}
		if _, err := schedule.Parse(src.Schedule, b.opt.Zone); err != nil {
			b.opt.Log.Error("a stored source is off: its schedule cannot be read", "source", e.Name, "error", err)
			continue
		}
		now[e.Name] = src
	}
	b.now.Store(&now)
	return nil
}

// Put adds sources, and changes those whose names there are, all or none; by is
// for the audit log. What the config says about a source's secrets stays in the
// config alone.
func (b *Book) Put(ctx context.Context, srcs []sources.Source, by string) error {
	own := make([]sources.Source, 0, len(srcs))
	for _, src := range srcs {
		own = append(own, withoutSecrets(src, b.file[src.Name]))
	}
	if err := b.store.PutSources(ctx, own, by); err != nil {
		return err
	}
	return b.Reload(context.WithoutCancel(ctx))
}

// Remove takes a source out of force; by is for the audit log. Its stories stay.
func (b *Book) Remove(ctx context.Context, name, by string) error {
	if err := b.store.RemoveSource(ctx, name, by); err != nil {
		return err
	}
	return b.Reload(context.WithoutCancel(ctx))
}

// withoutSecrets leaves out of a source what its entry in the config says too.
func withoutSecrets(src, file sources.Source) sources.Source {
	if src.BasicAuth == file.BasicAuth {
		src.BasicAuth = ""
	}
	if src.Proxy == file.Proxy {
		src.Proxy = ""
	}
	if maps.Equal(src.Headers, file.Headers) {
		src.Headers = nil
	}
	return src
}

// withSecrets undoes withoutSecrets.
func withSecrets(src, file sources.Source) sources.Source {
	if src.BasicAuth == "" {
		src.BasicAuth = file.BasicAuth
	}
	if src.Proxy == "" {
		src.Proxy = file.Proxy
	}
	if len(src.Headers) == 0 {
		src.Headers = file.Headers
	}
	return src
}
