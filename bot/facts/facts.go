// Package facts keeps what catalogues say of vulnerabilities: in the store over
// restarts, and in memory for the filters, which ask for every story that names
// one.
package facts

import (
	"context"
	"fmt"
	"iter"
	"sync"
	"sync/atomic"

	"tipoff/filters"
	"tipoff/filters/entity/cve"
	"tipoff/sources"
	"tipoff/sources/story"
)

// Store keeps the facts over restarts.
type Store interface {
	Facts(ctx context.Context) iter.Seq2[cve.Fact, error]
	// PutFacts writes of each fact that which a catalogue is about, and leaves
	// the rest as it is.
	PutFacts(ctx context.Context, about sources.FactKind, facts []cve.Fact) error
}

// Book holds the facts in force: 16 bytes for each of some 300,000
// vulnerabilities. It is safe for use by many goroutines; readers never wait
// for a change.
type Book struct {
	store Store
	now   atomic.Pointer[cve.Table]

	mu sync.Mutex // one change at a time
}

// NewBook reads the facts from the store.
func NewBook(ctx context.Context, s Store) (*Book, error) {
	b := &Book{store: s}
	if err := b.Reload(ctx); err != nil {
		return nil, err
	}
	return b, nil
}

// Reload reads the facts again: another process has learned some.
func (b *Book) Reload(ctx context.Context) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	var all []cve.Fact
	for f, err := range b.store.Facts(ctx) {
		if err != nil {
			return fmt.Errorf("read what is known of vulnerabilities: %w", err)
		}
		all = append(all, f)
	}
	b.now.Store(cve.NewTable(all))
	return nil
}

// lazy reads the facts when the first one is asked for.
type lazy struct{ book func() *Book }

func (l lazy) Fact(id string) (story.CVE, bool) {
	if b := l.book(); b != nil {
		return b.Fact(id)
	}
	return story.CVE{ID: id}, false
}

// Lazy is [NewBook] for a short-lived program, which may not need the facts at
// all: they are read when the first one is asked for. Where that fails nothing
// is known, and failed is told why.
func Lazy(ctx context.Context, s Store, failed func(error)) filters.Facts {
	return lazy{sync.OnceValue(func() *Book {
		b, err := NewBook(ctx, s)
		if err != nil {
			failed(err)
			return nil
		}
		return b
	})}
}

// Fact is what is known of a vulnerability; false for nothing.
func (b *Book) Fact(id string) (story.CVE, bool) { return b.now.Load().Fact(id) }

// Len is how many vulnerabilities something is known of.
func (b *Book) Len() int { return b.now.Load().Len() }

// Learn takes up what a catalogue says, and writes what of it is new. It
// returns how many facts that were.
func (b *Book) Learn(ctx context.Context, said sources.Facts) (changed int, err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	old := b.now.Load()
	about := said.About
	var diff []cve.Fact
	named := make(map[int64]bool, len(said.CVEs))
	for _, v := range said.CVEs {
		f, ok := cve.NewFact(v)
		if !ok || named[f.ID] {
			continue
		}
		named[f.ID] = true
		before, _ := old.Get(f.ID)
		before.ID = f.ID
		if after := with(before, f, about); after != before {
			diff = append(diff, after)
		}
	}
	if said.All {
		for before := range old.All() {
			if named[before.ID] {
				continue
			}
			if after := with(before, cve.Fact{}, about); after != before {
				diff = append(diff, after)
			}
		}
	}
	if len(diff) == 0 {
		return 0, nil
	}
	if err := b.store.PutFacts(ctx, about, diff); err != nil {
		return 0, err
	}
	all := make([]cve.Fact, 0, old.Len()+len(diff))
	for f := range old.All() {
		all = append(all, f)
	}
	b.now.Store(cve.NewTable(append(all, diff...)))
	return len(diff), nil
}

// with is a fact with that which a catalogue is about taken from another.
func with(f, from cve.Fact, about sources.FactKind) cve.Fact {
	switch about {
	case sources.KEVFact:
		f.KEV = from.KEV
	case sources.EPSSFact:
		f.EPSS = from.EPSS
	case sources.CVSSFact:
		f.CVSS = from.CVSS
	}
	return f
}
