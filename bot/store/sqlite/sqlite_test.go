package sqlite_test

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/pressly/goose/v3"

	"tipoff/bot/alert"
	"tipoff/bot/store"
	"tipoff/bot/store/sqlite"
	"tipoff/bot/store/storetest"
	"tipoff/sources"
	"tipoff/sources/story"
)

func open(t *testing.T, path string, o sqlite.Options) *sqlite.Store {
	t.Helper()
	s, err := sqlite.Open(t.Context(), path, o)
	return storetest.Opened(t, s, err)
}

func migrated(t *testing.T, path string, o sqlite.Options) *sqlite.Store {
	t.Helper()
	return storetest.Migrated(t, open(t, path, o))
}

func TestStore(t *testing.T) {
	storetest.Run(t, func(t *testing.T, now func() time.Time) storetest.Store {
		return storetest.Adapt(migrated(t, filepath.Join(t.TempDir(), "a file with ?odd# name%.db"), sqlite.Options{Now: now}).Store)
	})
}

func TestMigrateTwice(t *testing.T) {
	storetest.MigrateTwice(t, open(t, filepath.Join(t.TempDir(), "x.db"), sqlite.Options{}))
}

// A store of an older version keeps its alerts, and what is still to be sent.
func TestUpgradeKeepsTheOutbox(t *testing.T) {
	s := open(t, filepath.Join(t.TempDir(), "x.db"), sqlite.Options{})
	old, err := goose.NewProvider(goose.DialectSQLite3, s.DB(), os.DirFS("migrations"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := old.UpTo(t.Context(), 3); err != nil {
		t.Fatal(err)
	}
	if _, err := s.DB().ExecContext(t.Context(), `
INSERT INTO sources (id, name, url) VALUES (1, 'one', 'https://one.example/');
INSERT INTO stories VALUES (1024, 'id', 1, 'https://one.example/a', 'A story', '', '', '', '[]', '', 1, 1, 0);
INSERT INTO alerts VALUES (7, 1024, 'desk', 'new', 'high', '[]', '[]', 1);
INSERT INTO deliveries (seq, id, alert, target, state, attempts, error, receipt, updated) VALUES
    (41, 'a', 7, 'file:a', 'sent', 1, '', '', 1), (42, 'b', 7, 'file:b', 'waiting', 0, '', '', 1)`); err != nil {
		t.Fatal(err)
	}
	if n, err := s.Migrate(t.Context()); n == 0 || err != nil {
		t.Fatalf("%d applied, %v", n, err)
	}
	d, ok, err := s.NextDelivery(t.Context(), alert.Target{Kind: alert.File, Address: "b"}, 0)
	if err != nil || !ok || d.ID != "b" || d.Alert.Story.Title != "A story" || d.Alert.Severity != alert.High {
		t.Errorf("got %+v, %v, %v", d, ok, err)
	}
	if _, ok, err := s.NextDelivery(t.Context(), alert.Target{Kind: alert.File, Address: "a"}, 0); ok || err != nil {
		t.Errorf("what was sent is sent again: %v", err)
	}
	var seq int
	if _, err := s.DB().ExecContext(t.Context(), `INSERT INTO deliveries (id, alert, target, updated) VALUES ('c', 7, 'file:c', 1)`); err != nil {
		t.Fatal(err)
	}
	if err := s.DB().QueryRowContext(t.Context(), `SELECT seq FROM deliveries WHERE id = 'c'`).Scan(&seq); err != nil || seq != 43 {
		t.Errorf("the order goes on with %d, %v; want 43", seq, err)
	}
	if _, err := s.DB().ExecContext(t.Context(), `INSERT INTO deliveries (id, alert, target, updated) VALUES ('d', 8, 'file:c', 1)`); err == nil {
		t.Error("a delivery of no alert is taken")
	}
}

func TestOpenErrors(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	owned := filepath.Join(dir, "owned.db")
	migrated(t, owned, sqlite.Options{})

	newer := filepath.Join(dir, "newer.db")
	s := migrated(t, newer, sqlite.Options{})
	if _, err := s.DB().ExecContext(t.Context(), `INSERT INTO goose_db_version (version_id, is_applied) VALUES (9999, 1)`); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}

	locked := filepath.Join(dir, "locked.db")
	db, err := sql.Open("sqlite", locked)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	conn, err := db.Conn(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	for _, q := range []string{`CREATE TABLE t (x)`, `BEGIN EXCLUSIVE`} {
		if _, err := conn.ExecContext(t.Context(), q); err != nil {
			t.Fatal(err)
		}
	}

	for _, test := range []struct {
		name, path string
		o          sqlite.Options
		want       string
	}{
		{"another process has it", owned, sqlite.Options{}, "another tipoff is using"},
		{"no folder", filepath.Join(dir, "none", "x.db"), sqlite.Options{}, "make it, or name another file"},
		{"a folder", dir, sqlite.Options{}, "is a folder; name a file in it"},
		{"a folder, to read", dir, sqlite.Options{ReadOnly: true}, "is a folder; name a file in it"},
		{"not a database", write("text.db", strings.Repeat("this is a letter, not a database. ", 40)), sqlite.Options{}, "is not a database"},
		{"locked", locked, sqlite.Options{}, "is locked by another program"},
		{"a newer schema", newer, sqlite.Options{}, "written by a newer tipoff"},
		{"a newer schema, to read", newer, sqlite.Options{ReadOnly: true}, "written by a newer tipoff"},
		{"nothing to read", filepath.Join(dir, "missing.db"), sqlite.Options{ReadOnly: true}, "no archive at"},
		{"somebody else's database, to read", write("empty.db", ""), sqlite.Options{ReadOnly: true}, "no archive of tipoff's"},
	} {
		t.Run(test.name, func(t *testing.T) {
			test.o.Wait = time.Millisecond
			s, err := sqlite.Open(t.Context(), test.path, test.o)
			if err == nil {
				defer s.Close()
				_, err = s.Migrate(t.Context())
			}
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("%v\nwant: ... %s ...", err, test.want)
			}
		})
	}
}

// A damaged file is said to be so, with what to do, and not written to.
func TestDamagedFile(t *testing.T) {
	good := filepath.Join(t.TempDir(), "good.db")
	s := migrated(t, good, sqlite.Options{})
	for i := range 500 {
		if _, err := s.DB().ExecContext(t.Context(), `INSERT INTO audit (at, who, action, name, before, after) VALUES ($1, 'U1', 'watch add', 'x', '', $2)`,
			i, strings.Repeat("a long query ", 100)); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	whole, err := os.ReadFile(good)
	if err != nil {
		t.Fatal(err)
	}
	middle := len(whole) / 2
	for _, test := range []struct {
		name   string
		damage func(b []byte) []byte
		want   string
	}{
		{"whole", func(b []byte) []byte { return b }, ""},
		{"the header", func(b []byte) []byte { copy(b[4:], "XXXXXXXX"); return b }, "its beginning is damaged; it was left as it is: restore a backup"},
		{"the first page", func(b []byte) []byte { clear(b[100:3000]); return b }, ".recover"},
		{"a page in the middle", func(b []byte) []byte { clear(b[middle : middle+40_000]); return b }, ".recover"},
		{"cut short", func(b []byte) []byte { return b[:middle] }, ".recover"},
	} {
		t.Run(test.name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "x.db")
			before := test.damage(slices.Clone(whole))
			// With a log, as a crash leaves it, the file is looked at as long as it takes.
			for file, data := range map[string][]byte{path: before, path + "-wal": []byte("cut off")} {
				if err := os.WriteFile(file, data, 0o600); err != nil {
					t.Fatal(err)
				}
			}
			s, err := sqlite.Open(t.Context(), path, sqlite.Options{})
			if err == nil {
				_, err = s.Migrate(t.Context())
				err = errors.Join(err, s.Close())
			}
			if test.want == "" {
				if err != nil {
					t.Error(err)
				}
				return
			}
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("%v\nwant: ... %s ...", err, test.want)
			}
			// The first page has SQLite's own counter.
			if after, err := os.ReadFile(path); err != nil || len(after) != len(before) || !bytes.Equal(before[4096:], after[4096:]) {
				t.Errorf("it was written to: %v", err)
			}
		})
	}
}

