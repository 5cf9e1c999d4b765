package webhook

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"tipoff/bot/alert"
	"tipoff/bot/deliver"
	"tipoff/sources/story"
)

var now = time.Date(2024, 2, 19, 9, 0, 0, 0, time.UTC)

func message(address string) deliver.Message {
	return deliver.Message{
		ID: "d-17",
		To: alert.Target{Kind: alert.Webhook, Address: address},
		Alert: alert.Alert{
			ID: "a-1", Channel: "china-desk", Kind: alert.KindNew, Severity: alert.High,
			Story: story.Story{ID: "0123456789abcdef", Title: "Leak at i-SOON", Source: "lantern", URL: "https://lantern.example/1"},
		},
	}
}

func TestSendPostsTheAlert(t *testing.T) {
	type request struct {
		Method, Path, Type, Key, Agent string
		Body                           map[string]any
	}
	var got request
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		got = request{Method: r.Method, Path: r.URL.String(), Type: r.Header.Get("Content-Type"), Key: r.Header.Get("Idempotency-Key"), Agent: r.UserAgent()}
		if err := json.NewDecoder(r.Body).Decode(&got.Body); err != nil {
			t.Error(err)
		}
		w.WriteHeader(http.StatusNoContent)
	}))
	defer srv.Close()
	if _, err := New(srv.Client()).Send(t.Context(), message(srv.URL+"/hook?token=s3cret")); err != nil {
		t.Fatal(err)
	}
	want := request{
		Method: "POST", Path: "/hook?token=s3cret", Type: "application/json; charset=utf-8", Key: "d-17", Agent: "Tipoff",
		Body: map[string]any{
			"channel": "china-desk", "watches": []any{}, "kind": "new",
			"story": map[string]any{"id": "0123456789abcdef", "title": "Leak at i-SOON", "source": "lantern", "url": "https://lantern.example/1"},
		},
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}

func TestAnswers(t *testing.T) {
	for _, c := range []struct {
		name       string
		status     int
		retryAfter string
		ok         bool
		permanent  bool
		wait       time.Duration
		says       string
	}{
		{name: "ok", status: 200, ok: true},
		{name: "created", status: 201, ok: true},
		{name: "accepted", status: 202, ok: true},
		{name: "bad request", status: 400, permanent: true, says: "does not take this alert"},
		{name: "forbidden", status: 403, permanent: true, says: "check the token"},
		{name: "not found", status: 404, permanent: true, says: "check its address"},
		{name: "gone", status: 410, permanent: true, says: "check its address"},
		{name: "time-out", status: 408, says: "later"},
		{name: "too early", status: 425, says: "later"},
		{name: "too large", status: 413, permanent: true, says: "does not take"},
		{name: "redirect", status: 301, permanent: true, says: "final address"},
		{name: "redirect that keeps the method", status: 307, permanent: true, says: "final address"},
		{name: "server error", status: 500, says: "later"},
		{name: "bad gateway ignores the header", status: 502, retryAfter: "7", says: "later"},
		{name: "status without a name", status: 499, permanent: true, says: "answers 499; "},
		{name: "limited", status: 429, retryAfter: "7", wait: 7 * time.Second, says: "later"},
		{name: "limited, with a date", status: 429, retryAfter: "Mon, 19 Feb 2024 09:01:30 GMT", wait: 90 * time.Second, says: "later"},
		{name: "limited, with a date that is over", status: 429, retryAfter: "Mon, 19 Feb 2024 08:00:00 GMT", wait: time.Second, says: "later"},
		{name: "limited, zero", status: 429, retryAfter: "0", wait: time.Second, says: "later"},
		{name: "limited, without a time", status: 429, says: "later"},
		{name: "limited, nonsense", status: 429, retryAfter: "soon", says: "later"},
		{name: "limited, negative", status: 429, retryAfter: "-5", says: "later"},
		{name: "limited for ever", status: 429, retryAfter: "18446744073709551615", wait: time.Hour, says: "later"},
		{name: "unavailable", status: 503, retryAfter: "60", wait: time.Minute, says: "later"},
	} {
		t.Run(c.name, func(t *testing.T) {
			srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if r.Method != http.MethodPost || r.URL.Path != "/secret" {
					t.Errorf("a redirect was followed: %s %s", r.Method, r.URL)
				}
				w.Header().Set("Location", "/elsewhere")
				if c.retryAfter != "" {
					w.Header().Set("Retry-After", c.retryAfter)
				}
				w.WriteHeader(c.status)
			}))
			defer srv.Close()
			w := New(srv.Client())
			w.now = func() time.Time { return now }
			_, err := w.Send(t.Context(), message(srv.URL+"/secret?token=s3cret"))
			if c.ok {
				if err != nil {
					t.Fatal(err)
				}
				return
			}
			var e *deliver.Error
			if !errors.As(err, &e) {
				t.Fatalf("got %v, want a *deliver.Error", err)
			}
			if e.Permanent != c.permanent || e.RetryAfter != c.wait {
				t.Errorf("permanent %v, wait %v; want %v, %v", e.Permanent, e.RetryAfter, c.permanent, c.wait)
			}
			if !strings.Contains(err.Error(), c.says) || strings.Contains(err.Error(), "secret") {
				t.Errorf("%q should say %q and no secret", err, c.says)
			}
		})
	}
}

