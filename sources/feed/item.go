package feed

import (
	"crypto/sha256"
	"encoding/hex"
	"html"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/mmcdole/gofeed"
	ext "github.com/mmcdole/gofeed/extensions"

	"tipoff/sources"
	"tipoff/sources/story"
)

// Limits of one story, in bytes of UTF-8.
const (
	maxTitle   = 500
	maxSummary = 1200
	maxContent = 64 << 10
	maxAuthor  = 200
	maxTag     = 64
	maxTags    = 20
	maxGUID    = 512
	maxLink    = 4096
)

// earliest is before all feeds. An older date is a machine's zero.
var earliest = time.Date(1990, time.January, 1, 0, 0, 0, 0, time.UTC)

// Convert makes stories of items as gofeed has them: of their HTML plain text
// within limits, of their links absolute ones. It gives each a guid that tells
// it from the others. base, for relative links, may be nil. Formats that are not
// feeds come by here too, so that all stories are made alike.
func Convert(f *gofeed.Feed, base *url.URL, now time.Time) Feed {
	out := Feed{Title: cut(toText(f.Title, oneLine, maxTitle), maxTitle), Lang: language(f.Language)}
	out.Link = link(base, f.Link)
	// Links are relative to the web site where the feed names one: feeds often
	// come from a host of their own.
	if u, err := url.Parse(out.Link); err == nil && u.Host != "" {
		base = u
	}
	items := f.Items
	if len(items) > maxItems {
		out.Skipped = len(items) - maxItems
		out.SkipReason = "more items than are read at a visit"
		items = items[:maxItems]
	}
	out.Items = make([]sources.Item, 0, len(items))
	for _, i := range items {
		item, ok := convertItem(f, i, base, now)
		if !ok {
			out.Skipped++
			out.SkipReason = "an item without title, link and text"
			continue
		}
		item.Story.Lang = out.Lang
		out.Items = append(out.Items, item)
	}
	settle(&out)
	return out
}

func convertItem(f *gofeed.Feed, i *gofeed.Item, base *url.URL, now time.Time) (sources.Item, bool) {
	s := story.Story{URL: itemLink(i, base)}
	s.Title = cut(toText(i.Title, oneLine, maxTitle), maxTitle)
	s.Summary, s.Content = texts(i)
	if s.Title == "" && s.Summary == "" && s.URL == "" {
		return sources.Item{}, false
	}
	if s.Title == "" {
		s.Title = titleFrom(s.Summary, s.URL)
	}
	s.Author = author(f, i)
	s.Tags = tags(i.Categories)
	s.Published = published(i, now)
	return sources.Item{GUID: guid(i.GUID), Story: s}, true
}

// texts gives the summary and the content of an item. The content is empty
// where the summary says all.
func texts(i *gofeed.Item) (summary, content string) {
	brief, full := i.Description, i.Content
	if brief == "" && full == "" {
		brief = mediaDescription(i.Extensions)
	}
	if full == brief {
		full = ""
	}
	if full == "" {
		// Short texts, which most are, need no second form.
		summary = withoutFooter(toText(brief, oneLine, maxContent))
		if len(summary) <= maxSummary {
			return summary, ""
		}
		return cut(summary, maxSummary), cut(withoutFooter(toText(brief, paragraphs, maxContent)), maxContent)
	}
	content = cut(withoutFooter(toText(full, paragraphs, maxContent)), maxContent)
	summary = withoutFooter(toText(brief, oneLine, maxContent))
	if summary == "" {
		summary = strings.ReplaceAll(content, "\n", " ")
	}
	if len(summary) > maxSummary {
		if len(summary) > len(content) {
			// The longer text is the one to be found by.
			content = cut(withoutFooter(toText(brief, paragraphs, maxContent)), maxContent)
		}
		return cut(summary, maxSummary), content
	}
	if len(content) == len(summary) && strings.ReplaceAll(content, "\n", " ") == summary {
		content = ""
	}
	return summary, content
}

// mediaDescription finds the text of feeds that have it in Media RSS only,
// such as those of video sites.
func mediaDescription(e ext.Extensions) string {
	media := e["media"]
	for _, d := range media["description"] {
		if d.Value != "" {
			return d.Value
		}
	}
	for _, g := range media["group"] {
		for _, d := range g.Children["description"] {
			if d.Value != "" {
				return d.Value
			}
		}
	}
	return ""
}

// titleFrom makes a title for an item that has none: of its first words, or
// of its address.
func titleFrom(text, link string) string {
	const words = 100
	if text == "" {
		_, link, _ = strings.Cut(link, "://")
		return cut(link, maxTitle)
	}
	if i := strings.IndexAny(text, ".!?。！？"); i > 0 && i < words && (i+1 == len(text) || text[i+1] == ' ' || text[i] >= 0x80) {
		return strings.TrimRight(text[:i], ".!?")
	}
	return cut(text, words)
}

