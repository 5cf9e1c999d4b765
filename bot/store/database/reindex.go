package database

import (
	"context"
	"fmt"

	"tipoff/bot/store"
	"tipoff/filters"
)

var (
	sqlIndexVersion     = statements.Get("IndexVersion")
	sqlDropIndexVersion = statements.Get("DropIndexVersion")
	sqlAddIndexVersion  = statements.Get("AddIndexVersion")
	sqlStoriesFrom      = statements.Get("StoriesFrom")
)

// reindexStep is how many stories are indexed in one transaction.
const reindexStep = 2000

// Reindex makes the search index again where its words are of another version of
// the program, which takes a minute or two for a million stories. A search finds
// little until it is done; what is cut off begins again.
func (s *Store) Reindex(ctx context.Context) error {
	stale, err := s.stale(ctx)
	if err != nil || !stale {
		return err
	}
	if err := s.reindex(ctx); err != nil {
		return fmt.Errorf("make the search index again: %w", err)
	}
	return nil
}

func (s *Store) stale(ctx context.Context) (bool, error) {
	var have int
	err := s.read.QueryRowContext(ctx, sqlIndexVersion).Scan(&have)
	return have != filters.IndexVersion, s.Explain(err)
}

// SameIndex refuses a search index whose words are of another version of the
// program, for those who may not make it again.
func (s *Store) SameIndex(ctx context.Context) error {
	stale, err := s.stale(ctx)
	if err == nil && stale {
		err = fmt.Errorf("store: the search index of %s is another version's; run `tipoff migrate`", s.name)
	}
	return err
}

// OnReindex has f called while the search index is made again: with how many
// stories of all are done, at the beginning and after each tenth of them.
func (s *Store) OnReindex(f func(done, all int)) { s.reindexing = f }

func (s *Store) reindex(ctx context.Context) error {
	all, err := s.Count(ctx)
	if err != nil {
		return err
	}
	if all == 0 || s.reindexing == nil {
		s.reindexing = func(int, int) {}
	}
	done, tenths := 0, 0
	s.reindexing(0, all)
	err = s.Update(ctx, func(ctx context.Context, tx *Tx) error { return s.d.ClearIndex(ctx, tx) })
	for last := store.Key(0); err == nil; {
		var entries []Entry
		if entries, err = s.entriesFrom(ctx, last); err != nil || len(entries) == 0 {
			break
		}
		last = entries[len(entries)-1].Key
		err = s.Update(ctx, func(ctx context.Context, tx *Tx) error { return s.d.Reindex(ctx, tx, entries) })
		// Another replica may have added some.
		if done += len(entries); done*10/max(all, 1) > tenths {
			tenths = done * 10 / max(all, 1)
			s.reindexing(done, all)
		}
	}
	if err != nil {
		return err
	}
	return s.Update(ctx, func(ctx context.Context, tx *Tx) error {
		if err := s.d.FinishIndex(ctx, tx); err != nil {
			return err
		}
		if _, err := tx.Exec(ctx, sqlDropIndexVersion); err != nil {
			return err
		}
		_, err := tx.Exec(ctx, sqlAddIndexVersion, filters.IndexVersion)
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
