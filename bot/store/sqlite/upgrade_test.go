package sqlite_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/pressly/goose/v3"

	"tipoff/bot/store/database"
	"tipoff/bot/store/sqlite"
	"tipoff/bot/store/storetest"
)

func TestMigrationsStayAsTheyAre(t *testing.T) { storetest.Released(t, os.DirFS("migrations")) }

func TestReindex(t *testing.T) {
	s := migrated(t, filepath.Join(t.TempDir(), "x.db"), sqlite.Options{})
	storetest.Reindex(t, s.Store, s)
}

func TestUpgradeFromEveryVersion(t *testing.T) {
	storetest.Upgrade(t, storetest.Versions{
		Migrations: os.DirFS("migrations"),
		Bytes:      "BLOB",
		Dialect:    goose.DialectSQLite3,
		Open: func(t *testing.T) (*database.Store, storetest.Migrator) {
			s := open(t, filepath.Join(t.TempDir(), "x.db"), sqlite.Options{})
			return s.Store, s
		},
		Index: func(version int) string {
			if version > 10 {
				return "" // the program makes it
			}
			return `INSERT INTO stories_index (rowid, title, summary, content) VALUES (1024, 'a leak', 'some words', 'more text')`
		},
	})
}
