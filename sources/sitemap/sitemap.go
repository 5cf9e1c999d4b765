// Package sitemap reads sitemaps, for sites that have no feed: those of news,
// which give headlines, and plain ones, of whose addresses headlines are made.
// It follows no sitemap to the next and fetches nothing.
//
// https://www.sitemaps.org/protocol.html
// https://developers.google.com/search/docs/crawling-indexing/sitemaps/news-sitemap
package sitemap

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"html"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"

	"github.com/mmcdole/gofeed"

	"tipoff/sources"
	"tipoff/sources/feed"
)

// maxItems is how many addresses of a visit are read: the newest.
const maxItems = 2000

// Read is the [feed.Format] of sources of kind Sitemap. Items are newest
// first, those without a date last in the order of the sitemap; an item's guid
// is its address. Without a headline of its own an item has one made of the
// last part of its address.
//
// A sitemap that breaks off gives the items that it has whole. One that lists
// other sitemaps is an error that names the best of them. The error is a
// *[sources.Error].
func Read(_ sources.Source, d feed.Document, now time.Time) (feed.Feed, error) {
	base, err := url.Parse(d.URL)
	if err != nil {
		base = &url.URL{}
	}
	r := reader{base: base, now: now.UTC(), seen: map[string]bool{}}
	if err := r.read(d.Body, d.ContentType); err != nil {
		return feed.Feed{}, err
	}
	if r.index {
		return feed.Feed{}, r.best.asError()
	}
	r.prune()

	in := &gofeed.Feed{Title: r.site, Language: r.lang}
	if in.Title == "" {
		in.Title = base.Hostname()
	}
	if base.Host != "" {
		in.Link = (&url.URL{Scheme: base.Scheme, Host: base.Host, Path: "/"}).String()
	}
	for n, e := range r.entries {
		item := &gofeed.Item{GUID: strconv.Itoa(n), Link: e.loc, Title: e.title, Categories: strings.Split(e.keywords, ",")}
		if !e.date.IsZero() {
			item.PublishedParsed = &e.date
		}
		in.Items = append(in.Items, item)
	}
	f := feed.Convert(in, base, now)
	spelled := map[string]string{"": f.Lang}
	for n := range f.Items {
		i := &f.Items[n]
		at, err := strconv.Atoi(i.GUID)
		if err != nil || at >= len(r.entries) {
			continue // cannot be
		}
		e := r.entries[at]
		i.GUID = guid(e.loc)
		if _, ok := spelled[e.lang]; !ok {
			// A feed's language and a story's are spelled alike.
			spelled[e.lang] = feed.Convert(&gofeed.Feed{Language: e.lang}, nil, now).Lang
		}
		i.Story.Lang = spelled[e.lang]
	}
	if r.skipped > 0 {
		f.Skipped += r.skipped
		f.SkipReason = r.skipReason
	}
	return f, nil
}

// guid is an address, or its hash where that is too long to keep.
func guid(loc string) string {
	const longest = 512 // as in package feed
	if len(loc) <= longest {
		return loc
	}
	sum := sha256.Sum256([]byte(loc))
	return "sha256:" + hex.EncodeToString(sum[:16])
}

func failing(format string, args ...any) error {
	return &sources.Error{State: sources.Failing, Text: fmt.Sprintf(format, args...)}
}

// entry is one address of a sitemap.
type entry struct {
	loc, title, keywords, lang string
	date                       time.Time // zero if not given
}

// reader collects what a sitemap has.
type reader struct {
	base *url.URL
	now  time.Time

	entries []entry
	seen    map[string]bool // the addresses in entries
	site    string          // the first publication's name
	lang    string          // its language

	skipped    int
	skipReason string

	rooted bool // the root element was seen
	index  bool // and it is that of a list of sitemaps
	best   child
}

func (r *reader) skip(n int, reason string) {
	if n > 0 {
		r.skipped += n
		r.skipReason = reason
	}
}

