package card

import (
	"strings"
	"unicode"

	"github.com/rivo/uniseg"
)

const ellipsis = "…"

// Len is the length of s in UTF-16 code units, which is what chat platforms
// count.
func Len(s string) int {
	n := 0
	for _, r := range s {
		n++
		if r > 0xffff {
			n++
		}
	}
	return n
}

// Cut shortens s to at most max UTF-16 code units. It keeps whole graphemes (a
// letter with its accents, an emoji of several parts) and ends in "…" when it
// took something away; max counts the "…". Nothing fits in a max below 1.
//
// Cut first and escape afterwards, so that no escape is cut in two.
func Cut(s string, max int) string {
	if max < 1 {
		return ""
	}
	if len(s) <= max || Len(s) <= max {
		return s
	}
	return strings.TrimRightFunc(fitting(s, max-1), unicode.IsSpace) + ellipsis
}

// Shorten is [Cut] for running text: it stops behind a sentence if that leaves
// at least half of max, and else behind a word, with "…" for what is missing.
// Text without such a place is cut as Cut does.
func Shorten(s string, max int) string {
	if max < 1 {
		return ""
	}
	if len(s) <= max || Len(s) <= max {
		return s
	}
	head := fitting(s, max-1)
	sentence, word := 0, 0
	state, rest := -1, head
	for rest != "" {
		var bounds int
		var g string
		g, rest, bounds, state = uniseg.StepString(rest, state)
		end := len(head) - len(rest)
		if rest == "" {
			break // the end of head is where we stopped, not a boundary of s
		}
		if strings.TrimSpace(g) == "" {
			word = end
		}
		if bounds&uniseg.MaskSentence != 0 && endsSentence(head[:end]) {
			sentence = end
		}
	}
	if Len(head[:sentence]) >= max/2 {
		return strings.TrimRightFunc(head[:sentence], unicode.IsSpace)
	}
	if Len(head[:word]) >= max/2 {
		head = head[:word]
	}
	head = strings.TrimRightFunc(head, func(r rune) bool {
		return unicode.IsSpace(r) || strings.ContainsRune(",;:-–—", r)
	})
	return head + ellipsis
}

// endsSentence reports whether s really ends like a sentence. The segmenter
// also breaks at line ends, which in a feed may stand anywhere.
func endsSentence(s string) bool {
	s = strings.TrimRight(strings.TrimRightFunc(s, unicode.IsSpace), `"'”’»)]`)
	return strings.HasSuffix(s, ".") || strings.HasSuffix(s, "!") || strings.HasSuffix(s, "?") ||
		strings.HasSuffix(s, "。") || strings.HasSuffix(s, "！") || strings.HasSuffix(s, "？") || strings.HasSuffix(s, ellipsis)
}

// fitting is the longest prefix of s of whole graphemes and at most max UTF-16
// code units.
func fitting(s string, max int) string {
	used, end, state, rest := 0, 0, -1, s
	for rest != "" {
		var g string
		g, rest, _, state = uniseg.FirstGraphemeClusterInString(rest, state)
		used += Len(g)
		if used > max {
			break
		}
		end += len(g)
	}
	return s[:end]
}
