// Package names finds things of many names in text: threat actors, malware.
//
// A Table holds the entries and finds them; Parse reads the text form in which
// this project keeps its own tables. What the entries are is the business of
// the packages beside this one.
//
// # Text form
//
//	# a comment
//	Name | field | field
//	  alias, alias? (word word -word), alias!, alias
//
// An entry is a line that starts at the margin, and any number of indented
// lines with further aliases. A mark says that an alias is also an ordinary
// word, and what makes it count: see Need. The words in parentheses after a
// mark take the place of the general context words; those with a minus are
// never part of a mention when they stand directly beside the alias.
//
// # Forms
//
// An alias is folded by package text and found in each of these forms:
// as written; with its words closed up (CozyBear; needing no context then if
// the mark is "?"); with the number at the end
// of a word set apart or not (APT41, APT-41, APT 41). A name closed up in
// camel case is found apart (dark side for DarkSide) only beside a word that
// says what it is, since what remains may be plain English.
package names

import (
	"strings"

	"tipoff/filters/text"
)

// Need is what an alias needs to count where it stands.
type Need uint8

const (
	// Always is the need of an alias that is nothing else.
	Always Need = iota
	// Near is mark "?": the alias has a capital and a word of its context within
	// a few words, or the text has a certain mention of the same entry.
	Near
	// Beside is mark "!": the alias is directly beside a word that says what it
	// is (Play ransomware, the gang Play); or it has a capital, and the text has
	// a certain mention of the same entry, or one of another entry next to it.
	Beside
)

// Alias is one name of an entry.
type Alias struct {
	Name string
	Need Need
	// Words take the place of the table's context words, if there are any.
	Words []string
	// Not are words that, directly before or after the alias, speak against it.
	Not []string
}

// Entry is a thing with its names. The first alias is the entry's own name.
type Entry struct {
	Aliases []Alias
	Fields  []string // what else the line of the name holds
	Line    int
}

// Context holds the words that tell an alias from an ordinary word.
type Context struct {
	Near   []string // words of the trade, which make an alias likely nearby
	Strong []string // beside an alias they say what it is
	Weak   []string // the same, if there is a Near or Strong word nearby too
	// Capitals says that a name of several plain words, all with capitals, needs
	// a context where one of them has lost its capital.
	Capitals bool
}

// Key folds an alias so that its forms are equal: APT-41, APT 41 and APT41.
func Key(alias string) string {
	var b strings.Builder
	for _, t := range text.Tokens(alias) {
		b.WriteString(t.Text)
	}
	return b.String()
}
