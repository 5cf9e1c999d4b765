package postgres_test

import (
	"database/sql"
	"os"
	"testing"

	"github.com/pressly/goose/v3"

	"tipoff/bot/store/postgres"
	"tipoff/bot/store/storetest"
)

func TestMigrationsStayAsTheyAre(t *testing.T) { storetest.Released(t, os.DirFS("migrations")) }

func TestUpgradeFromEveryVersion(t *testing.T) {
	storetest.Upgrade(t, storetest.Versions{
		Migrations: os.DirFS("migrations"),
		Bytes:      "BYTEA",
		Open: func(t *testing.T, version int) (storetest.Store, *sql.DB) {
			s := open(t, storetest.Postgres(t), postgres.Options{})
			old, err := goose.NewProvider(goose.DialectPostgres, s.DB(), os.DirFS("migrations"))
			if err == nil {
				_, err = old.UpTo(t.Context(), int64(version))
			}
			if err != nil {
				t.Fatal(err)
			}
			return adapter{s}, s.DB()
		},
		Migrate: func(t *testing.T, s storetest.Store) {
			if _, err := s.(adapter).Migrate(t.Context()); err != nil {
				t.Fatal(err)
			}
		},
		Index: func(version int) string {
			if version > 1 {
				return "" // the index is one of the table's
			}
			return `INSERT INTO stories_index VALUES (1024, '''a'' ''leak'' ''/a'' ''/leak'' ''some'' ''words'' ''more'' ''text''')`
		},
	})
}
