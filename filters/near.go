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

// compileNear makes a chain for the story's texts, one for the author and one
// for the URL, each of those parts of the sides that look there: nothing in
// different ones of these is near.
func (c *compiler) compileNear(n query.Near) clause {
	var chains oneOf
	for _, field := range []query.Field{query.Any, query.Author, query.URL} {
		sides := make([]clause, 0, len(n.Sides))
		for _, side := range n.Sides {
			if side := sideIn(side, field); side != nil {
				sides = append(sides, c.compile(side))
			}
		}
		switch {
		case len(sides) < len(n.Sides):
		case field == query.Any:
			chains = append(chains, near{sides, n.Within})
		default:
			chains = append(chains, within{field, near{sides, n.Within}})
		}
	}
	switch len(chains) {
	case 0:
		return noneOf{everything{}}
	case 1:
		return chains[0]
	}
	return chains
}

// sideIn is that part of a side which looks in the author or the URL, as
// field says, with these as headlines; or for [query.Any], in the story's
// texts. It is nil if there is none.
func sideIn(side query.Node, field query.Field) query.Node {
	switch n := side.(type) {
	case query.Term:
		apart := n.Field == query.Author || n.Field == query.URL
		switch {
		case apart && n.Field == field:
			n.Field = query.Title
			return n
		case !apart && field == query.Any:
			return n
		}
	case query.Or:
		var parts query.Or
		for _, sub := range n {
			if part := sideIn(sub, field); part != nil {
				parts = append(parts, part)
			}
		}
		if len(parts) == 1 {
			return parts[0]
		}
		if len(parts) > 1 {
			return parts
		}
	}
	return nil
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

func (c near) cover() cover { return unsure(allOf(c.sides).cover()) }

// unsure is a cover that decides nothing.
func unsure(c cover) cover {
	c.places = slices.Clone(c.places)
	for i := range c.places {
		c.places[i].sure = false
	}
	return c
}
