package terminal

import (
	"image/color"
	"strings"

	"charm.land/lipgloss/v2"

	"tipoff/bot/alert"
	"tipoff/bot/card"
)

// labelWidth holds the longest label and the space behind it.
const labelWidth = len("Also in") + 2

// shade is the colour of a severity. These are the terminal's own colours,
// which every theme, light or dark, makes readable.
func shade(s alert.Severity) color.Color {
	switch s {
	case alert.Critical:
		return lipgloss.Magenta
	case alert.High:
		return lipgloss.Red
	case alert.Low:
		return lipgloss.Cyan
	default:
		return lipgloss.Yellow
	}
}

// Card renders an alert, ending in a line end.
func (t *Terminal) Card(c card.Card) string {
	f := t.frame(shade(c.Severity))
	var marks []string
	for _, m := range c.Why {
		marks = append(marks, m.Terms...)
	}
	link, _ := card.Link(c.URL)

	f.head(cardHead(f, c), card.Clean(c.Channel))
	f.blank()
	f.text(nil, emphasised(card.Clean(c.Title), marks, strong, link)...)
	f.text(nil, piece{text: c.Byline(t.opts.Now()), look: faint})
	if s := card.Clean(c.Summary); s != "" {
		f.blank()
		f.text(nil, emphasised(s, marks, plain, "")...)
	}
	if len(c.Why)+len(c.Also) > 0 || link != "" {
		f.blank()
	}
	f.why(c)
	f.also(c)
	if link != "" {
		// A link stays in one piece, however long: a broken one cannot be
		// clicked or copied.
		f.line(piece{text: pad("Link", labelWidth), look: faint}, piece{text: link, link: link})
	}
	return f.foot()
}

func cardHead(f *frame, c card.Card) []piece {
	severity := c.Severity
	if severity.Rank() < 0 || severity == "" {
		severity = alert.Medium
	}
	p := piece{text: strings.ToUpper(string(severity)), look: accent}
	if f.color && severity.Rank() >= alert.High.Rank() {
		p = piece{text: " " + p.text + " ", look: badge}
	}
	head := []piece{p}
	if label := c.Label(); label != "" {
		head = append(head, piece{text: strings.ToLower(label), look: strong})
	}
	return head
}

// why lists the watches, a line each, with the words that they found.
func (f *frame) why(c card.Card) {
	// A long name stands out of the column rather than making it wide for all.
	column := 0
	for _, m := range c.Why {
		if w := lipgloss.Width(card.Clean(m.Watch)); w <= f.width/4 {
			column = max(column, w)
		}
	}
	label := "Why"
	for _, m := range c.Why {
		watch := piece{text: pad(card.Clean(m.Watch), column), look: strong}
		head := []piece{{text: pad(label, labelWidth), look: faint}}
		var words []piece
		for _, term := range m.Terms {
			if term = card.Clean(term); term == "" {
				continue
			}
			if len(words) > 0 {
				words = append(words, piece{text: ", ", look: faint})
			}
			words = append(words, piece{text: term, look: accent})
		}
		switch {
		case len(words) == 0:
			watch.text = strings.TrimRight(watch.text, " ")
			f.text(head, watch)
		case lipgloss.Width(watch.text) > column:
			f.text(head, append([]piece{watch, {text: "  "}}, words...)...)
		default:
			f.text(append(head, watch, piece{text: "  "}), words...)
		}
		label = ""
	}
}

func (f *frame) also(c card.Card) {
	var names []piece
	for _, s := range c.Also {
		name := card.Clean(s.Name)
		if name == "" {
			continue
		}
		link, _ := card.Link(s.URL)
		if len(names) > 0 {
			names = append(names, piece{text: ", ", look: faint})
		}
		names = append(names, piece{text: name, link: link})
	}
	if len(names) > 0 {
		f.text([]piece{{text: pad("Also in", labelWidth), look: faint}}, names...)
	}
}

// Page renders the answer to a command in the same look, ending in a line end.
func (t *Terminal) Page(p card.Page) string {
	tone := map[card.Tone]color.Color{card.Plain: lipgloss.Cyan, card.Good: lipgloss.Green, card.Bad: lipgloss.Red}
	f := t.frame(tone[p.Tone])
	title := card.Clean(p.Title)
	if lipgloss.Width(title) <= f.width-8 && title != "" {
		f.head([]piece{{text: title, look: strong}}, "")
	} else {
		f.head(nil, "")
		if title != "" {
			f.blank()
			f.text(nil, piece{text: title, look: strong})
		}
	}
	if lead := card.CleanLines(p.Lead); lead != "" {
		f.blank()
		f.text(nil, piece{text: lead})
	}
	if code := card.CleanCode(p.Code); strings.TrimSpace(code) != "" {
		f.blank()
		for l := range strings.Lines(code) {
			// The caret must stay under its column: code is never wrapped.
			f.line(piece{text: "  " + strings.TrimRight(l, "\n"), look: accent})
		}
	}
	for _, it := range p.Items {
		f.blank()
		f.item(it)
	}
	if hint := card.CleanLines(p.Hint); hint != "" {
		f.blank()
		f.text(nil, piece{text: hint, look: faint})
	}
	return f.foot()
}

func (f *frame) item(it card.Item) {
	link, _ := card.Link(it.URL)
	f.text(nil, emphasised(card.Clean(it.Title), it.Marks, strong, link)...)
	if meta := card.Clean(it.Meta); meta != "" {
		f.text(nil, piece{text: meta, look: faint})
	}
	if text := card.CleanLines(it.Text); text != "" {
		f.text(nil, emphasised(text, it.Marks, plain, "")...)
	}
	if link != "" {
		f.line(piece{text: link, look: faint, link: link})
	}
}
