package deliver

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"time"

	retry "github.com/sethvargo/go-retry"

	"tipoff/bot/alert"
	"tipoff/bot/card"
)

// What a delivery gets before it is dead: so much time, and so many attempts. The
// time counts from the start of the program at the earliest: what was kept while
// a platform was off, or while nothing ran, has its chance too.
const (
	maxAttempts = 30
	maxAge      = 24 * time.Hour
)

// Result is what came of one attempt, for metrics.
type Result string

// The results of an attempt.
const (
	Sent    Result = "sent"
	Delayed Result = "delayed"
	Dead    Result = "dead"
)

// Options are for [NewDrainer].
type Options struct {
	// Now is the clock.
	Now func() time.Time
	Log *slog.Logger
	// Count is told of every attempt; may be nil.
	Count func(alert.Kind, Result)
	// Operations is the channel that is told of targets and platforms in trouble,
	// and Targets where it gets that; none mean that nobody is told.
	Operations string
	Targets    []alert.Target
}

// Drainer sends what waits for a target, one message after the other. It is safe
// for use by many goroutines, one for each target.
type Drainer struct {
	outbox   Outbox
	senders  map[alert.Kind]Sender
	services map[alert.Kind]*service
	opt      Options
	started  time.Time
}

// NewDrainer returns a Drainer that sends each kind of target through its
// sender.
func NewDrainer(outbox Outbox, senders map[alert.Kind]Sender, o Options) *Drainer {
	if o.Count == nil {
		o.Count = func(alert.Kind, Result) {}
	}
	d := &Drainer{outbox: outbox, senders: senders, services: make(map[alert.Kind]*service), opt: o, started: o.Now()}
	for k, s := range senders {
		if p, ok := s.(Platform); ok {
			d.services[k] = newService(p)
		}
	}
	return d
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

// shortWait is the longest wait that a drain sits out: a platform's own pace.
// For others it makes room.
const shortWait = 6 * time.Second

// longestHold is how long a drain stays away where the outbox says for how long
// nothing may be sent: that may be over before, because a person says so.
const longestHold = time.Minute

// Drain sends until nothing is left for the target, and then returns nil. It
// stops at the first message that cannot be sent now, so that the order stays,
// with a *WaitError. Any other error is one of the outbox. A message that never
// will be sent is marked dead with the reason, and the next one gets its turn.
//
// When ctx ends, the message that is being sent is finished first.
func (d *Drainer) Drain(ctx context.Context, to alert.Target) error {
	s := d.services[to.Kind]
	for {
		if err := ctx.Err(); err != nil {
			return err
		}
		done := s.try(to)
		next, ok, err := d.outbox.NextDelivery(ctx, to, s.gap())
		hold := next.NotBefore.Sub(d.opt.Now())
		if err != nil || !ok || !next.NotBefore.IsZero() {
			done(errNotTried)
		}
		switch {
		case err != nil:
			return fmt.Errorf("read the outbox: %w", err)
		case !ok:
			return nil
		case hold > shortWait:
			return &WaitError{After: min(hold, longestHold), Err: fmt.Errorf("%s is to be left alone for %v", to.Kind, hold)}
		case !next.NotBefore.IsZero():
			if err := sleep(ctx, hold); err != nil {
				return err
			}
			continue
		}
		until, more, err := d.send(context.WithoutCancel(ctx), next, s, done)
		if err != nil || !more {
			return err
		}
		// The outbox would say the same, and that costs a transaction.
		if err := d.rest(ctx, until.Sub(d.opt.Now())); err != nil {
			return err
		}
	}
}

// rest waits until a target takes its next message.
func (d *Drainer) rest(ctx context.Context, wait time.Duration) error {
	if wait > shortWait {
		return &WaitError{After: wait, Err: fmt.Errorf("the next message may go in %v", wait)}
	}
	if wait > 0 {
		wait += afterRest // the outbox counts whole milliseconds
	}
	return sleep(ctx, wait)
}

const afterRest = 2 * time.Millisecond

func sleep(ctx context.Context, d time.Duration) error {
	if d <= 0 {
		return nil
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-t.C:
		return nil
	}
}

// sendTimeout bounds one attempt. A stop of the program waits as long.
const sendTimeout = 20 * time.Second

// send makes one attempt and writes down what came of it. more means that there
// is a next message, which may go at until.
func (d *Drainer) send(ctx context.Context, next Delivery, s *service, done func(error)) (until time.Time, more bool, err error) {
	log := d.opt.Log.With("channel", next.Alert.Channel, "target", next.To.Kind, "story", next.Alert.Story.ID, "delivery", next.ID)
	sender, ok := d.senders[next.To.Kind]
	if !ok {
		d.opt.Count(next.To.Kind, Delayed)
		off := fmt.Sprintf("%s is off: set its tokens and start again; what waits is kept", next.To.Kind)
		if _, err := d.outbox.Conclude(ctx, next, Outcome{Reason: off}); err != nil {
			return until, false, fmt.Errorf("mark as failed: %w", err)
		}
		return until, false, &WaitError{After: time.Hour, Err: &Error{Code: "off", Text: off}}
	}
	if err := sleep(ctx, next.At.Sub(d.opt.Now())); err != nil {
		done(errNotTried)
		return until, false, err
	}

	sendCtx, cancel := context.WithTimeout(ctx, sendTimeout)
	receipt, err := sender.Send(sendCtx, Message{
		ID: next.ID, To: next.To, Alert: next.Alert, Card: card.New(next.Alert), Tried: next.Tried, Last: next.Last,
	})
	cancel()
	if err == nil {
		done(nil)
		if rest := s.rest(next.To); rest > 0 {
			until = d.opt.Now().Add(rest)
		}
		concluded, err := d.outbox.Conclude(ctx, next, Outcome{Sent: true, Receipt: receipt, RestUntil: until, Answered: true, Tell: d.tell})
		if err != nil {
			return until, false, fmt.Errorf("mark as delivered: %w", err)
		}
		d.opt.Count(next.To.Kind, Sent)
		log.Debug("delivered", "attempt", next.Attempts)
		d.say(log, concluded)
		return until, concluded.More, nil
	}

	e, ok := errors.AsType[*Error](err)
	if !ok {
		e = &Error{Code: "error", Text: err.Error(), Unknown: true}
	}
	if e.Outage {
		done(e)
	} else {
		done(nil)
	}
	more, err = d.failed(ctx, next, s, e, log)
	return until, more, err
}

// failed writes down an attempt that failed.
func (d *Drainer) failed(ctx context.Context, next Delivery, s *service, e *Error, log *slog.Logger) (more bool, err error) {
	o := Outcome{
		Reason: e.Error(), Unknown: e.Unknown, Pause: max(e.RetryAfter, e.Settle), Everywhere: e.Everywhere,
		Answered: !e.Outage, Keep: keep, Tell: d.tell,
	}
	wait := &WaitError{After: min(e.RetryAfter, longestHold), Again: max(backOff(next.Attempts), e.Settle), Err: e}
	switch {
	case e.Mendable:
		o.Trouble = Parked
		wait.After = longestHold
	case e.Outage && (next.Probe || s.open()):
		o.Trouble, o.Everywhere = Down, true
		// Whoever has just failed comes last: what fails may be this message only.
		wait.After = Down.Retry() + min(wait.Again, Down.Retry())
	case e.RetryAfter > 0: // to be told to wait is no failure, however often
	default:
		o.Dead = d.givenUp(next, e)
	}
	concluded, err := d.outbox.Conclude(ctx, next, o)
	if err != nil {
		return false, fmt.Errorf("mark as failed: %w", err)
	}
	d.say(log, concluded)
	if o.Dead {
		d.opt.Count(next.To.Kind, Dead)
		log.Error("an alert could not be delivered and was given up", "attempt", next.Attempts, "error", e)
		return true, nil
	}
	d.opt.Count(next.To.Kind, Delayed)
	if o.Trouble == "" {
		log.Warn("an alert could not be delivered and will be tried again", "attempt", next.Attempts, "error", e)
	} else {
		log.Debug("still in trouble", "trouble", o.Trouble, "attempt", next.Attempts, "error", e)
	}
	return false, wait
}

// tell makes the notice of a trouble for the operations channel: through the
// targets that are not in it.
func (d *Drainer) tell(t Trouble, over bool) (alert.Alert, []alert.Target) {
	targets := d.opt.Targets
	if !over {
		targets = slices.DeleteFunc(slices.Clone(targets), func(to alert.Target) bool {
			return to == t.Of || t.Of.Address == "" && to.Kind == t.Of.Kind
		})
	}
	return notice(t, over, d.opt.Operations, d.opt.Now()), targets
}

// say logs what began and what ended, once.
func (d *Drainer) say(log *slog.Logger, s Conclusion) {
	if t := s.Began; t != nil {
		log.Error("nothing is sent until this is over", "what", t.title(), "reason", t.Reason, "waiting", t.Waiting, "next", t.Next)
	}
	for _, t := range s.Ended {
		log.Info("the trouble is over, and what waits is sent", "what", t.titleOver(), "since", t.Since, "waiting", t.Waiting)
	}
	if s.GaveUp > 0 {
		log.Error("alerts have waited too long and were given up; `tipoff deliveries retry` sends them again", "count", s.GaveUp)
	}
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
	if e.Permanent {
		return true
	}
	since := next.Since
	if since.Before(d.started) {
		since = d.started
	}
	return next.Attempts >= maxAttempts && d.opt.Now().Sub(since) >= maxAge
}
