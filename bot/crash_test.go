package bot_test

import (
	"context"
	"flag"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"tipoff/bot"
	"tipoff/bot/config"
	"tipoff/bot/discord/discordfake"
	"tipoff/bot/slack/slackfake"
	"tipoff/bot/store/storetest"
)

// The long run: go test ./bot -run TestKilled -kills 1000 -timeout 2h
var (
	kills    = flag.Int("kills", 6, "how often TestKilled kills the program, on each database")
	killSeed = flag.Uint64("killseed", 1, "the seed of TestKilled")
)

// victimVariable makes the test binary the program itself, on the config that
// it names.
const victimVariable = "TIPOFF_TEST_VICTIM"

// serveVictim runs the program until it is killed.
func serveVictim(configFile string) {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	cfg, err := config.Load(configFile, os.LookupEnv)
	if err == nil {
		var app *bot.App
		if app, err = bot.New(ctx, cfg, bot.Options{
			Log: slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelError})), Dir: filepath.Dir(configFile),
		}); err == nil {
			err = app.Run(ctx)
		}
	}
	if err != nil && ctx.Err() == nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// TestKilled kills the program again and again while feeds publish and the
// platforms fail, and then compares what was published with what people see:
// each story once in each channel.
func TestKilled(t *testing.T) {
	for _, test := range []struct {
		name     string
		store    func(t *testing.T) string
		replicas int
	}{
		{"sqlite", func(t *testing.T) string { return "sqlite:" + filepath.Join(t.TempDir(), "tipoff.db") }, 1},
		{"postgres", func(t *testing.T) string { return storetest.Postgres(t) }, 2},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()                                                         // most of the time both wait for Slack's one message a second
			a := newArena(t, test.store(t), rand.New(rand.NewPCG(*killSeed, 0))) //nolint:gosec // chance that can be repeated
			a.publish(5)
			procs := make([]*victim, test.replicas)
			for i := range procs {
				procs[i] = a.start()
			}
			for range *kills {
				// About as many as Slack takes meanwhile.
				a.publish(a.rng.IntN(2))
				a.hurt()
				// At any moment of a poll, a write or a send.
				a.wait(time.Duration(100+a.rng.IntN(900)) * time.Millisecond)
				i := a.rng.IntN(len(procs))
				procs[i].kill()
				procs[i] = a.start()
			}
			a.settle()
			for _, p := range procs {
				p.kill()
			}
			a.compare()
		})
	}
}

// arena is the world of the victims: feeds, platforms, and chance.
type arena struct {
	*testing.T
	rng     *rand.Rand
	file    string
	slack   *slackfake.Fake
	discord *discordfake.Fake

	mu        sync.Mutex // guards published
	published []string
}

const slackChannels, discordChannels = 3, 2

