package discord

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/bwmarrin/discordgo"

	"tipoff/bot/deliver"
)

const (
	defaultAPIURL  = "https://discord.com/api/v10"
	requestTimeout = 20 * time.Second
)

// api sends requests through discordgo, one attempt each.
//
// discordgo's typed methods are not used, for four reasons: they sleep while a
// bucket of the rate limit is empty, whatever the context says; they know no
// nonce; for each interaction they keep a bucket for ever; and an answer 429
// that is not JSON loses its status. All of them go through
// RequestWithLockedBucket, which has none of these faults when the caller locks
// the bucket.
type api struct {
	s      *discordgo.Session
	client *http.Client
	err    error // why no request can be made, or nil
}

func newAPI(o Options) *api {
	client := &http.Client{Timeout: requestTimeout}
	if o.HTTP != nil {
		client.Transport, client.Timeout = o.HTTP.Transport, o.HTTP.Timeout
	}
	// The token goes to one address only.
	client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	a := &api{client: client}

	base := strings.TrimRight(o.APIURL, "/")
	if base == "" {
		base = defaultAPIURL
	}
	if u, err := url.Parse(base); err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		a.err = &deliver.Error{
			Code:      "api_url",
			Text:      fmt.Sprintf("discord.api_url %q is not an address such as %s", o.APIURL, defaultAPIURL),
			Permanent: true,
		}
	}
	if o.Token == "" {
		a.err = &deliver.Error{
			Code:      "no_token",
			Text:      "no Discord token is set; copy the bot's token from the Developer Portal (Bot, Reset Token) to discord.token",
			Permanent: true,
		}
	}
	client.Transport = &rebase{to: base + "/", next: client.Transport}
	a.s = newSession(o.Token, client)
	return a
}

// newSession returns a session that logs nothing by itself (discordgo logs
// through a variable of its package, and tokens too) and retries nothing.
func newSession(token string, client *http.Client) *discordgo.Session {
	s, _ := discordgo.New("Bot " + token) // never fails in this version
	s.LogLevel = -1
	s.Client = client
	s.ShouldRetryOnRateLimit = false
	s.MaxRestRetries = 0
	s.StateEnabled = false
	s.ShouldReconnectOnError = false
	s.ShouldReconnectVoiceOnSessionError = false
	return s
}

// rebase sends what discordgo addresses to its built-in API to another base
// address.
type rebase struct {
	to   string // ends in a slash
	next http.RoundTripper
}

func (t *rebase) RoundTrip(r *http.Request) (*http.Response, error) {
	next := t.next
	if next == nil {
		next = http.DefaultTransport
	}
	rest, ok := strings.CutPrefix(r.URL.String(), discordgo.EndpointAPI)
	if !ok {
		return next.RoundTrip(r)
	}
	u, err := url.Parse(t.to + rest)
	if err != nil {
		if r.Body != nil {
			_ = r.Body.Close()
		}
		return nil, err
	}
	r = r.Clone(r.Context())
	r.URL, r.Host = u, u.Host
	return next.RoundTrip(r)
}

// request is one call of the API. URLs are discordgo's endpoints.
type request struct {
	method, url string
	// bucket names what shares a rate limit; an empty one is never shared, as
	// for the answers to interactions.
	bucket string
	// about is what an error speaks of: "channel 2002".
	about string
	in    any // sent as JSON, or nil
	out   any // read from JSON, or nil
}

// call makes one request. Its errors are *deliver.Error and hold neither the
// token nor the request's URL, which for interactions is a secret too.
func (a *api) call(ctx context.Context, q request) error {
	if a.err != nil {
		return a.err
	}
	var body []byte
	if q.in != nil {
		var err error
		if body, err = json.Marshal(q.in); err != nil {
			return &deliver.Error{Code: "encode", Text: "the message to Discord could not be written as JSON", Permanent: true, Err: err}
		}
	}
	limits := a.s.Ratelimiter
	bucket := limits.GetBucket(q.bucket)
	if q.bucket == "" {
		// A bucket of discordgo's must come from a limiter; this one is
		// forgotten with it.
		bucket = discordgo.NewRatelimiter().GetBucket(q.url)
	}
	bucket.Lock()
	if wait := limits.GetWaitTime(bucket, 1); wait > 0 {
		bucket.Unlock()
		return rateLimited(wait)
	}
	bucket.Remaining--

	w := &witness{next: a.client.Transport}
	attempt := func(c *discordgo.RequestConfig) {
		c.Client = &http.Client{Transport: w, Timeout: a.client.Timeout, CheckRedirect: a.client.CheckRedirect}
	}
	// This call releases the bucket.
	answer, err := a.s.RequestWithLockedBucket(q.method, q.url, "application/json", body, bucket, 0,
		discordgo.WithContext(ctx), attempt)
	if err != nil {
		return explain(ctx, w, q.about, answer, err)
	}
	if q.out == nil {
		return nil
	}
	if err := json.Unmarshal(answer, q.out); err != nil {
		return &deliver.Error{Code: "bad_answer", Outage: true, Unknown: true, Text: "Discord's answer could not be read", Err: err}
	}
	return nil
}

// rest is for how long a bucket's limit has no room.
func (a *api) rest(bucket string) time.Duration {
	b := a.s.Ratelimiter.GetBucket(bucket)
	b.Lock()
	defer b.Unlock()
	return a.s.Ratelimiter.GetWaitTime(b, 1)
}

// witness remembers of one request what discordgo's errors do not tell.
type witness struct {
	next       http.RoundTripper
	status     int // 0 when no answer came
	retryAfter string
}

func (w *witness) RoundTrip(r *http.Request) (*http.Response, error) {
	resp, err := w.next.RoundTrip(r)
	if err == nil {
		w.status, w.retryAfter = resp.StatusCode, resp.Header.Get("Retry-After")
	}
	return resp, err
}
