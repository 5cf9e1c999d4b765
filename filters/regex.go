package filters

import (
	"regexp"
	"regexp/syntax"
	"strings"
	"unicode"

	"tipoff/filters/query"
)

// regex is a regular expression, matched in any case against texts as they
// stand.
type regex struct {
	field query.Field
	re    *regexp.Regexp
	// literal is in every text that matches, with its letters folded; it spares
	// most stories the expression.
	literal string
}

func newRegex(n query.Regex) clause {
	re, err := regexp.Compile("(?i)" + n.Pattern)
	if err != nil {
		return noneOf{everything{}} // the parser has let it through
	}
	c := &regex{field: n.Field, re: re}
	if tree, err := syntax.Parse(n.Pattern, syntax.Perl|syntax.FoldCase); err == nil {
		c.literal = literalOf(tree.Simplify())
	}
	return c
}

// literalOf returns the longest text that all matches have, with its letters
// folded.
func literalOf(tree *syntax.Regexp) string {
	switch tree.Op {
	case syntax.OpLiteral:
		return foldCase(string(tree.Rune))
	case syntax.OpCapture, syntax.OpPlus:
		return literalOf(tree.Sub[0])
	case syntax.OpRepeat:
		if tree.Min > 0 {
			return literalOf(tree.Sub[0])
		}
	case syntax.OpConcat:
		longest := ""
		for _, sub := range tree.Sub {
			if l := literalOf(sub); len(l) > len(longest) {
				longest = l
			}
		}
		return longest
	}
	return ""
}

// foldCase replaces every letter by the first of those that differ from it in
// case alone, as regular expressions see it.
func foldCase(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r >= 'a' && r <= 'z':
			return r
		case r >= 'A' && r <= 'Z':
			return r + 'a' - 'A'
		}
		if r < 0x80 {
			return r
		}
		least := r
		for f := unicode.SimpleFold(r); f != r; f = unicode.SimpleFold(f) {
			if f >= 'a' && f <= 'z' {
				return f
			}
			least = min(least, f)
		}
		return least
	}, s)
}

// part of a story that an expression looks at.
type regexText struct {
	field query.Field
	// text is the number of the text, or -1.
	text    int
	written string
}

func (c *regex) texts(d *Doc, yield func(regexText) bool) {
	in := fieldsOf(c.field)
	switch c.field {
	case query.Any, query.Title, query.Body:
		for f, s := range d.texts {
			if in.has(f) && !yield(regexText{textNames[f], f, s}) {
				return
			}
		}
	case query.Source, query.Tag:
		for _, n := range (named{tag: c.field == query.Tag}).names(d) {
			if !yield(regexText{c.field, -1, n.written}) {
				return
			}
		}
	case query.Domain:
		for _, h := range d.parts().hosts {
			if !yield(regexText{c.field, -1, h}) {
				return
			}
		}
	case query.Author:
		yield(regexText{c.field, -1, d.story.Author})
	case query.URL:
		yield(regexText{c.field, -1, d.story.URL})
	}
}

func (c *regex) matches(s regexText, d *Doc) bool {
	if c.literal != "" {
		folded := ""
		if s.text >= 0 {
			folded = d.foldedText(s.text)
		} else {
			folded = foldCase(s.written)
		}
		if !strings.Contains(folded, c.literal) {
			return false
		}
	}
	return c.re.MatchString(s.written)
}

func (c *regex) match(d *Doc) bool {
	yes := false
	c.texts(d, func(s regexText) bool {
		yes = c.matches(s, d)
		return !yes
	})
	return yes
}

// maxRegexPlaces is how many places of an expression are shown.
const maxRegexPlaces = 20

func (c *regex) terms(d *Doc, add func(found)) {
	c.texts(d, func(s regexText) bool {
		if !c.matches(s, d) {
			return true
		}
		for _, at := range c.re.FindAllStringIndex(s.written, maxRegexPlaces) {
			if at[0] == at[1] {
				continue
			}
			written := s.written[at[0]:at[1]]
			x := found{folded: "/" + strings.ToLower(written), written: written, field: s.field}
			if s.text >= 0 || s.field == query.Author || s.field == query.URL {
				x.start, x.end = at[0], at[1]
			}
			add(x)
		}
		return true
	})
}

func (c *regex) need() Need   { return Need{} }
func (c *regex) cover() cover { return cover{} }
