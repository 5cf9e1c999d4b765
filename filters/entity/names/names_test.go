package names

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"tipoff/filters/text"
)

const sample = `
# a comment
Fancy Bear | RU
  APT28, DarkSide
Big Group | CN
  Storm-0558, Snake! (viper -oil), Zinc?
Snake! | RU
  Reaper! (drone -grim), Bear Cub?
`

var context = Context{
	Near:   []string{"hackers", "malware", "ransomware"},
	Strong: []string{"ransomware", "gang"},
	Weak:   []string{"group", "team"},
}

func sampleTable(t *testing.T) ([]Entry, *Table) {
	t.Helper()
	entries, err := Parse(sample)
	if err != nil {
		t.Fatal(err)
	}
	return entries, New(entries, context)
}

func TestFind(t *testing.T) {
	entries, table := sampleTable(t)
	for _, c := range []struct{ name, in, want string }{
		{"as written", "Fancy Bear is back", "Fancy Bear=Fancy Bear"},
		{"closed up", "fancybear is back", "Fancy Bear=fancybear"},
		{"hyphen", "Fancy-Bear is back", "Fancy Bear=Fancy-Bear"},
		{"number set apart", "APT 28 and APT-28", "Fancy Bear=APT 28, Fancy Bear=APT-28"},
		{"number closed up", "Storm0558 and storm 0558", "Big Group=Storm0558, Big Group=storm 0558"},
		{"another number", "APT280, APT 280, APT2 8", ""},
		{"flat", "they live in apt 28, hackers or not", ""},
		{"version", "APT 28.1", ""},
		{"camel apart in plain English", "the dark side of hackers", ""},
		{"camel apart beside a word", "the Dark Side ransomware", "Fancy Bear=Dark Side"},
		{"near needs a word", "Zinc prices rise", ""},
		{"near has a word", "Zinc is said to be of hackers", "Big Group=Zinc"},
		{"near needs a capital", "zinc is said to be of hackers", ""},
		{"near, too far", "Zinc a b c d e f g h i j k hackers", ""},
		{"beside after", "Snake ransomware", "Snake=Snake"},
		{"beside before", "the gang known as Snake", "Snake=Snake"},
		{"beside, small letters after", "snake ransomware gang", "Snake=snake"},
		{"beside, small letters after, a verb", "snake ransomware into it", ""},
		{"near, small letters beside", "zinc ransomware", "Big Group=zinc"},
		{"beside, small letters before", "a gang snake", ""},
		{"beside, not so near", "Snake is said to be hackers", ""},
		{"borne by two, the context decides", "Snake viper", "Big Group=Snake"},
		{"not beside a word", "Snake oil viper", ""},
		{"weak needs more", "Snake group meets", ""},
		{"weak has more", "Snake group of hackers", "Snake=Snake"},
		{"dubbed needs more", "a pet dubbed Snake", ""},
		{"dubbed has more", "malware dubbed Snake", "Snake=Snake"},
		{"another sentence", "A gang. Snake bites", ""},
		{"in a host", "Snake.example ransomware", ""},
		{"own words", "Reaper drone", "Snake=Reaper"},
		{"own words take the place of others", "Reaper ransomware", ""},
		{"own words in small letters", "reaper drone", ""},
		{"near, closed up needs nothing", "a BearCub is born", "Snake=BearCub"},
		{"same entry makes certain", "Snake bites. Bear Cub hackers. Snake again", "Snake=Snake, Snake=Bear Cub, Snake=Snake"},
		{"a neighbour makes certain", "Fancy Bear and Reaper", "Fancy Bear=Fancy Bear, Snake=Reaper"},
		{"a neighbour makes no small letters certain", "Fancy Bear and reaper", "Fancy Bear=Fancy Bear"},
		{"never beside", "Fancy Bear, grim Reaper", "Fancy Bear=Fancy Bear"},
		{"longest", "Big Group and Big", "Big Group=Big Group"},
		{"folding", "ＦＡＮＣＹ Bеar", "Fancy Bear=ＦＡＮＣＹ Bеar"},
	} {
		t.Run(c.name, func(t *testing.T) {
			tokens := text.Tokens(c.in)
			var got []string
			for _, h := range table.Find(c.in, tokens) {
				got = append(got, entries[h.Entry].Aliases[0].Name+"="+c.in[tokens[h.First].Start:tokens[h.Last].End])
			}
			if s := strings.Join(got, ", "); s != c.want {
				t.Errorf("Find(%q)\n got %s\nwant %s", c.in, s, c.want)
			}
		})
	}
}

func TestLookup(t *testing.T) {
	entries, table := sampleTable(t)
	for in, want := range map[string]string{
		"APT28": "Fancy Bear", "apt-28": "Fancy Bear", "A P T 28": "Fancy Bear", "dark side": "Fancy Bear",
		"snake":  "Snake", // its own name, though another entry has it first
		"APT280": "", "": "", "oil": "", "bear": "",
	} {
		got := ""
		if i, ok := table.Lookup(in); ok {
			got = entries[i].Aliases[0].Name
		}
		if got != want {
			t.Errorf("Lookup(%q) = %q, want %q", in, got, want)
		}
	}
}

func TestParse(t *testing.T) {
	got, err := Parse("A One | x |\n  Two? (w -v), Three!,\n  Four\n")
	if err != nil {
		t.Fatal(err)
	}
	want := []Entry{{
		Aliases: []Alias{
			{Name: "A One"},
			{Name: "Two", Need: Near, Words: []string{"w"}, Not: []string{"v"}},
			{Name: "Three", Need: Beside},
			{Name: "Four"},
		},
		Fields: []string{"x", ""},
		Line:   1,
	}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	for in, want := range map[string]string{
		"  Two\n":           "line 1: aliases before the first name; a name starts at the margin",
		"A\n  B, , C":       `line 2: alias " " has no letters or digits`,
		"A\n  B? (x":        `line 2: alias "B? (x": the list of words has no closing parenthesis`,
		"A\n  B (x)":        `line 2: alias "B": words without a mark; write ? or ! after the name`,
		"A? (Word)":         `line 1: alias "A? (Word)": "Word" is not a word in its folded form`,
		"A\n\n# c\n  ? (x)": `line 4: alias "? (x)" has no letters or digits`,
	} {
		if _, err := Parse(in); err == nil || err.Error() != want {
			t.Errorf("Parse(%q)\n got %v\nwant %s", in, err, want)
		}
	}
}
