package command

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"tipoff/bot/alert"
	"tipoff/bot/card"
	"tipoff/bot/store"
)

const (
	day = 24 * time.Hour
	// trialAge is how far back a new watch is tried.
	trialAge = 30 * day
	// manyADay is where a watch is called noisy: more than a person reads.
	manyADay = 50
)

// watchAddCommand is "watch add NAME QUERY".
func watchAddCommand(d Deps) *Command {
	return &Command{
		Name: "add", Help: "Add a watch: alert a channel of every story that the query matches", Options: []Option{
			{Name: "name", Help: "A short name: letters, digits, dots, dashes", Required: true},
			queryOption,
			{Name: "channel", Help: "The channel to alert; without it, the one you are in", Value: "NAME", Suggest: d.suggestChannels},
			{Name: "severity", Help: "How much it matters; medium without it", Choices: severities()},
		},
		Run: func(ctx context.Context, r *Request) (card.Page, error) {
			f, err := d.Lexicon.Compile(r.Args["query"])
			if err != nil {
				return card.Page{}, err
			}
			channel, err := d.channelFor(r)
			if err != nil {
				return card.Page{}, err
			}
			w := alert.Watch{
				Name: r.Args["name"], Query: r.Args["query"], Channels: []string{channel},
				Severity: alert.Severity(r.Args["severity"]), Origin: who(r.User),
			}
			if err := w.Validate(); err != nil {
				return card.Page{}, &problem{title: err.Error()}
			}
			if err := d.mayManage(r.User, w.Channels); err != nil {
				return card.Page{}, err
			}
			err = d.Watches.AddWatch(ctx, w, r.User.ID)
			if errors.Is(err, store.ErrExists) {
				return card.Page{}, d.taken(ctx, r, w.Name)
			}
			if err != nil {
				return card.Page{}, fmt.Errorf("add watch: %w", err)
			}
			page := card.Page{
				Tone: card.Good, Title: "Watch " + w.Name + " added",
				Lead: fmt.Sprintf("Stories that match %s are alerted in %s, from now on.", card.Cut(w.Query, 300), channel),
				Hint: "To take it back: " + r.call("watch remove "+w.Name),
			}
			// The watch is in force whether or not it can be tried.
			b, err := d.BackTester.BackTest(ctx, f, d.Clock().Add(-trialAge))
			if err != nil && !errors.Is(err, store.ErrLimit) {
				d.Log.WarnContext(ctx, "new watch not tried", "watch", w.Name, "error", err)
				return page, nil
			}
			page.Lead += "\n" + rate(b, trialAge, "would have matched")
			if noisy(b) {
				page.Lead += " That is a lot: a narrower query is easier to read."
			}
			return page, nil
		},
	}
}

// channelFor is the channel named in the request, or else the one where it
// was asked.
func (d Deps) channelFor(r *Request) (string, error) {
	all := channelNames(d.Channels)
	if len(all) == 0 {
		return "", &problem{title: "No channel is configured", hint: "Add one under channels in the config file; a watch alerts a channel."}
	}
	list := "There are: " + strings.Join(slices.Sorted(slices.Values(all)), ", ") + "."
	if name := r.Args["channel"]; name != "" {
		// Slack shows a channel with a # that is no part of its name.
		if i := indexName(all, strings.TrimPrefix(name, "#")); i >= 0 {
			return all[i], nil
		}
		return "", noSuch("channel", name, all)
	}
	here := d.channelsAt(r.Channel)
	switch len(here) {
	case 1:
		return here[0].Name, nil
	case 0:
		return "", &problem{
			title: "No configured channel is this one: say which to alert", lead: list,
			hint: "Add --channel NAME.",
		}
	}
	return "", &problem{
		title: "More than one configured channel is this one: say which to alert",
		lead:  "It is " + strings.Join(channelNames(here), " and ") + ".",
		hint:  "Add --channel NAME.",
	}
}

// taken says who owns the watch with a name that is taken.
func (d Deps) taken(ctx context.Context, r *Request, name string) error {
	p := &problem{
		title: fmt.Sprintf("There is a watch named %s already", name),
		hint:  "Take another name, or remove it first: " + r.call("watch remove "+name),
	}
	w, err := d.watch(ctx, name)
	if err != nil {
		return p // removed since, or the list cannot be read
	}
	p.lead = fmt.Sprintf("It is %s and asks for %s.", owner(w), card.Cut(w.Query, 300))
	if w.Origin == fromConfig {
		p.hint = "Take another name, or change its entry in the config file."
	}
	return p
}

