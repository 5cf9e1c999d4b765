package check

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"tipoff/bot/config"
	"tipoff/filters/entity/actor"
)

// sound is a configuration without findings; the cases change it.
const sound = `
slack: {bot_token: xoxb-1, app_token: xapp-1}
discord: {token: abc}
fetch: {contact: desk@example.org}
sources:
  - {name: a, url: https://example.org/a}
channels:
  - {name: desk, slack: C01, discord: "2002"}
watches:
  - {name: w, query: x, channels: [desk], mention: here}
`

func TestOffline(t *testing.T) {
	for name, c := range map[string]struct {
		old, new string
		want     []string
	}{
		"all is well": {"", "", nil},
		"no tokens at all": {
			"slack: {bot_token: xoxb-1, app_token: xapp-1}\ndiscord: {token: abc}", "",
			[]string{
				"warning: c.yaml:7:25: channels[0].slack: slack.bot_token is empty, so the platform is off and nothing is sent there",
				"warning: c.yaml:7:39: channels[0].discord: discord.token is empty, so the platform is off and nothing is sent there",
				"warning: channel desk: all its targets are on platforms that are off, so its alerts go nowhere",
				"warning: watch w: nothing it finds arrives anywhere: no target of desk works",
				"note: slack: Slack is off: slack.bot_token is empty",
				"note: discord: Discord is off: discord.token is empty",
			},
		},
		"no socket mode": {
			", app_token: xapp-1", "",
			[]string{"warning: slack: slash commands are off: slack.app_token is empty, and they come over Socket Mode"},
		},
		"platforms without targets": {
			`slack: C01, discord: "2002"`, "terminal: true",
			[]string{
				"note: slack: Slack is on and no channel has a slack target, so no alert is sent there",
				"note: discord: Discord is on and no channel has a discord target, so no alert is sent there",
				"note: watch w: mention here pings nobody: its alerts arrive in no chat",
			},
		},
		"a key for later": {
			"query: x,", `query: x, digest: "@daily",`,
			[]string{"warning: c.yaml:10:33: watches[0].digest: digests are not in this version; the watch alerts at once"},
		},
		"open to the network": {
			"fetch:", "listen: :8080\nfetch:",
			[]string{"note: listen: :8080 is open to other machines, and what it serves asks for no login"},
		},
		"listening on loopback":     {"fetch:", "listen: '[::1]:8080'\nfetch:", nil},
		"listening on localhost":    {"fetch:", "listen: localhost:8080\nfetch:", nil},
		"listening nowhere":         {"fetch:", "listen: ''\nfetch:", nil},
		"a user agent is a contact": {"contact: desk@example.org", "user_agent: desk/1", nil},
		"no contact": {
			"fetch: {contact: desk@example.org}", "",
			[]string{"note: fetch: publishers cannot tell who reads their feeds, and block unknown readers sooner"},
		},
		"an import without a clash": {"fetch:", "actors: {import: testdata/actors.json}\nfetch:", nil},
		"an import with clashes": {
			"fetch:", "actors: {import: testdata/clashes.json}\nfetch:",
			[]string{
				"note: actors.import: entries without a name are left out: 2 of 4",
				"note: actors.import: APT29 stays with the country RU; the import has KP for Midnight Blizzard",
				"note: actors.import: the names Snake, Krypton stay with Turla; the import gives them to Brindle Teapot",
				"note: actors.import: the name Mirage stays with APT15; the import gives it to Brindle Teapot",
				"note: actors.import: APT29 stays the ATT&CK group G0016; the import has G9999 for Midnight Blizzard",
			},
		},
		"everything allowed": {
			"contact: desk@example.org", "contact: x, allow_private: [0.0.0.0/0, 10.0.0.0/8, '::/0']",
			[]string{
				"warning: fetch.allow_private: 0.0.0.0/0 lets a feed's address or redirect reach every service of this machine and network",
				"warning: fetch.allow_private: ::/0 lets a feed's address or redirect reach every service of this machine and network",
			},
		},
		"the same feed twice": {
			"channels:\n", "  - {name: b, url: 'https://EXAMPLE.org:443/a?utm_source=x'}\n  - {name: c, url: https://example.org/c}\nchannels:\n",
			[]string{"warning: source b: it has the address of source a, so the same feed is fetched twice"},
		},
		"a password in the clear": {
			"channels:\n", "  - {name: b, url: http://example.org/b, basic_auth: 'u:p'}\n  - {name: c, url: http://example.org/c, headers: {A: b}}\n  - {name: d, url: https://example.org/d, basic_auth: 'u:p'}\nchannels:\n",
			[]string{
				"warning: source b: its password or headers travel unencrypted over http://",
				"warning: source c: its password or headers travel unencrypted over http://",
			},
		},
		"a channel without targets that nobody alerts": {
			"watches:\n", "  - {name: empty}\nwatches:\n",
			[]string{
				"warning: channel empty: it has no target, so its alerts go nowhere",
				"note: channel empty: no watch of the file names it",
			},
		},
		"one target in two channels": {
			"watches:\n", "  - {name: other, slack: C01, terminal: true}\n  - {name: third, terminal: true}\nwatches:\n  - {name: v, query: y, channels: [other, third]}\n",
			[]string{"warning: channel other: its target slack is also that of channel desk, where one story may then be told twice"},
		},
		"a watch without channels": {
			"channels: [desk], mention: here", "severity: low",
			[]string{
				"note: channel desk: no watch of the file names it",
				"note: watch w: it names no channel, so it alerts nobody",
			},
		},
		"no watches": {
			"watches:\n  - {name: w, query: x, channels: [desk], mention: here}", "",
			[]string{
				"warning: watches: there are none, so stories are stored and none is alerted",
				"note: channel desk: no watch of the file names it",
			},
		},
		"a mention of the other platform": {
			`slack: C01, discord: "2002"}`, "slack: C01}\n  - {name: d, discord: '2003'}\nwatches:\n  - {name: v, query: y, channels: [d]}\n  - {name: u, query: y, channels: [desk], mention: 'discord:&4001'}\n#",
			[]string{"warning: watch u: mention discord:&4001 pings nobody: no alert of the watch arrives on that platform"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			text := sound
			if c.old != "" {
				if !strings.Contains(sound, c.old) {
					t.Fatalf("nothing to change: %q", c.old)
				}
				text = strings.Replace(sound, c.old, c.new, 1)
			}
			if strings.Contains(text, "\n#\n") {
				text, _, _ = strings.Cut(text, "\n#\n")
			}
			got := []string{}
			for _, f := range Offline(parse(t, text)) {
				first, rest, ok := strings.Cut(f.String(), "\n    -> ")
				if !ok || rest == "" {
					t.Errorf("no remedy: %s", f)
				}
				got = append(got, first)
			}
			if !slices.Equal(got, c.want) {
				t.Errorf("findings:\n%s\nwant:\n%s", strings.Join(got, "\n"), strings.Join(c.want, "\n"))
			}
		})
	}
}

