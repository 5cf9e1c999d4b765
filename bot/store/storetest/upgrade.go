package storetest

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/pressly/goose/v3"

	"tipoff/bot/alert"
	"tipoff/bot/pipeline"
	"tipoff/filters"
	"tipoff/filters/entity/cve"

	"tipoff/bot/store"
	"tipoff/bot/store/database"
)

// Versions are the schemas of a store, to upgrade from each of them.
type Versions struct {
	// Migrations are the files.
	Migrations fs.FS
	Dialect    goose.Dialect
	// Open makes an empty store.
	Open func(t *testing.T) (*database.Store, Migrator)
	// Bytes is the type of bytes.
	Bytes string
	// Index is what puts the story 1024, called "A leak", with the summary "Some
	// words" and the content "More text", into the index of a version; or "".
	Index func(version int) string
}

// rows are what a version has, from the version on that has the table. The first
// version of PostgreSQL has all of them.
var rows = []row{
	{"sources", `INSERT INTO sources (id, name, url, stories, baselined) VALUES (1, 'one', 'https://one.example/feed', 1, 1000)`},
	{"stories", `INSERT INTO stories (key, id, source, url, title, summary, content, author, tags, lang, published, seen, updated)
VALUES (1024, 'id', 1, 'https://one.example/a', 'A leak', 'Some words', 'More text', 'Ann', '["gov"]', 'en', 1, 2, 3)`},
	{"sightings", `INSERT INTO sightings (source, identity, story, text_hash, url, published, seen) VALUES (1, CAST('sixteen bytes ok' AS BLOB), 1024, CAST('eight ok' AS BLOB), '', 1, 2)`},
	{"revisions", `INSERT INTO revisions (story, until, title, summary, content) VALUES (1024, 3, 'A leek', 'Some words', 'More text')`},
	{"watches", `INSERT INTO watches (name, query, channels, severity, mention, origin, file_entry, updated) VALUES ('leaks', 'leak', '["desk"]', 'high', 'here', 'slack:U1', '', 1)`},
	{"audit", `INSERT INTO audit (at, who, action, name, before, after) VALUES (1, 'slack:U1', 'watch add', 'leaks', '', '{}')`},
	{"alerts", `INSERT INTO alerts (id, story, channel, kind, severity, matches, mentions, created) VALUES (7, 1024, 'desk', 'new', 'high', '[{"watch":"leaks"}]', '["here"]', 1)`},
	{"deliveries", `INSERT INTO deliveries (id, alert, target, state, attempts, error, receipt, updated) VALUES
('a', 7, 'file:a', 'sent', 1, '', '', 1), ('b', 7, 'file:b', 'waiting', 0, '', '', 1), ('c', 7, 'file:c', 'dead', 3, 'no', '', 1)`},
	{"sessions", `INSERT INTO sessions (token, data, expires) VALUES ('token', CAST('data' AS BLOB), 4000000000)`},
	{"gates", `INSERT INTO gates (name, ready, receipt, trouble, reason, since) VALUES ('slack:C1', 4000000000000, '1.5', 'parked', 'invite the bot', 1)`},
	{"forgotten", `INSERT INTO forgotten (source, identity, id, listed) VALUES (1, CAST('sixteen bytes no' AS BLOB), 'old', 1)`},
	{"archive_size", `INSERT INTO archive_size (bytes, stories) VALUES (1000000, 100)`},
	{"cves", `INSERT INTO cves (id, cvss, epss, kev) VALUES (202400003400, 98, 50000, CAST(1 AS BOOLEAN))`},
}

type row struct{ table, insert string }

var (
	newTable = regexp.MustCompile(`(?m)^CREATE TABLE (\w+)`)
	// The program makes the index, and notes of which version it is.
	ofIndex = regexp.MustCompile(`^(stories_|index_)`)
)

