package text

import (
	"bytes"
	"encoding/binary"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

func TestNormalise(t *testing.T) {
	for _, c := range []struct{ name, in, want string }{
		{"nothing", "", ""},
		{"only signs", " -- “…” !? 🔥 ", ""},
		{"plain words", "Volt Typhoon strikes", "volt typhoon strikes"},
		{"digits stay with letters", "APT41 and 5G", "apt41 and 5g"},
		{"a digit more is another word", "APT410", "apt410"},
		{"every hyphen separates", "zero-day zero‐day zero‑day zero–day zero—day zero−day zero﹣day zero－day", strings.TrimSpace(strings.Repeat("zero day ", 8))},
		{"every space separates", "a b\u2003c\u202fd\u3000e\tf\ng\u2028h", "a b c d e f g h"},
		{"underscore, slash and dot separate", "apt_29/cozy.bear", "apt 29 cozy bear"},
		{"controls and NUL separate", "a\x00b\x1fc", "a b c"},
		{"bytes that are not UTF-8 separate", "a\xffb\xc3", "a b"},
		{"the replacement character separates", "a\ufffdb", "a b"},

		{"a defanged address", "hXXps://Evil[.]com/x hxxp[:]//evil(dot)com a[at]b{DOT}c", "https evil com x http evil com a b c"},
		{"dots and schemes in words", "[dotted] (dot com) hxxpx (at) [at", "dotted dot com hxxpx at"},
		{"capitals", "CHINA Ünïcode ΑΘΗΝΑ МОСКВА", "china unicode αθηνα москва"},
		{"full-width letters", "ＣＨＩＮＡ１", "china1"},
		{"mathematical letters", "𝗖𝗵𝗶𝗻𝗮 𝒽𝒶𝒸𝓀", "china hack"},
		{"circled letters", "Ⓐ②", "a2"},
		{"ligatures", "oﬃce ﬁle", "office file"},
		{"sharp s", "Straße STRASSE", "strasse strasse"},
		{"both small sigmas", "Σίσυφος ΣΊΣΥΦΟΣ", "σισυφοσ σισυφοσ"},
		{"Turkish capital dotted i", "İstanbul", "istanbul"},
		{"Turkish dotless i", "Kılıç", "kilic"},
		{"superscripts and subscripts", "x² H₂O", "x2 h2o"},
		{"Roman numerals", "Ⅷ", "viii"},
		{"a fraction is two words, apart from its neighbours", "5½km", "5 1 2 km"},
		{"trademark is no letter", "Cisco™ Talos® x℠", "cisco talos x"},
		{"ohm and angstrom signs", "Å Ω", "a ω"},

		{"diacritics, composed", "café Müller Škoda", "cafe muller skoda"},
		{"diacritics, decomposed", "cafe\u0301 Mu\u0308ller", "cafe muller"},
		{"diacritics piled up", "z\u0301\u0302\u0303\u0304algo", "zalgo"},
		{"Vietnamese", "Việt Nam", "viet nam"},
		{"strokes", "Łódź Ørsted Đà Nẵng", "lodz orsted da nang"},
		{"letters grown together", "Ægis œuvre þing", "aegis oeuvre thing"},
		{"Cyrillic diacritics", "Алёна й", "алена и"},
		{"Arabic points and stretching", "مُحَمَّد مـحـمد", "محمد محمد"},
		{"Hebrew points", "שָׁלוֹם", "שלום"},
		{"Hindi vowel signs stay", "हिन्दी", "हिन्दी"},

		{"soft hyphen", "ran\u00adsom\u00adware", "ransomware"},
		{"zero-width space, joiner, non-joiner, BOM", "ran\u200bsom\u200dwa\u200cre\ufeff", "ransomware"},
		{"bidi controls", "\u202eran\u202csom\u2066ware\u2069", "ransomware"},
		{"variation selector", "ab\ufe0fc", "abc"},
		{"Hangul filler", "a\u3164b", "ab"},

		{"possessive, straight", "China's hackers", "china hackers"},
		{"possessive, curly", "China’s hackers", "china hackers"},
		{"possessive, modifier letter", "Chinaʼs", "china"},
		{"possessive, acute accent and backtick", "China´s China`s", "china china"},
		{"possessive, capital", "CHINA'S", "china"},
		{"possessive, full width", "China＇ｓ", "china"},
		{"possessive, with invisible characters", "China\u200b’\u200bs", "china"},
		{"possessive, entity", "China&#39;s China&#x2019;s China&rsquo;s China&apos;s", "china china china china"},
		{"possessive of a character word", "中国's", "中 国"},
		{"no possessive: an s alone", "s 's ' s China 's", "s s s china s"},
		{"no possessive: longer", "it'sy let'see", "it sy let see"},
		{"other apostrophes separate", "don't O’Brien l'Iran users'", "don t o brien l iran users"},
		{"an English possessive after s", "hackers' tools", "hackers tools"},

		{"named entity", "caf&eacute; R&amp;D &lt;b&gt;", "cafe r d b"},
		{"numeric entity inside a word", "ch&#105;na &#x43;hina", "china china"},
		{"entity encoded twice and thrice", "caf&amp;eacute; x&amp;amp;eacute;y", "cafe xey"},
		{"entity for a space or a soft hyphen", "a&nbsp;b ran&shy;som", "a b ransom"},
		{"entity of a combining mark", "cafe&#769;", "cafe"},
		{"ampersand without an entity", "AT&T R&D; a&b;c &;", "at t r d a b c"},
		{"half an entity", "&notit; &copycat;", "notit copycat"},
		{"entity of nothing", "a&#0;b&#xD800;c", "a b c"},

		{"Cyrillic a in a Latin word", "Chinа", "china"},
		{"Cyrillic capitals in a Latin word", "СHIΝA МICRОSОFТ", "china microsoft"},
		{"Greek letters in a Latin word", "micrοsοft ΗELLO μTorrent", "microsoft hello utorrent"},
		{"a Cyrillic word of look-alikes only", "СССР НАТО", "ссср нато"},
		{"a Cyrillic word with one Latin letter", "Pутин", "pутин"},
		{"a Greek word", "Αθήνα", "αθηνα"},
		{"look-alike with a diacritic", "сhїna", "china"},

		{"Chinese, a word a character", "中国黑客 i-SOON", "中 国 黑 客 i soon"},
		{"Chinese next to Latin", "用APT41攻击", "用 apt41 攻 击"},
		{"Han compatibility character", "\uf9e1", "李"},
		{"Japanese with long vowel and half-width kana", "サイバー ｻｲﾊﾞｰ", "サ イ バ ー サ イ バ ー"},
		{"voiced kana, decomposed, stay voiced", "か\u3099か", "が か"},
		{"Korean, composed and decomposed", "북한 \u1107\u116e\u11a8", "북 한 북"},
		{"Thai", "จีน", "จ ี น"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := Normalise(c.in); got != c.want {
				t.Errorf("Normalise(%+q)\n got %q\nwant %q", c.in, got, c.want)
			}
		})
	}
}

