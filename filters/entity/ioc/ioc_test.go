package ioc_test

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"tipoff/filters/entity/ioc"
)

const (
	md5    = "5d41402abc4b2a76b9719d911017c592"
	sha1   = "aaf4c61ddcc5e8a2dabede0f3b482cd9aea9434d"
	sha256 = "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824"
	onion  = "abcdefghijklmnopqrstuvwxyz234567abcdefghijklmnopqrstuvwx.onion"
)

func TestFind(t *testing.T) {
	for _, c := range []struct{ name, text, want string }{
		// Defanged.
		{"square brackets", "It talks to evil[.]com.", "domain evil.com"},
		{"round brackets", "evil(.)com", "domain evil.com"},
		{"braces", "evil{.}com", "domain evil.com"},
		{"the word", "evil[dot]com, bad(DOT)net", "domain evil.com, domain bad.net"},
		{"several dots", "a[.]b[.]evil[.]co[.]uk", "domain a.b.evil.co.uk"},
		{"only the last dot", "www.evil[.]com", "domain www.evil.com"},
		{"with spaces", "seen at evil [.] com today", "domain evil.com"},
		{"with the word and spaces", "evil [dot] com", "domain evil.com"},
		{"a space on one side", "evil[.] com and evil [.]net", "domain evil.com, domain evil.net"},
		{"an ellipsis", "found that 73 [.] News at nine", ""},
		{"half a bracket", "evil[.com and bad.]net", "domain evil.com, domain bad.net"},
		{"backslash", `evil\.com`, "domain evil.com"},
		{"upper case", "EVIL[.]COM", "domain evil.com"},
		{"in brackets", "(evil[.]com)", "domain evil.com"},
		{"in quotes", "“evil[.]com”, 'bad[.]net'", "domain evil.com, domain bad.net"},
		{"list", "evil[.]com,bad[.]net;worse[.]org|last[.]info", "domain evil.com, domain bad.net, domain worse.org, domain last.info"},
		{"slash between names", "evil[.]com/bad[.]net", "domain evil.com, domain bad.net"},
		{"once", "evil[.]com evil[.]com EVIL[.]com", "domain evil.com"},
		{"punycode", "xn--pple-43d[.]com", "domain xn--pple-43d.com"},
		{"Chinese around", "域名evil[.]com的", "domain evil.com"},
		{"Cyrillic in the name", "аpple[.]com, evil[.]comя", ""},
		{"port", "evil[.]com:8443", "domain evil.com"},
		{"underscore below", "_dmarc.evil[.]com x_y.evil[.]com evil_z[.]com", "domain x_y.evil.com"},
		{"file endings count defanged", "invoice[.]zip and setup[.]py", "domain invoice.zip, domain setup.py"},
		{"no such top-level domain", "payload[.]exe run[.]dll evil[.]notatld", ""},
		{"example names", "evil[.]example, c2.test[.]example[.]com", "domain evil.example, domain c2.test.example.com"},
		{"stop-list", "google[.]com, www.github[.]com", ""},

		// URLs.
		{"hxxp", "hxxp://evil.com/a.php?x=1", "url http://evil.com/a.php?x=1"},
		{"hXXps and brackets", "hXXps[:]//evil[.]com/A/b", "url https://evil.com/A/b"},
		{"brackets around the sign", "http[://]evil[.]com/x", "url http://evil.com/x"},
		{"asterisks", "h**p://evil.com/x", "url http://evil.com/x"},
		{"ftp", "fxp://evil.com/x", "url ftp://evil.com/x"},
		{"host in capitals", "hxxps://EVIL.com/Path", "url https://evil.com/Path"},
		{"no path", "hxxps://evil[.]com", "url https://evil.com"},
		{"no scheme", "evil[.]com/gate.php", "url evil.com/gate.php"},
		{"Markdown", "[x](hxxp://evil[.]com/a.png)Phishing", "url http://evil.com/a.png"},
		{"plain picture in company", "phishing https://some-blog.com/a.png", ""},
		{"end of a sentence", "See hxxp://evil[.]com/x. Or (hxxp://bad[.]net/y), then", "url http://evil.com/x, url http://bad.net/y"},
		{"its own brackets", "hxxp://evil[.]com/a_(b)", "url http://evil.com/a_(b)"},
		{"two with a comma", "hxxp://evil[.]com/x,hxxp://bad[.]net/y", "url http://evil.com/x, url http://bad.net/y"},
		{"one in the other", "hxxp://evil[.]com/?u=https://bank.com/", "url http://evil.com/?u=https://bank.com/"},
		{"address as a host", "hxxp://45.77.10[.]20:8080/x", "url http://45.77.10.20:8080/x"},
		{"plain address as a host", "curl http://45.77.10.20/x.sh", "url http://45.77.10.20/x.sh"},
		{"IPv6 as a host", "hxxp://[2a01:4f8::1]:80/x", "url http://[2a01:4f8::1]:80/x"},
		{"user", "hxxp://a:b@evil[.]com/", "url http://a:b@evil.com/"},
		{"defanged path on a platform", "hxxps://github[.]com/evil/tool", "url https://github.com/evil/tool"},
		{"defanged front page of a platform", "hxxps://github[.]com/", ""},
		{"plain link", "Read https://some-blog.com/post for more", ""},
		{"plain link in company", "The phishing page https://some-login.com/x was", "url https://some-login.com/x"},
		{"plain link to a publisher in company", "phishing, see https://www.bleepingcomputer.com/news/x", ""},
		{"local host", "hxxp://localhost/x hxxp://127.0.0.1/x http://192.168.1.1/", ""},
		{"other scheme", "ldap://evil.com/x s3://bucket.com/x", ""},

		// Plain domains: company decides.
		{"the word domain alone", "bought the domain some-name.com", ""},
		{"sentences without a space", "phishing fell by 4.73.News at 9 and a.News", ""},
		{"alone", "evil-site.com is a site", ""},
		{"C2 before", "The C2 server evil-site.com answers", "domain evil-site.com"},
		{"C2 after", "It used evil-site.com as a C2 server", "domain evil-site.com"},
		{"in another sentence", "The phishing page is gone. Register at some-conference.com today", ""},
		{"list goes on", "Indicators: evil-a.com, evil-b.net and evil-c.org", "domain evil-a.com, domain evil-b.net, domain evil-c.org"},
		{"a brand", "phishing for users of Booking.com and Crypto.com", ""},
		{"the imitated one", "a phishing site impersonating some-bank.com", ""},
		{"files", "malicious payload in setup.py, invoice.zip, readme.md and run.sh", ""},
		{"a library", "malicious node.js and ASP.NET payloads", ""},
		{"below an ending that is also a file's", "C2 domain cdn.evil.sh", "domain cdn.evil.sh"},
		{"abbreviations", "malicious, e.g. the U.S. domain, i.e. a.m. and No.1", ""},
		{"a missing space", "a phishing kit.The next", ""},
		{"onion anywhere", "leaks at " + onion + " now", "domain " + onion},
		{"example name", "the C2 domain evil.example.com", ""},

		// E-mail.
		{"defanged", "write to boss[at]evil[.]com", "email boss@evil.com"},
		{"defanged with a sign", "boss[@]evil.com", "email boss@evil.com"},
		{"mail provider", "ransom note: help[at]tuta[.]io", "email help@tuta.io"},
		{"plain", "mail press@some-company.com", ""},
		{"plain in company", "phishing from hr@some-company.com", "email hr@some-company.com"},
		{"vendor", "phishing@microsoft[.]com", ""},
		{"package with a version", "left-pad@1.3.0 @scope/pkg@2.0.1.4 user@host", ""},

		// IPv4.
		{"defanged", "185[.]220[.]101[.]4", "ipv4 185.220.101.4"},
		{"one dot defanged", "185.220.101[.]4:443", "ipv4 185.220.101.4"},
		{"plain", "traffic to 185.220.101.4", "ipv4 185.220.101.4"},
		{"plain, low number", "traffic to 5.188.10.4", ""},
		{"plain, low number, company", "the IP address 5.188.10.4", "ipv4 5.188.10.4"},
		{"plain with a port", "5.188.10.4:8080", "ipv4 5.188.10.4"},
		{"version", "version 100.0.0.1", ""},
		{"v", "v1.2.3.4 and v 45.2.3.4", ""},
		{"before", "Chrome before 45.2.3.4", ""},
		{"or later", "upgrade Chrome to 45.2.3.4 or later", ""},
		{"after a name", "NGINX Plus 37.0.3.1 and IP 37.0.3.2", "ipv4 37.0.3.2"},
		{"after a key", "ip:5.188.10.4 C2:evil-site.com", "ipv4 5.188.10.4, domain evil-site.com"},
		{"after another key", "id:5.188.10.5", ""},
		{"product", "WebLogic Server 12.2.1.4 and 14.1.1.0", ""},
		{"five numbers", "12.2.1.4.0", ""},
		{"too large", "300.1.2.3 and 45.77.300.1", ""},
		{"leading zeros", "045.077.010.001", ""},
		{"private", "10[.]0[.]0[.]1 192.168[.]1.1 172.16.0[.]9 127.0.0[.]1 169.254.169[.]254", ""},
		{"resolver", "8.8.8[.]8", ""},
		{"network", "185.220.101.0/24 and 185[.]220.101.0/24", ""},
		{"documentation", "203.0.113.9 and 203.0.113[.]10", "ipv4 203.0.113.10"},

		// IPv6.
		{"IPv6", "from 2a01:4f8:c17:b0f::2.", "ipv6 2a01:4f8:c17:b0f::2"},
		{"long form", "2A01:04F8:0c17:0b0f:0000:0000:0000:0002", "ipv6 2a01:4f8:c17:b0f::2"},
		{"defanged IPv6", "2a01[:]4f8[:]c17::2", "ipv6 2a01:4f8:c17::2"},
		{"brackets and port", "[2a01:4f8::2]:443", "ipv6 2a01:4f8::2"},
		{"times, names, hardware", "12:30:45 std::vector cafe::add 00:1a:2b:3c:4d:5e", ""},
		{"local", "::1 fe80::1 fd00::1 2001:db8::1", ""},

		// Hashes.
		{"MD5", "MD5: " + md5, "md5 " + md5},
		{"SHA-1", sha1, "sha1 " + sha1},
		{"SHA-256 in capitals", "(" + strings.ToUpper(sha256) + ")", "sha256 " + sha256},
		{"with a key", "sha256:" + sha256 + " md5=" + md5, "sha256 " + sha256 + ", md5 " + md5},
		{"list", md5 + "," + sha1, "md5 " + md5 + ", sha1 " + sha1},
		{"commit", "fixed in commit " + sha1, ""},
		{"commit address", "https://github.com/a/b/commit/" + sha1, ""},
		{"action", "actions/checkout@" + sha1, ""},
		{"image", "nginx@sha256:" + sha256, ""},
		{"UUID", "5d41402a-bc4b-2a76-b971-9d911017c592", ""},
		{"key", "API key " + md5 + " and token=" + md5, ""},
		{"SHA-512", sha256 + sha256, ""},
		{"one digit more", md5 + "0", ""},
		{"figures alone", strings.Repeat("12345678", 4), ""},
		{"of nothing", "d41d8cd98f00b204e9800998ecf8427e", ""},
		{"in a word", "x" + md5, ""},

		{"nothing", "", ""},
		{"marks alone", "[.] [.] (dot) [at] hxxp:// ://", ""},
		{"ordinary text", "Researchers (at Acme) said: the group's tools, e.g. loaders, were seen 1.5 million times.", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			var got []string
			for _, i := range ioc.Find(c.text) {
				got = append(got, string(i.Kind)+" "+i.Value)
			}
			if diff := cmp.Diff(c.want, strings.Join(got, ", ")); diff != "" {
				t.Errorf("Find(%q) (-want +got):\n%s", c.text, diff)
			}
		})
	}
}

