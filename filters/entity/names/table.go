package names

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"tipoff/filters/text"
)

// Table finds entries by their names. It does not change and is safe for
// concurrent use.
//
// A name that two entries bear belongs to the one that has it as its own name,
// else to the one that comes first; in a text, to the first of them in that
// order whose context fits.
type Table struct {
	keys  map[string]int32
	words map[string]word
	next  map[edge]int32
	nodes []node
	count int
	// starts has the words that a name starts with.
	starts text.Sieve
	// capitals is the context's Capitals.
	capitals bool
}

// word is what the table knows of a word in a text: one look into one map
// tells whether a name can start here and what the word says as a context.
type word struct {
	id    int32 // from 1
	start int32 // the node after this word as a first one, or 0
	role  role
}

type role uint8

const (
	near role = 1 << iota
	strong
	weak
	filler // stands between "gang" and a name: "the gang known as Play"
	naming // is used of names alone: "dubbed Play"
)

type edge struct{ node, word int32 }

// node is a place in the trie, with the forms that end there: mostly none or
// one, more where several entries bear a name.
type node struct {
	forms []form
}

type form struct {
	entry int32
	need  Need
	own   bool // is the entry's own name
	apart bool // has a number set apart that its vendor writes closed up
	alias *Alias
}

var (
	fillers = []string{"known", "tracked", "as", "the", "also"}
	namings = []string{"aka", "dubbed", "codenamed", "called", "named"}
)

// New makes a table of entries.
func New(entries []Entry, c Context) *Table {
	t := &Table{
		keys:  make(map[string]int32),
		words: make(map[string]word),
		next:  make(map[edge]int32),
		nodes: make([]node, 1),
		count: len(entries),

		capitals: c.Capitals,
	}
	for _, c := range []struct {
		role  role
		words []string
	}{
		{near, c.Near}, {strong, c.Strong}, {weak, c.Weak}, {filler, fillers}, {naming, namings},
	} {
		for _, s := range c.words {
			w := t.intern(s)
			w.role |= c.role
			t.words[s] = w
		}
	}
	for i := range entries {
		for j := range entries[i].Aliases {
			t.add(int32(i), &entries[i].Aliases[j], j == 0)
		}
	}
	var starts []string
	for s, w := range t.words {
		if w.start != 0 {
			starts = append(starts, s)
		}
	}
	t.starts = text.NewSieve(starts)
	return t
}

// Lookup returns the index of the entry with this alias, in whatever form.
func (t *Table) Lookup(alias string) (entry int, ok bool) {
	i, ok := t.keys[Key(alias)]
	return int(i), ok
}

func (t *Table) intern(s string) word {
	w, ok := t.words[s]
	if !ok {
		w.id = int32(len(t.words)) + 1
		t.words[s] = w
	}
	return w
}

func (t *Table) add(entry int32, a *Alias, own bool) {
	if k := Key(a.Name); k != "" {
		if _, taken := t.keys[k]; !taken || own {
			t.keys[k] = entry
		}
	}
	for _, f := range forms(a) {
		t.insert(f.words, form{entry: entry, need: f.need, own: own, apart: f.apart, alias: a})
	}
}

func (t *Table) insert(words []string, f form) {
	if len(words) == 0 || len(words) > maxWords {
		return
	}
	at := int32(0)
	for i, s := range words {
		w := t.intern(s)
		to := t.next[edge{at, w.id}]
		if to == 0 {
			to = int32(len(t.nodes))
			t.nodes = append(t.nodes, node{})
			t.next[edge{at, w.id}] = to
			if i == 0 {
				w.start = to
				t.words[s] = w
			}
		}
		at = to
	}
	n := &t.nodes[at]
	for i := range n.forms {
		if n.forms[i].entry == f.entry {
			// Made from two aliases: the one that asks for less.
			if f.need < n.forms[i].need {
				n.forms[i] = f
			}
			return
		}
	}
	if f.own {
		n.forms = slices.Insert(n.forms, 0, f)
	} else {
		n.forms = append(n.forms, f)
	}
}

// maxWords is the length of the longest form; it keeps Find linear.
const maxWords = 8

// maxJoints is how many joints of a name are opened and closed one by one; a
// name with more is found as written and closed up.
const maxJoints = 3

type spelling struct {
	words []string
	need  Need
	apart bool
}

// forms returns the spellings of an alias, that as written first.
func forms(a *Alias) []spelling {
	tokens := text.Tokens(a.Name)
	if len(tokens) == 0 {
		return nil
	}
	// Pieces are words or parts of words; a joint is what is between two.
	type joint struct {
		open  bool // as written
		camel bool
	}
	var pieces []string
	var joints []joint
	for i, t := range tokens {
		if i > 0 {
			joints = append(joints, joint{open: true})
		}
		if k := numberAt(t.Text); k > 0 {
			pieces = append(pieces, t.Text[:k], t.Text[k:])
			joints = append(joints, joint{})
		} else if k := camelAt(a.Name[t.Start:t.End], t.Text); k > 0 {
			pieces = append(pieces, t.Text[:k], t.Text[k:])
			joints = append(joints, joint{camel: true})
		} else {
			pieces = append(pieces, t.Text)
		}
	}
	spell := func(open func(i int) bool) spelling {
		sp := spelling{words: []string{pieces[0]}, need: a.Need}
		closed := false
		for i, j := range joints {
			if !open(i) {
				sp.words[len(sp.words)-1] += pieces[i+1]
				closed = closed || j.open
				continue
			}
			sp.words = append(sp.words, pieces[i+1])
			if !j.open && j.camel {
				sp.need = Beside
			} else if !j.open {
				sp.apart = true
			}
		}
		if closed && len(sp.words) == 1 && sp.need == Near {
			// Plain words, but nobody closes them up in plain English.
			sp.need = Always
		}
		return sp
	}
	all := []spelling{spell(func(i int) bool { return joints[i].open })}
	if len(joints) > maxJoints {
		return append(all, spell(func(int) bool { return false }))
	}
	for mask := range 1 << len(joints) {
		all = append(all, spell(func(i int) bool { return mask>>i&1 == 1 }))
	}
	return all
}

// numberAt returns where the number at the end of a word such as apt41 starts;
// 0 if the word is not at least two letters and a number.
func numberAt(s string) int {
	k := strings.IndexFunc(s, unicode.IsDigit)
	if k < 2 || strings.TrimLeft(s[k:], "0123456789") != "" {
		return 0
	}
	return k
}

// camelAt returns where the second half of a word such as DarkSide starts in
// its folded form; 0 if it has no halves of three letters or more.
func camelAt(raw, folded string) int {
	const half = 3
	if len(raw) != len(folded) { // folded to another length: not plain ASCII
		return 0
	}
	at := 0
	for i := 1; i < len(raw); i++ {
		if raw[i] >= utf8.RuneSelf || raw[i-1] >= utf8.RuneSelf {
			return 0
		}
		if unicode.IsLower(rune(raw[i-1])) && unicode.IsUpper(rune(raw[i])) {
			if at > 0 {
				return 0
			}
			at = i
		}
	}
	if at < half || len(raw)-at < half {
		return 0
	}
	return at
}

// Spellings returns the words of an alias in all of the ways in which a Table
// finds it.
func Spellings(a *Alias) [][]string {
	var all [][]string
	for _, f := range forms(a) {
		all = append(all, f.words)
	}
	return all
}
