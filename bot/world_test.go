package bot_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"tipoff/bot"
	"tipoff/bot/alert"
	"tipoff/bot/config"
	"tipoff/bot/pipeline"
	"tipoff/bot/store"
	"tipoff/bot/store/storetest"
	"tipoff/bot/watch"
	"tipoff/filters"
	"tipoff/sources"
	"tipoff/sources/article"
	"tipoff/sources/feed"
	"tipoff/sources/fetch"
	"tipoff/sources/story"
)

// world is one source on a server on loopback, polled as the program does it,
// by a clock that the test sets.
type world struct {
	*testing.T
	server *httptest.Server
	source sources.Source
	patch  func(*fetch.Options)

	store  *bot.Store
	poller *pipeline.Poller

	mu       sync.Mutex // guards what follows
	now      time.Time
	handler  http.HandlerFunc
	requests []*http.Request
	visits   []sources.Visit
}

// fixed is when a world begins.
var fixed = time.Date(2026, 11, 2, 12, 0, 0, 0, time.UTC)

// stores are those of the tests that are not about how a store comes to be.
var stores = storetest.Template{Migrate: func(ctx context.Context, address string) error {
	s, err := bot.OpenStore(ctx, &config.Config{Store: address}, nil)
	if err != nil {
		return err
	}
	_, err = s.Migrate(ctx)
	return errors.Join(err, s.Close())
}}

func newWorld(t *testing.T, change func(*world)) *world {
	t.Helper()
	w := &world{T: t, now: fixed}
	w.server = httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		w.mu.Lock()
		w.requests = append(w.requests, r)
		h := w.handler
		w.mu.Unlock()
		h(rw, r)
	}))
	t.Cleanup(w.server.Close)
	w.source = sources.Source{Name: "wire", URL: w.server.URL + "/feed"}
	if change != nil {
		change(w)
	}
	var err error
	w.store, err = bot.OpenStore(t.Context(), &config.Config{Store: stores.Address(t)}, w.Now)
	w.must(err)
	t.Cleanup(func() { _ = w.store.Close() })
	_, err = w.store.Migrate(t.Context())
	w.must(err)
	w.must(w.store.SyncSources(t.Context(), []sources.Source{w.source}))
	quiet := slog.New(slog.DiscardHandler)
	book, err := watch.NewBook(t.Context(), w.store, nil, quiet)
	w.must(err)
	o := fetch.Options{
		Timeout: 10 * time.Second, MaxBytes: 1 << 20, UserAgent: "Tipoff/1 (+ops@desk.example)", Now: w.Now,
		AllowPrivate: []netip.Prefix{netip.MustParsePrefix("127.0.0.1/32")},
	}
	if w.patch != nil {
		w.patch(&o)
	}
	p := pipeline.New(pipeline.Options{
		Store: w.store, Watches: book.Current, Now: w.Now, Log: quiet, Patience: time.Hour, Operations: "operations",
		Route: pipeline.NewRoutes([]alert.Channel{{Name: "operations", File: "x"}}, func(alert.Kind) bool { return true }),
		Observe: func(_ sources.Source, v sources.Visit, _ pipeline.Outcome) {
			w.mu.Lock()
			defer w.mu.Unlock()
			w.visits = append(w.visits, v)
		},
	})
	client := fetch.New(o)
	w.poller = pipeline.NewPoller(feed.NewReader(client, w.Now, bot.Formats), p, pipeline.PollerOptions{
		Article: article.New(client, article.Options{Now: w.Now}).Read,
		Source:  func(string) (sources.Source, bool) { return w.source, true },
		Next:    func(string) time.Time { return w.Now().Add(10 * time.Minute) }, Concurrency: 4, Now: w.Now, Log: quiet,
	})
	return w
}

func (w *world) Now() time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.now
}

func (w *world) must(err error) {
	w.Helper()
	if err != nil {
		w.Fatal(err)
	}
}

