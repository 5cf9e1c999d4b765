package country

import (
	"strings"
	"testing"

	"golang.org/x/text/language"
	"golang.org/x/text/language/display"

	"tipoff/filters/text"
)

func TestTableIsWellFormed(t *testing.T) {
	w, err := parse(source)
	if err != nil {
		t.Fatal(err)
	}
	for _, list := range []struct {
		name  string
		words words
	}{{"follows", w.follows}, {"first", w.first}, {"pronoun", w.pronoun}, {"states", w.states}, {"abbreviations", w.abbreviations}} {
		if len(list.words) == 0 {
			t.Errorf("the list @%s is empty", list.name)
		}
	}
	for line := range strings.Lines(source) {
		if line = strings.TrimSuffix(line, "\n"); line != strings.TrimSpace(line) {
			t.Errorf("white space around %q", line)
		}
	}
}

// The codes are compared with the table of regions of golang.org/x/text.
func TestTableHasEveryCountry(t *testing.T) {
	w := world()
	inEnglish := display.English.Regions()
	for a := 'A'; a <= 'Z'; a++ {
		for b := 'A'; b <= 'Z'; b++ {
			code := string(a) + string(b)
			region, err := language.ParseRegion(code)
			assigned := err == nil && region.IsCountry() && region.Canonicalize() == region && region.String() == code && !reserved[code]
			if assigned != (w.codes[code] && code != "EU") {
				t.Errorf("%s: a country %v, in the table %v", code, assigned, w.codes[code])
			}
			if !assigned {
				continue
			}
			if got, _ := Lookup(inEnglish.Name(region)); got != code {
				t.Errorf("Lookup(%q) = %q, want %q", inEnglish.Name(region), got, code)
			}
		}
	}
}

// reserved are codes that ISO 3166 does not assign to a country: islands and
// regions reserved for the post, former states, private use.
var reserved = map[string]bool{
	"AC": true, "CP": true, "DG": true, "EA": true, "IC": true, "TA": true, "CQ": true,
	"AN": true, "BU": true, "CS": true, "DD": true, "FX": true, "NT": true, "SU": true, "TP": true, "YD": true, "YU": true, "ZR": true,
	"XA": true, "XB": true, "ZZ": true, "QO": true, "FQ": true, "PC": true, "UN": true, "EZ": true,
}

func TestEveryNameIsItsCountrys(t *testing.T) {
	w := world()
	for name, code := range w.names {
		if !w.codes[code] {
			t.Errorf("%q is %q", name, code)
		}
		if got, ok := Lookup(name); !ok || (got != code && len(name) > 2) {
			t.Errorf("Lookup(%q) = %q, %v; want %q", name, got, ok, code)
		}
	}
}

func TestTableHasNoUnconditionalShortName(t *testing.T) {
	w := world()
	for word, n := range w.roots {
		for _, e := range n.entries {
			if e.cond == nil && len(word) < 4 && word[0] < 0x80 && !known[word] {
				t.Errorf("%q (%s) is short and counts without a condition", word, e.code)
			}
		}
	}
}

// known are short names that are no other word of English.
var known = map[string]bool{"bvi": true}

func TestParseSaysWhichLine(t *testing.T) {
	for _, c := range []struct{ table, want string }{
		{"FR France\nFrance", "line 2: expected a code"},
		{"FR France | loud", `line 1: unknown condition "loud"`},
		{"FR France | with", `line 1: unknown condition "with"`},
		{"FR France | caps on", `line 1: unknown condition "caps on"`},
		{"FR France | with Élysée", `line 1: "Élysée" is no single folded word`},
		{"FR France; ;", `line 1: " " has 0 words`},
		{"FR France\nFR France", `line 2: "France" stands here for the second time`},
		{"@list of words", "line 1: expected \"@name = words\""},
	} {
		if _, err := parse(c.table); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("parse(%q): %v; want %s", c.table, err, c.want)
		}
	}
}

func TestMostWordsNeedNoMap(t *testing.T) {
	w := world()
	const common = "the attackers used a phishing campaign to steal passwords from several banks and other companies said on monday " +
		"that their systems were encrypted by ransomware after a security flaw had been exploited for weeks before it was patched"
	hits := 0
	tokens := text.Tokens(common)
	for i := range tokens {
		if w.starts.MayHave(&tokens[i]) {
			hits++
		}
	}
	if hits*5 > len(tokens) {
		t.Errorf("%d of %d common words need the map", hits, len(tokens))
	}
}
