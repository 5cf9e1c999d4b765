package web_test

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"

	"tipoff/bot/web"
)

func options(ready func(context.Context) error) web.Options {
	registry := prometheus.NewRegistry()
	registry.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: "answer", Help: "Of all."}, func() float64 { return 42 }))
	return web.Options{Ready: ready, Registry: registry, Log: slog.New(slog.DiscardHandler)}
}

func TestHandler(t *testing.T) {
	down := errors.New("the store is closed")
	for _, test := range []struct {
		name, method, path string
		ready              error
		code               int
		contentType, body  string
	}{
		{"alive", "GET", "/healthz", nil, 200, "text/plain; charset=utf-8", "ok"},
		{"alive although not ready", "GET", "/healthz", down, 200, "text/plain; charset=utf-8", "ok"},
		{"ready", "GET", "/readyz", nil, 200, "text/plain; charset=utf-8", "ready"},
		{"not ready, and why", "GET", "/readyz", down, 503, "text/plain; charset=utf-8", "the store is closed"},
		{"asked without a body", "HEAD", "/readyz", down, 503, "text/plain; charset=utf-8", ""},
		{"metrics", "GET", "/metrics", down, 200, "text/plain; version=0.0.4", "answer 42"},
		{"nothing at the root yet", "GET", "/", nil, 404, "text/plain", ""},
		{"no such page", "GET", "/metrics/x", nil, 404, "text/plain", ""},
		{"nothing to change", "POST", "/healthz", nil, 405, "text/plain", ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			w := httptest.NewRecorder()
			h := web.Handler(options(func(context.Context) error { return test.ready }))
			h.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), test.method, test.path, nil))
			if got := w.Header().Get("Content-Type"); w.Code != test.code || !strings.HasPrefix(got, test.contentType) || !strings.Contains(w.Body.String(), test.body) {
				t.Errorf("%d, %s\n%s\nwant %d, %s, %q", w.Code, got, w.Body, test.code, test.contentType, test.body)
			}
		})
	}
}

// TestReadyAgain asks a server that listens, which recovers and then stops.
func TestReadyAgain(t *testing.T) {
	var broken error
	s, err := web.Listen(t.Context(), "127.0.0.1:0", web.Handler(options(func(ctx context.Context) error {
		if _, ok := ctx.Deadline(); !ok {
			t.Error("a store that hangs would hang the probe")
		}
		return broken
	})), slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	for _, step := range []struct {
		broken error
		want   int
	}{{nil, 200}, {errors.New("locked"), 503}, {nil, 200}} {
		broken = step.broken
		if got := status(t, "http://"+s.Addr()+"/readyz"); got != step.want {
			t.Errorf("with %v: %d, want %d", step.broken, got, step.want)
		}
	}
	if err := s.Shutdown(t.Context()); err != nil {
		t.Error(err)
	}
	if err, failed := <-s.Failed(); failed {
		t.Errorf("a stop that was asked for is a failure: %v", err)
	}
}

func status(t *testing.T, url string) int {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if _, err := io.Copy(io.Discard, res.Body); err != nil {
		t.Fatal(err)
	}
	return res.StatusCode
}

func TestListenErrors(t *testing.T) {
	taken := httptest.NewServer(http.NotFoundHandler())
	t.Cleanup(taken.Close)
	for _, address := range []string{taken.Listener.Addr().String(), "127.0.0.1:no-port", "no address"} {
		s, err := web.Listen(t.Context(), address, http.NotFoundHandler(), slog.New(slog.DiscardHandler))
		if err == nil {
			t.Errorf("%s: listens", address)
			_ = s.Shutdown(t.Context())
			continue
		}
		for _, want := range []string{address, "`listen:`"} {
			if !strings.Contains(err.Error(), want) {
				t.Errorf("%s: %v; want %s in it", address, err, want)
			}
		}
	}
}
