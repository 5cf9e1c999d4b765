package opml

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/iotest"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/text/encoding/unicode"

	"tipoff/sources"
	"tipoff/sources/story"
)

var updateGolden = flag.Bool("update", false, "write what is read into testdata/*.want.json")

// golden is the form of a list under testdata.
type golden struct {
	Error string `json:",omitempty"`
	List  List
}

func TestFixtures(t *testing.T) {
	files, err := filepath.Glob("testdata/*.opml")
	if err != nil || len(files) == 0 {
		t.Fatal("no fixtures", err)
	}
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			body, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			var got, want golden
			if got.List, err = Read(bytes.NewReader(body)); err != nil {
				got.Error = err.Error()
			}
			wantFile := strings.TrimSuffix(file, ".opml") + ".want.json"
			if *updateGolden {
				var out bytes.Buffer
				e := json.NewEncoder(&out)
				e.SetEscapeHTML(false)
				e.SetIndent("", "  ")
				if err := e.Encode(got); err != nil {
					t.Fatal(err)
				}
				if err := os.WriteFile(wantFile, out.Bytes(), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			b, err := os.ReadFile(wantFile)
			if err != nil {
				t.Fatalf("%v: run the tests with -update and look at what comes", err)
			}
			if err := json.Unmarshal(b, &want); err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(want, got); d != "" {
				t.Errorf("%s (-want +got):\n%s", wantFile, d)
			}
		})
	}
}

// body is a list with these outlines, from line 2.
func body(outlines string) string {
	return "<opml version=\"2.0\"><head><title>T</title></head><body>\n" + outlines + "\n</body></opml>"
}

func TestWhatIsNoList(t *testing.T) {
	for _, c := range []struct{ name, text, want string }{
		{"nothing", "", "line 1: this is no list of feeds"},
		{"text", "https://example.org/feed", "line 1: this is no list of feeds"},
		{"JSON", `{"feeds": []}`, "line 1: this is no list of feeds"},
		{"web page", "\n<!DOCTYPE html><html><body></body></html>", "line 2: this is a web page"},
		{"RSS", "<rss><channel/></rss>", "line 1: this is a feed"},
		{"RDF", "<rdf:RDF/>", "line 1: this is a feed"},
		{"other XML", "<plist/>", "line 1: this is XML of another kind"},
		{"zip", "PK\x03\x04", "line 1: this is a compressed file"},
		{"gzip", "\x1f\x8b\x08", "line 1: this is a compressed file"},
		{"entities", "<?xml version='1.0'?>\n<!DOCTYPE opml [\n<!ENTITY a 'aaaa'>\n<!ENTITY b '&a;&a;'>]>\n" + body(""), "line 2: the list declares entities"},
		{"entities after elements", "<!DOCTYPE opml [<!ELEMENT opml ANY>\n<!entity % a 'aaaa'>]>" + body(""), "line 2: the list declares entities"},
		{"deep", body(strings.Repeat("<outline text='a'>\n", 101)), "line 102: the folders lie more than 100 deep"},
		{"many", body(strings.Repeat("<outline/>", 20_001)), "line 2: the list has more than 20,000 outlines"},
		{"many attributes", "<opml>\n<outline" + manyAttributes(1001) + "/></opml>", "line 2: an element here has more than 1,000 attributes"},
		{"many attributes elsewhere", "<opml>\n<x" + manyAttributes(1001) + "/></opml>", "line 2: an element here has more than 1,000 attributes"},
		{"long", body(strings.Repeat(" ", maxBytes)), "line 1: the list is longer than 16 MiB"},
	} {
		t.Run(c.name, func(t *testing.T) {
			list, err := Read(strings.NewReader(c.text))
			if _, ok := errors.AsType[Problem](err); !ok || !strings.HasPrefix(err.Error(), c.want) {
				t.Errorf("got %v, want %s", err, c.want)
			}
			if list.Entries != nil || list.Problems != nil || list.Title != "" {
				t.Errorf("a list came with the error: %+v", list)
			}
		})
	}
}