func newArena(t *testing.T, storeAddress string, rng *rand.Rand) *arena {
	t.Helper()
	a := &arena{T: t, rng: rng}
	feeds := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/rss+xml")
		fmt.Fprint(w, `<rss version="2.0"><channel><title>wire</title>`)
		a.mu.Lock()
		defer a.mu.Unlock()
		for _, title := range a.published {
			// Some stories are in both feeds, and are told once all the same.
			n := len(title) + int(title[len(title)-1])
			if n%3 == 0 || (n%3 == 1) == (r.URL.Path == "/a") {
				fmt.Fprintf(w, `<item><title>%s</title><link>https://origin.example/%s</link></item>`, title, strings.ReplaceAll(title, " ", "-"))
			}
		}
		fmt.Fprint(w, `</channel></rss>`)
	}))
	t.Cleanup(feeds.Close)
	var channels []slackfake.Channel
	for n := range slackChannels {
		channels = append(channels, slackfake.Channel{ID: fmt.Sprint("C000", n), Member: true})
	}
	var err error
	if a.slack, err = slackfake.Start(slackfake.Options{Channels: channels}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(a.slack.Close)
	if a.discord, err = discordfake.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(a.discord.Close)
	var y strings.Builder
	fmt.Fprintf(&y, "store: %q\nlisten: \"\"\nslack: {bot_token: %s, app_token: %s, api_url: %q}\n", storeAddress, a.slack.BotToken(), a.slack.AppToken(), a.slack.URL())
	fmt.Fprintf(&y, "discord: {token: %s, application_id: %q, guild_id: %q, api_url: %q}\n", discordfake.Token, discordfake.Application, discordfake.Guild, a.discord.URL())
	y.WriteString("fetch: {allow_private: [127.0.0.0/8]}\nsources:\n")
	for _, name := range []string{"a", "b"} {
		fmt.Fprintf(&y, "  - {name: %s, url: %q, schedule: \"@every 1s\", backfill: 100}\n", name, feeds.URL+"/"+name)
	}
	y.WriteString("channels:\n")
	var names []string
	for n := range slackChannels {
		fmt.Fprintf(&y, "  - {name: s%d, slack: C000%d}\n", n, n)
		names = append(names, fmt.Sprint("s", n))
	}
	for n := range discordChannels {
		a.discord.AddChannel(fmt.Sprint("200", n))
		fmt.Fprintf(&y, "  - {name: d%d, discord: \"200%d\"}\n", n, n)
		names = append(names, fmt.Sprint("d", n))
	}
	fmt.Fprintf(&y, "watches:\n  - {name: leaks, query: leak, channels: [%s]}\n", strings.Join(names, ", "))
	a.file = filepath.Join(t.TempDir(), "config.yaml")
	if err := os.WriteFile(a.file, []byte(y.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	return a
}

// victim is the program in a process of its own.
type victim struct {
	a    *arena
	cmd  *exec.Cmd
	said strings.Builder
}

func (a *arena) start() *victim {
	v := &victim{a: a, cmd: exec.CommandContext(context.WithoutCancel(a.Context()), os.Args[0])} //nolint:gosec // this very program
	v.cmd.Env = append(os.Environ(), victimVariable+"="+a.file)
	v.cmd.Stderr = &v.said
	if err := v.cmd.Start(); err != nil {
		a.Fatal(err)
	}
	return v
}

func (v *victim) kill() {
	_ = v.cmd.Process.Kill() // it may have ended, which its words explain
	_ = v.cmd.Wait()
	if !v.cmd.ProcessState.Exited() {
		return
	}
	v.a.Errorf("the program ended by itself: %s", v.said.String())
}

func (a *arena) publish(n int) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for range n {
		a.published = append(a.published, fmt.Sprintf("Leak number %04d", len(a.published)))
	}
}

// hurt makes the platforms fail in one way or another.
func (a *arena) hurt() {
	switch a.rng.IntN(6) {
	case 0:
		a.slack.Fail(slackfake.Fault{Kind: slackfake.LoseAnswer, Method: "chat.postMessage", Times: 2})
	case 1:
		a.slack.Fail(slackfake.Fault{Kind: slackfake.ServerError, Times: 3})
	case 2:
		a.slack.Fail(slackfake.Fault{Kind: slackfake.RateLimited, Method: "chat.postMessage", RetryAfter: 1})
	case 3:
		a.discord.Inject(discordfake.Fault{Method: http.MethodPost, LoseAnswer: true})
	case 4:
		a.discord.Inject(discordfake.Fault{Method: http.MethodPost, Status: http.StatusBadGateway, Times: 2})
	}
}

// wait lets the program work for a while: that it is killed at any moment is
// the point, not that something has happened.
func (a *arena) wait(d time.Duration) {
	select {
	case <-time.After(d):
	case <-a.Context().Done():
	}
}

var leakTitle = regexp.MustCompile(`Leak number [0-9]{4}`)

// seen counts, by channel and title, the messages that people see.
func (a *arena) seen() map[string]map[string]int {
	all := make(map[string]map[string]int)
	count := func(channel, text string) {
		if title := leakTitle.FindString(text); title != "" {
			all[channel][title]++
		}
	}
	for n := range slackChannels {
		channel := fmt.Sprint("C000", n)
		all[channel] = make(map[string]int)
		for _, m := range a.slack.Messages(channel) {
			count(channel, m.Text)
		}
	}
	for n := range discordChannels {
		channel := fmt.Sprint("200", n)
		all[channel] = make(map[string]int)
		for _, m := range a.discord.Messages(channel) {
			count(channel, m.Embeds[0].Title)
		}
	}
	return all
}

// settleWithin is how long the last stories may take: a replica that is killed
// is mourned for three seconds, and a failing platform tried again ever later.
// Slack takes one a second.
const settleWithin = 2 * time.Minute

// settle waits until everything is seen.
func (a *arena) settle() {
	ctx, cancel := context.WithTimeout(a.Context(), settleWithin+time.Duration(len(a.published))*time.Second)
	defer cancel()
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	for {
		missing := 0
		for _, titles := range a.seen() {
			missing += len(a.published) - len(titles)
		}
		if missing == 0 {
			return
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

func (a *arena) compare() {
	lost, twice := 0, 0
	for channel, titles := range a.seen() {
		for _, title := range a.published {
			switch n := titles[title]; {
			case n == 0:
				lost++
				a.Errorf("%s: %q is lost", channel, title)
			case n > 1:
				twice++
				a.Errorf("%s: %q is seen %d times", channel, title, n)
			}
		}
	}
	a.Logf("seed %d: %d kills, %d stories in %d channels, %d lost, %d seen twice",
		*killSeed, *kills, len(a.published), slackChannels+discordChannels, lost, twice)
}
