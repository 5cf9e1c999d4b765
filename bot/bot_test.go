package bot_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"html"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"tipoff/bot"
	"tipoff/bot/alert"
	"tipoff/bot/config"
	"tipoff/bot/demo"
	"tipoff/bot/discord/discordfake"
	"tipoff/bot/slack/slackfake"
	"tipoff/bot/terminal"
	"tipoff/sources"
)

// press is a server of feeds that a test writes.
type press struct {
	*httptest.Server

	mu     sync.Mutex
	feeds  map[string][]entry
	status map[string]int
	polls  map[string]int
	polled chan struct{} // gets a value, if it has room, with each answer
}

type entry struct{ guid, link, title, text string }

func newPress(t *testing.T) *press {
	t.Helper()
	p := &press{feeds: make(map[string][]entry), status: make(map[string]int), polls: make(map[string]int), polled: make(chan struct{}, 1)}
	p.Server = httptest.NewServer(p)
	t.Cleanup(p.Close)
	return p
}

func (p *press) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	p.mu.Lock()
	defer p.mu.Unlock()
	name := strings.Trim(r.URL.Path, "/")
	p.polls[name]++
	select {
	case p.polled <- struct{}{}:
	default:
	}
	if code := p.status[name]; code != 0 {
		w.WriteHeader(code)
		return
	}
	w.Header().Set("Content-Type", "application/rss+xml")
	var b bytes.Buffer
	fmt.Fprintf(&b, `<?xml version="1.0"?><rss version="2.0"><channel><title>%s</title>`, name)
	for _, e := range p.feeds[name] {
		fmt.Fprintf(&b, `<item><guid>%s</guid><link>%s</link><title>%s</title><description>%s</description></item>`,
			html.EscapeString(e.guid), html.EscapeString(e.link), html.EscapeString(e.title), html.EscapeString(e.text))
	}
	b.WriteString(`</channel></rss>`)
	_, _ = w.Write(b.Bytes())
}

func (p *press) publish(feed string, entries ...entry) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.feeds[feed] = entries
}

// wait waits until a feed has been asked for n times in all.
func (p *press) wait(t *testing.T, feed string, n int) {
	t.Helper()
	for {
		p.mu.Lock()
		got := p.polls[feed]
		p.mu.Unlock()
		if got >= n {
			return
		}
		select {
		case <-p.polled:
		case <-t.Context().Done():
			t.Fatalf("%s was asked for %d times, want %d", feed, got, n)
		}
	}
}

func (p *press) count(feed string) int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.polls[feed]
}

// leak is a story that says what it can to be taken for something else.
var leak = entry{
	guid: "leak", link: "https://origin.example/leak?utm_source=feed",
	title: "i-SOON <leak> @everyone <!channel> & [click](https://evil.example)",
	text:  "<p>Chinese <b>contractor</b> files. &lt;!here&gt; <@U0123> @here &#8238;desrever</p>",
}

// configuration is a config for feeds of the press.
func configuration(t *testing.T, p *press, feeds ...string) *config.Config {
	t.Helper()
	cfg := &config.Config{
		File: filepath.Join(t.TempDir(), "config.yaml"), Store: stores.Address(t), Zone: time.UTC, Command: "news",
		Fetch: config.Fetch{
			Timeout: time.Minute, MaxBytes: 1 << 20, Concurrency: 16, PerHost: 16,
			AllowPrivate: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")},
		},
		Channels: []alert.Channel{{Name: "desk", File: "alerts.jsonl"}},
		Watches:  []alert.Watch{{Name: "china", Query: `"i-soon" OR chinese`, Channels: []string{"desk"}, Severity: alert.High}},
	}
	for _, f := range feeds {
		cfg.Sources = append(cfg.Sources, sources.Source{Name: f, URL: p.URL + "/" + f, Schedule: "@every 1s"})
	}
	return cfg
}

func options(t *testing.T, cfg *config.Config) bot.Options {
	t.Helper()
	return bot.Options{
		Log: slog.New(slog.NewTextHandler(testWriter{t}, &slog.HandlerOptions{Level: slog.LevelWarn})), Version: "test",
		Dir: filepath.Dir(cfg.File),
	}
}

// testWriter shows the program's log with the test that failed.
type testWriter struct{ t *testing.T }

func (w testWriter) Write(p []byte) (int, error) {
	w.t.Logf("%s", bytes.TrimSpace(p))
	return len(p), nil
}

