package pipeline

import (
	"context"

	"tipoff/bot/store"
	"tipoff/bot/watch"
	"tipoff/filters"
	"tipoff/sources/story"
)

// tell alerts the channels of the watches that want a story. before is the
// story as it was, or nil for one that is new: a watch that wanted it already
// then is not told again.
func (v *visit) tell(ctx context.Context, k store.Key, reason Reason, before, now *story.Story) error {
	watches := v.Watches()
	return v.alert(ctx, k, reason, watches, match(watches, before, filters.NewDoc(now)), now)
}

// alert alerts the channels of watches that match a story.
func (v *visit) alert(ctx context.Context, k store.Key, reason Reason, watches *watch.Compiled, matches []story.Match, now *story.Story) error {
	if len(matches) == 0 {
		return nil
	}
	told := *now
	for _, a := range route(watches, matches, told, v.now) {
		targets := v.Route.Targets(a.Channel)
		if len(targets) == 0 {
			v.Log.Debug("no alert: the channel is not in the config", "story", told.ID, "channel", a.Channel, "watches", a.Watches)
			continue
		}
		added, err := v.tx.AddAlert(ctx, k, a, targets)
		if err != nil {
			return err
		}
		if added {
			v.out.Alerts++
			v.out.said = append(v.out.said, said{told.ID, a.Channel, a.Watches, reason})
		}
	}
	return nil
}

// match lists the watches that want the story now and did not before, with the
// words that made them.
func match(w *watch.Compiled, before *story.Story, doc *filters.Doc) []story.Match {
	names := w.Set.Match(doc)
	if len(names) == 0 {
		return nil
	}
	var old *filters.Doc
	if before != nil {
		old = filters.NewDoc(before)
	}
	var matches []story.Match
	for _, name := range names {
		f := w.Filters[name]
		if old != nil && f.Match(old) {
			continue
		}
		matches = append(matches, story.Match{Watch: name, Terms: f.Terms(doc)})
	}
	return matches
}
