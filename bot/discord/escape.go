package discord

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"tipoff/bot/card"
)

// escape makes s stand for itself where Discord reads markdown: no emphasis,
// code, spoiler, quote, heading, list, mention, emoji, time stamp or link comes
// of it. A backslash before a sign is what Discord documents for that, see
// https://support.discord.com/hc/en-us/articles/210298617. Signs that mean
// something in certain places only are left alone elsewhere, so that ordinary
// text such as "CVE-2026-1234 (#3)" is sent as it is.
func escape(s string) string {
	if !strings.ContainsAny(s, "\\*_~`|[]<>@:#-+.)") {
		return s
	}
	var b strings.Builder
	b.Grow(len(s) + 16)
	start := true   // only spaces since the line began
	number := false // only digits since then
	prev := rune(0)
	for i, r := range s {
		rest := s[i+utf8.RuneLen(r):]
		if special(r, prev, rest, start, number) {
			b.WriteByte('\\')
		}
		b.WriteRune(r)
		digit := r >= '0' && r <= '9'
		number = digit && (start || number)
		start = r == '\n' || start && unicode.IsSpace(r)
		prev = r
	}
	return b.String()
}

func special(r, prev rune, rest string, start, number bool) bool {
	switch r {
	case '\\', '*', '_', '~', '`', '|', '[', ']', '<', '>', '@':
		return true
	case '(':
		// Behind a bracket it would be the address of a masked link.
		return prev == ']'
	case '#', '-', '+':
		return start // heading, list or small print
	case '.', ')':
		return number // numbered list
	case ':':
		return strings.HasPrefix(rest, "/") || emojiName(rest) // address, :emoji:
	}
	return false
}

// emojiName reports whether rest, which stands behind a colon, is an emoji's
// name and its second colon. Of digits alone only two names are made; the rest
// are times of day.
func emojiName(rest string) bool {
	n := strings.IndexByte(rest, ':')
	if n < 1 || n > 64 {
		return false
	}
	name := rest[:n]
	digits := true
	for _, c := range []byte(name) {
		switch {
		case c >= '0' && c <= '9':
		case c == '_' || c == '-' || c == '+' || c == '~' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z':
			digits = false
		default:
			return false
		}
	}
	return !digits || name == "100" || name == "1234"
}

// linkText is escape for the visible part of a masked link. Brackets there end
// the link in some clients even behind a backslash, so they become round ones.
func linkText(s string) string { return escape(roundBrackets.Replace(s)) }

var roundBrackets = strings.NewReplacer("[", "(", "]", ")")

// bold escapes s and sets the words of marks bold.
func bold(s string, marks []string) string {
	var b strings.Builder
	open := false
	for _, span := range card.Emphasise(s, marks) {
		if span.Mark != open {
			b.WriteString("**")
			open = span.Mark
		}
		b.WriteString(escape(span.Text))
	}
	if open {
		b.WriteString("**")
	}
	return b.String()
}

// fit renders as much of s as gives at most limit code units.
func fit(s string, limit int, render func(string) string) string {
	s = card.Cut(s, limit)
	best := render(s)
	if card.Len(best) <= limit {
		return best
	}
	// Longer texts render longer, all but exactly: a search finds the longest
	// that fits, give or take an escape.
	best = ""
	for low, high := 1, limit-1; low <= high; {
		n := (low + high) / 2
		if out := render(card.Cut(s, n)); card.Len(out) <= limit {
			best, low = out, n+1
		} else {
			high = n - 1
		}
	}
	return best
}

// codeBlock sets s in a fixed-width font, at most limit code units in all.
func codeBlock(s string, limit int) string {
	const fence = "```"
	s = strings.TrimRight(card.CleanCode(s), " \n")
	if strings.TrimSpace(s) == "" {
		return ""
	}
	// Three backticks would end the block; nothing in it can be escaped.
	s = strings.ReplaceAll(s, "`", "'")
	return fit(s, limit, func(s string) string { return fence + "\n" + s + "\n" + fence })
}
