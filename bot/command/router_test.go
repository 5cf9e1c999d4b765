package command

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"tipoff/bot/card"
	"tipoff/sources/story"
)

func TestLineToArguments(t *testing.T) {
	type args = map[string]string
	tests := []struct {
		line string
		path string
		args args
	}{
		{`search apt41`, "search", args{"query": "apt41"}},
		{`  Search   apt41  `, "search", args{"query": "apt41"}},
		{`search a  b`, "search", args{"query": "a  b"}},
		{`search "supply  chain" -npm`, "search", args{"query": `"supply  chain" -npm`}},
		{`search “supply chain”`, "search", args{"query": `“supply chain”`}},
		{`search “two  words --since 7d” x`, "search", args{"query": `“two  words --since 7d” x`}},
		{`search title:"big bank" fraud`, "search", args{"query": `title:"big bank" fraud`}},
		{`search "an open quote --since 7d`, "search", args{"query": `"an open quote --since 7d`}},
		{`search a --since 7d`, "search", args{"query": "a", "since": "7d"}},
		{`search --since 7d a b`, "search", args{"query": "a b", "since": "7d"}},
		{`search a --since 7d b`, "search", args{"query": "a b", "since": "7d"}},
		{`search a --since=7d b`, "search", args{"query": "a b", "since": "7d"}},
		{`search a --SINCE "7d"`, "search", args{"query": "a", "since": "7d"}},
		{`search a —since 7d`, "search", args{"query": "a", "since": "7d"}},
		{`search a –since 7d`, "search", args{"query": "a", "since": "7d"}},
		{`search a –b`, "search", args{"query": "a –b"}},
		{`search a — b`, "search", args{"query": "a — b"}},
		{`search a - b -- --since c`, "search", args{"query": "a - b --since c"}},
		{`search a "--since 7d"`, "search", args{"query": `a "--since 7d"`}},
		{`search a --2`, "search", args{"query": "a --2"}},
		{"search a\nb", "search", args{"query": "a\nb"}},
		{`latest`, "latest", args{}},
		{`latest --watch w --source s`, "latest", args{"watch": "w", "source": "s"}},
		{`watch add n q r --severity High --channel c`, "watch add", args{"name": "n", "query": "q r", "severity": "high", "channel": "c"}},
		{`WATCH Add "n" "q r"`, "watch add", args{"name": "n", "query": `"q r"`}},
		{`watch remove n`, "watch remove", args{"name": "n"}},
		{`help watch add`, "help", args{"command": "watch add"}},
		{`sources`, "sources", args{}},
	}
	m, channels := desk()
	for _, tt := range tests {
		var got *Request
		r := newRouter(m, channels, io.Discard)
		record(r.Root(), func(q *Request) { got = q })
		page := r.Line(t.Context(), tt.line, User{ID: "slack:U1"}, "slack:C1")
		if got == nil {
			t.Errorf("%q: no command ran: %s", tt.line, card.PageText(page))
			continue
		}
		if d := cmp.Diff(tt.args, got.Args); got.Path != tt.path || d != "" {
			t.Errorf("%q: path %q, arguments (-want +got):\n%s", tt.line, got.Path, d)
		}
	}
}

// record makes all commands of a tree only say that they were called.
func record(cmd *Command, called func(*Request)) {
	if cmd.Run != nil {
		cmd.Run = func(_ context.Context, q *Request) (card.Page, error) {
			called(q)
			return card.Page{Title: "called"}, nil
		}
	}
	for _, c := range cmd.Sub {
		record(c, called)
	}
}

