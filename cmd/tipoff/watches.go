package main

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"tipoff/bot"
	"tipoff/bot/alert"
	"tipoff/bot/card"
	"tipoff/bot/search"
	"tipoff/bot/store"
	"tipoff/bot/watch"
	"tipoff/filters"
	"tipoff/sources/story"
)

func (p *program) watchesCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "watches",
		Short: "List the watches, or test one on the past",
		Args:  cobra.NoArgs,
		RunE:  func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(p.watchesList(), p.watchesTest())
	return cmd
}

func (p *program) watchesList() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "list",
		Short: "List the watches in force",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) (err error) {
			archive, cfg, err := p.archive(cmd.Context())
			var all []alert.Watch
			switch {
			case err == nil:
				defer func() { err = errors.Join(err, archive.Close()) }()
				if all, err = archive.Watches(cmd.Context()); err != nil {
					return err
				}
			case !errors.Is(err, bot.ErrNoArchive):
				return err
			default:
				// Nothing has run yet: what the file says is what will be in force.
				all = cfg.Watches
			}
			if p.asJSON {
				for _, w := range all {
					if err := json.NewEncoder(p.out).Encode(w); err != nil {
						return err
					}
				}
				return nil
			}
			page := card.Page{Title: count(len(all), "watch", "watches")}
			for _, w := range all {
				meta := "no channel"
				if len(w.Channels) > 0 {
					meta = "to " + strings.Join(w.Channels, ", ")
				}
				if w.Severity != "" {
					meta += " · " + string(w.Severity)
				}
				if w.Origin != "" && w.Origin != "config" {
					meta += " · added by " + w.Origin
				}
				page.Items = append(page.Items, card.Item{Title: w.Name, Meta: meta, Text: card.Shorten(w.Query, 300)})
			}
			if len(all) == 0 {
				page.Lead = "Nothing is watched. Add watches to the config, or in chat with /news watch add."
			}
			fmt.Fprint(p.out, p.terminal().Page(page))
			return nil
		},
	}
	cmd.Flags().BoolVar(&p.asJSON, "json", false, "print one JSON object a line")
	return cmd
}

// testResult is the JSON of `watches test`.
type testResult struct {
	Query   string        `json:"query"`
	Hits    int           `json:"hits"`
	PerDay  float64       `json:"hits_per_day"`
	Days    float64       `json:"days"`
	Samples []story.Story `json:"samples"`
	// Overlap counts among the newest hits, as many as Compared says. OverlapOf
	// says that in words, where these are not all.
	Overlap   map[string]int   `json:"overlap"`
	Compared  int              `json:"compared"`
	OverlapOf string           `json:"overlap_of,omitempty"`
	ByDay     []store.DayCount `json:"by_day"`
	// Stopped is set where there was no time for all of it, and says how far
	// back it came.
	Stopped string `json:"stopped,omitempty"`
}

func (p *program) watchesTest() *cobra.Command {
	var since string
	cmd := &cobra.Command{
		Use:   "test QUERY",
		Short: "Try a query on the archive, before it becomes a watch",
		Example: `  tipoff watches test '"salt typhoon" OR telecom*' --since 30d
  tipoff watches test 'title:sanction*' --json`,
		Args: cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) (err error) {
			cfg, err := p.load()
			if err != nil {
				return err
			}
			f, err := cfg.Lexicon.CompileSearch(strings.Join(args, " "), time.Now())
			if err != nil {
				return err
			}
			from, err := ago("since", since, time.Now())
			if err != nil {
				return err
			}
			archive, err := p.openArchive(cmd.Context(), cfg)
			if err != nil {
				return err
			}
			defer func() { err = errors.Join(err, archive.Close()) }()
			log, err := p.logger()
			if err != nil {
				return err
			}
			book, err := watch.NewBook(cmd.Context(), archive, cfg.Lexicon, log)
			if err != nil {
				return err
			}
			result, err := search.New(archive, book.Current, time.Now, search.Options{Limit: searchTime}).BackTest(cmd.Context(), f, from)
			limit, stopped := errors.AsType[*store.LimitError](err)
			if err != nil && !stopped {
				return err
			}
			if p.asJSON {
				r := testResult{
					Query: f.String(), Hits: result.Hits, Days: result.Days, Samples: result.Samples,
					Overlap: result.Overlap, Compared: result.Compared, OverlapOf: result.OverlapOf(), ByDay: result.ByDay,
				}
				if stopped {
					r.Stopped = limit.Error()
				}
				if r.ByDay == nil {
					r.ByDay = []store.DayCount{}
				}
				if result.Days > 0 {
					r.PerDay = float64(result.Hits) / result.Days
				}
				if r.Samples == nil {
					r.Samples = []story.Story{}
				}
				err = json.NewEncoder(p.out).Encode(r)
			} else {
				page := testPage(f, result, since)
				if stopped {
					page.Hint = sentence(limit.Error())
				}
				fmt.Fprint(p.out, p.terminal().Page(page))
				err = nil
			}
			if err == nil && result.Hits == 0 {
				return errNothing
			}
			return err
		},
	}
	cmd.Flags().StringVar(&since, "since", "30d", "how far back: 12h, 7d, 4w")
	cmd.Flags().BoolVar(&p.asJSON, "json", false, "print one JSON object")
	return cmd
}

// perDay is a rate for people, with no more digits than it deserves.
func perDay(n float64) string {
	if n >= 10 {
		return fmt.Sprintf("%.0f a day", n)
	}
	return fmt.Sprintf("%.1f a day", n)
}

// chartWidth is how many columns a chart has at the most.
const chartWidth = 60

// sentence is a message as a sentence.
func sentence(s string) string { return strings.ToUpper(s[:1]) + s[1:] + "." }

func testPage(f *filters.Filter, r store.BackTest, since string) card.Page {
	page := card.Page{Title: f.String(), Lead: fmt.Sprintf("%s in the last %s", count(r.Hits, "hit", "hits"), since)}
	if r.Hits > 0 && r.Days > 0 {
		page.Lead += ", " + perDay(float64(r.Hits)/r.Days)
	}
	page.Lead += "."
	if days, hits := r.Chart(time.Now(), chartWidth); len(hits) > 1 && r.Hits > 1 {
		page.Lead += "\n" + card.Chart(days, hits)
	}
	of := cmp.Or(r.OverlapOf(), "them")
	for _, name := range slices.Sorted(maps.Keys(r.Overlap)) {
		page.Lead += fmt.Sprintf("\n%d of %s match the watch %s too.", r.Overlap[name], of, name)
	}
	if len(r.Overlap) == 0 && r.Compared < r.Hits {
		page.Lead += fmt.Sprintf("\nNo watch matches any of %s.", of)
	}
	for i := range r.Samples {
		page.Items = append(page.Items, hitItem(&r.Samples[i], f, time.Now()))
	}
	if r.Hits > len(r.Samples) {
		page.Hint = fmt.Sprintf("The newest %d of %d; `tipoff search` shows all.", len(r.Samples), r.Hits)
	}
	return page
}
