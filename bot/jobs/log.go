package jobs

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// quieter passes on what is about trouble and drops the engine's own news. Each
// message comes once a minute at the most: where the database does not answer,
// the engine says so several times a second.
type quieter struct {
	slog.Handler
	said *sync.Map // of *rate.Sometimes, by message
}

// sayAgain is after how long a message is passed on again.
const sayAgain = time.Minute

func newQuieter(h slog.Handler) quieter { return quieter{h, &sync.Map{}} }

func (q quieter) Enabled(ctx context.Context, l slog.Level) bool {
	return l >= slog.LevelError && q.Handler.Enabled(ctx, l)
}

func (q quieter) Handle(ctx context.Context, r slog.Record) (err error) {
	// The engine's messages are constant, and few.
	once, _ := q.said.LoadOrStore(r.Message, &rate.Sometimes{Interval: sayAgain})
	once.(*rate.Sometimes).Do(func() { err = q.Handler.Handle(ctx, r) })
	return err
}

func (q quieter) WithAttrs(attrs []slog.Attr) slog.Handler {
	return quieter{q.Handler.WithAttrs(attrs), q.said}
}

func (q quieter) WithGroup(name string) slog.Handler {
	return quieter{q.Handler.WithGroup(name), q.said}
}
