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

var (
	sqlNextDelivery   = statements.Get("NextDelivery")
	sqlTakeDelivery   = statements.Get("TakeDelivery")
	sqlReadAlert      = statements.Get("ReadAlert")
	sqlDeadDeliveries = statements.Get("DeadDeliveries")
	sqlRetryDelivery  = statements.Get("RetryDelivery")
	sqlTargetGates    = statements.Get("TargetGates")
	sqlDropGate       = statements.Get("DropGate")
	sqlOpenTargets    = statements.Get("OpenTargets")
	sqlMoveDeliveries = statements.Get("MoveDeliveries")
	sqlDeliveryCounts = statements.Get("DeliveryCounts")
	sqlDeliveries     = statements.Get("Deliveries")
	sqlDropSessions   = statements.Get("DropSessions")
	sqlSaveSession    = statements.Get("SaveSession")
	sqlLoadSession    = statements.Get("LoadSession")
)

// How an attempt is known to have come to nothing: where a process ended in the
// middle of it, the request may still be on its way for a moment, and was made
// within the time that an attempt takes.
const (
	afterCrash  = 3 * time.Second
	attemptTime = 30 * time.Second
)

// lookAgain is when to come back where somebody is just seeing whether a trouble
// is over.
const lookAgain = 3 * time.Second

// paceAhead is how far ahead messages are given their turns among those to their
// platform.
const paceAhead = 2 * time.Second

// NextDelivery takes the oldest open delivery of a target and marks it as
// being sent; false when there is none. One that an earlier process was
// sending when it ended comes again, with its attempts. One that has to wait is
// left as it is. gap is the least time between two messages to the platform.
func (s *Store) NextDelivery(ctx context.Context, to alert.Target, gap time.Duration) (d deliver.Delivery, ok bool, err error) {
	err = s.Update(ctx, func(ctx context.Context, tx *Tx) error {
		d, ok = deliver.Delivery{To: to}, false
		var seq, alertID, updated, queued, from, until, ready, trying, platformReady, platformTrying int64
		var state string
		var trouble, platformTrouble deliver.State
		err := tx.row(ctx, sqlNextDelivery, []any{to.String(), string(to.Kind)},
			&seq, &d.ID, &alertID, &d.Attempts, &state, &updated, &queued, &from, &until,
			&ready, &trouble, &trying, &d.Last, &platformReady, &platformTrouble, &platformTrying)
		if errors.Is(err, sql.ErrNoRows) {
			return nil
		}
		if err != nil {
			return err
		}
		ok = true
		now := s.now()
		if state == "sending" { // nobody said what came of it
			ready = max(ready, milli(at(updated).Add(afterCrash)))
			until = unix(at(updated).Add(attemptTime))
			if from == 0 {
				from = updated
			}
		}
		pace := platformReady
		if platformTrouble != "" || fromMilli(platformReady).Sub(now) > paceAhead {
			ready, pace = max(ready, platformReady), 0
		}
		if fromMilli(max(trying, platformTrying)).After(now) {
			d.NotBefore = now.Add(lookAgain)
			return nil
		}
		if fromMilli(ready).After(now) {
			d.NotBefore = fromMilli(ready)
			return nil
		}
		d.Attempts++
		d.Since, d.Tried, d.At = at(queued), deliver.Span{From: at(from), Until: at(until)}, now
		if fromMilli(pace).After(now) {
			d.At = fromMilli(pace)
		}
		d.Probe = trouble != "" || platformTrouble != ""
		switch {
		case platformTrouble != "":
			err = tx.setTrying(ctx, string(to.Kind), now, platformTrouble)
		case gap > 0:
			err = tx.setReady(ctx, string(to.Kind), d.At.Add(gap))
		}
		if err == nil && trouble != "" {
			err = tx.setTrying(ctx, to.String(), now, trouble)
		}
		if err != nil {
			return err
		}
		if _, err := tx.Exec(ctx, sqlTakeDelivery,
			d.Attempts, unix(now), from, until, seq); err != nil {
			return err
		}
		d.Alert, err = tx.readAlert(ctx, alertID)
		return err
	})
	return d, ok && err == nil, err
}

