package card

import (
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/rivo/uniseg"
)

// Limits on combining marks behind one base character. Four marks that take
// no room of their own are as many as any living orthography stacks; text with
// more is there to draw over its neighbours' lines. Spacing marks take room, so
// they may be a few more.
const (
	maxStackedMarks = 4
	maxMarks        = 8
)

const (
	zwj    = '\u200D'
	vs15   = '\uFE0E'
	vs16   = '\uFE0F'
	keycap = '\u20E3'
)

// escapes finds whole terminal sequences (ECMA-48: CSI; OSC, DCS and the
// other strings; two-character escapes), so that none leaves its parameters
// behind as text. A string that is never ended loses only its introducer.
var escapes = regexp.MustCompile(
	`(?:\x1b\[|\x{9b})[0-?]*[ -/]*[@-~]` +
		`|(?:\x1b[\]PX^_]|[\x{9d}\x{90}\x{98}\x{9e}\x{9f}])[^\x07\x1b\x{9c}]*(?:\x07|\x1b\\|\x{9c})` +
		`|\x1b[ -/]*[0-~]`)

// Clean makes s one line of plain text that cannot disturb what stands around
// it. Out go control characters and terminal sequences, bidirectional controls,
// zero-width characters, soft hyphens, tags, private-use characters, and
// combining marks that have no base or pile up on one. A zero-width joiner or a
// variation selector stays where it holds an emoji together. White space of any
// kind becomes single spaces, with none at the ends.
//
// The result is valid UTF-8, and Clean does not change it any more.
func Clean(s string) string {
	return clean(s, func(r rune) rune {
		if isSpace(r) {
			return ' '
		}
		return r
	}, true)
}

// CleanLines is [Clean] for text of several lines: line ends stay, at most two
// in a row and none at the ends.
func CleanLines(s string) string {
	s = strings.ReplaceAll(s, "\r\n", "\n")
	return clean(s, asLines, true)
}

// CleanCode is [Clean] for text in a fixed-width font, where spaces carry
// meaning: line ends and all spaces stay, a tab is one space.
func CleanCode(s string) string {
	s = strings.ReplaceAll(s, "\r\n", "\n")
	return clean(s, asLines, false)
}

func asLines(r rune) rune {
	switch {
	case r == '\n' || r == '\r' || r == '\u0085' || r == '\u2028' || r == '\u2029':
		return '\n'
	case isSpace(r):
		return ' '
	}
	return r
}

// isSpace also counts the blank of the Braille block, which every font draws
// as a space.
func isSpace(r rune) bool { return unicode.IsSpace(r) || r == '\u2800' }

// clean writes the characters of s that may stay. fold turns white space into
// ' ' or '\n'; with collapse, runs of it shrink.
func clean(s string, fold func(rune) rune, collapse bool) string {
	if plainASCII(s) {
		return s
	}
	s = strings.ToValidUTF8(s, "\uFFFD")
	s = escapes.ReplaceAllString(s, "")

	var b strings.Builder
	b.Grow(len(s))
	var (
		spaces, lines int  // white space seen since the last character, not yet written
		base          rune // the character that marks attach to; 0 at the start and behind white space
		last          rune // the character written last; 0 as for base
		marks, stack  int  // marks behind base, and those of them that take no room
	)
	for i, w := 0, 0; i < len(s); i += w {
		var r rune
		r, w = utf8.DecodeRuneInString(s[i:])
		switch fold(r) {
		case ' ':
			spaces++
			if !collapse {
				b.WriteByte(' ')
			}
			base, last = 0, 0
			continue
		case '\n':
			lines++
			if !collapse {
				b.WriteByte('\n')
			}
			base, last = 0, 0
			continue
		}
		switch {
		case r == zwj || r == vs15 || r == vs16:
			next, _ := utf8.DecodeRuneInString(s[i+w:])
			if !holdsEmoji(r, base, last, next) {
				continue
			}
		case invisible(r):
			continue
		case unicode.Is(unicode.M, r):
			if base == 0 || marks >= maxMarks {
				continue
			}
			if !unicode.Is(unicode.Mc, r) {
				if stack >= maxStackedMarks {
					continue
				}
				stack++
			}
			marks++
		case unicode.Is(emojiModifier, r) && base != 0:
			// A skin tone belongs to what stands before it, as marks do.
			if marks >= maxMarks {
				continue
			}
			marks++
		default:
			base, marks, stack = r, 0, 0
		}
		if collapse && (spaces > 0 || lines > 0) && b.Len() > 0 {
			if lines > 0 {
				b.WriteString("\n\n"[:min(lines, 2)])
			} else {
				b.WriteByte(' ')
			}
		}
		spaces, lines = 0, 0
		b.WriteRune(r)
		last = r
	}
	return b.String()
}

// plainASCII reports whether s needs no cleaning at all, the usual case.
func plainASCII(s string) bool {
	space := true
	for i := range len(s) {
		c := s[i]
		if c < ' ' || c >= 0x7f || c == ' ' && space {
			return false
		}
		space = c == ' '
	}
	return !space || s == ""
}

var emojiModifier = &unicode.RangeTable{R32: []unicode.Range32{{Lo: 0x1F3FB, Hi: 0x1F3FF, Stride: 1}}}

// invisible reports whether r has no place in plain text: it shows nothing,
// steers the text around it, or means something only to one font.
func invisible(r rune) bool {
	switch {
	case r < 0x7f:
		return r < ' '
	case unicode.Is(unicode.Cf, r):
		// A few of this category are signs that one can see, such as the
		// Arabic sign for a year.
		return !unicode.Is(unicode.Prepended_Concatenation_Mark, r)
	}
	return unicode.In(r, unicode.Cc, unicode.Co, unicode.Noncharacter_Code_Point,
		unicode.Other_Default_Ignorable_Code_Point, unicode.Variation_Selector)
}

// holdsEmoji reports whether the joiner or selector r is part of an emoji: a
// joiner between two pictographs, a selector behind one, or the selector of a
// keycap. last stands right before r, and base is the pictograph when skin
// tones or a selector stand between.
func holdsEmoji(r, base, last, next rune) bool {
	switch {
	case last == 0 || last == zwj:
		return false
	case r == zwj:
		joins := last == base || last == vs16 || unicode.Is(emojiModifier, last)
		return joins && pictograph(base) && pictograph(next)
	case last != base:
		return false
	case pictograph(last):
		return true
	}
	return r == vs16 && next == keycap && (last == '#' || last == '*' || last >= '0' && last <= '9')
}

// pictograph asks the segmenter for the property Extended_Pictographic: only
// such a character makes one grapheme with a pictograph and a joiner before it
// and does not also attach to a letter.
func pictograph(r rune) bool {
	if r < 0xa9 || r == utf8.RuneError {
		return false
	}
	return uniseg.GraphemeClusterCount("\U0001F469\u200D"+string(r)) == 1 &&
		uniseg.GraphemeClusterCount("a"+string(r)) == 2
}
