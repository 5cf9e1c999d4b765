package storetest

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"tipoff/bot/alert"
	"tipoff/bot/pipeline"
	"tipoff/bot/search"
	"tipoff/bot/store"
	"tipoff/bot/watch"
	"tipoff/filters"
	"tipoff/sources"
	"tipoff/sources/story"
)

var (
	benchStories = flag.Int("stories", 20_000, "how many stories the benchmarks of the stores search in; their doc comments give figures for 1000000")
	storesDir    = flag.String("storesdir", "", "a folder in which the benchmarks keep their filled stores, to use them again; PostgreSQL's stay in schemas of their own")
)

// benchSize is how many stories a benchmark searches in.
func benchSize() int {
	if testing.Short() {
		return 2000
	}
	return *benchStories
}

// BenchFile is the SQLite file of a benchmark that fills it.
func BenchFile(b *testing.B) string {
	b.Helper()
	if *storesDir == "" {
		return filepath.Join(b.TempDir(), "stories.db")
	}
	return filepath.Join(*storesDir, fmt.Sprintf("stories-%d.db", benchSize()))
}

// BenchPostgres is the address of the schema of a benchmark that fills it.
func BenchPostgres(b *testing.B) string {
	b.Helper()
	if *storesDir == "" {
		return Postgres(b)
	}
	return schema(b, fmt.Sprintf("tipoff_stories_%d", benchSize()), true)
}

// Bench is a store whose speed is measured.
type Bench struct {
	Store
	// Settle does what the database does by itself after a while.
	Settle func(ctx context.Context) error
	// Size is that of the database in bytes.
	Size func(ctx context.Context) (int64, error)
	// Bare asks the index of the database in its own language, as a program
	// does that has no language of its own: the newest 20 stories. Nil where
	// the comparison says nothing.
	Bare func(ctx context.Context, match string) error
}

// The ranks of words: what about every second story has, one in a hundred or
// thousand, and a few or none.
func common(w *words) string   { return w.pick(2, 40) }
func middling(w *words) string { return w.pick(400, 2000) }
func rare(w *words) string     { return w.pick(20_000, 150_000) }

// kinds are the kinds of queries, and how FTS5 is asked the same.
var kinds = []struct {
	name string
	ask  func(w *words) (query, fts string)
}{
	{"common", func(w *words) (string, string) { return same(common(w)) }},
	{"middling", func(w *words) (string, string) { return same(middling(w)) }},
	{"rare", func(w *words) (string, string) { return same(rare(w)) }},
	{"common AND middling", func(w *words) (string, string) { return same(common(w) + " AND " + middling(w)) }},
	{"common AND rare", func(w *words) (string, string) { return same(common(w) + " AND " + rare(w)) }},
	{"two middling", func(w *words) (string, string) { return same(middling(w) + " AND " + middling(w)) }},
	{"OR of five", func(w *words) (string, string) {
		return same(common(w) + " OR " + middling(w) + " OR " + middling(w) + " OR " + rare(w) + " OR " + rare(w))
	}},
	{"phrase", func(w *words) (string, string) { return same(`"` + common(w) + " " + common(w) + `"`) }},
	{"phrase of middling", func(w *words) (string, string) { return same(`"` + common(w) + " " + middling(w) + `"`) }},
	{"NEAR", func(w *words) (string, string) {
		a, b := common(w), middling(w)
		return a + " NEAR/5 " + b, "NEAR(" + a + " " + b + ", 5)"
	}},
	{"field", func(w *words) (string, string) { return same("title:" + middling(w)) }},
	{"prefix", func(w *words) (string, string) { return same(beginning(middling(w), 3) + "*") }},
	{"prefix of a rare word", func(w *words) (string, string) { return same(beginning(rare(w), 5) + "*") }},
	{"negation", func(w *words) (string, string) {
		a, b := middling(w), common(w)
		return a + " -" + b, a + " NOT " + b
	}},
	{"mixed", func(w *words) (string, string) {
		a, b, c, d := common(w), middling(w), common(w), rare(w)
		return "(" + a + " OR " + b + ") title:" + c + " -" + d, "((" + a + " OR " + b + ") AND title:" + c + ") NOT " + d
	}},
}

func beginning(w string, n int) string { return w[:min(n, len(w))] }

func same(q string) (query, fts string) { return q, q }

// BenchmarkSearch measures, for each kind of query, the first page of a store
// with -stories stories. p50 and p99 are over queries of the same kind with
// other words; x-bare is how many times the database's own query of the same
// takes, in the same run.
func BenchmarkSearch(b *testing.B, s Bench) {
	fill(b, s)
	for _, kind := range kinds {
		b.Run(kind.name, func(b *testing.B) {
			w := newWords(b)
			var ours, bare []time.Duration
			for n := 0; b.Loop(); n++ {
				text, fts := kind.ask(w)
				f, err := filters.Compile(text)
				if err != nil {
					b.Fatal(err)
				}
				turn := func(took *[]time.Duration, ask func() error) {
					began := time.Now()
					if err := ask(); err != nil {
						b.Fatal(text, err)
					}
					*took = append(*took, time.Since(began))
				}
				search := func() error {
					_, err := s.Search(b.Context(), store.Search{Filter: f, Limit: 20})
					return err
				}
				if s.Bare == nil {
					turn(&ours, search)
					continue
				}
				// Who comes second finds the pages in memory: each is second in
				// every other turn.
				if n%2 == 0 {
					turn(&ours, search)
				}
				turn(&bare, func() error { return s.Bare(b.Context(), fts) })
				if n%2 == 1 {
					turn(&ours, search)
				}
			}
			b.ReportMetric(at(ours, 0.5), "p50-ms")
			b.ReportMetric(at(ours, 0.99), "p99-ms")
			if s.Bare != nil {
				b.ReportMetric(at(ours, 0.5)/at(bare, 0.5), "x-bare-p50")
				b.ReportMetric(at(ours, 0.99)/at(bare, 0.99), "x-bare-p99")
			}
		})
	}
}

