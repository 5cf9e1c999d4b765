// Package fetch asks web servers for documents that they do not want to be
// asked for too often, and that nobody has vouched for: it sends validators
// back, waits its turn at each host, bounds time, size and redirects, and does
// not connect to private addresses. It serves everything that polls (package
// feed first of all); what a document means is not its business.
package fetch

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"sync"
	"time"

	"tipoff/sources"
)

const (
	defaultTimeout   = 20 * time.Second
	defaultMaxBytes  = 8 << 20
	defaultPerHost   = 2
	defaultStall     = 10 * time.Second
	defaultUserAgent = "Tipoff (feed reader)"

	maxRedirects = 10
	// maxHeader bounds an answer's headers, which no reader of ours limits.
	maxHeader = 64 << 10
	// maxDrain is how much of an unwanted body is read so that its connection
	// can be used again; for a longer one a new connection is cheaper.
	maxDrain = 16 << 10
	// maxPooled is the largest buffer that is kept for the next answer.
	maxPooled = 1 << 20

	accept = "application/atom+xml, application/rss+xml, application/feed+json, " +
		"application/xml;q=0.9, text/xml;q=0.9, application/json;q=0.8, */*;q=0.5"
)

// Options change how a Client fetches; the zero value is good.
type Options struct {
	// Timeout bounds one Get from its first byte sent to its last byte read,
	// all redirects included, but not the wait for a turn: 20 s if 0.
	Timeout time.Duration
	// Stall bounds the wait for the next bytes of a body: 10 s if 0.
	Stall time.Duration
	// MaxBytes is the longest body that is taken, after decompression: 8 MiB if 0.
	MaxBytes int64
	// PerHost is how many requests may be under way at one host: 2 if 0.
	PerHost int
	// Pace is the least time between the beginnings of two requests to one host
	// in the long run; a few may begin at once. None if 0.
	Pace time.Duration
	// UserAgent names the program and whom to write to.
	UserAgent string
	// AllowPrivate lists the prefixes of private and other special addresses
	// that may be connected to all the same.
	AllowPrivate []netip.Prefix
	// Now is the clock that Retry-After is counted from: time.Now if nil.
	Now func() time.Time
}

// Client fetches documents. It is safe for many goroutines.
type Client struct {
	opt    Options
	direct *http.Transport
	turns  *turns

	mu      sync.Mutex
	proxied map[string]*http.Transport // by proxy URL; guarded by mu
}

// Request says what to get. URL may hold a user and password, which are then
// used like BasicAuth.
type Request struct {
	URL        string
	Validators sources.Validators
	// Headers and BasicAuth ("user:password") go to the host of URL and to no
	// other that it redirects to.
	Headers   map[string]string
	BasicAuth string
	// Proxy is the URL of an HTTP or SOCKS5 proxy. It is trusted: it may have
	// a private address. It looks up names itself, so that the address guard
	// then sees only addresses written as numbers: a proxy has to have a guard
	// of its own.
	Proxy string
	// Large is for catalogues: the body may have 64 MiB and take ten times as
	// long, and a file that is kept compressed with gzip comes as it is.
	Large bool
	// Place is called once the body turns out to be longer than 1 MiB, before
	// more of it is read. It may wait, so that few large bodies are in memory at
	// a time; its error ends the Get. May be nil.
	Place func(ctx context.Context) error
	// Allow is asked before each request to an address, redirects included; its
	// error ends the Get and is the Get's. May be nil.
	Allow func(ctx context.Context, u *url.URL) *sources.Error
}

// Response is what came. After an error it holds what is known all the same:
// Status, NotBefore and the Validators of the request.
type Response struct {
	// Status is the last answer's HTTP status, 0 if no answer came.
	Status int
	// NotModified is true for a 304.
	NotModified bool
	// URL is where the body came from, after redirects, without user and password.
	URL string
	// Moved is where the document is for good: where the permanent redirects
	// (301, 308) at the beginning of the way lead. It is empty without any, and
	// where they leave TLS.
	Moved       string
	ContentType string
	Body        []byte
	// Validators are for the next Get. BodyHash is as in the request.
	Validators sources.Validators
	// NotBefore is when the server wants to be asked again, or zero.
	NotBefore time.Time
	// Fresh is until when the server says that its answer stays as it is
	// (Cache-Control, Expires), or zero.
	Fresh time.Time
}

