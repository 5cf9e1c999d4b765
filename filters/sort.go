package filters

import (
	"strings"
	"unicode/utf8"

	"tipoff/filters/query"
)

// relevance is what sort: can be asked for besides the usual order.
const relevance = "relevance"

// ByRelevance reports whether the query asks for the best stories first, by
// sort:relevance. What it matches is the same.
func (f *Filter) ByRelevance() bool { return f.byRelevance }

func (c *compiler) checkSort(text string) (string, *query.Fault) {
	if c.now.IsZero() {
		return "", &query.Fault{Expected: "a query for stories to come", Found: "sort:, which only a search knows"}
	}
	if strings.EqualFold(text, relevance) {
		return relevance, nil
	}
	return "", &query.Fault{Expected: "relevance (without sort: it is the newest first)", Suggest: "sort:" + relevance}
}

// sortOf reports whether a query asks for an order, and whether it does so in a
// place where that has no sense: an order is of the whole.
func sortOf(tree query.Node) (sorted, misplaced bool) {
	parts := query.And{tree}
	if all, ok := tree.(query.And); ok {
		parts = all
	}
	for _, n := range parts {
		if isSort(n) {
			sorted = true
		} else if hasSort(n) {
			misplaced = true
		}
	}
	return sorted, misplaced
}

func isSort(n query.Node) bool {
	v, ok := n.(query.Value)
	return ok && v.Field == query.Sort
}

func hasSort(n query.Node) bool {
	var parts []query.Node
	switch n := n.(type) {
	case query.And:
		parts = n
	case query.Or:
		parts = n
	case query.Not:
		parts = []query.Node{n.X}
	}
	for _, sub := range parts {
		if isSort(sub) || hasSort(sub) {
			return true
		}
	}
	return false
}

func misplacedSort(q string) *query.Error {
	at := max(0, strings.Index(strings.ToLower(q), "sort:"))
	return &query.Error{
		Query: q, Col: utf8.RuneCountInString(q[:min(at, len(q))]) + 1,
		Expected: "sort: beside the rest of the query", Found: "it within OR, NOT or ( )",
	}
}
