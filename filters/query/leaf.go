package query

import (
	"errors"
	"fmt"
	"math"
	"regexp/syntax"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/agnivade/levenshtein"
	"golang.org/x/text/unicode/norm"

	"tipoff/filters/text"
)

// term makes a word, phrase or prefix of t.
func (p *parser) term(t token) (Node, *Error) {
	raw := t.text
	what := quote(p.query[t.at:t.end])
	if t.quoted {
		what = "the phrase"
	}
	if i := strings.IndexAny(raw, "*＊"); i >= 0 {
		if t.quoted {
			return nil, p.errorAt(t.textAt+i, `"*" only after the last word of a phrase`, `"*" within it`, "")
		}
		return nil, p.errorAt(t.textAt+i, `"*" only at the end of a word`, `"*" elsewhere`, "")
	}
	n := Term{Field: p.field, Prefix: t.star}
	switch {
	case t.exact && p.field.kind() != ofWords:
		return nil, p.inexact(t, "names match in any case")
	case t.exact:
		raw = clean(raw)
		n.Exact = raw
	case raw == "" && t.star && !t.quoted: // the lone "*"
		return n, nil
	}
	words := text.Tokens(raw)
	if len(words) == 0 {
		return nil, p.errorAt(t.at, "a letter or digit to look for", what+" with none", "")
	}
	last := words[len(words)-1].End
	if t.star && last != len(strings.TrimRightFunc(raw, isInvisible)) {
		at, sign := t.textAt+last, ""
		if t.exact { // raw is not what the query has there
			at, sign = t.at, "="
		}
		return nil, p.errorAt(at, `"*" right after a letter or digit`, "something else before it", quoted(sign, clean(raw[:last]), true))
	}
	for _, w := range words {
		n.Words = append(n.Words, w.Text)
	}
	return n, nil
}

// inexact is the error for an exact text where case does not count.
func (p *parser) inexact(t token, why string) *Error {
	start := t.textAt
	if t.quoted {
		_, n := utf8.DecodeLastRuneInString(p.query[:start])
		start -= n
	}
	return p.errorAt(t.at, p.field.operand()+` without "="`, `the sign "="; `+why, p.query[start:t.end])
}

// value makes a value of t, and has it checked.
func (p *parser) value(t token) (Node, *Error) {
	if t.exact {
		return nil, p.inexact(t, "values match in any case")
	}
	n := Value{Field: p.field, Text: clean(t.text)}
	if t.star {
		n.Text = clean(t.text + "*")
	}
	switch {
	case n.Text == "":
		return nil, p.errorAt(t.at, "a value", "nothing in quotes", "")
	case n.Text == "*" && !p.field.takesAnything():
		return nil, p.errorAt(t.at, p.field.meaning(), `"*" alone`, "")
	case n.Text == "*":
		return Value{Field: p.field, Prefix: true}, nil
	case p.field == KEV:
		return p.kev(t, n)
	case t.star && p.field.takesPrefix():
		n.Text, n.Prefix = strings.TrimSuffix(n.Text, "*"), true
		if strings.HasSuffix(n.Text, " ") {
			return nil, p.errorAt(t.at, `"*" right after a letter or digit`, "a space before it", "")
		}
	}
	if p.check == nil {
		return n, nil
	}
	canonical, fault := p.check(n.Field, n.Text, n.Prefix)
	if fault != nil {
		found := fault.Found
		if found == "" {
			found = quote(n.Text)
		}
		return nil, p.errorAt(t.at, fault.Expected, found, fault.Suggest)
	}
	n.Text = canonical
	return n, nil
}

// meaning is what a field wants that cannot be asked for anything.
func (f Field) meaning() string {
	switch f {
	case KEV:
		return "yes or no"
	case Set:
		return "the name of a set"
	}
	return "a date or an age, such as 2026-11-01 or 7d"
}

func (p *parser) kev(t token, n Value) (Node, *Error) {
	suggest := ""
	switch strings.ToLower(n.Text) {
	case "yes", "true":
		n.Text = "yes"
		return n, nil
	case "no", "false":
		n.Text = "no"
		return n, nil
	case "y", "1", "on":
		suggest = "kev:yes"
	case "n", "0", "off":
		suggest = "kev:no"
	}
	return nil, p.errorAt(t.at, KEV.meaning(), quote(n.Text), suggest)
}

// clean returns s without invisible characters and with single spaces. What is
// not UTF-8 separates, as it does between words.
func clean(s string) string {
	var b strings.Builder
	space := false
	for len(s) > 0 {
		r, n := utf8.DecodeRuneInString(s)
		switch {
		case r == utf8.RuneError && n == 1, isBlank(r):
			space = b.Len() > 0
		case isInvisible(r):
		default:
			if space {
				b.WriteByte(' ')
			}
			space = false
			if r == '＊' {
				r = '*'
			}
			b.WriteRune(r)
		}
		s = s[n:]
	}
	return b.String()
}

