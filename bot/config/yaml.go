package config

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/lexer"
	"github.com/goccy/go-yaml/parser"
	"github.com/goccy/go-yaml/token"
)

// Limits on the file's form. They are far above what a configuration needs,
// and keep a file that was made to hurt from using up time or stack.
const (
	maxBytes   = 1 << 20
	maxDepth   = 24
	maxKeys    = 1000 // of one mapping
	maxAliases = 1000
	maxTokens  = 400_000
	maxErrors  = 100
)

type kind int

const (
	null kind = iota
	scalar
	mapping
	sequence
	// broken stands for what was reported already: it is not looked at again.
	broken
)

func (k kind) String() string {
	return [...]string{"nothing", "a single value", "a mapping", "a list", "something broken"}[k]
}

// node is a piece of the file as the checks see it: without YAML's anchors,
// tags and merges, and with the place where it stands.
type node struct {
	kind      kind
	line, col int
	// text of a scalar, before ${} is expanded.
	text    string
	entries []entry
	items   []*node
	// flow is true for a collection in brackets, which ends at endLine, endCol:
	// behind its last bracket. A block list has the places of its dashes.
	flow            bool
	endLine, endCol int
	dashes          []dash
}

// dash is the place of a list item's dash.
type dash struct{ line, col int }

type entry struct {
	key       string
	line, col int
	value     *node
}

// readYAML parses the text to a tree. It returns nil after a mistake that
// leaves nothing to check; those that do not are collected with the others.
func (d *decoder) readYAML(text string) *node {
	tokens := lexer.Tokenize(hide(text))
	if !d.checkTokens(tokens) {
		return nil
	}
	file, err := parse(tokens)
	if err != nil {
		var syntax *yaml.SyntaxError
		if errors.As(err, &syntax) && syntax.Token != nil {
			line, col := place(syntax.Token)
			d.fail(line, col, "%s", explain(syntax.Message))
		} else {
			d.fail(1, 1, "this is not valid YAML")
		}
		return nil
	}
	r := reader{d: d, anchors: map[string]*node{}}
	var root *node
	for _, doc := range file.Docs {
		if _, directive := doc.Body.(*ast.DirectiveNode); directive || doc.Body == nil {
			continue
		}
		if root != nil {
			line, col := place(doc.Body.GetToken())
			if doc.Start != nil {
				line, col = place(doc.Start)
			}
			d.fail(line, col, "a second YAML document starts here; a configuration is one document, so remove the --- and what follows, or merge it")
			break
		}
		root = r.node(doc.Body)
	}
	if root == nil {
		root = &node{kind: null, line: 1, col: 1}
	}
	return root
}

// parse calls the library. It has panicked on broken input before, and a
// configuration must not end the program with a stack trace.
func parse(tokens token.Tokens) (file *ast.File, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("the YAML parser gave up: %v", p)
		}
	}()
	// Duplicate keys are reported by the reader, all at once.
	return parser.Parse(tokens, 0, parser.AllowDuplicateMapKey())
}

// frame is a collection that is open while the tokens go by.
type frame struct {
	flow   bool
	column int // of a block's entries
	keys   int
}

