package story

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func full() Story {
	at := func(hour int) time.Time { return time.Date(2024, 2, 18, hour, 30, 0, 0, time.UTC) }
	return Story{
		ID: "036cbe16b0015b0a", URL: "https://example.com/a", Title: "T", Summary: "S", Content: "C", Source: "one",
		Sources: []Sighting{{Name: "one", URL: "https://example.com/a?x=1", Published: at(1)}, {Name: "two"}},
		Author:  "A", Tags: []string{"leak"}, Lang: "en", Published: at(1), Seen: at(2), Updated: at(3),
		Entities: Entities{
			Actors:    []Actor{{Name: "APT41", Alias: "Winnti", Country: "cn"}},
			CVEs:      []CVE{{ID: "CVE-2024-1", KEV: true, CVSS: 9.8, EPSS: 0.5}},
			Countries: []string{"cn"}, Malware: []string{"ShadowPad"}, IOCs: []string{"evil.example"},
		},
		TLDR: []string{"One."}, ReadingMinutes: 2, Cluster: "c1",
		Matches: []Match{{Watch: "china", Terms: []string{"APT41"}}},
	}
}

// The keys and their shape are promised to other programs.
func TestJSON(t *testing.T) {
	for _, c := range []struct {
		name  string
		story Story
		want  string
	}{
		{"everything", full(), `{"id":"036cbe16b0015b0a","url":"https://example.com/a","title":"T","summary":"S","content":"C",` +
			`"source":"one","sources":[{"name":"one","url":"https://example.com/a?x=1","published":"2024-02-18T01:30:00Z"},{"name":"two"}],` +
			`"author":"A","tags":["leak"],"lang":"en",` +
			`"published":"2024-02-18T01:30:00Z","seen":"2024-02-18T02:30:00Z","updated":"2024-02-18T03:30:00Z",` +
			`"entities":{"actors":[{"name":"APT41","alias":"Winnti","country":"cn"}],` +
			`"cves":[{"id":"CVE-2024-1","kev":true,"cvss":9.8,"epss":0.5}],"countries":["cn"],"malware":["ShadowPad"],"iocs":["evil.example"]},` +
			`"tldr":["One."],"reading_minutes":2,"cluster":"c1","matches":[{"watch":"china","terms":["APT41"]}]}`},
		{
			"what is not known is left out",
			Story{ID: "1", URL: "u", Title: "T", Source: "s"},
			`{"id":"1","url":"u","title":"T","source":"s"}`,
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := json.Marshal(c.story)
			if err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(c.want, string(got)); d != "" {
				t.Error(d)
			}
			var back Story
			if err := json.Unmarshal(got, &back); err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(c.story, back); d != "" {
				t.Errorf("read back: %s", d)
			}
		})
	}
}

func TestJSONTakesAnySubset(t *testing.T) {
	for _, c := range []struct {
		in   string
		want Story
	}{
		{`{}`, Story{}},
		{`{"title":"T"}`, Story{Title: "T"}},
		{`{"title":"T","somebody":{"elses":["key"]}}`, Story{Title: "T"}},
		{
			`{"summary":"S","tags":null,"entities":{"cves":[{"id":"CVE-2024-1"}]}}`,
			Story{Summary: "S", Entities: Entities{CVEs: []CVE{{ID: "CVE-2024-1"}}}},
		},
	} {
		var got Story
		if err := json.Unmarshal([]byte(c.in), &got); err != nil {
			t.Errorf("%s: %v", c.in, err)
		}
		if d := cmp.Diff(c.want, got); d != "" {
			t.Errorf("%s: %s", c.in, d)
		}
	}
}

func TestTime(t *testing.T) {
	one, two := time.Unix(1, 0), time.Unix(2, 0)
	for _, c := range []struct {
		name                  string
		published, seen, want time.Time
	}{
		{"published", one, two, one},
		{"date missing", time.Time{}, two, two},
		{"date from the future", two, one, one},
		{"not seen yet", two, time.Time{}, two},
	} {
		if got := (&Story{Published: c.published, Seen: c.seen}).Time(); !got.Equal(c.want) {
			t.Errorf("%s: got %v, want %v", c.name, got, c.want)
		}
	}
}
