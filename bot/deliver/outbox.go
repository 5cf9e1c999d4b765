package deliver

import (
	"context"
	"time"

	"tipoff/bot/alert"
)

// Outbox is what waits to be sent, in the order of each target, with what is
// known of the targets and the platforms. Replicas share it.
type Outbox interface {
	// NextDelivery takes the oldest open delivery of a target; false when there is
	// none. Where it may not be sent yet, it is not taken, and NotBefore says so.
	// gap is the least time from one message of the platform's to the next.
	NextDelivery(ctx context.Context, to alert.Target, gap time.Duration) (Delivery, bool, error)
	// Conclude writes down what came of the attempt that NextDelivery began.
	Conclude(ctx context.Context, d Delivery, o Outcome) (Conclusion, error)
}

// Delivery is one alert that waits to be sent to one target.
type Delivery struct {
	ID    string
	Alert alert.Alert
	To    alert.Target
	// Attempts counts those made, the one that begins included.
	Attempts int
	// Since is when it was put in, or when a person had it sent again.
	Since time.Time
	// Tried and Last are as in [Message].
	Tried Span
	Last  string
	// NotBefore is set where no attempt begins before then; the Alert is empty.
	NotBefore time.Time
	// At is when the turn of this attempt is among those to the platform.
	At time.Time
	// Probe is true where the target or its platform is in trouble, and this
	// attempt is to see whether it still is. There is one at a time.
	Probe bool
}

// Outcome is what came of an attempt.
type Outcome struct {
	// Sent is true where the target has the message, with the platform's own id
	// of it, and until when the target takes no further one.
	Sent      bool
	Receipt   string
	RestUntil time.Time

	// Reason is why it was not sent, for people. A dead delivery is not tried
	// again by itself. Unknown is as in [Error].
	Reason  string
	Dead    bool
	Unknown bool
	// Pause is for how long the target is to be left alone, or, with Everywhere,
	// the platform.
	Pause      time.Duration
	Everywhere bool

	// Trouble is the state that the target or its platform is in after this; "" is
	// none that this attempt knows of. What waits is kept for as long as Keep from
	// then on.
	Trouble State
	Keep    time.Duration
	// Answered is true where the platform works, whatever it said.
	Answered bool

	// Tell makes the notice of a trouble that begins, or is over. It is asked once,
	// however many replicas meet the trouble; no targets mean no notice.
	Tell func(t Trouble, over bool) (alert.Alert, []alert.Target)
}

// State is the state of a target or a platform in trouble.
type State string

// The states.
const (
	// Parked is what a person has to mend: a token, the bot's rights in a channel.
	Parked State = "parked"
	// Down is a platform that does not work.
	Down State = "down"
)

// Retry is how often it is seen whether the trouble is over.
func (s State) Retry() time.Duration {
	if s == Down {
		return 30 * time.Second
	}
	return 10 * time.Minute
}

// Trouble is why a target, or a platform as a whole, gets no messages.
type Trouble struct {
	// Of is the target. Its address is empty where it is all of the platform.
	Of     alert.Target
	State  State
	Reason string
	Since  time.Time
	// Next is when it is seen whether the trouble is over.
	Next time.Time
	// Waiting is how many deliveries wait for that, and Channels are whose.
	Waiting  int
	Channels []string
}

// Conclusion is what followed from an [Outcome].
type Conclusion struct {
	// More is true where the target has more to be sent; known after a success.
	More bool
	// Began is the trouble that began, or nil; Ended are those that are over.
	Began *Trouble
	Ended []Trouble
	// GaveUp counts the deliveries that were kept long enough.
	GaveUp int
}
