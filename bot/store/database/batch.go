package database

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"

	"tipoff/bot/alert"
	"tipoff/bot/store"
	"tipoff/filters"
	"tipoff/sources/story"
)

var (
	sqlExpectedSightings = statements.Get("ExpectedSightings")
	sqlExpectedStories   = statements.Get("ExpectedStories")
	sqlTakenKeys         = statements.Get("TakenKeys")
	sqlKeyIsTaken        = statements.Get("KeyIsTaken")
	sqlUpdateHash        = statements.Get("UpdateHash")
)

// batch is what a transaction has still to write. Where each statement is a way
// to the server and back, stories are written and looked for together.
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

	// What is known already: identities, ids, and free places for stories. A
	// key of zero says that there is no such story.
	known map[sighting]*store.Known
	ids   map[string]store.Key
	free  map[string]int64 // by id

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

// Expect says which of a source's items are about to be asked for and stored, so
// that they can be looked up together. Those without a date keep the order in
// which they are expected, which therefore is that in which they are stored.
func (t *Tx) Expect(ctx context.Context, source int64, items []store.Expected) error {
	if t.s.d.Prepared() || len(items) == 0 {
		return nil
	}
	if err := t.flush(ctx); err != nil {
		return err
	}
	identities, ids := make([][]byte, 0, len(items)), make([]string, 0, len(items))
	for _, it := range items {
		identities, ids = append(identities, it.Identity[:]), append(ids, it.ID)
		t.batch.known[sighting{source, it.Identity}] = nil
	}
	err := t.each(ctx, sqlExpectedSightings, []any{source, identities}, func(scan func(...any) error) error {
		var k store.Known
		var identity, hash []byte
		if err := scan(&identity, &k.Story, &hash, &k.First); err != nil {
			return err
		}
		copy(k.TextHash[:], hash)
		t.batch.known[sighting{source, store.Identity(identity)}] = &k
		return nil
	})
	if err != nil {
		return err
	}
	for _, id := range ids {
		t.batch.ids[id] = 0
	}
	err = t.each(ctx, sqlExpectedStories, []any{ids}, func(scan func(...any) error) error {
		var id string
		var k store.Key
		if err := scan(&id, &k); err != nil {
			return err
		}
		t.batch.ids[id] = k
		return nil
	})
	if err != nil {
		return err
	}
	return t.findPlaces(ctx, items)
}

// findPlaces finds places for the stories that are not there. Those that find
// theirs taken look for one when they come.
func (t *Tx) findPlaces(ctx context.Context, items []store.Expected) error {
	var keys []int64
	of := make(map[int64]string)
	for _, it := range items {
		if t.batch.ids[it.ID] == 0 {
			key := t.place(it.Time)
			keys = append(keys, key)
			of[key] = it.ID
		}
	}
	if len(keys) == 0 {
		return nil
	}
	err := t.each(ctx, sqlTakenKeys, []any{keys}, func(scan func(...any) error) error {
		var key int64
		err := scan(&key)
		delete(of, key)
		return err
	})
	for key, id := range of {
		t.batch.free[id] = key
	}
	return err
}

// each reads the rows of a query.
func (t *Tx) each(ctx context.Context, query string, args []any, read func(scan func(...any) error) error) error {
	rows, err := t.QueryContext(ctx, query, t.args(args)...)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		if err := read(rows.Scan); err != nil {
			return err
		}
	}
	return rows.Err()
}

// free reports whether a story can have a key.
func (t *Tx) free(ctx context.Context, key int64) (bool, error) {
	if _, taken := t.batch.fresh[store.Key(key)]; taken {
		return false, nil
	}
	var there int
	err := t.row(ctx, sqlKeyIsTaken, []any{key}, &there)
	if errors.Is(err, sql.ErrNoRows) {
		return true, nil
	}
	return false, err
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

// entry is what the index is to have of a story.
func entry(k store.Key, again bool, s *story.Story) Entry {
	e := Entry{Key: k, Again: again, Story: s}
	e.Title, e.Body = filters.IndexTexts(s)
	return e
}