func manyAttributes(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, " a%d=''", i)
	}
	return b.String()
}

func TestLimitsThatAreMet(t *testing.T) {
	for _, c := range []struct {
		name, text string
		entries    int
	}{
		{"deep", body(strings.Repeat("<outline text='a'>", 100) + "<outline xmlUrl='https://a.example/'/>" + strings.Repeat("</outline>", 100)), 1},
		{"many", body(strings.Repeat("<outline/>", 19_999) + "<outline xmlUrl='https://a.example/'/>"), 1},
		{"many attributes", "<opml><outline" + manyAttributes(999) + " xmlUrl='https://a.example/'/></opml>", 1},
		{"empty", "<opml/>", 0},
		{"after the end", "<opml></opml><outline xmlUrl='https://a.example/'/>", 0},
		{"comment about entities", "<!-- no <!ENTITY here -->" + body(""), 0},
		{"comment that is commented out", body("<!-- <outline xmlUrl='https://a.example/'/> -->"), 0},
		{"text that looks like one", body("<![CDATA[<outline xmlUrl='https://a.example/'/>]]>"), 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			list, err := Read(strings.NewReader(c.text))
			if err != nil || len(list.Entries) != c.entries {
				t.Errorf("got %d entries, %v", len(list.Entries), err)
			}
		})
	}
}

func TestTruncated(t *testing.T) {
	whole := body("<outline text='A' xmlUrl='https://a.example/'/>\n<outline text='B' xmlUrl='https://b.example/'/>\n")
	second := strings.Index(whole, "<outline text='B'")
	for _, c := range []struct {
		name    string
		text    string
		entries int
		line    int
	}{
		{"in a tag", whole[:second+10], 1, 3},
		{"in an address", whole[:second+30], 1, 3},
		{"between tags", whole[:second], 1, 2},
		{"before the end", strings.TrimSuffix(whole, "</opml>"), 2, 5},
		{"in a comment", whole[:second] + "<!-- ", 1, 3},
		{"in the root", "<opml ver", 0, 1},
		{"after the root", "<opml>", 0, 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			list, err := Read(strings.NewReader(c.text))
			p, ok := errors.AsType[Problem](err)
			if !ok || p.Line != c.line || len(list.Entries) != c.entries {
				t.Fatalf("got %d entries, %v", len(list.Entries), err)
			}
			if c.entries > 0 && list.Entries[0].Source.Name != "a" {
				t.Errorf("got %+v", list.Entries[0])
			}
		})
	}
}

