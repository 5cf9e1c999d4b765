package ioc

import "strings"

// candidate looks for indicators in f.s[start:end], which has no spaces but
// those beside a defanged dot.
func (f *finder) candidate(start, end int) {
	s, defanged := refang(f.s[start:end])
	if strings.Contains(s, "://") {
		f.urls(s, defanged, start, end)
		return
	}
	key := ""
	for s != "" {
		// A dot or colon at an end belongs to the sentence.
		i := strings.IndexAny(s, `,;|()[]{}'=\`)
		if i < 0 {
			i = len(s)
		}
		part := strings.Trim(s[:i], `.:!?*#-/&+~$%^`)
		f.part(part, key, defanged, start, end)
		key = part
		if i == len(s) {
			break
		}
		s = s[i+1:]
	}
}

// part reads one indicator without a scheme; key is what stands before it in
// "key=part".
func (f *finder) part(s, key string, defanged bool, start, end int) {
	if k, v, ok := cutHashKey(s); ok {
		s, key = v, k
	}
	if kind := hashKind(s); kind != "" {
		if f.isHash(s, key, start) {
			f.add(kind, strings.ToLower(s), end)
		}
		return
	}
	if strings.IndexByte(s, '@') >= 0 {
		f.email(strings.TrimPrefix(s, "mailto:"), defanged, start, end)
		return
	}
	if strings.Count(s, ":") > 1 {
		if h, ok := parseIPv6(s); ok && (defanged || !h.reserved) {
			f.add(IPv6, h.value, end)
		}
		return
	}
	// "C2:evil.com", "ip:45.77.10.20"
	if k, v, ok := strings.Cut(s, ":"); ok && strings.IndexByte(k, '.') < 0 {
		s, key = v, k
	}
	key = strings.ToLower(key)
	trusted := defanged || hostile[key] || addressing[key]
	name, path := s, ""
	if i := strings.IndexAny(s, "/?"); i >= 0 {
		name, path = s[:i], s[i:]
	}
	name, port, _ := strings.Cut(name, ":")
	h, ok := parseHost(name)
	if !ok || !isPort(port) {
		return
	}
	switch {
	case path == "" || path == "/":
		f.host(h, name, port, trusted, start, end)
	case !defanged, isNetwork(h, path):
	default:
		others := alternatives(path)
		if others == nil {
			f.add(URL, h.value+s[len(name):], end)
			return
		}
		for _, h := range append([]host{h}, others...) {
			f.host(h, h.value, "", true, start, end)
		}
	}
}

// host takes a domain or an IPv4 address that stands alone; trusted says that
// what it is written like makes it an indicator.
func (f *finder) host(h host, written, port string, trusted bool, start, end int) {
	switch {
	case h.kind == Domain && isBenign(h.value), h.reserved && !trusted:
		return
	case trusted:
	case h.kind == IPv4:
		if port == "" && !f.addressContext(h.value, start, end) {
			return
		}
	case isOnion(h.value):
	case strings.ToLower(written) != written, fileTLDs[written[strings.LastIndexByte(written, '.')+1:]] && strings.Count(written, ".") == 1:
		return
	case !f.context(start, end):
		return
	}
	f.add(h.kind, h.value, end)
}

// alternatives reads "/evil.net/evil.org" after a defanged domain: more names,
// not a path. It is nil for a path.
func alternatives(path string) (hosts []host) {
	for name := range strings.SplitSeq(path[1:], "/") {
		h, ok := parseHost(name)
		if !ok || fileTLDs[name[strings.LastIndexByte(name, '.')+1:]] {
			return nil
		}
		hosts = append(hosts, h)
	}
	return hosts
}

// isNetwork reports whether h with path is a network and not an address.
func isNetwork(h host, path string) bool {
	return h.kind == IPv4 && len(path) <= len("/32") && isPort(path[1:])
}

func isPort(s string) bool {
	const longestPort = 5
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return len(s) <= longestPort
}

func isOnion(domain string) bool {
	const v3 = 56
	name, ok := strings.CutSuffix(domain, ".onion")
	return ok && len(name)-strings.LastIndexByte(name, '.')-1 == v3
}

func isCapital(s string) bool { return s[0] >= 'A' && s[0] <= 'Z' }

// email takes an e-mail address.
func (f *finder) email(s string, defanged bool, start, end int) {
	at := strings.IndexByte(s, '@')
	local, domain := s[:at], s[at+1:]
	h, ok := parseDomain(domain)
	if !ok || !isLocal(local) || h.reserved && !defanged || isBenign(h.value) && !isMailProvider(h.value) {
		return
	}
	if defanged || f.context(start, end) {
		f.add(Email, local+"@"+h.value, end)
	}
}

func isLocal(s string) bool {
	const longestLocal = 64
	for i := range len(s) {
		if c := s[i]; !isAlnum(c) && !strings.ContainsRune("._%+-", rune(c)) {
			return false
		}
	}
	return s != "" && len(s) <= longestLocal && isAlnum(s[0])
}

// urls takes the URLs of a candidate.
func (f *finder) urls(s string, defanged bool, start, end int) {
	for len(f.found) < Max {
		i := strings.Index(s, "://")
		if i < 0 {
			return
		}
		scheme, rest := s[schemeStart(s, i):i], s[i+len("://"):]
		next := nextURL(rest)
		f.url(scheme, trimURL(rest[:next]), defanged, start, end)
		s = rest[next:]
	}
}

// nextURL returns where in s, the rest of a URL, another one starts; its end
// if none does. One inside the other (?u=http://...) belongs to it.
func nextURL(s string) int {
	for at := 0; ; {
		i := strings.Index(s[at:], "://")
		if i < 0 {
			return len(s)
		}
		i += at
		if from := schemeStart(s, i); from > 0 && strings.IndexByte(",;|)", s[from-1]) >= 0 {
			return from
		}
		at = i + len("://")
	}
}

// url takes one URL; rest is what comes after "://".
func (f *finder) url(written, rest string, defanged bool, start, end int) {
	written = strings.ToLower(written)
	scheme, ok := schemes[written]
	if !ok {
		return
	}
	defanged = defanged || scheme != written
	name, before, after := splitURL(rest)
	h, ok := parseHost(name)
	if !ok || h.reserved && !defanged {
		return
	}
	bare := after == "" || after == "/"
	if h.kind == Domain && isBenign(h.value) && (bare || !defanged) {
		return
	}
	if defanged || h.kind != Domain || isOnion(h.value) || !isPicture(after) && f.context(start, end) {
		value := h.value
		if h.kind == IPv6 {
			value = "[" + value + "]"
		}
		f.add(URL, scheme+"://"+before+value+after, end)
	}
}

// isPicture reports whether a path is that of an illustration.
func isPicture(path string) bool {
	for _, ending := range []string{".png", ".jpg", ".jpeg", ".gif", ".svg", ".webp"} {
		if strings.HasSuffix(path, ending) {
			return true
		}
	}
	return false
}

// splitURL splits what comes after a scheme into the host, the user in front
// of it, and the port and path after it.
func splitURL(s string) (name, before, after string) {
	authority, path := s, ""
	if i := strings.IndexAny(s, "/?#"); i >= 0 {
		authority, path = s[:i], s[i:]
	}
	if i := strings.LastIndexByte(authority, '@'); i >= 0 {
		before, authority = authority[:i+1], authority[i+1:]
	}
	if strings.HasPrefix(authority, "[") {
		if i := strings.IndexByte(authority, ']'); i > 0 {
			return authority[1:i], before, authority[i+1:] + path
		}
	}
	if i := strings.IndexByte(authority, ':'); i >= 0 {
		return authority[:i], before, authority[i:] + path
	}
	return authority, before, path
}

// trimURL cuts off what belongs to the sentence around a URL: closing brackets
// that were not opened in it, with all that follows, and punctuation.
func trimURL(s string) string {
	depth := 0
	for i := range len(s) {
		switch s[i] {
		case '(', '[', '{':
			depth++
		case ')', ']', '}':
			depth--
		}
		if depth < 0 {
			s = s[:i]
			break
		}
	}
	return strings.TrimRight(s, ".,;:!?'*|")
}
