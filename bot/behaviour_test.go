package bot_test

import (
	"bytes"
	"compress/gzip"
	"compress/zlib"
	"encoding/base64"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/andybalholm/brotli"
	"github.com/klauspost/compress/zstd"

	"tipoff/sources"
	"tipoff/sources/fetch"
	"tipoff/sources/story"
)

// behaviour is one thing that a server does, and what becomes of it.
type behaviour struct {
	name   string
	change func(w *world) // before the source is made; may be nil
	run    func(w *world)
}

// TestBehaviours has a row for each behaviour that the manual promises of a
// source, each against a real server, through the program's own way from the
// request to the archive.
func TestBehaviours(t *testing.T) {
	t.Parallel()
	for part, rows := range map[string][]behaviour{
		"asking": asking, "waiting": waiting, "encoding": encoding, "identifying": identifying,
		"guarding": guarding, "reading": reading, "dating": dating, "kinds": otherKinds, "full text": fullText, "health": healthy,
	} {
		t.Run(part, func(t *testing.T) {
			t.Parallel()
			for _, row := range rows {
				t.Run(row.name, func(t *testing.T) {
					t.Parallel()
					row.run(newWorld(t, row.change))
				})
			}
		})
	}
}

var plainFeed = rss(item(1, "One"))

var asking = []behaviour{
	{"an ETag is sent back and a 304 costs nothing", nil, func(w *world) {
		w.serve(func(rw http.ResponseWriter, r *http.Request) {
			if r.Header.Get("If-None-Match") == `"v1"` {
				rw.WriteHeader(http.StatusNotModified)
				return
			}
			rw.Header().Set("Etag", `"v1"`)
			_, _ = rw.Write([]byte(plainFeed))
		})
		w.poll(0)
		st := w.poll(time.Hour)
		w.want("the second visit", fmt.Sprintln(w.visit().Status, w.visit().Unchanged, st.State), "304 true ok\n")
	}},
	{"a Last-Modified is sent back as it came", nil, func(w *world) {
		const date = "Mon, 02 Nov 2026 11:00:00 GMT"
		w.answer(200, plainFeed, "Last-Modified: "+date)
		w.poll(0)
		w.poll(time.Hour)
		w.want("If-Modified-Since", w.request().Header.Get("If-Modified-Since"), date)
	}},
	{"the same bytes without validators are unchanged", nil, func(w *world) {
		w.answer(200, plainFeed)
		w.poll(0)
		w.poll(time.Hour)
		w.want("the second visit is unchanged", w.visit().Unchanged, true)
	}},
	{"a permanent redirect is remembered", nil, func(w *world) {
		w.serve(redirect("/feed", "/new", http.StatusMovedPermanently, plainFeed))
		st := w.poll(0)
		w.want("moved to", st.MovedTo, w.server.URL+"/new")
		before := w.asked()
		w.poll(time.Hour)
		w.want("requests of the second visit", fmt.Sprintln(w.asked()-before, w.request().URL.Path), "1 /new\n")
	}},
	{"a temporary redirect is not", nil, func(w *world) {
		w.serve(redirect("/feed", "/new", http.StatusFound, plainFeed))
		st := w.poll(0)
		w.want("moved to", st.MovedTo, "")
		before := w.asked()
		w.poll(time.Hour)
		w.want("requests of the second visit", w.asked()-before, 2)
	}},
	{"a source that is gone is not asked again", nil, func(w *world) {
		w.answer(410, "")
		st := w.poll(0)
		w.want("state", st.State, sources.Gone)
		w.poll(1000 * time.Hour)
		w.want("requests", w.asked(), 1)
	}},
	{"headers of the source", func(w *world) { w.source.Headers = map[string]string{"X-Api-Key": "k"} }, func(w *world) {
		w.answer(200, plainFeed)
		w.poll(0)
		w.want("the header", w.request().Header.Get("X-Api-Key"), "k")
	}},
	{"basic authentication", func(w *world) { w.source.BasicAuth = "ann:secret" }, func(w *world) {
		w.answer(200, plainFeed)
		w.poll(0)
		w.want("the header", w.request().Header.Get("Authorization"), "Basic "+base64.StdEncoding.EncodeToString([]byte("ann:secret")))
	}},
	{"a redirect to another host gets neither", func(w *world) {
		w.source.Headers, w.source.BasicAuth = map[string]string{"X-Api-Key": "k"}, "ann:secret"
	}, func(w *world) {
		heads := make(chan http.Header, 1)
		other := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
			heads <- r.Header
			_, _ = rw.Write([]byte(plainFeed))
		}))
		defer other.Close()
		w.serve(func(rw http.ResponseWriter, r *http.Request) { http.Redirect(rw, r, other.URL, http.StatusFound) })
		w.poll(0)
		head := <-heads
		w.want("the headers", head.Get("X-Api-Key")+head.Get("Authorization"), "")
		w.only()
	}},
	{"a proxy", func(w *world) {
		w.source.Proxy = w.server.URL
		w.source.URL = "http://feed.example/feed"
	}, func(w *world) {
		w.answer(200, plainFeed)
		w.poll(0)
		w.want("asked of the proxy", w.request().URL.String(), "http://feed.example/feed")
		w.only()
	}},
	{"an honest user agent with a contact", nil, func(w *world) {
		w.answer(200, plainFeed)
		w.poll(0)
		w.want("User-Agent", w.request().UserAgent(), "Tipoff/1 (+ops@desk.example)")
	}},
	{"no more requests to a host at a time than allowed", func(w *world) {
		w.patch = func(o *fetch.Options) { o.PerHost = 2 }
	}, func(w *world) {
		// Two meet within the server, or nobody gets an answer; a third one at
		// the same time would be seen by one of them.
		here := make(chan struct{}, 100)
		w.serve(func(rw http.ResponseWriter, _ *http.Request) {
			here <- struct{}{}
			defer func() { <-here }()
			if len(here) > 2 {
				rw.WriteHeader(http.StatusTeapot)
				return
			}
			_, _ = rw.Write([]byte(plainFeed))
		})
		c := fetch.New(fetch.Options{PerHost: 2, AllowPrivate: []netip.Prefix{netip.MustParsePrefix("127.0.0.1/32")}})
		errs := make(chan *sources.Error, 20)
		for range cap(errs) {
			go func() {
				_, err := c.Get(w.Context(), fetch.Request{URL: w.server.URL})
				errs <- err
			}()
		}
		for range cap(errs) {
			if err := <-errs; err != nil {
				w.Errorf("a request beyond the limit: %v", err)
			}
		}
	}},
}

