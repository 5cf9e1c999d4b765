package database

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"tipoff/bot/store"
	"tipoff/sources"
)

var (
	sqlSourceEntries     = statements.Get("SourceEntries")
	sqlSourceEntriesWith = statements.Get("SourceEntriesWith")
	sqlFileSources       = statements.Get("FileSources")
	sqlLeaveFile         = statements.Get("LeaveFile")
	sqlFileEntries       = statements.Get("FileEntries")
	sqlRemoveSource      = statements.Get("RemoveSource")
	sqlSourceEntry       = statements.Get("SourceEntry")
	sqlChanges           = statements.Get("Changes")
	sqlPutSource         = statements.Get("PutSource")
)

// SourceEntries lists the sources in force by name, each as somebody added or
// changed it, or with nothing for one that is as the config has it.
func (s *Store) SourceEntries(ctx context.Context) ([]store.SourceEntry, error) {
	rows, err := s.read.QueryContext(ctx, sqlSourceEntries)
	if err != nil {
		return nil, s.Explain(err)
	}
	defer rows.Close()
	var all []store.SourceEntry
	for rows.Next() {
		var e store.SourceEntry
		var entry string
		if err := rows.Scan(&e.Name, &e.Origin, &entry); err != nil {
			return nil, err
		}
		if entry != "" {
			var src sourceEntry
			if err := json.Unmarshal([]byte(entry), &src); err != nil {
				return nil, fmt.Errorf("source %q: %w", e.Name, err)
			}
			e.Source = (*sources.Source)(&src)
		}
		all = append(all, e)
	}
	return all, s.Explain(rows.Err())
}

// SyncSources applies the config file's sources: those whose entry changed
// since it was last applied, and no others, so that what people did meanwhile
// stays until the file says something new. One whose entry is gone from the
// file goes out of force, unless somebody made it their own; its stories stay.
//
// A source whose URL changed starts over with a baseline, and so does one that
// comes back: what it told meanwhile would be a flood.
func (s *Store) SyncSources(ctx context.Context, srcs []sources.Source) error {
	return s.Update(ctx, func(ctx context.Context, tx *Tx) error {
		had, err := tx.fileEntries(ctx)
		if err != nil {
			return err
		}
		inFile := make([]string, 0, len(srcs))
		for _, src := range srcs {
			inFile = append(inFile, src.Name)
			hash, err := entryHash(src)
			if err != nil {
				return err
			}
			if had[src.Name] == hash {
				continue
			}
			if _, err := tx.Exec(ctx, sqlPutSource, src.Name, src.URL, "config", "", hash); err != nil {
				return fmt.Errorf("source %q: %w", src.Name, err)
			}
		}
		return tx.dropSources(ctx, inFile)
	})
}

// entryHash tells one entry of the config from another.
func entryHash(src sources.Source) (string, error) {
	entry, err := json.Marshal(sourceEntry(src))
	if err != nil {
		return "", err
	}
	sum := sha256.Sum256(entry)
	return hex.EncodeToString(sum[:]), nil
}

// SourceEntriesWith lists the sources that [Store.SyncSources] would leave in
// force, and changes nothing; see [Store.SourceEntries].
func (s *Store) SourceEntriesWith(ctx context.Context, file []sources.Source) ([]store.SourceEntry, error) {
	rows, err := s.read.QueryContext(ctx, sqlSourceEntriesWith)
	if err != nil {
		return nil, s.Explain(err)
	}
	defer rows.Close()
	inFile := make(map[string]sources.Source)
	for _, src := range file {
		inFile[src.Name] = src
	}
	var all []store.SourceEntry
	for rows.Next() {
		var e store.SourceEntry
		var entry, applied string
		var removed bool
		if err := rows.Scan(&e.Name, &e.Origin, &entry, &removed, &applied); err != nil {
			return nil, err
		}
		keep := !removed && e.Origin != "config"
		if src, ok := inFile[e.Name]; ok {
			delete(inFile, e.Name)
			hash, err := entryHash(src)
			if err != nil {
				return nil, err
			}
			if keep = !removed; applied != hash {
				keep, entry, e.Origin = true, "", "config"
			}
		}
		if !keep {
			continue
		}
		if entry != "" {
			var src sourceEntry
			if err := json.Unmarshal([]byte(entry), &src); err != nil {
				return nil, fmt.Errorf("source %q: %w", e.Name, err)
			}
			e.Source = (*sources.Source)(&src)
		}
		all = append(all, e)
	}
	for _, src := range inFile {
		all = append(all, store.SourceEntry{Name: src.Name, Origin: "config"})
	}
	slices.SortFunc(all, func(a, b store.SourceEntry) int { return strings.Compare(a.Name, b.Name) })
	return all, s.Explain(rows.Err())
}

// dropSources takes the config's sources that are not in the file any more out
// of force, unless somebody made them their own.
func (t *Tx) dropSources(ctx context.Context, inFile []string) error {
	rows, err := t.QueryContext(ctx, sqlFileSources)
	if err != nil {
		return err
	}
	had, err := names(rows)
	if err != nil {
		return err
	}
	for _, name := range had {
		if slices.Contains(inFile, name) {
			continue
		}
		_, err := t.Exec(ctx, sqlLeaveFile, name)
		if err != nil {
			return fmt.Errorf("source %q: %w", name, err)
		}
	}
	return nil
}

