package sitemap

import (
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"tipoff/sources"
	"tipoff/sources/feed"
	"tipoff/sources/story"
)

var (
	now = time.Date(2024, 5, 10, 8, 30, 0, 0, time.UTC)
	_   = feed.Format(Read)
)

const base = "https://paper.example/maps/news.xml"

func read(t testing.TB, body string) feed.Feed {
	t.Helper()
	f, err := Read(sources.Source{}, feed.Document{Body: []byte(body), URL: base}, now)
	if err != nil {
		t.Fatal(err)
	}
	checkFeed(t, f)
	return f
}

func file(t testing.TB, name string) string {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func urlset(entries ...string) string {
	return "<urlset>" + strings.Join(entries, "\n") + "</urlset>"
}

func page(loc, lastmod string) string {
	return "<url><loc>" + loc + "</loc><lastmod>" + lastmod + "</lastmod></url>"
}

func news(loc, published, title string) string {
	return "<url><loc>" + loc + "</loc><n:news><n:publication_date>" + published + "</n:publication_date><n:title>" + title + "</n:title></n:news></url>"
}

func TestNews(t *testing.T) {
	f := read(t, file(t, "news.xml"))
	item := func(url, title, lang string, published time.Time, tags ...string) sources.Item {
		return sources.Item{GUID: url, Story: story.Story{URL: url, Title: title, Lang: lang, Published: published, Tags: tags}}
	}
	day := func(d, hour int) time.Time { return time.Date(2024, 5, d, hour, 0, 0, 0, time.UTC) }
	want := []sources.Item{
		item("https://paper.example/article.php?id=7&page=2", "港口 遭<攻击", "zh-CN", day(9, 0)),
		item("https://paper.example/2024/05/older", "Port & railway hit by a wiper", "en", day(8, 8), "wiper", "rail"),
		item("https://paper.example/2024/05/bank-robbed-by-mail.html", "bank robbed by mail", "en", day(7, 0)),
		item("https://paper.example/about", "about", "en", time.Time{}),
	}
	for n := range want {
		if want[n].Story.Tags == nil {
			want[n].Story.Tags = f.Items[n].Story.Tags[:0]
		}
	}
	if d := cmp.Diff(want, f.Items); d != "" {
		t.Error(d)
	}
	if f.Title != "The Paper" || f.Lang != "en" || f.Link != "https://paper.example/" || f.Skipped != 4 || f.SkipReason == "" || f.Memory != "" {
		t.Errorf("%q %q %q, skipped %d (%s)", f.Title, f.Lang, f.Link, f.Skipped, f.SkipReason)
	}
}

func TestTitleOfAnAddress(t *testing.T) {
	for _, c := range []struct{ address, want string }{
		{"https://a.example/2024/05/acme-hacked.html", "acme hacked"},
		{"https://a.example/acme_hacked--again/", "acme hacked again"},
		{"https://a.example/acme-hacked.PHP?x=1#top", "acme hacked"},
		{"https://a.example/acme-hacked/index.html", "acme hacked"},
		{"https://a.example/news/acme-1.2-is-out", "acme 1.2 is out"},
		{"https://a.example/acme-hacked/2024/17", "acme hacked 2024 17"},
		{"https://a.example/2024/17", "2024 17"},
		{"https://a.example/angreb-p%C3%A5-k%C3%B8benhavn", "angreb på københavn"},
		{"https://a.example/a%20b+c%00%0Ad", "a b c d"},
		{"https://a.example/.html", ".html"},
		{"https://a.example/index.html", ""},
		{"https://a.example/", ""},
		{"https://a.example", ""},
		{"https://a.example/---", ""},
	} {
		u, err := url.Parse(c.address)
		if err != nil {
			t.Fatal(err)
		}
		if got := titleOf(u); got != c.want {
			t.Errorf("%s: got %q, want %q", c.address, got, c.want)
		}
	}
}

func TestDate(t *testing.T) {
	for _, c := range []struct{ text, want string }{
		{"2024-05-09T10:20:30+02:00", "2024-05-09T08:20:30Z"},
		{"2024-05-09T10:20:30.125Z", "2024-05-09T10:20:30Z"},
		{"2024-05-09T10:20Z", "2024-05-09T10:20:00Z"},
		{"2024-05-09T10:20:30-0500", "2024-05-09T15:20:30Z"},
		{"2024-05-09T10:20:30", "2024-05-09T10:20:30Z"},
		{"2024-05-09 10:20:30", "2024-05-09T10:20:30Z"},
		{"2024-05-09 10:20:30 +01:00", "2024-05-09T09:20:30Z"},
		{" 2024-05-09\n", "2024-05-09T00:00:00Z"},
		{"2024-05", "2024-05-01T00:00:00Z"},
		{"2024", "2024-01-01T00:00:00Z"},
		{"Thu, 09 May 2024 10:20:30 GMT", "2024-05-09T10:20:30Z"},
		{"", ""},
		{"yesterday", ""},
		{"2024-13-01", ""},
		{strings.Repeat("2", 1000), ""},
	} {
		got := ""
		if d := date(c.text); !d.IsZero() {
			got = d.Format(time.RFC3339)
		}
		if got != c.want {
			t.Errorf("%q: got %q, want %q", c.text, got, c.want)
		}
	}
}

func TestItems(t *testing.T) {
	for _, c := range []struct {
		name, body string
		want       []string // title, url and date
		skipped    int
	}{
		{"empty", "<urlset/>", nil, 0},
		{"without dates in its own order", urlset(page("/b", ""), page("/a", ""), page("/c", "x")), []string{"b /b", "a /a", "c /c"}, 0},
		{"dated before undated", urlset(page("/a", ""), page("/b", "2024-05-01"), page("/c", "2024-05-02")), []string{"c /c 2024-05-02", "b /b 2024-05-01", "a /a"}, 0},
		{"the publication counts before the change", urlset(strings.Replace(news("/a", "2024-05-01", "A"), "<n:", "<lastmod>2024-05-09</lastmod><n:", 1)), []string{"A /a 2024-05-01"}, 0},
		{"a publication date that is none", urlset(strings.Replace(news("/a", "soon", "A"), "<n:", "<lastmod>2024-05-09</lastmod><n:", 1)), []string{"A /a 2024-05-09"}, 0},
		{"a date in the future", urlset(page("/a", "2024-05-10T08:30:00Z"), page("/b", "2042-01-01")), []string{"a /a 2024-05-10", "b /b 2024-05-10"}, 0},
		{"a headline that is empty", urlset(news("/some-page", "", " ")), []string{"some page /some-page"}, 0},
		{"the front page with a headline", urlset(news("/", "", "Live")), []string{"Live /"}, 0},
		{"markup in an address", urlset(page("/%3Cb%3Ex%26amp;y", "")), []string{"<b>x&y /%3Cb%3Ex%26amp;y"}, 0},
		{"a bare ampersand", urlset("<url><loc>/a?b=1&c=2&copy=3&amp;d</loc></url>"), []string{"a /a?b=1&c=2&copy=3&d"}, 0},
		{"an element that is not closed", urlset("<url><loc>/a</url>", page("/b", "")), []string{"a /a", "b /b"}, 0},
		{"names in capitals", "<URLSET><URL><LOC>/a</LOC></URL></URLSET>", []string{"a /a"}, 0},
		{"a text in pieces", urlset("<url><loc>/a<!-- -->b<![CDATA[c]]></loc></url>"), []string{"abc /abc"}, 0},
		{"control characters", urlset(news("/a", "", "A\x01\x1b[31m&#8;&#x1F;&#x263A;B")), []string{"A[31m☺B /a"}, 0},
		{"a byte order mark", "\xef\xbb\xbf<?xml version='1.1'?>" + urlset(page("/a", "")), []string{"a /a"}, 0},
		{"a warning before", "\nWarning: x\n<?xml version='1.0'?>" + urlset(page("/a", "")), []string{"a /a"}, 0},
		{"another charset", "<?xml version='1.0' encoding='ISO-8859-1'?>" + urlset(news("/a", "", "Caf\xe9")), []string{"Café /a"}, 0},
		{"UTF-16", utf16("<?xml version='1.0' encoding='UTF-16'?>" + urlset(news("/a", "", "Café"))), []string{"Café /a"}, 0},
		{"bytes of no charset", urlset(news("/a", "", "Caf\xe9!")), []string{"Caf\uFFFD! /a"}, 0},
		{"a document type", "<!DOCTYPE urlset SYSTEM 'x.dtd'>" + urlset(page("/a", "")), []string{"a /a"}, 0},
		{"cut off", "<urlset>" + page("/a", "") + page("/b", "") + "<url><loc>/c-and-", []string{"a /a", "b /b"}, 1},
		{"cut off between", "<urlset>" + page("/a", ""), []string{"a /a"}, 1},
		{"broken", "<urlset>" + page("/a", "") + "<url <<", []string{"a /a"}, 1},
		{"more behind the end", urlset(page("/a", "")) + "<urlset><url><loc>/b</loc></url>", []string{"a /a"}, 0},
		{"no addresses", urlset(page("", ""), page("javascript:alert(1)", ""), page("mailto:a@b.example", ""), page("/"+strings.Repeat("a", 5000), "")), nil, 4},
		{"a password", urlset(page("https://u:p@paper.example/a", "")), []string{"a /a"}, 0},
	} {
		f := read(t, c.body)
		var got []string
		for _, i := range f.Items {
			line := i.Story.Title + " " + strings.TrimPrefix(i.Story.URL, "https://paper.example")
			if p := i.Story.Published; !p.IsZero() {
				line += " " + p.Format(time.DateOnly)
			}
			got = append(got, line)
		}
		if d := cmp.Diff(c.want, got); d != "" || f.Skipped != c.skipped || f.Skipped > 0 && f.SkipReason == "" {
			t.Errorf("%s: skipped %d (%s)\n%s", c.name, f.Skipped, f.SkipReason, d)
		}
	}
}

func utf16(s string) string {
	b := []byte{0xff, 0xfe}
	for _, r := range s {
		b = append(b, byte(r), byte(r>>8)) // the test has no more
	}
	return string(b)
}

func TestErrors(t *testing.T) {
	laughs := "<?xml version='1.0'?><!DOCTYPE urlset [<!ENTITY a 'ha'><!entity b '&a;&a;&a;'>]>" + urlset(news("/a", "", "&b;"))
	for _, c := range []struct{ name, body, want string }{
		{"nothing", " \n", "the answer is empty"},
		{"words", "Access denied", "this is not XML"},
		{"JSON", `{"a":"<b>"}`, "this is not XML"},
		{"web page", "<!doctype html><html><head><title>x", "robots.txt may name its sitemap"},
		{"feed", "<rss version='2.0'><channel/></rss>", "write kind: feed"},
		{"Atom", "<feed xmlns='http://www.w3.org/2005/Atom'/>", "write kind: feed"},
		{"other XML", "<opml/>", "root element opml,"},
		{"a root that nobody can read", "<ünï/>", "root element of another kind,"},
		{"entities", laughs, "defines entities"},
		{"deep", "<urlset><url>" + strings.Repeat("<a>", 1_000_000), "nested beyond all measure"},
		{"deep from the start", strings.Repeat("<urlset>", 1_000_000), "nested beyond all measure"},
		{"cut off", "<?xml version='1.0'?>\n<urlset>\n<url><loc>/a", "ends in the middle (line 3)"},
		{"cut off early", "<urls", "this is not XML"},
		{"broken", "<urlset>\n\n<url <", "broken at line 3"},
	} {
		f, err := Read(sources.Source{}, feed.Document{Body: []byte(c.body), URL: base}, now)
		checkError(t, err)
		if err == nil || !strings.Contains(err.Error(), c.want) || f.Items != nil {
			t.Errorf("%s: got %v, want %q", c.name, err, c.want)
		}
	}
}

func TestIndexNamesTheBestSitemap(t *testing.T) {
	index := func(list ...string) string {
		var b strings.Builder
		b.WriteString("<sitemapindex>")
		for _, l := range list {
			loc, lastmod, _ := strings.Cut(l, " ")
			fmt.Fprintf(&b, "<sitemap><loc>%s</loc><lastmod>%s</lastmod></sitemap>", loc, lastmod)
		}
		return b.String() + "</sitemapindex>"
	}
	for _, c := range []struct{ name, body, want string }{
		{"file", file(t, "index.xml"), "in https://paper.example/post-sitemap2.xml; put that address into the source's url"},
		{"news before what is newer", index("/news.xml 2020-01-01", "/posts.xml 2024-01-01"), "in https://paper.example/news.xml;"},
		{"no newsletter", index("/newsletter.xml", "/a.xml"), "in https://paper.example/a.xml;"},
		{"the newer", index("/a.xml 2024-01-01", "/b.xml 2024-01-03", "/c.xml 2024-01-02"), "/b.xml;"},
		{"dated before undated", index("/a.xml", "/b.xml 2024-01-03", "/c.xml"), "/b.xml;"},
		{"the higher number", index("/sitemap-9.xml", "/sitemap-10.xml", "/sitemap-1.xml"), "/sitemap-10.xml;"},
		{"the later month", index("/2024-05.xml", "/2024-06.xml", "/2023-12.xml"), "/2024-06.xml;"},
		{"the first of equals", index("/a.xml", "/b.xml"), "/a.xml;"},
		{"a number beyond all", index("/"+strings.Repeat("9", 40)+".xml", "/1.xml"), "/1.xml;"},
		{"cut off", "<sitemapindex><sitemap><loc>/a.xml</loc></sitemap><sitemap><loc>/news", "/a.xml;"},
		{"a password", index("https://u:p@paper.example/a.xml"), "in https://paper.example/a.xml;"},
		{"empty", index(), "an empty one"},
		{"no addresses", index("javascript:alert(1)"), "an empty one"},
		{"too long to name", index("/" + strings.Repeat("a", 400)), "put the address of the one with the news"},
		{"cannot be shown", index("/a.xml?\u202e"), "put the address of the one with the news"},
	} {
		_, err := Read(sources.Source{}, feed.Document{Body: []byte(c.body), URL: base}, now)
		checkError(t, err)
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: got %v, want %q", c.name, err, c.want)
		}
	}
}

