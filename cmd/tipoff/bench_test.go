package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"tipoff/bot/alert"
	"tipoff/filters"
	"tipoff/sources/story"
)

// newsWords are drawn by Zipf's law, the frequent ones first.
var newsWords = strings.Fields(`the of to and in a for on that with is by as from has was it at be are an have its this which or
	security said attackers data been not users attack were malware vulnerability but more new who their cyber will ransomware
	information also company could group software access they other systems code microsoft used threat network using phishing
	researchers exploit hackers government remote windows credentials campaign server victims Google critical devices email
	breach patch flaw online system files execution update million service CISA known targeted exploited according report after
	website Linux actors organizations stolen through cloud against password tools customers while Apple authentication public
	version servers Chinese Russian agency sanctions espionage firewall router backdoor loader infrastructure supply chain`)

// newsLines are lines of JSON of some 700 bytes, 490 of them text, as a mixture
// of feeds gives them: in half of the stories are signs that are not ASCII, and
// in some are actors, vulnerabilities, countries and indicators.
func newsLines(n int) []byte {
	r := rand.New(rand.NewPCG(1, 2))
	common, rare := rand.NewZipf(r, 1.2, 4, uint64(len(newsWords)-1)), rand.NewZipf(r, 1.1, 20, 30_000)
	things := []string{"APT29", "Lazarus Group", "LockBit", "CVE-2024-3400", "China", "Germany", "evil[.]example", "hxxps://bad.example/x", "Cobalt Strike", "AT&T"}
	text := func(n int, curly bool) string {
		var b strings.Builder
		for b.Len() < n {
			if b.Len() > 0 {
				b.WriteByte(' ')
			}
			switch w := newsWords[common.Uint64()]; {
			case r.IntN(4) == 0:
				b.WriteString(rareWord(rare.Uint64()))
			case r.IntN(100) == 0:
				b.WriteString(things[r.IntN(len(things))])
			case curly && r.IntN(25) == 0:
				b.WriteString("“" + w + "”")
			case r.IntN(40) == 0:
				b.WriteString(`"` + w + `",`)
			default:
				b.WriteString(w)
			}
		}
		return b.String() + "."
	}
	var out bytes.Buffer
	enc := json.NewEncoder(&out)
	enc.SetEscapeHTML(false)
	for i := range n {
		_ = enc.Encode(&story.Story{
			ID: fmt.Sprintf("%016x", r.Uint64()), URL: fmt.Sprintf("https://www.example.com/security/2026/03/a-story-of-%06d/", i),
			Title: text(70, i%2 == 0), Summary: text(415, i%2 == 0), Source: "example-news", Tags: []string{"security", "news"},
			Published: time.Date(2026, 3, 1, 0, 0, i, 0, time.UTC),
		})
	}
	return out.Bytes()
}

// rareWord is the word of a rank: the same for the same, and pronounceable.
func rareWord(rank uint64) string {
	const consonants, vowels = "bcdfghklmnprstvw", "aeiou"
	var b strings.Builder
	for n := rank*2654435761%(1<<24) + 1<<14; n > 0; n /= 80 {
		b.WriteByte(consonants[n%16])
		b.WriteByte(vowels[n/16%5])
	}
	return b.String()
}

// each calls f with each line.
func each(lines []byte, f func([]byte)) {
	for line := range bytes.Lines(lines) {
		f(line)
	}
}

// compare returns how long each function takes. They take turns, and the best
// turn of each counts: what else the machine does at the time matters little.
func compare(functions ...func()) []time.Duration {
	best := make([]time.Duration, len(functions))
	for range 5 {
		for i, f := range functions {
			start := time.Now()
			f()
			if took := time.Since(start); best[i] == 0 || took < best[i] {
				best[i] = took
			}
		}
	}
	return best
}

