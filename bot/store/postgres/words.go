package postgres

import (
	"slices"
	"strings"
	"unicode/utf8"

	"tipoff/bot/store/database"
	"tipoff/filters"
	"tipoff/sources/story"
)

// The limits of a tsvector are 2 KB a word and 1 MB in all, each word with its
// place in it.
const (
	maxWord   = 255
	maxVector = 500_000
)

// tooLong stands in the index for the words of a story that has more than fit.
const tooLong = "@"

// inTitle is before a word of the title.
const inTitle = "/"

// The same as in story_words: what it takes for spaces, besides the space, and
// what it puts between the title and the rest.
const (
	signs    = ".,-'\u2019\u2018\u201c\u201d\":()/\u2013\u2014\n?;&\u00a0"
	titleEnd = "\x01"
)

// plainASCII is what story_words makes of the signs of ASCII.
var plainASCII = func() (t [utf8.RuneSelf]byte) {
	for i := range t {
		c := byte(i)
		switch {
		case c >= 'A' && c <= 'Z':
			c += 'a' - 'A'
		case strings.IndexByte(signs, c) >= 0:
			c = ' '
		}
		t[i] = c
	}
	return t
}()

// splitBySQL makes words of a text as story_words does.
func splitBySQL(text string) []string {
	// One after the other, as there: a replacement may leave another one.
	text = strings.ReplaceAll(text, "'s ", " ")
	text = strings.ReplaceAll(text, "\u2019s ", " ")
	b := make([]byte, 0, len(text))
	for i := 0; i < len(text); i++ {
		if c := text[i]; c < utf8.RuneSelf {
			b = append(b, plainASCII[c])
			continue
		}
		r, n := utf8.DecodeRuneInString(text[i:])
		if strings.ContainsRune(signs, r) {
			b = append(b, ' ')
		} else {
			b = append(b, text[i:i+n]...)
		}
		i += n - 1
	}
	// Not strings.Fields, which knows more spaces.
	return strings.FieldsFunc(string(b), func(r rune) bool { return r == ' ' })
}

// besides is before the words that a story has besides those which story_words
// makes of its texts.
const besides = "+"

// words is what the column of that name has of a story: nothing where story_words
// makes the right words of its texts.
func words(e database.Entry) string {
	title, titleExtra := extra(e.Title)
	body, bodyExtra := extra(e.Body)
	var b strings.Builder
	if e.Story != nil && sameWords(e.Story, title, body) {
		if !add(&b, titleExtra, "") || !add(&b, titleExtra, inTitle) || !add(&b, bodyExtra, "") {
			return tooLong
		}
		if b.Len() == 0 {
			return ""
		}
		return besides + b.String()
	}
	for _, part := range []struct {
		words []string
		mark  string
	}{{title, ""}, {titleExtra, ""}, {title, inTitle}, {titleExtra, inTitle}, {body, ""}, {bodyExtra, ""}} {
		if !add(&b, part.words, part.mark) {
			return tooLong
		}
	}
	if b.Len() == 0 {
		return tooLong // that the column has something; no word finds it
	}
	return b.String()
}

// extra divides the words of an index into those of a text and others.
func extra(indexed string) (words, others []string) {
	for w := range strings.FieldsSeq(indexed) {
		switch {
		case w == filters.TextEnd: // places are not in the index
		case filters.InText(w):
			words = append(words, w)
		default:
			others = append(others, w)
		}
	}
	return words, others
}

// add appends words with a mark before each, and reports whether they fit.
func add(b *strings.Builder, words []string, mark string) bool {
	for _, w := range words {
		if b.Len() > maxVector {
			return false
		}
		if b.Len() > 0 {
			b.WriteByte(' ')
		}
		b.WriteString(mark + cut(plain(w)))
	}
	return true
}

// sameWords reports whether the server makes these words of the texts that are
// stored.
func sameWords(s *story.Story, title, body []string) bool {
	if len(s.Title)+len(s.Summary)+len(s.Content) > maxVector {
		return false
	}
	text := plain(s.Title) + " " + titleEnd + " " + plain(s.Summary) + " " + plain(s.Content) + " "
	if strings.Count(text, titleEnd) > 1 {
		return false
	}
	all := splitBySQL(text)
	head := slices.Index(all, titleEnd)
	return head >= 0 && sameSet(all[:head], title) && sameSet(all[head+1:], body)
}

// sameSet reports whether the same words are in both.
func sameSet(made, wanted []string) bool {
	if slices.Equal(made, wanted) { // as nearly always
		return !slices.ContainsFunc(made, func(w string) bool { return len(w) > maxWord })
	}
	seen := make(map[string]bool, len(made))
	for _, w := range made {
		if len(w) > maxWord {
			return false
		}
		seen[w] = false
	}
	n := 0
	for _, w := range wanted {
		found, ok := seen[w]
		if !ok {
			return false
		}
		if !found {
			seen[w] = true
			n++
		}
	}
	return n == len(seen)
}

// cut shortens a word to what the index takes.
func cut(w string) string {
	if len(w) <= maxWord {
		return w
	}
	n := maxWord
	for !utf8.RuneStart(w[n]) {
		n--
	}
	return w[:n]
}

// lexeme writes a word as tsquery reads it.
func lexeme(b *strings.Builder, w string) {
	b.WriteByte('\'')
	for i := range len(w) {
		if w[i] == '\'' || w[i] == '\\' {
			b.WriteByte(w[i])
		}
		b.WriteByte(w[i])
	}
	b.WriteByte('\'')
}

// tsquery is the language of the index.
var tsquery = database.Language{And: " & ", Or: " | ", AndNot: " & !", Words: tsWords, Unindexed: "'" + tooLong + "'"}

// Language is that of a tsquery.
func (d *dialect) Language() *database.Language { return &tsquery }

// tsWords asks for words. Those that must be next to each other are only both
// there, and whether one is in the body the index does not know.
func tsWords(n filters.Need) (query string, exact bool) {
	mark := ""
	exact = len(n.Words) == 1
	switch {
	case len(n.Fields) == 1 && n.Fields[0] == "title":
		mark = inTitle
	case len(n.Fields) > 0:
		exact = false
	}
	parts := make([]string, 0, len(n.Words))
	for i, w := range n.Words {
		if w = plain(w); len(w) > maxWord {
			w, exact = cut(w), false
		}
		var b strings.Builder
		lexeme(&b, mark+w)
		if n.Prefix && i == len(n.Words)-1 {
			b.WriteString(":*")
		}
		parts = append(parts, b.String())
	}
	return strings.Join(parts, " & "), exact
}
