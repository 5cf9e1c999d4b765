package postgres_test

import (
	"net/url"
	"strings"
	"testing"
	"time"

	"tipoff/bot/store/postgres"
	"tipoff/bot/store/storetest"
	"tipoff/sources"
)

func open(t *testing.T, address string, o postgres.Options) *postgres.Store {
	t.Helper()
	s, err := postgres.Open(t.Context(), address, o)
	return storetest.Opened(t, s, err)
}

func migrated(t *testing.T, address string, o postgres.Options) *postgres.Store {
	t.Helper()
	return storetest.Migrated(t, open(t, address, o))
}

func TestStore(t *testing.T) {
	storetest.Run(t, func(t *testing.T, now func() time.Time) storetest.Store {
		return storetest.Adapt(migrated(t, storetest.Postgres(t), postgres.Options{Now: now}).Store)
	})
}

func TestMigrateTwice(t *testing.T) {
	storetest.MigrateTwice(t, open(t, storetest.Postgres(t), postgres.Options{}))
}

func TestOpenErrors(t *testing.T) {
	address := storetest.Postgres(t)
	newer := storetest.Postgres(t)
	s := migrated(t, newer, postgres.Options{})
	if _, err := s.DB().ExecContext(t.Context(), `INSERT INTO goose_db_version (version_id, is_applied) VALUES (9999, true)`); err != nil {
		t.Fatal(err)
	}
	with := func(change func(u *url.URL)) string {
		u, err := url.Parse(address)
		if err != nil {
			t.Fatal(err)
		}
		change(u)
		return u.String()
	}
	for _, test := range []struct {
		name, address string
		existing      bool
		want          string
	}{
		{"nobody there", with(func(u *url.URL) { u.Host = "127.0.0.1:1" }), false, "does not answer"},
		{"no such database", with(func(u *url.URL) { u.Path = "/tipoff_no_such" }), false, "does not exist; create it"},
		{"no address", "postgres://user:hunter2@[::bad/x", false, "write it as postgres://"},
		{"nothing to read", address, true, "no archive in"},
		{"a newer schema", newer, false, "written by a newer tipoff"},
		{"a newer schema, to read", newer, true, "written by a newer tipoff"},
	} {
		t.Run(test.name, func(t *testing.T) {
			s, err := postgres.Open(t.Context(), test.address, postgres.Options{Existing: test.existing})
			if err == nil {
				defer s.Close()
				_, err = s.Migrate(t.Context())
			}
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("%v\nwant: ... %s ...", err, test.want)
			}
			if err != nil && strings.Contains(err.Error(), "hunter2") {
				t.Errorf("the password is in %v", err)
			}
		})
	}
}

// What a server gives its users does not hold for us, but what the address says.
func TestSettings(t *testing.T) {
	u, err := url.Parse(storetest.Postgres(t))
	if err != nil {
		t.Fatal(err)
	}
	q := u.Query()
	q.Set("options", "-c statement_timeout=5000 -c idle_session_timeout=5000 -c default_transaction_isolation=serializable")
	q.Set("lock_timeout", "7s")
	u.RawQuery = strings.ReplaceAll(q.Encode(), "+", "%20")
	s := open(t, u.String(), postgres.Options{})
	for name, want := range map[string]string{
		"statement_timeout": "0", "idle_session_timeout": "0", "lock_timeout": "7s",
		"transaction_isolation": "read committed", "application_name": "tipoff",
	} {
		var got string
		if err := s.DB().QueryRowContext(t.Context(), `SELECT current_setting($1)`, name).Scan(&got); err != nil || got != want {
			t.Errorf("%s is %s, want %s; %v", name, got, want, err)
		}
	}
}

// Of two replicas that would poll a source for the same moment one does.
func TestClaim(t *testing.T) {
	address := storetest.Postgres(t)
	now := time.Date(2026, 11, 2, 12, 0, 0, 0, time.UTC)
	var both [2]*postgres.Store
	for i := range both {
		s, err := postgres.Open(t.Context(), address, postgres.Options{Now: func() time.Time { return now }})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = s.Close() })
		both[i] = s
	}
	if _, err := both[0].Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := both[0].SyncSources(t.Context(), []sources.Source{{Name: "a", URL: "https://a.example"}, {Name: "b", URL: "https://b.example"}}); err != nil {
		t.Fatal(err)
	}
	for _, step := range []struct {
		who  int
		at   time.Duration
		want int
	}{
		{0, 0, 2},               // never polled
		{1, 0, 0},               // the other one has them
		{1, time.Second, 0},     // and for what was put in a little later
		{1, 3 * time.Second, 2}, // who had them did not poll
		{0, 3 * time.Second, 0},
	} {
		got, err := both[step.who].Claim(t.Context(), []string{"a", "b", "none"}, now.Add(step.at), now.Add(step.at+3*time.Second))
		if err != nil || len(got) != step.want {
			t.Errorf("%+v: got %v, %v", step, got, err)
		}
	}
}
