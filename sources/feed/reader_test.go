package feed

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"tipoff/sources"
	"tipoff/sources/fetch"
)

// server answers with what the test puts into it.
type server struct {
	*httptest.Server
	body, etag, contentType string
	status                  int
	header                  http.Header // of the last request
}

func newServer(t *testing.T) *server {
	t.Helper()
	s := &server{status: http.StatusOK}
	s.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.header = r.Header
		if s.etag != "" {
			w.Header().Set("ETag", s.etag)
			if r.Header.Get("If-None-Match") == s.etag {
				w.WriteHeader(http.StatusNotModified)
				return
			}
		}
		if s.contentType != "" {
			w.Header().Set("Content-Type", s.contentType)
		}
		w.WriteHeader(s.status)
		fmt.Fprint(w, s.body)
	}))
	t.Cleanup(s.Close)
	return s
}

func newReader(t *testing.T) *Reader {
	t.Helper()
	c := fetch.New(fetch.Options{AllowPrivate: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}})
	t.Cleanup(c.Close)
	return NewReader(c, func() time.Time { return now }, nil)
}

func rssOf(items ...string) string {
	return "<rss><channel><title>T</title>" + strings.Join(items, "") + "</channel></rss>"
}

func TestVisit(t *testing.T) {
	s := newServer(t)
	s.body = rssOf(`<item><title>One</title><link>/1</link><category>News</category><category>gov</category></item>`, `<item/>`)
	s.etag = `"1"`
	r := newReader(t)
	src := sources.Source{Name: "cisa", URL: s.URL + "/feed", Tags: []string{"gov", "us"}, BasicAuth: "u:p", Headers: map[string]string{"X-Key": "k"}}

	first := r.Visit(t.Context(), src, sources.Validators{})
	if first.Err != nil || first.Status != 200 || first.Unchanged || first.Title != "T" || first.Skipped != 1 || len(first.Items) != 1 {
		t.Fatalf("first visit: %+v", first)
	}
	story := first.Items[0].Story
	if story.Source != "cisa" || story.URL != s.URL+"/1" {
		t.Errorf("got %+v", story)
	}
	if d := cmp.Diff([]string{"gov", "us", "news"}, story.Tags); d != "" {
		t.Error(d)
	}
	if first.Validators.ETag != `"1"` || first.Validators.BodyHash == "" {
		t.Errorf("validators %+v", first.Validators)
	}
	if s.header.Get("Authorization") == "" || s.header.Get("X-Key") != "k" {
		t.Errorf("the source's headers are not sent: %v", s.header)
	}

	second := r.Visit(t.Context(), src, first.Validators)
	if second.Err != nil || !second.Unchanged || second.Status != 304 || second.Validators != first.Validators {
		t.Errorf("304: %+v", second)
	}

	s.etag = `"2"`
	third := r.Visit(t.Context(), src, first.Validators)
	if third.Err != nil || !third.Unchanged || third.Status != 200 || third.Validators.ETag != `"2"` || third.Validators.BodyHash != first.Validators.BodyHash {
		t.Errorf("the same bytes: %+v", third)
	}

	s.etag, s.body = `"3"`, rssOf(`<item><title>Two</title><link>/2</link></item>`)
	fourth := r.Visit(t.Context(), src, third.Validators)
	if fourth.Err != nil || fourth.Unchanged || len(fourth.Items) != 1 || fourth.Validators.BodyHash == first.Validators.BodyHash {
		t.Errorf("another body: %+v", fourth)
	}
	if d := cmp.Diff([]string{"gov", "us"}, src.Tags); d != "" {
		t.Errorf("the source itself is changed: %s", d)
	}
}

// With the validators of an answer that nobody could read, the next visit
// would be told that all is well.
func TestVisitKeepsItsValidatorsAfterAnError(t *testing.T) {
	old := sources.Validators{ETag: `"old"`, LastModified: "Sun, 18 Feb 2024 09:00:00 GMT", BodyHash: "00"}
	for _, c := range []struct {
		name   string
		status int
		body   string
		state  sources.State
		text   string
	}{
		{"broken", 200, "<rss><channel>", sources.Failing, "ends in the middle"},
		{"web page", 200, "<html></html>", sources.Failing, "web page"},
		{"nothing", 204, "", sources.Failing, "empty"},
		{"gone", 410, "", sources.Gone, "remove the source"},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := newServer(t)
			s.status, s.body, s.etag = c.status, c.body, `"new"`
			v := newReader(t).Visit(t.Context(), sources.Source{Name: "x", URL: s.URL}, old)
			if v.Err == nil || v.Err.State != c.state || v.Err.Status != c.status || v.Status != c.status || !strings.Contains(v.Err.Text, c.text) {
				t.Errorf("got %+v, %+v", v, v.Err)
			}
			if v.Validators != old || v.Unchanged || v.Items != nil {
				t.Errorf("got %+v", v)
			}
		})
	}
}

