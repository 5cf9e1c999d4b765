package bot_test

import (
	"strings"
	"testing"
	"time"

	"tipoff/bot"
	"tipoff/bot/alert"
	"tipoff/bot/config"
	"tipoff/bot/discord/discordfake"
	"tipoff/bot/slack/slackfake"
	"tipoff/bot/store/storetest"
)

// Two replicas do what one does: each schedule fires once, each alert comes once,
// one of them answers on Discord, and either may go.
func TestReplicasShareTheWork(t *testing.T) {
	slack, err := slackfake.Start(slackfake.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(slack.Close)
	discord, err := discordfake.Start()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(discord.Close)

	p := newPress(t)
	cfg := configuration(t, p, "one")
	cfg.Store = storetest.Postgres(t)
	cfg.Slack = config.Slack{BotToken: config.Secret(slack.BotToken()), AppToken: config.Secret(slack.AppToken()), APIURL: slack.URL()}
	cfg.Discord = config.Discord{Token: discordfake.Token, ApplicationID: discordfake.Application, GuildID: discordfake.Guild, APIURL: discord.URL()}
	cfg.Channels = []alert.Channel{{Name: "desk", Slack: "C0123", Discord: discordfake.Channel}}

	replica := func() (stop func()) {
		app, err := bot.New(t.Context(), cfg, options(t, cfg))
		if err != nil {
			t.Fatal(err)
		}
		if err := app.Start(t.Context()); err != nil {
			t.Fatal(err)
		}
		stopped := false
		stop = func() {
			if stopped {
				return
			}
			stopped = true
			for _, err := range []error{app.Stop(), app.Close()} {
				if err != nil {
					t.Error(err)
				}
			}
		}
		t.Cleanup(stop)
		return stop
	}
	stopFirst := replica()
	if err := discord.WaitConnected(t.Context()); err != nil {
		t.Fatal(err)
	}
	replica()
	if err := slack.WaitConnected(t.Context(), 2); err != nil {
		t.Fatal(err)
	}
	p.wait(t, "one", 2)

	// Every second once, not twice.
	began, from := time.Now(), p.count("one")
	p.wait(t, "one", from+6)
	if took := time.Since(began); took < 4*time.Second {
		t.Errorf("six polls of a source that is due every second took %v", took)
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
	if err := discord.WaitConnected(t.Context()); err != nil {
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
