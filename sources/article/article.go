// Package article reads the text of a story from its web page, for feeds that
// give no more than its first sentence. It asks as politely as package fetch
// does, and not at all where the site's robots.txt says so; what of a page is
// the article is the work of a readability library.
//
// It knows no store, and does not decide which stories are worth a request.
package article

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"
	"unicode/utf8"

	readability "codeberg.org/readeck/go-readability/v2"
	lru "github.com/hashicorp/golang-lru/v2"
	"golang.org/x/net/html"
	"golang.org/x/net/html/charset"
	"golang.org/x/sync/semaphore"
	"golang.org/x/sync/singleflight"

	"tipoff/sources"
	"tipoff/sources/feed"
	"tipoff/sources/fetch"
)

const (
	// maxPage is the longest page that is read; articles have some 100 KiB.
	maxPage = 2 << 20
	// maxElements and maxDepth bound what the library is given: it walks the
	// whole tree many times.
	maxElements = 30_000
	maxDepth    = 256
	// minText is what a text needs to be an article, in characters. What is
	// shorter is a notice about cookies, or that the page needs JavaScript.
	minText = 200
	// atOnce is how many pages are taken apart at the same time: a tree has
	// some twenty times the bytes of its page.
	atOnce = 2
)

// Options are for [New].
type Options struct {
	// Agent is the program's name, as robots.txt files call it: "Tipoff" if
	// empty.
	Agent string
	// Now is the clock: time.Now if nil.
	Now func() time.Time
}

// Reader reads articles. It is safe for many goroutines.
type Reader struct {
	client *fetch.Client
	opt    Options

	robots  *lru.Cache[string, verdict]
	asking  singleflight.Group
	parsing *semaphore.Weighted
}

// New makes a reader that fetches with c.
func New(c *fetch.Client, o Options) *Reader {
	if o.Agent == "" {
		o.Agent = "Tipoff"
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	cache, err := lru.New[string, verdict](maxSites)
	if err != nil {
		panic(err) // only for a size below one
	}
	return &Reader{client: c, opt: o, robots: cache, parsing: semaphore.NewWeighted(atOnce)}
}

// Read fetches the page of a story of src and returns its text: plain, a line
// for each paragraph, at most 64 KiB. The credentials of src go to its own
// server alone. The error is a *[sources.Error]: Blocked where robots.txt
// refuses, else what package fetch says, or Failing where no article can be
// found.
func (r *Reader) Read(ctx context.Context, src sources.Source, address string) (string, error) {
	req := fetch.Request{URL: address, Proxy: src.Proxy, Allow: func(ctx context.Context, u *url.URL) *sources.Error {
		return r.allowed(ctx, src.Proxy, u)
	}}
	if sameServer(src.URL, address) {
		req.Headers, req.BasicAuth = src.Headers, src.BasicAuth
	}
	resp, ferr := r.client.Get(ctx, req)
	if ferr != nil {
		return "", ferr
	}
	if err := r.parsing.Acquire(ctx, 1); err != nil {
		return "", failing("the visit was stopped before it was done")
	}
	defer r.parsing.Release(1)
	text, err := extract(resp.Body, resp.ContentType, resp.URL)
	if err != nil {
		return "", err
	}
	return text, nil
}

// sameServer reports whether two addresses are of one server.
func sameServer(a, b string) bool {
	u, err := url.Parse(a)
	v, err2 := url.Parse(b)
	return err == nil && err2 == nil && u.Scheme == v.Scheme && u.Host == v.Host
}

// extract finds the article in a page. What makes the library panic is the
// page's content, and costs no more than its text.
func extract(body []byte, contentType, address string) (text string, err error) {
	defer func() {
		if recover() != nil {
			text, err = "", failing("the page cannot be read: its markup is too odd")
		}
	}()
	switch {
	case len(body) > maxPage:
		return "", failing("the page is longer than %d MiB", maxPage>>20)
	case len(bytes.TrimSpace(body)) == 0:
		return "", failing("there is no article on the page: it is empty")
	case !isHTML(body, contentType):
		return "", failing("this is no web page, but %s", kindOf(contentType))
	}
	in, err := charset.NewReader(bytes.NewReader(body), contentType)
	if err != nil {
		return "", failing("the page's charset is not known")
	}
	var page bytes.Buffer
	if _, err := page.ReadFrom(in); err != nil {
		return "", failing("the page's charset is not what it says")
	}
	if err := feed.CheckHTML(page.Bytes(), maxElements, maxDepth); err != nil {
		return "", failing("the page cannot be read: %v", err)
	}
	base, err := url.Parse(address)
	if err != nil {
		return "", failing("the page's address cannot be read")
	}
	doc, err := html.Parse(&page)
	if err != nil {
		return "", failing("the page cannot be read: %v", err)
	}
	parser := readability.NewParser()
	parser.MaxElemsToParse = maxElements
	parser.DisableJSONLD = true // it is for titles and names, which the feed has
	found, err := parser.ParseAndMutate(doc, base)
	if err != nil || found.Node == nil {
		return "", failing("there is no article on the page")
	}
	var content strings.Builder
	if err := found.RenderHTML(&content); err != nil {
		return "", failing("there is no article on the page")
	}
	text = feed.Text(content.String())
	if utf8.RuneCountInString(text) < minText {
		return "", failing("there is no article on the page: it may need JavaScript, or ask about cookies")
	}
	return text, nil
}

func isHTML(body []byte, contentType string) bool {
	kind, _, _ := strings.Cut(strings.ToLower(contentType), ";")
	switch strings.TrimSpace(kind) {
	case "text/html", "application/xhtml+xml":
		return true
	case "", "text/plain", "application/octet-stream":
		head := bytes.ToLower(body[:min(len(body), 1024)])
		return bytes.Contains(head, []byte("<html")) || bytes.Contains(head, []byte("<!doctype html"))
	}
	return false
}

// kindOf is a content type in words.
func kindOf(contentType string) string {
	kind, _, _ := strings.Cut(contentType, ";")
	if kind = strings.TrimSpace(kind); kind == "" || len(kind) > 60 || strings.ContainsFunc(kind, func(r rune) bool { return r <= ' ' || r >= 0x7f }) {
		return "something else"
	}
	return kind
}

func failing(format string, args ...any) *sources.Error {
	return &sources.Error{State: sources.Failing, Text: fmt.Sprintf(format, args...)}
}

// Refused reports whether an error is that robots.txt refuses.
func Refused(err error) bool {
	e, ok := errors.AsType[*sources.Error](err)
	return ok && e.State == sources.Blocked
}
