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
	var subs []Need
	for _, sub := range c {
		n := sub.need()
		switch n.Op {
		case OpAny:
			return Need{}
		case OpOr:
			subs = append(subs, n.Sub...)
		default:
			subs = append(subs, n)
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

func (c *phrase) need() Need {
	if len(c.words) == 0 {
		return Need{}
	}
	var fields []string
	if c.in != onAny {
		for f, name := range [texts]string{"title", "summary", "content"} {
			if c.in.has(f) {
				fields = append(fields, name)
			}
		}
	}
	words := func(prefix bool, w ...string) Need {
		return Need{Op: OpWords, Fields: fields, Words: w, Prefix: prefix}
	}
	// As it stands, or with a border that is missing on one side. Where there
	// is one such word there may be more, so of the phrase around it nothing is asked.
	subs := []Need{words(c.prefix, c.words...)}
	for k, w := range c.words {
		if two, three := c.closed(k); two {
			subs = append(subs, words(c.cut(k+1), w+c.words[k+1]))
			if three {
				subs = append(subs, words(c.cut(k+2), w+c.words[k+1]+c.words[k+2]))
			}
		}
		splits(w, c.cut(k), func(a, b, third string) {
			if third == "" {
				subs = append(subs, words(c.cut(k), a, b))
			} else {
				subs = append(subs, words(c.cut(k), a, b, third))
			}
		})
	}
	return joined(OpOr, subs)
}
