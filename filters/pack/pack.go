// Package pack has the topic packs: queries that ship with the program and that
// others use by their names, as in set:china. They are text in the query
// language itself, a file each; what a line says after a # is for readers.
package pack

import (
	"embed"
	"slices"
	"strings"
	"sync"
)

//go:embed *.query
var files embed.FS

const suffix = ".query"

var queries = sync.OnceValue(func() map[string]string {
	all := make(map[string]string)
	entries, err := files.ReadDir(".")
	if err != nil {
		return all // The folder is a part of the program.
	}
	for _, e := range entries {
		data, err := files.ReadFile(e.Name())
		if err != nil {
			continue
		}
		all[strings.TrimSuffix(e.Name(), suffix)] = Strip(string(data))
	}
	return all
})

// Strip returns a pack's query on one line, without its comments.
func Strip(text string) string {
	var b strings.Builder
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		if line == "" || line[0] == '#' {
			continue
		}
		if b.Len() > 0 {
			b.WriteByte(' ')
		}
		b.WriteString(line)
	}
	return b.String()
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

// Query returns the query of a pack.
func Query(name string) (q string, ok bool) {
	q, ok = queries()[name]
	return q, ok
}
