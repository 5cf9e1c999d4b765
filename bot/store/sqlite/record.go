package sqlite

import (
	"cmp"
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"tipoff/bot/alert"
	"tipoff/bot/store"
	"tipoff/filters"
	"tipoff/sources"
	"tipoff/sources/story"
)

// keyShift leaves room for 1,024 stories within a second before they take the
// next second's keys.
const keyShift = 10

const (
	sqlKnown = `
SELECT g.story, g.text_hash, s.source = g.source
FROM sightings g JOIN stories s ON s.key = g.story
WHERE g.source = ? AND g.identity = ?`

	sqlKeyByID = `SELECT key FROM stories WHERE id = ?`

	sqlAddStory = `
INSERT INTO stories (key, id, source, url, title, summary, content, author, tags, lang, published, seen, updated)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING`

	// A replacement looks for the old entry, which costs as much as the new one.
	sqlIndexStory   = `INSERT INTO stories_index (rowid, title, summary, content) VALUES (?, ?, ?, ?)`
	sqlReindexStory = `INSERT OR REPLACE INTO stories_index (rowid, title, summary, content) VALUES (?, ?, ?, ?)`

	sqlAddSighting = `
INSERT INTO sightings (source, identity, story, text_hash, url, published, seen) VALUES (?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (source, identity) DO UPDATE SET text_hash = excluded.text_hash`

	sqlAddRevision = `
INSERT INTO revisions (story, until, title, summary, content)
SELECT key, ?, title, summary, content FROM stories WHERE key = ?`

	// A page that changes with every visit (a counter, a "3 minutes ago") would
	// fill the disk.
	sqlDropRevisions = `
DELETE FROM revisions WHERE story = ?1 AND rowid <= (
    SELECT rowid FROM revisions WHERE story = ?1 ORDER BY rowid DESC LIMIT 1 OFFSET ?2)`

	sqlEditStory = `UPDATE stories SET title = ?, summary = ?, content = ?, updated = ? WHERE key = ?`

	sqlSaveVisit = `
UPDATE sources SET state = ?, error = ?, failures = ?, last_status = ?, last_ok = ?, next_poll = ?, not_before = ?,
    baselined = ?, etag = ?, last_modified = ?, body_hash = ?, stories = ?,
    moved_to = ?, since = ?, hold_until = ?, rhythm = ?, memory = ?, habit = ?, told = ?
WHERE id = ?`

	sqlAddAlert = `
INSERT INTO alerts (story, notice, channel, kind, severity, matches, mentions, created) VALUES (?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT DO NOTHING`

	sqlAddDelivery = `INSERT INTO deliveries (id, alert, target, updated) VALUES (?, ?, ?, ?)`
)

// hot are the statements prepared at the start.
var hot = []string{sqlKnown, sqlKeyByID, sqlAddStory, sqlIndexStory, sqlAddSighting, sqlSaveVisit}

// Known looks up a source's item. The bool is false for one never seen.
func (t *Tx) Known(ctx context.Context, source int64, id store.Identity) (store.Known, bool, error) {
	var k store.Known
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
	var k store.Key
	err := t.row(ctx, sqlKeyByID, []any{id}, &k)
	if errors.Is(err, sql.ErrNoRows) {
		return 0, false, nil
	}
	return k, err == nil, err
}

// Story reads a story with all its sightings.
func (t *Tx) Story(ctx context.Context, k store.Key) (story.Story, error) {
	return readStory(ctx, t.Tx, k)
}

// Tells reports whether a source is among those that told a story.
func (t *Tx) Tells(ctx context.Context, source int64, k store.Key) (bool, error) {
	var yes bool
	err := t.row(ctx, `SELECT EXISTS (SELECT 1 FROM sightings WHERE story = ? AND source = ?)`, []any{int64(k), source}, &yes)
	return yes, err
}

// RecentTitles maps the titles of a source's newest stories, at most n, to
// the stories.
func (t *Tx) RecentTitles(ctx context.Context, source int64, n int) (map[string]store.Key, error) {
	rows, err := t.QueryContext(ctx, `
SELECT title, key FROM stories WHERE key IN (SELECT story FROM sightings WHERE source = ?) ORDER BY key DESC LIMIT ?`, source, n)
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
	tags := []byte("[]")
	if len(s.Tags) > 0 {
		var err error
		if tags, err = json.Marshal(s.Tags); err != nil {
			return 0, false, err
		}
	}
	// Within a second the places go round, so that stories without a date keep
	// the order in which they came, and a place that is taken is rare.
	t.s.place++
	key := max(s.Time().Unix(), 1)<<keyShift | t.s.place&(1<<keyShift-1)
	// Where the places of a second are taken, those around it may be too: a
	// source that gives only days has all its stories at midnight. Longer and
	// longer steps find a free one soon.
	for step := int64(1); ; key, step = key+step, step*2 {
		res, err := t.exec(ctx, sqlAddStory, key, s.ID, source, s.URL, s.Title, s.Summary, s.Content, s.Author, string(tags),
			s.Lang, unix(s.Published), unix(s.Seen), unix(s.Updated))
		if err != nil {
			return 0, false, fmt.Errorf("store story: %w", err)
		}
		if n, err := res.RowsAffected(); err != nil || n > 0 {
			t.index(sqlIndexStory, store.Key(key), s)
			return store.Key(key), err == nil, err
		}
		// Either the id is there, or the place is taken.
		if have, ok, err := t.StoryKey(ctx, s.ID); err != nil || ok {
			return have, false, err
		}
	}
}

