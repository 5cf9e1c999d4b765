package terminal

import (
	"image/color"
	"slices"
	"strings"

	"charm.land/lipgloss/v2"

	"tipoff/bot/card"
)

// look is how a piece of text is set.
type look int

const (
	plain look = iota
	strong
	faint
	accent // matched words, in the colour of the frame
	badge  // on a ground of that colour
	quiet  // that colour, not bold
)

// piece is text in one look. It must be clean: what is in it is printed.
type piece struct {
	text string
	look look
	link string
}

// frame collects the lines of one card.
type frame struct {
	b      strings.Builder
	color  bool
	ground color.Color
	width  int
	glyphs glyphs
}

type glyphs struct{ top, side, foot, rule string }

// The gutter is three cells wide in both sets.
const gutter = 3

var (
	lines = glyphs{top: "╭", side: "│", foot: "╰", rule: "─"}
	ascii = glyphs{top: "+", side: "|", foot: "+", rule: "-"}
)

func (t *Terminal) frame(c color.Color) *frame {
	f := &frame{color: t.opts.Color, ground: c, width: t.width(), glyphs: ascii}
	if f.color {
		f.glyphs = lines
	}
	return f
}

func (f *frame) paint(p piece) string {
	if !f.color || p.text == "" {
		return p.text
	}
	s := lipgloss.NewStyle()
	switch p.look {
	case strong:
		s = s.Bold(true)
	case faint:
		s = s.Faint(true)
	case accent:
		s = s.Bold(true).Foreground(f.ground)
	case badge:
		s = s.Bold(true).Foreground(f.ground).Reverse(true)
	case quiet:
		s = s.Foreground(f.ground)
	case plain:
		if p.link == "" {
			return p.text
		}
	}
	if p.link != "" {
		s = s.Hyperlink(p.link)
	}
	return s.Render(p.text)
}

// head is the top line: what stands left in the rule, and what right.
func (f *frame) head(left []piece, right string) {
	g := f.glyphs
	line := []piece{{text: g.top + g.rule, look: quiet}}
	for _, p := range left {
		line = append(line, piece{text: " "}, p)
	}
	if len(left) > 0 {
		line = append(line, piece{text: " "})
	}
	used := 0
	for _, p := range line {
		used += lipgloss.Width(p.text)
	}
	tail := []piece{{text: " "}, {text: right, look: faint}, {text: " "}, {text: g.rule, look: quiet}}
	room := f.width - used - lipgloss.Width(right) - 3
	if right == "" || room < 2 {
		tail, room = nil, f.width-used
	}
	line = append(line, piece{text: strings.Repeat(g.rule, max(room, 1)), look: quiet})
	for _, p := range append(line, tail...) {
		f.b.WriteString(f.paint(p))
	}
	f.b.WriteByte('\n')
}

func (f *frame) foot() string {
	g := f.glyphs
	f.b.WriteString(f.paint(piece{text: g.foot + g.rule, look: quiet}))
	f.b.WriteByte('\n')
	return f.b.String()
}

func (f *frame) blank() { f.line() }

// line writes one line as it is, without wrapping.
func (f *frame) line(ps ...piece) {
	f.b.WriteString(f.paint(piece{text: f.glyphs.side, look: quiet}))
	if len(ps) > 0 {
		f.b.WriteString(strings.Repeat(" ", gutter-1))
	}
	for _, p := range ps {
		f.b.WriteString(f.paint(p))
	}
	f.b.WriteByte('\n')
}

// text wraps ps behind a label that stands on the first line only; the other
// lines are indented by the label's width.
func (f *frame) text(label []piece, ps ...piece) {
	indent := 0
	for _, p := range label {
		indent += lipgloss.Width(p.text)
	}
	for i, l := range wrap(ps, f.width-gutter-indent) {
		if i > 0 && indent > 0 {
			label = []piece{{text: strings.Repeat(" ", indent)}}
		}
		f.line(append(slices.Clip(label), l...)...)
	}
}

// emphasised is s in one look, with the marked words in accent.
func emphasised(s string, marks []string, l look, link string) []piece {
	var ps []piece
	for _, sp := range card.Emphasise(s, marks) {
		p := piece{text: sp.Text, look: l, link: link}
		if sp.Mark {
			p.look = accent
		}
		ps = append(ps, p)
	}
	return ps
}

// pad fills s with spaces to n cells.
func pad(s string, n int) string {
	return s + strings.Repeat(" ", max(n-lipgloss.Width(s), 0))
}
