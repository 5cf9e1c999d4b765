package fetch

import (
	"bytes"
	"compress/gzip"
	"compress/zlib"
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/andybalholm/brotli"
	"github.com/klauspost/compress/flate"
	"github.com/klauspost/compress/zstd"
)

// encode applies a coding.
func encode(t *testing.T, coding string, body []byte) []byte {
	t.Helper()
	var out bytes.Buffer
	var w io.WriteCloser
	var err error
	switch coding {
	case "gzip", "x-gzip":
		w = gzip.NewWriter(&out)
	case "deflate":
		w = zlib.NewWriter(&out)
	case "raw deflate":
		w, err = flate.NewWriter(&out, 5)
	case "br":
		w = brotli.NewWriter(&out)
	case "zstd":
		w, err = zstd.NewWriter(&out)
	default:
		return body
	}
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Write(body); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func TestCodings(t *testing.T) {
	feed := []byte(strings.Repeat("<item>a story</item>", 500))
	c := newClient(t, Options{MaxBytes: 1 << 16})
	for _, test := range []struct {
		name    string
		header  []string
		applied []string
		broken  string
	}{
		{name: "none"},
		{name: "identity", header: []string{"identity"}},
		{name: "gzip", header: []string{"gzip"}, applied: []string{"gzip"}},
		{name: "its old name, in capitals", header: []string{"X-GZIP"}, applied: []string{"gzip"}},
		{name: "deflate with the head of zlib", header: []string{"deflate"}, applied: []string{"deflate"}},
		{name: "deflate without", header: []string{"deflate"}, applied: []string{"raw deflate"}},
		{name: "brotli", header: []string{"br"}, applied: []string{"br"}},
		{name: "zstd", header: []string{"zstd"}, applied: []string{"zstd"}},
		{name: "two in one header", header: []string{"deflate, gzip"}, applied: []string{"deflate", "gzip"}},
		{name: "two headers", header: []string{"br", "gzip"}, applied: []string{"br", "gzip"}},
		{name: "a file that is kept compressed", applied: []string{"gzip"}},
		{name: "three", header: []string{"gzip, gzip, gzip"}, applied: []string{"gzip", "gzip", "gzip"}, broken: "compressed in a way that cannot be read"},
		{name: "unknown", header: []string{"compress"}, broken: "compressed in a way that cannot be read"},
		{name: "another one than said", header: []string{"br"}, applied: []string{"zstd"}, broken: "compressed in a way that cannot be read"},
		{name: "none though one is said", header: []string{"gzip"}, broken: "compressed in a way that cannot be read"},
	} {
		t.Run(test.name, func(t *testing.T) {
			body := feed
			for _, a := range test.applied {
				body = encode(t, a, body)
			}
			s := serve(t, func(w http.ResponseWriter, _ *http.Request) {
				for _, h := range test.header {
					w.Header().Add("Content-Encoding", h)
				}
				_, _ = w.Write(body)
			})
			resp, err := c.Get(t.Context(), Request{URL: s.URL})
			if test.broken != "" {
				if err == nil || !strings.Contains(err.Text, test.broken) {
					t.Errorf("got %v, want %q", err, test.broken)
				}
				return
			}
			if err != nil || !bytes.Equal(resp.Body, feed) {
				t.Errorf("got %d bytes, %v", len(resp.Body), err)
			}
		})
	}
}

func TestAnEmptyBodyHasNoCoding(t *testing.T) {
	for _, coding := range []string{"gzip", "deflate", "br", "zstd"} {
		s := serve(t, func(w http.ResponseWriter, _ *http.Request) { w.Header().Set("Content-Encoding", coding) })
		if resp, err := newClient(t, Options{}).Get(t.Context(), Request{URL: s.URL}); err != nil || len(resp.Body) != 0 {
			t.Errorf("%s: got %q, %v", coding, resp.Body, err)
		}
	}
}

func TestDecompressionBombs(t *testing.T) {
	c := newClient(t, Options{MaxBytes: 1 << 20})
	zeros := make([]byte, 8<<20)
	for _, coding := range []string{"gzip", "deflate", "raw deflate", "br", "zstd"} {
		bomb := encode(t, coding, zeros)
		s := serve(t, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Encoding", strings.TrimPrefix(coding, "raw "))
			_, _ = w.Write(bomb)
		})
		if _, err := c.Get(t.Context(), Request{URL: s.URL}); err == nil || !strings.Contains(err.Text, "larger than 1 MiB") {
			t.Errorf("%s: %d bytes that become %d: got %v", coding, len(bomb), len(zeros), err)
		}
	}
}

