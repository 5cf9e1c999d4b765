package filters

import (
	"slices"
	"testing"
	"time"

	"tipoff/sources/story"
)

// FuzzMatch asks any query of any story: the filter, a set of it alone, a set of
// it among others and the explanation give one answer, and nothing panics.
func FuzzMatch(f *testing.F) {
	for _, seed := range [][2]string{
		{"apt* -(china OR =APT)", "APT41 in China"},
		{`"zero day" NEAR/2 /cve-\d+/ OR zero-day NEAR/3 (a OR "b c*")`, "a zero‑day, b cx"},
		{"actor:apt29 country:ru cve:2024-* malware:*", "Cozy Bear used CVE-2024-3400"},
		{"title:/(a|b)*c/ domain:x.* lang:en sources>=1 kev:no", "hxxp://evil[dot]com &amp;#39; \u202e"},
		{"since:7d OR before:2026 OR set:apt", "\xff\xfe"},
		{"", ""},
	} {
		f.Add(seed[0], seed[1])
	}
	now := time.Date(2026, 11, 23, 0, 0, 0, 0, time.UTC)
	others := map[string]*Filter{"one": mustCompile(f, "zero day*"), "two": mustCompile(f, "actor:*"), "three": mustCompile(f, "NOT china")}
	f.Fuzz(func(t *testing.T, q, text string) {
		filter, err := CompileSearch(q, now)
		if err != nil {
			return
		}
		s := &story.Story{Title: text, Summary: text, Author: text, URL: text, Source: text, Tags: []string{text}, Lang: text}
		d := NewDoc(s)
		want := filter.Match(d)
		if got := len(NewSet(map[string]*Filter{"it": filter}).Match(d)) == 1; got != want {
			t.Fatalf("%q of %q: the set says %v, the filter %v", q, text, got, want)
		}
		if got := slices.Contains(NewSet(others).Add("it", filter).Match(d), "it"); got != want {
			t.Fatalf("%q of %q: the larger set says %v, the filter %v", q, text, got, want)
		}
		if got := filter.Explain(d).Match; got != want {
			t.Fatalf("%q of %q: the explanation says %v, the filter %v", q, text, got, want)
		}
		for _, h := range filter.Highlights(d) {
			if h.Start < 0 || h.End < h.Start || h.End > len(text) {
				t.Fatalf("%q of %q: a place from %d to %d", q, text, h.Start, h.End)
			}
		}
	})
}
