package bot

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"time"

	"tipoff/bot/config"
	"tipoff/bot/source"
	"tipoff/bot/store/sqlite"
)

// OpenSources opens the sources in force to change them, whether or not another
// tipoff is running on the store: that one takes the changes up within seconds.
// The caller closes the closer.
func OpenSources(ctx context.Context, cfg *config.Config, log *slog.Logger) (_ *source.Book, _ io.Closer, err error) {
	// Who owns the file holds it for as long as it runs: no use in waiting.
	s, err := sqlite.Open(ctx, cfg.SQLitePath(), sqlite.Options{Wait: 100 * time.Millisecond})
	switch {
	case errors.Is(err, sqlite.ErrInUse):
		s, err = sqlite.Open(ctx, cfg.SQLitePath(), sqlite.Options{Guest: true})
	case err == nil:
		if _, err = Migrate(ctx, s); err == nil {
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
