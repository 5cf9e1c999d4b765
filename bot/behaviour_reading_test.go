package bot_test

import (
	"strings"
	"time"

	"tipoff/sources"
)

// reads is a behaviour of a document that is read all the same.
func reads(name, body, title string, headers ...string) behaviour {
	return behaviour{name, nil, func(w *world) {
		w.answer(200, body, headers...)
		w.poll(0)
		w.want("the story", w.only().Title, title)
	}}
}

var reading = []behaviour{
	reads("Atom", `<feed xmlns="http://www.w3.org/2005/Atom"><title>x</title><entry><id>1</id><title>One</title><link href="https://wire.example/1"/></entry></feed>`, "One"),
	reads("RDF", `<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns="http://purl.org/rss/1.0/"><channel><title>x</title></channel><item><title>One</title><link>https://wire.example/1</link></item></rdf:RDF>`, "One"),
	reads("JSON Feed", `{"version":"https://jsonfeed.org/version/1.1","title":"x","items":[{"id":"1","url":"https://wire.example/1","title":"One"}]}`, "One"),
	reads("the charset of the header", rss(item(1, "\xd8\xef\xe8\xee\xed")), "Шпион", "Content-Type: application/rss+xml; charset=windows-1251"),
	reads("the charset of the prolog", strings.Replace(rss(item(1, "Gro\xdf")), `version="1.0"`, `version="1.0" encoding="ISO-8859-1"`, 1), "Groß"),
	reads("a byte order mark", utf16(rss(item(1, "漢字"))), "漢字"),
	reads("a charset that nobody names", rss(item(1, "It\x92s Gro\xdf")), "It’s Groß"),
	reads("bytes of no charset", rss(item(1, "One"+"\xff"), "<description>漢字 Ünïcödé</description>"), "One\ufffd"),
	reads("control characters", rss(item(1, "O\x08n\x00e\x1b")), "One"),
	reads("bare ampersands", rss(item(1, "R&D at AT&T")), "R&D at AT&T"),
	reads("entities of HTML", rss(item(1, "Caf&eacute;&nbsp;one &mdash; two")), "Café one — two"),
	reads("entities that nobody knows", rss(item(1, "One &nosuch; two")), "One &nosuch; two"),
	reads("HTML in a title", rss(item(1, "&lt;b&gt;One&lt;/b&gt; &amp;amp; two")), "One & two"),
	{"a feed cut off in the middle keeps its whole items", nil, func(w *world) {
		whole := rss(item(1, "One"), item(2, "Two"), item(3, "Three"))
		w.answer(200, whole[:strings.Index(whole, "Three")])
		st := w.poll(0)
		w.want("stories", w.titles(), "One | Two")
		w.want("state", st.State, sources.OK)
		w.answer(200, whole)
		w.poll(time.Hour)
		w.want("stories then", len(w.stories()), 3)
	}},
	{"xml:base and relative links", nil, func(w *world) {
		w.answer(200, `<feed xmlns="http://www.w3.org/2005/Atom" xml:base="https://wire.example/news/"><title>x</title><entry><id>1</id><title>One</title><link href="1.html"/></entry></feed>`)
		w.poll(0)
		w.want("the address", w.only().URL, "https://wire.example/news/1.html")
	}},
	{"links relative to the web site", nil, func(w *world) {
		w.answer(200, rss(`<item><title>One</title><link>/news/1</link></item>`))
		w.poll(0)
		w.want("the address", w.only().URL, "https://wire.example/news/1")
	}},
	{"content:encoded", nil, func(w *world) {
		w.answer(200, rss(item(1, "One", "<description>Brief.</description><content:encoded>&lt;p&gt;The whole text.&lt;/p&gt;&lt;script&gt;bad()&lt;/script&gt;&lt;p&gt;Two.&lt;/p&gt;</content:encoded>")))
		w.poll(0)
		w.want("the text", w.only().Summary+"/"+w.only().Content, "Brief./The whole text.\nTwo.")
	}},
	{"the text of media", nil, func(w *world) {
		w.answer(200, rss(item(1, "One", "<media:group><media:description>A film.</media:description></media:group>")))
		w.poll(0)
		w.want("the text", w.only().Summary, "A film.")
	}},
	{"boilerplate at the end", nil, func(w *world) {
		w.answer(200, rss(item(1, "One", "<description>&lt;p&gt;Text.&lt;/p&gt;&lt;p&gt;The post &lt;a&gt;One&lt;/a&gt; appeared first on &lt;a&gt;Wire&lt;/a&gt;.&lt;/p&gt;</description>")))
		w.poll(0)
		w.want("the text", w.only().Summary, "Text.")
	}},
	{"a web page says that it is one, and where its feed is", nil, func(w *world) {
		w.answer(200, `<!DOCTYPE html><html><head><link rel="alternate" type="application/rss+xml" href="/rss"></head></html>`, "Content-Type: text/html")
		w.fails(sources.Failing, "web page")
		w.fails(sources.Failing, w.server.URL+"/rss")
	}},
	{"nothing at all", nil, func(w *world) {
		w.answer(200, " \n")
		w.fails(sources.Failing, "empty")
	}},
}

func utf16(s string) string {
	b := []byte{0xff, 0xfe}
	for _, r := range s {
		b = append(b, byte(r), byte(r>>8))
	}
	return string(b)
}

// dated is a behaviour of a date in a feed.
func dated(name, date string, want time.Time) behaviour {
	return behaviour{name, nil, func(w *world) {
		w.answer(200, rss(item(1, "One", "<pubDate>"+date+"</pubDate>")))
		w.poll(0)
		w.want("published", w.only().Published, want)
	}}
}

var noon = time.Date(2026, 11, 1, 12, 0, 0, 0, time.UTC)

var dating = []behaviour{
	dated("RFC 822", "Sun, 01 Nov 2026 12:00:00 GMT", noon),
	dated("another zone", "Sun, 01 Nov 2026 13:00:00 +0100", noon),
	dated("a zone by its name", "Sun, 01 Nov 2026 07:00:00 EST", noon),
	dated("the wrong day of the week", "Fri, 01 Nov 2026 12:00:00 GMT", noon),
	dated("ISO 8601", "2026-11-01T12:00:00Z", noon),
	dated("ISO 8601 with a space", "2026-11-01 12:00:00", noon),
	dated("no seconds", "Sun, 1 Nov 2026 12:00 GMT", noon),
	dated("the American way", "November 1, 2026 12:00 PM", noon),
	dated("the future is now", "Tue, 01 Dec 2026 12:00:00 GMT", fixed),
	dated("a date that is none", "yesterday", time.Time{}),
	dated("a machine's zero", "Thu, 01 Jan 1970 00:00:00 GMT", time.Time{}),
	dated("no date", "", time.Time{}),
}