// BenchmarkMatch matches lines on one core. "plain/x" is how often the plain
// way would do as much in the time: encoding/json, and a new Doc for each story;
// "decode/x" is the same for encoding/json alone, and "whole/x" for what
// `tipoff match` does on all cores, with reading and printing.
func BenchmarkMatch(b *testing.B) {
	all := newsLines(4000)
	for _, c := range []struct{ name, query string }{
		{"rare", "lockbit wiper"},
		{"frequent", "ransomware security -phishing"},
		{"any", `"volt typhoon" OR salt* OR apt41`},
		{"short", "us OR eu"},
		{"everything", "*"},
	} {
		b.Run(c.name, func(b *testing.B) {
			f, err := filters.Compile(c.query)
			if err != nil {
				b.Fatal(err)
			}
			m := matcher{filter: f}
			var out []byte
			ours := func() {
				each(all, func(line []byte) { out, _, _ = m.line(out[:0], line) })
			}
			b.SetBytes(int64(len(all)))
			b.ReportAllocs()
			for b.Loop() {
				ours()
			}
			took := compare(ours, func() {
				each(all, func(line []byte) {
					var s story.Story
					if json.Unmarshal(line, &s) == nil {
						f.Match(filters.NewDoc(&s))
					}
				})
			}, func() {
				each(all, func(line []byte) {
					var s story.Story
					_ = json.Unmarshal(line, &s)
				})
			}, func() {
				l := lines{in: bytes.NewReader(all), out: io.Discard, err: io.Discard, worker: func() lineWorker { return &matcher{filter: f} }}
				if err := l.run(b.Context(), nil); err != nil {
					b.Fatal(err)
				}
			})
			for i, name := range []string{"plain/x", "decode/x", "whole/x"} {
				b.ReportMetric(float64(took[0])/float64(took[i+1]), name)
			}
		})
	}
}

// BenchmarkAnalyze analyses stories with 1000 watches on all cores, with reading
// and printing; "packs" has two large topic packs besides.
func BenchmarkAnalyze(b *testing.B) {
	const stories = 20_000
	all := newsLines(stories)
	r := rand.New(rand.NewPCG(3, 4))
	rare := func() string { return rareWord(r.Uint64N(30_000)) }
	word := func() string {
		if r.IntN(3) == 0 {
			return newsWords[20+r.IntN(len(newsWords)-20)]
		}
		return rare()
	}
	var watches []alert.Watch
	for i := range 1000 {
		q := []string{
			word() + " " + word(),
			fmt.Sprintf("%s OR %s OR %q", rare(), rare(), word()+" "+word()),
			fmt.Sprintf("(%s OR %s) %s -%s", word(), word(), word(), word()),
			fmt.Sprintf("title:%s actor:APT29", word()),
			word() + " country:cn",
		}[i%5]
		watches = append(watches, alert.Watch{Name: fmt.Sprintf("watch-%d", i), Query: q})
	}
	for _, c := range []struct {
		name  string
		packs []alert.Watch
	}{
		{"queries", nil},
		{"packs", []alert.Watch{{Name: "china", Query: "set:china"}, {Name: "apt", Query: "set:apt"}}},
	} {
		b.Run(c.name, func(b *testing.B) {
			a, err := newAnalysis(nil, append(slices.Clip(watches), c.packs...))
			if err != nil {
				b.Fatal(err)
			}
			b.SetBytes(int64(len(all)))
			b.ReportAllocs()
			done, matches := 0, 0
			for b.Loop() {
				var out counter
				l := lines{in: bytes.NewReader(all), out: &out, err: io.Discard, worker: func() lineWorker { return newAnalyzer(a) }}
				if err := l.run(b.Context(), nil); err != nil {
					b.Fatal(err)
				}
				done += stories
				matches = out.matches
			}
			b.ReportMetric(float64(matches)/stories, "matches/story")
			b.ReportMetric(float64(done)/b.Elapsed().Seconds(), "stories/s")
			b.ReportMetric(float64(runtime.GOMAXPROCS(0)), "cores")
		})
	}
}

// counter counts the matches in what is printed.
type counter struct{ matches int }

func (c *counter) Write(p []byte) (int, error) {
	c.matches += bytes.Count(p, []byte(`{"watch":`))
	return len(p), nil
}
