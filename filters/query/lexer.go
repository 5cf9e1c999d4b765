package query

import (
	"fmt"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

type tokenKind int

const (
	tokEnd tokenKind = iota
	tokOpen
	tokClose
	tokAnd
	tokOr
	tokNot
	tokNear
	tokField
	tokText
	tokRegex
	tokCompare
)

type token struct {
	kind tokenKind
	// at and end are byte offsets in the query.
	at, end int
	// field is that of a field or a comparison.
	field Field
	// text is what a word or phrase says, without quotes, "=" and one last
	// "*": what it means depends on the field. Of a regular expression it is
	// the pattern, of a comparison the value. It starts at textAt.
	text   string
	textAt int
	// How a word or phrase is written.
	quoted, exact, star bool
	op                  Op
	within              int // of a NEAR
}

type lexer struct {
	query string
	pos   int
}

// next reads a token.
func (l *lexer) next() (token, *Error) {
	l.pos = l.skip(l.pos)
	at := l.pos
	r, n := l.rune(at)
	switch {
	case n == 0:
		return token{kind: tokEnd, at: at, end: at}, nil
	case r == '(':
		l.pos += n
		return token{kind: tokOpen, at: at, end: l.pos}, nil
	case r == ')':
		l.pos += n
		return token{kind: tokClose, at: at, end: l.pos}, nil
	case r == '"':
		return l.phrase(token{at: at, textAt: at + n})
	case r == '/':
		return l.regex()
	case r == '=':
		return l.exact(at + n)
	case r == '-':
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
	case '（', '）', '：', '＊', '＜', '＝', '＞':
		return r - '（' + '(', n
	case '≧', '⩾':
		return '≥', n
	case '≦', '⩽':
		return '≤', n
	}
	return r, n
}

// isBlank reports whether r separates tokens.
func isBlank(r rune) bool { return unicode.IsSpace(r) || unicode.IsControl(r) }

// isInvisible reports whether r is what nobody sees but a copy from a web page
// brings along. It is passed over.
func isInvisible(r rune) bool { return unicode.Is(unicode.Cf, r) }

func isUnseen(r rune) bool { return isBlank(r) || isInvisible(r) }

// isSign reports whether r is part of the sign of a comparison.
func isSign(r rune) bool { return strings.ContainsRune("<>=≥≤", r) }

// skip returns where the blanks from pos on end.
func (l *lexer) skip(pos int) int {
	for pos < len(l.query) {
		r, n := l.rune(pos)
		if !isUnseen(r) {
			break
		}
		pos += n
	}
	return pos
}

// run returns the end of what stands at pos, up to a blank, parenthesis or
// quote.
func (l *lexer) run(pos int) int {
	for pos < len(l.query) {
		r, n := l.rune(pos)
		if isBlank(r) || r == '(' || r == ')' || r == '"' {
			break
		}
		pos += n
	}
	return pos
}

// phrase reads the rest of a quoted phrase, from after its opening quote.
func (l *lexer) phrase(t token) (token, *Error) {
	end, after := t.textAt, 0
	for {
		r, n := l.rune(end)
		if n == 0 {
			return token{}, l.errorAt(t.at, `a closing quote for this "`, "the end of the query", "")
		}
		if r == '"' {
			after = end + n
			break
		}
		end += n
	}
	t.kind, t.quoted = tokText, true
	t.text = strings.TrimRightFunc(l.query[t.textAt:end], isUnseen)
	l.pos = after
	if l.cutStar(&t); !t.star {
		if r, n := l.rune(after); r == '*' { // "zero da"* for "zero da*"
			t.star = true
			l.pos += n
		}
	}
	t.end = l.pos
	return t, nil
}

// regex reads a regular expression, which starts at pos.
func (l *lexer) regex() (token, *Error) {
	const closing = `a closing "/" for this "/" (or quotes around it, to look for the words)`
	t := token{kind: tokRegex, at: l.pos, textAt: l.pos + 1}
	var pattern strings.Builder
	pos := t.textAt
	for {
		if pos == len(l.query) {
			return token{}, l.errorAt(t.at, closing, "the end of the query", l.inQuotes(t.at))
		}
		c := l.query[pos]
		pos++
		if c == '/' {
			break
		}
		if c == '\\' && pos < len(l.query) {
			// An escaped backslash does not escape the slash after it.
			if l.query[pos] != '/' {
				pattern.WriteByte(c)
			}
			c = l.query[pos]
			pos++
		}
		if c == '\n' || c == '\r' {
			return token{}, l.errorAt(t.at, closing, "a line break before one", l.inQuotes(t.at))
		}
		pattern.WriteByte(c)
	}
	l.pos, t.end, t.text = pos, pos, pattern.String()
	after := pos
	r, n := l.rune(after)
	for n > 0 && isInvisible(r) {
		after += n
		r, n = l.rune(after)
	}
	if n > 0 && !isBlank(r) && r != ')' {
		suggest := l.inQuotes(t.at)
		if l.query[after:l.run(after)] == "i" { // a flag elsewhere
			suggest = l.query[t.at:t.end]
		}
		return token{}, l.errorAt(after, `a space, ")" or the end of the query after a regular expression (a path goes in quotes)`, l.foundAt(after), suggest)
	}
	if t.text == "" {
		return token{}, l.errorAt(t.at, "a regular expression between the slashes", "none", l.inQuotes(t.at))
	}
	return t, nil
}

// inQuotes suggests what stands at pos as a phrase, if it could be one.
func (l *lexer) inQuotes(pos int) string {
	raw := l.query[pos:l.run(pos)]
	if !strings.ContainsFunc(raw, func(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) }) {
		return ""
	}
	return `"` + raw + `"`
}

