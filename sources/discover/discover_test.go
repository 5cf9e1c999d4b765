package discover

import (
	"fmt"
	"net/url"
	"strings"
	"testing"
)

func inWords(links []Link) string {
	var all []string
	for _, l := range links {
		s := l.URL
		if l.Title != "" {
			s += " (" + l.Title + ")"
		}
		if l.Guess {
			s += "?"
		}
		all = append(all, s)
	}
	return strings.Join(all, " ")
}

func TestLinks(t *testing.T) {
	t.Parallel()
	const rss = `type="application/rss+xml"`
	for _, test := range []struct{ name, page, want string }{
		{"as it should be", `<head><link rel="alternate" ` + rss + ` title="News  feed" href="/feed"></head>`, "https://wire.example/feed (News feed)"},
		{"other formats", `<link rel=alternate type=application/atom+xml href=a.xml><link rel=alternate type="application/feed+json; charset=utf-8" href=f>`, "https://wire.example/news/a.xml https://wire.example/news/f"},
		{"capitals and other words", `<LINK REL="home ALTERNATE" TYPE="APPLICATION/RSS+XML" HREF="//cdn.example/x">`, "https://cdn.example/x"},
		{"another language of the page", `<link rel="alternate" hreflang="de" href="/de">`, ""},
		{"a style sheet", `<link rel="stylesheet" href="/rss">`, ""},
		{"XML that looks like a feed", `<link rel=alternate type=text/xml href=/feed.xml><link rel=alternate type=application/json href=/wp-json/1>`, "https://wire.example/feed.xml"},
		{"comments come last", `<link rel=alternate ` + rss + ` href=/comments/feed><link rel=alternate ` + rss + ` href=/feed>`, "https://wire.example/feed https://wire.example/comments/feed"},
		{"each once", `<link rel=alternate ` + rss + ` href=/feed><link rel=alternate ` + rss + ` href=/feed#top><a href="/feed">RSS</a>`, "https://wire.example/feed"},
		{"a base", `<base href="https://cdn.example/x/"><base href="https://evil.example/"><link rel=alternate ` + rss + ` href=feed>`, "https://cdn.example/x/feed"},
		{"links in the text are guesses", `<a href="/about">x</a><a href="/blog/index.xml" title="RSS">x</a><link rel=alternate ` + rss + ` href=/feed><a href="news.rss">x</a>`, "https://wire.example/feed https://wire.example/blog/index.xml (RSS)? https://wire.example/news/news.rss?"},
		{"no address", `<link rel=alternate ` + rss + ` href="javascript:x"><link rel=alternate ` + rss + ` href="mailto:x"><link rel=alternate ` + rss + `><link rel=alternate ` + rss + ` href="http://[">`, ""},
		{"in a comment", `<!-- <link rel=alternate ` + rss + ` href=/feed> -->`, ""},
		{"nothing", ``, ""},
	} {
		if got := inWords(Links([]byte(test.page), "https://wire.example/news/")); got != test.want {
			t.Errorf("%s: got %q, want %q", test.name, got, test.want)
		}
	}
	var many strings.Builder
	for n := range 100 {
		fmt.Fprintf(&many, `<a href="/%d/feed">x</a>`, n)
	}
	if n := len(Links([]byte(many.String()), "https://wire.example/")); n != maxLinks {
		t.Errorf("%d links", n)
	}
	if links := Links([]byte(`<a href="/feed">`), ":"); links != nil {
		t.Errorf("a page without an address has %v", links)
	}
}

func TestGuesses(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ page, want string }{
		{"https://wire.example", "https://wire.example/feed https://wire.example/rss https://wire.example/feed.xml https://wire.example/rss.xml https://wire.example/atom.xml https://wire.example/index.xml https://wire.example/feed.json"},
		{"https://wire.example/blog/?page=2#x", "https://wire.example/blog/feed https://wire.example/blog/rss.xml https://wire.example/feed"},
		{"https://wire.example/blog/index.html", "https://wire.example/blog/feed https://wire.example/blog/rss.xml https://wire.example/feed"},
		{"https://github.com/owner/name/tree/main", "https://github.com/owner/name/releases.atom"},
		{"https://www.reddit.com/r/netsec/", "https://www.reddit.com/r/netsec/.rss"},
		{"https://www.youtube.com/channel/UC1?x=y", "https://www.youtube.com/feeds/videos.xml?channel_id=UC1"},
		{"https://medium.com/@ann", "https://medium.com/feed/@ann"},
		{"https://infosec.example/@ann", "https://infosec.example/@ann.rss"},
		{"ftp://wire.example/", ""},
		{"nonsense", ""},
	} {
		got := strings.Join(Guesses(test.page), " ")
		if !strings.HasPrefix(got, test.want) || test.want == "" && got != "" {
			t.Errorf("%s: got %q, want %q", test.page, got, test.want)
		}
	}
}

func FuzzLinks(f *testing.F) {
	f.Add([]byte(`<base href="x"><link rel=alternate type=application/rss+xml href=y><a href=/feed>`), "https://wire.example/")
	f.Fuzz(func(t *testing.T, page []byte, address string) {
		links := Links(page, address)
		for _, s := range Guesses(address) {
			links = append(links, Link{URL: s})
		}
		for _, l := range links {
			if u, err := url.Parse(l.URL); err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" || len([]rune(l.Title)) > maxTitle {
				t.Errorf("%+v", l)
			}
		}
	})
}
