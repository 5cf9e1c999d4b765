package query

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/agnivade/levenshtein"

	"tipoff/filters/text"
)

type tokenKind int

const (
	tokEnd tokenKind = iota
	tokOpen
	tokClose
	tokAnd
	tokOr
	tokNot
	tokField
	tokTerm
)

type token struct {
	kind tokenKind
	// at and end are byte offsets in the query.
	at, end int
	field   Field
	words   []string
	prefix  bool
}

type lexer struct {
	query string
	pos   int
}

// next reads a token.
func (l *lexer) next() (token, *Error) {
	for l.pos < len(l.query) {
		r, n := l.rune(l.pos)
		if !isBlank(r) && !isInvisible(r) {
			break
		}
		l.pos += n
	}
	if l.pos == len(l.query) {
		return token{kind: tokEnd, at: l.pos, end: l.pos}, nil
	}
	at := l.pos
	r, n := l.rune(at)
	switch r {
	case '(':
		l.pos += n
		return token{kind: tokOpen, at: at, end: l.pos}, nil
	case ')':
		l.pos += n
		return token{kind: tokClose, at: at, end: l.pos}, nil
	case '"':
		return l.phrase(at + n)
	case '-':
		l.pos += n
		if after, _ := l.rune(l.pos); l.pos == len(l.query) || isBlank(after) || after == ')' {
			return token{}, l.errorAt(at, `a word right after the "-"`, l.foundAt(l.pos), "")
		}
		return token{kind: tokNot, at: at, end: l.pos}, nil
	}
	return l.word()
}

// rune is the rune at pos, with full-width signs as plain ones, and 0 at the end.
func (l *lexer) rune(pos int) (rune, int) {
	r, n := utf8.DecodeRuneInString(l.query[pos:])
	switch r {
	case utf8.RuneError:
		if n == 0 {
			return 0, 0
		}
	case '“', '”', '„', '‟', '＂', '«', '»':
		return '"', n
	case '−', '‐', '‑', '－':
		return '-', n
	case '（', '）', '：', '＊':
		return r - '（' + '(', n
	}
	return r, n
}

// isBlank reports whether r separates tokens.
func isBlank(r rune) bool { return unicode.IsSpace(r) || unicode.IsControl(r) }

// isInvisible reports whether r is what nobody sees but a copy from a web page
// brings along. It is passed over.
func isInvisible(r rune) bool { return unicode.Is(unicode.Cf, r) }

// phrase reads the rest of a quoted phrase, from after its opening quote.
func (l *lexer) phrase(start int) (token, *Error) {
	at := l.pos
	end, after := start, 0
	for {
		r, n := l.rune(end)
		if n == 0 {
			return token{}, l.errorAt(at, `a closing quote for this "`, "the end of the query", "")
		}
		if r == '"' {
			after = end + n
			break
		}
		end += n
	}
	l.pos = after
	t := token{kind: tokTerm, at: at}
	inside := strings.TrimRightFunc(l.query[start:end], func(r rune) bool { return isBlank(r) || isInvisible(r) })
	if cut, ok := l.cutStar(start, inside); ok {
		inside, t.prefix = cut, true
	} else if r, n := l.rune(after); r == '*' { // "zero da"* for "zero da*"
		t.prefix = true
		l.pos += n
	}
	t.end = l.pos
	return l.split(t, start, inside, "the phrase")
}

// word reads up to a blank, parenthesis or quote.
func (l *lexer) word() (token, *Error) {
	at := l.pos
	end := at
	for end < len(l.query) {
		r, n := l.rune(end)
		if isBlank(r) || r == '(' || r == ')' || r == '"' {
			break
		}
		end += n
	}
	raw := l.query[at:end]
	l.pos = end
	t := token{at: at, end: end}
	switch strings.TrimRightFunc(raw, isInvisible) {
	case "AND":
		t.kind = tokAnd
		return t, nil
	case "OR":
		t.kind = tokOr
		return t, nil
	case "NOT":
		t.kind = tokNot
		return t, nil
	case "&&":
		return t, l.errorAt(at, "the operator AND, OR or NOT", quote(raw), "AND")
	case "||":
		return t, l.errorAt(at, "the operator AND, OR or NOT", quote(raw), "OR")
	}
	if err := l.strange(at, raw); err != nil {
		return token{}, err
	}
	if t, ok, err := l.fieldName(at, raw); ok || err != nil {
		return t, err
	}
	t.kind = tokTerm
	inside := raw
	if cut, ok := l.cutStar(at, raw); ok {
		inside, t.prefix = cut, true
		if inside == "" {
			return t, nil
		}
	}
	return l.split(t, at, inside, quote(raw))
}

