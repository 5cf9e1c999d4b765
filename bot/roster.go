package bot

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"time"

	"tipoff/bot/config"
	"tipoff/bot/pipeline"
	"tipoff/bot/source"
	"tipoff/bot/store"
	"tipoff/bot/store/database"
)

// OpenSources opens the sources in force to change them, whether or not another
// tipoff is running on the store: that one takes the changes up within seconds.
// The caller closes the closer.
func OpenSources(ctx context.Context, cfg *config.Config, log *slog.Logger) (_ *source.Book, _ io.Closer, err error) {
	s, owned, err := changeStore(ctx, cfg)
	if err == nil && owned {
		if _, err = s.Migrate(ctx); err == nil {
			err = s.SyncSources(ctx, cfg.Sources)
		}
	}
	if err != nil {
		if s != nil {
			err = errors.Join(err, s.Close())
		}
		return nil, nil, err
	}
	book, err := source.NewBook(ctx, s, source.Options{
		Config: cfg.Sources, Schedule: cfg.Fetch.Schedule, Zone: cfg.Zone, Log: log,
	})
	if err != nil {
		return nil, nil, errors.Join(err, s.Close())
	}
	return book, s, nil
}

// RetryDeliveries lets deliveries that were given up be sent again, whether or
// not another tipoff is running on the store: that one sends them within seconds,
// or else the next one that is started. See RetryDeliveries of the store.
func RetryDeliveries(ctx context.Context, cfg *config.Config, ids []string, channel, by string) (r store.Retried, err error) {
	s, owned, err := changeStore(ctx, cfg)
	if err != nil {
		return r, err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	if owned {
		if _, err := s.Migrate(ctx); err != nil {
			return r, err
		}
	}
	return s.RetryDeliveries(ctx, ids, channel, by)
}

// OpenImporter opens the store to put stories from elsewhere into the archive,
// whether or not another tipoff is running on it. The caller closes the closer.
func OpenImporter(ctx context.Context, cfg *config.Config) (*pipeline.Importer, io.Closer, error) {
	s, owned, err := changeStore(ctx, cfg)
	if err != nil {
		return nil, nil, err
	}
	if owned {
		if _, err := s.Migrate(ctx); err != nil {
			return nil, nil, errors.Join(err, s.Close())
		}
	}
	update := func(ctx context.Context, f func(context.Context, pipeline.ImportTx) error) error {
		return s.Store.Update(ctx, func(ctx context.Context, tx *database.Tx) error { return f(ctx, tx) })
	}
	return pipeline.NewImporter(update, s.Make, time.Now), s, nil
}
