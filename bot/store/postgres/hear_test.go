package postgres_test

import (
	"context"
	"testing"
	"time"

	"tipoff/bot/alert"
	"tipoff/bot/store"
	"tipoff/bot/store/postgres"
	"tipoff/bot/store/storetest"
	"tipoff/filters/entity/cve"
	"tipoff/sources"
)

// A change is heard by the others as soon as it is committed, and not by who
// made it.
func TestHear(t *testing.T) {
	address := storetest.Postgres(t)
	open := func() *postgres.Store {
		s, err := postgres.Open(t.Context(), address, postgres.Options{})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = s.Close() })
		return s
	}
	a, b := open(), open()
	if _, err := a.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	heard, ended := make(chan store.Change, 10), make(chan error, 1)
	go func() { ended <- b.Hear(ctx, func(c store.Change) { heard <- c }) }()
	next := func(want store.Change) {
		t.Helper()
		select {
		case got := <-heard:
			if got != want {
				t.Errorf("heard %q, want %q", got, want)
			}
		case err := <-ended:
			t.Fatal(err)
		case <-t.Context().Done():
			t.Fatal("nothing was heard")
		}
	}
	next(store.AnyChanged)

	w := alert.Watch{Name: "leaks", Query: "leak", Channels: []string{"desk"}}
	if err := b.AddWatch(t.Context(), w, "U1"); err != nil { // its own
		t.Fatal(err)
	}
	began := time.Now()
	if err := a.RemoveWatch(t.Context(), "leaks", "U1"); err != nil {
		t.Fatal(err)
	}
	next(store.PeopleChanged)
	t.Logf("heard %v after the change began", time.Since(began))
	if err := a.PutFacts(t.Context(), sources.KEVFact, []cve.Fact{{ID: 202400003400, KEV: true}}); err != nil {
		t.Fatal(err)
	}
	next(store.FactsChanged)
	cancel()
	if err := <-ended; err == nil || len(heard) > 0 {
		t.Errorf("%d changes more, %v", len(heard), err)
	}
}
