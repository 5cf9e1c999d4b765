package storetest

import (
	"context"
	"crypto/rand"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

// PostgresVariable names the environment variable with the address of the
// PostgreSQL server that tests may use: postgres://user:password@host/database.
const PostgresVariable = "TIPOFF_TEST_POSTGRES"

// patience is how long the server may take to make a schema, or to drop it: on a
// machine that does much else that is long.
const patience = 2 * time.Minute

// Postgres gives the address of an empty schema on the server that
// [PostgresVariable] names; the schema goes with the test. Where there is no
// such server the test is skipped, and in CI it fails.
func Postgres(t testing.TB) string {
	t.Helper()
	return schema(t, "tipoff_test_"+strings.ToLower(rand.Text()[:12]), false)
}

// schema gives the address of a schema of this name, which is kept or goes with
// the test.
func schema(t testing.TB, name string, keep bool) string {
	t.Helper()
	base := os.Getenv(PostgresVariable)
	missing := t.Skipf
	if os.Getenv("CI") == "true" {
		missing = t.Fatalf
	}
	if base == "" {
		missing("%s is not set: the tests on PostgreSQL need a server, as in %s=postgres://postgres@127.0.0.1/test", PostgresVariable, PostgresVariable)
	}
	address, err := url.Parse(base)
	if err != nil {
		t.Fatalf("%s: %v", PostgresVariable, err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	conn, err := pgx.Connect(ctx, base)
	if err != nil {
		missing("%s: no server answers there: %v", PostgresVariable, err)
	}
	create := `CREATE SCHEMA ` + name
	if keep {
		create = `CREATE SCHEMA IF NOT EXISTS ` + name
	}
	if _, err := conn.Exec(ctx, create); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(t.Context()), patience)
		defer cancel()
		if !keep {
			if _, err := conn.Exec(ctx, `DROP SCHEMA `+name+` CASCADE`); err != nil {
				t.Error(err)
			}
		}
		if err := conn.Close(ctx); err != nil {
			t.Error(err)
		}
	})
	q := address.Query()
	q.Set("search_path", name)
	address.RawQuery = q.Encode()
	return address.String()
}

// StoreVariable names the environment variable that says which database the
// tests use that need any: postgres, or SQLite where it says nothing.
const StoreVariable = "TIPOFF_TEST_STORE"

// Address is an empty store as the config's `store` names it. It is of SQLite, or
// of the database that [StoreVariable] names.
func Address(t testing.TB) string {
	t.Helper()
	if os.Getenv(StoreVariable) == "postgres" {
		return Postgres(t)
	}
	return File(t)
}

// File is the address of a store in a file of the test's own.
func File(t testing.TB) string {
	t.Helper()
	return "sqlite:" + filepath.Join(t.TempDir(), "tipoff.db")
}

// Template makes the tables of a store once in a process: where that is a file,
// the stores that come after the first are copies of it.
type Template struct {
	// Migrate makes the tables of the store at an address, and closes it.
	Migrate func(ctx context.Context, address string) error

	once sync.Once // makes what follows
	file []byte
	err  error
}

// Address is a store as [Address] gives it. A file has its tables already; a
// schema is empty, since there is no way of making one that is quicker.
func (m *Template) Address(t testing.TB) string {
	t.Helper()
	address := Address(t)
	path, ok := strings.CutPrefix(address, "sqlite:")
	if !ok {
		return address
	}
	m.once.Do(func() {
		first := filepath.Join(t.TempDir(), "template.db")
		if m.err = m.Migrate(t.Context(), "sqlite:"+first); m.err == nil {
			m.file, m.err = os.ReadFile(first) //nolint:gosec // of this test
		}
	})
	if m.err != nil {
		t.Fatal(m.err)
	}
	if err := os.WriteFile(path, m.file, 0o600); err != nil {
		t.Fatal(err)
	}
	return address
}
