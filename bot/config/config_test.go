package config

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"tipoff/bot/alert"
	"tipoff/sources"
)

// environment is what the files of testdata may refer to.
var environment = map[string]string{
	"BOT_TOKEN": "xoxb-1-secret",
	"APP_TOKEN": "xapp-1-secret",
	"EMPTY":     "",
	"NUMBER":    "7",
	"YES":       "true",
	"YAML":      "x, injected: [y]\nwatches: [z]",
	"QUERY":     "ransomware OR",
	"NOT_UTF8":  "\xff",
}

func getenv(name string) (string, bool) {
	v, ok := environment[name]
	return v, ok
}

// TestFiles reads every file of testdata. What it must say stands in comments
// of the file, or in a .want file beside it where a comment would change the
// mistake: "want LINE:COLUMN: text" for a mistake, "warn LINE:COLUMN: text"
// for a warning. A file without any must be without fault.
func TestFiles(t *testing.T) {
	files, err := filepath.Glob("testdata/*.yaml")
	if err != nil || len(files) < 50 {
		t.Fatalf("only %d files in testdata (%v)", len(files), err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".yaml"), func(t *testing.T) {
			data, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			wants := string(data)
			if extra, err := os.ReadFile(strings.TrimSuffix(file, ".yaml") + ".want"); err == nil {
				wants = string(extra)
			}
			var want []string
			for line := range strings.Lines(wants) {
				line = strings.TrimSpace(strings.TrimPrefix(strings.TrimSpace(line), "#"))
				if strings.HasPrefix(line, "want ") || strings.HasPrefix(line, "warn ") {
					want = append(want, line)
				}
			}

			c, err := Load(file, getenv)
			var got []string
			var errs Errors
			if errors.As(err, &errs) {
				for _, e := range errs {
					if e.File != file {
						t.Errorf("the mistake names the file %q", e.File)
					}
					got = append(got, fmt.Sprintf("want %d:%d: %s", e.Line, e.Column, e.Text))
				}
			} else if err != nil {
				t.Fatalf("the error is a %T: %v", err, err)
			} else {
				for _, f := range c.Warnings {
					got = append(got, fmt.Sprintf("warn %d:%d: %s", f.Line, f.Column, f))
				}
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("what the file must say (-want +got):\n%s", diff)
			}
			if s := errs.Detail(); strings.Contains(s, "hunter2") || strings.Contains(s, "-secret") {
				t.Errorf("a secret shows:\n%s", s)
			}
		})
	}
}

func TestEverythingSet(t *testing.T) {
	c, err := Load("testdata/everything.yaml", getenv)
	if err != nil {
		t.Fatal(err)
	}
	taipei, err := time.LoadLocation("Asia/Taipei")
	if err != nil {
		t.Fatal(err)
	}
	want := &Config{
		File:      "testdata/everything.yaml",
		Store:     "sqlite:/var/lib/tipoff/tipoff.db",
		Listen:    "",
		Zone:      taipei,
		Command:   "intel",
		Slack:     Slack{BotToken: "xoxb-1-secret", AppToken: "xapp-1-secret", APIURL: "http://127.0.0.1:9/api/"},
		Discord:   Discord{Token: "abc.def", ApplicationID: "12", GuildID: "34", APIURL: "http://127.0.0.1:9/api/v10"},
		Retention: Retention{Age: 182 * 24 * time.Hour, Size: 2_000_000_000},
		Fetch: Fetch{
			Schedule: "@hourly", Timeout: 90 * time.Second, MaxBytes: 1 << 20, Concurrency: 7, PerHost: 1, Pace: 200 * time.Millisecond, Patience: time.Hour,
			UserAgent: "desk reader", Contact: "desk@example.org", FullText: true,
		},
		Sources: []sources.Source{
			{
				Kind: sources.Feed, Name: "cisa", URL: "https://www.cisa.gov/news.xml", Schedule: "*/15 * * * *", Tags: []string{"gov", "us"}, Backfill: 3,
				BasicAuth: "desk:hunter2", Headers: map[string]string{"X-Api-Key": "hunter2"}, Proxy: "socks5://u:hunter2@127.0.0.1:1080",
			},
			{Kind: sources.Feed, Name: "plain", URL: "http://example.org/feed", Schedule: "@hourly", FullText: true},
		},
		Channels: []alert.Channel{{
			Name: "china-desk", Slack: "C0123", Discord: "2002", Webhook: "https://hooks.example.org/T1/hunter2",
			File: "alerts.jsonl", Terminal: true, Managers: []string{"slack:U012", "discord:2002", "slack:U9", "discord:77"},
		}},
		Watches: []alert.Watch{
			{Name: "china", Query: "china OR beijing", Channels: []string{"china-desk"}, Severity: alert.High, Mention: "here", Origin: "config"},
			{Name: "quiet", Query: "*", Severity: alert.Medium, Origin: "config"},
		},
	}
	want.Fetch.AllowPrivate = c.Fetch.AllowPrivate
	if got := fmt.Sprint(c.Fetch.AllowPrivate); got != "[10.0.0.0/8 127.0.0.1/32 fd00::/8]" {
		t.Errorf("AllowPrivate = %s", got)
	}
	if diff := cmp.Diff(want, c, cmpopts.IgnoreFields(Fetch{}, "AllowPrivate"),
		cmpopts.IgnoreFields(Config{}, "Actors", "Lexicon"), // TestActorsImport looks into them
		cmp.Comparer(func(a, b *time.Location) bool { return a.String() == b.String() })); diff != "" {
		t.Errorf("configuration (-want +got):\n%s", diff)
	}
}

