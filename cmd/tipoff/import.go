package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/dustin/go-humanize"
	"github.com/spf13/cobra"
	"golang.org/x/term"

	"tipoff/bot"
	"tipoff/bot/pipeline"
	"tipoff/sources/story"
)

func (p *program) importCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "import FILE...",
		Short: "Put stories into the archive, as JSON lines: an old archive, another reader's export",
		Long: `Put stories into the archive, as JSON lines: an old archive, another reader's
export, what ` + "`tipoff search '*' --json`" + ` printed. A file named - is standard input.

A title or an address is enough for a story. It is known by its address, as from
a feed: what is there already stays as it is, so an import that was cut off can
simply be run again. Nobody is alerted. A story's source need not be in the
config; a story without one is of the source "import".

It exits with 0, or with 2 when a line could not be read: the line is named, and
the others are still imported.`,
		Example: `  tipoff import old.jsonl
  zcat old.jsonl.gz | tipoff import -`,
		Args: cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, files []string) (err error) {
			cfg, err := p.load()
			if err != nil {
				return err
			}
			into, closer, err := bot.OpenImporter(cmd.Context(), cfg)
			if err != nil {
				return err
			}
			defer func() { err = errors.Join(err, closer.Close()) }()
			run := &importRun{program: p, into: into}
			if f, ok := p.err.(*os.File); ok && term.IsTerminal(int(f.Fd())) { //nolint:gosec // a file descriptor is an int
				run.watched = true
			}
			run.began, run.size = time.Now(), sizeOf(files)
			for _, name := range files {
				if err = run.file(cmd.Context(), name); err != nil {
					break
				}
			}
			// What was read before a file that cannot be is written all the same.
			err = errors.Join(err, run.flush(cmd.Context()))
			run.progress(true)
			if stopped(cmd.Context(), err) {
				fmt.Fprintf(p.err, "tipoff: stopped; %s new so far. Run the same again for the rest: what is there is passed over.\n", count(run.added, "story is", "stories are"))
				return errNothing
			}
			if err != nil {
				return err
			}
			fmt.Fprintf(p.out, "%s read, %s new.\n", count(run.read, "story", "stories"), humanize.Comma(int64(run.added)))
			if run.broken {
				return errReported
			}
			return nil
		},
	}
}

// importAtOnce is how many stories are written in one transaction: enough to be
// fast, and few enough that a program which runs beside it waits no time.
const importAtOnce = 500

// importRun is one import under way.
type importRun struct {
	*program
	into        *pipeline.Importer
	waiting     []story.Story
	read, added int
	broken      bool
	// watched is true where somebody looks at stderr.
	watched bool
	began   time.Time
	shown   time.Time
	// size is that of all files, 0 if not known, and bytes of it were read.
	size, bytes int64
}

// sizeOf is the size of files, or 0 where one of them has none.
func sizeOf(files []string) (n int64) {
	for _, name := range files {
		info, err := os.Stat(name)
		if err != nil || !info.Mode().IsRegular() {
			return 0
		}
		n += info.Size()
	}
	return n
}

func (r *importRun) file(ctx context.Context, name string) error {
	in := r.in
	if name != "-" {
		f, err := os.Open(name)
		if err != nil {
			return usage("%w", err)
		}
		defer f.Close()
		in = f
	}
	lines := bufio.NewReaderSize(in, 1<<20)
	for n := 1; ; n++ {
		line, err := lines.ReadBytes('\n')
		r.bytes += int64(len(line))
		if len(bytes.TrimSpace(line)) > 0 {
			if err := r.line(ctx, name, n, line); err != nil {
				return err
			}
		}
		switch {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return fmt.Errorf("read %s: %w", name, err)
		}
	}
}

func (r *importRun) line(ctx context.Context, name string, n int, line []byte) error {
	var s story.Story
	err := decodeStory(line, &s)
	why := ""
	switch {
	case err != nil:
		why = whyNoStory(err)
	case s.Title == "" && s.URL == "":
		why = "a story needs a title or a url"
	}
	if why != "" {
		r.broken = true
		fmt.Fprintf(r.err, "tipoff: %s:%d: not a story: %s\n", name, n, why)
		return nil
	}
	r.waiting = append(r.waiting, s)
	r.read++
	if len(r.waiting) < importAtOnce {
		return nil
	}
	return r.flush(ctx)
}

func (r *importRun) flush(ctx context.Context) error {
	if len(r.waiting) == 0 {
		return nil
	}
	added, err := r.into.Import(ctx, r.waiting)
	if err != nil {
		return err
	}
	r.added += added
	r.waiting = r.waiting[:0]
	r.progress(false)
	return nil
}

// progress says how far it is, a few times a second, where somebody looks.
func (r *importRun) progress(last bool) {
	if !r.watched {
		return
	}
	if now := time.Now(); !last && now.Sub(r.shown) > 200*time.Millisecond {
		r.shown = now
		fmt.Fprintf(r.err, "\r\x1b[K%s", r.state(now.Sub(r.began)))
	}
	if last {
		fmt.Fprint(r.err, "\r\x1b[K")
	}
}

// state is how far the import is after so long.
func (r *importRun) state(took time.Duration) string {
	text := fmt.Sprintf("%s read, %s new", humanize.Comma(int64(r.read)), humanize.Comma(int64(r.added)))
	if took > time.Second {
		text += fmt.Sprintf(", %s a second", humanize.Comma(int64(float64(r.read)/took.Seconds())))
	}
	if r.size > 0 {
		text += fmt.Sprintf(", %d%%", min(100, 100*r.bytes/r.size))
	}
	return text
}
