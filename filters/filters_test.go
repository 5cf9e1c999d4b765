package filters

import (
	"errors"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"tipoff/filters/query"
	"tipoff/sources/story"
)

func mustCompile(t testing.TB, q string) *Filter {
	t.Helper()
	f, err := Compile(q)
	if err != nil {
		t.Fatalf("%s: %v", q, err)
	}
	return f
}

var leak = &story.Story{
	Title:   "China’s i‑SOON leak: “hackers for hire”",
	Summary: "Documents of the Chinese contractor I-SOON (Anxun) list targets in zero day\n\n   markets.",
	Content: "The CHINA desk's café notes name APT41. Ministry of Public Security&nbsp;contracts; Anxun&#39;s staff; 中国黑客",
	Source:  "The Record",
	Sources: []story.Sighting{{Name: "The Record"}, {Name: "krebs-on-security"}},
	Tags:    []string{"Gov-UK", "leak", "🔥"},
}

func TestMatch(t *testing.T) {
	for _, c := range []struct {
		name, query string
		want        bool
	}{
		{"word in the title", "hire", true},
		{"word in the summary", "contractor", true},
		{"word in the content", "ministry", true},
		{"word nowhere", "russia", false},
		{"never inside another word", "soo", false},
		{"nor a longer one", "APT4 OR APT410", false},
		{"case, curly apostrophe, possessive", "CHINA", true},
		{"diacritics", "cafe Café", true},
		{"entity", `"security contracts"`, true},
		{"any hyphen", "i-soon", true},
		{"phrase", `"hackers for hire"`, true},
		{"phrase over a sign", `"leak hackers"`, true},
		{"phrase in another order", `"hire for hackers"`, false},
		{"phrase with a gap", `"hackers hire"`, false},
		{"phrase over two lines", `"zero day markets"`, true},
		{"phrase across title and summary", `"hire documents"`, false},
		{"phrase across summary and content", `"markets the"`, false},
		{"phrase longer than the text", `"staff 中国黑客 x"`, false},
		{"phrase before the text's start", `"x china"`, false},
		{"prefix", "contract*", true},
		{"prefix that is the whole word", "china*", true},
		{"prefix of nothing", "contractx*", false},
		{"phrase with a prefix", `"public secur*"`, true},
		{"phrase with a prefix of the wrong word", `"public contr*"`, false},
		{"characters", "中国 黑客 国黑", true},
		{"characters not side by side", "中黑", false},
		{"characters with a prefix", "黑*", true},
		{"everything", "*", true},

		{"and", "china leak", true},
		{"and across texts", "hire ministry", true},
		{"and, one missing", "china russia", false},
		{"or", "russia OR china", true},
		{"or, both missing", "russia OR iran", false},
		{"not", "NOT russia", true},
		{"not what is there", "china -leak", false},
		{"not of a group", "-(russia OR iran)", true},
		{"not of a group, one there", "-(russia OR leak)", false},
		{"not of not", "NOT NOT leak", true},
		{"not of everything", "NOT *", false},
		{"precedence", "leak OR russia iran", true},
		{"precedence with a group", "(leak OR russia) iran", false},

		{"title has it", "title:hackers", true},
		{"title has not", "title:contractor", false},
		{"body has it in the summary", "body:contractor", true},
		{"body has it in the content", "body:apt41", true},
		{"body has not", "body:hire", false},
		{"group in the title", "title:(leak -ministry)", true},
		{"phrase in the body", `body:"zero day"`, true},
		{"a title", "title:*", true},
		{"no body", "-body:*", false},

		{"first source", `source:"the record"`, true},
		{"another source", "source:krebs-on-security", true},
		{"source's name in other writing", "source:THE-RÉCORD", true},
		{"part of a source's name", "source:record", false},
		{"prefix of a source's name", "source:krebs*", true},
		{"not the source", "-source:krebs*", false},
		{"tag", "tag:leak", true},
		{"tag in other writing", `tag:"gov uk"`, true},
		{"part of a tag", "tag:gov", false},
		{"prefix of a tag", "tag:gov*", true},
		{"prefix in the second word of a tag", `tag:"gov u*"`, true},
		{"group of tags", "tag:(leak gov*)", true},
		{"group of tags, one missing", "tag:(leak us)", false},
		{"a tag at all", "tag:*", true},
		{"a tag is no word", "uk", false},
		{"nor is a source", "record", false},
	} {
		t.Run(c.name, func(t *testing.T) {
			f, d := mustCompile(t, c.query), NewDoc(leak)
			if got := f.Match(d); got != c.want {
				t.Errorf("%s: %v", f, got)
			}
			set := NewSet(map[string]*Filter{"w": f}).Match(d)
			if got := len(set) == 1; got != c.want {
				t.Errorf("%s in a set: %v", f, set)
			}
		})
	}
}

