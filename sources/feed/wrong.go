package feed

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"strings"

	"tipoff/sources/discover"
)

// explain says in a sentence why text could not be read as a feed, and what to
// do about it.
func explain(text []byte, contentType, baseURL string, err error) error {
	if errors.Is(err, errBomb) {
		return failing("the feed is nested or repeated beyond all measure and was not read: remove the source if its owner does not mend it")
	}
	root := ""
	if !bytes.HasPrefix(text, []byte("{")) {
		root, _ = checkXML(text)
	}
	switch r := strings.ToLower(root); {
	case isHTML(text, r):
		if links := discover.Links(text, baseURL); len(links) > 0 {
			at := links[0].URL
			if len(links) > 1 && !links[1].Guess {
				at += " or " + links[1].URL
			}
			return failing("this is a web page, not a feed: its feed may be at %s; put that address into the source's url", at)
		}
		return failing("this is a web page, not a feed, and it names no feed: look for the feed's address on the site and put it into the source's url")
	case bytes.HasPrefix(text, []byte("{")):
		if errors.Is(err, errNoFeed) {
			return failing("this is JSON, but not a JSON Feed: put the address of an RSS, Atom or JSON feed into the source's url")
		}
		return failing("the JSON of the feed is broken (%s): its owner has to mend it", short(err))
	case bytes.HasPrefix(text, []byte("[")):
		return failing("this is JSON, but not a JSON Feed: put the address of an RSS, Atom or JSON feed into the source's url")
	case r == "opml":
		return failing("this is a list of feeds (OPML), not a feed: put the feeds in it into the sources, one by one")
	case r == "urlset" || r == "sitemapindex":
		return failing("this is a sitemap, not a feed: look for the feed's address on the site and put it into the source's url")
	case r == "rss" || r == "rdf" || r == "feed":
		if syntax, ok := errors.AsType[*xml.SyntaxError](err); ok {
			if strings.Contains(syntax.Msg, "unexpected EOF") {
				return failing("the feed ends in the middle (line %d): it is tried again at the next visit", syntax.Line)
			}
			return failing("the XML of the feed is broken at line %d (%s): its owner has to mend it", syntax.Line, clip(syntax.Msg))
		}
		return failing("the XML of the feed is broken (%s): its owner has to mend it", short(err))
	case root != "" && printable(root):
		return failing("this is XML with the root element <%s>, not a feed: put the address of an RSS, Atom or JSON feed into the source's url", clip(root))
	}
	kind := ""
	if mediaType, _, _ := strings.Cut(contentType, ";"); mediaType != "" {
		kind = fmt.Sprintf(" (the server calls it %s)", clip(strings.TrimSpace(mediaType)))
	}
	return failing("this is no feed%s: put the address of an RSS, Atom or JSON feed into the source's url", kind)
}

func isHTML(text []byte, root string) bool {
	if root == "html" || root == "head" || root == "body" {
		return true
	}
	head := bytes.ToLower(text[:min(len(text), 1024)])
	return bytes.Contains(head, []byte("<!doctype html")) || bytes.Contains(head, []byte("<html"))
}

func printable(s string) bool {
	return strings.IndexFunc(s, func(r rune) bool { return r <= ' ' || r >= 0x7f }) < 0
}

func short(err error) string { return clip(err.Error()) }

// clip makes one short line of a text that may hold parts of the feed.
func clip(s string) string {
	const limit = 120
	return cut(toText(strings.ReplaceAll(s, "<", "‹"), oneLine, limit), limit)
}
