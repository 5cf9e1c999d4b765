package query

import (
	"fmt"
	"math"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"tipoff/filters/text"
)

// forest draws trees such as Parse makes.
type forest struct{ t *rapid.T }

func (f forest) n(most int, what string) int { return rapid.IntRange(0, most).Draw(f.t, what) }

func pick[T any](f forest, from ...T) T { return rapid.SampledFrom(from).Draw(f.t, "one") }

// node draws a tree whose leaves are in one of these fields. Few fields make
// groups of a field, which print in their own way.
func (f forest) node(levels int, fields []Field) Node {
	if f.n(2, "fewer fields") == 0 {
		fields = []Field{pick(f, fields...)}
	}
	if levels == 0 {
		return f.leaf(pick(f, fields...))
	}
	list := func() []Node {
		var list []Node
		for range 2 + f.n(1, "more") {
			list = append(list, f.node(levels-1, fields))
		}
		return list
	}
	switch f.n(4, "kind") {
	case 0:
		var and And
		for _, n := range list() {
			if inner, ok := n.(And); ok {
				and = append(and, inner...)
			} else {
				and = append(and, n)
			}
		}
		return and
	case 1:
		return f.or(list())
	case 2:
		return Not{f.node(levels-1, fields)}
	case 3:
		words := slices.DeleteFunc(slices.Clone(fields), func(f Field) bool { return f.kind() != ofWords })
		if len(words) > 0 {
			return f.near(words)
		}
	}
	return f.leaf(pick(f, fields...))
}

func (f forest) or(list []Node) Node {
	var or Or
	for _, n := range list {
		if inner, ok := n.(Or); ok {
			or = append(or, inner...)
		} else {
			or = append(or, n)
		}
	}
	return or
}

func (f forest) near(fields []Field) Node {
	var n Near
	for i := range 2 + f.n(1, "more sides") {
		if i > 0 {
			n.Within = append(n.Within, 1+f.n(MaxWithin-1, "within"))
		}
		side := Node(f.words(pick(f, fields...)))
		if f.n(2, "or") == 0 {
			side = f.or([]Node{side, f.words(pick(f, fields...))})
		}
		n.Sides = append(n.Sides, side)
	}
	return n
}

func (f forest) leaf(field Field) Node {
	if field.takesRegex() && f.n(3, "regex") == 0 {
		return Regex{field, pick(f, "a", "a/b", `\\`, `\\/`, `//`, ` `, `"x y" (OR)`, `^\.gov$`, "中", ":", `[/]`, `\Q\\E/`)}
	}
	switch field.kind() {
	case ofNumbers:
		c := Compare{Field: field, Op: pick(f, AtLeast, More, AtMost, Less, Equal)}
		switch field {
		case CVSS:
			c.Value = float64(f.n(1000, "cvss")) / 100
		case EPSS:
			c.Value = float64(f.n(100_000, "epss")) / 100_000
		case Severity:
			c.Value = float64(f.n(len(Severities)-1, "severity"))
		case Sources:
			c.Value = float64(f.n(MaxSources, "sources"))
		}
		return c
	case ofValues:
		return f.value(field)
	}
	if f.n(5, "anything") == 0 {
		return Term{Field: field, Prefix: true}
	}
	return f.words(field)
}

func (f forest) words(field Field) Term {
	n := Term{Field: field, Prefix: rapid.Bool().Draw(f.t, "prefix")}
	if field.kind() == ofWords && f.n(2, "exact") == 0 {
		n.Exact = pick(f, "APT", "OR", "Salt Typhoon", "a:b", "x>=1", "a (b", "NEAR/5", "=x", "/x/y", "中国", "-é")
		if !n.Prefix {
			n.Exact += pick(f, "", ".", "/", ":", ")")
		}
		for _, w := range text.Tokens(n.Exact) {
			n.Words = append(n.Words, w.Text)
		}
		return n
	}
	for range 1 + f.n(2, "more words") {
		n.Words = append(n.Words, pick(f, "a", "china", "or", "near", "cvss", "title", "5", "中", "国", "ก"))
	}
	return n
}

