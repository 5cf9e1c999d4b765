package card_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"tipoff/bot/alert"
	"tipoff/bot/card"
	"tipoff/sources/story"
)

var now = time.Date(2024, 2, 21, 12, 0, 0, 0, time.UTC)

func leak() alert.Alert {
	return alert.Alert{
		Channel: "china-desk",
		Watches: []string{"apt", "china"},
		Kind:    alert.KindNew,
		Story: story.Story{
			Title: "Leak at i-SOON shows how a Chinese contractor hacks for the state",
			URL:   "https://www.lantern.example/2024/i-soon?a=1|2",
			Summary: "More than 500 documents of the contractor i-SOON lie open on a code site. " +
				"They list targets, prices and complaints about pay.",
			Source: "lantern",
			Sources: []story.Sighting{
				{Name: "lantern", URL: "https://www.lantern.example/2024/i-soon"},
				{Name: "harbour-times", URL: "javascript:alert(1)"},
				{Name: "harbour-times"},
				{Name: "cert-north", URL: "https://cert.example/7"},
			},
			Published: now.Add(-5 * time.Minute),
			Seen:      now,
			Matches: []story.Match{
				{Watch: "sanctions", Terms: []string{"state"}},
				{Watch: "china", Terms: []string{"Chinese", "Chinese", "\u202e"}},
				{Watch: "apt", Terms: []string{"i-SOON"}},
				{Watch: "apt", Terms: []string{"a second time"}},
			},
		},
		Severity: alert.High,
		Mentions: []string{"here", "", "here", "everyone please", "slack:S0123"},
	}
}

func TestNew(t *testing.T) {
	want := card.Card{
		Kind:  alert.KindNew,
		Title: "Leak at i-SOON shows how a Chinese contractor hacks for the state",
		URL:   "https://www.lantern.example/2024/i-soon?a=1%7C2",
		Summary: "More than 500 documents of the contractor i-SOON lie open on a code site. " +
			"They list targets, prices and complaints about pay.",
		Source:   "lantern",
		Time:     now.Add(-5 * time.Minute),
		Severity: alert.High,
		Why:      []story.Match{{Watch: "china", Terms: []string{"Chinese"}}, {Watch: "apt", Terms: []string{"i-SOON"}}},
		Also:     []story.Sighting{{Name: "harbour-times"}, {Name: "cert-north", URL: "https://cert.example/7"}},
		Mentions: []string{"here", "slack:S0123"},
		Channel:  "china-desk",
	}
	if d := cmp.Diff(want, card.New(leak())); d != "" {
		t.Error(d)
	}
}

