package country

import (
	_ "embed"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"

	"tipoff/filters/text"
)

//go:embed countries.txt
var source string

// world is the table of countries.txt, which a test keeps well-formed.
var world = sync.OnceValue(func() *table {
	t, err := parse(source)
	if err != nil {
		panic("country: " + err.Error())
	}
	return t
})

// maxWords is how many words a name may have.
const maxWords = 14

// table is all names, ready to be looked for.
type table struct {
	codes map[string]bool
	names map[string]string // normalised name -> code, for Lookup

	// The names as a tree of words. starts has the first words.
	roots  map[string]*node
	starts text.Sieve

	follows, first, pronoun, states, abbreviations words
}

// node is a word of a name, after the words before it.
type node struct {
	entries []entry
	next    map[string]*node
}

// entry is what a name stands for: a country's code, empty if for none.
type entry struct {
	code string
	cond *cond
}

// parse reads the format that countries.txt describes at its head.
func parse(source string) (*table, error) {
	t := &table{codes: map[string]bool{}, names: map[string]string{}, roots: map[string]*node{}}
	lists := map[string]words{}
	number := 0
	for line := range strings.Lines(source) {
		number++
		line = strings.TrimSpace(line)
		var err error
		switch {
		case line == "", strings.HasPrefix(line, "#"):
		case strings.HasPrefix(line, "@"):
			err = addList(lists, line)
		default:
			err = t.addLine(lists, line)
		}
		if err != nil {
			return nil, fmt.Errorf("line %d: %w", number, err)
		}
	}
	t.follows, t.first, t.pronoun = lists["@follows"], lists["@first"], lists["@pronoun"]
	t.states, t.abbreviations = lists["@states"], lists["@abbreviations"]
	t.starts = text.NewSieve(slices.Collect(maps.Keys(t.roots)))
	return t, nil
}

func addList(lists map[string]words, line string) error {
	name, rest, ok := strings.Cut(line, " = ")
	if !ok {
		return fmt.Errorf("expected \"@name = words\" in %q", line)
	}
	if lists[name] == nil {
		lists[name] = words{}
	}
	for w := range strings.FieldsSeq(rest) {
		lists[name][w] = true
	}
	return nil
}

func (t *table) addLine(lists map[string]words, line string) error {
	parts := strings.Split(line, " | ")
	code, names, ok := strings.Cut(parts[0], " ")
	if !ok || len(code) != 2 || code != strings.ToUpper(code) {
		return fmt.Errorf("expected a code and names in %q", line)
	}
	c, err := parseCond(lists, parts[1:])
	if err != nil {
		return err
	}
	if code == "--" {
		code = ""
	} else {
		t.codes[code] = true
	}
	for name := range strings.SplitSeq(names, ";") {
		if err := t.addName(code, name, c); err != nil {
			return err
		}
	}
	return nil
}

func (t *table) addName(code, name string, c *cond) error {
	tokens := text.Tokens(name)
	if len(tokens) == 0 || len(tokens) > maxWords {
		return fmt.Errorf("%q has %d words", name, len(tokens))
	}
	if code != "" {
		t.names[text.Normalise(name)] = code
	}
	level := &t.roots
	var n *node
	for _, word := range tokens {
		if *level == nil {
			*level = map[string]*node{}
		}
		if n = (*level)[word.Text]; n == nil {
			n = &node{}
			(*level)[word.Text] = n
		}
		level = &n.next
	}
	for _, e := range n.entries {
		if e.cond == nil {
			return fmt.Errorf("%q stands here for the second time", strings.TrimSpace(name))
		}
	}
	n.entries = append(n.entries, entry{code, c})
	return nil
}

// parseCond reads the conditions of a line; nil if it has none.
func parseCond(lists map[string]words, parts []string) (*cond, error) {
	if len(parts) == 0 {
		return nil, nil
	}
	c := &cond{}
	flags := map[string]*bool{
		"capital": &c.capital, "caps": &c.caps, "quiet": &c.quiet,
		"person": &c.person, "given": &c.given, "lookup": &c.lookup,
	}
	sets := map[string]*words{
		"with": &c.with, "without": &c.without, "before": &c.before,
		"not-before": &c.notBefore, "after": &c.after, "not-after": &c.notAfter,
	}
	for _, part := range parts {
		name, rest, _ := strings.Cut(strings.TrimSpace(part), " ")
		if flag := flags[name]; flag != nil && rest == "" {
			*flag = true
			continue
		}
		set := sets[name]
		if set == nil || rest == "" {
			return nil, fmt.Errorf("unknown condition %q", part)
		}
		*set = words{}
		for w := range strings.FieldsSeq(rest) {
			members, isList := lists[w]
			switch {
			case isList:
				for m := range members {
					(*set)[m] = true
				}
			case text.Normalise(w) != w:
				return nil, fmt.Errorf("%q is no single folded word", w)
			default:
				(*set)[w] = true
			}
		}
	}
	return c, nil
}
