// Package query reads and writes the query language: one language for
// watches, search, mutes and match. It knows syntax only; what a query finds
// is decided in package filters, and what a value means (is there such an
// actor?) is asked of the caller while a query is read, so that an error has
// its column.
//
// # Grammar
//
//	query   = or ;
//	or      = and , { "OR" , and } ;
//	and     = not , { [ "AND" ] , not } ;
//	not     = ( "NOT" | "-" ) , not | near ;
//	near    = operand , { "NEAR/" , number , operand } ;
//	operand = compare | [ field ":" ] , ( "(" , or , ")" | regex | term | value ) ;
//	term    = [ "=" ] , ( phrase | word ) ;
//	phrase  = '"' , words , [ "*" ] , '"' , [ "*" ] ;
//	word    = words , [ "*" ] | "*" ;
//	words   = letters and digits, with any other signs around and between ;
//	value   = '"' , text , '"' , [ "*" ] | text without blanks, quotes and parentheses ;
//	regex   = "/" , RE2 with "\/" for "/" , "/" ;
//	compare = ( "cvss" | "epss" ) , sign , decimal | "sources" , sign , number
//	        | "severity" , sign , ( "low" | "medium" | "high" | "critical" ) ;
//	sign    = ">=" | ">" | "<=" | "<" | "=" ;
//	field   = "title" | "body" | "author" | "url"                  (of words)
//	        | "source" | "tag"                                     (of names)
//	        | "domain" | "country" | "actor" | "malware" | "cve" | "set"
//	        | "lang" | "kev" | "since" | "before" ;                (of values)
//
// White space separates. There is none between "-", "=" or "field:" and what
// they apply to, nor between a word and its "*"; around the sign of a
// comparison it may be. A group under a field holds no other field and no
// comparison. Operators are upper case, names of fields in any case; "or" is a
// word. NEAR binds tighter than NOT, that tighter than AND, and AND tighter
// than OR: -a NEAR/3 b is NOT (a NEAR/3 b).
//
// Curly, low and full-width quotes are quotes; full-width parentheses, colons,
// stars and signs of comparison are theirs, as are ≥ and ≤, because keyboards
// and chats put them there. Characters that nobody sees are passed over.
//
// # Operands
//
// Words are those of package text. What that splits into several words,
// "zero-day" or "10:30", is the phrase of them. "China's" is china.
//
// With "=" a word or phrase is exact: it counts only where it is written in
// this case. Names of sources and tags, and values, have no exact form.
//
// The sides of a NEAR, two or more, are words, phrases and prefixes, exact or
// not, or groups of these with OR, without a field or in one of words. A field
// before a side is that side's; title:(a NEAR/5 b) is of both. The number is
// from 1 to 100.
//
// A regular expression stands where an operand may: without a field, in one of
// words or names, and in domain:. It ignores case, and may hold blanks, quotes
// and parentheses, but no line break. A blank, a ")" or the end of the query
// follows. What looks like one and is not, such as a path, goes in quotes.
//
// A value is not split into words, so *.gov, 2024-* and 2026-11-01 are
// values. Blanks around it are cut off, and those inside become single spaces.
// A "*" at its end makes it a prefix in domain:, actor: and malware:, and
// elsewhere is a part of it. Alone it asks for whatever has something there,
// which set:, kev:, since: and before: cannot be asked.
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
// For the same reason a word cannot begin with "!" or the sign of a
// comparison, and what looks like a comparison, such as x>=1, is an error if it
// is none; nor can the sign && stand for words, or NEAR without a number.
package query

// Limits of a query. They keep every query readable and cheap.
const (
	MaxBytes      = 8192 // of the query, and of its canonical form
	MaxTerms      = 512  // words, phrases, values, comparisons and the like
	MaxDepth      = 32   // levels of the tree
	MaxNears      = 64   // NEARs
	MaxWithin     = 100  // the number after NEAR/
	MaxRegexes    = 32   // regular expressions
	MaxRegexBytes = 512  // of each
	MaxRegexSteps = 2000 // instructions of each when compiled
	MaxSources    = 1000 // in sources>=n
	maxNesting    = 256  // parentheses and NOTs before superfluous ones are gone
)

