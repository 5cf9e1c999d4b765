package command

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
	"time"

	"tipoff/bot/card"
	"tipoff/bot/store"
)

// watchTestCommand is "watch test QUERY": what a watch would have found.
func watchTestCommand(d Deps) *Command {
	since := sinceOption
	since.Help, since.Value = "How far back to try it: 7d, 30d (without it), 12w", "30d"
	return &Command{
		Name: "test", Help: "Try a query on the past, before you make it a watch", Options: []Option{queryOption, since},
		Run: func(ctx context.Context, r *Request) (card.Page, error) {
			f, err := d.Lexicon.CompileSearch(r.Args["query"], d.Clock())
			if err != nil {
				return card.Page{}, err
			}
			now := d.Clock()
			from, err := d.ago(cmp.Or(r.Args["since"], "30d"))
			if err != nil {
				return card.Page{}, err
			}
			b, err := d.BackTester.BackTest(ctx, f, from)
			limit, stopped := errors.AsType[*store.LimitError](err)
			if err != nil && !stopped {
				return card.Page{}, fmt.Errorf("back-test: %w", err)
			}
			page := card.Page{Title: "Test of " + card.Cut(r.Args["query"], 120), Lead: rate(b, now.Sub(from), "match")}
			if stopped {
				page.Lead += "\n" + stoppedLead(limit)
			}
			if b.Hits == 0 {
				page.Hint = widerHint(r)
				return page, nil
			}
			if days, hits := b.Chart(now, chartWidth); len(hits) > 1 && b.Hits > 1 {
				page.Lead += "\n" + card.Chart(days, hits)
			}
			page.Lead += "\n" + overlap(b)
			for _, s := range b.Samples[:min(len(b.Samples), pageStories)] {
				page.Items = append(page.Items, storyItem(s, f, now))
			}
			page.Hint = "To keep it: " + r.call("watch add NAME "+card.Cut(r.Args["query"], 300))
			if noisy(b) {
				page.Hint = "That is a lot for a channel: a phrase, title: or -word makes it narrower."
			}
			return page, nil
		},
	}
}

// chartWidth is how many columns a chart has, so that it fits on a telephone.
const chartWidth = 30

// stoppedLead says that the time was up.
func stoppedLead(e *store.LimitError) string {
	s := e.Error()
	return strings.ToUpper(s[:1]) + s[1:] + "."
}

// rate says how many hits a back-test had, and how often that is.
func rate(b store.BackTest, asked time.Duration, verb string) string {
	days := asked.Hours() / 24
	span := "the last " + plural(int(math.Round(days)), "day", "days")
	if days < 1.5 {
		span = "the last " + plural(int(math.Ceil(asked.Hours())), "hour", "hours")
	}
	switch {
	case b.Days <= 0 || b.Days >= days*0.9:
	case b.Days < 1:
		span += " (the archive is younger than a day)"
	default:
		span += fmt.Sprintf(" (the archive reaches back %s)", plural(int(math.Round(b.Days)), "day", "days"))
	}
	if b.Hits == 0 {
		return fmt.Sprintf("No story of %s %s.", span, agree(verb))
	}
	if b.Hits == 1 {
		verb = agree(verb)
	}
	s := fmt.Sprintf("%s of %s %s", plural(b.Hits, "story", "stories"), span, verb)
	if b.Hits == 1 || b.Days < 1 {
		return s + "." // too little to speak of a rate
	}
	switch perDay := float64(b.Hits) / b.Days; {
	case perDay >= 10:
		s += fmt.Sprintf(": about %.0f a day.", perDay)
	case perDay >= 1.05:
		s += fmt.Sprintf(": about %s a day.", strings.TrimSuffix(fmt.Sprintf("%.1f", perDay), ".0"))
	case perDay >= 0.67:
		s += ": about one a day."
	default:
		s += fmt.Sprintf(": about one in %.0f days.", 1/perDay)
	}
	return s
}

// noisy reports whether a query has more hits than a person reads. A young
// archive counts as a day: its first poll brings a week at once.
func noisy(b store.BackTest) bool { return float64(b.Hits) > manyADay*max(b.Days, 1) }

// agree is the form of a verb after one story.
func agree(verb string) string {
	if verb == "match" {
		return "matches"
	}
	return verb
}

// overlap says which watches have some of the hits already, most first.
func overlap(b store.BackTest) string {
	of := b.OverlapOf()
	switch {
	case b.Compared == 0:
		return "There was no time to compare them with the watches."
	case len(b.Overlap) == 0:
		return "No watch matches any of " + cmp.Or(of, "them") + " yet."
	}
	names := slices.SortedFunc(maps.Keys(b.Overlap), func(x, y string) int {
		return cmp.Or(cmp.Compare(b.Overlap[y], b.Overlap[x]), cmp.Compare(x, y))
	})
	var parts []string
	for _, n := range names[:min(len(names), 5)] {
		parts = append(parts, fmt.Sprintf("%d by %s", b.Overlap[n], n))
	}
	s := "Matched already"
	if of != "" {
		s += " of " + of
	}
	s += ": " + strings.Join(parts, ", ")
	if more := len(names) - 5; more > 0 {
		s += " and " + plural(more, "other watch", "other watches")
	}
	return s + "."
}
