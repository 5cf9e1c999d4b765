package bot_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"tipoff/bot"
	"tipoff/bot/config"
	"tipoff/bot/store/storetest"
	"tipoff/sources"
)

// TestSourcesChangeWhileRunning adds and removes a source as `tipoff sources
// import` does it, beside a program that runs.
func TestSourcesChangeWhileRunning(t *testing.T) {
	t.Parallel()
	p := newPress(t)
	cfg := configuration(t, p, "one")
	app, _ := start(t, cfg, options(t, cfg))
	p.wait(t, "one", 1)

	book, closer, err := bot.OpenSources(t.Context(), cfg, options(t, cfg).Log)
	if err != nil {
		t.Fatal(err)
	}
	defer closer.Close()
	if err := book.Put(t.Context(), []sources.Source{{Name: "two", URL: p.URL + "/two", Schedule: "@every 1s"}}, "test"); err != nil {
		t.Fatal(err)
	}
	if err := app.Refresh(t.Context()); err != nil {
		t.Fatal(err)
	}
	p.wait(t, "two", 1) // at once
	p.publish("two", leak)
	p.wait(t, "two", 4) // by its own schedule
	if got := len(app.SourceBook().All()); got != 2 {
		t.Errorf("%d sources in force, want 2", got)
	}

	if err := book.Remove(t.Context(), "two", "test"); err != nil {
		t.Fatal(err)
	}
	if err := app.Refresh(t.Context()); err != nil {
		t.Fatal(err)
	}
	had, others := p.count("two"), p.count("one")
	p.wait(t, "one", others+3)
	if now := p.count("two"); now > had+1 { // one may have been under way
		t.Errorf("a source that was removed was asked for %d times more", now-had)
	}
}

// What people changed is exported beside a program that runs, and reads back the
// same, on either database.
func TestExportBesideAProgramThatRuns(t *testing.T) {
	t.Parallel()
	for name, address := range map[string]func(testing.TB) string{"file": storetest.File, "server": storetest.Postgres} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := newPress(t)
			file := filepath.Join(t.TempDir(), "config.yaml")
			text := fmt.Sprintf("store: %q\nlisten: ''\nfetch: {allow_private: [127.0.0.1/32]}\nsources:\n  - {name: one, url: %q, schedule: '@every 1s'} # ours\nwatches:\n  - {name: leaks, query: leak}\n", address(t), p.URL+"/one")
			if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
			cfg, err := config.Load(file, os.LookupEnv)
			if err != nil {
				t.Fatal(err)
			}
			app, _ := start(t, cfg, options(t, cfg))
			p.wait(t, "one", 1)
			export := func() string {
				t.Helper()
				out, err := bot.Export(t.Context(), file, options(t, cfg).Log)
				if err != nil {
					t.Fatal(err)
				}
				return out.Text
			}
			if got := export(); got != text {
				t.Errorf("nothing was changed: %s", cmp.Diff(text, got))
			}
			added := sources.Source{Name: "two", URL: p.URL + "/two", Kind: sources.Feed, Schedule: "@every 1s"}
			if err := app.SourceBook().Put(t.Context(), []sources.Source{added}, "slack:U1"); err != nil {
				t.Fatal(err)
			}
			got := export()
			back, err := config.Parse(file, []byte(got), os.LookupEnv)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(app.SourceBook().All(), back.Sources); diff != "" || !strings.Contains(got, " # ours\n") {
				t.Errorf("the export has other sources: %s\n%s", diff, got)
			}
			if err := app.SourceBook().Remove(t.Context(), "two", "slack:U1"); err != nil {
				t.Fatal(err)
			}
			if got := export(); got != text {
				t.Errorf("all is as it was: %s", cmp.Diff(text, got))
			}
		})
	}
}
