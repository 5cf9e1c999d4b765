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
	cover() cover
}

type (
	everything struct{}
	allOf      []clause
	oneOf      []clause
	noneOf     struct{ clause }
)

func (c *compiler) compile(n query.Node) clause {
	switch n := n.(type) {
	case query.And:
		return allOf(c.compileList(n))
	case query.Or:
		return oneOf(c.compileList(n))
	case query.Not:
		if twice, ok := n.X.(query.Not); ok {
			return c.compile(twice.X)
		}
		return noneOf{c.compile(n.X)}
	case query.Term:
		return c.compileTerm(n)
	case query.Near:
		return c.compileNear(n)
	case query.Regex:
		return newRegex(n)
	case query.Value:
		return c.compileValue(n)
	case query.Compare:
		return comparison{n, c.lexicon}
	}
	panic("filters: a kind of node that package query does not have")
}

func (c *compiler) compileList(list []query.Node) []clause {
	out := make([]clause, len(list))
	for i, n := range list {
		out[i] = c.compile(n)
	}
	return out
}

func (c *compiler) compileTerm(t query.Term) clause {
	switch t.Field {
	case query.Source, query.Tag:
		return named{tag: t.Field == query.Tag, name: strings.Join(t.Words, ""), prefix: t.Prefix}
	case query.Author, query.URL:
		f := t.Field
		t.Field = query.Title
		return within{f, compilePhrase(t)}
	}
	return compilePhrase(t)
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

// named is a source or tag. With no name, it is whether there is any.
type named struct {
	tag    bool
	name   string
	prefix bool
}

func (c named) names(d *Doc) []name {
	f := d.facets()
	if c.tag {
		return f.tags
	}
	return f.sources
}

func (c named) is(n name) bool {
	return n.folded == c.name || c.prefix && strings.HasPrefix(n.folded, c.name)
}

func (c named) match(d *Doc) bool { return slices.ContainsFunc(c.names(d), c.is) }

// within looks for words in the author or the URL: a text of its own, which the
// clause takes for a headline.
type within struct {
	field query.Field
	clause
}

func (c within) doc(d *Doc) *Doc {
	if c.field == query.URL {
		return &d.parts().url.Doc
	}
	return &d.parts().author.Doc
}

func (c within) match(d *Doc) bool { return c.clause.match(c.doc(d)) }
