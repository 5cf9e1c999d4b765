// Package web serves what other programs ask a running Tipoff: whether it is
// alive and ready, and its metrics.
package web

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// Options are for [New].
type Options struct {
	// Ready says why the program is not ready, or nil.
	Ready    func(context.Context) error
	Registry *prometheus.Registry
	Log      *slog.Logger
}

// Handler serves /healthz, /readyz and /metrics.
func Handler(o Options) http.Handler {
	mux := http.NewServeMux()
	var said atomic.Bool // that it is not ready, which is asked every few seconds
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { plain(w, http.StatusOK, "ok") })
	mux.HandleFunc("GET /readyz", func(w http.ResponseWriter, r *http.Request) {
		ctx, cancel := context.WithTimeout(r.Context(), 2*time.Second)
		defer cancel()
		if err := o.Ready(ctx); err != nil {
			if !said.Swap(true) {
				o.Log.Warn("not ready", "error", err)
			}
			plain(w, http.StatusServiceUnavailable, err.Error())
			return
		}
		said.Store(false)
		plain(w, http.StatusOK, "ready")
	})
	mux.Handle("GET /metrics", promhttp.HandlerFor(o.Registry, promhttp.HandlerOpts{ErrorLog: slog.NewLogLogger(o.Log.Handler(), slog.LevelError)}))
	return mux
}

func plain(w http.ResponseWriter, code int, text string) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(code)
	_, _ = fmt.Fprintln(w, text) // the client is gone where this fails
}

// Server is a listening server.
type Server struct {
	listener net.Listener
	server   *http.Server
	failed   chan error
}

// Listen begins to serve on an address such as "127.0.0.1:8080". Port 0 takes
// a free one.
func Listen(ctx context.Context, address string, h http.Handler, log *slog.Logger) (*Server, error) {
	var lc net.ListenConfig
	l, err := lc.Listen(ctx, "tcp", address)
	if err != nil {
		return nil, fmt.Errorf("listen on %s: %w (another program has it? change `listen:`, or set it to \"\")", address, err)
	}
	s := &Server{
		listener: l,
		server: &http.Server{
			Handler: h, ReadHeaderTimeout: 5 * time.Second, ReadTimeout: 30 * time.Second, WriteTimeout: time.Minute,
			IdleTimeout: 2 * time.Minute, MaxHeaderBytes: 64 << 10, ErrorLog: slog.NewLogLogger(log.Handler(), slog.LevelWarn),
		},
		failed: make(chan error, 1),
	}
	go func() {
		if err := s.server.Serve(l); !errors.Is(err, http.ErrServerClosed) {
			s.failed <- err
		}
		close(s.failed)
	}()
	return s, nil
}

// Addr is where the server listens.
func (s *Server) Addr() string { return s.listener.Addr().String() }

// Failed tells why the server ended by itself, if it does.
func (s *Server) Failed() <-chan error { return s.failed }

// Shutdown lets the requests under way finish, until ctx ends.
func (s *Server) Shutdown(ctx context.Context) error { return s.server.Shutdown(ctx) }
