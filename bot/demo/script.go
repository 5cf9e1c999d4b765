package demo

import (
	"bytes"
	"embed"
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"time"

	"github.com/goccy/go-yaml"
)

//go:embed data/*.yaml
var files embed.FS

// outlet is a file in data: a publication with all it will ever publish.
type outlet struct {
	Name   string
	Title  string
	Home   string
	Format string // rss, rdf, atom, json
	// Gzip compresses the feed and gives it no validators, as simple servers do.
	Gzip    bool
	Tags    []string
	Stories []article
	Script  []change
}

// article is a story of an outlet, as the outlet tells it.
type article struct {
	ID   string
	Link string
	// Step is when it appears; at 0 it is part of the baseline.
	Step int
	// Age is how old it is, such as 5m or 2d.
	Age     string
	Author  string
	Title   string
	Summary string
	Content string
	Tags    []string
	// Flood is repeated behind the title until it is very long.
	Flood string
	Edits []edit

	published time.Time
	updated   time.Time
}

// edit is a later form of an article; what is empty stays as it was.
type edit struct {
	Step    int
	Age     string
	Title   string
	Summary string
}

// change is something that a feed does from a step on.
type change struct {
	Step int
	// Reversed shows the oldest story first.
	Reversed bool
	// Twice, Hide, Show and Redate name articles: listed twice, dropped, listed
	// again, or put at the top with a new date.
	Twice, Hide, Show, Redate []string
	// Renumber is replaced by As in all ids.
	Renumber, As string
}

// floodLen is how long a flooded title is, in characters.
const floodLen = 5000

// load reads all outlets.
func load() ([]*outlet, error) {
	names, err := fs.Glob(files, "data/*.yaml")
	if err != nil {
		return nil, err
	}
	var outlets []*outlet
	for _, name := range names {
		data, err := files.ReadFile(name)
		if err != nil {
			return nil, err
		}
		o := new(outlet)
		if err := yaml.NewDecoder(bytes.NewReader(data), yaml.Strict()).Decode(o); err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		if fileNames[o.Format] == "" {
			return nil, fmt.Errorf("%s: format %q is not known", name, o.Format)
		}
		for _, a := range o.Stories {
			if _, err := age(a.Age); err != nil {
				return nil, fmt.Errorf("%s: %s: %w", name, a.ID, err)
			}
			for _, e := range a.Edits {
				if _, err := age(e.Age); e.Age != "" && err != nil {
					return nil, fmt.Errorf("%s: %s: %w", name, a.ID, err)
				}
			}
		}
		outlets = append(outlets, o)
	}
	return outlets, nil
}

// age reads "5m", "3h" or "2d".
func age(s string) (time.Duration, error) {
	if days, ok := strings.CutSuffix(s, "d"); ok {
		d, err := time.ParseDuration(days + "h")
		return 24 * d, err
	}
	return time.ParseDuration(s)
}

// last is the last step at which something happens.
func (o *outlet) last() int {
	last := 0
	for _, a := range o.Stories {
		last = max(last, a.Step)
		for _, e := range a.Edits {
			last = max(last, e.Step)
		}
	}
	for _, c := range o.Script {
		last = max(last, c.Step)
	}
	return last
}

// at is what the feed holds at a step, in its order, newest first unless the
// script says otherwise.
func (o *outlet) at(step int, now time.Time) []article {
	var list []article
	for _, a := range o.Stories {
		if a.Step <= step {
			list = append(list, a.at(step, now))
		}
	}
	slices.SortStableFunc(list, func(a, b article) int { return b.published.Compare(a.published) })
	hidden := map[string]bool{}
	var twice []article
	for _, c := range o.Script {
		if c.Step > step {
			continue
		}
		for _, id := range c.Hide {
			hidden[id] = true
		}
		for _, id := range c.Show {
			delete(hidden, id)
		}
		for _, id := range c.Redate {
			if i := slices.IndexFunc(list, func(a article) bool { return a.ID == id }); i >= 0 {
				a := list[i]
				a.published = now.Add(-time.Minute)
				a.updated = a.published
				list = slices.Insert(slices.Delete(list, i, i+1), 0, a)
			}
		}
		for _, a := range list {
			if slices.Contains(c.Twice, a.ID) {
				twice = append(twice, a)
			}
		}
		if c.Reversed {
			slices.Reverse(list)
		}
		if c.Renumber != "" {
			for i := range list {
				list[i].ID = strings.ReplaceAll(list[i].ID, c.Renumber, c.As)
			}
		}
	}
	list = slices.DeleteFunc(list, func(a article) bool { return hidden[a.ID] })
	return append(list, twice...)
}

// at is the article as it reads at a step.
func (a article) at(step int, now time.Time) article {
	a.published = now.Add(-mustAge(a.Age))
	a.updated = a.published
	for _, e := range a.Edits {
		if e.Step > step {
			continue
		}
		if e.Age != "" {
			a.published = now.Add(-mustAge(e.Age))
		}
		a.updated = now.Add(-time.Minute)
		if e.Title != "" {
			a.Title = e.Title
		}
		if e.Summary != "" {
			a.Summary = e.Summary
		}
	}
	if a.Flood != "" {
		title := []rune(a.Title)
		for len(title) < floodLen {
			title = append(title, []rune(a.Flood)...)
		}
		a.Title = string(title[:floodLen])
	}
	return a
}

// mustAge is the age of an article whose file load has checked.
func mustAge(s string) time.Duration {
	d, _ := age(s)
	return d
}
