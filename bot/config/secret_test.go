package config

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
	"github.com/google/go-cmp/cmp"
)

func TestSecretNeverShows(t *testing.T) {
	type holder struct {
		S Secret
		M map[string]Secret
	}
	s := Secret("hunter2")
	h := holder{S: s, M: map[string]Secret{"k": s}}
	var log bytes.Buffer
	slog.New(slog.NewTextHandler(&log, nil)).Info("m", "secret", s, "holder", h)
	slog.New(slog.NewJSONHandler(&log, nil)).Info("m", "secret", s, "holder", h)
	asJSON, err := json.Marshal(h)
	if err != nil {
		t.Fatal(err)
	}
	asYAML, err := yaml.Marshal(h)
	if err != nil {
		t.Fatal(err)
	}
	out := []string{log.String(), string(asJSON), string(asYAML), fmt.Errorf("token %v", s).Error()}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d", "%t"} {
		out = append(out, fmt.Sprintf(verb, s), fmt.Sprintf(verb, h), fmt.Sprintf(verb, []Secret{s}))
	}
	for _, o := range out {
		if strings.Contains(o, "hunter2") || strings.Contains(strings.ToLower(o), fmt.Sprintf("%x", "hunter2")) {
			t.Errorf("shows the secret: %s", o)
		}
		if !strings.Contains(o, "[redacted]") {
			t.Errorf("does not say that a secret is there: %s", o)
		}
	}
	if s.Reveal() != "hunter2" || Secret("").String() != "" {
		t.Errorf("Reveal() = %q, empty prints as %q", s.Reveal(), Secret("").String())
	}
}

func TestRedacted(t *testing.T) {
	c, err := Load("testdata/everything.yaml", getenv)
	if err != nil {
		t.Fatal(err)
	}
	c.Sources[1].URL = "https://example.org/feed?n=5&api_key=hunter2&Token=hunter2"
	const want = `store: sqlite:/var/lib/tipoff/tipoff.db
listen: ""
timezone: Asia/Taipei
command: intel
slack:
  bot_token: "[redacted]"
  app_token: "[redacted]"
  api_url: http://127.0.0.1:9/api/
discord:
  token: "[redacted]"
  application_id: "12"
  guild_id: "34"
  api_url: http://127.0.0.1:9/api/v10
fetch:
  schedule: "@hourly"
  timeout: 1m30s
  max_bytes: 1MiB
  concurrency: 7
  per_host: 1
  pace: 200ms
  patience: 1h
  user_agent: desk reader
  contact: desk@example.org
  allow_private:
    - 10.0.0.0/8
    - 127.0.0.1/32
    - fd00::/8
  full_text: true
retention:
  age: 182d
  size: 2GB
actors:
  import: actors.json
sources:
  - name: cisa
    url: https://www.cisa.gov/news.xml
    schedule: "*/15 * * * *"
    tags:
      - gov
      - us
    backfill: 3
    basic_auth: "[redacted]"
    headers:
      X-Api-Key: "[redacted]"
    proxy: socks5://[redacted]@127.0.0.1:1080
    full_text: false
  - name: plain
    url: https://example.org/feed?n=5&api_key=[redacted]&Token=[redacted]
    schedule: "@hourly"
channels:
  - name: china-desk
    slack: C0123
    discord: "2002"
    webhook: https://hooks.example.org/[redacted]
    file: alerts.jsonl
    terminal: true
    managers:
      - slack:U012
      - discord:2002
      - slack:U9
      - discord:77
watches:
  - name: china
    query: china OR beijing
    channels:
      - china-desk
    severity: high
    mention: here
  - name: quiet
    query: "*"
    severity: medium
`
	if diff := cmp.Diff(want, c.Redacted()); diff != "" {
		t.Errorf("redacted (-want +got):\n%s", diff)
	}
	var log bytes.Buffer
	slog.New(slog.NewTextHandler(&log, nil)).Info("config", "config", c)
	for _, s := range []string{log.String(), fmt.Sprint(c), fmt.Sprintf("%+v", c)} {
		if strings.Contains(s, "hunter2") || strings.Contains(s, "-secret") {
			t.Errorf("shows a secret: %s", s)
		}
	}
}

func TestRedactURL(t *testing.T) {
	for _, c := range []struct {
		raw  string
		path bool
		want string
	}{
		{"", false, ""},
		{"https://example.org/a?b=c", false, "https://example.org/a?b=c"},
		{"https://u:p@example.org:8/a", false, "https://[redacted]@example.org:8/a"},
		{"https://example.org/a?access_token=x&y=z&auth", false, "https://example.org/a?access_token=[redacted]&y=z&auth"},
		{"https://example.org/a/b?c=d#e", true, "https://example.org/[redacted]"},
		{"https://example.org?c=d", true, "https://example.org/[redacted]"},
		{"https://example.org", true, "https://example.org"},
		{"://broken secret", false, "[redacted]"},
	} {
		if got := redactURL(c.raw, c.path); got != c.want {
			t.Errorf("redactURL(%q, %v) = %q, want %q", c.raw, c.path, got, c.want)
		}
	}
}

func TestMaskKeepsColumns(t *testing.T) {
	for _, c := range []struct{ line, want string }{
		{`bot_token: xoxb-1`, `bot_token: ******`},
		{`slack: {bot_token: ${SLACK_BOT_TOKEN}, app_token: ${A:-}, x: 1}`, `slack: {bot_token: ${SLACK_BOT_TOKEN}, app_token: ${A:-}, x: 1}`},
		{`token: ${T:-geheim}`, `token: ************`},
		{`{"token":  'gé, heim', x: y}`, `{"token":  **********, x: y}`},
		{`"basic_auth": "u:\"p, q", b: c`, `"basic_auth": **********, b: c`},
		{`headers: {A: b, C: "d"}, tags: [a]`, `headers: **************, tags: [a]`},
		{`url: https://u:p@h.org/a?key=abc&d=e`, `url: https://****h.org/a?key=***&d=e`},
		{`note: xapp-1-2-3 and more`, `note: ********** and more`},
		{`slack: {bot_token geheim, x: y}`, `slack: {bot_token ******, x: y}`},
		{`  - webhook https://x/y`, `  - webhook ***********`},
		{`tokens: are fine`, `tokens: are fine`},
		{`query: 'token OR proxy'`, `query: 'token OR proxy'`},
	} {
		if got := mask(c.line); got != c.want {
			t.Errorf("mask(%s)\n  = %s\nwant %s", c.line, got, c.want)
		}
	}
}

func TestMaskLinesBelowASecretKey(t *testing.T) {
	lines := strings.Split(`slack:
  bot_token: >-
    xoxb
    geheim
  api_url: plain
headers:
  A: geheim

  B: geheim
url: plain
proxy: "http://
  geheim"
list:
  - plain`, "\n")
	for i, line := range lines {
		got := maskLine(lines, i)
		if strings.Contains(got, "geheim") || strings.Contains(line, "plain") && got != line {
			t.Errorf("line %d shows as %q", i+1, got)
		}
	}
}