func TestMoreThanOneVisitReads(t *testing.T) {
	var dated, undated []string
	for n := range 9007 {
		// The newest are spread over the whole sitemap.
		dated = append(dated, page(fmt.Sprintf("/p-%d", n), now.Add(-time.Duration(n*4001%9007)*time.Minute).Format(time.RFC3339)))
		undated = append(undated, page(fmt.Sprintf("/p-%d", n), ""))
	}
	f := read(t, urlset(dated...))
	if len(f.Items) != maxItems || f.Skipped != 7007 || f.SkipReason != "more addresses than are read at a visit" {
		t.Fatalf("%d items, skipped %d (%s)", len(f.Items), f.Skipped, f.SkipReason)
	}
	for n, i := range f.Items {
		if want := now.Add(-time.Duration(n) * time.Minute); !i.Story.Published.Equal(want) {
			t.Fatalf("item %d is of %v, want %v", n, i.Story.Published, want)
		}
	}
	f = read(t, urlset(undated...))
	if len(f.Items) != maxItems || f.Items[0].Story.Title != "p 0" || f.Items[1999].Story.Title != "p 1999" || f.Skipped != 7007 {
		t.Errorf("%d items from %q, skipped %d", len(f.Items), f.Items[0].Story.Title, f.Skipped)
	}
}

