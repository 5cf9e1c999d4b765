package text

import (
	"html"
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// Case returns how the letters of a word are written: for each rune of its
// normalised form a "U" for a capital or an "l" for anything else. s is the
// word as it stands, such as the part of a text from Start to End of a
// [Token]; what separates words counts for nothing. So two spellings of a word
// are written alike exactly when their Cases are equal.
func Case(s string) string {
	var b strings.Builder
	b.Grow(len(s))
	for strings.IndexByte(s, '&') >= 0 { // encoded twice, maybe
		plain := html.UnescapeString(s)
		if plain == s {
			break
		}
		s = plain
	}
	for _, r := range s {
		if r < 0x80 {
			switch classes[byte(r)] {
			case upper:
				b.WriteByte('U')
			case lower:
				b.WriteByte('l')
			}
			continue
		}
		for _, c := range norm.NFKC.String(string(r)) {
			mark := byte('l')
			if unicode.IsUpper(c) || unicode.IsTitle(c) {
				mark = 'U'
			}
			for _, folded := range fold(string(c)) {
				if k := kindOf(folded); k == joins || k == stands {
					b.WriteByte(mark)
				}
			}
		}
	}
	return b.String()
}
