// Package feed turns what a feed server sends (RSS, Atom, RDF, JSON Feed) into
// stories of plain text. Reading the formats is gofeed's work; this package
// finds the character set, keeps documents away from it that are built to
// exhaust the reader, turns HTML into text, and says in plain words why
// something is no feed. It knows no store and no schedule, and gives stories
// no id.
package feed

import (
	"bytes"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/mmcdole/gofeed"
	"github.com/mmcdole/gofeed/atom"
	"github.com/mmcdole/gofeed/json"
	"github.com/mmcdole/gofeed/rss"

	"tipoff/sources"
)

// maxItems is how many items of one visit are read. The newest come first in
// nearly every feed.
const maxItems = 2000

// Feed is a feed as it was read.
type Feed struct {
	Title string
	// Format is what it was read as: "RSS 2.0", "Atom 1.0", "JSON Feed 1.1".
	Format string
	// Link is the web site that the feed belongs to.
	Link string
	// Lang is a BCP 47 tag, or empty.
	Lang  string
	Items []sources.Item
	// Skipped counts items that could not be used, with SkipReason for one of them.
	Skipped    int
	SkipReason string
	// Memory is for the next visit, see [sources.Validators].
	Memory string
	Rhythm sources.Rhythm
	// Facts are what a catalogue says of vulnerabilities, or nil.
	Facts *sources.Facts
	// Partial is true for a feed that ended in the middle.
	Partial bool
}

// Document is what a server sent.
type Document struct {
	Body []byte
	// ContentType is the server's, for its charset.
	ContentType string
	// URL is where it came from, for relative links.
	URL string
	// Memory is what the last document gave that could be read.
	Memory string
}

// Format reads the documents of one kind of source. now is what no story's date
// may lie after. The error is a *[sources.Error].
type Format func(src sources.Source, d Document, now time.Time) (Feed, error)

// Parse reads a feed. contentType is the server's, for its charset; baseURL is
// where the body came from, for relative links; now is what no story's date
// may lie after. The error is a *[sources.Error].
//
// Stories have no id, source or time of sight yet. A story's URL is the link
// as the feed gives it, made absolute. Titles, summaries, authors and tags are
// one line each; the paragraphs of a content are lines of their own.
func Parse(body []byte, contentType, baseURL string, now time.Time) (Feed, error) {
	if len(bytes.TrimSpace(body)) == 0 {
		return Feed{}, failing("the answer is empty: check that the source's url is that of a feed")
	}
	text := toUTF8(body, contentType)
	parsed, rhythm, err := read(text)
	if err != nil && !errors.Is(err, errBomb) && !errors.Is(err, errNoFeed) && !errors.Is(err, errNoRoot) {
		// Only what fails is mended, so that good feeds do not pay for it.
		if mended, changed := mend(text, err); changed {
			if again, its, err2 := read(mended); err2 == nil {
				parsed, rhythm, err = again, its, nil
			}
		}
	}
	partial := false
	if err != nil {
		if rescued, its, ok := salvage(text, err); ok {
			parsed, rhythm, err, partial = rescued, its, nil, true
		}
	}
	if err != nil {
		return Feed{}, explain(text, contentType, baseURL, err)
	}
	base, _ := url.Parse(baseURL)
	f := Convert(parsed, base, now)
	f.Rhythm, f.Partial = withPeriod(rhythm, parsed), partial
	f.Format = formatOf(parsed)
	if partial {
		f.Skipped++
		f.SkipReason = "the feed ends in the middle; its whole items are read"
	}
	return f, nil
}

func failing(format string, args ...any) error {
	return &sources.Error{State: sources.Failing, Text: fmt.Sprintf(format, args...)}
}

// formatOf names the format that gofeed read.
func formatOf(f *gofeed.Feed) string {
	name := map[string]string{"rss": "RSS", "atom": "Atom", "json": "JSON Feed"}[f.FeedType]
	version := f.FeedVersion
	if i := strings.LastIndexByte(version, '/'); i >= 0 { // JSON Feed's is an address
		version = version[i+1:]
	}
	if len(version) > 8 || !printable(version) {
		version = ""
	}
	return strings.TrimSpace(name + " " + version)
}

var errNoFeed = errors.New("not a feed")

// The translators of gofeed fill in one form for all formats. That of RSS
// would build a tree of every item's HTML in search of an image, which nobody
// here wants and which takes longer than all the rest.
var (
	rssTranslator  = &gofeed.DefaultRSSTranslator{DisableContentImageScan: true}
	atomTranslator = &gofeed.DefaultAtomTranslator{}
	jsonTranslator = &gofeed.DefaultJSONTranslator{}
)

// read calls gofeed's parser for the format that the text is in. gofeed's own
// detection would read the start twice and give up on a root element that
// comes late.
func read(text []byte) (*gofeed.Feed, sources.Rhythm, error) {
	var rhythm sources.Rhythm
	if len(text) > 0 && text[0] == '{' {
		f, err := readJSON(text)
		return f, rhythm, err
	}
	root, err := checkXML(text)
	if err != nil {
		return nil, rhythm, err
	}
	switch strings.ToLower(root) {
	case "rss", "rdf":
		f, err := (&rss.Parser{}).Parse(bytes.NewReader(numericZones(text)))
		if err != nil {
			return nil, rhythm, err
		}
		out, err := rssTranslator.Translate(f)
		return out, rhythmOfRSS(f), err
	case "feed":
		f, err := (&atom.Parser{}).Parse(bytes.NewReader(text))
		if err != nil {
			return nil, rhythm, err
		}
		out, err := atomTranslator.Translate(f)
		return out, rhythm, err
	}
	return nil, rhythm, errNoFeed
}

// numericZones writes the dates that end in GMT, as most do, with the same
// zone in digits. gofeed tries its seventy layouts with digits before those
// with names, and that takes it longer than the rest of the item.
func numericZones(text []byte) []byte {
	return bytes.ReplaceAll(text, []byte(" GMT</pubDate>"), []byte(" +0000</pubDate>"))
}

func readJSON(text []byte) (*gofeed.Feed, error) {
	f, err := (&json.Parser{}).Parse(bytes.NewReader(text))
	if err != nil {
		return nil, err
	}
	if !strings.Contains(f.Version, "jsonfeed.org") && (f.Items == nil || f.Title == "") {
		return nil, errNoFeed
	}
	// gofeed's translator panics on a null in these lists.
	f.Items = withoutNil(f.Items)
	f.Authors = withoutNil(f.Authors)
	for _, i := range f.Items {
		i.Authors = withoutNil(i.Authors)
		if i.ContentHTML == "" && i.ContentText != "" {
			i.ContentHTML = escapeText(i.ContentText)
		}
	}
	return jsonTranslator.Translate(f)
}

func withoutNil[T any](list []*T) []*T {
	kept := list[:0]
	for _, e := range list {
		if e != nil {
			kept = append(kept, e)
		}
	}
	return kept
}
