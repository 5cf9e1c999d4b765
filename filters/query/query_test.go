package query

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"github.com/rivo/uniseg"
	"pgregory.net/rapid"
)

// dump shows the tree in full.
func dump(n Node) string {
	list := func(name string, nodes []Node) string {
		parts := make([]string, len(nodes))
		for i, n := range nodes {
			parts[i] = dump(n)
		}
		return name + "[" + strings.Join(parts, " ") + "]"
	}
	switch n := n.(type) {
	case And:
		return list("and", n)
	case Or:
		return list("or", n)
	case Not:
		return "not[" + dump(n.X) + "]"
	case Term:
		s := strings.Join(n.Words, "_")
		if n.Prefix {
			s += "*"
		}
		if n.Field != Any {
			s = string(n.Field) + ":" + s
		}
		return s
	}
	return fmt.Sprintf("%T", n)
}

func TestParse(t *testing.T) {
	for _, c := range []struct{ name, in, tree, canonical string }{
		{"a word", "China", "china", "china"},
		{"everything", " * ", "*", "*"},
		{"a prefix", "Sanction*", "sanction*", "sanction*"},
		{"a phrase", `"Volt  Typhoon"`, "volt_typhoon", `"volt typhoon"`},
		{"a phrase of one word", `"China"`, "china", "china"},
		{"a phrase with a prefix inside", `"zero da*"`, "zero_da*", `"zero da*"`},
		{"a phrase with a prefix outside", `"zero da"*`, "zero_da*", `"zero da*"`},
		{"a phrase of one prefix", `"sanction*"`, "sanction*", "sanction*"},
		{"curly, low, angled and full-width quotes", `“a b” „c d“ «e f» ＂g h＂`, "and[a_b c_d e_f g_h]", `"a b" AND "c d" AND "e f" AND "g h"`},
		{"quotes without spaces", `a"b c"d`, "and[a b_c d]", `a AND "b c" AND d`},
		{"operators in quotes are words", `"OR" "and not"`, "and[or and_not]", `or AND "and not"`},

		{"implicit and", "a b c", "and[a b c]", "a AND b AND c"},
		{"explicit and", "a AND b", "and[a b]", "a AND b"},
		{"or", "a OR b OR c", "or[a b c]", "a OR b OR c"},
		{"and binds tighter", "a b OR c AND d", "or[and[a b] and[c d]]", "a AND b OR c AND d"},
		{"group", "a (b OR c)", "and[a or[b c]]", "a AND (b OR c)"},
		{"superfluous groups", "((a)) ((b c) d) (e OR (f OR g))", "and[a b c d or[e f g]]", "a AND b AND c AND d AND (e OR f OR g)"},
		{"not", "NOT a", "not[a]", "NOT a"},
		{"minus", "a -b", "and[a not[b]]", "a AND NOT b"},
		{"minus signs of a phone", "−a ‐b －c", "and[not[a] not[b] not[c]]", "NOT a AND NOT b AND NOT c"},
		{"not of a group", "-(a OR b) NOT (c d)", "and[not[or[a b]] not[and[c d]]]", "NOT (a OR b) AND NOT (c AND d)"},
		{"not binds tighter than and", "NOT a b", "and[not[a] b]", "NOT a AND b"},
		{"not of not", "NOT -a", "not[not[a]]", "NOT NOT a"},
		{"or not", "a OR NOT b", "or[a not[b]]", "a OR NOT b"},
		{"operators next to parentheses", "(a)OR(b)AND(NOT(c))", "or[a and[b not[c]]]", "a OR b AND NOT c"},
		{"lower-case operators are words", "a or b and not", "and[a or b and not]", "a AND or AND b AND and AND not"},
		{"full-width parentheses", "（a OR b）c", "and[or[a b] c]", "(a OR b) AND c"},
		{"invisible characters", "\u200ba -\u200bb title:\u2060c OR\u200b d", "or[and[a not[b] title:c] d]", "a AND NOT b AND title:c OR d"},
		{"all kinds of white space", "a\tb\nc\u00a0d\u3000e\ufeff", "and[a b c d e]", "a AND b AND c AND d AND e"},

		{"field", "title:China", "title:china", "title:china"},
		{"field in capitals and full-width colon", "Title：a BODY:b", "and[title:a body:b]", "title:a AND body:b"},
		{"field with a phrase and a prefix", `source:"The Record" tag:gov*`, "and[source:the_record tag:gov*]", `source:"the record" AND tag:gov*`},
		{"field with anything", "tag:* OR title:*", "or[tag:* title:*]", "tag:* OR title:*"},
		{"field with a group", "title:(wiper OR -ransomware)", "or[title:wiper not[title:ransomware]]", "title:(wiper OR NOT ransomware)"},
		{"field of all is printed once", "title:a AND title:b", "and[title:a title:b]", "title:(a AND b)"},
		{"fields of some are not", "title:a body:b title:c", "and[title:a body:b title:c]", "title:a AND body:b AND title:c"},
		{"field of a group in a list", "a OR title:(b c) OR tag:(d OR e)", "or[a and[title:b title:c] tag:d tag:e]", "a OR title:(b AND c) OR tag:d OR tag:e"},
		{"field inside of not", "-title:a NOT tag:(a OR b)", "and[not[title:a] not[or[tag:a tag:b]]]", "NOT title:a AND NOT tag:(a OR b)"},
		{"field ends with its operand", "title:a b", "and[title:a b]", "title:a AND b"},

		{"hyphenated word is a phrase", "zero-day*", "zero_day*", `"zero day*"`},
		{"possessive", "China's", "china", "china"},
		{"diacritics and case", "ÜNDER title:Škoda", "and[under title:skoda]", "under AND title:skoda"},
		{"characters side by side", "中国", "中_国", "中国"},
		{"characters and words", `"用 APT41"`, "用_apt41", "用apt41"},
		{"characters with a prefix", "中国*", "中_国*", "中国*"},
		{"signs around a word", "(a, b; +c. U.S.)", "and[a b c u_s]", `a AND b AND c AND "u s"`},

		{"time", "10:30", "10_30", `"10 30"`},
		{"URL", "https://x.example/a?b=c", "https_x_example_a_b_c", `"https x example a b c"`},
		{"URL in a field", "body:https://x.example", "body:https_x_example", `body:"https x example"`},
		{"colon after no name", "CVE-2024:x é:x", "and[cve_2024_x e_x]", `"cve 2024 x" AND "e x"`},
		{"colon in quotes", `"localhost:8080"`, "localhost_8080", `"localhost 8080"`},
		{"colon at the end of what is no name", "5: b", "and[5 b]", "5 AND b"},
		{"slash and equals inside a word", "and/or x/y=z", "and[and_or x_y_z]", `"and or" AND "x y z"`},
	} {
		t.Run(c.name, func(t *testing.T) {
			n, err := Parse(c.in)
			if err != nil {
				t.Fatal(err)
			}
			if got := dump(n); got != c.tree {
				t.Errorf("tree of %q\n got %s\nwant %s", c.in, got, c.tree)
			}
			if got := n.String(); got != c.canonical {
				t.Errorf("canonical form of %q\n got %s\nwant %s", c.in, got, c.canonical)
			}
			check(t, c.in)
		})
	}
}

