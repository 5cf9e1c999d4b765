package filters

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"tipoff/sources/story"
)

// zipf is the vocabulary of the benchmarks: the frequent words of security
// news, then made-up ones of plausible lengths, drawn with Zipf's distribution.
type zipf struct {
	words []string
	dist  *rand.Zipf
}

func newZipf(r *rand.Rand, n int) zipf {
	z := zipf{dist: rand.NewZipf(r, 1.1, 4, uint64(n-1))}
	known := frequent()
	z.words = make([]string, len(known), n)
	for w, rank := range known {
		z.words[rank-1] = w
	}
	for len(z.words) < n {
		var b strings.Builder
		for range 4 + r.IntN(7) {
			b.WriteByte("etaoinshrdlucmfwypvbgkjqxz"[min(r.IntN(26), r.IntN(26))])
		}
		if known[b.String()] == 0 {
			z.words = append(z.words, b.String())
		}
	}
	return z
}

func (z zipf) word() string { return z.words[z.dist.Uint64()] }

// middling is a word that a person would watch for: not one of the commonest.
func (z zipf) middling(r *rand.Rand) string { return z.words[200+r.IntN(len(z.words)-200)] }

func (z zipf) story() *story.Story {
	text := func(n int) string {
		w := make([]string, n)
		for i := range w {
			w[i] = z.word()
		}
		w[0] = strings.ToUpper(w[0][:1]) + w[0][1:]
		return strings.Join(w, " ") + "."
	}
	return &story.Story{Title: text(10), Summary: text(65), Source: "source", Tags: []string{"gov"}}
}

func keywordWatch(r *rand.Rand, z zipf) string { return z.middling(r) }

// booleanWatch is a full boolean query.
func booleanWatch(r *rand.Rand, z zipf) string {
	m := func() string { return z.middling(r) }
	switch r.IntN(5) {
	case 0:
		return m() + " " + z.word()
	case 1:
		return fmt.Sprintf("%s OR %s OR %q", m(), m(), z.word()+" "+m())
	case 2:
		return fmt.Sprintf("(%s OR %s) %s -%s", m(), m(), z.word(), m())
	case 3:
		return fmt.Sprintf("title:(%s OR %s) -tag:gov", m(), m())
	}
	return fmt.Sprintf("%q -(%s OR %s)", m()+" "+z.word(), m(), m())
}

// benchmark is watches and stories.
type benchmark struct {
	zipf    zipf
	queries []string
	watches map[string]*Filter
	set     *Set
	stories []*story.Story
}

func newBenchmark(b *testing.B, n int, query func(*rand.Rand, zipf) string) benchmark {
	r := rand.New(rand.NewPCG(1, 2))
	m := benchmark{zipf: newZipf(r, max(20_000, 2*n)), watches: map[string]*Filter{}}
	for i := range n {
		q := query(r, m.zipf)
		m.queries = append(m.queries, q)
		m.watches[fmt.Sprintf("w%06d", i)] = mustCompile(b, q)
	}
	m.set = NewSet(m.watches)
	for range 500 {
		m.stories = append(m.stories, m.zipf.story())
	}
	return m
}

// compare returns how long each of the functions takes for a story. They take
// turns, and the best turn of each counts: what else the machine does at the
// time then matters little.
func (m benchmark) compare(functions ...func(*story.Story)) []time.Duration {
	best := make([]time.Duration, len(functions))
	for range 20 {
		for i, f := range functions {
			start := time.Now()
			for _, s := range m.stories {
				f(s)
			}
			if took := time.Since(start) / time.Duration(len(m.stories)); best[i] == 0 || took < best[i] {
				best[i] = took
			}
		}
	}
	return best
}

func ratio(a, b time.Duration) float64 { return float64(a) / float64(b) }

// BenchmarkSet normalises, splits and matches stories of 75 words against n
// watches at once. "x-split" is the time as a multiple of what normalising and
// splitting alone takes.
func BenchmarkSet(b *testing.B) {
	for _, c := range []struct {
		name  string
		n     int
		query func(*rand.Rand, zipf) string
	}{
		{"boolean/10", 10, booleanWatch},
		{"boolean/1000", 1000, booleanWatch},
		{"boolean/10000", 10_000, booleanWatch},
		{"keywords/10000", 10_000, keywordWatch},
		{"keywords/100000", 100_000, keywordWatch},
	} {
		b.Run(c.name, func(b *testing.B) {
			m := newBenchmark(b, c.n, c.query)
			d := &Doc{}
			var names []string
			found, i := 0, 0
			for range 2 * len(m.stories) { // the buffers grow
				d.Reset(m.stories[i%len(m.stories)])
				names = m.set.Append(names[:0], d)
				i++
			}
			b.ReportAllocs()
			for b.Loop() {
				d.Reset(m.stories[i%len(m.stories)])
				names = m.set.Append(names[:0], d)
				found += len(names)
				i++
			}
			b.ReportMetric(float64(found)/float64(b.N), "matches/op")
			took := m.compare(d.Reset, func(s *story.Story) {
				d.Reset(s)
				names = m.set.Append(names[:0], d)
			})
			b.ReportMetric(ratio(took[1], took[0]), "x-split")
		})
	}
}

func BenchmarkNewDoc(b *testing.B) {
	r := rand.New(rand.NewPCG(1, 2))
	s := newZipf(r, 20000).story()
	b.SetBytes(int64(len(s.Title) + len(s.Summary)))
	b.ReportAllocs()
	for b.Loop() {
		NewDoc(s)
	}
}

func BenchmarkCompile(b *testing.B) {
	r := rand.New(rand.NewPCG(1, 2))
	z := newZipf(r, 20000)
	queries := make([]string, 1000)
	for i := range queries {
		queries[i] = booleanWatch(r, z)
	}
	i := 0
	for b.Loop() {
		mustCompile(b, queries[i%len(queries)])
		i++
	}
}
