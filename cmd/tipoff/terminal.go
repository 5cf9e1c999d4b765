package main

import (
	"io"
	"os"

	"golang.org/x/term"
)

// isTerminal reports whether w is a window that somebody looks at.
func isTerminal(w io.Writer) (*os.File, bool) {
	f, ok := w.(*os.File)
	return f, ok && term.IsTerminal(int(f.Fd())) //nolint:gosec // a file descriptor fits an int
}

// width is the window's width in cells, and 80 where there is no window.
func width(w io.Writer) int {
	if f, ok := isTerminal(w); ok {
		if n, _, err := term.GetSize(int(f.Fd())); err == nil && n > 0 { //nolint:gosec // as above
			return n
		}
	}
	return 80
}

// colour reports whether w shows colours and the user wants them; see
// https://no-color.org.
func colour(w io.Writer) bool {
	_, ok := isTerminal(w)
	return ok && os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb"
}
