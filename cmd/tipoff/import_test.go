package main

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func TestImportState(t *testing.T) {
	for _, c := range []struct {
		run  importRun
		took time.Duration
		want string
	}{
		{importRun{read: 500, added: 20}, 100 * time.Millisecond, "500 read, 20 new"},
		{importRun{read: 12_000, added: 20}, 4 * time.Second, "12,000 read, 20 new, 3,000 a second"},
		{importRun{read: 12_000, added: 12_000, size: 400, bytes: 300}, 4 * time.Second, "12,000 read, 12,000 new, 3,000 a second, 75%"},
	} {
		if got := c.run.state(c.took); got != c.want {
			t.Errorf("%q, want %q", got, c.want)
		}
	}
}

// Who stops an import is told that it can be run again.
func TestImportStopped(t *testing.T) {
	dir := t.TempDir()
	file, conf := filepath.Join(dir, "old.jsonl"), filepath.Join(dir, "c.yaml")
	for name, text := range map[string]string{
		file: strings.Repeat(`{"title":"A leak"}`+"\n", 2*importAtOnce), conf: "store: sqlite:" + filepath.Join(dir, "x.db") + "\n",
	} {
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	ctx, stop := context.WithCancel(t.Context())
	var out, errOut bytes.Buffer
	in := readerFunc(func(p []byte) (int, error) {
		stop() // while it reads
		return copy(p, `{"title":"Another"}`+"\n"), nil
	})
	if code := run(ctx, []string{"--config", conf, "import", file, "-"}, in, &out, &errOut); code != exitNothing {
		t.Errorf("exit code %d, want %d", code, exitNothing)
	}
	if got := errOut.String(); !strings.HasPrefix(got, "tipoff: stopped; 1 story is new so far. Run the same again") {
		t.Errorf("told %q", got)
	}
}

type readerFunc func(p []byte) (int, error)

func (f readerFunc) Read(p []byte) (int, error) { return f(p) }