// watchListCommand is "watch list".
func watchListCommand(d Deps) *Command {
	return &Command{
		Name: "list", Help: "All watches, with their queries and channels",
		Run: func(ctx context.Context, r *Request) (card.Page, error) {
			ws, err := d.Watches.Watches(ctx)
			if err != nil {
				return card.Page{}, fmt.Errorf("list watches: %w", err)
			}
			page := card.Page{Title: "Watches", Lead: plural(len(ws), "watch", "watches")}
			if len(ws) == 0 {
				page.Lead = "There are none yet."
				page.Hint = "Add one: " + r.call("watch add NAME QUERY")
				return page, nil
			}
			slices.SortFunc(ws, func(a, b alert.Watch) int { return strings.Compare(a.Name, b.Name) })
			shown, next := paged(ws, r.Page)
			page.Next = next
			for _, w := range shown {
				page.Items = append(page.Items, card.Item{Title: w.Name, Meta: watchMeta(w), Text: w.Query})
			}
			return page, nil
		},
	}
}

// watchMeta is a watch in one line: severity, channels, owner.
func watchMeta(w alert.Watch) string {
	channels := "no channel"
	if len(w.Channels) > 0 {
		channels = strings.Join(w.Channels, ", ")
	}
	return fmt.Sprintf("%s · %s · %s", cmp.Or(w.Severity, alert.Medium), channels, owner(w))
}

// watchRemoveCommand is "watch remove NAME".
func watchRemoveCommand(d Deps) *Command {
	return &Command{
		Name: "remove", Help: "Remove a watch", Options: []Option{
			{Name: "name", Help: "The watch to remove", Required: true, Suggest: d.suggestWatches},
		},
		Run: func(ctx context.Context, r *Request) (card.Page, error) {
			w, err := d.watch(ctx, r.Args["name"])
			if err != nil {
				return card.Page{}, err
			}
			if err := d.mayManage(r.User, w.Channels); err != nil {
				return card.Page{}, err
			}
			err = d.Watches.RemoveWatch(ctx, w.Name, r.User.ID)
			if errors.Is(err, store.ErrNotFound) {
				return card.Page{}, &problem{title: "The watch " + w.Name + " is gone already"}
			}
			if err != nil {
				return card.Page{}, fmt.Errorf("remove watch: %w", err)
			}
			page := card.Page{
				Tone: card.Good, Title: "Watch " + w.Name + " removed",
				Lead: "It was " + owner(w) + " and asked for " + card.Cut(w.Query, 300) + ".",
				Hint: "To have it again: " + r.call(card.Cut(addLine(w), 600)),
			}
			if w.Origin == fromConfig {
				page.Lead += " It stays removed until its entry in the config file changes."
			}
			return page, nil
		},
	}
}

// addLine is the command that adds a watch as it is.
func addLine(w alert.Watch) string {
	line := "watch add " + w.Name + " " + w.Query
	if len(w.Channels) > 0 {
		line += " --channel " + w.Channels[0]
	}
	if w.Severity != "" && w.Severity != alert.Medium {
		line += " --severity " + string(w.Severity)
	}
	return line
}

// fromConfig is the origin of the watches of the config file.
const fromConfig = "config"

// owner says where a watch comes from, to stand after "is" or alone.
func owner(w alert.Watch) string {
	switch w.Origin {
	case fromConfig:
		return "from the config file"
	case "":
		return "from chat"
	}
	return "from " + card.Clean(w.Origin)
}

// who names a user for people, with the id that nobody can choose.
func who(u User) string {
	if u.Name == "" {
		return u.ID
	}
	return fmt.Sprintf("%s (%s)", card.Cut(card.Clean(u.Name), 60), u.ID)
}

func severities() []string {
	var out []string
	for _, s := range alert.Severities {
		out = append(out, string(s))
	}
	return out
}

// pageEntries is how many entries a page of a list shows.
const pageEntries = 10

// paged is one page of a list, and "more" where another follows.
func paged[T any](list []T, page int) (shown []T, next string) {
	from := min(page*pageEntries, len(list))
	to := min(from+pageEntries, len(list))
	if to < len(list) {
		next = "more"
	}
	return list[from:to], next
}
