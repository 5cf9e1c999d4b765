package terminal

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"charm.land/lipgloss/v2"
	"github.com/google/go-cmp/cmp"

	"tipoff/bot/alert"
	"tipoff/bot/card"
	"tipoff/bot/deliver"
	"tipoff/sources/story"
)

var update = flag.Bool("update", false, "write the golden files")

var now = time.Date(2024, 2, 19, 9, 12, 0, 0, time.UTC)

// leak is the card of the picture in the README.
var leak = card.Card{
	Kind:  alert.KindNew,
	Title: "Leak at i-SOON shows how a Chinese contractor hacks for the state",
	URL:   "https://lantern.example/2024/i-soon-files",
	Summary: "Contracts, chat logs and price lists of the Shanghai firm i-SOON have turned up on " +
		"a public code site. Ministries, airlines and telephone companies of a dozen countries " +
		"are on its list of targets.",
	Source:   "lantern",
	Time:     now.Add(-12 * time.Minute),
	Severity: alert.High,
	Why: []story.Match{
		{Watch: "apt", Terms: []string{"i-SOON"}},
		{Watch: "china", Terms: []string{"Chinese", "Shanghai"}},
	},
	Also: []story.Sighting{
		{Name: "harbour-times", URL: "https://harbour.example/a/1"},
		{Name: "wire-nine"},
		{Name: "cert-north", URL: "https://cert.example/7"},
	},
	Channel: "china-desk",
}

var chinese = card.Card{
	Kind:     alert.KindUpdate,
	Title:    "安洵信息内部文件泄露：承包商如何为国家机关入侵外国网络，价格表与聊天记录同时流出，研究人员开始核对真伪",
	URL:      "https://灯塔.example/新闻/1?q=(1)",
	Summary:  "这家上海公司的合同、价格表和聊天记录出现在一个公开的代码网站上。APT41 也被提及。 👩🏽‍💻 研究人员仍在核对。",
	Source:   "灯塔",
	Time:     now.Add(-26 * time.Hour),
	Severity: alert.Critical,
	Why:      []story.Match{{Watch: "中国", Terms: []string{"上海", "安洵"}}, {Watch: "a-watch-with-a-name-that-is-rather-long", Terms: []string{"APT41"}}},
	Channel:  "亚洲",
}

var bare = card.Card{Title: "(no title)"}

var page = card.Page{
	Title: "3 stories for china NEAR/5 leak",
	Lead:  "Newest first, since 12 Feb 2024.",
	Items: []card.Item{
		{
			Title: leak.Title, URL: leak.URL, Meta: "lantern · 12 min ago · lantern.example",
			Text: "Contracts, chat logs and price lists of the Shanghai firm have turned up on a public code site.", Marks: []string{"Leak", "Chinese"},
		},
		{Title: "A title only"},
		{Title: "Not a link", URL: "javascript:alert(1)", Meta: "wire-nine"},
	},
	Hint: "Narrow it with since:7d.",
}

var mistake = card.Page{
	Tone:  card.Bad,
	Title: "The query has a mistake",
	Lead:  "Column 8: expected a word, a phrase or a group, found the end of the query.",
	Code:  "china (\n       ^",
}

func TestGolden(t *testing.T) {
	cards := map[string]card.Card{"leak": leak, "chinese": chinese, "bare": bare}
	pages := map[string]card.Page{
		"page":    page,
		"mistake": mistake,
		"done":    {Tone: card.Good, Title: strings.Repeat("A title that does not fit in the frame ", 3), Hint: "See /news watch list."},
	}
	for _, width := range []int{60, 80, 120} {
		for _, color := range []bool{false, true} {
			term := New(nil, Options{Color: color, Width: func() int { return width }, Now: func() time.Time { return now }})
			for name, c := range cards {
				golden(t, name, width, color, term.Card(c))
			}
			for name, p := range pages {
				golden(t, name, width, color, term.Page(p))
			}
		}
	}
}

func golden(t *testing.T, name string, width int, color bool, got string) {
	t.Helper()
	ext := "txt"
	if color {
		ext = "ansi"
	}
	compare(t, fmt.Sprintf("%s-%d.%s", name, width, ext), got)
	for line := range strings.Lines(got) {
		line = strings.TrimRight(line, "\n")
		if strings.Contains(line, "://") {
			continue // links are never broken
		}
		if w := lipgloss.Width(line); w > width {
			t.Errorf("%s at %d: a line of %d cells: %q", name, width, w, line)
		}
		if stripped := strip(line); !color && stripped != line {
			t.Errorf("%s at %d: an escape sequence without colours: %q", name, width, line)
		} else if strings.TrimRight(stripped, " ") != stripped {
			t.Errorf("%s at %d: spaces at the end: %q", name, width, stripped)
		}
	}
}

