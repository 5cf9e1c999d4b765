package database

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"tipoff/bot/alert"
	"tipoff/bot/store"
)

var (
	sqlWatches       = statements.Get("Watches")
	sqlRemoveWatch   = statements.Get("RemoveWatch")
	sqlWatchesWith   = statements.Get("WatchesWith")
	sqlConfigWatches = statements.Get("ConfigWatches")
	sqlDropWatch     = statements.Get("DropWatch")
	sqlWatch         = statements.Get("Watch")
	sqlPutWatch      = statements.Get("PutWatch")
	sqlAudit         = statements.Get("Audit")
)

// scanWatch reads a row that begins as that of the statement Watches.
func scanWatch(scan func(...any) error, more ...any) (alert.Watch, error) {
	var w alert.Watch
	var channels string
	if err := scan(append([]any{&w.Name, &w.Query, &channels, &w.Severity, &w.Mention, &w.Origin}, more...)...); err != nil {
		return w, err
	}
	if err := json.Unmarshal([]byte(channels), &w.Channels); err != nil {
		return w, fmt.Errorf("watch %q: channels: %w", w.Name, err)
	}
	return w, nil
}

// Watches lists the watches in force, by name.
func (s *Store) Watches(ctx context.Context) ([]alert.Watch, error) {
	rows, err := s.read.QueryContext(ctx, sqlWatches)
	if err != nil {
		return nil, s.Explain(err)
	}
	defer rows.Close()
	var all []alert.Watch
	for rows.Next() {
		w, err := scanWatch(rows.Scan)
		if err != nil {
			return nil, err
		}
		all = append(all, w)
	}
	return all, s.Explain(rows.Err())
}

// AddWatch stores a watch that somebody added; by is who, for the audit log,
// and the watch's origin where it has none. It fails with [store.ErrExists]
// where the name is taken.
func (s *Store) AddWatch(ctx context.Context, w alert.Watch, by string) error {
	if w.Origin == "" {
		w.Origin = by
	}
	return s.Update(ctx, func(ctx context.Context, tx *Tx) error {
		if _, removed, _, err := tx.watch(ctx, w.Name); err == nil && !removed {
			return fmt.Errorf("watch %q: %w", w.Name, store.ErrExists)
		} else if err != nil && !errors.Is(err, store.ErrNotFound) {
			return err
		}
		if err := tx.putWatch(ctx, w, nil); err != nil {
			return err
		}
		return tx.audit(ctx, by, "watch add", w.Name, nil, &w)
	})
}

// RemoveWatch takes a watch out of force. It fails with [store.ErrNotFound]
// where there is none. A watch of the config file stays removed until its
// entry in the file changes.
func (s *Store) RemoveWatch(ctx context.Context, name, by string) error {
	return s.Update(ctx, func(ctx context.Context, tx *Tx) error {
		w, removed, _, err := tx.watch(ctx, name)
		if err != nil {
			return err
		}
		if removed {
			return fmt.Errorf("watch %q: %w", name, store.ErrNotFound)
		}
		if _, err := tx.Exec(ctx, sqlRemoveWatch, unix(tx.s.now()), name); err != nil {
			return err
		}
		return tx.audit(ctx, by, "watch remove", name, &w, nil)
	})
}

// SyncWatches applies the config file's watches: those whose entry changed
// since it was last applied, and no others, so that what people did in chat
// stays until the file says something new. A watch whose entry is gone from
// the file goes out of force, unless somebody made it their own in chat.
func (s *Store) SyncWatches(ctx context.Context, ws []alert.Watch) error {
	return s.Update(ctx, func(ctx context.Context, tx *Tx) error {
		inFile := make(map[string]bool)
		for _, w := range ws {
			w.Origin = "config"
			inFile[w.Name] = true
			entry, err := json.Marshal(w)
			if err != nil {
				return err
			}
			old, removed, applied, err := tx.watch(ctx, w.Name)
			if err != nil && !errors.Is(err, store.ErrNotFound) {
				return err
			}
			if err == nil && applied == string(entry) {
				continue
			}
			var before any = &old
			action := "watch change"
			if err != nil || removed {
				before, action = nil, "watch add"
			}
			if err := tx.putWatch(ctx, w, entry); err != nil {
				return err
			}
			if err := tx.audit(ctx, "config", action, w.Name, before, &w); err != nil {
				return err
			}
		}
		return tx.dropWatches(ctx, inFile)
	})
}

