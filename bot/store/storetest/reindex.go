package storetest

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"tipoff/bot/store"
	"tipoff/bot/store/database"
	"tipoff/sources/story"
)

// Reindex makes the search index of a store again, is cut off, and goes on.
func Reindex(t *testing.T, own *database.Store, m Migrator) {
	t.Helper()
	s := &suite{Store: adapter{own}, ctx: t.Context()}
	const many = 2250 // three steps
	src := s.source(t, "alpha")
	all := make([]story.Story, many)
	for i := range all {
		at := time.Unix(int64(1_700_000_000+i), 0)
		all[i] = story.Story{ID: fmt.Sprint("story-", i), Title: fmt.Sprint("A zero-day ", i), URL: fmt.Sprint("https://x.example/", i), Published: at, Seen: at}
	}
	s.addAll(t, src, all)
	if _, err := own.DB().ExecContext(t.Context(), `UPDATE index_version SET version = 1`); err != nil {
		t.Fatal(err)
	}

	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	own.OnReindex(func(done, _ int) {
		if done > 0 {
			cancel()
		}
	})
	if _, err := m.Migrate(ctx); !errors.Is(err, context.Canceled) {
		t.Fatalf("cut off: %v", err)
	}
	var told [][2]int
	own.OnReindex(func(done, all int) { told = append(told, [2]int{done, all}) })
	if _, err := m.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	if len(told) != 3 || told[0] != [2]int{1000, many} || told[2] != [2]int{many, many} {
		t.Errorf("it went on as %v", told)
	}
	for _, q := range []string{"zeroday", "title:zeroday", `"a zero day"`} {
		tally, err := s.Tally(t.Context(), store.Search{Filter: compile(t, q)})
		if err != nil || tally.Hits != many {
			t.Errorf("%s: %d hits, %v", q, tally.Hits, err)
		}
		hits, err := s.Search(t.Context(), store.Search{Filter: compile(t, q), Limit: many + 1})
		if err != nil || len(hits) != many {
			t.Errorf("%s finds %d, %v", q, len(hits), err)
		}
	}
	told = nil
	if _, err := m.Migrate(t.Context()); err != nil || told != nil {
		t.Errorf("once more: %v, %v", told, err)
	}
}
