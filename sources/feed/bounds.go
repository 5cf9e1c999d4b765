package feed

import (
	"bytes"
	"errors"
)

// Limits of an XML document. gofeed reads elements that it does not know by
// recursion, copies all namespaces in scope for every element, and joins the
// pieces of an element's text one by one: a few megabytes can be built to take
// hours, or to overflow the stack, which ends the whole program.
const (
	maxDepth = 1000
	// maxScope bounds the namespaces in scope, summed over all elements.
	maxScope = 20_000_000
	// maxJoined bounds the bytes that joining texts copies.
	maxJoined = 1_000_000_000
	// fewTags is how many tags are harmless however they are nested.
	fewTags = 10_000
)

var (
	errBomb   = errors.New("built to exhaust its reader")
	errNoRoot = errors.New("no element")
)

// element is an open element while a document is measured.
type element struct {
	name       []byte
	namespaces int // in scope
	text       int // bytes of text directly in it
}

// checkXML gives the local name of a document's root element, or errBomb if
// the document must not be given to gofeed. Ordinary documents are not read
// beyond their root: two counts show that they are harmless.
func checkXML(text []byte) (root string, err error) {
	tags := bytes.Count(text, []byte{'<'})
	small := tags <= fewTags && tags*bytes.Count(text, []byte("xmlns")) <= maxScope && tags*len(text) <= 4*maxJoined
	var stack []element
	scope, joined := 0, 0
	for rest := text; ; {
		lead := bytes.IndexByte(rest, '<')
		if lead < 0 {
			break
		}
		if n := len(stack); n > 2 && lead > 0 {
			// The first two levels hold items, whose text is not joined.
			stack[n-1].text += lead
			joined += stack[n-1].text
		}
		rest = rest[lead:]
		var tag []byte
		var kind tagKind
		tag, rest, kind = cutTag(rest)
		switch kind {
		case cdata:
			if n := len(stack); n > 2 {
				stack[n-1].text += len(tag)
				joined += stack[n-1].text
			}
		case endTag:
			name := tagName(tag[2:])
			i := len(stack) - 1
			for i >= 0 && !bytes.Equal(stack[i].name, name) {
				i--
			}
			if i < 0 {
				// The parser stops here too.
				return rootOrError(root)
			}
			stack = stack[:i]
		case startTag, emptyTag:
			name := tagName(tag[1:])
			if root == "" {
				root = string(localName(name))
				if small {
					return rootOrError(root)
				}
			}
			e := element{name: name, namespaces: bytes.Count(tag, []byte("xmlns"))}
			if n := len(stack); n > 0 {
				e.namespaces += stack[n-1].namespaces
			}
			scope += e.namespaces
			if kind == startTag {
				stack = append(stack, e)
			}
		}
		if len(stack) > maxDepth || scope > maxScope || joined > maxJoined {
			return root, errBomb
		}
	}
	return rootOrError(root)
}

func rootOrError(root string) (string, error) {
	if root == "" {
		return "", errNoRoot
	}
	return root, nil
}

type tagKind int

const (
	other tagKind = iota
	startTag
	emptyTag
	endTag
	cdata
)

// cutTag takes the markup off that text starts with.
func cutTag(text []byte) (tag, rest []byte, kind tagKind) {
	until := func(end string) ([]byte, []byte) {
		if i := bytes.Index(text, []byte(end)); i >= 0 {
			return text[:i+len(end)], text[i+len(end):]
		}
		return text, nil
	}
	switch {
	case bytes.HasPrefix(text, []byte("<!--")):
		tag, rest = until("-->")
		return tag, rest, other
	case bytes.HasPrefix(text, []byte("<![CDATA[")):
		tag, rest = until("]]>")
		return tag, rest, cdata
	case bytes.HasPrefix(text, []byte("<?")):
		tag, rest = until("?>")
		return tag, rest, other
	case bytes.HasPrefix(text, []byte("<!")):
		tag, rest = until(">")
		return tag, rest, other
	case bytes.HasPrefix(text, []byte("</")):
		tag, rest = until(">")
		return tag, rest, endTag
	}
	if len(tagName(text[1:])) == 0 {
		return text[:1], text[1:], other
	}
	// As in encoding/xml, a quote counts only after an equals sign: a document
	// must not look different from here.
	quote, last := byte(0), byte(0)
	for i := 1; i < len(text); i++ {
		c := text[i]
		switch {
		case quote != 0:
			if c == quote {
				quote = 0
			}
		case (c == '"' || c == '\'') && last == '=':
			quote = c
		case c == '>':
			if text[i-1] == '/' {
				return text[:i+1], text[i+1:], emptyTag
			}
			return text[:i+1], text[i+1:], startTag
		}
		if c != ' ' && c != '\t' && c != '\r' && c != '\n' {
			last = c
		}
	}
	return text, nil, startTag
}

// tagName is the name that text starts with, its prefix included.
func tagName(text []byte) []byte {
	for i, c := range text {
		switch c {
		case ' ', '\t', '\r', '\n', '>', '/', '=', '<', '"', '\'', '!', '?', '&':
			return text[:i]
		}
	}
	return text
}

func localName(name []byte) []byte {
	return name[bytes.IndexByte(name, ':')+1:]
}
