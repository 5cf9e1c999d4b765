package sqlite

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"

	"tipoff/bot/store"
	"tipoff/sources"
)

const sourceColumns = `id, name, url, state, error, failures, last_status, last_ok, next_poll, not_before,
    baselined, etag, last_modified, body_hash, stories, moved_to, since, hold_until, rhythm, memory, habit, told`

// querier is a database, a connection or a transaction.
type querier interface {
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
}

func scanSource(scan func(...any) error) (id int64, st store.SourceStatus, err error) {
	var name string
	var ok, next, notBefore, baselined, since, hold int64
	var rhythm, habit, told string
	err = scan(&id, &st.Name, &st.URL, &name, &st.Error, &st.Failures, &st.LastStatus, &ok, &next, &notBefore,
		&baselined, &st.Validators.ETag, &st.Validators.LastModified, &st.Validators.BodyHash, &st.Stories,
		&st.MovedTo, &since, &hold, &rhythm, &st.Validators.Memory, &habit, &told)
	st.State, st.LastOK, st.NextPoll, st.NotBefore, st.Baselined = state(name), at(ok), at(next), at(notBefore), at(baselined)
	st.Since, st.HoldUntil, st.Told = at(since), at(hold), sources.State(told)
	if err == nil && rhythm != "" {
		err = json.Unmarshal([]byte(rhythm), &st.Validators.Rhythm)
	}
	if err == nil && habit != "" {
		err = json.Unmarshal([]byte(habit), &st.Habit)
	}
	return id, st, err
}

const sqlSource = `SELECT ` + sourceColumns + ` FROM sources WHERE name = ? AND NOT removed`

// Source reads one source's health and its number in this store, which is
// migrated.
func (s *Store) Source(ctx context.Context, name string) (int64, store.SourceStatus, error) {
	id, st, err := scanSource(s.oneSource.QueryRowContext(ctx, name).Scan)
	if errors.Is(err, sql.ErrNoRows) {
		return 0, st, fmt.Errorf("source %q: %w", name, store.ErrNotFound)
	}
	return id, st, s.explain(err)
}

// Sources lists the sources in force with their health, by name.
func (s *Store) Sources(ctx context.Context) ([]store.SourceStatus, error) {
	rows, err := s.read.QueryContext(ctx, `SELECT `+sourceColumns+` FROM sources WHERE NOT removed ORDER BY name`)
	if err != nil {
		return nil, s.explain(err)
	}
	defer rows.Close()
	var all []store.SourceStatus
	for rows.Next() {
		_, st, err := scanSource(rows.Scan)
		if err != nil {
			return nil, err
		}
		all = append(all, st)
	}
	return all, s.explain(rows.Err())
}

// SyncSources makes the sources in force those of the config. A source that is
// gone from the config keeps its stories and is no longer listed. One whose URL
// changed starts over with a baseline, and so does one that comes back: what it
// told meanwhile would be a flood.
func (s *Store) SyncSources(ctx context.Context, srcs []sources.Source) error {
	return s.Update(ctx, func(ctx context.Context, tx *Tx) error {
		names := make([]string, 0, len(srcs))
		for _, src := range srcs {
			names = append(names, src.Name)
			if _, err := tx.exec(ctx, sqlSyncSource, src.Name, src.URL); err != nil {
				return fmt.Errorf("source %q: %w", src.Name, err)
			}
		}
		inFile, err := json.Marshal(names)
		if err != nil {
			return err
		}
		_, err = tx.exec(ctx, `UPDATE sources SET removed = 1 WHERE name NOT IN (SELECT value FROM json_each(?))`, string(inFile))
		return err
	})
}

// A server's wish to be left alone belongs to the address and stays with it. An
// address that the source moved to is no new one.
const sqlSyncSource = `
INSERT INTO sources (name, url) VALUES (?, ?)
ON CONFLICT (name) DO UPDATE SET removed = 0, url = excluded.url,
    not_before    = CASE WHEN url = excluded.url OR moved_to = excluded.url THEN not_before ELSE 0 END,
    hold_until    = CASE WHEN url = excluded.url OR moved_to = excluded.url THEN hold_until ELSE 0 END,
    moved_to      = CASE WHEN url = excluded.url AND NOT removed THEN moved_to ELSE '' END,
    state         = CASE WHEN (url = excluded.url OR moved_to = excluded.url) AND NOT removed THEN state ELSE 'new' END,
    since         = CASE WHEN (url = excluded.url OR moved_to = excluded.url) AND NOT removed THEN since ELSE 0 END,
    error         = CASE WHEN (url = excluded.url OR moved_to = excluded.url) AND NOT removed THEN error ELSE '' END,
    failures      = CASE WHEN (url = excluded.url OR moved_to = excluded.url) AND NOT removed THEN failures ELSE 0 END,
    baselined     = CASE WHEN (url = excluded.url OR moved_to = excluded.url) AND NOT removed THEN baselined ELSE 0 END,
    etag          = CASE WHEN (url = excluded.url OR moved_to = excluded.url) AND NOT removed THEN etag ELSE '' END,
    last_modified = CASE WHEN (url = excluded.url OR moved_to = excluded.url) AND NOT removed THEN last_modified ELSE '' END,
    body_hash     = CASE WHEN (url = excluded.url OR moved_to = excluded.url) AND NOT removed THEN body_hash ELSE '' END,
    rhythm        = CASE WHEN (url = excluded.url OR moved_to = excluded.url) AND NOT removed THEN rhythm ELSE '' END,
    memory        = CASE WHEN (url = excluded.url OR moved_to = excluded.url) AND NOT removed THEN memory ELSE '' END,
    habit         = CASE WHEN (url = excluded.url OR moved_to = excluded.url) AND NOT removed THEN habit ELSE '' END,
    told          = CASE WHEN (url = excluded.url OR moved_to = excluded.url) AND NOT removed THEN told ELSE '' END,
    next_poll     = CASE WHEN (url = excluded.url OR moved_to = excluded.url) AND NOT removed THEN next_poll ELSE 0 END`