// stream is a body that comes in pieces, with a pause before each.
type stream struct {
	pause time.Duration
	left  int
}

func (s *stream) Read(p []byte) (int, error) {
	if s.left--; s.left < 0 {
		return 0, io.EOF
	}
	time.Sleep(s.pause) // of the test's own clock
	return copy(p, "<item/>"), nil
}

func TestABodyThatStopsComing(t *testing.T) {
	for _, test := range []struct {
		name  string
		pause time.Duration
		left  int
		want  bool
	}{
		{"slow and steady", 9 * time.Second, 4, true},
		{"stopped in the middle", 11 * time.Second, 1, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c := New(Options{Stall: 10 * time.Second})
				ctx, stop := context.WithCancelCause(t.Context())
				body, err := c.read(ctx, &http.Response{Body: io.NopCloser(&stream{test.pause, test.left})}, Request{}, stop)
				stopped := context.Cause(ctx)
				if ok := err == nil && stopped == nil; ok != test.want || !ok && !errors.Is(stopped, errStalled) {
					t.Errorf("got %q, %v, %v", body, err, stopped)
				}
			})
		})
	}
}

func TestFresh(t *testing.T) {
	now := time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)
	for _, test := range []struct {
		name   string
		header http.Header
		want   time.Duration
	}{
		{"nothing said", http.Header{}, 0},
		{"max-age", http.Header{"Cache-Control": {"public, max-age=600"}}, 10 * time.Minute},
		{"in quotes and capitals", http.Header{"Cache-Control": {`Max-Age="600"`}}, 10 * time.Minute},
		{"less the age of it", http.Header{"Cache-Control": {"max-age=600"}, "Age": {"540"}}, time.Minute},
		{"older than it may be", http.Header{"Cache-Control": {"max-age=600"}, "Age": {"601"}}, 0},
		{"nothing may be kept", http.Header{"Cache-Control": {"max-age=600, no-cache"}}, 0},
		{"max-age before Expires", http.Header{"Cache-Control": {"max-age=60"}, "Expires": {"Tue, 24 Nov 2026 13:00:00 GMT"}}, time.Minute},
		{"Expires by our clock", http.Header{"Expires": {"Tue, 24 Nov 2026 12:05:00 GMT"}}, 5 * time.Minute},
		{"Expires by the server's", http.Header{"Expires": {"Tue, 24 Nov 2026 15:05:00 GMT"}, "Date": {"Tue, 24 Nov 2026 15:00:00 GMT"}}, 5 * time.Minute},
		{"Expires: 0", http.Header{"Expires": {"0"}}, 0},
		{"negative", http.Header{"Cache-Control": {"max-age=-5"}}, 0},
		{"over all measure", http.Header{"Cache-Control": {"max-age=99999999999999999999"}}, 0},
	} {
		got := time.Duration(0)
		if at := fresh(test.header, now); !at.IsZero() {
			got = at.Sub(now)
		}
		if got != test.want {
			t.Errorf("%s: got %s, want %s", test.name, got, test.want)
		}
	}
}

