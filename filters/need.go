package filters

// Op says what a [Need] needs.
type Op int

// The kinds of need. The zero Need is Any.
const (
	OpAny   Op = iota // nothing that an index knows: every story may match
	OpWords           // the words, next to each other
	OpAnd             // all of Sub, of which there are two or more
	OpOr              // one of Sub, of which there are two or more
)

// Need is what every story has that a filter matches, for an index of the
// texts of [IndexTexts]. Stories that have it may still not match.
type Need struct {
	Op Op
	// Fields are the texts in which the words can be: some of "title",
	// "summary" and "content". None means all three.
	Fields []string
	Words  []string
	// Prefix says that the last word is only the beginning of one.
	Prefix bool
	Sub    []Need
}

// Need returns what an index can look for on behalf of the filter.
func (f *Filter) Need() Need { return f.root.need() }

func (everything) need() Need { return Need{} }
func (noneOf) need() Need     { return Need{} }
func (named) need() Need      { return Need{} }

func (c allOf) need() Need {
	var subs []Need
	for _, sub := range c {
		if n := sub.need(); n.Op != OpAny {
			subs = append(subs, n)
		}
	}
	return joined(OpAnd, subs)
}

func (c oneOf) need() Need {
	subs := make([]Need, len(c))
	for i, sub := range c {
		if subs[i] = sub.need(); subs[i].Op == OpAny {
			return Need{}
		}
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

func (c phrase) need() Need {
	if len(c.words) == 0 {
		return Need{}
	}
	n := Need{Op: OpWords, Words: c.words, Prefix: c.prefix}
	if c.in != [texts]bool{true, true, true} {
		for f, name := range [texts]string{"title", "summary", "content"} {
			if c.in[f] {
				n.Fields = append(n.Fields, name)
			}
		}
	}
	return n
}
