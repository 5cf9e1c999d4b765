package text

import (
	"sync"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/cases"
	"golang.org/x/text/unicode/norm"
)

// Classes of a byte. A word is complete before one that is below lower; before
// the others it may go on.
const (
	separator byte = iota
	apostrophe
	bracket
	lower
	upper
	ampersand
	wide
)

var classes, lowered = func() (class, low [256]byte) {
	for i := range 256 {
		c := byte(i)
		low[c] = c
		switch {
		case c >= 'a' && c <= 'z', c >= '0' && c <= '9':
			class[c] = lower
		case c >= 'A' && c <= 'Z':
			class[c], low[c] = upper, c+'a'-'A'
		case c == '\'', c == '`':
			class[c] = apostrophe
		case c == '[', c == '(', c == '{':
			class[c] = bracket
		case c == '&':
			class[c] = ampersand
		case c >= utf8.RuneSelf:
			class[c] = wide
		}
	}
	return class, low
}()

// What a folded rune does to the word it is in.
type kind byte

const (
	separates kind = iota
	joins          // is part of a word
	stands         // is a word by itself
	quotes         // is an apostrophe
	vanishes
)

func kindOf(r rune) kind {
	if r < narrowEnd {
		return narrowKinds[r]
	}
	return kindOfAny(r)
}

var narrowKinds = func() (t [narrowEnd]kind) {
	for r := range t {
		t[r] = kindOfAny(rune(r))
	}
	return t
}()

func kindOfAny(r rune) kind {
	switch {
	case isApostrophe(r):
		return quotes
	case r == 0x3099 || r == 0x309a: // a kana voicing mark with no kana to voice
		return vanishes
	case isSpaceless(r):
		return stands
	case unicode.In(r, unicode.L, unicode.N, unicode.M):
		return joins
	}
	return separates
}

func isApostrophe(r rune) bool {
	switch r {
	case '\'', '`', '´', '‘', '’', '‛', '′', '＇':
		return true
	}
	return r >= 0x2b9 && r <= 0x2bf // modifier letters used as apostrophes
}

func isLatin(r rune) bool  { return unicode.Is(unicode.Latin, r) }
func isLetter(r rune) bool { return unicode.IsLetter(r) }

var spaceless = []*unicode.RangeTable{
	unicode.Han, unicode.Hiragana, unicode.Katakana, unicode.Hangul, unicode.Bopomofo,
	unicode.Thai, unicode.Lao, unicode.Khmer, unicode.Myanmar,
}

// isSpaceless reports whether r is a letter, digit or vowel sign of a script
// that is written without spaces.
func isSpaceless(r rune) bool {
	if r < 0xe00 {
		return false
	}
	return r == 'ー' || unicode.In(r, spaceless...) && unicode.In(r, unicode.L, unicode.N, unicode.M)
}

var dropped = []*unicode.RangeTable{unicode.Inherited, unicode.Hebrew, unicode.Arabic}

// isDropped reports whether r is a diacritic or invisible. Marks of other
// scripts, such as the vowel signs of Devanagari, are letters to their readers.
func isDropped(r rune) bool {
	switch r {
	case 0x3099, 0x309a:
		return false
	case 0x0640: // the Arabic stretching sign
		return true
	case 0x115f, 0x1160, 0x3164, 0xffa0, 0x17b4, 0x17b5: // fillers, blank on screen
		return true
	}
	return unicode.Is(unicode.Cf, r) || unicode.Is(unicode.Me, r) ||
		unicode.Is(unicode.Mn, r) && unicode.In(r, dropped...)
}

// plainLetters are letters which readers take for a plain one with a stroke
// or two grown together, and Unicode does not decompose.
var plainLetters = map[rune]string{
	'ø': "o", 'ł': "l", 'đ': "d", 'ð': "d", 'ħ': "h", 'ı': "i", 'ŧ': "t",
	'æ': "ae", 'œ': "oe", 'þ': "th",
}

// fold returns the normalised form of one character with its marks. Folding
// twice changes nothing. The result is empty for an invisible character.
func fold(s string) string {
	switch s {
	case "™", "℠":
		return " " // NFKC would make "Cisco™" the word ciscotm.
	case "´":
		return "'" // and this a space
	}
	s = norm.NFKC.String(s)
	// Case folding can bring up what NFKC changes again and the other way
	// round; no character needs more than three turns.
	for range 5 {
		next := foldOnce(s)
		if next == s {
			break
		}
		s = next
	}
	return s
}

func foldOnce(s string) string {
	fold := cases.Fold()
	out := make([]byte, 0, 16)
	for _, r := range s {
		if isSpaceless(r) || isApostrophe(r) {
			if !isDropped(r) {
				out = utf8.AppendRune(out, r)
			}
			continue
		}
		for _, d := range norm.NFKD.String(string(r)) {
			if isDropped(d) {
				continue
			}
			if unicode.Is(unicode.Cherokee, d) {
				// x/text swaps the two cases of these letters instead of
				// choosing one.
				out = utf8.AppendRune(out, unicode.ToUpper(d))
				continue
			}
			for _, f := range fold.String(string(d)) {
				if plain, ok := plainLetters[f]; ok {
					out = append(out, plain...)
				} else {
					out = utf8.AppendRune(out, f)
				}
			}
		}
	}
	return norm.NFKC.String(string(out))
}

// narrowEnd ends the blocks of European letters, whose folds are kept: their
// marks are all dropped, so each character folds alone.
const narrowEnd = 0x530

var narrow = sync.OnceValue(func() *[narrowEnd]string {
	var t [narrowEnd]string
	for r := rune(utf8.RuneSelf); r < narrowEnd; r++ {
		t[r] = fold(string(r))
	}
	return &t
})

// imitations are the folded Greek and Cyrillic letters that look like a Latin
// one in at least one case.
var imitations = letterTable(
	"авсԁеһніјкӏморԛѕтѵԝхуү"+"αβεηικμνορτυχωγζϲϳ",
	"abcdehhijklmopqstvwxyy"+"abenikuvoptuxwyzcj")

// capitals are the Greek letters whose capital looks like another Latin letter
// than the small one does.
var capitals = letterTable("ΗΜΝΥ", "hmny")

// letterTable maps each letter of from to the byte at the same place in to.
func letterTable(from, to string) (t [narrowEnd]byte) {
	i := 0
	for _, r := range from {
		t[r] = to[i]
		i++
	}
	return t
}

// lookAlike returns the Latin letter that r imitates, or 0. raw is r before
// folding; whether there is an imitation must depend on r alone, so that a
// folded word folds no further.
func lookAlike(r, raw rune) byte {
	if r < 0x370 || r >= narrowEnd {
		return 0
	}
	c := imitations[r]
	if c != 0 && raw > 0 && raw < narrowEnd && capitals[raw] != 0 {
		return capitals[raw]
	}
	return c
}
