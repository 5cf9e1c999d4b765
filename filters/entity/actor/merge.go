package actor

import (
	"cmp"
	"fmt"
	"slices"

	"tipoff/filters/entity/names"
	"tipoff/filters/text"
)

// Subject is what a [Clash] is about.
type Subject uint8

// The subjects.
const (
	OfName    Subject = iota // a name that two actors would bear
	OfCountry                // another country than the one that is known
	OfID                     // another ATT&CK group, or one that two actors would have
)

// Clash is where an import disagrees with what was known before. What was
// known stays, and what the import says is left out.
type Clash struct {
	Subject  Subject
	Imported string // the actor in the import
	Value    string // what the import says of it: a name, a country, an ATT&CK group
	Owner    string // the actor that keeps its own
	Kept     string // what the owner keeps
}

// String says it in a sentence without an end.
func (c Clash) String() string {
	switch c.Subject {
	case OfCountry:
		return fmt.Sprintf("%s stays with the country %s; the import has %s for %s", c.Owner, c.Kept, c.Value, c.Imported)
	case OfID:
		if c.Kept != c.Value {
			return fmt.Sprintf("%s stays the ATT&CK group %s; the import has %s for %s", c.Owner, c.Kept, c.Value, c.Imported)
		}
		return fmt.Sprintf("the ATT&CK group %s stays %s; the import gives it to %s", c.Kept, c.Owner, c.Imported)
	default:
		return fmt.Sprintf("the name %s stays with %s; the import gives it to %s", c.Value, c.Owner, c.Imported)
	}
}

// Merge adds imported actors to a table, which itself does not change. If
// nothing is new, the result is the same table.
//
// An imported actor is one of the table if its own name or ATT&CK group is
// among that one's names, or if they share that one's own name or any that is
// nothing else; then it adds the names that nobody has, and its country and
// group if there was none. To share only an alias that is also an ordinary word
// is no sign: Mirage may be two. Two actors of one file are never made one unless they are named alike.
//
// New actors come after those of the table, so that where names need a
// decision the table's own come first.
func Merge(base *Table, imports ...*Imported) (*Table, []Clash) {
	m := &merger{actors: slices.Clone(base.actors), base: len(base.actors), bearers: map[string][]bearer{}, copied: map[int]bool{}}
	for i, a := range m.actors {
		for j, alias := range a.Aliases {
			m.bear(i, alias, j == 0)
		}
		if a.ID != "" {
			m.bear(i, Alias{Name: a.ID}, false)
		}
	}
	for _, im := range imports {
		m.file(im.Actors)
	}
	if len(m.copied) == 0 && len(m.actors) == m.base {
		return base, m.clashes
	}
	return New(m.actors), m.clashes
}

// merger holds the table that becomes.
type merger struct {
	actors  []*Actor
	base    int // how many are the table's
	bearers map[string][]bearer
	copied  map[int]bool // those of the table that have been copied, to be changed
	clashes []Clash
}

// bearer is an actor with a name, as it writes it.
type bearer struct {
	actor   int
	name    string
	certain bool // it is the bearer's own name, or nothing else than a name
}

func (m *merger) bear(i int, alias Alias, own bool) {
	k := names.Key(alias.Name)
	m.bearers[k] = append(m.bearers[k], bearer{i, alias.Name, own || alias.Need == names.Always})
}

// file adds the actors of one file. Who is who is decided on what was known
// before the file, and own names and groups are given before aliases, so that neither the
// order of the entries nor a second import changes the outcome.
func (m *merger) file(actors []*Actor) {
	to := make([]int, len(actors))
	named := map[string]int{} // own names of the file, and who bears them
	for i, x := range actors {
		to[i] = m.known(x)
		if _, ok := named[names.Key(x.Name)]; !ok && to[i] >= 0 {
			named[names.Key(x.Name)] = to[i]
		}
	}
	for i, x := range actors {
		k := names.Key(x.Name)
		if _, ok := named[k]; !ok {
			named[k] = len(m.actors)
			m.actors = append(m.actors, &Actor{Name: x.Name})
		}
		to[i] = named[k]
		m.alias(to[i], x, x.Aliases[0])
	}
	for i, x := range actors {
		m.country(to[i], x)
		if x.ID != "" && m.actors[to[i]].ID == "" && len(m.bearers[names.Key(x.ID)]) == 0 {
			m.edit(to[i]).ID = x.ID
			m.bear(to[i], Alias{Name: x.ID}, false)
		}
	}
	for i, x := range actors {
		for _, alias := range x.Aliases[1:] {
			m.alias(to[i], x, alias)
		}
	}
	for i, x := range actors {
		m.id(to[i], x)
	}
}