func TestNoAnswer(t *testing.T) {
	gone := httptest.NewServer(http.NotFoundHandler())
	gone.Close()
	over, end := context.WithCancel(t.Context())
	impatient, leave := context.WithCancel(t.Context())
	silent := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		if r.URL.Query().Has("leave") {
			leave()
		}
		<-over.Done()
	}))
	defer silent.Close()
	defer end()

	for _, c := range []struct {
		name, address, code string
		permanent           bool
		ctx                 func() (context.Context, context.CancelFunc)
	}{
		{"refused connection", gone.URL + "/s3cret", "unreachable", false, nil},
		{"silent server", silent.URL + "/s3cret", "timeout", false, func() (context.Context, context.CancelFunc) {
			return context.WithTimeout(t.Context(), 50*time.Millisecond)
		}},
		{"cancelled", silent.URL + "/s3cret?leave", "cancelled", false, func() (context.Context, context.CancelFunc) {
			return impatient, leave
		}},
		{"other scheme", "ftp://user:s3cret@host.example/", "bad_address", true, nil},
		{"no host", "https:///s3cret", "bad_address", true, nil},
		{"unreadable", "https://host.example/\x7fs3cret", "bad_address", true, nil},
		{"empty", "", "bad_address", true, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			ctx := t.Context()
			if c.ctx != nil {
				var done context.CancelFunc
				ctx, done = c.ctx()
				defer done()
			}
			_, err := New(nil).Send(ctx, message(c.address))
			var e *deliver.Error
			if !errors.As(err, &e) || e.Code != c.code || e.Permanent != c.permanent {
				t.Fatalf("got %#v, want code %s, permanent %v", err, c.code, c.permanent)
			}
			if strings.Contains(err.Error(), "s3cret") {
				t.Errorf("a secret is told: %v", err)
			}
		})
	}
}

func TestEndlessAnswerIsLeft(t *testing.T) {
	var written atomic.Int64
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		chunk := make([]byte, 32<<10)
		for r.Context().Err() == nil {
			n, err := w.Write(chunk)
			written.Add(int64(n))
			if err != nil {
				return
			}
		}
	}))
	_, err := New(srv.Client()).Send(t.Context(), message(srv.URL))
	srv.Close() // waits for the handler
	if err != nil {
		t.Fatal(err)
	}
	// What the sockets hold is written as well, but no more than some megabytes.
	if n := written.Load(); n > 64<<20 {
		t.Errorf("%d bytes of an answer were taken", n)
	}
}

func TestAlertThatIsNoJSON(t *testing.T) {
	m := message("http://127.0.0.1:1/")
	m.Alert.Story.Published = time.Date(12024, 1, 1, 0, 0, 0, 0, time.UTC)
	_, err := New(nil).Send(t.Context(), m)
	var e *deliver.Error
	if !errors.As(err, &e) || e.Code != "encode" || !e.Permanent {
		t.Fatalf("got %v, want a permanent error", err)
	}
}
