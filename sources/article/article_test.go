package article

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"time"

	"tipoff/sources"
	"tipoff/sources/fetch"
)

const sentence = "The contractor sold access to the mail of ministries in several countries, by the files. "

// page is a web page with an article of so many paragraphs between menus.
func page(paragraphs int) string {
	var b strings.Builder
	b.WriteString(`<!DOCTYPE html><html><head><title>Leak | Wire</title><script>var x = "tracking";</script></head><body>
<nav><ul><li><a href="/">Home</a></li><li><a href="/news">News</a></li><li><a href="/about">About us</a></li></ul></nav>
<div class="cookie-banner">We value your privacy. Accept all cookies?</div><main><article><h1>Leak at a contractor</h1>`)
	for n := range paragraphs {
		fmt.Fprintf(&b, "<p>Paragraph %d of it: %s%s</p>\n", n, sentence, sentence)
	}
	b.WriteString(`</article></main><aside><h2>Related</h2><ul><li><a href="/1">Other news that is not this</a></li></ul></aside>
<footer>Copyright Wire. All rights reserved. <a href="/terms">Terms</a></footer></body></html>`)
	return b.String()
}

// site is a server with a robots.txt.
type site struct {
	*httptest.Server

	mu     sync.Mutex // guards what follows
	now    time.Time
	asked  []string
	heads  map[string]http.Header
	robots http.HandlerFunc
	pages  http.HandlerFunc
}

func newSite(t *testing.T) *site {
	t.Helper()
	s := &site{now: time.Date(2026, 11, 2, 12, 0, 0, 0, time.UTC), heads: make(map[string]http.Header)}
	s.robots = http.NotFound
	s.pages = func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		_, _ = w.Write([]byte(page(5)))
	}
	s.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.mu.Lock()
		s.asked = append(s.asked, r.URL.Path)
		s.heads[r.URL.Path] = r.Header
		h := s.pages
		if r.URL.Path == "/robots.txt" {
			h = s.robots
		}
		s.mu.Unlock()
		h(w, r)
	}))
	t.Cleanup(s.Close)
	return s
}

func (s *site) Now() time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.now
}

func (s *site) requests() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return strings.Join(s.asked, " ")
}

func (s *site) reader() *Reader {
	client := fetch.New(fetch.Options{
		Timeout: 10 * time.Second, UserAgent: "Tipoff/1", PerHost: 10, Now: s.Now, AllowPrivate: []netip.Prefix{netip.MustParsePrefix("127.0.0.1/32")},
	})
	return New(client, Options{Now: s.Now})
}

func rules(lines ...string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte(strings.Join(lines, "\n"))) }
}

func TestTheArticleIsFound(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	text, err := s.reader().Read(t.Context(), sources.Source{URL: s.URL + "/feed"}, s.URL+"/leak")
	if err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(text, "\n") + 1; n < 5 || n > 6 {
		t.Errorf("%d lines, want one a paragraph:\n%s", n, text)
	}
	for _, want := range []string{"Paragraph 0", "Paragraph 4", "ministries"} {
		if !strings.Contains(text, want) {
			t.Errorf("%q is missing", want)
		}
	}
	for _, no := range []string{"cookies", "About us", "tracking", "rights reserved", "<p>", "not this"} {
		if strings.Contains(text, no) {
			t.Errorf("%q is in it:\n%s", no, text)
		}
	}
}

