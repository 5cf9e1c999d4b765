// Package ioc finds indicators of compromise in text: addresses, domains,
// URLs, e-mail addresses and file hashes, plain or defanged.
//
// It would rather miss one than call a product, a file or a reader's own link
// an indicator. These are the rules:
//
//   - Defanged is said by the author to be an indicator: evil[.]com, evil(.)com,
//     evil[dot]com, evil [.] com, evil[.com, evil\.com, hxxp://, http[:]//,
//     user[at]evil[.]com, 192.0.2[.]1, fe80[:]:1. It counts wherever it stands.
//   - A plain domain, URL or e-mail address counts only in fitting company: a
//     word such as C2, phishing, malicious, beacon or indicators in the same
//     sentence close by, or an indicator right before it in a list.
//     A name with a capital (Booking.com, ASP.NET) does not, nor one whose ending is also that of a file (setup.py, invoice.zip,
//     readme.md), nor one that comes after "impersonating" or "legitimate".
//     URLs with an IP address for a host and .onion names count anywhere.
//   - A plain IPv4 address does not count where a version is meant: after words
//     such as "version", "before", "firmware", or before "or later". One that
//     starts below 24, as versions do, or comes after a name, as in "NGINX Plus
//     37.0.3.1", needs a word such as "IP", "address" or "C2" close by.
//   - Domains end in a real top-level domain. Domains of the stop-list
//     (benign.txt: large platforms, vendors, publishers) and their subdomains do
//     not count, except in a defanged URL that has a path. Of mail providers,
//     e-mail addresses count.
//   - Private, local and otherwise special addresses, public resolvers and
//     networks (192.0.2.0/24) do not count. What the standards reserve for
//     examples (192.0.2.1, 2001:db8::1, example.com, .test) counts only
//     defanged.
//   - 32, 40 or 64 hexadecimal digits that stand alone are an MD5, SHA-1 or
//     SHA-256, unless "commit", "key", "token" or the like stands before them,
//     or they are the hash of nothing. UUIDs have hyphens and are none.
//   - A URL does not name its host a second time.
//
// Everything is pure and safe for concurrent use.
package ioc

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Kind is what an indicator is.
type Kind string

// The kinds there are.
const (
	IPv4   Kind = "ipv4"
	IPv6   Kind = "ipv6"
	Domain Kind = "domain"
	URL    Kind = "url"
	Email  Kind = "email"
	MD5    Kind = "md5"
	SHA1   Kind = "sha1"
	SHA256 Kind = "sha256"
)

// IOC is one indicator. Value is refanged and in its one form: hosts, hashes
// and schemes in lower case, domains without a final dot, IPv6 shortened. The
// path of a URL stays as written; a defanged URL without a scheme has none.
type IOC struct {
	Kind  Kind
	Value string
}

// Host returns the domain or address that a domain, URL, e-mail or IP address
// is at; empty for hashes. By it a caller leaves out an article's own site.
func (i IOC) Host() string {
	switch i.Kind {
	case IPv4, IPv6, Domain:
		return i.Value
	case Email:
		return i.Value[strings.LastIndexByte(i.Value, '@')+1:]
	case URL:
		scheme, rest, ok := strings.Cut(i.Value, "://")
		if !ok || schemes[scheme] == "" {
			rest = i.Value
		}
		name, _, _ := splitURL(rest)
		return name
	}
	return ""
}

// Max is how many indicators Find returns at most: enough for a report's
// appendix, and a bound for a text made of nothing else.
const Max = 200

// longest is how long a candidate may be. A longer one is no address that a
// person would write, but data.
const longest = 2048

// Find returns the indicators in s, each once, in the order of their first
// mention. The work is linear in the text: about 1.2 µs for 490 bytes without
// an indicator, 7 µs with eight defanged ones (BenchmarkFind).
func Find(s string) []IOC {
	f := finder{s: s, last: -1}
	for i := 0; i < len(s) && len(f.found) < Max; {
		if bytes[s[i]]&ends != 0 {
			i++
			continue
		}
		end, seen, dot := scan(s, i)
		if end-i <= longest && worthwhile(s[i:end], seen, dot-i) && !f.inWord(i, end) {
			f.candidate(i, end)
		}
		i = end
	}
	return f.found
}

