package filters

import (
	"strings"
	"sync"

	"tipoff/filters/text"
	"tipoff/sources/story"
)

// The texts of a story, in the order in which a Doc has their words.
const (
	inTitle = iota
	inSummary
	inContent
	texts
)

// Doc is a story made ready for matching: normalised and split once, for any
// number of filters. What only some filters ask for is made ready when the
// first one does. It is safe for concurrent use. The story must not be changed
// while its Doc is in use.
type Doc struct {
	buffer text.Buffer
	texts  [texts]string
	tokens []text.Token
	// Text f has the tokens from starts[f] up to starts[f+1].
	starts [texts + 1]int32
	story  *story.Story

	indexed sync.Once
	index   index

	lazy
}

// NewDoc splits the story.
func NewDoc(s *story.Story) *Doc {
	d := &Doc{}
	d.Reset(s)
	return d
}

// Reset makes d the Doc of another story, in the memory that it has. Nobody
// may be using it.
func (d *Doc) Reset(s *story.Story) {
	d.story = s
	d.texts = [texts]string{s.Title, s.Summary, s.Content}
	d.buffer.Reset()
	d.buffer.Grow(len(s.Title) + len(s.Summary) + len(s.Content))
	for f, t := range d.texts {
		d.buffer.Append(t)
		d.starts[f+1] = int32(len(d.buffer.Tokens()))
	}
	d.tokens = d.buffer.Tokens()
	d.indexed, d.faceted, d.parted, d.entity = sync.Once{}, sync.Once{}, sync.Once{}, nil
	d.folded = [texts]string{}
}

// words returns the index of the story's words.
func (d *Doc) words() *index {
	d.indexed.Do(func() { d.index.make(d) })
	return &d.index
}

// textOf is the text that token i is in.
func (d *Doc) textOf(i int) int {
	f := inTitle
	for i >= int(d.starts[f+1]) {
		f++
	}
	return f
}

// gap is what stands between token i and the next one of the same text f.
func (d *Doc) gap(f, i int) gap {
	from, to := d.tokens[i].End, d.tokens[i+1].Start
	if from > to { // two tokens of one character
		return apart
	}
	return gapOf(d.texts[f][from:to])
}

// spaced reports whether there is a space and nothing else between token i of
// text f and the next one.
func (d *Doc) spaced(f, i int) bool {
	end := d.tokens[i].End
	return end+1 == d.tokens[i+1].Start && d.texts[f][end] == ' '
}

// joined is the number of tokens from i that stand for the word w of a query
// though none of them is it, or 0. w may be the beginning of a word only. end
// is where the text ends.
func (d *Doc) joined(i, end int, w string, prefix bool) int {
	a, f := d.tokens[i].Text, d.textOf(i)
	if len(a) >= len(w) || i+1 >= end || w[:len(a)] != a {
		return 0
	}
	b, rest := d.tokens[i+1].Text, w[len(a):]
	if b == rest || prefix && strings.HasPrefix(b, rest) {
		if joins(a, b, rest, d.gap(f, i), prefix) {
			return 2
		}
		return 0
	}
	if i+2 >= end || !strings.HasPrefix(rest, b) {
		return 0
	}
	c, rest := d.tokens[i+2].Text, rest[len(b):]
	if c != rest && (!prefix || !strings.HasPrefix(c, rest)) || !alternate(a, b, rest) {
		return 0
	}
	if !joins(a, b, b, d.gap(f, i), false) || !joins(b, c, rest, d.gap(f, i+1), prefix) {
		return 0
	}
	return 3
}

// oneWord reports whether the words of a pair may be read as one.
func (d *Doc) oneWord(p pair) bool {
	i := int(p.token)
	a, b := d.tokens[i].Text, d.tokens[i+1].Text
	f := d.textOf(i)
	if p.words == 2 {
		return joins(a, b, b, d.gap(f, i), false)
	}
	c := d.tokens[i+2].Text
	return alternate(a, b, c) && joins(a, b, b, d.gap(f, i), false) && joins(b, c, c, d.gap(f, i+1), false)
}

// foldedText is text f with its letters folded, see [foldCase].
func (d *Doc) foldedText(f int) string {
	d.lock.Lock()
	defer d.lock.Unlock()
	if d.folded[f] == "" {
		d.folded[f] = foldCase(d.texts[f])
	}
	return d.folded[f]
}

// raw is token i as it stands in the story.
func (d *Doc) raw(i int) string {
	return d.texts[d.textOf(i)][d.tokens[i].Start:d.tokens[i].End]
}

// written is what stands in the story from token i to token j.
func (d *Doc) written(i, j int) string {
	t := d.texts[d.textOf(i)]
	whole := t[d.tokens[i].Start:d.tokens[j].End]
	words := make([]string, 0, j-i+1)
	wide := false
	for k := i; k <= j; k++ {
		words = append(words, t[d.tokens[k].Start:d.tokens[k].End])
		wide = wide || k > i && d.tokens[k].Start-d.tokens[k-1].End > len(" — ")
	}
	if wide || strings.ContainsAny(whole, "\n\r\t") {
		// Much between two words, such as a line and its indent, is left out.
		return strings.Join(words, " ")
	}
	return whole
}
