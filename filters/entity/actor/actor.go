// Package actor knows threat actors: their names under the vendors' schemes,
// the country they are attributed to, and where a text mentions them.
//
// The table is actors.txt, facts written down for this project. An alias that
// is also an ordinary word counts only in a fitting context, and an alias that
// two actors bear belongs to the one that has it as its own name, else to the
// first in the table whose context fits; package names tells the rules.
//
// Import reads the tables of others, and Merge adds them to one of ours. Both
// are given bytes: who reads files is the caller.
//
// Everything here is safe for concurrent use.
package actor

import (
	_ "embed"
	"fmt"
	"slices"
	"sync"

	"tipoff/filters/entity/names"
	"tipoff/filters/text"
)

// Actor is a threat actor.
type Actor struct {
	Name    string
	Aliases []Alias // all names; the first is Name
	Country string  // ISO 3166 alpha-2; empty if not attributed
	ID      string  // ATT&CK group, such as G0016; or empty
}

// Alias is one name of an actor, and what it needs to count in a text.
type Alias = names.Alias

// Mention is where a text names an actor.
type Mention struct {
	Actor       *Actor
	Alias       string // as it stands in the text
	First, Last int    // tokens, both included
}

// Table is a set of actors that can be looked up and found. It does not change.
type Table struct {
	actors []*Actor
	names  *names.Table
}

// Context words of actors. They are in folded form.
var context = names.Context{
	Capitals: true, // a Midnight blizzard may be the weather
	Near: []string{
		"affiliate", "affiliates", "apt", "apts", "attacker", "attackers", "attributed", "attribution",
		"backdoor", "backdoors", "botnet", "breach", "breached", "c2", "compromised", "cyber", "cyberattack",
		"cyberattacks", "cybercrime", "cybercriminal", "cybercriminals", "cyberespionage", "cyberspies",
		"cybersecurity", "ddos", "espionage", "exfiltrated", "exfiltration", "exploit", "exploited", "exploiting",
		"exploits", "extortion", "hack", "hacked", "hacker", "hackers", "hacking", "hacks", "hacktivist",
		"hacktivists", "infostealer", "intrusion", "intrusions", "loader", "malware", "phishing", "ransom",
		"ransomware", "rat", "rootkit", "spear", "spearphishing", "sponsored", "spyware", "stealer", "threat",
		"threats", "trojan", "trojans", "vulnerabilities", "vulnerability", "wiper", "zeroday",
	},
	Strong: []string{
		"apt", "botnet", "cyberespionage", "cybercrime", "espionage", "extortion", "gang", "gangs", "hacker",
		"hackers", "hacktivist", "hacktivists", "hacking", "infostealer", "malware", "ransomware", "raas",
		"spyware", "threat",
	},
	Weak: []string{
		"activity", "actor", "actors", "affiliate", "affiliates", "attack", "attacks", "campaign", "campaigns",
		"cartel", "cluster", "collective", "crew", "cyber", "group", "groups", "operation", "operations",
		"operator", "operators", "spies", "syndicate", "team", "unit",
	},
}

//go:embed actors.txt
var table string

var builtin = sync.OnceValue(func() *Table {
	actors, err := Parse(table)
	if err != nil {
		// A test parses the table; without its actors the program still works.
		actors = nil
	}
	return New(actors)
})

// Parse reads actors from the text form of package names, with the fields
// country and ATT&CK group.
func Parse(s string) ([]*Actor, error) {
	entries, err := names.Parse(s)
	if err != nil {
		return nil, err
	}
	actors := make([]*Actor, 0, len(entries))
	for _, e := range entries {
		if len(e.Fields) > 2 {
			return nil, fmt.Errorf("line %d: %d fields after the name; expected country and ATT&CK group", e.Line, len(e.Fields))
		}
		a := &Actor{Name: e.Aliases[0].Name, Aliases: e.Aliases}
		if len(e.Fields) > 0 {
			a.Country = e.Fields[0]
		}
		if len(e.Fields) > 1 {
			a.ID = e.Fields[1]
		}
		actors = append(actors, a)
	}
	return actors, nil
}

// New makes a table. The actors must not change afterwards. Their ATT&CK group
// is one of their names, too.
func New(actors []*Actor) *Table {
	entries := make([]names.Entry, len(actors))
	for i, a := range actors {
		entries[i].Aliases = a.Aliases
		if a.ID != "" {
			entries[i].Aliases = append(slices.Clip(a.Aliases), Alias{Name: a.ID})
		}
	}
	return &Table{actors: actors, names: names.New(entries, context)}
}

// All returns the actors of the table, which callers must not change.
func (t *Table) All() []*Actor { return t.actors }

// Lookup returns the actor with this alias. How it is written does not matter:
// APT-29, apt 29 and APT29 are one.
func (t *Table) Lookup(alias string) (*Actor, bool) {
	i, ok := t.names.Lookup(alias)
	if !ok {
		return nil, false
	}
	return t.actors[i], true
}

// Find returns the mentions of actors in s, in order and without overlaps.
// tokens are those that package text gives for s. It takes linear time, and no
// allocation where there is no mention.
func (t *Table) Find(s string, tokens []text.Token) []Mention {
	hits := t.names.Find(s, tokens)
	if len(hits) == 0 {
		return nil
	}
	mentions := make([]Mention, len(hits))
	for i, h := range hits {
		mentions[i] = Mention{
			Actor: t.actors[h.Entry],
			Alias: s[tokens[h.First].Start:tokens[h.Last].End],
			First: h.First,
			Last:  h.Last,
		}
	}
	return mentions
}

// Builtin returns the table that the program ships with.
func Builtin() *Table { return builtin() }

// All returns the actors of the built-in table, sorted by name.
func All() []*Actor { return builtin().All() }

// Lookup is Table.Lookup on the built-in table.
func Lookup(alias string) (*Actor, bool) { return builtin().Lookup(alias) }

// Find is Table.Find on the built-in table.
func Find(s string, tokens []text.Token) []Mention { return builtin().Find(s, tokens) }
