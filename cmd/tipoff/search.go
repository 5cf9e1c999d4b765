package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"tipoff/bot/card"
	"tipoff/bot/search"
	"tipoff/bot/store"
	"tipoff/filters"
	"tipoff/sources/story"
)

// searchTime is how long a search or a back-test may take here, where nobody
// waits but who asked.
const searchTime = 10 * time.Second

// searchFlags are what a search can be asked besides its query.
type searchFlags struct {
	limit                     int
	since, until, after, sort string
	revisions                 bool
}

func (p *program) searchCommand() *cobra.Command {
	var flags searchFlags
	cmd := &cobra.Command{
		Use:   "search QUERY",
		Short: "Search the archive, newest first",
		Long: `Search the archive in the watches' own language, newest first: a search finds
exactly what a watch with the same query matches. By relevance, the best of the
newest 2000 that match come first.`,
		Example: `  tipoff search 'i-soon'
  tipoff search 'title:(wiper OR ransomware) -tabletop' --since 7d
  tipoff search 'lockbit hospital' --sort relevance
  tipoff search '"volt typhoon" source:cisa' --json`,
		Args: cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) (err error) {
			cfg, err := p.load()
			if err != nil {
				return err
			}
			now := time.Now()
			q, err := flags.search(now)
			if err != nil {
				return err
			}
			if q.Filter, err = cfg.Lexicon.CompileSearch(strings.Join(args, " "), now); err != nil {
				return err
			}
			archive, err := p.openArchive(cmd.Context(), cfg)
			if err != nil {
				return err
			}
			defer func() { err = errors.Join(err, archive.Close()) }()
			// One more than shown tells whether there is more.
			q.Limit++
			hits, err := search.New(archive, nil, time.Now, search.Options{Limit: searchTime}).Search(cmd.Context(), q)
			q.Limit--
			limit, stopped := errors.AsType[*store.LimitError](err)
			if err != nil && !stopped {
				return err
			}
			if flags.revisions && len(hits) > 0 {
				return p.showRevisions(cmd.Context(), archive, hits[:min(len(hits), q.Limit)], q.Filter)
			}
			return p.showHits(q, hits, limit, now)
		},
	}
	cmd.Flags().IntVar(&flags.limit, "limit", 20, "show at most this `number` of stories")
	cmd.Flags().BoolVar(&flags.revisions, "revisions", false, "of these, show those that were edited, with what they said before and until when")
	cmd.Flags().StringVar(&flags.since, "since", "", "only stories of the last `age`: 12h, 7d, 4w")
	cmd.Flags().StringVar(&flags.until, "until", "", "only stories older than this `age`")
	cmd.Flags().StringVar(&flags.after, "after", "", "go on after a page, from the `cursor` that it printed")
	cmd.Flags().StringVar(&flags.sort, "sort", "newest", "what comes first: newest or relevance")
	cmd.Flags().BoolVar(&p.asJSON, "json", false, "print one JSON object a line")
	return cmd
}

// search is what the flags ask for.
func (f *searchFlags) search(now time.Time) (q store.Search, err error) {
	q = store.Search{Limit: f.limit, Before: f.after}
	if f.limit < 1 || f.limit > 10_000 {
		return q, usage("--limit %d: write a number from 1 to 10000", f.limit)
	}
	if f.sort != "newest" && f.sort != "relevance" {
		return q, usage("--sort %s: write newest or relevance", f.sort)
	}
	q.ByRelevance = f.sort == "relevance"
	if q.Since, err = ago("since", f.since, now); err != nil {
		return q, err
	}
	q.Until, err = ago("until", f.until, now)
	return q, err
}

// found is the JSON of a hit: the story, and where it matches.
type found struct {
	*story.Story
	// Snippet is the part of its text that shows the most of what was looked for;
	// Highlights are the places in it, in bytes. Without any there is neither.
	Snippet    string         `json:"snippet,omitempty"`
	Highlights []filters.Mark `json:"highlights,omitempty"`
}

// snippetLen is how much of a story's text is shown, in characters.
const snippetLen = 240

// showHits prints a page of hits, and how to go on.
func (p *program) showHits(q store.Search, hits []store.Hit, limit *store.LimitError, now time.Time) error {
	more := ""
	if len(hits) > q.Limit {
		hits = hits[:q.Limit]
		more = hits[q.Limit-1].Cursor
	} else if limit != nil {
		more = limit.Cursor
	}
	if limit != nil {
		fmt.Fprintln(p.err, sentence(limit.Error()))
	}
	if len(hits) == 0 {
		if !p.asJSON && limit == nil {
			what := "Nothing in the archive matches %s\n"
			if q.Before != "" {
				what = "There is no more for %s\n"
			}
			fmt.Fprintf(p.err, what, q.Filter)
		}
		if more != "" {
			fmt.Fprintf(p.err, "more: --after %s\n", more)
		}
		return errNothing
	}
	if p.asJSON {
		for i := range hits {
			s := &hits[i].Story
			hit := found{Story: s}
			if snippet := q.Filter.Snippet(filters.NewDoc(s), snippetLen); len(snippet.Marks) > 0 {
				hit.Snippet, hit.Highlights = snippet.Text, snippet.Marks
			}
			if err := json.NewEncoder(p.out).Encode(hit); err != nil {
				return err
			}
		}
	} else {
		page := card.Page{Title: count(len(hits), "story", "stories") + " for " + q.Filter.String()}
		for i := range hits {
			page.Items = append(page.Items, hitItem(&hits[i].Story, q.Filter, now))
		}
		fmt.Fprint(p.out, p.terminal().Page(page))
	}
	if more != "" {
		fmt.Fprintf(p.err, "more: --after %s\n", more)
	}
	return nil
}

// hitItem shows a story, with the words that were looked for; f may be nil.
func hitItem(s *story.Story, f *filters.Filter, now time.Time) card.Item {
	names := make([]string, 0, len(s.Sources))
	for _, g := range s.Sources {
		names = append(names, g.Name)
	}
	if len(names) == 0 {
		names = append(names, s.Source)
	}
	it := card.Item{Title: s.Title, URL: s.URL, Meta: strings.Join(names, ", ") + " · " + card.Age(s.Time(), now)}
	if f == nil {
		it.Text = card.Cut(card.Clean(s.Summary), snippetLen)
		return it
	}
	d := filters.NewDoc(s)
	it.Text, it.Marks = card.Clean(f.Snippet(d, snippetLen).Text), f.Terms(d)
	return it
}

// ago is the time that an age such as 7d means, given to a flag; zero for an empty
// one.
func ago(flag, age string, now time.Time) (time.Time, error) {
	if age == "" {
		return time.Time{}, nil
	}
	d, err := filters.ParseAge(age)
	if err != nil {
		return time.Time{}, usage("--%s: %w", flag, err)
	}
	return now.Add(-d), nil
}
