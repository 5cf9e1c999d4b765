package sitemap

import (
	"bytes"
	"encoding/xml"
	"errors"
	"mime"
	"regexp"
	"strconv"
	"strings"
	"unicode/utf8"

	"golang.org/x/net/html/charset"
	"golang.org/x/text/encoding/unicode"
)

// Limits of a sitemap's XML. The extensions in use go down to level six.
const (
	maxDepth = 32
	// maxField is the longest text that is kept of one element, in bytes.
	maxField = 4 << 10
	// maxElement is how much of an element's name is looked at.
	maxElement = 40
)

// fields are the texts of one url or sitemap element.
type fields struct {
	loc, lastmod, title, published, keywords, site, lang string
}

// field finds where the text of an element belongs, or nil. Names count
// without their namespace, which many sitemaps get wrong.
func (f *fields) field(path string) *string {
	switch path {
	case "loc":
		return &f.loc
	case "lastmod":
		return &f.lastmod
	case "news/title":
		return &f.title
	case "news/publication_date":
		return &f.published
	case "news/keywords":
		return &f.keywords
	case "news/publication/name":
		return &f.site
	case "news/publication/language":
		return &f.lang
	}
	return nil
}

var errNoXML = failing("this is not XML, so it is no sitemap: put the address of a sitemap into the source's url; the site's robots.txt may name it")

// take adds a piece of text. One byte more than the limit shows that there was
// more.
func take(to *string, piece []byte) {
	*to += string(piece[:min(len(piece), maxField+1-len(*to))])
}

// read goes through the whole document. What it found before an error stays
// in r; there is an error only where that is nothing.
func (r *reader) read(body []byte, contentType string) error {
	if len(bytes.TrimSpace(body)) == 0 {
		return failing("the answer is empty: check that the source's url is that of a sitemap")
	}
	text := prepare(toUTF8(body, contentType))
	if first := bytes.TrimLeft(text, " \t\r\n"); bytes.HasPrefix(first, []byte("{")) || bytes.HasPrefix(first, []byte("[")) {
		return errNoXML
	}
	d := xml.NewDecoder(bytes.NewReader(text))
	// Addresses with a bare "&" are common.
	d.Strict = false
	var (
		path  []string // of local names, the root first
		cur   fields
		whole int // url or sitemap elements
	)
	for {
		token, err := d.Token()
		if err != nil {
			return r.broken(whole, err)
		}
		switch t := token.(type) {
		case xml.Directive:
			if bytes.Contains(bytes.ToUpper(t), []byte("<!ENTITY")) {
				return failing("the sitemap defines entities, which no sitemap needs, and was not read: remove the source if its owner does not mend it")
			}
		case xml.StartElement:
			name := strings.ToLower(t.Name.Local[:min(len(t.Name.Local), maxElement)])
			if len(path) == 0 {
				if err := r.root(name); err != nil {
					return err
				}
			}
			if len(path) >= maxDepth {
				return failing("the sitemap is nested beyond all measure and was not read: remove the source if its owner does not mend it")
			}
			if path = append(path, name); len(path) == 2 {
				cur = fields{}
			}
		case xml.EndElement:
			if len(path) == 2 && path[1] == r.member() {
				whole++
				if r.index {
					r.consider(cur)
				} else {
					r.add(cur)
				}
			}
			if path = path[:len(path)-1]; len(path) == 0 {
				// What follows the root is not looked at.
				return nil
			}
		case xml.CharData:
			if len(path) > 2 {
				if to := cur.field(strings.Join(path[2:], "/")); to != nil {
					take(to, t)
				}
			}
		}
	}
}

// root looks at the name of the root element.
func (r *reader) root(name string) error {
	r.rooted = true
	switch name {
	case "urlset":
		return nil
	case "sitemapindex":
		r.index = true
		return nil
	case "html", "head", "body":
		return failing("this is a web page, not a sitemap: the site's robots.txt may name its sitemap; put that address into the source's url")
	case "rss", "rdf", "feed":
		return failing("this is a feed, not a sitemap: write kind: feed for the source")
	}
	if strings.Trim(name, "abcdefghijklmnopqrstuvwxyz0123456789_-.") != "" {
		name = "of another kind"
	}
	return failing("this is XML with the root element %s, not a sitemap: put the address of a sitemap into the source's url; the site's robots.txt may name it", name)
}

