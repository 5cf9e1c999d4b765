package country

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// nearby is how many tokens to either side "with" and "without" look at.
const nearby = 25

// cond is what a name must fulfil to count in a text.
type cond struct {
	capital, caps, quiet, person, given, lookup bool

	with, without, before, notBefore, after, notAfter words
}

type words map[string]bool

// fits reports whether the tokens first to last fulfil c; nil is no condition.
func (f *finder) fits(c *cond, first, last int) bool {
	switch {
	case c == nil:
		return true
	case c.lookup,
		c.capital && !f.isCapital(first, last),
		c.caps && !f.allCaps(first, last),
		c.quiet && f.is(first-1, f.pronoun) && f.shouting(first),
		c.person && f.inPersonsName(first, last),
		c.given && !f.titleCase(first) && f.inPersonsName(first, last),
		c.before != nil && !f.is(last+1, c.before),
		c.notBefore != nil && f.is(last+1, c.notBefore),
		c.after != nil && !f.is(first-1, c.after),
		c.notAfter != nil && f.is(first-1, c.notAfter),
		c.with != nil && !f.near(first, last, c.with),
		c.without != nil && f.near(first, last, c.without):
		return false
	}
	return true
}

func (f *finder) is(i int, w words) bool {
	return i >= 0 && i < len(f.tokens) && w[f.tokens[i].Text]
}

func (f *finder) near(first, last int, w words) bool {
	for i := max(0, first-nearby); i < min(len(f.tokens), last+1+nearby); i++ {
		if (i < first || i > last) && w[f.tokens[i].Text] {
			return true
		}
	}
	return false
}

// word is token i as it stands in the text; empty if there is no such token.
func (f *finder) word(i int) string {
	if i < 0 || i >= len(f.tokens) {
		return ""
	}
	return f.s[f.tokens[i].Start:f.tokens[i].End]
}

// isCapital reports whether each long word of the tokens starts with a
// capital, or the only word does.
func (f *finder) isCapital(first, last int) bool {
	const long = 4
	for i := first; i <= last; i++ {
		w := f.word(i)
		if r, _ := utf8.DecodeRuneInString(w); (len(w) >= long || first == last) && unicode.IsLower(r) {
			return false
		}
	}
	return true
}

func (f *finder) allCaps(first, last int) bool {
	for i := first; i <= last; i++ {
		if !f.isCaps(i) {
			return false
		}
	}
	// US$ is money.
	end := f.tokens[last].End
	return end == len(f.s) || f.s[end] != '$'
}

func (f *finder) isCaps(i int) bool {
	return !strings.ContainsFunc(f.word(i), unicode.IsLower)
}

// shouting reports whether the words around token i are all capitals, so that
// those of "US" mean nothing.
func (f *finder) shouting(i int) bool {
	const around, enough = 6, 2
	loud := 0
	for k := max(0, i-around); k < min(len(f.tokens), i+1+around); k++ {
		w := f.word(k)
		if k == i || len(w) < 2 {
			continue
		}
		if strings.ContainsFunc(w, unicode.IsLower) {
			return false
		}
		if strings.ContainsFunc(w, unicode.IsUpper) {
			loud++
		}
	}
	return loud >= enough
}

// inPersonsName reports whether a name that is also a given name or surname
// looks like one here.
func (f *finder) inPersonsName(first, last int) bool {
	if i := last + 1; f.touches(last) && f.isName(i) && !f.follows[f.tokens[i].Text] && f.roots[f.tokens[i].Text] == nil {
		return true
	}
	i := first - 1
	if i < 0 || !f.touches(i) {
		return false
	}
	if f.first[f.tokens[i].Text] {
		return true
	}
	// "Queen Rania Jordan", but not "In Jordan" at a sentence's start.
	return f.isName(i) && !f.follows[f.tokens[i].Text] && f.roots[f.tokens[i].Text] == nil &&
		f.touches(i-1) && !f.titleCase(first)
}

// touches reports whether only a space, or the stop of an initial or a title
// and a space, stand between the tokens i and i+1.
func (f *finder) touches(i int) bool {
	if i < 0 || i+1 >= len(f.tokens) || f.tokens[i].End > f.tokens[i+1].Start {
		return false
	}
	const title = 4
	gap := f.s[f.tokens[i].End:f.tokens[i+1].Start]
	return gap == " " || gap == ". " && f.tokens[i].End-f.tokens[i].Start <= title
}

// isName reports whether token i could be a part of a person's name: a capital
// and small letters, or an initial.
func (f *finder) isName(i int) bool {
	w := f.word(i)
	r, n := utf8.DecodeRuneInString(w)
	return unicode.IsUpper(r) && (n == len(w) || strings.ContainsFunc(w[n:], unicode.IsLower))
}

// titleCase reports whether most words around token i start with a capital,
// so that a capital there says nothing.
func (f *finder) titleCase(i int) bool {
	const around, long = 8, 4
	capital, small := 0, 0
	for k := max(0, i-around); k < min(len(f.tokens), i+1+around); k++ {
		w := f.word(k)
		if k == i || len(w) < long {
			continue
		}
		switch r, _ := utf8.DecodeRuneInString(w); {
		case unicode.IsUpper(r):
			capital++
		case unicode.IsLower(r):
			small++
		}
	}
	return capital > 2*small
}