func (f forest) value(field Field) Value {
	n := Value{Field: field}
	if field == KEV {
		n.Text = pick(f, "yes", "no")
		return n
	}
	if field.takesAnything() && f.n(5, "anything") == 0 {
		n.Prefix = true
		return n
	}
	n.Text = pick(f, "cn", "North Korea", "OR", "NEAR/5", "2024-1", "7d", "*.gov", "a:b", "title:", "https://x/y", "x>=1", "cvss",
		"=x", "/x/", "-x", "!x", "–x", "&&", "(x", ")", "a）", ">7", "中国", "🔥", "+", "\\", "=", "/", "-")
	switch {
	case field.takesPrefix():
		n.Prefix = rapid.Bool().Draw(f.t, "prefix")
		if n.Prefix && f.n(5, "two stars") == 0 {
			n.Text += "*"
		}
	case f.n(5, "star") == 0:
		n.Text += "*"
	}
	return n
}

// What is printed parses to what was printed.
func TestTrees(t *testing.T) {
	fields := append([]Field{Any, Any, Any}, Fields...)
	rapid.Check(t, func(t *rapid.T) {
		n := forest{t}.node(3, fields)
		if err := malformed(n); err != "" {
			t.Fatalf("%s drawn: %s", dump(n), err)
		}
		s := n.String()
		again, err := Parse(s)
		if err != nil {
			t.Fatalf("%s\nprints as %s\n%v", dump(n), s, err)
		}
		if d := cmp.Diff(n, again); d != "" {
			t.Fatalf("%s is another tree:\n%s", s, d)
		}
	})
}

// malformed says what in n is not as the types promise; "" if all is.
func malformed(n Node) string {
	switch n := n.(type) {
	case And:
		return malformedList(n, rankAnd)
	case Or:
		return malformedList(n, rankOr)
	case Not:
		return malformed(n.X)
	case Near:
		for _, w := range n.Within {
			if w < 1 || w > MaxWithin {
				return fmt.Sprintf("a NEAR/%d", w)
			}
		}
		for _, side := range n.Sides {
			list, ok := side.(Or)
			if !ok {
				list = Or{side}
			}
			for _, sub := range list {
				if t, ok := sub.(Term); !ok || len(t.Words) == 0 || t.Field.kind() != ofWords {
					return "a side " + dump(side)
				}
			}
		}
		if len(n.Within) != len(n.Sides)-1 {
			return "sides and distances do not fit"
		}
		return malformedList(n.Sides, rankNear)
	case Term:
		switch {
		case n.Field.kind() > ofNames, n.Exact != "" && n.Field.kind() != ofWords:
			return "a term in " + string(n.Field)
		case len(n.Words) == 0 && (!n.Prefix || n.Exact != ""):
			return "a term without words"
		case n.Exact != clean(n.Exact):
			return "exact text that is not clean"
		}
	case Regex:
		if _, err := regexp.Compile("(?i)" + n.Pattern); err != nil || !n.Field.takesRegex() {
			return fmt.Sprintf("a regular expression in %q: %v", n.Field, err)
		}
	case Value:
		anything := n.Text == "" && n.Prefix && n.Field.takesAnything()
		switch {
		case n.Field.kind() != ofValues, n.Text == "" && !anything, n.Prefix && !anything && !n.Field.takesPrefix():
			return "a value " + dump(n)
		case n.Text != clean(n.Text), strings.ContainsAny(n.Text, "\"“”„‟＂«»"):
			return "a value that is not clean"
		}
	case Compare:
		most := map[Field]float64{CVSS: 10, EPSS: 1, Severity: 3, Sources: MaxSources}[n.Field]
		whole := n.Field == Severity || n.Field == Sources
		if most == 0 || !(n.Value >= 0 && n.Value <= most) || whole && n.Value != math.Trunc(n.Value) {
			return "a comparison " + dump(n)
		}
	}
	return ""
}

func malformedList(list []Node, of rank) string {
	if len(list) < 2 {
		return "a list of one"
	}
	for _, n := range list {
		if n.rank() == of {
			return "a list within its like"
		}
		if err := malformed(n); err != "" {
			return err
		}
	}
	return ""
}

