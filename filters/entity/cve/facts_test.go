package cve

import (
	"math"
	"slices"
	"testing"

	"tipoff/sources/story"
)

func TestNumber(t *testing.T) {
	for _, test := range []struct {
		id   string
		want int64
	}{
		{"CVE-2024-3400", 202400003400},
		{"CVE-1999-0001", 199900000001},
		{"CVE-2024-12345678", 202412345678},
		{"CVE-2024-123456789", 0},
		{"CVE-1998-0001", 0},
		{"cve-2024-3400", 0},
		{"CVE-2024-", 0},
		{"CVE-2024-+340", 0},
		{"CVE-20x4-3400", 0},
		{"", 0},
	} {
		if got := Number(test.id); got != test.want {
			t.Errorf("%q: %d, want %d", test.id, got, test.want)
		}
	}
}

func TestTable(t *testing.T) {
	var facts []Fact
	for _, v := range []story.CVE{
		{ID: "CVE-2024-3400", CVSS: 10, EPSS: 0.94286, KEV: true},
		{ID: "CVE-2021-44228", CVSS: 9.8},
		{ID: "CVE-2024-3400", CVSS: 9.9, EPSS: 0.00001},
		{ID: "CVE-2023-0001", CVSS: 11, EPSS: math.NaN()},
	} {
		f, ok := NewFact(v)
		if !ok {
			t.Fatalf("%s has no number", v.ID)
		}
		facts = append(facts, f)
	}
	if _, ok := NewFact(story.CVE{ID: "no id", CVSS: 5}); ok {
		t.Error("a fact of no id")
	}
	table := NewTable(facts)
	for _, test := range []struct {
		id   string
		want story.CVE
		ok   bool
	}{
		{"CVE-2024-3400", story.CVE{ID: "CVE-2024-3400", CVSS: 9.9, EPSS: 0.00001}, true}, // the last one counts
		{"CVE-2021-44228", story.CVE{ID: "CVE-2021-44228", CVSS: 9.8}, true},
		{"CVE-2023-0001", story.CVE{ID: "CVE-2023-0001"}, true},
		{"CVE-2021-44229", story.CVE{ID: "CVE-2021-44229"}, false},
		{"nonsense", story.CVE{ID: "nonsense"}, false},
	} {
		if got, ok := table.Fact(test.id); ok != test.ok || got != test.want {
			t.Errorf("%s: %+v, %v, want %+v, %v", test.id, got, ok, test.want, test.ok)
		}
	}
	if table.Len() != 3 || len(slices.Collect(table.All())) != 3 {
		t.Errorf("%d facts, want 3", table.Len())
	}
	if _, ok := NewTable(nil).Fact("CVE-2024-3400"); ok {
		t.Error("an empty table knows something")
	}
}