// serve says what the server answers from now on.
func (w *world) serve(h http.HandlerFunc) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.handler = h
}

// answer serves one body with headers, given as "Name: value".
func (w *world) answer(status int, body string, headers ...string) {
	w.serve(func(rw http.ResponseWriter, _ *http.Request) {
		for _, h := range headers {
			name, value, _ := strings.Cut(h, ": ")
			rw.Header().Set(name, value)
		}
		rw.WriteHeader(status)
		_, _ = rw.Write([]byte(body))
	})
}

// poll polls the source after so much time, if it may be polled then, and
// returns its health.
func (w *world) poll(after time.Duration) store.SourceStatus {
	w.Helper()
	w.mu.Lock()
	w.now = w.now.Add(after)
	w.mu.Unlock()
	w.must(w.poller.Poll(w.Context(), []string{w.source.Name}))
	_, st, err := w.store.Source(w.Context(), w.source.Name)
	w.must(err)
	return st
}

// asked is how many requests came.
func (w *world) asked() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return len(w.requests)
}

// request is the last request that came.
func (w *world) request() *http.Request {
	w.Helper()
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(w.requests) == 0 {
		w.Fatal("the server was not asked")
	}
	return w.requests[len(w.requests)-1]
}

// visit is the last visit.
func (w *world) visit() sources.Visit {
	w.Helper()
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(w.visits) == 0 {
		w.Fatal("nothing was recorded")
	}
	return w.visits[len(w.visits)-1]
}

// want compares in words.
func (w *world) want(what string, got, want any) {
	w.Helper()
	if g, x := fmt.Sprint(got), fmt.Sprint(want); g != x {
		w.Errorf("%s: got %s, want %s", what, g, x)
	}
}

// wait says after how long the source may be polled again.
func (w *world) wait(st store.SourceStatus) time.Duration { return st.HoldUntil.Sub(w.Now()) }

// stories are those in the archive, newest first.
func (w *world) stories() []story.Story {
	w.Helper()
	all, err := filters.Compile("*")
	w.must(err)
	var out []story.Story
	for hit, err := range w.store.All(w.Context(), store.Search{Filter: all}) {
		w.must(err)
		out = append(out, hit.Story)
	}
	return out
}

// titles are the headlines in the archive, newest first.
func (w *world) titles() string {
	w.Helper()
	var all []string
	for _, s := range w.stories() {
		all = append(all, s.Title)
	}
	return strings.Join(all, " | ")
}

// only is the one story there should be.
func (w *world) only() story.Story {
	w.Helper()
	all := w.stories()
	if len(all) != 1 {
		w.Fatalf("%d stories, want one: %s; %+v", len(all), w.titles(), w.visit().Err)
	}
	return all[0]
}

// notices are what the operations channel was told, in order.
func (w *world) notices() string {
	w.Helper()
	all, err := w.store.Deliveries(w.Context(), "waiting", 100)
	w.must(err)
	slices.SortStableFunc(all, func(a, b store.DeliveryStatus) int { return a.Updated.Compare(b.Updated) })
	var titles []string
	for _, d := range all {
		titles = append(titles, d.Title)
	}
	return strings.Join(titles, " | ")
}

// rss is a feed of RSS 2.0 with these elements in its channel.
func rss(elements ...string) string {
	return `<?xml version="1.0"?><rss version="2.0" xmlns:content="http://purl.org/rss/1.0/modules/content/" xmlns:media="http://search.yahoo.com/mrss/" ` +
		`xmlns:sy="http://purl.org/rss/1.0/modules/syndication/"><channel><title>Wire</title><link>https://wire.example/</link>` +
		strings.Join(elements, "") + `</channel></rss>`
}

// item is an item of that, with further elements.
func item(n int, title string, elements ...string) string {
	return fmt.Sprintf(`<item><guid>%d</guid><link>https://wire.example/%d</link><title>%s</title>%s</item>`, n, n, title, strings.Join(elements, ""))
}
