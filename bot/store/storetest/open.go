package storetest

import (
	"context"
	"io"
	"testing"

	"tipoff/bot/pipeline"
	"tipoff/bot/store/database"
)

// Adapt is a store as the suite and the pipeline see it.
func Adapt(s *database.Store) Store { return adapter{s} }

type adapter struct{ *database.Store }

func (a adapter) Update(ctx context.Context, f func(context.Context, pipeline.Tx) error) error {
	return a.Store.Update(ctx, func(ctx context.Context, tx *database.Tx) error { return f(ctx, tx) })
}

// Opened is a store that was opened for a test, and is closed with it.
func Opened[S io.Closer](t *testing.T, s S, err error) S {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

// Migrator is a store that makes its tables.
type Migrator interface {
	Migrate(ctx context.Context) (applied int, err error)
}

// Migrated is a store with its tables.
func Migrated[S Migrator](t *testing.T, s S) S {
	t.Helper()
	if _, err := s.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	return s
}

// MigrateTwice checks that an empty store gets its tables once.
func MigrateTwice(t *testing.T, s Migrator) {
	t.Helper()
	if n, err := s.Migrate(t.Context()); n == 0 || err != nil {
		t.Errorf("first: %d applied, %v", n, err)
	}
	if n, err := s.Migrate(t.Context()); n != 0 || err != nil {
		t.Errorf("second: %d applied, %v; want none", n, err)
	}
}
