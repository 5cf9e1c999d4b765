package pipeline

import (
	"context"
	"fmt"
	"time"

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
	now    func() time.Time
}

// NewImporter returns an Importer that writes by update.
func NewImporter(update func(ctx context.Context, f func(ctx context.Context, tx ImportTx) error) error, now func() time.Time) *Importer {
	return &Importer{update: update, now: now}
}

// Import writes stories in one transaction and returns how many of them are new.
// A story has at least a title or an address.
func (i *Importer) Import(ctx context.Context, all []story.Story) (added int, err error) {
	err = i.update(ctx, func(ctx context.Context, tx ImportTx) error {
		added = 0
		told := make(map[int64]int)
		for _, s := range all {
			fresh, err := i.add(ctx, tx, s, told)
			if err != nil {
				return fmt.Errorf("import %q: %w", s.Title, err)
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
	return added, nil
}

// add writes a story and who told it. told counts the sightings by source.
func (i *Importer) add(ctx context.Context, tx ImportTx, s story.Story, told map[int64]int) (bool, error) {
	if s.Source == "" {
		s.Source = ImportSource
	}
	if s.Seen.IsZero() {
		s.Seen = i.now().UTC()
	}
	it := &item{Story: s}
	it.name(false)
	source, err := tx.AddSource(ctx, s.Source)
	if err != nil {
		return false, err
	}
	key, added, err := tx.AddStory(ctx, source, &it.Story)
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
		if source, err = tx.AddSource(ctx, g.Name); err != nil {
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
