package database

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"tipoff/bot/alert"
	"tipoff/bot/deliver"
	"tipoff/bot/store"
	"tipoff/sources/story"
)

// NextDelivery takes the oldest open delivery of a target and marks it as
// being sent; false when there is none. One that an earlier process was
// sending when it ended comes again, with its attempts. One that has to wait is
// left as it is.
func (s *Store) NextDelivery(ctx context.Context, to alert.Target) (d deliver.Delivery, ok bool, err error) {
	d.To = to
	err = s.Update(ctx, func(ctx context.Context, tx *Tx) error {
		var seq, alertID, notBefore int64
		err := tx.QueryRowContext(ctx, `
SELECT seq, id, alert, attempts, not_before FROM deliveries
WHERE target = $1 AND state IN ('waiting', 'sending') ORDER BY seq LIMIT 1`, to.String()).
			Scan(&seq, &d.ID, &alertID, &d.Attempts, &notBefore)
		if errors.Is(err, sql.ErrNoRows) {
			return nil
		}
		if err != nil {
			return err
		}
		ok = true
		if t := at(notBefore); t.After(s.now()) {
			d.NotBefore = t
			return nil
		}
		d.Attempts++
		if _, err := tx.Exec(ctx, `UPDATE deliveries SET state = 'sending', attempts = $1, updated = $2 WHERE seq = $3`,
			d.Attempts, unix(s.now()), seq); err != nil {
			return err
		}
		d.Alert, err = s.readAlert(ctx, tx.Tx, alertID)
		return err
	})
	return d, ok && err == nil, err
}

// readAlert reads an alert with its story as it is now: a headline corrected
// meanwhile is sent corrected.
func (s *Store) readAlert(ctx context.Context, q querier, id int64) (alert.Alert, error) {
	a := alert.Alert{ID: fmt.Sprint(id)}
	var k sql.Null[int64]
	var notice, matches, mentions string
	var created int64
	err := q.QueryRowContext(ctx, `SELECT story, notice, channel, kind, severity, matches, mentions, created FROM alerts WHERE id = $1`, id).
		Scan(&k, &notice, &a.Channel, &a.Kind, &a.Severity, &matches, &mentions, &created)
	if err != nil {
		return a, fmt.Errorf("read alert: %w", err)
	}
	if k.Valid {
		a.Story, err = s.readStory(ctx, q, store.Key(k.V))
	} else {
		err = json.Unmarshal([]byte(notice), &a.Story)
	}
	if err != nil {
		return a, fmt.Errorf("read the alert's story: %w", err)
	}
	if err := errors.Join(json.Unmarshal([]byte(matches), &a.Story.Matches), json.Unmarshal([]byte(mentions), &a.Mentions)); err != nil {
		return a, fmt.Errorf("read alert: %w", err)
	}
	a.Watches = make([]string, 0, len(a.Story.Matches))
	for _, m := range a.Story.Matches {
		a.Watches = append(a.Watches, m.Watch)
	}
	a.Created = at(created)
	return a, nil
}

// Delivered marks a delivery as sent, with the platform's id of the message.
func (s *Store) Delivered(ctx context.Context, id, receipt string) error {
	return s.setDelivery(ctx, id, "sent", "", receipt, time.Time{})
}

// DeliveryFailed keeps why an attempt failed. A dead delivery is not tried
// again by itself.
func (s *Store) DeliveryFailed(ctx context.Context, id, reason string, dead bool) error {
	next := "waiting"
	if dead {
		next = "dead"
	}
	return s.setDelivery(ctx, id, next, reason, "", time.Time{})
}

// DeliveryWaits keeps why an attempt failed, and until when the platform wants
// to be left alone. A part of a second counts as a whole one.
func (s *Store) DeliveryWaits(ctx context.Context, id, reason string, until time.Time) error {
	return s.setDelivery(ctx, id, "waiting", reason, "", until.Add(time.Second-1))
}

func (s *Store) setDelivery(ctx context.Context, id, next, reason, receipt string, until time.Time) error {
	return s.Update(ctx, func(ctx context.Context, tx *Tx) error {
		_, err := tx.Exec(ctx, `UPDATE deliveries SET state = $1, error = $2, receipt = $3, not_before = $4, updated = $5 WHERE id = $6`,
			next, reason, receipt, unix(until), unix(s.now()), id)
		return err
	})
}