func TestMatchEmptyStory(t *testing.T) {
	for q, want := range map[string]bool{
		"a": false, "a*": false, `"a b"`: false, "*": true, "NOT a": true, "title:*": false, "tag:*": false, "source:*": false, "tag:a": false,
	} {
		if got := mustCompile(t, q).Match(NewDoc(&story.Story{})); got != want {
			t.Errorf("%s: %v, want %v", q, got, want)
		}
	}
}

func TestTerms(t *testing.T) {
	for _, c := range []struct {
		name, query string
		want        []string
	}{
		{"as written, in order of appearance", "apt41 contractor leak", []string{"leak", "contractor", "APT41"}},
		{"once, in its first form", "china", []string{"China"}},
		{"a phrase as written", `i-soon OR "zero day"`, []string{"i‑SOON", "zero day"}},
		{"a phrase without the lines between", `"day markets"`, []string{"day markets"}},
		{"each word of a prefix", "contract*", []string{"contractor", "contracts"}},
		{"a word and its phrase", `"hackers for hire" hackers`, []string{"hackers", "hackers for hire"}},
		{"only what is true", "china OR russia", []string{"China"}},
		{"not the half of a false branch", "(china russia) OR leak", []string{"leak"}},
		{"not what is excluded", "leak -russia", []string{"leak"}},
		{"what is excluded twice", "NOT NOT leak", []string{"leak"}},
		{"only in the field", "body:china OR title:hire", []string{"hire", "CHINA"}},
		{"sources and tags last", "tag:gov* source:krebs* leak", []string{"leak", "krebs-on-security", "Gov-UK"}},
		{"a tag that is a word too", "tag:leak leak", []string{"leak"}},
		{"nothing for everything", "*", nil},
		{"nothing for what is not there", "-russia", nil},
		{"nothing without a match", "leak russia", nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			if d := cmp.Diff(c.want, mustCompile(t, c.query).Terms(NewDoc(leak))); d != "" {
				t.Error(d)
			}
		})
	}
}

func TestNeed(t *testing.T) {
	words := func(w ...string) Need { return Need{Op: OpWords, Words: w} }
	in := func(n Need, fields ...string) Need { n.Fields = fields; return n }
	prefix := func(n Need) Need { n.Prefix = true; return n }
	or := func(n ...Need) Need { return Need{Op: OpOr, Sub: n} }
	closed := func(w string) Need { return words("\uf8ff" + w) }
	one := func(w string) Need { return or(words(w), closed(w)) }
	for _, c := range []struct {
		query string
		want  Need
	}{
		{"us", one("us")},
		{"42", one("42")},
		{"China’s", one("china")},
		{"malware", or(words("malware"), closed("malware"), words("mal", "ware"))},
		{"apt41", or(words("apt41"), closed("apt41"), words("apt", "41"))},
		{"log4j", or(words("log4j"), closed("log4j"), words("log", "4j"), words("log4", "j"), words("log", "4", "j"))},
		{`"Volt Typh*"`, or(prefix(words("volt", "typh")), prefix(words("volttyph")), closed("volt"), prefix(closed("typh")))},
		{`"apt 41 of*"`, or(prefix(words("apt", "41", "of")), words("apt41"), prefix(words("apt41of")), closed("apt"),
			prefix(words("41of")), closed("41"), prefix(closed("of")))},
		{"title:a", or(in(words("a"), "title"), in(closed("a"), "title"))},
		{"body:a", or(in(words("a"), "body"), in(closed("a"), "body"))},
		{"a b", Need{Op: OpAnd, Sub: []Need{one("a"), one("b")}}},
		{"a OR b*", or(words("a"), closed("a"), prefix(words("b")), prefix(closed("b")))},
		{"a1 OR b", or(words("a1"), closed("a1"), words("b"), closed("b"))},
		{"*", Need{}},
		{"title:*", Need{}},
		{"NOT a", Need{Op: OpNot, Sub: []Need{one("a")}}},
		{"tag:a", Need{}},
		{"a -b source:c", Need{Op: OpAnd, Sub: []Need{one("a"), {Op: OpNot, Sub: []Need{one("b")}}}}},
		{`a -tag:b`, one("a")},
		{`a -(b c)`, Need{Op: OpAnd, Sub: []Need{one("a"), {Op: OpNot, Sub: []Need{{Op: OpAnd, Sub: []Need{one("b"), one("c")}}}}}}},
		{"a OR tag:b", Need{}},
		{"NOT NOT a", one("a")},
		{"title:us NEAR/3 title:eu", or(
			Need{Op: OpNear, Words: []string{"us", "eu"}, Within: 3, Fields: []string{"title"}},
			Need{Op: OpAnd, Sub: []Need{in(closed("us"), "title"), or(in(words("eu"), "title"), in(closed("eu"), "title"))}},
			Need{Op: OpAnd, Sub: []Need{or(in(words("us"), "title"), in(closed("us"), "title")), in(closed("eu"), "title")}},
		)},
		{"us NEAR/3 title:eu", Need{Op: OpAnd, Sub: []Need{one("us"), or(in(words("eu"), "title"), in(closed("eu"), "title"))}}},
	} {
		if d := cmp.Diff(c.want, mustCompile(t, c.query).Need()); d != "" {
			t.Errorf("%s:\n%s", c.query, d)
		}
	}
}

