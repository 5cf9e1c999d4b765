package fetch

import (
	"context"
	"crypto/tls"
	"encoding/base64"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strings"
	"syscall"
	"time"

	"tipoff/sources"
)

var (
	errBadURL           = errors.New("bad address")
	errBadProxy         = errors.New("bad proxy")
	errBadRedirect      = errors.New("bad redirect")
	errScheme           = errors.New("scheme is not http or https")
	errTooManyRedirects = errors.New("too many redirects")
	errTooLarge         = errors.New("body too large")
	errEncoding         = errors.New("body is compressed in another way")
	errStatus           = errors.New("status is not one of success")
	errTimeout          = errors.New("out of time")
	errStalled          = errors.New("no more bytes came")
)

// explain turns an error into the sentence that people get. It names hosts,
// never whole addresses: their paths and queries may hold somebody's key.
func (c *Client) explain(ctx context.Context, req Request, resp *Response, err error) *sources.Error {
	e := &sources.Error{State: sources.Failing, Status: resp.Status}
	if refused, ok := errors.AsType[*sources.Error](err); ok {
		return refused
	}
	most, long := c.limits(req)
	host := "the server"
	if u, perr := url.Parse(strings.TrimSpace(req.URL)); perr == nil && u.Hostname() != "" {
		host = u.Hostname()
	}
	if resp.URL != "" {
		if u, perr := url.Parse(resp.URL); perr == nil && u.Hostname() != host {
			host = u.Hostname() + " (which " + host + " redirects to)"
		}
	}
	var (
		refused *refusedError
		dns     *net.DNSError
		cert    *tls.CertificateVerificationError
		record  tls.RecordHeaderError
	)
	switch {
	case ctx.Err() != nil:
		e.Text = "the visit to " + host + " was stopped before it was done"
	case errors.Is(err, errStatus):
		c.explainStatus(e, host, resp)
	case errors.As(err, &refused):
		e.State = sources.Blocked
		e.Text = fmt.Sprintf("%s leads to the address %s, which is not public", host, refused.addr)
		if host == refused.addr.String() {
			e.Text = fmt.Sprintf("the address %s is not public", host)
		}
		e.Text += fmt.Sprintf(": if it is meant, add %s/%d to fetch.allow_private", refused.addr, refused.addr.BitLen())
	case errors.Is(err, errTooLarge):
		e.Text = fmt.Sprintf("the answer of %s is larger than %s: raise fetch.max_bytes if it is meant to be", host, size(most))
	case errors.Is(err, errTimeout):
		e.Text = fmt.Sprintf("%s did not answer in full within %s: raise fetch.timeout if it is always that slow", host, long.Round(time.Millisecond))
	case errors.Is(err, errStalled):
		e.Text = fmt.Sprintf("the answer of %s stopped in the middle: no byte came for %s; it is asked again later", host, c.opt.Stall.Round(time.Millisecond))
	case errors.Is(err, errTooManyRedirects):
		e.Text = fmt.Sprintf("%s redirects more than %d times: check the source's url", host, maxRedirects)
	case errors.Is(err, errScheme), errors.Is(err, errBadURL), errors.Is(err, errBadRedirect):
		if resp.Status != 0 {
			e.Text = host + " redirects to something that is not an http or https address: check the source's url"
		} else {
			e.Text = "the source's url is not an http or https address: write it as https://host/path"
		}
	case errors.Is(err, errBadProxy):
		e.Text = "the source's proxy is not a proxy's address: write it as http://host:port or socks5://host:port"
	case errors.Is(err, errEncoding):
		e.Text = "the answer of " + host + " is compressed in a way that cannot be read: check the source's url"
	case errors.As(err, &dns):
		if dns.IsNotFound {
			e.Text = fmt.Sprintf("the name %s is not known here: check this machine's network, then the source's url", dns.Name)
		} else {
			e.Text = fmt.Sprintf("the name %s could not be looked up: check this machine's network", dns.Name)
		}
	case errors.As(err, &cert):
		e.Text = fmt.Sprintf("the certificate of %s is not accepted: %s", host, clean(cert.Err.Error()))
	case errors.As(err, &record):
		e.Text = host + " does not speak TLS at that port: use http:// or another port in the source's url"
	case errors.Is(err, syscall.ECONNREFUSED):
		e.Text = host + " refuses the connection: check host and port in the source's url"
	default:
		e.Text = "no answer from " + host + ": " + clean(redact(err.Error(), req))
	}
	return e
}