// alerts reads what the file target got.
func alerts(t *testing.T, cfg *config.Config) []alert.Alert {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(filepath.Dir(cfg.File), "alerts.jsonl"))
	if os.IsNotExist(err) {
		return nil
	}
	if err != nil {
		t.Fatal(err)
	}
	var all []alert.Alert
	for line := range bytes.Lines(data) {
		var a alert.Alert
		if err := json.Unmarshal(line, &a); err != nil {
			t.Fatalf("%s: %v", line, err)
		}
		all = append(all, a)
	}
	return all
}

// once polls everything once in a program of its own, as `tipoff poll` does.
func once(t *testing.T, cfg *config.Config) bot.Totals {
	t.Helper()
	o := options(t, cfg)
	o.Once = true
	app, err := bot.New(t.Context(), cfg, o)
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := app.Close(); err != nil {
			t.Error(err)
		}
	}()
	if err := app.PollOnce(t.Context()); err != nil {
		t.Error(err)
	}
	if err := app.Stop(); err != nil {
		t.Error(err)
	}
	return app.Totals()
}

func TestPollAgainstChangingFeeds(t *testing.T) {
	t.Parallel()
	p := newPress(t)
	old := entry{guid: "old", link: "https://one.example/old", title: "Old Chinese news"}
	p.publish("one", old)
	cfg := configuration(t, p, "one", "two", "dead")
	p.status["dead"] = http.StatusInternalServerError

	if got, want := once(t, cfg), (bot.Totals{Polled: 3, Failed: 1, Baseline: 1}); got != want {
		t.Errorf("first pass %+v, want %+v", got, want)
	}
	p.publish("one", leak, old)
	if got := once(t, cfg); got.New != 1 || got.Alerts != 1 || got.Delivered != 1 {
		t.Errorf("second pass %+v, want one new story, alerted and delivered", got)
	}
	edited := leak
	edited.title = "i-SOON leak, corrected"
	p.publish("one", old, edited)
	// The same story, told by another under a disguise of its address.
	p.publish("two", entry{guid: "2", link: "http://ORIGIN.example:80/leak?utm_medium=x#top", title: "They write of i-SOON"})
	if got := once(t, cfg); got.New != 0 || got.Edited != 1 || got.Alerts != 0 {
		t.Errorf("third pass %+v, want an edit and no alert", got)
	}
	got := alerts(t, cfg)
	if len(got) != 1 {
		t.Fatalf("%d alerts, want 1: %+v", len(got), got)
	}
	a := got[0]
	if a.Channel != "desk" || a.Kind != alert.KindNew || !cmp.Equal(a.Watches, []string{"china"}) ||
		a.Story.URL != "https://origin.example/leak" || !cmp.Equal(a.Story.Matches[0].Terms, []string{"i-SOON", "Chinese"}) {
		t.Errorf("alert %+v", a)
	}
}

