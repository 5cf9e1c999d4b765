package sqlite_test

import (
	"context"
	"database/sql"
	"os"
	"path/filepath"
	"testing"
	"time"

	"tipoff/bot/store"
	"tipoff/bot/store/sqlite"
	"tipoff/sources"
	"tipoff/sources/story"
)

// addOld stores a story that any retention deletes.
func addOld(t *testing.T, s *sqlite.Store) {
	t.Helper()
	if err := s.SyncSources(t.Context(), []sources.Source{{Name: "one", URL: "https://one.example/"}}); err != nil {
		t.Fatal(err)
	}
	err := s.Update(t.Context(), func(ctx context.Context, tx *sqlite.Tx) error {
		_, _, err := tx.AddStory(ctx, 1, &story.Story{ID: "1", Title: "Old", Seen: time.Unix(1_000_000, 0)})
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

// makeRoom leaves 40 MB of room in the file.
func makeRoom(t *testing.T, db *sql.DB) {
	t.Helper()
	for _, q := range []string{`CREATE TABLE junk (b BLOB)`, `INSERT INTO junk VALUES (zeroblob(40000000))`, `DROP TABLE junk`, `PRAGMA wal_checkpoint(truncate)`} {
		if _, err := db.ExecContext(t.Context(), q); err != nil {
			t.Fatal(err)
		}
	}
}

func fileSize(t *testing.T, db *sql.DB, path string) int64 {
	t.Helper()
	if _, err := db.ExecContext(t.Context(), `PRAGMA wal_checkpoint(truncate)`); err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	return info.Size()
}

// The room of what was deleted goes back to the disk, but for some that the next
// stories need.
func TestRetentionMakesTheFileSmaller(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x.db")
	s := migrated(t, path, sqlite.Options{})
	addOld(t, s)
	makeRoom(t, s.DB())
	before := fileSize(t, s.DB(), path)
	if done, err := s.Retain(t.Context(), store.Retention{Age: 24 * time.Hour}); err != nil || done.Stories != 1 {
		t.Fatalf("%+v, %v", done, err)
	}
	if after := fileSize(t, s.DB(), path); before < 40_000_000 || after > 20_000_000 {
		t.Errorf("the file went from %d to %d bytes", before, after)
	}
}

// A file of an earlier version keeps its room, until it is written anew.
func TestRewriteOfAnOlderFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x.db")
	db, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := db.ExecContext(t.Context(), `CREATE TABLE first (n); DROP TABLE first`); err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	s := migrated(t, path, sqlite.Options{})
	addOld(t, s)
	makeRoom(t, s.DB())
	if done, err := s.Retain(t.Context(), store.Retention{Age: 24 * time.Hour}); err != nil || done.Stories != 1 {
		t.Fatalf("%+v, %v", done, err)
	}
	if size := fileSize(t, s.DB(), path); size < 40_000_000 {
		t.Errorf("the file has %d bytes: it is not one that keeps its room, as it should be here", size)
	}
	before, after, err := s.Rewrite(t.Context())
	if err != nil || before < 40_000_000 || after > 2_000_000 {
		t.Errorf("rewritten from %d to %d, %v", before, after, err)
	}
	addOld(t, s)
	makeRoom(t, s.DB())
	if _, err := s.Retain(t.Context(), store.Retention{Age: 24 * time.Hour}); err != nil {
		t.Fatal(err)
	}
	if size := fileSize(t, s.DB(), path); size > 20_000_000 {
		t.Errorf("the file has %d bytes after it was rewritten", size)
	}
}
