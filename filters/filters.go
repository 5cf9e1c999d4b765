// Package filters says which stories a query wants. It compiles queries of
// package query into filters, and stories into docs, and answers for one
// filter ([Filter.Match]) or for all watches at once ([Set.Match]).
//
// It is pure: no clock, no network, no disk. An archive finds its candidates
// by [Filter.Need] in an index of [IndexTexts] and lets [Filter.Match] decide,
// so that a search finds exactly the stories which a watch of the same query
// matches.
//
// # What matches
//
// A word, phrase or prefix without a field is looked for in the title, the
// summary and the content; title: looks in the title alone and body: in the
// other two. A phrase never reaches from one of them into the next. Words that
// are written apart, with a hyphen and closed up are found by each of these
// forms; forms.go has the rules. source: and tag: compare with a whole name:
// source:"the record" is "The Record", "the-record" and "TheRecord" and not
// "The Record Podcast", which source:"the record*" is. A story has all sources
// that told it. A field with a lone *, as in tag:*, asks whether there is
// anything in it.
//
// # How a set matches
//
// A [Set] files each watch under words, one of which must be in a story that
// the watch matches: for an AND the rarest-looking operand will do, an OR needs
// one of each operand. A story then costs a look-up for each of its different
// words and the evaluation of the watches found, however many others there are.
// A watch that can do without any word (NOT x, a prefix of a tag) is evaluated
// for every story.
package filters

import (
	"time"
)

// Filter is a compiled query. It does not change and is safe for concurrent use.
type Filter struct {
	text    string // in canonical form
	root    clause
	program program
	// What it was compiled with, to read it again: the tree would take more
	// memory than all the rest.
	lexicon *Lexicon
	now     time.Time
}

// String returns the query in its canonical form, which compiles to the same
// filter.
func (f *Filter) String() string { return f.text }

// Match reports whether the story is one that the query wants.
func (f *Filter) Match(d *Doc) bool { return f.program.match(d) }

// Since is a time before which no story matches, by what a search says of
// since:; zero if there is none.
func (f *Filter) Since() time.Time {
	return f.bound(false, func(a, b time.Time) bool { return a.After(b) })
}

// Before is a time from which on no story matches, by what a search says of
// before:; zero if there is none.
func (f *Filter) Before() time.Time {
	return f.bound(true, func(a, b time.Time) bool { return a.Before(b) })
}

// bound is the closest of the bounds that hold for the whole query.
func (f *Filter) bound(before bool, closer func(a, b time.Time) bool) (best time.Time) {
	all, ok := f.root.(allOf)
	if !ok {
		all = allOf{f.root}
	}
	for _, c := range all {
		if t, ok := c.(inTime); ok && t.before == before && (best.IsZero() || closer(t.t, best)) {
			best = t.t
		}
	}
	return best
}
