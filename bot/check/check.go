// Package check looks over a configuration for what is allowed and probably
// not meant: a platform that is off, a channel that nobody alerts, a watch that
// reaches no one. It words too what the store knows to be amiss. Mistakes are not
// its business: config refuses those.
//
// A finding always says what to do. Nothing here touches the network.
package check

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"tipoff/bot/config"
)

// Severity says how much a finding matters.
type Severity int

// The severities. A Note may well be meant; a Warning costs alerts or safety.
const (
	Note Severity = iota
	Warning
)

var severities = [...]string{"note", "warning"}

func (s Severity) String() string {
	if s < 0 || int(s) >= len(severities) {
		return fmt.Sprintf("severity %d", int(s))
	}
	return severities[s]
}

// MarshalText is what JSON writes.
func (s Severity) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// Finding is one thing to know.
type Finding struct {
	Severity Severity `json:"severity"`
	// Where is what it is about: "slack", "watch china", or a place in the
	// file as file:line:column.
	Where string `json:"where"`
	Text  string `json:"text"`
	// Remedy says what to do about it.
	Remedy string `json:"remedy"`
}

// String is the finding in two lines.
func (f Finding) String() string {
	s := fmt.Sprintf("%s: %s: %s", f.Severity, f.Where, f.Text)
	if f.Remedy != "" {
		s += "\n    -> " + f.Remedy
	}
	return s
}

// Offline looks at the configuration alone. The gravest findings come first;
// those of one severity are in the order of the file, warnings of the file
// itself before others.
func Offline(c *config.Config) []Finding {
	l := &list{}
	for _, w := range c.Warnings {
		l.add(Warning, fmt.Sprintf("%s:%d:%d", c.File, w.Line, w.Column), w.Where+": "+w.Text, w.Remedy)
	}
	l.platforms(c)
	l.fetch(c)
	l.actors(c)
	l.sources(c)
	l.channels(c)
	l.watches(c)
	slices.SortStableFunc(l.found, func(a, b Finding) int { return cmp.Compare(b.Severity, a.Severity) })
	return l.found
}

// Worst is the highest severity among the findings; false where there are none.
func Worst(found []Finding) (Severity, bool) {
	worst, any := Note, false
	for _, f := range found {
		worst, any = max(worst, f.Severity), true
	}
	return worst, any
}

type list struct{ found []Finding }

func (l *list) add(s Severity, where, text, remedy string) {
	l.found = append(l.found, Finding{s, where, text, remedy})
}

// names joins names for a sentence: "a, b and 3 more".
func names(ns []string) string {
	const most = 4
	if len(ns) > most {
		return fmt.Sprintf("%s and %d more", strings.Join(ns[:most], ", "), len(ns)-most)
	}
	return strings.Join(ns, ", ")
}
