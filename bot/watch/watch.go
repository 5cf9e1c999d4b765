// Package watch keeps the watches in force: compiled, ready to match, and
// changed for everyone at once when somebody adds or removes one.
package watch

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"

	"tipoff/bot/alert"
	"tipoff/filters"
)

// Store keeps the watches over restarts.
type Store interface {
	Watches(ctx context.Context) ([]alert.Watch, error)
	AddWatch(ctx context.Context, w alert.Watch, by string) error
	RemoveWatch(ctx context.Context, name, by string) error
}

// Compiled is the watches at one moment. It does not change.
type Compiled struct {
	Watches map[string]alert.Watch
	Filters map[string]*filters.Filter
	Set     *filters.Set
}

// Book holds the watches in force. It is safe for use by many goroutines;
// readers never wait for a change.
type Book struct {
	store   Store
	lexicon *filters.Lexicon
	log     *slog.Logger
	now     atomic.Pointer[Compiled]

	// mu keeps an older reading of the store from replacing a newer one.
	mu sync.Mutex
}

// NewBook reads the watches from the store. The lexicon is what their queries
// are compiled with; nil has what the program ships with.
func NewBook(ctx context.Context, store Store, lexicon *filters.Lexicon, log *slog.Logger) (*Book, error) {
	b := &Book{store: store, lexicon: lexicon, log: log}
	return b, b.Reload(ctx)
}

// Current is the watches in force.
func (b *Book) Current() *Compiled { return b.now.Load() }

// Reload reads the watches again. A stored query that this program cannot
// compile (one a newer program has written) is left out and said; the other
// watches go on.
func (b *Book) Reload(ctx context.Context) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	all, err := b.store.Watches(ctx)
	if err != nil {
		return fmt.Errorf("read the watches: %w", err)
	}
	old := b.now.Load()
	c := &Compiled{Watches: make(map[string]alert.Watch), Filters: make(map[string]*filters.Filter)}
	for _, w := range all {
		f := old.filter(w)
		if f == nil {
			if f, err = b.lexicon.Compile(w.Query); err != nil {
				b.log.Error("a stored watch is off: its query cannot be read", "watch", w.Name, "error", err)
				continue
			}
		}
		c.Watches[w.Name], c.Filters[w.Name] = w, f
	}
	c.Set = old.update(c.Filters)
	b.now.Store(c)
	return nil
}

// filter is that of a watch which has stayed as it was, or nil.
func (c *Compiled) filter(w alert.Watch) *filters.Filter {
	if c == nil || c.Watches[w.Name].Query != w.Query {
		return nil
	}
	return c.Filters[w.Name]
}

// update makes the set of these filters from the one there is.
func (c *Compiled) update(all map[string]*filters.Filter) *filters.Set {
	if c == nil {
		return filters.NewSet(all)
	}
	set := c.Set
	for name := range c.Filters {
		if all[name] == nil {
			set = set.Remove(name)
		}
	}
	for name, f := range all {
		if c.Filters[name] != f {
			set = set.Add(name, f)
		}
	}
	return set
}

// Watches lists the watches in force, by name.
func (b *Book) Watches(ctx context.Context) ([]alert.Watch, error) { return b.store.Watches(ctx) }

// AddWatch checks, stores and puts in force a watch; by is for the audit log.
func (b *Book) AddWatch(ctx context.Context, w alert.Watch, by string) error {
	if err := w.Validate(); err != nil {
		return err
	}
	if _, err := b.lexicon.Compile(w.Query); err != nil {
		return err
	}
	if err := b.store.AddWatch(ctx, w, by); err != nil {
		return err
	}
	return b.apply(ctx)
}

// RemoveWatch takes a watch out of force; by is for the audit log.
func (b *Book) RemoveWatch(ctx context.Context, name, by string) error {
	if err := b.store.RemoveWatch(ctx, name, by); err != nil {
		return err
	}
	return b.apply(ctx)
}

// apply puts in force what has been stored, also for one who is gone meanwhile.
func (b *Book) apply(ctx context.Context) error { return b.Reload(context.WithoutCancel(ctx)) }
