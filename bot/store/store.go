// Package store holds the types and errors that every store shares. The
// stores themselves are in the folders below; who uses one names the few
// methods it needs as an interface of its own.
package store

import (
	"errors"
	"time"

	"tipoff/bot/alert"
	"tipoff/filters"
	"tipoff/sources"
	"tipoff/sources/story"
)

// ErrNotFound is for one thing that was asked for and is not there.
var ErrNotFound = errors.New("not found")

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
	// NotBefore is a server's wish that outlives a restart.
	NotBefore time.Time `json:"-"`
	// Baselined is when the first readable answer came; zero before.
	Baselined time.Time `json:"-"`
	// Failures counts the polls that failed in a row.
	Failures int `json:"-"`
}

// Search is a question to the archive.
type Search struct {
	// Filter decides. Its Need tells the index where to look.
	Filter *filters.Filter
	// Since and Until bound [story.Story.Time]; zero is open.
	Since, Until time.Time
	// Limit is how many hits to return at the most.
	Limit int
	// Before is the cursor of the page before, or empty for the first page.
	Before string
}

// Hit is a story that was found; Cursor continues after it.
type Hit struct {
	Story  story.Story
	Cursor string
}

// Delivery is one alert on its way to one target.
type Delivery struct {
	ID       string
	Alert    alert.Alert
	To       alert.Target
	Attempts int
}
