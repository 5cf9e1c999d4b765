package command

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"tipoff/bot/alert"
	"tipoff/bot/card"
)

// latestCommand is "latest": the newest stories, of all, of one source or of
// one watch.
func latestCommand(d Deps) *Command {
	return &Command{
		Name: "latest", Help: "The newest stories", Options: []Option{
			{Name: "source", Help: "Only of this source", Value: "NAME", Suggest: d.suggestSources},
			{Name: "watch", Help: "Only what this watch matches", Value: "NAME", Suggest: d.suggestWatches},
		},
		Run: func(ctx context.Context, r *Request) (card.Page, error) {
			query, title := "*", "The newest stories"
			if name := r.Args["watch"]; name != "" {
				w, err := d.watch(ctx, name)
				if err != nil {
					return card.Page{}, err
				}
				query, title = w.Query, "The newest stories for the watch "+w.Name
			}
			if name := r.Args["source"]; name != "" {
				name, err := d.source(ctx, name)
				if err != nil {
					return card.Page{}, err
				}
				query = fmt.Sprintf("(%s) source:%q", query, name)
				title += " from " + name
			}
			f, err := d.Lexicon.CompileSearch(query, d.Clock())
			if err != nil {
				return card.Page{}, fmt.Errorf("query of latest: %w", err)
			}
			page, err := d.stories(ctx, r, f, time.Time{})
			if err != nil {
				return page, err
			}
			page.Title = title
			if len(page.Items) == 0 && r.Page == 0 {
				page.Lead = "There are none yet."
				page.Hint = "How the sources are: " + r.call("sources")
			}
			return page, nil
		},
	}
}

// watch finds a watch by its name, in any case.
func (d Deps) watch(ctx context.Context, name string) (alert.Watch, error) {
	ws, err := d.Watches.Watches(ctx)
	if err != nil {
		return alert.Watch{}, fmt.Errorf("list watches: %w", err)
	}
	i := indexName(watchNames(ws), name)
	if i < 0 {
		return alert.Watch{}, noSuch("watch", name, watchNames(ws))
	}
	return ws[i], nil
}

// source finds the name of a source as it is spelled.
func (d Deps) source(ctx context.Context, name string) (string, error) {
	ss, err := d.Sources.Sources(ctx)
	if err != nil {
		return "", fmt.Errorf("list sources: %w", err)
	}
	names := sourceNames(ss)
	i := indexName(names, name)
	if i < 0 {
		return "", noSuch("source", name, names)
	}
	return names[i], nil
}

// indexName finds a name as it stands, or else in another case.
func indexName(names []string, name string) int {
	if i := slices.Index(names, name); i >= 0 {
		return i
	}
	return slices.IndexFunc(names, func(n string) bool { return strings.EqualFold(n, name) })
}

// noSuch says that a name is not known, and which ones are.
func noSuch(what, name string, names []string) error {
	p := &problem{title: fmt.Sprintf("There is no %s named %s", what, card.Cut(name, 60)), lead: didYouMean(name, names)}
	switch {
	case len(names) == 0:
		p.lead += "There are none at all."
	case len(names) <= 25:
		names = slices.Sorted(slices.Values(names))
		p.lead += "There are: " + strings.Join(names, ", ") + "."
	}
	p.lead = strings.TrimSpace(p.lead)
	return p
}