// add takes an entry as it stands in the sitemap.
func (r *reader) add(f fields) {
	u := r.address(f.loc)
	if u == nil {
		r.skip(1, "an entry without an address")
		return
	}
	e := entry{loc: u.String(), keywords: f.keywords, lang: f.lang, date: date(f.published)}
	if e.date.IsZero() {
		e.date = date(f.lastmod)
	}
	if e.date.After(r.now) {
		// A date in the future must not stand before all news.
		e.date = r.now
	}
	if e.title = f.title; strings.TrimSpace(e.title) == "" {
		e.title = html.EscapeString(titleOf(u))
	}
	if e.title == "" {
		r.skip(1, "an address that names no page")
		return
	}
	if r.seen[e.loc] {
		r.skip(1, "an address that is in the sitemap twice")
		return
	}
	if r.site == "" {
		r.site, r.lang = f.site, f.lang
	}
	r.seen[e.loc] = true
	// Twice the limit is kept while reading, so that sorting costs little.
	if r.entries = append(r.entries, e); len(r.entries) >= 2*maxItems {
		r.prune()
	}
}

// prune keeps the newest.
func (r *reader) prune() {
	slices.SortStableFunc(r.entries, func(a, b entry) int { return b.date.Compare(a.date) })
	if len(r.entries) <= maxItems {
		return
	}
	for _, e := range r.entries[maxItems:] {
		delete(r.seen, e.loc)
	}
	r.skip(len(r.entries)-maxItems, "more addresses than are read at a visit")
	clear(r.entries[maxItems:])
	r.entries = r.entries[:maxItems]
}

const maxLink = 4096 // as in package feed

// address gives an absolute http or https address, or nil.
func (r *reader) address(s string) *url.URL {
	s = strings.ReplaceAll(strings.TrimSpace(s), " ", "%20")
	if s == "" || len(s) > maxLink {
		return nil
	}
	u, err := url.Parse(s)
	if err != nil {
		return nil
	}
	u = r.base.ResolveReference(u)
	u.User = nil
	if u.Scheme != "http" && u.Scheme != "https" || u.Hostname() == "" || len(u.String()) > maxLink {
		return nil
	}
	return u
}

// endings are those of pages, which are no part of a headline.
var endings = []string{
	".html", ".htm", ".shtml", ".xhtml", ".php", ".asp", ".aspx", ".jsp", ".jsf", ".cfm", ".cgi", ".do", ".pdf", ".xml", ".txt", ".md",
}

// titleOf makes a headline of the last part of an address: of
// "/2024/05/acme-hacked.html" it is "acme hacked". A part without letters, such
// as a number, has the one before it that has some in front.
func titleOf(u *url.URL) string {
	parts := strings.FieldsFunc(u.Path, func(r rune) bool { return r == '/' })
	if n := len(parts); n > 0 {
		last := parts[n-1]
		for _, ending := range endings {
			if len(last) > len(ending) && strings.EqualFold(last[len(last)-len(ending):], ending) {
				last = last[:len(last)-len(ending)]
				break
			}
		}
		if last == "index" || last == "default" {
			parts = parts[:n-1]
		} else {
			parts[n-1] = last
		}
	}
	from := len(parts) - 1
	for from > 0 && !strings.ContainsFunc(parts[from], unicode.IsLetter) {
		from--
	}
	words := strings.FieldsFunc(strings.Join(parts[max(from, 0):], " "), func(r rune) bool {
		return r == '-' || r == '_' || r == '+' || unicode.IsSpace(r) || unicode.IsControl(r)
	})
	return strings.Join(words, " ")
}

// layouts are those of https://www.w3.org/TR/NOTE-datetime, and what is
// written instead. Go takes fractions of a second with any of them.
var layouts = []string{
	time.RFC3339,
	time.DateOnly,
	"2006-01-02T15:04Z07:00",
	"2006-01-02T15:04:05Z0700",
	"2006-01-02T15:04:05",
	"2006-01-02T15:04",
	time.DateTime,
	"2006-01-02 15:04:05Z07:00",
	"2006-01-02 15:04:05 Z07:00",
	"2006-01-02 15:04:05 Z0700",
	"2006-01-02 15:04",
	"2006-01",
	"2006",
	time.RFC1123,
	time.RFC1123Z,
}

// date reads a date, or gives zero. Without a zone it is taken for UTC.
func date(s string) time.Time {
	const longest = 40
	if s = strings.TrimSpace(s); s == "" || len(s) > longest {
		return time.Time{}
	}
	for _, l := range layouts {
		if t, err := time.Parse(l, s); err == nil {
			return t.UTC()
		}
	}
	return time.Time{}
}