func TestActorsImport(t *testing.T) {
	c, err := Load("testdata/everything.yaml", getenv)
	if err != nil {
		t.Fatal(err)
	}
	for alias, want := range map[string]string{
		"UNC90210": "APT29 RU", "UNC90211": "Brindle Teapot RU", "Turla": "Turla RU", "Cozy Bear": "APT29 RU",
	} {
		a, ok := c.Actors.Table().Lookup(alias)
		if !ok || a.Name+" "+a.Country != want {
			t.Errorf("%s is %+v, want %s", alias, a, want)
		}
	}
	var clashes []string
	for _, clash := range c.Actors.Clashes {
		clashes = append(clashes, clash.String())
	}
	want := []string{
		"APT29 stays with the country RU; the import has KP for APT29",
		"the name Snake stays with Turla; the import gives it to Brindle Teapot",
	}
	if diff := cmp.Diff(want, clashes); diff != "" {
		t.Errorf("clashes (-want +got):\n%s", diff)
	}
	if c.Actors.Import != "actors.json" || len(c.Actors.Imported.Actors) != 2 || !strings.Contains(c.Redacted(), "actors:\n  import: actors.json\n") {
		t.Errorf("import %q with %+v, printed as\n%s", c.Actors.Import, c.Actors.Imported, c.Redacted())
	}
}

// A path that is whole is taken as it is, and without an import the program
// knows its own actors.
func TestActorsImportByItsWholePath(t *testing.T) {
	whole, err := filepath.Abs("testdata/actors.json")
	if err != nil {
		t.Fatal(err)
	}
	for text, want := range map[string]bool{"actors: {import: '" + whole + "'}": true, "actors:": false, "": false} {
		c, err := Parse("elsewhere/c.yaml", []byte(text), getenv)
		if err != nil {
			t.Fatal(err)
		}
		if _, ok := c.Actors.Table().Lookup("UNC90211"); ok != want {
			t.Errorf("%q: the imported name is found: %v", text, ok)
		}
		if _, ok := c.Actors.Table().Lookup("Cozy Bear"); !ok {
			t.Errorf("%q: the program's own name is not found", text)
		}
	}
}

