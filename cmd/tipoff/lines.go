package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"
)

const (
	// maxLine bounds one line of JSON.
	maxLine = 64 << 20
	// blockSize is about how much is read and given to a worker at a time.
	blockSize = 128 << 10
	// largeBlock is from where on a block is so large that there may be only
	// one of them.
	largeBlock = 1 << 20
)

// lineWorker does the work on lines. It is for one goroutine.
type lineWorker interface {
	// line appends to out what is to be printed for a line, and reports whether
	// something was found in it. The line may or may not have its line end. The
	// error is one of [decodeStory]; out comes back without the line then.
	line(out, line []byte) (printed []byte, found bool, err error)
}

// lines takes JSON lines from files through workers, one for each core, and
// prints what they make of them in the order of the lines. A line that cannot
// be read is named, and the others are still read.
//
// A few blocks are on their way at a time, and at most one with a line that is
// longer than all of them, so the memory does not grow with the files.
type lines struct {
	in       io.Reader
	out, err io.Writer
	worker   func() lineWorker
	found    bool
	broken   bool
}

// block is some whole lines of a file, and what came of them.
type block struct {
	data  []byte
	name  string // of the file
	first int    // the number of the first line, from 1
	// note is to be said after these lines.
	note string
	// large says that the block holds the right to be large.
	large bool

	done  chan struct{}
	out   []byte
	said  []byte
	found bool
}

// run reads the files, or standard input where there are none; its name is "-".
func (l *lines) run(ctx context.Context, names []string) error {
	if len(names) == 0 {
		names = []string{"-"}
	}
	// Whoever reads may hang in a read, which nothing can cut off. The others
	// end when the context does.
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	cores := runtime.GOMAXPROCS(0)
	blocks := 2*cores + 2
	r := lineReader{
		in: l.in, free: make(chan *block, blocks), large: make(chan struct{}, 1),
		work: make(chan *block, blocks), order: make(chan *block, blocks),
	}
	for range blocks {
		r.free <- &block{done: make(chan struct{}, 1)}
	}
	for range cores {
		go func(w lineWorker) {
			for b := range r.work {
				b.process(w)
				b.done <- struct{}{}
			}
		}(l.worker())
	}
	go func() {
		defer close(r.order)
		defer close(r.work)
		for _, name := range names {
			if !r.file(ctx, name) {
				return
			}
		}
	}()
	if err := l.print(ctx, &r); err != nil {
		return err
	}
	return ctx.Err()
}

// print prints the blocks in order, and gives them back.
func (l *lines) print(ctx context.Context, r *lineReader) error {
	out := bufio.NewWriterSize(l.out, 64<<10)
	for {
		var b *block
		var more bool
		select {
		case b, more = <-r.order:
		default:
			// Nothing is ready, so somebody who watches sees all until here.
			if err := out.Flush(); err != nil {
				return err
			}
			select {
			case b, more = <-r.order:
			case <-ctx.Done():
				return ctx.Err()
			}
		}
		if !more {
			return out.Flush()
		}
		select {
		case <-b.done:
		case <-ctx.Done():
			return ctx.Err()
		}
		l.found = l.found || b.found
		if _, err := out.Write(b.out); err != nil {
			return err
		}
		if len(b.said) > 0 {
			l.broken = true
			if _, err := l.err.Write(b.said); err != nil {
				return err
			}
		}
		if b.large {
			b.data, b.out, b.large = nil, nil, false
			<-r.large
		}
		r.free <- b
	}
}

func (b *block) process(w lineWorker) {
	n := b.first
	for rest := b.data; len(rest) > 0; n++ {
		line := rest
		if end := bytes.IndexByte(rest, '\n'); end >= 0 {
			line = rest[:end+1]
		}
		rest = rest[len(line):]
		if n == 1 {
			line = bytes.TrimPrefix(line, []byte("\ufeff")) // some editors begin a file with it
		}
		if len(bytes.TrimSpace(line)) == 0 {
			continue
		}
		out, found, err := w.line(b.out, line)
		if b.out = out; err != nil {
			b.said = fmt.Appendf(b.said, "tipoff: %s:%d: not a story in JSON: %s\n", b.name, n, whyNoStory(err))
		}
		b.found = b.found || found
	}
	b.said = append(b.said, b.note...)
}

// lineReader cuts files into blocks.
type lineReader struct {
	in io.Reader
	// Blocks go from free to order and work, and back when they are printed.
	free, work, order chan *block
	large             chan struct{} // has one element while there is a large block
}

