package database

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"tipoff/bot/alert"
	"tipoff/bot/store"
	"tipoff/sources"
	"tipoff/sources/story"
)

var (
	sqlKnown         = statements.Get("Known")
	sqlKeyByID       = statements.Get("KeyByID")
	sqlAddRevision   = statements.Get("AddRevision")
	sqlDropRevisions = statements.Get("DropRevisions")
	sqlEditStory     = statements.Get("EditStory")
	sqlSaveVisit     = statements.Get("SaveVisit")
	sqlAddAlert      = statements.Get("AddAlert")
	sqlAddDelivery   = statements.Get("AddDelivery")
	sqlTells         = statements.Get("Tells")
	sqlRecentTitles  = statements.Get("RecentTitles")
)

// keyShift leaves room for 1,024 stories within a second before they take the
// next second's keys.
const keyShift = 10

// hot are the statements prepared at the start.
var hot = []string{
	sqlKnown, sqlKeyByID, sqlSaveVisit,
	sqlNextDelivery, sqlTakeDelivery, sqlReadAlert, sqlConclude, sqlMore, sqlGateSent, sqlSetReady,
}

// Known looks up a source's item. The bool is false for one never seen.
func (t *Tx) Known(ctx context.Context, source int64, id store.Identity) (store.Known, bool, error) {
	var k store.Known
	if have, ok := t.batch.known[sighting{source, id}]; ok {
		if have == nil {
			return k, false, nil
		}
		return *have, true, nil
	}
	if err := t.flush(ctx); err != nil {
		return k, false, err
	}
	var hash []byte
	err := t.row(ctx, sqlKnown, []any{source, id[:]}, &k.Story, &hash, &k.First)
	if errors.Is(err, sql.ErrNoRows) {
		return k, false, nil
	}
	copy(k.TextHash[:], hash)
	return k, err == nil, err
}

// StoryKey finds a story by its id.
func (t *Tx) StoryKey(ctx context.Context, id string) (store.Key, bool, error) {
	if k, ok := t.batch.ids[id]; ok {
		return k, k != 0, nil
	}
	var k store.Key
	err := t.row(ctx, sqlKeyByID, []any{id}, &k)
	if errors.Is(err, sql.ErrNoRows) {
		return 0, false, nil
	}
	return k, err == nil, err
}

// Story reads a story with all its sightings.
func (t *Tx) Story(ctx context.Context, k store.Key) (story.Story, error) {
	if err := t.flush(ctx); err != nil {
		return story.Story{}, err
	}
	return t.s.readStory(ctx, t.Tx, k)
}

// Tells reports whether a source is among those that told a story.
func (t *Tx) Tells(ctx context.Context, source int64, k store.Key) (bool, error) {
	if all, ok := t.batch.told[k]; ok {
		return slices.Contains(all, source), nil
	}
	if err := t.flush(ctx); err != nil {
		return false, err
	}
	var yes bool
	err := t.row(ctx, sqlTells, []any{int64(k), source}, &yes)
	return yes, err
}

// RecentTitles maps the titles of a source's newest stories, at most n, to
// the stories.
func (t *Tx) RecentTitles(ctx context.Context, source int64, n int) (map[string]store.Key, error) {
	if err := t.flush(ctx); err != nil {
		return nil, err
	}
	rows, err := t.QueryContext(ctx, sqlRecentTitles, source, n)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	titles := make(map[string]store.Key)
	for rows.Next() {
		var title string
		var k store.Key
		if err := rows.Scan(&title, &k); err != nil {
			return nil, err
		}
		if _, newer := titles[title]; !newer {
			titles[title] = k
		}
	}
	return titles, rows.Err()
}

// AddStory stores a story and indexes it, unless one with its id is there: then
// it returns that one's key and false.
func (t *Tx) AddStory(ctx context.Context, source int64, s *story.Story) (store.Key, bool, error) {
	if have, ok, err := t.StoryKey(ctx, s.ID); err != nil || ok {
		return have, false, err
	}
	tags := []byte("[]")
	if len(s.Tags) > 0 {
		var err error
		if tags, err = json.Marshal(s.Tags); err != nil {
			return 0, false, err
		}
	}
	given, err := entities(s)
	if err != nil {
		return 0, false, err
	}
	key, err := t.freeKey(ctx, s)
	if err != nil {
		return 0, false, fmt.Errorf("store story: %w", err)
	}
	k, b := store.Key(key), &t.batch
	b.ids[s.ID], b.fresh[k], b.told[k] = k, nil, nil
	b.stories = append(b.stories, []any{
		key, s.ID, source, s.URL, s.Title, s.Summary, s.Content, s.Author, string(tags),
		s.Lang, unix(s.Published), unix(s.Seen), unix(s.Updated), given,
	})
	e, made := b.made[s]
	if !made {
		e = t.s.entry(k, false, s)
	}
	e.Key = k
	b.entries, t.entries = append(b.entries, e), append(t.entries, e)
	return k, true, nil
}

// entities are those that a story came with, as JSON; "" for none.
func entities(s *story.Story) (string, error) {
	if s.Entities.IsZero() {
		return "", nil
	}
	b, err := json.Marshal(s.Entities)
	return string(b), err
}

