package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"

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
		RunE: func(_ *cobra.Command, args []string) error {
			f, err := filters.Compile(args[0])
			if err != nil {
				return err
			}
			m := matcher{filter: f, out: bufio.NewWriterSize(p.out, 64<<10), err: p.err}
			files := args[1:]
			if len(files) == 0 {
				files = []string{"-"}
			}
			for _, name := range files {
				if err := m.file(name, p.in); err != nil {
					return errors.Join(err, m.out.Flush())
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
	lines := bufio.NewScanner(in)
	lines.Buffer(make([]byte, 64<<10), maxLine)
	n := 0
	for lines.Scan() {
		n++
		line := bytes.TrimSpace(lines.Bytes())
		if len(line) == 0 {
			continue
		}
		var s story.Story
		if err := json.Unmarshal(line, &s); err != nil {
			fmt.Fprintf(m.err, "tipoff: %s:%d: not a story in JSON: %v\n", name, n, err)
			m.broken = true
			continue
		}
		if !m.filter.Match(filters.NewDoc(&s)) {
			continue
		}
		m.matched++
		if _, err := m.out.Write(append(lines.Bytes(), '\n')); err != nil {
			return err
		}
	}
	if err := lines.Err(); err != nil {
		fmt.Fprintf(m.err, "tipoff: %s:%d: %v; the rest of it was not read\n", name, n+1, err)
		m.broken = true
	}
	return nil
}
