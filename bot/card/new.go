package card

import (
	"slices"
	"strings"
	"unicode"

	"tipoff/bot/alert"
	"tipoff/sources/story"
)

// Sizes of a card's texts, in UTF-16 code units. They are what reads well;
// every platform's own limits are larger or are the platform's business.
const (
	titleSize   = 300
	summarySize = 400
	nameSize    = 80
	termSize    = 80
)

// New makes the card of an alert. All its texts are clean (see [Clean]), its
// links are safe (see [Link]) or empty, and the title is never empty.
//
// Why has the alert's own watches: a story may match watches of other channels
// too, which are nobody's business here. A watch whose words are not known is
// named all the same, for no alert goes without a reason.
func New(a alert.Alert) Card {
	s := a.Story
	c := Card{
		Kind:     a.Kind,
		Title:    Shorten(Clean(s.Title), titleSize),
		Source:   name(s.Source),
		Time:     s.Time(),
		Severity: a.Severity,
		Why:      why(a),
		Also:     also(s),
		Channel:  a.Channel,
	}
	c.URL, _ = Link(s.URL)
	if c.Source == "" && len(s.Sources) > 0 {
		c.Source = name(s.Sources[0].Name)
	}
	if c.Source == "" {
		c.Source = Host(c.URL)
	}
	if c.Title == "" {
		c.Title = Host(c.URL)
	}
	if c.Title == "" {
		c.Title = "(no title)"
	}
	if c.Kind == "" {
		c.Kind = alert.KindNew
	}
	if c.Severity.Rank() < 0 || c.Severity == "" {
		c.Severity = alert.Medium
	}
	for _, text := range []string{s.Summary, s.Content} {
		if text = Clean(text); text != "" && !repeats(text, c.Title) {
			c.Summary = Shorten(text, summarySize)
			break
		}
	}
	for _, m := range a.Mentions {
		if m != "" && alert.ValidMention(m) == nil && !slices.Contains(c.Mentions, m) {
			c.Mentions = append(c.Mentions, m)
		}
	}
	return c
}

func name(s string) string { return Cut(Clean(s), nameSize) }

// why lists the matches of the alert's watches in the story's order, and then
// the watches that the story does not know about.
func why(a alert.Alert) []story.Match {
	var out []story.Match
	seen := map[string]bool{}
	for _, m := range a.Story.Matches {
		if len(a.Watches) > 0 && !slices.Contains(a.Watches, m.Watch) || seen[m.Watch] {
			continue
		}
		seen[m.Watch] = true
		match := story.Match{Watch: name(m.Watch)}
		for _, t := range m.Terms {
			if t = Cut(Clean(t), termSize); t != "" && !slices.Contains(match.Terms, t) {
				match.Terms = append(match.Terms, t)
			}
		}
		out = append(out, match)
	}
	for _, w := range a.Watches {
		if !seen[w] {
			seen[w] = true
			out = append(out, story.Match{Watch: name(w)})
		}
	}
	return out
}

// also lists the other sources, each once.
func also(s story.Story) []story.Sighting {
	own := s.Source
	if own == "" && len(s.Sources) > 0 {
		own = s.Sources[0].Name
	}
	seen := map[string]bool{own: true}
	var out []story.Sighting
	for _, x := range s.Sources {
		if seen[x.Name] {
			continue
		}
		seen[x.Name] = true
		link, _ := Link(x.URL)
		if n := name(x.Name); n != "" {
			out = append(out, story.Sighting{Name: n, URL: link, Published: x.Published})
		}
	}
	return out
}

// repeats reports whether text says no more than the title: the same letters,
// or only the beginning of them.
func repeats(text, title string) bool {
	t := letters(text)
	return t == "" || strings.HasPrefix(letters(title), t)
}

// letters is what is left of s without case, spaces and punctuation.
func letters(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.In(r, unicode.L, unicode.M, unicode.N) {
			return fold(r)
		}
		return -1
	}, s)
}
