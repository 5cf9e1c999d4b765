package filters

import (
	"fmt"
	"sync"
)

// topic is a set of the query language: queries that others use by its name. A
// topic pack has some hundred alternatives, of which a story meets few: they are
// matched as so many watches at once, see [Set].
type topic struct {
	name    string
	filters []*Filter // the pack's, and that of the config

	prepared     sync.Once
	alternatives *Set
}

// set is made when it is first asked for: many sets are compiled and never used.
func (t *topic) set() *Set {
	t.prepared.Do(func() {
		watches := make(map[string]*Filter)
		var add func(c clause)
		add = func(c clause) {
			if list, ok := c.(oneOf); ok {
				for _, sub := range list {
					add(sub)
				}
				return
			}
			// The names keep the order of the queries.
			watches[fmt.Sprintf("%06d", len(watches))] = &Filter{root: c, program: newProgram(c)}
		}
		add(t.clauses())
		t.alternatives = NewSet(watches)
	})
	return t.alternatives
}

// clauses are the set's queries.
func (t *topic) clauses() oneOf {
	all := make(oneOf, len(t.filters))
	for i, f := range t.filters {
		all[i] = f.root
	}
	return all
}

func (t *topic) match(d *Doc) bool { return t.set().any(d) }

func (t *topic) terms(d *Doc, add func(found)) {
	for _, f := range t.set().wanting(d) {
		f.root.terms(d, add)
	}
}

func (t *topic) need() Need   { return t.clauses().need() }
func (t *topic) cover() cover { return t.clauses().cover() }
