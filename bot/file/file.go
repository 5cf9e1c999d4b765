// Package file appends alerts to files, a line of JSON each: a log that other
// programs can follow, and the simplest target to test with. Rotating the files
// is left to the tools for it; a file that was moved away is made anew.
package file

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"syscall"

	"tipoff/bot/alert"
	"tipoff/bot/deliver"
)

// File is a [deliver.Sender] for all file targets, safe for use by many
// goroutines.
type File struct {
	dir string
	mu  sync.Mutex // one writer at a time, so that the look at the last byte holds
}

var _ deliver.Sender = (*File)(nil)

// New returns a File that takes relative paths from dir, or from the working
// directory where dir is empty.
func New(dir string) *File { return &File{dir: dir} }

// Send appends the alert to the file at the address of m.To, which is made when
// it does not exist; its folder is not. The line is on the disk when Send
// returns without an error.
//
// After a crash between the writing and the note of it in the store, the alert
// is sent again. A target gets one alert at a time, so its line is then the
// file's last one, and is not written twice. Only a file that was moved away in
// between, or that others append to, can have an alert twice.
func (f *File) Send(ctx context.Context, m deliver.Message) (string, error) {
	if err := ctx.Err(); err != nil {
		return "", err
	}
	line, err := m.Alert.JSON()
	if err != nil {
		return "", &deliver.Error{Code: "encode", Text: "the alert does not fit into JSON", Permanent: true, Err: err}
	}
	path := m.To.Address
	if path == "" {
		return "", &deliver.Error{Code: "bad_address", Text: fmt.Sprintf("channel %s names no file; correct it in config.yaml", m.Alert.Channel), Permanent: true}
	}
	if !filepath.IsAbs(path) {
		path = filepath.Join(f.dir, path)
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	look := len(line)
	if !m.Tried.IsZero() {
		look = maxLine
	}
	if err := appendLine(path, line, look, isThere(m, line)); err != nil {
		return "", explain(path, err)
	}
	return "", nil
}

// isThere tells whether the last line of a file is that of a message already: the
// same line, or, where an earlier attempt may have written it, one about the same
// story, whose text may have been corrected since.
func isThere(m deliver.Message, line []byte) func(last []byte) bool {
	return func(last []byte) bool {
		if bytes.Equal(last, line) {
			return true
		}
		var had struct {
			Channel string          `json:"channel"`
			Kind    alert.AlertKind `json:"kind"`
			Story   struct {
				ID string `json:"id"`
			} `json:"story"`
		}
		return !m.Tried.IsZero() && m.Alert.Story.ID != "" && json.Unmarshal(last, &had) == nil &&
			had.Channel == m.Alert.Channel && had.Kind == m.Alert.Kind && had.Story.ID == m.Alert.Story.ID
	}
}

// maxLine is how long a last line may be that tells another text of a story.
const maxLine = 1 << 20

// appendLine adds line and a line end in one write, so that a reader or another
// program's appending never stands in the middle of it. It does nothing where the
// last line, of which so many bytes are looked at, is there already.
func appendLine(path string, line []byte, look int, isThere func(last []byte) bool) (err error) {
	file, err := os.OpenFile(path, os.O_RDWR|os.O_APPEND|os.O_CREATE, 0o640)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	info, err := file.Stat()
	if err != nil {
		return err
	}
	regular := info.Mode().IsRegular()
	buf := make([]byte, 0, len(line)+2)
	if regular && info.Size() > 0 {
		end := make([]byte, min(info.Size(), int64(look)+2))
		if _, err := file.ReadAt(end, info.Size()-int64(len(end))); err != nil && !errors.Is(err, io.EOF) {
			return err
		}
		switch last, ok := bytes.CutSuffix(end, []byte("\n")); {
		case !ok:
			// A write broke off here. The fragment gets a line of its own, and
			// spoils no other.
			buf = append(buf, '\n')
		case isThere(last[bytes.LastIndexByte(last, '\n')+1:]):
			return file.Sync() // it is there, and perhaps not yet on the disk
		}
	}
	buf = append(append(buf, line...), '\n')
	if _, err := file.Write(buf); err != nil {
		return err
	}
	if !regular {
		return nil // a pipe or a device keeps nothing that could be synced
	}
	if err := file.Sync(); err != nil {
		return err
	}
	if info.Size() == 0 {
		syncDir(filepath.Dir(path))
	}
	return nil
}

// syncDir makes the name of a new file durable. Not every system can sync a
// folder, and the line itself is safe by then.
func syncDir(dir string) {
	if d, err := os.Open(dir); err == nil {
		_ = d.Sync()
		_ = d.Close()
	}
}

// explain says in a sentence why path cannot be written. None of it is
// permanent: once the folder or the disk is mended, the alerts follow.
func explain(path string, err error) *deliver.Error {
	e := &deliver.Error{Code: "write", Err: err}
	switch {
	case errors.Is(err, fs.ErrNotExist), errors.Is(err, syscall.ENOTDIR):
		e.Code = "no_folder"
		e.Text = fmt.Sprintf("%s cannot be written because its folder does not exist; create %s, or correct the path in config.yaml", path, filepath.Dir(path))
	case errors.Is(err, syscall.EISDIR):
		e.Code = "is_folder"
		e.Text = fmt.Sprintf("%s is a folder; name a file in it in config.yaml", path)
	case errors.Is(err, fs.ErrPermission):
		e.Code = "no_permission"
		e.Text = fmt.Sprintf("%s may not be written by this user; change its owner or its rights", path)
	case errors.Is(err, syscall.EROFS):
		e.Code = "read_only"
		e.Text = fmt.Sprintf("%s is on a read-only file system; correct the path in config.yaml", path)
	case errors.Is(err, syscall.ENOSPC):
		e.Code = "disk_full"
		e.Text = fmt.Sprintf("%s cannot be written because the disk is full; make room", path)
	default:
		e.Text = fmt.Sprintf("%s cannot be written", path)
	}
	return e
}