// redirect answers one path with a redirect and the other with a body.
func redirect(from, to string, status int, body string) http.HandlerFunc {
	return func(rw http.ResponseWriter, r *http.Request) {
		if r.URL.Path == from {
			http.Redirect(rw, r, to, status)
			return
		}
		_, _ = rw.Write([]byte(body))
	}
}

// puts is a behaviour of an answer that puts the next poll off.
func puts(name string, off time.Duration, status int, body string, headers ...string) behaviour {
	return behaviour{name, nil, func(w *world) {
		w.answer(status, body, headers...)
		st := w.poll(0)
		w.want("the wait", w.wait(st), off)
		w.want("the next poll", st.NextPoll, fixed.Add(off))
		if status == http.StatusOK {
			return // a person may poll before, see `tipoff poll`
		}
		w.poll(off - time.Second)
		w.want("requests a second before", w.asked(), 1)
		w.poll(time.Second)
		w.want("requests then", w.asked(), 2)
	}}
}

var waiting = []behaviour{
	puts("Retry-After in seconds", 2*time.Hour, 429, "", "Retry-After: 7200"),
	puts("Retry-After as a date", 3*time.Hour, 503, "", "Retry-After: "+fixed.Add(3*time.Hour).Format(http.TimeFormat)),
	puts("Cache-Control", 30*time.Minute, 200, plainFeed, "Cache-Control: public, max-age=1800"),
	puts("Cache-Control, up to the patience", time.Hour, 200, plainFeed, "Cache-Control: max-age=999999"),
	puts("Expires", 40*time.Minute, 200, plainFeed, "Date: "+fixed.Format(http.TimeFormat), "Expires: "+fixed.Add(40*time.Minute).Format(http.TimeFormat)),
	puts("ttl", 45*time.Minute, 200, rss("<ttl>45</ttl>", item(1, "One"))),
	puts("skipHours", time.Hour, 200, rss("<skipHours><hour>12</hour></skipHours>", item(1, "One"))),
	puts("skipDays", 12*time.Hour, 200, rss("<skipDays><day>Monday</day></skipDays>", item(1, "One"))),
	puts("sy:updatePeriod", 30*time.Minute, 200, rss("<sy:updatePeriod>hourly</sy:updatePeriod><sy:updateFrequency>2</sy:updateFrequency>", item(1, "One"))),
	{"failures put it off longer and longer, with jitter", nil, func(w *world) {
		w.answer(500, "")
		var waits []time.Duration
		for range 12 {
			st := w.poll(3 * time.Hour)
			waits = append(waits, w.wait(st))
		}
		odd := 0
		for i, wait := range waits {
			least := min(time.Minute<<i, 2*time.Hour) * 85 / 100
			if wait < least || wait > 2*time.Hour*115/100 {
				w.Errorf("after %d failures it waits %s, want at least %s", i+1, wait, least)
			}
			if wait%time.Minute != 0 {
				odd++
			}
		}
		if odd == 0 {
			w.Errorf("no jitter in %v", waits)
		}
		w.answer(200, plainFeed)
		if st := w.poll(3 * time.Hour); st.State != sources.OK || st.Failures != 0 || w.wait(st) > 0 {
			w.Errorf("after it is well again: %+v", st)
		}
	}},
}