// exact reads what "=" stands before, which ends at start.
func (l *lexer) exact(start int) (token, *Error) {
	const wanted = `a word or a "phrase" right after the "="`
	t := token{at: l.pos, exact: true}
	for {
		r, n := l.rune(start)
		if n == 0 || !isInvisible(r) {
			break
		}
		start += n
	}
	r, n := l.rune(start)
	switch {
	case r == '"':
		t.textAt = start + n
		return l.phrase(t)
	case n == 0, isBlank(r), r == '(', r == ')', isSign(r):
		return token{}, l.errorAt(t.at, wanted, l.foundAt(start), "")
	case r == '/':
		return token{}, l.errorAt(t.at, wanted+", as a regular expression ignores case", l.foundAt(start), "")
	}
	t.kind, t.textAt, t.end = tokText, start, l.run(start)
	t.text = l.query[start:t.end]
	name, after := l.identifier(start, t.end)
	if sign, n := l.rune(after); name != "" && sign == ':' && !strings.HasPrefix(l.query[after+n:], "//") {
		if f, ok := fieldNamed(name); !ok {
			return token{}, l.unknownField(start, name)
		} else if f.kind() == ofWords {
			return token{}, l.errorAt(t.at, `a field before the "="`, "the field after it", string(f)+":="+l.query[after+n:t.end])
		}
		return token{}, l.errorAt(t.at, wanted, "the field "+quote(name+":"), "")
	} else if name != "" && after < t.end && isSign(sign) {
		return token{}, l.errorAt(t.at, wanted, "the comparison "+quote(l.query[start:t.end]), "")
	}
	l.pos = t.end
	l.cutStar(&t)
	return t, nil
}

// word reads what is no sign: a word, operator, field or comparison.
func (l *lexer) word() (token, *Error) {
	at := l.pos
	t := token{kind: tokText, at: at, textAt: at, end: l.run(at)}
	l.pos = t.end
	t.text = l.query[at:t.end]
	switch seen := dropInvisible(t.text); {
	case seen == "AND":
		t.kind = tokAnd
		return t, nil
	case seen == "OR":
		t.kind = tokOr
		return t, nil
	case seen == "NOT":
		t.kind = tokNot
		return t, nil
	case seen == "NEAR", strings.HasPrefix(seen, "NEAR/"):
		return l.near(t, seen[len("NEAR"):])
	case seen == "&&":
		return t, l.errorAt(at, "the operator AND, OR or NOT", quote(t.text), "AND")
	case seen == "||":
		return t, l.errorAt(at, "the operator AND, OR or NOT", quote(t.text), "OR")
	}
	if err := l.strange(at, t.text); err != nil {
		return token{}, err
	}
	if name, after := l.identifier(at, t.end); name != "" {
		r, n := l.rune(after)
		switch {
		case after == t.end:
			if sign := l.skip(after); sign > after && l.compares(name, sign) {
				return l.compare(at, name, sign)
			}
		case isSign(r) || r == '!' && strings.HasPrefix(l.query[after:], "!="):
			return l.compare(at, name, after)
		case r == ':':
			f, ok := fieldNamed(name)
			switch {
			case ok:
				l.pos = after + n
				return token{kind: tokField, at: at, end: l.pos, field: f}, nil
			case !strings.HasPrefix(l.query[after+n:], "//"):
				return token{}, l.unknownField(at, name)
			}
		}
	}
	l.cutStar(&t)
	return t, nil
}

// near reads the number of a NEAR; number has a slash before it.
func (l *lexer) near(t token, number string) (token, *Error) {
	n, err := strconv.Atoi(strings.TrimPrefix(number, "/"))
	switch {
	case number == "":
		return token{}, l.errorAt(t.at, "a number of words after NEAR (or quotes around it, to look for the word)", `"NEAR" alone`, "NEAR/10")
	case err != nil || n < 1 || n > MaxWithin || number[1] == '+':
		return token{}, l.errorAt(t.at, fmt.Sprintf("a number of words from 1 to %d after NEAR/", MaxWithin), quote(t.text), "NEAR/10")
	}
	t.kind, t.within = tokNear, n
	return t, nil
}

