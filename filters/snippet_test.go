package filters

import (
	"strings"
	"testing"
	"unicode/utf8"

	"pgregory.net/rapid"

	"tipoff/sources/story"
)

func TestSnippet(t *testing.T) {
	filler := strings.Repeat("nothing of note here ", 20)
	for _, c := range []struct {
		name, query string
		story       story.Story
		want        string
	}{
		{"in the summary", "wiper", story.Story{Summary: "A wiper, called  Snake.\n\nIt wipes."}, "A [wiper], called Snake. It wipes."},
		{"in the content", "wiper", story.Story{Summary: "Nothing here.", Content: "Then a Wiper came."}, "Then a [Wiper] came."},
		{"in the headline alone", "wiper", story.Story{Title: "Wiper", Summary: "Nothing here."}, "Nothing here."},
		{
			"where most of the words are", "wiper snake",
			story.Story{Summary: "A wiper. " + filler, Content: filler + "the wiper Snake " + filler},
			"… of note here nothing of note here nothing of note here the [wiper] [Snake] nothing of note here nothing of …",
		},
		{"a phrase over a line", `"volt typhoon"`, story.Story{Summary: "by Volt\n  Typhoon again"}, "by [Volt Typhoon] again"},
		{"nothing to show", "*", story.Story{Title: "only this"}, ""},
		{"no summary", "source:x", story.Story{Source: "x", Content: "All of it."}, "All of it."},
	} {
		s := mustCompile(t, c.query).Snippet(NewDoc(&c.story), 100)
		if got := marked(s); got != c.want {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
}

// marked is a snippet with brackets around its marks.
func marked(s Snippet) string {
	var b strings.Builder
	at := 0
	for _, m := range s.Marks {
		b.WriteString(s.Text[at:m.Start] + "[" + s.Text[m.Start:m.End] + "]")
		at = m.End
	}
	return b.String() + s.Text[at:]
}

func TestSnippetOfAnything(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		_, s := drawStory(t)
		q := rapid.SampledFrom([]string{"china", "zero-day", `"volt typhoon"`, "apt*", "中", "a OR s", "/a/", "cafe NEAR/3 day", "москва"}).Draw(t, "query")
		most := rapid.IntRange(40, 80).Draw(t, "most")
		f, err := Compile(q)
		if err != nil {
			t.Fatal(err)
		}
		d := NewDoc(s)
		got := f.Snippet(d, most)
		if !utf8.ValidString(got.Text) || strings.ContainsAny(got.Text, "\n\r\t") {
			t.Fatalf("%q", got.Text)
		}
		at := 0
		for _, m := range got.Marks {
			if m.Start < at || m.End <= m.Start || m.End > len(got.Text) {
				t.Fatalf("%q: marks %v", got.Text, got.Marks)
			}
			at = m.End
		}
		for _, h := range f.Highlights(d) {
			if (h.Field == "summary" || h.Field == "content") && len(got.Marks) == 0 {
				t.Fatalf("%q does not show %+v", got.Text, h)
			}
		}
	})
}
