package database

import (
	"strings"

	"tipoff/filters"
)

// MatchKind says which stories a [Match] is about.
type MatchKind int

// The kinds.
const (
	MatchAll  MatchKind = iota // every story
	MatchNone                  // no story
	MatchSome                  // those that the index finds
	MatchBut                   // all but those that the index finds
)

// Match is a set of stories, as an index is asked for it. What the index finds
// has at least one of the words asked for: no index can be asked for what is not
// there alone.
type Match struct {
	Kind  MatchKind
	Query string // in the index's language; of MatchSome and MatchBut
}

// Language is how an index is asked.
type Language struct {
	And, Or, AndNot string
	// Words writes an OpWords need. exact says that the index finds just the
	// stories that have it; otherwise it finds others too, and with an empty
	// query it cannot be asked for it.
	Words func(n filters.Need) (query string, exact bool)
	// Near writes an OpNear need, of which the index may find more than have it;
	// nil where it does not know which words are near.
	Near func(n filters.Need) (query string)
	// Unindexed is what finds those stories, if there are such, of which the
	// index does not have the words; or empty.
	Unindexed string
}

// AtLeast is a set that has all stories with a need, and may have others.
func (l *Language) AtLeast(n filters.Need) Match {
	m := l.match(n, true)
	if m.Kind == MatchSome && l.Unindexed != "" {
		m.Query = "(" + m.Query + ")" + l.Or + l.Unindexed
	}
	return m
}

// AtMost is a set that has none but stories with a need, and may not have all of
// them.
func (l *Language) AtMost(n filters.Need) Match {
	m := l.match(n, false)
	if m.Kind == MatchBut && l.Unindexed != "" {
		m.Query = "(" + m.Query + ")" + l.Or + l.Unindexed
	}
	return m
}

// Minus is the stories of a that are not in b.
func (l *Language) Minus(a, b Match) Match { return l.every([]Match{a, b.not()}) }

// maxWords is how many words of one alternative an index is asked for. Each is
// looked up by itself, and a topic pack has thousands: it is faster to read
// stories until there are enough.
const maxWords = 300

// countWords is how many words a need has, as far as limit.
func countWords(n filters.Need, limit int) int {
	if n.Op == filters.OpWords || n.Op == filters.OpNear {
		return len(n.Words)
	}
	words := 0
	for _, sub := range n.Sub {
		if words += countWords(sub, limit-words); words > limit {
			break
		}
	}
	return words
}

func (l *Language) match(n filters.Need, loose bool) Match {
	if n.Op == filters.OpOr && countWords(n, maxWords) > maxWords {
		if loose {
			return Match{Kind: MatchAll}
		}
		return Match{Kind: MatchNone}
	}
	switch n.Op {
	case filters.OpWords:
		q, exact := l.Words(n)
		switch {
		case exact || loose && q != "":
			return Match{MatchSome, q}
		case loose:
			return Match{Kind: MatchAll}
		}
		return Match{Kind: MatchNone}
	case filters.OpNear:
		if !loose {
			return Match{Kind: MatchNone}
		}
		if l.Near != nil {
			return Match{MatchSome, l.Near(n)}
		}
		var both []Match
		for _, w := range n.Words {
			both = append(both, l.match(filters.Need{Op: filters.OpWords, Fields: n.Fields, Words: []string{w}}, true))
		}
		return l.every(both)
	case filters.OpNot:
		return l.match(n.Sub[0], !loose).not()
	case filters.OpNone:
		return Match{Kind: MatchNone}
	case filters.OpAny:
		return Match{Kind: MatchAll}
	}
	all := make([]Match, len(n.Sub))
	for i, sub := range n.Sub {
		all[i] = l.match(sub, loose)
	}
	if n.Op == filters.OpAnd {
		return l.every(all)
	}
	// One of them is: not every one is not.
	for i := range all {
		all[i] = all[i].not()
	}
	return l.every(all).not()
}

func (m Match) not() Match {
	switch m.Kind {
	case MatchAll:
		m.Kind = MatchNone
	case MatchNone:
		m.Kind = MatchAll
	case MatchSome:
		m.Kind = MatchBut
	case MatchBut:
		m.Kind = MatchSome
	}
	return m
}

// every is what is in all of the sets.
func (l *Language) every(all []Match) Match {
	var in, out []string
	for _, m := range all {
		switch m.Kind {
		case MatchNone:
			return m
		case MatchSome:
			in = append(in, m.Query)
		case MatchBut:
			out = append(out, m.Query)
		case MatchAll:
		}
	}
	switch {
	case len(in) == 0 && len(out) == 0:
		return Match{Kind: MatchAll}
	case len(in) == 0:
		return Match{MatchBut, l.join(out, l.Or)}
	case len(out) == 0:
		return Match{MatchSome, l.join(in, l.And)}
	}
	return Match{MatchSome, "(" + l.join(in, l.And) + ")" + l.AndNot + "(" + l.join(out, l.Or) + ")"}
}

func (l *Language) join(parts []string, op string) string {
	if len(parts) == 1 {
		return parts[0]
	}
	return "(" + strings.Join(parts, ")"+op+"(") + ")"
}