// Upgrade makes a store of each version, with something in every table, brings it
// to this version, and reads all of it.
func Upgrade(t *testing.T, v Versions) {
	all := names(t, v.Migrations)
	for _, name := range all {
		data, err := fs.ReadFile(v.Migrations, name)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range newTable.FindAllSubmatch(data, -1) {
			if table := string(m[1]); !ofIndex.MatchString(table) && !slices.ContainsFunc(rows, func(r row) bool { return r.table == strings.TrimSuffix(table, "_new") }) {
				t.Errorf("%s: no upgrade has rows in the table %s", name, table)
			}
		}
	}
	for version := 1; version <= len(all); version++ {
		t.Run(fmt.Sprint(version), func(t *testing.T) {
			opened, migrator := v.Open(t)
			s, db := Adapt(opened), opened.DB()
			old, err := goose.NewProvider(v.Dialect, db, v.Migrations)
			if err == nil {
				_, err = old.UpTo(t.Context(), int64(version))
			}
			if err != nil {
				t.Fatal(err)
			}
			had := make(map[string]int)
			for _, r := range rows {
				var n int
				if db.QueryRowContext(t.Context(), `SELECT count(*) FROM `+r.table).Scan(&n) != nil {
					continue // a later version's
				}
				if _, err := db.ExecContext(t.Context(), strings.ReplaceAll(r.insert, "BLOB", v.Bytes)); err != nil {
					t.Fatalf("%s: %v", r.table, err)
				}
				if err := db.QueryRowContext(t.Context(), `SELECT count(*) FROM `+r.table).Scan(&n); err != nil {
					t.Fatal(err)
				}
				had[r.table] = n
			}
			if q := v.Index(version); q != "" {
				if _, err := db.ExecContext(t.Context(), q); err != nil {
					t.Fatal(err)
				}
			}
			told := 0
			opened.OnReindex(func(done, all int) { told += 10*all + done })
			Migrated(t, migrator)
			if told != 10+11 {
				t.Errorf("the new index was told as %d", told)
			}
			for table, want := range had {
				var n int
				if err := db.QueryRowContext(t.Context(), `SELECT count(*) FROM `+table).Scan(&n); err != nil || n != want {
					t.Errorf("%s has %d rows, %v; it had %d", table, n, err, want)
				}
			}
			readAll(t, s, had)
		})
	}
}

