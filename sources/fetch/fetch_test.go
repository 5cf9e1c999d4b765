package fetch

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"tipoff/sources"
)

var loopback = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8"), netip.MustParsePrefix("::1/128")}

func serve(t *testing.T, h http.HandlerFunc) *httptest.Server {
	t.Helper()
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	return s
}

func newClient(t *testing.T, o Options) *Client {
	t.Helper()
	if o.AllowPrivate == nil {
		o.AllowPrivate = loopback
	}
	c := New(o)
	t.Cleanup(c.Close)
	return c
}

func TestGet(t *testing.T) {
	var got http.Header
	s := serve(t, func(w http.ResponseWriter, r *http.Request) {
		got = r.Header.Clone()
		got.Set("Host", r.Host)
		w.Header().Set("Content-Type", "application/rss+xml; charset=utf-8")
		w.Header().Set("ETag", `"v1"`)
		w.Header().Set("Last-Modified", "Sun, 18 Feb 2024 09:00:00 GMT")
		fmt.Fprint(w, "<rss/>")
	})
	c := newClient(t, Options{UserAgent: "Tipoff (ops@example.com)"})
	resp, err := c.Get(t.Context(), Request{
		URL:        s.URL + "/feed?x=1#frag",
		Validators: sources.Validators{BodyHash: "kept"},
		Headers:    map[string]string{"x-key": "k", "Host": "feeds.example", "Accept-Encoding": "br"},
		BasicAuth:  "user:pa:ss",
	})
	if err != nil {
		t.Fatal(err)
	}
	want := &Response{
		Status: 200, URL: s.URL + "/feed?x=1", ContentType: "application/rss+xml; charset=utf-8", Body: []byte("<rss/>"),
		Validators: sources.Validators{ETag: `"v1"`, LastModified: "Sun, 18 Feb 2024 09:00:00 GMT", BodyHash: "kept"},
	}
	if d := cmp.Diff(want, resp); d != "" {
		t.Error(d)
	}
	for name, want := range map[string]string{
		"User-Agent": "Tipoff (ops@example.com)", "X-Key": "k", "Host": "feeds.example",
		"Authorization": "Basic dXNlcjpwYTpzcw==", "Accept-Encoding": acceptEncoding,
		"If-None-Match": "", "If-Modified-Since": "", "Referer": "", "Accept": accept,
	} {
		if got.Get(name) != want {
			t.Errorf("header %s is %q, want %q", name, got.Get(name), want)
		}
	}
}

func TestConditionalGet(t *testing.T) {
	var connections atomic.Int32
	var got http.Header
	s := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		got = r.Header
		w.Header().Set("ETag", `"v2"`)
		w.WriteHeader(http.StatusNotModified)
	}))
	s.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		if state == http.StateNew {
			connections.Add(1)
		}
	}
	s.Start()
	defer s.Close()
	c := newClient(t, Options{})
	old := sources.Validators{ETag: `W/"v1"`, LastModified: "Sun, 18 Feb 2024 09:00:00 GMT", BodyHash: "h"}
	for range 5 {
		resp, err := c.Get(t.Context(), Request{URL: s.URL, Validators: old})
		if err != nil {
			t.Fatal(err)
		}
		want := &Response{
			Status: 304, NotModified: true, URL: s.URL,
			Validators: sources.Validators{ETag: `"v2"`, LastModified: old.LastModified, BodyHash: "h"},
		}
		if d := cmp.Diff(want, resp); d != "" {
			t.Fatal(d)
		}
	}
	if got.Get("If-None-Match") != old.ETag || got.Get("If-Modified-Since") != old.LastModified {
		t.Errorf("validators are not sent: %v", got)
	}
	if n := connections.Load(); n != 1 {
		t.Errorf("5 visits took %d connections, want 1", n)
	}
	if resp, err := c.Get(t.Context(), Request{URL: s.URL}); err == nil || resp.NotModified {
		t.Error("a 304 that nobody asked for passes as unchanged")
	}
}

func TestValidatorsThatCannotBeSentAreDropped(t *testing.T) {
	s := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("ETag", `"`+strings.Repeat("x", 2000)+`"`)
		w.Header().Set("Last-Modified", "gestern früh")
	})
	resp, err := newClient(t, Options{}).Get(t.Context(), Request{URL: s.URL, Validators: sources.Validators{ETag: "old", LastModified: "old"}})
	if err != nil || resp.Validators != (sources.Validators{}) {
		t.Errorf("got %+v, %v, want none", resp.Validators, err)
	}
}

