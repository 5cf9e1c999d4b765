// Package store holds the types and errors that every store shares. The
// stores themselves are in the folders below; who uses one names the few
// methods it needs as an interface of its own.
package store

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"time"

	"tipoff/bot/alert"
	"tipoff/bot/deliver"
	"tipoff/sources"
	"tipoff/sources/health"
	"tipoff/sources/story"
)

// ErrNotFound is for one thing that was asked for and is not there.
var ErrNotFound = errors.New("not found")

// Change is what one process tells the others that share a database.
type Change string

// What may have changed.
const (
	AnyChanged    Change = ""
	PeopleChanged Change = "people" // watches, sources and what else is in the audit log
	FactsChanged  Change = "facts"  // what catalogues say of vulnerabilities
)

// Key is a story's place in the archive. Keys are in the order of
// [story.Story.Time], and stay.
type Key int64

// Known is what the archive knows of a source's item.
type Known struct {
	Story Key
	// TextHash is of the text as this source last told it; see [TextHash].
	TextHash TextHash
	// First is true for the source that told the story first: its edits are
	// the story's.
	First bool
}

// TextHash tells one text of a story from another.
type TextHash [8]byte

// HashText is the hash of what a reader reads of a story. Dates and tags do
// not count.
func HashText(s *story.Story) TextHash {
	h := sha256.New()
	for _, part := range []string{s.Title, s.Summary, s.Content} {
		// The length keeps a word from moving unseen between the parts.
		fmt.Fprintf(h, "%d:%s", len(part), part)
	}
	return TextHash(h.Sum(nil)[:8])
}

// Identity is how a source knows an item: a hash of its guid, or else of its
// canonical URL, or else of its title.
type Identity [16]byte

// NewIdentity makes an Identity of the first of the three that is not empty.
func NewIdentity(guid, canonicalURL, title string) Identity {
	for _, part := range []struct{ kind, value string }{{"guid", guid}, {"url", canonicalURL}, {"title", title}} {
		if part.value != "" {
			sum := sha256.Sum256([]byte(part.kind + "\n" + part.value))
			return Identity(sum[:16])
		}
	}
	return Identity{}
}

// Expected is an item that is about to be asked for and stored.
type Expected struct {
	// Source is who tells it, or 0 where nobody asks whether it has told it.
	Source   int64
	Identity Identity
	// First is true where the source has told nothing so far.
	First bool
	// Story is what will be stored.
	Story *story.Story
	// Made is what the store has made of the story outside of the transaction;
	// nil where that is still to be done.
	Made any
}

// SourceStatus is a source with its health, as the archive knows it. The JSON
// is what `sources list --json` prints.
type SourceStatus struct {
	Name       string        `json:"name"`
	URL        string        `json:"url"`
	State      sources.State `json:"state"`
	Error      string        `json:"error,omitempty"`
	LastOK     time.Time     `json:"last_ok,omitzero"`
	LastStatus int           `json:"last_status"`
	NextPoll   time.Time     `json:"next_poll,omitzero"`
	Stories    int           `json:"stories"`

	// Validators are sent with the next request.
	Validators sources.Validators `json:"-"`
	// MovedTo is the address that the source's server gave for good. It is
	// asked there until that fails.
	MovedTo string `json:"moved_to,omitempty"`
	// Since is when the state began.
	Since time.Time `json:"since,omitzero"`
	// Habit is how often the source has something new.
	Habit health.Habit `json:"-"`
	// NotBefore is a server's wish that outlives a restart.
	NotBefore time.Time `json:"-"`
	// HoldUntil is until when the schedule does not count: because of
	// NotBefore, of the feed's own rhythm, or because it failed.
	HoldUntil time.Time `json:"-"`
	// Baselined is when the first readable answer came; zero before.
	Baselined time.Time `json:"-"`
	// Listed is when the source last gave a list of what it has.
	Listed time.Time `json:"-"`
	// Told is the trouble that people were told of, or "".
	Told sources.State `json:"-"`
	// Failures counts the polls that failed in a row.
	Failures int `json:"-"`
}

// SourceEntry is a source in force.
type SourceEntry struct {
	Name string
	// Origin is "config", or who added or changed it.
	Origin string
	// Source is the whole of it where somebody added or changed it, and nil
	// where it is as the config has it.
	Source *sources.Source
}

// ErrExists is for a name that is taken.
var ErrExists = errors.New("exists already")

// DeliveryID names the delivery of an alert to a target: 24 hex digits, the
// same however often the alert is written or sent.
func DeliveryID(a alert.Alert, to alert.Target) string {
	sum := sha256.Sum256([]byte(string(a.Kind) + "\n" + a.Story.ID + "\n" + a.Channel + "\n" + to.String()))
	return hex.EncodeToString(sum[:12])
}

// DeliveryStatus is a delivery as `deliveries list` shows it.
type DeliveryStatus struct {
	ID       string    `json:"id"`
	Target   string    `json:"target"`
	Channel  string    `json:"channel"`
	Title    string    `json:"title"`
	State    string    `json:"state"`
	Attempts int       `json:"attempts"`
	Error    string    `json:"error,omitempty"`
	Updated  time.Time `json:"updated"`
	// Next is when it is tried next, where that is known and not yet over.
	Next time.Time `json:"next,omitzero"`
}

// Retried is what sending again came to.
type Retried struct {
	// Again counts the deliveries that had been given up.
	Again int
	// Tried are the troubles that are tried at once.
	Tried []deliver.Trouble
}
