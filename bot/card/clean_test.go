package card_test

import (
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"pgregory.net/rapid"

	"tipoff/bot/card"
)

func TestClean(t *testing.T) {
	for _, c := range []struct{ name, in, want string }{
		{"empty", "", ""},
		{"only spaces", " \t\n\u00a0\u3000", ""},
		{"plain text stays", "Leak at i-SOON", "Leak at i-SOON"},
		{"white space of any kind is one space", " a\t\u00a0\u2003b\r\n\u2028c\u2800 ", "a b c"},
		{"right-to-left override", "invoice\u202excod.exe", "invoicexcod.exe"},
		{"isolates and marks", "\u2066a\u2069\u200fb\u061cc", "abc"},
		{"zero-width space and non-joiner", "i\u200b-S\u200cOON", "i-SOON"},
		{"joiner between letters", "AP\u200dT", "APT"},
		{"soft hyphen, word joiner, byte order mark", "\ufeffsanc\u00adtion\u2060s", "sanctions"},
		{"tag characters", "a\U000E0041\U000E0042b", "ab"},
		{"tags behind a flag", "\U0001F3F4\U000E0067\U000E0062\U000E007F", "\U0001F3F4"},
		{"Hangul fillers", "a\u3164\u115fb", "ab"},
		{"private use", "a\ue000\U000F0000b", "ab"},
		{"noncharacters", "a\uffff\ufdd0b", "ab"},
		{"control characters", "a\x00\x07\x7f\u0085b", "a b"},
		{"colour sequence", "\x1b[31;1mred\x1b[0m", "red"},
		{"sequence of the C1 kind", "\u009b31mred", "red"},
		{"clear screen and cursor", "\x1b[2J\x1b[Hx\x1b7", "x"},
		{"terminal title", "a\x1b]0;owned\x07b", "ab"},
		{"hyperlink", "\x1b]8;;https://evil.example\x1b\\click\x1b]8;;\x1b\\", "click"},
		{"string that never ends loses its introducer only", "a\x1b]8;;rest of it", "a8;;rest of it"},
		{"lone escape at the end", "a\x1b", "a"},
		{"invalid UTF-8", "a\xff\xfeb", "a\ufffdb"},
		{"accents stay", "cafe\u0301 Việt", "cafe\u0301 Việt"},
		{"marks pile up", "a" + strings.Repeat("\u0301", 50) + "b", "a" + strings.Repeat("\u0301", 4) + "b"},
		{"enclosing marks pile up", "a" + strings.Repeat("\u20dd", 50), "a" + strings.Repeat("\u20dd", 4)},
		{"spacing marks pile up", "\u0915" + strings.Repeat("\u093e", 50), "\u0915" + strings.Repeat("\u093e", 8)},
		{"marks without a base", "\u0301a \u0301b", "a b"},
		{"Hebrew with points and cantillation", "בְּרֵאשִׁ֖ית", "בְּרֵאשִׁ֖ית"},
		{"Myanmar", "ကျွန်ုပ်တို့", "ကျွန်ုပ်တို့"},
		{"Devanagari", "हिन्दी", "हिन्दी"},
		{"Arabic sign one can see", "\u0600", "\u0600"},
		{"CJK", "安洵信息 泄露", "安洵信息 泄露"},
		{"family", "👨‍👩‍👧‍👦!", "👨‍👩‍👧‍👦!"},
		{"skin tone and profession", "👩🏽‍💻", "👩🏽‍💻"},
		{"heart on fire", "❤️‍🔥", "❤️‍🔥"},
		{"rainbow flag", "🏳️‍🌈", "🏳️‍🌈"},
		{"country flag", "🇨🇳🇺🇸", "🇨🇳🇺🇸"},
		{"keycap", "1️⃣", "1️⃣"},
		{"text and emoji style", "⚠️ ⚠︎", "⚠️ ⚠︎"},
		{"joiner behind an emoji only", "👩\u200d x", "👩 x"},
		{"two joiners", "👩\u200d\u200d💻", "👩‍💻"},
		{"joiner and override", "👩\u200d\u202e💻", "👩💻"},
		{"selector behind a letter", "a\ufe0fb", "ab"},
		{"selectors pile up", "❤\ufe0f\ufe0f\ufe0f", "❤\ufe0f"},
		{"selector for ideographs", "葛\U000E0100", "葛"},
		{"skin tones pile up", "👩" + strings.Repeat("🏽", 50), "👩" + strings.Repeat("🏽", 8)},
		{"markup is text", "<!here> *bold* [a](b) &lt;", "<!here> *bold* [a](b) &lt;"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := card.Clean(c.in); got != c.want {
				t.Errorf("Clean(%q)\n got %q\nwant %q", c.in, got, c.want)
			}
		})
	}
}

