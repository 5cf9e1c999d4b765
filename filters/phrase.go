package filters

import (
	"slices"
	"strings"

	"tipoff/filters/query"
	"tipoff/filters/text"
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
	words []string
	// hashes are those of the words; one that is cut has none.
	hashes []uint64
	prefix bool
	in     fields
	// written is how the letters are written if that matters, see [text.Case].
	written string
	// close has bit k set where words k and k+1 may stand closed up; two and
	// three are the first words closed up, where they may.
	close      uint64
	two, three *whole
}

// whole is words closed up, with its hash unless it is cut.
type whole struct {
	text string
	hash uint64
}

func newWhole(cut bool, words ...string) *whole {
	w := &whole{text: strings.Join(words, "")}
	if !cut {
		w.hash = hashOf(w.text)
	}
	return w
}

func compilePhrase(t query.Term) clause {
	in := fieldsOf(t.Field)
	if len(t.Words) == 0 {
		if in == onAny {
			return everything{}
		}
		return &phrase{in: in, prefix: true}
	}
	if t.Exact != "" {
		c := newPhrase(t.Words, t.Prefix, in)
		for _, w := range text.Tokens(t.Exact) { // without a possessive 's
			c.written += text.Case(t.Exact[w.Start:w.End])
		}
		return c
	}
	all := variants(t.Words, t.Prefix)
	forms := make(oneOf, len(all))
	for i, words := range all {
		if len(words) == 1 && !t.Prefix {
			forms[i] = word{words[0], hashOf(words[0]), in}
		} else {
			forms[i] = newPhrase(words, t.Prefix, in)
		}
	}
	if len(forms) == 1 {
		return forms[0]
	}
	return forms
}

// word is a phrase of one word, whole and in any case: what most queries are
// made of, in little memory.
type word struct {
	text string
	hash uint64
	in   fields
}

func (c word) phrase() *phrase { return newPhrase([]string{c.text}, false, c.in) }

func (c word) match(d *Doc) bool { return d.words().has(c.hash, c.in) }

func (c word) terms(d *Doc, add func(found)) { c.phrase().terms(d, add) }
func (c word) need() Need                    { return c.phrase().need() }

func (c word) cover() cover {
	return cover{[]place{{hash: c.hash, word: c.text, in: c.in, sure: true}}, rarity(c.text)}
}

func newPhrase(words []string, prefix bool, in fields) *phrase {
	c := &phrase{words: words, prefix: prefix, in: in, hashes: make([]uint64, len(words))}
	for k, w := range words {
		if !c.cut(k) {
			c.hashes[k] = hashOf(w)
		}
		if k+1 < len(words) && k < 64 && closes(w, words[k+1], c.cut(k+1)) {
			c.close |= 1 << k
		}
	}
	if two, three := c.closed(0); two {
		c.two = newWhole(c.cut(1), words[:2]...)
		if three {
			c.three = newWhole(c.cut(2), words[:3]...)
		}
	}
	return c
}

// cut reports whether word k is the beginning of one only.
func (c *phrase) cut(k int) bool { return c.prefix && k == len(c.words)-1 }

// closed reports whether word k, and the one after it, may stand closed up, and
// whether a third one may too.
func (c *phrase) closed(k int) (two, three bool) {
	if k >= 64 || c.close&(1<<k) == 0 {
		return false, false
	}
	return true, k+1 < 64 && c.close&(2<<k) != 0 && alternate(c.words[k], c.words[k+1], c.words[k+2])
}

func (c *phrase) match(d *Doc) bool { return c.isIn(d.words()) }

func (c *phrase) isIn(x *index) bool {
	v := visitor{c: c, d: x.doc, x: x, once: true}
	return v.visit()
}

// visit calls more with each place of the phrase until more has enough. The
// places are those of one form after the other, each in the order of the text,
// and may come twice.
func (c *phrase) visit(d *Doc, more func(span) bool) {
	v := visitor{c: c, d: d, x: d.words(), more: more}
	v.visit()
}

// visitor looks for the places of a phrase.
type visitor struct {
	c *phrase
	d *Doc
	x *index
	// once is for those who want no place, only whether there is one.
	once  bool
	more  func(span) bool
	found bool
	done  bool
}

func (v *visitor) visit() bool {
	c := v.c
	if len(c.words) == 0 {
		return v.anything()
	}
	if c.cut(0) {
		v.scan(c.words[0])
		return v.found
	}
	v.chain(c.hashes[0])
	if two, three := c.closed(0); two {
		v.whole(c.two)
		if three {
			v.whole(c.three)
		}
	}
	if !v.done && v.x.maybe(c.hashes[0]) {
		// Backwards, as they were found: in the order of the text.
		for _, p := range slices.Backward(v.x.pairs) {
			if p.hash == c.hashes[0] && !v.done {
				v.try(int(p.token))
			}
		}
	}
	return v.found
}

// whole tries the words that are this one, or begin like it where it is cut.
func (v *visitor) whole(w *whole) {
	if w.hash == 0 {
		v.scan(w.text)
		return
	}
	v.chain(w.hash)
}

func (v *visitor) anything() bool {
	for f := range texts {
		for i := int(v.d.starts[f]); v.c.in.has(f) && i < int(v.d.starts[f+1]); i++ {
			if v.add(span{i, i}); v.done {
				return true
			}
		}
	}
	return v.found
}

// try looks for the phrase at token i.
func (v *visitor) try(i int) {
	f := v.d.textOf(i)
	if !v.c.in.has(f) {
		return
	}
	if end := v.c.end(v.d, i, int(v.d.starts[f+1])); end > 0 && v.c.isWritten(v.d, i, end-1) {
		v.add(span{i, end - 1})
	}
}

func (v *visitor) add(s span) {
	v.found = true
	v.done = v.once || !v.more(s)
}

// isWritten reports whether these tokens have their letters in the right case.
func (c *phrase) isWritten(d *Doc, first, last int) bool {
	if c.written == "" {
		return true
	}
	var b strings.Builder
	for i := first; i <= last; i++ {
		b.WriteString(text.Case(d.raw(i)))
	}
	return b.String() == c.written || c.prefix && strings.HasPrefix(b.String(), c.written)
}

// chain tries all tokens that are the word with this hash.
func (v *visitor) chain(hash uint64) {
	if !v.x.maybe(hash) {
		return
	}
	for i := v.x.first(hash); i >= 0 && !v.done; i = v.x.after(i) {
		v.try(i)
	}
}

// scan tries the words that begin like this, or that have the beginning of it.
func (v *visitor) scan(prefix string) {
	for i := 0; i < len(v.d.tokens) && !v.done; i++ {
		t := v.d.tokens[i].Text
		if t[0] != prefix[0] {
			continue
		}
		if n := min(len(t), len(prefix)); t[:n] == prefix[:n] {
			v.try(i)
		}
	}
}

// end returns where the phrase ends that starts at token i of a text that ends
// at end: the token after it, or 0 if it does not stand there. There is never a
// choice: whether a word of the text is shorter or longer than that of the query
// says on which side a border is missing.
func (c *phrase) end(d *Doc, i, end int) int {
	for k := 0; k < len(c.words); {
		if i >= end {
			return 0
		}
		t, w, cut := d.tokens[i].Text, c.words[k], c.cut(k)
		switch {
		case t == w || cut && strings.HasPrefix(t, w):
			k, i = k+1, i+1
		case len(t) < len(w):
			n := d.joined(i, end, w, cut)
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
func (c *phrase) closedUp(k int, t string) int {
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