func TestEnough(t *testing.T) {
	words := func(w ...string) Need { return Need{Op: OpWords, Words: w} }
	or := func(n ...Need) Need { return Need{Op: OpOr, Sub: n} }
	not := func(n Need) Need { return Need{Op: OpNot, Sub: []Need{n}} }
	none := Need{Op: OpNone}
	closed := func(w string) Need { return words("\uf8ff" + w) }
	one := func(w string) Need { return or(words(w), closed(w)) }
	for _, c := range []struct {
		query string
		want  Need
	}{
		{"us", one("us")},
		{"zeroday", or(words("zeroday"), closed("zeroday"), words("0day"), closed("0day"))},
		{"zero-click", or(words("zero", "click"), words("zeroclick"), words("0", "click"), words("0click"))},
		{`"volt typhoon group"`, words("volt", "typhoon", "group")},
		{"=APT", none},
		{"title:*", none},
		{"*", Need{}},
		{"NOT *", none},
		{"us source:x", none},
		{"us OR source:x", one("us")},
		{"us -malware", Need{Op: OpAnd, Sub: []Need{one("us"), not(or(words("malware"), closed("malware"), words("mal", "ware")))}}},
		{"us -source:x", none},
		{"us NEAR/3 eu", none},
		{"us since:7d", one("us")},
		{"since:7d", Need{}},
		{"us OR since:7d", one("us")},
		{"/us/", none},
		{"actor:apt29", none},
	} {
		f, err := CompileSearch(c.query, now)
		if err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(c.want, f.Enough()); d != "" {
			t.Errorf("%s:\n%s", c.query, d)
		}
	}
}

func TestIndexTexts(t *testing.T) {
	for _, c := range []struct {
		story       story.Story
		title, body string
	}{
		{
			*leak, "china i soon leak hackers for hire \uf8ffisoon",
			"documents of the chinese contractor i soon anxun list targets in zero day markets \uf8ff " +
				"the china desk cafe notes name apt41 ministry of public security contracts anxun staff 中 国 黑 客 \uf8ffisoon",
		},
		{
			story.Story{Title: "A co-op, a U-S e-mail", Summary: "log-4j2 log-4-j Log 4-j5 day-2x"},
			"a co op a u s e mail \uf8ffcoop \uf8ffemail",
			"log 4j2 log 4 j log 4 j5 day 2x \uf8fflog4j2\uf8ff \uf8fflog4 \uf8fflog4j \uf8ff4j \uf8fflog4j5\uf8ff \uf8ff4j5 \uf8ffday2x",
		},
		{story.Story{Content: "x", Entities: story.Entities{CVEs: []story.CVE{{ID: "CVE-2024-0001"}}}}, "", "x \uf8fegiven"},
		{story.Story{}, "", ""},
	} {
		title, body := NewDoc(&c.story).IndexTexts()
		if d := cmp.Diff([2]string{c.title, c.body}, [2]string{title, body}); d != "" {
			t.Errorf("%+v: %s", c.story, d)
		}
	}
}

func TestCompileError(t *testing.T) {
	f, err := Compile("a sat:china")
	var e *query.Error
	if f != nil || !errors.As(err, &e) || e.Col != 3 {
		t.Errorf("%v, %v", f, err)
	}
}

