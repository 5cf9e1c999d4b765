package query

import (
	"fmt"
	"unicode/utf8"
)

type parser struct {
	lexer
	tok token
	// last is the token before tok, and first is true until there is one.
	last    token
	first   bool
	field   Field // of the group around
	nesting int
	terms   int
}

const operand = `a word, a "phrase", a prefix* or a group in ( )`

func (p *parser) parse() (Node, *Error) {
	if n := len(p.query); n > MaxBytes {
		// The offset may be inside of a character; a column cannot be.
		at := MaxBytes
		for at > 0 && !utf8.RuneStart(p.query[at]) {
			at--
		}
		return nil, p.errorAt(at, fmt.Sprintf("at most %d bytes in a query", MaxBytes), fmt.Sprintf("%d bytes", n), "")
	}
	p.first = true
	if err := p.read(); err != nil {
		return nil, err
	}
	if p.tok.kind == tokEnd {
		return nil, p.errorAt(p.tok.at, operand, "an empty query", "* to match every story")
	}
	n, err := p.or()
	if err != nil {
		return nil, err
	}
	switch p.tok.kind {
	case tokEnd:
	case tokClose:
		return nil, p.errorAt(p.tok.at, `a "(" before this ")"`, "none", "")
	default: // The rules above leave nothing else.
		return nil, p.errorAt(p.tok.at, "the end of the query", p.name(p.tok), "")
	}
	if depth(n) > MaxDepth {
		return nil, p.errorAt(len(p.query), fmt.Sprintf("at most %d groups and NOTs inside one another", MaxDepth), fmt.Sprintf("%d", depth(n)), "")
	}
	if size := len(n.String()); size > MaxBytes {
		return nil, p.errorAt(len(p.query), fmt.Sprintf("at most %d bytes in a query", MaxBytes), fmt.Sprintf("%d when its operators are written out", size), "")
	}
	return n, nil
}

func (p *parser) read() *Error {
	t, err := p.next()
	if err != nil {
		return err
	}
	p.last, p.tok = p.tok, t
	return nil
}

func (p *parser) or() (Node, *Error) {
	n, err := p.and()
	if err != nil {
		return nil, err
	}
	list := Or{n}
	for p.tok.kind == tokOr {
		if err := p.step(); err != nil {
			return nil, err
		}
		n, err := p.and()
		if err != nil {
			return nil, err
		}
		list = append(list, n)
	}
	if len(list) == 1 {
		return n, nil
	}
	var flat Or
	for _, n := range list {
		if inner, ok := n.(Or); ok {
			flat = append(flat, inner...)
		} else {
			flat = append(flat, n)
		}
	}
	return flat, nil
}

func (p *parser) and() (Node, *Error) {
	var list And
	for {
		n, err := p.not()
		if err != nil {
			return nil, err
		}
		if inner, ok := n.(And); ok {
			list = append(list, inner...)
		} else {
			list = append(list, n)
		}
		switch p.tok.kind {
		case tokAnd:
			if err := p.step(); err != nil {
				return nil, err
			}
		case tokNot, tokTerm, tokField, tokOpen:
		default:
			if len(list) == 1 {
				return list[0], nil
			}
			return list, nil
		}
	}
}

func (p *parser) not() (Node, *Error) {
	if p.tok.kind != tokNot {
		return p.operand()
	}
	if err := p.enter(); err != nil {
		return nil, err
	}
	defer p.leave()
	if err := p.step(); err != nil {
		return nil, err
	}
	n, err := p.not()
	if err != nil {
		return nil, err
	}
	return Not{n}, nil
}

func (p *parser) operand() (Node, *Error) {
	switch p.tok.kind {
	case tokTerm:
		return p.term()
	case tokOpen:
		return p.group()
	case tokField:
		return p.inField()
	}
	return nil, p.missing()
}

