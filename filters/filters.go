// Package filters says which stories a query wants. It compiles queries of
// package query into filters, and stories into docs, and answers for one
// filter ([Filter.Match]) or for all watches at once ([Set.Match]).
//
// It is pure: no clock, no network, no disk. An archive finds its candidates
// by [Filter.Need] in an index of [Doc.IndexTexts] and lets [Filter.Match] decide,
// so that a search finds exactly the stories which a watch of the same query
// matches.
//
// # What matches
//
// The grammar is that of package query. What its operands mean:
//
// A word, phrase or prefix without a field is looked for in the title, the
// summary and the content; title: looks in the title alone and body: in the
// other two, author: and url: in those. A phrase never reaches from one of them
// into the next. Words that are written apart, with a hyphen and closed up are
// found by each of these forms; forms.go has the rules. With "=" the letters
// have to be in the same case, and nothing else changes.
//
// a NEAR/5 b is true where at most five words stand between the two, in either
// order and in one text. In a chain, each side is near the next one.
//
// A regular expression looks at the texts as they stand.
//
// source: and tag: compare with a whole name: source:"the record" is "The
// Record", "the-record" and "TheRecord" and not "The Record Podcast", which
// source:"the record*" is. A story has all sources that told it. domain: is the
// host of an address, or a host above it. lang: is a language or one of its
// variants.
//
// actor:, malware:, country: and cve: are entities: those that the texts mention
// (packages below entity) and those that the story came with. An actor's
// country is one of the story's. A field with a lone *, as in tag:* or actor:*,
// asks whether there is anything in it.
//
// cvss, epss, kev: and severity hold if they do for one of the vulnerabilities
// that the story came with; sources counts who tells it. since: and before: look
// at [story.Story.Time], and only searches know them. set: is a query by its
// name: a topic pack, or one of the config (see [Lexicon]).
//
// # How a set matches
//
// A [Set] files each watch at places, one of which is in every story that the
// watch matches: the rarest-looking word of an AND, one for each operand of an
// OR, a source, an actor. Each place has a guard where the watch needs another
// word too, which a small bloom filter of the story's words answers. A story
// then costs a look into a sieve for each of its words, a look-up for each that
// somebody may want, and the evaluation of the few watches that are left; a
// keyword needs none. Two words side by side are looked up as one only where the
// sieve knows them as the parts of a word that is wanted. A watch that can do
// without any word (NOT x, a prefix of a tag, a regular expression alone) is
// evaluated for every story. A set of few watches looks at the first letters of
// the words alone before it does anything.
//
// What takes time is memory: the tables of thousands of watches are larger than
// the fast caches. So words are compared by numbers that the splitter has made in
// passing (text.Token.Head), the sieve is small, and everything that a step needs
// is asked for at once before the first of it is looked at.
//
// Stories of 75 words, against normalising and splitting alone (BenchmarkSet,
// Go 1.26, on 2 cores that had several times as much other work to do): 10
// boolean watches 1.16 times, 1,000 2.9 times, 10,000 5.8 times, with a 99th
// percentile of 1.4 times the median and no allocation; 10,000 keywords 2.8
// times, 100,000 5.5 times. Large sets are what other work in the caches slows
// most. At 10,000 a set is 39 times faster than each compiled watch in turn and
// 870 times faster than trees of strings.Contains; for keywords alone 6.5 times
// faster than an Aho-Corasick automaton (BenchmarkRivals). Adding a watch to
// 10,000 takes 13 to 17 µs and a watch some 800 bytes (BenchmarkAdd).
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

	byRelevance bool
}

// String returns the query in its canonical form, which compiles to the same
// filter.
func (f *Filter) String() string { return f.text }

// Match reports whether the story is one that the query wants.
func (f *Filter) Match(d *Doc) bool { return f.program.match(d, d.words()) }

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