func TestOnlyTheOwnerReadsTheFile(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("Windows has no such permissions")
	}
	path := filepath.Join(t.TempDir(), "x.db")
	migrated(t, path, sqlite.Options{})
	for _, name := range []string{path, path + "-wal"} {
		info, err := os.Stat(name)
		if err != nil {
			t.Fatal(err)
		}
		if info.Mode().Perm() != 0o600 {
			t.Errorf("%s has mode %v", filepath.Base(name), info.Mode())
		}
	}
}

func TestReadOnlyBesideTheOwner(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x.db")
	migrated(t, path, sqlite.Options{})
	reader := open(t, path, sqlite.Options{ReadOnly: true})
	if n, err := reader.Count(t.Context()); n != 0 || err != nil {
		t.Errorf("%d, %v", n, err)
	}
	if err := reader.RemoveWatch(t.Context(), "x", "me"); err == nil || !strings.Contains(err.Error(), "reading only") {
		t.Errorf("a write through a reader: %v", err)
	}
}

func TestOldRevisionsGo(t *testing.T) {
	s := migrated(t, filepath.Join(t.TempDir(), "x.db"), sqlite.Options{})
	if err := s.SyncSources(t.Context(), []sources.Source{{Name: "one", URL: "https://one.example/"}}); err != nil {
		t.Fatal(err)
	}
	source, _, err := s.Source(t.Context(), "one")
	if err != nil {
		t.Fatal(err)
	}
	err = s.Update(t.Context(), func(ctx context.Context, tx *sqlite.Tx) error {
		var keys []store.Key
		for _, id := range []string{"restless", "calm"} {
			key, _, err := tx.AddStory(ctx, source, &story.Story{ID: id, Title: "v0", Seen: time.Unix(1e9, 0)})
			if err != nil {
				return err
			}
			keys = append(keys, key)
		}
		for n := range 105 {
			if err := tx.EditStory(ctx, keys[0], &story.Story{Title: fmt.Sprint("v", n+1)}); err != nil {
				return err
			}
		}
		return tx.EditStory(ctx, keys[1], &story.Story{Title: "v1"})
	})
	if err != nil {
		t.Fatal(err)
	}
	var all, oldest, newest int
	if err := s.DB().QueryRowContext(t.Context(), `
SELECT count(*), sum(r.title = 'v5'), sum(r.title = 'v104') FROM revisions r JOIN stories s ON s.key = r.story WHERE s.id = 'restless'`).Scan(&all, &oldest, &newest); err != nil {
		t.Fatal(err)
	}
	if all != 100 || oldest != 1 || newest != 1 {
		t.Errorf("%d revisions, v5 %d times and v104 %d times; want v5 to v104", all, oldest, newest)
	}
	if err := s.DB().QueryRowContext(t.Context(), `SELECT count(*) FROM revisions`).Scan(&all); err != nil || all != 101 {
		t.Errorf("%d revisions of both stories, %v; want 101", all, err)
	}
}