func TestRunChecksArguments(t *testing.T) {
	cmds := []*Command{{Name: "do", Help: "Do", Options: []Option{
		{Name: "what", Required: true},
		{Name: "times", Type: Int},
		{Name: "how", Choices: []string{"fast", "slow"}},
	}}}
	tests := []struct {
		path string
		args map[string]string
		want string // in the page, or "ran" with the arguments
	}{
		{"do", map[string]string{"what": " x ", "times": "-3", "how": "SLOW"}, "ran map[how:slow times:-3 what:x]"},
		{"do", map[string]string{"what": "x", "times": "", "how": " "}, "ran map[what:x]"},
		{"do", map[string]string{"times": "3"}, "Something is missing: WHAT"},
		{"do", map[string]string{"what": "x", "times": "3.5"}, `times must be a whole number, not "3.5"`},
		{"do", map[string]string{"what": "x", "how": "slo"}, "Did you mean slow? It is one of fast, slow."},
		{"do", map[string]string{"what": "x", "hwo": "slow"}, "Did you mean --how?"},
		{"do", map[string]string{"what": strings.Repeat("x", 4001)}, "4001 characters"},
		{"do more", map[string]string{"what": "x"}, `"/news do more" is not a command`},
		{"", nil, "/news do WHAT"},
		{"dp", nil, "Did you mean do?"},
		{"do", map[string]string{"what": "x", "how": "f"}, "It is one of fast, slow."},
	}
	for _, tt := range tests {
		ran := ""
		cmds[0].Run = func(_ context.Context, q *Request) (card.Page, error) {
			ran = fmt.Sprint("ran ", q.Args)
			return card.Page{Title: "done"}, nil
		}
		m := &memory{}
		got := pageText(newTree(cmds, m).Run(t.Context(), Request{Path: tt.path, Args: tt.args}))
		if got = ran + got; !strings.Contains(got, tt.want) {
			t.Errorf("%q %v: page without %q:\n%s", tt.path, tt.args, tt.want, got)
		}
		if !strings.HasPrefix(tt.want, "ran") && ran != "" {
			t.Errorf("%q %v: the command ran", tt.path, tt.args)
		}
	}
}

func newTree(cmds []*Command, m *memory) *Router {
	r := newRouter(m, nil, io.Discard)
	r.root.Sub = cmds
	return r
}

func TestLinesHaveAnEnd(t *testing.T) {
	m, channels := desk()
	r := newRouter(m, channels, io.Discard)
	for n, want := range map[int]card.Tone{maxLine: card.Plain, maxLine + 1: card.Bad} {
		line := "search " + strings.Repeat("ü", n-len("search "))
		if p := r.Line(t.Context(), line, User{ID: "slack:U1"}, "slack:C1"); p.Tone != want {
			t.Errorf("a line of %d characters:\n%.300s", n, pageText(p))
		}
	}
}

func TestNoisyQueriesAreSaid(t *testing.T) {
	m, channels := desk()
	m.stories = nil
	for i := range 2000 { // 72 a day
		m.stories = append(m.stories, story.Story{Title: "noise", Published: testNow.Add(-time.Duration(i) * 20 * time.Minute)})
	}
	r := newRouter(m, channels, io.Discard)
	for _, line := range []string{"watch test noise --since 10d", "watch add noise noise"} {
		if p := r.Line(t.Context(), line, User{ID: "slack:U1"}, "slack:C1"); !strings.Contains(pageText(p), "That is a lot") {
			t.Errorf("%s:\n%s", line, pageText(p))
		}
	}
	m.stories = m.stories[:40]
	if p := r.Line(t.Context(), "watch test noise", User{ID: "slack:U1"}, "slack:C1"); strings.Contains(pageText(p), "That is a lot") {
		t.Errorf("a quiet query is called noisy:\n%s", pageText(p))
	}
}

// A page shows the part of a text that has the most of what was looked for, and
// the words in it.
func TestSearchShowsTheMatch(t *testing.T) {
	long := strings.Repeat("Nothing of note happened. ", 20)
	for _, test := range []struct {
		name, query string
		s           story.Story
		text        string
		marks       []string
	}{
		{"in the title alone", "two", story.Story{Title: "Two", Summary: "One."}, "One.", []string{"Two"}},
		{"in the content", "three", story.Story{Summary: "One.", Content: "Two three."}, "Two three.", []string{"three"}},
		{"without a summary", "two", story.Story{Content: "One. Two."}, "One. Two.", []string{"Two"}},
		{"late in a long text", "wiper", story.Story{Summary: long + "Then the wiper came."}, "… of note happened. Nothing of note happened. Then the wiper came.", []string{"wiper"}},
		{"where most of it is", "wiper OR grid", story.Story{Summary: "A wiper. " + long, Content: long + "The wiper hit the grid."}, "… Nothing of note happened. Nothing of note happened. The wiper hit the grid.", []string{"wiper", "grid"}},
		{"with what is none of a text's business", "wiper", story.Story{Summary: "A \u202ewiper\u200b came\nat last"}, "A wiper came at last", []string{"wiper"}},
	} {
		m, channels := desk()
		test.s.Published = testNow.Add(-time.Hour)
		m.stories = []story.Story{test.s}
		p := newRouter(m, channels, io.Discard).Line(t.Context(), "search "+test.query, User{ID: "slack:U1"}, "slack:C1")
		if len(p.Items) != 1 || p.Items[0].Text != test.text || !slices.Equal(p.Items[0].Marks, test.marks) {
			t.Errorf("%s: %+v, want %q with %q", test.name, p.Items, test.text, test.marks)
		}
	}
}