func TestHost(t *testing.T) {
	for _, c := range []struct {
		ioc  ioc.IOC
		want string
	}{
		{ioc.IOC{Kind: ioc.Domain, Value: "evil.com"}, "evil.com"},
		{ioc.IOC{Kind: ioc.URL, Value: "http://a:b@evil.com:80/x"}, "evil.com"},
		{ioc.IOC{Kind: ioc.URL, Value: "evil.com/?u=http://bank.com"}, "evil.com"},
		{ioc.IOC{Kind: ioc.URL, Value: "http://[2a01::1]:80/x"}, "2a01::1"},
		{ioc.IOC{Kind: ioc.Email, Value: "a@evil.com"}, "evil.com"},
		{ioc.IOC{Kind: ioc.IPv4, Value: "45.77.10.20"}, "45.77.10.20"},
		{ioc.IOC{Kind: ioc.MD5, Value: md5}, ""},
	} {
		if got := c.ioc.Host(); got != c.want {
			t.Errorf("Host of %v = %q, want %q", c.ioc, got, c.want)
		}
	}
}

func TestAtMostMax(t *testing.T) {
	var b strings.Builder
	for i := range 3 * ioc.Max {
		fmt.Fprintf(&b, "evil%d[.]com,", i)
		if i%7 == 0 {
			b.WriteByte(' ')
		}
	}
	if n := len(ioc.Find(b.String())); n != ioc.Max {
		t.Errorf("%d indicators", n)
	}
}

