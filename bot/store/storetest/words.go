package storetest

import (
	"fmt"
	"math/rand/v2"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"tipoff/sources/story"
)

// vocabulary is how many different words the stories of the benchmarks have.
const vocabulary = 200_000

// frequentWords is where the benchmarks read the frequent words of security
// news, seen from the package of a store.
const frequentWords = "../../../filters/frequent.txt"

// dictionary is the vocabulary, the most frequent word first: the words of
// security news, then made ones, of four or five letters and later of six or
// seven. So a made word has neighbours with the same beginning, and may be two
// other words closed up, as in a language.
var dictionary = sync.OnceValues(func() ([]string, error) {
	list, err := os.ReadFile(frequentWords)
	if err != nil {
		return nil, err
	}
	all := make([]string, 0, vocabulary)
	known := make(map[string]bool, vocabulary)
	add := func(w string) {
		if !known[w] {
			known[w] = true
			all = append(all, w)
		}
	}
	for line := range strings.Lines(string(list)) {
		if !strings.HasPrefix(line, "#") {
			for w := range strings.FieldsSeq(line) {
				add(w)
			}
		}
	}
	for n := uint64(0); len(all) < vocabulary; n++ {
		add(made(n))
	}
	return all, nil
})

// made is a word that can be spoken; two different numbers may give the same.
func made(n uint64) string {
	const first, vowels, last = "bcdfghklmnprstvwz", "aeiou", "nrsltmdk"
	syllables := 3
	if n < 6000 {
		syllables = 2
	}
	n *= 2654435761
	var b strings.Builder
	for range syllables {
		b.WriteByte(first[n%uint64(len(first))])
		n /= uint64(len(first))
		b.WriteByte(vowels[n%uint64(len(vowels))])
		n /= uint64(len(vowels))
	}
	if n%3 > 0 {
		b.WriteByte(last[n/3%uint64(len(last))])
	}
	return b.String()
}

// words draws from a vocabulary in which the n-th word is about n times rarer
// than the first, as in a language.
type words struct {
	all  []string
	rng  *rand.Rand
	zipf *rand.Zipf
}

func newWords(tb testing.TB) *words {
	tb.Helper()
	all, err := dictionary()
	if err != nil {
		tb.Fatal(err)
	}
	rng := rand.New(rand.NewPCG(1, 1)) //nolint:gosec // the same each time
	return &words{all: all, rng: rng, zipf: rand.NewZipf(rng, 1.07, 8, vocabulary-1)}
}

// pick is one of the words from rank a up to rank b.
func (w *words) pick(a, b int) string { return w.all[a+w.rng.IntN(b-a)] }

// text is n words in sentences. One word in sixty has a hyphen, as in security
// news, and always the same word behind it: a compound is mostly one that others
// have too (of 400,000 in a million stories, 30,000 are different ones, to go by
// 36,000 headlines).
func (w *words) text(n int) string {
	var b strings.Builder
	before := 0
	for i := range n {
		word := int(w.zipf.Uint64()) //nolint:gosec // less than the vocabulary
		sign := " "
		switch {
		case i%13 == 0:
			if sign = ""; i > 0 {
				sign = ". "
			}
		case w.rng.IntN(60) == 0:
			sign = "-"
			word = (before*31 + 7) % 5000
		}
		before = word
		next := w.all[word]
		if sign != " " && sign != "-" {
			next = strings.ToUpper(next[:1]) + next[1:]
		}
		b.WriteString(sign + next)
	}
	b.WriteByte('.')
	return b.String()
}

// firstStory is when the first story was told.
const firstStory = 1_500_000_000

// story is one of 75 words: 10 in the title, 25 in the summary, 40 after that.
// There is one a minute.
func (w *words) story(n int) story.Story {
	at := time.Unix(firstStory+int64(n)*60, 0).UTC()
	return story.Story{
		ID: fmt.Sprintf("%016x", n), URL: fmt.Sprintf("https://news.example/%d", n),
		Title: w.text(10), Summary: w.text(25), Content: w.text(40), Lang: "en",
		Published: at, Seen: at,
	}
}