func TestNewFillsGaps(t *testing.T) {
	for _, c := range []struct {
		name string
		do   func(*alert.Alert)
		get  func(card.Card) string
		want string
	}{
		{"no title", func(a *alert.Alert) { a.Story.Title = "\u202e \x00" }, func(c card.Card) string { return c.Title }, "lantern.example"},
		{"no title and no link", func(a *alert.Alert) { a.Story.Title, a.Story.URL = "", "javascript:x" }, func(c card.Card) string { return c.Title + c.URL }, "(no title)"},
		{"no source", func(a *alert.Alert) { a.Story.Source = "" }, func(c card.Card) string { return c.Source }, "lantern"},
		{"no source at all", func(a *alert.Alert) { a.Story.Source, a.Story.Sources = "", nil }, func(c card.Card) string { return c.Source }, "lantern.example"},
		{"no severity", func(a *alert.Alert) { a.Severity = "" }, func(c card.Card) string { return string(c.Severity) }, "medium"},
		{"no kind", func(a *alert.Alert) { a.Kind = "" }, func(c card.Card) string { return string(c.Kind) }, "new"},
		{"no time published", func(a *alert.Alert) { a.Story.Published = time.Time{} }, func(c card.Card) string { return card.Age(c.Time, now) }, "just now"},
		{"summary repeats the title", func(a *alert.Alert) { a.Story.Summary = "  " + strings.ToUpper(a.Story.Title) + "…" }, func(c card.Card) string { return c.Summary }, ""},
		{"summary is the title's beginning", func(a *alert.Alert) { a.Story.Summary = "Leak at i-SOON shows…" }, func(c card.Card) string { return c.Summary }, ""},
		{"content stands in for the summary", func(a *alert.Alert) { a.Story.Summary, a.Story.Content = "", "The text." }, func(c card.Card) string { return c.Summary }, "The text."},
		{"watch without known words", func(a *alert.Alert) { a.Story.Matches = nil }, func(c card.Card) string { return c.Why[0].Watch + c.Why[1].Watch }, "aptchina"},
		{"alert without watches shows the story's", func(a *alert.Alert) { a.Watches = nil }, func(c card.Card) string { return c.Why[0].Watch }, "sanctions"},
	} {
		t.Run(c.name, func(t *testing.T) {
			a := leak()
			c.do(&a)
			if got := c.get(card.New(a)); got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}

func TestNewBoundsHostileStories(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := func(label string) string { return hostile().Draw(t, label) }
		a := leak()
		a.Story.Title, a.Story.Summary, a.Story.URL = strings.Repeat(text("title"), 40), strings.Repeat(text("summary"), 40), text("url")
		a.Story.Source, a.Story.Sources[1].Name = text("source"), text("other")
		a.Story.Matches[1].Terms = []string{text("term")}
		c := card.New(a)
		if card.Len(c.Title) > 300 || card.Len(c.Summary) > 400 || card.Len(c.Source) > 80 || c.Title == "" {
			t.Fatalf("out of bounds: %+v", c)
		}
		for _, s := range append([]string{c.Title, c.Summary, c.Source}, c.Why[0].Terms...) {
			if card.Clean(s) != s {
				t.Fatalf("not clean: %q", s)
			}
		}
		out := card.Text(c, now)
		if card.CleanLines(out) != out {
			t.Fatalf("text is not clean: %q", out)
		}
		if n := strings.Count(out, "\n"); n > 5 {
			t.Fatalf("feed text adds lines: %q", out)
		}
	})
}

func TestAge(t *testing.T) {
	const day = 24 * time.Hour
	for _, c := range []struct {
		ago  time.Duration
		want string
	}{
		{-time.Hour, "just now"},
		{0, "just now"},
		{59 * time.Second, "just now"},
		{time.Minute, "1 min ago"},
		{59*time.Minute + 59*time.Second, "59 min ago"},
		{time.Hour, "1 h ago"},
		{day - 1, "23 h ago"},
		{day, "1 day ago"},
		{2*day - 1, "1 day ago"},
		{2 * day, "2 days ago"},
		{7*day - 1, "6 days ago"},
		{9 * day, "12 Feb 2024"},
		{400 * day, "17 Jan 2023"},
	} {
		if got := card.Age(now.Add(-c.ago), now); got != c.want {
			t.Errorf("%v ago: %q, want %q", c.ago, got, c.want)
		}
	}
	if got := card.Age(time.Time{}, now); got != "" {
		t.Errorf("zero time: %q", got)
	}
	late := time.Date(2024, 1, 1, 23, 30, 0, 0, time.UTC)
	if got := card.Age(late, now.In(time.FixedZone("CET", 3600))); got != "2 Jan 2024" {
		t.Errorf("date is not in the zone of now: %q", got)
	}
}

func TestText(t *testing.T) {
	const want = `[high] Leak at i-SOON shows how a Chinese contractor hacks for the state
lantern · 5 min ago · lantern.example
More than 500 documents of the contractor i-SOON lie open on a code site. They list targets, prices and complaints about pay.
Why: china: Chinese; apt: i-SOON
Also reported by: harbour-times, cert-north
https://www.lantern.example/2024/i-soon?a=1%7C2`
	c := card.New(leak())
	if d := cmp.Diff(want, card.Text(c, now)); d != "" {
		t.Error(d)
	}
	c = card.Card{Kind: alert.KindUpdate, Title: "Only a title"}
	if got, want := card.Text(c, now), "Update: Only a title"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestPageText(t *testing.T) {
	p := card.Page{
		Title: "2 stories for china",
		Lead:  "Newest first.\n\n\nPage 1",
		Code:  "china AND\n         ^",
		Items: []card.Item{
			{Title: "Leak at\ni-SOON", URL: "https://lantern.example/1", Meta: "lantern · 5 min ago", Text: "Line one\nLine two"},
			{Title: "No link", URL: "javascript:alert(1)"},
		},
		Hint: "Turn the page with the buttons.",
	}
	const want = `2 stories for china
Newest first.

Page 1

china AND
         ^

- Leak at i-SOON
  Line one
  Line two
  lantern · 5 min ago
  https://lantern.example/1

- No link

Turn the page with the buttons.`
	if d := cmp.Diff(want, card.PageText(p)); d != "" {
		t.Error(d)
	}
	if got := card.PageText(card.Page{}); got != "" {
		t.Errorf("empty page: %q", got)
	}
}
