// Package summary says of a story what a reader in a hurry wants to know first:
// how long it takes to read. What the story says in short, its TL;DR, will have
// its place here too.
//
// It is pure, and safe for concurrent use.
package summary

import (
	"strings"
	"unicode"

	"tipoff/sources/story"
)

// How fast people read news, in a minute: words, and characters of scripts that
// have no spaces between words. Brysbaert, "How many words do we read per
// minute?" (2019), has 238 words for English non-fiction; technical names make
// readers slower.
const (
	wordsAMinute      = 230
	charactersAMinute = 500
)

// Minutes is how many minutes it takes to read a story's title, summary and
// content, to the next whole one: 1 at least, and 0 without any text. A summary
// that the content has in it is not read twice.
func Minutes(s *story.Story) int {
	words, characters := count(s.Title)
	add := func(t string) {
		w, c := count(t)
		words, characters = words+w, characters+c
	}
	add(s.Content)
	if s.Summary != "" && !repeats(s.Content, s.Summary) {
		add(s.Summary)
	}
	const perMinute = wordsAMinute * charactersAMinute
	work := words*charactersAMinute + characters*wordsAMinute
	minutes := (work + perMinute - 1) / perMinute
	if minutes == 0 && strings.TrimSpace(s.Title+s.Summary+s.Content) != "" {
		return 1 // of signs alone
	}
	return minutes
}

// count counts words, and characters of scripts without spaces. A word has a
// letter or digit, and goes from one space to the next.
func count(s string) (words, characters int) {
	in := false // a word that was counted
	for _, r := range s {
		switch {
		case r < 0x80:
			if c := r | 0x20; r >= '0' && r <= '9' || c >= 'a' && c <= 'z' {
				if !in {
					words++
				}
				in = true
			} else if r <= ' ' {
				in = false
			}
		case unicode.IsSpace(r):
			in = false
		case isSpaceless(r):
			if !unicode.Is(unicode.M, r) {
				characters++ // a mark is a part of the one before
			}
			in = false
		case !in && (unicode.IsLetter(r) || unicode.IsNumber(r)):
			words++
			in = true
		}
	}
	return words, characters
}

// isSpaceless reports whether r is of a script that has no spaces between
// words. Korean has them.
func isSpaceless(r rune) bool {
	return r >= 0xe00 && unicode.In(r, unicode.Han, unicode.Hiragana, unicode.Katakana, unicode.Bopomofo,
		unicode.Thai, unicode.Lao, unicode.Khmer, unicode.Myanmar)
}

// repeats reports whether the content has the summary in it. Feeds cut
// summaries off with dots, and set spaces and line ends in their own way.
func repeats(content, summary string) bool {
	summary = strings.TrimRight(strings.TrimSpace(summary), ".…[] ")
	if content == "" {
		return false
	}
	return strings.Contains(content, summary) || strings.Contains(spaced(content), spaced(summary))
}

// spaced is s with single spaces.
func spaced(s string) string { return strings.Join(strings.Fields(s), " ") }