func TestFoldersAndDuplicates(t *testing.T) {
	const ns = `<opml xmlns:tipoff="` + namespace + `"><body>` + "\n"
	for _, c := range []struct {
		name, text string
		want       string // name, tags and credentials of each entry
		problems   string // the lines
	}{
		{
			"folders side by side", body(`<outline text="A"><outline text="B"><outline text="1" xmlUrl="http://1.a"/></outline><outline text="C"><outline text="2" xmlUrl="http://2.a"/></outline></outline><outline text="3" xmlUrl="http://3.a"/>`),
			"1 [a b] 2 [a c] 3 []", "[]",
		},
		{"folders of one name", body(`<outline text="A"><outline text="a"><outline text="1" xmlUrl="http://1.a"/></outline></outline>`), "1 [a]", "[]"},
		{"folder by title", body(`<outline title="A"><outline text="1" xmlUrl="http://1.a"/></outline>`), "1 [a]", "[]"},
		{"folder that is called a feed", body(`<outline text="A" type="rss"><outline text="1" xmlUrl="http://1.a"/></outline>`), "1 [a]", "[]"},
		{"folder that is an address", body(`<outline text="http://u:p@a/"><outline text="1" xmlUrl="http://1.a"/></outline>`), "1 []", "[]"},
		{"feed without an address", body("<outline text='A' type='rss'>\n</outline><outline xmlUrl='x'/>\n<outline type='rss'/>"), "", "[2 3 4]"},
		{"feed in a feed", body(`<outline text="A"><outline text="1" xmlUrl="http://1.a"><outline text="2" xmlUrl="http://2.a"/></outline></outline>`), "1 [a] 2 [a]", "[]"},
		{
			"tags of a folder are its own", body(`<outline text="A"><outline text="1" category="x" xmlUrl="http://1.a"/><outline text="2" category="y" xmlUrl="http://2.a"/><outline text="3" xmlUrl="http://3.a"/></outline>`),
			"1 [a x] 2 [a y] 3 [a]", "[]",
		},
		{
			"merging changes no other", body(`<outline text="A"><outline text="B"><outline text="C"><outline text="1" xmlUrl="http://1.a"/><outline text="2" xmlUrl="http://2.a"/></outline></outline></outline><outline text="D">` + "\n" +
				`<outline xmlUrl="http://1.a"/></outline><outline text="E">` + "\n" + `<outline xmlUrl="http://2.a"/></outline>`),
			"1 [a b c d] 2 [a b c e]", "[3 4]",
		},
		{"credentials of either", body("<outline text='1' xmlUrl='http://1.a'/>\n<outline xmlUrl='http://u:p@1.a'/>\n<outline xmlUrl='http://u:q@1.a/#x'/>"), "1 [] u:p", "[3 4]"},
		{"our own keeps its tags", ns + `<outline text="1" tipoff:name="n" category="x" xmlUrl="http://1.a"/><outline text="A">` + "\n" + `<outline xmlUrl="http://1.a"/></outline></body></opml>`, "n [x]", "[3]"},
		{"our own twice", ns + `<outline tipoff:name="n" xmlUrl="http://1.a"/><outline tipoff:name="N" xmlUrl="http://1.a"/></body></opml>`, "n []", "[2]"},
		{"problems in their order", ns + `<outline tipoff:name="n" xmlUrl="http://1.a"/><outline tipoff:name="n" xmlUrl="http://2.a"/>` + "\n" + `<outline xmlUrl="x"/></body></opml>`, "n [] n-2 []", "[2 3]"},
		{"unprintable in a schedule", ns + `<outline tipoff:name="n" tipoff:schedule="0&#9;9 * * *" xmlUrl="http://1.a"/></body></opml>`, "n []", "[2]"},
		{"our attributes without our namespace", body(`<outline text="1" tipoff:name="n" xmlUrl="http://1.a"/>`), "1 []", "[]"},
		{"title in an outline", `<opml><body><outline text="A"><title>No</title></outline></body></opml>`, "", "[]"},
	} {
		t.Run(c.name, func(t *testing.T) {
			list, err := Read(strings.NewReader(c.text))
			if err != nil || list.Title == "No" {
				t.Fatalf("title %q, %v", list.Title, err)
			}
			got := ""
			for _, e := range list.Entries {
				got += fmt.Sprintf(" %s %s %s", e.Source.Name, e.Source.Tags, e.Source.BasicAuth)
			}
			lines := []int{}
			for _, p := range list.Problems {
				lines = append(lines, p.Line)
			}
			if got = strings.Join(strings.Fields(got), " "); got != c.want || fmt.Sprint(lines) != c.problems {
				t.Errorf("got %s, %v, want %s, %s", got, list.Problems, c.want, c.problems)
			}
		})
	}
}

func TestReaderFails(t *testing.T) {
	if _, err := Read(iotest.ErrReader(io.ErrUnexpectedEOF)); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("got %v", err)
	}
}