func TestSameAlertOnBothPlatforms(t *testing.T) {
	t.Parallel()
	p := newPress(t)
	cfg := configuration(t, p, "one")
	cfg.Listen = "127.0.0.1:0"
	slack, discord := bothChats(t, cfg, slackfake.Options{})
	cfg.Channels = []alert.Channel{{Name: "desk", Slack: "C0123", Discord: discordfake.Channel, File: "alerts.jsonl"}}
	app, _ := start(t, cfg, options(t, cfg))

	p.wait(t, "one", 2) // the empty baseline is stored before the second visit
	p.publish("one", leak)
	onSlack, err := slack.WaitMessages(t.Context(), "C0123", 1)
	if err != nil {
		t.Fatal(err)
	}
	onDiscord, err := discord.WaitMessages(t.Context(), discordfake.Channel, 1)
	if err != nil {
		t.Fatal(err)
	}
	for platform, mentions := range map[string][]string{
		"slack": slackfake.ActiveMentions(onSlack[0]), "discord": discordfake.ActiveMentions(onDiscord[0]),
	} {
		if len(mentions) > 0 {
			t.Errorf("%s: the feed's text pings %v", platform, mentions)
		}
	}
	for _, l := range slackfake.Links(onSlack[0]) {
		if !strings.HasPrefix(l.URL, "https://origin.example/leak") {
			t.Errorf("slack: a forged link %+v", l)
		}
	}
	for _, text := range onDiscord[0].Texts() {
		for _, l := range discordfake.ReadMarkdown(text).Links {
			if !strings.HasPrefix(l.URL, "https://origin.example/leak") {
				t.Errorf("discord: a forged link %+v", l)
			}
		}
	}

	reply, err := slack.SlashCommand(t.Context(), slackfake.Slash{Command: "/news", Text: "search i-soon", User: "U1", Channel: "C0123"})
	if err != nil {
		t.Fatal(err)
	}
	if text := slackfake.PlainText(reply.Blocks); !reply.Ephemeral || !strings.Contains(text, "i-SOON") {
		t.Errorf("slack answers %q, ephemeral %v", text, reply.Ephemeral)
	}
	answer, err := discord.Slash(t.Context(), "search", map[string]any{"query": "i-soon"}, discordfake.User{ID: "5001", Name: "ana"}, discordfake.Channel)
	if err != nil {
		t.Fatal(err)
	}
	if text := strings.Join(answer.Message.Texts(), "\n"); !strings.Contains(text, "SOON") {
		t.Errorf("discord answers %q", text)
	}

	// A watch added on one platform is in force for both.
	if _, err := slack.SlashCommand(t.Context(), slackfake.Slash{Command: "/news", Text: "watch add wipers wiper", User: "U1", Channel: "C0123"}); err != nil {
		t.Fatal(err)
	}
	p.publish("one", entry{guid: "w", link: "https://one.example/w", title: "A wiper is found"}, leak)
	if onDiscord, err = discord.WaitMessages(t.Context(), discordfake.Channel, 2); err != nil {
		t.Fatal(err)
	}
	if text := strings.Join(onDiscord[1].Texts(), "\n"); !strings.Contains(text, "wiper") {
		t.Errorf("the second message is %q", text)
	}

	for _, path := range []string{"/healthz", "/readyz", "/metrics"} {
		get(t, "http://"+app.Addr()+path, map[bool]string{true: "tipoff_alerts_total 2", false: ""}[path == "/metrics"])
	}
	if v := append(slack.Violations(), discord.Violations()...); len(v) > 0 {
		t.Errorf("limits broken: %v", v)
	}
}

// get expects 200 and a text.
func get(t *testing.T, url, want string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	var body bytes.Buffer
	if _, err := body.ReadFrom(res.Body); err != nil {
		t.Fatal(err)
	}
	if res.StatusCode != http.StatusOK || !strings.Contains(body.String(), want) {
		t.Errorf("%s: %s, want 200 and %q in\n%s", url, res.Status, want, body.String())
	}
}

// answerWithin is what the platforms give the program for the first answer to a
// command. It is not their 3 seconds, which a machine that does much else can
// take for itself: that the program keeps to them is for the platforms' own tests.
const answerWithin = time.Minute

