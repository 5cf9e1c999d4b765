package storetest

import (
	"context"
	"flag"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"tipoff/bot/pipeline"
	"tipoff/bot/store"
	"tipoff/filters"
	"tipoff/sources"
	"tipoff/sources/story"
)

var benchStories = flag.Int("stories", 20_000, "how many stories the benchmarks of the stores search in; their doc comments give figures for 1000000")

// words is a vocabulary in which the n-th word is about n times rarer than the
// first, as in a language.
type words struct {
	rng  *rand.Rand
	zipf *rand.Zipf
}

const vocabulary = 200_000

func newWords() *words {
	rng := rand.New(rand.NewPCG(1, 1)) //nolint:gosec // the same each time
	return &words{rng: rng, zipf: rand.NewZipf(rng, 1.07, 8, vocabulary-1)}
}

// word is the n-th most frequent word.
func word(n uint64) string { return fmt.Sprintf("w%x", n*2654435761%(1<<32)) }

func (w *words) text(n int) string {
	var b strings.Builder
	for i := range n {
		if i > 0 {
			b.WriteByte(' ')
		}
		b.WriteString(word(w.zipf.Uint64()))
	}
	return b.String()
}

// story is one of 75 words: 10 in the title, 25 in the summary, 40 after that.
func (w *words) story(n int) story.Story {
	return story.Story{
		ID: fmt.Sprintf("%016x", n), URL: fmt.Sprintf("https://news.example/%d", n),
		Title: w.text(10), Summary: w.text(25), Content: w.text(40), Lang: "en",
		Published: time.Unix(1_500_000_000+int64(n)*60, 0), Seen: time.Unix(1_500_000_000+int64(n)*60, 0),
	}
}

// BenchmarkSearch fills a store with -stories stories and measures, for each kind
// of query, the first page. p50 and p99 are over queries of the same kind with
// other words.
func BenchmarkSearch(b *testing.B, s Store) {
	fill(b, s, *benchStories)
	pick := func(from, to uint64) func(*words) string {
		return func(w *words) string { return word(from + w.rng.Uint64N(to-from)) }
	}
	common, middling, rare := pick(2, 40), pick(400, 2000), pick(20_000, 150_000)
	for _, kind := range []struct {
		name  string
		query func(w *words) string
	}{
		{"common", common},
		{"middling", middling},
		{"rare", rare},
		{"common AND middling", func(w *words) string { return common(w) + " " + middling(w) }},
		{"common AND rare", func(w *words) string { return common(w) + " " + rare(w) }},
		{"two middling", func(w *words) string { return middling(w) + " " + middling(w) }},
		{"OR of five", func(w *words) string {
			return common(w) + " OR " + middling(w) + " OR " + middling(w) + " OR " + rare(w) + " OR " + rare(w)
		}},
		{"phrase", func(w *words) string { return `"` + common(w) + " " + common(w) + `"` }},
		{"phrase of middling", func(w *words) string { return `"` + common(w) + " " + middling(w) + `"` }},
		{"NEAR", func(w *words) string { return common(w) + " NEAR/5 " + middling(w) }},
		{"field", func(w *words) string { return "title:" + middling(w) }},
		{"prefix", func(w *words) string { return middling(w)[:4] + "*" }},
		{"negation", func(w *words) string { return middling(w) + " -" + common(w) }},
		{"mixed", func(w *words) string {
			return "(" + common(w) + " OR " + middling(w) + ") title:" + common(w) + " -" + rare(w)
		}},
	} {
		b.Run(kind.name, func(b *testing.B) {
			w := newWords()
			var took []time.Duration
			for b.Loop() {
				f, err := filters.Compile(kind.query(w))
				if err != nil {
					b.Fatal(err)
				}
				began := time.Now()
				if _, err := s.Search(b.Context(), store.Search{Filter: f, Limit: 20}); err != nil {
					b.Fatal(err)
				}
				took = append(took, time.Since(began))
			}
			slices.Sort(took)
			at := func(p float64) float64 { return float64(took[int(p*float64(len(took)-1))].Microseconds()) / 1000 }
			b.ReportMetric(at(0.5), "p50-ms")
			b.ReportMetric(at(0.99), "p99-ms")
		})
	}
}

// fill adds stories, 500 in a transaction, and says how fast that was.
func fill(b *testing.B, s Store, n int) {
	b.Helper()
	if err := s.SyncSources(b.Context(), []sources.Source{{Name: "wire", URL: "https://wire.example/feed"}}); err != nil {
		b.Fatal(err)
	}
	src, _, err := s.Source(b.Context(), "wire")
	if err != nil {
		b.Fatal(err)
	}
	w := newWords()
	began := time.Now()
	for from := 0; from < n; from += 500 {
		err := s.Update(b.Context(), func(ctx context.Context, tx pipeline.Tx) error {
			for i := from; i < min(from+500, n); i++ {
				st := w.story(i)
				key, _, err := tx.AddStory(ctx, src, &st)
				if err != nil {
					return err
				}
				if err := tx.AddSighting(ctx, src, store.NewIdentity("", st.URL, ""), key, st.URL, &st); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			b.Fatal(err)
		}
	}
	b.Logf("%d stories, %.0f a second", n, float64(n)/time.Since(began).Seconds())
}
