package bot_test

import (
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"tipoff/bot"
	"tipoff/bot/config"
	"tipoff/bot/discord/discordfake"
	"tipoff/bot/slack/slackfake"
	"tipoff/bot/store"
	"tipoff/filters"
)

// arena is the world of programs in processes of their own, which are killed:
// two feeds, the platforms, and chance.
type arena struct {
	*testing.T
	rng     *rand.Rand
	cfg     *config.Config
	file    string
	slack   *slackfake.Fake
	discord *discordfake.Fake

	slackChannels, discordChannels []string

	// procs are the processes that run, as far as is known.
	procs []*victim
	// dead is told of each that has ended.
	dead chan *victim
	// held is told which process waits for a late answer.
	held chan string

	// forgive are what a killed process cannot help: an answer that does not come,
	// a limit of which its successor knows nothing.
	forgive []string

	mu    sync.Mutex // guards news
	news  []news
	polls func(path, process string) // told of each visit; may be nil
}

// news is a story as the feeds have it now.
type news struct {
	n     int
	words string // no other story's
	draft bool   // not yet what the watch looks for
	edits int
	feeds string // "a", "b", or "ab"
	twice bool   // in the same feed
}

func (s news) title() string {
	kind, after := "Leak", ""
	if s.draft {
		kind = "Draft"
	}
	if s.edits > 0 {
		after = fmt.Sprintf(" (corrected, %d)", s.edits)
	}
	return fmt.Sprintf("%s number %04d: %s%s", kind, s.n, s.words, after)
}

func (s news) link() string { return fmt.Sprintf("https://origin.example/%04d", s.n) }

type arenaOptions struct {
	seed uint64
	// slack and discord are how many channels there are of each.
	slack, discord int
	// every is the interval of the sources' schedule.
	every string
	// sources are how many there are of each feed; 1 if zero.
	sources int
	// minutely is how many sources more there are, which bring nothing.
	minutely int
	// perSecond is what a Slack channel takes; no limit if zero.
	perSecond int
}