func (c *Client) explainStatus(e *sources.Error, host string, resp *Response) {
	answer := fmt.Sprintf("%s answers %d", host, resp.Status)
	if s := http.StatusText(resp.Status); s != "" {
		answer += " " + s
	}
	switch {
	case resp.Status == http.StatusUnauthorized:
		e.State = sources.Blocked
		e.Text = answer + ": set or correct the source's basic_auth or headers"
	case resp.Status == http.StatusForbidden:
		e.State = sources.Blocked
		e.Text = answer + ": it does not want this program; try another user_agent with a contact, or ask its owner"
	case resp.Status == http.StatusProxyAuthRequired:
		e.State = sources.Blocked
		e.Text = answer + ": put user and password into the source's proxy"
	case resp.Status == http.StatusNotFound:
		e.Text = answer + ": check the source's url, the feed may have moved"
	case resp.Status == http.StatusGone:
		e.State = sources.Gone
		e.Text = answer + ": the feed is closed for good; remove the source or give it a new url"
	case resp.Status == http.StatusTooManyRequests, resp.Status == http.StatusServiceUnavailable && !resp.NotBefore.IsZero():
		e.State = sources.Limited
		e.Text = answer + ": it wants to be asked less often"
		if !resp.NotBefore.IsZero() {
			e.Text += ", not before " + resp.NotBefore.UTC().Format(time.RFC3339)
		}
	case resp.Status >= 500:
		e.Text = answer + ": the fault is at its side, it is asked again later"
	default:
		e.Text = answer
	}
}

// redact takes out what a server may have echoed into an error.
func redact(s string, req Request) string {
	secrets := []string{req.URL, req.BasicAuth, req.Proxy}
	if req.BasicAuth != "" {
		_, password, _ := strings.Cut(req.BasicAuth, ":")
		secrets = append(secrets, password, base64.StdEncoding.EncodeToString([]byte(req.BasicAuth)))
	}
	for _, raw := range []string{req.URL, req.Proxy} {
		if u, err := url.Parse(raw); err == nil {
			if u.User != nil {
				password, _ := u.User.Password()
				auth := u.User.Username() + ":" + password
				secrets = append(secrets, password, u.User.String(), base64.StdEncoding.EncodeToString([]byte(auth)))
			}
			secrets = append(secrets, u.RawQuery)
		}
	}
	for _, v := range req.Headers {
		secrets = append(secrets, v)
	}
	for _, secret := range secrets {
		if secret != "" {
			s = strings.ReplaceAll(s, secret, "[redacted]")
		}
	}
	return s
}

// clean makes one short line of printable ASCII of an error's text, part of
// which may come from the server.
func clean(s string) string {
	const limit = 200
	b := make([]byte, 0, min(len(s), limit))
	for i := 0; i < len(s) && len(b) < limit; i++ {
		if c := s[i]; c >= ' ' && c < 0x7f {
			b = append(b, c)
		} else {
			b = append(b, ' ')
		}
	}
	return strings.Join(strings.Fields(string(b)), " ")
}

func size(n int64) string {
	switch {
	case n >= 1<<20 && n%(1<<20) == 0:
		return fmt.Sprintf("%d MiB", n>>20)
	case n >= 1<<10 && n%(1<<10) == 0:
		return fmt.Sprintf("%d KiB", n>>10)
	}
	return fmt.Sprintf("%d bytes", n)
}