func TestDefaults(t *testing.T) {
	c, err := Parse("empty", nil, getenv)
	if err != nil {
		t.Fatal(err)
	}
	want := &Config{
		File: "empty", Store: "sqlite:tipoff.db", Listen: "127.0.0.1:8080", Zone: time.UTC, Command: "news",
		Fetch:    Fetch{Schedule: "@every 10m", Timeout: 20 * time.Second, MaxBytes: 8388608, Concurrency: 32, PerHost: 2, Pace: 200 * time.Millisecond, Patience: time.Hour},
		Warnings: c.Warnings,
	}
	if diff := cmp.Diff(want, c, cmpopts.IgnoreFields(Config{}, "Lexicon"), cmp.Comparer(func(a, b *time.Location) bool { return a == b })); diff != "" {
		t.Errorf("configuration (-want +got):\n%s", diff)
	}
	if len(c.Warnings) != 1 || c.Warnings[0].Where != "sources" {
		t.Errorf("warnings = %v, want one about the sources", c.Warnings)
	}
	if c.SQLitePath() != "tipoff.db" {
		t.Errorf("SQLitePath() = %q", c.SQLitePath())
	}
}

func TestAgent(t *testing.T) {
	for _, c := range []struct {
		fetch Fetch
		want  string
	}{
		{Fetch{}, "Tipoff/1.2"},
		{Fetch{Contact: "desk@example.org"}, "Tipoff/1.2 (+desk@example.org)"},
		{Fetch{Contact: "desk@example.org", UserAgent: "mine"}, "mine"},
	} {
		if got := c.fetch.Agent("1.2"); got != c.want {
			t.Errorf("%+v: Agent = %q, want %q", c.fetch, got, c.want)
		}
	}
}

func TestNoFile(t *testing.T) {
	dir := t.TempDir()
	for _, c := range []struct{ path, want string }{
		{filepath.Join(dir, "none.yaml"), "there is no such file; name one with --config"},
		{dir, "cannot read the file"},
	} {
		_, err := Load(c.path, getenv)
		var errs Errors
		if !errors.As(err, &errs) || len(errs) != 1 || !strings.Contains(errs[0].Text, c.want) {
			t.Errorf("Load(%s) = %v, want %q", c.path, err, c.want)
		}
		if got := err.Error(); !strings.HasPrefix(got, c.path+": ") || strings.Contains(got, ":0:") {
			t.Errorf("prints as %q", got)
		}
	}
}

func TestDetailPointsAtThePlace(t *testing.T) {
	_, err := Parse("c.yaml", []byte("fetch:\n\u00a0\nlisten: x\n"), getenv)
	_, err2 := Parse("c.yaml", []byte("listen: off\nfetch: {timeout: 20}"), getenv)
	if err == nil || err2 == nil {
		t.Fatal("no error")
	}
	const want = `c.yaml:1:9: listen: want host:port, as in 127.0.0.1:8080, or "" for off; found "off"
    1 | listen: off
      |         ^
c.yaml:2:18: fetch.timeout: "20" has no unit; write 20s for seconds
    2 | fetch: {timeout: 20}
      |                  ^`
	var errs Errors
	if !errors.As(err2, &errs) {
		t.Fatalf("%T", err2)
	}
	if diff := cmp.Diff(want, errs.Detail()); diff != "" {
		t.Errorf("detail (-want +got):\n%s", diff)
	}
}

func TestDetailOfALongLine(t *testing.T) {
	long := strings.Repeat("word OR ", 100)
	for _, c := range []struct{ name, query, line, caret string }{
		{"at the start", ") " + long, "query: ')", "query: '^"},
		{"in the middle", long + ") OR " + long + "x", "OR ) OR", "OR ^"},
		{"at the end", long + "x)", "OR x)'}", "OR x^"},
	} {
		_, err := Parse("c.yaml", []byte("watches: [{name: a, query: '"+c.query+"'}]"), getenv)
		errs, _ := errors.AsType[Errors](err)
		lines := strings.Split(errs.Detail(), "\n")
		if len(lines) != 3 || len([]rune(lines[1])) > 115 || !strings.Contains(lines[1], c.line) {
			t.Errorf("%s: %s", c.name, errs.Detail())
			continue
		}
		column := len([]rune(lines[2][:strings.Index(lines[2], "^")]))
		before, _, _ := strings.Cut(c.caret, "^")
		if got := string([]rune(lines[1])[:column]); !strings.HasSuffix(got, before) {
			t.Errorf("%s: the caret is after %q\n%s", c.name, got, errs.Detail())
		}
	}
}

