package filters

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"tipoff/sources/story"
)

// The reference knows what a query means from the tree it was made of, and
// what a story says from the words it was made of. It shares no code with the
// parser, the tokeniser or the matcher.

// spellings are ways to write a word.
var spellings = map[string][]string{
	"china":   {"china", "China", "CHINA", "chi\u00adna", "Chin\u0430", "China’s", "ＣＨＩＮＡ", "china's", "\u200bChina", "chi&shy;na"},
	"chinese": {"chinese", "Chinese"},
	"volt":    {"volt", "Volt", "vólt"},
	"typhoon": {"typhoon", "TYPHOON", "typhoo\u0301n"},
	"zero":    {"zero", "Zero", "z&eacute;ro"},
	"day":     {"day", "Day", "day’s"},
	"apt4":    {"apt4", "APT4"},
	"apt41":   {"apt41", "APT41"},
	"cafe":    {"cafe", "café", "CAFE\u0301"},
	"中":       {"中"},
	"国":       {"国"},
	"москва":  {"москва", "МОСКВА"},
	"s":       {"s", "S"},
	"strasse": {"straße", "STRASSE"},
}

var vocabulary = func() []string {
	var v []string
	for w := range spellings {
		v = append(v, w)
	}
	slices.Sort(v)
	return v
}()

var between = []string{" ", " ", " ", "-", "‑", " — ", ", ", "/", "\n\n", "&nbsp;", "”", ": "}

// spell draws a text that has the words.
func spell(t *rapid.T, words []string) string {
	var b strings.Builder
	for i, w := range words {
		if i > 0 {
			b.WriteString(rapid.SampledFrom(between).Draw(t, "between"))
		}
		b.WriteString(rapid.SampledFrom(spellings[w]).Draw(t, "spelling"))
	}
	return b.String()
}

func drawWords(t *rapid.T, least, most int) []string {
	return rapid.SliceOfN(rapid.SampledFrom(vocabulary), least, most).Draw(t, "words")
}

// told is a story by its words.
type told struct {
	texts         [3][]string
	sources, tags [][]string
}

func drawStory(t *rapid.T) (told, *story.Story) {
	var m told
	for i := range m.texts {
		m.texts[i] = drawWords(t, 0, 8)
	}
	s := &story.Story{Title: spell(t, m.texts[0]), Summary: spell(t, m.texts[1]), Content: spell(t, m.texts[2])}
	for i := range rapid.IntRange(0, 2).Draw(t, "sources") {
		w := drawWords(t, 1, 2)
		m.sources = append(m.sources, w)
		written := spell(t, w)
		if i == 0 {
			s.Source = written
		}
		s.Sources = append(s.Sources, story.Sighting{Name: written})
	}
	for range rapid.IntRange(0, 2).Draw(t, "tags") {
		w := drawWords(t, 1, 2)
		m.tags = append(m.tags, w)
		s.Tags = append(s.Tags, spell(t, w))
	}
	return m, s
}

// asked is a query by its meaning.
type asked struct {
	op     string // and, or, not, term
	sub    []asked
	field  string
	words  []string
	prefix bool
}

func drawQuery(t *rapid.T, depth int, field string) asked {
	op := "term"
	if depth > 0 {
		op = rapid.SampledFrom([]string{"term", "and", "or", "not"}).Draw(t, "op")
	}
	if field == "" {
		field = rapid.SampledFrom([]string{"", "", "", "", "title", "body", "source", "tag"}).Draw(t, "field")
	}
	a := asked{op: op, field: field}
	switch op {
	case "term":
		a.words = drawWords(t, 0, 3)
		if len(a.words) == 0 || rapid.Bool().Draw(t, "prefix") {
			a.prefix = true
		}
		if a.prefix && len(a.words) > 0 {
			last := []rune(a.words[len(a.words)-1])
			a.words[len(a.words)-1] = string(last[:rapid.IntRange(1, len(last)).Draw(t, "cut")])
		}
	case "not":
		a.sub = []asked{drawQuery(t, depth-1, field)}
	default:
		for range rapid.IntRange(1, 3).Draw(t, "operands") {
			a.sub = append(a.sub, drawQuery(t, depth-1, field))
		}
	}
	return a
}

// write draws a query that means a. field is that of the group around.
func (a asked) write(t *rapid.T, field string) string {
	before := ""
	if a.field != field && (a.op == "term" || rapid.Bool().Draw(t, "field of group")) {
		before = a.field + ":"
		field = a.field
	}
	switch a.op {
	case "term":
		star := ""
		if a.prefix {
			star = "*"
		}
		switch {
		case len(a.words) == 0:
			return before + star
		case a.prefix:
			return before + `"` + strings.Join(a.words, " ") + star + `"`
		case len(a.words) == 1 && rapid.Bool().Draw(t, "bare"):
			return before + spell(t, a.words)
		}
		return before + `“` + strings.ReplaceAll(spell(t, a.words), "”", " ") + `"`
	case "not":
		sign := rapid.SampledFrom([]string{"-", "NOT "}).Draw(t, "not")
		return before + "(" + sign + a.sub[0].write(t, field) + ")"
	}
	operator := " OR "
	if a.op == "and" {
		operator = rapid.SampledFrom([]string{" ", " AND "}).Draw(t, "and")
	}
	parts := make([]string, len(a.sub))
	for i, sub := range a.sub {
		parts[i] = sub.write(t, field)
	}
	return before + "(" + strings.Join(parts, operator) + ")"
}