// Work that grew faster than the text would show as minutes here.
func TestFindIsLinear(t *testing.T) {
	for _, unit := range []string{
		"[.] ", "[.]", "(", "a.b ", "://", "http://a.b,", "1.2.3.4 ", "45.77.10.20 ", "a:", "a@b.c ", `\.`, "evil.com", md5 + " ", "phishing x-y.com. ",
	} {
		ioc.Find(strings.Repeat(unit, 1<<20/len(unit)))
	}
}

func FuzzFind(f *testing.F) {
	for _, s := range []string{
		"hxxps[:]//evil[.]com/x, 185.220[.]101.4:443 and boss[at]evil[dot]com", "evil [.] com", "C2: evil.com, 2a01:4f8::2",
		"md5=" + md5, `a\.com/b.net/`, "http://[::]/ http://@/ ://", "x[.", "evil[.]com:99999/..",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		plain := refanged(s)
		for _, i := range ioc.Find(s) {
			switch i.Kind {
			case ioc.IPv4, ioc.IPv6:
				if a, err := netip.ParseAddr(i.Value); err != nil || a.String() != i.Value {
					t.Errorf("%v in %q is no address", i, s)
				}
				if i.Kind == ioc.IPv6 {
					continue // has many forms
				}
			case ioc.URL:
				if strings.Contains(i.Value, "[") {
					continue
				}
			}
			if !strings.Contains(plain, strings.ToLower(i.Value)) {
				t.Errorf("%v does not stand in %q", i, s)
			}
			if i.Value == "" || strings.ContainsAny(i.Value, " \n\t<>\"") {
				t.Errorf("%v in %q", i, s)
			}
			if h := i.Host(); (h == "") != (i.Kind == ioc.MD5 || i.Kind == ioc.SHA1 || i.Kind == ioc.SHA256) {
				t.Errorf("the host of %v is %q", i, h)
			}
		}
	})
}

