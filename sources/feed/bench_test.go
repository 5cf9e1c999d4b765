package feed

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/mmcdole/gofeed"
)

// sample is a feed as most are: 30 items of some 500 bytes, their summaries in
// plain words or in HTML.
func sample(html bool) []byte {
	var b strings.Builder
	b.WriteString(`<?xml version="1.0" encoding="UTF-8"?><rss version="2.0" xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:content="http://purl.org/rss/1.0/modules/content/"><channel><title>News</title><link>https://news.example.com/</link><language>en-us</language>`)
	for n := range 30 {
		text := "The committee met on Sunday and found that the report was late, incomplete and in part wrong; a new one is due in March."
		if html {
			text = "&lt;p&gt;The committee met on &lt;b&gt;Sunday&lt;/b&gt; &amp;amp; found that the &lt;a href=\"https://news.example.com/r\"&gt;report&lt;/a&gt; was late and in part wrong.&lt;/p&gt;"
		}
		fmt.Fprintf(&b, `<item><title>Committee finds report number %d late</title><link>https://news.example.com/2024/02/report-%d?utm_source=rss</link><guid isPermaLink="false">https://news.example.com/?p=%d</guid><pubDate>Sun, 18 Feb 2024 09:%02d:00 +0000</pubDate><dc:creator>Jo Doe</dc:creator><category>Politics</category><category>Reports</category><description>%s</description></item>`, n, n, n, n, text)
	}
	b.WriteString("</channel></rss>")
	return []byte(b.String())
}

// BenchmarkParse measures Parse, and reports its time as a ratio to gofeed's
// own on the same bytes. The two run in turns, so that whatever else the
// machine does hits both.
func BenchmarkParse(b *testing.B) {
	for _, c := range []struct {
		name string
		html bool
	}{{"plain", false}, {"html", true}} {
		b.Run(c.name, func(b *testing.B) {
			body := sample(c.html)
			var ours, theirs time.Duration
			for b.Loop() {
				start := time.Now()
				if _, err := gofeed.NewParser().Parse(bytes.NewReader(body)); err != nil {
					b.Fatal(err)
				}
				between := time.Now()
				if _, err := Parse(body, "", base, now); err != nil {
					b.Fatal(err)
				}
				ours += time.Since(between)
				theirs += between.Sub(start)
			}
			b.ReportMetric(float64(ours)/float64(b.N), "ns/Parse")
			b.ReportMetric(float64(ours)/float64(theirs), "x-gofeed")
		})
	}
}
