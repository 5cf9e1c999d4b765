package filters

import (
	"regexp"
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
	"china":       {"china", "China", "CHINA", "chi\u00adna", "Chin\u0430", "China’s", "ＣＨＩＮＡ", "china's", "\u200bChina", "chi&shy;na"},
	"chinese":     {"chinese", "Chinese"},
	"volt":        {"volt", "Volt", "vólt"},
	"typhoon":     {"typhoon", "TYPHOON", "typhoo\u0301n"},
	"zero":        {"zero", "Zero", "z&eacute;ro"},
	"day":         {"day", "Day", "day’s"},
	"apt4":        {"apt4", "APT4"},
	"apt41":       {"apt41", "APT41"},
	"cafe":        {"cafe", "café", "CAFE\u0301"},
	"中":           {"中"},
	"国":           {"国"},
	"москва":      {"москва", "МОСКВА"},
	"s":           {"s", "S"},
	"strasse":     {"straße", "STRASSE"},
	"zeroday":     {"zeroday", "ZeroDay"},
	"0":           {"0"},
	"0day":        {"0day"},
	"apt":         {"APT", "ＡＰＴ"},
	"41":          {"41"},
	"410":         {"410"},
	"e":           {"e"},
	"mail":        {"mail", "Mail"},
	"email":       {"email"},
	"us":          {"us", "US"},
	"u":           {"U"},
	"put":         {"put"},
	"in":          {"in"},
	"putin":       {"Putin"},
	"log":         {"log"},
	"4":           {"4"},
	"j":           {"J"},
	"4j":          {"4j"},
	"log4j":       {"Log4J"},
	"login":       {"login"},
	"cyber":       {"cyber"},
	"attack":      {"attack", "attack’s"},
	"cyberattack": {"cyberattack"},
}

var vocabulary = func() []string {
	var v []string
	for w := range spellings {
		v = append(v, w)
	}
	slices.Sort(v)
	return v
}()

var between = []string{" ", " ", " ", "-", "-", "‑", " — ", ", ", "/", "\n\n", "&nbsp;", "”", ": ", " -", "\u200b–\u00ad", "_"}

// Signs that leave two words of a text one compound: as a hyphen, or as a space.
const hyphens, spaces = "-|‑|\u200b–\u00ad|_|", " | — |\n\n|&nbsp;|"

// spell draws a text that has the words, and tells what is between them.
func spell(t *rapid.T, words []string) (string, []string) {
	var b strings.Builder
	var signs []string
	for i, w := range words {
		if i > 0 {
			sign := rapid.SampledFrom(between).Draw(t, "between")
			if strings.HasSuffix(b.String(), "s") && strings.ContainsAny(lastWord(b.String()), "'’") {
				signs = append(signs, "'s")
			} else {
				signs = append(signs, sign)
			}
			b.WriteString(sign)
		}
		b.WriteString(rapid.SampledFrom(spellings[w]).Draw(t, "spelling"))
	}
	return b.String(), signs
}

func lastWord(s string) string {
	if len(s) > len("x’s") {
		return s[len(s)-len("x’s"):]
	}
	return s
}

func drawWords(t *rapid.T, least, most int) []string {
	return rapid.SliceOfN(rapid.SampledFrom(vocabulary), least, most).Draw(t, "words")
}

// said is a text by its words and the signs between them.
type said struct{ words, signs []string }

// told is a story by its words.
type told struct {
	texts         [3]said
	sources, tags [][]string
}

