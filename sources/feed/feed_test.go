package feed

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"tipoff/sources"
	"tipoff/sources/story"
)

var update = flag.Bool("update", false, "write what the parser gives into testdata/*.want.json")

var now = time.Date(2024, 2, 18, 12, 0, 0, 0, time.UTC)

const base = "https://feeds.example.org/dir/feed"

// want is the golden form of a feed, or of the reason why it is none.
type want struct {
	Error string       `json:"error,omitempty"`
	State string       `json:"state,omitempty"`
	Title string       `json:"title,omitempty"`
	Link  string       `json:"link,omitempty"`
	Lang  string       `json:"lang,omitempty"`
	Skip  int          `json:"skipped,omitempty"`
	Why   string       `json:"skip_reason,omitempty"`
	Items []goldenItem `json:"items,omitempty"`
}

type goldenItem struct {
	GUID       string `json:"guid"`
	LinkShared bool   `json:"link_shared,omitempty"`
	URL        string `json:"url,omitempty"`
	Title      string `json:"title"`
	Summary    string `json:"summary,omitempty"`
	Content    string `json:"content,omitempty"`
	Author     string `json:"author,omitempty"`
	Tags       string `json:"tags,omitempty"`
	Published  string `json:"published,omitempty"`
}

func golden(f Feed, err error) want {
	if e, ok := errors.AsType[*sources.Error](err); ok {
		return want{Error: e.Text, State: string(e.State)}
	}
	w := want{Title: f.Title, Link: f.Link, Lang: f.Lang, Skip: f.Skipped, Why: f.SkipReason}
	for _, i := range f.Items {
		g := goldenItem{
			GUID: i.GUID, LinkShared: i.LinkShared, URL: i.Story.URL, Title: i.Story.Title, Summary: i.Story.Summary,
			Content: i.Story.Content, Author: i.Story.Author, Tags: strings.Join(i.Story.Tags, ", "),
		}
		if !i.Story.Published.IsZero() {
			g.Published = i.Story.Published.Format(time.RFC3339)
		}
		w.Items = append(w.Items, g)
	}
	return w
}

// fixtures are all documents in testdata. A bug report is a new file there.
func fixtures(t testing.TB) []string {
	t.Helper()
	var list []string
	for _, pattern := range []string{"testdata/*.xml", "testdata/*.json"} {
		files, err := filepath.Glob(pattern)
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range files {
			if !strings.HasSuffix(f, ".want.json") {
				list = append(list, f)
			}
		}
	}
	if len(list) == 0 {
		t.Fatal("no fixtures")
	}
	return list
}

