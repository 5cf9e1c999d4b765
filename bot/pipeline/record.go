package pipeline

import (
	"context"
	"fmt"
	"slices"
	"time"

	retry "github.com/sethvargo/go-retry"

	"tipoff/bot/store"
	"tipoff/filters"
	"tipoff/sources"
	"tipoff/sources/story"
)

// Reason is why an item was alerted on, or was not.
type Reason string

// The reasons.
const (
	ReasonNew      Reason = "new"      // nobody had told it
	ReasonBackfill Reason = "backfill" // first sight of the source, among the newest that are news
	ReasonBaseline Reason = "baseline" // first sight of the source
	ReasonKnown    Reason = "known"    // this source told it before, in the same words
	ReasonEdit     Reason = "edit"     // this source told it before, in other words
	ReasonAlso     Reason = "also"     // another source had told it
)

// record writes one visit, with its items.
func (p *Pipeline) record(ctx context.Context, tx Tx, r Report, items []*item) (Outcome, error) {
	now := p.Now().UTC()
	out := Outcome{Status: p.after(r, now)}
	if r.Visit.Err == nil && !r.Visit.Unchanged {
		v := &visit{Pipeline: p, tx: tx, report: r, now: now, out: &out}
		if err := v.items(ctx, items); err != nil {
			return out, fmt.Errorf("record %s: %w", r.Source.Name, err)
		}
	}
	if st := &out.Status; st.State == sources.OK {
		if why := st.Habit.Silence(now); why != "" {
			st.State, st.Error = sources.Silent, why
		}
	}
	if st := &out.Status; st.State != r.Status.State || st.Since.IsZero() {
		st.Since = now
	}
	if err := p.watchNetwork(ctx, tx, r, now); err != nil {
		return out, err
	}
	if err := p.notify(ctx, tx, r.Source, &out.Status, now); err != nil {
		return out, err
	}
	return out, tx.SaveVisit(ctx, r.ID, out.Status)
}

// after is a source's health after a visit.
func (p *Pipeline) after(r Report, now time.Time) store.SourceStatus {
	st := r.Status
	st.LastStatus, st.NotBefore = r.Visit.Status, r.Visit.NotBefore
	if err := r.Visit.Err; err != nil {
		st.State, st.Error, st.Failures = err.State, err.Text, st.Failures+1
		// What the new address does not give any more, the old one may.
		st.MovedTo = ""
		if p.network.down {
			// It is not the source's fault, and it is to be asked soon after.
			st.Failures = min(st.Failures, failuresToTell-1)
		}
		st.HoldUntil = latest(st.NotBefore, now.Add(backOff(st.Failures)))
	} else {
		st.State, st.Error, st.Failures, st.LastOK = sources.OK, "", 0, now
		st.Validators = r.Visit.Validators
		st.HoldUntil = latest(st.NotBefore, st.Validators.Rhythm.Next(now, p.Patience), earliest(r.Visit.Fresh, now.Add(p.Patience)))
		if r.Visit.Moved != "" {
			st.MovedTo = r.Visit.Moved
		}
		if !r.Visit.Unchanged && !r.Visit.Partial && len(r.Visit.Items) > 0 {
			st.Listed = now
		}
		if st.Baselined.IsZero() && !r.Visit.Partial {
			st.Baselined = now
		}
	}
	st.NextPoll = latest(r.NextPoll, st.HoldUntil)
	if st.State == sources.Gone {
		st.NextPoll = time.Time{}
	}
	return st
}

func latest(all ...time.Time) time.Time { return slices.MaxFunc(all, time.Time.Compare) }

func earliest(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}

// The waits after one failure and after many. The longest is what a desk can do
// without a source that is back.
const (
	firstWait   = time.Minute
	longestWait = 2 * time.Hour
	waitJitter  = 10 // percent
)

// backOff is how long a source is left alone that failed so many times in a
// row. It differs from time to time, so that those which failed together do not
// come back together.
func backOff(failures int) time.Duration {
	b := retry.WithJitterPercent(waitJitter, retry.WithCappedDuration(longestWait, retry.NewExponential(firstWait)))
	var wait time.Duration
	for range min(failures, 10) { // then it is the longest
		wait, _ = b.Next()
	}
	return wait
}

// visit is the recording of one visit's items.
type visit struct {
	*Pipeline
	tx     Tx
	report Report
	now    time.Time
	out    *Outcome

	baseline bool
	// moved is true for a source that gave all its items new ids.
	moved bool
	// titles are those that the source told lately; nil until asked for.
	titles map[string]store.Key
}