func (a asked) wants(m told) bool {
	switch a.op {
	case "and":
		return !slices.ContainsFunc(a.sub, func(s asked) bool { return !s.wants(m) })
	case "or":
		return slices.ContainsFunc(a.sub, func(s asked) bool { return s.wants(m) })
	case "not":
		return !a.sub[0].wants(m)
	}
	switch a.field {
	case "":
		return len(a.words) == 0 || slices.ContainsFunc(m.texts[:], a.in)
	case "title":
		return a.in(m.texts[0])
	case "body":
		return a.in(m.texts[1]) || a.in(m.texts[2])
	case "source":
		return slices.ContainsFunc(m.sources, a.names)
	}
	return slices.ContainsFunc(m.tags, a.names)
}

// in reports whether the words stand in the text.
func (a asked) in(text []string) bool {
	if len(a.words) == 0 {
		return len(text) > 0
	}
	for i := range text {
		if a.begins(text[i:]) {
			return true
		}
	}
	return false
}

func (a asked) begins(text []string) bool {
	if len(a.words) > len(text) {
		return false
	}
	for i, w := range a.words {
		if text[i] != w && (!a.prefix || i < len(a.words)-1 || !strings.HasPrefix(text[i], w)) {
			return false
		}
	}
	return true
}

func (a asked) names(name []string) bool {
	return a.begins(name) && (a.prefix || len(name) == len(a.words))
}

// holds evaluates a need on the texts of an index.
func (n Need) holds(texts map[string][]string) bool {
	switch n.Op {
	case OpAnd:
		return !slices.ContainsFunc(n.Sub, func(s Need) bool { return !s.holds(texts) })
	case OpOr:
		return slices.ContainsFunc(n.Sub, func(s Need) bool { return s.holds(texts) })
	case OpWords:
		fields := n.Fields
		if fields == nil {
			fields = []string{"title", "summary", "content"}
		}
		return slices.ContainsFunc(fields, func(f string) bool {
			return asked{words: n.Words, prefix: n.Prefix}.in(texts[f])
		})
	}
	return true
}

func TestAgainstReference(t *testing.T) {
	matches, pairs := 0, 0
	rapid.Check(t, func(t *rapid.T) {
		watches := map[string]*Filter{}
		meant := map[string]asked{}
		for i := range 20 {
			a := drawQuery(t, 3, "")
			q := a.write(t, "")
			f, err := Compile(q)
			if err != nil {
				t.Fatalf("%s: %v", q, err)
			}
			if again, err := Compile(f.String()); err != nil || again.String() != f.String() {
				t.Fatalf("%s prints as %s: %v", q, f, err)
			}
			name := string(rune('a' + i))
			watches[name], meant[name] = f, a
		}
		set := NewSet(watches)
		for range 10 {
			m, s := drawStory(t)
			d := NewDoc(s)
			title, summary, content := IndexTexts(s)
			index := map[string][]string{"title": strings.Fields(title), "summary": strings.Fields(summary), "content": strings.Fields(content)}
			for i, f := range []string{"title", "summary", "content"} {
				if !slices.Equal(index[f], m.texts[i]) {
					t.Fatalf("%+v: the %s has the words %q, not %q", s, f, index[f], m.texts[i])
				}
			}
			var want []string
			for i := range 20 {
				name := string(rune('a' + i))
				f, yes := watches[name], meant[name].wants(m)
				pairs++
				if yes {
					matches++
					want = append(want, name)
				}
				if got := f.Match(d); got != yes {
					t.Fatalf("%s\n%+v\nmatch %v, reference %v", f, s, got, yes)
				}
				if yes && !f.Need().holds(index) {
					t.Fatalf("%s\n%+v\nmatches without its need %+v", f, s, f.Need())
				}
				terms := f.Terms(d)
				if !yes && terms != nil || slices.Contains(terms, "") {
					t.Fatalf("%s\n%+v\nterms %q, match %v", f, s, terms, yes)
				}
			}
			if diff := cmp.Diff(want, set.Match(d)); diff != "" {
				t.Fatalf("set: %s", diff)
			}
		}
	})
	t.Logf("%d pairs, %d matches", pairs, matches)
	if !t.Failed() && (matches < pairs/10 || matches > pairs*9/10) {
		t.Errorf("%d matches in %d pairs try too little", matches, pairs)
	}
}
