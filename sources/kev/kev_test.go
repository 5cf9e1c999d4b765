package kev

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"tipoff/sources"
	"tipoff/sources/feed"
	"tipoff/sources/story"
)

var (
	now = time.Date(2024, 5, 10, 8, 30, 0, 0, time.UTC)
	_   = feed.Format(Read)
)

func date(s string) time.Time {
	t, err := time.Parse(time.DateOnly, s)
	if err != nil {
		panic(err)
	}
	return t
}

func fixture(t testing.TB) []byte {
	t.Helper()
	body, err := os.ReadFile("testdata/catalogue.json")
	if err != nil {
		t.Fatal(err)
	}
	return body
}

func read(t testing.TB, body, memory string) feed.Feed {
	t.Helper()
	f, err := Read(sources.Source{Name: "kev"}, feed.Document{Body: []byte(body), Memory: memory}, now)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// row is an entry of a catalogue made by a test: a CVE, its due day, and
// whether ransomware uses it.
type row struct {
	cve, due string
	known    bool
}

func catalogue(released string, rows ...row) string {
	var list []map[string]string
	for _, r := range rows {
		e := map[string]string{
			"cveID": r.cve, "vendorProject": "Acme", "product": "Gate", "vulnerabilityName": "Acme Gate Overflow",
			"dateAdded": "2024-05-01", "shortDescription": "It overflows", "requiredAction": "Mend it", "dueDate": r.due,
			"knownRansomwareCampaignUse": "Unknown",
		}
		if r.known {
			e["knownRansomwareCampaignUse"] = "Known"
		}
		list = append(list, e)
	}
	b, err := json.Marshal(map[string]any{"title": "T", "dateReleased": released, "count": len(list), "vulnerabilities": list})
	if err != nil {
		panic(err)
	}
	return string(b)
}

func TestParse(t *testing.T) {
	c, err := Parse(append([]byte("\xef\xbb\xbf\n"), fixture(t)...))
	if err != nil {
		t.Fatal(err)
	}
	want := []Entry{
		{
			CVE: "CVE-2024-1001", Vendor: "Acme", Product: "Gate", Name: "Acme Gate Path Traversal Vulnerability",
			Description: "Acme Gate lets anybody read any file of the host", Action: "Install the vendor's update.",
			Added: date("2024-05-02"), Due: date("2024-05-23"),
		},
		{
			CVE: "CVE-2023-2002", Vendor: "Borg & Sons", Product: "Mail", Name: "Webmail Login script Cross-Site Scripting",
			Description: "An <img> in a mail's subject runs in the browser.", Action: "Turn it off.",
			Added: date("2024-04-30"), Due: date("2024-05-21"), Ransomware: true,
		},
		{CVE: "CVE-2024-3003", Vendor: "Cube", Product: "Multiple Products", Added: date("2024-05-01")},
		{CVE: "CVE-2021-4004"},
	}
	if d := cmp.Diff(want, c.Entries); d != "" {
		t.Error(d)
	}
	if c.Title != "Catalogue of a Test" || c.Version != "2024.05.02" || !c.Released.Equal(time.Date(2024, 5, 2, 15, 0, 10, 123400000, time.UTC)) {
		t.Errorf("head: %q %q %v", c.Title, c.Version, c.Released)
	}
	if c.Skipped != 6 || c.SkipReason == "" {
		t.Errorf("skipped %d (%s)", c.Skipped, c.SkipReason)
	}
}

func TestReasonsForSkipping(t *testing.T) {
	for _, c := range []struct{ name, entry, want string }{
		{"a number for a text", `{"cveID":"CVE-2024-1000","product":7}`, "CVE-2024-1000: product is not a text"},
		{"a list for a text", `{"dueDate":[],"cveID":"CVE-2024-1000"}`, "CVE-2024-1000: dueDate is not a text"},
		{"a number for the id", `{"cveID":1}`, "an entry without a CVE id"},
		{"no id", `{"cveID":"GHSA-1"}`, "an entry without a CVE id"},
		{"no object", `[]`, "an entry without a CVE id"},
		{"null", `null`, "an entry without a CVE id"},
		{"twice", `{"cveID":" cve-2024-1 "},{"cveID":"CVE-2024-0001"}`, "CVE-2024-0001 is in the catalogue twice"},
	} {
		got, err := Parse([]byte(`{"vulnerabilities":[{"cveID":"CVE-2024-0001"},` + c.entry + `]}`))
		if err != nil || got.SkipReason != c.want || len(got.Entries) != 1 {
			t.Errorf("%s: got %q, %v, want %q", c.name, got.SkipReason, err, c.want)
		}
	}
}

func TestErrors(t *testing.T) {
	for _, c := range []struct{ name, body, want string }{
		{"nothing", " \n", "the answer is empty"},
		{"web page", "<!doctype html><title>Access denied</title>", "put the address of its JSON into the source's url"},
		{"words", "Access denied", "put the address of its JSON"},
		{"another JSON", `{"items":[]}`, "no list of vulnerabilities"},
		{"a list", `[{"cveID":"CVE-2024-0001"}]`, "not the KEV catalogue"},
		{"a list that is null", `{"vulnerabilities":null}`, "no list of vulnerabilities"},
		{"a list that is a number", `{"vulnerabilities":1404}`, "no list of vulnerabilities"},
		{"empty", `{"vulnerabilities":[]}`, "the catalogue is empty"},
		{"all of another form", `{"vulnerabilities":[{"id":"CVE-2024-0001"},1]}`, "none of the catalogue's 2 entries"},
		{"cut off", `{"vulnerabilities":[{"cveID":"CVE-2024-0001"},{"cve`, "ends in the middle"},
		{"broken", `{"vulnerabilities":[{"cveID":}]}`, "broken at byte 30"},
		{"too long", `{"vulnerabilities":[` + strings.Repeat("0,", maxEntries) + `0]}`, "more than 50000 entries"},
		{"deep", `{"vulnerabilities":[` + strings.Repeat("[", 1_000_000), "broken at byte"},
	} {
		f, err := Read(sources.Source{}, feed.Document{Body: []byte(c.body)}, now)
		checkError(t, err)
		if err == nil || !strings.Contains(err.Error(), c.want) || f.Items != nil {
			t.Errorf("%s: got %v, want %q", c.name, err, c.want)
		}
	}
}

func TestItems(t *testing.T) {
	f := read(t, string(fixture(t)), "")
	checkFeed(t, f)
	item := func(cve, title, summary, published string, tags ...string) sources.Item {
		i := sources.Item{GUID: cve, LinkShared: true, Story: story.Story{
			URL: "https://nvd.nist.gov/vuln/detail/" + cve, Title: title, Summary: summary, Lang: "en", Tags: tags,
			Entities: story.Entities{CVEs: []story.CVE{{ID: cve, KEV: true}}},
		}}
		if published != "" {
			i.Story.Published = date(published)
		}
		return i
	}
	want := []sources.Item{
		item("CVE-2024-1001", "Acme Gate Path Traversal Vulnerability (CVE-2024-1001) added to KEV, due 2024-05-23",
			"Acme Gate lets anybody read any file of the host. Required action: Install the vendor's update. Due 2024-05-23.", "2024-05-02", "kev"),
		item("CVE-2024-3003", "Cube (CVE-2024-3003) added to KEV", "", "2024-05-01", "kev"),
		item("CVE-2023-2002", "Borg & Sons Webmail Login script Cross-Site Scripting (CVE-2023-2002) added to KEV, due 2024-05-21, used in ransomware campaigns",
			"An <img> in a mail's subject runs in the browser. Required action: Turn it off. Due 2024-05-21. Known from ransomware campaigns.", "2024-04-30", "kev", "ransomware"),
		item("CVE-2021-4004", "CVE-2021-4004 added to KEV", "", "", "kev"),
	}
	if d := cmp.Diff(want, f.Items); d != "" {
		t.Error(d)
	}
	if f.Title != "Catalogue of a Test" || f.Lang != "en" || f.Skipped != 6 || f.SkipReason == "" {
		t.Errorf("%q %q, skipped %d (%s)", f.Title, f.Lang, f.Skipped, f.SkipReason)
	}
	const memory = "kev1 4 1714662010\nCVE-2024-1001 2024-05-23 - Acme Gate\nCVE-2023-2002 2024-05-21 K Borg & Sons Mail\n" +
		"CVE-2024-3003 - - Cube Multiple Products\nCVE-2021-4004 - -\n"
	if f.Memory != memory {
		t.Errorf("memory:\n%s", f.Memory)
	}
}

func TestSubject(t *testing.T) {
	for _, c := range []struct{ vendor, product, name, want string }{
		{"Acme", "Gate", "Acme Gate Overflow", "Acme Gate Overflow"},
		{"Acme", "Gate", "acme gate Overflow", "acme gate Overflow"},
		{"Acme", "Gate", "Overflow", "Acme Gate Overflow"},
		{"Acme Labs", "Gate", "Gate Overflow", "Acme Labs Gate Overflow"},
		{"Acme", "Gate and Key for Door", "Acme Fort Land Overflow", "Gate and Key for Door Acme Fort Land Overflow"},
		{"Acme", "Network Storage (NS)", "Acme NS Storage Overflow", "Acme NS Storage Overflow"},
		{"Acme", "Multiple Products", "Acme Overflow", "Acme Overflow"},
		{"Acme", "Gate", "", "Acme Gate"},
		{"", "", "Overflow", "Overflow"},
	} {
		e := Entry{CVE: "CVE-2024-0001", Vendor: c.vendor, Product: c.product, Name: c.name}
		if got := subject(e); got != c.want+" (CVE-2024-0001)" {
			t.Errorf("%+v: got %q", c, got)
		}
	}
}

func TestChanges(t *testing.T) {
	one, two := row{"CVE-2024-0001", "2024-05-20", false}, row{"CVE-2024-0002", "", true}
	three := row{"CVE-2024-0003", "2024-06-01", false}
	with := func(r row, due string, known bool) row { r.due, r.known = due, known; return r }
	for _, c := range []struct {
		name   string
		before []row
		after  []row
		want   []string // guid: title
	}{
		{"nothing", []row{one, two}, []row{one, two}, nil},
		{"another order", []row{one, two}, []row{two, one}, nil},
		{"an entry more", []row{one}, []row{one, two, three}, nil},
		{
			"ransomware",
			[]row{one, two},
			[]row{with(one, one.due, true), two},
			[]string{"CVE-2024-0001 ransomware on 2024-05-10: Acme Gate Overflow (CVE-2024-0001) now known from ransomware campaigns, KEV due 2024-05-20"},
		},
		{"ransomware no more", []row{one, two}, []row{one, with(two, "", false)}, nil},
		{
			"another due date",
			[]row{one, two},
			[]row{with(one, "2024-06-03", false), two},
			[]string{"CVE-2024-0001 due 2024-05-20 2024-06-03 on 2024-05-10: Acme Gate Overflow (CVE-2024-0001) KEV due date changed from 2024-05-20 to 2024-06-03"},
		},
		{
			"a due date where there was none",
			[]row{one, two},
			[]row{one, with(two, "2024-06-03", true)},
			[]string{"CVE-2024-0002 due - 2024-06-03 on 2024-05-10: Acme Gate Overflow (CVE-2024-0002) KEV due date set to 2024-06-03"},
		},
		{"a due date that is gone", []row{one, two}, []row{with(one, "", false), two}, nil},
		{"a due date that is none", []row{one, two}, []row{with(one, "next week", false), two}, nil},
		{
			"taken out",
			[]row{one, two, three},
			[]row{one, two},
			[]string{"CVE-2024-0003 removed on 2024-05-10: Acme Gate (CVE-2024-0003) removed from KEV"},
		},
		{
			"several at once",
			[]row{one, two, three},
			[]row{with(three, "2024-06-02", true), two},
			[]string{
				"CVE-2024-0003 ransomware on 2024-05-10: Acme Gate Overflow (CVE-2024-0003) now known from ransomware campaigns, KEV due 2024-06-02",
				"CVE-2024-0003 due 2024-06-01 2024-06-02 on 2024-05-10: Acme Gate Overflow (CVE-2024-0003) KEV due date changed from 2024-06-01 to 2024-06-02",
				"CVE-2024-0001 removed on 2024-05-10: Acme Gate (CVE-2024-0001) removed from KEV",
			},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			first := read(t, catalogue("2024-05-01T00:00:00Z", c.before...), "")
			body := catalogue("2024-05-02T00:00:00Z", c.after...)
			second := read(t, body, first.Memory)
			checkFeed(t, second)
			var got []string
			for _, i := range second.Items[:len(second.Items)-len(c.after)] {
				got = append(got, i.GUID+": "+i.Story.Title)
				if !i.Story.Published.Equal(now) || !i.LinkShared {
					t.Errorf("%s: published %v, link shared %v", i.GUID, i.Story.Published, i.LinkShared)
				}
			}
			if d := cmp.Diff(c.want, got); d != "" {
				t.Error(d)
			}
			if third := read(t, body, second.Memory); len(third.Items) != len(c.after) || third.Memory != second.Memory {
				t.Errorf("told twice: %v", third.Items)
			}
		})
	}
}