func TestUnreadableBytes(t *testing.T) {
	for name, c := range map[string]struct{ data, want string }{
		"UTF-16":          {"\xff\xfea\x00", "1:1: the file is in UTF-16; save it as UTF-8"},
		"Latin 1":         {"a: 1\nb: caf\xe9\n", "2:7: byte 0xe9 is not UTF-8; save the file as UTF-8"},
		"zero byte":       {"a: \x00", "1:4: control character U+0000; remove it"},
		"private plane":   {"a: \U0010fe24", "1:4: control character U+10FE24; remove it"},
		"too long":        {strings.Repeat("# long\n", 1<<18), "the file is longer than 1 MiB"},
		"flow too deep":   {"sources: " + strings.Repeat("[", 1<<12), "1:33: nested more than 24 levels deep"},
		"block too deep":  {strings.Repeat("- ", 1<<12), "nested more than 24 levels deep"},
		"keys too deep":   {strings.Repeat("? ", 1<<12), "nested more than 24 levels deep"},
		"anchors in line": {"a: " + strings.Repeat("&a ", 1<<12) + "x", "nested more than 24 levels deep"},
		"keys in a block": {manyKeys("k%d: v\n"), "1001:1: more than 1000 keys in one mapping"},
		"keys in a flow":  {"{" + manyKeys("k%d: v,\n") + "}", "more than 1000 keys in one mapping"},
		"too many tokens": {"sources: [" + strings.Repeat("a,", 1<<18) + "]", "more than 400000 words and signs"},
		"indent too deep": {deep(40), "nested more than 24 levels deep"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := Parse("c.yaml", []byte(c.data), getenv)
			var errs Errors
			if !errors.As(err, &errs) || len(errs) != 1 || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %.200v, want %s", err, c.want)
			}
		})
	}
}

func manyKeys(format string) string {
	var b strings.Builder
	for i := range 2_000 {
		fmt.Fprintf(&b, format, i)
	}
	return b.String()
}

// A file with a mistake in each of many entries tells a hundred of them, and
// how many there are besides.
func TestManyMistakes(t *testing.T) {
	_, err := Parse("c.yaml", []byte("sources:\n"+strings.Repeat("  - {name: '', url: x}\n", 5000)), getenv)
	errs, _ := errors.AsType[Errors](err)
	if len(errs) != 101 || errs[100].Text != "9900 more mistakes are not shown; mend these first" {
		t.Errorf("%d mistakes, the last is %v", len(errs), errs[max(len(errs)-1, 0):])
	}
}

func deep(n int) string {
	var b strings.Builder
	for i := range n {
		b.WriteString(strings.Repeat(" ", i) + "a:\n")
	}
	return b.String()
}

func TestByteOrderMarkAndWindowsLineEnds(t *testing.T) {
	c, err := Parse("c.yaml", []byte("\ufefflisten: \"\"\r\nsources:\r\n  - {name: a, url: https://example.org/}\r\nwatches:\r\n  - name: w\r\n    query: |\r\n      one OR\r\n      two\r\n"), getenv)
	if err != nil {
		t.Fatal(err)
	}
	if c.Listen != "" || c.Sources[0].URL != "https://example.org/" || c.Watches[0].Query != "one OR\ntwo\n" {
		t.Errorf("got %+v", c)
	}
}

// A file of aliases to aliases stays as small as it is written.
func TestAliasBomb(t *testing.T) {
	var b strings.Builder
	b.WriteString("sources:\n  - &a0 {name: a, url: 'https://example.org/'}\n")
	for i := 1; i < 200; i++ {
		fmt.Fprintf(&b, "  - &a%d {<<: [%s]}\n", i, strings.TrimSuffix(strings.Repeat(fmt.Sprintf("*a%d, ", i-1), 9), ", "))
	}
	_, err := Parse("c.yaml", []byte(b.String()), getenv)
	if err == nil || !strings.Contains(err.Error(), "more than 1000 aliases") {
		t.Errorf("got %.300v", err)
	}
}
