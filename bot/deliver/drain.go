package deliver

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"tipoff/bot/alert"
	"tipoff/bot/card"
)

// What a delivery gets before it is dead: so many attempts, which with the job
// engine's back-off take some hours; and where a person has to mend something,
// so much time.
const (
	maxAttempts = 30
	maxAge      = 24 * time.Hour
)

// Delivery is one alert that waits to be sent to one target.
type Delivery struct {
	ID    string
	Alert alert.Alert
	To    alert.Target
	// Attempts counts those made, the one that begins included.
	Attempts int
}

// Outbox is what waits to be sent, in the order of each target.
type Outbox interface {
	// NextDelivery takes the oldest open delivery; false when there is none.
	NextDelivery(ctx context.Context, to alert.Target) (Delivery, bool, error)
	Delivered(ctx context.Context, id, receipt string) error
	DeliveryFailed(ctx context.Context, id, reason string, dead bool) error
}

// Result is what came of one attempt, for metrics.
type Result string

// The results of an attempt.
const (
	Sent    Result = "sent"
	Delayed Result = "delayed"
	Dead    Result = "dead"
)

// Drainer sends what waits for a target, one message after the other.
type Drainer struct {
	outbox  Outbox
	senders map[alert.Kind]Sender
	now     func() time.Time
	log     *slog.Logger
	count   func(alert.Kind, Result)
}

// NewDrainer returns a Drainer that sends each kind of target through its
// sender. count, which may be nil, is told of every attempt.
func NewDrainer(outbox Outbox, senders map[alert.Kind]Sender, now func() time.Time, log *slog.Logger, count func(alert.Kind, Result)) *Drainer {
	if count == nil {
		count = func(alert.Kind, Result) {}
	}
	return &Drainer{outbox: outbox, senders: senders, now: now, log: log, count: count}
}

// WaitError asks the job engine to come back after a while, as the platform
// wished, without counting it as a failure.
type WaitError struct {
	After time.Duration
	Err   error
}

func (e *WaitError) Error() string { return e.Err.Error() }

func (e *WaitError) Unwrap() error { return e.Err }

// Drain sends until nothing is left for the target, and then returns nil. It
// stops at the first message that cannot be sent now, so that the order stays:
// with a *WaitError where the platform said how long, with another error where
// the job engine's back-off decides. A message that never will be sent is
// marked dead with the reason, and the next one gets its turn.
//
// When ctx ends, the message that is being sent is finished first.
func (d *Drainer) Drain(ctx context.Context, to alert.Target) error {
	for {
		if err := ctx.Err(); err != nil {
			return err
		}
		next, ok, err := d.outbox.NextDelivery(ctx, to)
		if err != nil {
			return fmt.Errorf("read the outbox: %w", err)
		}
		if !ok {
			return nil
		}
		if err := d.send(context.WithoutCancel(ctx), next); err != nil {
			return err
		}
	}
}

// sendTimeout bounds one attempt, shutdown included.
const sendTimeout = 30 * time.Second

// send makes one attempt and writes down what came of it. A nil error means
// that the next message may go.
func (d *Drainer) send(ctx context.Context, next Delivery) error {
	log := d.log.With("channel", next.Alert.Channel, "target", next.To.Kind, "story", next.Alert.Story.ID, "delivery", next.ID)
	sender, ok := d.senders[next.To.Kind]
	if !ok {
		d.count(next.To.Kind, Delayed)
		err := &Error{Code: "off", Text: fmt.Sprintf("%s is off: set its tokens and start again; what waits is kept", next.To.Kind)}
		return errors.Join(d.outbox.DeliveryFailed(ctx, next.ID, err.Text, false), &WaitError{After: time.Hour, Err: err})
	}

	sendCtx, cancel := context.WithTimeout(ctx, sendTimeout)
	receipt, err := sender.Send(sendCtx, Message{ID: next.ID, To: next.To, Alert: next.Alert, Card: card.New(next.Alert)})
	cancel()
	if err == nil {
		d.count(next.To.Kind, Sent)
		log.Debug("delivered", "attempt", next.Attempts)
		if err := d.outbox.Delivered(ctx, next.ID, receipt); err != nil {
			return fmt.Errorf("mark as delivered: %w", err)
		}
		return nil
	}

	e, ok := errors.AsType[*Error](err)
	if !ok {
		e = &Error{Code: "error", Text: err.Error()}
	}
	var dead bool
	switch {
	case e.RetryAfter > 0: // to be told to wait is no failure, however often
	case e.Permanent && e.Mendable:
		dead = d.now().Sub(next.Alert.Created) >= maxAge
	default:
		dead = e.Permanent || next.Attempts >= maxAttempts
	}
	if saved := d.outbox.DeliveryFailed(ctx, next.ID, err.Error(), dead); saved != nil {
		return fmt.Errorf("mark as failed: %w", saved)
	}
	if dead {
		d.count(next.To.Kind, Dead)
		log.Error("an alert could not be delivered and was given up", "attempt", next.Attempts, "error", err)
		return nil
	}
	d.count(next.To.Kind, Delayed)
	log.Warn("an alert could not be delivered and will be tried again", "attempt", next.Attempts, "error", err)
	if e.RetryAfter > 0 {
		return &WaitError{After: e.RetryAfter, Err: err}
	}
	return err
}
