//go:build unix

package sitemap

import (
	"strings"
	"syscall"
	"testing"
	"time"

	"tipoff/sources"
	"tipoff/sources/feed"
)

// Many small pieces, long names and many namespaces take no more than their
// bytes.
func TestHostileSitemapsAreReadInTime(t *testing.T) {
	const size = 512 << 10
	fill := func(s string) string { return strings.Repeat(s, size/len(s)) }
	name := strings.Repeat("x", size)
	for _, body := range []string{
		urlset("<url><loc>" + fill("<!---->a") + "</loc></url>"),
		urlset("<url><" + name + ">" + fill("<!---->a") + "</" + name + "></url>"),
		urlset(fill("<url xmlns:a='b'><c xmlns:d='e'/></url>")),
		urlset(fill("<url><loc>/a</loc></url>")),
		urlset("<url>" + fill("<a></b>") + "</url>"),
		urlset("<url><loc " + fill("a='b' ") + ">/a</loc></url>"),
		"<urlset><!DOCTYPE " + fill("<!-- a --><b 'c'>"),
		fill("<?xml "),
		urlset(fill("&#8;")),
	} {
		start := cpuTime(t)
		_, err := Read(sources.Source{}, feed.Document{Body: []byte(body), URL: base}, now)
		checkError(t, err)
		if took := cpuTime(t) - start; took > 20*time.Second {
			t.Errorf("%.40s took %v", body, took)
		}
	}
}

// cpuTime is the processor time that this process has used. Unlike the clock's it
// does not depend on what else the machine does.
func cpuTime(t *testing.T) time.Duration {
	t.Helper()
	var r syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &r); err != nil {
		t.Fatal(err)
	}
	return time.Duration(r.Utime.Nano() + r.Stime.Nano())
}
