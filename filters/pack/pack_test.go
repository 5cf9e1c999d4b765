package pack_test

import (
	"bufio"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"tipoff/filters"
	"tipoff/filters/pack"
	"tipoff/sources/story"
)

// labelled is a headline, perhaps with a summary, and whether a desk of the
// topic wants it.
type labelled struct {
	story  story.Story
	wanted bool
	line   int
}

// read reads a file of lines "+ headline | summary" and "- headline".
func read(t *testing.T, file string) []labelled {
	t.Helper()
	f, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var all []labelled
	lines := bufio.NewScanner(f)
	for n := 1; lines.Scan(); n++ {
		s := strings.TrimSpace(lines.Text())
		if s == "" || s[0] == '#' {
			continue
		}
		text, plus := strings.CutPrefix(s, "+ ")
		if !plus {
			var minus bool
			if text, minus = strings.CutPrefix(s, "- "); !minus {
				t.Errorf("%s:%d: a line starts with + or -", file, n)
				continue
			}
		}
		title, summary, _ := strings.Cut(text, " | ")
		all = append(all, labelled{story.Story{Title: title, Summary: summary}, plus, n})
	}
	if err := lines.Err(); err != nil {
		t.Fatal(err)
	}
	return all
}

// score counts what a pack finds.
type score struct{ right, false, missed, silent int }

func (s score) precision() float64 { return float64(s.right) / float64(max(1, s.right+s.false)) }
func (s score) recall() float64    { return float64(s.right) / float64(max(1, s.right+s.missed)) }

func judge(t *testing.T, name, file string, verbose bool) score {
	t.Helper()
	f, err := filters.Compile("set:" + name)
	if err != nil {
		t.Fatal(err)
	}
	var s score
	for _, l := range read(t, file) {
		switch got := f.Match(filters.NewDoc(&l.story)); {
		case got && l.wanted:
			s.right++
		case got:
			s.false++
			if verbose {
				t.Logf("%s:%d: false alarm: %s (%q)", file, l.line, l.story.Title, f.Terms(filters.NewDoc(&l.story)))
			}
		case l.wanted:
			s.missed++
			if verbose {
				t.Logf("%s:%d: missed: %s", file, l.line, l.story.Title)
			}
		default:
			s.silent++
		}
	}
	return s
}

// The headlines in testdata were written along with the queries, and the
// queries tuned on them: they keep what works working.
func TestPacksOnTheirOwnHeadlines(t *testing.T) {
	for _, name := range pack.Names() {
		t.Run(name, func(t *testing.T) {
			s := judge(t, name, filepath.Join("testdata", name+".txt"), true)
			if s.right+s.missed < 30 || s.false+s.silent < 30 {
				t.Errorf("%d headlines wanted and %d not; want 30 of each", s.right+s.missed, s.false+s.silent)
			}
			t.Logf("precision %.3f, recall %.3f", s.precision(), s.recall())
			if s.precision() < 0.95 || s.recall() < 0.95 {
				t.Errorf("precision %.3f, recall %.3f; want 0.95", s.precision(), s.recall())
			}
		})
	}
}

// The headlines in testdata/heldout were written by somebody who did not see
// the queries, and no query is tuned on them. The bounds are a little below what
// was measured (precision 0.959, recall 0.905), so that a change that makes the
// packs worse is seen. Headlines of real feeds are plainer: of 400 drawn at
// random and labelled for all packs before these saw them, 0.937 and 0.902, of
// 250 others 0.935 and 0.918, and of 250 more 0.973 and 0.906.
func TestPacksOnHeadlinesKeptAside(t *testing.T) {
	const precision, recall = 0.95, 0.895
	var all score
	for _, name := range pack.Names() {
		s := judge(t, name, filepath.Join("testdata", "heldout", name+".txt"), false)
		if s.right+s.missed < 30 || s.false+s.silent < 30 {
			t.Errorf("%s: %d headlines wanted and %d not; want 30 of each", name, s.right+s.missed, s.false+s.silent)
		}
		t.Logf("%-14s precision %.3f, recall %.3f", name, s.precision(), s.recall())
		all = score{all.right + s.right, all.false + s.false, all.missed + s.missed, all.silent + s.silent}
	}
	t.Logf("%-14s precision %.3f, recall %.3f", "all", all.precision(), all.recall())
	if all.precision() < precision || all.recall() < recall {
		t.Errorf("precision %.3f, recall %.3f; want %.2f and %.2f", all.precision(), all.recall(), precision, recall)
	}
}

// A part that a paragraph names and that nobody gave a name would be a word to
// look for.
func TestPartsAreNamed(t *testing.T) {
	unnamed := regexp.MustCompile(`\$[a-z]+`)
	for _, name := range pack.Names() {
		for _, q := range pack.Queries(name) {
			if part := unnamed.FindString(q); part != "" {
				t.Errorf("%s: no part of the file is named %s before its use in %.60s", name, part, q)
			}
		}
	}
}
