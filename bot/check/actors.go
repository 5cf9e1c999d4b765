package check

import (
	"fmt"

	"tipoff/bot/config"
	"tipoff/filters/entity/actor"
)

// mostClashes is how many findings the clashes of one import may make. Tables
// that others keep disagree in dozens of places, most of them of little weight.
const mostClashes = 20

func (l *list) actors(c *config.Config) {
	const where = "actors.import"
	im := c.Actors.Imported
	if im == nil {
		return
	}
	if n := im.Nameless; n > 0 {
		l.add(Note, where, fmt.Sprintf("entries without a name are left out: %d of %d", n, n+im.Retired+len(im.Actors)),
			"give them one in the file (value for MISP, name for ATT&CK), or take them out")
	}
	groups := group(c.Actors.Clashes)
	for _, g := range groups[:min(len(groups), mostClashes)] {
		l.add(Note, where, g.text(), g.remedy())
	}
	if more := len(groups) - mostClashes; more > 0 {
		l.add(Note, where, fmt.Sprintf("%d more clashes of this kind are not shown", more), "mend those above first")
	}
}

// clashes are those that have one remedy: a country, an ATT&CK group, or all
// names that one imported actor shares with one that is known.
type clashes []actor.Clash

func group(all []actor.Clash) []clashes {
	var groups []clashes
	index := map[[2]string]int{}
	for _, c := range all {
		pair := [2]string{c.Imported, c.Owner}
		if i, ok := index[pair]; ok && c.Subject == actor.OfName {
			groups[i] = append(groups[i], c)
			continue
		}
		if c.Subject == actor.OfName {
			index[pair] = len(groups)
		}
		groups = append(groups, clashes{c})
	}
	return groups
}

func (cs clashes) text() string {
	c := cs[0]
	if len(cs) == 1 {
		return c.String()
	}
	values := make([]string, len(cs))
	for i, c := range cs {
		values[i] = c.Value
	}
	return fmt.Sprintf("the names %s stay with %s; the import gives them to %s", names(values), c.Owner, c.Imported)
}

func (cs clashes) remedy() string {
	c := cs[0]
	switch c.Subject {
	case actor.OfCountry:
		return "mend the country in the file, or leave it: it has no effect"
	case actor.OfID:
		return "mend the ATT&CK group in the file, or leave it: it has no effect"
	default:
		return "if both are one actor, give the entry " + c.Imported + " the name " + c.Owner + " in the file; if not, leave it: what they share counts for " + c.Owner + " alone"
	}
}
