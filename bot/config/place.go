package config

import "strings"

// at finds the line and column of character i (from 0) of a scalar's text, so
// that a mistake inside a query is shown where it is. It reads the scalar
// again in the file, in whichever of YAML's styles it is written; where that
// cannot be followed, the scalar's start is the answer.
func (d *decoder) at(n *node, i int) (line, col int) {
	w := walker{lines: d.lines, line: n.line - 1}
	if w.line >= len(w.lines) {
		return n.line, n.col
	}
	w.row = []rune(w.lines[w.line])
	w.col = n.col - 1
	if !w.open() {
		return n.line, n.col
	}
	k := 0
	for _, want := range n.text {
		line, col, ok := w.take(want)
		if !ok {
			return n.line, n.col
		}
		if k == i {
			return line, col
		}
		k++
	}
	return w.line + 1, w.col + 1
}

// walker follows a scalar through its lines.
type walker struct {
	lines     []string
	row       []rune
	line, col int // from 0
	// style is the quote, '|' for a block, or 0 for plain text.
	style rune
	// indent is how many columns of each line a block's text leaves out.
	indent int
}

// open steps to the scalar's first character.
func (w *walker) open() bool {
	if w.col < 0 || w.col >= len(w.row) {
		return false
	}
	for w.row[w.col] == ' ' && w.col+1 < len(w.row) {
		w.col++
	}
	switch r := w.row[w.col]; r {
	case '"', '\'':
		w.style = r
		w.col++
	case '|', '>':
		w.style = '|'
		w.indent = maxBytes
		for _, line := range w.lines[min(w.line+1, len(w.lines)):] {
			if strings.TrimSpace(line) != "" {
				w.indent = leading(line)
				break
			}
		}
		return w.next()
	}
	return true
}

func (w *walker) next() bool {
	w.line++
	if w.line >= len(w.lines) {
		return false
	}
	w.row = []rune(w.lines[w.line])
	w.col = leading(w.lines[w.line])
	if w.style == '|' {
		w.col = min(w.col, w.indent)
	}
	return true
}

// take steps over one character of the text and says where it stood.
func (w *walker) take(want rune) (line, col int, ok bool) {
	for {
		if w.col >= len(w.row) {
			// The end of a line stands for the space or line end that folding
			// makes of it.
			line, col = w.line+1, len(w.row)+1
			if !w.next() {
				return line, col, want == '\n'
			}
			if want == ' ' || want == '\n' {
				return line, col, true
			}
			continue
		}
		line, col = w.line+1, w.col+1
		r := w.row[w.col]
		switch {
		case w.style == '\'' && r == '\'':
			if w.col+1 >= len(w.row) || w.row[w.col+1] != '\'' {
				return line, col, false
			}
			w.col += 2
			return line, col, want == '\''
		case w.style == '"' && r == '\\':
			return line, col, w.escape()
		case r == want:
			w.col++
			return line, col, true
		case r == ' ' || r == '\t':
			w.col++ // white space that folding drops
		default:
			return line, col, false
		}
	}
}

// escape steps over a backslash sequence; the parser has checked its form.
func (w *walker) escape() bool {
	if w.col+1 >= len(w.row) {
		return false
	}
	length := 2
	switch w.row[w.col+1] {
	case 'x':
		length = 4
	case 'u':
		length = 6
	case 'U':
		length = 10
	}
	w.col += length
	return w.col <= len(w.row)
}
