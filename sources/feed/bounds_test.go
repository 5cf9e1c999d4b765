package feed

import (
	"errors"
	"strings"
	"testing"
	"time"
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

// What passes the check must not take long, and what would must not pass.
func TestBombs(t *testing.T) {
	const megabyte = 1 << 20
	fill := func(before, unit, after string) string {
		return before + strings.Repeat(unit, (megabyte-len(before))/len(unit)) + after
	}
	for name, doc := range map[string]string{
		"deep extension":        fill(`<rss xmlns:x="y"><channel>`, "<x:a>", ""),
		"just not too deep":     `<rss xmlns:x="y"><channel>` + strings.Repeat("<x:a>", fewTags-2),
		"namespaces":            fill(`<rss`+strings.Repeat(` xmlns:a="b"`, 25_000)+`><channel>`, "<a/>", "</channel></rss>"),
		"text in pieces":        fill(`<rss xmlns:x="y"><channel><x:a>`, "t<!---->", "</x:a></channel></rss>"),
		"open tags in HTML":     fill("<rss><channel><item><description>", "&lt;svg&gt;&lt;", "</description></item></channel></rss>"),
		"ampersands":            fill("<rss><channel><item><title>", "&amp;", "</title></item></channel></rss>"),
		"attributes":            fill("<rss><channel><item ", "a='' ", "/></channel></rss>"),
		"categories":            fill("<rss><channel><item><title>x</title>", "<category>c</category>", "</item></channel></rss>"),
		"items of one link":     fill("<rss><channel>", "<item><link>http://a.example/</link></item>", "</channel></rss>"),
		"nested JSON":           fill(`{"version":"jsonfeed.org","items":`, "[", ""),
		"combining marks":       fill("<rss><channel><item><title>a", "\u0301", "</title></item></channel></rss>"),
		"comments in HTML":      fill("<rss><channel><item><description>", "&lt;!--", "</description></item></channel></rss>"),
		"nested HTML in Atom":   fill(`<feed xmlns="http://www.w3.org/2005/Atom"><entry><content type="html">`, "&lt;b>", "</content></entry></feed>"),
		"footers without end":   fill("<rss><channel><item><description>", "The post ", "</description></item></channel></rss>"),
		"links to nowhere":      fill("<rss><channel><item><link>http://a.example/", "%", "</link></item></channel></rss>"),
		"relative links upward": fill("<rss><channel><item><link>", "../", "</link></item></channel></rss>"),
	} {
		t.Run(name, func(t *testing.T) {
			start := time.Now()
			f, err := Parse([]byte(doc), "", base, now)
			checkFeed(t, f, err)
			if d := time.Since(start); d > 20*time.Second {
				t.Errorf("took %v", d)
			} else {
				t.Log(d, err)
			}
		})
	}
}
