package query

import (
	"slices"
	"strconv"
	"strings"

	"tipoff/filters/text"
)

func (n And) String() string     { return canonical(n) }
func (n Or) String() string      { return canonical(n) }
func (n Not) String() string     { return canonical(n) }
func (n Near) String() string    { return canonical(n) }
func (n Term) String() string    { return canonical(n) }
func (n Regex) String() string   { return canonical(n) }
func (n Value) String() string   { return canonical(n) }
func (n Compare) String() string { return canonical(n) }

func canonical(n Node) string {
	var b strings.Builder
	write(&b, n, Any)
	return b.String()
}

// write prints n inside a group of field in. A part whose terms all look in
// one field is printed as a group of that field.
func write(b *strings.Builder, n Node, in Field) {
	if in == Any && n.rank() != rankNot && n.rank() < rankLeaf {
		if f := common(n); f != Any {
			b.WriteString(string(f) + ":(")
			write(b, n, f)
			b.WriteString(")")
			return
		}
	}
	switch n := n.(type) {
	case And:
		writeList(b, n, n.rank(), " AND ", in)
	case Or:
		writeList(b, n, n.rank(), " OR ", in)
	case Not:
		b.WriteString("NOT ")
		writeIn(b, n.X, n.rank(), in)
	case Near:
		for i, side := range n.Sides {
			if i > 0 {
				b.WriteString(" NEAR/" + strconv.Itoa(n.Within[i-1]) + " ")
			}
			writeIn(b, side, n.rank(), in)
		}
	case Term:
		writeLeaf(b, n.Field, n.words(), in)
	case Regex:
		writeLeaf(b, n.Field, n.slashed(), in)
	case Value:
		writeLeaf(b, n.Field, quoted("", n.Text, n.Prefix), in)
	case Compare:
		value := strconv.FormatFloat(n.Value, 'f', -1, 64)
		if n.Field == Severity {
			value = Severities[int(n.Value)]
		}
		b.WriteString(string(n.Field) + string(n.Op) + value)
	}
}

func writeLeaf(b *strings.Builder, f Field, text string, in Field) {
	if in == Any && f != Any {
		b.WriteString(string(f) + ":")
	}
	b.WriteString(text)
}

func writeList(b *strings.Builder, list []Node, outer rank, operator string, in Field) {
	for i, n := range list {
		if i > 0 {
			b.WriteString(operator)
		}
		writeIn(b, n, outer, in)
	}
}

// writeIn prints an operand, in parentheses if it would fall apart without.
// A group of a field brings its own.
func writeIn(b *strings.Builder, n Node, outer rank, in Field) {
	if n.rank() >= outer || in == Any && common(n) != Any {
		write(b, n, in)
		return
	}
	b.WriteString("(")
	write(b, n, in)
	b.WriteString(")")
}

// common returns the field of all parts of n, or Any if they differ or one of
// them is a comparison, which no group of a field can hold.
func common(n Node) Field {
	switch n := n.(type) {
	case And:
		return commonOf(n)
	case Or:
		return commonOf(n)
	case Not:
		return common(n.X)
	case Near:
		return commonOf(n.Sides)
	case Term:
		return n.Field
	case Regex:
		return n.Field
	case Value:
		return n.Field
	}
	return Any
}

func commonOf(list []Node) Field {
	f := common(list[0])
	for _, n := range list[1:] {
		if common(n) != f {
			return Any
		}
	}
	return f
}

// words prints the term without its field.
func (n Term) words() string {
	if n.Exact != "" {
		return quoted("=", n.Exact, n.Prefix)
	}
	star := ""
	if n.Prefix {
		star = "*"
	}
	if len(n.Words) < 2 {
		return strings.Join(n.Words, "") + star
	}
	// Characters of scripts without spaces read better together, and mean the
	// same as long as they split into the same words.
	closed := strings.Join(n.Words, "")
	same := slices.EqualFunc(text.Tokens(closed), n.Words, func(t text.Token, w string) bool { return t.Text == w })
	if same {
		return closed + star
	}
	return `"` + strings.Join(n.Words, " ") + star + `"`
}

// quoted prints text after sign, in quotes if it would not be read as one text
// without them.
func quoted(sign, text string, prefix bool) string {
	star := ""
	if prefix {
		star = "*"
	}
	bare := sign + text + star
	l := lexer{query: bare}
	t, err := l.next()
	// The star of a field without prefixes is in text, but not in the token's.
	if t.star && !prefix {
		t.text += "*"
	}
	if err == nil && t.kind == tokText && !t.quoted && t.exact == (sign != "") && t.end == len(bare) && t.text == text {
		return bare
	}
	return sign + `"` + text + star + `"`
}

// slashed prints the pattern between slashes.
func (n Regex) slashed() string {
	var b strings.Builder
	b.WriteByte('/')
	for i := 0; i < len(n.Pattern); i++ {
		c := n.Pattern[i]
		switch {
		case c == '/':
			b.WriteByte('\\')
		case c == '\\' && i+1 < len(n.Pattern): // and what it escapes
			b.WriteByte(c)
			i++
			c = n.Pattern[i]
		}
		b.WriteByte(c)
	}
	b.WriteByte('/')
	return b.String()
}