func TestTokenPlaces(t *testing.T) {
	for _, c := range []struct {
		name, in string
		want     []string // the words as they stand in the text
	}{
		{"as written", "  China’s “Zero-Day”! ", []string{"China", "Zero", "Day"}},
		{"invisible characters inside, not after", "ran\u00adsom\u200b ware", []string{"ran\u00adsom", "ware"}},
		{"diacritics inside and after", "cafe\u0301s Mu\u0308", []string{"cafe\u0301s", "Mu"}},
		{"entities", "caf&eacute; &#67;hina", []string{"caf&eacute;", "&#67;hina"}},
		{"look-alikes", "Chinа", []string{"Chinа"}},
		{"a character each", "中国x", []string{"中", "国", "x"}},
		{"Hangul from its letters", "\u1112\u1161\u11ab!", []string{"\u1112\u1161\u11ab"}},
		{"two words of one character", "5½", []string{"5", "½", "½"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			var got []string
			for _, tok := range Tokens(c.in) {
				got = append(got, c.in[tok.Start:tok.End])
			}
			if d := cmp.Diff(c.want, got); d != "" {
				t.Error(d)
			}
		})
	}
}

func TestBufferKeepsWhatItGave(t *testing.T) {
	var b Buffer
	first := b.Append("Volt TYPHOON Ünder")
	for range 100 { // makes the buffer grow
		b.Append("SALT Tÿphoon")
	}
	if got, want := len(b.Tokens()), 203; got != want {
		t.Fatalf("%d tokens, want %d", got, want)
	}
	want := []Token{{"volt", 0, 4, Head("volt")}, {"typhoon", 5, 12, Head("typhoon")}, {"under", 13, 19, Head("under")}}
	if d := cmp.Diff(want, first); d != "" {
		t.Error(d)
	}
	b.Reset()
	if got := b.Append("x"); len(b.Tokens()) != 1 || got[0].Text != "x" {
		t.Errorf("after Reset: %v", b.Tokens())
	}
}

