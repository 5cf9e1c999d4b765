// Package opml reads and writes lists of feeds (OPML 1.0, 1.1 and 2.0,
// http://opml.org/spec2.opml), and says what importing one would change. It
// serves "sources import" and "sources export" and whoever shows a preview. It
// fetches nothing, lists that a list includes neither, and stores nothing.
package opml

import (
	"fmt"
	"strings"

	"tipoff/sources"
)

const (
	// maxBytes is the longest list that is read.
	maxBytes    = 16 << 20
	maxOutlines = 20_000
	maxDepth    = 100
	// maxAttributes is for one element; real ones have about ten.
	maxAttributes = 1000
	// maxTags is how many tags of one source are read.
	maxTags = 100
	// maxBackfill, maxTag (in bytes) and maxName (in characters) are those of
	// the configuration.
	maxBackfill = 1000
	maxTag      = 64
	maxName     = 40
	// shortName is the length to which a title is cut to make a name.
	shortName = 30
)

// namespace is of the attributes that hold what a source has beyond OPML.
const namespace = "https://tipoff.invalid/opml"

// List is a list of feeds as it was read.
type List struct {
	Title   string
	Entries []Entry
	// Problems are what could not be read, and what was read otherwise than it
	// stands there, in the order of their lines.
	Problems []Problem
}

// Entry is one feed of a list. Its source is ready for the configuration: with
// a valid name that no other entry has, whatever the case of letters, and an
// http or https address without user and password. BasicAuth is set where the
// address had them.
type Entry struct {
	Source sources.Source
	// Title is the feed's title as one line of plain text, or empty.
	Title string
	// HTMLURL is the web site's http or https address, or empty.
	HTMLURL string
	// Line is where the entry begins, from 1.
	Line int
	// Whole is true for an entry that Write made: it says all of a source but
	// the secrets, so what is empty in it is empty in the source.
	Whole bool
}

// Problem is a sentence about a line of a list, counted from 1, that says what
// to do. It never holds an address or anything else that may be secret.
type Problem struct {
	Line int
	Text string
	// Lost is true where something of the list was not read. Else it was read
	// otherwise than it stands there.
	Lost bool
}

// Error gives the line and the sentence; see [Read].
func (p Problem) Error() string { return fmt.Sprintf("line %d: %s", p.Line, p.Text) }

func problem(line int, format string, args ...any) Problem {
	return Problem{Line: line, Text: fmt.Sprintf(format, args...)}
}

func lost(line int, format string, args ...any) Problem {
	p := problem(line, format, args...)
	p.Lost = true
	return p
}

// fold is the form in which names are compared: people type them in chat.
func fold(name string) string { return strings.ToLower(name) }