func compare(t *testing.T, file, got string) {
	t.Helper()
	path := filepath.Join("testdata", file)
	if *update {
		if err := os.MkdirAll("testdata", 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatalf("%v; run the test with -update to write it", err)
	}
	if d := cmp.Diff(string(want), got); d != "" {
		t.Errorf("%s differs; run the test with -update if that is right\n%s", path, d)
	}
}

// own are the sequences that the renderer may write: looks, and links that are
// plain ASCII.
var own = regexp.MustCompile(`\x1b\[[0-9;]*m|\x1b\]8;;(?:https?://[!-~]*)?(?:\x07|\x1b\\)`)

func strip(s string) string { return own.ReplaceAllString(s, "") }

func TestPlainAndColouredSayTheSame(t *testing.T) {
	render := func(color bool) string {
		term := New(nil, Options{Color: color, Now: func() time.Time { return now }})
		return term.Card(leak) + term.Page(page)
	}
	words := func(s string) []string {
		return strings.Fields(strings.Map(func(r rune) rune {
			if strings.ContainsRune("╭│╰─+|-", r) {
				return ' '
			}
			return r
		}, strip(s)))
	}
	if d := cmp.Diff(words(render(false)), words(render(true))); d != "" {
		t.Error(d)
	}
}

func TestFeedTextEmitsNoSequence(t *testing.T) {
	const evil = "a\x1b[2J\x1b]8;;https://evil.example\x07b\u009b31m\r\n\x07\u202ec\x1b]0;t\x1b\\\n│ forged"
	hostile := card.Card{
		Kind: "new", Title: evil, URL: "https://x.example/\x1b[2J", Source: evil, Summary: evil, Severity: evil, Channel: evil,
		Why:  []story.Match{{Watch: evil, Terms: []string{evil, "\x1b"}}},
		Also: []story.Sighting{{Name: evil, URL: "https://y.example/\u202e\"|\x07"}},
	}
	hostilePage := card.Page{
		Title: evil, Lead: evil, Code: evil, Hint: evil,
		Items: []card.Item{{Title: evil, URL: evil, Meta: evil, Text: evil, Marks: []string{evil}}},
	}
	for _, color := range []bool{false, true} {
		term := New(nil, Options{Color: color, Now: func() time.Time { return now }})
		for name, got := range map[string]string{"card": term.Card(hostile), "page": term.Page(hostilePage)} {
			left := got
			if color {
				left = strip(got)
			}
			if clean := card.CleanCode(left); clean != left {
				t.Errorf("%s, colour %v: a control character gets through: %q", name, color, got)
			}
			if strings.Contains(left, "evil.example") {
				t.Errorf("%s, colour %v: the address of a sequence is shown: %q", name, color, got)
			}
			for line := range strings.Lines(left) {
				if !strings.ContainsAny(line[:1], "+|") && !strings.HasPrefix(line, "│") && !strings.HasPrefix(line, "╭") && !strings.HasPrefix(line, "╰") {
					t.Errorf("%s, colour %v: a line leaves the frame: %q", name, color, line)
				}
			}
		}
	}
}

func TestWidthFollowsTheWindow(t *testing.T) {
	width := 0
	term := New(nil, Options{Width: func() int { return width }})
	for _, c := range []struct{ asked, want int }{{0, 80}, {-1, 80}, {10, 40}, {60, 60}, {80, 80}, {300, 100}} {
		width = c.asked
		top, _, _ := strings.Cut(term.Card(leak), "\n")
		if got := lipgloss.Width(top); got != c.want {
			t.Errorf("a window of %d cells: the frame has %d, want %d", c.asked, got, c.want)
		}
	}
}

func TestSendPrintsWholeCards(t *testing.T) {
	var out bytes.Buffer // unguarded: the race detector sees a missing lock
	term := New(&out, Options{Now: func() time.Time { return now }})
	var wg sync.WaitGroup
	for range 20 {
		wg.Go(func() {
			if _, err := term.Send(t.Context(), deliver.Message{Card: leak}); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if want := strings.Repeat(term.Card(leak)+"\n", 20); out.String() != want {
		t.Error("cards interleave")
	}
}

type broken struct{}

func (broken) Write([]byte) (int, error) { return 0, errors.New("closed pipe") }

func TestSendErrors(t *testing.T) {
	_, err := New(broken{}, Options{}).Send(t.Context(), deliver.Message{Card: leak})
	var e *deliver.Error
	if !errors.As(err, &e) || e.Code != "write" || e.Permanent {
		t.Errorf("got %#v, want a temporary error with the code write", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	var out bytes.Buffer
	if _, err := New(&out, Options{}).Send(ctx, deliver.Message{Card: leak}); !errors.Is(err, context.Canceled) || out.Len() > 0 {
		t.Errorf("after the context's end: %v, printed %q", err, out.String())
	}
}

func TestPrint(t *testing.T) {
	var out bytes.Buffer
	term := New(&out, Options{})
	if err := term.Print(mistake); err != nil || out.String() != term.Page(mistake)+"\n" {
		t.Errorf("%v, %q", err, out.String())
	}
}

func TestDetect(t *testing.T) {
	f, err := os.Create(filepath.Join(t.TempDir(), "out"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for _, c := range []struct {
		env  []string
		want bool
	}{
		{[]string{"TERM=xterm-256color"}, false}, // a file is no terminal
		{[]string{"TERM=xterm-256color", "CLICOLOR_FORCE=1"}, true},
		{[]string{"TERM=xterm-256color", "CLICOLOR_FORCE=1", "NO_COLOR=1"}, false},
		{nil, false},
	} {
		o := Detect(f, c.env)
		if o.Color != c.want {
			t.Errorf("%q: colours %v, want %v", c.env, o.Color, c.want)
		}
		if w := o.Width(); w != 0 {
			t.Errorf("a file has the width %d", w)
		}
	}
}
