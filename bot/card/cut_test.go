package card_test

import (
	"strings"
	"testing"
	"unicode"
	"unicode/utf16"

	"github.com/rivo/uniseg"
	"pgregory.net/rapid"

	"tipoff/bot/card"
)

func TestLenCountsUTF16(t *testing.T) {
	for s, want := range map[string]int{"": 0, "abc": 3, "é": 1, "安洵": 2, "💻": 2, "👩🏽‍💻": 7, "a💻b": 4} {
		if got := card.Len(s); got != want {
			t.Errorf("Len(%q) = %d, want %d", s, got, want)
		}
	}
}

func TestCut(t *testing.T) {
	zalgo := "a" + strings.Repeat("\u0301", 100)
	for _, c := range []struct {
		name string
		in   string
		max  int
		want string
	}{
		{"fits", "abc", 3, "abc"},
		{"one too long", "abcd", 3, "ab…"},
		{"room for the ellipsis only", "abcd", 1, "…"},
		{"no room", "abcd", 0, ""},
		{"negative room", "abcd", -5, ""},
		{"empty", "", 3, ""},
		{"no space before the ellipsis", "ab cd", 4, "ab…"},
		{"bytes are not what counts", "éééé", 4, "éééé"},
		{"a surrogate pair stays whole", "ab💻cd", 4, "ab…"},
		{"a pair that just fits", "ab💻cd", 5, "ab💻…"},
		{"an accent stays with its letter", "abe\u0301cd", 4, "ab…"},
		{"an emoji of several parts stays whole", "a👩🏽‍💻b", 7, "a…"},
		{"an emoji of several parts that fits", "a👩🏽‍💻bc", 9, "a👩🏽‍💻…"},
		{"flags stay pairs", "🇨🇳🇺🇸", 6, "🇨🇳…"},
		{"a grapheme above the limit", zalgo, 50, "…"},
		{"a grapheme above the limit behind text", "x" + zalgo + "y", 50, "x…"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := card.Cut(c.in, c.max); got != c.want {
				t.Errorf("Cut(%q, %d) = %q, want %q", c.in, c.max, got, c.want)
			}
		})
	}
}

func TestShorten(t *testing.T) {
	const text = "The contractor worked for the state. It sold access to mail, phones and routers, and it kept lists."
	for _, c := range []struct {
		name string
		in   string
		max  int
		want string
	}{
		{"fits", text, 200, text},
		{"behind the sentence", text, 60, "The contractor worked for the state."},
		{"behind a word when the sentence is too short", text, 90, "The contractor worked for the state. It sold access to mail, phones and routers, and it…"},
		{"no comma before the ellipsis", "Mail, phones, routers and lists", 14, "Mail, phones…"},
		{"an abbreviation may end it, a bare line end may not", "First line\nsecond line goes on and on", 20, "First line second…"},
		{"Chinese sentence", "安洵信息的文件泄露。它为国家工作，出售数据。", 14, "安洵信息的文件泄露。"},
		{"no boundary at all", strings.Repeat("x", 50), 10, "xxxxxxxxx…"},
		{"no room", text, 0, ""},
		{"a sentence that ends in quotes", `He said “it is over.” Then more text came along here.`, 30, `He said “it is over.”`},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := card.Shorten(card.Clean(c.in), c.max); got != c.want {
				t.Errorf("Shorten(%q, %d)\n got %q\nwant %q", c.in, c.max, got, c.want)
			}
		})
	}
}

func FuzzCut(f *testing.F) {
	f.Add("ab💻cd", 4)
	f.Add("a\u0301\u0301", 2)
	f.Add("First. Second and third", 10)
	f.Fuzz(func(t *testing.T, s string, max int) { checkCut(t, s, max%5000) })
}

func TestCutHoldsForHostileText(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		checkCut(t, hostile().Draw(t, "text"), rapid.IntRange(-2, 60).Draw(t, "max"))
	})
}

func checkCut(t rapid.TB, s string, max int) {
	t.Helper()
	s = card.CleanLines(s)
	if got, want := card.Len(s), len(utf16.Encode([]rune(s))); got != want {
		t.Fatalf("Len(%q) = %d, want %d", s, got, want)
	}
	for name, cut := range map[string]func(string, int) string{"Cut": card.Cut, "Shorten": card.Shorten} {
		got := cut(s, max)
		if n := card.Len(got); n > max && got != "" {
			t.Fatalf("%s(%q, %d) has %d units", name, s, max, n)
		}
		if got == s || got == "" && max < 1 {
			continue
		}
		head, cutOff := strings.CutSuffix(got, "…")
		if name == "Cut" && !cutOff {
			t.Fatalf("Cut(%q, %d) = %q hides that it cut", s, max, got)
		}
		if !strings.HasPrefix(s, head) {
			t.Fatalf("%s(%q, %d) = %q is no prefix", name, s, max, got)
		}
		if strings.TrimRightFunc(head, unicode.IsSpace) != head {
			t.Fatalf("%s(%q, %d) = %q ends in a space", name, s, max, got)
		}
		// The cut is at a boundary: both parts have as many graphemes as the whole.
		if whole, parts := uniseg.GraphemeClusterCount(s), uniseg.GraphemeClusterCount(head)+uniseg.GraphemeClusterCount(s[len(head):]); whole != parts {
			t.Fatalf("%s(%q, %d) = %q breaks a grapheme", name, s, max, got)
		}
	}
}
