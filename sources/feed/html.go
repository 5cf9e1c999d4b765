package feed

import (
	"bytes"
	"fmt"

	"golang.org/x/net/html"
)

// UTF8 gives a document as valid UTF-8, without a byte order mark, a declaration
// and control characters. The charset is found as [Parse] finds it.
func UTF8(body []byte, contentType string) []byte { return toUTF8(body, contentType) }

// Text gives the plain text of the HTML of an article as stories have it: a
// line for each paragraph, at most 64 KiB, without the line that feeds and sites
// put below it.
func Text(content string) string {
	return cut(withoutFooter(toText(content, paragraphs, maxContent)), maxContent)
}

// CheckHTML says why no tree should be made of a page: it has more elements
// than that, or they are nested deeper. Making it, and walking it, could take
// all the time there is.
func CheckHTML(page []byte, elements, depth int) error {
	z := html.NewTokenizer(bytes.NewReader(page))
	n, open := 0, 0
	for {
		switch z.Next() {
		case html.ErrorToken:
			return nil
		case html.StartTagToken:
			n++
			if name, _ := z.TagName(); !isShut(string(name)) {
				open++
			}
		case html.EndTagToken:
			if name, _ := z.TagName(); !isShut(string(name)) {
				open = max(open-1, 0)
			}
		}
		switch {
		case n > elements:
			return fmt.Errorf("it has more than %d elements", elements)
		case open > depth:
			return fmt.Errorf("its elements are nested more than %d deep", depth)
		}
	}
}

// isShut names the elements without an end, and those whose end is mostly left
// out.
func isShut(name string) bool {
	switch name {
	case "area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr",
		"p", "li", "dt", "dd", "tr", "td", "th", "option", "thead", "tbody", "tfoot", "path", "circle", "rect", "use":
		return true
	}
	return false
}
