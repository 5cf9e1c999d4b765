package fetch

import (
	"fmt"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"syscall"
)

// refused4 are the IPv4 ranges that are not the public internet.
// https://www.iana.org/assignments/iana-ipv4-special-registry/
var refused4 = prefixes(
	"0.0.0.0/8",       // this network
	"10.0.0.0/8",      // private
	"100.64.0.0/10",   // carrier-grade NAT
	"127.0.0.0/8",     // loopback
	"169.254.0.0/16",  // link-local, where clouds keep their metadata
	"172.16.0.0/12",   // private
	"192.0.0.0/24",    // protocol assignments
	"192.0.2.0/24",    // documentation
	"192.88.99.0/24",  // 6to4 relays
	"192.168.0.0/16",  // private
	"198.18.0.0/15",   // benchmarking
	"198.51.100.0/24", // documentation
	"203.0.113.0/24",  // documentation
	"224.0.0.0/4",     // multicast
	"240.0.0.0/4",     // reserved, and broadcast
)

// global6 is all of IPv6 that is given out for the public internet. What is
// not in it (loopback, unique local, link-local, multicast, discard, ...) is
// refused, and so are the ranges in refused6 within it.
// https://www.iana.org/assignments/iana-ipv6-special-registry/
var (
	global6  = netip.MustParsePrefix("2000::/3")
	refused6 = prefixes(
		"2001::/23",     // protocol assignments: Teredo, benchmarking, ORCHID
		"2001:db8::/32", // documentation
		"2002::/16",     // 6to4
		"3fff::/20",     // documentation
	)
	// nat64 is how a host without IPv4 reaches one that has nothing else: the
	// last four bytes are the IPv4 address, and that is what counts.
	nat64 = netip.MustParsePrefix("64:ff9b::/96")
)

func prefixes(list ...string) []netip.Prefix {
	ps := make([]netip.Prefix, len(list))
	for i, s := range list {
		ps[i] = netip.MustParsePrefix(s)
	}
	return ps
}

// guard decides which addresses may be connected to. It holds the prefixes
// that are allowed although they are not public.
type guard []netip.Prefix

// control is a net.Dialer's Control: it sees the address that is really
// dialled, after the name was looked up, for every redirect and every retry.
// A name that answers differently the second time gains nothing.
func (g guard) control(_, address string, _ syscall.RawConn) error {
	ap, err := netip.ParseAddrPort(address)
	if err != nil {
		return fmt.Errorf("address %q: %w", address, err)
	}
	return g.check(ap.Addr())
}

func (g guard) check(a netip.Addr) error {
	a = plain(a)
	within := func(p netip.Prefix) bool { return p.Contains(a) }
	if slices.ContainsFunc(g, func(p netip.Prefix) bool { return within(unmap(p)) }) {
		return nil
	}
	public := false
	if a.Is4() {
		public = !slices.ContainsFunc(refused4, within)
	} else {
		public = global6.Contains(a) && !slices.ContainsFunc(refused6, within)
	}
	if !public {
		return &refusedError{addr: a}
	}
	return nil
}

// plain undoes the ways to write an IPv4 address as an IPv6 one.
func plain(a netip.Addr) netip.Addr {
	a = a.WithZone("").Unmap()
	if nat64.Contains(a) {
		b := a.As16()
		return netip.AddrFrom4([4]byte(b[12:]))
	}
	return a
}

// unmap makes a prefix of mapped addresses (::ffff:10.0.0.0/104) one of IPv4.
func unmap(p netip.Prefix) netip.Prefix {
	if p.Addr().Is4In6() && p.Bits() >= 96 {
		return netip.PrefixFrom(p.Addr().Unmap(), p.Bits()-96)
	}
	return p
}

// checkURL refuses what is not a web address. Through a proxy, which dials
// instead of us, it also checks the hosts that are written as an address.
func (c *Client) checkURL(u *url.URL, proxied bool) error {
	if u.Scheme != "http" && u.Scheme != "https" {
		return errScheme
	}
	host := u.Hostname()
	if host == "" {
		return errBadURL
	}
	if !proxied {
		return nil
	}
	if a, err := netip.ParseAddr(host); err == nil {
		return guard(c.opt.AllowPrivate).check(a)
	}
	if name := strings.ToLower(strings.TrimSuffix(host, ".")); name == "localhost" || strings.HasSuffix(name, ".localhost") {
		return guard(c.opt.AllowPrivate).check(netip.AddrFrom4([4]byte{127, 0, 0, 1}))
	}
	return nil
}

type refusedError struct{ addr netip.Addr }

func (e *refusedError) Error() string {
	return "address " + e.addr.String() + " is not public"
}
