// Package deliver sends alerts to targets: one target at a time in the order
// of the alerts, many targets side by side, each tried again when that can
// help and given up with a reason when it cannot.
package deliver

import (
	"context"
	"fmt"
	"time"

	"tipoff/bot/alert"
	"tipoff/bot/card"
)

// Message is one alert on its way to one target.
type Message struct {
	// ID is the delivery's id: at most 25 ASCII characters, the same on each
	// attempt. Platforms use it to recognise a message that they already have.
	ID    string
	To    alert.Target
	Alert alert.Alert
	// Card is the alert as it should look.
	Card card.Card
	// Unsure is true where an earlier attempt may have reached the platform
	// although its answer did not reach us: a platform that can be asked is asked
	// before the message goes out again.
	Unsure bool
}

// Sender sends to one kind of target. Send returns the platform's own id of
// the message (a Slack timestamp, a Discord message id; may be empty). An
// error that is not an *Error counts as temporary.
//
// A Sender is safe for use by many goroutines.
type Sender interface {
	Send(ctx context.Context, m Message) (receipt string, err error)
}

// Error is why a message was not delivered.
type Error struct {
	// Code is for machines and metrics: the platform's own code, or a word
	// such as "timeout".
	Code string
	// Text is for people and says what to do. It never holds a secret.
	Text string
	// Permanent is true when another attempt cannot help by itself.
	Permanent bool
	// Mendable is true of a permanent error when a person can mend what is
	// wrong (a token, the bot's rights in a channel): the messages wait for
	// that instead of being given up.
	Mendable bool
	// RetryAfter is how long the platform wants to be left alone, or zero.
	RetryAfter time.Duration
	// Err is the cause, or nil.
	Err error
}

func (e *Error) Error() string {
	if e.Err != nil {
		return fmt.Sprintf("%s: %v", e.Text, e.Err)
	}
	return e.Text
}

func (e *Error) Unwrap() error { return e.Err }