// likeness says why an imported actor is one that is known. What comes first
// weighs more.
type likeness struct {
	own     int // the own name is a name of it, or even written so
	id      int
	certain int // shared names that are its own or nothing else
	shared  int
}

func (l likeness) compare(o likeness) int {
	return cmp.Or(cmp.Compare(l.own, o.own), cmp.Compare(l.id, o.id), cmp.Compare(l.certain, o.certain), cmp.Compare(l.shared, o.shared))
}

// known returns the known actor that x is, or -1.
func (m *merger) known(x *Actor) int {
	like := map[int]likeness{}
	var order []int
	see := func(name string, count func(*likeness, bearer)) {
		for _, b := range m.bearers[names.Key(name)] {
			l, seen := like[b.actor]
			if !seen {
				order = append(order, b.actor)
			}
			count(&l, b)
			like[b.actor] = l
		}
	}
	for i, alias := range x.Aliases {
		see(alias.Name, func(l *likeness, b bearer) {
			l.shared++
			if b.certain {
				l.certain++
			}
			if i > 0 {
				return
			}
			l.own = 1
			if text.Normalise(b.name) == text.Normalise(alias.Name) {
				l.own = 2
			}
		})
	}
	if x.ID != "" {
		see(x.ID, func(l *likeness, _ bearer) { l.id = 1 })
	}
	slices.Sort(order)
	best := -1
	for _, i := range order {
		l := like[i]
		if l.own+l.id+l.certain > 0 && (best < 0 || l.compare(like[best]) > 0) {
			best = i
		}
	}
	return best
}

// edit returns an actor that may be changed.
func (m *merger) edit(i int) *Actor {
	if i < m.base && !m.copied[i] {
		m.copied[i] = true
		a := *m.actors[i]
		a.Aliases = slices.Clone(a.Aliases)
		m.actors[i] = &a
	}
	return m.actors[i]
}

func (m *merger) alias(to int, x *Actor, alias Alias) {
	by := m.bearers[names.Key(alias.Name)]
	if len(by) == 0 {
		a := m.edit(to)
		a.Aliases = append(a.Aliases, alias)
		m.bear(to, alias, len(a.Aliases) == 1)
	} else if !slices.ContainsFunc(by, func(b bearer) bool { return b.actor == to }) {
		m.clash(Clash{OfName, x.Name, alias.Name, m.actors[by[0].actor].Name, by[0].name})
	}
}

func (m *merger) country(to int, x *Actor) {
	switch known := m.actors[to].Country; {
	case x.Country == "" || x.Country == known:
	case known == "":
		m.edit(to).Country = x.Country
	default:
		m.clash(Clash{OfCountry, x.Name, x.Country, m.actors[to].Name, known})
	}
}

// id tells if the group of an imported actor did not become one of the actor's
// names.
func (m *merger) id(to int, x *Actor) {
	if x.ID == "" {
		return
	}
	by := m.bearers[names.Key(x.ID)]
	switch known := m.actors[to]; {
	case slices.ContainsFunc(by, func(b bearer) bool { return b.actor == to }):
	case len(by) > 0:
		m.clash(Clash{OfID, x.Name, x.ID, m.actors[by[0].actor].Name, by[0].name})
	default: // or it would have it now
		m.clash(Clash{OfID, x.Name, x.ID, known.Name, known.ID})
	}
}

func (m *merger) clash(c Clash) {
	if !slices.Contains(m.clashes, c) {
		m.clashes = append(m.clashes, c)
	}
}
