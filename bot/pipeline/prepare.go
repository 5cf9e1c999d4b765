package pipeline

import (
	"slices"
	"time"

	"tipoff/bot/store"
	"tipoff/bot/watch"
	"tipoff/filters"
	"tipoff/sources/story"
)

// prepared is what is made of a story before its turn to be written comes. The
// one that writes has all others wait, and this takes longer than the writing.
type prepared struct {
	made any // see [store.Expected]
	// matches are those of watches, if these are not nil.
	watches *watch.Compiled
	matches []story.Match
}

// name makes items of what a visit brought.
func (p *Pipeline) name(r Report) []*item {
	if r.Visit.Err != nil || r.Visit.Unchanged {
		return nil
	}
	now := p.Now().UTC()
	items := make([]*item, 0, len(r.Visit.Items))
	for _, in := range r.Visit.Items {
		it := &item{Story: in.Story, guid: in.GUID}
		it.Source, it.Seen = r.Source.Name, now
		if in.FullText != "" {
			it.given, it.isWhole, it.Content = it.Content, true, in.FullText
		}
		it.name(in.LinkShared)
		it.Sources = []story.Sighting{{Name: it.Source, URL: it.URL, Published: it.Published}}
		items = append(items, it)
	}
	return items
}

// prepare makes items of what a visit brought, and does for those that are likely
// to be new what can be done without the archive.
func (p *Pipeline) prepare(r Report) []*item {
	items := p.name(r)
	if len(items) == 0 {
		return nil
	}
	baseline := r.Status.Baselined.IsZero()
	news := r.news(items)
	for _, it := range items {
		told := news(it)
		if !baseline && !told {
			continue
		}
		doc := filters.NewDoc(&it.Story)
		it.made = p.Store.Make(&it.Story, doc)
		if told {
			it.watches = p.Watches()
			it.matches = match(it.watches, nil, doc)
		}
	}
	return items
}

// lateness is how long after its date a story may appear in its feed and still be
// prepared.
const lateness = time.Hour

// news says which items are likely to be told: of a baseline the newest, and else
// what is newer than the last visit.
func (r *Report) news(items []*item) func(*item) bool {
	if !r.Status.Baselined.IsZero() {
		since := r.Status.LastOK.Add(-lateness)
		return func(it *item) bool { return it.Published.After(since) }
	}
	if r.Source.Backfill == 0 {
		return func(*item) bool { return false }
	}
	times := make([]time.Time, len(items))
	for i, it := range items {
		times[i] = it.Time()
	}
	slices.SortFunc(times, time.Time.Compare)
	from := times[max(0, len(times)-r.Source.Backfill)]
	return func(it *item) bool { return !it.Time().Before(from) }
}

// expected is how the archive is told of what is to come, in the order in which it
// is stored: the reverse of that of the feed.
func (t *turn) expected() []store.Expected {
	first := t.report.Status.Stories == 0 && t.report.Status.Baselined.IsZero()
	all := make([]store.Expected, 0, len(t.items))
	for _, it := range slices.Backward(t.items) {
		all = append(all, store.Expected{Source: t.report.ID, Identity: it.identity, First: first, Story: &it.Story, Made: it.made})
	}
	return all
}
