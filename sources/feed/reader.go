package feed

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"slices"
	"sync"
	"time"

	"golang.org/x/sync/semaphore"

	"tipoff/sources"
	"tipoff/sources/fetch"
)

// Reader visits sources. It is safe for many goroutines.
type Reader struct {
	client *fetch.Client
	now    func() time.Time
	large  *semaphore.Weighted // for visits with large bodies
	parser chan struct{}       // full while a large body is parsed
	other  map[sources.Kind]Format
}

// NewReader makes a reader that fetches with c. Without a clock it takes
// time.Now. other has the formats of the kinds of source that are not feeds.
func NewReader(c *fetch.Client, now func() time.Time, other map[sources.Kind]Format) *Reader {
	if now == nil {
		now = time.Now
	}
	return &Reader{client: c, now: now, large: semaphore.NewWeighted(largeVisits), parser: make(chan struct{}, 1), other: other}
}

// Visit fetches a source's feed and reads it. v is what the last visit gave
// that could be read; a server that answers 304, or the same bytes, makes the
// visit Unchanged.
//
// A visit with an error gives v back as its Validators: with those of an
// answer that could not be read, the server would say "not modified" to the
// next visit, and the source would look well.
//
// Stories name src as their source and carry its tags before their own. They
// have no id, no sightings and no time of sight.
//
// Who gets a visit calls its Release, if it has one: few visits with large
// bodies are under way at a time.
func (r *Reader) Visit(ctx context.Context, src sources.Source, v sources.Validators) (visit sources.Visit) {
	held := func() {}
	place := func(ctx context.Context) error {
		if err := r.large.Acquire(ctx, 1); err != nil {
			return err
		}
		held = func() { r.large.Release(1) }
		return nil
	}
	defer func() {
		if visit.Release == nil {
			held() // nothing came of it, or a panic
		}
	}()
	visit = r.visit(ctx, src, v, place)
	if len(visit.Items) > 0 || visit.Facts != nil {
		visit.Release = sync.OnceFunc(func() { held() })
	}
	return visit
}

func (r *Reader) visit(ctx context.Context, src sources.Source, v sources.Validators, place func(context.Context) error) sources.Visit {
	resp, ferr := r.client.Get(ctx, fetch.Request{
		URL: src.URL, Validators: v, Headers: src.Headers, BasicAuth: src.BasicAuth, Proxy: src.Proxy, Large: src.Kind.Catalogue(), Place: place,
	})
	visit := sources.Visit{Status: resp.Status, Validators: v, NotBefore: resp.NotBefore, Fresh: resp.Fresh, Moved: resp.Moved}
	if ferr != nil {
		visit.Err = ferr
		return visit
	}
	if resp.NotModified {
		visit.Unchanged = true
		visit.Validators = resp.Validators
		return visit
	}
	sum := sha256.Sum256(resp.Body)
	bodyHash := hex.EncodeToString(sum[:16])
	if bodyHash == v.BodyHash {
		visit.Unchanged = true
		visit.Validators = resp.Validators
		return visit
	}
	f, err := r.parse(src, Document{resp.Body, resp.ContentType, resp.URL, v.Memory})
	if err != nil {
		visit.Err = asError(err, resp.Status)
		return visit
	}
	// What is missing now may be there the next time under the same validators.
	if visit.Partial = f.Partial; !f.Partial {
		visit.Validators = resp.Validators
		visit.Validators.BodyHash = bodyHash
	}
	visit.Validators.Memory = f.Memory
	visit.Validators.Rhythm = f.Rhythm
	visit.Title, visit.Format = f.Title, f.Format
	visit.Skipped, visit.SkipReason = f.Skipped, f.SkipReason
	visit.Items, visit.Facts = f.Items, f.Facts
	for n := range visit.Items {
		s := &visit.Items[n].Story
		s.Source = src.Name
		s.Tags = withTags(src.Tags, s.Tags)
	}
	return visit
}

// largeBody is the size from which feeds are parsed one at a time: before it is
// cut to the items that are wanted, a parsed feed takes some ten times its
// bytes, and many of them at once would take all memory there is.
const largeBody = 1 << 20

// largeVisits is how many visits with large bodies are under way at a time,
// from their second megabyte to their last story written. 40 feeds of 5.6 MB at
// once took 1,000 MB without that and take 400 with it, in the same time.
const largeVisits = 3

func (r *Reader) parse(src sources.Source, d Document) (Feed, error) {
	if len(d.Body) >= largeBody {
		r.parser <- struct{}{}
		defer func() { <-r.parser }()
	}
	if src.Kind == sources.Feed || src.Kind == "" {
		return Parse(d.Body, d.ContentType, d.URL, r.now())
	}
	format := r.other[src.Kind]
	if format == nil {
		return Feed{}, failing("sources of kind %s cannot be read: write one of the kinds that the manual has", src.Kind)
	}
	return format(src, d, r.now())
}

func asError(err error, status int) *sources.Error {
	var e *sources.Error
	if !errors.As(err, &e) {
		e = &sources.Error{State: sources.Failing, Text: err.Error()}
	}
	e.Status = status
	return e
}

// withTags puts a source's tags before a story's own.
func withTags(source, own []string) []string {
	if len(source) == 0 {
		return own
	}
	all := slices.Clone(source)
	for _, t := range own {
		if !slices.Contains(all, t) {
			all = append(all, t)
		}
	}
	return all
}
