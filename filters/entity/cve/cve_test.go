package cve_test

import (
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"tipoff/filters/entity/cve"
)

func TestFind(t *testing.T) {
	for _, c := range []struct{ name, text, want string }{
		{"plain", "Palo Alto fixes CVE-2024-3400 in PAN-OS", "CVE-2024-3400"},
		{"at the ends", "CVE-2024-3400", "CVE-2024-3400"},
		{"lower case", "exploit for cve-2024-3400.", "CVE-2024-3400"},
		{"mixed case", "Cve-2024-3400", "CVE-2024-3400"},
		{"in order, once", "CVE-2024-2 CVE-2024-0002, CVE-2023-1111, cve-2024-0002", "CVE-2024-0002 CVE-2023-1111"},
		{"five digits", "CVE-2024-21887", "CVE-2024-21887"},
		{"seven digits", "CVE-2023-1234567", "CVE-2023-1234567"},
		{"nineteen digits", "CVE-2023-1234567890123456789", "CVE-2023-1234567890123456789"},
		{"twenty digits", "CVE-2023-12345678901234567890", ""},
		{"three digits", "CVE-2024-340", ""},
		{"padded too far", "CVE-2014-00160", "CVE-2014-0160"},
		{"first year", "CVE-1999-0001", "CVE-1999-0001"},
		{"before the first year", "CVE-1998-0001", ""},
		{"not a year", "CVE-2124-3400", ""},
		{"placeholder", "CVE-2024-XXXX and CVE-YYYY-NNNN", ""},
		{"non-breaking hyphen", "CVE‑2024‑3400", "CVE-2024-3400"},
		{"en dash", "CVE–2024–3400", "CVE-2024-3400"},
		{"em dash and minus", "CVE—2024−3400", "CVE-2024-3400"},
		{"full-width hyphen", "CVE－2024－3400", "CVE-2024-3400"},
		{"underscores", "poc_cve_2024_3400.py", "CVE-2024-3400"},
		{"spaces", "CVE 2024 3400 is exploited", "CVE-2024-3400"},
		{"no-break spaces", "CVE\u00a02024\u00a03400", "CVE-2024-3400"},
		{"space and hyphen", "CVE 2024-3400, CVE- 2024 -3401", "CVE-2024-3400 CVE-2024-3401"},
		{"zero-width spaces", "CVE-\u200b2024-\u200b3400", "CVE-2024-3400"},
		{"broken at a line's end", "CVE-2024-\n3400", "CVE-2024-3400"},
		{"a line's end alone", "the CVE\n2024 was a year", ""},
		{"year, then a new line", "CVE 2024\n3400 hosts", ""},
		{"colon", "CVE: 2024-3400", "CVE-2024-3400"},
		{"hashtag, closed up", "#CVE20243400 now", "CVE-2024-3400"},
		{"closed up, too short", "CVE2024340", ""},
		{"possessive", "CVE-2024-3400's patch", "CVE-2024-3400"},
		{"brackets", "Log4Shell (CVE-2021-44228)", "CVE-2021-44228"},
		{"address", "https://nvd.nist.gov/vuln/detail/CVE-2024-3400", "CVE-2024-3400"},
		{"inside a word before", "XCVE-2024-3400", ""},
		{"inside a word after", "CVE-2024-3400abc", ""},
		{"Cyrillic letter before", "яCVE-2024-3400", ""},
		{"Chinese around", "漏洞CVE-2024-3400的利用", "CVE-2024-3400"},
		{"Japanese around", "脆弱性CVE-2024-3400が", "CVE-2024-3400"},
		{"the word alone", "What is a CVE? CVEs explained: 2024 was big", ""},
		{"other words", "receive discover cvent CVEDetails 2024-3400", ""},
		{"hyphen and figure after", "CVE-2024-3400-1", "CVE-2024-3400"},
		{"slash", "CVE-2024-21887/46805", "CVE-2024-21887 CVE-2024-46805"},
		{"slashes", "CVE-2024-1708/1709/-1710", "CVE-2024-1708 CVE-2024-1709 CVE-2024-1710"},
		{"slash with a year", "CVE-2023-46805/2024-21887", "CVE-2023-46805 CVE-2024-21887"},
		{"the year stays with what follows", "CVE-2023-46805/2024-21887/21888", "CVE-2023-46805 CVE-2024-21887 CVE-2024-21888"},
		{"slash and a whole id", "CVE-2024-1708/CVE-2024-1709", "CVE-2024-1708 CVE-2024-1709"},
		{"slash and a word", "CVE-2024-1708/ConnectWise", "CVE-2024-1708"},
		{"and with a hyphen", "CVE-2024-3400 and -3401", "CVE-2024-3400 CVE-2024-3401"},
		{"list with hyphens", "CVE-2024-3400, -3401; -3402, and ‑3403 & -3404", "CVE-2024-3400 CVE-2024-3401 CVE-2024-3402 CVE-2024-3403 CVE-2024-3404"},
		{"or", "CVE-2024-3400 or -3401", "CVE-2024-3400 CVE-2024-3401"},
		{"and with a bare number", "CVE-2024-3400 and 4000 hosts", "CVE-2024-3400"},
		{"a dash between clauses", "CVE-2024-3400 - 2024 in review", "CVE-2024-3400"},
		{"android is no and", "CVE-2024-3400 android-3401", "CVE-2024-3400"},
		{"range", "CVE-2024-3400 to 3405", "CVE-2024-3400"},
		{"nothing", "", ""},
		{"cut short", "CVE", ""},
		{"cut short later", "CVE-2024-", ""},
		{"broken bytes", "\xffCVE-2024-3400\xff", "CVE-2024-3400"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if diff := cmp.Diff(c.want, strings.Join(cve.Find(c.text), " ")); diff != "" {
				t.Errorf("Find(%q) (-want +got):\n%s", c.text, diff)
			}
		})
	}
}

