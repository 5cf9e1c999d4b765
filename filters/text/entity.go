package text

import (
	"html"
	"strings"
	"unicode/utf8"
)

// maxEntity is how far the end of an entity's name is looked for. The longest
// name in HTML has 31 letters.
const maxEntity = 33

// entity decodes the HTML entity at the start of s, which starts with an
// ampersand, and returns its length; 0 if there is none. Feeds that encode
// twice are followed ("&amp;#39;"), a few levels deep.
func entity(s string) (plain string, n int) {
	const amp = "amp;"
	n = 1
	for range 3 {
		if !strings.HasPrefix(s[n:], amp) {
			break
		}
		if _, inner := named(s[n+len(amp):]); inner == 0 {
			break
		}
		n += len(amp)
	}
	plain, m := named(s[n:])
	if m == 0 {
		return "", 0
	}
	return plain, n + m
}

// named decodes the entity whose name, semicolon included, s starts with.
func named(s string) (plain string, n int) {
	end := strings.IndexByte(s[:min(len(s), maxEntity)], ';')
	if end < 1 {
		return "", 0
	}
	for i := range end {
		if c := classes[s[i]]; c != lower && c != upper && (s[i] != '#' || i > 0) {
			return "", 0
		}
	}
	whole := "&" + s[:end+1]
	plain = html.UnescapeString(whole)
	// Old names are decoded without a semicolon too ("&notit;" is "¬it;").
	// A whole entity gives one or two characters, and half of one three or more.
	if plain == whole || utf8.RuneCountInString(plain) > 2 {
		return "", 0
	}
	return plain, end + 1
}