func TestStatus(t *testing.T) {
	now := time.Date(2024, 2, 18, 9, 0, 0, 0, time.UTC)
	for _, c := range []struct {
		status    int
		after     string
		state     sources.State
		notBefore time.Time
		text      string
	}{
		{401, "", sources.Blocked, time.Time{}, "basic_auth"},
		{403, "", sources.Blocked, time.Time{}, "user_agent"},
		{404, "", sources.Failing, time.Time{}, "url"},
		{410, "", sources.Gone, time.Time{}, "remove the source"},
		{429, "", sources.Limited, time.Time{}, "less often"},
		{429, "120", sources.Limited, now.Add(2 * time.Minute), "2024-02-18T09:02:00Z"},
		{503, "Sun, 18 Feb 2024 10:00:00 GMT", sources.Limited, now.Add(time.Hour), "2024-02-18T10:00:00Z"},
		{503, "", sources.Failing, time.Time{}, "503 Service Unavailable"},
		{500, "", sources.Failing, time.Time{}, "500 Internal Server Error"},
		{302, "", sources.Failing, time.Time{}, "302 Found"},
		{418, "", sources.Failing, time.Time{}, "418"},
	} {
		t.Run(fmt.Sprint(c.status, c.after), func(t *testing.T) {
			s := serve(t, func(w http.ResponseWriter, _ *http.Request) {
				if c.after != "" {
					w.Header().Set("Retry-After", c.after)
				}
				w.WriteHeader(c.status)
			})
			old := sources.Validators{ETag: "v", BodyHash: "h"}
			resp, err := newClient(t, Options{Now: func() time.Time { return now }}).Get(t.Context(), Request{URL: s.URL, Validators: old})
			if err == nil {
				t.Fatal("no error")
			}
			if err.State != c.state || err.Status != c.status || !strings.Contains(err.Text, c.text) {
				t.Errorf("got %+v, want state %s and %q", err, c.state, c.text)
			}
			if resp.Status != c.status || !resp.NotBefore.Equal(c.notBefore) || resp.Validators != old {
				t.Errorf("got %+v, want not before %v and the old validators", resp, c.notBefore)
			}
		})
	}
}

func TestRetryAfter(t *testing.T) {
	now := time.Date(2024, 2, 18, 9, 0, 0, 0, time.UTC)
	for _, c := range []struct {
		in   string
		want time.Duration // after now; 0 is none
	}{
		{"", 0},
		{"0", 0},
		{"-5", 0},
		{"soon", 0},
		{"1.5", 0},
		{"0x10", 0},
		{"30", 30 * time.Second},
		{" 30 ", 30 * time.Second},
		{"Sun, 18 Feb 2024 09:00:10 GMT", 10 * time.Second},
		{"Sunday, 18-Feb-24 09:00:10 GMT", 10 * time.Second},
		{"Sun, 18 Feb 2024 08:00:00 GMT", 0},
		{"Sun, 18 Feb 2034 08:00:00 GMT", maxRetryAfter},
		{"99999999", maxRetryAfter},
		{"99999999999999999999999", maxRetryAfter},
	} {
		got := retryAfter(c.in, now)
		if c.want == 0 && !got.IsZero() || c.want != 0 && !got.Equal(now.Add(c.want)) {
			t.Errorf("retryAfter(%q) = %v, want %v after %v", c.in, got, c.want, now)
		}
	}
}

func TestSizeLimit(t *testing.T) {
	const limit = 1 << 10
	for _, c := range []struct {
		name string
		body int
		how  string
		ok   bool
	}{
		{"just fits", limit, "plain", true},
		{"one more", limit + 1, "plain", false},
		{"one more in chunks", limit + 1, "chunked", false},
		{"just fits when unpacked", limit, "gzip", true},
		{"bomb", 64 << 20, "gzip", false},
	} {
		t.Run(c.name, func(t *testing.T) {
			// Packed before anybody waits for it. What follows a gzip file in a gzip
			// file goes on with it.
			part := min(c.body, 1<<20)
			packed := gzipped(t, part)
			s := serve(t, func(w http.ResponseWriter, r *http.Request) {
				body := io.LimitReader(zeros{}, int64(c.body))
				switch c.how {
				case "plain":
					w.Header().Set("Content-Length", fmt.Sprint(c.body))
				case "chunked":
					w.WriteHeader(200)
					w.(http.Flusher).Flush()
				case "gzip":
					w.Header().Set("Content-Encoding", "gzip")
					for range c.body / part {
						if _, err := w.Write(packed); err != nil {
							return
						}
					}
					return
				}
				_, _ = io.Copy(w, body)
			})
			resp, err := newClient(t, Options{MaxBytes: limit}).Get(t.Context(), Request{URL: s.URL})
			if c.ok {
				if err != nil || len(resp.Body) != c.body {
					t.Errorf("got %d bytes, %v, want %d", len(resp.Body), err, c.body)
				}
				return
			}
			if err == nil || err.State != sources.Failing || !strings.Contains(err.Text, "1 KiB: raise fetch.max_bytes") || resp.Body != nil {
				t.Errorf("got %d bytes, %v, want an error that says what to raise", len(resp.Body), err)
			}
		})
	}
}