func TestCleanLines(t *testing.T) {
	for _, c := range []struct{ name, in, want string }{
		{"lines stay", "a\nb", "a\nb"},
		{"Windows and old Mac", "a\r\nb\rc", "a\nb\nc"},
		{"separators of Unicode", "a\u2028b\u2029c\u0085d", "a\nb\nc\nd"},
		{"at most two in a row", "a\n\n \n\n\nb", "a\n\nb"},
		{"none at the ends", "\n\n a \n", "a"},
		{"spaces around them go", "a  \n\t b   c", "a\nb c"},
		{"an override does not join lines", "a\n\u202e\nb", "a\n\nb"},
		{"a mark does not reach the line above", "a\n\u0301b", "a\nb"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := card.CleanLines(c.in); got != c.want {
				t.Errorf("CleanLines(%q)\n got %q\nwant %q", c.in, got, c.want)
			}
		})
	}
}

func TestCleanCodeKeepsColumns(t *testing.T) {
	in := "title:(apt OR\x1b[2J\n\t   ^\u202e here"
	if got, want := card.CleanCode(in), "title:(apt OR\n    ^ here"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

// hostile generates text of what attackers and broken feeds use, mixed with
// ordinary words.
func hostile() *rapid.Generator[string] {
	piece := rapid.OneOf(
		rapid.SampledFrom([]string{
			"word", "China", " ", "\n", "\r", "\t", ". ", "\x1b[31m", "\x1b]8;;", "\x07", "\x1b", "\u009b", "\u009c",
			"\u202e", "\u2066", "\u200b", "\u200d", "\ufe0f", "\ufe0e", "\u20e3", "1", "#", "👩", "🏽", "💻", "❤", "🇨", "🇳",
			"\U000E0041", "\U0001F3F4", "\u0301", "\u20dd", "\u093e", "\u0915", "\u1100", "\u0600", "\ue000", "\u3164",
			"安洵", "한국", "שלום", "\xff", "\xe2\x80", "<!here>", "@everyone", "|", "…", "\u2028", "\u00ad",
		}),
		rapid.String(),
	)
	return rapid.Custom(func(t *rapid.T) string {
		return strings.Join(rapid.SliceOfN(piece, 0, 30).Draw(t, "pieces"), "")
	})
}

func FuzzClean(f *testing.F) {
	for _, s := range []string{"", "a\x1b[2Jb", "👩🏽‍💻\u202e", "e\u0301\u0301\u0301\u0301\u0301", "\xff\u200d1\ufe0f\u20e3", "a\r\n\r\n\r\nb"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) { checkClean(t, s) })
}

func TestCleanHoldsForHostileText(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) { checkClean(t, hostile().Draw(t, "text")) })
}

func checkClean(t rapid.TB, s string) {
	t.Helper()
	for name, clean := range map[string]func(string) string{
		"Clean": card.Clean, "CleanLines": card.CleanLines, "CleanCode": card.CleanCode,
	} {
		got := clean(s)
		if again := clean(got); again != got {
			t.Fatalf("%s(%q) is %q, and cleaned again %q", name, s, got, again)
		}
		if !utf8.ValidString(got) {
			t.Fatalf("%s(%q) is not valid UTF-8: %q", name, s, got)
		}
		marks := 0
		for _, r := range got {
			if r == '\n' && name != "Clean" || r == '\u200d' {
				continue
			}
			if unicode.In(r, unicode.Cc, unicode.Bidi_Control, unicode.Co) ||
				unicode.Is(unicode.Cf, r) && !unicode.Is(unicode.Prepended_Concatenation_Mark, r) {
				t.Fatalf("%s(%q) has %U", name, s, r)
			}
			if marks++; !unicode.Is(unicode.M, r) {
				marks = 0
			}
			if marks > 10 {
				t.Fatalf("%s(%q) piles up marks: %q", name, s, got)
			}
		}
	}
	if one := card.Clean(s); one != strings.Join(strings.Fields(one), " ") {
		t.Fatalf("Clean(%q) leaves white space: %q", s, one)
	}
	if lines := card.CleanLines(s); strings.Contains(lines, "\n\n\n") || lines != strings.TrimSpace(lines) {
		t.Fatalf("CleanLines(%q) leaves empty lines: %q", s, lines)
	}
}
