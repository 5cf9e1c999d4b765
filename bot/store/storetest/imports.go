package storetest

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"tipoff/bot/pipeline"
	"tipoff/bot/store"
	"tipoff/filters"
	"tipoff/sources/story"
)

// testImport puts stories into an archive in which a feed has told one of them
// under a guid.
func testImport(t *testing.T, s *suite) {
	wire := s.source(t, "wire")
	told := story.Story{ID: story.NewID("wire", "guid-1", "https://wire.example/1"), Source: "wire", Title: "Told by the feed", URL: "https://wire.example/1", Seen: s.clock.T}
	err := s.Update(s.ctx, func(ctx context.Context, tx pipeline.Tx) error {
		key, _, err := tx.AddStory(ctx, wire, &told)
		if err != nil {
			return err
		}
		return tx.AddSighting(ctx, wire, store.NewIdentity("guid-1", told.URL, told.Title), key, told.URL, &told)
	})
	if err != nil {
		t.Fatal(err)
	}
	into := pipeline.NewImporter(func(ctx context.Context, f func(context.Context, pipeline.ImportTx) error) error {
		return s.Update(ctx, func(ctx context.Context, tx pipeline.Tx) error { return f(ctx, tx.(pipeline.ImportTx)) })
	}, s.Make, s.clock.Now)
	old := s.clock.T.Add(-1000 * time.Hour)
	stories := []story.Story{
		{Source: "wire", Title: "Told by the feed", URL: "https://WIRE.example/1?utm_source=x"},
		{
			Source: "paper", Title: "From an old archive", URL: "https://paper.example/2", Published: old,
			Sources: []story.Sighting{{Name: "paper", URL: "https://paper.example/2"}, {Name: "wire", URL: "https://wire.example/2"}},
		},
		{Title: "A title alone"},
		{Title: "A title alone"},
	}
	for pass, want := range []int{2, 0} {
		if added, err := into.Import(s.ctx, stories); err != nil || added != want {
			t.Fatalf("pass %d: %d new, %v; want %d", pass, added, err, want)
		}
	}
	hits, err := s.Search(s.ctx, store.Search{})
	if err != nil {
		t.Fatal(err)
	}
	got := make(map[string][]string)
	for _, h := range hits {
		for _, g := range h.Story.Sources {
			got[h.Story.Title] = append(got[h.Story.Title], g.Name+" "+g.URL)
		}
	}
	want := map[string][]string{
		"Told by the feed":    {"wire https://wire.example/1"},
		"From an old archive": {"paper https://paper.example/2", "wire https://wire.example/2"},
		"A title alone":       {"import "},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if all, err := s.Sources(s.ctx); err != nil || len(all) != 1 || all[0].Stories != 1 {
		t.Errorf("sources in force: %+v, %v; want wire alone, with one story more", all, err)
	}
}

// testExpected stores more stories of one second than there are places in it, looked
// up together, and asks for them again.
func testExpected(t *testing.T, s *suite) {
	src := s.source(t, "alpha", "beta")
	beta, _, err := s.Source(s.ctx, "beta")
	if err != nil {
		t.Fatal(err)
	}
	const n = 1100
	all := make([]story.Story, n)
	for i := range all {
		url := fmt.Sprint("https://x.example/", i)
		all[i] = story.Story{ID: story.NewID("", "", url), Title: fmt.Sprint("Number ", i), URL: url, Published: s.clock.T, Seen: s.clock.T}
	}
	for pass := range 2 {
		var items []store.Expected
		for i := range all {
			it := store.Expected{Source: src, Identity: store.NewIdentity("", all[i].URL, ""), First: pass == 0, Story: &all[i]}
			if i%2 == 0 {
				it.Made = s.Make(&all[i], filters.NewDoc(&all[i]))
			}
			items = append(items, it)
		}
		err := s.Update(s.ctx, func(ctx context.Context, tx pipeline.Tx) error {
			if err := tx.Expect(ctx, items); err != nil {
				return err
			}
			for i, it := range items {
				known, isKnown, err := tx.Known(ctx, src, it.Identity)
				if err != nil {
					return err
				}
				key, added, err := tx.AddStory(ctx, src, it.Story)
				if err != nil {
					return err
				}
				if first := pass == 0; added != first || isKnown == first || !first && (known.Story != key || !known.First) {
					return fmt.Errorf("pass %d, story %d: added %t, known %t as %+v, key %d", pass, i, added, isKnown, known, key)
				}
				if err := tx.AddSighting(ctx, src, it.Identity, key, it.Story.URL, it.Story); err != nil {
					return err
				}
				for source, want := range map[int64]bool{src: true, beta: false} {
					if tells, err := tx.Tells(ctx, source, key); err != nil || tells != want {
						return fmt.Errorf("pass %d, story %d: source %d tells it: %t, %w", pass, i, source, tells, err)
					}
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if got, err := s.Count(s.ctx); err != nil || got != n {
		t.Errorf("%d stories, %v", got, err)
	}
	f, err := filters.Compile("number 1000 OR number 1001")
	if err != nil {
		t.Fatal(err)
	}
	if hits, err := s.Search(s.ctx, store.Search{Filter: f}); err != nil || len(hits) != 2 {
		t.Errorf("%d hits, %v; want 2", len(hits), err)
	}
}
