package feed

import (
	"html"
	"slices"
	"strings"
	"sync"
	"unicode"
	"unicode/utf8"

	xhtml "golang.org/x/net/html"
)

// form says how a text is laid out.
type form int

const (
	oneLine form = iota
	// paragraphs keeps a line for each block of the HTML.
	paragraphs
)

// toText gives the plain text of s, which may be HTML or text or text that was
// escaped once too often: white space is collapsed, control characters are
// gone. It stops at about limit bytes. A tag that is none of HTML's, as in
// "List<String>", is text.
func toText(s string, f form, limit int) string {
	if isClean(s) {
		if len(s) <= limit {
			return s
		}
	}
	if strings.IndexByte(s, esc) >= 0 {
		s = terminalSequence.ReplaceAllString(s, "")
	}
	w := writers.Get().(*writer)
	defer writers.Put(w)
	w.reset(f, limit)
	if strings.IndexByte(s, '<') < 0 && strings.IndexByte(s, '&') < 0 {
		w.text(s)
		return string(w.out)
	}
	w.html(s)
	out := string(w.out)
	// What still looks like markup was escaped twice, unless the text shows
	// code. A third time is somebody's joke.
	if looksLikeHTML(out) && !showsCode(s) {
		w.reset(f, limit)
		w.html(out)
		out = string(w.out)
	}
	if hasEntity(out) {
		w.reset(f, limit)
		for line := range strings.SplitSeq(out, "\n") {
			w.text(html.UnescapeString(line))
			w.br()
		}
		out = string(w.out)
	}
	return out
}

// escapeText makes HTML of plain text, keeping its lines.
func escapeText(s string) string {
	return strings.ReplaceAll(html.EscapeString(s), "\n", "<br>")
}

// isClean says whether toText would give s back: no markup, no control
// characters, no space at the ends, and only single blanks.
func isClean(s string) bool {
	if s == "" {
		return true
	}
	blank := true
	for i := 0; i < len(s); i++ {
		c := s[i]
		switch {
		case c == ' ':
			if blank {
				return false
			}
			blank = true
		case c < ' ' || c == 0x7f || c == '<' || c == '&':
			return false
		case c < utf8.RuneSelf:
			blank = false
		default:
			r, n := utf8.DecodeRuneInString(s[i:])
			if r == utf8.RuneError || r == '\uFEFF' || unicode.IsSpace(r) || unicode.IsControl(r) {
				return false
			}
			i += n - 1
			blank = false
		}
	}
	return !blank
}

// looksLikeHTML finds tags that do not stand in a sentence about tags.
func looksLikeHTML(s string) bool {
	return strings.IndexByte(s, '<') >= 0 && containsAny(s, "</p>", "</a>", "</div>", "</span>", "</b>", "</i>", "</em>",
		"</strong>", "</li>", "</iframe>", "</script>", "</object>", "<br>", "<br/>", "<br />", "<p>", "<p ", "<a href", "<img ", "<iframe ", "<object ", "<embed ")
}

func showsCode(s string) bool {
	return containsAny(s, "<code", "<pre", "<tt", "<samp", "<kbd")
}

func containsAny(s string, list ...string) bool {
	for _, e := range list {
		if strings.Contains(s, e) {
			return true
		}
	}
	return false
}

// hasEntity says whether a text still has an HTML entity in it, such as
// "&amp;" or "&#8217;".
func hasEntity(s string) bool {
	for {
		i := strings.IndexByte(s, '&')
		if i < 0 {
			return false
		}
		s = s[i+1:]
		end := strings.IndexByte(s[:min(len(s), 12)], ';')
		if end < 2 {
			continue
		}
		if e := s[:end]; e[0] == '#' || isWord(e) {
			return true
		}
	}
}

func isWord(s string) bool {
	for i := range len(s) {
		if c := s[i] | 0x20; (c < 'a' || c > 'z') && (i == 0 || s[i] < '0' || s[i] > '9') {
			return false
		}
	}
	return true
}

