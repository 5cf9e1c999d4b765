package filters

import "strings"

// IndexVersion is that of [Doc.IndexTexts]: an index made of an earlier one's has to
// be made again.
const IndexVersion = 2

// Words of an index that are in no text. Their letter is private to programs, and
// normalising leaves none of them in a text.
const (
	// closedMark is before what a text has with hyphens, closed up.
	closedMark = "\uf8ff"
	// given is the word of stories that came with entities.
	given = "\uf8fegiven"
)

// TextEnd is in an index between the words of two texts, so that nothing stands
// side by side there. It is no word.
const TextEnd = closedMark

// InText reports whether a word of an index is one of a text.
func InText(w string) bool {
	return !strings.HasPrefix(w, closedMark) && w != given
}

// IndexTexts returns what an index should hold of the story: the words of its
// title, and of its summary and content, as the filters see them, with single
// spaces between them. The index must split at these spaces, and nowhere else.
//
// What may be read as one word though there is a hyphen in it is there a second
// time, closed up and marked: so a query for the one word need not ask for all
// the ways in which it may stand apart. Where there is a space instead it has
// to; of these there are too many in a text.
//
// The body ends with a word that is in no text where the story came with
// entities: they are in none of its texts, and what asks for entities asks for
// that word too.
func (d *Doc) IndexTexts() (title, body string) {
	s := d.story
	b := make([]byte, 0, 2*(len(s.Title)+len(s.Summary)+len(s.Content)))
	b = d.appendClosed(d.appendWords(b, inTitle), inTitle)
	end := len(b)
	b = d.appendWords(b, inSummary)
	if len(b) > end && d.starts[inContent] < d.starts[texts] {
		b = appendWord(b, TextEnd)
	}
	b = d.appendWords(b, inContent)
	b = d.appendClosed(d.appendClosed(b, inSummary), inContent)
	if !s.Entities.IsZero() {
		b = appendWord(b, given)
	}
	all := string(b)
	return strings.TrimPrefix(all[:end], " "), strings.TrimPrefix(all[end:], " ")
}

func appendWord(b []byte, parts ...string) []byte {
	b = append(b, ' ')
	for _, p := range parts {
		b = append(b, p...)
	}
	return b
}

// appendWords appends the words of text f.
func (d *Doc) appendWords(b []byte, f int) []byte {
	for _, t := range d.tokens[d.starts[f]:d.starts[f+1]] {
		b = appendWord(b, t.Text)
	}
	return b
}

// appendClosed appends what may be read as one word of text f though it has a
// hyphen in it. What may only be read as the beginning of one ends with the mark
// too, and so is no word that anybody asks for.
func (d *Doc) appendClosed(b []byte, f int) []byte {
	end := int(d.starts[f+1])
	after := apart // what stands behind token i+1
	if i := int(d.starts[f]); i+1 < end {
		after = d.gap(f, i)
	}
	for i := int(d.starts[f]); i+1 < end; i++ {
		g := after
		if after = apart; i+2 < end {
			after = d.gap(f, i+1)
		}
		if g == apart || g != hyphen && after != hyphen {
			continue
		}
		first, next := d.tokens[i].Text, d.tokens[i+1].Text
		whole := joins(first, next, next, g, false)
		switch {
		case g != hyphen:
		case whole:
			b = appendWord(b, closedMark, first, next)
		case joins(first, next, firstRun(next), g, true):
			b = appendWord(b, closedMark, first, next, closedMark)
		}
		if !whole || after == apart {
			continue
		}
		last := d.tokens[i+2].Text
		if head := firstRun(last); alternate(first, next, last) && joins(next, last, last, after, false) {
			b = appendWord(b, closedMark, first, next, last)
		} else if alternate(first, next, head) && joins(next, last, head, after, true) {
			b = appendWord(b, closedMark, first, next, last, closedMark)
		}
	}
	return b
}

// firstRun is the letters or digits that a word begins with.
func firstRun(w string) string {
	digits := startsWithDigit(w)
	for i, r := range w {
		if isDigit(r) != digits {
			return w[:i]
		}
	}
	return w
}