// readAll reads what Upgrade wrote, as far as the version had it.
func readAll(t *testing.T, s Store, had map[string]int) {
	t.Helper()
	ctx := t.Context()
	for _, q := range []string{"*", "leak", "title:leak", "words", "text", `"some words"`, "tag:gov source:one", "author:ann"} {
		f, err := filters.Compile(q)
		if err != nil {
			t.Fatal(err)
		}
		hits, err := s.Search(ctx, store.Search{Filter: f})
		if err != nil || len(hits) != 1 || hits[0].Story.ID != "id" || len(hits[0].Story.Sources) != 1 || hits[0].Story.Updated != time.Unix(3, 0).UTC() {
			t.Errorf("%s: %+v, %v", q, hits, err)
		}
	}
	if all, err := s.Revisions(ctx, "id"); err != nil || len(all) != 1 || all[0].Title != "A leek" {
		t.Errorf("revisions %+v, %v", all, err)
	}
	if all, err := s.Sources(ctx); err != nil || len(all) != 1 || all[0].Name != "one" || all[0].Stories != 1 || all[0].Baselined.IsZero() {
		t.Errorf("sources %+v, %v", all, err)
	}
	if all, err := s.SourceEntries(ctx); err != nil || len(all) != 1 || all[0].Origin != "config" {
		t.Errorf("source entries %+v, %v", all, err)
	}
	watches, err := s.Watches(ctx)
	want := []alert.Watch{{Name: "leaks", Query: "leak", Channels: []string{"desk"}, Severity: alert.High, Mention: "here", Origin: "slack:U1"}}
	if had["watches"] == 0 {
		want = nil
	}
	if diff := cmp.Diff(want, watches); err != nil || diff != "" {
		t.Errorf("watches: %s, %v", diff, err)
	}
	if had["deliveries"] > 0 {
		d, ok, err := s.NextDelivery(ctx, alert.Target{Kind: alert.File, Address: "b"}, 0)
		if err != nil || !ok || d.ID != "b" || d.Alert.Story.Title != "A leak" || d.Alert.Severity != alert.High || !slices.Equal(d.Alert.Mentions, []string{"here"}) {
			t.Errorf("what waits: %+v, %v, %v", d, ok, err)
		}
		if dead, err := s.Deliveries(ctx, "dead", 10); err != nil || len(dead) != 1 || dead[0].ID != "c" || dead[0].Error != "no" {
			t.Errorf("what was given up: %+v, %v", dead, err)
		}
		if n, err := s.Changes(ctx); err != nil || n != 1 {
			t.Errorf("%d changes, %v", n, err)
		}
		if data, err := s.LoadSession(ctx, "token"); err != nil || string(data) != "data" {
			t.Errorf("session %q, %v", data, err)
		}
	}
	var facts []cve.Fact
	for f, err := range s.Facts(ctx) {
		if err != nil {
			t.Fatal(err)
		}
		facts = append(facts, f)
	}
	if len(facts) != had["cves"] || len(facts) == 1 && !facts[0].KEV {
		t.Errorf("facts %+v", facts)
	}
	troubles, err := s.Troubles(ctx)
	if err != nil || len(troubles) != had["gates"] || len(troubles) == 1 && (troubles[0].Of.String() != "slack:C1" || troubles[0].Reason != "invite the bot") {
		t.Errorf("troubles %+v, %v", troubles, err)
	}
	err = s.Update(ctx, func(ctx context.Context, tx pipeline.Tx) error {
		found, err := tx.Forgotten(ctx, 1, []store.Told{{Identity: store.Identity([]byte("sixteen bytes no"))}})
		if len(found) != had["forgotten"] {
			t.Errorf("of what is not kept any more: %v", found)
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
	if n, err := s.Bytes(ctx); err != nil || n <= 0 {
		t.Errorf("%d bytes, %v", n, err)
	}
	// And it can be written.
	if done, err := s.Retain(ctx, store.Retention{Age: time.Hour}); err != nil || done.Stories > 1 {
		t.Errorf("retention: %+v, %v", done, err)
	}
}

// names are the migrations, in their order.
func names(t *testing.T, migrations fs.FS) []string {
	t.Helper()
	all, err := fs.Glob(migrations, "*.sql")
	if err != nil || len(all) == 0 {
		t.Fatalf("no migrations: %v", err)
	}
	return all
}

var updateSums = flag.Bool("update", false, "write testdata/migrations.sha256 anew")

// Released checks that migrations are numbered without a gap, and that those of
// testdata/migrations.sha256 are as they were: what has run somewhere must not
// change any more. A new one is added to the list with -update.
func Released(t *testing.T, migrations fs.FS) {
	const list = "testdata/migrations.sha256"
	var now strings.Builder
	for i, name := range names(t, migrations) {
		if want := fmt.Sprintf("%05d_", i+1); !strings.HasPrefix(name, want) {
			t.Errorf("the migration %s comes in the place of %s: two of one number, or a gap", name, want)
		}
		data, err := fs.ReadFile(migrations, name)
		if err != nil {
			t.Fatal(err)
		}
		sum := sha256.Sum256(data)
		fmt.Fprintf(&now, "%s  %s\n", hex.EncodeToString(sum[:]), name)
	}
	if *updateSums {
		if err := os.WriteFile(list, []byte(now.String()), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(list)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), now.String()); diff != "" {
		t.Errorf("migrations are not as they were (-were +are). Leave those that were there as they are, and write another one; a new one is added with -update:\n%s", diff)
	}
}
