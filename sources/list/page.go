package list

import (
	"bytes"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/PuerkitoBio/goquery"
	"github.com/andybalholm/cascadia"
	"golang.org/x/net/html"
	"golang.org/x/net/html/charset"

	"tipoff/sources"
	"tipoff/sources/feed"
)

// maxPage and maxElements bound what a tree is made of: it takes some twenty
// times the bytes of its page, and a selector walks all of it.
const (
	maxPage     = 4 << 20
	maxElements = 100_000
	maxNesting  = 256
)

// Page is the [feed.Format] of sources of kind Page. src.Items is the CSS
// selector of the elements that are items. A field is a selector within the
// item: of the first element that it finds the text is taken, or with
// "selector@name" an attribute; "@name" is one of the item's own, and "." the
// item itself. tags takes all that are found, content keeps the paragraphs.
//
// Left out, url is the item's first link, title is that link's text, and
// published is the first time element. Addresses are relative to the page's
// base. The error is a *[sources.Error]; a selector that finds nothing is one,
// as a page that was made anew must not look like a quiet one.
func Page(src sources.Source, d feed.Document, now time.Time) (feed.Feed, error) {
	doc, base, err := parsePage(d)
	if err != nil {
		return feed.Feed{}, err
	}
	matcher, err := cascadia.Compile(src.Items)
	if err != nil {
		return feed.Feed{}, failing("items: %v", err)
	}
	picks, err := picksOf(src.Fields)
	if err != nil {
		return feed.Feed{}, err
	}
	found := doc.FindMatcher(matcher)
	if found.Length() == 0 {
		return feed.Feed{}, failing("items: the page has nothing at %q: if it was made anew, look for another selector%s", clip(src.Items), hint(doc))
	}
	over := max(found.Length()-maxItems, 0)
	items := make([]fields, 0, found.Length()-over)
	for _, item := range found.EachIter() {
		if len(items) == maxItems {
			break
		}
		items = append(items, picks.of(item, now))
	}
	title := asHTML(strings.Join(strings.Fields(doc.Find("title").First().Text()), " "))
	f, err := build(title, items, base, now, func() error {
		return failing("none of the %d items has both a title (%s) and a url (%s): look for other selectors", len(items), picks.name("title"), picks.name("url"))
	})
	if over > 0 {
		f.Skipped, f.SkipReason = f.Skipped+over, "more items than are read at a visit"
	}
	return f, err
}

// parsePage makes a tree of a page within limits. base is what its addresses
// are relative to.
func parsePage(d feed.Document) (*goquery.Document, *url.URL, error) {
	if len(d.Body) > maxPage {
		return nil, nil, failing("the page is longer than %d MiB: it is no list of news", maxPage>>20)
	}
	var page bytes.Buffer
	if len(bytes.TrimSpace(d.Body)) > 0 {
		in, err := charset.NewReader(bytes.NewReader(d.Body), d.ContentType)
		if err != nil {
			return nil, nil, failing("the page's charset is not known")
		}
		if _, err := page.ReadFrom(in); err != nil {
			return nil, nil, failing("the page's charset is not what it says")
		}
	}
	switch start := bytes.TrimSpace(page.Bytes()); {
	case len(start) == 0:
		return nil, nil, failing("the page is empty")
	case start[0] == '{' || start[0] == '[':
		return nil, nil, failing("this is no web page, but looks like JSON: write kind: json")
	}
	if err := feed.CheckHTML(page.Bytes(), maxElements, maxNesting); err != nil {
		return nil, nil, failing("the page cannot be read: %v", err)
	}
	root, err := html.Parse(&page)
	if err != nil {
		return nil, nil, failing("the page cannot be read: %v", err)
	}
	doc := goquery.NewDocumentFromNode(root)
	base, err := url.Parse(d.URL)
	if err != nil {
		base = nil
	}
	if href, ok := doc.Find("base[href]").First().Attr("href"); ok && base != nil {
		if b, err := base.Parse(strings.TrimSpace(href)); err == nil && (b.Scheme == "http" || b.Scheme == "https") {
			base = b
		}
	}
	return doc, base, nil
}

// hint names elements that are on a page often, for a person who looks for a
// selector.
func hint(doc *goquery.Document) string {
	var have []string
	for _, sel := range []string{"article", "main li", "main tr", "table tr", "h2 a", "h3 a"} {
		if n := doc.Find(sel).Length(); n > 2 && len(have) < 3 {
			have = append(have, fmt.Sprintf("%q finds %d", sel, n))
		}
	}
	if len(have) == 0 {
		return ""
	}
	return "; " + strings.Join(have, ", ")
}