func TestGUIDs(t *testing.T) {
	long := "/" + strings.Repeat("a", 600)
	f := read(t, urlset(page("/a?x=1&amp;copy;=2", ""), page("/a?x=1&amp;copy;=3", ""), page("/a#1", ""), page("/a#2", ""), page(long, "")))
	want := []struct {
		guid   string
		shared bool
	}{
		{"https://paper.example/a?x=1&copy;=2", false},
		{"https://paper.example/a?x=1&copy;=3", false},
		{"https://paper.example/a#1", true},
		{"https://paper.example/a#2", true},
		{f.Items[4].GUID, false},
	}
	for n, w := range want {
		if i := f.Items[n]; i.GUID != w.guid || i.LinkShared != w.shared {
			t.Errorf("got %q, link shared %v, want %+v", i.GUID, i.LinkShared, w)
		}
	}
	if !strings.HasPrefix(f.Items[4].GUID, "sha256:") {
		t.Errorf("got %q", f.Items[4].GUID)
	}
	// A headline may be corrected; the story is the same.
	a, b := read(t, urlset(news("/a", "", "Wrnog"))), read(t, urlset(news("/a", "", "Wrong")))
	if a.Items[0].GUID != b.Items[0].GUID {
		t.Errorf("%q, %q", a.Items[0].GUID, b.Items[0].GUID)
	}
}

