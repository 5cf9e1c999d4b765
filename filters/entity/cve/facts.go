package cve

import (
	"cmp"
	"iter"
	"math"
	"slices"
	"strconv"
	"strings"

	"tipoff/sources/story"
)

// Number is an id as a number: its year, then its number in eight digits, which
// is also their order. It is 0 for what is no id in the form of [Find], and for
// the few with longer numbers, of which no catalogue says anything.
func Number(id string) int64 {
	rest, ok := strings.CutPrefix(id, "CVE-")
	year, number, ok2 := strings.Cut(rest, "-")
	if !ok || !ok2 || len(year) != yearDigits || len(number) < minDigits || len(number) > numberDigits {
		return 0
	}
	y, err := strconv.ParseUint(year, 10, 32)
	n, err2 := strconv.ParseUint(number, 10, 32)
	if err != nil || err2 != nil || y < 1999 {
		return 0
	}
	return int64(y)*numbersOfYear + int64(n)
}

const (
	numberDigits  = 8
	numbersOfYear = 1e8
)

// Fact is what is known of the vulnerability with a [Number].
type Fact struct {
	ID   int64
	CVSS uint8  // in tenths, 0 if not known
	EPSS uint32 // in steps of 1/100,000, as the catalogue has it, 0 if not known
	KEV  bool
}

const epssSteps = 100_000

// NewFact makes a Fact of what a catalogue says; false for an id without a
// [Number]. Numbers outside of their range are not known.
func NewFact(v story.CVE) (Fact, bool) {
	f := Fact{ID: Number(v.ID), KEV: v.KEV}
	if v.CVSS > 0 && v.CVSS <= 10 {
		f.CVSS = uint8(math.Round(v.CVSS * 10))
	}
	if v.EPSS > 0 && v.EPSS <= 1 {
		f.EPSS = uint32(math.Round(v.EPSS * epssSteps))
	}
	return f, f.ID != 0
}

// Table is facts of many vulnerabilities, in 16 bytes each. It does not change.
type Table struct{ facts []Fact }

// NewTable makes a table of facts, which it keeps and sorts. Of several with one
// id the last counts.
func NewTable(all []Fact) *Table {
	slices.SortStableFunc(all, func(a, b Fact) int { return cmp.Compare(a.ID, b.ID) })
	kept := all[:0]
	for i, f := range all {
		if i+1 == len(all) || all[i+1].ID != f.ID {
			kept = append(kept, f)
		}
	}
	return &Table{slices.Clip(kept)}
}

// Len is how many vulnerabilities are in the table.
func (t *Table) Len() int { return len(t.facts) }

// All are the facts, by their ids.
func (t *Table) All() iter.Seq[Fact] { return slices.Values(t.facts) }

// Get is what is known of a vulnerability.
func (t *Table) Get(id int64) (Fact, bool) {
	i, ok := slices.BinarySearchFunc(t.facts, id, func(f Fact, id int64) int { return cmp.Compare(f.ID, id) })
	if !ok {
		return Fact{}, false
	}
	return t.facts[i], true
}

// Fact is what is known of a vulnerability, in the form that stories have it.
func (t *Table) Fact(id string) (story.CVE, bool) {
	f, ok := t.Get(Number(id))
	return f.Story(id), ok
}

// Story is the fact in the form that stories have it.
func (f Fact) Story(id string) story.CVE {
	return story.CVE{ID: id, KEV: f.KEV, CVSS: float64(f.CVSS) / 10, EPSS: float64(f.EPSS) / epssSteps}
}
