// Package cve finds CVE ids in text and compares them with patterns.
//
// An id is found however it is written: in any case, with every kind of
// hyphen, underscore or space for the hyphens ("CVE 2024 3400", "cve_2024_3400"),
// closed up as in a hashtag ("#CVE20243400"), after a colon ("CVE: 2024-3400").
// Years are 1999 to 2099, numbers have 4 to 19 digits as in the CVE record
// format. A letter or digit of an alphabet right before or after makes it part
// of another word, and no id; Chinese or Japanese text around it does not.
//
// Short lists are read too. After an id, a slash and a number name another id
// of the same year ("CVE-2024-21887/46805"), and so does a comma, semicolon,
// "and", "or" or "&" with a number that has its hyphen ("CVE-2024-3400 and
// -3401"). A bare number after a comma is not read: it may be anything.
// Ranges ("CVE-2024-3400 to 3405") name only their first id.
//
// Everything here is pure and safe for concurrent use.
package cve

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// MaxPadding is how many zeros too many a number may begin with. They are left
// out of the id.
const MaxPadding = 3

const (
	yearDigits       = 4
	firstYear        = "1999"
	lastYear         = "2099"
	minDigits        = 4
	maxDigits        = 19 // what the CVE record format allows
	maxSeparatorRune = 3
)

// Find returns the CVE ids that s names, in upper case with plain hyphens,
// each once, in the order of their first mention. Text without "cve" costs
// about 0.15 µs for 490 bytes, with two ids 0.5 µs (BenchmarkFind).
func Find(s string) []string {
	var ids []string
	c := cursor{s: s, small: -1, capital: -1}
	for i := c.next(0); i >= 0; {
		year, id, end := read(s, i)
		if end == 0 {
			i = c.next(i + len("cve"))
			continue
		}
		for id != "" {
			ids = add(ids, id)
			i = end
			year, id, end = more(s, i, year)
		}
		i = c.next(i)
	}
	return ids
}

func add(ids []string, id string) []string {
	if slices.Contains(ids, id) {
		return ids
	}
	return append(ids, id)
}

// cursor looks for "cve" in any case by its rarest letter. It remembers where
// the next small and the next capital one stand, so that no part of the text
// is searched twice.
type cursor struct {
	s              string
	small, capital int
}

// next returns where the first "cve" at or after from starts, -1 if none does.
func (c *cursor) next(from int) int {
	for at := from + 1; ; at++ {
		c.small = seek(c.s, c.small, at, 'v')
		c.capital = seek(c.s, c.capital, at, 'V')
		at = min(c.small, c.capital)
		if at >= len(c.s)-1 {
			return -1
		}
		if c.s[at-1]|0x20 == 'c' && c.s[at+1]|0x20 == 'e' {
			return at - 1
		}
	}
}

// seek returns the place of the first b at or after at, len(s) if there is
// none; known is what it returned before, for an earlier place.
func seek(s string, known, at int, b byte) int {
	if known >= at {
		return known
	}
	if at >= len(s) {
		return len(s)
	}
	if i := strings.IndexByte(s[at:], b); i >= 0 {
		return at + i
	}
	return len(s)
}

// read reads the id whose "cve" stands at i. end is 0 if there is none.
func read(s string, i int) (year, id string, end int) {
	if inWordBefore(s, i) {
		return "", "", 0
	}
	i = separator(s, i+len("cve"), ":#")
	year, i = readYear(s, i)
	if year == "" {
		return "", "", 0
	}
	id, end = readNumber(s, separator(s, i, ""), year)
	return year, id, end
}

func readYear(s string, i int) (year string, end int) {
	end = i + yearDigits
	if end > len(s) || digits(s, i, yearDigits) < yearDigits {
		return "", i
	}
	if year = s[i:end]; year < firstYear || year > lastYear {
		return "", i
	}
	return year, end
}

