package bot

import (
	"context"
	"errors"
	"log/slog"
	"os"

	"tipoff/bot/config"
	"tipoff/bot/source"
	"tipoff/bot/store"
	"tipoff/sources"
)

// Export writes what is in force as a configuration: the file as it stands, with
// the sources and watches as people changed them. It reads the store, beside a
// program that may be running. Where the file was changed since it was last
// applied, what counts is what a start would make of it.
func Export(ctx context.Context, file string, log *slog.Logger) (*config.Exported, error) {
	data, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	cfg, err := config.Parse(file, data, os.LookupEnv)
	if err != nil {
		return nil, err
	}
	now := config.InForce{Sources: cfg.Sources, Watches: cfg.Watches}
	s, err := ReadStore(ctx, cfg)
	switch {
	case errors.Is(err, ErrNoArchive): // nothing has run yet, and nobody changed anything
	case err != nil:
		return nil, err
	default:
		now, err = inForce(ctx, s, cfg, log)
		if err = errors.Join(err, s.Close()); err != nil {
			return nil, err
		}
	}
	return config.Export(file, data, os.LookupEnv, now)
}

func inForce(ctx context.Context, s *Store, cfg *config.Config, log *slog.Logger) (now config.InForce, err error) {
	if now.Watches, err = s.WatchesWith(ctx, cfg.Watches); err != nil {
		return now, err
	}
	book, err := source.NewBook(ctx, startedStore{s, cfg.Sources}, source.Options{
		Config: cfg.Sources, Schedule: cfg.Fetch.Schedule, Zone: cfg.Zone, Log: log,
	})
	if err != nil {
		return now, err
	}
	now.Sources = book.All()
	return now, nil
}

// startedStore is the store as it would be after a start with the file's
// sources.
type startedStore struct {
	*Store
	file []sources.Source
}

func (s startedStore) SourceEntries(ctx context.Context) ([]store.SourceEntry, error) {
	return s.SourceEntriesWith(ctx, s.file)
}