// refanged undoes all ways to defang that the package reads, wherever they
// stand, in lower case.
func refanged(s string) string {
	s = strings.ToLower(s)
	for _, mark := range []string{".", "dot", ":", "://", "/", "@", "at"} {
		plain := strings.NewReplacer("dot", ".", "at", "@").Replace(mark)
		for _, b := range []string{"[]", "()", "{}"} {
			m := b[:1] + mark + b[1:]
			s = strings.NewReplacer(" "+m+" ", plain, " "+m, plain, m+" ", plain, m, plain).Replace(s)
		}
	}
	s = strings.NewReplacer("[.", ".", ".]", ".", `\.`, ".").Replace(s)
	for _, x := range []string{"hxxxp", "hxxp", "hxtp", "htxp", "h**p", "fxp"} {
		plain := "http"
		if x == "fxp" {
			plain = "ftp"
		}
		s = strings.NewReplacer(x+"://", plain+"://", x+"s://", plain+"s://").Replace(s)
	}
	return s
}

const report = "The loader talks to update-check[.]com and cdn.update-check[.]com over HTTPS, falls back to 185.220.101[.]4:8443 and fetches " +
	"hxxps://files.update-check[.]com/stage2.bin, whose SHA-256 is " + sha256 + ". The operators wrote from it-desk[at]update-check[.]com; " +
	"a second sample (" + md5 + ") used update-check[.]net instead."

const story = "Attackers have used a flaw in a file transfer server (versions 7.4 to 7.6) for weeks to steal data and leave web shells behind, the vendor said, " +
	"and asks customers to install the update, to look for new accounts and to change every password that was stored on the device. " +
	"More than 2,000 servers can be reached from the internet and are open to the attack, according to a foundation that counts them; " +
	"the first victims have found ransom notes, and a gang that is known for such raids has put their names on its page."

func BenchmarkFind(b *testing.B) {
	for _, c := range []struct{ name, text string }{{"none", story}, {"eight", report}} {
		b.Run(c.name, func(b *testing.B) {
			ioc.Find(c.text)
			b.SetBytes(int64(len(c.text)))
			b.ReportAllocs()
			for b.Loop() {
				ioc.Find(c.text)
			}
		})
	}
}