// writer collects plain text. It is used again, so that a feed costs few
// allocations.
type writer struct {
	out   []byte
	form  form
	limit int
	// gap is what is due before the next visible character: 0, ' ' or '\n'.
	gap byte
}

var writers = sync.Pool{New: func() any { return &writer{out: make([]byte, 0, 4096)} }}

func (w *writer) reset(f form, limit int) {
	w.out, w.form, w.limit, w.gap = w.out[:0], f, limit, 0
}

func (w *writer) full() bool { return len(w.out) > w.limit }

func (w *writer) space() {
	if w.gap == 0 {
		w.gap = ' '
	}
}

// br ends a line, or in one line is a space.
func (w *writer) br() {
	if w.form == oneLine {
		w.space()
		return
	}
	w.gap = '\n'
}

// fill writes the gap that is due, but none before the first character.
func (w *writer) fill() {
	if w.gap != 0 {
		if len(w.out) > 0 {
			w.out = append(w.out, w.gap)
		}
		w.gap = 0
	}
}

// text adds text whose entities are decoded.
func (w *writer) text(s string) {
	for i := 0; i < len(s) && !w.full(); {
		c := s[i]
		switch {
		case c > ' ' && c < 0x7f:
			end := i + 1
			for end < len(s) && s[end] > ' ' && s[end] < 0x7f {
				end++
			}
			w.fill()
			w.out = append(w.out, s[i:end]...)
			i = end
		case c == ' ' || c >= '\t' && c <= '\r':
			w.space()
			i++
		case c < utf8.RuneSelf:
			i++ // a control character
		default:
			r, n := utf8.DecodeRuneInString(s[i:])
			switch {
			case unicode.IsSpace(r):
				w.space()
			case r == utf8.RuneError && n == 1, r == '\uFEFF', unicode.IsControl(r):
			default:
				w.fill()
				w.out = append(w.out, s[i:i+n]...)
			}
			i += n
		}
	}
}

// html adds the text of HTML.
func (w *writer) html(s string) {
	z := xhtml.NewTokenizer(strings.NewReader(s))
	skipping, depth := "", 0 // the hidden element that we are in
	pos := 0                 // in s, after the token
	var unclosed []string
	for !w.full() {
		tt := z.Next()
		raw := z.Raw()
		pos += len(raw)
		switch tt {
		case xhtml.ErrorToken:
			// A tag without an end: text, unless it is one of HTML's.
			if skipping == "" && roleOf(raw) == unknown {
				w.text(html.UnescapeString(string(raw)))
			}
			return
		case xhtml.TextToken:
			if skipping == "" {
				w.text(string(z.Text()))
			}
			continue
		case xhtml.StartTagToken, xhtml.SelfClosingTagToken, xhtml.EndTagToken:
		default:
			continue
		}
		role := roleOf(raw)
		if skipping != "" {
			if nameOf(raw) == skipping {
				switch tt {
				case xhtml.StartTagToken:
					depth++
				case xhtml.EndTagToken:
					depth--
				}
				if depth == 0 {
					skipping = ""
				}
			}
			continue
		}
		switch role {
		case unknown:
			w.text(html.UnescapeString(string(raw)))
		case cell:
			w.space()
		case block:
			w.br()
		case hidden:
			if tt != xhtml.StartTagToken {
				continue
			}
			name := nameOf(raw)
			if !slices.Contains(unclosed, name) && closes(s[pos:], name) {
				skipping, depth = name, 1
				continue
			}
			// Searched once for each name, or many of them would take for ever.
			unclosed = append(unclosed, name)
			if bare(raw) {
				// "XSS by a <script> tag" is a sentence.
				w.text(string(raw))
			}
		}
	}
}

// closes says whether an end tag of that name is in s.
func closes(s, name string) bool {
	for {
		i := strings.Index(s, "</")
		if i < 0 {
			return false
		}
		s = s[i+2:]
		if len(s) >= len(name) && strings.EqualFold(s[:len(name)], name) {
			return true
		}
	}
}