// entry is what the index is to hold of a story.
type entry struct {
	query                   string
	key                     store.Key
	title, summary, content string
}

// index notes a story for the index, which is written at the end.
func (t *Tx) index(query string, key store.Key, s *story.Story) {
	e := entry{query: query, key: key}
	e.title, e.summary, e.content = filters.IndexTexts(s)
	t.entries = append(t.entries, e)
}

// writeIndex indexes the transaction's stories in the order of their keys:
// FTS5 gathers entries in memory as long as the keys rise, and begins a new
// segment, which it has to merge later, when one does not.
func (t *Tx) writeIndex(ctx context.Context) error {
	slices.SortStableFunc(t.entries, func(a, b entry) int { return cmp.Compare(a.key, b.key) })
	for _, e := range t.entries {
		if _, err := t.exec(ctx, e.query, int64(e.key), e.title, e.summary, e.content); err != nil {
			return fmt.Errorf("index story: %w", err)
		}
	}
	return nil
}

// AddSighting says that a source tells a story under an identity; told is the
// story in the source's own words. A second call updates the text's hash.
func (t *Tx) AddSighting(ctx context.Context, source int64, id store.Identity, k store.Key, storyURL string, told *story.Story) error {
	hash, url := store.HashText(told), told.URL
	if url == storyURL {
		url = ""
	}
	_, err := t.exec(ctx, sqlAddSighting, source, id[:], int64(k), hash[:], url, unix(told.Published), unix(told.Seen))
	if err != nil {
		return fmt.Errorf("store sighting: %w", err)
	}
	return nil
}

// maxRevisions is how many old texts of a story are kept, the newest ones.
const maxRevisions = 100

// EditStory gives a story another text and keeps the old one as a revision.
func (t *Tx) EditStory(ctx context.Context, k store.Key, s *story.Story) error {
	when := unix(s.Updated)
	if _, err := t.exec(ctx, sqlAddRevision, when, int64(k)); err != nil {
		return fmt.Errorf("store revision: %w", err)
	}
	if _, err := t.exec(ctx, sqlDropRevisions, int64(k), maxRevisions); err != nil {
		return fmt.Errorf("drop old revisions: %w", err)
	}
	if _, err := t.exec(ctx, sqlEditStory, s.Title, s.Summary, s.Content, when, int64(k)); err != nil {
		return fmt.Errorf("edit story: %w", err)
	}
	t.index(sqlReindexStory, k, s)
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
	_, err = t.exec(ctx, sqlSaveVisit, string(st.State), st.Error, st.Failures, st.LastStatus, unix(st.LastOK),
		unix(st.NextPoll), unix(st.NotBefore), unix(st.Baselined), st.Validators.ETag, st.Validators.LastModified,
		st.Validators.BodyHash, st.Stories,
		st.MovedTo, unix(st.Since), unix(st.HoldUntil), rhythm, st.Validators.Memory, habit, string(st.Told), source)
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
	res, err := t.exec(ctx, sqlAddAlert, of, notice, a.Channel, string(a.Kind), string(a.Severity), string(matches), string(mentions), unix(a.Created))
	if err != nil {
		return false, fmt.Errorf("store alert: %w", err)
	}
	if n, err := res.RowsAffected(); err != nil || n == 0 {
		return false, err
	}
	id, err := res.LastInsertId()
	if err != nil {
		return false, err
	}
	for _, to := range targets {
		if _, err := t.exec(ctx, sqlAddDelivery, store.DeliveryID(a, to), id, to.String(), unix(a.Created)); err != nil {
			return false, fmt.Errorf("store delivery: %w", err)
		}
	}
	if len(targets) == 0 || t.s.jobs == nil {
		return true, nil
	}
	return true, t.s.jobs.EnqueueDelivery(ctx, t.Tx, targets)
}

// state is a source's state as its column holds it.
func state(s string) sources.State {
	if s == "" {
		return sources.New
	}
	return sources.State(s)
}
