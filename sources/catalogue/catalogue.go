// Package catalogue reads the public catalogues of what is known of
// vulnerabilities: FIRST's EPSS scores and NIST's NVD. They bring facts, no
// stories (see [sources.Facts]); CISA's, which brings both, is in package kev.
//
// The files have hundreds of thousands of entries and are read as a stream,
// packed with gzip or not. The package fetches and stores nothing.
package catalogue

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strconv"

	"github.com/klauspost/compress/gzip"

	"tipoff/sources"
	"tipoff/sources/feed"
)

const (
	// maxUnpacked bounds what a packed file may grow to. A year of the NVD has
	// some 200 MiB.
	maxUnpacked = 1 << 30
	// maxEntries is far above the number of all ids there are, some 350,000.
	maxEntries = 2_000_000
	maxID      = len("CVE-2024-") + 8
)

// open gives a document's text, unpacked if it is packed.
func open(d feed.Document) (io.Reader, error) {
	if !bytes.HasPrefix(d.Body, []byte("\x1f\x8b")) {
		return bytes.NewReader(d.Body), nil
	}
	z, err := gzip.NewReader(bytes.NewReader(d.Body))
	if err != nil {
		return nil, failing("the file is damaged: it is packed with gzip and cannot be unpacked")
	}
	return &bounded{z, maxUnpacked}, nil
}

// errTooLong is for a file that is built to exhaust its reader.
var errTooLong = errors.New("the file grows beyond all measure when it is unpacked")

// bounded fails after so many bytes, where an io.LimitReader would end as if
// all were well.
type bounded struct {
	r    io.Reader
	left int64
}

func (b *bounded) Read(p []byte) (int, error) {
	n, err := b.r.Read(p)
	if b.left -= int64(n); b.left < 0 {
		return 0, errTooLong
	}
	return n, err
}

func failing(format string, args ...any) error {
	return &sources.Error{State: sources.Failing, Text: fmt.Sprintf(format, args...)}
}

// unread says why a stream could not be read to its end.
func unread(err error, what string) error {
	switch {
	case errors.Is(err, errTooLong):
		return failing("%v: look at what is at the source's url", err)
	case errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, io.EOF):
		return failing("the file ends in the middle: it is read again at the next visit")
	}
	return failing("this is not %s: check the source's url and kind", what)
}

// grown compares a whole catalogue with the one before: one that lost half of
// its entries is taken for a fault of the server's, as all that it does not say
// would be forgotten.
func grown(memory string, have int) (next string, err error) {
	if had, err := strconv.Atoi(memory); err == nil && have*2 < had {
		return "", failing("the catalogue has %d entries where it had %d: it is read again at the next visit; if it stays so, give the source another name to begin anew", have, had)
	}
	return strconv.Itoa(have), nil
}
