package article

import (
	"context"
	"net/http"
	"net/url"
	"time"

	"github.com/temoto/robotstxt"

	"tipoff/sources"
	"tipoff/sources/fetch"
)

const (
	// maxSites is how many sites' rules are remembered.
	maxSites = 2000
	// maxRobots is how much of a robots.txt counts, by RFC 9309, section 2.5.
	maxRobots = 500 << 10
	// A robots.txt is asked for again after a day at the latest, by section 2.4
	// there, and not before an hour; so is one that could not be fetched.
	minFresh, maxFresh = time.Hour, 24 * time.Hour
)

// verdict is what a site's robots.txt says to us.
type verdict struct {
	// rules are nil where all is allowed, or nothing.
	rules *robotstxt.Group
	// why is the reason where nothing is allowed.
	why   string
	until time.Time
}

// allowed says by RFC 9309 whether a page may be asked for; nil is a yes. The
// robots.txt itself may.
func (r *Reader) allowed(ctx context.Context, proxy string, u *url.URL) *sources.Error {
	site := u.Scheme + "://" + u.Host
	v, ok := r.robots.Get(site)
	if !ok || !r.opt.Now().Before(v.until) {
		// Who asks second waits for the first. The key has the proxy, as its
		// answer may be another one.
		got, _, _ := r.asking.Do(proxy+" "+site, func() (any, error) {
			v := r.ask(ctx, proxy, site)
			if ctx.Err() == nil {
				r.robots.Add(site, v)
			}
			return v, nil
		})
		v, _ = got.(verdict)
	}
	switch {
	case v.why != "":
		return &sources.Error{State: sources.Blocked, Text: v.why}
	case v.rules != nil && !v.rules.Test(u.RequestURI()):
		return &sources.Error{State: sources.Blocked, Text: "the robots.txt of " + u.Hostname() + " does not allow its pages to be read"}
	}
	return nil
}

// ask fetches a robots.txt. Where there is none, all is allowed; where the
// server cannot say, nothing is for now.
func (r *Reader) ask(ctx context.Context, proxy, site string) verdict {
	now := r.opt.Now()
	resp, err := r.client.Get(ctx, fetch.Request{URL: site + "/robots.txt", Proxy: proxy})
	v := verdict{until: now.Add(maxFresh)}
	switch {
	case err == nil:
	case resp.Status >= 400 && resp.Status < 500 && resp.Status != http.StatusTooManyRequests:
		return v
	default:
		return verdict{until: now.Add(minFresh), why: "the robots.txt cannot be read, which is a no for now: " + err.Text}
	}
	if until := resp.Fresh; !until.IsZero() && until.Before(v.until) {
		v.until = until
	}
	if least := now.Add(minFresh); v.until.Before(least) {
		v.until = least
	}
	rules, perr := robotstxt.FromBytes(resp.Body[:min(len(resp.Body), maxRobots)])
	if perr != nil {
		return v // lines that cannot be read are passed over; nothing could
	}
	v.rules = rules.FindGroup(r.opt.Agent)
	return v
}