func TestMatch(t *testing.T) {
	for _, c := range []struct {
		pattern, id string
		want        bool
	}{
		{"CVE-2024-3400", "CVE-2024-3400", true},
		{"cve-2024-3400", "CVE-2024-3400", true},
		{"CVE-2024-3400", "cve-2024-3400", true},
		{"2024-3400", "CVE-2024-3400", true},
		{"CVE‑2024‑3400", "CVE-2024-3400", true},
		{"CVE 2024 3400", "CVE-2024-3400", true},
		{"CVE20243400", "CVE-2024-3400", true},
		{"CVE-2024-3400", "CVE-2024-34001", false},
		{"CVE-2024-3400", "CVE-2024-3401", false},
		{"*", "CVE-2024-3400", true},
		{"CVE-*", "CVE-2024-3400", true},
		{"cve*", "CVE-2024-3400", true},
		{"CVE-2024-*", "CVE-2024-3400", true},
		{"2024-*", "CVE-2024-3400", true},
		{"CVE-2024*", "CVE-2024-3400", true},
		{"CVE-202*", "CVE-2024-3400", true},
		{"CVE-2023-*", "CVE-2024-3400", false},
		{"CVE-2024-34*", "CVE-2024-3400", true},
		{"CVE-2024-35*", "CVE-2024-3400", false},
		{"CVE-*-3400", "CVE-2024-3400", true},
		{"*-3400", "CVE-2024-3400", true},
		{"*3400", "CVE-2024-13400", true},
		{"*-3400", "CVE-2024-13400", false},
		{"*2*4*0", "CVE-2024-3400", true},
		{"", "CVE-2024-3400", false},
		{"CVE", "CVE-2024-3400", false},
		{"2024", "CVE-2024-3400", false},
		{"banana", "CVE-2024-3400", false},
		{"*", "CVE-2024-é", false},
	} {
		if got := cve.Match(c.pattern, c.id); got != c.want {
			t.Errorf("Match(%q, %q) = %v", c.pattern, c.id, got)
		}
	}
}

func TestPattern(t *testing.T) {
	for _, c := range []struct{ in, want string }{
		{"cve-2024-3400", "CVE-2024-3400"},
		{"2024-3400", "CVE-2024-3400"},
		{"cve 2024 *", "CVE-2024-*"},
		{"*", "CVE-*"},
		{"cve:*", ""},
		{"**", "CVE-*"},
		{"CVE*", "CVE-*"},
		{"20*", "CVE-20*"},
		{"1999*", "CVE-1999*"},
		{"1998-*", ""},
		{"2O24-3400", ""},
		{"2024-34O*", ""},
		{"2024-34", ""},
		{"20245-*", ""},
		{"2024-3400/3401", ""},
		{"2024-3400 and -3401", ""},
		{"*-*-*", ""},
		{"2024-" + strings.Repeat("1", 30) + "*", ""},
	} {
		got, ok := cve.Pattern(c.in)
		if got != c.want || ok != (c.want != "") {
			t.Errorf("Pattern(%q) = %q, %v; want %q", c.in, got, ok, c.want)
		}
		if again, _ := cve.Pattern(got); again != got {
			t.Errorf("Pattern(%q) = %q: its own result has another form", got, again)
		}
	}
}

var wellFormed = regexp.MustCompile(`^CVE-(1999|20\d\d)-\d{4,19}$`)

func FuzzFind(f *testing.F) {
	for _, s := range []string{
		"CVE-2024-3400 and -3401", "CVE-2023-46805/2024-21887", "cve 2024 3400", "CVE‑2024‑3400", "cvecvecve-19999-99999", "CVE-2024-\r\n",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		ids := cve.Find(s)
		for i, id := range ids {
			if !wellFormed.MatchString(id) {
				t.Errorf("Find(%q) gives %q", s, id)
			}
			if slices.Contains(ids[:i], id) {
				t.Errorf("Find(%q) gives %q twice", s, id)
			}
			if !cve.Match(id, id) || !cve.Match("*", id) {
				t.Errorf("%q does not match itself", id)
			}
		}
		if again := cve.Find(strings.Join(ids, " ")); !slices.Equal(ids, again) {
			t.Errorf("Find(%q) = %q, and in that %q", s, ids, again)
		}
		cve.Match(s, "CVE-2024-3400")
	})
}

const story = "Ivanti has released emergency patches for two flaws in its VPN gateways that attackers have used for weeks. " +
	"Every version is affected, and the vendor advises its customers to reset devices before they install the update, " +
	"because the intruders were seen to leave web shells behind, to steal passwords from the memory of the device, and to move " +
	"to other servers in the network. Over two thousand devices were found compromised by the end of last week, in government, defence and banks. "

func BenchmarkFind(b *testing.B) {
	for _, c := range []struct{ name, text string }{
		{"none", story},
		{"two", story + "CVE-2023-46805 and CVE-2024-21887"},
	} {
		b.Run(c.name, func(b *testing.B) {
			b.SetBytes(int64(len(c.text)))
			b.ReportAllocs()
			for b.Loop() {
				cve.Find(c.text)
			}
		})
	}
}
