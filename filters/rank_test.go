package filters

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"tipoff/filters/query"
	"tipoff/sources/story"
)

func TestRanking(t *testing.T) {
	at := time.Date(2024, 2, 19, 12, 0, 0, 0, time.UTC)
	filler := strings.Repeat("nothing of note here ", 20)
	stories := []story.Story{
		{Title: "a passing mention", Content: filler + " wiper " + filler},
		{Title: "Wiper hits Ukraine", Summary: "the wiper deletes files"},
		{Title: "other news", Summary: "a wiper was found"},
		{Title: "Wiper hits Ukraine", Summary: "the wiper deletes files", Published: at.Add(-400 * 24 * time.Hour)},
		{Title: "Snake and wiper", Summary: "snake"},
	}
	for i := range stories {
		if stories[i].Published.IsZero() {
			stories[i].Published = at.Add(-time.Duration(i) * time.Hour)
		}
	}
	for q, want := range map[string][]int{
		"wiper":             {1, 4, 3, 2, 0},
		"wiper OR snake":    {4, 1, 3, 2, 0}, // the rarer word counts for more
		"*":                 {0, 1, 2, 3, 4}, // nothing to rank by
		"wiper -source:all": {1, 4, 3, 2, 0},
	} {
		r := NewRanking(mustCompile(t, q))
		for i := range stories {
			r.Add(&stories[i])
		}
		if got := r.Order(); !slices.Equal(got, want) {
			t.Errorf("%s: %v, want %v", q, got, want)
		}
	}
	if got := NewRanking(mustCompile(t, "wiper")).Order(); len(got) != 0 {
		t.Errorf("of nothing: %v", got)
	}
}

func TestSort(t *testing.T) {
	for q, want := range map[string]bool{"wiper": false, "wiper sort:relevance": true, "sort:Relevance": true} {
		f, err := CompileSearch(q, now)
		if err != nil {
			t.Fatal(q, err)
		}
		if f.ByRelevance() != want {
			t.Errorf("%s: %v", q, !want)
		}
		if again, err := CompileSearch(f.String(), now); err != nil || again.ByRelevance() != want || again.String() != f.String() {
			t.Errorf("%s prints as %s", q, f)
		}
	}
	f, err := CompileSearch("us sort:relevance", now)
	if us := mustCompile(t, "us"); err != nil || !cmp.Equal(f.Need(), us.Need()) || !cmp.Equal(f.Enough(), us.Enough()) {
		t.Errorf("sort: is asked of the index: %+v, %v", f.Need(), err)
	}
	for q, want := range map[string]string{
		"wiper sort:oldest":       `column 12: expected relevance (without sort: it is the newest first), found "oldest"; try sort:relevance`,
		"sort:relevance a OR b":   "column 1: expected sort: beside the rest of the query, found it within OR, NOT or ( )",
		"-sort:relevance":         "column 2: expected sort: beside the rest of the query, found it within OR, NOT or ( )",
		"a OR (b sort:relevance)": "column 9: expected sort: beside the rest of the query, found it within OR, NOT or ( )",
	} {
		_, err := CompileSearch(q, now)
		if got := wrote(err); got != want {
			t.Errorf("%s: %s\nwant %s", q, got, want)
		}
	}
	_, err = Compile("wiper sort:relevance")
	if want := "column 12: expected a query for stories to come, found sort:, which only a search knows"; wrote(err) != want {
		t.Errorf("a watch: %v", err)
	}
	if _, ok := errors.AsType[*query.Error](err); !ok {
		t.Errorf("a %T", err)
	}
}

func wrote(err error) string {
	if err == nil {
		return "no error"
	}
	return err.Error()
}
