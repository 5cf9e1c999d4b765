package filters

import (
	"strings"

	"tipoff/filters/query"
)

// fields is a set of texts.
type fields byte

const (
	onTitle fields = 1 << inTitle
	onBody  fields = 1<<inSummary | 1<<inContent
	onAny          = onTitle | onBody
)

func (f fields) has(text int) bool { return f&(1<<text) != 0 }

func fieldsOf(f query.Field) fields {
	switch f {
	case query.Title:
		return onTitle
	case query.Body:
		return onBody
	}
	return onAny
}

// span is where something stands in a story: tokens first to last.
type span struct{ first, last int }

// phrase is a word, phrase or prefix in some of the texts, in all of its
// forms. With no words, it is whether one of these texts has any.
type phrase struct {
	words  []string
	prefix bool
	in     fields
	// close has bit k set where words k and k+1 may stand closed up.
	close uint64
}

func compilePhrase(t query.Term) clause {
	in := fieldsOf(t.Field)
	if len(t.Words) == 0 {
		if in == onAny {
			return everything{}
		}
		return phrase{in: in, prefix: true}
	}
	var forms oneOf
	for _, words := range variants(t.Words, t.Prefix) {
		forms = append(forms, newPhrase(words, t.Prefix, in))
	}
	if len(forms) == 1 {
		return forms[0]
	}
	return forms
}

func newPhrase(words []string, prefix bool, in fields) phrase {
	c := phrase{words: words, prefix: prefix, in: in}
	for k := range min(len(words)-1, 64) {
		if closes(words[k], words[k+1], c.cut(k+1)) {
			c.close |= 1 << k
		}
	}
	return c
}

// cut reports whether word k is the beginning of one only.
func (c phrase) cut(k int) bool { return c.prefix && k == len(c.words)-1 }

// closed reports whether word k, and the one after it, may stand closed up, and
// whether a third one may too.
func (c phrase) closed(k int) (two, three bool) {
	if k >= 64 || c.close&(1<<k) == 0 {
		return false, false
	}
	return true, k+1 < 64 && c.close&(2<<k) != 0 && alternate(c.words[k], c.words[k+1], c.words[k+2])
}

func (c phrase) match(d *Doc) bool {
	return c.visit(d, func(span) bool { return false })
}

// visit calls more with each place of the phrase until more has enough, and
// reports whether there was any. The places are those of one form after the
// other, each in the order of the text, and may come twice.
func (c phrase) visit(d *Doc, more func(span) bool) bool {
	if len(c.words) == 0 {
		return c.anything(d, more)
	}
	v := visitor{c: c, d: d, more: more}
	if c.cut(0) {
		v.scan(c.words[0])
		return v.found
	}
	v.chain(d.first(c.words[0]))
	if two, three := c.closed(0); two {
		v.closed(1)
		if three {
			v.closed(2)
		}
	}
	splits(c.words[0], false, func(a, _, third string) {
		if third == "" {
			v.chain(d.first(a))
		}
	})
	return v.found
}

func (c phrase) anything(d *Doc, more func(span) bool) bool {
	found := false
	for f := range texts {
		for i := int(d.starts[f]); c.in.has(f) && i < int(d.starts[f+1]); i++ {
			found = true
			if !more(span{i, i}) {
				return true
			}
		}
	}
	return found
}

// visitor is one call of [phrase.visit].
type visitor struct {
	c     phrase
	d     *Doc
	more  func(span) bool
	found bool
	done  bool
}

// try looks for the phrase at token i.
func (v *visitor) try(i int) {
	f := v.d.textOf(i)
	if !v.c.in.has(f) {
		return
	}
	if end := v.c.end(v.d, f, i); end > 0 {
		v.found = true
		v.done = !v.more(span{i, end - 1})
	}
}

// chain tries token i and all others that are the same word.
func (v *visitor) chain(i int32) {
	for ; i >= 0 && !v.done; i = v.d.next[i] {
		v.try(int(i))
	}
}

// closed tries the words that are the phrase's first word and n more closed up.
func (v *visitor) closed(n int) {
	first, last := v.c.words[0], v.c.words[n]
	if n > 1 {
		first += v.c.words[1]
	}
	if v.c.cut(n) {
		v.scan(first + last)
		return
	}
	v.chain(v.d.firstJoined(first, last))
}

// scan tries the words that begin like this, or that have the beginning of it.
func (v *visitor) scan(prefix string) {
	for i := 0; i < len(v.d.tokens) && !v.done; i++ {
		t := v.d.tokens[i].Text
		if n := min(len(t), len(prefix)); t[:n] == prefix[:n] {
			v.try(i)
		}
	}
}

// end returns where the phrase ends that starts at token i of text f: the
// token after it, or 0 if it does not stand there. There is never a choice:
// whether a word of the text is shorter or longer than that of the query says
// on which side a border is missing.
func (c phrase) end(d *Doc, f, i int) int {
	end := int(d.starts[f+1])
	for k := 0; k < len(c.words); {
		if i >= end {
			return 0
		}
		t, w, cut := d.tokens[i].Text, c.words[k], c.cut(k)
		switch {
		case t == w || cut && strings.HasPrefix(t, w):
			k, i = k+1, i+1
		case len(t) < len(w):
			n := d.joined(f, i, end, w, cut)
			if n == 0 {
				return 0
			}
			k, i = k+1, i+n
		default:
			n := c.closedUp(k, t)
			if n == 0 {
				return 0
			}
			k, i = k+n, i+1
		}
	}
	return i
}

// closedUp is the number of words from k that closed up are the word t, or 0.
func (c phrase) closedUp(k int, t string) int {
	two, three := c.closed(k)
	if !two || !strings.HasPrefix(t, c.words[k]) {
		return 0
	}
	rest := t[len(c.words[k]):]
	if w := c.words[k+1]; rest == w || c.cut(k+1) && strings.HasPrefix(rest, w) {
		return 2
	}
	if !three || !strings.HasPrefix(rest, c.words[k+1]) {
		return 0
	}
	rest = rest[len(c.words[k+1]):]
	if w := c.words[k+2]; rest == w || c.cut(k+2) && strings.HasPrefix(rest, w) {
		return 3
	}
	return 0
}