func TestRobots(t *testing.T) {
	t.Parallel()
	status := func(code int) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(code) }
	}
	for _, test := range []struct {
		name   string
		robots http.HandlerFunc
		path   string
		want   bool
	}{
		{"none", http.NotFound, "/leak", true},
		{"one that forbids us", rules("User-agent: *", "Allow: /", "", "User-agent: tipoff", "Disallow: /"), "/leak", false},
		{"one that forbids everyone", rules("User-agent: *", "Disallow: /"), "/leak", false},
		{"one that allows us alone", rules("User-agent: *", "Disallow: /", "", "User-agent: Tipoff", "Allow: /"), "/leak", true},
		{"another folder", rules("User-agent: *", "Disallow: /private/"), "/leak", true},
		{"this folder", rules("User-agent: *", "Disallow: /private/"), "/private/leak", false},
		{"the longer rule counts", rules("User-agent: *", "Disallow: /news", "Allow: /news/public"), "/news/public/1", true},
		{"a pattern", rules("User-agent: *", "Disallow: /*?print=", "Disallow: /*.pdf$"), "/leak?print=1", false},
		{"an empty one", rules(""), "/leak", true},
		{"nonsense", rules("\x00\xff<html>", "Disallow"), "/leak", true},
		{"forbidden itself", status(403), "/leak", true},
		{"a server in trouble", status(500), "/leak", false},
		{"too many requests", status(429), "/leak", false},
		{"moved", func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/elsewhere.txt", http.StatusFound) }, "/leak", true},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			s := newSite(t)
			s.robots = test.robots
			_, err := s.reader().Read(t.Context(), sources.Source{}, s.URL+test.path)
			if (err == nil) != test.want || err != nil && !Refused(err) {
				t.Errorf("%v", err)
			}
			path, _, _ := strings.Cut(test.path, "?")
			if strings.Contains(s.requests(), path) != test.want {
				t.Errorf("asked for %s", s.requests())
			}
		})
	}
}

func TestRobotsIsAskedForSeldom(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	r := s.reader()
	var wg sync.WaitGroup
	for n := range 10 {
		wg.Go(func() {
			if _, err := r.Read(t.Context(), sources.Source{}, fmt.Sprintf("%s/%d", s.URL, n)); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	count := func() int { return strings.Count(s.requests(), "/robots.txt") }
	if n := count(); n != 1 {
		t.Errorf("asked %d times", n)
	}
	step := func(after time.Duration, want int) {
		s.mu.Lock()
		s.now = s.now.Add(after)
		s.mu.Unlock()
		if _, err := r.Read(t.Context(), sources.Source{}, s.URL+"/x"); err != nil {
			t.Error(err)
		}
		if n := count(); n != want {
			t.Errorf("after %s more asked %d times, want %d", after, n, want)
		}
	}
	step(23*time.Hour, 1)
	step(2*time.Hour, 2)
}

func TestARedirectIsAskedAboutToo(t *testing.T) {
	t.Parallel()
	other := newSite(t)
	other.robots = rules("User-agent: *", "Disallow: /")
	s := newSite(t)
	s.pages = func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, other.URL+"/leak", http.StatusFound) }
	if _, err := s.reader().Read(t.Context(), sources.Source{}, s.URL+"/leak"); !Refused(err) {
		t.Errorf("%v", err)
	}
	if got := other.requests(); got != "/robots.txt" {
		t.Errorf("the other site was asked for %s", got)
	}
}

func TestCredentialsStayAtTheirServer(t *testing.T) {
	t.Parallel()
	s, other := newSite(t), newSite(t)
	src := sources.Source{URL: s.URL + "/feed", BasicAuth: "ann:secret", Headers: map[string]string{"X-Key": "k"}}
	r := s.reader()
	for _, at := range []*site{s, other} {
		if _, err := r.Read(t.Context(), src, at.URL+"/leak"); err != nil {
			t.Fatal(err)
		}
		has := at.heads["/leak"].Get("X-Key") != "" && at.heads["/leak"].Get("Authorization") != ""
		if has != (at == s) || at.heads["/robots.txt"].Get("X-Key") != "" {
			t.Errorf("own server %v: %v", at == s, at.heads)
		}
	}
}

func TestNoArticle(t *testing.T) {
	t.Parallel()
	answer := func(contentType, body string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", contentType)
			_, _ = w.Write([]byte(body))
		}
	}
	for _, test := range []struct {
		name  string
		pages http.HandlerFunc
		want  string
	}{
		{"a page of links", answer("text/html", `<html><body><a href="/1">One</a></body></html>`), "no article"},
		{"a page that needs scripts", answer("text/html", `<html><body><noscript>Enable JavaScript</noscript><div id="app"></div></body></html>`), "no article"},
		{"nothing", answer("text/html", ""), "no article"},
		{"a PDF", answer("application/pdf", "%PDF-1.7"), "application/pdf"},
		{"a kind that is none", answer("application/"+strings.Repeat("x", 100), "x"), "something else"},
		{"not found", http.NotFound, "404"},
		{"a long page", answer("text/html", page(1)+strings.Repeat(" ", maxPage)), "longer than 2 MiB"},
		{"many elements", answer("text/html", "<html>"+strings.Repeat("<p>x</p>", maxElements)), "elements"},
		{"deep nesting", answer("text/html", "<html>"+strings.Repeat("<div>", 100_000)), "nested"},
		{"formatting that is never closed", answer("text/html", "<html>"+strings.Repeat("<b><i><a>", 100_000)), "nested"},
		{"tables in tables", answer("text/html", "<html>"+strings.Repeat("<table><tr><td>", 100_000)), "nested"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			s := newSite(t)
			s.pages = test.pages
			text, err := s.reader().Read(t.Context(), sources.Source{}, s.URL+"/leak")
			if err == nil || !strings.Contains(err.Error(), test.want) || text != "" {
				t.Errorf("%q, %v; want %q", text, err, test.want)
			}
		})
	}
}

