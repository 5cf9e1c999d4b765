package config

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"
)

// decoder checks a tree against what a configuration holds and collects every
// mistake on its way.
type decoder struct {
	file   string
	lines  []string
	getenv func(string) (string, bool)
	errs   Errors
	found  []Finding
	// more counts the mistakes beyond maxErrors.
	more int
}

func (d *decoder) fail(line, col int, format string, args ...any) {
	if len(d.errs) >= maxErrors {
		d.more++
		return
	}
	d.errs = append(d.errs, Error{
		File: d.file, Line: line, Column: col,
		Text:   fmt.Sprintf(format, args...),
		source: maskLine(d.lines, line-1),
	})
}

// failAt reports a mistake at character i (from 0) of a value, or for -1 at
// its start, the quote included.
func (d *decoder) failAt(v value, i int, format string, args ...any) {
	d.failIn(v.n, v.origin(i), format, args...)
}

// failIn is failAt for a scalar as it is written, before expansion.
func (d *decoder) failIn(n *node, i int, format string, args ...any) {
	line, col := n.line, n.col
	if i >= 0 {
		line, col = d.at(n, i)
	}
	d.fail(line, col, format, args...)
}

func (d *decoder) warn(n *node, where, text, remedy string) {
	d.found = append(d.found, Finding{Line: n.line, Column: n.col, Where: where, Text: text, Remedy: remedy})
}

// readLater reads a key of an entry that has no effect yet.
func (c *Config) readLater(s section, list, name, key string, parse func(string) (string, error), text string) {
	var v string
	if read(s, key, &v, parse); v == "" {
		return
	}
	s.d.later(s.node(key), s.path(key), text)
	if c.Later == nil {
		c.Later = make(map[string]string)
	}
	c.Later[list+"."+name+"."+key] = v
}

// later says that a key is understood and has no effect yet.
func (d *decoder) later(n *node, where, text string) {
	d.warn(n, where, text, "remove the key to silence this")
}

// section is a mapping whose keys are known.
type section struct {
	d      *decoder
	n      *node
	where  string
	values map[string]*node
}

// section reads n as a mapping of the known keys. A node that is not there
// counts as a mapping without keys.
func (d *decoder) section(n *node, where string, known ...string) section {
	s := section{d: d, n: n, where: where, values: map[string]*node{}}
	if n == nil || n.kind == null || n.kind == broken {
		return s
	}
	if n.kind != mapping {
		if where == "" {
			d.fail(n.line, n.col, "a configuration is a mapping of keys such as \"sources:\", not %s", n.kind)
		} else {
			d.fail(n.line, n.col, "%s: want a mapping with keys such as %s, found %s", where, strings.Join(known[:min(3, len(known))], ", "), n.kind)
		}
		return s
	}
	for _, e := range n.entries {
		if slices.Contains(known, e.key) {
			s.values[e.key] = e.value
			continue
		}
		d.fail(e.line, e.col, "%s", s.unknown(e.key, known))
	}
	return s
}

func (s section) unknown(key string, known []string) string {
	text := "unknown key " + quote(key)
	if s.where != "" {
		text += " in " + s.where
	}
	if n := nearest(key, known); n != "" {
		return text + "; did you mean " + n + "?"
	}
	for name, keys := range map[string][]string{"slack": slackKeys, "discord": discordKeys, "fetch": fetchKeys, "retention": retentionKeys, "actors": actorsKeys} {
		if s.where == "" && slices.Contains(keys, key) && !slices.Contains([]string{"api_url", "schedule"}, key) {
			return text + "; it belongs under " + name
		}
	}
	return text + "; known are " + strings.Join(known, ", ")
}

// path is a key's full name.
func (s section) path(key string) string {
	if s.where == "" {
		return key
	}
	return s.where + "." + key
}

// node is the value of a key, or nil where the key is absent or empty.
func (s section) node(key string) *node {
	n := s.values[key]
	if n == nil || n.kind == null || n.kind == broken {
		return nil
	}
	return n
}

