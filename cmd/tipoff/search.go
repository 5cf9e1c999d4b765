package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"tipoff/bot/card"
	"tipoff/bot/store"
	"tipoff/filters"
	"tipoff/sources/story"
)

// searchTime is how long a search or a back-test may take here, where nobody
// waits but who asked.
const searchTime = 10 * time.Second

func (p *program) searchCommand() *cobra.Command {
	var limit int
	var since string
	var revisions bool
	cmd := &cobra.Command{
		Use:   "search QUERY",
		Short: "Search the archive, newest first",
		Long: `Search the archive in the watches' own language, newest first: a search finds
exactly what a watch with the same query matches.`,
		Example: `  tipoff search 'i-soon'
  tipoff search 'title:(wiper OR ransomware) -tabletop' --since 7d
  tipoff search '"volt typhoon" source:cisa' --json`,
		Args: cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) (err error) {
			q := store.Search{Limit: limit}
			text := strings.Join(args, " ")
			cfg, err := p.load()
			if err != nil {
				return err
			}
			if q.Filter, err = cfg.Lexicon.CompileSearch(text, time.Now()); err != nil {
				return err
			}
			if limit < 1 || limit > 10_000 {
				return usage("--limit %d: write a number from 1 to 10000", limit)
			}
			if q.Since, err = ago(since, time.Now()); err != nil {
				return err
			}
			archive, err := p.openArchive(cmd.Context(), cfg)
			if err != nil {
				return err
			}
			defer func() { err = errors.Join(err, archive.Close()) }()
			hits, err := archive.Search(cmd.Context(), q)
			if err != nil {
				return err
			}
			if len(hits) == 0 {
				if !p.asJSON {
					fmt.Fprintf(p.err, "Nothing in the archive matches %s\n", q.Filter)
				}
				return errNothing
			}
			if revisions {
				return p.showRevisions(cmd.Context(), archive, hits, q.Filter)
			}
			if p.asJSON {
				for i := range hits {
					if err := json.NewEncoder(p.out).Encode(&hits[i].Story); err != nil {
						return err
					}
				}
				return nil
			}
			page := card.Page{Title: count(len(hits), "story", "stories") + " for " + q.Filter.String()}
			if len(hits) == limit {
				page.Hint = fmt.Sprintf("The newest %d; --limit shows more.", limit)
			}
			for i := range hits {
				page.Items = append(page.Items, hitItem(&hits[i].Story, q.Filter, time.Now()))
			}
			fmt.Fprint(p.out, p.terminal().Page(page))
			return nil
		},
	}
	cmd.Flags().IntVar(&limit, "limit", 20, "show at most this `number` of stories")
	cmd.Flags().BoolVar(&revisions, "revisions", false, "of these, show those that were edited, with what they said before and until when")
	cmd.Flags().StringVar(&since, "since", "", "only stories of the last `age`: 12h, 7d, 4w")
	cmd.Flags().BoolVar(&p.asJSON, "json", false, "print one JSON object a line")
	return cmd
}

// hitItem shows a story that was found, with the words that were looked for.
func hitItem(s *story.Story, f *filters.Filter, now time.Time) card.Item {
	names := make([]string, 0, len(s.Sources))
	for _, g := range s.Sources {
		names = append(names, g.Name)
	}
	if len(names) == 0 {
		names = append(names, s.Source)
	}
	it := card.Item{
		Title: s.Title, URL: s.URL, Meta: strings.Join(names, ", ") + " · " + card.Age(s.Time(), now),
		Text: card.Cut(card.Clean(s.Summary), 240),
	}
	if f != nil {
		it.Marks = f.Terms(filters.NewDoc(s))
	}
	return it
}

// ago is the time that an age such as 7d means; zero for an empty one.
func ago(age string, now time.Time) (time.Time, error) {
	if age == "" {
		return time.Time{}, nil
	}
	d, err := filters.ParseAge(age)
	if err != nil {
		return time.Time{}, usage("--since: %w", err)
	}
	return now.Add(-d), nil
}