// names reads a column of names.
func names(rows *sql.Rows) ([]string, error) {
	defer rows.Close()
	var all []string
	for rows.Next() {
		var name string
		if err := rows.Scan(&name); err != nil {
			return nil, err
		}
		all = append(all, name)
	}
	return all, rows.Err()
}

// fileEntries are the hashes of the config's entries as they were applied.
func (t *Tx) fileEntries(ctx context.Context) (map[string]string, error) {
	rows, err := t.QueryContext(ctx, sqlFileEntries)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	had := make(map[string]string)
	for rows.Next() {
		var name, entry string
		if err := rows.Scan(&name, &entry); err != nil {
			return nil, err
		}
		had[name] = entry
	}
	return had, rows.Err()
}

// PutSources adds sources, and changes those whose names there are, all or
// none; by is who did it, for the audit log. A source whose URL changed starts
// over with a baseline.
func (s *Store) PutSources(ctx context.Context, srcs []sources.Source, by string) error {
	return s.Update(ctx, func(ctx context.Context, tx *Tx) error {
		for _, src := range srcs {
			before, removed, err := tx.sourceEntry(ctx, src.Name)
			if err != nil && !errors.Is(err, store.ErrNotFound) {
				return err
			}
			entry, err := json.Marshal(sourceEntry(src))
			if err != nil {
				return err
			}
			if _, err := tx.Exec(ctx, sqlPutSource, src.Name, src.URL, by, string(entry), ""); err != nil {
				return fmt.Errorf("source %q: %w", src.Name, err)
			}
			action := "source change"
			if before == nil || removed {
				action, before = "source add", nil
			}
			if err := tx.audit(ctx, by, action, src.Name, before, forAudit(src)); err != nil {
				return err
			}
		}
		return nil
	})
}

// RemoveSource takes a source out of force; its stories stay. It fails with
// [store.ErrNotFound] where there is none. One of the config file stays removed
// until its entry in the file changes.
func (s *Store) RemoveSource(ctx context.Context, name, by string) error {
	return s.Update(ctx, func(ctx context.Context, tx *Tx) error {
		before, removed, err := tx.sourceEntry(ctx, name)
		if err == nil && removed {
			err = fmt.Errorf("source %q: %w", name, store.ErrNotFound)
		}
		if err != nil {
			return err
		}
		if _, err := tx.Exec(ctx, sqlRemoveSource, by, name); err != nil {
			return err
		}
		return tx.audit(ctx, by, "source remove", name, before, nil)
	})
}

// sourceEntry reads a source for the audit log.
func (t *Tx) sourceEntry(ctx context.Context, name string) (before any, removed bool, err error) {
	var address, entry string
	err = t.QueryRowContext(ctx, sqlSourceEntry, name).Scan(&address, &entry, &removed)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return nil, false, fmt.Errorf("source %q: %w", name, store.ErrNotFound)
	case err != nil:
		return nil, false, err
	case entry == "":
		return forAudit(sources.Source{Name: name, URL: address}), removed, nil
	}
	var src sourceEntry
	if err := json.Unmarshal([]byte(entry), &src); err != nil {
		return nil, removed, fmt.Errorf("source %q: %w", name, err)
	}
	return forAudit(sources.Source(src)), removed, nil
}

// Changes counts the changes that people made to watches and sources. A
// program that shares the store reads them again when it has grown.
func (s *Store) Changes(ctx context.Context) (int64, error) {
	var n int64
	err := s.read.QueryRowContext(ctx, sqlChanges).Scan(&n)
	return n, s.Explain(err)
}

// sourceEntry is a source as JSON. What is empty is left out, so that a field
// which a later version adds does not make all entries look changed.
type sourceEntry sources.Source

type sourceJSON struct {
	Name      string            `json:"name"`
	URL       string            `json:"url"`
	Kind      sources.Kind      `json:"kind,omitempty"`
	Items     string            `json:"items,omitempty"`
	Fields    map[string]string `json:"fields,omitempty"`
	FullText  bool              `json:"full_text,omitempty"`
	Schedule  string            `json:"schedule,omitempty"`
	Tags      []string          `json:"tags,omitempty"`
	Backfill  int               `json:"backfill,omitempty"`
	BasicAuth string            `json:"basic_auth,omitempty"`
	Headers   map[string]string `json:"headers,omitempty"`
	Proxy     string            `json:"proxy,omitempty"`
}

func (e sourceEntry) MarshalJSON() ([]byte, error) { return json.Marshal(sourceJSON(e)) }

func (e *sourceEntry) UnmarshalJSON(b []byte) error { return json.Unmarshal(b, (*sourceJSON)(e)) }

// forAudit is a source without what nobody should read in a log.
func forAudit(src sources.Source) sourceEntry {
	if src.BasicAuth != "" {
		src.BasicAuth = "secret"
	}
	if src.Proxy != "" {
		src.Proxy = "secret"
	}
	if len(src.Headers) > 0 {
		headers := maps.Clone(src.Headers)
		for name := range headers {
			headers[name] = "secret"
		}
		src.Headers = headers
	}
	return sourceEntry(src)
}
