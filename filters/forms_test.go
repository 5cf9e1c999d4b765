package filters

import (
	"fmt"
	"strings"
	"testing"

	"tipoff/sources/story"
)

func TestForms(t *testing.T) {
	for _, c := range []struct{ query, finds, not string }{
		// Each text of a list, between bars, alone in the title.
		{"zeroday", "zeroday|zero day|zero-day|Zero‑Day|zero–day|zero—day|zero&nbsp;day|ze\u00adro-\u200bday|ZERO_DAY|0day|0-day|0 day", "zero, day|zero. Day|zero's day|day zero|zero-days|zero/day|zero - day|zero (day)"},
		{"zero-day", "zeroday|zero day|zero-day|zero, day|0day|0-day|0‑DAY|zero/day", "zerodays|zero-days|10day|0-days"},
		{`"zero day"`, "zeroday|zero day|zero-day|0day|0-day", "day zero|zero"},
		{"0day", "zeroday|zero day|zero-day|0day|0-day|0 day", "10 day|0days"},
		{"0-days", "zero-days|zerodays|0days", "zero-day"},
		{"zero-click", "0-click|zeroclick", "0 clicks"},
		{"zero-trust", "zerotrust", "0-trust"},
		{`"zero day" zero`, "zero-day", "0day"},

		{"APT41", "APT41|APT 41|APT-41|apt‑41|APT&#8209;41|APT_41", "APT410|APT 410|APT4 1|APT 4 1|APT: 41|APT4-1|an apt group of 41"},
		{"APT-41", "APT41|APT 41|APT-41", "APT410|APT-410|APT4-1"},
		{`"APT 41"`, "APT41|APT 41|APT-41", "APT410|41 APT"},
		{"APT410", "APT-410", "APT41|APT41 0|APT-41-0"},
		{"APT4*", "APT41|APT-41|APT 4|apt 4x", "APT 14|APT"},
		{`"APT 4*"`, "APT41|APT-41|APT 4", "APT 14"},
		{"apt*", "apt-x|apt41", "a-pt"},
		{"log4j", "log4j|log-4-j|Log4-J|log-4j|Log 4 J", "log 4, j|log-4-jx|log 44 j"},
		{"log-4-j", "log4j|log4-j|log-4j", "log44j"},
		{`"log 4 j*"`, "log4jshell|log-4-jx|log4-j", "log 4 x"},
		{"log4s*", "log4shell|log-4-shell|log4-shell", "log 4 x"},
		{"sha256", "SHA-256", "SHA-2-56"},
		{"5g", "5G|5-G", "5 of G|55 g"},
		{"a1", "a1|a-1", "a 1 percent rise"},
		{"CVE-2024-1234", "CVE-2024-1234|CVE 2024 1234|cve2024-1234", "CVE-20241234|CVE-2024-12345"},
		{"20241234", "20241234", "2024-1234|2024 1234"},
		{"a1b2c3d4", "a1b2c3d4", "a-1-b-2-c-3-d-4|a1b2-c3d4"},

		{"cyberattack", "cyber attack|cyber-attack|cyberattack", "cyber, attack|cyber attacks|attack cyber"},
		{"cyberattack*", "cyber attackers|cyber-attacks|cyberattack", "cyber at tackle"},
		{"cyber-attack", "cyberattack", "cyberattacks"},
		{`"cyber attack*"`, "cyberattacks|cyber-attackers", "cyberatlas"},
		{`"russian cyber attack"`, "Russian cyberattack|Russian cyber-attack", "Russian cyber and attack"},
		{`"russian cyberattack on"`, "a Russian cyber attack on x", "Russian cyber attack in"},
		{"email", "e-mail|email", "e mail|E. mail"},
		{"e-mail", "email|e mail|e-mail", ""},
		{"i-soon", "iSoon|I-SOON|i soon", "soon"},
		{"isoon", "i-Soon", "I soon"},
		{"coop", "co-op", "co op"},
		{"co-op", "coop|co op", ""},
		{"loginov", "login-ov", "log-in-ov|log in ov"},
		{"кибератака", "кибер-атака|кибер атака|кибератака", ""},
		{"中国", "中国|中 国", "国中"},

		{"us", "us|US", "u s|U.S.|u-s"},
		{"U.S.", "U.S.|U S|u-s", "us|tells us"},
		{"therapist", "therapist|the-rapist", "the rapist"},
		{"putin", "Putin", "put in place"},
		{"managed", "managed", "a man aged 45"},
		{"banking", "banking", "the bank ING"},
		{"secur*", "security", "the SEC urges"},
		{"target", "target", "tar get"},
		{"redhat", "red-hat", ""},
		{"redhats", "red hats", ""},
		{"login", "login|log-in", "log in"},
		{"log-in", "login|log in", ""},
		{"bypass", "by-pass", "by pass"},
		{"by-pass", "bypass", ""},
		{`"now here"`, "now here|now-here", "nowhere"},
		{`"the rapist"`, "the rapist", "therapist"},
		{"-zeroday", "zero", "zero-day"},
		{"title:zeroday", "zero-day", "zero"},
	} {
		for _, want := range []bool{true, false} {
			list := c.finds
			if !want {
				list = c.not
			}
			for text := range splitBars(list) {
				s := &story.Story{Title: text}
				f, d := mustCompile(t, c.query), NewDoc(s)
				if got := f.Match(d); got != want {
					t.Errorf("%s on %q: %v", c.query, text, got)
				}
				if got := len(NewSet(map[string]*Filter{"w": f}).Match(d)) == 1; got != want {
					t.Errorf("%s on %q in a set: %v", c.query, text, got)
				}
			}
		}
	}
}

