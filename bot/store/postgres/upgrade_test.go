package postgres_test

import (
	"os"
	"testing"

	"github.com/pressly/goose/v3"

	"tipoff/bot/store/database"
	"tipoff/bot/store/postgres"
	"tipoff/bot/store/storetest"
)

func TestMigrationsStayAsTheyAre(t *testing.T) { storetest.Released(t, os.DirFS("migrations")) }

func TestReindex(t *testing.T) {
	s := migrated(t, storetest.Postgres(t), postgres.Options{})
	storetest.Reindex(t, s.Store, s)
}

func TestUpgradeFromEveryVersion(t *testing.T) {
	storetest.Upgrade(t, storetest.Versions{
		Migrations: os.DirFS("migrations"),
		Bytes:      "BYTEA",
		Dialect:    goose.DialectPostgres,
		Open: func(t *testing.T) (*database.Store, storetest.Migrator) {
			s := open(t, storetest.Postgres(t), postgres.Options{})
			return s.Store, s
		},
		Index: func(version int) string {
			if version > 1 {
				return "" // the index is one of the table's
			}
			return `INSERT INTO stories_index VALUES (1024, '''a'' ''leak'' ''/a'' ''/leak'' ''some'' ''words'' ''more'' ''text''')`
		},
	})
}
