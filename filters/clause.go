package filters

import (
	"slices"
	"strings"

	"tipoff/filters/query"
)

// clause is a compiled part of a query.
type clause interface {
	match(d *Doc) bool
	// terms calls add for what made the clause match d, which it does.
	terms(d *Doc, add func(found))
	need() Need
	// cover returns words of which every matching story has one, and how many
	// stories are likely to have one; no words if there are stories without.
	cover() ([]key, float64)
}

type (
	everything struct{}
	allOf      []clause
	oneOf      []clause
	noneOf     struct{ clause }
)

func compile(n query.Node) clause {
	switch n := n.(type) {
	case query.And:
		return allOf(compileList(n))
	case query.Or:
		return oneOf(compileList(n))
	case query.Not:
		if twice, ok := n.X.(query.Not); ok {
			return compile(twice.X)
		}
		return noneOf{compile(n.X)}
	case query.Term:
		return compileTerm(n)
	}
	panic("filters: a kind of node that package query does not have")
}

func compileList(list []query.Node) []clause {
	out := make([]clause, len(list))
	for i, n := range list {
		out[i] = compile(n)
	}
	return out
}

func compileTerm(t query.Term) clause {
	switch t.Field {
	case query.Source, query.Tag:
		return named{tag: t.Field == query.Tag, name: strings.Join(t.Words, " "), prefix: t.Prefix}
	}
	p := phrase{words: t.Words, prefix: t.Prefix, in: [texts]bool{true, true, true}}
	switch t.Field {
	case query.Title:
		p.in = [texts]bool{inTitle: true}
	case query.Body:
		p.in = [texts]bool{inSummary: true, inContent: true}
	default:
		if len(t.Words) == 0 {
			return everything{}
		}
	}
	for i := range p.whole() {
		if rarity(t.Words[i]) < rarity(t.Words[p.rare]) {
			p.rare = i
		}
	}
	return p
}

func (everything) match(*Doc) bool { return true }

func (c allOf) match(d *Doc) bool {
	for _, sub := range c {
		if !sub.match(d) {
			return false
		}
	}
	return true
}

func (c oneOf) match(d *Doc) bool {
	for _, sub := range c {
		if sub.match(d) {
			return true
		}
	}
	return false
}

func (c noneOf) match(d *Doc) bool { return !c.clause.match(d) }

// phrase is a word, phrase or prefix in some of the texts. With no words, it
// is whether one of these texts has any.
type phrase struct {
	words  []string
	prefix bool
	in     [texts]bool
	// rare is the whole word that is looked up first.
	rare int
}

// whole is the number of words that are not the beginning of one only.
func (c phrase) whole() int {
	if c.prefix && len(c.words) > 0 {
		return len(c.words) - 1
	}
	return len(c.words)
}

func (c phrase) match(d *Doc) bool {
	return c.visit(d, func(int) bool { return false })
}

// visit calls more with the place of the first word of each occurrence, in
// order, as long as it wants more, and reports whether there was any.
func (c phrase) visit(d *Doc, more func(at int) bool) bool {
	found := false
	if c.whole() > 0 {
		for i := d.first(c.words[c.rare]); i >= 0; i = d.next[i] {
			if at := int(i) - c.rare; c.at(d, at) {
				found = true
				if !more(at) {
					break
				}
			}
		}
		return found
	}
	for f := range texts {
		if !c.in[f] {
			continue
		}
		for at := int(d.starts[f]); at < int(d.starts[f+1]); at++ {
			if len(c.words) == 0 || strings.HasPrefix(d.tokens[at].Text, c.words[0]) {
				found = true
				if !more(at) {
					return true
				}
			}
		}
	}
	return found
}

// at reports whether the phrase stands at token i, of which rare is known.
func (c phrase) at(d *Doc, i int) bool {
	f := d.textOf(i + c.rare)
	if !c.in[f] || i < int(d.starts[f]) || i+len(c.words) > int(d.starts[f+1]) {
		return false
	}
	for k, w := range c.words {
		t := d.tokens[i+k].Text
		if t != w && (k < c.whole() || !strings.HasPrefix(t, w)) {
			return false
		}
	}
	return true
}

// named is a source or tag. With no name, it is whether there is any.
type named struct {
	tag    bool
	name   string
	prefix bool
}

func (c named) names(d *Doc) []name {
	if c.tag {
		return d.tags
	}
	return d.sources
}

func (c named) is(n name) bool {
	return n.folded == c.name || c.prefix && strings.HasPrefix(n.folded, c.name)
}

func (c named) match(d *Doc) bool { return slices.ContainsFunc(c.names(d), c.is) }
