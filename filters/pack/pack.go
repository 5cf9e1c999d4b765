// Package pack has the topic packs: queries that ship with the program and that
// others use by their names, as in set:china. They are text in the query
// language itself, a file each. A file has paragraphs with blank lines between
// them; each is a query of its own, and a story is of the topic if one of them
// matches. A line that begins with # is for readers. A paragraph that begins
// with $name = gives a part of a query a name; wherever a later paragraph of the
// file says $name, that part stands, in parentheses.
package pack

import (
	"embed"
	"regexp"
	"slices"
	"strings"
	"sync"
)

//go:embed *.query
var files embed.FS

const suffix = ".query"

var queries = sync.OnceValue(func() map[string][]string {
	all := make(map[string][]string)
	entries, err := files.ReadDir(".")
	if err != nil {
		return all // The folder is a part of the program.
	}
	for _, e := range entries {
		data, err := files.ReadFile(e.Name())
		if err != nil {
			continue
		}
		all[strings.TrimSuffix(e.Name(), suffix)] = paragraphs(string(data))
	}
	return all
})

var (
	definition = regexp.MustCompile(`^\$[a-z]+ = `)
	use        = regexp.MustCompile(`\$[a-z]+`)
)

// paragraphs returns the queries of a pack's file, each on one line, with the
// parts that have a name put in.
func paragraphs(text string) (all []string) {
	var lines []string
	parts := make(map[string]string)
	end := func() {
		if len(lines) == 0 {
			return
		}
		q := strings.Join(lines, " ")
		lines = nil
		name := definition.FindString(q)
		q = use.ReplaceAllStringFunc(q[len(name):], func(u string) string {
			if part, ok := parts[u]; ok {
				return "(" + part + ")"
			}
			return u
		})
		if name == "" {
			all = append(all, q)
			return
		}
		parts[strings.TrimSuffix(name, " = ")] = q
	}
	for line := range strings.Lines(text) {
		switch line = strings.TrimSpace(line); {
		case line == "":
			end()
		case line[0] != '#':
			lines = append(lines, line)
		}
	}
	end()
	return all
}

// Names lists the packs, sorted.
func Names() []string {
	var all []string
	for name := range queries() {
		all = append(all, name)
	}
	slices.Sort(all)
	return all
}

// Queries returns the queries of a pack, none for a name that is no pack's. The
// slice is shared: do not change it.
func Queries(name string) []string { return queries()[name] }
