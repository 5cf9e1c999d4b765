package story

import (
	"net/url"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestCanonicalURL(t *testing.T) {
	const page = "https://example.com/a"
	wrapped := func(prefix, target string) string { return prefix + url.QueryEscape(target) }
	for _, c := range []struct{ name, in, want string }{
		{"as it is", "https://example.com/a?b=1", "https://example.com/a?b=1"},
		{"scheme and host in lower case, path as it is", "HTTPS://Example.COM/A/b", "https://example.com/A/b"},
		{"default port", "https://example.com:443/a", page},
		{"default port of http", "http://example.com:80/a", "http://example.com/a"},
		{"the other scheme's port stays", "http://example.com:443/a", "http://example.com:443/a"},
		{"other port", "https://example.com:8443/a", "https://example.com:8443/a"},
		{"empty port", "https://example.com:/a", page},
		{"fragment", "https://example.com/a#part-2", page},
		{"empty path", "https://example.com", "https://example.com/"},
		{"empty path with a query", "https://example.com?id=7", "https://example.com/?id=7"},
		{"trailing slash stays", "https://example.com/a/", "https://example.com/a/"},
		{"space around", "\n https://example.com/a \t", page},
		{"user and password", "https://user:secret@example.com/a", page},
		{"root dot of the host", "https://example.com./a", page},
		{"international host", "https://Bücher.example/a", "https://xn--bcher-kva.example/a"},
		{"international root dot", "https://bücher。example。/a", "https://xn--bcher-kva.example/a"},
		{"host with an underscore", "https://my_blog.example.com/a", "https://my_blog.example.com/a"},
		{"IPv6 host", "http://[2001:DB8::1]:80/a", "http://[2001:db8::1]/a"},
		{"empty query", "https://example.com/a?", page},
		{"utm", "https://example.com/a?utm_source=rss&utm_medium=feed", page},
		{"utm in upper case", "https://example.com/a?UTM_Source=rss", page},
		{"utm escaped", "https://example.com/a?utm%5Fsource=rss", page},
		{"real parameters keep their order", "https://example.com/a?z=1&fbclid=x&a=2", "https://example.com/a?z=1&a=2"},
		{"real parameters keep their spelling", "https://example.com/a?Q=%C3%A9+b&gclid=1", "https://example.com/a?Q=%C3%A9+b"},
		{"a parameter without a value stays", "https://example.com/a?print&at_medium=RSS", "https://example.com/a?print"},
		{"a ref that tracks", "https://example.com/a?ref=rss", page},
		{"a ref that means something", "https://example.com/a?ref=v2.1", "https://example.com/a?ref=v2.1"},
		{"a source that means something", "https://example.com/a?source=reuters", "https://example.com/a?source=reuters"},
		{"a source that tracks", "https://example.com/a?source=rss----ab12---4", page},
		{"newsletter, publisher", "https://example.com/a?mc_cid=1&mc_eid=2&ftag=x&ocid=y&cmpid=z&igshid=q", page},
		{"a name that only looks like tracking", "https://example.com/a?utmost=1&gclids=2", "https://example.com/a?utmost=1&gclids=2"},
		{"a parameter twice", "https://example.com/a?b=1&&b=2", "https://example.com/a?b=1&b=2"},

		{"google q", wrapped("https://www.google.com/url?sa=t&q=", page), page},
		{"google alerts", wrapped("https://www.google.co.uk/url?rct=j&url=", page) + "&ct=ga", page},
		{"google search is a page", "https://www.google.com/search?q=https://example.com/a", "https://www.google.com/search?q=https://example.com/a"},
		{"not google", wrapped("https://notgoogle.com/url?q=", page), wrapped("https://notgoogle.com/url?q=", page)},
		{"google news", wrapped("https://news.google.com/news/url?sa=t&url=", page), page},
		{"facebook", wrapped("https://l.facebook.com/l.php?u=", page+"?fbclid=12") + "&h=AT0", page},
		{"safelinks", wrapped("https://eur02.safelinks.protection.outlook.com/?url=", page) + "&data=05", page},
		{"bing", wrapped("http://www.bing.com/news/apiclick.aspx?ref=FexRss&url=", page), page},
		{"tumblr", wrapped("https://t.umblr.com/redirect?z=", page) + "&t=abc", page},
		{"href.li", "https://href.li/?" + page, page},
		{"urldefense v3", "https://urldefense.com/v3/__https://example.com/a__;!!abc!def$", page},
		{"urldefense v3 with a query", "https://urldefense.com/v3/__https://example.com/a?b=1&c=2__;!!abc!def$", page + "?b=1&c=2"},
		{"urldefense v2", "https://urldefense.proofpoint.com/v2/url?u=https-3A__example.com_a&d=Dw", page},
		{"feedburner with a target", wrapped("https://feeds.feedburner.com/~r/x/?url=", page), page},
		{"wrapper in a wrapper", wrapped("https://www.google.com/url?q=", wrapped("https://l.facebook.com/l.php?u=", page+"#x")), page},
		{"a wrapper without a target", "https://www.google.com/url?sa=t", "https://www.google.com/url?sa=t"},
		{"a wrapper around something else", "https://www.google.com/url?q=javascript:alert(1)", "https://www.google.com/url?q=javascript:alert(1)"},
		{"a wrapper around a relative address", "https://www.google.com/url?q=/a", "https://www.google.com/url?q=/a"},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, ok := CanonicalURL(c.in)
			if !ok || got != c.want {
				t.Errorf("CanonicalURL(%q)\n got %q, %v\nwant %q", c.in, got, ok, c.want)
			}
			if again, _ := CanonicalURL(got); again != got {
				t.Errorf("not its own canonical form: %q becomes %q", got, again)
			}
		})
	}
}

