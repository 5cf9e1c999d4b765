package filters

import (
	"tipoff/filters/query"
)

// Explanation says clause by clause why a story matches a query, or does not.
// Its JSON is what programs read of match --explain.
type Explanation struct {
	Match bool   `json:"match"`
	Query string `json:"query"` // in canonical form
	// Failed is the one clause that kept the story from matching, in canonical
	// form: with it the other way, the story would match. Empty if there is no
	// such clause, or more than one.
	Failed string `json:"failed,omitempty"`
	Tree   Reason `json:"tree"`
}

// Reason is a part of a query with its answer.
type Reason struct {
	// Op is and, or, not, set, or clause for what has no parts.
	Op     string `json:"op"`
	Clause string `json:"clause"` // the part in canonical form
	Match  bool   `json:"match"`
	// Places are where the story has what the clause looks for.
	Places []Highlight `json:"places,omitempty"`
	Parts  []Reason    `json:"parts,omitempty"`
}

// Explain answers every clause of the query for one story, also those that the
// matcher would have no need to ask. It is for people: it costs far more than
// [Filter.Match].
func (f *Filter) Explain(d *Doc) Explanation {
	tree := f.reasons(d)
	e := Explanation{Match: tree.Match, Query: f.String(), Tree: tree}
	if !tree.Match {
		if failed := failedIn(&tree); failed != nil {
			e.Failed = failed.Clause
		}
	}
	return e
}

// reasons reads the query again and answers it clause by clause.
func (f *Filter) reasons(d *Doc) Reason {
	c := compiler{lexicon: f.lexicon, now: f.now}
	tree, err := query.ParseWith(f.text, c.check)
	if err != nil {
		// It has been read once.
		return Reason{Op: "clause", Clause: f.text, Match: f.Match(d)}
	}
	return c.explain(tree, d)
}

func (c *compiler) explain(n query.Node, d *Doc) Reason {
	r := Reason{Op: "clause", Clause: n.String()}
	parts := func(list []query.Node) {
		for _, sub := range list {
			r.Parts = append(r.Parts, c.explain(sub, d))
		}
	}
	switch n := n.(type) {
	case query.And:
		r.Op, r.Match = "and", true
		parts(n)
		for _, p := range r.Parts {
			r.Match = r.Match && p.Match
		}
		return r
	case query.Or:
		r.Op = "or"
		parts(n)
		for _, p := range r.Parts {
			r.Match = r.Match || p.Match
		}
		return r
	case query.Not:
		r.Op = "not"
		parts([]query.Node{n.X})
		r.Match = !r.Parts[0].Match
		return r
	}
	leaf := c.compile(n)
	f := Filter{root: leaf, program: newProgram(leaf)}
	r.Match = f.Match(d)
	r.Places = f.Highlights(d)
	if t, ok := leaf.(*topic); ok {
		r.Op = "set"
		for _, f := range t.filters {
			// Of a pack, only what is true is of interest: it has hundreds of
			// clauses.
			if !f.Match(d) {
				continue
			}
			r.Parts = append(r.Parts, onlyTrue(f.reasons(d)))
		}
	}
	return r
}

// onlyTrue leaves out the parts of an OR that are false.
func onlyTrue(r Reason) Reason {
	var parts []Reason
	for _, p := range r.Parts {
		if r.Op != "or" || p.Match {
			parts = append(parts, onlyTrue(p))
		}
	}
	r.Parts = parts
	return r
}

// failedIn returns the one part that makes r what it is, nil if there are
// several. Where all of an OR is false it is the OR as a whole.
func failedIn(r *Reason) *Reason {
	switch r.Op {
	case "and":
		if r.Match {
			return nil // each of its parts would have to be false, one at least
		}
		var failed *Reason
		for i := range r.Parts {
			if r.Parts[i].Match {
				continue
			}
			if failed != nil {
				return nil
			}
			failed = &r.Parts[i]
		}
		return failedIn(failed)
	case "not":
		return r
	}
	return r
}
