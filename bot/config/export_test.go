package config

import (
	"flag"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"tipoff/bot/alert"
	"tipoff/sources"
)

var update = flag.Bool("update", false, "write the golden files anew")

// plainSecrets are what must not show in an export of a file of testdata.
var plainSecrets = []string{"hunter2", "-secret", "abc.def"}

// TestExport exports every good file of testdata as it is, and every file of
// testdata/export as people changed it, and reads it back.
func TestExport(t *testing.T) {
	files, err := filepath.Glob("testdata/*.yaml")
	if err != nil {
		t.Fatal(err)
	}
	more, err := filepath.Glob("testdata/export/*.yaml")
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for _, file := range append(append(files, more...), "../../config.yaml") {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		c, err := Parse(file, data, getenv)
		if err != nil {
			continue
		}
		n++
		t.Run(strings.TrimSuffix(filepath.Base(file), ".yaml"), func(t *testing.T) {
			same := testExport(t, file, data, InForce{Sources: c.Sources, Watches: c.Watches})
			if strings.HasPrefix(file, "../") && same != string(data) {
				t.Errorf("the configuration that ships does not stay as it is:\n%s", cmp.Diff(string(data), same))
			}
			changed := testExport(t, file, data, changeAll(c))
			if filepath.Dir(file) != "testdata/export" {
				return
			}
			for name, got := range map[string]string{"same": same, "changed": changed} {
				golden := strings.TrimSuffix(file, "yaml") + name + ".golden"
				if *update {
					if err := os.WriteFile(golden, []byte(got), 0o600); err != nil {
						t.Fatal(err)
					}
				}
				want, err := os.ReadFile(golden)
				if err != nil {
					t.Fatal(err)
				}
				if diff := cmp.Diff(string(want), got); diff != "" {
					t.Errorf("%s (-want +got; -update writes it anew):\n%s", golden, diff)
				}
			}
		})
	}
	if n < 15 {
		t.Errorf("only %d files can be exported", n)
	}
}

// changeAll is what people may do: the first source and watch removed, the last
// changed, and one added of each.
func changeAll(c *Config) InForce {
	now := InForce{Sources: slices.Clone(c.Sources), Watches: slices.Clone(c.Watches)}
	if n := len(now.Sources); n > 0 {
		now.Sources[n-1].Tags = []string{"by hand", "${x}"}
		now.Sources = now.Sources[min(1, n-1):]
	}
	now.Sources = append(now.Sources, sources.Source{
		Name: "added", URL: "https://added.example/feed?key=hunter2", Kind: sources.Feed, Schedule: c.Fetch.Schedule,
		FullText: c.Fetch.FullText, BasicAuth: "me:hunter2", Headers: map[string]string{"Accept": "text/xml", "X-Key": "hunter2"},
	})
	if n := len(now.Watches); n > 0 {
		now.Watches[n-1].Query = `title:"it's new" OR /a\d/`
		now.Watches = now.Watches[min(1, n-1):]
	}
	w := alert.Watch{Name: "from-chat", Query: `"volt typhoon" -tabletop`, Severity: alert.High, Origin: "slack:U1"}
	if len(c.Channels) > 0 {
		w.Channels = []string{c.Channels[0].Name}
	}
	now.Watches = append(now.Watches, w)
	return now
}

func testExport(t *testing.T, file string, data []byte, now InForce) string {
	t.Helper()
	out, err := Export(file, data, getenv, now)
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range plainSecrets {
		for line := range strings.Lines(out.Text) {
			// What a file must say stands in comments of it.
			if strings.Contains(line, s) && !strings.HasPrefix(line, "# want") {
				t.Errorf("the secret %s shows in: %s", s, line)
			}
		}
	}
	// With its variables set, it reads back as what was in force.
	env := environmentOf(t, file, data, now)
	back, err := Parse(file, []byte(out.Text), env)
	if err != nil {
		t.Fatalf("%v\n%s", err, out.Text)
	}
	want, err := Parse(file, data, getenv)
	if err != nil {
		t.Fatal(err)
	}
	want.Sources, want.Watches = now.Sources, now.Watches
	if diff := cmp.Diff(likeness(want).Sources, likeness(back).Sources); diff != "" {
		t.Errorf("sources (-in force +read back):\n%s", diff)
	}
	if diff := cmp.Diff(likeness(want).Watches, likeness(back).Watches); diff != "" {
		t.Errorf("watches (-in force +read back):\n%s", diff)
	}
	if diff := cmp.Diff(likeness(want).Channels, likeness(back).Channels); diff != "" {
		t.Errorf("channels (-in force +read back):\n%s", diff)
	}
	if want.Store != back.Store || want.Slack != back.Slack || want.Discord != back.Discord || want.Listen != back.Listen || !cmp.Equal(want.Sets, back.Sets) {
		t.Errorf("something else is not the same:\n%s\n%s", want, back)
	}
	// An export of the export is the export.
	again, err := Export(file, []byte(out.Text), env, now)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(out.Text, again.Text); diff != "" {
		t.Errorf("exported again (-first +second):\n%s", diff)
	}
	if _, err := out.JSON(); err != nil {
		t.Errorf("as JSON: %v", err)
	}
	return out.Text
}

// environmentOf is the environment with the variables of an export.
func environmentOf(t *testing.T, file string, data []byte, now InForce) func(string) (string, bool) {
	t.Helper()
	c, err := Parse(file, data, getenv)
	if err != nil {
		t.Fatal(err)
	}
	x := newExport(c, data, getenv)
	x.want, x.left = c.with(now)
	if text, ok := x.edit(); !ok || x.check(text) != nil {
		x.values = make(map[string]string)
		if _, err := x.print(); err != nil {
			t.Fatal(err)
		}
	}
	return func(name string) (string, bool) {
		if v, ok := x.values[name]; ok {
			return v, true
		}
		return getenv(name)
	}
}
