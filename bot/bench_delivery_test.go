package bot_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"tipoff/bot"
	"tipoff/bot/alert"
	"tipoff/bot/config"
	"tipoff/bot/deliver"
	"tipoff/bot/discord/discordfake"
	"tipoff/bot/pipeline"
	"tipoff/bot/slack/slackfake"
	"tipoff/sources"
	"tipoff/sources/story"
)

// benchChannels is how many channels each platform has in BenchmarkDeliver.
const benchChannels = 50

// chatsVariable makes the test binary the platforms of BenchmarkDeliver, in a
// process of its own so that their work is not counted as the program's.
const chatsVariable = "TIPOFF_BENCH_CHATS"

// serveChats prints the platforms' addresses, and at the end of the input what a
// client did that they do not allow.
func serveChats() {
	o := slackfake.Options{PerSecond: 1}
	for n := range benchChannels {
		o.Channels = append(o.Channels, slackfake.Channel{ID: fmt.Sprintf("C%04d", n), Member: true})
	}
	slack, err := slackfake.Start(o)
	if err != nil {
		fmt.Println("error:", err)
		return
	}
	defer slack.Close()
	discord, err := discordfake.Start()
	if err != nil {
		fmt.Println("error:", err)
		return
	}
	defer discord.Close()
	discord.SetRate(5, 5*time.Second)
	for n := range benchChannels {
		discord.AddChannel(fmt.Sprint(30000 + n))
	}
	fmt.Println(slack.URL(), discord.URL())
	_, _ = io.Copy(io.Discard, os.Stdin) // until the benchmark is over
	for _, v := range append(slack.Violations(), discord.Violations()...) {
		fmt.Println(v)
	}
}

// BenchmarkDeliver sends what waits in 50 channels on Slack and 50 on Discord, at
// the platforms' real limits: a message a second, and five in five seconds, in
// each channel, so 100 a second in all. It measures the processor time of a
// message, from the outbox to the platform and back with all that is written down
// and the start of the program, and says which part of one core the limits'
// 100 messages a second take: half of one is what there is. On two cores that do
// nothing else it is 0.20 of one, and 87 messages a second.
func BenchmarkDeliver(b *testing.B) {
	each := 15
	if testing.Short() {
		each = 3
	}
	total := each * 2 * benchChannels
	var cpu, wall time.Duration
	for b.Loop() {
		b.StopTimer()
		cfg, done := benchOutbox(b, each)
		var sent atomic.Int64
		all := make(chan struct{})
		app, err := bot.New(b.Context(), cfg, bot.Options{
			Log: slog.New(slog.DiscardHandler), Version: "bench", Delivered: func(_ alert.Kind, r deliver.Result) {
				if r == deliver.Sent && sent.Add(1) == int64(total) {
					close(all)
				}
			},
		})
		if err != nil {
			b.Fatal(err)
		}
		b.StartTimer()
		before, began := cpuTime(), time.Now()
		if err := app.Start(b.Context()); err != nil {
			b.Fatal(err)
		}
		<-all
		cpu += cpuTime() - before
		wall += time.Since(began)
		b.StopTimer()
		for _, err := range []error{app.Stop(), app.Close()} {
			if err != nil {
				b.Error(err)
			}
		}
		done()
		b.StartTimer()
	}
	perMessage := cpu.Seconds() / float64(b.N) / float64(total)
	b.ReportMetric(perMessage*1e6, "µs-cpu/message")
	b.ReportMetric(perMessage*100, "core-at-the-limits")
	b.ReportMetric(0.5/perMessage, "messages/s-on-half-a-core")
	b.ReportMetric(float64(b.N*total)/wall.Seconds(), "messages/s")
}

// benchOutbox starts the platforms and fills a store with alerts for all
// channels. done ends the platforms, and complains of what they would not allow.
func benchOutbox(b *testing.B, each int) (cfg *config.Config, done func()) {
	b.Helper()
	server := exec.CommandContext(b.Context(), os.Args[0]) //nolint:gosec // this very program
	server.Env = append(os.Environ(), chatsVariable+"=1")
	in, err := server.StdinPipe()
	if err != nil {
		b.Fatal(err)
	}
	out, err := server.StdoutPipe()
	if err != nil {
		b.Fatal(err)
	}
	if err := server.Start(); err != nil {
		b.Fatal(err)
	}
	lines := bufio.NewReader(out)
	var slackURL, discordURL string
	if _, err := fmt.Fscanln(lines, &slackURL, &discordURL); err != nil {
		b.Fatal(err)
	}
	done = func() {
		_ = in.Close()
		said, err := io.ReadAll(lines)
		if err != nil || len(said) > 0 {
			b.Errorf("the platforms would not allow: %.500s %v", said, err)
		}
		_ = server.Wait()
	}

	cfg = benchConfig("127.0.0.1:1", 0)
	cfg.Store = "sqlite:" + filepath.Join(b.TempDir(), "tipoff.db")
	cfg.Slack = config.Slack{BotToken: "xoxb-fake-bot", APIURL: slackURL}
	cfg.Discord = config.Discord{Token: discordfake.Token, ApplicationID: discordfake.Application, APIURL: discordURL}
	cfg.Channels, cfg.Watches = nil, nil
	for n := range benchChannels {
		cfg.Channels = append(cfg.Channels,
			alert.Channel{Name: fmt.Sprint("s", n), Slack: fmt.Sprintf("C%04d", n)},
			alert.Channel{Name: fmt.Sprint("d", n), Discord: fmt.Sprint(30000 + n)})
	}
	s, err := bot.OpenStore(b.Context(), cfg, nil)
	if err != nil {
		b.Fatal(err)
	}
	defer s.Close()
	if _, err := s.Migrate(b.Context()); err != nil {
		b.Fatal(err)
	}
	if err := s.SyncSources(b.Context(), []sources.Source{{Name: "wire", URL: "https://wire.example/"}}); err != nil {
		b.Fatal(err)
	}
	source, _, err := s.Source(b.Context(), "wire")
	if err != nil {
		b.Fatal(err)
	}
	err = s.Update(b.Context(), func(ctx context.Context, tx pipeline.Tx) error {
		for n := range each {
			st := story.Story{
				ID: fmt.Sprintf("%016x", n), Title: fmt.Sprint("Story ", n, " of a campaign against telecom networks"), Source: "wire",
				URL: fmt.Sprint("https://wire.example/", n), Summary: strings.Repeat("Researchers say what they have seen. ", 10), Seen: time.Now(),
			}
			key, _, err := tx.AddStory(ctx, source, &st)
			if err != nil {
				return err
			}
			st.Matches = []story.Match{{Watch: "apt", Terms: []string{"campaign"}}}
			for _, c := range cfg.Channels {
				a := alert.Alert{Channel: c.Name, Kind: alert.KindNew, Severity: alert.High, Story: st, Created: time.Now()}
				if _, err := tx.AddAlert(ctx, key, a, c.Targets()); err != nil {
					return err
				}
			}
		}
		return nil
	})
	if err != nil {
		b.Fatal(err)
	}
	return cfg, done
}