func TestCanonicalURLRefuses(t *testing.T) {
	for _, in := range []string{
		"", " ", "example.com/a", "/a", "//example.com/a", "ftp://example.com/a", "javascript:alert(1)",
		"mailto:a@example.com", "data:text/html,x", "https:", "https://", "https:///a", "https://:80/a", "https:example.com",
		"https://exa mple.com/", "https://example.com:port/", "https://example.com/\x00", "https://exa%3Cmple.com/",
		"https://.../", "https://example.com../", "https://[::1", "tag:example.com,2024:1", "https://" + strings.Repeat("a", maxURL),
	} {
		if got, ok := CanonicalURL(in); ok {
			t.Errorf("CanonicalURL(%q) = %q, want none", in, got)
		}
	}
}

func TestWrappersAreUndoneToALimit(t *testing.T) {
	wrap := func(levels int) string {
		u := "https://example.com/a"
		for range levels {
			u = "https://href.li/?" + u
		}
		return u
	}
	if got, _ := CanonicalURL(wrap(maxWrappers)); got != "https://example.com/a" {
		t.Errorf("%d levels: got %q", maxWrappers, got)
	}
	deep := wrap(maxWrappers + 1)
	if got, _ := CanonicalURL(deep); got != deep {
		t.Errorf("%d levels: got %q, want the outermost as it is", maxWrappers+1, got)
	}
}

func TestNewID(t *testing.T) {
	const want = "036cbe16b0015b0a"
	id := NewID("a", "1", "https://example.com/a")
	if len(id) != 16 || strings.Trim(id, "0123456789abcdef") != "" {
		t.Errorf("id %q is not 16 hex digits", id)
	}
	if id != want {
		t.Errorf("id of https://example.com/a is %q, was %q: ids in archives would change", id, want)
	}
	for _, c := range []struct {
		name              string
		source, guid, url string
		same              bool
	}{
		{"another source", "b", "2", "https://example.com/a", true},
		{"another scheme", "a", "1", "http://example.com/a", true},
		{"www", "a", "1", "https://www.example.com/a", true},
		{"another path", "a", "1", "https://example.com/b", false},
		{"another host", "a", "1", "https://m.example.com/a", false},
		{"no address", "a", "1", "", false},
	} {
		if got := NewID(c.source, c.guid, c.url); (got == id) != c.same {
			t.Errorf("%s: %q and %q, want the same: %v", c.name, got, id, c.same)
		}
	}
	if NewID("a", "1", "") == NewID("b", "1", "") || NewID("a", "1", "") == NewID("a", "2", "") {
		t.Error("without an address, source and guid must make the id")
	}
}

func TestCanonicalURLIsIdempotent(t *testing.T) {
	piece := rapid.SampledFrom([]string{
		"a", "B", "/", "//", ".", "..", "?", "&", "=", "#", "%20", "%2f", "%", "+", " ", ":", ":80", ":443", "@", ";", "é", "|", "__;",
		"utm_source=x", "ref=rss", "q=", "u=", "url=", "href.li/?", "www.google.com/url?q=", "https://", "http%3A%2F%2F",
		"urldefense.com/v3/__https://", "example.com", "[::1]", "ß", "ÅB",
	})
	rapid.Check(t, func(t *rapid.T) {
		raw := rapid.SampledFrom([]string{"https://example.com/", "http://", "https://href.li/?", "https://www.google.com/url?q=", "HTTPS://É.example"}).Draw(t, "start") +
			strings.Join(rapid.SliceOfN(piece, 0, 12).Draw(t, "pieces"), "")
		checkCanonical(t, raw)
	})
}

func FuzzCanonicalURL(f *testing.F) {
	for _, s := range []string{
		"https://example.com/a?utm_source=x&b=1#c", "https://www.google.com/url?q=https%3A%2F%2Fexample.com", "http://Bücher.example:80",
		"https://urldefense.com/v3/__https://example.com/a__;!!x", "https://urldefense.proofpoint.com/v2/url?u=https-3A__example.com_a",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, raw string) { checkCanonical(t, raw) })
}

func checkCanonical(t interface {
	Fatalf(string, ...any)
}, raw string,
) {
	got, ok := CanonicalURL(raw)
	if !ok {
		if got != "" {
			t.Fatalf("%q is refused and still gives %q", raw, got)
		}
		return
	}
	again, ok := CanonicalURL(got)
	if !ok || again != got {
		t.Fatalf("%q gives %q, and that gives %q, %v", raw, got, again, ok)
	}
	u, err := url.Parse(got)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Hostname() == "" || u.User != nil || u.Fragment != "" {
		t.Fatalf("%q gives %q, which is not an absolute address: %+v, %v", raw, got, u, err)
	}
}
