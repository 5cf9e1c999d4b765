package database

import (
	"context"
	"database/sql"
	"errors"
	"slices"
	"time"

	"tipoff/bot/store"
)

var sqlKeyIsTaken = statements.Get("KeyIsTaken")

// Lookups are the statements that look for many things at once. What they are
// asked for comes as [Dialect.Array] makes it.
type Lookups struct {
	// Sightings has identity, story, text hash and whether that source was the
	// first, of a source ($1) under identities ($2).
	Sightings string
	// Stories has id and key of ids.
	Stories string
	// Told has story and source of keys.
	Told string
	// Taken has those of keys that stories have.
	Taken string
	// Forgotten has source, identity, id and when it was listed, of a source ($1)
	// under identities ($2) and of any source with ids ($3).
	Forgotten string
}

// Expect says which items are about to be asked for and stored, so that they can
// be looked up together. Those without a date keep the order in which they are
// expected, which therefore is that in which they are stored.
func (t *Tx) Expect(ctx context.Context, items []store.Expected) error {
	b := &t.batch
	identities := make(map[int64][][]byte)
	var ids []string
	for i := range items {
		it := &items[i]
		at := sighting{it.Source, it.Identity}
		if _, ok := b.known[at]; !ok && it.Source != 0 {
			if _, waits := b.sighted[at]; !waits {
				b.known[at] = nil
				if !it.First {
					identities[it.Source] = append(identities[it.Source], at.Identity[:])
				}
			}
		}
		if _, ok := b.ids[it.Story.ID]; !ok {
			b.ids[it.Story.ID] = 0
			ids = append(ids, it.Story.ID)
		}
		if made, ok := it.Made.(Entry); ok {
			b.made[it.Story] = made
		}
	}
	for source, all := range identities {
		if err := t.findSightings(ctx, source, all); err != nil {
			return err
		}
	}
	if err := t.findStories(ctx, ids); err != nil {
		return err
	}
	if err := t.findTold(ctx, items); err != nil {
		return err
	}
	return t.findPlaces(ctx, items)
}

func (t *Tx) findSightings(ctx context.Context, source int64, identities [][]byte) error {
	return t.each(ctx, t.s.d.Lookups().Sightings, []any{source, t.s.d.Array(identities)}, func(scan func(...any) error) error {
		var k store.Known
		var identity, hash []byte
		if err := scan(&identity, &k.Story, &hash, &k.First); err != nil {
			return err
		}
		copy(k.TextHash[:], hash)
		t.batch.known[sighting{source, store.Identity(identity)}] = &k
		return nil
	})
}

func (t *Tx) findStories(ctx context.Context, ids []string) error {
	if len(ids) == 0 {
		return nil
	}
	return t.each(ctx, t.s.d.Lookups().Stories, []any{t.s.d.Array(ids)}, func(scan func(...any) error) error {
		var id string
		var k store.Key
		if err := scan(&id, &k); err != nil {
			return err
		}
		t.batch.ids[id] = k
		return nil
	})
}

// findTold finds who tells the stories that are there, where the source is not
// known to be one of them.
func (t *Tx) findTold(ctx context.Context, items []store.Expected) error {
	b := &t.batch
	var keys []store.Key
	for i := range items {
		it := &items[i]
		k := b.ids[it.Story.ID]
		if _, ok := b.told[k]; ok || k == 0 || b.known[sighting{it.Source, it.Identity}] != nil {
			continue
		}
		b.told[k] = nil
		keys = append(keys, k)
	}
	if len(keys) == 0 {
		return nil
	}
	// What waits to be written would not be found.
	if err := t.flush(ctx); err != nil {
		return err
	}
	return t.each(ctx, t.s.d.Lookups().Told, []any{t.s.d.Array(keys)}, func(scan func(...any) error) error {
		var k store.Key
		var source int64
		if err := scan(&k, &source); err != nil {
			return err
		}
		b.tells(k, source)
		return nil
	})
}