func TestCharsets(t *testing.T) {
	const title = "Zürich Żółw 新聞"
	text := body("<outline text='" + title + "' xmlUrl='https://a.example/'/>")
	utf16 := func(e unicode.Endianness, bom unicode.BOMPolicy, prolog string) string {
		s, err := unicode.UTF16(e, bom).NewEncoder().String(prolog + text)
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	for _, c := range []struct{ name, text, want string }{
		{"UTF-8", text, title},
		{"UTF-8 with a mark", "\xef\xbb\xbf" + text, title},
		{"UTF-8 that says otherwise", `<?xml version="1.0" encoding="iso-8859-1"?>` + text, title},
		{"UTF-16 little", utf16(unicode.LittleEndian, unicode.UseBOM, `<?xml version="1.0" encoding="utf-16"?>`), title},
		{"UTF-16 big", utf16(unicode.BigEndian, unicode.UseBOM, ""), title},
		{"UTF-16 without a mark", utf16(unicode.LittleEndian, unicode.IgnoreBOM, ""), title},
		{"UTF-8 that says UTF-16", `<?xml version="1.0" encoding="utf-16"?>` + text, title},
		{"Latin-1", `<?xml version="1.0" encoding="ISO-8859-1"?>` + body("<outline text='Z\xfcrich' xmlUrl='https://a.example/'/>"), "Zürich"},
		{"Windows-1251", `<?xml version='1.0' encoding='windows-1251' ?>` + body("<outline text='\xcd\xee\xe2\xee\xf1\xf2\xe8' xmlUrl='https://a.example/'/>"), "Новости"},
		{"ISO-2022-JP", `<?xml version="1.0" encoding="iso-2022-jp"?>` + body("<outline text='\x1b$B?7J9\x1b(B' xmlUrl='https://a.example/'/>"), "新聞"},
		{"undeclared", body("<outline text='Z\xfcrich\x96' xmlUrl='https://a.example/'/>"), "Zürich–"},
		{"unknown", `<?xml version="1.0" encoding="klingon"?>` + body("<outline text='Z\xfcrich' xmlUrl='https://a.example/'/>"), "Zürich"},
		{"line ends of old", strings.ReplaceAll(text, "\n", "\r"), title},
	} {
		t.Run(c.name, func(t *testing.T) {
			list, err := Read(strings.NewReader(c.text))
			if err != nil || len(list.Entries) != 1 {
				t.Fatalf("got %+v, %v", list, err)
			}
			if e := list.Entries[0]; e.Title != c.want || e.Line != 2 {
				t.Errorf("got %q in line %d", e.Title, e.Line)
			}
		})
	}
}

func TestAddresses(t *testing.T) {
	for _, c := range []struct{ raw, address, auth, why string }{
		{"https://example.org/feed", "https://example.org/feed", "", ""},
		{"HTTP://Example.org:80/feed#top", "HTTP://Example.org:80/feed#top", "", ""},
		{"feed://example.org/feed", "http://example.org/feed", "", ""},
		{"FEED:https://example.org/feed", "https://example.org/feed", "", ""},
		{"feed://https://example.org/feed", "https://example.org/feed", "", ""},
		{"feed:example.org/feed", "http://example.org/feed", "", ""},
		{"https://robin:p%40ss@example.org/feed?a=%2F", "https://example.org/feed?a=%2F", "robin:p@ss", ""},
		{"feed://robin:pw@example.org/", "http://example.org/", "robin:pw", ""},
		{" https://example.org/a\n\t  /b c ", "https://example.org/a/b%20c", "", ""},
		{"https://token@example.org/", "https://example.org/", "token:", ""},
		{"https://@example.org/", "https://example.org/", "", ""},
		{"https://:pw@example.org/", "https://example.org/", "", "set basic_auth"},
		{"https://ro%3Abin:pw@example.org/", "https://example.org/", "", "set basic_auth"},
		{"https://robin:p%0Aw@example.org/", "https://example.org/", "", "set basic_auth"},
		{"https://例え.example/フィード", "https://例え.example/フィード", "", ""},
		{"", "", "", "not a web address"},
		{"feed:", "", "", "not a web address"},
		{"example.org/feed", "", "", "not a web address"},
		{"//example.org/feed", "", "", "not a web address"},
		{"ftp://example.org/feed", "", "", "not a web address"},
		{"file:///etc/passwd", "", "", "not a web address"},
		{"javascript:alert(1)", "", "", "not a web address"},
		{"https://", "", "", "not a web address"},
		{"https://robin:p/w@example.org/", "", "", "not a web address"},
		{"https://a.example/\u0085b", "", "", "not a web address"},
		{"https://a.example/\uFFFD", "", "", "not a web address"},
		{"https://a.example/" + strings.Repeat("a", 9000), "", "", "not a web address"},
	} {
		address, auth, why := splitAddress(c.raw)
		if address != c.address || auth != c.auth || !strings.Contains(why, c.why) || c.why == "" && why != "" {
			t.Errorf("%.80s: got %q, %q, %q", c.raw, address, auth, why)
		}
	}
}

func TestNames(t *testing.T) {
	for _, c := range []struct{ title, address, want string }{
		{"Krebs on Security", "", "krebs-on-security"},
		{"Robin's “Zero-Day” Notes", "", "robins-zero-day-notes"},
		{"Reaktor Sécurité", "", "reaktor-securite"},
		{"資安週報", "", "資安週報"},
		{"ガード ニュース", "", "ガード-ニュース"},
		{"The Weekly Incident Report of the Harbour", "", "the-weekly-incident-report-of"},
		{strings.Repeat("a", 50), "", strings.Repeat("a", 30)},
		{"... !!!", "https://www.Example.org/feed", "example-org"},
		{"", "https://feeds.example.org:8080/", "feeds-example-org"},
		{"", "https://[::1]/", "1"},
		{"", "", "feed"},
	} {
		if got := nameOf(c.title, c.address); got != c.want {
			t.Errorf("%q, %s: got %q, want %q", c.title, c.address, got, c.want)
		}
	}
	n := newNames(0)
	long := strings.Repeat("x", 31) + "-" + strings.Repeat("y", 8)
	for _, c := range [][2]string{
		{"a", "a"},
		{"a", "a-2"},
		{"a-3", "a-3"},
		{"A", "A-4"},
		{"a-2", "a-2-2"},
		{long, long},
		{long, strings.Repeat("x", 31) + "-2"},
	} {
		if got := n.free(c[0]); got != c[1] {
			t.Errorf("%s: got %s, want %s", c[0], got, c[1])
		}
	}
}

func TestTags(t *testing.T) {
	for _, c := range [][2]string{
		{"Threat Intel", "threat-intel"},
		{" ICS /  OT ", "ics-ot"},
		{"Security &amp; Privacy", "security-privacy"},
		{"C++", "c++"},
		{"🔥", "🔥"},
		{"ÜBER\u202e uns", "über-uns"},
		{"", ""},
		{"\t\n", ""},
		{strings.Repeat("ü", 40), strings.Repeat("ü", 32)},
		{strings.Repeat("a", 63) + " b", strings.Repeat("a", 63)},
	} {
		if got := tagOf(c[0]); got != c[1] {
			t.Errorf("%q: got %q, want %q", c[0], got, c[1])
		}
	}
}

// Time must grow with the length of a list, however it is built.
func TestHostileLists(t *testing.T) {
	var one, folders, tagged strings.Builder
	for range maxOutlines {
		one.WriteString("<outline text='a' xmlUrl='https://a.example/'/>")
	}
	for i := range maxDepth - 1 {
		fmt.Fprintf(&folders, "<outline text='%d%s'>", i, strings.Repeat("a", 50))
	}
	for i := range maxOutlines - maxDepth {
		fmt.Fprintf(&tagged, "<outline text='a' category='x%d' xmlUrl='https://a.example/%d'/>", i, i)
	}
	for _, c := range []struct {
		name, text string
		entries    int
	}{
		{"one address", body(one.String()), 1},
		{"one name, many tags", body(folders.String() + tagged.String() + strings.Repeat("</outline>", maxDepth-1)), maxOutlines - maxDepth},
		{"long category", body("<outline text='a' xmlUrl='https://a.example/' category='" + strings.Repeat("a,", 1<<18) + strings.Repeat("/b", 1<<18) + "'/>"), 1},
		{"long title", body("<outline xmlUrl='https://a.example/' text='" + strings.Repeat("a ", 1<<20) + "'/>"), 1},
		{"stray ends", body(strings.Repeat("</outline>", 1<<18)), 0},
		{"other elements", body(strings.Repeat("<x>", 1<<18)), 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			list, err := Read(strings.NewReader(c.text))
			if err != nil || len(list.Entries) != c.entries || len(list.Problems) > maxOutlines {
				t.Errorf("got %d entries, %d problems, %v", len(list.Entries), len(list.Problems), err)
			}
			for _, e := range list.Entries {
				if len(e.Source.Tags) > maxTags {
					t.Fatalf("got %d tags", len(e.Source.Tags))
				}
			}
		})
	}
}

