package filters

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"tipoff/sources/story"
)

// zipf is the vocabulary of the benchmarks: words of plausible lengths, the frequent ones
// short, drawn with Zipf's distribution.
type zipf struct {
	words []string
	dist  *rand.Zipf
}

func newZipf(r *rand.Rand, n int) zipf {
	z := zipf{dist: rand.NewZipf(r, 1.1, 4, uint64(n-1))}
	for i := range n {
		length := 2 + r.IntN(2) + min(i/20, 3) + r.IntN(1+min(i/10, 5))
		var b strings.Builder
		for range length {
			b.WriteByte("etaoinshrdlucmfwypvbgkjqxz"[min(r.IntN(26), r.IntN(26))])
		}
		z.words = append(z.words, b.String())
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

// watch is a full boolean query.
func (z zipf) watch(r *rand.Rand) string {
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

// BenchmarkSet matches stories of 75 words, ready as docs, against n watches at
// once. "x-each" is how many times longer evaluating each filter in turn takes,
// and "x-doc" is the time as a part of what NewDoc takes.
func BenchmarkSet(b *testing.B) {
	for _, n := range []int{10, 1000, 10000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			r := rand.New(rand.NewPCG(1, 2))
			z := newZipf(r, 20000)
			watches := map[string]*Filter{}
			for i := range n {
				watches[fmt.Sprintf("w%05d", i)] = mustCompile(b, z.watch(r))
			}
			set := NewSet(watches)
			stories := make([]*story.Story, 200)
			docs := make([]*Doc, len(stories))
			for i := range stories {
				stories[i] = z.story()
				docs[i] = NewDoc(stories[i])
			}

			found := 0
			b.ReportAllocs()
			i := 0
			start := time.Now()
			for b.Loop() {
				found += len(set.Match(docs[i%len(docs)]))
				i++
			}
			one := time.Since(start).Seconds() / float64(b.N)
			b.ReportMetric(float64(found)/float64(b.N), "matches/op")

			// The rival runs for a fraction of the time: it is slow.
			each, rounds := 0, max(1, min(len(docs), 2_000_000/n))
			start = time.Now()
			for i := range rounds {
				for _, f := range watches {
					if f.Match(docs[i%len(docs)]) {
						each++
					}
				}
			}
			b.ReportMetric(time.Since(start).Seconds()/float64(rounds)/one, "x-each")
			all := 0
			for i := range rounds {
				all += len(set.Match(docs[i%len(docs)]))
			}
			if each != all {
				b.Fatalf("%d matches in turn, %d at once", each, all)
			}

			start = time.Now()
			for i := range 2000 {
				NewDoc(stories[i%len(stories)])
			}
			b.ReportMetric(one/(time.Since(start).Seconds()/2000), "x-doc")
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
		queries[i] = z.watch(r)
	}
	i := 0
	for b.Loop() {
		mustCompile(b, queries[i%len(queries)])
		i++
	}
}