// A due date that is lost for a while and comes back is no news.
func TestADueDateThatComesBack(t *testing.T) {
	good, lost := catalogue("", row{"CVE-2024-0001", "2024-05-20", false}), catalogue("", row{"CVE-2024-0001", "", false})
	memory := ""
	for n, body := range []string{good, lost, lost, good} {
		f := read(t, body, memory)
		if len(f.Items) != 1 {
			t.Errorf("visit %d: %v", n, f.Items)
		}
		memory = f.Memory
	}
}

func TestTextOfChanges(t *testing.T) {
	old := read(t, catalogue("", row{"CVE-2024-0001", "2024-05-20", false}, row{"CVE-2024-0002", "2024-05-20", false}, row{"CVE-2024-0003", "2024-05-20", false}), "")
	f := read(t, catalogue("", row{"CVE-2024-0001", "2024-05-20", true}, row{"CVE-2024-0002", "2024-05-21", false}), old.Memory)
	got := map[string]story.Story{}
	for _, i := range f.Items {
		got[strings.Join(strings.Fields(i.GUID)[:min(2, len(strings.Fields(i.GUID)))], " ")] = i.Story
	}
	const rest = "It overflows. Required action: Mend it. Due "
	for _, c := range []struct {
		guid, summary, tags string
		kev                 bool
	}{
		{"CVE-2024-0001 ransomware", "The catalogue now says that ransomware campaigns use this vulnerability. " + rest + "2024-05-20.", "kev ransomware", true},
		{"CVE-2024-0002 due", "The due date was moved from 2024-05-20 to 2024-05-21. " + rest + "2024-05-21.", "kev", true},
		{"CVE-2024-0003 removed", "The catalogue of known exploited vulnerabilities does not list CVE-2024-0003 any more. It was due 2024-05-20.", "kev", false},
		// A watch for ransomware hears of the change alone.
		{"CVE-2024-0001", rest + "2024-05-20.", "kev ransomware", true},
	} {
		s, ok := got[c.guid]
		if !ok || s.Summary != c.summary || strings.Join(s.Tags, " ") != c.tags || s.Entities.CVEs[0] != (story.CVE{ID: c.guid[:13], KEV: c.kev}) {
			t.Errorf("%s: got %+v", c.guid, s)
		}
	}
}

