// Package terminal prints alerts and command pages for people at a terminal:
// a frame in the colour of the severity, the title, why it matched, who else
// has it. Without colours the same text stands in ASCII frames, so that it can
// be piped, logged and read aloud.
//
// There are no frames on the right: terminals disagree about the width of many
// characters, and a frame that is open there cannot break.
package terminal

import (
	"context"
	"io"
	"os"
	"slices"
	"strings"
	"sync"
	"time"

	"charm.land/lipgloss/v2"
	"github.com/charmbracelet/colorprofile"
	"golang.org/x/term"

	"tipoff/bot/card"
	"tipoff/bot/deliver"
)

// The widths that text is laid out for, in cells. Longer lines are hard to
// read, and in narrower ones nothing fits beside its label.
const (
	defaultWidth = 80
	minWidth     = 40
	maxWidth     = 100
)

// Options for [New]. The zero value prints plain text, 80 cells wide.
type Options struct {
	// Color allows escape sequences: the terminal's own 16 colours, bold and
	// faint text, and links on titles.
	Color bool
	// Width is asked before each card for the width in cells, so that cards
	// follow the window. Nil, or an answer below 1, is 80.
	Width func() int
	// Now is the clock for ages; nil is time.Now.
	Now func() time.Time
}

// Detect finds the options for a file, usually standard output: colours when
// it is a terminal that shows them and the environment does not object
// (NO_COLOR, TERM=dumb), and its width.
func Detect(f *os.File, environ []string) Options {
	// NO_COLOR wins with any value, also over CLICOLOR_FORCE (no-color.org).
	refused := slices.ContainsFunc(environ, func(v string) bool {
		value, ok := strings.CutPrefix(v, "NO_COLOR=")
		return ok && value != ""
	})
	o := Options{Color: !refused && colorprofile.Detect(f, environ) > colorprofile.ASCII}
	if o.Color {
		lipgloss.EnableLegacyWindowsANSI(f)
	}
	o.Width = func() int {
		w, _, err := term.GetSize(int(f.Fd()))
		if err != nil {
			return 0
		}
		return w
	}
	return o
}

// Terminal is a [deliver.Sender] that prints cards. It is safe for use by many
// goroutines; cards do not interleave.
type Terminal struct {
	opts Options

	mu sync.Mutex // guards writes to w
	w  io.Writer
}

var _ deliver.Sender = (*Terminal)(nil)

// New returns a terminal that prints to w.
func New(w io.Writer, o Options) *Terminal {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Width == nil {
		o.Width = func() int { return defaultWidth }
	}
	return &Terminal{w: w, opts: o}
}

// Send prints the message's card and an empty line. There is no receipt: a
// terminal cannot be asked what it showed, so an alert whose delivery was cut
// off by a crash is printed again.
func (t *Terminal) Send(ctx context.Context, m deliver.Message) (string, error) {
	if err := ctx.Err(); err != nil {
		return "", err
	}
	return "", t.print(t.Card(m.Card) + "\n")
}

// Print prints a command's page and an empty line.
func (t *Terminal) Print(p card.Page) error {
	return t.print(t.Page(p) + "\n")
}

func (t *Terminal) print(s string) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	if _, err := io.WriteString(t.w, s); err != nil {
		return &deliver.Error{
			Code: "write",
			Text: "the terminal takes no more output; start the program in an open one, or take terminal out of the channel",
			Err:  err,
		}
	}
	return nil
}

func (t *Terminal) width() int {
	w := t.opts.Width()
	if w < 1 {
		w = defaultWidth
	}
	return min(max(w, minWidth), maxWidth)
}