// member is the name of the elements that the root is there for.
func (r *reader) member() string {
	if r.index {
		return "sitemap"
	}
	return "url"
}

// broken says what becomes of a document that could not be read further, after
// so many whole elements.
func (r *reader) broken(whole int, err error) error {
	syntax, ok := errors.AsType[*xml.SyntaxError](err)
	switch {
	case !r.rooted:
		return errNoXML
	case whole > 0:
		r.skip(1, "an entry in whose middle the sitemap breaks off")
		return nil
	case ok && strings.Contains(syntax.Msg, "unexpected EOF"):
		return failing("the sitemap ends in the middle (line %d): it is read again at the next visit", syntax.Line)
	case ok:
		return failing("the XML of the sitemap is broken at line %d: its owner has to mend it", syntax.Line)
	}
	return failing("the XML of the sitemap is broken: its owner has to mend it")
}

// prepare drops what encoding/xml would stumble over: the declaration, whose
// encoding is true no longer, what stands before it, and characters that XML
// has not.
func prepare(text []byte) []byte {
	const prologue = 2048
	if i := bytes.Index(text[:min(len(text), prologue)], []byte("<?xml")); i >= 0 {
		if _, after, ok := bytes.Cut(text[i:], []byte("?>")); ok {
			text = after
		}
	}
	if bytes.Contains(text, []byte("&#")) {
		text = charRef.ReplaceAllFunc(text, func(ref []byte) []byte {
			digits, base := string(ref[2:len(ref)-1]), 10
			if digits[0] == 'x' || digits[0] == 'X' {
				digits, base = digits[1:], 16
			}
			if n, err := strconv.ParseInt(digits, base, 32); err != nil || !xmlChar(rune(n)) {
				return nil
			}
			return ref
		})
	}
	if bytes.ContainsFunc(text, func(r rune) bool { return !xmlChar(r) }) {
		text = bytes.Map(func(r rune) rune {
			if !xmlChar(r) {
				return -1
			}
			return r
		}, text)
	}
	return text
}

var charRef = regexp.MustCompile(`&#(?:[0-9]+|[xX][0-9a-fA-F]+);`)

// xmlChar: https://www.w3.org/TR/xml/#charsets
func xmlChar(r rune) bool {
	return r == '\t' || r == '\n' || r == '\r' || r >= ' ' && r <= 0xd7ff || r >= 0xe000 && r <= 0xfffd || r >= 0x10000 && r <= utf8.MaxRune
}

// toUTF8 gives body as valid UTF-8. Sitemaps have to be that; some are not. A
// byte order mark counts first, then what is valid UTF-8 is taken for that,
// then the server's charset counts, then the declared one.
func toUTF8(body []byte, contentType string) []byte {
	if bytes.HasPrefix(body, []byte{0xff, 0xfe}) || bytes.HasPrefix(body, []byte{0xfe, 0xff}) {
		if out, err := unicode.UTF16(unicode.LittleEndian, unicode.UseBOM).NewDecoder().Bytes(body); err == nil {
			return bytes.ToValidUTF8(out, []byte("\uFFFD"))
		}
	}
	body = bytes.TrimPrefix(body, []byte("\xef\xbb\xbf"))
	if utf8.Valid(body) {
		return body
	}
	label := ""
	if _, params, err := mime.ParseMediaType(contentType); err == nil {
		label = params["charset"]
	}
	if declared := declaration.FindSubmatch(body[:min(len(body), 256)]); label == "" && declared != nil {
		label = string(declared[1])
	}
	if enc, name := charset.Lookup(label); enc != nil && name != "replacement" && !strings.HasPrefix(name, "utf-") {
		if out, err := enc.NewDecoder().Bytes(body); err == nil {
			body = out
		}
	}
	return bytes.ToValidUTF8(body, []byte("\uFFFD"))
}

var declaration = regexp.MustCompile(`<\?xml[^>]*encoding\s*=\s*["']([^"']+)["']`)
