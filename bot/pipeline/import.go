package pipeline

import (
	"context"
	"fmt"
	"maps"
	"runtime"
	"time"

	"golang.org/x/sync/errgroup"

	"tipoff/bot/store"
	"tipoff/filters"
	"tipoff/sources/story"
)

// ImportSource is the source of imported stories that name none.
const ImportSource = "import"

// ImportTx is what an import writes with.
type ImportTx interface {
	Archive
	// AddSource finds a source, or adds one that is not in force: nobody asks it.
	AddSource(ctx context.Context, name string) (int64, error)
	// CountStories says that a source tells so many stories more.
	CountStories(ctx context.Context, source int64, more int) error
}

// Importer puts stories from elsewhere into the archive: by the same rules of
// identity as those from feeds, and without a word to anybody. What is there
// already stays as it is, so that an import that was cut off can be run again.
// It is for one goroutine.
type Importer struct {
	update func(ctx context.Context, f func(ctx context.Context, tx ImportTx) error) error
	make   func(s *story.Story, d *filters.Doc) any
	now    func() time.Time
	// sources are those that are stored, by name.
	sources map[string]int64
}

// NewImporter returns an Importer that writes by update. What [Store] calls Make is
// done before.
func NewImporter(update func(ctx context.Context, f func(ctx context.Context, tx ImportTx) error) error, made func(s *story.Story, d *filters.Doc) any, now func() time.Time) *Importer {
	return &Importer{update: update, make: made, now: now, sources: make(map[string]int64)}
}

// Import writes stories in one transaction and returns how many of them are new.
// A story has at least a title or an address.
func (i *Importer) Import(ctx context.Context, stories []story.Story) (added int, err error) {
	var seen map[string]int64 // sources of this transaction
	items := i.items(stories)
	all := i.expected(items)
	err = i.update(ctx, func(ctx context.Context, tx ImportTx) error {
		added = 0
		seen = make(map[string]int64)
		told := make(map[int64]int)
		if err := tx.Expect(ctx, all); err != nil {
			return err
		}
		for _, it := range items {
			fresh, err := i.add(ctx, tx, it, told, seen)
			if err != nil {
				return fmt.Errorf("import %q: %w", it.Title, err)
			}
			if fresh {
				added++
			}
		}
		for source, n := range told {
			if err := tx.CountStories(ctx, source, n); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return 0, err
	}
	maps.Copy(i.sources, seen)
	return added, nil
}

// source is the number of a source, which is added where there is none.
func (i *Importer) source(ctx context.Context, tx ImportTx, name string, seen map[string]int64) (int64, error) {
	for _, known := range []map[string]int64{i.sources, seen} {
		if id, ok := known[name]; ok {
			return id, nil
		}
	}
	id, err := tx.AddSource(ctx, name)
	if err == nil {
		seen[name] = id
	}
	return id, err
}

// items are the stories with their ids.
func (i *Importer) items(all []story.Story) []*item {
	items := make([]*item, len(all))
	for n, s := range all {
		if s.Source == "" {
			s.Source = ImportSource
		}
		if s.Seen.IsZero() {
			s.Seen = i.now().UTC()
		}
		items[n] = &item{Story: s}
		items[n].name(false)
	}
	return items
}

// expected is how the archive is told of the stories. What the index is to have of
// them is made on all processors.
func (i *Importer) expected(items []*item) []store.Expected {
	all := make([]store.Expected, len(items))
	var g errgroup.Group
	g.SetLimit(runtime.GOMAXPROCS(0))
	const share = 32
	for from := 0; from < len(items); from += share {
		g.Go(func() error {
			for n := from; n < min(from+share, len(items)); n++ {
				it := items[n]
				all[n] = store.Expected{Identity: it.identity, Story: &it.Story, Made: i.make(&it.Story, filters.NewDoc(&it.Story))}
			}
			return nil
		})
	}
	_ = g.Wait() // nothing fails
	return all
}

// add writes a story and who told it. told counts the sightings by source, and
// seen has the numbers of this transaction's sources.
func (i *Importer) add(ctx context.Context, tx ImportTx, it *item, told map[int64]int, seen map[string]int64) (bool, error) {
	s := &it.Story
	source, err := i.source(ctx, tx, s.Source, seen)
	if err != nil {
		return false, err
	}
	key, added, err := tx.AddStory(ctx, source, s)
	if err != nil {
		return false, err
	}
	tells := []story.Sighting{{Name: s.Source, URL: it.URL, Published: s.Published}}
	for _, g := range s.Sources {
		if g.Name != "" && g.Name != s.Source {
			tells = append(tells, g)
		}
	}
	for _, g := range tells {
		own := &item{Story: it.Story}
		own.Source, own.Published = g.Name, g.Published
		if g.URL != "" {
			own.URL = g.URL
		}
		own.name(false)
		if source, err = i.source(ctx, tx, g.Name, seen); err != nil {
			return false, err
		}
		if !added {
			// A feed may have told it under a guid, which the import does not know.
			tells, err := tx.Tells(ctx, source, key)
			if err != nil {
				return false, err
			}
			if tells {
				continue
			}
		}
		if err := tx.AddSighting(ctx, source, own.identity, key, it.URL, &own.Story); err != nil {
			return false, err
		}
		told[source]++
	}
	return added, nil
}
