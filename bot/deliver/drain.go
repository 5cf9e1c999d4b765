package deliver

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	retry "github.com/sethvargo/go-retry"

	"tipoff/bot/alert"
	"tipoff/bot/card"
)

// What a delivery gets before it is dead: so much time, and so many attempts
// where no person has to mend something. The time counts from the start of the
// program at the earliest: what was kept while a platform was off, or while
// nothing ran, has its chance too.
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
	// NotBefore is set where the platform asked to be left alone until then:
	// no attempt begins, and the Alert is empty.
	NotBefore time.Time
}

// Outbox is what waits to be sent, in the order of each target.
type Outbox interface {
	// NextDelivery takes the oldest open delivery; false when there is none.
	NextDelivery(ctx context.Context, to alert.Target) (Delivery, bool, error)
	Delivered(ctx context.Context, id, receipt string) error
	DeliveryFailed(ctx context.Context, id, reason string, dead bool) error
	// DeliveryWaits is a failure after which the platform wants to be left
	// alone, and that outlives a restart.
	DeliveryWaits(ctx context.Context, id, reason string, until time.Time) error
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
	started time.Time
	log     *slog.Logger
	count   func(alert.Kind, Result)
}

// NewDrainer returns a Drainer that sends each kind of target through its
// sender. count, which may be nil, is told of every attempt.
func NewDrainer(outbox Outbox, senders map[alert.Kind]Sender, now func() time.Time, log *slog.Logger, count func(alert.Kind, Result)) *Drainer {
	if count == nil {
		count = func(alert.Kind, Result) {}
	}
	return &Drainer{outbox: outbox, senders: senders, now: now, started: now(), log: log, count: count}
}

// WaitError asks the job engine to come back later. It has been logged.
type WaitError struct {
	// After is how long the platform wants to be left alone; zero where it did
	// not say so.
	After time.Duration
	// Again is when to come back where it did not: longer with each failure of
	// the same message, and not with those of others before it.
	Again time.Duration
	Err   error
}

func (e *WaitError) Error() string { return e.Err.Error() }

func (e *WaitError) Unwrap() error { return e.Err }

// Drain sends until nothing is left for the target, and then returns nil. It
// stops at the first message that cannot be sent now, so that the order stays,
// with a *WaitError. Any other error is one of the outbox. A message that never
// will be sent is marked dead with the reason, and the next one gets its turn.
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
		if wait := next.NotBefore.Sub(d.now()); wait > 0 {
			return &WaitError{After: wait, Err: fmt.Errorf("%s asked to be left alone for %v", to.Kind, wait)}
		}
		if err := d.send(context.WithoutCancel(ctx), next); err != nil {
			return err
		}
	}
}

// sendTimeout bounds one attempt. A stop of the program waits as long.
const sendTimeout = 20 * time.Second

// send makes one attempt and writes down what came of it. A nil error means
// that the next message may go.
func (d *Drainer) send(ctx context.Context, next Delivery) error {
	log := d.log.With("channel", next.Alert.Channel, "target", next.To.Kind, "story", next.Alert.Story.ID, "delivery", next.ID)
	sender, ok := d.senders[next.To.Kind]
	if !ok {
		d.count(next.To.Kind, Delayed)
		err := &Error{Code: "off", Text: fmt.Sprintf("%s is off: set its tokens and start again; what waits is kept", next.To.Kind)}
		if err := d.outbox.DeliveryFailed(ctx, next.ID, err.Text, false); err != nil {
			return fmt.Errorf("mark as failed: %w", err)
		}
		return &WaitError{After: time.Hour, Err: err}
	}

	sendCtx, cancel := context.WithTimeout(ctx, sendTimeout)
	receipt, err := sender.Send(sendCtx, Message{
		ID: next.ID, To: next.To, Alert: next.Alert, Card: card.New(next.Alert), Unsure: next.Attempts > 1,
	})
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
	if e.RetryAfter > 0 { // to be told to wait is no failure, however often
		if err := d.outbox.DeliveryWaits(ctx, next.ID, err.Error(), d.now().Add(e.RetryAfter)); err != nil {
			return fmt.Errorf("mark as waiting: %w", err)
		}
	} else {
		dead := d.givenUp(next, e)
		if err := d.outbox.DeliveryFailed(ctx, next.ID, err.Error(), dead); err != nil {
			return fmt.Errorf("mark as failed: %w", err)
		}
		if dead {
			d.count(next.To.Kind, Dead)
			log.Error("an alert could not be delivered and was given up", "attempt", next.Attempts, "error", err)
			return nil
		}
	}
	d.count(next.To.Kind, Delayed)
	log.Warn("an alert could not be delivered and will be tried again", "attempt", next.Attempts, "error", err)
	return &WaitError{After: e.RetryAfter, Again: backOff(next.Attempts), Err: err}
}

// The waits after the first failure of a message and after many.
const (
	firstWait   = time.Second
	longestWait = 10 * time.Minute
	waitJitter  = 10 // percent
)

// backOff is how long to wait after so many attempts.
func backOff(attempts int) time.Duration {
	b := retry.WithJitterPercent(waitJitter, retry.WithCappedDuration(longestWait, retry.NewExponential(firstWait)))
	var wait time.Duration
	for range min(attempts, 12) { // then it is the longest
		wait, _ = b.Next()
	}
	return wait
}

// givenUp reports whether a delivery that failed is dead now.
func (d *Drainer) givenUp(next Delivery, e *Error) bool {
	if e.Permanent && !e.Mendable {
		return true
	}
	since := next.Alert.Created
	if since.Before(d.started) {
		since = d.started
	}
	return d.now().Sub(since) >= maxAge && (e.Mendable || next.Attempts >= maxAttempts)
}
