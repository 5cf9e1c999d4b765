package config

import (
	"errors"

	"tipoff/filters"
)

// sets reads the queries that others use by their names, and returns them with
// the lexicon that knows them.
func (d *decoder) sets(top section, actors Actors) (map[string]string, *filters.Lexicon) {
	var texts map[string]string
	places := make(map[string]value)
	if n := top.node("sets"); n != nil {
		texts = make(map[string]string)
		if n.kind != mapping {
			d.fail(n.line, n.col, "sets: want a mapping of names to queries, as in {our-products: 'fortinet OR ivanti'}; found %s", n.kind)
			n = &node{}
		}
		for _, e := range n.entries {
			var text string
			where := "sets." + e.key
			if v, ok := d.scalar(e.value, where); ok && parseTo(d, v, where, &text, parseText) {
				texts[e.key], places[e.key] = text, v
			}
		}
	}
	for {
		l, err := filters.NewLexicon(actors.Merged, texts)
		if err == nil {
			return texts, l
		}
		wrong, ok := errors.AsType[*filters.SetError](err)
		if _, known := texts[wrong.Name]; !ok || !known {
			d.fail(1, 1, "sets: %v", err)
			return nil, nil
		}
		at := -1
		text := misplacedIn(wrong.Err)
		if m, ok := errors.AsType[*misplaced](text); ok {
			at = m.at
		}
		d.failAt(places[wrong.Name], at, "sets.%s: %v", wrong.Name, text)
		// The other mistakes are told as well, and none for the use of this one.
		texts[wrong.Name] = "*"
		if wrong.BadName {
			delete(texts, wrong.Name)
		}
	}
}
