package terminal

import (
	"fmt"
	"html"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"charm.land/lipgloss/v2"
	"github.com/rivo/uniseg"
)

// TestPicture makes the README's picture from what the terminal prints, so
// that the picture cannot show what the program does not.
func TestPicture(t *testing.T) {
	term := New(nil, Options{Color: true, Width: func() int { return 80 }, Now: func() time.Time { return now }})
	compare(t, "alert.svg", svg("tipoff run", term.Card(leak)))
}

// The measures of the picture, in pixels. A cell is as wide as most monospace
// fonts make it at this size; textLength does the rest.
const (
	fontSize = 14.0
	cellW    = 8.4
	cellH    = 21.0
	padX     = 26.0
	padY     = 20.0
	barH     = 38.0
)

// The colours are of one dark theme; the window brings its own ground and a
// border, so that it stands out from a light page and from a dark one.
const (
	windowFill = "#151a21"
	barFill    = "#1c222b"
	borderFill = "#3a434f"
	textFill   = "#d3dae3"
	strongFill = "#f4f7fa"
	faintFill  = "#8a96a5"
)

var ansiFill = map[int]string{31: "#ff7b72", 32: "#7ee787", 33: "#e8c15c", 35: "#d8a5ff", 36: "#6fdbe6"}

// cellStyle is what one cell looks like.
type cellStyle struct {
	fill    string
	bold    bool
	faint   bool
	reverse bool
}

func (s cellStyle) color() string {
	switch {
	case s.fill != "":
		return s.fill
	case s.faint:
		return faintFill
	case s.bold:
		return strongFill
	}
	return textFill
}

var sequence = regexp.MustCompile(`\x1b\[([0-9;]*)m|\x1b\]8;;[^\x07\x1b]*(?:\x07|\x1b\\)`)

func (s cellStyle) apply(params string) cellStyle {
	for p := range strings.SplitSeq(params, ";") {
		n, _ := strconv.Atoi(p)
		switch n {
		case 0:
			s = cellStyle{}
		case 1:
			s.bold = true
		case 2:
			s.faint = true
		case 7:
			s.reverse = true
		default:
			s.fill = ansiFill[n]
		}
	}
	return s
}

// svg draws printed as the content of a window.
func svg(title, printed string) string {
	rows := strings.Split(strings.TrimRight(printed, "\n"), "\n")
	columns := 0
	for _, r := range rows {
		columns = max(columns, lipgloss.Width(r))
	}
	width := float64(columns)*cellW + 2*padX
	height := barH + float64(len(rows))*cellH + 2*padY

	var b strings.Builder
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" width="%[1]s" height="%[2]s" viewBox="0 0 %[1]s %[2]s" role="img" aria-labelledby="title">`+"\n", num(width), num(height))
	fmt.Fprintf(&b, `<title id="title">%s</title>`+"\n", html.EscapeString("An alert in the terminal: "+leak.Title))
	fmt.Fprintf(&b, `<style>text{font:%spx ui-monospace,SFMono-Regular,"SF Mono",Menlo,Consolas,"DejaVu Sans Mono","Liberation Mono",monospace;white-space:pre}.b{font-weight:700}</style>`+"\n", num(fontSize))
	fmt.Fprintf(&b, `<rect x=".5" y=".5" width="%s" height="%s" rx="10" fill="%s" stroke="%s"/>`+"\n", num(width-1), num(height-1), windowFill, borderFill)
	fmt.Fprintf(&b, `<path d="M1 %[1]sV11A10 10 0 0 1 11 1H%[2]sA10 10 0 0 1 %[3]s 11V%[1]sZ" fill="%[4]s"/>`+"\n", num(barH), num(width-11), num(width-1), barFill)
	for i := range 3 {
		fmt.Fprintf(&b, `<circle cx="%s" cy="%s" r="5.5" fill="%s"/>`+"\n", num(22+float64(i)*19), num(barH/2), borderFill)
	}
	fmt.Fprintf(&b, `<text x="%s" y="%s" text-anchor="middle" fill="%s" style="font-size:12.5px">%s</text>`+"\n", num(width/2), num(barH/2+4.5), faintFill, html.EscapeString(title))
	for i, r := range rows {
		drawRow(&b, r, barH+padY+float64(i)*cellH)
	}
	b.WriteString("</svg>\n")
	return b.String()
}

// drawRow draws one line of output whose top is at y.
func drawRow(b *strings.Builder, row string, y float64) {
	style, column := cellStyle{}, 0
	for row != "" {
		at := sequence.FindStringSubmatchIndex(row)
		if at == nil {
			drawRun(b, row, style, column, y)
			return
		}
		drawRun(b, row[:at[0]], style, column, y)
		column += lipgloss.Width(row[:at[0]])
		if at[2] >= 0 {
			style = style.apply(row[at[2]:at[3]])
		}
		row = row[at[1]:]
	}
}

// drawRun draws text of one style. Frames are drawn as lines: glyphs of
// different fonts would leave gaps between them.
func drawRun(b *strings.Builder, text string, s cellStyle, column int, y float64) {
	x := padX + float64(column)*cellW
	w := float64(lipgloss.Width(text)) * cellW
	fill := s.color()
	if s.reverse {
		fmt.Fprintf(b, `<rect x="%s" y="%s" width="%s" height="%s" rx="4" fill="%s"/>`+"\n", num(x), num(y+1), num(w), num(cellH-2), fill)
		fill = windowFill
	}
	if strings.ContainsAny(text, lines.top+lines.side+lines.foot+lines.rule) {
		for g := uniseg.NewGraphemes(text); g.Next(); x += cellW {
			drawFrame(b, g.Str(), fill, x, y)
		}
		return
	}
	trimmed := strings.TrimLeft(text, " ")
	x += float64(lipgloss.Width(text)-lipgloss.Width(trimmed)) * cellW
	trimmed = strings.TrimRight(trimmed, " ")
	if trimmed == "" {
		return
	}
	class := ""
	if s.bold {
		class = ` class="b"`
	}
	fmt.Fprintf(b, `<text x="%s" y="%s" textLength="%s" fill="%s"%s>%s</text>`+"\n",
		num(x), num(y+cellH/2+fontSize*0.34), num(float64(lipgloss.Width(trimmed))*cellW), fill, class, html.EscapeString(trimmed))
}

func drawFrame(b *strings.Builder, glyph, fill string, x, y float64) {
	// Pieces overlap a little: edges that only touch show a seam when scaled.
	mx, my, right, bottom := x+cellW/2, y+cellH/2, x+cellW+.4, y+cellH+.4
	const r = cellW / 2
	var d string
	switch glyph {
	case lines.rule:
		d = fmt.Sprintf("M%s %sH%s", num(x), num(my), num(right))
	case lines.side:
		d = fmt.Sprintf("M%s %sV%s", num(mx), num(y), num(bottom))
	case lines.top:
		d = fmt.Sprintf("M%s %sV%sA%s %[4]s 0 0 1 %s %s", num(mx), num(bottom), num(my+r), num(r), num(right), num(my))
	case lines.foot:
		d = fmt.Sprintf("M%s %sV%sA%s %[4]s 0 0 0 %s %s", num(mx), num(y), num(my-r), num(r), num(right), num(my))
	default:
		return
	}
	fmt.Fprintf(b, `<path d="%s" fill="none" stroke="%s" stroke-width="1.6"/>`+"\n", d, fill)
}

// num prints v with at most two decimals.
func num(v float64) string {
	return strings.TrimSuffix(strings.TrimRight(strconv.FormatFloat(v, 'f', 2, 64), "0"), ".")
}