func drawStory(t *rapid.T) (told, *story.Story) {
	var m told
	for i := range m.texts {
		m.texts[i].words = drawWords(t, 0, 8)
	}
	s := &story.Story{}
	for i, text := range []*string{&s.Title, &s.Summary, &s.Content} {
		*text, m.texts[i].signs = spell(t, m.texts[i].words)
	}
	for i := range rapid.IntRange(0, 2).Draw(t, "sources") {
		w := drawWords(t, 1, 2)
		m.sources = append(m.sources, w)
		written, _ := spell(t, w)
		if i == 0 {
			s.Source = written
		}
		s.Sources = append(s.Sources, story.Sighting{Name: written})
	}
	for range rapid.IntRange(0, 2).Draw(t, "tags") {
		w := drawWords(t, 1, 2)
		m.tags = append(m.tags, w)
		written, _ := spell(t, w)
		s.Tags = append(s.Tags, written)
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
			word, _ := spell(t, a.words)
			return before + word
		}
		phrase, _ := spell(t, a.words)
		return before + `“` + strings.ReplaceAll(phrase, "”", " ") + `"`
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

// in reports whether the words stand in the text, in one of their forms.
func (a asked) in(text said) bool {
	if len(a.words) == 0 {
		return len(text.words) > 0
	}
	for _, words := range withZeros(a.words, a.prefix) {
		for i := range text.words {
			if (asked{words: words, prefix: a.prefix}).begins(text, i, 0) {
				return true
			}
		}
	}
	return false
}

// withZeros returns the words with each "zero" and "0" of a zero-day in both forms.
func withZeros(words []string, prefix bool) [][]string {
	all := [][]string{nil}
	for k, w := range words {
		next := ""
		if k+1 < len(words) {
			next = words[k+1]
		}
		unit := func(s string, cut bool) bool {
			return s != "" && (s == "day" || s == "days" || s == "click" || prefix && cut && (strings.HasPrefix("days", s) || strings.HasPrefix("click", s)))
		}
		both := []string{w}
		if (w == "zero" || w == "0") && unit(next, k+2 == len(words)) {
			both = []string{"zero", "0"}
		}
		for _, zero := range []string{"zero", "0"} {
			if rest, ok := strings.CutPrefix(w, zero); ok && unit(rest, k+1 == len(words)) {
				both = []string{"zero" + rest, "0" + rest}
			}
		}
		var more [][]string
		for _, before := range all {
			for _, b := range both {
				more = append(more, append(slices.Clone(before), b))
			}
		}
		all = more
	}
	return all
}

// begins reports whether the words from k on stand in the text from i on. One
// word may be up to three of the other side, if the borders allow.
func (a asked) begins(text said, i, k int) bool {
	if k == len(a.words) {
		return true
	}
	for n := 1; n <= 3; n++ {
		if i+n <= len(text.words) {
			parts := slices.Clone(text.words[i : i+n])
			if a.is(strings.Join(parts, ""), k, 1) && len(strings.Join(parts[:n-1], "")) < len(a.words[k]) {
				cut := a.prefix && k+1 == len(a.words)
				if cut {
					parts[n-1] = a.words[k][len(strings.Join(parts[:n-1], "")):]
				}
				if (n == 1 || mayBeApart(parts, text.words[i+n-1], text.signs[i:i+n-1], cut)) && a.begins(text, i+n, k+1) {
					return true
				}
			}
		}
		if n > 1 && k+n <= len(a.words) && i < len(text.words) && a.is(text.words[i], k, n) && mayBeClosed(a.words[k:k+n], a.prefix && k+n == len(a.words)) && a.begins(text, i+1, k+n) {
			return true
		}
	}
	return false
}

// is reports whether s is the n words from k on, closed up.
func (a asked) is(s string, k, n int) bool {
	whole := strings.Join(a.words[k:k+n], "")
	return s == whole || a.prefix && k+n == len(a.words) && strings.HasPrefix(s, whole)
}

var (
	letters = regexp.MustCompile(`^[^0-9]+$`)
	runsOf  = regexp.MustCompile(`[0-9]+|[^0-9]+`)
)

// mixed reports whether all borders are between a letter and a digit, and
// whether any is.
func mixed(parts []string) (all, any bool) {
	all = true
	for i := 1; i < len(parts); i++ {
		before, after := parts[i-1][len(parts[i-1])-1], parts[i][0]
		if m := (before >= '0' && before <= '9') != (after >= '0' && after <= '9'); m {
			any = true
		} else {
			all = false
		}
	}
	return all, any
}

func mayBeApart(parts []string, last string, signs []string, cut bool) bool {
	hyphened := true
	for _, sign := range signs {
		switch {
		case strings.Contains(spaces, sign+"|"):
			hyphened = false
		case !strings.Contains(hyphens, sign+"|"):
			return false
		}
	}
	length := len([]rune(strings.Join(parts, "")))
	// Of the words here only these are small.
	smallWord := func(s string) bool { return s == "in" || s == "us" || s == "all" }
	if all, any := mixed(parts); any {
		for i, sign := range signs {
			after := parts[i+1]
			if i+2 == len(parts) {
				after = last
			}
			if strings.Contains(spaces, sign+"|") && (smallWord(parts[i]) || smallWord(after)) {
				return false
			}
		}
		return all && len(runsOf.FindAllString(strings.Join(parts, ""), -1)) <= 3 && (len(parts) == 2 || len(parts) == 3)
	}
	if len(parts) != 2 || !letters.MatchString(parts[0]) || !letters.MatchString(parts[1]) {
		return false
	}
	tail := len([]rune(parts[1]))
	if cut && tail < 3 {
		return false
	}
	if hyphened {
		return tail >= 2 && length >= 4
	}
	return tail >= 3 && length-tail >= 3 && length >= 7 && !smallWord(parts[0]) && !smallWord(last)
}

func mayBeClosed(parts []string, cut bool) bool {
	whole := strings.Join(parts, "")
	if all, any := mixed(parts); any {
		return all && len(runsOf.FindAllString(whole, -1)) <= 3
	}
	// "in" begins no compound and ends some.
	return len(parts) == 2 && letters.MatchString(whole) && len([]rune(whole)) >= 4 && parts[0] != "in" && parts[0] != "us" && (cut || parts[1] != "us")
}

// names compares with the whole name, without the borders in it.
func (a asked) names(name []string) bool {
	mine, whole := strings.Join(a.words, ""), strings.Join(name, "")
	return whole == mine || a.prefix && strings.HasPrefix(whole, mine)
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
			return n.standsIn(texts[f])
		})
	}
	return true
}

