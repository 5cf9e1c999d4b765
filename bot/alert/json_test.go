package alert

import (
	"math"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"tipoff/sources/story"
)

func TestJSON(t *testing.T) {
	full := Alert{
		ID: "hidden", Channel: "china-desk", Watches: []string{"apt"}, Kind: KindUpdate,
		Story: story.Story{
			ID: "0123456789abcdef", URL: "https://lantern.example/?a=1&b=<2>", Title: "Two\nlines\u2028and \xff", Source: "lantern",
			Published: time.Date(2024, 2, 19, 9, 0, 0, 0, time.UTC),
			Matches:   []story.Match{{Watch: "apt", Terms: []string{"i-SOON"}}},
		},
		Severity: High, Mentions: []string{"here"},
	}
	for _, c := range []struct {
		name string
		in   Alert
		want string
	}{
		{
			"empty lists and the kind",
			Alert{Channel: "c", Story: story.Story{Title: "T"}},
			`{"channel":"c","watches":[],"kind":"new","story":{"id":"","url":"","title":"T","source":""}}`,
		},
		{
			"one line, links as they are, nothing of the inside", full,
			`{"channel":"china-desk","watches":["apt"],"kind":"update","story":{"id":"0123456789abcdef",` +
				`"url":"https://lantern.example/?a=1&b=<2>","title":"Two\nlines\u2028and \ufffd","source":"lantern",` +
				`"published":"2024-02-19T09:00:00Z","matches":[{"watch":"apt","terms":["i-SOON"]}]}}`,
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := c.in.JSON()
			if err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(c.want, string(got)); d != "" {
				t.Error(d)
			}
		})
	}
	full.Story.Entities.CVEs = []story.CVE{{CVSS: math.NaN()}}
	if _, err := full.JSON(); err == nil {
		t.Error("a number that JSON does not know is no error")
	}
}
