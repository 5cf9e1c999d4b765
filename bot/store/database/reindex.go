package database

import (
	"context"
	"fmt"

	"tipoff/bot/store"
	"tipoff/filters"
)

var (
	sqlIndexVersion    = statements.Get("IndexVersion")
	sqlSetIndexVersion = statements.Get("SetIndexVersion")
	sqlStoriesFrom     = statements.Get("StoriesFrom")
	sqlStoriesUpTo     = statements.Get("StoriesUpTo")
)

// reindexStep is how many stories are indexed in one transaction.
const reindexStep = 1000

// wholeIndex is the key of the last story in an index that has all of them.
const wholeIndex store.Key = -1

// Reindex makes the search index again where its words are of another version of
// the program, which takes some minutes for a million stories. A search finds
// little until it is done; what was cut off goes on.
func (s *Store) Reindex(ctx context.Context) error {
	last, err := s.indexed(ctx)
	if err != nil || last == wholeIndex {
		return err
	}
	if err := s.reindex(ctx, last); err != nil {
		return fmt.Errorf("make the search index again: %w", err)
	}
	return nil
}

// indexed is the last story in the index, as far as that is of this version.
func (s *Store) indexed(ctx context.Context) (last store.Key, err error) {
	var version int
	err = s.read.QueryRowContext(ctx, sqlIndexVersion).Scan(&version, &last)
	if version != filters.IndexVersion {
		last = 0
	}
	return last, s.Explain(err)
}

// SameIndex refuses a search index whose words are of another version of the
// program, for those who may not make it again.
func (s *Store) SameIndex(ctx context.Context) error {
	last, err := s.indexed(ctx)
	if err == nil && last != wholeIndex {
		err = fmt.Errorf("store: the search index of %s is another version's; run `tipoff migrate`", s.name)
	}
	return err
}

// OnReindex has f called while the search index is made again: with how many
// stories of all are done, at the beginning and after each tenth of them.
func (s *Store) OnReindex(f func(done, all int)) { s.reindexing = f }

func (s *Store) reindex(ctx context.Context, last store.Key) error {
	all, err := s.Count(ctx)
	if err != nil {
		return err
	}
	done := 0
	if err := s.read.QueryRowContext(ctx, sqlStoriesUpTo, int64(last)).Scan(&done); err != nil {
		return s.Explain(err)
	}
	say := func() {
		if all > 0 && s.reindexing != nil {
			s.reindexing(done, all)
		}
	}
	say()
	if last == 0 {
		if err := s.indexStep(ctx, 0, s.d.ClearIndex); err != nil {
			return err
		}
	}
	for tenths := done * 10 / max(all, 1); ; {
		entries, err := s.entriesFrom(ctx, last)
		if err != nil {
			return err
		}
		if len(entries) == 0 {
			return s.indexStep(ctx, wholeIndex, s.d.FinishIndex)
		}
		last = entries[len(entries)-1].Key
		err = s.indexStep(ctx, last, func(ctx context.Context, tx *Tx) error { return s.d.Reindex(ctx, tx, entries) })
		if err != nil {
			return err
		}
		// Another replica may have added some.
		if done += len(entries); done*10/max(all, 1) > tenths {
			tenths = done * 10 / max(all, 1)
			say()
		}
	}
}

// indexStep does something with the index, and notes how far it came.
func (s *Store) indexStep(ctx context.Context, last store.Key, do func(ctx context.Context, tx *Tx) error) error {
	return s.Update(ctx, func(ctx context.Context, tx *Tx) error {
		if err := do(ctx, tx); err != nil {
			return err
		}
		_, err := tx.Exec(ctx, sqlSetIndexVersion, filters.IndexVersion, int64(last))
		return err
	})
}

// entriesFrom are what the index is to have of the stories after a key.
func (s *Store) entriesFrom(ctx context.Context, last store.Key) ([]Entry, error) {
	rows, err := s.read.QueryContext(ctx, sqlStoriesFrom, int64(last), reindexStep)
	if err != nil {
		return nil, s.Explain(err)
	}
	defer rows.Close()
	var all []Entry
	for rows.Next() {
		c, err := ScanStory(rows.Scan)
		if err != nil {
			return nil, s.Explain(err)
		}
		all = append(all, s.entry(c.Key, false, &c.Story))
	}
	return all, s.Explain(rows.Err())
}
