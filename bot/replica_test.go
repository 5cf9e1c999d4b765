package bot_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"tipoff/bot"
	"tipoff/bot/alert"
	"tipoff/bot/config"
	"tipoff/bot/discord/discordfake"
	"tipoff/bot/facts"
	"tipoff/bot/slack/slackfake"
	"tipoff/bot/store/storetest"
	"tipoff/filters"
	"tipoff/sources"
	"tipoff/sources/story"
)

// Two replicas do what one does: each schedule fires once, each alert comes once,
// one of them answers on Discord, and either may go.
func TestReplicasShareTheWork(t *testing.T) {
	t.Parallel()
	p := newPress(t)
	cfg := configuration(t, p, "one")
	cfg.Store = storetest.Postgres(t)
	slack, discord := bothChats(t, cfg, slackfake.Options{})
	cfg.Channels = []alert.Channel{{Name: "desk", Slack: "C0123", Discord: discordfake.Channel}}

	began := time.Now()
	_, stopFirst := start(t, cfg, options(t, cfg))
	if err := discord.WaitConnected(t.Context()); err != nil {
		t.Fatal(err)
	}
	start(t, cfg, options(t, cfg))
	if err := slack.WaitConnected(t.Context(), 2); err != nil {
		t.Fatal(err)
	}
	p.wait(t, "one", 2)

	// Every second once, not twice: however late the polls are, there are no more of
	// them than moments at which the source was due, and the one at the start.
	p.wait(t, "one", p.count("one")+8)
	n, due := p.count("one"), int(time.Since(began)/time.Second)+2
	if n > due {
		t.Errorf("%d polls of a source that was due %d times", n, due)
	}
	if live := discord.Stats().Live; live != 1 {
		t.Errorf("%d replicas answer on Discord", live)
	}

	p.publish("one", leak)
	if _, err := slack.WaitMessages(t.Context(), "C0123", 1); err != nil {
		t.Fatal(err)
	}
	// The first replica has the gateway; the second takes over.
	discord.ForgetSessions()
	stopFirst()
	if err := errors.Join(slack.WaitOpen(t.Context(), 1), discord.WaitConnected(t.Context())); err != nil {
		t.Fatal(err)
	}
	reply, err := slack.SlashCommand(t.Context(), slackfake.Slash{Command: "/news", Text: `watch add wine "wine tasting" --channel desk`, User: "U1", Channel: "C0123"})
	if err != nil {
		t.Fatal(err)
	}
	if text := slackfake.PlainText(reply.Blocks); !strings.Contains(text, "wine") {
		t.Errorf("the second replica answers %q", text)
	}
	p.publish("one", leak, entry{guid: "wine", link: "https://origin.example/wine", title: "A wine tasting for embassies"})
	onSlack, err := slack.WaitMessages(t.Context(), "C0123", 2)
	if err != nil {
		t.Fatal(err)
	}
	onDiscord, err := discord.WaitMessages(t.Context(), discordfake.Channel, 2)
	if err != nil {
		t.Fatal(err)
	}
	if len(onSlack) != 2 || len(onDiscord) != 2 {
		t.Errorf("%d messages on Slack and %d on Discord, want the two alerts on both", len(onSlack), len(onDiscord))
	}
}

// What one replica learns of vulnerabilities, all know.
func TestReplicasShareWhatIsKnownOfVulnerabilities(t *testing.T) {
	t.Parallel()
	p := newPress(t)
	address := storetest.Postgres(t)
	var told []*filters.Filter
	for range 2 {
		cfg := configuration(t, p, "one")
		cfg.Store = address
		var err error
		if cfg.Lexicon, err = filters.NewLexicon(nil, nil); err != nil {
			t.Fatal(err)
		}
		f, err := cfg.Lexicon.Compile("kev:yes")
		if err != nil {
			t.Fatal(err)
		}
		told = append(told, f)
		start(t, cfg, options(t, cfg))
	}
	s, err := bot.OpenStore(t.Context(), &config.Config{Store: address}, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	third, err := facts.NewBook(t.Context(), s)
	if err != nil {
		t.Fatal(err)
	}
	hit := filters.NewDoc(&story.Story{Title: "CVE-2024-3400 in PAN-OS"})
	for _, kev := range []bool{true, false} {
		said := sources.Facts{About: sources.KEVFact, CVEs: []story.CVE{{ID: "CVE-2024-3400", KEV: kev}}}
		if _, err := third.Learn(t.Context(), said); err != nil {
			t.Fatal(err)
		}
		for n, f := range told {
			for polls := 0; f.Match(hit) != kev; polls++ {
				if polls == 30 {
					t.Fatalf("replica %d has not heard that kev is %v", n, kev)
				}
				p.wait(t, "one", p.count("one")+1)
			}
		}
	}
}
