package filters

import (
	"cmp"
	"slices"
)

// found is something that made a query match: tokens from at to end of the
// texts, or a name after them.
type found struct {
	at, end int
	folded  string
	written string
}

// Terms returns what made the story match, as it stands there: words and
// phrases in the order of title, summary and content, then sources and tags,
// each once however often and in which forms it occurs. Only what is wanted
// counts, not what is excluded. There is none where the story does not match,
// or matches for what it does not have.
func (f *Filter) Terms(d *Doc) []string {
	if !f.root.match(d) {
		return nil
	}
	var all []found
	f.root.terms(d, func(x found) { all = append(all, x) })
	slices.SortStableFunc(all, func(a, b found) int {
		return cmp.Or(cmp.Compare(a.at, b.at), cmp.Compare(a.end, b.end))
	})
	var terms []string
	seen := make(map[string]bool, len(all))
	for _, x := range all {
		if !seen[x.folded] {
			seen[x.folded] = true
			terms = append(terms, x.written)
		}
	}
	return terms
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
	x := func(s span) found {
		f := found{at: s.first, end: s.last, written: d.written(s.first, s.last)}
		for i := s.first; i <= s.last; i++ {
			f.folded += d.tokens[i].Text
		}
		return f
	}
	if c.prefix { // which may find other words further on
		c.visit(d, func(s span) bool { add(x(s)); return true })
		return
	}
	first := span{first: len(d.tokens)}
	c.visit(d, func(s span) bool {
		if s.first < first.first {
			first = s
		}
		return true
	})
	if first.first < len(d.tokens) {
		add(x(first))
	}
}

func (c named) terms(d *Doc, add func(found)) {
	if c.name == "" {
		return
	}
	for i, n := range c.names(d) {
		if c.is(n) {
			at := len(d.tokens) + i
			if c.tag {
				at += len(d.sources)
			}
			add(found{at: at, end: at, folded: n.folded, written: n.written})
		}
	}
}