func TestErrors(t *testing.T) {
	const (
		op     = `a word, a "phrase", a prefix* or a group in ( )`
		quotes = " (or quotes around it, to look for the words)"
		field  = "the name of a field" + quotes
		fields = "one of the fields title:, body:, source:, tag:, country:, actor:, malware:, cve:, set: and others" + quotes
		number = "a comparison of cvss, epss, severity or sources" + quotes
	)
	for _, c := range []struct{ name, in, want string }{
		{"empty", "", `column 1: expected ` + op + `, found an empty query; try * to match every story`},
		{"blank", " \n\u200b", `column 4: expected ` + op + `, found an empty query; try * to match every story`},
		{"quote not closed", `a "b c`, `column 3: expected a closing quote for this ", found the end of the query`},
		{"phrase without words", `a "…"`, `column 3: expected a letter or digit to look for, found the phrase with none`},
		{"word without letters", "a & b", `column 3: expected a letter or digit to look for, found "&" with none`},
		{"an emoji", "🔥", `column 1: expected a letter or digit to look for, found "🔥" with none`},
		{"group not closed", "a (b OR (c)", `column 3: expected a ")" for this "(", found the end of the query`},
		{"group opened at the end", "a (", `column 3: expected a ")" for this "(", found the end of the query`},
		{"parenthesis too many", "(a) b)", `column 6: expected a "(" before this ")", found none`},
		{"parenthesis first", ") a", `column 1: expected a "(" before this ")", found none`},
		{"empty group", "a ()", `column 4: expected ` + op + ` inside of ( ), found an empty group`},
		{"operator first", "OR a", `column 1: expected ` + op + ` before "OR", found nothing`},
		{"operator first in a group", "a (AND b)", `column 4: expected ` + op + ` before "AND", found nothing`},
		{"operator last", "a OR", `column 5: expected ` + op + ` after "OR", found the end of the query`},
		{"operator last in a group", "(a AND)", `column 7: expected ` + op + ` after "AND", found ")"`},
		{"two operators", "a OR AND b", `column 6: expected ` + op + ` between two operators, found "AND" right after "OR"`},
		{"not of an operator", "a NOT OR b", `column 7: expected ` + op + ` between two operators, found "OR" right after "NOT"`},
		{"not last", "a NOT", `column 6: expected ` + op + ` after "NOT", found the end of the query`},
		{"not last in a group", "(NOT)", `column 5: expected ` + op + ` after "NOT", found ")"`},
		{"minus apart from its word", "a - b", `column 3: expected a word right after the "-", found a space`},
		{"minus last", "a -", `column 3: expected a word right after the "-", found the end of the query`},
		{"minus in a group alone", "(a -)", `column 4: expected a word right after the "-", found ")"`},
		{"dash for minus", "a –b", `column 3: expected ` + op + `, found a dash; what is not wanted has a plain hyphen before it; try -b`},
		{"exclamation mark", "a !b", `column 3: expected ` + op + `, found the sign "!"; try -b`},
		{"double signs", "a && b", `column 3: expected the operator AND, OR or NOT, found "&&"; try AND`},
		{"bars", "a || b", `column 3: expected the operator AND, OR or NOT, found "||"; try OR`},

		{"star in a word", "a wi*er", `column 5: expected "*" only at the end of a word, found "*" elsewhere`},
		{"star before a word", "*ware", `column 1: expected "*" only at the end of a word, found "*" elsewhere`},
		{"two stars", "wip**", `column 4: expected "*" only at the end of a word, found "*" elsewhere`},
		{"star inside of a phrase", `"zero* day"`, `column 6: expected "*" only after the last word of a phrase, found "*" within it`},
		{"a query in quotes", `"chin* OR beijing"`, `column 6: expected "*" only after the last word of a phrase, found "*" within it`},
		{"star first in a phrase", `"* day"`, `column 2: expected "*" only after the last word of a phrase, found "*" within it`},
		{"star after a sign", "zero-*", `column 5: expected "*" right after a letter or digit, found something else before it; try zero*`},
		{"star after a space in a phrase", `"zero *"`, `column 6: expected "*" right after a letter or digit, found something else before it; try zero*`},

		{"field with nothing", "title:", `column 7: expected ` + op + ` right after title:, found the end of the query`},
		{"field and a space", "title: a", `column 7: expected ` + op + ` right after title:, found a space`},
		{"field and a parenthesis", "(title:)", `column 8: expected ` + op + ` right after title:, found ")"`},
		{"field and an operator", "title:OR b", `column 7: expected ` + op + ` right after title:, found "OR"`},
		{"field before minus", "a title:-b", `column 9: expected ` + op + ` right after title:, found "-"; try -title:b`},
		{"field inside of a field", "title:(a body:b)", `column 10: expected no other field inside of title:( ), found "body:"`},
		{"field after a field", "title:body:b", `column 7: expected ` + op + ` right after title:, found "body:"`},
		{"mistyped field", "a titel:b", `column 3: expected ` + field + `, found the unknown field "titel:"; try title:`},
		{"plural field", "Tags:b", `column 1: expected ` + field + `, found the unknown field "Tags:"; try tag:`},
		{"field by another name", "content:b", `column 1: expected ` + field + `, found the unknown field "content:"; try body:`},
		{"field in a field's value", "source:krebs:x", `column 8: expected ` + fields + `, found the unknown field "krebs:"`},
		{"host and port", "localhost:8080", `column 1: expected ` + fields + `, found the unknown field "localhost:"`},
		{"flag with equals", "kev=yes", `column 1: expected ` + number + `, found the comparison "kev=yes"; try kev:yes`},

		{"too long", strings.Repeat("ä", MaxBytes/2) + "b", `column 4097: expected at most 8192 bytes in a query, found 8193 bytes`},
		{"too long when written out", strings.Repeat("ﷺ ", 300), `column 601: expected at most 8192 bytes in a query, found 11995 when its operators are written out`},
		{"too many words", strings.Repeat("a ", MaxTerms+1), `column 1025: expected at most 512 words and phrases in a query, found one more`},
		{"too deep", strings.Repeat("a OR NOT b (", 16) + "c" + strings.Repeat(")", 16), `column 210: expected at most 32 groups and NOTs inside one another, found 33`},
		{"too many parentheses", strings.Repeat("(", 4000), `column 257: expected at most 32 groups and NOTs inside one another, found one more`},
		{"too many nots", strings.Repeat("-", 4000) + "a", `column 257: expected at most 32 groups and NOTs inside one another, found one more`},

		{"columns are runes", "äöü中国 OR", `column 9: expected ` + op + ` after "OR", found the end of the query`},
		{"not UTF-8", "a \xff", `column 3: expected a letter or digit to look for, found "?" with none`},
	} {
		t.Run(c.name, func(t *testing.T) {
			n, err := Parse(c.in)
			if err == nil {
				t.Fatalf("parsed as %s", n)
			}
			if got := err.Error(); got != c.want {
				t.Errorf("%q\n got %s\nwant %s", c.in, got, c.want)
			}
			check(t, c.in)
		})
	}
}