// scalar is a key's expanded value; false where there is none, or where it
// cannot be used.
func (s section) scalar(key string) (value, bool) {
	n := s.node(key)
	if n == nil {
		return value{}, false
	}
	return s.d.scalar(n, s.path(key))
}

func (d *decoder) scalar(n *node, where string) (value, bool) {
	switch n.kind {
	case scalar:
		return d.expand(n, where)
	case broken:
	case null:
		d.fail(n.line, n.col, "%s: there is no value", where)
	default:
		d.fail(n.line, n.col, "%s: want a single value, found %s", where, n.kind)
	}
	return value{}, false
}

// need reports a key that must be there.
func (s section) need(key, example string) {
	if s.values[key] == nil || s.values[key].kind == null {
		line, col := s.n.line, s.n.col
		if n := s.values[key]; n != nil {
			line, col = n.line, n.col
		}
		s.d.fail(line, col, "%s: %s is missing; %s", s.where, key, example)
	}
}

// misplaced is a mistake at a character of a value.
type misplaced struct {
	at  int
	err error
}

func (m *misplaced) Error() string { return m.err.Error() }

// read parses the value of a key to where dst points. Without the key, dst
// keeps what it holds.
func read[T any](s section, key string, dst *T, parse func(string) (T, error)) {
	if v, ok := s.scalar(key); ok {
		parseTo(s.d, v, s.path(key), dst, parse)
	}
}

func parseTo[T any](d *decoder, v value, where string, dst *T, parse func(string) (T, error)) bool {
	if !utf8.ValidString(v.text) {
		d.failAt(v, -1, "%s: the environment's value is not UTF-8", where)
		return false
	}
	out, err := parse(v.text)
	if err != nil {
		at := -1
		if m, ok := errors.AsType[*misplaced](err); ok {
			at = m.at
		}
		d.failAt(v, at, "%s: %v", where, err)
		return false
	}
	*dst = out
	return true
}

// readList parses each item of a key's list.
func readList[T any](s section, key string, parse func(string) (T, error)) []T {
	n := s.node(key)
	if n == nil {
		return nil
	}
	if n.kind != sequence {
		s.d.fail(n.line, n.col, "%s: want a list, as in [%s]; found %s", s.path(key), "a, b", n.kind)
		return nil
	}
	var out []T
	for i, item := range n.items {
		where := fmt.Sprintf("%s[%d]", s.path(key), i)
		var one T
		if v, ok := s.d.scalar(item, where); ok && parseTo(s.d, v, where, &one, parse) {
			out = append(out, one)
		}
	}
	return out
}

// sections reads a key whose value is a list of mappings.
func (s section) sections(key string, known []string, each func(section)) {
	n := s.node(key)
	if n == nil {
		return
	}
	if n.kind != sequence {
		s.d.fail(n.line, n.col, "%s: want a list whose items start with \"- name:\", found %s", key, n.kind)
		return
	}
	for i, item := range n.items {
		where := fmt.Sprintf("%s[%d]", key, i)
		if item.kind == broken {
			continue
		}
		if item.kind != mapping {
			s.d.fail(item.line, item.col, "%s: want a mapping with keys such as %s, found %s", where, strings.Join(known[:3], ", "), item.kind)
			continue
		}
		each(s.d.section(item, where, known...))
	}
}

// names keeps the names of a list apart.
type names map[string]string

// add reports a name that was used before, also in other letters' case: people
// type names in chat.
func (ns names) add(s section, name string) {
	if name == "" {
		return
	}
	n := s.values["name"]
	first, twice := ns[strings.ToLower(name)]
	switch {
	case !twice:
		ns[strings.ToLower(name)] = name
	case first == name:
		s.d.fail(n.line, n.col, "%s: the name %s is taken by an entry above; names are unique", s.path("name"), quote(name))
	default:
		s.d.fail(n.line, n.col, "%s: %s differs only in case from %s above; names are unique", s.path("name"), quote(name), quote(first))
	}
}
