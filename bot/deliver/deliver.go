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
	// Tried is when earlier attempts may have reached the platform although no
	// answer of it reached us: a platform that can be asked is asked before the
	// message goes out again. It is zero where none did.
	Tried Span
	// Last is the receipt of the last message before this one that the target is
	// known to have, or "".
	Last string
}

// Span is a stretch of time.
type Span struct{ From, Until time.Time }

// IsZero reports whether there was no such time.
func (s Span) IsZero() bool { return s.From.IsZero() }

// Sender sends to one kind of target. Send returns the platform's own id of
// the message (a Slack timestamp, a Discord message id; may be empty). An
// error that is not an *Error counts as temporary.
//
// A Sender is safe for use by many goroutines.
type Sender interface {
	Send(ctx context.Context, m Message) (receipt string, err error)
}

// Platform is a Sender all of whose targets are of one service, which has limits
// and troubles of its own. Replicas share them.
type Platform interface {
	Sender
	// Gap is the least time from one message to the next, whatever the targets;
	// zero where the platform does not say.
	Gap() time.Duration
	// Rest is for how long from now a target takes no further message.
	Rest(to alert.Target) time.Duration
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
	// Everywhere is true where what is to be mended, or the wish to be left alone,
	// is not the target's but the whole platform's.
	Everywhere bool
	// Outage is true where the platform itself does not work, or cannot be reached.
	Outage bool
	// Unknown is true where the platform may have taken the message all the same.
	Unknown bool
	// Settle is for how long the message may still come to be seen, so that it is
	// of no use to look for it before; zero where it is there by now or not at all.
	Settle time.Duration
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
