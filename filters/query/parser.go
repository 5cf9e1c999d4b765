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
	// How many there are so far.
	terms, nears, regexes int
	check                 Checker
}

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
		case tokNot, tokField, tokOpen, tokText, tokRegex, tokCompare:
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
		return p.near()
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

func (p *parser) near() (Node, *Error) {
	at := p.tok.at
	n, err := p.operand()
	if err != nil || p.tok.kind != tokNear {
		return n, err
	}
	var near Near
	for {
		if wrong := notNear(n); wrong != "" {
			return nil, p.errorAt(at, `on each side of NEAR a word, a "phrase", a prefix* or a group of these with OR`, wrong, "")
		}
		near.Sides = append(near.Sides, n)
		if p.tok.kind != tokNear {
			return near, nil
		}
		if p.nears++; p.nears > MaxNears {
			return nil, p.errorAt(p.tok.at, fmt.Sprintf("at most %d NEARs in a query", MaxNears), "one more", "")
		}
		near.Within = append(near.Within, p.tok.within)
		if err := p.step(); err != nil {
			return nil, err
		}
		at = p.tok.at
		if p.tok.kind == tokNot {
			// Read for the error, which is that of a Not.
			n, err = p.not()
		} else {
			n, err = p.operand()
		}
		if err != nil {
			return nil, err
		}
	}
}

// notNear says why n cannot be a side of a NEAR; "" if it can.
func notNear(n Node) string {
	switch n := n.(type) {
	case And:
		return "a group with AND"
	case Not:
		return "a NOT"
	case Near:
		return "a group with another NEAR"
	case Regex:
		return "a regular expression"
	case Compare:
		return "a comparison"
	case Value:
		return "the field " + string(n.Field) + ":"
	case Term:
		switch {
		case n.Field.kind() != ofWords:
			return "the field " + string(n.Field) + ":"
		case len(n.Words) == 0:
			return `"*" alone`
		}
	case Or:
		for _, sub := range n {
			if wrong := notNear(sub); wrong != "" {
				return wrong
			}
		}
	}
	return ""
}

func (p *parser) operand() (Node, *Error) {
	switch p.tok.kind {
	case tokText, tokRegex, tokCompare:
		return p.leaf()
	case tokOpen:
		return p.group()
	case tokField:
		return p.inField()
	}
	return nil, p.missing()
}

func (p *parser) inField() (Node, *Error) {
	if p.field != Any {
		return nil, p.otherField()
	}
	if p.tok.field.kind() == ofNumbers {
		return nil, p.number()
	}
	p.field = p.tok.field
	defer func() { p.field = Any }()
	wanted := p.field.operand() + " right after " + string(p.field) + ":"
	end := p.tok.end
	if r, n := p.rune(end); n == 0 || isBlank(r) {
		return nil, p.errorAt(end, wanted, p.foundAt(end), "")
	}
	if err := p.step(); err != nil {
		return nil, err
	}
	switch p.tok.kind {
	case tokText, tokRegex:
		return p.leaf()
	case tokOpen:
		return p.group()
	case tokNot:
		if next, err := p.next(); p.tok.end == p.tok.at+1 && err == nil && next.kind == tokText {
			return nil, p.errorAt(p.tok.at, wanted, p.name(p.tok), "-"+string(p.field)+":"+p.query[p.tok.end:next.end])
		}
	}
	return nil, p.errorAt(p.tok.at, wanted, p.name(p.tok), "")
}

// otherField is the error for a field or comparison inside of a field's group.
func (p *parser) otherField() *Error {
	return p.errorAt(p.tok.at, "no other field inside of "+string(p.field)+":( )", p.name(p.tok), "")
}

// number is the error for a field of numbers before a colon.
func (p *parser) number() *Error {
	f := p.tok.field
	start := p.tok.end
	for start < len(p.query) {
		r, n := p.rune(start)
		if !isUnseen(r) && !isSign(r) {
			break
		}
		start += n
	}
	suggest := f.right()
	value := dropInvisible(p.query[start:p.run(start)])
	if v, _, err := f.number(value); err == nil {
		suggest = Compare{f, AtLeast, v}.String()
	} else if f == Sources && value != "" {
		suggest = "source:" + value
	}
	return p.errorAt(p.tok.at, "a comparison such as "+f.right(), p.name(p.tok), suggest)
}

// leaf reads what has no parts.
func (p *parser) leaf() (Node, *Error) {
	if p.terms++; p.terms > MaxTerms {
		return nil, p.errorAt(p.tok.at, fmt.Sprintf("at most %d words and phrases in a query", MaxTerms), "one more", "")
	}
	var n Node
	var err *Error
	switch {
	case p.tok.kind == tokCompare:
		n, err = p.compare(p.tok)
	case p.tok.kind == tokRegex:
		n, err = p.pattern(p.tok)
	case p.field.kind() == ofValues:
		n, err = p.value(p.tok)
	default:
		n, err = p.term(p.tok)
	}
	if err != nil {
		return nil, err
	}
	return n, p.step()
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
	binary := p.tok.kind == tokAnd || p.tok.kind == tokOr || p.tok.kind == tokNear
	switch {
	case p.first && p.tok.kind == tokClose:
		return p.errorAt(p.tok.at, `a "(" before this ")"`, "none", "")
	case p.last.kind == tokOpen && p.tok.kind == tokClose:
		return p.errorAt(p.tok.at, p.field.operand()+" inside of ( )", "an empty group", "")
	case p.last.kind == tokOpen && p.tok.kind == tokEnd:
		return p.errorAt(p.last.at, `a ")" for this "("`, p.name(p.tok), "")
	case binary && (p.first || p.last.kind == tokOpen):
		return p.errorAt(p.tok.at, p.field.operand()+" before "+p.name(p.tok), "nothing", "")
	case binary:
		return p.errorAt(p.tok.at, p.field.operand()+" between two operators", p.name(p.tok)+" right after "+p.name(p.last), "")
	}
	return p.errorAt(p.tok.at, p.field.operand()+" after "+p.name(p.last), p.name(p.tok), "")
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
	case Near:
		for _, sub := range n.Sides {
			deepest = max(deepest, depth(sub))
		}
	case Not:
		deepest = depth(n.X)
	default:
		return 0
	}
	return deepest + 1
}