// pattern makes a regular expression of t.
func (p *parser) pattern(t token) (Node, *Error) {
	if !p.field.takesRegex() {
		return nil, p.errorAt(t.at, p.field.operand()+" right after "+string(p.field)+":", "a regular expression", "")
	}
	if p.regexes++; p.regexes > MaxRegexes {
		return nil, p.errorAt(t.at, fmt.Sprintf("at most %d regular expressions in a query", MaxRegexes), "one more", "")
	}
	if len(t.text) > MaxRegexBytes {
		return nil, p.errorAt(t.at, fmt.Sprintf("at most %d bytes in a regular expression", MaxRegexBytes), fmt.Sprintf("%d bytes", len(t.text)), "")
	}
	tree, err := syntax.Parse(t.text, syntax.Perl|syntax.FoldCase)
	if err != nil {
		found := err.Error()
		if wrong, ok := errors.AsType[*syntax.Error](err); ok {
			found = wrong.Code.String()
			if wrong.Expr != "" {
				found += " in " + quote(wrong.Expr)
			}
		}
		return nil, p.errorAt(t.at, "a regular expression of RE2", "one with "+found, "")
	}
	if !small(tree) {
		return nil, p.errorAt(t.at, fmt.Sprintf("a regular expression of at most %d steps", MaxRegexSteps),
			"a larger one (repetitions such as x{100} count in full)", "")
	}
	return Regex{Field: p.field, Pattern: t.text}, nil
}

// small reports whether the program of tree keeps to the limit.
func small(tree *syntax.Regexp) bool {
	if leastSteps(tree) > MaxRegexSteps { // spares compiling what is huge
		return false
	}
	program, err := syntax.Compile(tree.Simplify())
	return err == nil && len(program.Inst) <= MaxRegexSteps
}

// leastSteps is a number of instructions that tree has at least: those that
// read a character, with every repetition written out.
func leastSteps(tree *syntax.Regexp) int {
	switch tree.Op {
	case syntax.OpLiteral:
		return len(tree.Rune)
	case syntax.OpCharClass, syntax.OpAnyChar, syntax.OpAnyCharNotNL:
		return 1
	}
	n := 0
	for _, sub := range tree.Sub {
		n += leastSteps(sub)
	}
	if tree.Op == syntax.OpRepeat {
		n *= max(tree.Min, tree.Max)
	}
	return n
}

// compare makes a comparison of t.
func (p *parser) compare(t token) (Node, *Error) {
	if p.field != Any {
		return nil, p.otherField()
	}
	found := quote(t.text)
	if t.text == "" {
		found = p.foundAt(t.textAt)
	}
	v, meant, err := t.field.number(t.text)
	if err != nil {
		suggest := ""
		if meant != "" {
			suggest = string(t.field) + string(t.op) + meant
		}
		return nil, p.errorAt(t.textAt, err.Error(), found, suggest)
	}
	return Compare{Field: t.field, Op: t.op, Value: v}, nil
}

// number reads a value that f is compared with. The error says what was
// expected; meant may be what is right.
func (f Field) number(s string) (v float64, meant string, err error) {
	s = strings.ToLower(norm.NFKC.String(s))
	if f == Severity {
		i := slices.Index(Severities, s)
		if i >= 0 {
			return float64(i), "", nil
		}
		for _, level := range Severities {
			if levenshtein.ComputeDistance(s, level) <= 2 {
				meant = level
			}
		}
		return 0, meant, errors.New("low, medium, high or critical")
	}
	most, whole := 10.0, false
	err = errors.New("a number from 0 to 10")
	switch f {
	case EPSS:
		most, err = 1, errors.New("a number from 0 to 1")
	case Sources:
		most, whole = MaxSources, true
		err = fmt.Errorf("a whole number from 0 to %d", MaxSources)
	}
	digits, percent := strings.CutSuffix(s, "%")
	decimal := strings.Replace(digits, ",", ".", 1)
	v, wrong := strconv.ParseFloat(decimal, 64)
	if wrong != nil || strings.Trim(decimal, "0123456789.") != "" {
		return 0, "", err
	}
	hundredth := strconv.FormatFloat(v/100, 'f', -1, 64)
	switch {
	case f == EPSS && v <= 100 && (percent || v > 1):
		return 0, hundredth, err
	case v > most || whole && v != math.Trunc(v):
		return 0, "", err
	case decimal != s:
		return 0, decimal, err
	}
	return v, "", nil
}