// at is a percentile in milliseconds.
func at(took []time.Duration, p float64) float64 {
	slices.Sort(took)
	return float64(took[int(p*float64(len(took)-1))].Nanoseconds()) / 1e6
}

// fill adds stories, 500 in a transaction, unless the store has them, and says
// how large they are.
func fill(b *testing.B, s Bench) {
	b.Helper()
	n := benchSize()
	have, err := s.Count(b.Context())
	if err != nil {
		b.Fatal(err)
	}
	if have != 0 && have != n {
		b.Fatalf("%d stories, want %d: the store was not filled to its end, remove it", have, n)
	}
	if have == 0 {
		began := time.Now()
		load(b, s, n)
		b.Logf("%d stories, %.0f a second", n, float64(n)/time.Since(began).Seconds())
		if err := s.Settle(b.Context()); err != nil {
			b.Fatal(err)
		}
	}
	size, err := s.Size(b.Context())
	if err != nil {
		b.Fatal(err)
	}
	b.Run("size", func(b *testing.B) {
		b.ReportMetric(float64(size)/float64(n)/1000, "GB/million")
		b.ReportMetric(0, "ns/op")
	})
}

func load(b *testing.B, s Store, n int) {
	b.Helper()
	if err := s.SyncSources(b.Context(), []sources.Source{{Name: "wire", URL: "https://wire.example/feed"}}); err != nil {
		b.Fatal(err)
	}
	src, _, err := s.Source(b.Context(), "wire")
	if err != nil {
		b.Fatal(err)
	}
	w := newWords(b)
	for from := 0; from < n; from += 500 {
		err := s.Update(b.Context(), func(ctx context.Context, tx pipeline.Tx) error {
			var all []story.Story
			var items []store.Expected
			for i := from; i < min(from+500, n); i++ {
				all = append(all, w.story(i))
			}
			for i := range all {
				st := &all[i]
				items = append(items, store.Expected{Source: src, Identity: store.NewIdentity("", st.URL, ""), Story: st})
			}
			if err := tx.Expect(ctx, items); err != nil {
				return err
			}
			for i := range all {
				st := &all[i]
				key, _, err := tx.AddStory(ctx, src, st)
				if err != nil {
					return err
				}
				if err := tx.AddSighting(ctx, src, store.NewIdentity("", st.URL, ""), key, st.URL, st); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			b.Fatal(err)
		}
	}
}

// backTests are watches to try.
var backTests = []struct {
	name string
	ask  func(w *words) string
}{
	{"common", common},
	{"middling", middling},
	{"watch", func(w *words) string {
		return "(" + middling(w) + " OR " + middling(w) + ` OR "` + middling(w) + " " + middling(w) + `") ` + common(w) + " -" + middling(w)
	}},
	{"OR of ten", func(w *words) string {
		all := make([]string, 10)
		for i := range all {
			all[i] = middling(w)
		}
		return strings.Join(all, " OR ")
	}},
	{"title", func(w *words) string { return "title:" + middling(w) }},
	{"phrase", func(w *words) string { return `"` + middling(w) + " " + common(w) + `"` }},
	{"NEAR", func(w *words) string { return middling(w) + " NEAR/5 " + middling(w) }},
	{"everything but", func(w *words) string { return "-" + common(w) }},
	{"pack", func(*words) string { return "set:china" }},
}

// BenchmarkBackTest measures a back-test over all stories of a store with
// -stories of them: hits by day, samples, and the overlap with three watches.
func BenchmarkBackTest(b *testing.B, s Bench) {
	fill(b, s)
	w := newWords(b)
	watches := watches{}
	for i := range 3 {
		watches = append(watches, alert.Watch{Name: fmt.Sprint("watch ", i), Query: backTests[2].ask(w)})
	}
	book, err := watch.NewBook(b.Context(), watches, nil, slog.New(slog.DiscardHandler))
	if err != nil {
		b.Fatal(err)
	}
	now := time.Unix(firstStory, 0).Add(time.Duration(benchSize()) * time.Minute)
	searcher := search.New(s, book.Current, func() time.Time { return now }, search.Options{Limit: time.Minute})
	for _, kind := range backTests {
		b.Run(kind.name, func(b *testing.B) {
			w := newWords(b)
			var took []time.Duration
			hits := 0
			for b.Loop() {
				text := kind.ask(w)
				f, err := filters.Compile(text)
				if err != nil {
					b.Fatal(text, err)
				}
				began := time.Now()
				r, err := searcher.BackTest(b.Context(), f, time.Time{})
				if err != nil {
					b.Fatal(text, err)
				}
				took = append(took, time.Since(began))
				hits += r.Hits
			}
			b.ReportMetric(at(took, 0.5), "p50-ms")
			b.ReportMetric(at(took, 1), "most-ms")
			b.ReportMetric(float64(hits)/float64(len(took)), "hits")
		})
	}
}

// watches are those of a back-test.
type watches []alert.Watch

func (w watches) Watches(context.Context) ([]alert.Watch, error)      { return w, nil }
func (w watches) AddWatch(context.Context, alert.Watch, string) error { return errors.ErrUnsupported }

func (w watches) RemoveWatch(context.Context, string, string) error { return errors.ErrUnsupported }