// RetryDeliveries lets deliveries that were given up wait to be sent again: those
// with the ids, or all where there are none; of one channel, unless that is "".
// It returns how many, and [store.ErrNotFound] for an id that is not of a
// delivery which was given up. by is who did it, for the audit log. A program
// that is running gives them their jobs when it sees that.
func (s *Store) RetryDeliveries(ctx context.Context, ids []string, channel, by string) (n int, err error) {
	err = s.Update(ctx, func(ctx context.Context, tx *Tx) error {
		rows, err := tx.QueryContext(ctx, `
SELECT d.id FROM deliveries d JOIN alerts a ON a.id = d.alert
WHERE d.state = 'dead' AND ($1 = '' OR a.channel = $1) ORDER BY d.seq`, channel)
		if err != nil {
			return err
		}
		dead, err := names(rows)
		if err != nil {
			return err
		}
		if len(ids) > 0 {
			for _, id := range ids {
				if !slices.Contains(dead, id) {
					return fmt.Errorf("delivery %q: %w among those that were given up", id, store.ErrNotFound)
				}
			}
			dead = ids
		}
		for _, id := range dead {
			if _, err := tx.Exec(ctx, `UPDATE deliveries SET state = 'waiting', not_before = 0, updated = $1 WHERE id = $2`, unix(s.now()), id); err != nil {
				return err
			}
			if err := tx.audit(ctx, by, "delivery retry", id, nil, nil); err != nil {
				return err
			}
		}
		n = len(dead)
		return nil
	})
	return n, err
}

// HasDelivery reports, within a transaction of the job engine, whether a
// target has anything open. The transaction is the only one that writes from
// then on: nothing comes to be open before its end.
func (s *Store) HasDelivery(ctx context.Context, tx *sql.Tx, to alert.Target) (bool, error) {
	if err := s.d.Lock(ctx, tx); err != nil {
		return false, err
	}
	var n int
	err := tx.QueryRowContext(ctx, `
SELECT count(*) FROM (SELECT 1 FROM deliveries WHERE target = $1 AND state IN ('waiting', 'sending') LIMIT 1) AS open`, to.String()).Scan(&n)
	return n > 0, err
}

// SyncTargets applies the config's channels to what is still to be sent: where
// a channel has another address of the same kind now, that one gets it; where it
// has none, or the channel is gone, it is given up with that reason. Terminal
// targets stay, for they stand in where a channel has no other. Every target
// with something open has its job after that.
func (s *Store) SyncTargets(ctx context.Context, channels []alert.Channel) error {
	now := make(map[string][]alert.Target)
	for _, c := range channels {
		now[c.Name] = c.Targets()
	}
	return s.Update(ctx, func(ctx context.Context, tx *Tx) error {
		open, err := tx.openTargets(ctx)
		if err != nil {
			return err
		}
		var jobs []alert.Target
		for _, o := range open {
			to, reason := moved(o, now)
			if reason != "" {
				err = tx.moveDeliveries(ctx, o, o.target, "dead", reason)
			} else if to != o.target {
				err = tx.moveDeliveries(ctx, o, to, "waiting", "")
			}
			if err != nil {
				return fmt.Errorf("channel %q: %w", o.channel, err)
			}
			if reason == "" && !slices.Contains(jobs, to) {
				jobs = append(jobs, to)
			}
		}
		if s.jobs == nil {
			return nil
		}
		return s.jobs.EnqueueDelivery(ctx, tx.Tx, jobs)
	})
}

// openTarget is a target that has something open for a channel.
type openTarget struct {
	channel string
	target  alert.Target
}

func (t *Tx) openTargets(ctx context.Context) ([]openTarget, error) {
	rows, err := t.QueryContext(ctx, `
SELECT a.channel, d.target FROM deliveries d JOIN alerts a ON a.id = d.alert
WHERE d.state IN ('waiting', 'sending') GROUP BY a.channel, d.target ORDER BY min(d.seq)`)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var all []openTarget
	for rows.Next() {
		var o openTarget
		var key string
		if err := rows.Scan(&o.channel, &key); err != nil {
			return nil, err
		}
		if o.target, err = alert.ParseTarget(key); err != nil {
			return nil, err
		}
		all = append(all, o)
	}
	return all, rows.Err()
}

