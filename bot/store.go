package bot

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"time"

	"tipoff/bot/config"
	"tipoff/bot/jobs"
	"tipoff/bot/pipeline"
	"tipoff/bot/store"
	"tipoff/bot/store/database"
	"tipoff/bot/store/postgres"
	"tipoff/bot/store/sqlite"
)

// Store is the store that a config names, on either database.
type Store struct {
	*database.Store
	// One of them is set.
	file   *sqlite.Store
	server *postgres.Store
}

// ErrNoArchive is for an archive that nothing was written to yet.
var ErrNoArchive = errors.New("no archive yet")

// OpenStore opens the store to run the program on it. A file has one owner, a
// database server as many as come. now is the clock; time.Now where nil.
func OpenStore(ctx context.Context, cfg *config.Config, now func() time.Time) (*Store, error) {
	return openStore(ctx, cfg, sqlite.Options{Now: now}, postgres.Options{Now: now})
}

// ReadStore opens the store to read in it, beside a program that may be
// running. It fails with [ErrNoArchive] where there is nothing to read.
func ReadStore(ctx context.Context, cfg *config.Config) (*Store, error) {
	s, err := openStore(ctx, cfg, sqlite.Options{ReadOnly: true}, postgres.Options{Existing: true})
	switch {
	case errors.Is(err, fs.ErrNotExist):
		err = noArchive{cfg.SQLitePath()}
	case errors.Is(err, postgres.ErrEmpty):
		err = noArchive{cfg.StoreName()}
	}
	return s, err
}

// noArchive is [ErrNoArchive] with a sentence for people.
type noArchive struct{ name string }

func (e noArchive) Error() string {
	return fmt.Sprintf("there is no archive at %s yet; `tipoff run` or `tipoff poll` makes one", e.name)
}

func (noArchive) Is(target error) bool { return target == ErrNoArchive }

// changeStore opens the store for a short change, whether or not a program is
// running on it. owned tells that none is on this file.
func changeStore(ctx context.Context, cfg *config.Config) (s *Store, owned bool, err error) {
	// Who owns the file holds it for as long as it runs: no use in waiting.
	s, err = openStore(ctx, cfg, sqlite.Options{Wait: 100 * time.Millisecond}, postgres.Options{})
	if errors.Is(err, sqlite.ErrInUse) {
		s, err = openStore(ctx, cfg, sqlite.Options{Guest: true, Wait: guestWait}, postgres.Options{})
		return s, false, err
	}
	return s, true, err
}

// guestWait is how long a command waits for its turn to write beside the program
// that runs, which may be storing what many sources brought.
const guestWait = 10 * time.Second

func openStore(ctx context.Context, cfg *config.Config, file sqlite.Options, server postgres.Options) (*Store, error) {
	if cfg.Shared() {
		s, err := postgres.Open(ctx, cfg.Store, server)
		if err != nil {
			return nil, err
		}
		return &Store{Store: s.Store, server: s}, nil
	}
	s, err := sqlite.Open(ctx, cfg.SQLitePath(), file)
	if err != nil {
		return nil, err
	}
	return &Store{Store: s.Store, file: s}, nil
}

// Update runs f in one transaction.
func (s *Store) Update(ctx context.Context, f func(ctx context.Context, tx pipeline.Tx) error) error {
	return s.Store.Update(ctx, func(ctx context.Context, tx *database.Tx) error { return f(ctx, tx) })
}

// Migrate brings the store's tables and the job engine's to this version.
func (s *Store) Migrate(ctx context.Context) (applied int, err error) {
	err = s.alone(ctx, func(ctx context.Context) error {
		n, err := s.migrateOwn(ctx)
		if err != nil {
			return err
		}
		engine, err := jobs.Migrate(ctx, s.jobs())
		applied = n + engine
		return err
	})
	return applied, err
}

func (s *Store) migrateOwn(ctx context.Context) (int, error) {
	if s.server != nil {
		return s.server.Migrate(ctx)
	}
	return s.file.Migrate(ctx)
}

// alone runs f while no other replica does.
func (s *Store) alone(ctx context.Context, f func(ctx context.Context) error) error {
	if s.server != nil {
		return s.server.Alone(ctx, f)
	}
	return f(ctx)
}

// jobs is the database as the job engine sees it.
func (s *Store) jobs() jobs.Database {
	d := jobs.Database{DB: s.DB()}
	if s.server != nil {
		d.Server = s.server.Listener()
	}
	return d
}

// hear tells of the changes that other replicas write, until the connection is
// lost or ctx ends.
func (s *Store) hear(ctx context.Context, f func(store.Change)) error { return s.server.Hear(ctx, f) }

// claim keeps the sources that are due at a moment from the other replicas, until
// another one, and returns which these are.
func (s *Store) claim(ctx context.Context, names []string, due, until time.Time) ([]string, error) {
	return s.server.Claim(ctx, names, due, until)
}

// Backup writes a consistent copy of the store to a file that is not there, while
// programs work on it. Of a database server it fails with a sentence that names
// the server's own means.
func (s *Store) Backup(ctx context.Context, path string) error {
	if s.server != nil {
		return fmt.Errorf("the store is a PostgreSQL database, which has a tool for that: pg_dump --format=custom --file=%s %s", path, s.Name())
	}
	return s.file.Backup(ctx, path)
}

// Rewrite writes the file of a store anew, without the room that deleted stories
// left, and returns its size before and after. Of a database server it fails
// with a sentence that names the server's own means.
func (s *Store) Rewrite(ctx context.Context) (before, after int64, err error) {
	if s.server != nil {
		return 0, 0, errors.New("the store is a PostgreSQL database, whose server does that: VACUUM (FULL) stories, sightings")
	}
	return s.file.Rewrite(ctx)
}

// Close closes the store.
func (s *Store) Close() error {
	if s.server != nil {
		return s.server.Close()
	}
	return s.file.Close()
}
