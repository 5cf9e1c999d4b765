package fetch

import (
	"bytes"
	"compress/zlib"
	"context"
	"errors"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/andybalholm/brotli"
	"github.com/klauspost/compress/flate"
	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
)

// acceptEncoding lists the content codings that decode knows.
// https://www.iana.org/assignments/http-parameters
const acceptEncoding = "gzip, deflate, br, zstd"

const (
	// maxCodings is how many codings one upon the other are undone.
	maxCodings = 2
	// maxWindow bounds what a decoder of zstd keeps in memory, as RFC 9659 does.
	maxWindow = 8 << 20
)

var bodies = sync.Pool{New: func() any { return new(bytes.Buffer) }}

// read takes the whole body, decompressed, into a slice of its exact size. stop
// is called if its bytes fail to come.
func (c *Client) read(ctx context.Context, hr *http.Response, req Request, stop context.CancelCauseFunc) ([]byte, error) {
	most, _ := c.limits(req)
	if hr.ContentLength > most {
		return nil, errTooLarge
	}
	buf := bodies.Get().(*bytes.Buffer)
	buf.Reset()
	defer func() {
		if buf.Cap() <= maxPooled {
			bodies.Put(buf)
		}
	}()
	watched := newWatched(hr.Body, c.opt.Stall, stop)
	defer watched.done()
	// What is read is bounded before it is decompressed too: a stream that
	// never begins to give anything would go on for ever.
	raw := &limited{r: watched, left: most}
	body, closeAll, err := decode(raw, hr.Header.Values("Content-Encoding"))
	if err != nil {
		return nil, err
	}
	defer closeAll()
	if err := fill(buf, body, min(most, maxPooled)); errors.Is(err, errTooLarge) && most > maxPooled {
		if err := c.place(ctx, req, watched); err != nil {
			return nil, err
		}
		grow(buf, hr, most)
		// One byte more than the first limit has been read.
		if err := fill(buf, body, most-int64(buf.Len())); err != nil {
			return nil, err
		}
	} else if err != nil {
		return nil, err
	}
	if !req.Large && bytes.HasPrefix(buf.Bytes(), []byte("\x1f\x8b")) {
		// A file that is kept compressed, and sent as it is.
		z, err := gzip.NewReader(bytes.NewReader(buf.Bytes()))
		if err != nil {
			return nil, errEncoding
		}
		var out bytes.Buffer
		if len(buf.Bytes()) <= maxPooled { // it may unpack to much more
			if err := c.place(ctx, req, watched); err != nil {
				return nil, err
			}
		}
		err = fill(&out, coded{z}, most)
		return out.Bytes(), err
	}
	if buf.Cap() > maxPooled {
		return buf.Bytes(), nil // it is not used again
	}
	return bytes.Clone(buf.Bytes()), nil
}

// grow makes room for a body whose size is known, so that a large one is not
// copied from one buffer into the next.
func grow(buf *bytes.Buffer, hr *http.Response, most int64) {
	if n := hr.ContentLength; n > maxPooled && n <= most && hr.Header.Get("Content-Encoding") == "" {
		buf.Grow(int(n) - buf.Len() + bytes.MinRead)
	}
}

// place waits until a large body may be read. The server is not to blame for
// the time that takes.
func (c *Client) place(ctx context.Context, req Request, w *watched) error {
	if req.Place == nil {
		return nil
	}
	w.timer.Stop()
	defer w.timer.Reset(w.stall)
	return req.Place(ctx)
}

// fill reads all of r, at most limit bytes.
func fill(buf *bytes.Buffer, r io.Reader, limit int64) error {
	n, err := buf.ReadFrom(io.LimitReader(r, limit+1))
	if err == nil && n > limit {
		err = errTooLarge
	}
	return err
}

// decode undoes the content codings of a body.
func decode(r io.Reader, header []string) (body io.Reader, closeAll func(), err error) {
	var codings []string
	for part := range strings.SplitSeq(strings.Join(header, ","), ",") {
		if part = strings.ToLower(strings.TrimSpace(part)); part != "" && part != "identity" {
			codings = append(codings, part)
		}
	}
	closeAll = func() {}
	if len(codings) > maxCodings {
		return nil, closeAll, errEncoding
	}
	if len(codings) > 0 {
		var first [1]byte
		if _, err := io.ReadFull(r, first[:]); errors.Is(err, io.EOF) {
			return r, closeAll, nil // no body, and so no coding
		} else if err != nil {
			return nil, closeAll, err
		}
		r = io.MultiReader(bytes.NewReader(first[:]), r)
	}
	for _, coding := range slices.Backward(codings) { // the last one was applied last
		switch coding {
		case "gzip", "x-gzip":
			r, err = gzip.NewReader(r)
		case "deflate":
			r, err = inflate(r)
		case "br":
			r = brotli.NewReader(r)
		case "zstd":
			var z *zstd.Decoder
			z, err = zstd.NewReader(r, zstd.WithDecoderMaxWindow(maxWindow), zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true))
			if err == nil {
				closeAll = after(closeAll, z.Close)
				r = z
			}
		default:
			err = errEncoding
		}
		if err != nil {
			return nil, closeAll, codingError(err)
		}
		r = coded{r}
	}
	return r, closeAll, nil
}

func after(a, b func()) func() { return func() { b(); a() } }

// inflate reads what HTTP calls deflate: the format of zlib, or what some
// servers took the word for.
func inflate(r io.Reader) (io.Reader, error) {
	var head [2]byte
	n, err := io.ReadFull(r, head[:])
	if err != nil && !errors.Is(err, io.ErrUnexpectedEOF) {
		return nil, err
	}
	r = io.MultiReader(bytes.NewReader(head[:n]), r)
	// RFC 1950, 2.2: the method is 8, and the two bytes are a multiple of 31.
	if n == 2 && head[0]&0x0f == 8 && (int(head[0])<<8|int(head[1]))%31 == 0 {
		return zlib.NewReader(r)
	}
	return flate.NewReader(r), nil
}

// coded is a decoder. Its own errors say that the body is not what its headers
// say, those of the network stay as they are.
type coded struct{ r io.Reader }

func (c coded) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	if err != nil && !errors.Is(err, io.EOF) {
		err = codingError(err)
	}
	return n, err
}

// codingError tells the fault of a decoder from that of what it reads.
func codingError(err error) error {
	if errors.Is(err, errTooLarge) || errors.Is(err, errEncoding) || errors.As(err, new(*brokenError)) {
		return err
	}
	return errEncoding
}

// brokenError is an error of the connection.
type brokenError struct{ err error }

func (e *brokenError) Error() string { return e.err.Error() }
func (e *brokenError) Unwrap() error { return e.err }

// limited fails with errTooLarge where the body goes on after the limit.
type limited struct {
	r    io.Reader
	left int64
}

func (l *limited) Read(p []byte) (int, error) {
	n, err := l.r.Read(p)
	if l.left -= int64(n); l.left < 0 {
		return 0, errTooLarge
	}
	if err != nil && !errors.Is(err, io.EOF) {
		err = &brokenError{err}
	}
	return n, err
}

// watched ends a request whose bytes fail to come.
type watched struct {
	r     io.Reader
	stall time.Duration
	timer *time.Timer
}

func newWatched(r io.Reader, stall time.Duration, stop context.CancelCauseFunc) *watched {
	return &watched{r, stall, time.AfterFunc(stall, func() { stop(errStalled) })}
}

func (w *watched) Read(p []byte) (int, error) {
	w.timer.Reset(w.stall)
	return w.r.Read(p)
}

func (w *watched) done() { w.timer.Stop() }
