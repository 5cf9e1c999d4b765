package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/spf13/cobra"

	"tipoff/bot"
	"tipoff/bot/card"
	"tipoff/bot/config"
	"tipoff/bot/source"
	"tipoff/bot/store"
	"tipoff/filters"
	"tipoff/sources"
	"tipoff/sources/article"
	"tipoff/sources/discover"
	"tipoff/sources/feed"
	"tipoff/sources/fetch"
	"tipoff/sources/health"
)

func (p *program) sourcesCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "sources",
		Short: "How the sources are, what a feed would bring, lists in and out",
		Args:  cobra.NoArgs,
		RunE:  func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(p.sourcesList(), p.sourcesTest(), p.sourcesImport(), p.sourcesExport(), p.sourcesRemove())
	return cmd
}

func (p *program) sourcesList() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "list",
		Short: "List the sources with their health, those in trouble first",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) (err error) {
			archive, cfg, err := p.archive(cmd.Context())
			var all []store.SourceStatus
			switch {
			case err == nil:
				defer func() { err = errors.Join(err, archive.Close()) }()
				if all, err = archive.Sources(cmd.Context()); err != nil {
					return err
				}
			case !errors.Is(err, bot.ErrNoArchive):
				return err
			default:
				for _, s := range cfg.Sources {
					all = append(all, store.SourceStatus{Name: s.Name, URL: s.URL, State: sources.New})
				}
			}
			if p.asJSON {
				for _, s := range all {
					if err := json.NewEncoder(p.out).Encode(s); err != nil {
						return err
					}
				}
				return nil
			}
			fmt.Fprint(p.out, p.terminal().Page(sourcesPage(all, time.Now())))
			return nil
		},
	}
	cmd.Flags().BoolVar(&p.asJSON, "json", false, "print one JSON object a line")
	return cmd
}

func sourcesPage(all []store.SourceStatus, now time.Time) card.Page {
	trouble := func(s store.SourceStatus) int {
		if s.State == sources.OK || s.State == sources.New {
			return 0
		}
		return 1
	}
	text := func(s store.SourceStatus) string {
		if s.MovedTo == "" {
			return s.Error
		}
		return strings.TrimPrefix(s.Error+"\n", "\n") + "It has moved for good; put its new address into the config: " + s.MovedTo
	}
	bad := 0
	for _, s := range all {
		bad += trouble(s)
	}
	all = slices.Clone(all)
	slices.SortStableFunc(all, func(a, b store.SourceStatus) int { return trouble(b) - trouble(a) })
	page := card.Page{Title: count(len(all), "source", "sources"), Tone: card.Good}
	if bad > 0 {
		page.Tone = card.Bad
		page.Lead = fmt.Sprintf("%d in trouble.", bad)
	}
	for _, s := range all {
		meta := []string{string(s.State), count(s.Stories, "story", "stories")}
		switch {
		case !s.LastOK.IsZero():
			meta = append(meta, "read "+card.Age(s.LastOK, now))
		case s.State != sources.New:
			meta = append(meta, "never read")
		}
		if trouble(s) > 0 && !s.Since.IsZero() {
			meta[0] += " since " + card.Age(s.Since, now)
		}
		if s.NextPoll.After(now) {
			meta = append(meta, "next in "+s.NextPoll.Sub(now).Round(time.Second).String())
		}
		page.Items = append(page.Items, card.Item{Title: s.Name, URL: s.URL, Meta: strings.Join(meta, " · "), Text: text(s)})
	}
	return page
}

