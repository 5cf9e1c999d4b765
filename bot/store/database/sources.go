package database

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"

	"tipoff/bot/store"
	"tipoff/sources"
)

var (
	sqlSource    = statements.Get("Source")
	sqlSources   = statements.Get("Sources")
	sqlSourceID  = statements.Get("SourceID")
	sqlAddSource = statements.Get("AddSource")
	sqlCountMore = statements.Get("CountMore")
)

// querier is a database, a connection or a transaction.
type querier interface {
	rowsQuerier
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
}

type rowsQuerier interface {
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
}

// scanSource reads a row as the statements Source and Sources have it.
func scanSource(scan func(...any) error) (id int64, st store.SourceStatus, err error) {
	var name string
	var ok, next, notBefore, baselined, since, hold, listed int64
	var rhythm, habit, told string
	err = scan(&id, &st.Name, &st.URL, &name, &st.Error, &st.Failures, &st.LastStatus, &ok, &next, &notBefore,
		&baselined, &st.Validators.ETag, &st.Validators.LastModified, &st.Validators.BodyHash, &st.Stories,
		&st.MovedTo, &since, &hold, &rhythm, &st.Validators.Memory, &habit, &told, &listed)
	st.State, st.LastOK, st.NextPoll, st.NotBefore, st.Baselined = state(name), at(ok), at(next), at(notBefore), at(baselined)
	st.Since, st.HoldUntil, st.Told, st.Listed = at(since), at(hold), sources.State(told), at(listed)
	if err == nil && rhythm != "" {
		err = json.Unmarshal([]byte(rhythm), &st.Validators.Rhythm)
	}
	if err == nil && habit != "" {
		err = json.Unmarshal([]byte(habit), &st.Habit)
	}
	return id, st, err
}

// Source reads one source's health and its number in this store, which is
// migrated.
func (s *Store) Source(ctx context.Context, name string) (int64, store.SourceStatus, error) {
	row := s.read.QueryRowContext
	if s.oneSource != nil {
		row = func(ctx context.Context, _ string, args ...any) *sql.Row {
			return s.oneSource.QueryRowContext(ctx, args...)
		}
	}
	id, st, err := scanSource(row(ctx, sqlSource, name).Scan)
	if errors.Is(err, sql.ErrNoRows) {
		return 0, st, fmt.Errorf("source %q: %w", name, store.ErrNotFound)
	}
	return id, st, s.Explain(err)
}

// Sources lists the sources in force with their health, by name.
func (s *Store) Sources(ctx context.Context) ([]store.SourceStatus, error) {
	rows, err := s.read.QueryContext(ctx, sqlSources)
	if err != nil {
		return nil, s.Explain(err)
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
	return all, s.Explain(rows.Err())
}

// AddSource finds a source, whether or not it is in force, or adds one that is
// not: its stories are there, and nobody asks it.
func (t *Tx) AddSource(ctx context.Context, name string) (int64, error) {
	var id int64
	err := t.row(ctx, sqlSourceID, []any{name}, &id)
	if errors.Is(err, sql.ErrNoRows) {
		err = t.row(ctx, sqlAddSource, []any{name}, &id)
	}
	if err != nil {
		return 0, fmt.Errorf("source %q: %w", name, err)
	}
	return id, nil
}

// CountStories says that a source tells so many stories more.
func (t *Tx) CountStories(ctx context.Context, source int64, more int) error {
	_, err := t.Exec(ctx, sqlCountMore, more, source)
	return err
}
