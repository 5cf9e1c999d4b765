package storetest

import (
	"context"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"tipoff/bot/pipeline"
	"tipoff/bot/store"
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
