package filters

import (
	"hash/maphash"
	"strings"

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
// number of filters. It does not change and is safe for concurrent use, and it
// does not follow later changes of the story.
type Doc struct {
	texts  [texts]string
	tokens []text.Token
	// Text f has the tokens from starts[f] up to starts[f+1].
	starts [texts + 1]int32

	// words is a hash table of one more than the place of the first token of
	// each different word; next leads from each token to the next one of the
	// same word, or to -1. last has one token of each word.
	words []int32
	next  []int32
	last  []int32

	sources, tags []name
}

// name is a source or a tag. It is compared by its words, which folded holds
// with single spaces between them.
type name struct{ folded, written string }

var seed = maphash.MakeSeed()

// NewDoc splits the story.
func NewDoc(s *story.Story) *Doc {
	d := &Doc{texts: [texts]string{s.Title, s.Summary, s.Content}}
	var b text.Buffer
	b.Grow(len(s.Title) + len(s.Summary) + len(s.Content))
	for f, t := range d.texts {
		b.Append(t)
		d.starts[f+1] = int32(len(b.Tokens()))
	}
	d.tokens = b.Tokens()
	d.index()
	if s.Source != "" {
		d.sources = append(d.sources, newName(s.Source))
	}
	for _, o := range s.Sources {
		if o.Name != "" && o.Name != s.Source {
			d.sources = append(d.sources, newName(o.Name))
		}
	}
	for _, t := range s.Tags {
		d.tags = append(d.tags, newName(t))
	}
	return d
}

func newName(s string) name { return name{text.Normalise(s), s} }

// index fills words, next and last.
func (d *Doc) index() {
	n := len(d.tokens)
	size := 4
	for size < 2*n {
		size *= 2
	}
	all := make([]int32, size+2*n)
	d.words, d.next, d.last = all[:size], all[size:size+n], all[size+n:size+n]
	// Backwards, so that each word's first token is in the table at the end.
	for i := n - 1; i >= 0; i-- {
		slot := d.slot(d.tokens[i].Text)
		d.next[i] = d.words[slot] - 1
		if d.words[slot] == 0 {
			d.last = append(d.last, int32(i))
		}
		d.words[slot] = int32(i) + 1
	}
}

// slot is where the table has the word, or where it would.
func (d *Doc) slot(word string) int {
	mask := len(d.words) - 1
	slot := int(maphash.String(seed, word)) & mask
	for d.words[slot] != 0 && d.tokens[d.words[slot]-1].Text != word {
		slot = (slot + 1) & mask
	}
	return slot
}

// first is the place of the first token that is this word, or -1.
func (d *Doc) first(word string) int32 { return d.words[d.slot(word)] - 1 }

// textOf is the text that token i is in.
func (d *Doc) textOf(i int) int {
	f := inTitle
	for i >= int(d.starts[f+1]) {
		f++
	}
	return f
}

// IndexTexts returns what an index should hold of the story: the words of its
// texts as the filters see them, with single spaces between them. The index
// must split at these spaces, and nowhere else.
func IndexTexts(s *story.Story) (title, summary, content string) {
	return text.Normalise(s.Title), text.Normalise(s.Summary), text.Normalise(s.Content)
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