func checkError(t testing.TB, err error) {
	t.Helper()
	if err == nil {
		return
	}
	e, ok := errors.AsType[*sources.Error](err)
	if !ok || e.State != sources.Failing || e.Text == "" || len(e.Text) > 600 || strings.ContainsFunc(e.Text, func(r rune) bool { return r < ' ' || r >= 0x7f }) {
		t.Errorf("not a sources.Error for people: %#v", err)
	}
}

// checkFeed holds for whatever is read.
func checkFeed(t testing.TB, f feed.Feed) {
	t.Helper()
	if len(f.Items) > maxItems {
		t.Errorf("%d items", len(f.Items))
	}
	guids := map[string]bool{}
	last := now
	for _, i := range f.Items {
		s := i.Story
		if i.GUID == "" || guids[i.GUID] {
			t.Errorf("guid %q does not tell the item apart", i.GUID)
		}
		guids[i.GUID] = true
		for _, text := range []struct {
			value string
			limit int
		}{{s.Title, 500}, {s.URL, 4096}, {i.GUID, 512}, {s.Lang, 40}, {strings.Join(s.Tags, " "), 20 * 65}} {
			if len(text.value) > text.limit || !utf8.ValidString(text.value) || strings.ContainsFunc(text.value, unicode.IsControl) {
				t.Errorf("%d bytes: %q", len(text.value), text.value)
			}
		}
		if s.Title == "" || !strings.HasPrefix(s.URL, "http") {
			t.Errorf("%+v", s)
		}
		if p := s.Published; p.After(now) || p.After(last) {
			t.Errorf("published %v after %v", p, last)
		} else if !p.IsZero() {
			last = p
		}
	}
}

func FuzzRead(f *testing.F) {
	f.Add([]byte(file(f, "news.xml")), "text/xml; charset=latin1")
	f.Add([]byte(file(f, "index.xml")), "")
	f.Add([]byte(urlset(news("/%ff&#x1F;&a;", "2024-05", "<![CDATA[</p>&amp;amp;]]>"), page("/\xe9?a b#c", "2042"))), "")
	f.Add([]byte(utf16(urlset(page("//u:p@[::1]/a", "0001-01-01")))), "")
	f.Fuzz(func(t *testing.T, body []byte, contentType string) {
		got, err := Read(sources.Source{}, feed.Document{Body: body, ContentType: contentType, URL: base}, now)
		if err != nil {
			checkError(t, err)
			return
		}
		checkFeed(t, got)
	})
}