// Ransomware that was known from the first stays in the words of the addition.
func TestTheAdditionKeepsItsWords(t *testing.T) {
	titleOf := func(f feed.Feed) string { return f.Items[len(f.Items)-1].Story.Title }
	const with, without = ", used in ransomware campaigns", "added to KEV, due 2024-05-20"
	memory := ""
	for n, c := range []struct {
		known bool
		want  string
		items int
	}{{false, without, 1}, {true, without, 2}, {true, without, 1}, {false, without, 1}, {true, without, 2}} {
		f := read(t, catalogue("", row{"CVE-2024-0001", "2024-05-20", c.known}), memory)
		if !strings.HasSuffix(titleOf(f), c.want) || len(f.Items) != c.items {
			t.Errorf("visit %d: %q, %d items", n, titleOf(f), len(f.Items))
		}
		memory = f.Memory
	}
	f := read(t, catalogue("", row{"CVE-2024-0001", "2024-05-20", true}), "")
	if f = read(t, catalogue("", row{"CVE-2024-0001", "2024-05-20", true}), f.Memory); !strings.HasSuffix(titleOf(f), with) {
		t.Errorf("got %q", titleOf(f))
	}
}

func TestMemoryThatIsAsGoodAsNone(t *testing.T) {
	before := read(t, catalogue("2024-05-01T00:00:00Z", row{"CVE-2024-0001", "2024-05-20", false}, row{"CVE-2024-0002", "2024-05-20", false}), "").Memory
	after := catalogue("2024-05-02T00:00:00Z", row{"CVE-2024-0001", "2024-05-21", true})
	if f := read(t, after, before); len(f.Items) != 4 {
		t.Fatalf("a good memory gives %d items", len(f.Items))
	}
	for _, c := range []struct{ name, memory string }{
		{"none", ""},
		{"cut off in a line", before[:len(before)-3]},
		{"cut off after a line", before[:strings.LastIndex(strings.TrimSpace(before), "\n")+1]},
		{"another form", strings.Replace(before, "kev1", "kev9", 1)},
		{"no head", before[strings.Index(before, "\n")+1:]},
		{"a count that is none", strings.Replace(before, "kev1 2", "kev1 -2", 1)},
		{"a count of a thousand millions", strings.Replace(before, "kev1 2", "kev1 1000000000000", 1)},
		{"a date that is none", strings.Replace(before, "2024-05-20", "2024-05-40", 1)},
		{"a date with more", strings.Replace(before, "2024-05-20", "2024-05-20x", 1)},
		{"an unknown use", strings.Replace(before, " - ", " X ", 1)},
		{"another id", strings.Replace(before, "CVE-2024-0001", "CVE-2024", 1)},
		{"an id twice", strings.Replace(before, "CVE-2024-0001", "CVE-2024-0002", 1)},
		{"noise", strings.Repeat("\x00 \n", 99)},
	} {
		f := read(t, after, c.memory)
		if len(f.Items) != 1 || f.Memory != read(t, after, "").Memory {
			t.Errorf("%s: %d items, memory %q", c.name, len(f.Items), f.Memory)
		}
	}
}

