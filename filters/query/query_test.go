package query

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"github.com/rivo/uniseg"
	"pgregory.net/rapid"
)

func in(f Field, s string, prefix bool) string {
	if prefix {
		s += "*"
	}
	if f == Any {
		return s
	}
	return string(f) + ":" + s
}

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
	case Near:
		s := "near["
		for i, side := range n.Sides {
			if i > 0 {
				s += fmt.Sprintf(" %d ", n.Within[i-1])
			}
			s += dump(side)
		}
		return s + "]"
	case Term:
		s := strings.Join(n.Words, "_")
		if n.Exact != "" {
			s += "=" + strconv.Quote(n.Exact)
		}
		return in(n.Field, s, n.Prefix)
	case Value:
		return in(n.Field, strconv.Quote(n.Text), n.Prefix)
	case Regex:
		return in(n.Field, "re"+strconv.Quote(n.Pattern), false)
	case Compare:
		return fmt.Sprintf("%s%s%v", n.Field, n.Op, n.Value)
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

		{"exact word", "=APT", `apt="APT"`, "=APT"},
		{"exact phrase", `="Salt  Typhoon"`, `salt_typhoon="Salt Typhoon"`, `="Salt Typhoon"`},
		{"exact prefix", "=APT*", `apt="APT"*`, "=APT*"},
		{"exact phrase with a prefix inside", `="Salt Ty*"`, `salt_ty="Salt Ty"*`, `="Salt Ty*"`},
		{"exact phrase with a prefix outside", `="Salt Ty"*`, `salt_ty="Salt Ty"*`, `="Salt Ty*"`},
		{"exact phrase of one word in curly quotes", "=“Salt”", `salt="Salt"`, "=Salt"},
		{"full-width equals sign", "＝APT", `apt="APT"`, "=APT"},
		{"exact text keeps its signs", "=APT-41.", `apt_41="APT-41."`, "=APT-41."},
		{"exact text loses what nobody sees", "=\"A\u200bP\u00adT\n\t41\"", `apt_41="APT 41"`, `="APT 41"`},
		{"exact operator", "=OR", `or="OR"`, "=OR"},
		{"exact in fields of words", "title:=APT body:(=US OR url) author:=Krebs", `and[title:apt="APT" or[body:us="US" body:url] author:krebs="Krebs"]`, "title:=APT AND body:(=US OR url) AND author:=Krebs"},
		{"not exact", "-=APT", `not[apt="APT"]`, "NOT =APT"},
		{"exact with a sign before it", "=!x", `x="!x"`, "=!x"},
		{"exact URL", "=https://x.example", `https_x_example="https://x.example"`, "=https://x.example"},
		{"exact in quotes where it could not stand bare", `="a (b): c"`, `a_b_c="a (b): c"`, `="a (b): c"`},

		{"near", "a NEAR/5 b", "near[a 5 b]", "a NEAR/5 b"},
		{"near of three", "a NEAR/5 b NEAR/3 c", "near[a 5 b 3 c]", "a NEAR/5 b NEAR/3 c"},
		{"near binds tighter than not", "-a NEAR/3 b NOT c NEAR/3 d e", "and[not[near[a 3 b]] not[near[c 3 d]] e]", "NOT a NEAR/3 b AND NOT c NEAR/3 d AND e"},
		{"near binds tighter than and and or", "a OR b c NEAR/100 d*", "or[a and[b near[c 100 d*]]]", "a OR b AND c NEAR/100 d*"},
		{"near of phrases and exact words", `"a b" NEAR/2 =C`, `near[a_b 2 c="C"]`, `"a b" NEAR/2 =C`},
		{"near of groups", `(a OR b)NEAR/5("c d" OR (e OR =F))`, `near[or[a b] 5 or[c_d e f="F"]]`, `(a OR b) NEAR/5 ("c d" OR e OR =F)`},
		{"near of superfluous groups", "((a)) NEAR/05 (b)", "near[a 5 b]", "a NEAR/5 b"},
		{"field before a side of near", "title:a NEAR/5 b", "near[title:a 5 b]", "title:a NEAR/5 b"},
		{"field of a near", "title:(a NEAR/5 (b OR c)) -x", "and[near[title:a 5 or[title:b title:c]] not[x]]", "title:(a NEAR/5 (b OR c)) AND NOT x"},
		{"field of all sides is printed once", "title:a NEAR/5 title:(b OR c)", "near[title:a 5 or[title:b title:c]]", "title:(a NEAR/5 (b OR c))"},
		{"fields of some sides are not", "title:(a OR b) NEAR/5 (c OR body:d)", "near[or[title:a title:b] 5 or[c body:d]]", "title:(a OR b) NEAR/5 (c OR body:d)"},
		{"near in a field's group", "url:(a OR b NEAR/5 c)", "or[url:a near[url:b 5 url:c]]", "url:(a OR b NEAR/5 c)"},
		{"near in a not and a group", "NOT (author:(a NEAR/5 b) OR c)", "not[or[near[author:a 5 author:b] c]]", "NOT (author:(a NEAR/5 b) OR c)"},
		{"near in lower case or quotes is a word", `near/5 "NEAR" "NEAR/5" NEARx`, "and[near_5 near near_5 nearx]", `"near 5" AND near AND "near 5" AND nearx`},

		{"regular expression", "/Volt.Typhoon/", `re"Volt.Typhoon"`, "/Volt.Typhoon/"},
		{"regular expression with anything in it", `/a b (c) "d" e:f \* OR*/ g`, `and[re"a b (c) \"d\" e:f \\* OR*" g]`, `/a b (c) "d" e:f \* OR*/ AND g`},
		{"regular expression in fields", `title:/^x+$/ OR body:/b/ OR author:/c/ OR url:/d/ OR source:/e/ OR tag:/f/ OR domain:/\.gov$/`, `or[title:re"^x+$" body:re"b" author:re"c" url:re"d" source:re"e" tag:re"f" domain:re"\\.gov$"]`, `title:/^x+$/ OR body:/b/ OR author:/c/ OR url:/d/ OR source:/e/ OR tag:/f/ OR domain:/\.gov$/`},
		{"largest regular expression", "/(?:a?b?){499}/", `re"(?:a?b?){499}"`, "/(?:a?b?){499}/"},
		{"regular expression in a group", "(/a(b)/)-/c/", `and[re"a(b)" not[re"c"]]`, "/a(b)/ AND NOT /c/"},
		{"regular expression in a field's group", "domain:(/a/ OR b*) title:(/c/ d)", `and[or[domain:re"a" domain:"b"*] title:re"c" title:d]`, "domain:(/a/ OR b*) AND title:/c/ AND title:d"},
		{"slashes escaped", `url:/\/login\\\/\\/`, `url:re"/login\\\\/\\\\"`, `url:/\/login\\\/\\/`},
		{"escaped backslash before the end", `/a\\/ b`, `and[re"a\\\\" b]`, `/a\\/ AND b`},
		{"regular expression after a phrase", `"a"/b/`, `and[a re"b"]`, "a AND /b/"},
		{"invisible character after a regular expression", "/a/\u200b b", `and[re"a" b]`, "/a/ AND b"},
		{"slash within a word", "a/b/ c", "and[a_b c]", `"a b" AND c`},

		{"value", "country:cn", `country:"cn"`, "country:cn"},
		{"value is as written", "country:CN country:\"North  Korea\u200b \"", `and[country:"CN" country:"North Korea"]`, `country:(CN AND "North Korea")`},
		{"values in a group", "country:(cn OR -ru) Actor：（APT29 x）", `and[or[country:"cn" not[country:"ru"]] actor:"APT29" actor:"x"]`, "country:(cn OR NOT ru) AND actor:APT29 AND actor:x"},
		{"value with a prefix", `domain:x.* actor:Volt* malware:"plug x*"`, `and[domain:"x."* actor:"Volt"* malware:"plug x"*]`, `domain:x.* AND actor:Volt* AND malware:"plug x*"`},
		{"value with a prefix outside of its quotes", `actor:"Volt Ty"*`, `actor:"Volt Ty"*`, `actor:"Volt Ty*"`},
		{"value with a star before its star", "domain:x**", `domain:"x*"*`, "domain:x**"},
		{"star is a part of other values", `cve:2024-* cve:"2024 *" country:c＊ lang:"e"*`, `and[cve:"2024-*" cve:"2024 *" country:"c*" lang:"e*"]`, `cve:2024-* AND cve:"2024 *" AND country:c* AND lang:e*`},
		{"star within a value", "domain:*.gov actor:a*b", `and[domain:"*.gov" actor:"a*b"]`, "domain:*.gov AND actor:a*b"},
		{"fields with anything", `domain:* lang:* country:* actor:* malware:"*" cve:*`, `and[domain:""* lang:""* country:""* actor:""* malware:""* cve:""*]`, "domain:* AND lang:* AND country:* AND actor:* AND malware:* AND cve:*"},
		{"values that look like operators", `country:"OR" lang:"-x" set:"NEAR/5" set:"&&"`, `and[country:"OR" lang:"-x" set:"NEAR/5" set:"&&"]`, `country:"OR" AND lang:"-x" AND set:"NEAR/5" AND set:"&&"`},
		{"values that look like other operands", `set:"(a)" set:"a:b" set:"=x" set:"/x/" set:"x>=1"`, `and[set:"(a)" set:"a:b" set:"=x" set:"/x/" set:"x>=1"]`, `set:("(a)" AND "a:b" AND "=x" AND "/x/" AND "x>=1")`},
		{"value that is a URL", "domain:https://x.example/y", `domain:"https://x.example/y"`, "domain:https://x.example/y"},
		{"value with signs and no word", "set:+ actor:🔥", `and[set:"+" actor:"🔥"]`, "set:+ AND actor:🔥"},
		{"times", "since:2026-11-01 before:2026-11-01T10:30 since:7d", `and[since:"2026-11-01" before:"2026-11-01T10:30" since:"7d"]`, "since:2026-11-01 AND before:2026-11-01T10:30 AND since:7d"},
		{"flags", `kev:yes OR kev:NO OR kev:True OR kev:"false"`, `or[kev:"yes" kev:"no" kev:"yes" kev:"no"]`, "kev:(yes OR no OR yes OR no)"},
		{"set", "set:china's OR set:apt", `or[set:"china's" set:"apt"]`, "set:(china's OR apt)"},
		{"language", "lang:zh-Hant", `lang:"zh-Hant"`, "lang:zh-Hant"},
		{"names of fields alone are words", "set kev near cvss domain", "and[set kev near cvss domain]", "set AND kev AND near AND cvss AND domain"},

		{"comparison", "cvss>=7", "cvss>=7", "cvss>=7"},
		{"comparison in capitals and with a fraction", "CVSS>07.50 Epss<.5", "and[cvss>7.5 epss<0.5]", "cvss>7.5 AND epss<0.5"},
		{"comparison with every sign", "sources>=1 sources>2 sources<=3 sources<4 sources=5", "and[sources>=1 sources>2 sources<=3 sources<4 sources=5]", "sources>=1 AND sources>2 AND sources<=3 AND sources<4 AND sources=5"},
		{"comparison with signs of a chat", "cvss≥7 cvss≤8 cvss≧7 cvss⩽8 epss＜0.5 epss＞０．１ cvss＝7", "and[cvss>=7 cvss<=8 cvss>=7 cvss<=8 epss<0.5 epss>0.1 cvss=7]", "cvss>=7 AND cvss<=8 AND cvss>=7 AND cvss<=8 AND epss<0.5 AND epss>0.1 AND cvss=7"},
		{"comparison with spaces", "cvss >= 7 epss> 0.5 sources <3 cvss = 7", "and[cvss>=7 epss>0.5 sources<3 cvss=7]", "cvss>=7 AND epss>0.5 AND sources<3 AND cvss=7"},
		{"comparison with a space before equals", "cvss =7 severity =high", "and[cvss=7 severity=2]", "cvss=7 AND severity=high"},
		{"exact word after the name of a number", "severity =APT sources =APT41", `and[severity apt="APT" sources apt41="APT41"]`, "severity AND =APT AND sources AND =APT41"},
		{"comparison of severity", "severity>=HIGH OR severity<low OR severity=medium OR severity>critical", "or[severity>=2 severity<0 severity=1 severity>3]", "severity>=high OR severity<low OR severity=medium OR severity>critical"},
		{"comparison at the ends of a range", "cvss<=10 cvss>=0 epss<1 sources<=1000", "and[cvss<=10 cvss>=0 epss<1 sources<=1000]", "cvss<=10 AND cvss>=0 AND epss<1 AND sources<=1000"},
		{"comparison in a not and a group", "-cvss>=7 (cvss<3 OR title:a)", "and[not[cvss>=7] or[cvss<3 title:a]]", "NOT cvss>=7 AND (cvss<3 OR title:a)"},
		{"sign after what is no name", "1>=2 é>3", "and[1_2 e_3]", `"1 2" AND "e 3"`},
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
		value  = "a value or a group in ( )"
		side   = `on each side of NEAR a word, a "phrase", a prefix* or a group of these with OR`
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
		{"star after a sign in a phrase", "\"zero\nday!\"*", `column 10: expected "*" right after a letter or digit, found something else before it; try "zero day*"`},

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

		{"equals alone", "a =", `column 1: expected ` + number + `, found the comparison "a ="`},
		{"equals and a space", "= x", `column 1: expected a word or a "phrase" right after the "=", found a space`},
		{"equals twice", "==x", `column 1: expected a word or a "phrase" right after the "=", found "="`},
		{"equals before a group", "=(a OR b)", `column 1: expected a word or a "phrase" right after the "=", found "("`},
		{"exact star", "=*", `column 1: expected a letter or digit to look for, found "=*" with none`},
		{"exact without words", `a ="…"`, `column 3: expected a letter or digit to look for, found the phrase with none`},
		{"star in an exact word", "=a*b", `column 3: expected "*" only at the end of a word, found "*" elsewhere`},
		{"star after a sign of an exact word", `="É x-"*`, `column 1: expected "*" right after a letter or digit, found something else before it; try ="É x*"`},
		{"exact regular expression", "=/re/", `column 1: expected a word or a "phrase" right after the "=", as a regular expression ignores case, found "/"`},
		{"exact before a field", "=title:x", `column 1: expected a field before the "=", found the field after it; try title:=x`},
		{"exact before a field of names", "=source:x", `column 1: expected a word or a "phrase" right after the "=", found the field "source:"`},
		{"exact before an unknown field", "=colour:x", `column 2: expected ` + fields + `, found the unknown field "colour:"`},
		{"exact before a comparison", "a =cvss>=7", `column 3: expected a word or a "phrase" right after the "=", found the comparison "cvss>=7"`},
		{"exact name", "source:=Krebs", `column 8: expected ` + op + ` without "=", found the sign "="; names match in any case; try Krebs`},
		{"exact phrase of a name", `tag:(a OR ="b c"*)`, `column 11: expected ` + op + ` without "=", found the sign "="; names match in any case; try "b c"*`},
		{"exact value", "country:=cn", `column 9: expected ` + value + ` without "=", found the sign "="; values match in any case; try cn`},
		{"exact not closed", `a ="b`, `column 3: expected a closing quote for this ", found the end of the query`},

		{"near without a number", "a NEAR b", `column 3: expected a number of words after NEAR (or quotes around it, to look for the word), found "NEAR" alone; try NEAR/10`},
		{"near with no number", "a NEAR/ b", `column 3: expected a number of words from 1 to 100 after NEAR/, found "NEAR/"; try NEAR/10`},
		{"near with zero", "a NEAR/0 b", `column 3: expected a number of words from 1 to 100 after NEAR/, found "NEAR/0"; try NEAR/10`},
		{"near too far", "a NEAR/101 b", `column 3: expected a number of words from 1 to 100 after NEAR/, found "NEAR/101"; try NEAR/10`},
		{"near with a sign", "a NEAR/+5 b", `column 3: expected a number of words from 1 to 100 after NEAR/, found "NEAR/+5"; try NEAR/10`},
		{"near and no number", "a NEAR/x b", `column 3: expected a number of words from 1 to 100 after NEAR/, found "NEAR/x"; try NEAR/10`},
		{"near first", "NEAR/5 a", `column 1: expected ` + op + ` before "NEAR/5", found nothing`},
		{"near last", "a NEAR/5", `column 9: expected ` + op + ` after "NEAR/5", found the end of the query`},
		{"near and an operator", "a NEAR/5 OR b", `column 10: expected ` + op + ` between two operators, found "OR" right after "NEAR/5"`},
		{"operator and near", "a OR NEAR/5 b", `column 6: expected ` + op + ` between two operators, found "NEAR/5" right after "OR"`},
		{"near of a minus", "a NEAR/5 -b", `column 10: expected ` + side + `, found a NOT`},
		{"near of a not", "a NEAR/5 NOT b NEAR/5 c", `column 10: expected ` + side + `, found a NOT`},
		{"near of a near", "(a NEAR/5 b) NEAR/3 c", `column 1: expected ` + side + `, found a group with another NEAR`},
		{"near of an and", "a NEAR/5 b NEAR/5 (c d)", `column 19: expected ` + side + `, found a group with AND`},
		{"near of a group with a not", "a NEAR/5 (b OR -c)", `column 10: expected ` + side + `, found a NOT`},
		{"near of a regular expression", "a NEAR/5 /x/", `column 10: expected ` + side + `, found a regular expression`},
		{"near of a comparison", "cvss>=7 NEAR/5 a", `column 1: expected ` + side + `, found a comparison`},
		{"near of a value", "a NEAR/5 (b OR country:cn)", `column 10: expected ` + side + `, found the field country:`},
		{"near of anything", "title:* NEAR/5 a", `column 1: expected ` + side + `, found "*" alone`},
		{"near in a field of names", "source:(a NEAR/5 b)", `column 9: expected ` + side + `, found the field source:`},
		{"near in a field of values", "country:(a NEAR/5 b)", `column 10: expected ` + side + `, found the field country:`},
		{"near right after a field", "url:NEAR/5", `column 5: expected ` + op + ` right after url:, found "NEAR/5"`},

		{"slash alone", "a /", `column 3: expected a closing "/" for this "/"` + quotes + `, found the end of the query`},
		{"slashes of a comment", "a // b", `column 3: expected a regular expression between the slashes, found none`},
		{"path", "a /etc/passwd", `column 8: expected a space, ")" or the end of the query after a regular expression (a path goes in quotes), found "p"; try "/etc/passwd"`},
		{"path of one part", "/tmp", `column 1: expected a closing "/" for this "/"` + quotes + `, found the end of the query; try "/tmp"`},
		{"regular expression with a flag", "/x/i", `column 4: expected a space, ")" or the end of the query after a regular expression (a path goes in quotes), found "i"; try /x/`},
		{"regular expression and a phrase", `/x/"y"`, `column 4: expected a space, ")" or the end of the query after a regular expression (a path goes in quotes), found """; try "/x/"`},
		{"regular expression over lines", "/x\ny/", `column 1: expected a closing "/" for this "/"` + quotes + `, found a line break before one; try "/x"`},
		{"escaped line break", "/x\\\ny/", `column 1: expected a closing "/" for this "/"` + quotes + `, found a line break before one; try "/x\"`},
		{"regular expression of nothing", "title://", `column 7: expected a regular expression between the slashes, found none`},
		{"regular expression for a value", "country:/x/", `column 9: expected ` + value + ` right after country:, found a regular expression`},
		{"regular expression for a time", "since:(7d OR /x/)", `column 14: expected ` + value + ` right after since:, found a regular expression`},
		{"regular expression not closed in itself", "b /[a/", `column 3: expected a regular expression of RE2, found one with missing closing ] in "[a"`},
		{"regular expression with a lookahead", "/(?=a)/", `column 1: expected a regular expression of RE2, found one with invalid or unsupported Perl syntax in "(?="`},
		{"regular expression that repeats too often", "/a{1001}/", `column 1: expected a regular expression of RE2, found one with invalid repeat count in "{1001}"`},
		{"regular expression too large", `a /(\pL[0-9]){999}x?y*/`, `column 3: expected a regular expression of at most 2000 steps, found a larger one (repetitions such as x{100} count in full)`},
		{"regular expression too large once compiled", "/(?:a?b?){500}/", `column 1: expected a regular expression of at most 2000 steps, found a larger one (repetitions such as x{100} count in full)`},
		{"regular expression not UTF-8", "/\xff/", `column 1: expected a regular expression of RE2, found one with invalid UTF-8 in "?"`},

		{"value missing", "country:", `column 9: expected ` + value + ` right after country:, found the end of the query`},
		{"value and a space", "country: cn", `column 9: expected ` + value + ` right after country:, found a space`},
		{"value in empty quotes", "country:\" \u200b\"", `column 9: expected a value, found nothing in quotes`},
		{"value after minus", "country:-cn", `column 9: expected ` + value + ` right after country:, found "-"; try -country:cn`},
		{"value and an operator", "country:AND", `column 9: expected ` + value + ` right after country:, found "AND"`},
		{"values missing", "country:()", `column 10: expected ` + value + ` inside of ( ), found an empty group`},
		{"operator last in a group of values", "country:(cn OR)", `column 15: expected ` + value + ` after "OR", found ")"`},
		{"value with a space before its star", `actor:"volt *"`, `column 7: expected "*" right after a letter or digit, found a space before it`},
		{"any set", "set:*", `column 5: expected the name of a set, found "*" alone`},
		{"any flag", `kev:"*"`, `column 5: expected yes or no, found "*" alone`},
		{"any time", "since:*", `column 7: expected a date or an age, such as 2026-11-01 or 7d, found "*" alone`},
		{"flag of another kind", "kev:1", `column 5: expected yes or no, found "1"; try kev:yes`},
		{"flag unlike any", "kev:maybe", `column 5: expected yes or no, found "maybe"`},
		{"no flag", "kev:off", `column 5: expected yes or no, found "off"; try kev:no`},
		{"field in a field of values", "country:actor:x", `column 9: expected ` + value + ` right after country:, found "actor:"`},
		{"other field in a group of values", "country:(cn OR title:x)", `column 16: expected no other field inside of country:( ), found "title:"`},
		{"comparison in a field's group", "title:(a cvss>=7)", `column 10: expected no other field inside of title:( ), found "cvss>=7"`},
		{"comparison right after a field", "title:cvss>=7", `column 7: expected ` + op + ` right after title:, found "cvss>=7"`},
		{"host and port as a value", "domain:localhost:8080", `column 8: expected ` + fields + `, found the unknown field "localhost:"`},

		{"number after a colon", "a cvss:7", `column 3: expected a comparison such as cvss>=7, found "cvss:"; try cvss>=7`},
		{"number after a colon and a space", "cvss: 7", `column 1: expected a comparison such as cvss>=7, found "cvss:"; try cvss>=7`},
		{"comparison after a colon", "severity:>=high", `column 1: expected a comparison such as severity>=high, found "severity:"; try severity>=high`},
		{"severity after a colon", "severity:high", `column 1: expected a comparison such as severity>=high, found "severity:"; try severity>=high`},
		{"group after the colon of a number", "epss:(0.1 OR 0.2)", `column 1: expected a comparison such as epss>0.5, found "epss:"; try epss>0.5`},
		{"sources for source", "sources:krebs", `column 1: expected a comparison such as sources>=3, found "sources:"; try source:krebs`},
		{"number missing", "cvss>=", `column 7: expected a number from 0 to 10, found the end of the query`},
		{"number missing before an operator", "cvss> OR a", `column 7: expected a number from 0 to 10, found "OR"`},
		{"number in quotes", `cvss>="7"`, `column 7: expected a number from 0 to 10, found """`},
		{"no number", "cvss>=x", `column 7: expected a number from 0 to 10, found "x"`},
		{"negative number", "cvss>=-1", `column 7: expected a number from 0 to 10, found "-1"`},
		{"number with an exponent", "epss>1e-1", `column 6: expected a number from 0 to 1, found "1e-1"`},
		{"number too large", "cvss>11", `column 6: expected a number from 0 to 10, found "11"`},
		{"comma", "cvss>=7,5", `column 7: expected a number from 0 to 10, found "7,5"; try cvss>=7.5`},
		{"percentage", "epss>50%", `column 6: expected a number from 0 to 1, found "50%"; try epss>0.5`},
		{"percentage without its sign", "epss>50", `column 6: expected a number from 0 to 1, found "50"; try epss>0.5`},
		{"percentage of a score", "cvss>=7%", `column 7: expected a number from 0 to 10, found "7%"; try cvss>=7`},
		{"fraction of sources", "sources>=2.5", `column 10: expected a whole number from 0 to 1000, found "2.5"`},
		{"too many sources", "sources>=1001", `column 10: expected a whole number from 0 to 1000, found "1001"`},
		{"severity in digits", "severity>=7", `column 11: expected low, medium, high or critical, found "7"`},
		{"mistyped severity", "severity>=hgih", `column 11: expected low, medium, high or critical, found "hgih"; try severity>=high`},
		{"equals twice in a comparison", "cvss==7", `column 5: expected one of the signs >=, >, <=, < and =, found "=="; try cvss=7`},
		{"comparison turned round", "cvss=>7", `column 5: expected one of the signs >=, >, <=, < and =, found "=>"; try cvss>=7`},
		{"not equal", "cvss!=7", `column 5: expected one of the signs >=, >, <=, < and =, found "!="; try NOT cvss=7`},
		{"not equal in brackets", "cvss <> 7", `column 6: expected one of the signs >=, >, <=, < and =, found "<>"; try NOT cvss=7`},
		{"three signs", "cvss<=>7", `column 5: expected one of the signs >=, >, <=, < and =, found "<=>"; try cvss>=7`},
		{"mistyped comparison", "a cvs>=7", `column 3: expected ` + number + `, found the comparison "cvs>=7"; try cvss>=7`},
		{"comparison by another name", "score>7", `column 1: expected ` + number + `, found the comparison "score>7"; try cvss>7`},
		{"comparison of words", "title>=b", `column 1: expected ` + number + `, found the comparison "title>=b"; try title:b`},
		{"comparison of a value", "country!=cn", `column 1: expected ` + number + `, found the comparison "country!=cn"; try NOT country:cn`},
		{"comparison of a time", "since>=7d", `column 1: expected ` + number + `, found the comparison "since>=7d"; try since:7d`},
		{"comparison of nothing known", "foo=bar", `column 1: expected ` + number + `, found the comparison "foo=bar"`},
		{"comparison of words with spaces", "china > russia", `column 1: expected ` + number + `, found the comparison "china > russia"`},
		{"comparison without a name", "(>=7)", `column 2: expected cvss, epss, severity or sources before a comparison` + quotes + `, found ">=7" after none of them`},

		{"field of a site", "site:x.com", `column 1: expected ` + field + `, found the unknown field "site:"; try domain:`},
		{"field of an author", "by:krebs", `column 1: expected ` + field + `, found the unknown field "by:"; try author:`},
		{"field of a link", "link:x", `column 1: expected ` + field + `, found the unknown field "link:"; try url:`},
		{"field of a time", "after:7d", `column 1: expected ` + field + `, found the unknown field "after:"; try since:`},
		{"field in the plural", "cves:x", `column 1: expected ` + field + `, found the unknown field "cves:"; try cve:`},
		{"mistyped field nearest to two", "sourcs:x", `column 1: expected ` + field + `, found the unknown field "sourcs:"; try source:`},
		{"mistyped number", "severty:high", `column 1: expected ` + field + `, found the unknown field "severty:"; try severity>=high`},
		{"number by another name", "score:7", `column 1: expected ` + field + `, found the unknown field "score:"; try cvss>=7`},

		{"too long", strings.Repeat("ä", MaxBytes/2) + "b", `column 4097: expected at most 8192 bytes in a query, found 8193 bytes`},
		{"too long when written out", strings.Repeat("ﷺ ", 300), `column 601: expected at most 8192 bytes in a query, found 11995 when its operators are written out`},
		{"too many words", strings.Repeat("a ", MaxTerms+1), `column 1025: expected at most 512 words and phrases in a query, found one more`},
		{"too deep", strings.Repeat("a OR NOT b (", 16) + "c" + strings.Repeat(")", 16), `column 210: expected at most 32 groups and NOTs inside one another, found 33`},
		{"too many regular expressions", strings.Repeat("/a/ ", MaxRegexes+1), `column 129: expected at most 32 regular expressions in a query, found one more`},
		{"too long a regular expression", "a /" + strings.Repeat("b", MaxRegexBytes+1) + "/", `column 3: expected at most 512 bytes in a regular expression, found 513 bytes`},
		{"too many nears", strings.Repeat("a NEAR/1 b ", MaxNears+1), `column 707: expected at most 64 NEARs in a query, found one more`},
		{"too many nears in a row", "a" + strings.Repeat(" NEAR/1 a", MaxNears+1), `column 579: expected at most 64 NEARs in a query, found one more`},
		{"too many values and comparisons", strings.Repeat("cve:1 cvss>1 /a/ ", 16) + strings.Repeat("kev:no ", MaxTerms-47), `column 3525: expected at most 512 words and phrases in a query, found one more`},
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
	if wrong := malformed(n); wrong != "" {
		t.Fatalf("%q: %s in %s", s, wrong, dump(n))
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
	" NEAR/3 ", " NEAR/100 ", "NEAR", "=APT", `="a B"`, "＝", `/a\/ "b`, `\`, `/(/`, "/a{99}/", "country:", "country:(", "actor:", "domain:", "url:", "cve:2024-*",
	"kev:", "yes", "since:7d", "cvss>=", "cvss", " >= ", "≥", "＞", "7.5", "7", "severity>high", "sources=", "epss", "0.5", "50%", "＊", "*.gov", "https://",
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
	f.Add(`title:(a NEAR/5 (b OR =C*)) actor:"Volt Ty*" domain:/\.gov$/ cvss >= 7 kev:(yes OR no) -cve:2024-* since:7d severity≥high`)
	f.Add(strings.Repeat("(", 40) + "a" + strings.Repeat(")", 40))
	f.Fuzz(func(t *testing.T, s string) { check(t, s) })
}