// take returns a block to fill, nil when the work was stopped.
func (r *lineReader) take(ctx context.Context, name string, first int) *block {
	select {
	case b := <-r.free:
		*b = block{data: b.data[:0], out: b.out[:0], said: b.said[:0], done: b.done, name: name, first: first}
		return b
	case <-ctx.Done():
		return nil
	}
}

func (r *lineReader) send(b *block) {
	// There is room: there are no more blocks than that.
	r.order <- b
	r.work <- b
}

// say puts a complaint in its place between the lines.
func (r *lineReader) say(ctx context.Context, format string, args ...any) bool {
	b := r.take(ctx, "", 0)
	if b == nil {
		return false
	}
	b.note = fmt.Sprintf("tipoff: "+format+"\n", args...)
	r.send(b)
	return true
}

// file sends the lines of one file; it reports whether to go on with the next.
func (r *lineReader) file(ctx context.Context, name string) bool {
	in := r.in
	if name == "-" {
		name = "standard input"
	} else {
		f, err := os.Open(name)
		if err != nil {
			// One file that is not there does not keep the others from their turn.
			return r.say(ctx, "%v", err)
		}
		defer f.Close()
		in = f
	}
	var rest []byte // what was read of the next lines
	line := 1
	for {
		b := r.take(ctx, name, line)
		if b == nil {
			return false
		}
		b.data = append(b.data, rest...)
		err := r.fill(ctx, b, in)
		if errors.Is(err, errLongLine) {
			whole := b.data[len(b.data)-1] == '\n'
			b.data = b.data[:0]
			b.note = fmt.Sprintf("tipoff: %s:%d: %v\n", name, line, err)
			r.send(b)
			line++
			if rest, err = nil, nil; !whole {
				rest, err = skipLine(in)
			}
			if err != nil {
				return r.end(ctx, name, line-1, err)
			}
			continue
		}
		whole := bytes.LastIndexByte(b.data, '\n') + 1
		if errors.Is(err, io.EOF) {
			whole = len(b.data) // nobody has to end the last line
		}
		rest = append(rest[:0], b.data[whole:]...)
		b.data = b.data[:whole]
		line += bytes.Count(b.data, []byte{'\n'})
		r.send(b)
		if err != nil {
			return r.end(ctx, name, line, err)
		}
	}
}

// end is the end of a file, good or bad.
func (r *lineReader) end(ctx context.Context, name string, line int, err error) bool {
	if errors.Is(err, io.EOF) {
		return true
	}
	return r.say(ctx, "%s:%d: %v; the rest of it was not read", name, line, err)
}

var errLongLine = fmt.Errorf("the line is longer than %d MiB and was passed over", maxLine>>20)

// fill reads into the block until it has a whole line: what one read brings, so
// that lines which come slowly are not waited for. It returns [errLongLine]
// with the part of the line that has been read, all of it if it ends in a line
// end.
func (r *lineReader) fill(ctx context.Context, b *block, in io.Reader) error {
	seen := 0 // where no line end is
	for {
		if end := bytes.IndexByte(b.data[seen:], '\n'); end >= 0 && seen+end < maxLine {
			return nil
		}
		if len(b.data) > maxLine {
			return errLongLine
		}
		seen = len(b.data)
		if len(b.data) == cap(b.data) {
			size := max(blockSize, min(2*cap(b.data), maxLine+1))
			if size > largeBlock && !b.large {
				select {
				case r.large <- struct{}{}:
					b.large = true
				case <-ctx.Done():
					return ctx.Err()
				}
			}
			b.data = append(make([]byte, 0, size), b.data...)
		}
		// A little at a time, so that what is left for the next block is little.
		n, err := in.Read(b.data[len(b.data):min(cap(b.data), len(b.data)+blockSize)])
		b.data = b.data[:len(b.data)+n]
		if err != nil && (len(b.data) <= maxLine || bytes.IndexByte(b.data[seen:maxLine], '\n') >= 0) {
			return err
		}
	}
}

// skipLine reads to the end of a line, and returns what it has read behind it.
func skipLine(in io.Reader) ([]byte, error) {
	buf := make([]byte, blockSize)
	for {
		n, err := in.Read(buf)
		if end := bytes.IndexByte(buf[:n], '\n'); end >= 0 {
			// An error will come again.
			return buf[end+1 : n], nil
		}
		if err != nil {
			return nil, err
		}
	}
}