func TestVisitReadsTheServersCharset(t *testing.T) {
	s := newServer(t)
	s.contentType, s.body = "text/xml; charset=koi8-r", rssOf("<item><title>\xc1\xc2</title></item>")
	v := newReader(t).Visit(t.Context(), sources.Source{Name: "x", URL: s.URL}, sources.Validators{})
	if v.Err != nil || v.Items[0].Story.Title != "аб" {
		t.Errorf("got %+v", v)
	}
}

func TestVisitEndsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	v := newReader(t).Visit(ctx, sources.Source{Name: "x", URL: newServer(t).URL}, sources.Validators{})
	if v.Err == nil || v.Unchanged {
		t.Errorf("got %+v", v)
	}
}

func TestLargeFeedsAreParsedInTurn(t *testing.T) {
	small := Document{Body: []byte(rssOf("<item><title>One</title></item>"))}
	large := Document{Body: []byte(rssOf("<item><title>One</title><description>" + strings.Repeat("word ", largeBody/5) + "</description></item>"))}
	synctest.Test(t, func(t *testing.T) {
		r := NewReader(nil, nil, nil)
		r.parser <- struct{}{} // another one is being parsed
		var done atomic.Int32
		for range 2 {
			go func() {
				if f, err := r.parse(sources.Source{}, large); err != nil || len(f.Items) != 1 {
					t.Errorf("got %d items, %v", len(f.Items), err)
				}
				done.Add(1)
			}()
		}
		if f, err := r.parse(sources.Source{}, small); err != nil || len(f.Items) != 1 {
			t.Errorf("got %d items, %v", len(f.Items), err)
		}
		synctest.Wait()
		if n := done.Load(); n != 0 {
			t.Errorf("%d large feeds did not wait", n)
		}
		<-r.parser
		synctest.Wait()
		if n := done.Load(); n != 2 {
			t.Errorf("%d large feeds were parsed, want 2", n)
		}
	})
}

// TestLargeVisitsAreFew: whoever does not release what it got keeps the others
// waiting, but not those of small feeds.
func TestLargeVisitsAreFew(t *testing.T) {
	var body atomic.Pointer[string]
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte(*body.Load())) }))
	defer server.Close()
	serve := func(s string) { body.Store(&s) }
	large := rssOf("<item><title>One</title><description>" + strings.Repeat("word ", largeBody/5) + "</description></item>")
	serve(large)
	r := newReader(t)
	src := sources.Source{Name: "x", URL: server.URL}
	var held []func()
	for range largeVisits {
		v := r.Visit(t.Context(), src, sources.Validators{})
		if v.Err != nil || v.Release == nil {
			t.Fatalf("%+v", v)
		}
		held = append(held, v.Release)
	}
	if r.large.TryAcquire(1) {
		t.Error("there is a place for one more")
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	done := make(chan sources.Visit)
	go func() { done <- r.Visit(ctx, src, sources.Validators{}) }()
	cancel()
	if v := <-done; v.Err == nil {
		t.Error("a visit whose time is over went on, without a place")
	}
	serve(rssOf("<item><title>One</title></item>"))
	if v := r.Visit(t.Context(), src, sources.Validators{}); v.Err != nil {
		t.Errorf("a small feed: %v", v.Err)
	}
	for _, release := range held {
		release()
		release() // twice is once
	}
	serve(large)
	for range largeVisits + 1 {
		v := r.Visit(t.Context(), src, sources.Validators{})
		if v.Err != nil {
			t.Fatal(v.Err)
		}
		v.Release()
		serve("<rss") // an answer that cannot be read holds nothing
		if v := r.Visit(t.Context(), src, sources.Validators{}); v.Err == nil || v.Release != nil {
			t.Errorf("%+v", v)
		}
		serve(large)
	}
}