// moved is where what is open for a target goes now, or the reason why it goes
// nowhere.
func moved(o openTarget, channels map[string][]alert.Target) (alert.Target, string) {
	targets, ok := channels[o.channel]
	if !ok {
		return o.target, fmt.Sprintf("channel %s is not in the config any more", o.channel)
	}
	if o.target.Kind == alert.Terminal || slices.Contains(targets, o.target) {
		return o.target, ""
	}
	for _, t := range targets {
		if t.Kind == o.target.Kind {
			return t, ""
		}
	}
	return o.target, fmt.Sprintf("channel %s has no %s in the config any more", o.channel, o.target.Kind)
}

// moveDeliveries gives what is open for a target to another one, in its order.
func (t *Tx) moveDeliveries(ctx context.Context, o openTarget, to alert.Target, next, reason string) error {
	_, err := t.Exec(ctx, `
UPDATE deliveries SET target = $1, state = $2, error = $3, not_before = 0, updated = $4
WHERE target = $5 AND state IN ('waiting', 'sending') AND alert IN (SELECT id FROM alerts WHERE channel = $6)`,
		to.String(), next, reason, unix(t.s.now()), o.target.String(), o.channel)
	return err
}

// DeliveryCounts says how many deliveries are in each state.
func (s *Store) DeliveryCounts(ctx context.Context) (map[string]int, error) {
	rows, err := s.read.QueryContext(ctx, `SELECT state, count(*) FROM deliveries GROUP BY state`)
	if err != nil {
		return nil, s.Explain(err)
	}
	defer rows.Close()
	counts := make(map[string]int)
	for rows.Next() {
		var name string
		var n int
		if err := rows.Scan(&name, &n); err != nil {
			return nil, err
		}
		counts[name] = n
	}
	return counts, s.Explain(rows.Err())
}

// Deliveries lists the deliveries in a state, newest first, at most n.
func (s *Store) Deliveries(ctx context.Context, state string, n int) ([]store.DeliveryStatus, error) {
	rows, err := s.read.QueryContext(ctx, `
SELECT d.id, d.target, a.channel, coalesce(s.title, ''), a.notice, d.state, d.attempts, d.error, d.updated
FROM deliveries d JOIN alerts a ON a.id = d.alert LEFT JOIN stories s ON s.key = a.story
WHERE d.state = $1 ORDER BY d.seq DESC LIMIT $2`, state, n)
	if err != nil {
		return nil, s.Explain(err)
	}
	defer rows.Close()
	var all []store.DeliveryStatus
	for rows.Next() {
		var d store.DeliveryStatus
		var updated int64
		var notice string
		if err := rows.Scan(&d.ID, &d.Target, &d.Channel, &d.Title, &notice, &d.State, &d.Attempts, &d.Error, &updated); err != nil {
			return nil, err
		}
		to, err := alert.ParseTarget(d.Target)
		if err != nil {
			return nil, err
		}
		if notice != "" {
			var st story.Story
			if err := json.Unmarshal([]byte(notice), &st); err != nil {
				return nil, fmt.Errorf("the notice of delivery %s: %w", d.ID, err)
			}
			d.Title = st.Title
		}
		d.Target, d.Updated = to.Redacted(), at(updated)
		all = append(all, d)
	}
	return all, s.Explain(rows.Err())
}

// SaveSession keeps what a button will need, until it expires, and forgets
// what has expired.
func (s *Store) SaveSession(ctx context.Context, token string, data []byte, expires time.Time) error {
	return s.Update(ctx, func(ctx context.Context, tx *Tx) error {
		if _, err := tx.Exec(ctx, `DELETE FROM sessions WHERE expires <= $1`, unix(s.now())); err != nil {
			return err
		}
		_, err := tx.Exec(ctx, `
INSERT INTO sessions (token, data, expires) VALUES ($1, $2, $3)
ON CONFLICT (token) DO UPDATE SET data = excluded.data, expires = excluded.expires`, token, data, unix(expires))
		return err
	})
}

// LoadSession reads what was kept, or fails with [store.ErrNotFound].
func (s *Store) LoadSession(ctx context.Context, token string) ([]byte, error) {
	var data []byte
	err := s.read.QueryRowContext(ctx, `SELECT data FROM sessions WHERE token = $1 AND expires > $2`, token, unix(s.now())).Scan(&data)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, fmt.Errorf("session: %w", store.ErrNotFound)
	}
	return data, s.Explain(err)
}