func TestLostEntries(t *testing.T) {
	var all []row
	for n := range 10 {
		all = append(all, row{fmt.Sprintf("CVE-2024-%04d", n), "2024-05-20", false})
	}
	memory := read(t, catalogue("", all...), "").Memory
	if f := read(t, catalogue("", all[:5]...), memory); len(f.Items) != 10 {
		t.Errorf("half of the entries: %d items", len(f.Items))
	}
	for _, body := range []string{catalogue("", all[:4]...), catalogue("")} {
		f, err := Read(sources.Source{}, feed.Document{Body: []byte(body), Memory: memory}, now)
		checkError(t, err)
		if err == nil || f.Items != nil || f.Memory != "" {
			t.Errorf("got %d items, %v", len(f.Items), err)
		}
	}
}

// What cannot be read is there all the same.
func TestUnreadEntriesAreNotRemoved(t *testing.T) {
	before := catalogue("", row{"CVE-2024-0001", "2024-05-20", false}, row{"CVE-2024-0002", "2024-05-20", false}, row{"CVE-2024-0003", "2024-05-20", false})
	memory := read(t, before, "").Memory
	for _, c := range []struct {
		name, body string
		items      int
	}{
		{"wrong type", strings.NewReplacer(`"CVE-2024-0003"`, `"CVE-2024-0003","product":1`).Replace(before), 2},
		{"wrong type, another gone", strings.NewReplacer(`"CVE-2024-0003"`, `"CVE-2024-0003","product":1`, "0002", "0004").Replace(before), 3},
		{"without its id", strings.Replace(before, `"CVE-2024-0003"`, `3`, 1), 2},
	} {
		f := read(t, c.body, memory)
		if len(f.Items) != c.items || !strings.Contains(f.Memory, "CVE-2024-0003 2024-05-20") {
			t.Errorf("%s: %d items, memory\n%s", c.name, len(f.Items), f.Memory)
		}
		if again := read(t, before, f.Memory); slices.ContainsFunc(again.Items, func(i sources.Item) bool { return strings.HasPrefix(i.GUID, "CVE-2024-0003 ") }) {
			t.Errorf("%s: %v", c.name, again.Items)
		}
	}
	// More are gone than it can stand for.
	f := read(t, strings.NewReplacer(`"CVE-2024-0003"`, `3`, `"CVE-2024-0002"`, `"CVE-2024-0004"`).Replace(before), memory)
	if len(f.Items) != 4 || !strings.HasPrefix(f.Items[1].GUID, "CVE-2024-0003 removed") {
		t.Errorf("%v", f.Items)
	}
}

