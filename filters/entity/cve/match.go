package cve

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// Pattern brings a pattern for [Match] into its one form: upper case, plain
// hyphens, with "CVE-" in front. The star stands for any run of characters,
// also none; "CVE-" may be left out, so "2024-3400" and "2024-*" are patterns.
// ok is false for one that no id can match.
func Pattern(pattern string) (canonical string, ok bool) {
	var b strings.Builder
	for _, r := range strings.TrimSpace(pattern) {
		switch {
		case isHyphen(r), unicode.IsSpace(r):
			r = '-'
		case isInvisible(r):
			continue
		case r >= 'a' && r <= 'z':
			r -= 'a' - 'A'
		}
		b.WriteRune(r)
	}
	p := b.String()
	if rest, found := strings.CutPrefix(p, "CVE"); found {
		p = strings.TrimPrefix(rest, "-")
	}
	// Without a star it is one id, and has to be a good one.
	if !strings.Contains(p, "*") {
		ids := Find("CVE-" + p)
		if len(ids) != 1 || strings.Count(p, "-") > 1 {
			return "", false
		}
		return ids[0], true
	}
	for i := range len(p) {
		switch c := p[i]; {
		case c == '*', c == '-', c >= '0' && c <= '9':
		default:
			return "", false
		}
	}
	// Stars side by side say no more than one.
	for strings.Contains(p, "**") {
		p = strings.ReplaceAll(p, "**", "*")
	}
	if strings.Count(p, "-") > 1 || len(strings.ReplaceAll(p, "*", "")) > yearDigits+1+maxDigits {
		return "", false
	}
	if literal, _, _ := strings.Cut(p, "*"); !startsID(literal) {
		return "", false
	}
	return "CVE-" + p, true
}

// startsID reports whether an id's year and number can start with p.
func startsID(p string) bool {
	for i := range len(p) {
		if (i == yearDigits) != (p[i] == '-') {
			return false
		}
	}
	n := min(len(p), yearDigits)
	return p[:n] >= firstYear[:n] && p[:n] <= lastYear[:n]
}

// Match reports whether id, as [Find] gives it, fits the pattern; see
// [Pattern] for what patterns there are. One that is none matches nothing.
func Match(pattern, id string) bool {
	p, ok := Pattern(pattern)
	if !ok || utf8.RuneCountInString(id) != len(id) {
		return false
	}
	return glob(p, strings.ToUpper(id))
}

// glob matches with stars, going back to the last star only: earlier ones
// need no second try.
func glob(p, s string) bool {
	i, j, star, resume := 0, 0, -1, 0
	for j < len(s) {
		switch {
		case i < len(p) && p[i] == '*':
			star, resume = i, j
			i++
		case i < len(p) && p[i] == s[j]:
			i, j = i+1, j+1
		case star >= 0:
			resume++
			i, j = star+1, resume
		default:
			return false
		}
	}
	for i < len(p) && p[i] == '*' {
		i++
	}
	return i == len(p)
}
