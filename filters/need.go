package filters

import (
	"slices"
	"strings"

	"tipoff/filters/query"
)

// Op says what a [Need] needs.
type Op int

// The kinds of need. The zero Need is Any.
const (
	OpAny   Op = iota // nothing that an index knows: every story may match
	OpWords           // the words, next to each other
	OpAnd             // all of Sub, of which there are two or more
	OpOr              // one of Sub, of which there are two or more
	OpNot             // not Sub, of which there is one
	OpNone            // what no story has
	OpNear            // both of the two words, close to each other in one text
)

// Need is something that an index of the texts of [Doc.IndexTexts] can be asked for.
type Need struct {
	Op Op
	// Fields are the texts in which the words can be: "title" or "body". None
	// means both.
	Fields []string
	Words  []string
	// Prefix says that the last word is only the beginning of one.
	Prefix bool
	// Within is how many other words may be between two that are near.
	Within int
	Sub    []Need
}

// Need is what every story has that the filter matches. Stories that have it may
// still not match. An index that cannot ask for some part of it asks for more
// stories; for a part within an OpNot, for fewer.
//
// What a search says of since: and before: is not in it, see [Filter.Since].
func (f *Filter) Need() Need { return f.root.need() }

// Enough is what only stories have that the filter matches. Stories that do not
// have it may match too: those that have [Filter.Need]. An index that cannot ask
// for some part of it asks for fewer stories, and for a part within an OpNot, for
// more.
func (f *Filter) Enough() Need {
	all, ok := f.root.(allOf)
	if !ok {
		all = allOf{f.root}
	}
	// What bounds the time is in no index.
	all = slices.DeleteFunc(slices.Clone(all), func(c clause) bool { _, ok := c.(inTime); return ok })
	return enough(all)
}

// enough is [Filter.Enough] of a clause.
func enough(c clause) Need {
	switch c := c.(type) {
	case everything:
		return Need{}
	case noneOf:
		return not(c.clause.need())
	case allOf:
		return every(c, enough)
	case oneOf:
		return either(c, enough)
	case *topic:
		return either(c.clauses(), enough)
	case word:
		one := Need{Op: OpWords, Fields: c.in.names(), Words: []string{c.text}}
		return joined(OpOr, []Need{one, one.closed()})
	case *phrase:
		return c.enough()
	}
	return Need{Op: OpNone}
}

// enough is the phrase as it stands, or all of it closed up. What a text may
// have apart depends on signs that no index has.
func (c *phrase) enough() Need {
	if len(c.words) == 0 || c.written != "" {
		return Need{Op: OpNone}
	}
	words := func(w ...string) Need {
		return Need{Op: OpWords, Fields: c.in.names(), Words: w, Prefix: c.prefix}
	}
	forms := []Need{words(c.words...)}
	if len(c.words) == 1 && !c.prefix {
		forms = append(forms, forms[0].closed())
	}
	two, three := c.closed(0)
	if n := len(c.words); two && n == 2 || three && n == 3 {
		forms = append(forms, words(strings.Join(c.words, "")))
	}
	return joined(OpOr, forms)
}

// names are those of the texts in an index, none for all.
func (f fields) names() []string {
	switch f {
	case onTitle:
		return []string{"title"}
	case onBody:
		return []string{"body"}
	}
	return nil
}

// closed is the one word of a need as the index has it where the text has
// hyphens in it.
func (n Need) closed() Need {
	n.Words = []string{closedMark + n.Words[0]}
	return n
}

func not(n Need) Need {
	switch n.Op {
	case OpAny:
		return Need{Op: OpNone}
	case OpNone:
		return Need{}
	case OpNot:
		return n.Sub[0]
	}
	return Need{Op: OpNot, Sub: []Need{n}}
}

func need(c clause) Need { return c.need() }

func (everything) need() Need { return Need{} }
func (named) need() Need      { return Need{} }

func (c noneOf) need() Need { return not(enough(c.clause)) }
func (c allOf) need() Need  { return every(c, need) }
func (c oneOf) need() Need  { return either(c, need) }

func every(all []clause, of func(clause) Need) Need {
	var subs []Need
	for _, c := range all {
		switch n := of(c); n.Op {
		case OpAny:
		case OpNone:
			return n
		case OpAnd:
			subs = append(subs, n.Sub...)
		default:
			subs = append(subs, n)
		}
	}
	return joined(OpAnd, subs)
}

func either(all []clause, of func(clause) Need) Need {
	none := true
	var subs []Need
	for _, c := range all {
		n := of(c)
		none = none && n.Op == OpNone
		switch n.Op {
		case OpAny:
			return Need{}
		case OpNone:
		case OpOr:
			subs = append(subs, n.Sub...)
		default:
			subs = append(subs, n)
		}
	}
	if none {
		return Need{Op: OpNone}
	}
	return joined(OpOr, subs)
}

