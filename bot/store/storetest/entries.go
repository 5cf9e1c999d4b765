package storetest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"tipoff/bot/alert"
	"tipoff/bot/store"
	"tipoff/sources"
)

// SyncSources applies the config's sources, and compares what is in force then
// with what the store foretold.
func (s *suite) SyncSources(ctx context.Context, srcs []sources.Source) error {
	want, err := s.SourceEntriesWith(ctx, srcs)
	if err != nil {
		return err
	}
	if err := s.Store.SyncSources(ctx, srcs); err != nil {
		return err
	}
	got, err := s.SourceEntries(ctx)
	if diff := cmp.Diff(want, got); err == nil && diff != "" {
		return fmt.Errorf("sources in force are not as foretold (-foretold +in force):\n%s", diff)
	}
	return err
}

// SyncWatches is SyncSources for watches.
func (s *suite) SyncWatches(ctx context.Context, ws []alert.Watch) error {
	want, err := s.WatchesWith(ctx, ws)
	if err != nil {
		return err
	}
	if err := s.Store.SyncWatches(ctx, ws); err != nil {
		return err
	}
	got, err := s.Watches(ctx)
	slices.SortFunc(want, func(a, b alert.Watch) int { return strings.Compare(a.Name, b.Name) })
	if diff := cmp.Diff(want, got, cmpopts.EquateEmpty()); err == nil && diff != "" {
		return fmt.Errorf("watches in force are not as foretold (-foretold +in force):\n%s", diff)
	}
	return err
}

func testSourceEntries(t *testing.T, s *suite) {
	alpha := sources.Source{Name: "alpha", URL: "https://alpha.example/feed", Schedule: "@every 1h"}
	beta := sources.Source{Name: "beta", URL: "https://beta.example/feed", BasicAuth: "user:password", Headers: map[string]string{"X": "y"}}
	file := []sources.Source{alpha, beta}
	check := func(t *testing.T, what, want string) {
		t.Helper()
		all, err := s.SourceEntries(s.ctx)
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, e := range all {
			text := e.Name + " of " + e.Origin
			if e.Source != nil {
				text += fmt.Sprintf(" %s %v", e.Source.URL, e.Source.Tags)
			}
			got = append(got, text)
		}
		if diff := cmp.Diff(want, strings.Join(got, "; ")); diff != "" {
			t.Errorf("%s: %s", what, diff)
		}
	}
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	must(s.SyncSources(s.ctx, file))
	check(t, "the file", "alpha of config; beta of config")

	before, err := s.Changes(s.ctx)
	must(err)
	tagged := alpha
	tagged.Tags = []string{"gov"}
	gamma := sources.Source{
		Name: "gamma", URL: "https://gamma.example/list", Kind: sources.JSON, Items: "data", Fields: map[string]string{"title": "t", "url": "u"},
		FullText: true, Schedule: "@hourly", Tags: []string{"a", "b"}, Backfill: 3, BasicAuth: "u:p", Headers: map[string]string{"K": "v"}, Proxy: "http://proxy.example",
	}
	must(s.PutSources(s.ctx, []sources.Source{tagged, gamma}, "ann"))
	must(s.SyncSources(s.ctx, file))
	check(t, "one changed and one added outlive a start", "alpha of ann https://alpha.example/feed [gov]; beta of config; gamma of ann https://gamma.example/list [a b]")
	all, err := s.SourceEntries(s.ctx)
	must(err)
	if diff := cmp.Diff(&gamma, all[2].Source); diff != "" {
		t.Errorf("a source does not come back whole: %s", diff)
	}
	if after, err := s.Changes(s.ctx); err != nil || after <= before {
		t.Errorf("changes went from %d to %d: %v", before, after, err)
	}

	must(s.RemoveSource(s.ctx, "beta", "ann"))
	must(s.SyncSources(s.ctx, file))
	check(t, "one of the file stays removed", "alpha of ann https://alpha.example/feed [gov]; gamma of ann https://gamma.example/list [a b]")
	for _, name := range []string{"beta", "nobody"} {
		if err := s.RemoveSource(s.ctx, name, "ann"); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("removing %s, which is not there: %v", name, err)
		}
	}

	file[0].Schedule, file[1].Headers = "@every 2h", nil
	must(s.SyncSources(s.ctx, file))
	check(t, "the file says something new", "alpha of config; beta of config; gamma of ann https://gamma.example/list [a b]")

	must(s.PutSources(s.ctx, []sources.Source{tagged}, "ann"))
	must(s.SyncSources(s.ctx, nil))
	check(t, "the file has nothing any more", "alpha of ann https://alpha.example/feed [gov]; gamma of ann https://gamma.example/list [a b]")
	must(s.SyncSources(s.ctx, file))
	check(t, "the file has them again", "alpha of config; beta of config; gamma of ann https://gamma.example/list [a b]")
}
