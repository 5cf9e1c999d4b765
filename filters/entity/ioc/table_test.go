package ioc

import (
	"strings"
	"testing"

	"golang.org/x/net/publicsuffix"
)

func TestTopLevelDomains(t *testing.T) {
	previous := ""
	for name := range namesIn(tldSource) {
		if name <= previous {
			t.Errorf("%q comes after %q", name, previous)
		}
		previous = name
		// Of some, the Public Suffix List only has what may stand below them.
		if _, real := publicsuffix.PublicSuffix("x." + name); !real {
			t.Errorf("%q is no top-level domain", name)
		}
	}
	for _, name := range []string{"com", "ru", "zip", "xn--p1ai", "onion", "uk", "ck"} {
		if !topLevel()[name] {
			t.Errorf("%q is missing", name)
		}
	}
}

func TestStopListIsWellFormed(t *testing.T) {
	seen := map[string]bool{}
	for name := range namesIn(benignSource) {
		domain := strings.TrimPrefix(name, "@")
		if seen[domain] {
			t.Errorf("%q is there twice", domain)
		}
		seen[domain] = true
		if _, above, ok := strings.Cut(domain, "."); ok && isBenign(above) {
			t.Errorf("%q is there already by a name above it", domain)
		}
		if _, ok := parseDomain("x." + domain); !ok {
			t.Errorf("%q is no domain", domain)
		}
	}
	if !isMailProvider("proton.me") || isMailProvider("microsoft.com") || !isBenign("proton.me") {
		t.Error("mail providers are not told from others")
	}
}