// Caches of one catalogue are not all of one age.
func TestAnOlderCatalogueChangesNothing(t *testing.T) {
	older := catalogue("2024-05-01T10:00:00Z", row{"CVE-2024-0001", "2024-05-20", false})
	newer := catalogue("2024-05-02T10:00:00.5Z", row{"CVE-2024-0001", "2024-05-21", true}, row{"CVE-2024-0002", "2024-05-20", false})
	memory := read(t, newer, read(t, older, "").Memory).Memory
	f := read(t, older, memory)
	if len(f.Items) != 1 || f.Memory != memory {
		t.Errorf("%d items, memory\n%s", len(f.Items), f.Memory)
	}
	if f = read(t, newer, memory); len(f.Items) != 2 {
		t.Errorf("%v", f.Items)
	}
	// A date in the future does not hold for ever.
	future := read(t, catalogue("2042-01-01T00:00:00Z", row{"CVE-2024-0001", "2024-05-20", false}), "")
	if f = read(t, catalogue(now.Format(time.RFC3339), row{"CVE-2024-0001", "2024-05-22", false}), future.Memory); len(f.Items) != 2 {
		t.Errorf("%v", f.Items)
	}
}

func TestMoreThanOneVisitReads(t *testing.T) {
	var rows []row
	for n := range 2010 {
		rows = append(rows, row{fmt.Sprintf("CVE-2024-%04d", n), "2024-05-20", false})
	}
	old := strings.Replace(catalogue("", rows...), "2024-05-01", "2020-01-01", 1)
	f := read(t, old, "")
	checkFeed(t, f)
	if len(f.Items) != 2000 || f.Skipped != 10 || f.SkipReason == "" || f.Items[0].GUID != "CVE-2024-0001" {
		t.Errorf("%d items from %s, skipped %d (%s)", len(f.Items), f.Items[0].GUID, f.Skipped, f.SkipReason)
	}
	// What is too old to be told is remembered, or it would be removed.
	if f = read(t, old, f.Memory); len(f.Items) != 2000 || f.Items[0].GUID != "CVE-2024-0001" {
		t.Errorf("%s", f.Items[0].GUID)
	}
}