// A table that disagrees everywhere does not push the other findings off the
// screen.
func TestManyClashes(t *testing.T) {
	c := parse(t, sound)
	c.Actors.Imported = &actor.Imported{}
	for i := range mostClashes + 5 {
		c.Actors.Clashes = append(c.Actors.Clashes,
			actor.Clash{Imported: fmt.Sprint("actor ", i), Value: "a", Owner: "Turla"},
			actor.Clash{Imported: fmt.Sprint("actor ", i), Value: "b", Owner: "Turla"})
	}
	found := Offline(c)
	if len(found) != mostClashes+1 {
		t.Fatalf("%d findings, want %d", len(found), mostClashes+1)
	}
	if got, want := found[mostClashes].Text, "5 more clashes of this kind are not shown"; got != want {
		t.Errorf("the last finding is %q, want %q", got, want)
	}
}

func parse(t *testing.T, text string) *config.Config {
	t.Helper()
	c, err := config.Parse("c.yaml", []byte(text), func(string) (string, bool) { return "", false })
	if err != nil {
		if errs, ok := errors.AsType[config.Errors](err); ok {
			t.Fatal(errs.Detail())
		}
		t.Fatal(err)
	}
	return c
}

func TestFindingAsJSON(t *testing.T) {
	got, err := json.Marshal(Finding{Warning, "slack", "a", "b"})
	if want := `{"severity":"warning","where":"slack","text":"a","remedy":"b"}`; err != nil || string(got) != want {
		t.Errorf("JSON = %s (%v), want %s", got, err, want)
	}
}

func TestWorst(t *testing.T) {
	if _, any := Worst(nil); any {
		t.Error("nothing found has a severity")
	}
	if s, any := Worst([]Finding{{Severity: Note}, {Severity: Warning}, {Severity: Note}}); !any || s != Warning {
		t.Errorf("Worst = %v", s)
	}
	if s := Severity(7).String(); s != "severity 7" {
		t.Errorf("unknown severity prints as %q", s)
	}
}