// gzipped is so many zeros, packed.
func gzipped(t *testing.T, n int) []byte {
	t.Helper()
	var packed bytes.Buffer
	z := gzip.NewWriter(&packed)
	if _, err := io.CopyN(z, zeros{}, int64(n)); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return packed.Bytes()
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) {
	clear(p)
	return len(p), nil
}

func TestUnknownEncodingIsAnError(t *testing.T) {
	s := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Encoding", "br")
		fmt.Fprint(w, "x")
	})
	if _, err := newClient(t, Options{}).Get(t.Context(), Request{URL: s.URL}); err == nil || !strings.Contains(err.Text, "compressed") {
		t.Errorf("got %v", err)
	}
}

func TestTimeout(t *testing.T) {
	for name, h := range map[string]http.HandlerFunc{
		"no answer": func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() },
		"endless body": func(w http.ResponseWriter, r *http.Request) {
			for r.Context().Err() == nil {
				fmt.Fprint(w, "x")
				w.(http.Flusher).Flush()
			}
		},
		"slow redirects": func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path == "/" {
				http.Redirect(w, r, "/2", http.StatusFound)
				return
			}
			<-r.Context().Done()
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := serve(t, h)
			_, err := newClient(t, Options{Timeout: 50 * time.Millisecond, MaxBytes: 1 << 40}).Get(t.Context(), Request{URL: s.URL})
			if err == nil || err.State != sources.Failing || !strings.Contains(err.Text, "within 50ms: raise fetch.timeout") {
				t.Errorf("got %v", err)
			}
		})
	}
}

func TestGetEndsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	s := serve(t, func(_ http.ResponseWriter, r *http.Request) {
		cancel()
		<-r.Context().Done()
	})
	if _, err := newClient(t, Options{}).Get(ctx, Request{URL: s.URL}); err == nil || !strings.Contains(err.Text, "stopped") {
		t.Errorf("got %v", err)
	}
}

func TestTurns(t *testing.T) {
	const perHost, visits = 2, 6
	arrived, goOn := make(chan struct{}, visits), make(chan struct{})
	var now, tooMany atomic.Int32
	s := serve(t, func(http.ResponseWriter, *http.Request) {
		if now.Add(1) > perHost {
			tooMany.Add(1)
		}
		arrived <- struct{}{}
		<-goOn
		now.Add(-1)
	})
	c := newClient(t, Options{PerHost: perHost})
	var wg sync.WaitGroup
	for range visits {
		wg.Go(func() {
			if _, err := c.Get(t.Context(), Request{URL: s.URL}); err != nil {
				t.Error(err)
			}
		})
	}
	for range perHost {
		<-arrived
	}
	// Both turns are taken: a caller who gives up gets an answer at once, and
	// other hosts are not held up.
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := c.Get(ctx, Request{URL: s.URL}); err == nil {
		t.Error("a turn was had although all were taken")
	}
	other := serve(t, func(http.ResponseWriter, *http.Request) {})
	if _, err := c.Get(t.Context(), Request{URL: strings.Replace(other.URL, "127.0.0.1", "localhost", 1)}); err != nil {
		t.Errorf("another host: %v", err)
	}
	close(goOn)
	wg.Wait()
	if n := tooMany.Load(); n != 0 {
		t.Errorf("%d requests came while %d were under way", n, perHost)
	}
	if len(c.turns.hosts) != 0 {
		t.Errorf("hosts are remembered for ever: %v", c.turns.hosts)
	}
}

