package bot

import (
	"context"

	"tipoff/bot/store"
)

// retain applies the config's retention, and tidies the archive up.
func (a *App) retain(ctx context.Context) error {
	began := a.Now()
	done, err := a.store.Retain(ctx, store.Retention{Age: a.cfg.Retention.Age, Size: a.cfg.Retention.Size})
	if done.Stories+done.Notices > 0 {
		a.Log.Info("what is older than the retention was deleted", "stories", done.Stories, "notices", done.Notices, "took", a.Now().Sub(began))
	}
	return err
}
