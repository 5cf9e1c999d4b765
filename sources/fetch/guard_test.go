package fetch

import (
	"net/netip"
	"strings"
	"testing"

	"tipoff/sources"
)

func TestGuard(t *testing.T) {
	for _, c := range []struct {
		list    string
		allow   string
		refused bool
	}{
		{"0.0.0.0 0.1.2.3 10.0.0.1 10.255.255.255 100.64.0.1 100.127.255.255 127.0.0.1 127.9.9.9 169.254.169.254", "", true},
		{"172.16.0.1 172.31.255.255 192.0.0.1 192.0.2.1 192.88.99.1 192.168.1.1 198.18.0.1 198.19.255.255", "", true},
		{"198.51.100.7 203.0.113.7 224.0.0.1 239.255.255.255 240.0.0.1 255.255.255.255", "", true},
		{":: ::1 ::127.0.0.1 ::8.8.8.8 100::1 fc00::1 fd12::1 fe80::1 fe80::1%eth0 fec0::1 ff02::1 64:ff9b:1::1 5f00::1", "", true},
		{"2001::1 2001:2::1 2001:20::1 2001:db8::1 2002:7f00:1::1 2002:808:808::1 3fff::1", "", true},
		{"::ffff:127.0.0.1 ::ffff:10.0.0.1 ::ffff:169.254.169.254 64:ff9b::7f00:1 64:ff9b::a9fe:a9fe", "", true},
		{"1.1.1.1 8.8.8.8 9.255.255.255 11.0.0.1 100.63.255.255 100.128.0.1 172.15.255.255 172.32.0.1 192.167.255.255 223.255.255.255", "", false},
		{"2606:4700::1111 2a00:1450::1 2001:4860:4860::8888 ::ffff:8.8.8.8 64:ff9b::808:808", "", false},
		{"10.1.2.3 ::ffff:10.1.2.3 64:ff9b::a01:203", "10.0.0.0/8", false},
		{"10.1.2.3", "::ffff:10.0.0.0/104", false},
		{"10.2.0.1 127.0.0.1 ::1", "10.1.0.0/16", true},
		{"::1", "::1/128", false},
		{"fd12::1", "fd00::/8", false},
	} {
		var g guard
		if c.allow != "" {
			g = guard{netip.MustParsePrefix(c.allow)}
		}
		for s := range strings.FieldsSeq(c.list) {
			if err := g.check(netip.MustParseAddr(s)); (err != nil) != c.refused {
				t.Errorf("%s, allowed %q: got %v, want refused %v", s, c.allow, err, c.refused)
			}
		}
	}
}

func TestGuardSeesWhatIsDialled(t *testing.T) {
	for _, u := range []string{"http://127.0.0.1:9/", "http://localhost:9/", "http://[::1]:9/", "http://0.0.0.0:9/", "http://[::ffff:127.0.0.1]:9/"} {
		_, err := newClient(t, Options{AllowPrivate: []netip.Prefix{}}).Get(t.Context(), Request{URL: u})
		if err == nil {
			t.Fatalf("%s was fetched", u)
		}
		if err.State != sources.Blocked {
			t.Errorf("%s: got %+v, want it blocked", u, err)
		}
	}
	for u, want := range map[string]string{
		"http://127.0.0.1:9/": "the address 127.0.0.1 is not public: if it is meant, add 127.0.0.1/32 to fetch.allow_private",
		"http://localhost:9/": "localhost leads to the address 127.0.0.1, which is not public: if it is meant, add 127.0.0.1/32 to fetch.allow_private",
	} {
		_, err := newClient(t, Options{AllowPrivate: []netip.Prefix{}}).Get(t.Context(), Request{URL: u})
		if got := strings.ReplaceAll(strings.ReplaceAll(err.Text, "::1", "127.0.0.1"), "/128", "/32"); got != want {
			t.Errorf("got %q\nwant %q", got, want)
		}
	}
	if err := (guard{}).control("tcp", "not an address", nil); err == nil {
		t.Error("an address that cannot be read is dialled")
	}
}