// bothChats starts both chat platforms and gives a config what it takes to reach
// them.
func bothChats(t *testing.T, cfg *config.Config, o slackfake.Options) (*slackfake.Fake, *discordfake.Fake) {
	t.Helper()
	o.AckWithin = answerWithin
	slack, err := slackfake.Start(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(slack.Close)
	discord, err := discordfake.Start()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(discord.Close)
	discord.SetAnswerWithin(answerWithin)
	cfg.Slack = config.Slack{BotToken: config.Secret(slack.BotToken()), AppToken: config.Secret(slack.AppToken()), APIURL: slack.URL()}
	cfg.Discord = config.Discord{Token: discordfake.Token, ApplicationID: discordfake.Application, GuildID: discordfake.Guild, APIURL: discord.URL()}
	return slack, discord
}

// start runs the program until stop is called, or the test ends.
func start(t *testing.T, cfg *config.Config, o bot.Options) (app *bot.App, stop func()) {
	t.Helper()
	app, err := bot.New(t.Context(), cfg, o)
	if err != nil {
		t.Fatal(err)
	}
	stop = sync.OnceFunc(func() {
		for _, err := range []error{app.Stop(), app.Close()} {
			if err != nil {
				t.Error(err)
			}
		}
	})
	t.Cleanup(stop)
	if err := app.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	return app, stop
}

func TestBadTokensLeaveTheRestAlone(t *testing.T) {
	t.Parallel()
	p := newPress(t)
	cfg := configuration(t, p, "one")
	bothChats(t, cfg, slackfake.Options{})
	cfg.Slack.BotToken, cfg.Slack.AppToken = "xoxb-wrong-and-secret", "xapp-wrong-and-secret"
	cfg.Discord.Token, cfg.Discord.ApplicationID, cfg.Discord.GuildID = "wrong-and-secret", "", ""
	cfg.Channels = append(cfg.Channels, alert.Channel{Name: "chat", Slack: "C0123", Discord: discordfake.Channel})
	cfg.Watches[0].Channels = []string{"desk", "chat"}
	log := &lines{want: []string{"invalid_auth", "iscord"}, seen: make(chan struct{})}
	o := options(t, cfg)
	o.Log = slog.New(slog.NewTextHandler(log, &slog.HandlerOptions{Level: slog.LevelWarn}))
	got := make(chan string, 10)
	cfg.Channels = append(cfg.Channels, alert.Channel{Name: "screen", Terminal: true})
	cfg.Watches[0].Channels = append(cfg.Watches[0].Channels, "screen")
	o.Terminal = terminal.New(writer(func(s string) { got <- s }), terminal.Options{})
	start(t, cfg, o)

	p.wait(t, "one", 2)
	p.publish("one", leak)
	if text := <-got; !strings.Contains(text, "i-SOON") {
		t.Errorf("the terminal shows %q", text)
	}
	<-log.seen
	if text := log.String(); strings.Contains(text, "secret") {
		t.Errorf("a token is in the log:\n%s", text)
	}
}

type writer func(string)

func (w writer) Write(p []byte) (int, error) {
	w(string(p))
	return len(p), nil
}

// lines collects a log, and closes seen when all that is wanted is in it.
type lines struct {
	mu   sync.Mutex
	buf  bytes.Buffer
	want []string
	seen chan struct{}
}

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.buf.Write(p)
	l.want = slices.DeleteFunc(l.want, func(s string) bool { return strings.Contains(l.buf.String(), s) })
	if len(l.want) == 0 && l.seen != nil {
		select {
		case <-l.seen:
		default:
			close(l.seen)
		}
	}
	return len(p), nil
}

func (l *lines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.String()
}

// TestDemo holds the program against the demo's own expectations.
func TestDemo(t *testing.T) {
	t.Parallel()
	world, err := demo.Start(t.Context(), demo.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = world.Close() })
	cfg := configuration(t, newPress(t))
	cfg.Sources, cfg.Watches = world.Sources(), world.Watches()
	o := options(t, cfg)
	o.Log = slog.New(slog.DiscardHandler) // the broken ones are broken on purpose
	app, _ := start(t, cfg, o)
	for {
		polls := 1
		if world.Step() == world.Steps() {
			polls = 2 // a source is polled again only after its last visit was dealt with
		}
		select {
		case <-world.Served(world.Step(), polls):
		case <-t.Context().Done():
			t.Fatalf("step %d never came to an end", world.Step())
		}
		// An alert shows its story as it is when it is sent, and what comes in one step
		// is changed two steps later.
		if err := app.Settle(t.Context()); err != nil {
			t.Fatal(err)
		}
		if !world.Advance() {
			break
		}
	}
	var want, got []string
	for _, e := range world.Expect() {
		want = append(want, e.Title+" by "+strings.Join(e.Watches, " "))
	}
	for _, a := range alerts(t, cfg) {
		line := a.Story.Title + " by " + strings.Join(a.Watches, " ")
		// Expectations give the beginning of a title.
		for _, w := range world.Expect() {
			if strings.HasPrefix(a.Story.Title, w.Title) {
				line = w.Title + " by " + strings.Join(a.Watches, " ")
			}
		}
		got = append(got, line)
	}
	slices.Sort(want)
	slices.Sort(got)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("alerts (-want +got):\n%s", diff)
	}
}

func TestStopFinishesAndKeepsTheRest(t *testing.T) {
	t.Parallel()
	p := newPress(t)
	cfg := configuration(t, p, "one")
	app, err := bot.New(t.Context(), cfg, options(t, cfg))
	if err != nil {
		t.Fatal(err)
	}
	defer app.Close()
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error)
	go func() { done <- app.Run(ctx) }()
	p.wait(t, "one", 1)
	cancel()
	if err := <-done; err != nil {
		t.Errorf("a stop that was asked for: %v", err)
	}
	n := p.count("one")
	if err := app.Close(); err != nil {
		t.Error(err)
	}
	if p.count("one") != n {
		t.Error("polled after the stop")
	}
}
