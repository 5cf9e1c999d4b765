//go:build unix

package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"testing"
)

// hangingHook is a config whose one alert goes to a webhook that never answers;
// the channel gets something when it is asked.
func hangingHook(t *testing.T) (dir string, asked <-chan struct{}) {
	t.Helper()
	hooked := make(chan struct{}, 10)
	leave := make(chan struct{})
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/hook" {
			_, _ = io.Copy(io.Discard, r.Body)
			hooked <- struct{}{}
			select {
			case <-leave:
			case <-r.Context().Done():
			}
			return
		}
		fmt.Fprint(w, `<rss version="2.0"><channel><item><guid>1</guid><link>https://one.example/1</link><title>leak</title></item></channel></rss>`)
	}))
	t.Cleanup(srv.Close)
	t.Cleanup(func() { close(leave) })
	dir = t.TempDir()
	conf := fmt.Sprintf(`
listen: ""
fetch: {allow_private: [127.0.0.1/32]}
sources: [{name: one, url: %s, backfill: 1}]
channels: [{name: desk, webhook: %s/hook}]
watches: [{name: leaks, query: leak, channels: [desk]}]
`, srv.URL, srv.URL)
	if err := os.WriteFile(filepath.Join(dir, "config.yaml"), []byte(conf), 0o600); err != nil {
		t.Fatal(err)
	}
	return dir, hooked
}

// heard gathers what a program says, and tells when it has said something.
type heard struct {
	mu   sync.Mutex
	all  bytes.Buffer
	word string
	said chan struct{}
}

func (h *heard) Write(b []byte) (int, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	before := strings.Contains(h.all.String(), h.word)
	h.all.Write(b)
	if !before && strings.Contains(h.all.String(), h.word) {
		close(h.said)
	}
	return len(b), nil
}

// The first signal lets what is being sent finish; a second one does not wait
// for it.
func TestSecondSignalEndsAtOnce(t *testing.T) {
	dir, asked := hangingHook(t)
	log := &heard{word: "stopping", said: make(chan struct{})}
	cmd := exec.CommandContext(t.Context(), "tipoff", "run")
	cmd.Dir, cmd.Stderr = dir, log
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	<-asked
	if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	<-log.said
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	var err error
	for waiting := true; waiting; {
		// The handler goes just after the program has said that it stops, so
		// one more signal alone could come a moment too early.
		_ = cmd.Process.Signal(syscall.SIGTERM)
		select {
		case err = <-ended:
			waiting = false
		default:
			runtime.Gosched()
		}
	}
	var exit *exec.ExitError
	if !errors.As(err, &exit) {
		t.Fatalf("ended with %v, want the signal", err)
	}
	if status, ok := exit.Sys().(syscall.WaitStatus); !ok || status.Signal() != syscall.SIGTERM {
		t.Errorf("ended with %v, want the signal", exit)
	}
}

// Whoever pipes the demo into head is not left with its folder.
func TestDemoLeavesNothingWhenItsReaderLeaves(t *testing.T) {
	tmp := t.TempDir()
	cmd := exec.CommandContext(t.Context(), "tipoff", "demo")
	cmd.Env = append(os.Environ(), "TMPDIR="+tmp)
	var errOut bytes.Buffer
	cmd.Stderr = &errOut
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	if _, err := io.ReadFull(out, make([]byte, 5)); err != nil {
		t.Fatal(err)
	}
	if err := out.Close(); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Wait(); err != nil {
		t.Errorf("%v: %s", err, errOut.String())
	}
	if left, err := os.ReadDir(tmp); err != nil || len(left) > 0 {
		t.Errorf("left behind: %v %v", left, err)
	}
}
