package fetch

import (
	"net/http"
	"strconv"
	"strings"
	"time"
)

// fresh is until when an answer stays as it is, by what its server says: a
// cache on the way, or the server's own, would give the same one. It is zero if
// nothing is said, and where nothing may be kept.
// https://www.rfc-editor.org/rfc/rfc9111#section-4.2
func fresh(h http.Header, now time.Time) time.Time {
	var lasts time.Duration
	said := false
	for directive := range strings.SplitSeq(strings.Join(h.Values("Cache-Control"), ","), ",") {
		name, value, _ := strings.Cut(strings.ToLower(strings.TrimSpace(directive)), "=")
		switch strings.TrimSpace(name) {
		case "no-store", "no-cache", "must-understand":
			return time.Time{}
		case "max-age":
			if n, err := strconv.ParseUint(strings.Trim(value, `" `), 10, 32); err == nil {
				lasts, said = time.Duration(n)*time.Second, true
			}
		}
	}
	if !said {
		expires, err := http.ParseTime(h.Get("Expires"))
		if err != nil {
			return time.Time{}
		}
		sent, err := http.ParseTime(h.Get("Date")) // the server's clock may be wrong
		if err != nil {
			sent = now
		}
		lasts = expires.Sub(sent)
	}
	if age, err := strconv.ParseUint(strings.TrimSpace(h.Get("Age")), 10, 32); err == nil {
		lasts -= time.Duration(age) * time.Second
	}
	if lasts <= 0 {
		return time.Time{}
	}
	return now.Add(lasts)
}