// readAlert reads an alert with its story as it is now: a headline corrected
// meanwhile is sent corrected.
func (t *Tx) readAlert(ctx context.Context, id int64) (alert.Alert, error) {
	a := alert.Alert{ID: fmt.Sprint(id)}
	var k sql.Null[int64]
	var notice, matches, mentions string
	var created int64
	err := t.row(ctx, sqlReadAlert, []any{id}, &k, &notice, &a.Channel, &a.Kind, &a.Severity, &matches, &mentions, &created)
	if err != nil {
		return a, fmt.Errorf("read alert: %w", err)
	}
	if k.Valid {
		a.Story, err = t.s.readStory(ctx, t.Tx, store.Key(k.V))
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

// RetryDeliveries lets deliveries that were given up wait to be sent again: those
// with the ids, or all where there are none; of one channel, unless that is "".
// Without ids, the targets and platforms in trouble that deliveries of the channel
// wait for are tried at once too. It fails with [store.ErrNotFound] for an id that
// is not of a delivery which was given up. by is who did it, for the audit log. A
// program that is running gives them their jobs when it sees that.
func (s *Store) RetryDeliveries(ctx context.Context, ids []string, channel, by string) (r store.Retried, err error) {
	err = s.Update(ctx, func(ctx context.Context, tx *Tx) error {
		r = store.Retried{}
		rows, err := tx.QueryContext(ctx, sqlDeadDeliveries, channel)
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
			if _, err := tx.Exec(ctx, sqlRetryDelivery, unix(s.now()), id); err != nil {
				return err
			}
			if err := tx.audit(ctx, by, "delivery retry", id, nil, nil); err != nil {
				return err
			}
		}
		r.Again = len(dead)
		if len(ids) > 0 {
			return nil
		}
		r.Tried, err = tx.tryAgain(ctx, channel, by)
		return err
	})
	return r, err
}

// tryAgain lets the troubles that a channel's deliveries wait for, or all of them,
// be tried at once.
func (t *Tx) tryAgain(ctx context.Context, channel, by string) (tried []deliver.Trouble, err error) {
	all, err := troubles(ctx, t.Tx)
	if err != nil {
		return nil, err
	}
	for _, of := range all {
		if channel != "" && !slices.Contains(of.Channels, channel) {
			continue
		}
		if err := t.setReady(ctx, gate(of.Of), time.Time{}); err != nil {
			return nil, err
		}
		if by != "" {
			if err := t.audit(ctx, by, "delivery retry", of.Of.Redacted(), nil, nil); err != nil {
				return nil, err
			}
		}
		tried = append(tried, of)
	}
	return tried, nil
}

// TryTroubles lets the targets and platforms in trouble be tried at once: whoever
// starts the program has often just mended something.
func (s *Store) TryTroubles(ctx context.Context) error {
	return s.Update(ctx, func(ctx context.Context, tx *Tx) error {
		_, err := tx.tryAgain(ctx, "", "")
		return err
	})
}

// HasDelivery reports, within a transaction of the job engine, whether a
// target has anything open. The transaction is the only one that writes from
// then on: nothing comes to be open before its end.
func (s *Store) HasDelivery(ctx context.Context, tx *sql.Tx, to alert.Target) (bool, error) {
	if err := s.d.Lock(ctx, tx); err != nil {
		return false, err
	}
	var n int
	err := tx.QueryRowContext(ctx, sqlMore, to.String()).Scan(&n)
	return n > 0, err
}

// SyncTargets applies the config's channels to what is still to be sent: where
// a channel has another address of the same kind now, that one gets it; where it
// has none, or the channel is gone, it is given up with that reason. Terminal
// targets stay, for they stand in where a channel has no other. Every target
// with something open has its job after that, and those that wait start now. What
// is known of targets that no channel has any more is forgotten.
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
		if err := tx.forgetGates(ctx, channels, jobs); err != nil {
			return err
		}
		if s.jobs == nil {
			return nil
		}
		return s.jobs.WakeDelivery(ctx, tx.Tx, jobs)
	})
}

// forgetGates drops the gates of targets that no channel has, and that have
// nothing open.
func (t *Tx) forgetGates(ctx context.Context, channels []alert.Channel, open []alert.Target) error {
	rows, err := t.QueryContext(ctx, sqlTargetGates)
	if err != nil {
		return err
	}
	gates, err := names(rows)
	if err != nil {
		return err
	}
	known := make(map[string]bool)
	for _, to := range open {
		known[to.String()] = true
	}
	for _, c := range channels {
		for _, to := range c.Targets() {
			known[to.String()] = true
		}
	}
	for _, name := range gates {
		if known[name] {
			continue
		}
		if _, err := t.Exec(ctx, sqlDropGate, name); err != nil {
			return err
		}
	}
	return nil
}

// openTarget is a target that has something open for a channel.
type openTarget struct {
	channel string
	target  alert.Target
}

func (t *Tx) openTargets(ctx context.Context) ([]openTarget, error) {
	rows, err := t.QueryContext(ctx, sqlOpenTargets)
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
	_, err := t.Exec(ctx, sqlMoveDeliveries,
		to.String(), next, reason, unix(t.s.now()), o.target.String(), o.channel)
	return err
}

// DeliveryCounts says how many deliveries are in each state.
func (s *Store) DeliveryCounts(ctx context.Context) (map[string]int, error) {
	rows, err := s.read.QueryContext(ctx, sqlDeliveryCounts)
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

// Deliveries lists the deliveries in a state, newest first, at most n. The states
// are waiting, sending, sent and dead, and parked and down for what waits for the
// end of a trouble.
func (s *Store) Deliveries(ctx context.Context, state string, n int) ([]store.DeliveryStatus, error) {
	kept := state
	if state == string(deliver.Parked) || state == string(deliver.Down) {
		kept = "waiting"
	}
	rows, err := s.read.QueryContext(ctx, sqlDeliveries, kept, state, n)
	if err != nil {
		return nil, s.Explain(err)
	}
	defer rows.Close()
	var all []store.DeliveryStatus
	for rows.Next() {
		var d store.DeliveryStatus
		var updated, ready int64
		var notice string
		if err := rows.Scan(&d.ID, &d.Target, &d.Channel, &d.Title, &notice, &d.State, &d.Attempts, &d.Error, &updated, &ready); err != nil {
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
		if t := fromMilli(ready); t.After(s.now()) {
			d.Next = t
		}
		all = append(all, d)
	}
	return all, s.Explain(rows.Err())
}

// SaveSession keeps what a button will need, until it expires, and forgets
// what has expired.
func (s *Store) SaveSession(ctx context.Context, token string, data []byte, expires time.Time) error {
	return s.Update(ctx, func(ctx context.Context, tx *Tx) error {
		if _, err := tx.Exec(ctx, sqlDropSessions, unix(s.now())); err != nil {
			return err
		}
		_, err := tx.Exec(ctx, sqlSaveSession, token, data, unix(expires))
		return err
	})
}

// LoadSession reads what was kept, or fails with [store.ErrNotFound].
func (s *Store) LoadSession(ctx context.Context, token string) ([]byte, error) {
	var data []byte
	err := s.read.QueryRowContext(ctx, sqlLoadSession, token, unix(s.now())).Scan(&data)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, fmt.Errorf("session: %w", store.ErrNotFound)
	}
	return data, s.Explain(err)
}
