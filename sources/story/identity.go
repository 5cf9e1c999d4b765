package story

import (
	"crypto/sha256"
	"encoding/hex"
	"net/url"
	"strings"

	"golang.org/x/net/idna"
)

const (
	// maxURL is the longest address that is looked at; no browser or chat
	// takes longer ones.
	maxURL = 8192
	// maxWrappers is how many redirect wrappers may lie around an address. One
	// that is wrapped deeper is left as it is.
	maxWrappers = 8
)

// CanonicalURL gives the one form of an address under which every source's
// link to the same page comes out alike: scheme and host in lower case (an
// international host as punycode), no default port, user, fragment or
// tracking parameter, an empty path as "/", and redirect wrappers such as
// google.com/url?q= undone, nested ones too. All other parameters keep their
// order and spelling, and so does the path: servers may tell them apart.
//
// It reports false for anything that is not an absolute http or https address.
// A canonical address is its own canonical form.
func CanonicalURL(raw string) (string, bool) {
	u, ok := parse(raw)
	if !ok {
		return "", false
	}
	canonical := u
	for range maxWrappers {
		target, wrapped := unwrap(canonical)
		if !wrapped {
			return canonical.String(), true
		}
		canonical = target
	}
	if _, wrapped := unwrap(canonical); wrapped {
		canonical = u
	}
	return canonical.String(), true
}

// NewID gives a story's id, 16 hex digits: from its canonical address, or
// where it has none from the id that the source gave it. Neither the scheme
// nor a leading "www." makes another story of an address.
func NewID(source, guid, canonicalURL string) string {
	key := source + "\n" + guid
	if canonicalURL != "" {
		key = strings.TrimPrefix(canonicalURL, "http://")
		key = strings.TrimPrefix(key, "https://")
		key = strings.TrimPrefix(key, "www.")
	}
	sum := sha256.Sum256([]byte(key))
	return hex.EncodeToString(sum[:8])
}

// parse gives the canonical form of raw, wrappers still around it.
func parse(raw string) (*url.URL, bool) {
	raw = strings.TrimSpace(raw)
	if len(raw) > maxURL {
		return nil, false
	}
	u, err := url.Parse(raw)
	if err != nil || u.Opaque != "" {
		return nil, false
	}
	// url.Parse has put the scheme in lower case.
	if u.Scheme != "http" && u.Scheme != "https" {
		return nil, false
	}
	host, ok := canonicalHost(u)
	if !ok {
		return nil, false
	}
	u.Host = host
	u.User = nil
	u.Fragment, u.RawFragment = "", ""
	u.RawQuery = withoutTracking(u.RawQuery)
	u.ForceQuery = false
	if u.Path == "" {
		u.Path = "/"
	}
	return u, true
}

func canonicalHost(u *url.URL) (string, bool) {
	host := u.Hostname()
	ascii := true
	for i := range len(host) {
		c := host[i]
		if c <= ' ' || c == 0x7f || c == '%' || c == '<' || c == '>' || c == '"' {
			return "", false
		}
		ascii = ascii && c < 0x80
	}
	if ascii {
		// idna would refuse names that work, such as those with an underscore.
		host = strings.ToLower(host)
	} else {
		var err error
		if host, err = idna.Lookup.ToASCII(host); err != nil {
			return "", false
		}
	}
	host = strings.TrimSuffix(host, ".")
	if host == "" || host[0] == '.' || strings.HasSuffix(host, ".") {
		return "", false
	}
	if strings.Contains(host, ":") {
		host = "[" + host + "]"
	}
	port := u.Port()
	if port == "" || u.Scheme == "http" && port == "80" || u.Scheme == "https" && port == "443" {
		return host, true
	}
	return host + ":" + port, true
}

func withoutTracking(query string) string {
	if query == "" {
		return ""
	}
	kept := make([]byte, 0, len(query))
	for part := range strings.SplitSeq(query, "&") {
		if part == "" || isTracking(part) {
			continue
		}
		if len(kept) > 0 {
			kept = append(kept, '&')
		}
		for i := range len(part) {
			if part[i] == ' ' {
				kept = append(kept, "%20"...)
			} else {
				kept = append(kept, part[i])
			}
		}
	}
	return string(kept)
}