// freeKey finds a key for a story.
func (t *Tx) freeKey(ctx context.Context, s *story.Story) (int64, error) {
	key, ok := t.batch.free[s.ID]
	if ok {
		delete(t.batch.free, s.ID)
		delete(t.batch.taken, key)
		if _, taken := t.batch.fresh[store.Key(key)]; !taken {
			return key, nil
		}
	} else {
		key = t.place(s.Time())
	}
	// Where the places of a second are taken, those around it may be too: a
	// source that gives only days has all its stories at midnight. Longer and
	// longer steps find a free one soon.
	for step := int64(1); ; key, step = key+step, step*2 {
		if free, err := t.free(ctx, key); err != nil || free {
			return key, err
		}
	}
}

// place is where a story of that time is to be looked for a place first. Within a
// second the places go round, so that stories without a date keep the order in
// which they came, and a place that is taken is rare.
func (t *Tx) place(at time.Time) int64 {
	t.s.place++
	return max(at.Unix(), 1)<<keyShift | t.s.place&(1<<keyShift-1)
}

// AddSighting says that a source tells a story under an identity; told is the
// story in the source's own words. A second call updates the text's hash.
func (t *Tx) AddSighting(_ context.Context, source int64, id store.Identity, k store.Key, storyURL string, told *story.Story) error {
	hash, url := store.HashText(told), told.URL
	if url == storyURL {
		url = ""
	}
	b, at := &t.batch, sighting{source, id}
	delete(b.known, at)
	b.tells(k, source)
	row := []any{source, id[:], int64(k), hash[:], url, unix(told.Published), unix(told.Seen)}
	if i, ok := b.sighted[at]; ok {
		b.sightings[i][3] = hash[:] // the text's
	} else {
		b.sighted[at] = len(b.sightings)
		b.sightings = append(b.sightings, row)
	}
	return nil
}

// maxRevisions is how many old texts of a story are kept, the newest ones.
const maxRevisions = 100

// EditStory gives a story another text and keeps the old one as a revision.
func (t *Tx) EditStory(ctx context.Context, k store.Key, s *story.Story) error {
	if err := t.flush(ctx); err != nil {
		return err
	}
	when := unix(s.Updated)
	if _, err := t.Exec(ctx, sqlAddRevision, when, int64(k)); err != nil {
		return fmt.Errorf("store revision: %w", err)
	}
	if _, err := t.Exec(ctx, sqlDropRevisions, int64(k), maxRevisions); err != nil {
		return fmt.Errorf("drop old revisions: %w", err)
	}
	given, err := entities(s)
	if err != nil {
		return err
	}
	if _, err := t.Exec(ctx, sqlEditStory, s.Title, s.Summary, s.Content, when, given, int64(k)); err != nil {
		return fmt.Errorf("edit story: %w", err)
	}
	t.entries = append(t.entries, t.s.entry(k, true, s))
	return nil
}

// SaveVisit stores a source's health after a visit.
func (t *Tx) SaveVisit(ctx context.Context, source int64, st store.SourceStatus) error {
	rhythm, err := noneOrJSON(st.Validators.Rhythm)
	if err != nil {
		return err
	}
	habit, err := noneOrJSON(st.Habit)
	if err != nil {
		return err
	}
	_, err = t.Exec(ctx, sqlSaveVisit, string(st.State), st.Error, st.Failures, st.LastStatus, unix(st.LastOK),
		unix(st.NextPoll), unix(st.NotBefore), unix(st.Baselined), st.Validators.ETag, st.Validators.LastModified,
		st.Validators.BodyHash, st.Stories,
		st.MovedTo, unix(st.Since), unix(st.HoldUntil), rhythm, st.Validators.Memory, habit, string(st.Told), unix(st.Listed), source)
	if err != nil {
		return fmt.Errorf("store visit: %w", err)
	}
	return nil
}

// noneOrJSON is a value as JSON, or nothing for the zero one.
func noneOrJSON[T comparable](v T) (string, error) {
	var zero T
	if v == zero {
		return "", nil
	}
	b, err := json.Marshal(v)
	return string(b), err
}

// AddAlert stores an alert with a delivery for each target, and enqueues the
// jobs that send them. It returns false, and writes nothing, where the channel
// already has a first alert of this story. An alert of kind notice has no story
// in the archive: its own is stored with it, and k does not count.
func (t *Tx) AddAlert(ctx context.Context, k store.Key, a alert.Alert, targets []alert.Target) (bool, error) {
	matches, err := json.Marshal(a.Story.Matches)
	if err != nil {
		return false, err
	}
	mentions, err := json.Marshal(append([]string{}, a.Mentions...))
	if err != nil {
		return false, err
	}
	var of any = int64(k)
	notice := ""
	if a.Kind == alert.KindNotice {
		made, err := json.Marshal(a.Story)
		if err != nil {
			return false, err
		}
		of, notice = nil, string(made)
	}
	row := []any{of, notice, a.Channel, string(a.Kind), string(a.Severity), string(matches), string(mentions), unix(a.Created)}
	if _, fresh := t.batch.fresh[k]; fresh && a.Kind == alert.KindNew && !t.s.d.Prepared() {
		return t.addFresh(ctx, k, a, row, targets)
	}
	if err := t.flush(ctx); err != nil {
		return false, err
	}
	var id int64
	err = t.row(ctx, sqlAddAlert, row, &id)
	if errors.Is(err, sql.ErrNoRows) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("store alert: %w", err)
	}
	for _, to := range targets {
		if _, err := t.Exec(ctx, sqlAddDelivery, store.DeliveryID(a, to), id, to.String(), unix(a.Created)); err != nil {
			return false, fmt.Errorf("store delivery: %w", err)
		}
	}
	t.give(targets)
	return true, nil
}

// state is a source's state as its column holds it.
func state(s string) sources.State {
	if s == "" {
		return sources.New
	}
	return sources.State(s)
}
