package fetch

import (
	"net/http"
	"strconv"
	"strings"
	"time"
)

// maxRetryAfter is the longest wait that is believed: a slip of a server must
// not silence a source for good.
const maxRetryAfter = 7 * 24 * time.Hour

// retryAfter reads a Retry-After header, seconds or an HTTP date. It gives the
// zero time for none, and for one that is over already or cannot be read.
// https://www.rfc-editor.org/rfc/rfc9110#section-10.2.3
func retryAfter(value string, now time.Time) time.Time {
	value = strings.TrimSpace(value)
	if value == "" {
		return time.Time{}
	}
	limit := now.Add(maxRetryAfter)
	at, err := http.ParseTime(value)
	if err != nil {
		if strings.Trim(value, "0123456789") != "" {
			return time.Time{}
		}
		seconds, err := strconv.ParseInt(value, 10, 64)
		if err != nil || seconds > int64(maxRetryAfter/time.Second) {
			return limit
		}
		at = now.Add(time.Duration(seconds) * time.Second)
	}
	if at.After(limit) {
		return limit
	}
	if !at.After(now) {
		return time.Time{}
	}
	return at
}