func TestChecker(t *testing.T) {
	type asked struct {
		Field  Field
		Text   string
		Prefix bool
	}
	var got []asked
	checker := func(f Field, text string, prefix bool) (string, *Fault) {
		got = append(got, asked{f, text, prefix})
		switch text {
		case "china":
			return "cn", nil
		case "Cozy  Bear", "Cozy Bear":
			return "APT 29", nil
		case "chian":
			return "", &Fault{Expected: "a country", Suggest: "country:cn"}
		case "atlantis":
			return "", &Fault{Expected: "a country", Found: "a myth"}
		}
		return text, nil
	}

	n, err := ParseWith(`a country:(china OR *) -actor:"Cozy  Bear" malware:plug* cve:2024-* kev:true title:/x/ cvss>1 set:apt`, checker)
	if err != nil {
		t.Fatal(err)
	}
	const want = `a AND country:(cn OR *) AND NOT actor:"APT 29" AND malware:plug* AND cve:2024-* AND kev:yes AND title:/x/ AND cvss>1 AND set:apt`
	if n.String() != want {
		t.Errorf("got  %s\nwant %s", n, want)
	}
	wantAsked := []asked{{Country, "china", false}, {Actor, "Cozy Bear", false}, {Malware, "plug", true}, {CVE, "2024-*", false}, {Set, "apt", false}}
	if d := cmp.Diff(wantAsked, got); d != "" {
		t.Error(d)
	}

	for in, want := range map[string]string{
		"a country:chian":           `column 11: expected a country, found "chian"; try country:cn`,
		"country:(cn OR  chian) )":  `column 17: expected a country, found "chian"; try country:cn`,
		`中国 country:" atlantis " (`: `column 12: expected a country, found a myth`,
		"a OR country:":             `column 14: expected a value or a group in ( ) right after country:, found the end of the query`,
	} {
		if n, err := ParseWith(in, checker); n != nil || err == nil || err.Error() != want {
			t.Errorf("%s\n got %v\nwant %s", in, err, want)
		}
	}
}

// Every field can be written, and a word like it leads there.
func TestFields(t *testing.T) {
	for _, f := range Fields {
		name := string(f)
		right := name + ":yes"
		if f.kind() == ofNumbers {
			right = f.right()
		}
		n, err := Parse(strings.ToUpper(name) + right[len(name):])
		if err != nil || n.String() != right {
			t.Errorf("%s: %v, %v", name, n, err)
		}
		if f != Source && f != Sources {
			_, err = Parse(name + "x:yes")
			if want := "; try " + f.right(); err == nil || !strings.HasSuffix(err.Error(), want) {
				t.Errorf("%sx: %v, want %s", name, err, want)
			}
		}
	}
	for name, f := range synonyms {
		if _, ok := fieldNamed(name); ok {
			t.Errorf("%s is a field", name)
		}
		if _, err := Parse(name + ":yes"); err == nil || !strings.HasSuffix(err.Error(), "; try "+f.right()) {
			t.Errorf("%s: %v, want %s", name, err, f.right())
		}
	}
}

// The time a query takes must grow with its length and not faster. One of 16
// times the length takes 16 times as long if so, and 256 if it is squared.
func TestLinear(t *testing.T) {
	const length, times, rounds = 500, 16, 40
	took := func(s string) time.Duration {
		start := time.Now()
		_, err := Parse(s)
		if err == nil && strings.TrimSpace(s) == "" {
			t.Fatal("parsed nothing")
		}
		return time.Since(start)
	}
	for _, piece := range append([]string{
		"a ", "a OR ", "(", "(a ", "-", "title:", "title:(a) ", `"a b" `, "=a ", `="a `, "/a/ ", `/\/`, "/(a", "a NEAR/5 ", "a NEAR/5 (b OR c) ",
		"cvss ", "cvss>=1 ", "cvss >", "cvss =", "cvss\u200b", "country:a ", `set:"a) `, "country:(a ", "x:", "a", "*", "\u200b", "\n", "中", "é",
		"kev:yes OR (", "NOT (a OR title:(b ",
	}, pieces...) {
		short, long := time.Hour, time.Hour
		// What is over in no time is noise, and no matter. A busy machine makes
		// one measurement wrong, or several; no number of them makes a square
		// straight.
		fine := func() bool { return long <= 20*time.Millisecond || long <= 5*times*short }
		for round := 0; round < 3 || round < rounds && !fine(); round++ {
			short = min(short, took(strings.Repeat(piece, max(length/len(piece), 1))))
			long = min(long, took(strings.Repeat(piece, max(length*times/len(piece), 1))))
		}
		if !fine() {
			t.Errorf("%q: %v, and %v at %d times the length", piece, short, long, times)
		}
	}
}