// WatchesWith lists the watches that [Store.SyncWatches] would leave in force,
// and changes nothing: those of the file in its order, then those that people
// added, by name.
func (s *Store) WatchesWith(ctx context.Context, file []alert.Watch) ([]alert.Watch, error) {
	rows, err := s.read.QueryContext(ctx, sqlWatchesWith)
	if err != nil {
		return nil, s.Explain(err)
	}
	defer rows.Close()
	type stored struct {
		alert.Watch
		removed bool
		applied string
	}
	have := make(map[string]stored)
	var own []alert.Watch
	for rows.Next() {
		var w stored
		if w.Watch, err = scanWatch(rows.Scan, &w.removed, &w.applied); err != nil {
			return nil, err
		}
		have[w.Name] = w
		inFile := slices.ContainsFunc(file, func(f alert.Watch) bool { return f.Name == w.Name })
		if !inFile && !w.removed && w.Origin != "config" {
			own = append(own, w.Watch)
		}
	}
	if err := rows.Err(); err != nil {
		return nil, s.Explain(err)
	}
	var all []alert.Watch
	for _, w := range file {
		w.Origin = "config"
		entry, err := json.Marshal(w)
		if err != nil {
			return nil, err
		}
		switch old, ok := have[w.Name]; {
		case !ok || old.applied != string(entry):
			all = append(all, w)
		case !old.removed:
			all = append(all, old.Watch)
		}
	}
	return append(all, own...), nil
}

// dropWatches removes the config's watches that are not in the file any more.
func (t *Tx) dropWatches(ctx context.Context, inFile map[string]bool) error {
	rows, err := t.QueryContext(ctx, sqlConfigWatches)
	if err != nil {
		return err
	}
	var gone []alert.Watch
	var wasRemoved []bool
	for rows.Next() {
		var removed bool
		w, err := scanWatch(rows.Scan, &removed)
		if err != nil {
			return errors.Join(err, rows.Close())
		}
		if !inFile[w.Name] {
			gone, wasRemoved = append(gone, w), append(wasRemoved, removed)
		}
	}
	if err := errors.Join(rows.Err(), rows.Close()); err != nil {
		return err
	}
	for i, w := range gone {
		if _, err := t.Exec(ctx, sqlDropWatch, w.Name); err != nil {
			return err
		}
		if wasRemoved[i] {
			continue
		}
		if err := t.audit(ctx, "config", "watch remove", w.Name, &w, nil); err != nil {
			return err
		}
	}
	return nil
}

func (t *Tx) watch(ctx context.Context, name string) (w alert.Watch, removed bool, applied string, err error) {
	row := t.QueryRowContext(ctx, sqlWatch, name)
	w, err = scanWatch(row.Scan, &removed, &applied)
	if errors.Is(err, sql.ErrNoRows) {
		err = fmt.Errorf("watch %q: %w", name, store.ErrNotFound)
	}
	return w, removed, applied, err
}

// putWatch writes a watch. A nil entry leaves the file's last entry as it was.
func (t *Tx) putWatch(ctx context.Context, w alert.Watch, entry []byte) error {
	channels, err := json.Marshal(append([]string{}, w.Channels...))
	if err != nil {
		return err
	}
	_, err = t.Exec(ctx, sqlPutWatch,
		w.Name, w.Query, string(channels), string(w.Severity), w.Mention, w.Origin, string(entry), unix(t.s.now()))
	if err != nil {
		return fmt.Errorf("store watch %q: %w", w.Name, err)
	}
	return nil
}

// audit keeps who changed what, from which value to which; nil is nothing.
func (t *Tx) audit(ctx context.Context, who, action, name string, before, after any) error {
	texts := make([]string, 2)
	for i, v := range []any{before, after} {
		if v == nil {
			continue
		}
		b, err := json.Marshal(v)
		if err != nil {
			return err
		}
		texts[i] = string(b)
	}
	_, err := t.Exec(ctx, sqlAudit,
		unix(t.s.now()), who, action, name, texts[0], texts[1])
	if err != nil {
		return fmt.Errorf("audit: %w", err)
	}
	return t.s.d.Tell(ctx, t.Tx, store.PeopleChanged)
}