// item is one item on its way through the stages.
type item struct {
	story.Story
	guid     string
	identity store.Identity
	known    store.Known
	isKnown  bool
	// recognised is set in a source that moved: a story of its under a new id.
	recognised bool
	// given is the content as the source gave it, where that of the story is
	// from its own page.
	given   string
	isWhole bool
	// news is true for an item of a baseline that is alerted all the same.
	news bool
	prepared
}

func (v *visit) items(ctx context.Context, items []*item) error {
	fresh, err := v.identify(ctx, items)
	if err != nil {
		return err
	}
	v.baseline = v.report.Status.Baselined.IsZero()
	if items, fresh, err = v.dropForgotten(ctx, items, fresh); err != nil {
		return err
	}
	if !v.baseline && fresh == len(items) {
		if err := v.recogniseMove(ctx, items); err != nil {
			return err
		}
	}
	v.out.Baseline = v.baseline && !v.moved

	// Oldest first, so that a channel reads in the order of events.
	slices.Reverse(items)
	slices.SortStableFunc(items, func(a, b *item) int { return a.Time().Compare(b.Time()) })
	first := len(items) - v.report.Source.Backfill
	if v.moved {
		// The source had told everything down to its oldest item, so what is
		// unknown among them is new; what is older is an archive that it opened.
		first = slices.IndexFunc(items, func(it *item) bool { return it.recognised })
	}
	v.learn(items)
	for _, it := range items[max(0, first):] {
		it.news = true
	}
	for _, it := range items {
		if err := v.item(ctx, it); err != nil {
			return err
		}
	}
	return nil
}

// identify looks the items up. fresh counts those that this source has never
// told.
func (v *visit) identify(ctx context.Context, items []*item) (fresh int, err error) {
	for _, it := range items {
		if it.known, it.isKnown, err = v.tx.Known(ctx, v.report.ID, it.identity); err != nil {
			return 0, err
		}
		if !it.isKnown {
			fresh++
		}
	}
	return fresh, nil
}

// name gives an item its id and its identity within the source. An address
// that several items share tells nothing and is kept as it is.
func (it *item) name(linkShared bool) {
	address := ""
	if url, ok := story.CanonicalURL(it.URL); ok && !linkShared {
		it.URL, address = url, url
	}
	guid := it.guid
	if guid == "" && address == "" {
		guid = it.Title
	}
	it.ID = story.NewID(it.Source, guid, address)
	it.identity = store.NewIdentity(it.guid, address, it.Title)
}

// recentTitles is how far back a source that changed all ids is known again.
const recentTitles = 1000

// recogniseMove tells a feed that gave its old items new ids (a new blog
// engine, another domain) from one that simply has nothing but new items: in
// the first, at least half of the headlines or addresses are known. It is a
// baseline then.
func (v *visit) recogniseMove(ctx context.Context, items []*item) error {
	if len(items) == 0 || v.report.Status.Stories == 0 {
		return nil
	}
	same := 0
	for _, it := range items {
		var err error
		if _, it.recognised, err = v.byTitle(ctx, it.Title); err != nil {
			return err
		}
		if !it.recognised {
			key, found, err := v.tx.StoryKey(ctx, it.ID)
			if err != nil {
				return err
			}
			if found {
				if it.recognised, err = v.tx.Tells(ctx, v.report.ID, key); err != nil {
					return err
				}
			}
		}
		if it.recognised {
			same++
		}
	}
	if same*2 < len(items) {
		return nil
	}
	v.Log.Info("a source changed the ids of all its items; what it had is taken as known", "source", v.report.Source.Name, "items", len(items))
	v.baseline, v.moved = true, true
	return nil
}

// byTitle looks for a headline among those that the source told lately.
func (v *visit) byTitle(ctx context.Context, title string) (store.Key, bool, error) {
	if v.titles == nil {
		var err error
		if v.titles, err = v.tx.RecentTitles(ctx, v.report.ID, recentTitles); err != nil {
			return 0, false, err
		}
	}
	key, ok := v.titles[title]
	return key, ok, nil
}

