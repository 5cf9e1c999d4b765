package postgres

import (
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"
)

func TestNewEnough(t *testing.T) {
	for version, ok := range map[int]bool{90624: false, 140012: false, 150000: true, 180001: true} {
		err := newEnough("postgres://db/tipoff", version)
		if (err == nil) != ok {
			t.Errorf("%d: %v", version, err)
		}
		if err != nil && !strings.Contains(err.Error(), "needs 15 or newer; upgrade the server") {
			t.Errorf("%d: %v", version, err)
		}
	}
}

// What a server or the network says comes with what to do.
func TestExplain(t *testing.T) {
	d := &dialect{name: "postgres://desk@db/tipoff"}
	for _, test := range []struct {
		err  error
		want string
	}{
		{&pgconn.PgError{Code: "28P01"}, "check the user and password under `store:`"},
		{&pgconn.PgError{Code: "28000"}, "pg_hba.conf"},
		{&pgconn.PgError{Code: "3D000"}, "create it with `createdb`"},
		{&pgconn.PgError{Code: "42501"}, "make it the owner"},
		{&pgconn.PgError{Code: "53300"}, "raise max_connections"},
		{&pgconn.PgError{Code: "53100"}, "the server's disk is full"},
		{&pgconn.PgError{Code: "25006"}, "name the primary server"},
		{&pgconn.PgError{Code: "57P01"}, "is shutting down or starting"},
		{io.ErrUnexpectedEOF, "check that the server runs"},
		{errors.New("mark as failed: conn closed"), "check that the server runs"},
	} {
		got := d.Explain(test.err).Error()
		if !strings.HasPrefix(got, "store: postgres://desk@db/tipoff ") || !strings.Contains(got, test.want) || !errors.Is(d.Explain(test.err), test.err) {
			t.Errorf("%v: %q, want ... %s ...", test.err, got, test.want)
		}
	}
}
