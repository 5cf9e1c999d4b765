package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"tipoff/filters"
	"tipoff/sources/story"
)

// maxLine bounds one line of JSON.
const maxLine = 64 << 20

func (p *program) matchCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "match QUERY [FILE...]",
		Short: "Like grep, for stories: print the JSON lines that a query matches",
		Long: `Read stories as JSON lines from files or standard input, and print the lines
that match, as they are. A title alone is a story. It needs no config.

It exits with 0 when something matched, 1 when nothing did, and 2 when a line
could not be read: the line is named, and the others are still matched.`,
		Example: `  tipoff match 'apt* -"apt install"' stories.jsonl
  zcat old.jsonl.gz | tipoff match 'title:sanctions'`,
		Args: cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			f, err := filters.Compile(args[0])
			if err != nil {
				return err
			}
			m := matcher{filter: f, out: bufio.NewWriterSize(p.out, 64<<10), err: p.err}
			// A read cannot be cut off, so somebody who stops the program does
			// not wait for it.
			done := make(chan error, 1)
			go func() { done <- m.files(args[1:], p.in) }()
			select {
			case err := <-done:
				return err
			case <-cmd.Context().Done():
				return cmd.Context().Err()
			}
		},
	}
}

type matcher struct {
	filter  *filters.Filter
	out     *bufio.Writer
	err     io.Writer
	matched int
	broken  bool
}

// files matches the lines of all files, or of in where there are none.
func (m *matcher) files(names []string, in io.Reader) error {
	if len(names) == 0 {
		names = []string{"-"}
	}
	for _, name := range names {
		if err := m.file(name, in); err != nil {
			return err
		}
	}
	if err := m.out.Flush(); err != nil {
		return err
	}
	switch {
	case m.broken:
		return errReported
	case m.matched == 0:
		return errNothing
	}
	return nil
}

// file matches the lines of one file, or of in where the name is "-".
func (m *matcher) file(name string, in io.Reader) error {
	if name != "-" {
		f, err := os.Open(name)
		if err != nil {
			// One file that is not there does not keep the others from their turn.
			fmt.Fprintln(m.err, "tipoff:", err)
			m.broken = true
			return nil
		}
		defer f.Close()
		in = f
	} else {
		name = "standard input"
	}
	lines := bufio.NewReaderSize(in, 64<<10)
	var buf []byte
	for n := 1; ; n++ {
		var err error
		if buf, err = readLine(lines, buf[:0]); err != nil && !errors.Is(err, errLongLine) {
			if errors.Is(err, io.EOF) {
				return nil
			}
			m.complain(name, n, "%v; the rest of it was not read", err)
			return nil
		}
		if err != nil {
			m.complain(name, n, "%v", err)
			continue
		}
		line := buf
		if n == 1 {
			line = bytes.TrimPrefix(line, []byte("\ufeff")) // some editors begin a file with it
		}
		if len(bytes.TrimSpace(line)) == 0 {
			continue
		}
		var s story.Story
		if err := json.Unmarshal(line, &s); err != nil {
			m.complain(name, n, "not a story in JSON: %s", whyNoStory(err))
			continue
		}
		if !m.filter.Match(filters.NewDoc(&s)) {
			continue
		}
		m.matched++
		if line[len(line)-1] != '\n' {
			line = append(line, '\n')
		}
		if _, err := m.out.Write(line); err != nil {
			return err
		}
	}
}

func (m *matcher) complain(name string, line int, format string, args ...any) {
	fmt.Fprintf(m.err, "tipoff: %s:%d: %s\n", name, line, fmt.Sprintf(format, args...))
	m.broken = true
}

var errLongLine = fmt.Errorf("the line is longer than %d MiB and was passed over", maxLine>>20)

// readLine appends the next line to buf, with its line end. Of a line that is
// too long it reads all and keeps nothing.
func readLine(r *bufio.Reader, buf []byte) ([]byte, error) {
	long := false
	for {
		part, err := r.ReadSlice('\n')
		if long = long || len(buf)+len(part) > maxLine; !long {
			buf = append(buf, part...)
		}
		switch {
		case errors.Is(err, bufio.ErrBufferFull):
		case long && (err == nil || errors.Is(err, io.EOF)):
			return buf[:0], errLongLine
		case errors.Is(err, io.EOF) && len(buf) > 0:
			return buf, nil
		default:
			return buf, err
		}
	}
}

// whyNoStory says in the words of JSON, not of Go, why a line is no story.
func whyNoStory(err error) string {
	var syntax *json.SyntaxError
	var kind *json.UnmarshalTypeError
	var date *time.ParseError
	switch {
	case errors.As(err, &syntax):
		return fmt.Sprintf("%v, at byte %d", err, syntax.Offset)
	case errors.As(err, &kind) && kind.Field == "":
		return fmt.Sprintf("it is a %s, and not an object", kind.Value)
	case errors.As(err, &kind):
		return fmt.Sprintf("%q cannot be a %s", kind.Field, kind.Value)
	case errors.As(err, &date):
		return fmt.Sprintf("the time %.40q is not RFC 3339, such as 2026-11-23T08:00:00Z", date.Value)
	case strings.Contains(err.Error(), "Time.UnmarshalJSON"):
		return "a time must be text, such as \"2026-11-23T08:00:00Z\""
	}
	return err.Error()
}
