package feed

import (
	"errors"
	"strings"
	"testing"
)

func TestCheckXML(t *testing.T) {
	manyTags := strings.Repeat("<i/>", fewTags+1)
	for _, c := range []struct {
		name, doc, root string
		err             error
	}{
		{"root", "<rss><channel/></rss>", "rss", nil},
		{"root with a prefix", `<rdf:RDF xmlns:rdf="x">`, "RDF", nil},
		{"after what may come first", "<!-- <a> --><!DOCTYPE x [<!ENTITY y \"z\">]><?pi <b> ?>\n<feed>", "feed", nil},
		{"none", "no markup at all < 3", "", errNoRoot},
		{"deep", strings.Repeat("<a>", fewTags+1), "a", errBomb},
		{"deep, hidden behind a quote", "<r b=x'>" + strings.Repeat("<a>", fewTags+1), "r", errBomb},
		{"deep, within CDATA", "<r><![CDATA[" + strings.Repeat("<a>", fewTags+1) + "]]></r>", "r", nil},
		{"long, but flat", "<r>" + strings.Repeat("<a>x</a>", fewTags) + "</r>", "r", nil},
		{"unclosed tags within closed ones", "<r>" + strings.Repeat("<a><br><br></a>", fewTags) + "</r>", "r", nil},
		{"namespaces on one element, copied for all", "<r" + strings.Repeat(` xmlns:a="b"`, 3000) + ">" + manyTags, "r", errBomb},
		{"namespaces on nested elements", strings.Repeat(`<a xmlns:a="b">`, maxDepth) + manyTags + manyTags + manyTags, "a", errBomb},
		{"text in pieces", "<r><c><x:y>" + strings.Repeat("t<!---->", 200_000) + "</x:y></c></r>", "r", errBomb},
		{"text in pieces of CDATA", "<r><c><x:y>" + strings.Repeat("<![CDATA[t]]>", 200_000) + "</x:y></c></r>", "r", errBomb},
		{"blanks between items", "<r><c>" + strings.Repeat("<item/>\n\n\n", 50_000) + "</c></r>", "r", nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			root, err := checkXML([]byte(c.doc))
			if root != c.root || !errors.Is(err, c.err) {
				t.Errorf("got %q, %v, want %q, %v", root, err, c.root, c.err)
			}
		})
	}
}
