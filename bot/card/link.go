package card

import (
	"net/url"
	"strings"

	"golang.org/x/net/idna"
)

// MaxLink is the longest link that [Link] lets through, in bytes. Browsers and
// both chat platforms take links of that length.
const MaxLink = 2000

// Link makes raw a link that every platform can show, and reports false when
// it cannot: it must be an absolute http or https URL with a host and without
// user or password (a name before the @ pretends to be the host). The host
// becomes lower-case ASCII (punycode), and everything that markup could take for
// its own is percent-encoded, such as spaces, quotes, brackets, parentheses,
// pipes and backticks. The result is plain ASCII of at most [MaxLink] bytes.
func Link(raw string) (string, bool) {
	u, host, ok := parseLink(raw)
	if !ok {
		return "", false
	}
	var b strings.Builder
	b.WriteString(u.Scheme)
	b.WriteString("://")
	b.WriteString(host)
	if port := u.Port(); port != "" {
		b.WriteString(":" + port)
	}
	escapeLink(&b, u.EscapedPath())
	if u.RawQuery != "" || u.ForceQuery {
		b.WriteByte('?')
		escapeLink(&b, u.RawQuery)
	}
	if u.Fragment != "" {
		b.WriteByte('#')
		escapeLink(&b, u.EscapedFragment())
	}
	if b.Len() > MaxLink {
		return "", false
	}
	return b.String(), true
}

// Host is the host of raw as people should see it: without "www." and port,
// foreign letters as punycode, so that no letter can pass for another. It is
// empty when raw cannot be a link.
func Host(raw string) string {
	_, host, ok := parseLink(raw)
	if !ok {
		return ""
	}
	if short := strings.TrimPrefix(host, "www."); strings.Contains(short, ".") {
		return short
	}
	return host
}

func parseLink(raw string) (u *url.URL, host string, ok bool) {
	raw = strings.TrimSpace(raw)
	if raw == "" || len(raw) > 4*MaxLink {
		return nil, "", false
	}
	u, err := url.Parse(mendPercent(raw))
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.User != nil || u.Opaque != "" {
		return nil, "", false
	}
	host, ok = asciiHost(u.Hostname())
	return u, host, ok
}

// mendPercent encodes a percent sign that begins no escape, as browsers do.
func mendPercent(s string) string {
	if !strings.Contains(s, "%") {
		return s
	}
	var b strings.Builder
	for i := range len(s) {
		b.WriteByte(s[i])
		if s[i] == '%' && (i+2 >= len(s) || !isHex(s[i+1]) || !isHex(s[i+2])) {
			b.WriteString("25")
		}
	}
	return b.String()
}

func isHex(c byte) bool {
	return c >= '0' && c <= '9' || c >= 'a' && c <= 'f' || c >= 'A' && c <= 'F'
}

func asciiHost(host string) (string, bool) {
	if strings.Contains(host, ":") { // an IPv6 address, which url.Parse saw in brackets
		for _, c := range []byte(host) {
			if !isHex(c) && c != ':' && c != '.' {
				return "", false
			}
		}
		return "[" + strings.ToLower(host) + "]", true
	}
	for i := range len(host) {
		if host[i] >= 0x80 {
			mapped, err := idna.Lookup.ToASCII(host)
			if err != nil {
				return "", false
			}
			host = mapped
			break
		}
	}
	host = strings.ToLower(host)
	for _, c := range []byte(host) {
		if (c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '.' && c != '-' && c != '_' {
			return "", false
		}
	}
	if host == "" || len(host) > 253 || host[0] == '.' || strings.Contains(host, "..") {
		return "", false
	}
	return host, true
}

// linkSafe are the characters of RFC 3986 that no platform's markup uses to
// end or to wrap a link.
const linkSafe = "-._~!$&*+,;=:@/?%#"

func escapeLink(b *strings.Builder, s string) {
	const hex = "0123456789ABCDEF"
	for i := range len(s) {
		c := s[i]
		if c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || strings.IndexByte(linkSafe, c) >= 0 {
			b.WriteByte(c)
			continue
		}
		b.WriteByte('%')
		b.WriteByte(hex[c>>4])
		b.WriteByte(hex[c&15])
	}
}
