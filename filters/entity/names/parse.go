package names

import (
	"fmt"
	"strings"
)

// Parse reads the text form of a table.
func Parse(table string) ([]Entry, error) {
	var entries []Entry
	line := 0
	for raw := range strings.Lines(table) {
		line++
		s := strings.TrimSpace(raw)
		if s == "" || s[0] == '#' {
			continue
		}
		indented := raw[0] == ' ' || raw[0] == '\t'
		if !indented {
			parts := strings.Split(s, "|")
			a, err := parseAlias(parts[0])
			if err != nil {
				return nil, fmt.Errorf("line %d: %w", line, err)
			}
			e := Entry{Aliases: []Alias{a}, Line: line}
			for _, f := range parts[1:] {
				e.Fields = append(e.Fields, strings.TrimSpace(f))
			}
			entries = append(entries, e)
			continue
		}
		if len(entries) == 0 {
			return nil, fmt.Errorf("line %d: aliases before the first name; a name starts at the margin", line)
		}
		e := &entries[len(entries)-1]
		for part := range strings.SplitSeq(strings.TrimSuffix(s, ","), ",") {
			a, err := parseAlias(part)
			if err != nil {
				return nil, fmt.Errorf("line %d: %w", line, err)
			}
			e.Aliases = append(e.Aliases, a)
		}
	}
	return entries, nil
}

// parseAlias reads "name", "name?", "name! (word -word)".
func parseAlias(s string) (Alias, error) {
	name := strings.TrimSpace(s)
	var a Alias
	if before, words, ok := strings.Cut(name, " ("); ok {
		words, ok = strings.CutSuffix(words, ")")
		if !ok {
			return a, fmt.Errorf("alias %q: the list of words has no closing parenthesis", name)
		}
		for w := range strings.FieldsSeq(words) {
			not, isNot := strings.CutPrefix(w, "-")
			if k := Key(not); k == "" || k != not {
				return a, fmt.Errorf("alias %q: %q is not a word in its folded form", name, not)
			}
			if isNot {
				a.Not = append(a.Not, not)
			} else {
				a.Words = append(a.Words, not)
			}
		}
		name = before
	}
	switch {
	case strings.HasSuffix(name, "?"):
		a.Need = Near
	case strings.HasSuffix(name, "!"):
		a.Need = Beside
	}
	if a.Need != Always {
		name = name[:len(name)-1]
	}
	if a.Need == Always && len(a.Words) > 0 {
		return a, fmt.Errorf("alias %q: words without a mark; write ? or ! after the name", name)
	}
	if Key(name) == "" {
		return a, fmt.Errorf("alias %q has no letters or digits", s)
	}
	a.Name = name
	return a, nil
}
