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
	if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	var exit *exec.ExitError
	if err := cmd.Wait(); !errors.As(err, &exit) || exit.ExitCode() != 128+int(syscall.SIGTERM) {
		t.Errorf("ended with %v, want exit code 143", err)
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

// A read from a terminal or a pipe cannot be cut off; who stops the program
// does not wait for it.
func TestMatchStopsWhileItReads(t *testing.T) {
	cmd := exec.CommandContext(t.Context(), "tipoff", "match", "x")
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	defer in.Close()
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	// A line beyond the buffer's size comes out before the input is at its end,
	// which says that the program is reading.
	line := `{"title":"x` + strings.Repeat(" x", 64<<10) + `"}` + "\n"
	if _, err := io.WriteString(in, line); err != nil {
		t.Fatal(err)
	}
	if _, err := io.ReadFull(out, make([]byte, 1)); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	_, _ = io.Copy(io.Discard, out)
	var exit *exec.ExitError
	if err := cmd.Wait(); !errors.As(err, &exit) || exit.ExitCode() != exitNothing {
		t.Errorf("ended with %v, want exit code 1", err)
	}
}
