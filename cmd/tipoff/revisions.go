package main

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"tipoff/bot"
	"tipoff/bot/card"
	"tipoff/bot/store"
	"tipoff/filters"
	"tipoff/sources/story"
)

// editedStory is a story with the texts that it had, as `search --revisions
// --json` prints it.
type editedStory struct {
	story.Story
	Revisions []store.Revision `json:"revisions"`
}

// showRevisions shows those of the hits that were edited, with what they said
// before.
func (p *program) showRevisions(ctx context.Context, archive *bot.Store, hits []store.Hit, f *filters.Filter) error {
	page := card.Page{}
	edited := 0
	for i := range hits {
		s := &hits[i].Story
		if s.Updated.IsZero() {
			continue
		}
		all, err := archive.Revisions(ctx, s.ID)
		if err != nil {
			return err
		}
		if len(all) == 0 {
			continue // it came with its time of update, from elsewhere
		}
		edited++
		if p.asJSON {
			if err := json.NewEncoder(p.out).Encode(editedStory{*s, all}); err != nil {
				return err
			}
			continue
		}
		it := hitItem(s, f, time.Now())
		it.Text = strings.Join(whatChanged(s, all), "\n")
		page.Items = append(page.Items, it)
	}
	if edited == 0 {
		if !p.asJSON {
			fmt.Fprintf(p.err, "No story that matches %s was edited.\n", f)
		}
		return errNothing
	}
	if !p.asJSON {
		page.Title = count(edited, "edited story", "edited stories") + " for " + f.String()
		fmt.Fprint(p.out, p.terminal().Page(page))
	}
	return nil
}

// whatChanged says for each revision, the newest first, when it was replaced and
// what was another there.
func whatChanged(s *story.Story, all []store.Revision) []string {
	var lines []string
	after := store.Revision{Title: s.Title, Summary: s.Summary, Content: s.Content}
	for _, r := range all {
		was := "another text"
		if r.Title != after.Title {
			was = "“" + card.Clean(r.Title) + "”"
		}
		lines = append(lines, r.Until.Format("2006-01-02 15:04")+" UTC · before: "+was)
		after = r
	}
	return lines
}