// strange refuses what other query languages have and this one would take for
// words.
func (l *lexer) strange(at int, raw string) *Error {
	r, n := l.rune(at)
	rest := raw[n:]
	switch {
	case r == '!' && rest != "":
		return l.errorAt(at, operand, `the sign "!"`, "-"+rest)
	case (r == '–' || r == '—') && rest != "":
		return l.errorAt(at, operand, "a dash; what is not wanted has a plain hyphen before it", "-"+rest)
	case isSign(r):
		return l.errorAt(at, comparisons+" before a comparison"+orQuotes, quote(raw)+" after none of them", "")
	}
	return nil
}

// identifier returns the name that stands at pos and could be a field's, and
// where it ends; or "".
func (l *lexer) identifier(pos, end int) (string, int) {
	at := pos
	for pos < end {
		r, n := l.rune(pos)
		letter := r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z'
		if !letter && !isInvisible(r) && (pos == at || r != '_' && (r < '0' || r > '9')) {
			break
		}
		pos += n
	}
	return dropInvisible(l.query[at:pos]), pos
}

// compares reports whether the sign at pos, which has a blank before it, makes
// a comparison with the word name. A lone "=" may be that of an exact word.
func (l *lexer) compares(name string, pos int) bool {
	r, n := l.rune(pos)
	if r != '=' {
		return n > 0 && isSign(r)
	}
	if next, n := l.rune(pos + n); n == 0 || isBlank(next) || isSign(next) {
		return true
	}
	f, ok := fieldNamed(name)
	if !ok || f.kind() != ofNumbers {
		return false
	}
	_, _, err := f.number(l.query[pos+n : l.run(pos+n)])
	return err == nil
}

// compare reads a comparison from its sign on.
func (l *lexer) compare(at int, name string, sign int) (token, *Error) {
	var op strings.Builder
	pos := sign
	for {
		r, n := l.rune(pos)
		if n == 0 || !isSign(r) && r != '!' {
			break
		}
		switch r {
		case '≥':
			op.WriteString(">=")
		case '≤':
			op.WriteString("<=")
		default:
			op.WriteRune(r)
		}
		pos += n
	}
	t := token{kind: tokCompare, at: at, op: Op(op.String()), textAt: l.skip(pos)}
	t.end = l.run(t.textAt)
	t.text = dropInvisible(l.query[t.textAt:t.end])
	if t.text == "" {
		t.textAt, t.end = pos, pos
	}
	l.pos = t.end
	whole := "the comparison " + quote(l.query[at:t.end])

	f, ok := fieldNamed(name)
	if t.field = f; !ok || f.kind() != ofNumbers {
		return token{}, l.errorAt(at, "a comparison of "+comparisons+orQuotes, whole, rightly(name, t.op, t.text))
	}
	switch t.op {
	case AtLeast, More, AtMost, Less, Equal:
		return t, nil
	}
	return token{}, l.errorAt(sign, "one of the signs >=, >, <=, < and =", quote(string(t.op)), rightly(name, t.op, t.text))
}

// rightly suggests what was meant by a comparison which there is not, or "".
func rightly(name string, op Op, value string) string {
	f, ok := fieldNamed(name)
	if !ok {
		f = nearest(name, func(f Field) bool { return f.kind() == ofNumbers })
	}
	if f == Any {
		f = nearest(name, func(Field) bool { return true })
	}
	if f == Any || value == "" {
		return f.right()
	}
	not := ""
	switch op {
	case "=>", ">>":
		op = AtLeast
	case "=<", "<<":
		op = AtMost
	case "==":
		op = Equal
	case "!=", "<>":
		op, not = Equal, "NOT "
	case AtLeast, More, AtMost, Less, Equal:
	default:
		return f.right()
	}
	if f.kind() != ofNumbers {
		return not + string(f) + ":" + value
	}
	return not + string(f) + string(op) + value
}

func (l *lexer) unknownField(at int, name string) *Error {
	expected, suggest := fieldNames, ""
	if f := nearest(name, func(Field) bool { return true }); f != Any {
		expected, suggest = "the name of a field", f.right()
	}
	return l.errorAt(at, expected+orQuotes, "the unknown field "+quote(name+":"), suggest)
}

// cutStar removes one "*" from the end of t's text.
func (l *lexer) cutStar(t *token) {
	if t.text == "" {
		return
	}
	_, n := utf8.DecodeLastRuneInString(t.text)
	if r, _ := l.rune(t.textAt + len(t.text) - n); r == '*' {
		t.text, t.star = t.text[:len(t.text)-n], true
	}
}

func dropInvisible(s string) string {
	return strings.Map(func(r rune) rune {
		if isInvisible(r) {
			return -1
		}
		return r
	}, s)
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
