// Package discover finds the feeds of a web page: those that the page names, and
// the addresses at which feeds usually are. It fetches nothing; whether there is
// a feed at an address shows when it is asked for.
package discover

import (
	"bytes"
	"net/url"
	"path"
	"slices"
	"strings"

	"golang.org/x/net/html"
)

// Link is an address that a page gives for a feed.
type Link struct {
	// URL is absolute, of http or https.
	URL string
	// Title is the page's own text for it, or empty.
	Title string
	// Guess is true where the page has no more than a link that looks like one
	// to a feed.
	Guess bool
}

const (
	// maxLinks is how many feeds of a page are listed.
	maxLinks = 20
	// maxPage is how much of a page is looked at.
	maxPage  = 512 << 10
	maxTitle = 120
)

// feedTypes are the media types of feeds. Of XML and JSON without a further
// word the link has to look like one to a feed.
var (
	feedTypes  = []string{"application/rss+xml", "application/atom+xml", "application/feed+json", "application/rdf+xml", "application/x-rss+xml"}
	otherTypes = []string{"text/xml", "application/xml", "application/json"}
)

// Links lists the feeds of a page, which is UTF-8 and came from pageURL: those
// that it declares in its head first, feeds of comments after the others, and
// then links that look like ones to feeds, in the page's order.
func Links(page []byte, pageURL string) []Link {
	f := finder{seen: map[string]bool{}}
	f.base, _ = url.Parse(pageURL)
	z := html.NewTokenizer(bytes.NewReader(page[:min(len(page), maxPage)]))
	for {
		switch z.Next() {
		case html.ErrorToken:
			return f.links()
		case html.StartTagToken, html.SelfClosingTagToken:
			name, more := z.TagName()
			switch tag := string(name); tag {
			case "base", "link", "a":
				f.tag(tag, attributes(z, more))
			}
		}
	}
}

func attributes(z *html.Tokenizer, more bool) map[string]string {
	all := map[string]string{}
	for more {
		var k, v []byte
		if k, v, more = z.TagAttr(); len(all) < 50 {
			all[string(k)] = string(v)
		}
	}
	return all
}

type finder struct {
	base                        *url.URL
	based                       bool
	seen                        map[string]bool
	declared, comments, guesses []Link
}

func (f *finder) links() []Link {
	all := slices.Concat(f.declared, f.comments, f.guesses)
	return all[:min(len(all), maxLinks)]
}

func (f *finder) tag(tag string, a map[string]string) {
	if tag == "base" {
		if to := f.resolve(a["href"]); to != nil && !f.based {
			f.base, f.based = to, true
		}
		return
	}
	to := f.resolve(a["href"])
	if to == nil || f.seen[to.String()] {
		return
	}
	l := Link{URL: to.String(), Title: title(a["title"])}
	kind, _, _ := strings.Cut(strings.ToLower(strings.TrimSpace(a["type"])), ";")
	rel := strings.Fields(strings.ToLower(a["rel"]))
	declares := slices.Contains(rel, "alternate") || slices.Contains(rel, "feed")
	switch {
	case declares && (slices.Contains(feedTypes, kind) || slices.Contains(otherTypes, kind) && looksLikeFeed(to)):
		if strings.Contains(strings.ToLower(l.Title+to.Path), "comment") {
			f.comments = append(f.comments, l)
		} else {
			f.declared = append(f.declared, l)
		}
	case tag == "a" && looksLikeFeed(to) && len(f.guesses) < maxLinks:
		l.Guess = true
		f.guesses = append(f.guesses, l)
	default:
		return
	}
	f.seen[l.URL] = true
}

// resolve makes an address absolute; nil for what is none of the web.
func (f *finder) resolve(href string) *url.URL {
	href = strings.TrimSpace(href)
	if href == "" || f.base == nil {
		return nil
	}
	to, err := f.base.Parse(href)
	if err != nil || to.Host == "" || to.Scheme != "http" && to.Scheme != "https" {
		return nil
	}
	to.Fragment, to.RawFragment = "", ""
	return to
}

// looksLikeFeed goes by the last part of the path.
func looksLikeFeed(u *url.URL) bool {
	last := strings.ToLower(path.Base(u.Path))
	switch last {
	case "feed", "feeds", "rss", "atom", "rss2", "feed.xml", "atom.xml", "rss.xml", "index.xml", "index.rdf", "feed.json", "rss.php", "rss.aspx":
		return true
	}
	switch path.Ext(last) {
	case ".rss", ".atom", ".rdf":
		return true
	}
	return false
}

func title(s string) string {
	s = strings.Join(strings.Fields(s), " ")
	if r := []rune(s); len(r) > maxTitle {
		s = string(r[:maxTitle-1]) + "…"
	}
	return s
}

// places are where feeds usually are on a site.
var places = []string{"/feed", "/rss", "/feed.xml", "/rss.xml", "/atom.xml", "/index.xml", "/feed.json"}

// Guesses lists addresses at which the feed of a page may be, the likeliest
// first: those that the rules of a well-known site give, or the usual places
// below the page and at the root of its site. It is empty for what is no
// address of the web.
func Guesses(pageURL string) []string {
	u, err := url.Parse(strings.TrimSpace(pageURL))
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return nil
	}
	at := url.URL{Scheme: u.Scheme, Host: u.Host}
	if known := ofSite(at, u); known != "" {
		return []string{known}
	}
	var all []string
	add := func(p string) {
		at.Path = p
		if s := at.String(); !slices.Contains(all, s) && s != u.String() {
			all = append(all, s)
		}
	}
	folder := strings.TrimSuffix(u.Path, "/")
	if path.Ext(folder) != "" {
		folder = strings.TrimSuffix(path.Dir(folder), "/")
	}
	if folder != "" {
		add(folder + "/feed")
		add(folder + "/rss.xml")
	}
	for _, p := range places {
		add(p)
	}
	return all
}

// ofSite knows the rules of some sites.
func ofSite(at url.URL, u *url.URL) string {
	parts := strings.FieldsFunc(u.Path, func(r rune) bool { return r == '/' })
	host := strings.TrimPrefix(strings.ToLower(u.Hostname()), "www.")
	switch {
	case host == "github.com" && len(parts) >= 2:
		at.Path = "/" + parts[0] + "/" + parts[1] + "/releases.atom"
	case host == "reddit.com" && len(parts) >= 2 && parts[0] == "r":
		at.Path = "/r/" + parts[1] + "/.rss"
	case host == "youtube.com" && len(parts) == 2 && parts[0] == "channel":
		at.Path, at.RawQuery = "/feeds/videos.xml", url.Values{"channel_id": {parts[1]}}.Encode()
	case host == "medium.com" && len(parts) > 0:
		at.Path = "/feed/" + parts[0]
	case len(parts) == 1 && len(parts[0]) > 1 && parts[0][0] == '@': // a profile on Mastodon
		at.Path = "/" + parts[0] + ".rss"
	default:
		return ""
	}
	return at.String()
}
