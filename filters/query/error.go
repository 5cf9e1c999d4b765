package query

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/rivo/uniseg"
)

// Error says where a query cannot be read and how it could be.
type Error struct {
	Query string
	// Col is the place in runes, the first one being 1. An error at the end of
	// the query is one past its last rune.
	Col int
	// Expected and Found complete "expected ..., found ...".
	Expected, Found string
	// Suggest is a form that would be right, or empty.
	Suggest string
}

// Error is the whole in one line.
func (e *Error) Error() string {
	s := fmt.Sprintf("column %d: expected %s, found %s", e.Col, e.Expected, e.Found)
	if e.Suggest != "" {
		s += "; try " + e.Suggest
	}
	return s
}

// caretWidth is how many columns of a long line are shown before the error,
// and how many after it.
const caretWidth = 60

// Caret returns the query's line with the error and, below, a caret under the
// place. It counts wide characters as two columns, as a terminal does; a part
// of a long line stands for the whole.
func (e *Error) Caret() string {
	at := 0 // byte offset of the error
	for i := 1; i < e.Col && at < len(e.Query); i++ {
		_, n := utf8.DecodeRuneInString(e.Query[at:])
		at += n
	}
	start := strings.LastIndexByte(e.Query[:at], '\n') + 1
	before := visible(e.Query[start:at])
	after, _, _ := strings.Cut(e.Query[at:], "\n")
	after = visible(after)

	before = cutLeft(before)
	if short := firstColumns(after, caretWidth); short != after {
		after = short + "…"
	}
	return before + after + "\n" + strings.Repeat(" ", uniseg.StringWidth(before)) + "^"
}

// visible replaces what has no fixed width, or would reorder the line, so that
// the caret stays below its place.
func visible(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == utf8.RuneError, unicode.Is(unicode.Co, r):
			return '?'
		case unicode.IsSpace(r), unicode.IsControl(r), unicode.Is(unicode.Cf, r):
			return ' '
		}
		return r
	}, s)
}

// firstColumns is as much of s as fits into width columns.
func firstColumns(s string, width int) string {
	rest, state, used := s, -1, 0
	for rest != "" {
		var w int
		var next string
		_, next, w, state = uniseg.FirstGraphemeClusterInString(rest, state)
		if used+w > width {
			break
		}
		used += w
		rest = next
	}
	return s[:len(s)-len(rest)]
}

// cutLeft keeps the last columns of s.
func cutLeft(s string) string {
	over := uniseg.StringWidth(s) - caretWidth
	if over <= 0 {
		return s
	}
	return "…" + s[len(firstColumns(s, over+1)):]
}