func TestCaret(t *testing.T) {
	long := strings.Repeat("abcdefghi ", 30)
	for _, c := range []struct{ name, in, want string }{
		{"in the line", "a titel:b c", "a titel:b c\n  ^"},
		{"at the end", "a OR", "a OR\n    ^"},
		{"wide characters", "中国 titel:b", "中国 titel:b\n     ^"},
		{"combining characters and emoji", "e\u0301👩‍🚀a titel:b", "e\u0301👩 🚀a titel:b\n        ^"},
		{"tabs and bidi controls are spaces", "a\t\u202etitel:b", "a  titel:b\n   ^"},
		{"one line of several", "first OR\n  (titel:b\nOR third)", "  (titel:b\n   ^"},
		{
			"long line", long + "titel:b " + long,
			"…" + long[len(long)-59:] + "titel:b " + long[:52] + "…\n" + strings.Repeat(" ", 60) + "^",
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := Parse(c.in)
			var e *Error
			if !errors.As(err, &e) {
				t.Fatal(err)
			}
			if d := cmp.Diff(c.want, e.Caret()); d != "" {
				t.Error(d)
			}
		})
	}
}

// check holds what is true of every query.
func check(t interface {
	Helper()
	Fatalf(string, ...any)
}, s string,
) {
	t.Helper()
	n, err := Parse(s)
	if err != nil {
		var e *Error
		if !errors.As(err, &e) || n != nil {
			t.Fatalf("%q: node %v with error %v", s, n, err)
		}
		if e.Query != s || e.Col < 1 || e.Col > utf8.RuneCountInString(s)+1 || e.Expected == "" || e.Found == "" {
			t.Fatalf("%q: incomplete error %+v", s, *e)
		}
		if strings.Contains(e.Error(), "\n") {
			t.Fatalf("%q: error of several lines: %q", s, e)
		}
		line, caret, ok := strings.Cut(e.Caret(), "\n")
		if !ok || strings.Trim(caret, " ") != "^" || len(caret)-1 > uniseg.StringWidth(line) || len(caret) > caretWidth+2 {
			t.Fatalf("%q: caret\n%s", s, e.Caret())
		}
		return
	}
	canonical := n.String()
	again, err := Parse(canonical)
	if err != nil {
		t.Fatalf("%q prints as %q: %v", s, canonical, err)
	}
	if d := cmp.Diff(n, again); d != "" || again.String() != canonical {
		t.Fatalf("%q prints as %q, which is another tree:\n%s", s, canonical, d)
	}
}

// pieces are what queries are made of.
var pieces = []string{
	"a", "B", "china", "中国", "ﷺ", "é", "OR", "AND", "NOT", "NEAR/3", "-", "--", "(", ")", "*", `"`, "“", "title:", "body:", "tag:(", "Source：",
	"set:", "10:30", "x>=1", "=", "/", "/re/", "!", "–b", "'s", "&#39;", "\u00ad", "\u200b", "\u202e", "\xff", "\x00", "\n", "ก", "\u1112", "\u1161", "\u11ab",
}

func TestEveryQuery(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		list := rapid.SliceOfN(rapid.SampledFrom(pieces), 0, 20).Draw(t, "pieces")
		check(t, strings.Join(list, rapid.SampledFrom([]string{" ", ""}).Draw(t, "between")))
	})
}

func FuzzParse(f *testing.F) {
	for _, s := range pieces {
		f.Add(s + " " + s)
	}
	f.Add(`title:(wiper OR "zero da*") -source:"The Record" NOT (tag:gov* (a OR b)) 中国 China’s`)
	f.Add(strings.Repeat("(", 40) + "a" + strings.Repeat(")", 40))
	f.Fuzz(func(t *testing.T, s string) { check(t, s) })
}