// tells notes that a source tells a story, if who does is known.
func (b *batch) tells(k store.Key, source int64) {
	if all, ok := b.told[k]; ok && !slices.Contains(all, source) {
		b.told[k] = append(all, source)
	}
}

// findPlaces finds places for the stories that are not there. Those that find
// theirs taken look for one when they come.
func (t *Tx) findPlaces(ctx context.Context, items []store.Expected) error {
	b := &t.batch
	var keys []store.Key
	of := make(map[store.Key]string)
	for i := range items {
		s := items[i].Story
		if _, ok := b.free[s.ID]; ok || b.ids[s.ID] != 0 {
			continue
		}
		key := t.place(s.Time())
		if _, fresh := b.fresh[store.Key(key)]; fresh || b.taken[key] {
			continue
		}
		b.taken[key] = true
		b.free[s.ID] = key
		keys = append(keys, store.Key(key))
		of[store.Key(key)] = s.ID
	}
	if len(keys) == 0 {
		return nil
	}
	return t.each(ctx, t.s.d.Lookups().Taken, []any{t.s.d.Array(keys)}, func(scan func(...any) error) error {
		var key store.Key
		err := scan(&key)
		delete(b.free, of[key])
		return err
	})
}

// each reads the rows of a query.
func (t *Tx) each(ctx context.Context, query string, args []any, read func(scan func(...any) error) error) error {
	rows, err := t.query(ctx, query, args)
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

func (t *Tx) query(ctx context.Context, query string, args []any) (*sql.Rows, error) {
	if !t.s.d.Prepared() {
		return t.QueryContext(ctx, query, t.args(args)...)
	}
	st, err := t.stmt(ctx, query)
	if err != nil {
		return nil, err
	}
	return st.QueryContext(ctx, t.args(args)...)
}

// free reports whether a story can have a key.
func (t *Tx) free(ctx context.Context, key int64) (bool, error) {
	if _, fresh := t.batch.fresh[store.Key(key)]; fresh || t.batch.taken[key] {
		return false, nil
	}
	var there int
	err := t.row(ctx, sqlKeyIsTaken, []any{key}, &there)
	if errors.Is(err, sql.ErrNoRows) {
		return true, nil
	}
	return false, err
}

// Forgotten looks for items of a source among what was told in stories that are
// not kept any more. It returns when the source last told them; zero stands for
// another source, or another identity.
func (t *Tx) Forgotten(ctx context.Context, source int64, items []store.Told) (map[store.Identity]time.Time, error) {
	b := &t.batch
	if b.forgotten == nil {
		var some bool
		if err := t.row(ctx, sqlAnyForgotten, nil, &some); err != nil {
			return nil, err
		}
		b.forgotten = &some
	}
	if !*b.forgotten || len(items) == 0 {
		return nil, nil
	}
	identities, ids := make([][]byte, len(items)), make([]string, len(items))
	byID := make(map[string][]store.Identity)
	asked := make(map[store.Identity]bool)
	for i := range items {
		it := &items[i]
		identities[i], ids[i] = it.Identity[:], it.ID
		byID[it.ID] = append(byID[it.ID], it.Identity)
		asked[it.Identity] = true
	}
	found := make(map[store.Identity]time.Time)
	args := []any{source, t.s.d.Array(identities), t.s.d.Array(ids)}
	err := t.each(ctx, t.s.d.Lookups().Forgotten, args, func(scan func(...any) error) error {
		var by, listed int64
		var identity []byte
		var id string
		if err := scan(&by, &identity, &id, &listed); err != nil {
			return err
		}
		if own := store.Identity(identity); by == source && asked[own] {
			found[own] = at(listed)
		}
		for _, other := range byID[id] {
			if _, known := found[other]; !known {
				found[other] = time.Time{}
			}
		}
		return nil
	})
	return found, err
}