func TestPagesBelongToWhoAsked(t *testing.T) {
	ctx := t.Context()
	ann, bo := User{ID: "slack:U1"}, User{ID: "slack:U9"}
	m, channels := desk()
	r := newRouter(m, channels, io.Discard)
	first := r.Run(ctx, Request{Path: "latest", User: ann, Channel: "slack:C1"})
	if len(first.Items) != 5 || first.Prev != "" || first.Next == "" || len(first.Next) > 60 {
		t.Fatalf("first page: %+v", first)
	}
	if p := r.Turn(ctx, first.Next, bo, "slack:C1"); p.Tone != card.Bad || len(p.Items) > 0 {
		t.Errorf("another user turned the page:\n%s", pageText(p))
	}
	second := r.Turn(ctx, first.Next, ann, "slack:C1")
	if len(second.Items) != 3 || second.Prev == "" || second.Next != "" {
		t.Fatalf("second page: %+v", second)
	}
	if d := cmp.Diff(first, r.Turn(ctx, second.Prev, ann, "slack:C1")); d != "" {
		t.Errorf("back to the first page (-want +got):\n%s", d)
	}

	id, _, _ := parsePageToken(first.Next)
	for _, token := range []string{
		"", ".", "x", id, id + ".", id + ".9", id + ".-1", id + ".1e3", "." + id, strings.Repeat("A", 59) + ".1", strings.Repeat("x", 5000),
	} {
		if p := r.Turn(ctx, token, ann, "slack:C1"); p.Tone != card.Bad || len(p.Items) > 0 {
			t.Errorf("token %.70q was taken:\n%s", token, pageText(p))
		}
	}

	m.now = testNow.Add(sessionAge + time.Second)
	if p := r.Turn(ctx, first.Next, ann, "slack:C1"); p.Tone != card.Bad || len(p.Items) > 0 {
		t.Errorf("an old page was turned:\n%s", pageText(p))
	}
}

func TestPagesStayPutWhenNewsComes(t *testing.T) {
	ctx := t.Context()
	u := User{ID: "slack:U1"}
	var asked []string
	cmds := []*Command{{Name: "count", Help: "Count", Run: func(_ context.Context, q *Request) (card.Page, error) {
		asked = append(asked, fmt.Sprintf("%d %q", q.Page, q.Cursor))
		return card.Page{Title: "page", Next: fmt.Sprint("after ", q.Page)}, nil
	}}}
	r := newTree(cmds, &memory{})
	p := r.Run(ctx, Request{Path: "count", User: u})
	for _, forward := range []bool{true, true, false, true, false, false} {
		token := p.Prev
		if forward {
			token = p.Next
		}
		p = r.Turn(ctx, token, u, "")
	}
	want := []string{`0 ""`, `1 "after 0"`, `2 "after 1"`, `1 "after 0"`, `2 "after 1"`, `1 "after 0"`, `0 ""`}
	if d := cmp.Diff(want, asked); d != "" {
		t.Errorf("pages asked for (-want +got):\n%s", d)
	}
}

func TestErrorsKeepTheirInsides(t *testing.T) {
	for _, line := range []string{
		"search x", "latest", "latest --source x", "latest --watch x", "watch add x y", "watch list", "watch remove china", "watch test x", "sources",
	} {
		for _, err := range []error{errInner, fmt.Errorf("%w: %w", errInner, context.DeadlineExceeded)} {
			m, channels := desk()
			m.err = err
			var log bytes.Buffer
			p := newRouter(m, channels, &log).Line(t.Context(), line, User{ID: "slack:U9"}, "slack:C1")
			if text := pageText(p); p.Tone != card.Bad || strings.Contains(text, "hunter2") || strings.Contains(text, "pq") {
				t.Errorf("%s: page:\n%s", line, text)
			}
			if !strings.Contains(log.String(), "hunter2") {
				t.Errorf("%s: the log does not say why: %s", line, log.String())
			}
		}
	}
}

