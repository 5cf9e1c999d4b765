package filters

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// Snippet is a part of a story's text with what made the story match.
type Snippet struct {
	// Text is plain text on one line; an ellipsis stands for what is left out.
	Text string
	// Marks are the places in Text, in order and without overlaps.
	Marks []Mark
}

// Mark is a place in a text: byte offsets.
type Mark struct {
	Start int `json:"start"`
	End   int `json:"end"`
}

const ellipsis = "…"

// Snippet returns about most characters of the summary or the content, whichever
// shows more of what made the story match; the beginning where neither shows any.
func (f *Filter) Snippet(d *Doc, most int) Snippet {
	places := [texts][]Mark{}
	for _, h := range f.Highlights(d) {
		for text, name := range textNames {
			if h.Field == string(name) && h.End > h.Start {
				places[text] = append(places[text], Mark{h.Start, h.End})
			}
		}
	}
	best, from, shown := inSummary, 0, 0
	if strings.TrimSpace(d.texts[inSummary]) == "" {
		best = inContent
	}
	for _, text := range []int{inSummary, inContent} {
		if at, n := densest(d.texts[text], places[text], most); n > shown {
			best, from, shown = text, at, n
		}
	}
	return cutOut(d.texts[best], places[best], from, most)
}

// densest is where in a text the part begins that has the most different words
// among its marks, the first of equals, and how many they are.
func densest(s string, marks []Mark, most int) (from, words int) {
	for i, m := range marks {
		seen := make(map[string]bool)
		for _, n := range marks[i:] {
			// Bytes, not characters: what is shown is cut below.
			if n.End-m.Start > most {
				break
			}
			seen[strings.ToLower(s[n.Start:n.End])] = true
		}
		if len(seen) > words {
			from, words = m.Start, len(seen)
		}
	}
	return from, words
}

// lead is how many bytes are shown before the first mark at the most, in a
// snippet that is long enough.
const lead = 60

// cutOut is a part of a text that shows what is at from.
func cutOut(s string, marks []Mark, from, most int) Snippet {
	start := 0
	if lead := min(lead, most*3/5); from > lead {
		start = wordAfter(s, from-lead, from)
	}
	var b strings.Builder
	var out Snippet
	if start > 0 {
		b.WriteString(ellipsis + " ")
	}
	space, count, end := true, 0, len(s)
	marked := -1
	for i, r := range s[start:] {
		at := start + i
		for len(marks) > 0 && marks[0].End <= at {
			if marked >= 0 {
				out.Marks = append(out.Marks, Mark{marked, b.Len()})
				marked = -1
			}
			marks = marks[1:]
		}
		if count >= most && (unicode.IsSpace(r) || count >= most+lead) && marked < 0 {
			end = at
			break
		}
		if unicode.IsSpace(r) || unicode.IsControl(r) || r == utf8.RuneError {
			if !space {
				b.WriteByte(' ')
				space = true
				count++
			}
			continue
		}
		if len(marks) > 0 && marked < 0 && at >= marks[0].Start {
			marked = b.Len()
		}
		b.WriteRune(r)
		space = false
		count++
	}
	if marked >= 0 {
		out.Marks = append(out.Marks, Mark{marked, b.Len()})
	}
	out.Text = strings.TrimRight(b.String(), " ")
	if strings.TrimSpace(s[end:]) != "" {
		out.Text += " " + ellipsis
	}
	return out
}

// wordAfter is the beginning of the first word of s from a on, not after b.
func wordAfter(s string, a, b int) int {
	for i, r := range s[a:b] {
		if unicode.IsSpace(r) {
			return a + i + utf8.RuneLen(r)
		}
	}
	return b
}