// checkTokens bounds nesting and size before the parser sees them: it recurses,
// and its time grows with the square of a mapping's keys.
func (d *decoder) checkTokens(tokens token.Tokens) bool {
	refuse := func(t *token.Token, format string, most int) bool {
		line, col := place(t)
		d.fail(line, col, format, most)
		return false
	}
	if len(tokens) > maxTokens {
		return refuse(tokens[maxTokens], "more than %d words and signs; that is no configuration", maxTokens)
	}
	prefixes := 0
	var open []frame
	for i, t := range tokens {
		isKey := i+1 < len(tokens) && tokens[i+1].Type == token.MappingValueType
		switch t.Type {
		case token.AnchorType, token.TagType:
			prefixes++
		case token.SequenceStartType, token.MappingStartType:
			open, prefixes = append(open, frame{flow: true}), 0
		case token.SequenceEndType, token.MappingEndType:
			for i, f := range slices.Backward(open) {
				if f.flow {
					open = open[:i]
					break
				}
			}
		case token.SequenceEntryType, token.MappingKeyType:
			open, prefixes = enter(open, t.Position.Column), 0
		default:
			if isKey {
				open = enter(open, t.Position.Column)
				open[len(open)-1].keys++
			}
			// An anchor's name is a token of its own; it ends no run of anchors.
			if i == 0 || tokens[i-1].Type != token.AnchorType {
				prefixes = 0
			}
		}
		switch {
		case len(open) > maxDepth || prefixes > maxDepth:
			return refuse(t, "nested more than %d levels deep; a configuration needs no more than five", maxDepth)
		case len(open) > 0 && open[len(open)-1].keys > maxKeys:
			return refuse(t, "more than %d keys in one mapping", maxKeys)
		}
	}
	return true
}

// enter closes the blocks that a column ends and opens the one that it starts.
// Inside brackets columns mean nothing.
func enter(open []frame, column int) []frame {
	for len(open) > 0 {
		top := open[len(open)-1]
		if top.flow || top.column == column {
			return open
		}
		if top.column < column {
			break
		}
		open = open[:len(open)-1]
	}
	return append(open, frame{column: column})
}

func place(t *token.Token) (line, col int) {
	if t == nil || t.Position == nil {
		return 1, 1
	}
	return max(t.Position.Line, 1), max(t.Position.Column, 1)
}

// explain turns the parser's messages into what the reader of the file can do.
func explain(message string) string {
	for _, e := range []struct{ sign, text string }{
		{"\\t", "a tab where YAML wants spaces; indent with spaces"},
		{"\t", "a tab where YAML wants spaces; indent with spaces"},
		{"mapping value is not allowed", "a second \": \" in one value; put the value in quotes"},
		{"reserved character", "a value cannot start with this character; put the value in quotes"},
		{"end character of", "the closing quote is missing"},
		{"value is not allowed", "this does not belong here; look at the indentation of this line and the one above"},
		{"unknown escape", "a backslash in double quotes starts an escape; use single quotes, or write \\\\"},
		{"',' or", "a flow list or mapping is not closed, or a comma is missing"},
		{"sequence end token", "the closing ] is missing"},
		{"could not find '['", "a ] without its ["},
		{"could not find '{'", "a } without its {"},
		{"block sequence entries", "a list item cannot start in the middle of a line; start a new line for the \"- \""},
		{"map value", "a key without its value"},
	} {
		if strings.Contains(message, e.sign) {
			return "not valid YAML: " + e.text
		}
	}
	return "not valid YAML: " + message
}

// badByte finds what cannot be read as text at all.
func badByte(data []byte) (line, col int, text string) {
	line, col = 1, 1
	if len(data) >= 2 && (data[0] == 0xFF && data[1] == 0xFE || data[0] == 0xFE && data[1] == 0xFF) {
		return 1, 1, "the file is in UTF-16; save it as UTF-8"
	}
	for i := 0; i < len(data); {
		r, size := utf8.DecodeRune(data[i:])
		switch {
		case r == utf8.RuneError && size == 1:
			return line, col, fmt.Sprintf("byte 0x%02x is not UTF-8; save the file as UTF-8", data[i])
		case r == '\r' && (i+1 == len(data) || data[i+1] != '\n'):
			// YAML takes it for the end of a line, and editors do not.
			return line, col, "a carriage return without a line feed; save the file with the line ends of Unix or Windows"
		case r < ' ' && r != '\n' && r != '\t' && r != '\r', r >= 0x7F && r < 0xA0 && r != 0x85, isHidden(r):
			return line, col, fmt.Sprintf("control character %U; remove it", r)
		}
		i += size
		col++
		if r == '\n' {
			line, col = line+1, 1
		}
	}
	return 0, 0, ""
}