// strange refuses what other query languages have and this one would take for
// words.
func (l *lexer) strange(at int, raw string) *Error {
	const aWord = `a word, a "phrase", a prefix* or a group in ( )`
	r, n := utf8.DecodeRuneInString(raw)
	rest := raw[n:]
	switch {
	case r == '!' && rest != "":
		return l.errorAt(at, aWord, `the sign "!"`, "-"+rest)
	case (r == '–' || r == '—') && rest != "":
		return l.errorAt(at, aWord, "a dash; what is not wanted has a plain hyphen before it", "-"+rest)
	case r == '=' && rest != "":
		return l.errorAt(at, aWord, `the sign "="; words match in any case`, rest)
	case r == '/' && rest != "":
		return l.errorAt(at, aWord, `the sign "/"; a path to look for goes in quotes`, `"`+raw+`"`)
	case raw == "NEAR" || strings.HasPrefix(raw, "NEAR/"):
		return l.errorAt(at, "the operator AND, OR or NOT", quote(raw)+"; a word to look for goes in quotes", "")
	}
	if name := identifier(raw); name != "" && strings.IndexAny(raw[len(name):], "<>=") == 0 {
		return l.errorAt(at, "a word or one of the fields "+fieldList()+" (or quotes around it, to look for the words)",
			"the comparison "+quote(raw), "")
	}
	return nil
}

// identifier returns the name that raw starts with, or "".
func identifier(raw string) string {
	for i := range len(raw) {
		c := raw[i]
		letter := c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z'
		if !letter && (i == 0 || c != '_' && (c < '0' || c > '9')) {
			return raw[:i]
		}
	}
	return raw
}

// synonyms are names of fields elsewhere.
var synonyms = map[string]Field{
	"headline": Title, "subject": Title, "intitle": Title,
	"text": Body, "content": Body, "summary": Body, "description": Body, "intext": Body,
	"feed": Source, "outlet": Source, "publisher": Source, "category": Tag, "label": Tag, "topic": Tag,
}

// fieldName reads "title:" at the start of raw, if raw has a field.
func (l *lexer) fieldName(at int, raw string) (token, bool, *Error) {
	name := identifier(raw)
	if name == "" {
		return token{}, false, nil
	}
	colon, n := l.rune(at + len(name))
	rest := raw[min(len(name)+n, len(raw)):]
	if colon != ':' || strings.HasPrefix(rest, "//") {
		return token{}, false, nil
	}
	folded := strings.ToLower(name)
	for _, f := range Fields {
		if folded == string(f) {
			l.pos = at + len(name) + n
			return token{kind: tokField, at: at, end: l.pos, field: f}, true, nil
		}
	}
	suggest := synonyms[folded]
	for _, f := range Fields {
		if levenshtein.ComputeDistance(folded, string(f)) <= 1+len(f)/5 {
			suggest = f
		}
	}
	if suggest != "" {
		suggest += ":"
	}
	return token{}, false, l.errorAt(at, "one of the fields "+fieldList()+" (or quotes around it, to look for the words)",
		"the unknown field "+quote(name+":"), string(suggest))
}

// cutStar removes one "*" from the end of raw.
func (l *lexer) cutStar(at int, raw string) (string, bool) {
	if raw == "" {
		return raw, false
	}
	_, n := utf8.DecodeLastRuneInString(raw)
	r, _ := l.rune(at + len(raw) - n)
	return raw[:len(raw)-n], r == '*'
}

// split fills t's words from raw, which stands at the byte offset start.
func (l *lexer) split(t token, start int, raw, what string) (token, *Error) {
	if i := strings.IndexAny(raw, "*＊"); i >= 0 {
		if start > t.at { // after an opening quote
			return token{}, l.errorAt(start+i, `"*" only after the last word of a phrase`, `"*" within it`, "")
		}
		return token{}, l.errorAt(start+i, `"*" only at the end of a word`, `"*" elsewhere`, "")
	}
	tokens := text.Tokens(raw)
	if len(tokens) == 0 {
		return token{}, l.errorAt(t.at, "a letter or digit to look for", what+" with none", "")
	}
	if last := tokens[len(tokens)-1]; t.prefix && last.End != len(strings.TrimRightFunc(raw, isInvisible)) {
		return token{}, l.errorAt(start+last.End, `"*" right after a letter or digit`, "something else before it", raw[:last.End]+"*")
	}
	for _, w := range tokens {
		t.words = append(t.words, w.Text)
	}
	return t, nil
}

func (l *lexer) errorAt(at int, expected, found, suggest string) *Error {
	return &Error{
		Query: l.query, Col: utf8.RuneCountInString(l.query[:at]) + 1,
		Expected: expected, Found: found, Suggest: suggest,
	}
}

// foundAt names what stands at a place, for an error.
func (l *lexer) foundAt(at int) string {
	r, n := l.rune(at)
	switch {
	case n == 0:
		return "the end of the query"
	case isBlank(r):
		return "a space"
	}
	return quote(string(r))
}

// quote quotes part of a query for an error, shortened if long.
func quote(s string) string {
	const most = 40
	if short := firstColumns(visible(s), most); len(short) < len(visible(s)) {
		return `"` + short + `…"`
	}
	return `"` + visible(s) + `"`
}
