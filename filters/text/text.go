// Package text splits text into words: the one normaliser and tokeniser of
// the program. Queries, stories and the search index all pass through it, so
// that a search finds exactly what a watch matches.
//
// A word is a run of letters and digits. What is written between words (all
// spaces, hyphens, dashes, quotes and other signs) only separates, so "i-SOON"
// is the two words "i soon", wherever it is read from. These forms of a word
// are the same word:
//
//   - Unicode compatibility forms (NFKC), upper and lower case, letters with
//     and without diacritics, and strokes and ligatures (ø, ł, æ).
//   - Soft hyphens, zero-width characters and bidi controls inside it.
//   - HTML entities that a feed left behind, also when encoded twice.
//   - Greek and Cyrillic letters that imitate Latin ones, in a word whose
//     other letters are Latin. A word of Cyrillic letters alone stays one.
//   - A possessive 's, straight or curly: "China's" is the word "china".
//   - Defanged indicators: hxxp is http, and in evil[dot]com the [dot] is a sign
//     like any other, as are the brackets of evil[.]com.
//
// Scripts that are written without spaces between words (Chinese, Japanese,
// Korean, Thai, Lao, Khmer, Burmese) give a word for each character: a query
// in them finds its characters side by side.
//
// There is no stemming and there are no stop words. Words that are written
// both closed up and apart (zeroday, APT41) are not brought together here but
// where a query is compiled: what this package gives, and an index holds,
// are the words as they stand.
package text

import (
	"slices"
	"strings"
	"unicode/utf8"
	"unsafe"

	"golang.org/x/text/unicode/norm"
)

// Token is one word. Text is its normalised form; Start and End are byte
// offsets in the string that was split, so s[Start:End] is the word as it
// stands there (a possessive 's not included).
//
// Tokens come in the order of the text. They do not overlap, except that one
// character which stands for several words, such as ½, gives each of them its
// own place.
type Token struct {
	Text       string
	Start, End int
	// Head is [Head] of Text: what looks words up has it at hand, because the
	// splitter does.
	Head [2]uint64
}

// Tokens splits s.
func Tokens(s string) []Token {
	var b Buffer
	return b.Append(s)
}

// Normalise returns the words of s, each in its normalised form, with single
// spaces between them. Normalising twice changes nothing.
func Normalise(s string) string {
	var b Buffer
	var out strings.Builder
	for i, t := range b.Append(s) {
		if i > 0 {
			out.WriteByte(' ')
		}
		out.WriteString(t.Text)
	}
	return out.String()
}

// Buffer splits one text after the other into memory that it can use again.
// The zero value is ready. It is for one goroutine at a time.
type Buffer struct {
	tokens []Token
	// chars holds the texts of tokens that differ from their source. It only
	// grows until Reset: tokens point into it.
	chars []byte

	// The word being put together from pieces, if open. Its text is
	// chars[base:]; latin is the same text with look-alikes replaced. reach is
	// end and the invisible characters after it.
	open       bool
	start, end int
	reach      int
	base       int
	latin      []byte
	seen       letters

	// touch is where the last token ended, invisible characters after it
	// included; possessive is where an apostrophe ended that touched a token.
	touch, possessive int
}

// letters says which kinds of letters a word has.
type letters struct{ latin, imitating, other bool }

// Reset forgets all tokens. Their texts must not be used any more.
func (b *Buffer) Reset() {
	b.tokens, b.chars = b.tokens[:0], b.chars[:0]
}

// Grow makes room for the words of about n bytes of text.
func (b *Buffer) Grow(n int) {
	const wordAndSpace = 5
	b.tokens = slices.Grow(b.tokens, n/wordAndSpace+4)
	b.chars = slices.Grow(b.chars, n/8+32) // capitals, mostly
}

// Tokens returns all tokens since the last Reset, of one text after the other.
func (b *Buffer) Tokens() []Token { return b.tokens }

// Append splits s and returns its tokens. They stay valid until Reset, and
// while s is. Plain ASCII costs no allocation once the buffer has grown.
func (b *Buffer) Append(s string) []Token {
	first := len(b.tokens)
	b.touch, b.possessive = -1, -1
	for i := 0; i < len(s); {
		if !b.open {
			if i = b.plain(s, i); i == len(s) {
				break
			}
		}
		switch classes[s[i]] {
		case lower, upper:
			b.add(rune(lowered[s[i]]), 0, i, i+1)
			i++
		case ampersand:
			plain, n := entity(s[i:])
			if n == 0 {
				b.close(s)
				i++
				continue
			}
			r, _ := utf8.DecodeRuneInString(plain)
			b.put(s, fold(plain), r, i, i+n)
			i += n
		case wide:
			i += b.wide(s, i)
		case apostrophe:
			b.apostrophe(s, i, i+1)
			i++
		case bracket:
			b.close(s)
			i += max(1, bracketed(s[i:]))
		default:
			b.close(s)
			i++
		}
	}
	b.close(s)
	return b.tokens[first:len(b.tokens):len(b.tokens)]
}

