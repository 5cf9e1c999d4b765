package command

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"time"

	"tipoff/bot/alert"
	"tipoff/bot/store"
	"tipoff/filters"
)

// Archive searches the stories, newest first. A search goes on with
// [store.Search.Before] set to the cursor of the last hit seen.
type Archive interface {
	Search(ctx context.Context, q store.Search) ([]store.Hit, error)
}

// BackTester tries a query on the stories of the past.
type BackTester interface {
	BackTest(ctx context.Context, f *filters.Filter, since time.Time) (store.BackTest, error)
}

// Watches keeps the watches. AddWatch returns [store.ErrExists] for a name
// that is taken and RemoveWatch [store.ErrNotFound] for one that is not there;
// by is the id of who does it, for the audit log.
type Watches interface {
	Watches(ctx context.Context) ([]alert.Watch, error)
	AddWatch(ctx context.Context, w alert.Watch, by string) error
	RemoveWatch(ctx context.Context, name, by string) error
}

// Sources lists the sources with their health.
type Sources interface {
	Sources(ctx context.Context) ([]store.SourceStatus, error)
}

// Deps is what the commands work on; all of it is needed.
type Deps struct {
	Archive    Archive
	BackTester BackTester
	Watches    Watches
	Sources    Sources
	// Channels are the configured ones. None is fine.
	Channels []alert.Channel
	// Lexicon is what queries are compiled with; nil has what the program ships
	// with.
	Lexicon *filters.Lexicon
	Clock   func() time.Time
	Log     *slog.Logger
}

// News returns the commands of the program: everything under /news.
func News(d Deps) []*Command {
	return []*Command{
		searchCommand(d),
		latestCommand(d),
		{Name: "watch", Help: "Watches: standing questions that alert a channel", Sub: []*Command{
			watchAddCommand(d),
			watchListCommand(d),
			watchRemoveCommand(d),
			watchTestCommand(d),
		}},
		sourcesCommand(d),
		helpCommand(),
	}
}

// ago is how long ago is the age in an argument, or the zero time for none.
func (d Deps) ago(age string) (time.Time, error) {
	if age == "" {
		return time.Time{}, nil
	}
	t, err := filters.ParseAge(age)
	if err != nil {
		return time.Time{}, &problem{title: "since " + err.Error()}
	}
	return d.Clock().Add(-t), nil
}

// channelsAt are the channels with a target where a command was asked.
func (d Deps) channelsAt(target string) []alert.Channel {
	var found []alert.Channel
	for _, c := range d.Channels {
		if slices.ContainsFunc(c.Targets(), func(t alert.Target) bool { return t.String() == target }) {
			found = append(found, c)
		}
	}
	return found
}

// mayManage checks that a user may change the watches of all the channels.
// Channels that are configured no longer have nobody to ask.
func (d Deps) mayManage(u User, channels []string) error {
	for _, c := range d.Channels {
		if !slices.Contains(channels, c.Name) || len(c.Managers) == 0 || slices.Contains(c.Managers, u.ID) {
			continue
		}
		return &problem{
			title: fmt.Sprintf("Only managers of the channel %s may change its watches", c.Name),
			hint:  "They are listed in the config file, under the channel's managers. Your id is " + u.ID + ".",
		}
	}
	return nil
}

// suggestChannels completes a channel's name.
func (d Deps) suggestChannels(_ context.Context, typed string) []string {
	return startingWith(typed, channelNames(d.Channels))
}

// suggestWatches completes a watch's name.
func (d Deps) suggestWatches(ctx context.Context, typed string) []string {
	ws, err := d.Watches.Watches(ctx)
	if err != nil {
		d.Log.WarnContext(ctx, "no suggestions", "error", err)
		return nil
	}
	return startingWith(typed, watchNames(ws))
}

// suggestSources completes a source's name.
func (d Deps) suggestSources(ctx context.Context, typed string) []string {
	ss, err := d.Sources.Sources(ctx)
	if err != nil {
		d.Log.WarnContext(ctx, "no suggestions", "error", err)
		return nil
	}
	return startingWith(typed, sourceNames(ss))
}

// suggestAges offers ages for --since.
func suggestAges(_ context.Context, typed string) []string {
	return startingWith(typed, []string{"12h", "1d", "3d", "7d", "14d", "30d", "90d", "365d"})
}

// startingWith are the names to offer for what was typed: those that begin
// with it, then those that hold it, at most 25 as on Discord.
func startingWith(typed string, names []string) []string {
	typed = strings.ToLower(strings.TrimSpace(typed))
	var first, then []string
	for _, n := range names {
		switch l := strings.ToLower(n); {
		case strings.HasPrefix(l, typed):
			first = append(first, n)
		case strings.Contains(l, typed):
			then = append(then, n)
		}
	}
	slices.Sort(first)
	slices.Sort(then)
	all := append(first, then...)
	return all[:min(len(all), 25)]
}

func channelNames(cs []alert.Channel) []string {
	return names(cs, func(c alert.Channel) string { return c.Name })
}

func watchNames(ws []alert.Watch) []string {
	return names(ws, func(w alert.Watch) string { return w.Name })
}

func sourceNames(ss []store.SourceStatus) []string {
	return names(ss, func(s store.SourceStatus) string { return s.Name })
}

func names[T any](list []T, name func(T) string) []string {
	out := make([]string, len(list))
	for i, v := range list {
		out[i] = name(v)
	}
	return out
}

// plural is a number with its noun: "1 story", "3 stories".
func plural(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}
