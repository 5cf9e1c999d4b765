package query

import (
	"slices"
	"strings"

	"tipoff/filters/text"
)

func (n And) String() string  { return canonical(n) }
func (n Or) String() string   { return canonical(n) }
func (n Not) String() string  { return canonical(n) }
func (n Term) String() string { return canonical(n) }

func canonical(n Node) string {
	var b strings.Builder
	write(&b, n, Any)
	return b.String()
}

// write prints n inside a group of field in. A part whose terms all look in
// one field is printed as a group of that field.
func write(b *strings.Builder, n Node, in Field) {
	if in == Any && n.rank() < rankNot {
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
	case Term:
		if in == Any && n.Field != Any {
			b.WriteString(string(n.Field) + ":")
		}
		b.WriteString(n.words())
	}
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

// common returns the field of all terms in n, or Any if they differ.
func common(n Node) Field {
	switch n := n.(type) {
	case And:
		return commonOf(n)
	case Or:
		return commonOf(n)
	case Not:
		return common(n.X)
	case Term:
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
