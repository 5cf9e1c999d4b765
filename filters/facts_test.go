package filters

import (
	"testing"

	"tipoff/sources/story"
)

type known map[string]story.CVE

func (k known) Fact(id string) (story.CVE, bool) {
	v, ok := k[id]
	return v, ok
}

func TestFactsOfCatalogues(t *testing.T) {
	t.Parallel()
	l, err := NewLexicon(nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	queries := []string{"cvss>=9", "cvss<5", "epss>0.5", "kev:yes", "kev:no", "severity>=high", "severity=critical", "fortinet cvss>=9"}
	compiled := make(map[string]*Filter)
	for _, q := range queries {
		if compiled[q], err = l.Compile(q); err != nil {
			t.Fatal(err)
		}
	}
	set := NewSet(compiled)
	l.SetFacts(known{
		"CVE-2024-3400":  {CVSS: 10, EPSS: 0.94, KEV: true},
		"CVE-2024-21762": {CVSS: 9.6, EPSS: 0.1},
		"CVE-2020-0001":  {CVSS: 4.3, EPSS: 0.001},
	})
	for _, test := range []struct {
		name  string
		story story.Story
		want  []string
	}{
		{"named in the title", story.Story{Title: "PAN-OS flaw CVE-2024-3400 under attack"}, []string{"cvss>=9", "epss>0.5", "kev:yes", "severity>=high", "severity=critical"}},
		{"named in the content", story.Story{Content: "Patch CVE_2024_21762 in Fortinet now"}, []string{"cvss>=9", "kev:no", "severity>=high", "severity=critical", "fortinet cvss>=9"}},
		{"the lesser of two", story.Story{Title: "CVE-2020-0001 and CVE-2024-3400"}, []string{"cvss>=9", "cvss<5", "epss>0.5", "kev:yes", "severity>=high", "severity=critical"}},
		{"nothing known", story.Story{Title: "CVE-2031-1000"}, []string{"kev:no"}},
		{"no vulnerability", story.Story{Title: "Fortinet buys a firm"}, []string{"kev:no"}},
		{
			"what the story says comes first",
			story.Story{Title: "x", Entities: story.Entities{CVEs: []story.CVE{{ID: "cve-2024-3400", CVSS: 3}}}},
			[]string{"cvss<5", "epss>0.5", "kev:yes", "severity>=high"},
		},
	} {
		doc := NewDoc(&test.story)
		in := make(map[string]bool)
		for _, q := range test.want {
			in[q] = true
		}
		matched := make(map[string]bool)
		for _, q := range set.Match(doc) {
			matched[q] = true
		}
		for _, q := range queries {
			if got := compiled[q].Match(doc); got != in[q] {
				t.Errorf("%s: %s is %v", test.name, q, got)
			}
			if matched[q] != in[q] {
				t.Errorf("%s: in a set, %s is %v", test.name, q, matched[q])
			}
		}
	}
	if e := l.Entities(NewDoc(&story.Story{Title: "CVE-2024-3400"})); len(e.CVEs) != 1 || e.CVEs[0].CVSS != 10 || !e.CVEs[0].KEV {
		t.Errorf("entities %+v", e)
	}
}
