package command

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"tipoff/bot/card"
	"tipoff/bot/store"
	"tipoff/filters"
	"tipoff/sources/story"
)

// pageStories is how many stories a page shows.
const pageStories = 5

var (
	queryOption = Option{Name: "query", Help: "Words, \"a phrase\", prefix*, OR, NOT, title:word; see help", Required: true, Rest: true}
	sinceOption = Option{Name: "since", Help: "How far back: 12h, 7d, 2w", Value: "7d", Suggest: suggestAges}
)

// searchCommand is "search QUERY": the archive, newest first.
func searchCommand(d Deps) *Command {
	return &Command{
		Name: "search", Help: "Search the archive, newest first", Options: []Option{queryOption, sinceOption},
		Run: func(ctx context.Context, r *Request) (card.Page, error) {
			f, err := d.Lexicon.CompileSearch(r.Args["query"], d.Clock())
			if err != nil {
				return card.Page{}, err
			}
			since, err := d.ago(r.Args["since"])
			if err != nil {
				return card.Page{}, err
			}
			page, err := d.stories(ctx, r, f, since)
			if err != nil {
				return page, err
			}
			page.Title = "Stories that match " + card.Cut(r.Args["query"], 120)
			if len(page.Items) == 0 && r.Page == 0 {
				page.Title = "Nothing found for " + card.Cut(r.Args["query"], 120)
				page.Lead = ""
				page.Hint = cmp.Or(page.Hint, widerHint(r))
			}
			return page, nil
		},
	}
}

// stories makes a page of the stories that f matches.
func (d Deps) stories(ctx context.Context, r *Request, f *filters.Filter, since time.Time) (card.Page, error) {
	// One more than shown tells whether there is a next page.
	hits, err := d.Archive.Search(ctx, store.Search{Filter: f, Since: since, Limit: pageStories + 1, Before: r.Cursor})
	limit, stopped := errors.AsType[*store.LimitError](err)
	if err != nil && !stopped {
		return card.Page{}, fmt.Errorf("search the archive: %w", err)
	}
	var page card.Page
	if stopped {
		page.Hint, page.Next = stoppedLead(limit), limit.Cursor
	}
	if len(hits) > pageStories {
		hits = hits[:pageStories]
		page.Next = hits[len(hits)-1].Cursor
	}
	now := d.Clock()
	for _, h := range hits {
		page.Items = append(page.Items, storyItem(h.Story, f, now))
	}
	switch {
	case r.Page > 0 && len(hits) == 0:
		page.Lead = "There is no more."
	case r.Page > 0 || page.Next != "":
		order := "newest"
		if f.ByRelevance() {
			order = "best"
		}
		page.Lead = fmt.Sprintf("Page %d, %s first", r.Page+1, order)
	default:
		page.Lead = plural(len(hits), "story", "stories")
	}
	if s := r.Args["since"]; s != "" {
		page.Lead += ", of the last " + s
	}
	return page, nil
}

// storyItem shows one story, with the part of its text that shows most of what f
// found in it.
func storyItem(s story.Story, f *filters.Filter, now time.Time) card.Item {
	d := filters.NewDoc(&s)
	meta := s.Source
	if n := len(s.Sources) - 1; n > 0 {
		meta += " and " + plural(n, "other", "others")
	}
	if t := s.Time(); !t.IsZero() {
		meta += " · " + card.Age(t, now)
	}
	return card.Item{
		Title: s.Title, URL: s.URL, Meta: strings.TrimPrefix(meta, " · "),
		Text: card.Clean(f.Snippet(d, snippetLen).Text), Marks: f.Terms(d),
	}
}

// snippetLen is how much of a story's text a page shows, in characters.
const snippetLen = 220

// widerHint is what to try when a search found nothing.
func widerHint(r *Request) string {
	q := r.Args["query"]
	var try []string
	if words := strings.Fields(q); len(words) == 1 && !strings.ContainsAny(q, `*:"()`) {
		try = append(try, fmt.Sprintf("%s* finds all words that begin with it", q))
	} else if len(words) > 1 && !strings.ContainsAny(q, `"()`) && !strings.Contains(q, " OR ") && !strings.Contains(q, " -") {
		try = append(try, "all the words must be in the story; write OR between them for any")
	}
	if s := r.Args["since"]; s != "" {
		try = append(try, fmt.Sprintf("a --since of more than %s looks further back", s))
	}
	if len(try) == 0 {
		try = append(try, "see the query language in "+r.call("help"))
	}
	return "Try: " + strings.Join(try, "; ") + "."
}