// pick is a field: a selector within the item, and an attribute.
type pick struct {
	written   string
	matcher   cascadia.Selector // nil is the item itself
	attribute string            // empty is the text
}

type picks map[string]pick

func picksOf(fields map[string]string) (picks, error) {
	all := make(picks, len(fields))
	for name, s := range fields {
		if s == "" {
			continue
		}
		p, err := parsePick(s)
		if err != nil {
			return nil, failing("fields.%s: %v", name, err)
		}
		all[name] = p
	}
	return all, nil
}

// parsePick reads a field. An attribute selector may have an @ in quotes, so
// that the last one outside of brackets counts.
func parsePick(s string) (pick, error) {
	p := pick{written: s}
	selector := strings.TrimSpace(s)
	if i := strings.LastIndexByte(selector, '@'); i >= 0 && !strings.Contains(selector[i:], "]") {
		selector, p.attribute = strings.TrimSpace(selector[:i]), strings.ToLower(strings.TrimSpace(selector[i+1:]))
		if p.attribute == "" || strings.ContainsAny(p.attribute, " \t\n\"'<>/=") {
			return p, errors.New("after @ stands the name of an attribute, as in a@href")
		}
	}
	if selector == "" || selector == "." {
		return p, nil
	}
	var err error
	if p.matcher, err = cascadia.Compile(selector); err != nil {
		return p, fmt.Errorf("the selector cannot be read (%w)", err)
	}
	return p, nil
}

func (p pick) find(item *goquery.Selection) *goquery.Selection {
	if p.matcher == nil {
		return item
	}
	return item.FindMatcher(p.matcher)
}

// value is the attribute or the text of an element, as HTML.
func (p pick) value(s *goquery.Selection) string {
	if p.attribute != "" {
		v, _ := s.Attr(p.attribute)
		return asHTML(strings.TrimSpace(v))
	}
	return asHTML(strings.Join(strings.Fields(s.Text()), " "))
}

// name is how messages call a field.
func (p picks) name(field string) string {
	if s := p[field].written; s != "" {
		return clip(s)
	}
	return "its first link"
}

func (p picks) of(item *goquery.Selection, now time.Time) fields {
	one := func(name string) string {
		if f, ok := p[name]; ok {
			return f.value(f.find(item).First())
		}
		return ""
	}
	var f fields
	link := item.Find("a[href]").AddBack().Filter("a[href]").First()
	f.url = p.link(item, link)
	if f.title = one("title"); f.title == "" && p["title"].written == "" {
		f.title = pick{}.value(link)
	}
	f.summary, f.guid = one("summary"), strings.TrimSpace(one("guid"))
	if c, ok := p["content"]; ok {
		if s := c.find(item).First(); c.attribute != "" {
			f.content = c.value(s)
		} else if text, err := s.Html(); err == nil && len(text) <= maxValue {
			f.content = text
		}
	}
	f.published = p.published(item, now)
	for _, list := range []struct {
		name string
		to   *[]string
	}{{"tags", &f.tags}, {"author", &f.authors}} {
		pk, ok := p[list.name]
		if !ok {
			continue
		}
		for _, s := range pk.find(item).EachIter() {
			if v := pk.value(s); v != "" && len(*list.to) < maxTags {
				*list.to = append(*list.to, v)
			}
		}
	}
	return f
}

// link is the address of an item: by its selector, of which a link's address
// counts and no text, or that of its first link.
func (p picks) link(item, first *goquery.Selection) string {
	if f, ok := p["url"]; ok {
		s := f.find(item).First()
		if f.attribute == "" {
			f.attribute = "href"
		}
		v, _ := s.Attr(f.attribute)
		return strings.TrimSpace(v)
	}
	v, _ := first.Attr("href")
	return strings.TrimSpace(v)
}

func (p picks) published(item *goquery.Selection, now time.Time) *time.Time {
	f, ok := p["published"]
	s := item.Find("time").First()
	if ok {
		s = f.find(item).First()
	}
	if f.attribute != "" {
		v, _ := s.Attr(f.attribute)
		return date(v, now)
	}
	if v, ok := s.Attr("datetime"); ok {
		if t := date(v, now); t != nil {
			return t
		}
	}
	return date(s.Text(), now)
}

func checkPage(selector string, isItems bool) error {
	switch {
	case strings.ContainsFunc(selector, func(r rune) bool { return r < ' ' }):
		return errControl
	case isItems:
		if _, err := cascadia.Compile(selector); err != nil {
			return fmt.Errorf("the selector cannot be read (%w)", err)
		}
		return nil
	case selector == "":
		return nil
	}
	_, err := parsePick(selector)
	return err
}