// learn adds the times of stories that the source has not told before to its
// habit. A baseline shows the habit by the stories' dates; later a story counts
// when it is seen, as a feed may date them as it likes.
func (v *visit) learn(items []*item) {
	var times []time.Time
	for _, it := range items {
		switch {
		case it.isKnown || it.recognised:
		case v.baseline:
			times = append(times, it.Published)
		default:
			times = append(times, v.now)
		}
	}
	v.out.Status.Habit = v.out.Status.Habit.Learn(times)
}

func (v *visit) item(ctx context.Context, it *item) error {
	if it.isKnown {
		return v.again(ctx, it)
	}
	key, added, err := v.add(ctx, it)
	if err != nil {
		return err
	}
	if !added {
		return v.also(ctx, it, key)
	}
	if err := v.sighted(ctx, it, key, it.URL); err != nil {
		return err
	}
	reason := ReasonNew
	switch {
	case v.baseline && it.news:
		reason = ReasonBackfill
	case v.baseline:
		reason = ReasonBaseline
	}
	if reason == ReasonBaseline {
		v.out.Baselined++
		return nil
	}
	v.out.New++
	watches := v.Watches()
	if it.watches != watches {
		it.matches = match(watches, nil, filters.NewDoc(&it.Story))
	}
	return v.alert(ctx, key, reason, watches, it.matches, &it.Story)
}

// sighted records that this source tells a story, and counts it.
func (v *visit) sighted(ctx context.Context, it *item, key store.Key, storyURL string) error {
	v.out.Status.Stories++
	told := &it.Story
	if it.isWhole {
		// What the source says is what it is to be compared with next time.
		own := it.Story
		own.Content, told = it.given, &own
	}
	return v.tx.AddSighting(ctx, v.report.ID, it.identity, key, storyURL, told)
}

// add stores the item as a story, or finds the story that it is: the same
// address from another source, or from this one under another id.
func (v *visit) add(ctx context.Context, it *item) (key store.Key, added bool, err error) {
	if v.moved {
		if key, ok, err := v.byTitle(ctx, it.Title); err != nil || ok {
			return key, false, err
		}
	}
	key, added, err = v.tx.AddStory(ctx, v.report.ID, &it.Story)
	if err != nil || added || it.guid == "" || v.moved {
		return key, added, err
	}
	tells, err := v.tx.Tells(ctx, v.report.ID, key)
	if err != nil || !tells {
		return key, false, err
	}
	// The same source, the same address, another guid: a new id for the same
	// story if the headline is the same too, or else a source that gives
	// several stories one address.
	have, err := v.tx.Story(ctx, key)
	if err != nil || have.Title == it.Title {
		return key, false, err
	}
	if old, ok, err := v.byTitle(ctx, it.Title); err != nil {
		return 0, false, err
	} else if ok {
		if have, err = v.tx.Story(ctx, old); err != nil || have.URL == it.URL {
			return old, false, err
		}
	}
	it.ID = story.NewID(it.Source, it.guid, "")
	return v.tx.AddStory(ctx, v.report.ID, &it.Story)
}

// also records that this source tells a story that was there before.
func (v *visit) also(ctx context.Context, it *item, key store.Key) error {
	before, err := v.tx.Story(ctx, key)
	if err != nil {
		return err
	}
	if err := v.sighted(ctx, it, key, before.URL); err != nil {
		return err
	}
	if v.baseline {
		return nil
	}
	now, err := v.tx.Story(ctx, key)
	if err != nil {
		return err
	}
	return v.tell(ctx, key, ReasonAlso, &before, &now)
}

// again records an item that this source has told before.
func (v *visit) again(ctx context.Context, it *item) error {
	if store.HashText(&it.Story) == it.known.TextHash {
		return nil
	}
	before, err := v.tx.Story(ctx, it.known.Story)
	if err != nil {
		return err
	}
	if err := v.tx.AddSighting(ctx, v.report.ID, it.identity, it.known.Story, before.URL, &it.Story); err != nil {
		return err
	}
	if !it.known.First {
		return nil
	}
	now := before
	now.Title, now.Summary, now.Updated = it.Title, it.Summary, v.now
	if !it.Entities.IsZero() {
		now.Entities = it.Entities
	}
	if !v.report.Source.FullText || len(it.Content) >= len(before.Content) {
		now.Content = it.Content // else the text is from the story's own page
	}
	if err := v.tx.EditStory(ctx, it.known.Story, &now); err != nil {
		return err
	}
	v.out.Edited++
	if v.baseline {
		return nil
	}
	return v.tell(ctx, it.known.Story, ReasonEdit, &before, &now)
}