// wide takes the character at i, which is not ASCII, and returns its length
// together with the marks that combine with it.
func (b *Buffer) wide(s string, i int) int {
	r, n := utf8.DecodeRuneInString(s[i:])
	switch {
	case r == utf8.RuneError && n <= 1:
		b.close(s)
		return 1
	case r < narrowEnd:
		b.put(s, narrow()[r], r, i, i+n)
	case r >= 0x4e00 && r <= 0x9fff: // Han needs no folding.
		b.close(s)
		b.emit(s[i:i+n], i, i+n)
	case r >= 0x2000 && r <= 0x206f: // General punctuation has no letters.
		switch {
		case isApostrophe(r):
			b.apostrophe(s, i, i+n)
		case isDropped(r):
			b.drop(i, i+n)
		default:
			b.close(s)
		}
	default:
		n = max(n, norm.NFKC.NextBoundaryInString(s[i:], true))
		b.put(s, fold(s[i:i+n]), r, i, i+n)
	}
	return n
}

// put takes folded, which s[start:end] became; raw is its first rune before
// folding.
func (b *Buffer) put(s, folded string, raw rune, start, end int) {
	if folded == "" {
		b.drop(start, end)
		return
	}
	// A character that stands for a word and a separator (½ is 1⁄2) must not
	// grow together with the words around it.
	alone := false
	if utf8.RuneCountInString(folded) > 1 {
		alone = strings.ContainsFunc(folded, func(r rune) bool { k := kindOf(r); return k == separates || k == quotes })
	}
	if alone {
		b.close(s)
	}
	for _, r := range folded {
		switch kindOf(r) {
		case joins:
			b.add(r, raw, start, end)
		case stands:
			b.close(s)
			base := len(b.chars)
			b.chars = utf8.AppendRune(b.chars, r)
			b.emit(b.string(base), start, end)
		case quotes:
			b.apostrophe(s, start, end)
		case vanishes:
			b.drop(start, end)
		default:
			b.close(s)
		}
	}
	if alone {
		b.close(s)
	}
}

// add puts the letter or digit r at the end of the open word, or opens one.
func (b *Buffer) add(r, raw rune, start, end int) {
	if !b.open {
		b.open, b.start, b.base = true, start, len(b.chars)
		b.latin, b.seen = b.latin[:0], letters{}
	}
	b.end, b.reach = end, end
	b.chars = utf8.AppendRune(b.chars, r)
	if c := lookAlike(r, raw); c != 0 {
		b.seen.imitating = true
		b.latin = append(b.latin, c)
		return
	}
	b.latin = utf8.AppendRune(b.latin, r)
	switch {
	case r >= 'a' && r <= 'z':
		b.seen.latin = true
	case r < utf8.RuneSelf:
	case isLatin(r):
		b.seen.latin = true
	case isLetter(r):
		b.seen.other = true
	}
}

// close ends the open word, if there is one.
func (b *Buffer) close(s string) {
	if !b.open {
		return
	}
	b.open = false
	if b.seen.imitating && b.seen.latin && !b.seen.other {
		b.chars = append(b.chars[:b.base], b.latin...)
	}
	// Dropping what stood between two characters may have brought a pair
	// together that has a composed form.
	if !norm.NFKC.IsNormal(b.chars[b.base:]) {
		b.chars = append(b.chars[:b.base], fold(string(b.chars[b.base:]))...)
	}
	if string(b.chars[b.base:]) == s[b.start:b.end] {
		b.chars = b.chars[:b.base]
		b.emit(s[b.start:b.end], b.start, b.end)
	} else {
		b.emit(b.string(b.base), b.start, b.end)
	}
	if b.touch == b.end {
		b.touch = b.reach
	}
}

// emit takes a finished word.
func (b *Buffer) emit(text string, start, end int) {
	if text == "s" && start == b.possessive {
		return
	}
	text = refang(text)
	b.tokens = append(b.tokens, Token{text, start, end, Head(text)})
	b.touch = end
}

func (b *Buffer) apostrophe(s string, start, end int) {
	b.close(s)
	if b.touch == start {
		b.possessive = end
	}
}

// drop passes over an invisible character: what touched it still touches.
func (b *Buffer) drop(start, end int) {
	if b.open && b.reach == start {
		b.reach = end
	}
	if b.touch == start {
		b.touch = end
	}
	if b.possessive == start {
		b.possessive = end
	}
}

// string is chars[base:] without a copy. These bytes are not written again
// before Reset, which is where the promise of [Token] ends.
func (b *Buffer) string(base int) string {
	return unsafe.String(unsafe.SliceData(b.chars[base:]), len(b.chars)-base)
}
