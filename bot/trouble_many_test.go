package bot_test

import (
	"bytes"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"tipoff/bot/alert"
	"tipoff/bot/config"
	"tipoff/sources"
)

// unruly is a server of many sources, of which every third begins to misbehave
// at the same moment, each in one of several ways.
type unruly struct {
	misbehave chan struct{} // closed when it begins
	over      chan struct{} // closed when the healthy ones had their polls

	mu      sync.Mutex // guards what follows
	polls   map[int][]time.Time
	changed chan struct{} // closed and made anew with each poll of a healthy one
	gaveUp  int           // requests left hanging that ended before it was over
}

func (u *unruly) isBad(n int) bool { return n%3 == 0 }

func (u *unruly) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	n, _ := strconv.Atoi(strings.Trim(r.URL.Path, "/"))
	begun := false
	select {
	case <-u.misbehave:
		begun = true
	default:
	}
	if !u.isBad(n) {
		u.mu.Lock()
		u.polls[n] = append(u.polls[n], time.Now())
		close(u.changed)
		u.changed = make(chan struct{})
		u.mu.Unlock()
	}
	if !begun || !u.isBad(n) {
		_, _ = fmt.Fprint(w, rss(item(n, fmt.Sprintf("Story of %d", n))))
		return
	}
	switch n / 3 % 10 {
	case 0:
		w.WriteHeader(http.StatusInternalServerError)
	case 1:
		_, _ = io.Copy(w, zeroes{}) // without an end
	case 2:
		_, _ = w.Write(bytes.Repeat([]byte("<<&]]>\x00\xff"), 1000))
	case 3:
		panic(http.ErrAbortHandler)
	case 4:
		http.Redirect(w, r, r.URL.Path, http.StatusFound)
	case 5: // some bytes, and no more: given up early, and rightly
		_, _ = fmt.Fprint(w, "<rss>")
		_ = http.NewResponseController(w).Flush()
		select {
		case <-r.Context().Done():
		case <-u.over:
		}
	default: // nothing at all
		select {
		case <-r.Context().Done():
			select {
			case <-u.over:
			default:
				u.mu.Lock()
				u.gaveUp++
				u.mu.Unlock()
			}
		case <-u.over:
		}
	}
}

// wait waits until every healthy source was polled so many times.
func (u *unruly) wait(t *testing.T, all, times int) {
	t.Helper()
	for {
		u.mu.Lock()
		missing := 0
		for n := range all {
			if !u.isBad(n) && len(u.polls[n]) < times {
				missing++
			}
		}
		changed := u.changed
		u.mu.Unlock()
		if missing == 0 {
			return
		}
		select {
		case <-changed:
		case <-t.Context().Done():
			t.Fatalf("%d healthy sources were not polled %d times", missing, times)
		}
	}
}

// TestAThirdOfManySourcesMisbehaves: a hundred sources of three hundred hang,
// fail, and send nonsense without an end, all from one moment on. Those that
// hang do so until all healthy ones had three more polls, which they get only
// if nobody waits for the others.
func TestAThirdOfManySourcesMisbehaves(t *testing.T) {
	t.Parallel()
	const many, interval = 300, 3 * time.Second
	u := &unruly{misbehave: make(chan struct{}), over: make(chan struct{}), polls: make(map[int][]time.Time), changed: make(chan struct{})}
	server := httptest.NewServer(u)
	t.Cleanup(server.Close)
	cfg := &config.Config{
		Store: stores.Address(t), Zone: time.UTC, Command: "news",
		Fetch: config.Fetch{
			Timeout: 5 * time.Minute, MaxBytes: 64 << 10, Concurrency: config.DefaultConcurrency, PerHost: many,
			AllowPrivate: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")},
		},
		Channels: []alert.Channel{{Name: "desk", File: "alerts.jsonl"}},
	}
	for n := range many {
		cfg.Sources = append(cfg.Sources, sources.Source{Name: fmt.Sprint(n), URL: fmt.Sprintf("%s/%d", server.URL, n), Schedule: "@every " + interval.String()})
	}
	o := options(t, cfg)
	o.Log = slog.New(slog.DiscardHandler)
	app, _ := start(t, cfg, o)
	t.Cleanup(func() { close(u.over) }) // before the program is stopped
	u.wait(t, many, 1)
	close(u.misbehave)
	u.mu.Lock()
	clear(u.polls)
	u.mu.Unlock()
	u.wait(t, many, 3)

	u.mu.Lock()
	defer u.mu.Unlock()
	if u.gaveUp > 0 {
		t.Errorf("the healthy sources had their polls only after %d that hung were given up", u.gaveUp)
	}
	var late time.Duration
	for _, polls := range u.polls {
		for i := 1; i < len(polls); i++ {
			late = max(late, polls[i].Sub(polls[i-1])-interval)
		}
	}
	all, err := app.Sources(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	states := make(map[sources.State]int)
	for _, st := range all {
		states[st.State]++
		if n, _ := strconv.Atoi(st.Name); !u.isBad(n) && st.State != sources.OK {
			t.Errorf("%s is %s: %s", st.Name, st.State, st.Error)
		}
	}
	t.Logf("the latest poll of a healthy source came %s late; states %v", late.Round(time.Millisecond), states)
}
