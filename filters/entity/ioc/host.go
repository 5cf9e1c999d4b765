package ioc

import (
	_ "embed"
	"iter"
	"net/netip"
	"strings"
	"sync"
)

const (
	longestDomain = 253
	longestLabel  = 63
)

// host is what an indicator is at.
type host struct {
	kind  Kind
	value string
	// reserved is set for names and addresses that the standards keep for
	// examples, which only count defanged.
	reserved bool
}

// parseHost reads a domain or an IP address. ok is false if it is none, or
// one that is never an indicator because of its kind (private, local).
func parseHost(s string) (h host, ok bool) {
	if strings.IndexByte(s, ':') >= 0 {
		return parseIPv6(s)
	}
	if s != "" && s[len(s)-1] >= '0' && s[len(s)-1] <= '9' {
		return parseIPv4(s)
	}
	return parseDomain(s)
}

// special are the IPv4 networks that are nobody's in particular: RFC 6890 and
// its successors. Public resolvers are in it too: everything asks them.
var special = prefixes(
	"0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.0.0.0/24",
	"192.88.99.0/24", "192.168.0.0/16", "198.18.0.0/15", "224.0.0.0/3",
	"1.1.1.1/32", "1.0.0.1/32", "8.8.8.8/32", "8.8.4.4/32", "9.9.9.9/32", "208.67.222.222/32", "208.67.220.220/32")

var examples = prefixes("192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24", "2001:db8::/32", "3fff::/20")

// unicast is where IPv6 addresses are given out of. Words such as "cafe::add"
// are not in it.
var unicast = netip.MustParsePrefix("2000::/3")

func prefixes(list ...string) (out []netip.Prefix) {
	for _, p := range list {
		out = append(out, netip.MustParsePrefix(p))
	}
	return out
}

func in(list []netip.Prefix, a netip.Addr) bool {
	for _, p := range list {
		if p.Contains(a) {
			return true
		}
	}
	return false
}

func parseIPv4(s string) (host, bool) {
	if strings.Count(s, ".") != 3 { // spares the error of ParseAddr for "7.4"
		return host{}, false
	}
	a, err := netip.ParseAddr(s)
	if err != nil || in(special, a) {
		return host{}, false
	}
	return host{IPv4, a.String(), in(examples, a)}, true
}

func parseIPv6(s string) (host, bool) {
	a, err := netip.ParseAddr(s)
	if err != nil || a.Zone() != "" || !unicast.Contains(a) {
		return host{}, false
	}
	return host{IPv6, a.String(), in(examples, a)}, true
}

// parseDomain reads a domain name of ASCII letters; names in other scripts are
// written as xn-- in reports.
func parseDomain(s string) (host, bool) {
	s = strings.ToLower(strings.TrimSuffix(s, "."))
	if len(s) > longestDomain {
		return host{}, false
	}
	labels, label := 1, 0
	for i := range len(s) {
		switch c := s[i]; {
		case c == '.':
			if label == 0 || s[i-1] == '-' {
				return host{}, false
			}
			labels, label = labels+1, 0
			continue
		case c == '-' && label > 0, c == '_', isAlnum(c):
		default:
			return host{}, false
		}
		if label++; label > longestLabel {
			return host{}, false
		}
	}
	if labels < 2 || label < 2 || strings.HasPrefix(s, "_") {
		return host{}, false
	}
	last := strings.LastIndexByte(s, '.')
	tld := s[last+1:]
	// A registered name has no underscore, though a name below it may.
	if owner := s[strings.LastIndexByte(s[:last], '.')+1:]; strings.IndexByte(owner, '_') >= 0 {
		return host{}, false
	}
	switch tld {
	case "example", "test", "invalid": // RFC 6761
		return host{Domain, s, true}, true
	}
	if !topLevel()[tld] {
		return host{}, false
	}
	return host{Domain, s, within(exampleDomains, s)}, true
}

var exampleDomains = map[string]bool{"example.com": true, "example.net": true, "example.org": true}

// fileTLDs are top-level domains that are also what file names or the names of
// libraries end in.
var fileTLDs = map[string]bool{
	"zip": true, "mov": true, "py": true, "md": true, "sh": true, "rs": true, "pl": true, "ps": true, "pm": true,
	"tf": true, "so": true, "cc": true, "cab": true, "app": true, "ai": true, "bz": true, "mk": true, "ms": true,
	"la": true, "vi": true, "st": true, "do": true, "as": true, "cs": true, "am": true, "ac": true, "mm": true,
	"nc": true, "inc": true, "foo": true, "bar": true, "js": true, "data": true, "name": true, "int": true, "id": true,
}

//go:embed tlds.txt
var tldSource string

//go:embed benign.txt
var benignSource string

var topLevel = sync.OnceValue(func() map[string]bool {
	list := map[string]bool{}
	for name := range namesIn(tldSource) {
		list[name] = true
	}
	return list
})

// benign are the domains of the stop-list; those of mail providers have true.
var benign = sync.OnceValue(func() map[string]bool {
	list := map[string]bool{}
	for name := range namesIn(benignSource) {
		mail, isMail := strings.CutPrefix(name, "@")
		list[mail] = isMail
	}
	return list
})

// namesIn gives the words of a file, without comments.
func namesIn(source string) iter.Seq[string] {
	return func(yield func(string) bool) {
		for line := range strings.Lines(source) {
			line, _, _ = strings.Cut(line, "#")
			for name := range strings.FieldsSeq(line) {
				if !yield(name) {
					return
				}
			}
		}
	}
}

// isBenign reports whether the domain or one above it is on the stop-list.
func isBenign(domain string) bool { return within(benign(), domain) }

// isMailProvider reports whether anybody can have an address at the domain.
func isMailProvider(domain string) bool { return benign()[domain] }

func within(list map[string]bool, domain string) bool {
	for {
		if _, ok := list[domain]; ok {
			return true
		}
		i := strings.IndexByte(domain, '.')
		if i < 0 {
			return false
		}
		domain = domain[i+1:]
	}
}