func newArena(t *testing.T, storeAddress string, o arenaOptions) *arena {
	t.Helper()
	a := &arena{
		T: t, rng: rand.New(rand.NewPCG(o.seed, 0)), //nolint:gosec // chance that can be repeated
		dead: make(chan *victim, 64), held: make(chan string, 64),
	}
	feeds := httptest.NewServer(http.HandlerFunc(a.serve))
	t.Cleanup(feeds.Close)
	var channels []slackfake.Channel
	for n := range o.slack {
		id := fmt.Sprintf("C%04d", n)
		a.slackChannels = append(a.slackChannels, id)
		channels = append(channels, slackfake.Channel{ID: id, Member: true})
	}
	var err error
	if a.slack, err = slackfake.Start(slackfake.Options{Channels: channels, PerSecond: o.perSecond, AckWithin: answerWithin}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(a.slack.Close)
	if a.discord, err = discordfake.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(a.discord.Close)
	a.discord.SetAnswerWithin(answerWithin)

	var y strings.Builder
	fmt.Fprintf(&y, "store: %q\nlisten: ${TIPOFF_TEST_LISTEN:-}\nslack: {bot_token: %s, app_token: %s, api_url: %q}\n", storeAddress, a.slack.BotToken(), a.slack.AppToken(), a.slack.URL())
	fmt.Fprintf(&y, "discord: {token: %s, application_id: %q, guild_id: %q, api_url: %q}\n", discordfake.Token, discordfake.Application, discordfake.Guild, a.discord.URL())
	y.WriteString("fetch: {allow_private: [127.0.0.0/8], per_host: 32, pace: 0s, user_agent: \"${TIPOFF_TEST_PROCESS:-none}\"}\nsources:\n")
	for n := range max(1, o.sources) {
		for _, feed := range []string{"a", "b"} {
			fmt.Fprintf(&y, "  - {name: %s%d, url: \"%s/%s/%d\", schedule: \"@every %s\", backfill: 100}\n", feed, n, feeds.URL, feed, n, o.every)
		}
	}
	for n := range o.minutely {
		fmt.Fprintf(&y, "  - {name: minute%d, url: \"%s/minute/%d\", schedule: \"* * * * *\"}\n", n, feeds.URL, n)
	}
	y.WriteString("channels:\n")
	var names []string
	for n, id := range a.slackChannels {
		fmt.Fprintf(&y, "  - {name: s%d, slack: %s}\n", n, id)
		names = append(names, fmt.Sprint("s", n))
	}
	for n := range o.discord {
		id := fmt.Sprint(5000 + n)
		a.discordChannels = append(a.discordChannels, id)
		a.discord.AddChannel(id)
		fmt.Fprintf(&y, "  - {name: d%d, discord: %q}\n", n, id)
		names = append(names, fmt.Sprint("d", n))
	}
	fmt.Fprintf(&y, "watches:\n  - {name: leaks, query: leak, channels: [%s]}\n", strings.Join(names, ", "))
	a.file = filepath.Join(t.TempDir(), "config.yaml")
	if err := os.WriteFile(a.file, []byte(y.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	if a.cfg, err = config.Load(a.file, os.LookupEnv); err != nil {
		t.Fatal(err)
	}
	return a
}

// window is how many of the newest stories a feed has.
const window = 100

// serve answers as feed /a/N or /b/N does.
func (a *arena) serve(w http.ResponseWriter, r *http.Request) {
	feed, _, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/")
	w.Header().Set("Content-Type", "application/rss+xml")
	fmt.Fprint(w, `<rss version="2.0"><channel><title>wire</title>`)
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.polls != nil {
		a.polls(r.URL.Path, r.UserAgent())
	}
	for _, s := range a.news[max(0, len(a.news)-window):] {
		if !strings.Contains(s.feeds, feed) {
			continue
		}
		item := fmt.Sprintf(`<item><title>%s</title><link>%s?utm_source=%s</link></item>`, s.title(), s.link(), feed)
		fmt.Fprint(w, item)
		if s.twice {
			fmt.Fprint(w, item)
		}
	}
	fmt.Fprint(w, `</channel></rss>`)
}

// publish adds stories: some in both feeds, some twice in one, some that become
// a leak by an edit. Now and then an older one is corrected.
func (a *arena) publish(n int) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for range n {
		s := news{n: len(a.news), words: a.words(), feeds: []string{"a", "b", "ab"}[a.rng.IntN(3)], twice: a.rng.IntN(6) == 0, draft: a.rng.IntN(5) == 0}
		a.news = append(a.news, s)
		if i := len(a.news) - 1 - a.rng.IntN(40); i >= 0 && i < len(a.news)-1 && a.rng.IntN(3) == 0 {
			a.edit(i)
		}
	}
}

// edit needs the lock.
func (a *arena) edit(i int) {
	if s := &a.news[i]; s.draft {
		s.draft = false
	} else {
		s.edits++
	}
}

// words make a headline like no other.
func (a *arena) words() string {
	var all []string
	for range 4 {
		var b strings.Builder
		for range 3 {
			b.WriteByte("bdfgklmnprstvz"[a.rng.IntN(14)])
			b.WriteByte("aeiou"[a.rng.IntN(5)])
		}
		all = append(all, b.String())
	}
	return strings.Join(all, " ")
}

// start starts one more process.
func (a *arena) start(env ...string) {
	a.procs = append(a.procs, startVictim(a.T, a.file, a.dead, env...))
}

// restart replaces a process that has ended.
func (a *arena) restart(v *victim) {
	a.procs = slices.DeleteFunc(a.procs, func(other *victim) bool { return other == v })
	a.start()
}

// stop kills all processes and waits for their ends.
func (a *arena) stop() {
	for _, v := range a.procs {
		v.kill()
		<-v.ended
		if !v.killed() {
			a.Errorf("the program ended by itself: %s", v.said.String())
		}
	}
}

// hold takes note of a call whose answer is late.
func (a *arena) hold(r *http.Request) { a.held <- r.Header.Get(victimHeader) }

// wait lets the program work for a while: that it is killed at any moment is
// the point, not that something has happened.
func (a *arena) wait(d time.Duration) {
	select {
	case <-time.After(d):
	case <-a.Context().Done():
	}
}

// leaks are the stories that are to be seen, by number.
func (a *arena) leaks() map[string]news {
	a.mu.Lock()
	defer a.mu.Unlock()
	all := make(map[string]news)
	for _, s := range a.news {
		if !s.draft {
			all[fmt.Sprintf("%04d", s.n)] = s
		}
	}
	return all
}

var leakTitle = regexp.MustCompile(`Leak number ([0-9]{4})`)

// seen are the numbers of the stories that people see, by channel and in order.
func (a *arena) seen() map[string][]string {
	all := make(map[string][]string)
	add := func(channel, text string) {
		if m := leakTitle.FindStringSubmatch(text); m != nil {
			all[channel] = append(all[channel], m[1])
		}
	}
	for _, id := range a.slackChannels {
		all[id] = nil
		for _, m := range a.slack.Messages(id) {
			add(id, m.Text)
		}
	}
	for _, id := range a.discordChannels {
		all[id] = nil
		for _, m := range a.discord.Messages(id) {
			add(id, m.Embeds[0].Title)
		}
	}
	return all
}

// waiting is how many messages are still to come.
func (a *arena) waiting() int {
	n := len(a.leaks()) * (len(a.slackChannels) + len(a.discordChannels))
	for _, list := range a.seen() {
		n -= len(list)
	}
	return n
}

// archive is what is stored: the headlines by address, and the deliveries that
// are not done.
func (a *arena) archive(ctx context.Context) (titles map[string][]string, open map[string]int, err error) {
	s, err := bot.ReadStore(ctx, a.cfg)
	if err != nil {
		return nil, nil, err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	all, err := filters.Compile("*")
	if err != nil {
		return nil, nil, err
	}
	titles = make(map[string][]string)
	for hit, err := range s.All(ctx, store.Search{Filter: all}) {
		if err != nil {
			return nil, nil, err
		}
		titles[hit.Story.URL] = append(titles[hit.Story.URL], hit.Story.Title)
	}
	if open, err = s.DeliveryCounts(ctx); err != nil {
		return nil, nil, err
	}
	delete(open, "sent")
	return titles, open, nil
}

// settleWithin is how long no message more may be seen until the last stories
// are given up: a replica that is killed is mourned for three seconds, and a
// failing platform tried again ever later.
const settleWithin = 2 * time.Minute

// settle publishes what was a draft, and waits until everything is stored, seen
// and done.
func (a *arena) settle() {
	a.mu.Lock()
	for i := max(0, len(a.news)-window); i < len(a.news); i++ {
		if a.news[i].draft {
			a.edit(i)
		}
	}
	a.mu.Unlock()
	idle := time.NewTimer(settleWithin)
	defer idle.Stop()
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	least := math.MaxInt // messages that were still to come
	for {
		select {
		case <-a.Context().Done():
			return
		case <-idle.C:
			return // what is missing is told by compare
		case v := <-a.dead:
			a.Errorf("the program ended: %s", v.said.String())
			return
		case <-a.held:
		case <-tick.C:
		}
		left := a.waiting()
		if left < least {
			least = left
			idle.Reset(settleWithin)
		}
		if left > 0 {
			continue
		}
		titles, open, err := a.archive(a.Context())
		if err == nil && len(open) == 0 && !slices.ContainsFunc(a.published(), func(s news) bool { return !slices.Contains(titles[s.link()], s.title()) }) {
			return
		}
	}
}

func (a *arena) published() []news {
	a.mu.Lock()
	defer a.mu.Unlock()
	return slices.Clone(a.news)
}

// compare says what is lost, twice, or in another order.
func (a *arena) compare() {
	titles, open, err := a.archive(a.Context())
	if err != nil {
		a.Fatal(err)
	}
	if len(open) > 0 {
		a.Errorf("deliveries that are not done: %v", open)
	}
	all := a.published()
	notStored, lost, twice := 0, 0, 0
	for _, s := range all {
		if got := titles[s.link()]; len(got) != 1 || got[0] != s.title() {
			notStored++
			a.Errorf("the archive has %q for %q", got, s.title())
		}
	}
	if len(titles) != len(all) {
		a.Errorf("the archive has %d stories, %d were published", len(titles), len(all))
	}
	leaks, seen := a.leaks(), a.seen()
	first := seen[a.slackChannels[0]]
	for channel, list := range seen {
		count := make(map[string]int)
		for _, n := range list {
			count[n]++
			if _, ok := leaks[n]; !ok {
				a.Errorf("%s: number %s was not published", channel, n)
			}
		}
		for n := range leaks {
			switch {
			case count[n] == 0:
				lost++
				a.Errorf("%s: number %s is lost", channel, n)
			case count[n] > 1:
				twice++
				a.Errorf("%s: number %s is seen %d times", channel, n, count[n])
			}
		}
		if !slices.Equal(list, first) {
			a.Errorf("%s: another order than in %s:\n%v\n%v", channel, a.slackChannels[0], list, first)
		}
	}
	edits := 0
	for _, s := range all {
		edits += s.edits
	}
	forgiven := 0
	for _, v := range append(a.slack.Violations(), a.discord.Violations()...) {
		if slices.ContainsFunc(a.forgive, func(part string) bool { return strings.Contains(v, part) }) {
			forgiven++
			continue
		}
		a.Errorf("a limit was broken: %s", v)
	}
	a.Logf("%d stories published, %d corrections, in %d channels: %d not stored as published, %d lost, %d seen twice",
		len(all), edits, len(seen), notStored, lost, twice)
	if forgiven > 0 {
		a.Logf("%d times: %s", forgiven, strings.Join(a.forgive, ", or "))
	}
}
