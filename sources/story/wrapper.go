package story

import (
	"net/url"
	"strings"
)

// wrapper is an address that only leads on to another one, which it carries.
type wrapper struct {
	// host is the whole host, or with a leading dot its end, or with a
	// trailing dot its start (google. for google.de and google.co.uk).
	host string
	// path is how the path starts; "/" is any path.
	path string
	// params are the query parameters that may hold the target, best first.
	params []string
}

var wrappers = []wrapper{
	{"news.google.com", "/", []string{"url"}},
	{"translate.google.com", "/", []string{"u"}},
	{"google.", "/url", []string{"q", "url"}},
	{"feedproxy.google.com", "/", []string{"url", "u", "target"}},
	{".feedburner.com", "/", []string{"url", "u", "target"}},
	{"l.facebook.com", "/l.php", []string{"u"}},
	{"lm.facebook.com", "/l.php", []string{"u"}},
	{"facebook.com", "/l.php", []string{"u"}},
	{"l.instagram.com", "/", []string{"u"}},
	{".safelinks.protection.outlook.com", "/", []string{"url"}},
	{"bing.com", "/news/apiclick.aspx", []string{"url"}},
	{"t.umblr.com", "/redirect", []string{"z"}},
	{"out.reddit.com", "/", []string{"url"}},
	{"youtube.com", "/redirect", []string{"q"}},
	{"slack-redir.net", "/link", []string{"url"}},
	{"linkedin.com", "/redir/redirect", []string{"url"}},
	{"linkedin.com", "/safety/go", []string{"url"}},
	{"duckduckgo.com", "/l/", []string{"uddg"}},
	{"vk.com", "/away.php", []string{"to"}},
	{"steamcommunity.com", "/linkfilter", []string{"u", "url"}},
	{"getpocket.com", "/redirect", []string{"url"}},
	{"go.redirectingat.com", "/", []string{"url"}},
}

func (w wrapper) matches(host, path string) bool {
	switch {
	case w.host[0] == '.':
		if !strings.HasSuffix(host, w.host) && host != w.host[1:] {
			return false
		}
	case strings.HasSuffix(w.host, "."):
		if !strings.HasPrefix(host, w.host) {
			return false
		}
	default:
		if host != w.host {
			return false
		}
	}
	rest, ok := strings.CutPrefix(path, w.path)
	return ok && (rest == "" || strings.HasSuffix(w.path, "/") || rest[0] == '/')
}

// unwrap gives the address that a canonical address u leads on to, if u is a
// known wrapper with a target that can be read.
func unwrap(u *url.URL) (*url.URL, bool) {
	host := strings.TrimPrefix(u.Host, "www.")
	switch host {
	case "href.li":
		return parseShorter(u, u.RawQuery)
	case "urldefense.com":
		return parseShorter(u, defenseV3(u))
	case "urldefense.proofpoint.com":
		if strings.HasPrefix(u.Path, "/v2/url") {
			return parseShorter(u, defenseV2(u.Query().Get("u")))
		}
	}
	if u.RawQuery == "" {
		return nil, false
	}
	for _, w := range wrappers {
		if !w.matches(host, u.Path) {
			continue
		}
		query := u.Query()
		for _, p := range w.params {
			if target, ok := parseShorter(u, query.Get(p)); ok {
				return target, true
			}
		}
	}
	return nil, false
}

// parseShorter takes a target only if it is shorter than what carried it, so
// that undoing wrappers comes to an end.
func parseShorter(u *url.URL, target string) (*url.URL, bool) {
	if target == "" {
		return nil, false
	}
	t, ok := parse(target)
	if !ok || len(t.String()) >= len(u.String()) {
		return nil, false
	}
	return t, true
}

// defenseV3 reads https://urldefense.com/v3/__TARGET__;REST. A star in the
// target stands for a character that is encoded in the rest; such targets are
// left alone.
func defenseV3(u *url.URL) string {
	_, target, ok := strings.Cut(u.String(), "/v3/__")
	if !ok {
		return ""
	}
	target, _, ok = strings.Cut(target, "__;")
	if !ok || strings.Contains(target, "*") {
		return ""
	}
	return target
}

// defenseV2 reads the u parameter of urldefense.proofpoint.com/v2/url, where
// "-" stands for "%" and "_" for "/".
func defenseV2(s string) string {
	s = strings.NewReplacer("-", "%", "_", "/").Replace(s)
	target, err := url.PathUnescape(s)
	if err != nil {
		return ""
	}
	return target
}
