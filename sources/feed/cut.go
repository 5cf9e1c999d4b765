package feed

import (
	"strings"
	"unicode/utf8"

	"github.com/rivo/uniseg"
)

const ellipsis = "…"

// cut shortens a text to at most limit bytes: after a sentence if one ends in
// the second half of that, else after a word and with "…", and where there are
// no words to be seen between two characters as a reader sees them.
func cut(s string, limit int) string {
	if len(s) <= limit {
		return s
	}
	if i := lastSentence(s[:runeStart(s, limit)]); i > limit/2 {
		return s[:i]
	}
	end := runeStart(s, limit-len(ellipsis))
	if i := strings.LastIndexAny(s[:end+1], " \n"); i > limit/3 {
		return strings.TrimRight(s[:i], " \n,;:-–—") + ellipsis
	}
	whole, state := 0, -1
	for rest := s; ; {
		var g string
		g, rest, _, state = uniseg.FirstGraphemeClusterInString(rest, state)
		if whole+len(g) > end {
			break
		}
		whole += len(g)
	}
	if whole > 0 {
		// Otherwise one character is longer than all the limit: it has
		// combining marks without end.
		end = whole
	}
	return s[:end] + ellipsis
}

// runeStart gives the last start of a rune at or before i, which lies in s.
func runeStart(s string, i int) int {
	for i > 0 && !utf8.RuneStart(s[i]) {
		i--
	}
	return i
}

// lastSentence gives the end of the last whole sentence in s, or 0.
func lastSentence(s string) int {
	for i := len(s); i > 0; {
		r, n := utf8.DecodeLastRuneInString(s[:i])
		switch r {
		case '。', '！', '？':
			return i
		case ' ', '\n':
			before := strings.TrimRight(s[:i-n], "\"'”’»)")
			if strings.HasSuffix(before, ".") && !abbreviated(before) || strings.HasSuffix(before, "!") || strings.HasSuffix(before, "?") || r == '\n' {
				return i - n
			}
		}
		i -= n
	}
	return 0
}

// abbreviated guesses whether the dot at the end belongs to a short form such
// as "U.S." or "Dr.".
func abbreviated(s string) bool {
	word := s[strings.LastIndexAny(s, " \n")+1 : len(s)-1]
	return len(word) < 2 || len(word) < 4 && (strings.Contains(word, ".") || word[0] >= 'A' && word[0] <= 'Z')
}
