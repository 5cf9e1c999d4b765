package filters

import (
	"html"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Forms of a word. A compound is written apart, with a hyphen or closed up:
// "zero day", "zero-day", "zeroday"; "APT 41", "APT-41", "APT41". The text and
// the index keep the words as they stand; a query brings the forms together.
// Read side by side, query and text must have the same letters; a border
// between two words may be missing on one side, by these rules:
//
// Between a letter and a digit a border may always be missing, in words of at
// most three runs of letters and digits, so "log4j" is "log-4-j" and the
// SHA-256 of a file stays one word. Between two digits it must not: "CVE-2024-1"
// is not "CVE-20241", and APT410 is no form of APT41.
//
// Between two letters it depends on who leaves it out:
//
//   - The text has a hyphen or an underscore, the query has nothing: "e-mail"
//     is found by email, "co-op" by coop. Four letters at least, two of them
//     after the hyphen, so that "u-s" is not us.
//   - The text has a space (or an em dash), the query has nothing: "cyber
//     attack" is found by cyberattack, "zero day" by zeroday. Here two words that meet by chance
//     look the same ("the rapist", "man aged", "put in"), so both need three
//     letters, seven together, and neither may be one of the small words that
//     are next to others all the time.
//   - The query has a hyphen or a space inside a phrase, the text has nothing:
//     "zeroday" is found by zero-day and by "zero day". Four letters at least, and not by
//     small words ("now here"), except those that compounds are made with:
//     log-in is login and by-pass is bypass. So U.S. is not us.
//
// One border between letters may be missing in a word, not two.

// gap is what stands between two words of a text.
type gap byte

const (
	apart  gap = iota // punctuation, or too much
	spaced            // white space or an em dash
	hyphen            // one hyphen, dash or underscore, and nothing else
)

// maxGap is how many bytes between two words are looked at.
const maxGap = 48

// gapOf reads what stands between two words.
func gapOf(s string) gap {
	switch s {
	case " ":
		return spaced
	case "-":
		return hyphen
	}
	if s == "" || len(s) > maxGap {
		return apart
	}
	if strings.IndexByte(s, '&') >= 0 {
		s = html.UnescapeString(s)
	}
	g := apart
	for _, r := range s {
		switch {
		case unicode.Is(unicode.Cf, r):
		case unicode.IsSpace(r), r == '—', r == '―':
			if g == hyphen {
				return apart
			}
			g = spaced
		case r == '_', r == '−', unicode.Is(unicode.Pd, r):
			if g != apart {
				return apart
			}
			g = hyphen
		default:
			return apart
		}
	}
	return g
}

// The least letters of a compound and of its parts.
const (
	minCompound = 4
	minTail     = 2 // after a hyphen
	minOpen     = 7 // of a compound whose parts stand apart
	minOpenPart = 3
	minCut      = 3 // of the last part, where the query has only its beginning
	maxRuns     = 3
)

// joins reports whether two words of a text with g between them may be read as
// one. Where the query has only the beginning of b, cut is that; otherwise it
// is b.
func joins(a, b, cut string, g gap, prefix bool) bool {
	if g == apart {
		return false
	}
	runsA, endA := runs(a)
	runsB, _ := runs(cut)
	startB := startsWithDigit(b)
	if endA && startB {
		return false
	}
	if endA != startB {
		return runsA+runsB <= maxRuns && (g == hyphen || !small[a] && !small[b])
	}
	if runsA > 1 || runsB > 1 {
		return false
	}
	lettersA, lettersB := utf8.RuneCountInString(a), utf8.RuneCountInString(cut)
	if prefix && lettersB < minCut {
		return false
	}
	if g == hyphen {
		return lettersB >= minTail && lettersA+lettersB >= minCompound
	}
	return lettersA >= minOpenPart && lettersB >= minOpenPart && lettersA+lettersB >= minOpen && !small[a] && !small[b]
}

// closes reports whether two words of a query may stand closed up in a text.
// With cut, b is the beginning of a word only, which says little about that.
func closes(a, b string, cut bool) bool {
	runsA, endA := runs(a)
	runsB, _ := runs(b)
	startB := startsWithDigit(b)
	switch {
	case endA && startB:
		return false
	case endA != startB:
		return runsA+runsB <= maxRuns
	case runsA > 1 || runsB > 1:
		return false
	}
	return utf8.RuneCountInString(a)+utf8.RuneCountInString(b) >= minCompound &&
		(!small[a] || heads[a]) && (cut || !small[b] || tails[b])
}

// alternate reports whether three words are letters, digits, letters or the
// other way round: only these may be one word together.
func alternate(a, b, c string) bool {
	runsA, digitA := runs(a)
	runsB, digitB := runs(b)
	runsC, _ := runs(c)
	return runsA == 1 && runsB == 1 && runsC == 1 && digitA != digitB && startsWithDigit(c) == digitA
}

// runs counts the runs of letters and digits in a word, and reports whether
// the last one is of digits.
func runs(w string) (n int, digits bool) {
	for i, r := range w {
		if d := isDigit(r); i == 0 || d != digits {
			n, digits = n+1, d
		}
	}
	return n, digits
}

func isDigit(r rune) bool {
	return r >= '0' && r <= '9' || r >= utf8.RuneSelf && unicode.IsDigit(r)
}

func startsWithDigit(w string) bool {
	r, _ := utf8.DecodeRuneInString(w)
	return isDigit(r)
}

// splits calls f with the ways in which the one word w of a query may stand
// apart in a text with spaces between the parts; c is empty where there are two
// parts only. Whether there are only spaces, the text has to say. With prefix, w
// is the beginning of a word.
func splits(w string, prefix bool, f func(a, b, c string)) {
	n, _ := runs(w)
	if n > maxRuns || n == 1 && isDigit(rune(w[0])) {
		return
	}
	// What the last part is the beginning of may be no small word.
	joint := func(last string) bool { return prefix || !small[last] }
	if n == 1 {
		letters := utf8.RuneCountInString(w)
		if letters < minOpen {
			return
		}
		k := 0
		for i := range w {
			if k >= minOpenPart && letters-k >= minOpenPart && !small[w[:i]] && joint(w[i:]) {
				f(w[:i], w[i:], "")
			}
			k++
		}
		return
	}
	first := 0
	was := startsWithDigit(w)
	for i, r := range w {
		d := isDigit(r)
		if d == was {
			continue
		}
		was = d
		if !small[w[:i]] && joint(w[i:]) {
			f(w[:i], w[i:], "")
		}
		if first > 0 && !small[w[:first]] && !small[w[first:i]] && joint(w[i:]) {
			f(w[:first], w[first:i], w[i:])
		}
		first = i
	}
}

// zeros are the words before which a zero is written as a word or as a digit.
var zeros = []string{"day", "days", "click"}

// swapZero returns the words with the zero at k in its other form, if the word
// there has one.
func swapZero(words []string, k int, prefix bool) ([]string, bool) {
	const letters, digit = "zero", "0"
	w := words[k]
	last := k == len(words)-1
	// counts reports whether a zero may stand before unit, of which there may
	// be the beginning only.
	counts := func(unit string, cut bool) bool {
		for _, z := range zeros {
			if unit == z || cut && unit != "" && strings.HasPrefix(z, unit) {
				return true
			}
		}
		return false
	}
	other := ""
	switch rest, ok := strings.CutPrefix(w, letters); {
	case ok && rest == "":
		if !last && counts(words[k+1], prefix && k+2 == len(words)) {
			other = digit
		}
	case ok:
		if counts(rest, prefix && last) {
			other = digit + rest
		}
	case w == digit:
		if !last && counts(words[k+1], prefix && k+2 == len(words)) {
			other = letters
		}
	default:
		if rest, ok := strings.CutPrefix(w, digit); ok && counts(rest, prefix && last) {
			other = letters + rest
		}
	}
	if other == "" {
		return nil, false
	}
	out := append([]string(nil), words...)
	out[k] = other
	return out, true
}

// maxZeros is how many zeros of a phrase are looked for in both forms.
const maxZeros = 2

// variants returns the words, and the same with their zeros in another form.
func variants(words []string, prefix bool) [][]string {
	all := [][]string{words}
	zeros := 0
	for k := range words {
		if _, ok := swapZero(words, k, prefix); !ok {
			continue
		}
		if zeros++; zeros > maxZeros {
			break
		}
		for _, v := range all {
			if o, ok := swapZero(v, k, prefix); ok {
				all = append(all, o)
			}
		}
	}
	return all
}

// closedUp is a name without the borders in it: names are compared as a whole,
// so no two of them meet by chance.
func closedUp(name string) string { return strings.ReplaceAll(name, " ", "") }
