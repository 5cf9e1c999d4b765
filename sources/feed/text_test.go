package feed

import (
	"strings"
	"testing"
	"unicode/utf8"
)

func TestToText(t *testing.T) {
	for _, c := range []struct{ name, in, want string }{
		{"empty", "", ""},
		{"plain", "Plain words.", "Plain words."},
		{"white space", " a\t\n b\u00a0 c\u2028d \r\n", "a b c d"},
		{"control characters", "a\x00b\x1b[1m\u0085c\u009d\uFEFF", "ab c"},
		{"terminal commands", "\x1b[31mred\x1b[0m \x1b]8;;http://evil.example\x1b\\click\x1b]8;;\x07 \x1b[no end", "red click o end"},
		{"broken UTF-8", "a\xffb", "ab"},
		{"other alphabets", "Атака 漢字 — “ok”", "Атака 漢字 — “ok”"},
		{"entity", "AT&amp;T &#8211; &eacute;", "AT&T – é"},
		{"entity twice", "AT&amp;amp;T", "AT&T"},
		{"entity that is none", "R&D; Q&A &c", "R&D; Q&A &c"},
		{"bare ampersand and angle", "a & b < c > d <3", "a & b < c > d <3"},
		{"inline tags leave no trace", "un<b>break</b>able <a href='x>y'>link</a>", "unbreakable link"},
		{"blocks are lines", "<p>One</p><p>Two<br/>three</p>four", "One\nTwo\nthree\nfour"},
		{"cells are words", "<table><tr><td>a</td><td>b</td></tr><tr><td>c</td></tr></table>", "a b\nc"},
		{"upper case", "<P>One</P><SCRIPT>x</SCRIPT><P>Two", "One\nTwo"},
		{"hidden elements", "a<script>if (a<b) {}</script><style>p{}</style>b<iframe>x</iframe><noscript><img></noscript>c", "abc"},
		{"hidden within hidden", "a<video><video>x</video>y</video>b", "ab"},
		{"hidden without end", "a <video src=x>b", "a b"},
		{"comment", "a<!-- <b>x</b> -->b", "ab"},
		{"comment without end", "a<!-- b", "a"},
		{"words in angle brackets", "List<String>, <CVE-2024-1>, <a@b.example>, <https://a.example/?b=c&amp;d>", "List<String>, <CVE-2024-1>, <a@b.example>, <https://a.example/?b=c&d>"},
		{"elements of somebody's own", "<o:p>a</o:p><my-tag x=1>b</my-tag>", "ab"},
		{"a tag without end", "see <a href='x", "see"},
		{"a word without end", "if x <y then z", "if x <y then z"},
		{"escaped twice", "&lt;p&gt;One &amp;amp; two&lt;/p&gt;&lt;p&gt;three&lt;/p&gt;", "One & two\nthree"},
		{"code is shown", "<p>Write <code>&lt;p&gt;x&lt;/p&gt;</code></p>", "Write <p>x</p>"},
		{"a sentence about a tag", "XSS by a <script> tag", "XSS by a <script> tag"},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := toText(c.in, paragraphs, 1000)
			if got != c.want {
				t.Errorf("got %q\nwant %q", got, c.want)
			}
			if line := toText(c.in, oneLine, 1000); line != strings.ReplaceAll(c.want, "\n", " ") {
				t.Errorf("in one line %q", line)
			}
			if isClean(c.in) && got != c.in {
				t.Error("counts as clean and changes")
			}
		})
	}
	if got := toText(strings.Repeat("word ", 1000), oneLine, 20); len(got) > 30 {
		t.Errorf("reads on beyond its limit: %d bytes", len(got))
	}
}

func TestCut(t *testing.T) {
	family := "👩‍👩‍👧‍👦"
	for _, c := range []struct {
		name, in string
		limit    int
		want     string
	}{
		{"short", "Short.", 10, "Short."},
		{"after a sentence", "One two three. Four five six.", 20, "One two three."},
		{"not after an abbreviation", "It was the U.S. that said so", 18, "It was the U.S.…"},
		{"a question in quotes", `He said "why?" and then left`, 18, `He said "why?"`},
		{"after a word", "One two three four five six", 18, "One two three…"},
		{"after a word that just fits", "One two three four five six", 16, "One two three…"},
		{"no words", strings.Repeat("漢", 10), 16, "漢漢漢漢…"},
		{"a sentence in Chinese", "漢漢漢漢。漢漢漢漢", 20, "漢漢漢漢。"},
		{"between whole characters", "ab" + family + family, 40, "ab" + family + "…"},
		{"one endless character", "a" + strings.Repeat("\u0301", 50), 20, "a" + strings.Repeat("\u0301", 8) + "…"},
		{"a line is a sentence", "A heading\nand its text that goes on", 16, "A heading"},
	} {
		got := cut(c.in, c.limit)
		if got != c.want || len(got) > c.limit || !utf8.ValidString(got) {
			t.Errorf("%s: got %q, want %q", c.name, got, c.want)
		}
	}
}

func TestWithoutFooter(t *testing.T) {
	for _, c := range []struct{ in, want string }{
		{"Text. The post Title appeared first on Site.", "Text."},
		{"Text.\nThe post The post office appeared first on Site", "Text.\nThe post"},
		{"Text. Der Beitrag Titel erschien zuerst auf Seite.", "Text."},
		{"The post appeared first on a forum and then here: a long story", "The post appeared first on a forum and then here: a long story"},
		{"Cut off […]", "Cut off…"},
		{"Cut off [...]", "Cut off…"},
		{"Cut off… […]", "Cut off…"},
		{"Text. Read more", "Text."},
		{"Thread more", "Thread more"},
		{"[…]", ""},
	} {
		if got := withoutFooter(c.in); got != c.want {
			t.Errorf("%q: got %q, want %q", c.in, got, c.want)
		}
	}
	far := "The post is old. " + strings.Repeat("x ", maxFooter) + " appeared first on Site"
	if got := withoutFooter(far); got != far {
		t.Error("half a story is cut off")
	}
}

func TestLanguage(t *testing.T) {
	for in, want := range map[string]string{
		"en": "en", "EN-us": "en-US", "en_GB": "en-GB", "zh-hant-tw": "zh-Hant-TW", " de ": "de", "": "", "english": "",
		"x": "", "en us": "", "en-": "en", "日本": "", "a-b-c-d-e": "",
	} {
		if got := language(in); got != want {
			t.Errorf("language(%q) = %q, want %q", in, got, want)
		}
	}
}