func TestLongTextsAreCut(t *testing.T) {
	long := strings.Repeat("wörd ", 5000)
	body := strings.NewReplacer("Acme Gate Overflow", long, "Acme", long, "Gate", strings.Repeat("x", 9000), "It overflows", long, "Mend it", long).
		Replace(catalogue("", row{"CVE-2024-1234567890", "2024-05-20", true}))
	f := read(t, body, strings.Replace(read(t, body, "").Memory, "2024-05-20 K", "2024-05-19 -", 1))
	checkFeed(t, f)
	if len(f.Items) != 3 {
		t.Fatal(len(f.Items))
	}
	for n, want := range []string{"now known from ransomware campaigns, KEV due 2024-05-20", "changed from 2024-05-19 to 2024-05-20", "added to KEV, due 2024-05-20"} {
		if title := f.Items[n].Story.Title; !strings.HasSuffix(title, want) || !strings.Contains(title, "(CVE-2024-1234567890)") {
			t.Errorf("got %q, want %q", title, want)
		}
	}
}

func checkError(t testing.TB, err error) {
	t.Helper()
	if err == nil {
		return
	}
	e, ok := errors.AsType[*sources.Error](err)
	if !ok || e.State != sources.Failing || e.Text == "" || len(e.Text) > 600 || strings.ContainsFunc(e.Text, unicode.IsControl) {
		t.Errorf("not a sources.Error for people: %#v", err)
	}
}