func TestMovedForGood(t *testing.T) {
	var home string
	s := serve(t, func(w http.ResponseWriter, r *http.Request) {
		to := map[string]struct {
			path   string
			status int
		}{
			"/old": {"/new", 301}, "/older": {"/old", 308}, "/temporary": {"/new", 302}, "/then": {"/temporary", 301},
			"/after": {"/old", 307}, "/gone": {"/missing", 301},
		}[r.URL.Path]
		switch {
		case to.path != "":
			http.Redirect(w, r, home+to.path, to.status)
		case r.URL.Path != "/new":
			http.NotFound(w, r)
		}
	})
	home = s.URL
	c := newClient(t, Options{})
	for _, test := range []struct{ from, moved string }{
		{"/new", ""},
		{"/old", "/new"},
		{"/older", "/new"},
		{"/temporary", ""},
		{"/then", "/temporary"}, // from there on it is for now
		{"/after", ""},          // what comes behind a temporary one says nothing of this address
	} {
		want := test.moved
		if want != "" {
			want = s.URL + want
		}
		if resp, err := c.Get(t.Context(), Request{URL: s.URL + test.from}); err != nil || resp.Moved != want {
			t.Errorf("%s: moved to %q, %v; want %q", test.from, resp.Moved, err, want)
		}
	}
}

func TestPace(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		turns := newTurns(2, time.Second)
		start := time.Now()
		for range burst + 3 {
			done, err := turns.take(t.Context(), "a.example")
			if err != nil {
				t.Fatal(err)
			}
			done()
		}
		if took := time.Since(start); took != 3*time.Second {
			t.Errorf("%d requests to one host began within %s", burst+3, took)
		}
		start = time.Now()
		if done, err := turns.take(t.Context(), "b.example"); err != nil || time.Since(start) != 0 {
			t.Errorf("another host waited: %v", err)
		} else {
			done()
		}
		if len(turns.hosts) != 2 {
			t.Errorf("%d hosts are known, want those 2 that have not rested", len(turns.hosts))
		}
		time.Sleep(time.Minute) // of the test's own clock
		turns.sweep()
		if len(turns.hosts) != 0 {
			t.Errorf("%d hosts are known after a rest", len(turns.hosts))
		}
	})
}

func TestLarge(t *testing.T) {
	t.Parallel()
	var file bytes.Buffer
	z := gzip.NewWriter(&file)
	if _, err := z.Write(bytes.Repeat([]byte("CVE-2024-0001,0.5\n"), 100_000)); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	c := newClient(t, Options{MaxBytes: 20_000})
	u := serve(t, func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(file.Bytes()) }).URL
	if resp, err := c.Get(t.Context(), Request{URL: u, Large: true}); err != nil || !bytes.Equal(resp.Body, file.Bytes()) {
		t.Errorf("a catalogue: %d bytes, want the %d of the file as it is: %v", len(resp.Body), file.Len(), err)
	}
	if _, err := c.Get(t.Context(), Request{URL: u}); err == nil || !strings.Contains(err.Text, "larger than") {
		t.Errorf("a feed of the same size: %v", err)
	}
}

func TestALargeBodyNeedsAPlace(t *testing.T) {
	t.Parallel()
	refused := errors.New("no place")
	for _, test := range []struct {
		name string
		size int
		err  error
		want bool // that it is asked for
	}{
		{"a small body", 1 << 20, refused, false},
		{"a large one", 1<<20 + 1, nil, true},
		{"a larger one", 3 << 20, nil, true},
		{"no place", 3 << 20, refused, true},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			body := bytes.Repeat([]byte("0123456789abcdef"), test.size/16+1)[:test.size]
			for _, known := range []bool{true, false} {
				u := serve(t, func(w http.ResponseWriter, _ *http.Request) {
					if !known {
						_ = http.NewResponseController(w).Flush() // and so without a length
					}
					_, _ = w.Write(body)
				}).URL
				asked := 0
				resp, err := newClient(t, Options{}).Get(t.Context(), Request{URL: u, Place: func(context.Context) error {
					asked++
					return test.err
				}})
				if (asked == 1) != test.want || asked > 1 {
					t.Errorf("asked %d times", asked)
				}
				if test.want && test.err != nil {
					if err == nil {
						t.Error("no error")
					}
				} else if err != nil || !bytes.Equal(resp.Body, body) {
					t.Errorf("%d bytes, want %d: %v", len(resp.Body), len(body), err)
				}
			}
		})
	}
}
