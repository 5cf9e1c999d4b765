package storetest

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"tipoff/bot/facts"
	"tipoff/filters/entity/cve"
	"tipoff/sources"
	"tipoff/sources/story"
)

func testFacts(t *testing.T, s *suite) {
	book, err := facts.NewBook(s.ctx, s)
	if err != nil {
		t.Fatal(err)
	}
	fact := func(id string, cvss, epss float64, kev bool) story.CVE {
		return story.CVE{ID: id, CVSS: cvss, EPSS: epss, KEV: kev}
	}
	const one, two, three = "CVE-2024-3400", "CVE-2021-44228", "CVE-1999-0001"
	for _, step := range []struct {
		what    string
		said    sources.Facts
		changed int
		want    []story.CVE // of one, two and three
	}{
		{
			"a first catalogue",
			sources.Facts{About: sources.EPSSFact, All: true, CVEs: []story.CVE{fact(one, 0, 0.94, false), fact(two, 0, 0.5, false), fact("CVE-nonsense", 0, 1, false)}},
			2,
			[]story.CVE{fact(one, 0, 0.94, false), fact(two, 0, 0.5, false), fact(three, 0, 0, false)},
		},
		{
			"another one leaves what is not its business",
			sources.Facts{About: sources.CVSSFact, CVEs: []story.CVE{fact(one, 10, 0, false), fact(three, 5.5, 0, false)}},
			2,
			[]story.CVE{fact(one, 10, 0.94, false), fact(two, 0, 0.5, false), fact(three, 5.5, 0, false)},
		},
		{
			"the same again",
			sources.Facts{About: sources.EPSSFact, All: true, CVEs: []story.CVE{fact(one, 0, 0.94, false), fact(two, 0, 0.5, false)}},
			0,
			[]story.CVE{fact(one, 10, 0.94, false), fact(two, 0, 0.5, false), fact(three, 5.5, 0, false)},
		},
		{
			"exploited",
			sources.Facts{About: sources.KEVFact, All: true, CVEs: []story.CVE{fact(one, 0, 0, true), fact(two, 0, 0, true)}},
			2,
			[]story.CVE{fact(one, 10, 0.94, true), fact(two, 0, 0.5, true), fact(three, 5.5, 0, false)},
		},
		{
			"what a whole catalogue does not name any more",
			sources.Facts{About: sources.KEVFact, All: true, CVEs: []story.CVE{fact(two, 0, 0, true)}},
			1,
			[]story.CVE{fact(one, 10, 0.94, false), fact(two, 0, 0.5, true), fact(three, 5.5, 0, false)},
		},
		{
			"a score taken back, in a catalogue of what changed",
			sources.Facts{About: sources.CVSSFact, CVEs: []story.CVE{fact(three, 0, 0, false)}},
			1,
			[]story.CVE{fact(one, 10, 0.94, false), fact(two, 0, 0.5, true), fact(three, 0, 0, false)},
		},
	} {
		changed, err := book.Learn(s.ctx, step.said)
		if err != nil || changed != step.changed {
			t.Errorf("%s: %d facts changed, want %d: %v", step.what, changed, step.changed, err)
		}
		again, err := facts.NewBook(s.ctx, s) // as after a restart
		if err != nil {
			t.Fatal(err)
		}
		for name, b := range map[string]*facts.Book{"in memory": book, "in the store": again} {
			var got []story.CVE
			for _, id := range []string{one, two, three} {
				v, _ := b.Fact(id)
				got = append(got, v)
			}
			if diff := cmp.Diff(step.want, got); diff != "" {
				t.Errorf("%s, %s: %s", step.what, name, diff)
			}
		}
	}
	if err := s.PutFacts(s.ctx, sources.CVSSFact, make([]cve.Fact, 5000)); err != nil {
		t.Errorf("more than go into one transaction: %v", err)
	}
	// Another replica learned what this one has not heard of.
	other, err := facts.NewBook(s.ctx, s)
	if err != nil {
		t.Fatal(err)
	}
	for _, learn := range []struct {
		who  *facts.Book
		said sources.Facts
	}{
		{other, sources.Facts{About: sources.EPSSFact, CVEs: []story.CVE{fact(one, 0, 0.1, false)}}},
		{book, sources.Facts{About: sources.CVSSFact, CVEs: []story.CVE{fact(one, 5, 0, false)}}},
	} {
		if _, err := learn.who.Learn(s.ctx, learn.said); err != nil {
			t.Fatal(err)
		}
	}
	for name, b := range map[string]*facts.Book{"the first": book, "the other": other} {
		if err := b.Reload(s.ctx); err != nil {
			t.Fatal(err)
		}
		if got, _ := b.Fact(one); got != fact(one, 5, 0.1, false) {
			t.Errorf("%s has %+v", name, got)
		}
	}
	if n := book.Len(); n < 2 {
		t.Errorf("%d facts", n)
	}
}
