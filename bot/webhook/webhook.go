// Package webhook posts alerts as JSON to an address of the team's own: a
// ticket system, a SIEM, a script. What arrives is the alert and nothing else;
// templates and signatures are left to whoever stands behind the address.
package webhook

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"tipoff/bot/deliver"
)

const (
	// timeout bounds one attempt, also with a client that has no limit.
	timeout = 15 * time.Second
	// maxAnswer is how much of an answer is read, so that the connection can
	// be used again; nobody looks at it.
	maxAnswer = 64 << 10
	// maxWait is the longest that a server may hold up the alerts behind the
	// one it refused.
	maxWait = time.Hour
)

// Webhook is a [deliver.Sender], safe for use by many goroutines.
type Webhook struct {
	http *http.Client
	now  func() time.Time
}

var _ deliver.Sender = (*Webhook)(nil)

// New returns a webhook that posts with the client given, or with a plain one
// for nil. It does not follow redirects, whatever the client does: most of them
// turn a POST into a GET, which would lose the alert and look like success.
func New(client *http.Client) *Webhook {
	if client == nil {
		client = &http.Client{}
	}
	c := *client
	c.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return &Webhook{http: &c, now: time.Now}
}

// Send posts the alert to the address of m.To. The header Idempotency-Key is
// the delivery's id: an attempt whose answer was lost is repeated with the same
// key, and the receiver can tell. Any 2xx is success. Errors name the host only,
// for the rest of such an address is often a secret.
func (w *Webhook) Send(ctx context.Context, m deliver.Message) (string, error) {
	u, err := url.Parse(m.To.Address)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return "", &deliver.Error{
			Code:      "bad_address",
			Text:      fmt.Sprintf("the webhook of channel %s is not an http or https address; correct it in config.yaml", m.Alert.Channel),
			Permanent: true,
		}
	}
	body, err := m.Alert.JSON()
	if err != nil {
		return "", &deliver.Error{Code: "encode", Text: "the alert does not fit into JSON", Permanent: true, Err: err}
	}
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, m.To.Address, bytes.NewReader(body))
	if err != nil {
		return "", &deliver.Error{Code: "bad_address", Text: "no request can be made for the webhook at " + u.Host, Permanent: true}
	}
	req.Header.Set("Content-Type", "application/json; charset=utf-8")
	req.Header.Set("User-Agent", "Tipoff")
	req.Header.Set("Idempotency-Key", m.ID)

	res, err := w.http.Do(req)
	if err != nil {
		return "", unreachable(u.Host, err)
	}
	defer res.Body.Close()
	// The status has decided; a body that breaks off changes nothing.
	_, _ = io.CopyN(io.Discard, res.Body, maxAnswer)
	if res.StatusCode/100 == 2 {
		return "", nil
	}
	return "", w.refused(u.Host, res)
}

// unreachable is the error for a request without an answer.
func unreachable(host string, err error) *deliver.Error {
	if outer, ok := errors.AsType[*url.Error](err); ok {
		err = outer.Err // the outer one prints the whole address
	}
	e := &deliver.Error{Code: "unreachable", Text: fmt.Sprintf("the webhook at %s cannot be reached; check its address and the network", host), Err: err}
	var timed net.Error
	switch {
	case errors.Is(err, context.Canceled):
		e.Code, e.Text = "cancelled", fmt.Sprintf("posting to the webhook at %s was cut short", host)
	case errors.Is(err, context.DeadlineExceeded) || errors.As(err, &timed) && timed.Timeout():
		e.Code, e.Text = "timeout", fmt.Sprintf("the webhook at %s does not answer in time", host)
	}
	return e
}

// refused is the error for an answer that is no success.
func (w *Webhook) refused(host string, res *http.Response) *deliver.Error {
	status := res.StatusCode
	e := &deliver.Error{Code: "http_" + strconv.Itoa(status), Permanent: status < 500}
	answer := fmt.Sprintf("the webhook at %s answers %d %s", host, status, http.StatusText(status))
	switch status {
	case http.StatusTooManyRequests, http.StatusServiceUnavailable:
		e.Permanent = false
		e.RetryAfter = w.retryAfter(res.Header.Get("Retry-After"))
		e.Text = answer + "; it is tried again later"
	case http.StatusRequestTimeout, http.StatusTooEarly:
		e.Permanent = false
		e.Text = answer + "; it is tried again later"
	case http.StatusUnauthorized, http.StatusForbidden:
		e.Mendable = true
		e.Text = answer + "; check the token in its address"
	case http.StatusNotFound, http.StatusGone:
		e.Mendable = true
		e.Text = answer + "; check its address in config.yaml"
	default:
		switch {
		case status < 400:
			e.Mendable = true
			e.Text = answer + "; redirects are not followed: put the final address into config.yaml"
		case status < 500:
			e.Text = answer + "; it does not take this alert"
		default:
			e.Text = answer + "; it is tried again later"
		}
	}
	e.Text = strings.Replace(e.Text, " ;", ";", 1) // a status without a name
	return e
}

// retryAfter reads the header's two forms, seconds and a date (RFC 9110,
// 10.2.3). What cannot be read is zero; what is over already is a second.
func (w *Webhook) retryAfter(header string) time.Duration {
	var d time.Duration
	if n, err := strconv.ParseUint(strings.TrimSpace(header), 10, 64); err == nil {
		d = time.Duration(min(n, uint64(maxWait/time.Second))) * time.Second
	} else if at, err := http.ParseTime(header); err == nil {
		d = at.Sub(w.now())
	} else {
		return 0
	}
	return min(max(d, time.Second), maxWait)
}
