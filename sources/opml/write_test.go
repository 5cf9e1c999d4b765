package opml

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"tipoff/sources"
)

var now = time.Date(2025, 3, 4, 5, 6, 7, 0, time.FixedZone("", 3600))

// roundTrip checks that sources come back as they were written, apart from
// their secrets.
func roundTrip(t interface {
	Helper()
	Fatalf(string, ...any)
}, srcs []sources.Source,
) {
	t.Helper()
	var b bytes.Buffer
	if err := Write(&b, "Desk", srcs, now); err != nil {
		t.Fatalf("%v", err)
	}
	list, err := Read(&b)
	if err != nil || list.Title != "Desk" {
		t.Fatalf("title %q, %v", list.Title, err)
	}
	var got, want []sources.Source
	for _, e := range list.Entries {
		if !e.Whole {
			t.Fatalf("not whole: %+v", e)
		}
		got = append(got, e.Source)
	}
	secrets := 0
	for _, src := range srcs {
		proxy, had := withoutUser(src.Proxy)
		if had || src.BasicAuth != "" || len(src.Headers) > 0 {
			secrets++
		}
		src.BasicAuth, src.Headers, src.Proxy = "", nil, proxy
		want = append(want, src)
	}
	if d := cmp.Diff(want, got, cmpopts.EquateEmpty()); d != "" {
		t.Fatalf("what is read is not what was written (-want +got):\n%s", d)
	}
	if len(list.Problems) != secrets {
		t.Fatalf("%d sources had secrets, told: %v", secrets, list.Problems)
	}
}

func TestWriteThenRead(t *testing.T) {
	text := rapid.StringOfN(rapid.RuneFrom([]rune(`ab Z09 -,/&<>"'üñ新.:[]{}$@#*+~^`+"\u00a0")), 0, 20, -1)
	tag := rapid.Custom(func(t *rapid.T) string {
		s := strings.TrimSpace(text.Draw(t, "tag"))
		if s == "" {
			return "gov"
		}
		return s
	})
	source := rapid.Custom(func(t *rapid.T) sources.Source {
		src := sources.Source{
			Name:     rapid.StringMatching(`[a-zA-Z0-9ü新][a-zA-Z0-9_.-]{0,39}`).Draw(t, "name"),
			URL:      rapid.StringMatching(`https?://[a-z]{1,5}\.example(:8080)?/[a-zA-Z0-9&;'"%é-]{0,8}`).Draw(t, "url"),
			Kind:     rapid.SampledFrom(append([]sources.Kind{""}, sources.Kinds...)).Draw(t, "kind"),
			Items:    text.Draw(t, "items"),
			FullText: rapid.Bool().Draw(t, "full_text"),
			Schedule: rapid.SampledFrom([]string{"", "@hourly", "*/15 * * * *", "TZ=Europe/Berlin 0 9 * * 1-5"}).Draw(t, "schedule"),
			Tags:     rapid.SliceOfN(tag, 0, 5).Draw(t, "tags"),
			Backfill: rapid.IntRange(0, maxBackfill).Draw(t, "backfill"),
			Fields:   rapid.MapOf(rapid.SampledFrom(sources.FieldNames), text).Draw(t, "fields"),
			Proxy:    rapid.SampledFrom([]string{"", "http://proxy.example:3128", "socks5://robin:pw@127.0.0.1:1080"}).Draw(t, "proxy"),
		}
		src.BasicAuth = rapid.SampledFrom([]string{"", "robin:pw"}).Draw(t, "basic_auth")
		src.Headers = rapid.SampledFrom([]map[string]string{nil, {"X-Key": "k"}}).Draw(t, "headers")
		return src
	})
	rapid.Check(t, func(t *rapid.T) {
		srcs := rapid.SliceOfNDistinct(source, 0, 8, func(s sources.Source) string { return fold(s.Name) }).Draw(t, "sources")
		for i := range srcs {
			srcs[i].URL = strings.ReplaceAll(srcs[i].URL, "%", "%25")
		}
		roundTrip(t, srcs)
	})
}

