package filters

import (
	"cmp"
	"slices"

	"tipoff/filters/query"
)

// found is something that made a query match.
type found struct {
	// folded is what is the same however it is written.
	folded, written string
	field           query.Field
	// start and end are byte offsets in the field; both are 0 where it is not
	// one text.
	start, end int
}

// order is that of the fields; all others come after them.
var order = []query.Field{"title", "summary", "content", query.Author, query.URL, query.Source, query.Tag}

func (x *found) rank() int {
	if i := slices.Index(order, x.field); i >= 0 {
		return i
	}
	return len(order)
}

// The names of the texts.
var textNames = [texts]query.Field{"title", "summary", "content"}

// Highlight is a place in a story that made a query match.
type Highlight struct {
	// Field is title, summary, content, author, url, source, tag, domain, lang,
	// or, for an entity that no text mentions, actor, malware, country or cve.
	Field string `json:"field"`
	// Text is what stands there, or the entity's name.
	Text string `json:"text"`
	// Start and End are byte offsets in the field's text: Text is what is
	// between them, or the words of it where line breaks are between the words.
	// Both are 0 where there is no such text.
	Start int `json:"start"`
	End   int `json:"end"`
}

// Terms returns what made the story match, as it stands there: words and
// phrases in the order of title, summary and content, then the rest, each once
// however often and in which forms it occurs. Only what is wanted counts, not
// what is excluded. There is none where the story does not match, or matches
// for what it does not have.
func (f *Filter) Terms(d *Doc) []string {
	var terms []string
	seen := make(map[string]bool)
	for _, x := range f.found(d) {
		// An expression may have found the very text that a word did.
		if !seen[x.folded] && !slices.Contains(terms, x.written) {
			seen[x.folded] = true
			terms = append(terms, x.written)
		}
	}
	return terms
}

// Highlights returns all places that made the story match, in the order of
// [Filter.Terms] and without overlaps: where two overlap, the longer one
// counts.
func (f *Filter) Highlights(d *Doc) []Highlight {
	var all []Highlight
	for _, x := range f.found(d) {
		h := Highlight{string(x.field), x.written, x.start, x.end}
		if n := len(all); n > 0 && all[n-1].Field == h.Field && h.Start < all[n-1].End {
			if h.End-h.Start > all[n-1].End-all[n-1].Start {
				all[n-1] = h
			}
			continue
		}
		if !slices.Contains(all, h) {
			all = append(all, h)
		}
	}
	return all
}

// found lists what made the story match, in order.
func (f *Filter) found(d *Doc) []found {
	if !f.program.match(d, d.words()) {
		return nil
	}
	var all []found
	f.root.terms(d, func(x found) { all = append(all, x) })
	slices.SortStableFunc(all, func(a, b found) int {
		return cmp.Or(cmp.Compare(a.rank(), b.rank()), cmp.Compare(a.start, b.start), cmp.Compare(a.end, b.end))
	})
	return all
}

// placed is what stands in the texts from the first to the last token of a span.
func (d *Doc) placed(s span) found {
	f := d.textOf(s.first)
	x := found{
		written: d.written(s.first, s.last), field: textNames[f],
		start: d.tokens[s.first].Start, end: d.tokens[s.last].End,
	}
	for i := s.first; i <= s.last; i++ {
		x.folded += d.tokens[i].Text
	}
	return x
}

// aside is something that is not in the texts.
func aside(f query.Field, written string) found {
	return found{folded: string(f) + ":" + written, written: written, field: f}
}

// mention is an entity where a text has it, or by its name.
func (d *Doc) mention(f query.Field, s span, name string) found {
	if s == outside {
		return aside(f, name)
	}
	return d.placed(s)
}

func (everything) terms(*Doc, func(found)) {}
func (noneOf) terms(*Doc, func(found))     {}

func (c allOf) terms(d *Doc, add func(found)) {
	for _, sub := range c {
		sub.terms(d, add)
	}
}

func (c oneOf) terms(d *Doc, add func(found)) {
	for _, sub := range c {
		if sub.match(d) {
			sub.terms(d, add)
		}
	}
}

func (c *phrase) terms(d *Doc, add func(found)) {
	if len(c.words) == 0 {
		return
	}
	c.visit(d, func(s span) bool { add(d.placed(s)); return true })
}

func (c named) terms(d *Doc, add func(found)) {
	if c.name == "" {
		return
	}
	field := query.Source
	if c.tag {
		field = query.Tag
	}
	for _, n := range c.names(d) {
		if c.is(n) {
			x := aside(field, n.written)
			x.folded = n.folded
			add(x)
		}
	}
}
