// Package list reads what is a list of news but no feed: a JSON document, as
// many a vendor's API gives, and a web page. Paths into the one and CSS
// selectors in the other say where the items are and what of each makes a
// story; a person writes them into the configuration, and [Check] finds their
// mistakes there.
//
// It fetches nothing, runs no scripts, and turns no pages of a list in many
// parts.
package list

import (
	"errors"
	"fmt"
	"html"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode"

	"github.com/itlightning/dateparse"
	"github.com/mmcdole/gofeed"

	"tipoff/sources"
	"tipoff/sources/feed"
)

// maxItems is how many items of a list are read.
const maxItems = 2000

// maxTags is how many tags of an item are read, maxValue how many bytes of a
// value: what is longer than any text that is kept is not looked at.
const (
	maxTags  = 20
	maxValue = 256 << 10
)

// fields are the parts of one item, as HTML.
type fields struct {
	title, url, summary, content, guid string
	published                          *time.Time
	authors, tags                      []string
}

// build makes stories of items, by way of [feed.Convert], which keeps the
// limits. empty says what is wrong where none of them has both title and
// address.
func build(title string, items []fields, base *url.URL, now time.Time, empty func() error) (feed.Feed, error) {
	in := &gofeed.Feed{Title: title, FeedType: "rss"}
	skipped := 0
	for _, i := range items {
		if i.title == "" || i.url == "" {
			skipped++
			continue
		}
		item := &gofeed.Item{
			Title: i.title, Link: i.url, Description: i.summary, Content: i.content, GUID: i.guid,
			PublishedParsed: i.published, Categories: i.tags,
		}
		for _, a := range i.authors {
			item.Authors = append(item.Authors, &gofeed.Person{Name: a})
		}
		in.Items = append(in.Items, item)
	}
	f := feed.Convert(in, base, now)
	read := len(f.Items)
	f.Items = slices.DeleteFunc(f.Items, func(i sources.Item) bool { return i.Story.URL == "" }) // no address of the web
	if skipped += read - len(f.Items); len(f.Items) == 0 && skipped > 0 {
		return feed.Feed{}, empty()
	}
	if skipped > 0 {
		f.Skipped += skipped
		f.SkipReason = "an item without a title or an address"
	}
	return f, nil
}

// markup is what makes a text HTML. Without it a text is as it stands: "R&D <3"
// is no markup.
var markup = regexp.MustCompile(`<[a-zA-Z/!][^<>]*>|&(?:[a-zA-Z][a-zA-Z0-9]{1,31}|#[0-9]{1,7}|#[xX][0-9a-fA-F]{1,6});`)

// asHTML makes HTML of a text that may be HTML or not.
func asHTML(s string) string {
	if len(s) > maxValue {
		s = strings.ToValidUTF8(s[:maxValue], "")
	}
	if markup.MatchString(s) {
		return s
	}
	return strings.ReplaceAll(html.EscapeString(s), "\n", "<br>")
}

// date reads a time as people and programs write it: ISO 8601, RFC 1123, "2
// November 2026", "11/02/2026" (the American way), seconds or milliseconds
// since 1970. It is nil for what is no time.
func date(s string, now time.Time) (t *time.Time) {
	defer func() {
		if recover() != nil { // a library that takes any text apart
			t = nil
		}
	}()
	s = strings.Join(strings.Fields(s), " ")
	if s == "" || len(s) > 100 {
		return nil
	}
	if strings.EqualFold(s, "today") {
		return &now
	}
	at, err := dateparse.ParseAny(s)
	if err != nil {
		return nil
	}
	return &at
}

// split makes tags of a text with commas.
func split(s string) []string {
	var all []string
	for t := range strings.SplitSeq(s, ",") {
		if t = strings.TrimSpace(t); t != "" && len(all) < maxTags {
			all = append(all, asHTML(t))
		}
	}
	return all
}

func failing(format string, args ...any) error {
	return &sources.Error{State: sources.Failing, Text: fmt.Sprintf(format, args...)}
}

// clip makes a short line of a text that may hold parts of the document.
func clip(s string) string {
	s = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r) {
			return -1
		}
		return r
	}, s)
	if r := []rune(s); len(r) > 40 {
		s = string(r[:39]) + "…"
	}
	return s
}

// KeyError is a mistake in a source's items or fields.
type KeyError struct {
	// Key is "items", "fields", or one of the fields, such as "fields.title".
	Key  string
	Text string
}

func (e *KeyError) Error() string { return e.Key + ": " + e.Text }

func keyError(key, format string, args ...any) error {
	return &KeyError{key, fmt.Sprintf(format, args...)}
}

// Check finds mistakes in the items and fields of a source of a kind before it
// is polled. The error is a [*KeyError].
func Check(kind sources.Kind, items string, fields map[string]string) error {
	if kind != sources.JSON && kind != sources.Page {
		switch {
		case items != "":
			return keyError("items", "only sources of kind json and page have items; remove it, or write the kind")
		case len(fields) > 0:
			return keyError("fields", "only sources of kind json and page have fields; remove them, or write the kind")
		}
		return nil
	}
	for name := range fields {
		if !slices.Contains(sources.FieldNames, name) {
			return keyError("fields."+clip(name), "there is no such field; the fields are %s", strings.Join(sources.FieldNames, ", "))
		}
	}
	check, need := checkJSON, []string{"title", "url"}
	if kind == sources.Page {
		check, need = checkPage, nil
		if items == "" {
			return keyError("items", "give the selector of the elements that are items, as in items: \"article.news\"")
		}
	}
	for _, name := range need {
		if fields[name] == "" {
			return keyError("fields", "a story needs a title and a url: give the path of the %s, as in fields: {title: name, url: link}", name)
		}
	}
	if err := check(items, true); err != nil {
		return keyError("items", "%v", err)
	}
	for _, name := range sources.FieldNames {
		if err := check(fields[name], false); err != nil {
			return keyError("fields."+name, "%v", err)
		}
	}
	return nil
}

var errControl = errors.New("it has a control character; remove it")
