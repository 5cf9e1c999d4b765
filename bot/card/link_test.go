package card_test

import (
	"net/url"
	"strings"
	"testing"

	"tipoff/bot/card"
)

func TestLink(t *testing.T) {
	for _, c := range []struct{ name, in, want string }{
		{"plain", "https://example.org/a?b=c&d=e#f", "https://example.org/a?b=c&d=e#f"},
		{"host in lower case", "HTTPS://Example.ORG/A", "https://example.org/A"},
		{"port stays", "http://127.0.0.1:8080/feed", "http://127.0.0.1:8080/feed"},
		{"IPv6", "http://[2001:DB8::1]:80/", "http://[2001:db8::1]:80/"},
		{"spaces around", "  https://example.org/ \n", "https://example.org/"},
		{"spaces inside", "https://example.org/a b?c d", "https://example.org/a%20b?c%20d"},
		{"pipe and angle brackets", "https://example.org/a|b<c>d", "https://example.org/a%7Cb%3Cc%3Ed"},
		{"query with markup", "https://example.org/?q=<!here>|x", "https://example.org/?q=%3C!here%3E%7Cx"},
		{"parentheses and square brackets", "https://example.org/a_(b)[c]?d=(e)#(f)", "https://example.org/a_%28b%29%5Bc%5D?d=%28e%29#%28f%29"},
		{"quotes and backticks", "https://example.org/'\"`", "https://example.org/%27%22%60"},
		{"backslash", `https://example.org/a\b`, "https://example.org/a%5Cb"},
		{"escapes stay as they are", "https://example.org/a%2Fb%20c", "https://example.org/a%2Fb%20c"},
		{"bare percent sign", "https://example.org/100%?a=5%&b=%zz", "https://example.org/100%25?a=5%25&b=%25zz"},
		{"letters of other alphabets in the path", "https://example.org/泄露", "https://example.org/%E6%B3%84%E9%9C%B2"},
		{"override in the path", "https://example.org/\u202egpj.exe", "https://example.org/%E2%80%AEgpj.exe"},
		{"Cyrillic homograph", "https://аррӏе.com/", "https://xn--80ak6aa92e.com/"},
		{"wide letters are mapped", "https://ｅxample。org/", "https://example.org/"},
		{"at sign in the path", "https://example.org/@user", "https://example.org/@user"},
		{"empty query", "https://example.org/?", "https://example.org/?"},
		{"underscore in the host", "https://a_b.example.org/", "https://a_b.example.org/"},

		{"user", "https://google.com@evil.example/", ""},
		{"user and password", "https://user:pass@example.org/", ""},
		{"backslash before the at sign", `https://google.com\@evil.example/`, ""},
		{"javascript", "javascript:alert(1)", ""},
		{"javascript with a host", "javascript://example.org/%0Aalert(1)", ""},
		{"data", "data:text/html,x", ""},
		{"mailto", "mailto:a@example.org", ""},
		{"no scheme", "example.org/a", ""},
		{"scheme-relative", "//example.org/a", ""},
		{"no host", "https:///a", ""},
		{"opaque", "https:example.org", ""},
		{"only dots", "https://../", ""},
		{"newline inside", "https://example.org/a\nb", ""},
		{"tab in the scheme", "ht\ttps://example.org/", ""},
		{"NUL", "https://example.org/\x00", ""},
		{"space in the host", "https://exam ple.org/", ""},
		{"pipe in the host", "https://a|b.org/", ""},
		{"zone of an address", "http://[fe80::1%25eth0]/", ""},
		{"bad port", "http://example.org:80a/", ""},
		{"override in the host", "https://exa\u202emple.org/", ""},
		{"empty", "", ""},
		{"too long", "https://example.org/" + strings.Repeat("a", card.MaxLink), ""},
		{"too long once encoded", "https://example.org/" + strings.Repeat("(", 1000), ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, ok := card.Link(c.in)
			if got != c.want || ok != (c.want != "") {
				t.Errorf("Link(%q) = %q, %v, want %q", c.in, got, ok, c.want)
			}
		})
	}
}

func TestHost(t *testing.T) {
	for in, want := range map[string]string{
		"https://www.Example.org:8443/a":  "example.org",
		"https://news.example.org/":       "news.example.org",
		"https://www.com/":                "www.com",
		"https://аррӏе.com/":              "xn--80ak6aa92e.com",
		"https://google.com@evil.example": "",
		"javascript:alert(1)":             "",
		"":                                "",
		"http://[::1]:80/":                "[::1]",
	} {
		if got := card.Host(in); got != want {
			t.Errorf("Host(%q) = %q, want %q", in, got, want)
		}
	}
}

func FuzzLink(f *testing.F) {
	for _, s := range []string{"https://example.org/a|b", "http://a@b/", "https://[::1]/%", "https://аррӏе.com/?\xff", "http://x/?%#%"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, raw string) {
		got, ok := card.Link(raw)
		if !ok {
			if got != "" {
				t.Fatalf("Link(%q) refuses and gives %q", raw, got)
			}
			return
		}
		for _, c := range []byte(got) {
			if c <= ' ' || c >= 0x7f || strings.IndexByte("\"'<>|`()\\{}^", c) >= 0 {
				t.Fatalf("Link(%q) = %q has %q", raw, got, c)
			}
		}
		if len(got) > card.MaxLink || !strings.HasPrefix(got, "http") {
			t.Fatalf("Link(%q) = %q", raw, got)
		}
		if again, ok := card.Link(got); !ok || again != got {
			t.Fatalf("Link(%q) = %q, and of that %q", raw, got, again)
		}
		u, err := url.Parse(got)
		if err != nil || u.User != nil || u.Host == "" {
			t.Fatalf("Link(%q) = %q does not read back: %v", raw, got, err)
		}
	})
}