// New makes a client.
func New(o Options) *Client {
	if o.Timeout <= 0 {
		o.Timeout = defaultTimeout
	}
	if o.MaxBytes <= 0 {
		o.MaxBytes = defaultMaxBytes
	}
	if o.Stall <= 0 {
		o.Stall = defaultStall
	}
	if o.PerHost <= 0 {
		o.PerHost = defaultPerHost
	}
	if o.UserAgent == "" {
		o.UserAgent = defaultUserAgent
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	c := &Client{opt: o, turns: newTurns(o.PerHost, o.Pace), proxied: map[string]*http.Transport{}}
	c.direct = c.transport(&net.Dialer{Control: guard(o.AllowPrivate).control})
	return c
}

// Close ends idle connections. Requests that are under way go on.
func (c *Client) Close() {
	c.direct.CloseIdleConnections()
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, t := range c.proxied {
		t.CloseIdleConnections()
	}
}

func (c *Client) transport(d *net.Dialer) *http.Transport {
	return &http.Transport{
		DialContext:            d.DialContext,
		ForceAttemptHTTP2:      true,
		MaxIdleConns:           256,
		MaxIdleConnsPerHost:    c.opt.PerHost,
		IdleConnTimeout:        30 * time.Second,
		MaxResponseHeaderBytes: maxHeader,
		// What comes is decompressed here, within limits, in more ways.
		DisableCompression: true,
		// Proxy stays nil: what the environment names would undo the guard.
	}
}

// via gives the transport for a proxy, or the direct one for "".
func (c *Client) via(proxy string) (*http.Transport, error) {
	if proxy == "" {
		return c.direct, nil
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if t := c.proxied[proxy]; t != nil {
		return t, nil
	}
	u, err := url.Parse(proxy)
	if err != nil || u.Host == "" {
		return nil, errBadProxy
	}
	switch u.Scheme {
	case "http", "https", "socks5", "socks5h":
	default:
		return nil, errBadProxy
	}
	t := c.transport(&net.Dialer{})
	t.Proxy = http.ProxyURL(u)
	c.proxied[proxy] = t
	return t, nil
}

// largeBytes and largeTimes are what a large document may have.
const (
	largeBytes = 64 << 20
	largeTimes = 10
)

// limits are the size and the time that a request may have.
func (c *Client) limits(req Request) (most int64, long time.Duration) {
	if req.Large {
		return max(c.opt.MaxBytes, largeBytes), largeTimes * c.opt.Timeout
	}
	return c.opt.MaxBytes, c.opt.Timeout
}

// Get fetches one document, following redirects. The Response is never nil;
// the error is nil for a 2xx and for a 304.
func (c *Client) Get(ctx context.Context, req Request) (*Response, *sources.Error) {
	resp := &Response{Validators: req.Validators}
	if err := c.get(ctx, req, resp); err != nil {
		return resp, c.explain(ctx, req, resp, err)
	}
	return resp, nil
}

func (c *Client) get(ctx context.Context, req Request, resp *Response) error {
	u, err := url.Parse(strings.TrimSpace(req.URL))
	if err != nil {
		return errBadURL
	}
	transport, err := c.via(req.Proxy)
	if err != nil {
		return err
	}
	auth := req.BasicAuth
	if u.User != nil && auth == "" {
		password, _ := u.User.Password()
		auth = u.User.Username() + ":" + password
	}
	origin, own := u, true
	_, left := c.limits(req)
	forGood := true
	for hop := 0; ; hop++ {
		if hop > maxRedirects {
			return errTooManyRedirects
		}
		u.User, u.Fragment, u.RawFragment = nil, "", ""
		if err := c.checkURL(u, req.Proxy != ""); err != nil {
			return err
		}
		if req.Allow != nil {
			if err := req.Allow(ctx, u); err != nil {
				return err
			}
		}
		// What belongs to the first host goes to no other, and not in clear
		// text where it was asked for under TLS. A chain that once left the
		// host does not get it back.
		own = own && u.Host == origin.Host && u.Scheme == origin.Scheme
		next, spent, err := c.hop(ctx, transport, u, req, auth, own, left, resp)
		if err != nil {
			return err
		}
		if next == nil {
			return nil
		}
		forGood = forGood && isPermanent(resp.Status)
		if forGood && (u.Scheme == "http" || next.Scheme == "https") {
			resp.Moved = next.Redacted()
		}
		u = next
		left -= spent
	}
}

// hop waits for its turn and makes one request. It gives the address to go to
// next, or none when resp is complete.
func (c *Client) hop(ctx context.Context, transport *http.Transport, u *url.URL, req Request, auth string, own bool, left time.Duration, resp *Response) (next *url.URL, spent time.Duration, err error) {
	done, err := c.turns.take(ctx, u.Hostname())
	if err != nil {
		return nil, 0, err
	}
	defer done()
	start := time.Now()
	ctx, cancel := context.WithTimeoutCause(ctx, left, errTimeout)
	defer cancel()
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)

	// A Client of net/http would follow redirects itself, but forwards the
	// caller's headers to other hosts, and one turn would have to last for
	// all hosts on the way.
	hr, err := transport.RoundTrip(c.newRequest(ctx, u, req, auth, own))
	if err != nil {
		return nil, 0, cause(ctx, err)
	}
	defer hr.Body.Close()
	resp.Status = hr.StatusCode
	resp.URL = u.String()

	switch {
	case hr.StatusCode == http.StatusNotModified && hasValidators(req.Validators):
		resp.NotModified = true
		resp.Fresh = fresh(hr.Header, c.opt.Now())
		resp.Validators = validators(hr.Header, req.Validators)
		return nil, 0, nil
	case isRedirect(hr.StatusCode) && hr.Header.Get("Location") != "":
		drain(hr.Body)
		next, err := u.Parse(hr.Header.Get("Location"))
		if err != nil {
			return nil, 0, errBadRedirect
		}
		return next, time.Since(start), nil
	case hr.StatusCode < 200 || hr.StatusCode > 299:
		drain(hr.Body)
		resp.NotBefore = retryAfter(hr.Header.Get("Retry-After"), c.opt.Now())
		return nil, 0, errStatus
	}
	if resp.Body, err = c.read(ctx, hr, req, stop); err != nil {
		return nil, 0, cause(ctx, err)
	}
	resp.Fresh = fresh(hr.Header, c.opt.Now())
	resp.ContentType = hr.Header.Get("Content-Type")
	resp.Validators = validators(hr.Header, withoutOwn(req.Validators))
	return nil, 0, nil
}

func (c *Client) newRequest(ctx context.Context, u *url.URL, req Request, auth string, own bool) *http.Request {
	hr := (&http.Request{
		Method: http.MethodGet, URL: u, Host: u.Host, Header: make(http.Header, 6),
		Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
	}).WithContext(ctx)
	hr.Header["User-Agent"] = []string{c.opt.UserAgent}
	hr.Header["Accept"] = []string{accept}
	hr.Header["Accept-Encoding"] = []string{acceptEncoding}
	if own {
		for k, v := range req.Headers {
			switch k = http.CanonicalHeaderKey(k); k {
			case "Host":
				hr.Host = v
			case "Accept-Encoding", "Content-Length", "Transfer-Encoding", "Connection":
				// These are ours, or the transport's.
			default:
				hr.Header[k] = []string{v}
			}
		}
		if auth != "" {
			user, password, _ := strings.Cut(auth, ":")
			hr.SetBasicAuth(user, password)
		}
	}
	if v := req.Validators.ETag; v != "" {
		hr.Header["If-None-Match"] = []string{v}
	}
	if v := req.Validators.LastModified; v != "" {
		hr.Header["If-Modified-Since"] = []string{v}
	}
	return hr
}

func drain(r io.Reader) {
	// An error only means that the connection is not used again.
	_, _ = io.CopyN(io.Discard, r, maxDrain)
}

func isRedirect(status int) bool {
	switch status {
	case 301, 302, 303, 307, 308:
		return true
	}
	return false
}

// isPermanent says whether a redirect is meant for all requests to come.
func isPermanent(status int) bool {
	return status == http.StatusMovedPermanently || status == http.StatusPermanentRedirect
}

func hasValidators(v sources.Validators) bool { return v.ETag != "" || v.LastModified != "" }

// validators are those of an answer; a 304 need not repeat them, so what it
// leaves out stays as it was.
func validators(h http.Header, old sources.Validators) sources.Validators {
	v := old
	if s := h.Get("Etag"); sendable(s) {
		v.ETag = s
	}
	if s := h.Get("Last-Modified"); sendable(s) {
		v.LastModified = s
	}
	return v
}

// withoutOwn leaves out what the server of the last answer said.
func withoutOwn(v sources.Validators) sources.Validators {
	v.ETag, v.LastModified = "", ""
	return v
}

// sendable says whether a header's value can be kept and sent back.
func sendable(s string) bool {
	if s == "" || len(s) > 1024 {
		return false
	}
	for i := range len(s) {
		if s[i] < ' ' || s[i] >= 0x7f {
			return false
		}
	}
	return true
}

// cause puts the reason why a context ended in the place of the bare
// "context deadline exceeded".
func cause(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		if c := context.Cause(ctx); errors.Is(c, errTimeout) || errors.Is(c, errStalled) {
			return c
		}
	}
	return err
}