func (p *parser) inField() (Node, *Error) {
	if p.field != Any {
		return nil, p.errorAt(p.tok.at, "no other field inside of "+string(p.field)+":( )", p.name(p.tok), "")
	}
	p.field = p.tok.field
	defer func() { p.field = Any }()
	end := p.tok.end
	if r, n := p.rune(end); n == 0 || isBlank(r) {
		return nil, p.errorAt(end, operand+" right after "+string(p.field)+":", p.foundAt(end), "")
	}
	if err := p.step(); err != nil {
		return nil, err
	}
	switch p.tok.kind {
	case tokTerm:
		return p.term()
	case tokOpen:
		return p.group()
	case tokNot:
		if next, err := p.next(); p.tok.end == p.tok.at+1 && err == nil && next.kind == tokTerm {
			return nil, p.errorAt(p.tok.at, operand+" right after "+string(p.field)+":", p.name(p.tok),
				"-"+string(p.field)+":"+p.query[p.tok.end:next.end])
		}
	}
	return nil, p.errorAt(p.tok.at, operand+" right after "+string(p.field)+":", p.name(p.tok), "")
}

func (p *parser) term() (Node, *Error) {
	t := p.tok
	if p.terms++; p.terms > MaxTerms {
		return nil, p.errorAt(t.at, fmt.Sprintf("at most %d words and phrases in a query", MaxTerms), "one more", "")
	}
	if err := p.step(); err != nil {
		return nil, err
	}
	return Term{Field: p.field, Words: t.words, Prefix: t.prefix}, nil
}

func (p *parser) group() (Node, *Error) {
	open := p.tok
	if err := p.enter(); err != nil {
		return nil, err
	}
	defer p.leave()
	if err := p.step(); err != nil {
		return nil, err
	}
	n, err := p.or()
	if err != nil {
		return nil, err
	}
	if p.tok.kind != tokClose {
		return nil, p.errorAt(open.at, `a ")" for this "("`, p.name(p.tok), "")
	}
	return n, p.step()
}

// step reads on from a token that is a part of the query.
func (p *parser) step() *Error {
	p.first = false
	return p.read()
}

func (p *parser) enter() *Error {
	if p.nesting++; p.nesting > maxNesting {
		return p.errorAt(p.tok.at, fmt.Sprintf("at most %d groups and NOTs inside one another", MaxDepth), "one more", "")
	}
	return nil
}

func (p *parser) leave() { p.nesting-- }

// missing is the error where an operand should stand.
func (p *parser) missing() *Error {
	binary := p.tok.kind == tokAnd || p.tok.kind == tokOr
	switch {
	case p.first && p.tok.kind == tokClose:
		return p.errorAt(p.tok.at, `a "(" before this ")"`, "none", "")
	case p.last.kind == tokOpen && p.tok.kind == tokClose:
		return p.errorAt(p.tok.at, operand+" inside of ( )", "an empty group", "")
	case p.last.kind == tokOpen && p.tok.kind == tokEnd:
		return p.errorAt(p.last.at, `a ")" for this "("`, p.name(p.tok), "")
	case binary && (p.first || p.last.kind == tokOpen):
		return p.errorAt(p.tok.at, operand+" before "+p.name(p.tok), "nothing", "")
	case binary:
		return p.errorAt(p.tok.at, operand+" between two operators", p.name(p.tok)+" right after "+p.name(p.last), "")
	}
	return p.errorAt(p.tok.at, operand+" after "+p.name(p.last), p.name(p.tok), "")
}

// name is what an error calls t.
func (p *parser) name(t token) string {
	if t.kind == tokEnd {
		return "the end of the query"
	}
	return quote(p.query[t.at:t.end])
}

// depth is the number of levels of groups and NOTs in n.
func depth(n Node) int {
	deepest := 0
	switch n := n.(type) {
	case And:
		for _, sub := range n {
			deepest = max(deepest, depth(sub))
		}
	case Or:
		for _, sub := range n {
			deepest = max(deepest, depth(sub))
		}
	case Not:
		deepest = depth(n.X)
	default:
		return 0
	}
	return deepest + 1
}
