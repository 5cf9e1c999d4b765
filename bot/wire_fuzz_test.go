package bot_test

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"net"
	"net/netip"
	"strings"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"

	"tipoff/bot"
	"tipoff/sources"
	"tipoff/sources/feed"
	"tipoff/sources/fetch"
)

// FuzzWire sends any bytes as the answer to a request, to every kind of source.
// What comes of it is a state with a reason, or stories within limits.
func FuzzWire(f *testing.F) {
	var packed bytes.Buffer
	z := gzip.NewWriter(&packed)
	if _, err := z.Write([]byte(plainFeed)); err != nil {
		f.Fatal(err)
	}
	if err := z.Close(); err != nil {
		f.Fatal(err)
	}
	body := func(head, text string) string {
		return fmt.Sprintf("HTTP/1.1 200 OK\r\nContent-Length: %d\r\n%s\r\n%s", len(text), head, text)
	}
	for kind := range sources.Kinds {
		for _, answer := range []string{
			body("Content-Type: application/rss+xml; charset=koi8-r\r\nEtag: \"x\"\r\nCache-Control: max-age=99999999999\r\n", plainFeed),
			body("Content-Encoding: gzip\r\n", packed.String()),
			body("Content-Encoding: br\r\n", "x"),
			"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n<rss>\r\nffffffffffff\r\n",
			"HTTP/1.1 200 OK\r\nContent-Length: 99999\r\n\r\n<rss version=\"2.0\"><channel><item><title>One</title></item><item><ti",
			"HTTP/1.1 301 Moved\r\nLocation: http://[::1/\r\n\r\n",
			"HTTP/1.1 429 No\r\nRetry-After: 99999999999999999999\r\nContent-Length: 0\r\n\r\n",
			"HTTP/1.1 304 Not Modified\r\n\r\n", "HTTP/1.1 999 x\r\n\r\n", "HTTP/1.1 103 Early\r\n\r\n", "SSH-2.0-x\r\n", "",
			body("", `{"vulnerabilities":[`+kevEntry+`]}`),
			body("", `{"vulnerabilities":[{"cve":{"id":"CVE-2024-3400","metrics":{"cvssMetricV31":[{"type":"Primary","cvssData":{"baseScore":10}}]}}}]}`),
			body("", "cve,epss\nCVE-2024-3400,0.9\n"),
			body("", `<urlset><url><loc>https://wire.example/1</loc></url></urlset>`),
			body("", `{"version":"https://jsonfeed.org/version/1","title":"x","items":[{"id":1,"content_text":"a","date_published":"x"}]}`),
		} {
			f.Add([]byte(answer), kind)
		}
	}
	answers := make(chan []byte, 1)
	l, err := listenLoopback()
	if err != nil {
		f.Fatal(err)
	}
	f.Cleanup(func() { _ = l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go answerWith(c, answers)
		}
	}()
	client := fetch.New(fetch.Options{
		Timeout: time.Second, Stall: 200 * time.Millisecond, MaxBytes: 1 << 20, AllowPrivate: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")},
	})
	reader := feed.NewReader(client, func() time.Time { return fixed }, bot.Formats)
	f.Fuzz(func(t *testing.T, answer []byte, kind int) {
		answers <- answer
		defer func() {
			select {
			case <-answers: // nobody asked
			default:
			}
		}()
		src := sources.Source{
			Name: "x", URL: "http://" + l.Addr().String() + "/", Kind: sources.Kinds[uint(kind)%uint(len(sources.Kinds))], //nolint:gosec // any will do
			Items: "items", Fields: map[string]string{"title": "title", "url": "url"},
		}
		old := sources.Validators{ETag: `"old"`, Memory: "1"}
		v := reader.Visit(t.Context(), src, old)
		if v.Err != nil {
			if v.Err.Text == "" || v.Err.State == "" || v.Err.State == sources.OK || len(v.Items) > 0 || v.Validators != old {
				t.Errorf("%+v with %d items and %+v", v.Err, len(v.Items), v.Validators)
			}
			return
		}
		if len(v.Items) > 2000 {
			t.Errorf("%d items", len(v.Items))
		}
		for _, i := range v.Items {
			s := i.Story
			for _, text := range []struct {
				s    string
				most int
			}{{s.Title, 500}, {s.Summary, 1200}, {s.Content, 64 << 10}, {s.URL, 4096}, {s.Author, 200}, {i.GUID, 512}, {strings.Join(s.Tags, " "), 21 * 65}} {
				if len(text.s) > text.most || !utf8.ValidString(text.s) || strings.ContainsFunc(text.s, func(r rune) bool { return unicode.IsControl(r) && r != '\n' }) {
					t.Errorf("%d bytes: %.200q", len(text.s), text.s)
				}
			}
			if s.Title == "" || s.Published.After(fixed) || s.URL != "" && !strings.HasPrefix(s.URL, "http") {
				t.Errorf("%+v", s)
			}
		}
	})
}

// answerWith answers one request with any bytes, and hangs up.
func answerWith(c net.Conn, answers <-chan []byte) {
	defer c.Close()
	var request [4096]byte
	if _, err := c.Read(request[:]); err != nil {
		return
	}
	select {
	case answer := <-answers:
		_, _ = c.Write(answer)
	default: // it came by a redirect of the answer's
	}
}
