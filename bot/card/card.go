// Package card holds what the program says in a chat, without a platform: a
// [Card] is one alert, a [Page] is the answer to a command. Each platform
// renders both in its own way and within its own limits; this package has
// what all of them need for that: cutting by grapheme, cleaning text that came
// from outside, ages in words, and a rendering as plain text.
//
// Texts in a Card or a Page are plain: renderers escape them.
package card

import (
	"time"

	"tipoff/bot/alert"
	"tipoff/sources/story"
)

// Card is one alert.
type Card struct {
	Kind     alert.AlertKind
	Title    string
	URL      string
	Source   string
	Time     time.Time // published, or else seen
	Summary  string
	Severity alert.Severity
	// Why says which watches wanted the story, and for which words.
	Why []story.Match
	// Also are the other sources that report it.
	Also []story.Sighting
	// Mentions are who to ping, as in [alert.Watch]. Nothing else may ping.
	Mentions []string
	Channel  string
}

// Tone says how a page should feel.
type Tone int

// The tones of a page.
const (
	Plain Tone = iota
	Good
	Bad
)

// Page is the answer to a command.
type Page struct {
	Tone  Tone
	Title string
	// Lead is a paragraph or a few lines of plain text under the title.
	Lead string
	// Code is shown in a fixed-width font, or empty: a query with a caret
	// under the mistake.
	Code  string
	Items []Item
	// Hint is the last line: what to do next.
	Hint string
	// Prev and Next are tokens for buttons that turn the page, or empty. A
	// token is at most 80 ASCII characters and goes back as it is.
	Prev, Next string
}

// Item is one entry of a page: a story found, a watch, a source.
type Item struct {
	Title string
	// URL makes the title a link, when it is http or https.
	URL string
	// Meta is one short line: source, age, state.
	Meta string
	// Text is a line or two more; words in Marks are emphasised in it and in
	// the title, where a platform can.
	Text  string
	Marks []string
}

// Label is the word that says what kind of card it is; none for a first alert.
func (c Card) Label() string {
	switch c.Kind {
	case alert.KindUpdate:
		return "Update"
	case alert.KindNotice:
		return "Notice"
	}
	return ""
}
