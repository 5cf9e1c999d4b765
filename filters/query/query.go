// Package query reads and writes the query language: one language for
// watches, search, mutes and match. It knows syntax only; what a query finds
// is decided in package filters.
//
// # Grammar
//
//	query   = or ;
//	or      = and , { "OR" , and } ;
//	and     = not , { [ "AND" ] , not } ;
//	not     = ( "NOT" | "-" ) , not | operand ;
//	operand = [ field ":" ] , ( "(" , or , ")" | phrase | word ) ;
//	field   = "title" | "body" | "source" | "tag" ;
//	phrase  = '"' , words , [ "*" ] , '"' ;
//	word    = words , [ "*" ] | "*" ;
//	words   = letters and digits, with any other signs around and between ;
//
// White space separates. There is none between "-" or "field:" and what they
// apply to, nor between a word and its "*". A group under a field holds no
// other field. Operators are upper case, names of fields in any case; "or" is
// a word. AND binds tighter than OR.
//
// Curly, low and full-width quotes are quotes, and full-width parentheses and
// colons are theirs, because keyboards and chats put them there.
//
// Words are those of package text. What that splits into several words,
// "zero-day" or "10:30", is the phrase of them. "China's" is china.
//
// # Colons
//
// A colon makes a field when what is before it could be a name: an ASCII
// letter, then letters, digits or underscores. A name that is no field is an
// error and never a word, so that a mistyped field cannot fail in silence. Any
// other colon separates words as in a story: 10:30 is "10 30", and so is that of
// a URL, where two slashes follow: https://x.example/y is "https x example y".
// What looks like a field and is meant as words goes in quotes:
// "localhost:8080".
//
// For the same reason a word cannot begin with "=", "/" or "!", nor can a
// comparison such as cvss>=7 or the sign && stand for words.
package query

import "strings"

// Limits of a query. They keep every query readable and cheap.
const (
	MaxBytes   = 8192 // of the query, and of its canonical form
	MaxTerms   = 512  // words, phrases and prefixes
	MaxDepth   = 32   // levels of the tree
	maxNesting = 256  // parentheses and NOTs before superfluous ones are gone
)

// Field says where a term looks.
type Field string

// The fields. Source and Tag look at whole names, the others at words.
const (
	Any    Field = ""      // title, summary or content
	Title  Field = "title" // the headline
	Body   Field = "body"  // summary or content
	Source Field = "source"
	Tag    Field = "tag"
)

// Fields lists the fields that can be written in a query.
var Fields = []Field{Title, Body, Source, Tag}

// Node is a part of a query's tree: [And], [Or], [Not] or [Term]. String
// prints it in canonical form, which parses to the same tree.
type Node interface {
	String() string
	rank() rank
}

// And is true where all of its two or more nodes are; none of them is an And.
type And []Node

// Or is true where one of its two or more nodes is; none of them is an Or.
type Or []Node

// Not is true where X is not.
type Not struct{ X Node }

// Term is a word, a phrase or a prefix in a field.
type Term struct {
	Field Field
	// Words are normalised, and follow one another. None at all, with Prefix,
	// is the lone "*": everything, or in a field whatever has something there.
	Words []string
	// Prefix says that the last word is only the beginning of one.
	Prefix bool
	Exact  string
}

// rank orders the nodes by how tightly they bind.
type rank int

const (
	rankOr rank = iota
	rankAnd
	rankNot
	rankTerm
)

func (And) rank() rank  { return rankAnd }
func (Or) rank() rank   { return rankOr }
func (Not) rank() rank  { return rankNot }
func (Term) rank() rank { return rankTerm }

// Parse reads a query. The error is always an [*Error].
func Parse(s string) (Node, error) {
	p := parser{lexer: lexer{query: s}}
	n, err := p.parse()
	if err != nil {
		return nil, err
	}
	return n, nil
}

// fieldList is for error messages: "title:, body:, source: or tag:".
func fieldList() string {
	var b strings.Builder
	for i, f := range Fields {
		switch {
		case i > 0 && i == len(Fields)-1:
			b.WriteString(" or ")
		case i > 0:
			b.WriteString(", ")
		}
		b.WriteString(string(f) + ":")
	}
	return b.String()
}
