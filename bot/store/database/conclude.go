package database

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"tipoff/bot/alert"
	"tipoff/bot/deliver"
)

var (
	sqlSetReady      = statements.Get("SetReady")
	sqlGateSent      = statements.Get("GateSent")
	sqlGateTrouble   = statements.Get("GateTrouble")
	sqlTrying        = statements.Get("Trying")
	sqlTried         = statements.Get("Tried")
	sqlGate          = statements.Get("Gate")
	sqlConclude      = statements.Get("Conclude")
	sqlMore          = statements.Get("More")
	sqlProbeAtOnce   = statements.Get("ProbeAtOnce")
	sqlGiveUpWaiting = statements.Get("GiveUpWaiting")
	sqlCountWaiting  = statements.Get("CountWaiting")
	sqlTroubles      = statements.Get("Troubles")
)

// A gate is what a target, or a platform as a whole, wants: its name is
// "slack:C0123" or "slack". The gates are rows of their own, so that what one
// replica is told holds for all, and after a restart.

func (t *Tx) setReady(ctx context.Context, name string, ready time.Time) error {
	_, err := t.Exec(ctx, sqlSetReady, name, milli(ready))
	return err
}

// setTrying notes that an attempt begins which sees whether a trouble is over.
func (t *Tx) setTrying(ctx context.Context, name string, now time.Time, trouble deliver.State) error {
	_, err := t.Exec(ctx, sqlTrying, milli(now.Add(trouble.Retry())), milli(now.Add(attemptTime)), name)
	return err
}

// Conclude writes down what came of an attempt, and what follows for its target
// and its platform.
func (s *Store) Conclude(ctx context.Context, d deliver.Delivery, o deliver.Outcome) (r deliver.Conclusion, err error) {
	err = s.Update(ctx, func(ctx context.Context, tx *Tx) error {
		r = deliver.Conclusion{}
		if err := tx.concludeDelivery(ctx, d, o); err != nil {
			return err
		}
		if err := tx.concludeGates(ctx, d, o, &r); err != nil {
			return fmt.Errorf("gate of %s: %w", d.To.Redacted(), err)
		}
		if !o.Sent {
			return nil
		}
		var n int
		err := tx.row(ctx, sqlMore, []any{d.To.String()}, &n)
		r.More = n > 0
		return err
	})
	return r, err
}

func (t *Tx) concludeDelivery(ctx context.Context, d deliver.Delivery, o deliver.Outcome) error {
	state, unknown := "waiting", 0
	switch {
	case o.Sent:
		state = "sent"
	case o.Dead:
		state = "dead"
	}
	if o.Unknown {
		unknown = 1
	}
	_, err := t.Exec(ctx, sqlConclude, state, o.Reason, o.Receipt, unix(t.s.now()), unknown, d.ID)
	return err
}

func (t *Tx) concludeGates(ctx context.Context, d deliver.Delivery, o deliver.Outcome, r *deliver.Conclusion) error {
	now, of := t.s.now(), d.To
	if d.Probe {
		if _, err := t.Exec(ctx, sqlTried, d.To.String(), string(d.To.Kind)); err != nil {
			return err
		}
		if err := t.end(ctx, d, o, r); err != nil {
			return err
		}
	}
	if o.Everywhere {
		of.Address = ""
	}
	switch {
	case o.Sent && o.RestUntil.IsZero() && o.Receipt == "":
	case o.Sent:
		_, err := t.Exec(ctx, sqlGateSent, d.To.String(), milli(o.RestUntil), o.Receipt)
		return err
	case o.Trouble != "":
		if o.Pause > 0 {
			if err := t.setReady(ctx, d.To.String(), now.Add(o.Pause)); err != nil {
				return err
			}
		}
		return t.trouble(ctx, of, o, r)
	case o.Pause > 0:
		return t.setReady(ctx, gate(of), now.Add(o.Pause))
	case o.Dead && d.Probe: // the next one is to see how things are, and at once
		_, err := t.Exec(ctx, sqlProbeAtOnce, d.To.String(), string(d.To.Kind))
		return err
	}
	return nil
}

// gate is the name of a target's gate, or of its platform's where it has no
// address.
func gate(of alert.Target) string {
	if of.Address == "" {
		return string(of.Kind)
	}
	return of.String()
}

