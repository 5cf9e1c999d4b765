package card

import (
	"slices"
	"unicode"
	"unicode/utf8"
)

// Span is a run of text that either is one of the marked words or is not.
type Span struct {
	Text string
	Mark bool
}

// Emphasise splits s where words of marks stand in it, so that a platform can
// set them bold. Marks are words or phrases as they were found in the story;
// they count as whole words and in any case, the longest first. Scripts that
// are written without spaces have no whole words, so there a mark counts
// wherever it stands. Marks side by side make one span, so that who escapes a
// span sees the signs that they form together. The texts of all spans make up s.
func Emphasise(s string, marks []string) []Span {
	if s == "" {
		return nil
	}
	var words []string
	for _, m := range marks {
		if m = Clean(m); m != "" {
			words = append(words, m)
		}
	}
	slices.SortStableFunc(words, func(a, b string) int { return len(b) - len(a) })

	var spans []Span
	plain := 0 // where the unmarked run began
	prev := rune(0)
	for i := 0; i < len(s); {
		if n := markAt(s[i:], prev, words); n > 0 {
			if plain < i {
				spans = append(spans, Span{Text: s[plain:i]})
			}
			if last := len(spans) - 1; last >= 0 && spans[last].Mark && plain == i {
				spans[last].Text = s[i-len(spans[last].Text) : i+n]
			} else {
				spans = append(spans, Span{Text: s[i : i+n], Mark: true})
			}
			prev, _ = utf8.DecodeLastRuneInString(s[i : i+n])
			i += n
			plain = i
			continue
		}
		r, w := utf8.DecodeRuneInString(s[i:])
		prev = r
		i += w
	}
	if plain < len(s) {
		spans = append(spans, Span{Text: s[plain:]})
	}
	return spans
}

// markAt is the length of the mark that s begins with, behind the character
// prev, or 0.
func markAt(s string, prev rune, words []string) int {
	for _, w := range words {
		n := foldedPrefix(s, w)
		if n == 0 {
			continue
		}
		first, _ := utf8.DecodeRuneInString(s)
		last, _ := utf8.DecodeLastRuneInString(s[:n])
		next, _ := utf8.DecodeRuneInString(s[n:])
		if n == len(s) {
			next = 0
		}
		if !sameWord(prev, first) && !sameWord(last, next) {
			return n
		}
	}
	return 0
}

// foldedPrefix is how many bytes of s are word, ignoring case, or 0.
func foldedPrefix(s, word string) int {
	n := 0
	for _, w := range word {
		if n >= len(s) {
			return 0
		}
		r, size := utf8.DecodeRuneInString(s[n:])
		if r != w && fold(r) != fold(w) && (!isSpace(r) || w != ' ') {
			return 0
		}
		n += size
	}
	return n
}

// fold is the same for all cases of a letter.
func fold(r rune) rune { return unicode.ToLower(unicode.ToUpper(r)) }

// sameWord reports whether no word can end between a and b.
func sameWord(a, b rune) bool {
	if unicode.Is(unicode.M, b) || b == zwj {
		return true // b is drawn on a
	}
	return inWord(a) && inWord(b) && !unspaced(a) && !unspaced(b)
}

func inWord(r rune) bool {
	return unicode.In(r, unicode.L, unicode.M, unicode.N) || r == '_'
}

func unspaced(r rune) bool {
	return r >= 0xe00 && unicode.In(r, unicode.Han, unicode.Hiragana, unicode.Katakana, unicode.Hangul,
		unicode.Thai, unicode.Lao, unicode.Khmer, unicode.Myanmar)
}