func TestSet(t *testing.T) {
	watches := map[string]*Filter{}
	for name, q := range map[string]string{
		"z-word": "leak", "a-phrase": `"hackers for hire"`, "prefix": "contr*", "negation": "NOT russia", "all": "*",
		"or": "russia OR (iran leak) OR tag:leak", "source": `source:krebs-on-security`, "tag prefix": "tag:gov*",
		"no word": "russia", "no negation": "NOT leak", "no and": "leak russia", "no tag": "tag:us OR source:bbc",
	} {
		watches[name] = mustCompile(t, q)
	}
	s := NewSet(watches)
	want := []string{"a-phrase", "all", "negation", "or", "prefix", "source", "tag prefix", "z-word"}
	if d := cmp.Diff(want, s.Match(NewDoc(leak))); d != "" {
		t.Error(d)
	}
	if s.Len() != len(watches) {
		t.Errorf("Len %d", s.Len())
	}
	if got := NewSet(nil).Match(NewDoc(leak)); got != nil {
		t.Errorf("empty set: %v", got)
	}
	if d := cmp.Diff([]string{"all", "negation", "no negation"}, s.Match(NewDoc(&story.Story{Title: "x"}))); d != "" {
		t.Errorf("another story: %s", d)
	}
}

func TestSetTurnsOver(t *testing.T) {
	s := NewSet(map[string]*Filter{"w": mustCompile(t, "leak"), "x": mustCompile(t, "russia")})
	v := &visit{seen: []uint32{1, 1}, turn: ^uint32(0)}
	v.begin(s, NewDoc(leak))
	v.words()
	if len(v.matched) != 1 || s.name(v.matched[0]) != "w" {
		t.Errorf("matched %v", v.matched)
	}
}

func TestSetIsSafeForConcurrentUse(t *testing.T) {
	s := NewSet(map[string]*Filter{"a": mustCompile(t, "leak"), "b": mustCompile(t, `"zero day" tag:gov*`), "c": mustCompile(t, "-leak")})
	d := NewDoc(leak)
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for range 200 {
				if diff := cmp.Diff([]string{"a", "b"}, s.Match(d)); diff != "" {
					t.Error(diff)
					return
				}
			}
		})
	}
	wg.Wait()
}

func TestSetAllocatesOnlyItsAnswer(t *testing.T) {
	s := NewSet(map[string]*Filter{"a": mustCompile(t, `leak "zero day" contr* tag:gov* -russia`), "b": mustCompile(t, "russia OR -hire")})
	d := NewDoc(leak)
	if len(s.Match(d)) != 1 {
		t.Fatal("no match")
	}
	// A pool forgets what it has now and then, with the race detector often.
	least := 1000.0
	for range 100 {
		least = min(least, testing.AllocsPerRun(1, func() { s.Match(d) }))
	}
	if least > 1 {
		t.Errorf("%v allocations for one answer", least)
	}
}

func TestHighlights(t *testing.T) {
	s := &story.Story{
		Title: "Leak by Salt Typhoon", Summary: "the (zero) day!", Content: "first word\n  of\n\tall", Author: "Brian Krebs",
		URL: "https://www.cisa.example/leak", Source: "The Record", Tags: []string{"leaks"},
	}
	for _, c := range []struct {
		name, query string
		want        []Highlight
	}{
		{"each place of a word", "leak OR title:leak OR url:leak", []Highlight{{"title", "Leak", 0, 4}, {"url", "leak", 25, 29}}},
		{"the longer one", `salt OR "salt typhoon" OR typhoon`, []Highlight{{"title", "Salt Typhoon", 8, 20}}},
		{"the longer one, though it begins later", `"leak by" OR "by salt typhoon"`, []Highlight{{"title", "by Salt Typhoon", 5, 20}}},
		{"the longer one in the author", `author:(brian OR "brian krebs")`, []Highlight{{"author", "Brian Krebs", 0, 11}}},
		{"an expression that ends inside of a word", "/lt ty/ typhoon", []Highlight{{"title", "Typhoon", 13, 20}}},
		{"an expression that ends after the last word", "/y!/ first", []Highlight{{"summary", "y!", 13, 15}, {"content", "first", 0, 5}}},
		{"an expression twice in a word", "/l+/ -russia", []Highlight{{"title", "L", 0, 1}, {"title", "l", 10, 11}, {"content", "ll", 18, 20}}},
		{"an expression of names", "source:/rec/ domain:/^www/", []Highlight{{"source", "Rec", 0, 0}, {"domain", "www", 0, 0}}},
		{"a phrase over lines", `"word of all"`, []Highlight{{"content", "word of all", 6, 20}}},
		{"sides of NEAR", "typhoon NEAR/1 by", []Highlight{{"title", "by", 5, 7}, {"title", "Typhoon", 13, 20}}},
		{"names", "tag:leak* source:*", []Highlight{{"tag", "leaks", 0, 0}}},
		{"nothing without a match", "leak russia", nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := mustCompile(t, c.query).Highlights(NewDoc(s))
			if d := cmp.Diff(c.want, got); d != "" {
				t.Error(d)
			}
			if err := orderly(s, got); err != nil {
				t.Error(err)
			}
		})
	}
}