// readNumber reads the last part of an id. end is 0 if there is none.
func readNumber(s string, i int, year string) (id string, end int) {
	n := digits(s, i, maxDigits+1)
	if n < minDigits || n > maxDigits || inWordAfter(s, i+n) {
		return "", 0
	}
	number := s[i : i+n]
	// Only numbers below 1000 are padded, to four digits.
	for range MaxPadding {
		if len(number) > minDigits && number[0] == '0' {
			number = number[1:]
		}
	}
	return "CVE-" + year + "-" + number, i + n
}

// more reads another id of a list, right after one that ended at i. id is
// empty if the list ends there.
func more(s string, i int, year string) (y, id string, end int) {
	slash := strings.HasPrefix(s[i:], "/")
	if slash {
		i++
	} else if i = conjunction(s, i); i == 0 {
		return year, "", 0
	}
	// "/2021-45046" brings its own year.
	if own, j := readYear(s, i); slash && own != "" {
		if k := separator(s, j, ""); k > j {
			if id, end = readNumber(s, k, own); id != "" {
				return own, id, end
			}
		}
	}
	j := i
	if r, n := utf8.DecodeRuneInString(s[i:]); isHyphen(r) {
		j += n
	}
	if j == i && !slash {
		return year, "", 0
	}
	id, end = readNumber(s, j, year)
	return year, id, end
}

// conjunction passes over what stands between two parts of a list: a comma or
// semicolon, "and", "or", "&", with spaces. It returns 0 if nothing does.
func conjunction(s string, i int) int {
	i, found := spaces(s, i), false
	if i < len(s) && (s[i] == ',' || s[i] == ';') {
		i, found = spaces(s, i+1), true
	}
	for _, word := range []string{"and", "or", "&"} {
		if len(s)-i > len(word) && strings.EqualFold(s[i:i+len(word)], word) {
			if j := spaces(s, i+len(word)); j > i+len(word) {
				return j
			}
		}
	}
	if !found {
		return 0
	}
	return i
}

func spaces(s string, i int) int {
	for n := 0; i < len(s) && s[i] == ' ' && n < maxSeparatorRune; n++ {
		i++
	}
	return i
}

// separator passes over hyphens, spaces and the other signs given, at most a
// few. A line's end is only passed over beside a hyphen: it may be a new
// sentence without one.
func separator(s string, i int, others string) int {
	start, hyphen, newline := i, false, false
	for range maxSeparatorRune {
		r, n := utf8.DecodeRuneInString(s[i:])
		switch {
		case isHyphen(r):
			hyphen = true
		case r == '\n' || r == '\r':
			newline = true
		case unicode.IsSpace(r), isInvisible(r):
		case n > 0 && strings.ContainsRune(others, r):
		default:
			n = 0
		}
		if n == 0 {
			break
		}
		i += n
	}
	if newline && !hyphen {
		return start
	}
	return i
}

func isHyphen(r rune) bool {
	switch r {
	case '-', '_', 0xad, 0x2043, 0x2212, 0xfe58, 0xfe63, 0xff0d:
		return true
	}
	return r >= 0x2010 && r <= 0x2015
}

func isInvisible(r rune) bool {
	return r >= 0x200b && r <= 0x200d || r == 0x2060 || r == 0xfeff
}

// digits counts the digits from i on, at most limit.
func digits(s string, i, limit int) (n int) {
	for n < limit && i+n < len(s) && s[i+n] >= '0' && s[i+n] <= '9' {
		n++
	}
	return n
}

func inWordBefore(s string, i int) bool {
	r, _ := utf8.DecodeLastRuneInString(s[:i])
	return i > 0 && inWord(r)
}

func inWordAfter(s string, i int) bool {
	r, _ := utf8.DecodeRuneInString(s[i:])
	return i < len(s) && inWord(r)
}

// inWord reports whether r would make one word with the id beside it. Scripts
// written without spaces begin at the block of Thai.
func inWord(r rune) bool {
	const thai = 0xe00
	return r < thai && (unicode.IsLetter(r) || unicode.IsDigit(r))
}
