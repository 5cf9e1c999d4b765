package config

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
)

// Whatever the bytes are, Parse says something of use: a configuration that
// prints as YAML, or mistakes with places that exist.
func FuzzParse(f *testing.F) {
	files, err := filepath.Glob("testdata/*.yaml")
	if err != nil {
		f.Fatal(err)
	}
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	for _, s := range []string{
		"", "---", "...", "%YAML 1.2", "{", "[", "'", "\"", "&a", "*a", "!!", "? ", "- ", ": ", "|", ">", "|9", "a: |2\n x",
		"a: &a {b: *a}", "<<: {a: b}", "sources: [[[[", "\ufeff", "\t", "a:\n\t- b", "a: ${", "a: ${A:-", "a: $${A}", "{${A}: b}",
		"watches: [{query: \"\\\n\", name: a}]", "sources: *x\n", "slack: !!map {}", "\r0", "fetch: {timeout: .inf, per_host: .nan}",
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		c, err := Parse("fuzz.yaml", data, getenv)
		if err == nil {
			var back any
			if err := yaml.Unmarshal([]byte(c.Redacted()), &back); err != nil {
				t.Errorf("what is in force does not print as YAML: %v\n%s", err, c.Redacted())
			}
			// Export reads back what it writes.
			for _, now := range []InForce{{c.Sources, c.Watches}, changeAll(c)} {
				if _, err := Export("fuzz.yaml", data, getenv, now); err != nil {
					t.Errorf("%v", err)
				}
			}
			return
		}
		var errs Errors
		if !errors.As(err, &errs) || len(errs) == 0 {
			t.Fatalf("the error is a %T: %v", err, err)
		}
		lines := strings.Split(string(data), "\n")
		for i, e := range errs {
			if e.Text == "" || strings.ContainsRune(e.Text, '\n') {
				t.Errorf("mistake %d is not a line: %q", i, e.Text)
			}
			if len(data) <= maxBytes && (e.Line < 1 || e.Line > len(lines) || e.Column < 1) {
				t.Errorf("there is no %d:%d", e.Line, e.Column)
			}
			if i > 0 && byPlace(errs[i-1].Line, errs[i-1].Column, e.Line, e.Column) > 0 {
				t.Errorf("mistakes are out of order: %v", errs)
			}
		}
		if errs.Detail() == "" {
			t.Error("no detail")
		}
	})
}
