package filters

import (
	"slices"

	"tipoff/filters/query"
)

// near is a chain of things that stand near one another in one text.
type near struct {
	sides  []clause // phrases, or one of several
	within []int    // how many words may be between side k and k+1
}

func (c *compiler) compileNear(n query.Near) clause {
	// Sides in the author or the URL are all of them in it: nothing else can be
	// near.
	field := query.Any
	sides := make([]clause, len(n.Sides))
	for i, side := range n.Sides {
		side, f := asHeadline(side)
		sides[i] = c.compile(side)
		if f != query.Any {
			field = f
		}
	}
	all := near{sides, n.Within}
	if field != query.Any {
		for _, side := range n.Sides {
			if _, f := asHeadline(side); f != field {
				return noneOf{everything{}}
			}
		}
		return within{field, all}
	}
	return all
}

// asHeadline returns a side, and the field if it is the author or the URL: then
// the side is for the text of that field as a headline.
func asHeadline(n query.Node) (query.Node, query.Field) {
	switch n := n.(type) {
	case query.Term:
		if n.Field == query.Author || n.Field == query.URL {
			f := n.Field
			n.Field = query.Title
			return n, f
		}
	case query.Or:
		out, field := make(query.Or, len(n)), query.Any
		for i, sub := range n {
			out[i], field = asHeadline(sub)
		}
		return out, field
	}
	return n, query.Any
}

// places returns where a side stands, in the order of the text and each place
// once.
func places(c clause, d *Doc) []span {
	var all []span
	switch c := c.(type) {
	case oneOf:
		for _, sub := range c {
			all = append(all, places(sub, d)...)
		}
	case word:
		return places(c.phrase(), d)
	case *phrase:
		c.visit(d, func(s span) bool { all = append(all, s); return true })
	}
	slices.SortFunc(all, func(a, b span) int {
		if a.first != b.first {
			return a.first - b.first
		}
		return a.last - b.last
	})
	return slices.Compact(all)
}

func (c near) match(d *Doc) bool {
	for _, side := range c.sides {
		if !side.match(d) {
			return false
		}
	}
	return c.chains(d) != nil
}

// chains returns for each side those of its places that are part of a whole
// chain, nil if there is none. It takes time in proportion to the places, and
// to the words that may be between.
func (c near) chains(d *Doc) [][]span {
	all := make([][]span, len(c.sides))
	for k, side := range c.sides {
		all[k] = places(side, d)
		if k > 0 {
			all[k] = c.besides(d, all[k], all[k-1], c.within[k-1])
		}
		if len(all[k]) == 0 {
			return nil
		}
	}
	// What has a neighbour before it may have none behind.
	for k := len(all) - 2; k >= 0; k-- {
		all[k] = c.besides(d, all[k], all[k+1], c.within[k])
	}
	return all
}

// besides returns those of the places that have one of the others near.
func (c near) besides(d *Doc, all, others []span, within int) []span {
	longest := 0
	for _, o := range others {
		longest = max(longest, o.last-o.first)
	}
	var out []span
	start := 0
	for _, s := range all {
		// Places are in order of their first token, so those that end too far
		// before this one will do so for the next, too.
		for start < len(others) && s.first-others[start].first-longest-1 > within {
			start++
		}
		for _, o := range others[start:] {
			if o.first-s.last-1 > within {
				break
			}
			if apart := max(o.first-s.last, s.first-o.last); apart > 0 && apart-1 <= within && d.textOf(s.first) == d.textOf(o.first) {
				out = append(out, s)
				break
			}
		}
	}
	return out
}

func (c near) terms(d *Doc, add func(found)) {
	for _, side := range c.chains(d) {
		for _, s := range side {
			add(d.placed(s))
		}
	}
}

func (c near) need() Need   { return allOf(c.sides).need() }
func (c near) cover() cover { return unsure(allOf(c.sides).cover()) }

// unsure is a cover that decides nothing.
func unsure(c cover) cover {
	c.places = slices.Clone(c.places)
	for i := range c.places {
		c.places[i].sure = false
	}
	return c
}