// trouble notes that a target or a platform is in trouble. It is told when it
// begins.
func (t *Tx) trouble(ctx context.Context, of alert.Target, o deliver.Outcome, r *deliver.Conclusion) error {
	now := t.s.now()
	next := now.Add(o.Trouble.Retry())
	had, err := t.readTrouble(ctx, of)
	if err != nil {
		return err
	}
	since := now
	if had.State == o.Trouble {
		since = had.Since
	}
	if _, err := t.Exec(ctx, sqlGateTrouble, gate(of), milli(next), string(o.Trouble), o.Reason, unix(since)); err != nil {
		return err
	}
	if now.Sub(since) >= o.Keep {
		res, err := t.Exec(ctx, sqlGiveUpWaiting,
			o.Reason, unix(now), unix(now.Add(-o.Keep)), of.String(), of.Address, string(of.Kind)+":%")
		if err != nil {
			return err
		}
		n, err := res.RowsAffected()
		if err != nil {
			return err
		}
		r.GaveUp = int(n)
	}
	if had.State == o.Trouble {
		return nil
	}
	began := deliver.Trouble{Of: of, State: o.Trouble, Reason: o.Reason, Since: now, Next: next}
	if err := countWaiting(ctx, t.Tx, &began); err != nil {
		return err
	}
	r.Began = &began
	return t.tell(ctx, began, false, o)
}

// end clears the troubles that a probe has shown to be over, and lets what
// waited for it go.
func (t *Tx) end(ctx context.Context, d deliver.Delivery, o deliver.Outcome, r *deliver.Conclusion) error {
	for _, of := range []alert.Target{{Kind: d.To.Kind}, d.To} {
		had, err := t.readTrouble(ctx, of)
		if err != nil {
			return err
		}
		if had.State == "" || !o.Sent && (had.State != deliver.Down || !o.Answered) {
			continue
		}
		if err := countWaiting(ctx, t.Tx, &had); err != nil {
			return err
		}
		if _, err := t.Exec(ctx, sqlGateTrouble, gate(of), 0, "", "", 0); err != nil {
			return err
		}
		r.Ended = append(r.Ended, had)
		if err := t.tell(ctx, had, true, o); err != nil {
			return err
		}
		if of.Address != "" || t.s.jobs == nil {
			continue // its drain is running
		}
		open, err := t.openTargets(ctx)
		if err != nil {
			return err
		}
		var waiting []alert.Target
		for _, other := range open {
			if other.target.Kind == of.Kind {
				waiting = append(waiting, other.target)
			}
		}
		if err := t.s.jobs.WakeDelivery(ctx, t.Tx, waiting); err != nil {
			return err
		}
	}
	return nil
}

func (t *Tx) tell(ctx context.Context, of deliver.Trouble, over bool, o deliver.Outcome) error {
	if o.Tell == nil {
		return nil
	}
	a, targets := o.Tell(of, over)
	if len(targets) == 0 {
		return nil
	}
	_, err := t.AddAlert(ctx, 0, a, targets)
	return err
}

// readTrouble reads what trouble a target or a platform is in; the zero State is
// none.
func (t *Tx) readTrouble(ctx context.Context, of alert.Target) (deliver.Trouble, error) {
	had := deliver.Trouble{Of: of}
	var ready, since int64
	err := t.row(ctx, sqlGate, []any{gate(of)}, &ready, &had.State, &had.Reason, &since)
	if errors.Is(err, sql.ErrNoRows) {
		return had, nil
	}
	had.Since, had.Next = at(since), fromMilli(ready)
	return had, err
}

// countWaiting counts what waits for the end of a trouble.
func countWaiting(ctx context.Context, q querier, of *deliver.Trouble) error {
	rows, err := q.QueryContext(ctx, sqlCountWaiting, of.Of.String(), of.Of.Address, string(of.Of.Kind)+":%")
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var channel string
		var n int
		if err := rows.Scan(&channel, &n); err != nil {
			return err
		}
		of.Waiting += n
		of.Channels = append(of.Channels, channel)
	}
	return rows.Err()
}

// Troubles lists the targets and the platforms that get nothing for now, the
// oldest trouble first.
func (s *Store) Troubles(ctx context.Context) ([]deliver.Trouble, error) {
	all, err := troubles(ctx, s.read)
	return all, s.Explain(err)
}

func troubles(ctx context.Context, q querier) ([]deliver.Trouble, error) {
	rows, err := q.QueryContext(ctx, sqlTroubles)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var all []deliver.Trouble
	for rows.Next() {
		var of deliver.Trouble
		var name string
		var ready, since int64
		if err := rows.Scan(&name, &ready, &of.State, &of.Reason, &since); err != nil {
			return nil, err
		}
		if of.Of, err = alert.ParseTarget(name); err != nil {
			of.Of = alert.Target{Kind: alert.Kind(name)} // a platform
		}
		of.Since, of.Next = at(since), fromMilli(ready)
		all = append(all, of)
	}
	if err := rows.Err(); err != nil {
		return nil, err
	}
	for i := range all {
		if err := countWaiting(ctx, q, &all[i]); err != nil {
			return nil, err
		}
	}
	return all, nil
}