func FuzzRead(f *testing.F) {
	files, _ := filepath.Glob("testdata/*.opml")
	for _, file := range files {
		b, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
	}
	f.Add([]byte("<opml xmlns:tipoff='" + namespace + "'><outline tipoff:name='a' xmlUrl='https://a:b@a/' tipoff:fields='{}'/></opml>"))
	f.Fuzz(func(t *testing.T, data []byte) {
		list, err := Read(bytes.NewReader(data))
		lines := 1 + bytes.Count(toUTF8(data), []byte("\n"))
		problems := list.Problems
		if err != nil {
			p, ok := errors.AsType[Problem](err)
			if !ok {
				t.Fatalf("error %T", err)
			}
			problems = append(problems, p)
		}
		for _, p := range problems {
			if p.Line < 1 || p.Line > lines || p.Text == "" || strings.ContainsAny(p.Text, "\n\x1b") || len(p.Text) > 2000 {
				t.Errorf("problem %+v of %d lines", p, lines)
			}
		}
		seen := map[string]bool{}
		var srcs []sources.Source
		for _, e := range list.Entries {
			checkEntry(t, e)
			if name := fold(e.Source.Name); seen[name] {
				t.Errorf("the name %s is there twice", name)
			} else {
				seen[name] = true
			}
			srcs = append(srcs, e.Source)
		}
		roundTrip(t, srcs)
		for _, c := range Changes(srcs, list) {
			if c.Action != Same {
				t.Errorf("importing what is there is %s %v of %+v", c.Action, c.Fields, c.Have)
			}
		}
	})
}

// checkEntry checks that an entry's source would be taken by the configuration.
func checkEntry(t *testing.T, e Entry) {
	t.Helper()
	if !validName.MatchString(e.Source.Name) || e.Line < 1 || !utf8.ValidString(e.Title) || utf8.RuneCountInString(e.Title) > 300 {
		t.Errorf("got %+v", e)
	}
	for _, address := range []string{e.Source.URL, e.HTMLURL} {
		if address == "" && address == e.HTMLURL {
			continue
		}
		u, err := url.Parse(address)
		if _, ok := story.CanonicalURL(address); !ok || err != nil || u.User != nil || control(address) || strings.Contains(address, " ") && address == e.Source.URL {
			t.Errorf("address %q", address)
		}
	}
	if len(e.Source.Tags) > maxTags {
		t.Errorf("%d tags", len(e.Source.Tags))
	}
	for _, tag := range e.Source.Tags {
		if tag == "" || strings.TrimSpace(tag) != tag || len(tag) > maxTag || control(tag) || !utf8.ValidString(tag) {
			t.Errorf("tag %q", tag)
		}
	}
}