func author(f *gofeed.Feed, i *gofeed.Item) string {
	people := i.Authors
	if len(people) == 0 && f.FeedType != "rss" {
		// Atom and JSON Feed say that the feed's author is everybody's.
		people = f.Authors
	}
	const most = 5
	var names []string
	for _, p := range people {
		if p == nil {
			continue
		}
		name := person(p.Name)
		if name == "" {
			name = person(p.Email)
		}
		if name != "" && len(names) < most {
			names = append(names, name)
		}
	}
	if len(names) == 0 && i.DublinCoreExt != nil {
		// gofeed drops a creator that it cannot split into name and address.
		for _, c := range i.DublinCoreExt.Creator {
			if c = person(c); c != "" && len(names) < most {
				names = append(names, c)
			}
		}
	}
	return cut(strings.Join(names, ", "), maxAuthor)
}

// angled is an address after a name, or an element of somebody's own.
var angled = regexp.MustCompile(`<[^<>]*>`)

func person(s string) string {
	s = toText(s, oneLine, maxAuthor)
	if strings.IndexByte(s, '<') >= 0 {
		if name := toText(angled.ReplaceAllString(s, " "), oneLine, maxAuthor); name != "" {
			return name
		}
	}
	return s
}

func tags(categories []string) []string {
	if len(categories) == 0 {
		return nil
	}
	list := make([]string, 0, min(len(categories), maxTags))
	for _, c := range categories {
		t := strings.ToLower(toText(c, oneLine, maxTag))
		if t == "" || len(t) > maxTag || strings.HasPrefix(t, "http://") || strings.HasPrefix(t, "https://") || slices.Contains(list, t) {
			continue
		}
		if list = append(list, t); len(list) == maxTags {
			break
		}
	}
	return list
}

func published(i *gofeed.Item, now time.Time) time.Time {
	t := i.PublishedParsed
	if t == nil {
		t = i.UpdatedParsed
	}
	if t == nil || t.Before(earliest) {
		return time.Time{}
	}
	if t.After(now) {
		return now.UTC()
	}
	return t.UTC()
}

// guid trims an item's own id. One that is too long to keep is replaced by its
// hash.
func guid(s string) string {
	s = toText(s, oneLine, maxLink)
	if len(s) > maxGUID {
		return hash(s)
	}
	return s
}

func hash(s string) string {
	sum := sha256.Sum256([]byte(s))
	return "sha256:" + hex.EncodeToString(sum[:16])
}

// itemLink finds the address of an item, or "".
func itemLink(i *gofeed.Item, base *url.URL) string {
	for _, o := range i.Extensions["feedburner"]["origLink"] {
		if l := link(nil, o.Value); l != "" {
			return l
		}
	}
	if l := link(base, i.Link); l != "" {
		return l
	}
	for _, l := range i.Links {
		if l := link(base, l); l != "" {
			return l
		}
	}
	for _, l := range i.Extensions["atom"]["link"] {
		if rel := l.Attrs["rel"]; rel == "" || rel == "alternate" {
			if l := link(base, l.Attrs["href"]); l != "" {
				return l
			}
		}
	}
	// A guid is the permanent link unless it says that it is not; many are.
	return link(nil, i.GUID)
}

// link gives an absolute http or https address, or "".
func link(base *url.URL, s string) string {
	if s == "" {
		return ""
	}
	if strings.ContainsAny(s, "\t\r\n") {
		s = strings.NewReplacer("\t", "", "\r", "", "\n", "").Replace(s)
	}
	s = strings.ReplaceAll(strings.TrimSpace(s), " ", "%20")
	if strings.Contains(s, "&amp;") {
		s = html.UnescapeString(s)
	}
	if s == "" || len(s) > maxLink {
		return ""
	}
	u, err := url.Parse(s)
	if err != nil {
		return ""
	}
	if u.Scheme == "" && base != nil {
		u = base.ResolveReference(u)
		s = u.String()
	}
	if (u.Scheme != "http" && u.Scheme != "https") || u.Hostname() == "" {
		return ""
	}
	return s
}

// language gives a tag its usual spelling: "en_us" becomes "en-US".
func language(s string) string {
	parts := strings.FieldsFunc(strings.TrimSpace(s), func(r rune) bool { return r == '-' || r == '_' })
	for n, p := range parts {
		if len(p) > 8 || strings.Trim(p, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789") != "" {
			return ""
		}
		switch {
		case n > 0 && len(p) == 2:
			parts[n] = strings.ToUpper(p)
		case n > 0 && len(p) == 4:
			parts[n] = strings.ToUpper(p[:1]) + strings.ToLower(p[1:])
		default:
			parts[n] = strings.ToLower(p)
		}
	}
	if len(parts) == 0 || len(parts) > 4 || len(parts[0]) < 2 || len(parts[0]) > 3 {
		return ""
	}
	return strings.Join(parts, "-")
}
