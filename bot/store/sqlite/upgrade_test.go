package sqlite_test

import (
	"database/sql"
	"os"
	"path/filepath"
	"testing"

	"github.com/pressly/goose/v3"

	"tipoff/bot/store/sqlite"
	"tipoff/bot/store/storetest"
)

func TestMigrationsStayAsTheyAre(t *testing.T) { storetest.Released(t, os.DirFS("migrations")) }

func TestUpgradeFromEveryVersion(t *testing.T) {
	storetest.Upgrade(t, storetest.Versions{
		Migrations: os.DirFS("migrations"),
		Bytes:      "BLOB",
		Open: func(t *testing.T, version int) (storetest.Store, *sql.DB) {
			s := open(t, filepath.Join(t.TempDir(), "x.db"), sqlite.Options{})
			old, err := goose.NewProvider(goose.DialectSQLite3, s.DB(), os.DirFS("migrations"))
			if err == nil {
				_, err = old.UpTo(t.Context(), int64(version))
			}
			if err != nil {
				t.Fatal(err)
			}
			return adapter{s}, s.DB()
		},
		Migrate: func(t *testing.T, s storetest.Store) {
			told := 0
			s.(adapter).OnReindex(func(done, all int) { told += 10*all + done })
			if _, err := s.(adapter).Migrate(t.Context()); err != nil {
				t.Fatal(err)
			}
			if told != 10+11 {
				t.Errorf("the new index was told as %d", told)
			}
		},
		Index: func(version int) string {
			if version > 10 {
				return "" // the program makes it
			}
			return `INSERT INTO stories_index (rowid, title, summary, content) VALUES (1024, 'a leak', 'some words', 'more text')`
		},
	})
}
