package file

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"tipoff/bot/alert"
	"tipoff/bot/deliver"
	"tipoff/sources/story"
)

func message(path, title string) deliver.Message {
	return deliver.Message{
		ID:    "d-17",
		To:    alert.Target{Kind: alert.File, Address: path},
		Alert: alert.Alert{Channel: "c", Kind: alert.KindNew, Story: story.Story{Title: title}},
	}
}

func line(title string) string {
	return fmt.Sprintf(`{"channel":"c","watches":[],"kind":"new","story":{"id":"","url":"","title":%q,"source":""}}`+"\n", title)
}

func TestSendAppends(t *testing.T) {
	for _, c := range []struct {
		name   string
		before string
		send   []string
		want   string
	}{
		{"makes the file", "", []string{"one"}, line("one")},
		{"one line after the other", "", []string{"one", "two"}, line("one") + line("two")},
		{"keeps what is there", "old\n", []string{"one"}, "old\n" + line("one")},
		{"completes a line that broke off", "old\n{\"chan", []string{"one", "two"}, "old\n{\"chan\n" + line("one") + line("two")},
		{"a line that is there already", line("old") + line("one"), []string{"one", "one", "two"}, line("old") + line("one") + line("two")},
		{"the only line is there already", line("one"), []string{"one"}, line("one")},
		{"another line that ends alike", "x" + line("one"), []string{"one"}, "x" + line("one") + line("one")},
		{"a line that is there, and not the last", line("one") + line("two"), []string{"one"}, line("one") + line("two") + line("one")},
		{"a line end alone", "\n", []string{"one"}, "\n" + line("one")},
		{"a line end in the title stays in its line", "", []string{"a\nb"}, line("a\nb")},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := t.TempDir()
			path := filepath.Join(dir, "alerts.jsonl")
			if c.before != "" {
				if err := os.WriteFile(path, []byte(c.before), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			f := New(dir)
			for _, title := range c.send {
				if _, err := f.Send(t.Context(), message("alerts.jsonl", title)); err != nil {
					t.Fatal(err)
				}
			}
			got, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(c.want, string(got)); d != "" {
				t.Error(d)
			}
		})
	}
}

func TestPathsAndMode(t *testing.T) {
	base, other := t.TempDir(), t.TempDir()
	absolute := filepath.Join(other, "a.jsonl")
	if _, err := New(base).Send(t.Context(), message(absolute, "x")); err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(absolute)
	if err != nil {
		t.Fatal(err)
	}
	if runtime.GOOS != "windows" && info.Mode().Perm()&^0o640 != 0 {
		t.Errorf("mode %v lets others read", info.Mode())
	}
	if left, err := os.ReadDir(base); err != nil || len(left) > 0 {
		t.Errorf("the base folder has %v, %v", left, err)
	}
}

// What an attempt wrote before a crash is not written again with another text.
func TestCorrectedMeanwhile(t *testing.T) {
	f := New(t.TempDir())
	for _, step := range []struct {
		name, id string
		tried    bool
		want     int // lines
	}{
		{"first", "a", false, 1},
		{"corrected, and tried before", "a", true, 1},
		{"another story", "b", true, 2},
		{"the same one, and nobody tried", "b", false, 3},
	} {
		m := message("alerts.jsonl", step.name)
		m.Alert.Story.ID = step.id
		if step.tried {
			m.Tried.From = time.Now()
		}
		if _, err := f.Send(t.Context(), m); err != nil {
			t.Fatal(err)
		}
		got, err := os.ReadFile(filepath.Join(f.dir, "alerts.jsonl"))
		if err != nil {
			t.Fatal(err)
		}
		if n := strings.Count(string(got), "\n"); n != step.want {
			t.Errorf("%s: %d lines, want %d", step.name, n, step.want)
		}
	}
}

func TestManyWriters(t *testing.T) {
	dir := t.TempDir()
	f := New(dir)
	long := strings.Repeat("long ", 2000)
	var wg sync.WaitGroup
	for i := range 40 {
		wg.Go(func() {
			if _, err := f.Send(t.Context(), message("a.jsonl", fmt.Sprint(i, long))); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	got, err := os.ReadFile(filepath.Join(dir, "a.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	for l := range strings.Lines(string(got)) {
		var a alert.Alert
		if err := json.Unmarshal([]byte(l), &a); err != nil {
			t.Fatalf("%v in %.60q", err, l)
		}
		seen[a.Story.Title] = true
	}
	if len(seen) != 40 {
		t.Errorf("%d different alerts, want 40", len(seen))
	}
}

func TestSendErrors(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "plain"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	cancelled, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := New(dir).Send(cancelled, message("a.jsonl", "x")); !errors.Is(err, context.Canceled) {
		t.Errorf("after the context's end: %v", err)
	}
	bad := message("a.jsonl", "x")
	bad.Alert.Story.Seen = time.Date(12024, 1, 1, 0, 0, 0, 0, time.UTC)
	for _, c := range []struct {
		name      string
		m         deliver.Message
		code      string
		permanent bool
	}{
		{"no folder", message("missing/a.jsonl", "x"), "no_folder", false},
		{"a file where a folder should be", message("plain/a.jsonl", "x"), "no_folder", false},
		{"a folder", message(".", "x"), "is_folder", false},
		{"no path", message("", "x"), "bad_address", true},
		{"no JSON", bad, "encode", true},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := New(dir).Send(t.Context(), c.m)
			var e *deliver.Error
			if !errors.As(err, &e) || e.Code != c.code || e.Permanent != c.permanent {
				t.Errorf("got %#v, want code %s, permanent %v", err, c.code, c.permanent)
			}
		})
	}
	left, err := os.ReadDir(dir)
	if err != nil || len(left) != 1 {
		t.Errorf("a failed attempt leaves files: %v, %v", left, err)
	}
}

func TestExplain(t *testing.T) {
	for _, c := range []struct {
		err        error
		code, says string
	}{
		{&fs.PathError{Op: "open", Path: "a", Err: syscall.EACCES}, "no_permission", "change its owner or its rights"},
		{&fs.PathError{Op: "open", Path: "a", Err: syscall.EROFS}, "read_only", "read-only file system"},
		{&fs.PathError{Op: "write", Path: "a", Err: syscall.ENOSPC}, "disk_full", "make room"},
		{errors.New("odd"), "write", "cannot be written: odd"},
	} {
		e := explain(filepath.Join("logs", "a.jsonl"), c.err)
		if e.Code != c.code || !strings.Contains(e.Error(), c.says) || !errors.Is(e, c.err) || e.Permanent {
			t.Errorf("%v: got %q (%s), want %q (%s)", c.err, e, e.Code, c.says, c.code)
		}
	}
}