// standsIn is what an index does.
func (n Need) standsIn(text []string) bool {
	joined := " " + strings.Join(n.Words, " ")
	if !n.Prefix {
		joined += " "
	}
	return strings.Contains(" "+strings.Join(text, " ")+" ", joined)
}

func TestAgainstReference(t *testing.T) {
	matches, pairs := 0, 0
	rapid.Check(t, func(t *rapid.T) {
		watches := map[string]*Filter{}
		meant := map[string]asked{}
		for i := range 40 {
			a := drawQuery(t, 3, "")
			q := a.write(t, "")
			f, err := Compile(q)
			if err != nil {
				t.Fatalf("%s: %v", q, err)
			}
			if again, err := Compile(f.String()); err != nil || again.String() != f.String() {
				t.Fatalf("%s prints as %s: %v", q, f, err)
			}
			name := string(rune('A' + i))
			watches[name], meant[name] = f, a
		}
		set := NewSet(watches)
		for range 50 {
			m, s := drawStory(t)
			d := NewDoc(s)
			title, summary, content := IndexTexts(s)
			index := map[string][]string{"title": strings.Fields(title), "summary": strings.Fields(summary), "content": strings.Fields(content)}
			for i, f := range []string{"title", "summary", "content"} {
				if !slices.Equal(index[f], m.texts[i].words) {
					t.Fatalf("%+v: the %s has the words %q, not %q", s, f, index[f], m.texts[i].words)
				}
			}
			var want []string
			for i := range 40 {
				name := string(rune('A' + i))
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