func TestCharsets(t *testing.T) {
	t.Parallel()
	german := strings.ReplaceAll(page(5), "ministries", "Beh\xf6rden")
	for _, test := range []struct{ name, contentType, body string }{
		{"of the header", "text/html; charset=iso-8859-1", german},
		{"of the page", "text/html", strings.Replace(german, "<title>", `<meta charset="windows-1252"><title>`, 1)},
	} {
		s := newSite(t)
		s.pages = func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", test.contentType)
			_, _ = w.Write([]byte(test.body))
		}
		text, err := s.reader().Read(t.Context(), sources.Source{}, s.URL+"/leak")
		if err != nil || !strings.Contains(text, "Behörden") {
			t.Errorf("%s: %q, %v", test.name, text, err)
		}
	}
}

func TestReadEndsWithItsContext(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	ctx, cancel := context.WithCancel(t.Context())
	s.robots = func(_ http.ResponseWriter, r *http.Request) {
		cancel()
		<-r.Context().Done()
	}
	r := s.reader()
	if _, err := r.Read(ctx, sources.Source{}, s.URL+"/leak"); err == nil {
		t.Error("no error")
	}
	s.mu.Lock()
	s.robots = http.NotFound
	s.mu.Unlock()
	if _, err := r.Read(t.Context(), sources.Source{}, s.URL+"/leak"); err != nil {
		t.Errorf("what was cut off is remembered as a no: %v", err)
	}
}

func FuzzExtract(f *testing.F) {
	f.Add([]byte(page(3)), "text/html")
	f.Add([]byte("<html><table><b><table><i>"), "text/html; charset=utf-16")
	f.Add([]byte("<!doctype html><svg><math><template>"), "")
	f.Add([]byte("<html><base href=':'><p>"+strings.Repeat(sentence, 10)), "text/html;charset=x")
	f.Fuzz(func(t *testing.T, body []byte, contentType string) {
		text, err := extract(body, contentType, "https://wire.example/leak")
		if (err == nil) == (text == "") {
			t.Errorf("%q, %v", text, err)
		}
		if len(text) > 64<<10 {
			t.Errorf("%d bytes", len(text))
		}
	})
}

// BenchmarkExtract takes an article of a hundred paragraphs out of its page, 20
// KiB: 1.2 ms.
func BenchmarkExtract(b *testing.B) {
	body := []byte(page(100))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := extract(body, "text/html", "https://wire.example/leak"); err != nil {
			b.Fatal(err)
		}
	}
}
