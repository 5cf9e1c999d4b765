package config

import (
	"cmp"
	"encoding/json"
	"maps"
	"reflect"
	"slices"
	"strings"

	"github.com/goccy/go-yaml"

	"tipoff/bot/alert"
	"tipoff/sources"
)

// edit replaces the bytes from, to of the file.
type edit struct {
	from, to int
	text     string
}

// edit changes the file's text to what is in force. It returns false where the
// text is written in a way that it does not know how to change.
func (x *export) edit() (string, bool) {
	if x.root == nil || x.root.flow || len(x.d.errs) > 0 {
		return "", false
	}
	inFile := make(map[string]sources.Source)
	for _, s := range likeness(x.c).Sources {
		inFile[s.Name] = s
	}
	srcs := listEdit{key: "sources"}
	for _, s := range x.c.Sources {
		srcs.names = append(srcs.names, s.Name)
	}
	for _, s := range likeness(x.want).Sources {
		was, ok := inFile[s.Name]
		srcs.now(s.Name, ok && reflect.DeepEqual(was, s), func() yaml.MapSlice { return x.source(s) })
	}
	watches := listEdit{key: "watches"}
	was := make(map[string]alert.Watch)
	for _, w := range x.c.Watches {
		watches.names = append(watches.names, w.Name)
		was[w.Name] = plainWatch(w)
	}
	for _, w := range x.want.Watches {
		old, ok := was[w.Name]
		watches.now(w.Name, ok && reflect.DeepEqual(old, plainWatch(w)), func() yaml.MapSlice { return x.want.watchPairs(x.show, w) })
	}
	if !x.hideSecrets() || !x.editList(srcs) || !x.editList(watches) {
		return "", false
	}
	return x.apply(), true
}

// source is a source as an entry of the file.
func (x *export) source(s sources.Source) yaml.MapSlice {
	if s.Schedule == x.c.Fetch.Schedule && x.find([]string{"sources", s.Name, "schedule"}) == nil {
		s.Schedule = ""
	}
	return x.want.sourcePairs(x.show, s)
}

// listEdit is what is to become of one of the file's lists.
type listEdit struct {
	key   string
	names []string // of the file's items
	same  []string
	body  map[string]func() yaml.MapSlice // of those that are not the same
	added []string
}

func (l *listEdit) now(name string, same bool, body func() yaml.MapSlice) {
	if same {
		l.same = append(l.same, name)
		return
	}
	if l.body == nil {
		l.body = make(map[string]func() yaml.MapSlice)
	}
	l.body[name] = body
	if !slices.Contains(l.names, name) {
		l.added = append(l.added, name)
	}
}

func (l *listEdit) changed() bool { return len(l.body) > 0 || len(l.same) < len(l.names) }

// editList changes the items of a list that are not in force as the file has
// them, and no others.
func (x *export) editList(l listEdit) bool {
	if !l.changed() {
		return true
	}
	n := child(x.root, l.key)
	switch {
	case n == nil:
		x.edits = append(x.edits, edit{len(x.text), len(x.text), x.section(l, "\n"+l.key+":\n")})
		return true
	case n.kind == null:
		line := x.keyLine(l.key)
		at := x.offset(line+1, 1)
		x.edits = append(x.edits, edit{at, at, x.section(l, "")})
		return true
	case n.kind == sequence && n.flow:
		// The list loses its brackets.
		l.added = nil
		for _, name := range append(slices.Clone(l.names), slices.Sorted(maps.Keys(l.body))...) {
			if !slices.Contains(l.added, name) && (slices.Contains(l.same, name) || l.body[name] != nil) {
				l.added = append(l.added, name)
			}
		}
		text := " []"
		if len(l.added) > 0 {
			text = "\n" + strings.TrimSuffix(x.sectionOf(l, x.bodies(l)), "\n")
		}
		from := x.offset(n.line, n.col)
		for from > 0 && x.text[from-1] == ' ' {
			from--
		}
		x.edits = slices.DeleteFunc(x.edits, func(e edit) bool { return e.from >= from && e.to <= x.offset(n.endLine, n.endCol) })
		x.edits = append(x.edits, edit{from, x.offset(n.endLine, n.endCol), text})
		return true
	case n.kind != sequence || len(n.dashes) != len(l.names) || len(n.dashes) != len(n.items):
		return false
	}
	return x.editItems(l, n)
}