func TestChangesNameWhoMadeThem(t *testing.T) {
	ctx := t.Context()
	m, channels := desk()
	r := newRouter(m, channels, io.Discard)
	r.Line(ctx, "watch add tw taiwan", User{ID: "slack:U1", Name: "Ann\u202e\n"}, "slack:C1")
	r.Line(ctx, "watch remove tw", User{ID: "slack:U2"}, "slack:C1")
	if d := cmp.Diff([]string{"add tw slack:U1", "remove tw slack:U2"}, m.by); d != "" {
		t.Errorf("audit (-want +got):\n%s", d)
	}
	r.Line(ctx, "watch add tw taiwan", User{ID: "slack:U1", Name: "Ann\u202e\n"}, "slack:C1")
	if got := m.watches[len(m.watches)-1].Origin; got != "Ann (slack:U1)" {
		t.Errorf("origin %q", got)
	}
}

// Discord refuses the whole tree when one part of it is over a limit:
// https://discord.com/developers/docs/interactions/application-commands
func TestTreeKeepsTheLimits(t *testing.T) {
	m, channels := desk()
	var walk func(c *Command, depth int)
	walk = func(c *Command, depth int) {
		if !validName(c.Name) || len(c.Help) == 0 || len(c.Help) > 100 {
			t.Errorf("%q: name or help %q", c.Name, c.Help)
		}
		if depth > 2 || len(c.Sub) > 25 || len(c.Options) > 25 || (c.Run == nil) == (len(c.Sub) == 0) {
			t.Errorf("%s: depth %d, %d below it, %d options", c.Name, depth, len(c.Sub), len(c.Options))
		}
		optional := false
		for i, o := range c.Options {
			if !validName(o.Name) || len(o.Help) == 0 || len(o.Help) > 100 || len(o.Choices) > 25 {
				t.Errorf("%s: option %q, help %q", c.Name, o.Name, o.Help)
			}
			if optional && o.Required {
				t.Errorf("%s: required option %s behind one that is not", c.Name, o.Name)
			}
			optional = optional || !o.Required
			for _, next := range c.Options[i+1:] {
				if o.Rest && next.bare() {
					t.Errorf("%s: %s leaves nothing for %s", c.Name, o.Name, next.Name)
				}
			}
			if o.Suggest != nil && len(o.Choices) > 0 {
				t.Errorf("%s: option %s has choices and suggestions", c.Name, o.Name)
			}
		}
		for _, s := range c.Sub {
			walk(s, depth+1)
		}
	}
	walk(newRouter(m, channels, io.Discard).Root(), 0)
}

func validName(s string) bool {
	return len(s) > 0 && len(s) <= 32 && strings.Trim(s, "abcdefghijklmnopqrstuvwxyz-") == ""
}

func TestSuggestions(t *testing.T) {
	m, channels := desk()
	r := newRouter(m, channels, io.Discard)
	tests := []struct{ path, option, typed, want string }{
		{"latest", "source", "WIRE1", "wire1"},
		{"latest", "source", "l", "old"},
		{"latest", "watch", "", "china leaks vault"},
		{"latest", "watch", "a", "china leaks vault"},
		{"watch add", "channel", "tw", "twin-a twin-b"},
		{"watch remove", "name", "v", "vault"},
		{"watch test", "since", "3", "30d 365d 3d"},
		{"search", "since", "zz", ""},
	}
	for _, tt := range tests {
		cmd, _ := r.find(strings.Fields(tt.path))
		for _, o := range cmd.Options {
			if o.Name != tt.option {
				continue
			}
			if got := strings.Join(o.Suggest(t.Context(), tt.typed), " "); got != tt.want {
				t.Errorf("%s --%s %s: %s, want %s", tt.path, tt.option, tt.typed, got, tt.want)
			}
		}
	}
	if got := startingWith("", make([]string, 40)); len(got) != 25 {
		t.Errorf("%d suggestions", len(got))
	}
}

// Whatever is typed, there is a page with a title, and no command sees an
// argument that it did not ask for.
func FuzzLine(f *testing.F) {
	for _, s := range []string{"", "help", `search "a`, "watch add —x=“", "search -- --", "\xff\xfe search", "latest --source", "watch test * --since 9w"} {
		f.Add(s)
	}
	m, channels := desk()
	r := newRouter(m, channels, io.Discard)
	f.Fuzz(func(t *testing.T, line string) {
		if p := r.Line(t.Context(), line, User{ID: "slack:U1"}, "slack:C1"); p.Title == "" {
			t.Errorf("%q: no title", line)
		}
	})
}