func TestASCIIDoesNotAllocate(t *testing.T) {
	const s = "Volt Typhoon, a PRC actor, pre-positions in U.S. networks; AT&T says it isn't China's first"
	var b Buffer
	b.Append(s)
	if n := testing.AllocsPerRun(100, func() { b.Reset(); b.Append(s) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

// check holds what is true of every text.
func check(t interface {
	Helper()
	Fatalf(string, ...any)
}, s string,
) {
	t.Helper()
	tokens := Tokens(s)
	words := make([]string, len(tokens))
	boundary := func(i int) bool { return i == len(s) || utf8.RuneStart(s[i]) || !utf8.FullRuneInString(s[i:]) }
	for i, tok := range tokens {
		if tok.Start < 0 || tok.End > len(s) || tok.Start >= tok.End {
			t.Fatalf("%+q: token %q at %d:%d", s, tok.Text, tok.Start, tok.End)
		}
		if i > 0 && (tok.Start < tokens[i-1].Start || tok.End < tokens[i-1].End) {
			t.Fatalf("%+q: token %d before the one before it", s, i)
		}
		if utf8.ValidString(s) && (!boundary(tok.Start) || !boundary(tok.End)) {
			t.Fatalf("%+q: token %q at %d:%d cuts a character", s, tok.Text, tok.Start, tok.End)
		}
		if tok.Text == "" || !utf8.ValidString(tok.Text) || strings.ContainsFunc(tok.Text, func(r rune) bool {
			return unicode.IsSpace(r) || unicode.IsUpper(r) && unicode.ToLower(r) != r && r < 0x1000
		}) {
			t.Fatalf("%+q: token %+q is not normalised", s, tok.Text)
		}
		if again := Tokens(tok.Text); len(again) != 1 || again[0].Text != tok.Text {
			t.Fatalf("%+q: token %+q splits again into %+v", s, tok.Text, again)
		}
		var head [16]byte
		copy(head[:], tok.Text)
		if want := [2]uint64{binary.LittleEndian.Uint64(head[:]), binary.LittleEndian.Uint64(head[8:])}; tok.Head != want {
			t.Fatalf("%+q: the head of %+q is %x, want %x", s, tok.Text, tok.Head, want)
		}
		words[i] = tok.Text
	}
	if joined := strings.Join(words, " "); Normalise(joined) != joined || Normalise(s) != joined {
		t.Fatalf("%+q: normalises to %+q, and that to %+q", s, joined, Normalise(joined))
	}
}

// awkward are pieces of text that have met in bugs, here and elsewhere.
var awkward = []string{
	"a", "S", "s", "'", "’", "`", " ", "-", "&", "&amp;", "#39;", "&#39;", "&eacute;", "&#x301;", "é", "e\u0301", "\u0301", "\u00ad", "\u200b",
	"\u200d", "а", "Н", "Γ", "γ", "μ", "ж", "ə", "1", "½", "中", "か", "\u3099", "ﾊ", "ﾞ", "\u1112", "\u1161", "\u11ab", "한", "ي", "\u064e",
	"ﷺ", "ก", "ำ", "न", "\u093c", "\u09c7", "\u09be", "İ", "ŉ", "ß", "ﬃ", "\u0345", "ᾳ", "\u03d3", "™", "\xff", "\xe4", "\ufffd", "𝗖", "🔥", "\u0e33", "\uf900", "ꭰ", "Ꭰ",
}

func TestEveryText(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		check(t, strings.Join(rapid.SliceOfN(rapid.SampledFrom(awkward), 0, 12).Draw(t, "pieces"), ""))
		check(t, rapid.String().Draw(t, "any"))
	})
}

// Each character by itself, and inside a word, folds to what folds no further.
func TestEveryCharacter(t *testing.T) {
	for r := rune(0); r <= unicode.MaxRune; r++ {
		if r > 0x3200 && r < 0xd7ff && r%97 != 0 || r > 0x20000 && r < 0xe0000 && r%997 != 0 || r > 0xe1000 && r%9973 != 0 {
			continue // Han, Hangul, unassigned: every so many
		}
		check(t, string(r))
		check(t, "b"+string(r)+"q")
	}
}

// A word that is put together letter by letter, because of an invisible
// character in it, is the one that eight bytes at a time give.
func TestPlainWordsAreLikeOthers(t *testing.T) {
	sign := rapid.SampledFrom([]byte(" \t.,'`-_@[]{}^/:\x00\x10\x19\x7f"))
	word := rapid.StringMatching(`[a-zA-Z0-9]{1,9}|[a-z]{15,18}|hxxps?|[sS]|[A-Z]{30}`)
	rapid.Check(t, func(t *rapid.T) {
		var plain, broken strings.Builder
		for range rapid.IntRange(1, 8).Draw(t, "words") {
			w := word.Draw(t, "word")
			plain.WriteString(w)
			broken.WriteString(w[:1] + "\u00ad" + w[1:])
			for range rapid.IntRange(1, 2).Draw(t, "signs") {
				c := sign.Draw(t, "sign")
				plain.WriteByte(c)
				broken.WriteByte(c)
			}
		}
		check(t, plain.String())
		if a, b := Normalise(plain.String()), Normalise(broken.String()); a != b {
			t.Fatalf("%q: %q, letter by letter %q", plain.String(), a, b)
		}
	})
}

func TestFold8(t *testing.T) {
	for c := range 256 {
		for beside := range 256 {
			for at := range 8 {
				s := []byte("abcdefgh")
				s[at] = byte(c)
				if at < 7 {
					s[at+1] = byte(beside)
				}
				small, stop := fold8(binary.LittleEndian.Uint64(s))
				n, mask := before(stop)
				want := bytes.IndexFunc(s, func(r rune) bool { return r >= 0x80 || classes[r] != lower && classes[r] != upper })
				if want < 0 {
					want = 8
				}
				folded := Head(strings.ToLower(string(s[:want])))[0]
				if n != want || small&mask != folded {
					t.Fatalf("%q: %d plain bytes, %x; want %d, %x", s, n, small&mask, want, folded)
				}
			}
		}
	}
}

func FuzzTokens(f *testing.F) {
	for _, s := range awkward {
		f.Add(s + "x" + s)
	}
	f.Add("China’s &amp;#39;i-SOON&rsquo;s 中国\u200bАРТ41")
	f.Fuzz(func(t *testing.T, s string) { check(t, s) })
}

const story = `Chinese state-sponsored hackers known as Volt Typhoon have kept access to the networks of U.S. critical ` +
	`infrastructure for at least five years, CISA, the NSA and the FBI said on Wednesday in a joint advisory with their ` +
	`Five Eyes partners. The group "pre-positions" itself on IT networks so that it can disrupt OT assets in the event of ` +
	`a crisis, the agencies' advisory says. It lives off the land and uses valid accounts, which makes it hard to find.`

func BenchmarkAppend(b *testing.B) {
	for _, c := range []struct{ name, s string }{
		{"ascii", story},
		{"curly", strings.NewReplacer("'", "’", `"`, "”", "-", "‑").Replace(story)},
		{"russian", strings.Repeat("Хакеры атаковали сети министерства ", 7)},
		{"chinese", strings.Repeat("中国黑客攻击了网络。", 16)},
	} {
		b.Run(c.name, func(b *testing.B) {
			var buf Buffer
			b.SetBytes(int64(len(c.s)))
			b.ReportAllocs()
			for b.Loop() {
				buf.Reset()
				buf.Append(c.s)
			}
		})
	}
}