// finder is one look through one text.
type finder struct {
	s     string
	found []IOC
	last  int // where the last accepted candidate ended, -1 at first
}

func (f *finder) add(kind Kind, value string, end int) {
	f.last = end
	if i := (IOC{kind, value}); len(f.found) < Max && !slices.Contains(f.found, i) {
		f.found = append(f.found, i)
	}
}

// What a byte can mean for a candidate.
const (
	ends    = 1 << iota // a candidate ends before it
	dots                // a dot
	colons              // a colon
	opens               // an opening bracket
	escapes             // a backslash
)

// bytes classifies each byte. Beyond ASCII everything ends a candidate:
// quotes, dashes, spaces, and the text of scripts without spaces.
var bytes = func() (t [256]byte) {
	for b := range t {
		switch {
		case b <= ' ', b >= 0x7f, b == '<', b == '>', b == '"', b == '`':
			t[b] = ends
		}
	}
	t['.'], t[':'], t['\\'] = dots, colons, escapes
	t['['], t['('], t['{'] = opens, opens, opens
	return t
}()

// scan returns where the candidate that starts at i ends, what kinds of bytes
// it has, and where its first dot is (or its end, if there is none). A space
// beside a defanged dot does not end it.
func scan(s string, i int) (end int, seen byte, dot int) {
	dot = -1
	for end = i; end < len(s); end++ {
		class := bytes[s[end]]
		if class == 0 {
			continue
		}
		if class == ends {
			if s[end] == ' ' && besideMark(s, i, end) {
				continue
			}
			break
		}
		if class == opens && end == i {
			continue // around the whole word, most likely
		}
		seen |= class
		if class == dots && dot < 0 {
			dot = end
		}
	}
	if dot < 0 {
		dot = end
	}
	return end, seen, dot
}

// besideMark reports whether a defanged dot or the like stands right before or
// after the space at i, in a candidate from start on. With spaces on both sides
// and a capital after them it is an ellipsis: "found that [.] News".
func besideMark(s string, start, i int) bool {
	if closes(s[i-1]) && markEnds(s[start:i]) {
		return true
	}
	if i+1 == len(s) || bytes[s[i+1]] != opens {
		return false
	}
	n := markAt(s[i+1:])
	rest := s[i+1+n:]
	return n > 0 && (len(rest) < 2 || rest[0] != ' ' || !isCapital(rest[1:]))
}

func closes(b byte) bool { return b == ']' || b == ')' || b == '}' }

// worthwhile reports whether a candidate could be an indicator at all. It
// keeps the ordinary words of a text, with their commas and full stops, from
// costing anything.
func worthwhile(c string, seen byte, dot int) bool {
	const shortest, shortestHash = 4, 32
	switch {
	case len(c) < shortest:
		return false
	case len(c) >= shortestHash, seen&(opens|escapes) != 0:
		return true
	case seen&colons != 0 && strings.Count(c, ":") > 1:
		return true
	}
	for n := len(c); n > dot+1; n-- {
		if isAlnum(c[n-1]) {
			return true // the dot is inside
		}
		if seen&dots == 0 {
			break
		}
	}
	return false
}

// inWord reports whether letters beyond ASCII stand right beside s[i:j], of
// which it would be only a part. Scripts that are written without spaces,
// from Thai on, are no part of it.
func (f *finder) inWord(i, j int) bool {
	const thai = 0xe00
	before, _ := utf8.DecodeLastRuneInString(f.s[:i])
	after, _ := utf8.DecodeRuneInString(f.s[j:])
	return before >= utf8.RuneSelf && before < thai && unicode.IsLetter(before) ||
		after >= utf8.RuneSelf && after < thai && unicode.IsLetter(after)
}

func isAlnum(b byte) bool {
	return b >= 'a' && b <= 'z' || b >= 'A' && b <= 'Z' || b >= '0' && b <= '9'
}