func joined(op Op, subs []Need) Need {
	switch len(subs) {
	case 0:
		return Need{}
	case 1:
		return subs[0]
	}
	return Need{Op: op, Sub: subs}
}

// need asks for two words as they stand near each other; where a text has one of
// them in another form, an index does not know how near the other is.
func (c near) need() Need {
	all := allOf(c.sides).need()
	if len(c.sides) != 2 {
		return all
	}
	a, ok := c.sides[0].(word)
	b, also := c.sides[1].(word)
	if !ok || !also || a.in != b.in {
		return all
	}
	return joined(OpOr, []Need{
		{Op: OpNear, Fields: a.in.names(), Words: []string{a.text, b.text}, Within: c.within[0]},
		joined(OpAnd, []Need{a.otherwise(), b.need()}),
		joined(OpAnd, []Need{a.need(), b.otherwise()}),
	})
}

// otherwise is the word in another form than as it stands.
func (c word) otherwise() Need {
	return joined(OpOr, c.need().Sub[1:])
}

func (c *phrase) need() Need {
	if len(c.words) == 0 {
		return Need{}
	}
	fields := c.in.names()
	words := func(prefix bool, w ...string) Need {
		return Need{Op: OpWords, Fields: fields, Words: w, Prefix: prefix}
	}
	// As it stands, or with a border that is missing on one side. Where there
	// is one such word there may be more, so of the phrase around it nothing is
	// asked; but where two words are asked for instead, which may be frequent, one
	// of the others must be there too, in some form.
	subs := []Need{words(c.prefix, c.words...)}
	for k, w := range c.words {
		if two, three := c.closed(k); two {
			subs = append(subs, words(c.cut(k+1), w+c.words[k+1]))
			if three {
				subs = append(subs, words(c.cut(k+2), w+c.words[k+1]+c.words[k+2]))
			}
		}
		subs = append(subs, words(c.cut(k), w).closed())
		for _, parts := range setApart(w, c.cut(k)) {
			split := words(c.cut(k), parts...)
			if other := c.rarest(k); other >= 0 {
				split = Need{Op: OpAnd, Sub: []Need{split, c.somehow(other)}}
			}
			subs = append(subs, split)
		}
	}
	return joined(OpOr, subs)
}

// setApart is what [splits] makes of a word.
func setApart(w string, prefix bool) (all [][]string) {
	splits(w, prefix, func(a, b, third string) {
		if parts := []string{a, b, third}; third == "" {
			all = append(all, parts[:2])
		} else {
			all = append(all, parts)
		}
	})
	return all
}

// rarest is the rarest word besides word k, -1 if there is none.
func (c *phrase) rarest(k int) int {
	best := -1
	for j, w := range c.words {
		if j != k && !c.cut(j) && (best < 0 || rarity(w) < rarity(c.words[best])) {
			best = j
		}
	}
	return best
}

// somehow is a need of word j, which is not cut, in any form: by itself, apart, or
// closed up with its neighbours.
func (c *phrase) somehow(j int) Need {
	words := func(prefix bool, w ...string) Need {
		return Need{Op: OpWords, Fields: c.in.names(), Words: w, Prefix: prefix}
	}
	own := words(false, c.words[j])
	forms := []Need{own, own.closed()}
	for _, parts := range setApart(c.words[j], false) {
		forms = append(forms, words(false, parts...))
	}
	for k := max(0, j-2); k <= j; k++ {
		two, three := c.closed(k)
		if two && k+1 >= j {
			forms = append(forms, words(c.cut(k+1), c.words[k]+c.words[k+1]))
		}
		if three {
			forms = append(forms, words(c.cut(k+2), c.words[k]+c.words[k+1]+c.words[k+2]))
		}
	}
	return joined(OpOr, forms)
}

// AsksSources reports whether the filter looks at who tells a story. To others,
// the sources of a story do not matter.
func (f *Filter) AsksSources() bool { return asksSources(f.root) }

func asksSources(c clause) bool {
	switch c := c.(type) {
	case allOf:
		return slices.ContainsFunc(c, asksSources)
	case oneOf:
		return slices.ContainsFunc(c, asksSources)
	case noneOf:
		return asksSources(c.clause)
	case *topic:
		return asksSources(c.clauses())
	case everything, word, *phrase, near, within, inLang, ofActor, ofCountry, ofMalware, ofCVE, inTime:
		return false
	case named:
		return !c.tag
	case comparison:
		return c.Field == query.Sources
	case *regex:
		return c.field == query.Source || c.field == query.Domain
	}
	return true
}
