package bot_test

import (
	"go/parser"
	"go/token"
	"io/fs"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// goFile is a Go file of the module, as far as its head tells.
type goFile struct {
	path    string // from the module's root, with slashes
	pkg     string // the name in its package clause
	comment bool   // it has the package comment
	test    bool
	imports []string
}

// room is the folder.
func (f goFile) room() string { return path.Dir(f.path) }

// readHouse reads the heads of all Go files of the module.
func readHouse(t *testing.T) []goFile {
	t.Helper()
	root, err := filepath.Abs("..")
	if err != nil {
		t.Fatal(err)
	}
	var all []goFile
	err = filepath.WalkDir(root, func(p string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name := d.Name()
		if d.IsDir() {
			if p != root && (strings.HasPrefix(name, ".") || name == "testdata") {
				return fs.SkipDir
			}
			return nil
		}
		if !strings.HasSuffix(name, ".go") {
			return nil
		}
		file, err := parser.ParseFile(token.NewFileSet(), p, nil, parser.ImportsOnly|parser.ParseComments)
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(root, p)
		if err != nil {
			return err
		}
		f := goFile{path: filepath.ToSlash(rel), pkg: file.Name.Name, comment: file.Doc != nil, test: strings.HasSuffix(name, "_test.go")}
		for _, i := range file.Imports {
			of, err := strconv.Unquote(i.Path.Value)
			if err != nil {
				return err
			}
			f.imports = append(f.imports, of)
		}
		all = append(all, f)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(all) < 100 {
		t.Fatalf("only %d Go files: not the whole house", len(all))
	}
	return all
}

// under reports whether p is one of the packages or below one. A name that
// ends in "$" is that package alone.
func under(p string, packages []string) bool {
	for _, of := range packages {
		if exact, only := strings.CutSuffix(of, "$"); only && p == exact || !only && (p == of || strings.HasPrefix(p, of+"/")) {
			return true
		}
	}
	return false
}

// rule says what the files of some rooms must not import, and why.
type rule struct {
	why    string
	in     []string // rooms
	not    []string // rooms among them that may
	forbid []string
	but    []string // imports among them that are allowed
	tests  bool     // holds for test files too
}

var (
	platforms = []string{"bot/slack", "bot/discord", "bot/webhook", "bot/file", "bot/terminal"}
	chats     = []string{"github.com/slack-go/slack", "github.com/bwmarrin/discordgo"}
)

// house is the part of STYLE.md called "Who imports whom".
var house = slices.Concat([]rule{
	{
		why: "everyone imports story, so it imports nothing of ours", in: []string{"sources/story"},
		forbid: []string{"tipoff"}, but: []string{"tipoff/sources/story$"}, tests: true,
	},
	{
		why: "sources bring stories and know nothing of what is done with them; they meet filters in sources/story alone",
		in:  []string{"sources"}, forbid: []string{"tipoff/filters", "tipoff/bot", "tipoff/cmd"}, tests: true,
	},
	{
		why: "filters say what a story means, whoever brought it: they meet sources in sources/story alone",
		in:  []string{"filters"}, forbid: []string{"tipoff/sources", "tipoff/bot", "tipoff/cmd"}, but: []string{"tipoff/sources/story$"}, tests: true,
	},
	{
		why: "filters are pure: the same story and query give the same answer anywhere, in a test, in `match`, in the index",
		in:  []string{"filters"}, forbid: []string{"net", "os", "database/sql", "log", "syscall"},
		but: []string{"net/netip", "net/url"}, // they read addresses and ask nobody
	},
	{
		why: "alert is what a team configures and gets; everyone in bot imports it, so it imports story alone",
		in:  []string{"bot/alert"}, forbid: []string{"tipoff"}, but: []string{"tipoff/sources/story$", "tipoff/bot/alert$"}, tests: true,
	},
	{
		why: "the config is read where there is no chat, no store and no network, as in `check`",
		in:  []string{"bot/config"}, forbid: append([]string{"tipoff/bot/store", "net/http", "database/sql"}, append(platformPackages(""), chats...)...),
	},
	{
		why: "platforms get what they send, and ask through commands: with the store at hand each would grow its own rules",
		in:  platforms, forbid: []string{"tipoff/bot/store", "tipoff/bot/pipeline", "tipoff/bot/config", "tipoff/bot/jobs", "tipoff/filters", "database/sql"},
	},
	{
		why: "a chat library belongs to its own platform's room: nothing else knows its types",
		in:  []string{"bot", "sources", "filters", "cmd"}, not: []string{"bot/slack", "bot/discord"}, forbid: chats, tests: true,
	},
	{
		why: "Slack's room is Slack's", in: []string{"bot/slack"}, forbid: chats[1:], tests: true,
	},
	{
		why: "Discord's room is Discord's", in: []string{"bot/discord"}, forbid: chats[:1], tests: true,
	},
	{
		why:    "commands and stages name the few store methods they need as interfaces of their own, and have no platform",
		in:     []string{"bot/command", "bot/pipeline", "bot/search", "bot/watch", "bot/deliver", "bot/card"},
		forbid: append([]string{"tipoff/bot/store/sqlite", "tipoff/bot/store/postgres", "database/sql"}, append(platformPackages(""), chats...)...),
	},
	{
		why: "the store keeps things and starts nothing", in: []string{"bot/store"}, not: []string{"bot/store/storetest"},
		forbid: append([]string{"tipoff/bot/pipeline", "tipoff/bot/jobs", "tipoff/bot/command"}, platformPackages("")...),
	},
	{
		why: "the program is wired in one place: only cmd and end-to-end tests import it",
		in:  []string{"bot", "sources", "filters"}, not: []string{"bot$"}, forbid: []string{"tipoff/bot$", "tipoff/cmd"}, tests: true,
	},
	{
		why: "fakes and suites are for tests", in: []string{"bot", "cmd", "sources", "filters"},
		not:    []string{"bot/slack/slackfake", "bot/discord/discordfake", "bot/store/storetest"},
		forbid: []string{"tipoff/bot/slack/slackfake", "tipoff/bot/discord/discordfake", "tipoff/bot/store/storetest", "testing", "net/http/httptest"},
	},
}, apart())

// platformPackages are the platforms but one.
func platformPackages(but string) []string {
	var all []string
	for _, p := range platforms {
		if p != but {
			all = append(all, "tipoff/"+p)
		}
	}
	return all
}

// apart keeps the platforms from each other.
func apart() []rule {
	var all []rule
	for _, p := range platforms {
		all = append(all, rule{
			why: "a platform that leans on another cannot be changed or left out alone", in: []string{p}, forbid: platformPackages(p), tests: true,
		})
	}
	return all
}

func TestWhoImportsWhom(t *testing.T) {
	t.Parallel()
	files := readHouse(t)
	for _, r := range house {
		held := false
		for _, f := range files {
			if !under(f.room(), r.in) || under(f.room(), r.not) || f.test && !r.tests {
				continue
			}
			held = true
			for _, i := range f.imports {
				if under(i, r.forbid) && !under(i, r.but) {
					t.Errorf("%s imports %s: %s", f.path, i, r.why)
				}
			}
		}
		if !held {
			t.Errorf("no file is in %v: the rule holds nothing", r.in)
		}
	}
}

// TestRules shows that a rule can be broken.
func TestRules(t *testing.T) {
	for _, test := range []struct {
		p    string
		of   []string
		want bool
	}{
		{"net/http", []string{"net"}, true},
		{"net", []string{"net"}, true},
		{"network", []string{"net"}, false},
		{"tipoff/bot", []string{"tipoff/bot$"}, true},
		{"tipoff/bot/alert", []string{"tipoff/bot$"}, false},
		{"tipoff/bot/alert", []string{"tipoff/cmd", "tipoff/bot"}, true},
	} {
		if got := under(test.p, test.of); got != test.want {
			t.Errorf("%s under %v: %v", test.p, test.of, got)
		}
	}
}

func TestPackages(t *testing.T) {
	comments := make(map[string][]string)
	for _, f := range readHouse(t) {
		if name := strings.TrimSuffix(f.pkg, "_test"); slices.Contains([]string{"util", "utils", "common", "types", "models", "helpers", "misc"}, name) {
			t.Errorf("%s: a package named %s says nothing of what it holds", f.path, name)
		}
		if f.test {
			continue
		}
		with := comments[f.room()]
		if f.comment {
			with = append(with, path.Base(f.path))
		}
		comments[f.room()] = with
	}
	for room, with := range comments {
		if len(with) != 1 {
			t.Errorf("%s: the package comment is in %v; want it in one file", room, with)
		}
	}
}
