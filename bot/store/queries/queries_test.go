package queries_test

import (
	"strings"
	"testing"
	"testing/fstest"

	"tipoff/bot/store/queries"
)

func TestRead(t *testing.T) {
	s, err := queries.Read(fstest.MapFS{
		"queries/a.sql": {Data: []byte("-- Of the file.\n\n-- name: One\n-- Why.\nSELECT 1\n  -- and not 2\n  FROM a;\n\n-- name: Two\nSELECT ';'\n;\n")},
		"queries/b.sql": {Data: []byte("-- name: Three\nSELECT '-- name: no'")},
		"queries/c.txt": {Data: []byte("SELECT")},
	})
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{
		"One":   "SELECT 1\n  FROM a",
		"Two":   "SELECT ';'",
		"Three": "SELECT '-- name: no'",
	} {
		if got := s.Get(name); got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
	if n := len(s.Names()); n != 3 {
		t.Errorf("%d names", n)
	}
}

func TestRead_says_what_is_wrong(t *testing.T) {
	for _, test := range []struct{ file, want string }{
		{"SELECT 1;\n-- name: One\nSELECT 1;", "a.sql: a statement has no name"},
		{"-- name: One\nSELECT 1;\n-- name: One\nSELECT 2;", `a.sql: two statements are named "One"`},
		{"-- name: One\n-- Why.\n-- name: Two\nSELECT 2;", `a.sql: the statement "One" has no`},
		{"-- name: One\nSELECT 1;\nSELECT 2;", `a.sql: the statement "One" is two`},
		{"-- name: \nSELECT 1;", `a.sql: the statement "" has no name`},
	} {
		_, err := queries.Read(fstest.MapFS{"a.sql": {Data: []byte(test.file)}})
		if err == nil || !strings.HasPrefix(err.Error(), test.want) {
			t.Errorf("%q: %v, want %s ...", test.file, err, test.want)
		}
	}
}

func TestGet_has_no_other_name(t *testing.T) {
	defer func() {
		if said, _ := recover().(string); !strings.Contains(said, `"Two"`) {
			t.Errorf("panic: %q", said)
		}
	}()
	queries.Must(fstest.MapFS{"a.sql": {Data: []byte("-- name: One\nSELECT 1;")}}).Get("Two")
}
