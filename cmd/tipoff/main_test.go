package main

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"strconv"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"tipoff/bot/store/storetest"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"tipoff": main})
}

// TestScript runs the scripts of testdata/script: one behaviour a file. Each
// has a server on loopback for the files of its folder feeds, at $FEEDS, where
// any path that ends in busy asks to come back in an hour.
func TestScript(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir: "testdata/script",
		Setup: func(env *testscript.Env) error {
			// No http.FileServer: its Last-Modified has seconds, and the feeds of
			// a script change faster.
			srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if path.Base(r.URL.Path) == "busy" {
					w.Header().Set("Retry-After", "3600")
					w.WriteHeader(http.StatusServiceUnavailable)
					return
				}
				data, err := os.ReadFile(filepath.Join(env.WorkDir, "feeds", path.Base(r.URL.Path)))
				if err != nil {
					http.NotFound(w, r)
					return
				}
				_, _ = w.Write(data)
			}))
			env.Defer(srv.Close)
			env.Setenv("FEEDS", srv.URL)
			return nil
		},
		Condition: func(cond string) (bool, error) {
			if cond != "postgres" {
				return false, fmt.Errorf("there is no condition %s", cond)
			}
			return os.Getenv("CI") == "true" || os.Getenv(storetest.PostgresVariable) != "", nil
		},
		Cmds: map[string]func(ts *testscript.TestScript, neg bool, args []string){
			// exits N PROGRAM [ARGS...] runs a program that must end with exit code N.
			"exits": func(ts *testscript.TestScript, neg bool, args []string) {
				if neg || len(args) < 2 {
					ts.Fatalf("usage: exits N PROGRAM [ARGS...]")
				}
				want, err := strconv.Atoi(args[0])
				ts.Check(err)
				got := 0
				var exit *exec.ExitError
				if err := ts.Exec(args[1], args[2:]...); errors.As(err, &exit) {
					got = exit.ExitCode()
				} else {
					ts.Check(err)
				}
				if got != want {
					ts.Fatalf("exit code %d, want %d", got, want)
				}
			},
			// database sets $STORE to the address of an empty database on a server.
			"database": func(ts *testscript.TestScript, _ bool, _ []string) {
				ts.Setenv("STORE", storetest.Postgres(t))
			},
			// fill FILE replaces $NAME in a file by the environment's value.
			"fill": func(ts *testscript.TestScript, _ bool, args []string) {
				for _, name := range args {
					text := os.Expand(ts.ReadFile(name), ts.Getenv)
					ts.Check(os.WriteFile(ts.MkAbs(name), []byte(text), 0o600))
				}
			},
		},
	})
}
