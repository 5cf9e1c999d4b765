//go:build unix

package feed

import (
	"strings"
	"syscall"
	"testing"
	"time"
)

// What passes the check must not take long, and what would must not pass.
func TestBombs(t *testing.T) {
	const megabyte = 1 << 20
	fill := func(before, unit, after string) string {
		return before + strings.Repeat(unit, (megabyte-len(before))/len(unit)) + after
	}
	for name, doc := range map[string]string{
		"deep extension":        fill(`<rss xmlns:x="y"><channel>`, "<x:a>", ""),
		"just not too deep":     `<rss xmlns:x="y"><channel>` + strings.Repeat("<x:a>", fewTags-2),
		"namespaces":            fill(`<rss`+strings.Repeat(` xmlns:a="b"`, 25_000)+`><channel>`, "<a/>", "</channel></rss>"),
		"text in pieces":        fill(`<rss xmlns:x="y"><channel><x:a>`, "t<!---->", "</x:a></channel></rss>"),
		"open tags in HTML":     fill("<rss><channel><item><description>", "&lt;svg&gt;&lt;", "</description></item></channel></rss>"),
		"ampersands":            fill("<rss><channel><item><title>", "&amp;", "</title></item></channel></rss>"),
		"attributes":            fill("<rss><channel><item ", "a='' ", "/></channel></rss>"),
		"categories":            fill("<rss><channel><item><title>x</title>", "<category>c</category>", "</item></channel></rss>"),
		"items of one link":     fill("<rss><channel>", "<item><link>http://a.example/</link></item>", "</channel></rss>"),
		"nested JSON":           fill(`{"version":"jsonfeed.org","items":`, "[", ""),
		"combining marks":       fill("<rss><channel><item><title>a", "\u0301", "</title></item></channel></rss>"),
		"comments in HTML":      fill("<rss><channel><item><description>", "&lt;!--", "</description></item></channel></rss>"),
		"nested HTML in Atom":   fill(`<feed xmlns="http://www.w3.org/2005/Atom"><entry><content type="html">`, "&lt;b>", "</content></entry></feed>"),
		"footers without end":   fill("<rss><channel><item><description>", "The post ", "</description></item></channel></rss>"),
		"links to nowhere":      fill("<rss><channel><item><link>http://a.example/", "%", "</link></item></channel></rss>"),
		"relative links upward": fill("<rss><channel><item><link>", "../", "</link></item></channel></rss>"),
	} {
		t.Run(name, func(t *testing.T) {
			start := cpuTime(t)
			f, err := Parse([]byte(doc), "", base, now)
			checkFeed(t, f, err)
			if d := cpuTime(t) - start; d > 20*time.Second {
				t.Errorf("took %v", d)
			} else {
				t.Log(d, err)
			}
		})
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
