package config

import (
	"fmt"
	"slices"
	"strings"
)

// Error is one mistake in the file. Line and Column are 1-based, the column
// in characters; both are 0 where a mistake has no place (a file that is not
// there). Text says what is wrong and what would be right, and never holds a
// secret.
type Error struct {
	File   string
	Line   int
	Column int
	Text   string
	// source is the line as people may see it: secrets are masked.
	source string
}

// Error prints the mistake as file:line:column: text.
func (e Error) Error() string {
	if e.Line == 0 {
		return e.File + ": " + e.Text
	}
	return fmt.Sprintf("%s:%d:%d: %s", e.File, e.Line, e.Column, e.Text)
}

// Detail prints the mistake with the line it is on and a caret below the place.
func (e Error) Detail() string {
	if e.Line == 0 || strings.TrimSpace(e.source) == "" {
		return e.Error()
	}
	number := fmt.Sprintf("%5d", e.Line)
	line, at := window(e.source, e.Column-1)
	return fmt.Sprintf("%s\n%s | %s\n%s | %s^", e.Error(), number, line,
		strings.Repeat(" ", len(number)), indent(line, at))
}

// window is the part of a long line around a character, and where that
// character is in it.
func window(line string, at int) (string, int) {
	const width = 100
	runes := []rune(line)
	if len(runes) <= width {
		return line, at
	}
	from := max(0, min(at, len(runes))-width/2)
	to := min(len(runes), from+width)
	part := string(runes[from:to])
	if to < len(runes) {
		part += "…"
	}
	if from > 0 {
		return "…" + part, at - from + 1
	}
	return part, at
}

// indent is as wide as the first n characters of line. Tabs stay tabs, so that
// the caret stands right whatever a tab is worth on the reader's screen.
func indent(line string, n int) string {
	var b strings.Builder
	for _, r := range line {
		if b.Len() >= n {
			break
		}
		if r != '\t' {
			r = ' '
		}
		b.WriteRune(r)
	}
	for b.Len() < n {
		b.WriteByte(' ')
	}
	return b.String()
}

// Errors are all mistakes of a file, in the order of their places.
type Errors []Error

// Error prints a line for each mistake.
func (es Errors) Error() string { return es.join(Error.Error) }

// Detail prints each mistake as [Error.Detail] does.
func (es Errors) Detail() string { return es.join(Error.Detail) }

func (es Errors) join(one func(Error) string) string {
	lines := make([]string, len(es))
	for i, e := range es {
		lines[i] = one(e)
	}
	return strings.Join(lines, "\n")
}

// Finding is something that is no mistake and that the operator should know:
// a key without effect, a reference to a platform that is off.
type Finding struct {
	Line   int
	Column int
	// Where is the key's path: "watches[0].digest".
	Where string
	Text  string
	// Remedy says what to do, or is empty where nothing need be done.
	Remedy string
}

func (f Finding) String() string {
	if f.Remedy == "" {
		return f.Where + ": " + f.Text
	}
	return f.Where + ": " + f.Text + "; " + f.Remedy
}

func byPlace(aLine, aColumn, bLine, bColumn int) int {
	if aLine != bLine {
		return aLine - bLine
	}
	return aColumn - bColumn
}

func sortByPlace(errs Errors, found []Finding) {
	slices.SortStableFunc(errs, func(a, b Error) int { return byPlace(a.Line, a.Column, b.Line, b.Column) })
	slices.SortStableFunc(found, func(a, b Finding) int { return byPlace(a.Line, a.Column, b.Line, b.Column) })
}