// bodies are the items of a list that is written anew.
func (x *export) bodies(l listEdit) map[string]func() yaml.MapSlice {
	all := make(map[string]func() yaml.MapSlice)
	for _, s := range x.want.Sources {
		if l.key == "sources" {
			all[s.Name] = func() yaml.MapSlice { return x.source(s) }
		}
	}
	for _, w := range x.want.Watches {
		if l.key == "watches" {
			all[w.Name] = func() yaml.MapSlice { return x.want.watchPairs(x.show, w) }
		}
	}
	return all
}

func (x *export) editItems(l listEdit, n *node) bool {
	end := x.sectionEnd(n.dashes[len(n.dashes)-1].line)
	last := 0 // the last line of the list's last item
	for i, d := range n.dashes {
		next := end
		if i+1 < len(n.dashes) {
			next = n.dashes[i+1].line
		}
		if next <= d.line {
			return false // two items on a line
		}
		stop := next
		for stop-1 > d.line && x.beside(stop-1) {
			stop--
		}
		last = stop
		name := l.names[i]
		body := l.body[name]
		if body == nil && slices.Contains(l.same, name) {
			continue
		}
		from, text := d.line, ""
		if body != nil {
			text = item(body(), n.items[i].flow, strings.Repeat(" ", d.col-1))
		} else {
			from = x.withHead(d.line, stop)
			for stop < end && x.blank(stop) && (x.blank(from-1) || from-1 == x.keyLine(l.key)) {
				stop++
			}
		}
		x.replaceLines(from, stop, text)
	}
	if len(l.added) > 0 {
		of := n.items[len(n.items)-1].flow
		indent := strings.Repeat(" ", n.dashes[0].col-1)
		text := "\n" + indent + "# Added in chat or by a command.\n"
		for _, name := range l.added {
			text += item(l.body[name](), of, indent)
		}
		at := x.offset(last, 1)
		if at > 0 && x.text[at-1] != '\n' {
			text = "\n" + text
		}
		x.edits = append(x.edits, edit{at, at, text})
	}
	return true
}

func (x *export) blank(line int) bool { return strings.TrimSpace(x.d.lines[line-1]) == "" }

// beside reports whether a line is blank or a comment.
func (x *export) beside(line int) bool {
	return x.blank(line) || strings.HasPrefix(strings.TrimSpace(x.d.lines[line-1]), "#")
}

// withHead is the first line of the comment that stands above an item, if it
// is about that item alone: if nothing follows the item directly.
func (x *export) withHead(first, stop int) int {
	if stop <= len(x.d.lines) && !x.beside(stop) && leading(x.d.lines[stop-1]) > 0 {
		return first
	}
	for first > 1 && strings.HasPrefix(strings.TrimSpace(x.d.lines[first-2]), "#") {
		first--
	}
	return first
}

// replaceLines replaces whole lines, and what was to be changed in them.
func (x *export) replaceLines(from, to int, text string) {
	e := edit{x.offset(from, 1), x.offset(to, 1), text}
	x.edits = slices.DeleteFunc(x.edits, func(old edit) bool { return old.from >= e.from && old.to <= e.to })
	x.edits = append(x.edits, e)
}

// section is a list that was not there, with its head.
func (x *export) section(l listEdit, head string) string { return head + x.sectionOf(l, l.body) }