// checkFeed holds for whatever is read.
func checkFeed(t testing.TB, f feed.Feed) {
	t.Helper()
	if len(f.Items) == 0 || len(f.Items) > 2000 {
		t.Errorf("%d items", len(f.Items))
	}
	guids := map[string]bool{}
	for _, i := range f.Items {
		s := i.Story
		if i.GUID == "" || guids[i.GUID] {
			t.Errorf("guid %q does not tell the item apart", i.GUID)
		}
		guids[i.GUID] = true
		for _, text := range []struct {
			value string
			limit int
		}{{s.Title, 500}, {s.Summary, 1200}, {s.Content, 64 << 10}, {s.URL, 100}, {i.GUID, 100}} {
			if len(text.value) > text.limit || !utf8.ValidString(text.value) || strings.ContainsFunc(text.value, func(r rune) bool { return unicode.IsControl(r) && r != '\n' }) {
				t.Errorf("%d bytes: %q", len(text.value), text.value)
			}
		}
		cve, _, _ := strings.Cut(i.GUID, " ")
		if !strings.Contains(s.Title, cve) || !strings.Contains(s.Title, "KEV") && !strings.Contains(s.Title, "ransomware") {
			t.Errorf("title %q", s.Title)
		}
		if len(s.Entities.CVEs) != 1 || s.Entities.CVEs[0].ID != cve || !strings.HasSuffix(s.URL, "/"+cve) || !i.LinkShared || s.Tags[0] != "kev" {
			t.Errorf("%+v", i)
		}
		if s.Published.After(now) {
			t.Errorf("published %v", s.Published)
		}
	}
	m, ok := parseMemory(f.Memory)
	if !ok || m.String() != f.Memory {
		t.Errorf("memory does not read itself: %q", f.Memory)
	}
}

func FuzzRead(f *testing.F) {
	body := string(fixture(f))
	f.Add(body, "")
	f.Add(body, read(f, body, "").Memory)
	f.Add(body, read(f, catalogue("2024-05-01T00:00:00Z", row{"CVE-2024-1001", "2024-05-20", false}, row{"CVE-2024-9999", "", false}), "").Memory)
	f.Add(strings.NewReplacer("Acme", "<p></p><script ", "It", "&amp;amp;</b>").Replace(catalogue("x", row{"CVE-2024-1001", "0001-01-01", true})), "")
	f.Fuzz(func(t *testing.T, body, memory string) {
		d := feed.Document{Body: []byte(body), Memory: memory}
		first, err := Read(sources.Source{}, d, now)
		if err != nil {
			checkError(t, err)
			return
		}
		checkFeed(t, first)
		// The same again is no change.
		d.Memory = first.Memory
		second, err := Read(sources.Source{}, d, now)
		if err != nil {
			t.Fatal(err)
		}
		checkFeed(t, second)
		for _, i := range second.Items {
			if strings.Contains(i.GUID, " ") && first.Memory != memory {
				t.Errorf("changed by itself: %s", i.GUID)
			}
		}
		if second.Memory != first.Memory {
			t.Errorf("memory\n%q\nthen\n%q", first.Memory, second.Memory)
		}
	})
}