func TestRedirects(t *testing.T) {
	type seen struct{ auth, key, referer string }
	var mu sync.Mutex
	got := map[string]seen{}
	record := func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		got[r.Host+r.URL.Path] = seen{r.Header.Get("Authorization"), r.Header.Get("X-Key"), r.Header.Get("Referer")}
		if to := r.URL.Query().Get("to"); to != "" {
			w.Header().Set("Location", to)
			w.WriteHeader(http.StatusMovedPermanently)
		}
	}
	a, b := serve(t, record), serve(t, record)
	hostA, hostB := strings.TrimPrefix(a.URL, "http://"), strings.TrimPrefix(b.URL, "http://")
	to := func(base, path, target string) string { return base + path + "?to=" + url.QueryEscape(target) }
	mine, none := seen{auth: "Basic dTpw", key: "k"}, seen{}

	for _, c := range []struct {
		name, url, final string
		want             map[string]seen
	}{
		{"same host", to(a.URL, "/1", "/2"), a.URL + "/2", map[string]seen{hostA + "/1": mine, hostA + "/2": mine}},
		{"another host", to(a.URL, "/1", b.URL+"/2"), b.URL + "/2", map[string]seen{hostA + "/1": mine, hostB + "/2": none}},
		{
			"another host and back", to(a.URL, "/1", to(b.URL, "/2", a.URL+"/3")), a.URL + "/3",
			map[string]seen{hostA + "/1": mine, hostB + "/2": none, hostA + "/3": none},
		},
		{"user in the target", to(a.URL, "/1", "http://x:y@"+hostB+"/2"), b.URL + "/2", map[string]seen{hostA + "/1": mine, hostB + "/2": none}},
	} {
		t.Run(c.name, func(t *testing.T) {
			clear(got)
			resp, err := newClient(t, Options{}).Get(t.Context(), Request{URL: c.url, BasicAuth: "u:p", Headers: map[string]string{"X-Key": "k"}})
			if err != nil || resp.URL != c.final {
				t.Fatalf("got %q, %v, want %q", resp.URL, err, c.final)
			}
			if d := cmp.Diff(c.want, got, cmp.AllowUnexported(seen{})); d != "" {
				t.Error(d)
			}
		})
	}

	for _, c := range []struct {
		name, url string
		state     sources.State
		text      string
	}{
		{"to another scheme", to(a.URL, "/1", "file:///etc/passwd"), sources.Failing, "not an http or https address"},
		{"to nothing", to(a.URL, "/1", "http://"), sources.Failing, "not an http or https address"},
		{"to an address that cannot be read", to(a.URL, "/1", "http://[::1"), sources.Failing, "not an http or https address"},
		{"to a private address", to(a.URL, "/1", "http://10.0.0.1/"), sources.Blocked, "add 10.0.0.1/32 to fetch.allow_private"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := newClient(t, Options{}).Get(t.Context(), Request{URL: c.url})
			if err == nil || err.State != c.state || !strings.Contains(err.Text, c.text) {
				t.Errorf("got %v, want %s and %q", err, c.state, c.text)
			}
		})
	}
}

func TestRedirectsAreCounted(t *testing.T) {
	var hops int
	s := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if hops--; hops >= 0 {
			http.Redirect(w, r, r.URL.Path+"x", http.StatusTemporaryRedirect)
		}
	})
	c := newClient(t, Options{})
	hops = maxRedirects
	if _, err := c.Get(t.Context(), Request{URL: s.URL + "/"}); err != nil {
		t.Errorf("%d redirects: %v", maxRedirects, err)
	}
	hops = maxRedirects + 1
	if _, err := c.Get(t.Context(), Request{URL: s.URL + "/"}); err == nil || !strings.Contains(err.Text, "more than 10 times") {
		t.Errorf("%d redirects: %v", maxRedirects+1, err)
	}
}

func TestBadRequests(t *testing.T) {
	for _, c := range []struct {
		req  Request
		text string
	}{
		{Request{URL: ""}, "not an http or https address"},
		{Request{URL: "ftp://example.com/"}, "not an http or https address"},
		{Request{URL: "file:///etc/passwd"}, "not an http or https address"},
		{Request{URL: "http://[::1"}, "not an http or https address"},
		{Request{URL: "http://127.0.0.1/", Proxy: "://"}, "not a proxy's address"},
		{Request{URL: "http://127.0.0.1/", Proxy: "ftp://127.0.0.1:1"}, "not a proxy's address"},
		{Request{URL: "http://127.0.0.1/", Headers: map[string]string{"bad name": "v"}}, "no answer"},
	} {
		if _, err := newClient(t, Options{}).Get(t.Context(), c.req); err == nil || err.State != sources.Failing || !strings.Contains(err.Text, c.text) {
			t.Errorf("%+v: got %v, want %q", c.req, err, c.text)
		}
	}
}