// coded is a behaviour of a body in a content coding.
func coded(coding string, write func(io.Writer) io.WriteCloser) behaviour {
	return behaviour{coding, nil, func(w *world) {
		var b bytes.Buffer
		z := write(&b)
		_, err := z.Write([]byte(plainFeed))
		w.must(err)
		w.must(z.Close())
		w.answer(200, b.String(), "Content-Encoding: "+coding)
		w.poll(0)
		w.want("the story", w.only().Title, "One")
		if accepted := w.request().Header.Get("Accept-Encoding"); !strings.Contains(accepted, coding) {
			w.Errorf("asked for %q", accepted)
		}
	}}
}

var encoding = []behaviour{
	coded("gzip", func(w io.Writer) io.WriteCloser { return gzip.NewWriter(w) }),
	coded("deflate", func(w io.Writer) io.WriteCloser { return zlib.NewWriter(w) }),
	coded("br", func(w io.Writer) io.WriteCloser { return brotli.NewWriter(w) }),
	coded("zstd", func(w io.Writer) io.WriteCloser {
		z, err := zstd.NewWriter(w)
		if err != nil {
			panic(err)
		}
		return z
	}),
	{"a decompression bomb", nil, func(w *world) {
		var b bytes.Buffer
		z := gzip.NewWriter(&b)
		_, err := io.CopyN(z, zeroes{}, 1<<20)
		w.must(err)
		w.must(z.Close())
		// What follows a gzip file in a gzip file goes on with it.
		w.answer(200, strings.Repeat(b.String(), 64), "Content-Encoding: gzip")
		w.fails(sources.Failing, "larger than 1 MiB")
	}},
	{"an endless body", nil, func(w *world) {
		w.serve(func(rw http.ResponseWriter, _ *http.Request) { _, _ = io.Copy(rw, zeroes{}) })
		w.fails(sources.Failing, "larger than 1 MiB")
	}},
	{"an answer that never comes", func(w *world) {
		w.patch = func(o *fetch.Options) { o.Timeout = 50 * time.Millisecond }
	}, func(w *world) {
		w.serve(func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
		w.fails(sources.Failing, "did not answer in full within")
	}},
	{"an answer that stops in the middle", func(w *world) {
		w.patch = func(o *fetch.Options) { o.Stall = 50 * time.Millisecond }
	}, func(w *world) {
		w.serve(func(rw http.ResponseWriter, r *http.Request) {
			_, _ = rw.Write([]byte(plainFeed[:100]))
			_ = http.NewResponseController(rw).Flush()
			<-r.Context().Done()
		})
		w.fails(sources.Failing, "stopped in the middle")
	}},
}

type zeroes struct{}

func (zeroes) Read(p []byte) (int, error) {
	clear(p)
	return len(p), nil
}

// fails polls and expects a state and a part of its reason.
func (w *world) fails(state sources.State, reason string) {
	w.Helper()
	if st := w.poll(0); st.State != state || !strings.Contains(st.Error, reason) {
		w.Errorf("it is %s: %q, want %s: %q", st.State, st.Error, state, reason)
	}
}

var identifying = []behaviour{
	{"a feed that changes its ids is a baseline and no flood", nil, func(w *world) {
		w.answer(200, rss(item(1, "One"), item(2, "Two")))
		w.poll(0)
		w.answer(200, strings.NewReplacer("<guid>", "<guid>new-", "wire.example/", "wire.example/new/").Replace(rss(item(1, "One"), item(2, "Two"))))
		w.poll(time.Hour)
		w.want("stories", w.titles(), "One | Two")
	}},
	{"duplicate guids of different items", nil, func(w *world) {
		w.answer(200, rss(`<item><guid>x</guid><link>https://wire.example/a</link><title>A</title></item><item><guid>x</guid><link>https://wire.example/b</link><title>B</title></item>`))
		w.poll(0)
		w.want("stories", len(w.stories()), 2)
	}},
	{"items without a guid are known by their links", nil, func(w *world) {
		w.answer(200, rss(`<item><link>https://wire.example/a</link><title>A</title></item>`))
		w.poll(0)
		w.answer(200, rss(`<item><link>https://wire.example/a?utm_source=x</link><title>A, corrected</title></item>`))
		w.poll(time.Hour)
		w.want("the story", w.only().Title, "A, corrected")
	}},
	{"items without a link", nil, func(w *world) {
		w.answer(200, rss(`<item><guid isPermaLink="false">7</guid><title>A</title></item>`))
		w.poll(0)
		w.want("the story", w.only().Title+w.only().URL, "A")
	}},
	{"items without a title", nil, func(w *world) {
		w.answer(200, rss(`<item><link>https://wire.example/a</link><description>First words. More of them.</description></item>`))
		w.poll(0)
		w.want("the story", w.only().Title, "First words")
	}},
	{"items without anything", nil, func(w *world) {
		w.answer(200, rss(`<item></item>`, item(1, "One")))
		w.poll(0)
		w.want("the story", w.only().Title, "One")
		w.want("left out", w.visit().Skipped, 1)
	}},
}

// refuses is a behaviour of an address that must not be asked.
func refuses(name, address string) behaviour {
	return behaviour{name, func(w *world) {
		_, port, _ := strings.Cut(strings.TrimPrefix(w.server.URL, "http://"), ":")
		w.source.URL = strings.ReplaceAll(address, "PORT", port)
		w.patch = func(o *fetch.Options) { o.AllowPrivate = nil }
	}, func(w *world) {
		w.answer(200, plainFeed)
		w.fails(sources.Blocked, "not public")
		w.want("requests", w.asked(), 0)
	}}
}

// refusesHop is a behaviour of a redirect that must not be followed.
func refusesHop(name, to string, state sources.State, reason string) behaviour {
	return behaviour{name, nil, func(w *world) {
		_, port, _ := strings.Cut(strings.TrimPrefix(w.server.URL, "http://"), ":")
		w.serve(func(rw http.ResponseWriter, _ *http.Request) {
			rw.Header().Set("Location", strings.ReplaceAll(to, "PORT", port))
			rw.WriteHeader(http.StatusFound)
		})
		w.fails(state, reason)
		w.want("requests", w.asked(), 1)
	}}
}

var guarding = []behaviour{
	refuses("an address of this machine", "http://127.0.0.1:PORT/"),
	refuses("a name that leads to one", "http://localhost:PORT/"),
	refuses("IPv6", "http://[::1]:PORT/"),
	refuses("an IPv4 address mapped to IPv6", "http://[::ffff:127.0.0.1]:PORT/"),
	refuses("a private network", "http://10.0.0.1:PORT/"),
	refuses("the metadata service of a cloud", "http://169.254.169.254/latest/meta-data"),
	refusesHop("a redirect to a private address", "http://127.0.0.2:PORT/", sources.Blocked, "not public"),
	refusesHop("a redirect to a mapped one", "http://[::ffff:10.0.0.1]/", sources.Blocked, "not public"),
	refusesHop("a redirect to a file", "file:///etc/passwd", sources.Failing, "http"),
	refusesHop("a redirect to another protocol", "gopher://wire.example/", sources.Failing, "http"),
	{"redirects without an end", nil, func(w *world) {
		w.serve(func(rw http.ResponseWriter, r *http.Request) {
			http.Redirect(rw, r, fmt.Sprintf("/%d", w.asked()), http.StatusFound)
		})
		w.fails(sources.Failing, "redirects more than")
	}},
	{"a certificate of nobody's", nil, func(w *world) {
		tls := httptest.NewUnstartedServer(http.NotFoundHandler())
		tls.Config.ErrorLog = nil
		tls.StartTLS()
		defer tls.Close()
		w.source.URL = tls.URL
		w.fails(sources.Failing, "certificate")
	}},
	{"entities that grow without end do not grow", nil, func(w *world) {
		w.answer(200, `<!DOCTYPE rss [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>`+strings.TrimPrefix(rss(item(1, "&b;")), `<?xml version="1.0"?>`))
		w.poll(0)
		w.want("the story", w.only().Title, "&b;")
	}},
	{"an entity from outside is not fetched", nil, func(w *world) {
		w.answer(200, `<!DOCTYPE rss [<!ENTITY x SYSTEM "`+w.server.URL+`/secret">]>`+strings.TrimPrefix(rss(item(1, "&x;")), `<?xml version="1.0"?>`))
		w.poll(0)
		w.want("the story and the requests", fmt.Sprintln(w.only().Title, w.asked()), "&x; 1\n")
	}},
}

// ofKind makes the source one of another kind.
func ofKind(k sources.Kind) func(*world) { return func(w *world) { w.source.Kind = k } }

const kevEntry = `{"cveID":"CVE-2024-3400","vendorProject":"Palo Alto","product":"PAN-OS","vulnerabilityName":"Palo Alto PAN-OS Injection","dateAdded":"2024-04-12","shortDescription":"x","requiredAction":"y","dueDate":"2024-04-19","knownRansomwareCampaignUse":"Unknown"}`

var otherKinds = []behaviour{
	{"KEV: additions, ransomware and due dates are stories", ofKind(sources.KEV), func(w *world) {
		catalogue := `{"title":"CISA","catalogVersion":"1","count":1,"vulnerabilities":[` + kevEntry + `]}`
		w.answer(200, catalogue)
		w.poll(0)
		if s := w.only(); !strings.Contains(s.Title, "added to KEV") {
			w.Errorf("the addition is %q", s.Title)
		}
		w.want("facts", w.visit().Facts.CVEs, "[{CVE-2024-3400 true 0 0}]")
		w.answer(200, strings.NewReplacer("Unknown", "Known", "2024-04-19", "2024-05-01").Replace(catalogue))
		w.poll(time.Hour)
		if all := w.titles(); !strings.Contains(all, "ransomware") || !strings.Contains(all, "2024-05-01") && !strings.Contains(all, "1 May 2024") {
			w.Errorf("the changes are %s", all)
		}
	}},
	{"EPSS: facts and no stories", ofKind(sources.EPSS), func(w *world) {
		w.answer(200, "cve,epss,percentile\nCVE-2024-3400,0.9,1\n")
		st := w.poll(0)
		w.want("state", fmt.Sprintln(st.State, len(w.stories()), w.visit().Facts.CVEs), "ok 0 [{CVE-2024-3400 false 0 0.9}]\n")
	}},
	{"NVD: facts and no stories", ofKind(sources.NVD), func(w *world) {
		w.answer(200, `{"vulnerabilities":[{"cve":{"id":"CVE-2024-3400","metrics":{"cvssMetricV31":[{"type":"Primary","cvssData":{"baseScore":10}}]}}}]}`)
		st := w.poll(0)
		w.want("state", fmt.Sprintln(st.State, len(w.stories()), w.visit().Facts.CVEs), "ok 0 [{CVE-2024-3400 false 10 0}]\n")
	}},
	{"JSON with paths", func(w *world) {
		w.source.Kind, w.source.Items, w.source.Fields = sources.JSON, "data.list", map[string]string{"title": "{id}: {name}", "url": "https://wire.example/{id}"}
	}, func(w *world) {
		w.answer(200, `{"data":{"list":[{"id":7,"name":"One"}]}}`)
		w.poll(0)
		w.want("the story", w.only().Title+" "+w.only().URL, "7: One https://wire.example/7")
		w.answer(200, `{"error":"no"}`)
		if st := w.poll(time.Hour); st.State != sources.Failing || !strings.Contains(st.Error, "nothing at \"data.list\"") {
			w.Errorf("%s: %s", st.State, st.Error)
		}
	}},
	{"a page with selectors", func(w *world) {
		w.source.Kind, w.source.Items, w.source.Fields = sources.Page, "li", map[string]string{"summary": "p"}
	}, func(w *world) {
		w.answer(200, `<ul><li><a href="/1">One</a><p>Brief.</p></li></ul>`, "Content-Type: text/html")
		w.poll(0)
		w.want("the story", w.only().Title+" "+w.only().URL+" "+w.only().Summary, "One "+w.server.URL+"/1 Brief.")
		w.answer(200, `<div>made anew</div>`, "Content-Type: text/html")
		if st := w.poll(time.Hour); st.State != sources.Failing || !strings.Contains(st.Error, "made anew") {
			w.Errorf("%s: %s", st.State, st.Error)
		}
	}},
	{"a news sitemap", ofKind(sources.Sitemap), func(w *world) {
		w.answer(200, `<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9" xmlns:news="http://www.google.com/schemas/sitemap-news/0.9"><url><loc>https://wire.example/1</loc><news:news><news:title>One</news:title><news:publication_date>2026-11-01</news:publication_date></news:news></url></urlset>`)
		w.poll(0)
		w.want("the story", w.only().Title+w.only().URL, "Onehttps://wire.example/1")
	}},
}

const longSentence = "The contractor sold access to the mail of ministries in several countries, by the files. "

// withArticles serves a feed of stories with one sentence each, and a page for
// each story, after a baseline of one.
func withArticles(w *world, robots string, stories ...string) {
	news := []string{}
	w.serve(func(rw http.ResponseWriter, r *http.Request) {
		switch {
		case r.URL.Path == "/robots.txt":
			_, _ = rw.Write([]byte(robots))
		case r.URL.Path == "/feed":
			_, _ = rw.Write([]byte(rss(append([]string{item(1, "Old")}, news...)...)))
		case strings.Contains(r.URL.Path, "broken"):
			rw.WriteHeader(http.StatusInternalServerError)
		default:
			rw.Header().Set("Content-Type", "text/html")
			_, _ = fmt.Fprintf(rw, "<html><body><nav>Home</nav><article><p>%s</p><p>The word is xylophone. %s</p></article></body></html>", strings.Repeat(longSentence, 5), longSentence)
		}
	})
	w.poll(0)
	for _, s := range stories {
		news = append(news, fmt.Sprintf(`<item><guid>%s</guid><link>%s/%s</link><title>About %s</title><description>One sentence.</description></item>`, s, w.server.URL, s, s))
	}
}

// story is the one with this headline.
func (w *world) story(title string) story.Story {
	w.Helper()
	for _, s := range w.stories() {
		if s.Title == title {
			return s
		}
	}
	w.Fatalf("there is no %q in %s", title, w.titles())
	return story.Story{}
}

func wantsFullText(w *world) { w.source.FullText = true }

var fullText = []behaviour{
	{"the page of a new story is read", wantsFullText, func(w *world) {
		withArticles(w, "", "leak")
		w.poll(time.Hour)
		s := w.story("About leak")
		if s.Summary != "One sentence." || !strings.Contains(s.Content, "xylophone") || strings.Contains(s.Content, "Home") {
			w.Errorf("%q, %q", s.Summary, s.Content)
		}
		w.want("requests", w.asked(), 4) // the feed twice, the robots.txt, one page
	}},
	{"not without full_text", nil, func(w *world) {
		withArticles(w, "", "leak")
		w.poll(time.Hour)
		w.want("the text", w.story("About leak").Content, "")
		w.want("requests", w.asked(), 2)
	}},
	{"a story that stays as it is is not read again, nor taken for edited", wantsFullText, func(w *world) {
		withArticles(w, "", "leak")
		w.poll(time.Hour)
		before := w.asked()
		st := w.poll(time.Hour)
		w.want("requests", w.asked()-before, 1)
		w.want("state", st.State, sources.OK)
		if s := w.story("About leak"); !s.Updated.IsZero() || !strings.Contains(s.Content, "xylophone") {
			w.Errorf("updated %s, %q", s.Updated, s.Content)
		}
	}},
	{"robots.txt is respected", wantsFullText, func(w *world) {
		withArticles(w, "User-agent: *\nDisallow: /leak", "leak")
		st := w.poll(time.Hour)
		w.want("the text", w.story("About leak").Content, "")
		w.want("state", st.State, sources.OK)
		w.want("requests", w.asked(), 3)
	}},
	{"the feed's text stays when the page fails", wantsFullText, func(w *world) {
		withArticles(w, "", "broken", "leak")
		st := w.poll(time.Hour)
		w.want("the text", w.story("About broken").Summary, "One sentence.")
		w.want("state", st.State, sources.OK)
		if s := w.story("About leak"); !strings.Contains(s.Content, "xylophone") {
			w.Errorf("the other one has %q", s.Content)
		}
	}},
	{"an edit keeps the text of the page", wantsFullText, func(w *world) {
		withArticles(w, "", "leak")
		w.poll(time.Hour)
		w.answer(200, rss(item(1, "Old"), fmt.Sprintf(`<item><guid>leak</guid><link>%s/leak</link><title>Corrected</title><description>One sentence.</description></item>`, w.server.URL)))
		w.poll(time.Hour)
		if s := w.story("Corrected"); !strings.Contains(s.Content, "xylophone") {
			w.Errorf("%q", s.Content)
		}
	}},
}

// becomes is a behaviour of an answer that puts the source into a state.
func becomes(state sources.State, status int, headers ...string) behaviour {
	return behaviour{fmt.Sprintf("%d is %s", status, state), nil, func(w *world) {
		w.answer(status, "", headers...)
		st := w.poll(0)
		w.want("state", st.State, state)
		w.want("status", st.LastStatus, status)
		if st.Error == "" || !st.Since.Equal(fixed) {
			w.Errorf("reason %q since %s", st.Error, st.Since)
		}
	}}
}

var healthy = []behaviour{
	becomes(sources.Failing, 404),
	becomes(sources.Failing, 500),
	becomes(sources.Blocked, 401),
	becomes(sources.Blocked, 403),
	becomes(sources.Limited, 429, "Retry-After: 60"),
	becomes(sources.Limited, 503, "Retry-After: 60"),
	becomes(sources.Gone, 410),
	{"new, then ok", nil, func(w *world) {
		_, st, err := w.store.Source(w.Context(), "wire")
		w.must(err)
		w.want("before the first poll", st.State, sources.New)
		w.answer(200, plainFeed)
		st = w.poll(0)
		w.want("after it", fmt.Sprintln(st.State, st.LastOK.Equal(fixed), st.NextPoll.Equal(fixed.Add(10*time.Minute))), "ok true true\n")
	}},
	{"one notice on failing and one on recovery", nil, func(w *world) {
		w.answer(200, plainFeed)
		w.poll(0)
		w.answer(500, "")
		for range 10 {
			w.poll(3 * time.Hour)
		}
		w.want("notices", w.notices(), "wire cannot be read")
		w.answer(200, plainFeed)
		w.poll(3 * time.Hour)
		w.poll(3 * time.Hour)
		w.want("notices then", w.notices(), "wire cannot be read | wire is well again")
	}},
	{"a habit, and an alarm when it is broken", nil, func(w *world) {
		for n := range 20 {
			w.answer(200, rss(item(n, fmt.Sprintf("Story %d", n), "<pubDate>"+w.Now().Add(6*time.Hour).Format(time.RFC1123Z)+"</pubDate>")))
			w.poll(6 * time.Hour)
		}
		st := w.poll(10 * 24 * time.Hour)
		w.want("state", st.State, sources.Silent)
		w.want("notices", w.notices(), "wire has fallen silent")
		w.answer(200, rss(item(99, "News at last")))
		w.want("state with something new", w.poll(time.Hour).State, sources.OK)
		w.want("notices then", w.notices(), "wire has fallen silent | wire is well again")
	}},
}