func (x *export) sectionOf(l listEdit, body map[string]func() yaml.MapSlice) string {
	var b strings.Builder
	for _, name := range l.added {
		b.WriteString(item(body[name](), true, "  "))
	}
	return b.String()
}

// sectionEnd is the line after a list of the file's first level that has its
// last item in a line.
func (x *export) sectionEnd(line int) int {
	end := len(x.d.lines) + 1
	if x.d.lines[len(x.d.lines)-1] == "" {
		end--
	}
	for _, e := range x.root.entries {
		if e.line > line {
			end = min(end, e.line)
		}
	}
	return end
}

func (x *export) keyLine(key string) int {
	for _, e := range x.root.entries {
		if e.key == key {
			return e.line
		}
	}
	return 1
}

// item prints an entry of a list, in one line or in one for each key.
func item(body yaml.MapSlice, flow bool, indent string) string {
	single := false
	for _, i := range body {
		if s, ok := i.Value.(string); ok && strings.ContainsAny(s, `"\`) {
			single = true
		}
	}
	options := []yaml.EncodeOption{yaml.IndentSequence(true), yaml.UseSingleQuote(single)}
	var value any = []yaml.MapSlice{body}
	if flow {
		options, value = append(options, yaml.Flow(true)), body
	}
	out, err := yaml.MarshalWithOptions(value, options...)
	if err != nil {
		panic(err) // texts, numbers and lists of them can always be written
	}
	text := strings.TrimSpace(string(out))
	if flow {
		return indent + "- " + text + "\n"
	}
	lines := strings.Split(text, "\n")
	// The library indents the list itself.
	for i := range lines {
		if i > 0 {
			lines[i] = strings.TrimPrefix(lines[i], "  ")
		}
		lines[i] = indent + lines[i] + "\n"
	}
	return strings.Join(lines, "")
}

// offset is the byte at which a character of the file begins.
func (x *export) offset(line, col int) int {
	at := 0
	for i := range min(line-1, len(x.d.lines)) {
		at += len(x.d.lines[i]) + 1
	}
	if line > len(x.d.lines) {
		return len(x.text)
	}
	for i := range x.d.lines[line-1] {
		if col--; col == 0 {
			return at + i
		}
	}
	return at + len(x.d.lines[line-1])
}

// span is where a scalar stands, its quotes included.
func (x *export) span(n *node) (from, to int, ok bool) {
	w := walker{lines: x.d.lines, line: n.line - 1}
	if w.line >= len(w.lines) {
		return 0, 0, false
	}
	w.row, w.col = []rune(w.lines[w.line]), n.col-1
	if !w.open() {
		return 0, 0, false
	}
	for _, r := range n.text {
		if _, _, ok := w.take(r); !ok {
			return 0, 0, false
		}
	}
	if w.style == '"' || w.style == '\'' {
		w.col++
	}
	return x.offset(n.line, n.col), x.offset(w.line+1, w.col+1), w.style != '|'
}

// apply makes all edits.
func (x *export) apply() string {
	slices.SortStableFunc(x.edits, func(a, b edit) int { return cmp.Compare(a.from, b.from) })
	var b strings.Builder
	at := 0
	for _, e := range x.edits {
		if e.from < at {
			continue // an anchor that is used twice
		}
		b.WriteString(x.text[at:e.from])
		b.WriteString(e.text)
		at = e.to
	}
	b.WriteString(x.text[at:])
	return b.String()
}

// yamlToJSON is a configuration as JSON, with its references as they are.
func yamlToJSON(text string) ([]byte, error) {
	var doc any
	if err := yaml.Unmarshal([]byte(hide(text)), &doc); err != nil {
		return nil, err
	}
	return json.Marshal(shown(doc))
}

func shown(v any) any {
	switch v := v.(type) {
	case string:
		return unhide(v)
	case []any:
		for i := range v {
			v[i] = shown(v[i])
		}
	case map[string]any:
		for key := range v {
			v[key] = shown(v[key])
		}
	}
	return v
}