func TestFixtures(t *testing.T) {
	for _, file := range fixtures(t) {
		t.Run(filepath.Base(file), func(t *testing.T) {
			body, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			f, err := Parse(body, "", base, now)
			checkFeed(t, f, err)
			got := golden(f, err)
			goldenFile := file + ".want.json"
			if *update {
				var out bytes.Buffer
				e := json.NewEncoder(&out)
				e.SetEscapeHTML(false)
				e.SetIndent("", "  ")
				if err := e.Encode(got); err != nil {
					t.Fatal(err)
				}
				if err := os.WriteFile(goldenFile, out.Bytes(), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			var wanted want
			b, err := os.ReadFile(goldenFile)
			if err != nil {
				t.Fatalf("%v: run the tests with -update and look at what comes", err)
			}
			if err := json.Unmarshal(b, &wanted); err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(wanted, got); d != "" {
				t.Errorf("%s (-want +got):\n%s", goldenFile, d)
			}
		})
	}
}

// checkFeed holds for whatever is parsed.
func checkFeed(t testing.TB, f Feed, err error) {
	t.Helper()
	if err != nil {
		var e *sources.Error
		if !errors.As(err, &e) || e.State != sources.Failing || e.Text == "" || len(e.Text) > 4096+600 {
			t.Fatalf("not a sources.Error for people: %#v", err)
		}
		if strings.ContainsFunc(e.Text, unicode.IsControl) {
			t.Errorf("control character in %q", e.Text)
		}
		return
	}
	if len(f.Items) > maxItems {
		t.Errorf("%d items", len(f.Items))
	}
	guids := map[string]bool{}
	for _, i := range f.Items {
		s := i.Story
		id := i.GUID
		if id == "" && !i.LinkShared {
			id, _ = story.CanonicalURL(s.URL)
		}
		if id == "" || guids[id] || len(i.GUID) > maxGUID {
			t.Errorf("guid %q and link %q do not tell the item apart", i.GUID, s.URL)
		}
		guids[id] = true
		if s.Title == "" {
			t.Error("an item without a title")
		}
		for _, text := range []struct {
			name, value string
			limit       int
			lines       bool
		}{
			{"title", s.Title, maxTitle, false},
			{"summary", s.Summary, maxSummary, false},
			{"content", s.Content, maxContent, true},
			{"author", s.Author, maxAuthor, false},
			{"tags", strings.Join(s.Tags, " "), maxTags * (maxTag + 1), false},
			{"url", s.URL, maxLink + len(base), false},
			{"guid", i.GUID, maxGUID, false},
		} {
			if len(text.value) > text.limit {
				t.Errorf("%s has %d bytes, more than %d", text.name, len(text.value), text.limit)
			}
			if !utf8.ValidString(text.value) || strings.TrimSpace(text.value) != text.value {
				t.Errorf("%s is not trimmed or not UTF-8: %q", text.name, text.value)
			}
			if strings.ContainsFunc(text.value, func(r rune) bool { return unicode.IsControl(r) && (r != '\n' || !text.lines) }) {
				t.Errorf("control character in %s: %q", text.name, text.value)
			}
		}
		if s.Published.After(now) || !s.Published.IsZero() && s.Published.Location() != time.UTC {
			t.Errorf("published %v", s.Published)
		}
		if s.URL != "" && !strings.HasPrefix(strings.ToLower(s.URL), "http") {
			t.Errorf("url %q", s.URL)
		}
	}
}

func TestCharset(t *testing.T) {
	doc := func(prolog, title string) string {
		return prolog + "<rss><channel><title>" + title + "</title></channel></rss>"
	}
	for _, c := range []struct{ name, body, contentType, want string }{
		{"the server's", doc("", "caf\xe9"), "text/xml; charset=ISO-8859-1", "café"},
		{"the server's outweighs the declared one", doc(`<?xml version="1.0" encoding="koi8-r"?>`, "caf\xe9"), "text/xml; charset=latin1", "café"},
		{"UTF-8 outweighs the server's", doc("", "café"), "text/xml; charset=latin1", "café"},
		{"declared in single quotes", doc(`<?xml version='1.0' encoding='koi8-r' ?>`, "\xc1\xc2"), "", "аб"},
		{"unknown to everybody", doc(`<?xml version="1.0" encoding="klingon"?>`, "caf\xe9"), "text/xml; charset=x-klingon", "café"},
		{"declared UTF-8 and is not", doc(`<?xml version="1.0" encoding="utf-8"?>`, "caf\xe9"), "", "café"},
		{"UTF-8 with one broken byte", doc("", "größer als caf\xe9"), "", "größer als caf\uFFFD"},
		{"byte order mark", "\xef\xbb\xbf" + doc(`<?xml version="1.0" encoding="latin1"?>`, "café"), "", "café"},
		{"UTF-16 without a mark", strings.Join(strings.Split(doc("", "cafe"), ""), "\x00") + "\x00", "", "cafe"},
		{"letters in seven bits", doc(`<?xml version="1.0" encoding="iso-2022-jp"?>`, "\x1b$B4A;z\x1b(B"), "", "漢字"},
		{"broken content type", doc("", "café"), "text/xml; charset=", "café"},
		{"JSON with a mark", "\xef\xbb\xbf" + `{"version":"https://jsonfeed.org/version/1","title":"café","items":[]}`, "application/json", "café"},
	} {
		f, err := Parse([]byte(c.body), c.contentType, base, now)
		if err != nil || f.Title != c.want {
			t.Errorf("%s: got %q, %v, want %q", c.name, f.Title, err, c.want)
		}
	}
}

func TestItemsAreCounted(t *testing.T) {
	var b strings.Builder
	b.WriteString("<rss><channel>")
	for n := range maxItems + 7 {
		fmt.Fprintf(&b, "<item><title>%d</title><link>https://a.example/%d</link></item>", n, n)
	}
	b.WriteString("</channel></rss>")
	f, err := Parse([]byte(b.String()), "", base, now)
	if err != nil || len(f.Items) != maxItems || f.Skipped != 7 || f.SkipReason == "" {
		t.Errorf("got %d items, %d skipped (%s), %v", len(f.Items), f.Skipped, f.SkipReason, err)
	}
}

func TestServersNameForWhatIsNoFeed(t *testing.T) {
	_, err := Parse([]byte("%PDF-1.7 ..."), "application/pdf; x=y", base, now)
	if err == nil || !strings.Contains(err.Error(), "the server calls it application/pdf") {
		t.Errorf("got %v", err)
	}
}

func FuzzParse(f *testing.F) {
	for _, file := range fixtures(f) {
		body, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(body, "text/xml; charset=latin1")
		f.Add(body, "")
	}
	f.Add([]byte(`{"items":[{"author":null,"attachments":[{}],"tags":[null]}],"authors":[null],"hubs":null,"version":"jsonfeed.org"}`), "")
	f.Fuzz(func(t *testing.T, body []byte, contentType string) {
		feed, err := Parse(body, contentType, base, now)
		checkFeed(t, feed, err)
	})
}
