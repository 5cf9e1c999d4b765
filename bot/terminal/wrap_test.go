package terminal

import (
	"strings"
	"testing"

	"charm.land/lipgloss/v2"
	"github.com/google/go-cmp/cmp"
	"github.com/rivo/uniseg"
	"pgregory.net/rapid"

	"tipoff/bot/card"
)

func wrapped(s string, width int) []string {
	var out []string
	for _, l := range wrap([]piece{{text: s}}, width) {
		var b strings.Builder
		for _, p := range l {
			b.WriteString(p.text)
		}
		out = append(out, b.String())
	}
	return out
}

func TestWrap(t *testing.T) {
	for _, c := range []struct {
		name, in string
		width    int
		want     []string
	}{
		{"between words", "one two three", 8, []string{"one two", "three"}},
		{"exactly fits", "one two", 7, []string{"one two"}},
		{"a space at the edge hangs", "one two three", 7, []string{"one two", "three"}},
		{"hyphens hold", "the i-SOON leak", 6, []string{"the", "i-SOON", "leak"}},
		{"slashes hold", "on TCP/IP", 7, []string{"on", "TCP/IP"}},
		{"a word too long", "abcdefghij k", 4, []string{"abcd", "efgh", "ij k"}},
		{"behind a word", "ab abcdefgh", 4, []string{"ab", "abcd", "efgh"}},
		{"ideographs are two cells", "安洵信息泄露", 4, []string{"安洵", "信息", "泄露"}},
		{"no line begins with a full stop", "安洵信息。泄露", 8, []string{"安洵信", "息。泄露"}},
		{"graphemes hold", "ab👩🏽‍💻cd", 3, []string{"ab", "👩🏽‍💻", "cd"}},
		{"a mark on a space holds it", "word  🏿A", 2, []string{"wo", "rd", " 🏿A"}},
		{"line ends", "one\n\ntwo", 10, []string{"one", "", "two"}},
		{"empty", "", 10, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			if d := cmp.Diff(c.want, wrapped(c.in, c.width)); d != "" {
				t.Error(d)
			}
		})
	}
}

func TestWrapLosesOnlySpaces(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		word := rapid.OneOf(rapid.SampledFrom([]string{"a", "word", "APT-41", "安洵信息", "。", "👩🏽‍💻", "\n", "e\u0301", "“", "https://x.example/"}), rapid.String())
		s := card.CleanLines(strings.Join(rapid.SliceOf(word).Draw(t, "words"), " "))
		width := rapid.IntRange(2, 40).Draw(t, "width")
		lines := wrapped(s, width)
		unspaced := func(s string) string { return strings.Join(strings.Fields(s), "") }
		if got := unspaced(strings.Join(lines, "")); got != unspaced(s) {
			t.Fatalf("%q became %q", s, lines)
		}
		for _, l := range lines {
			if w := lipgloss.Width(l); w > width && uniseg.GraphemeClusterCount(l) > 1 {
				t.Fatalf("a line of %d cells, at most %d: %q", w, width, l)
			}
		}
	})
}
