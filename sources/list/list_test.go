package list

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"

	"tipoff/sources"
	"tipoff/sources/feed"
)

var now = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

// told is a feed in lines, one an item: what is empty is left out.
func told(f feed.Feed) string {
	var b strings.Builder
	for _, i := range f.Items {
		s := i.Story
		fmt.Fprintf(&b, "%s <%s>", s.Title, s.URL)
		if !s.Published.IsZero() {
			b.WriteString(" at " + strings.TrimSuffix(s.Published.Format("2006-01-02 15:04"), " 00:00"))
		}
		for _, part := range []struct{ name, text string }{
			{"by", s.Author}, {"summary", s.Summary}, {"content", s.Content}, {"tags", strings.Join(s.Tags, "+")}, {"guid", i.GUID},
		} {
			if part.text != "" {
				b.WriteString(" " + part.name + " " + part.text)
			}
		}
		b.WriteString("\n")
	}
	return b.String()
}

// row is a document, what is in it, or a part of the error.
type row struct {
	name, body, items string
	fields            map[string]string
	want, err         string
}

func check(t *testing.T, kind sources.Kind, rows []row) {
	t.Helper()
	format := JSON
	if kind == sources.Page {
		format = Page
	}
	for _, r := range rows {
		t.Run(r.name, func(t *testing.T) {
			t.Parallel()
			if err := Check(kind, r.items, r.fields); err != nil {
				t.Fatalf("the config refuses it: %v", err)
			}
			f, err := format(sources.Source{Items: r.items, Fields: r.fields}, feed.Document{Body: []byte(r.body), URL: "https://vendor.example/news/"}, now)
			if r.err != "" {
				e, ok := errors.AsType[*sources.Error](err)
				if !ok || e.State != sources.Failing || !strings.Contains(e.Text, r.err) {
					t.Errorf("got %v\nwant %s", err, r.err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if got := told(f); strings.TrimSpace(got) != strings.TrimSpace(r.want) {
				t.Errorf("got\n%s\nwant\n%s", got, r.want)
			}
		})
	}
}

type m = map[string]string

func TestJSON(t *testing.T) {
	t.Parallel()
	tu := m{"title": "t", "url": "u"}
	item := `{"t":"One","u":"https://vendor.example/1"}`
	const one = "One <https://vendor.example/1>"
	check(t, sources.JSON, []row{
		{"a list at a path", `{"data":{"list":[` + item + `]}}`, "data.list", tu, one, ""},
		{"the document is the list", `[` + item + `]`, "", tu, one, ""},
		{"an object counts as its values", `{"a":` + item + `,"b":` + item[:len(item)-3] + `2"}}`, "", tu, one + "\nOne <https://vendor.example/2>", ""},
		{"a value a line", item + "\n\n" + item[:len(item)-3] + `2"}`, "..", tu, one + "\nOne <https://vendor.example/2>", ""},
		{"a byte order mark", "\xef\xbb\xbf[" + item + `]`, "", tu, one, ""},
		{"an empty list", `{"data":[]}`, "data", tu, "", ""},
		{"a list that is null", `{"data":null}`, "data", tu, "", ""},
		{
			"all fields", `[{"t":"One","u":"/1","s":"Brief.","c":"<p>A.</p><p>B.</p>","d":"2026-11-02T12:00:00Z","a":["Ann","Ben"],"k":["x","y"],"id":7}]`, "",
			m{"title": "t", "url": "u", "summary": "s", "content": "c", "published": "d", "author": "a", "tags": "k", "guid": "id"},
			"One <https://vendor.example/1> at 2026-11-02 12:00 by Ann, Ben summary Brief. content A.\nB. tags x+y guid 7", "",
		},
		{
			"templates", `[{"id":"CVE 1/2","cve":{"name":"A & B"},"sev":9.8}]`, "",
			m{"title": "{cve.name}: {sev} {{x}}", "url": "https://vendor.example/{id}?a={id}"},
			"A & B: 9.8 {x} <https://vendor.example/CVE%201%2F2?a=CVE%201%2F2>", "",
		},
		{"a template that begins with an address", `[{"t":"One","u":"https://vendor.example"}]`, "", m{"title": "t", "url": "{u}/{t}"}, "One <https://vendor.example/One>", ""},
		{"a list within a text", `[{"t":["A","B"],"u":"/1"}]`, "", m{"title": "New: {t}", "url": "u"}, "New: A, B <https://vendor.example/1>", ""},
		{"queries", `{"v":[{"k":"no","t":"Zero","u":"/0"},{"k":"yes","t":"One","u":"/1"}]}`, `v.#(k="yes")#`, tu, one, ""},
		{"text is text", `[{"t":"AT&T <3 x & y","u":"/1"}]`, "", tu, "AT&T <3 x & y <https://vendor.example/1>", ""},
		{"HTML is HTML", `[{"t":"<b>Hi</b> &amp; bye","u":"/1"}]`, "", tu, "Hi & bye <https://vendor.example/1>", ""},
		{"seconds", `[{"t":"One","u":"/1","d":1793620800}]`, "", m{"title": "t", "url": "u", "published": "d"}, one + " at 2026-11-02 12:00", ""},
		{"milliseconds", `[{"t":"One","u":"/1","d":1793620800000}]`, "", m{"title": "t", "url": "u", "published": "d"}, one + " at 2026-11-02 12:00", ""},
		{"a day", `[{"t":"One","u":"/1","d":"2 Nov 2026"}]`, "", m{"title": "t", "url": "u", "published": "d"}, one + " at 2026-11-02", ""},
		{"a time to come is now", `[{"t":"One","u":"/1","d":"2036-11-02"}]`, "", m{"title": "t", "url": "u", "published": "d"}, one + " at 2026-11-23 12:00", ""},
		{"no time", `[{"t":"One","u":"/1","d":"soon"}]`, "", m{"title": "t", "url": "u", "published": "d"}, one, ""},
		{"tags with commas", `[{"t":"One","u":"/1","k":"a, b,,c"}]`, "", m{"title": "t", "url": "u", "tags": "k"}, one + " tags a+b+c", ""},
		{"items without a title are left out", `[` + item + `,{"t":"","u":"/2"},{"u":"/3"},7,null]`, "", tu, one, ""},
		{"an address of another kind is no link", `[{"t":"One","u":"javascript:alert(1)"}]`, "", tu, "", "none of the 1 items"},

		{"nothing at the path", `{"count":1,"vulnerabilities":[]}`, "data", tu, "", `items: there is nothing at "data"; the document has count, vulnerabilities`},
		{"a number at the path", `{"data":7}`, "data", tu, "", `at "data" is no list, but 7`},
		{"a text at the path", `{"data":"` + strings.Repeat("x", 100) + `"}`, "data", tu, "", `no list, but the text "xxxxxx`},
		{"no titles", `[{"name":"One","link":"/1"}]`, "", tu, "", `none of the 1 items has both a title at "t" and a url at "u"; the first has name, link`},
		{"a web page", `<html>`, "", tu, "", "looks like a web page"},
		{"broken", `{"data":[}`, "data", tu, "", "no JSON, or broken"},
		{"a broken line", item + "\n{", "..", tu, "", "line 2 is no JSON"},
		{"nothing", ``, "", tu, "", "no JSON"},
		{"nested without end", strings.Repeat("[", 1<<20), "", tu, "", "nested more than 200 deep"},
		{"nested objects", strings.Repeat(`{"a":`, 1<<18), "", tu, "", "nested more than 200 deep"},
	})
}

const news = `<!DOCTYPE html><html><head><title>Vendor  news</title></head><body><main>
<article data-id="7"><h2><a href="/one">First <b>news</b></a></h2><time datetime="2026-11-02T12:00:00Z">yesterday</time><p class="lead">Brief.</p>
 <div class="text"><p>A.</p><p>B.</p></div><span class="tag">x</span><span class="tag">y</span><i class="by">Ann</i><a class="more" href="https://other.example/one">more</a></article>
<article><h2><a href="two.html">Second</a></h2><time>3 November 2026</time></article>
</main></body></html>`

func TestPage(t *testing.T) {
	t.Parallel()
	const first, second = "First news <https://vendor.example/one> at 2026-11-02 12:00", "Second <https://vendor.example/news/two.html> at 2026-11-03"
	check(t, sources.Page, []row{
		{"the first link and time of each", news, "article", nil, first + "\n" + second, ""},
		{
			"all fields", news, "article:first-child", m{
				"title": "h2", "url": "a.more", "summary": ".lead", "content": ".text", "published": "time@datetime", "author": ".by", "tags": ".tag", "guid": "@data-id",
			}, "First news <https://other.example/one> at 2026-11-02 12:00 by Ann summary Brief. content A.\nB. tags x+y guid 7", "",
		},
		{"an attribute of the item itself", `<div class=i data-t="One" data-u="/1">x</div>`, ".i", m{"title": "@data-t", "url": "@data-u"}, "One <https://vendor.example/1>", ""},
		{"the item is the link", `<ul><li><a href="/1">One</a></li><li><a href="/2">Two</a></li></ul>`, "li a", nil, "One <https://vendor.example/1>\nTwo <https://vendor.example/2>", ""},
		{"the item's own text", `<ul><li>News: <a href="/1">link</a></li></ul>`, "li", m{"title": "."}, "News: link <https://vendor.example/1>", ""},
		{"a base", `<base href="https://cdn.example/x/"><a class=n href="1">One</a>`, "a.n", nil, "One <https://cdn.example/x/1>", ""},
		{"rows of a table", `<table><tr><th>Id</th></tr><tr><td><a href="/1">One</a></td><td class=d>11/02/2026</td></tr></table>`, "tr:has(td)", m{"published": ".d"}, "One <https://vendor.example/1> at 2026-11-02", ""},
		{"text is text", `<a class=n href="/1">R&amp;D &lt;3 &lt;script&gt;</a>`, "a", nil, "R&D <3 <script> <https://vendor.example/1>", ""},
		{"an @ in a selector", `<a class=n href="mailto:x@y" title="One"></a><a class=n href="/1" title="One"></a>`, "a.n", m{"title": `.@title`, "url": `a:not([href*="@"])`}, "", "none of the 2 items"},
		{"items without a link are left out", `<li>x</li><li><a href="/1">One</a></li>`, "li", nil, "One <https://vendor.example/1>", ""},

		{"nothing found", news, "div.story", nil, "", `items: the page has nothing at "div.story": if it was made anew`},
		{"a hint", `<main>` + strings.Repeat("<ul><li>x</li></ul>", 5) + `</main>`, "article", nil, "", `"main li" finds 5`},
		{"no titles", `<li><a href="/1"></a></li>`, "li", nil, "", "none of the 1 items has both a title (its first link) and a url (its first link)"},
		{"JSON", `{"a":1}`, "li", nil, "", "kind: json"},
		{"nothing", ` `, "li", nil, "", "the page is empty"},
		{"too long", strings.Repeat(" ", maxPage) + "<li>", "li", nil, "", "longer than 4 MiB"},
		{"too many elements", strings.Repeat("<p>", maxElements+1), "li", nil, "", "more than 100000 elements"},
		{"nested without end", strings.Repeat("<div>", 100_000), "li", nil, "", "nested more than 256 deep"},
		{"formatting without end", strings.Repeat("<b><i>", 100_000), "li", nil, "", "nested more than 256 deep"},
	})
}

func TestManyItems(t *testing.T) {
	t.Parallel()
	var page, doc strings.Builder
	doc.WriteString("[")
	for n := range maxItems + 10 {
		fmt.Fprintf(&page, `<li><a href="/%d">Story %d</a></li>`, n, n)
		fmt.Fprintf(&doc, `{"t":"Story %d","u":"/%d"},`, n, n)
	}
	doc.WriteString("{}]")
	f, err := Page(sources.Source{Items: "li"}, feed.Document{Body: []byte(page.String()), URL: "https://vendor.example/"}, now)
	if err != nil || len(f.Items) != maxItems || f.Skipped != 10 {
		t.Errorf("a page: %d items, %d skipped, %v", len(f.Items), f.Skipped, err)
	}
	f, err = JSON(sources.Source{Fields: m{"title": "t", "url": "u"}}, feed.Document{Body: []byte(doc.String()), URL: "https://vendor.example/"}, now)
	if err != nil || len(f.Items) != maxItems || f.Skipped != 11 {
		t.Errorf("JSON: %d items, %d skipped, %v", len(f.Items), f.Skipped, err)
	}
}

func TestCharset(t *testing.T) {
	t.Parallel()
	f, err := Page(sources.Source{Items: "a"}, feed.Document{Body: []byte("<meta charset=windows-1251><a href=/1>\xd8\xef\xe8\xee\xed</a>"), URL: "https://vendor.example/", ContentType: "text/html"}, now)
	if err != nil || told(f) != "Шпион <https://vendor.example/1>\n" {
		t.Errorf("%q, %v", told(f), err)
	}
}

func TestCheck(t *testing.T) {
	t.Parallel()
	tu := func(more ...string) m {
		f := m{"title": "t", "url": "u"}
		for i := 0; i < len(more); i += 2 {
			f[more[i]] = more[i+1]
		}
		return f
	}
	for _, test := range []struct {
		name      string
		kind      sources.Kind
		items     string
		fields    m
		key, want string
	}{
		{"a feed has no items", sources.Feed, "x", nil, "items", "only sources of kind json and page"},
		{"a catalogue has no fields", sources.KEV, "", m{"title": "t"}, "fields", "only sources of kind json and page"},
		{"a feed", sources.Feed, "", nil, "", ""},
		{"JSON", sources.JSON, "", tu(), "", ""},
		{"JSON without a title", sources.JSON, "data", m{"url": "u"}, "fields", "path of the title"},
		{"JSON without fields", sources.JSON, "data", nil, "fields", "path of the title"},
		{"a field that there is not", sources.JSON, "", tu("titel", "x"), "fields.titel", "the fields are title, url"},
		{"a brace that is not closed", sources.JSON, "", tu("url", "https://x/{id"), "fields.url", "between braces"},
		{"a brace that is not opened", sources.JSON, "", tu("url", "https://x/id}"), "fields.url", "no { before it"},
		{"empty braces", sources.JSON, "", tu("url", "https://x/{}"), "fields.url", "between braces"},
		{"a space", sources.JSON, " data", tu(), "items", "space"},
		{"a line break", sources.JSON, "a\nb", tu(), "items", "control character"},
		{"a page", sources.Page, "li", nil, "", ""},
		{"a page without items", sources.Page, "", nil, "items", "give the selector"},
		{"a selector that is none", sources.Page, "li[", nil, "items", "cannot be read"},
		{"a field's selector that is none", sources.Page, "li", m{"title": "h2 >"}, "fields.title", "cannot be read"},
		{"an attribute that is none", sources.Page, "li", m{"url": "a@"}, "fields.url", "after @"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			err := Check(test.kind, test.items, test.fields)
			e, ok := errors.AsType[*KeyError](err)
			if test.want == "" && err != nil || test.want != "" && (!ok || e.Key != test.key || !strings.Contains(e.Text, test.want)) {
				t.Errorf("%v, want %s: %s", err, test.key, test.want)
			}
		})
	}
}

func FuzzLists(f *testing.F) {
	f.Add([]byte(news), true, "article", "h2", "a@href", "time")
	f.Add([]byte(`{"data":[{"t":"One","u":"/1","d":17,"k":[1,{}]}]}`), false, "data", "t", "https://x.example/{u}", "d")
	f.Add([]byte("{}\n[]\n7"), false, "..", "@this", "{@pretty}", "#.x")
	f.Fuzz(func(t *testing.T, body []byte, isPage bool, items, title, link, more string) {
		kind, format := sources.JSON, JSON
		if isPage {
			kind, format = sources.Page, Page
		}
		fields := m{"title": title, "url": link, "published": more, "tags": more, "summary": more, "content": more, "guid": more, "author": more}
		if Check(kind, items, fields) != nil {
			return
		}
		got, err := format(sources.Source{Items: items, Fields: fields}, feed.Document{Body: body, URL: "https://vendor.example/"}, now)
		if err != nil {
			if e, ok := errors.AsType[*sources.Error](err); !ok || e.Text == "" || len(e.Text) > 2000 {
				t.Fatalf("%T %v", err, err)
			}
			return
		}
		for _, i := range got.Items {
			s := i.Story
			for _, text := range []string{s.Title, s.Summary, s.Content, s.URL, s.Author, i.GUID, strings.Join(s.Tags, " ")} {
				if !utf8.ValidString(text) || len(text) > 64<<10 || strings.ContainsFunc(text, func(r rune) bool { return unicode.IsControl(r) && r != '\n' }) {
					t.Errorf("%.200q", text)
				}
			}
			if s.Title == "" || s.Published.After(now) {
				t.Errorf("%+v", s)
			}
		}
	})
}
