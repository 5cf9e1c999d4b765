package actor

import (
	_ "embed"
	"slices"
	"strings"
	"sync"
	"unicode"
	"unicode/utf8"

	"tipoff/filters/entity/names"
	"tipoff/filters/text"
)

//go:embed ordinary.txt
var ordinaryWords string

// kindOfWord says what an alias's word is besides a name.
type kindOfWord uint8

const (
	ownWord  kindOfWord = iota // nothing that is known
	ordinary                   // a word of plain English
	trade                      // one that stands in every report of an attack
)

// nobody are the words that stand for a name that is not known.
var nobody = []string{"unattributed", "unidentified", "unknown", "unnamed"}

var wordKinds = sync.OnceValue(func() map[string]kindOfWord {
	kinds := map[string]kindOfWord{}
	for line := range strings.Lines(ordinaryWords) {
		if strings.HasPrefix(line, "#") {
			continue
		}
		for w := range strings.FieldsSeq(line) {
			kinds[w] = ordinary
		}
	}
	for _, words := range [][]string{context.Near, context.Strong, context.Weak} {
		for _, w := range words {
			kinds[w] = trade
		}
	}
	return kinds
})

// needOf says what an alias of another table needs to count in a text. Other
// tables do not tell which of their names are ordinary words, and no list holds
// all such words, so the benefit of the doubt goes to the text: a lone word of
// letters needs a context even if it seems to be nothing but a name. Reports
// of an actor nearly always have one.
func needOf(alias string) names.Need {
	const (
		short      = 4 // letters of a lone word: SEA, Tick, GREF
		shortest   = 3 // with digits in it too: 3AM
		shortGlyph = 2 // of several, which scripts without spaces have: 毒云
		longNumber = 4 // digits that make a designation: Storm-0558, Unit 61398
	)
	tokens := text.Tokens(alias)
	letters := 0
	all := trade // the kind of its least common word
	designation := false
	for _, t := range tokens {
		letters += utf8.RuneCountInString(t.Text)
		if isNumber(t.Text) {
			designation = designation || len(t.Text) >= longNumber && !isYear(t.Text)
			continue
		}
		all = min(all, wordKinds()[t.Text])
	}
	if len(tokens) == 1 {
		word := alias[tokens[0].Start:tokens[0].End]
		digits := strings.ContainsFunc(word, unicode.IsDigit)
		switch {
		case letters <= shortest, letters <= short && !digits, all != ownWord && !digits:
			return names.Beside
		case !digits && !hasInnerCapital(word):
			return names.Near
		}
		return names.Always
	}
	switch {
	case letters <= shortGlyph:
		return names.Beside
	case designation:
		return names.Always
	case all == trade:
		return names.Beside
	case all == ordinary:
		return names.Near
	}
	return names.Always
}

// isName reports whether an alias names anyone: "Unnamed Actor" does not.
func isName(alias string) bool {
	tokens := text.Tokens(alias)
	of := func(t text.Token) bool { return slices.Contains(nobody, t.Text) }
	return len(tokens) > 0 && (!slices.ContainsFunc(tokens, of) || slices.ContainsFunc(tokens, func(t text.Token) bool {
		return !of(t) && wordKinds()[t.Text] != trade
	}))
}

func isNumber(s string) bool { return strings.Trim(s, "0123456789") == "" }

func isYear(s string) bool {
	return len(s) == 4 && (strings.HasPrefix(s, "19") || strings.HasPrefix(s, "20"))
}

// hasInnerCapital reports whether a word is written as no plain word is:
// MuddyWater, menuPass. All in capitals is no sign, since some tables write
// every name so.
func hasInnerCapital(s string) bool {
	small := strings.ContainsFunc(s, unicode.IsLower)
	_, size := utf8.DecodeRuneInString(s)
	return small && strings.ContainsFunc(s[size:], unicode.IsUpper)
}
