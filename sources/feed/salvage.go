package feed

import (
	"bytes"
	"encoding/xml"
	"errors"
	"strings"

	"github.com/mmcdole/gofeed"

	"tipoff/sources"
)

// endings are what closes a document after its last whole item, by its root.
var endings = map[string]struct{ item, rest string }{
	"rss":  {"</item>", "</channel></rss>"},
	"feed": {"</entry>", "</feed>"},
}

// salvage reads the whole items of a feed that ends in the middle. An RDF feed
// has no more than that at its end either: its items are beside the channel.
func salvage(text []byte, err error) (*gofeed.Feed, sources.Rhythm, bool) {
	syntax, ok := errors.AsType[*xml.SyntaxError](err)
	if !ok && !strings.Contains(err.Error(), "EOF") || ok && !strings.Contains(syntax.Msg, "EOF") {
		return nil, sources.Rhythm{}, false
	}
	root, err := checkXML(text)
	if err != nil {
		return nil, sources.Rhythm{}, false
	}
	end, ok := endings[strings.ToLower(root)]
	if strings.EqualFold(root, "rdf") {
		end.item, end.rest = "</item>", "</"+string(rootName(text))+">"
		ok = true
	}
	i := bytes.LastIndex(text, []byte(end.item))
	if !ok || i < 0 {
		return nil, sources.Rhythm{}, false
	}
	whole := append(bytes.Clone(text[:i+len(end.item)]), end.rest...)
	f, rhythm, err := read(whole)
	return f, rhythm, err == nil && len(f.Items) > 0
}

// rootName is the name of the root element as it is written.
func rootName(text []byte) []byte {
	for rest := text; ; {
		i := bytes.IndexByte(rest, '<')
		if i < 0 {
			return nil
		}
		var tag []byte
		var kind tagKind
		tag, rest, kind = cutTag(rest[i:])
		if kind == startTag || kind == emptyTag {
			return tagName(tag[1:])
		}
	}
}
