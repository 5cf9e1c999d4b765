package command

import (
	"bytes"
	"flag"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"tipoff/bot/card"
)

var update = flag.Bool("update", false, "write the answers into testdata/talks")

// TestTalks replays the talks in testdata/talks. In a talk, a line with ">" is
// what a user types ("slack:U1> help" for another than U9), ">> next" presses
// a button, and what follows is the answer. Marked words stand *so*.
func TestTalks(t *testing.T) {
	files, err := filepath.Glob("testdata/talks/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatalf("no talks: %v", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txt"), func(t *testing.T) {
			want, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			got := talk(t, string(want))
			if *update {
				if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			if d := cmp.Diff(string(want), got); d != "" && !*update {
				t.Errorf("answers (-want +got); -update writes them:\n%s", d)
			}
		})
	}
}

// talk types the user's lines of a talk and returns it with the answers.
func talk(t *testing.T, script string) string {
	t.Helper()
	m, channels := desk()
	r := newRouter(m, channels, io.Discard)
	var out bytes.Buffer
	var page card.Page
	for line := range strings.Lines(script) {
		line = strings.TrimSuffix(line, "\n")
		if strings.HasPrefix(line, "# ") {
			out.WriteString(line + "\n")
			continue
		}
		button, pressed := strings.CutPrefix(line, ">> ")
		user, typed, ok := strings.Cut(line, ">")
		if !pressed && (!ok || user != "" && !strings.HasPrefix(user, "slack:")) {
			continue
		}
		u, at := User{ID: "slack:U9", Name: "Bo"}, "slack:C1"
		if user != "" {
			u = User{ID: user, Name: "Ann"}
		}
		if where, rest, ok := strings.Cut(typed, "@"); ok && strings.TrimSpace(where) == "" {
			at, typed, _ = strings.Cut(rest, " ")
		}
		switch {
		case pressed && button == "next":
			page = r.Turn(t.Context(), page.Next, u, at)
		case pressed && button == "prev":
			page = r.Turn(t.Context(), page.Prev, u, at)
		default:
			page = r.Line(t.Context(), strings.TrimSpace(typed), u, at)
		}
		out.WriteString(line + "\n" + pageText(page) + "\n")
	}
	return out.String()
}

// pageText draws a page with its tone, marks and buttons.
func pageText(p card.Page) string {
	mark := func(s string, marks []string) string {
		var b strings.Builder
		for _, span := range card.Emphasise(s, marks) {
			if span.Mark {
				b.WriteString("*" + span.Text + "*")
			} else {
				b.WriteString(span.Text)
			}
		}
		return b.String()
	}
	for i, it := range p.Items {
		p.Items[i].Title, p.Items[i].Text = mark(it.Title, it.Marks), mark(it.Text, it.Marks)
	}
	s := card.PageText(p) + "\n"
	switch p.Tone {
	case card.Good:
		s = "[good] " + s
	case card.Bad:
		s = "[bad] " + s
	}
	if p.Prev != "" {
		s += "[prev]"
	}
	if p.Next != "" {
		s += "[next]"
	}
	return strings.TrimRight(s, "\n") + "\n"
}