func (p *program) sourcesTest() *cobra.Command {
	return &cobra.Command{
		Use:   "test URL",
		Short: "Fetch a feed and show what would be stored, and which watches match",
		Example: `  tipoff sources test https://example.org/feed.xml
  tipoff sources test cisa-news     a source of the config, with its headers`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			cfg, err := p.load()
			if err != nil {
				return err
			}
			src := sources.Source{Name: "test", URL: args[0]}
			known, err := p.knownSources(cmd.Context(), cfg)
			if err != nil {
				return err
			}
			for _, s := range known {
				// By its name or address, with the headers that it is polled with.
				if s.Name == args[0] || s.URL == args[0] {
					src = s
				}
			}
			if !strings.Contains(src.URL, "://") {
				return usage("there is no source named %q, and it is no address either: write one as https://host/path", src.URL)
			}
			client := fetch.New(fetch.Options{
				Timeout: cfg.Fetch.Timeout, MaxBytes: cfg.Fetch.MaxBytes, UserAgent: cfg.Fetch.Agent(version()),
				AllowPrivate: cfg.Fetch.AllowPrivate,
			})
			reader := feed.NewReader(client, time.Now, bot.Formats)
			v := reader.Visit(cmd.Context(), src, sources.Validators{})
			if v.Err != nil {
				fmt.Fprintf(p.err, "tipoff: %s: %s: %s\n", src.URL, v.Err.State, v.Err.Text)
				if src.Kind == sources.Feed || src.Kind == "" {
					if found := findFeeds(cmd.Context(), client, reader, src); len(found.Items) > 0 {
						fmt.Fprint(p.out, p.terminal().Page(found))
					}
				}
				return errNothing
			}
			page, err := testSourcePage(cfg, src, v)
			if err != nil {
				return err
			}
			if src.FullText && len(v.Items) > 0 {
				page.Lead += "\n" + firstArticle(cmd.Context(), client, src, v.Items[0].Story.URL)
			}
			fmt.Fprint(p.out, p.terminal().Page(page))
			return nil
		},
	}
}

// findFeeds lists the feeds that a web page names, or else those at the usual
// places of its site. Each was read, so that nobody is sent to one that is none.
func findFeeds(ctx context.Context, client *fetch.Client, reader *feed.Reader, src sources.Source) card.Page {
	page := card.Page{Title: "Feeds of " + src.URL, Tone: card.Good, Hint: "See what is in one: tipoff sources test URL"}
	req := fetch.Request{URL: src.URL, Headers: src.Headers, BasicAuth: src.BasicAuth, Proxy: src.Proxy}
	resp, ferr := client.Get(ctx, req)
	var links []discover.Link
	if ferr == nil {
		links = discover.Links(feed.UTF8(resp.Body, resp.ContentType), resp.URL)
	}
	if len(links) == 0 {
		for _, u := range discover.Guesses(src.URL) {
			links = append(links, discover.Link{URL: u, Guess: true})
		}
	}
	for _, l := range links {
		if len(page.Items) == shownFeeds {
			break
		}
		v := reader.Visit(ctx, sources.Source{Name: "test", URL: l.URL, Proxy: src.Proxy}, sources.Validators{})
		if v.Err != nil {
			continue
		}
		if v.Release != nil {
			v.Release()
		}
		page.Items = append(page.Items, card.Item{
			Title: cmp.Or(v.Title, l.Title, l.URL), URL: l.URL, Meta: count(len(v.Items), "story", "stories"),
		})
	}
	return page
}

// knownSources are the sources in force, or those of the config where nothing
// has run yet.
func (p *program) knownSources(ctx context.Context, cfg *config.Config) (_ []sources.Source, err error) {
	archive, err := p.openArchive(ctx, cfg)
	if errors.Is(err, bot.ErrNoArchive) {
		return cfg.Sources, nil
	}
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, archive.Close()) }()
	book, err := source.NewBook(ctx, archive, source.Options{
		Config: cfg.Sources, Schedule: cfg.Fetch.Schedule, Zone: cfg.Zone, Log: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		return nil, err
	}
	return append(book.All(), cfg.Sources...), nil // the file's may not be applied yet, and counts
}

