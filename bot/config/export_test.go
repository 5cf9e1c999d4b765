package config

import (
	"encoding/json"
	"flag"
	"maps"
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

// everyKey has all keys of a configuration, with values as they are printed.
const everyKey = `
store: sqlite:news.db
listen: 127.0.0.1:9090
timezone: Europe/Berlin
command: desk
operations: desk
slack: {bot_token: "${BOT}", app_token: "${APP}", signing_secret: "${BOT}", api_url: https://slack.example/api/}
discord: {token: "${BOT}", application_id: "1", public_key: "${KEY}", guild_id: "2", api_url: https://discord.example/api/v10}
fetch:
  {schedule: "@every 1h", timeout: 30s, max_bytes: 4MiB, concurrency: 16, per_host: 3, pace: 500ms, patience: 2h,
   user_agent: desk/1, contact: desk@example.org, allow_private: [127.0.0.1/32], full_text: true}
retention: {age: 90d, size: 1GiB}
actors: {import: actors.json}
sets: {ours: acme}
sources:
  - {name: one, url: https://one.example/list, schedule: "@every 5m", tags: [gov], kind: json, items: data, fields: {title: t, url: u},
     backfill: 3, basic_auth: "me:${BOT}", headers: {Accept: text/xml}, proxy: https://proxy.example, full_text: false}
channels:
  - {name: desk, slack: C0123, discord: "2002", webhook: "https://hook.example/${BOT}", file: alerts.jsonl, terminal: true,
     quiet: "22:00-07:00", budget: 20/h, managers: ["slack:U1"]}
watches:
  - {name: acme, query: "set:ours", channels: [desk], severity: high, mention: here, digest: 0 9 * * 1-5}
`

// Every key comes out again: where the file can be changed in place and where it
// is printed anew, as it is and after people changed something.
func TestExportEveryKey(t *testing.T) {
	env := func(name string) (string, bool) {
		v, ok := map[string]string{"BOT": "xoxb-hunter2", "APP": "xapp-hunter2", "KEY": strings.Repeat("ab", 32)}[name]
		return v, ok
	}
	parse := func(text string) map[string]any {
		t.Helper()
		data, err := yamlToJSON(text)
		if err != nil {
			t.Fatal(err)
		}
		var out map[string]any
		if err := json.Unmarshal(data, &out); err != nil {
			t.Fatal(err)
		}
		return out
	}
	first := func(list any) any { return list.([]any)[0] }
	whole := parse(everyKey)
	for name, section := range map[string]struct {
		keys []string
		of   any
	}{
		"top": {topKeys, whole}, "slack": {slackKeys, whole["slack"]}, "discord": {discordKeys, whole["discord"]},
		"fetch": {fetchKeys, whole["fetch"]}, "retention": {retentionKeys, whole["retention"]}, "actors": {actorsKeys, whole["actors"]},
		"sources": {sourceKeys, first(whole["sources"])}, "channels": {channelKeys, first(whole["channels"])}, "watches": {watchKeys, first(whole["watches"])},
	} {
		if diff := cmp.Diff(slices.Sorted(slices.Values(section.keys)), slices.Sorted(maps.Keys(section.of.(map[string]any)))); diff != "" {
			t.Errorf("%s: the keys of this test are not all there are: %s", name, diff)
		}
	}
	inBrackets, err := json.Marshal(whole)
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{"in place": everyKey, "printed anew": string(inBrackets)} {
		const file = "testdata/everykey.yaml"
		c, err := Parse(file, []byte(text), env)
		if err != nil {
			t.Fatal(err)
		}
		for _, query := range []string{c.Watches[0].Query, "set:ours OR breach"} {
			now := InForce{Sources: c.Sources, Watches: slices.Clone(c.Watches)}
			now.Watches[0].Query = query
			out, err := Export(file, []byte(text), env, now)
			if err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			want := parse(everyKey)
			first(want["watches"]).(map[string]any)["query"] = query
			if diff := cmp.Diff(want, parse(out.Text)); diff != "" || len(out.Variables) > 0 {
				t.Errorf("%s, %s: (-file +export)\n%s%v", name, query, diff, out.Variables)
			}
		}
		out, err := Export(file, []byte(text), env, InForce{Sources: c.Sources})
		if err != nil || strings.Contains(out.Text, "digest") {
			t.Errorf("%s, without the watch: %v", name, err)
		}
	}
}