func splitBars(list string) func(func(string) bool) {
	return func(yield func(string) bool) {
		for s := range strings.SplitSeq(list, "|") {
			if s != "" && !yield(s) {
				return
			}
		}
	}
}

// A large set looks only for those pairs of words that its watches may want as
// one, wherever in a watch the word is.
func TestLargeSetFindsWordsApart(t *testing.T) {
	l, err := NewLexicon(nil, map[string]string{"one": "cyberattack", "two": "leaks cyberattack", "three": "leaks ransomgang OR russia"})
	if err != nil {
		t.Fatal(err)
	}
	watches := map[string]*Filter{}
	for i := range 2 * fewPlaces {
		watches[fmt.Sprintf("other %d", i)] = mustCompile(t, fmt.Sprintf("nothing%dlike%s", i, strings.Repeat("it", 1+i%9)))
	}
	s := &story.Story{Title: "Leaks after cyber attack by APT 41", Summary: "log-4  j of the ransom gang. Data breach zero\tday i p"}
	d := NewDoc(s)
	for _, q := range []string{
		"cyberattack", "title:cyberattack", "leaks cyberattack", "russia OR cyberattack", "leaks NOT cyberattacks", `"cyberattack by"`,
		`"after cyberattack"`, `"cyberattack by apt41"`, "apt41", "leaks apt41", "log4j", "log4j leaks", "databreach", "zeroday 0day", "set:one", "set:two", "set:three",
		"leaks NEAR/3 apt41", "cyberattack NEAR/3 after", "=Leaks cyberattack", "*",
		// and not
		"leaks NOT cyberattack", "NOT apt41", "NOT (russia OR ransomgang)", "leaks NOT set:one", "leaks -\"cyberattack by\"",
		"ofthe", "afterattack", "gangdata", "ip", "by41", "body:cyberattack", "-log4j gang",
	} {
		f, err := l.Compile(q)
		if err != nil {
			t.Fatal(err)
		}
		set := NewSet(watches).Add("it", f)
		if set.gate != nil {
			t.Fatal("the set is a small one")
		}
		if want, got := f.Match(d), len(set.Match(d)) == 1; got != want {
			t.Errorf("%s: the set says %v, the filter %v", q, got, want)
		}
	}
}