// firstArticle says in a sentence what the page of the first story gives.
func firstArticle(ctx context.Context, client *fetch.Client, src sources.Source, address string) string {
	text, err := article.New(client, article.Options{}).Read(ctx, src, address)
	if err != nil {
		return "The text of its first story's page cannot be had: " + err.Error() + "."
	}
	return fmt.Sprintf("The page of its first story gives a text of %s.", count(utf8.RuneCountInString(text), "character", "characters"))
}

// briefly is a duration without its empty parts: "1h" for "1h0m0s".
func briefly(d time.Duration) string {
	s := d.String()
	if strings.HasSuffix(s, "m0s") {
		s = strings.TrimSuffix(s, "0s")
	}
	if strings.HasSuffix(s, "h0m") {
		s = strings.TrimSuffix(s, "0m")
	}
	return s
}

// shownFeeds is how many feeds of a web page `sources test` shows.
const shownFeeds = 5

// shownItems is how many stories of a feed `sources test` shows.
const shownItems = 10

func testSourcePage(cfg *config.Config, src sources.Source, v sources.Visit) (card.Page, error) {
	compiled := make(map[string]*filters.Filter)
	for _, w := range cfg.Watches {
		f, err := cfg.Lexicon.Compile(w.Query)
		if err != nil {
			return card.Page{}, err
		}
		compiled[w.Name] = f
	}
	set := filters.NewSet(compiled)
	now := time.Now()
	title := v.Title
	if title == "" {
		title = src.URL
	}
	page := card.Page{Tone: card.Good, Title: title, Lead: fmt.Sprintf("HTTP %d, read as %s: %s.", v.Status, cmp.Or(v.Format, string(src.Kind)), count(len(v.Items), "story", "stories"))}
	if v.Facts != nil {
		page.Lead = fmt.Sprintf("%s %s about %s.", page.Lead, count(len(v.Facts.CVEs), "fact of vulnerabilities", "facts of vulnerabilities"), v.Facts.About)
	}
	switch has := v.Validators; {
	case has.ETag != "":
		page.Lead += " The server has an ETag, so an unchanged feed will cost next to nothing."
	case has.LastModified != "":
		page.Lead += " The server has a Last-Modified time, so an unchanged feed will cost next to nothing."
	default:
		page.Lead += " The server has no validators: each poll reads the whole feed."
	}
	if wait := v.Validators.Rhythm.Wait; wait > 0 {
		page.Lead += fmt.Sprintf("\nThe feed asks to be read every %s at most; fetch.patience, %s, is the most of it that counts.", briefly(wait), briefly(cfg.Fetch.Patience))
	}
	if v.Moved != "" {
		page.Lead += "\nIt has moved for good: give the source the address " + v.Moved
	}
	var times []time.Time
	for _, i := range v.Items {
		times = append(times, i.Story.Published)
	}
	if habit := (health.Habit{}).Learn(times).String(); habit != "" {
		page.Lead += "\nBy its dates it has something new " + habit + "."
	}
	if v.Skipped > 0 {
		page.Lead += fmt.Sprintf("\n%s could not be used: %s.", count(v.Skipped, "item", "items"), v.SkipReason)
	}
	matched := 0
	for i := range v.Items {
		s := v.Items[i].Story
		s.Source, s.Tags = src.Name, append(slices.Clone(src.Tags), s.Tags...)
		doc := filters.NewDoc(&s)
		names := set.Match(doc)
		if len(names) > 0 {
			matched++
		}
		if i >= shownItems {
			continue
		}
		it := hitItem(&s, nil, now)
		it.Meta = card.Age(s.Published, now)
		if s.Published.IsZero() {
			it.Meta = "no date"
		}
		for _, name := range names {
			terms := compiled[name].Terms(doc)
			it.Marks = append(it.Marks, terms...)
			it.Meta += " · watch " + name
		}
		page.Items = append(page.Items, it)
	}
	page.Lead += fmt.Sprintf("\n%s would match a watch.", count(matched, "story", "stories"))
	if len(v.Items) > shownItems {
		page.Hint = fmt.Sprintf("The first %d of %d.", shownItems, len(v.Items))
	}
	return page, nil
}