// Node is a part of a query's tree: [And], [Or], [Not], [Near], [Term],
// [Value], [Regex] or [Compare]. String prints it in canonical form, which
// parses to the same tree.
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

// Near is true where its sides stand near one another, in either order.
type Near struct {
	// Sides are two or more. Each is a Term with words in a field of words, or
	// an Or of such Terms.
	Sides []Node
	// Within has how far apart in words sides k and k+1 may be, 1 to MaxWithin.
	Within []int
}

// Term is a word, a phrase or a prefix in a field of words or names.
type Term struct {
	Field Field
	// Words are normalised, and follow one another. None at all, with Prefix,
	// is the lone "*": everything, or in a field whatever has something there.
	Words []string
	// Prefix says that the last word is only the beginning of one.
	Prefix bool
	// Exact is the text as written, of which Words are the words, if case
	// counts, and "" if not. Blanks in it are single spaces; quotes, the star
	// and invisible characters are not in it.
	Exact string
}

// Regex is a regular expression in a field of words or names, or in Domain.
type Regex struct {
	Field Field
	// Pattern compiles in package regexp with (?i) before it.
	Pattern string
}

// Value is a text in a field of values.
type Value struct {
	Field Field
	// Text is as written, or as the [Checker] had it. Blanks in it are single
	// spaces; quotes and invisible characters are not in it. It is empty, with
	// Prefix, for the lone "*": whatever has something there.
	Text string
	// Prefix says that Text is only the beginning: in Domain, Actor, Malware.
	Prefix bool
}

// Op is the sign of a comparison.
type Op string

// The signs.
const (
	AtLeast Op = ">="
	More    Op = ">"
	AtMost  Op = "<="
	Less    Op = "<"
	Equal   Op = "="
)

// Severities are the values of [Severity], in order.
var Severities = []string{"low", "medium", "high", "critical"}

// Compare is true where the number of Field is to Value as Op says.
type Compare struct {
	Field Field // CVSS, EPSS, Severity or Sources
	Op    Op
	// Value is 0 to 10 for CVSS, 0 to 1 for EPSS, an index in Severities, or a
	// whole number 0 to MaxSources.
	Value float64
}

// rank orders the nodes by how tightly they bind.
type rank int

const (
	rankOr rank = iota
	rankAnd
	rankNot
	rankNear
	rankLeaf
)

func (And) rank() rank     { return rankAnd }
func (Or) rank() rank      { return rankOr }
func (Not) rank() rank     { return rankNot }
func (Near) rank() rank    { return rankNear }
func (Term) rank() rank    { return rankLeaf }
func (Regex) rank() rank   { return rankLeaf }
func (Value) rank() rank   { return rankLeaf }
func (Compare) rank() rank { return rankLeaf }

// Checker is asked for each [Value] while it is read. It returns the text in
// its canonical form, which it must accept and return again, and which has no
// quotes and no star at its end; or what is wrong with it. It is not asked
// for kev:, nor for a lone "*".
type Checker func(f Field, text string, prefix bool) (canonical string, fault *Fault)

// Fault is what is wrong with a value. It becomes an [Error] in the value's
// column. If Found is empty, that is the value in quotes.
type Fault struct{ Expected, Found, Suggest string }

// Parse reads a query. Values are taken as they are. The error is always an
// [*Error].
func Parse(s string) (Node, error) { return ParseWith(s, nil) }

// ParseWith reads a query, and has its values checked unless check is nil. The
// error is always an [*Error].
func ParseWith(s string, check Checker) (Node, error) {
	p := parser{lexer: lexer{query: s}, check: check}
	n, err := p.parse()
	if err != nil {
		return nil, err
	}
	return n, nil
}
