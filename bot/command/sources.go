package command

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"tipoff/bot/card"
	"tipoff/bot/store"
	"tipoff/sources"
)

// worst orders the states of a source by how much they ask for a person.
var worst = []sources.State{
	sources.Gone, sources.Blocked, sources.Failing, sources.Limited, sources.Silent, sources.New, sources.OK,
}

// sourcesCommand is "sources": the health of each, bad ones first.
func sourcesCommand(d Deps) *Command {
	return &Command{
		Name: "sources", Help: "The sources and how they are, bad ones first",
		Run: func(ctx context.Context, r *Request) (card.Page, error) {
			ss, err := d.Sources.Sources(ctx)
			if err != nil {
				return card.Page{}, fmt.Errorf("list sources: %w", err)
			}
			page := card.Page{Title: "Sources"}
			if len(ss) == 0 {
				page.Lead = "There are none."
				page.Hint = "Add feeds under sources in the config file."
				return page, nil
			}
			slices.SortFunc(ss, func(a, b store.SourceStatus) int {
				return cmp.Or(
					cmp.Compare(slices.Index(worst, a.State), slices.Index(worst, b.State)),
					strings.Compare(a.Name, b.Name),
				)
			})
			page.Lead = counts(ss)
			shown, next := paged(ss, r.Page)
			page.Next = next
			now := d.Clock()
			for _, s := range shown {
				page.Items = append(page.Items, card.Item{Title: s.Name, Meta: sourceMeta(s, now), Text: card.Clean(s.Error)})
			}
			if r.Page == 0 && page.Next == "" {
				page.Hint = "The newest of one: " + r.call("latest --source "+ss[len(ss)-1].Name)
			}
			return page, nil
		},
	}
}

// counts is how many sources are in which state: "25 sources: 1 gone, 24 ok".
// The list must be sorted.
func counts(ss []store.SourceStatus) string {
	var parts []string
	for i := 0; i < len(ss); {
		j := i
		for j < len(ss) && ss[j].State == ss[i].State {
			j++
		}
		parts = append(parts, fmt.Sprintf("%d %s", j-i, ss[i].State))
		i = j
	}
	return plural(len(ss), "source", "sources") + ": " + strings.Join(parts, ", ")
}

// sourceMeta is a source in one line. The address is cut to the host: the rest
// of it may hold a key.
func sourceMeta(s store.SourceStatus, now time.Time) string {
	parts := []string{string(s.State)}
	switch {
	case s.State == sources.OK:
		parts = append(parts, "read "+card.Age(s.LastOK, now))
	case s.LastOK.IsZero():
		parts = append(parts, "not read yet")
	default:
		parts = append(parts, "last read "+card.Age(s.LastOK, now))
	}
	parts = append(parts, plural(s.Stories, "story", "stories"))
	if h := card.Host(s.URL); h != "" {
		parts = append(parts, h)
	}
	return strings.Join(parts, " · ")
}
