package card_test

import (
	"strings"
	"testing"

	"pgregory.net/rapid"

	"tipoff/bot/card"
)

// brackets shows marked spans as [word].
func brackets(spans []card.Span) string {
	var b strings.Builder
	for _, s := range spans {
		if s.Mark {
			b.WriteString("[" + s.Text + "]")
		} else {
			b.WriteString(s.Text)
		}
	}
	return b.String()
}

func TestEmphasise(t *testing.T) {
	for _, c := range []struct {
		name, in string
		marks    []string
		want     string
	}{
		{"a word", "Leak at i-SOON", []string{"i-SOON"}, "Leak at [i-SOON]"},
		{"any case", "CHINA and china", []string{"China"}, "[CHINA] and [china]"},
		{"never inside another word", "Chinatown, APT410, indochina", []string{"China", "APT41"}, "Chinatown, APT410, indochina"},
		{"beside punctuation", "(China), China's: “China”", []string{"china"}, "([China]), [China]'s: “[China]”"},
		{"a phrase", "the State Security ministry", []string{"state security"}, "the [State Security] ministry"},
		{"a phrase across a line end", "state\nsecurity", []string{"state security"}, "[state\nsecurity]"},
		{"the longest wins", "zero-day bug", []string{"zero", "zero-day"}, "[zero-day] bug"},
		{"neighbours", "APT41 APT31", []string{"APT31", "APT41"}, "[APT41] [APT31]"},
		{"side by side", "中国泄露的a:a:b", []string{"中国", "泄露", "a:", "x"}, "[中国泄露]的[a:a:]b"},
		{"Chinese has no spaces", "安洵信息泄露文件", []string{"泄露"}, "安洵信息[泄露]文件"},
		{"Latin beside Chinese", "中国APT41组织", []string{"APT41"}, "中国[APT41]组织"},
		{"Korean particles", "한국은행", []string{"한국"}, "[한국]은행"},
		{"an accent belongs to its letter", "cafe\u0301", []string{"cafe"}, "cafe\u0301"},
		{"Cyrillic and Greek in any case", "КИТАЙ ΣΑΣ", []string{"Китай", "σας"}, "[КИТАЙ] [ΣΑΣ]"},
		{"letters of unequal length in bytes", "\u212aelvin Ⱥb", []string{"kelvin", "ⱥb"}, "[\u212aelvin] [Ⱥb]"},
		{"an emoji of several parts stays whole", "a 👩‍💻 b", []string{"👩"}, "a 👩‍💻 b"},
		{"no marks", "text", nil, "text"},
		{"empty marks", "text", []string{"", " ", "\u200b"}, "text"},
		{"mark longer than the text", "te", []string{"text"}, "te"},
		{"empty text", "", []string{"a"}, ""},
		{"invalid text", "a\xff b", []string{"b"}, "a\xff [b]"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := brackets(card.Emphasise(c.in, c.marks)); got != c.want {
				t.Errorf("Emphasise(%q, %q)\n got %q\nwant %q", c.in, c.marks, got, c.want)
			}
		})
	}
}

func TestEmphasiseLosesNothing(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := hostile().Draw(t, "text")
		marks := rapid.SliceOfN(hostile(), 0, 4).Draw(t, "marks")
		marks = append(marks, "China", "word", "安")
		var b strings.Builder
		before := false
		for i, sp := range card.Emphasise(s, marks) {
			if sp.Text == "" {
				t.Fatalf("an empty span in %q", s)
			}
			if i > 0 && sp.Mark == before {
				t.Fatalf("span %d of %q is the same as the one before", i, s)
			}
			before = sp.Mark
			b.WriteString(sp.Text)
		}
		if b.String() != s {
			t.Fatalf("Emphasise(%q) makes %q", s, b.String())
		}
	})
}
