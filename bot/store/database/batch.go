package database

import (
	"context"
	"fmt"
	"slices"

	"tipoff/bot/alert"
	"tipoff/bot/store"
	"tipoff/filters"
	"tipoff/sources/story"
)

var sqlUpdateHash = statements.Get("UpdateHash")

// batch is what a transaction has still to write, and what it knows: stories are
// written and looked for together.
type batch struct {
	stories    [][]any
	entries    []Entry // of the stories
	sightings  [][]any
	alerts     [][]any
	deliveries [][]any
	alertIDs   []int64 // that no alert has yet

	// fresh are the stories added by this transaction, with their channels that
	// have an alert.
	fresh map[store.Key][]string
	// sighted has the rows of sightings that wait, by source and identity.
	sighted map[sighting]int

	// What is known already: identities, ids, the sources that tell a story, and
	// free places for stories. A key of zero says that there is no such story.
	known map[sighting]*store.Known
	ids   map[string]store.Key
	told  map[store.Key][]int64
	free  map[string]int64 // by id
	// taken are these places.
	taken map[int64]bool
	// made are the entries of the stories that are to come.
	made map[*story.Story]Entry
	// forgotten is whether there are any; nil until asked.
	forgotten *bool

	// targets have been given something to send.
	targets []alert.Target
}

type sighting struct {
	source int64
	store.Identity
}

var (
	storyColumns    = []string{"key", "id", "source", "url", "title", "summary", "content", "author", "tags", "lang", "published", "seen", "updated", "entities"}
	sightingColumns = []string{"source", "identity", "story", "text_hash", "url", "published", "seen"}
	alertColumns    = []string{"id", "story", "notice", "channel", "kind", "severity", "matches", "mentions", "created"}
	deliveryColumns = []string{"id", "alert", "target", "updated"}
)

// alertIDs is how many ids of alerts are taken at once; those left over are lost.
const alertIDs = 32

// flush writes what waits.
func (t *Tx) flush(ctx context.Context) error {
	b := &t.batch
	for _, w := range []struct {
		what string
		rows *[][]any
		do   func(rows [][]any) error
	}{
		{"stories", &b.stories, func(rows [][]any) error { return t.s.d.AddStories(ctx, t, storyColumns, rows, b.entries) }},
		{"sightings", &b.sightings, func(rows [][]any) error {
			return t.s.d.Insert(ctx, t, "sightings", sightingColumns, rows, sqlUpdateHash)
		}},
		{"alerts", &b.alerts, func(rows [][]any) error { return t.s.d.Insert(ctx, t, "alerts", alertColumns, rows, "") }},
		{"deliveries", &b.deliveries, func(rows [][]any) error {
			return t.s.d.Insert(ctx, t, "deliveries", deliveryColumns, rows, "")
		}},
	} {
		rows := *w.rows
		if len(rows) == 0 {
			continue
		}
		*w.rows = nil
		if err := w.do(rows); err != nil {
			return fmt.Errorf("store %s: %w", w.what, err)
		}
	}
	b.entries = nil
	clear(b.sighted)
	return nil
}

// addFresh is AddAlert for a story that this transaction has added: nobody else
// can have told of it.
func (t *Tx) addFresh(ctx context.Context, k store.Key, a alert.Alert, row []any, targets []alert.Target) (bool, error) {
	if slices.Contains(t.batch.fresh[k], a.Channel) {
		return false, nil
	}
	t.batch.fresh[k] = append(t.batch.fresh[k], a.Channel)
	b := &t.batch
	if len(b.alertIDs) == 0 {
		var err error
		if b.alertIDs, err = t.s.d.AlertIDs(ctx, t, alertIDs); err != nil {
			return false, fmt.Errorf("store alert: %w", err)
		}
	}
	id := b.alertIDs[0]
	b.alertIDs = b.alertIDs[1:]
	b.alerts = append(b.alerts, append([]any{id}, row...))
	for _, to := range targets {
		b.deliveries = append(b.deliveries, []any{store.DeliveryID(a, to), id, to.String(), unix(a.Created)})
	}
	t.give(targets)
	return true, nil
}

// give notes targets that have something to send.
func (t *Tx) give(targets []alert.Target) {
	for _, to := range targets {
		if !slices.Contains(t.batch.targets, to) {
			t.batch.targets = append(t.batch.targets, to)
		}
	}
}

// finish writes what waits, at the end of the transaction.
func (t *Tx) finish(ctx context.Context) error {
	if err := t.flush(ctx); err != nil {
		return err
	}
	if len(t.entries) > 0 {
		if err := t.s.d.Index(ctx, t, t.entries); err != nil {
			return err
		}
	}
	if len(t.batch.targets) == 0 || t.s.jobs == nil {
		return nil
	}
	return t.s.jobs.EnqueueDelivery(ctx, t.Tx, t.batch.targets)
}

// Make makes of a story what the index is to have of it, for
// [store.Expected.Made]: that takes longer than to store it, and needs no
// transaction. The Doc is the story's, which must not change until it is stored,
// but for its id.
func (s *Store) Make(st *story.Story, d *filters.Doc) any {
	return s.fill(Entry{Story: st}, d)
}

// entry is what the index is to have of a story.
func (s *Store) entry(k store.Key, again bool, st *story.Story) Entry {
	return s.fill(Entry{Key: k, Again: again, Story: st}, filters.NewDoc(st))
}

func (s *Store) fill(e Entry, d *filters.Doc) Entry {
	e.Title, e.Body = d.IndexTexts()
	e.Words = s.d.Words(e)
	return e
}