func TestWrite(t *testing.T) {
	srcs := []sources.Source{
		{Name: "cisa", URL: "https://gov.example/a?b=1&c=2", Kind: sources.Feed, Tags: []string{"gov", "us"}, Schedule: "@hourly", Backfill: 2},
		{Name: "a--b---c", URL: "https://robin:hunter1@b.example/", BasicAuth: "robin:hunter2", Headers: map[string]string{"X-Key": "hunter3", "Cookie": "hunter4"}, Proxy: "http://robin:hunter5@proxy.example:3128"},
		{Name: "user", URL: "https://hunter0@d.example/"},
		{Name: "list", URL: "https://c.example/", Kind: sources.JSON, Items: "items.#", Fields: map[string]string{"url": "u", "title": "t<"}, FullText: true, Tags: []string{"A, B"}, Proxy: "% hunter6@"},
	}
	const want = `<?xml version="1.0" encoding="UTF-8"?>
<!-- Secrets are left out. After an import, set them again for 3 of 4 sources:
a- -b- - -c (basic_auth, headers.Cookie, headers.X-Key, proxy's user and password)
user (basic_auth)
list (proxy's user and password)
-->
<opml version="2.0" xmlns:tipoff="https://tipoff.invalid/opml">
  <head>
    <title>Desk &amp; co</title>
    <dateCreated>Tue, 04 Mar 2025 04:06:07 GMT</dateCreated>
  </head>
  <body>
    <outline type="rss" text="cisa" title="cisa" xmlUrl="https://gov.example/a?b=1&amp;c=2" category="gov,us" tipoff:name="cisa" tipoff:kind="feed" tipoff:schedule="@hourly" tipoff:backfill="2"></outline>
    <outline type="rss" text="a--b---c" title="a--b---c" xmlUrl="https://b.example/" tipoff:name="a--b---c" tipoff:proxy="http://proxy.example:3128" tipoff:left_out="basic_auth, headers.Cookie, headers.X-Key, proxy&#39;s user and password"></outline>
    <outline type="rss" text="user" title="user" xmlUrl="https://d.example/" tipoff:name="user" tipoff:left_out="basic_auth"></outline>
    <outline text="list" title="list" xmlUrl="https://c.example/" category="A, B" tipoff:name="list" tipoff:kind="json" tipoff:items="items.#" tipoff:fields="{&#34;title&#34;:&#34;t\u003c&#34;,&#34;url&#34;:&#34;u&#34;}" tipoff:full_text="true" tipoff:tags="[&#34;A, B&#34;]" tipoff:left_out="proxy&#39;s user and password"></outline>
  </body>
</opml>
`
	var b bytes.Buffer
	if err := Write(&b, "Desk & co", srcs, now); err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(want, b.String()); d != "" {
		t.Error(d)
	}
	if strings.Contains(b.String(), "hunter") {
		t.Error("a secret is written")
	}
	// By the rules of XML, for readers that have no other.
	if err := xml.Unmarshal(b.Bytes(), &struct{}{}); err != nil {
		t.Error(err)
	}
}

func TestWriteNothing(t *testing.T) {
	roundTrip(t, nil)
}

type full struct{ room int }

var errFull = errors.New("no room")

func (f *full) Write(p []byte) (int, error) {
	if f.room -= len(p); f.room < 0 {
		return 0, errFull
	}
	return len(p), nil
}

func TestWriterFails(t *testing.T) {
	if err := Write(&full{10}, "Desk", nil, now); !errors.Is(err, errFull) {
		t.Errorf("got %v", err)
	}
}

func ExampleWrite() {
	var b strings.Builder
	err := Write(&b, "Desk", []sources.Source{{Name: "cisa", URL: "https://gov.example/cisa.xml", Tags: []string{"gov", "us"}}}, time.Date(2025, 3, 4, 5, 6, 7, 0, time.UTC))
	list, _ := Read(strings.NewReader(b.String()))
	fmt.Println(list.Title, list.Entries[0].Source.Tags, err)
	// Output: Desk [gov us] <nil>
}