func TestProxy(t *testing.T) {
	var asked []string
	proxy := serve(t, func(w http.ResponseWriter, r *http.Request) {
		asked = append(asked, r.URL.String()+" "+r.Header.Get("Proxy-Authorization"))
		fmt.Fprint(w, "through the proxy")
	})
	// No private address is allowed, and the proxy has one all the same.
	c := newClient(t, Options{AllowPrivate: []netip.Prefix{}})
	via := strings.Replace(proxy.URL, "http://", "http://u:p@", 1)
	resp, err := c.Get(t.Context(), Request{URL: "http://feed.example/a", Proxy: via})
	if err != nil || string(resp.Body) != "through the proxy" {
		t.Fatalf("got %q, %v", resp.Body, err)
	}
	for _, u := range []string{"http://169.254.169.254/latest", "http://localhost:9/", "http://[::1]:9/", "http://[::ffff:10.0.0.1]/", "http://LOCALHOST./"} {
		if _, err := c.Get(t.Context(), Request{URL: u, Proxy: via}); err == nil || err.State != sources.Blocked {
			t.Errorf("%s through the proxy: got %v, want it refused", u, err)
		}
	}
	if d := cmp.Diff([]string{"http://feed.example/a Basic dTpw"}, asked); d != "" {
		t.Error(d)
	}
	if c.direct.Proxy != nil {
		t.Error("the environment can set a proxy")
	}
	if len(c.proxied) != 1 {
		t.Errorf("%d transports for one proxy", len(c.proxied))
	}
}

// A server may put what it was sent into its answer, and the answer into the
// text of an error.
func TestErrorsHoldNoSecrets(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			r, err := http.ReadRequest(bufio.NewReader(conn))
			if err == nil {
				fmt.Fprintf(conn, "HTTP/1.1 X%s %s %s\x07\r\n\r\n", r.Header.Get("Authorization"), r.Header.Get("X-Key"), r.URL)
			}
			conn.Close()
		}
	}()
	c := newClient(t, Options{})
	for name, req := range map[string]Request{
		"fields": {URL: "http://" + l.Addr().String() + "/p?token=sesame", BasicAuth: "user:hunter2", Headers: map[string]string{"X-Key": "opensaysme"}},
		"url":    {URL: "http://user:hunter2@" + l.Addr().String() + "/p?token=sesame"},
	} {
		_, err := c.Get(t.Context(), req)
		if err == nil || !strings.Contains(err.Text, "no answer") {
			t.Fatalf("%s: got %v", name, err)
		}
		for _, secret := range []string{"hunter2", "sesame", "opensaysme", "dXNlcjpodW50ZXIy", "\x07"} {
			if strings.Contains(err.Text, secret) {
				t.Errorf("%s: %q is in %q", name, secret, err.Text)
			}
		}
	}
}

func TestExplain(t *testing.T) {
	c := newClient(t, Options{})
	for _, e := range []struct {
		err  error
		want string
	}{
		{&net.DNSError{Name: "feed.example", IsNotFound: true}, "the name feed.example is not known here: check this machine's network, then the source's url"},
		{&net.DNSError{Name: "feed.example", IsTimeout: true}, "the name feed.example could not be looked up: check this machine's network"},
		{errors.New("EOF\n\x1b[31mred"), "no answer from feed.example: EOF [31mred"},
	} {
		got := c.explain(t.Context(), Request{URL: "https://feed.example/a?key=1"}, &Response{}, e.err)
		if got.Text != e.want {
			t.Errorf("got %q, want %q", got.Text, e.want)
		}
	}
}

func TestCertificateAndTLS(t *testing.T) {
	secure := httptest.NewTLSServer(http.NotFoundHandler())
	secure.Config.ErrorLog = nil
	defer secure.Close()
	plain := serve(t, func(http.ResponseWriter, *http.Request) {})
	c := newClient(t, Options{})
	if _, err := c.Get(t.Context(), Request{URL: secure.URL}); err == nil || !strings.Contains(err.Text, "certificate of 127.0.0.1 is not accepted") {
		t.Errorf("unknown authority: %v", err)
	}
	if _, err := c.Get(t.Context(), Request{URL: strings.Replace(plain.URL, "http:", "https:", 1)}); err == nil {
		t.Error("TLS to a plain server works")
	}
	plain.Close()
	if _, err := c.Get(t.Context(), Request{URL: plain.URL}); err == nil || !strings.Contains(err.Text, "refuses the connection") {
		t.Errorf("closed port: %v", err)
	}
}

func BenchmarkNotModified(b *testing.B) {
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNotModified) }))
	defer s.Close()
	c := New(Options{AllowPrivate: loopback})
	defer c.Close()
	b.ReportAllocs()
	for b.Loop() {
		if _, err := c.Get(b.Context(), Request{URL: s.URL, Validators: sources.Validators{ETag: `"v"`}}); err != nil {
			b.Fatal(err)
		}
	}
}
