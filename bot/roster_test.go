package bot_test

import (
	"testing"

	"tipoff/bot"
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
