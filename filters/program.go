package filters

import (
	"cmp"
	"slices"
)

// program is a filter in the form in which a [Set] evaluates it: the questions
// side by side in memory, so that a watch among thousands costs few cache lines
// and not the walk of a tree.
type program struct {
	steps []step
	// clauses are asked for what is not just a word.
	clauses []clause
	start   int16
}

// step asks something and says where to go on: to another step, to isTrue or
// to isFalse.
type step struct {
	// hash is that of a word or name; of a phrase, that of the first word.
	hash    uint64
	yes, no int16
	clause  int16 // to ask instead, if not -1
	in      fields
	kind    stepKind
}

type stepKind byte

const (
	stepClause stepKind = iota
	stepWord            // whether the story has a word in some of its texts
	stepSource          // whether it has the source,
	stepTag             // or the tag
	// Most stories that have the words of a phrase do not have the phrase, and
	// that is seen without it. Another step behind this one, that is none of the
	// program, has the hash of the first two words closed up, if they may be, and
	// as clause the first letter of the second word.
	stepPhrase
)

const (
	isTrue  = -1
	isFalse = -2
)

func newProgram(root clause) program {
	var p program
	p.start = p.add(root, isTrue, isFalse)
	p.steps = slices.Clip(p.steps)
	return p
}

// add adds the steps of a clause and returns the first of them, or where to go
// on if nothing has to be asked. Steps come after those that they go to.
func (p *program) add(c clause, yes, no int16) int16 {
	switch c := c.(type) {
	case everything:
		return yes
	case noneOf:
		return p.add(c.clause, no, yes)
	case allOf:
		for _, sub := range slices.Backward(cheapFirst(c)) {
			yes = p.add(sub, yes, no)
		}
		return yes
	case oneOf:
		for _, sub := range slices.Backward(cheapFirst(c)) {
			no = p.add(sub, yes, no)
		}
		return no
	}
	s := step{yes: yes, no: no, clause: -1}
	at := int16(len(p.steps))
	switch c := c.(type) {
	case word:
		s.kind, s.hash, s.in = stepWord, c.hash, c.in
		p.steps = append(p.steps, s)
		return at
	case named:
		if c.name != "" && !c.prefix {
			s.kind, s.hash = stepSource, hashOf(c.name)
			if c.tag {
				s.kind = stepTag
			}
			p.steps = append(p.steps, s)
			return at
		}
	}
	s.clause = int16(len(p.clauses))
	p.clauses = append(p.clauses, c)
	if c, ok := c.(*phrase); ok && len(c.words) > 1 && c.three == nil && (c.two == nil || c.two.hash != 0) {
		s.kind, s.hash, s.in = stepPhrase, c.hashes[0], c.in
		behind := step{clause: int16(c.words[1][0])}
		if c.two != nil {
			behind.hash = c.two.hash
		}
		p.steps = append(p.steps, s, behind)
		return at
	}
	p.steps = append(p.steps, s)
	return at
}

// cheapFirst returns the clauses in the order in which to ask them: what can
// cost much is left for when all else does not decide.
func cheapFirst(list []clause) []clause {
	return slices.SortedStableFunc(slices.Values(list), func(a, b clause) int { return cmp.Compare(costOf(a), costOf(b)) })
}

// cost orders clauses.
type cost int

const (
	costWord cost = iota
	costPhrase
	costName
	costEntity
	costRegex
)

func costOf(c clause) cost {
	most := func(list []clause) (worst cost) {
		for _, sub := range list {
			worst = max(worst, costOf(sub))
		}
		return worst
	}
	switch c := c.(type) {
	case allOf:
		return most(c)
	case oneOf:
		return most(c)
	case noneOf:
		return costOf(c.clause)
	case *phrase:
		return costPhrase
	case named, inDomain, inLang, within, comparison, inTime, near:
		return costName
	case ofActor, ofCountry, ofMalware, ofCVE, *topic:
		return costEntity
	case *regex:
		return costRegex
	}
	return costWord
}

// match runs the program, with an index of the story's words, or of those that
// it asks for.
func (p *program) match(d *Doc, x *index) bool {
	at := p.start
	for at >= 0 {
		s := &p.steps[at]
		yes := false
		switch s.kind {
		case stepWord:
			yes = x.has(s.hash, s.in)
		case stepSource:
			yes = hasName(d.facets().sources, s.hash)
		case stepTag:
			yes = hasName(d.facets().tags, s.hash)
		case stepPhrase:
			behind := &p.steps[at+1]
			yes = x.mayHave(s.hash, byte(behind.clause), behind.hash, s.in) && p.clauses[s.clause].(*phrase).isIn(x)
		default:
			yes = p.clauses[s.clause].match(d)
		}
		if yes {
			at = s.yes
		} else {
			at = s.no
		}
	}
	return at == isTrue
}

func hasName(names []name, hash uint64) bool {
	return slices.ContainsFunc(names, func(n name) bool { return n.hash == hash })
}
