package bot_test

import (
	"flag"
	"math/rand/v2"
	"net/http"
	"path/filepath"
	"slices"
	"strconv"
	"testing"
	"time"

	"tipoff/bot/discord/discordfake"
	"tipoff/bot/slack/slackfake"
	"tipoff/bot/store/storetest"
)

// The long run: go test ./bot -run TestKilled -kills 500 -timeout 2h
var (
	kills    = flag.Int("kills", len(points)+3, "how often TestKilled kills the program, on each database")
	killSeed = flag.Uint64("killseed", 1, "the seed of TestKilled")
)

// TestKilled kills the program again and again, at each of the points and at
// random, while feeds publish, correct and repeat and the platforms fail. Then it
// compares what was published with what is stored and what people see: each
// story once, in the archive and in each channel, and in one order.
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
			t.Parallel() // most of the time both wait for Slack's one message a second
			a := newArena(t, test.store(t), arenaOptions{seed: *killSeed, slack: 6, discord: 4, every: "1s"})
			c := &crash{arena: a, chance: rand.New(rand.NewPCG(*killSeed, 1)), died: make(map[point]int), hurts: make(map[string]int)} //nolint:gosec // chance that can be repeated
			// Who is killed between a platform's wish for a pause and the store tells
			// nobody of it.
			a.forgive = []string{"called in the pause that was asked for"}
			a.publish(3)
			for range test.replicas {
				a.start()
			}
			for n := range *kills {
				c.kill(n)
			}
			// A point that was not come to in time has another chance.
			for n := *kills; *kills >= len(points) && len(c.missing()) > 0 && n < *kills+2*len(points); n++ {
				c.deck = c.missing()
				c.kill(n)
			}
			a.settle()
			a.stop()
			a.compare()
			c.tell()
		})
	}
}

// crash is a run of TestKilled.
type crash struct {
	*arena
	// chance says where to kill and how to hurt: unlike the arena's, it does not
	// depend on how fast things go.
	chance *rand.Rand
	deck   []point
	died   map[point]int // kills by where
	late   int           // points that were not come to in time
	hurts  map[string]int
}

const (
	// atRandom is a kill at any moment: in each round one for four at a point.
	atRandom point = "at random"
	// patience is how long the program may take to come to a point.
	patience = 10 * time.Second
	// tooMuch is how many messages may wait until nothing more is published:
	// killing is to meet work, and not to pile it up.
	tooMuch = 30
)

// next is where to kill next: at each of the points in turn, in an order that the
// seed gives.
func (c *crash) next() point {
	if len(c.deck) == 0 {
		c.deck = append(slices.Clone(points), slices.Repeat([]point{atRandom}, len(points)/4)...)
		c.chance.Shuffle(len(c.deck), func(i, j int) { c.deck[i], c.deck[j] = c.deck[j], c.deck[i] })
	}
	p := c.deck[0]
	c.deck = c.deck[1:]
	return p
}

// kill kills one process, and starts another.
func (c *crash) kill(n int) {
	p := c.next()
	c.hurt()
	if c.waiting() < tooMuch {
		c.publish(1 + c.chance.IntN(2))
	}
	switch p {
	case atRandom:
		c.wait(time.Duration(50+c.chance.IntN(1000)) * time.Millisecond)
		c.procs[c.chance.IntN(len(c.procs))].kill()
	case workedSlack:
		c.slack.Fail(slackfake.Fault{Kind: slackfake.LateAnswer, Method: "chat.postMessage", Held: c.hold})
	case workedDiscord:
		c.discord.Inject(discordfake.Fault{Method: http.MethodPost, Path: "/channels/", LateAnswer: true, Held: c.hold})
	default:
		for _, v := range c.procs {
			v.arm(p)
		}
	}
	more := time.NewTicker(time.Second)
	defer more.Stop()
	late := time.NewTimer(patience)
	defer late.Stop()
	for {
		select {
		case v := <-c.dead:
			if !v.killed() {
				c.Fatalf("kill %d, %s: the program ended by itself: %s", n, p, v.said.String())
			}
			c.died[p]++
			for _, other := range c.procs {
				other.arm("")
			}
			c.restart(v)
			return
		case pid := <-c.held:
			for _, v := range c.procs {
				if strconv.Itoa(v.pid()) == pid && (p == workedSlack || p == workedDiscord) {
					v.kill()
				}
			}
		case <-more.C:
			if c.waiting() < tooMuch {
				c.publish(1)
			}
		case <-late.C:
			// It has nothing to do there, or its platform rests.
			c.late++
			p = atRandom
			c.procs[c.chance.IntN(len(c.procs))].kill()
		}
	}
}

// hurt makes the platforms fail in one way or another, or not at all.
func (c *crash) hurt() {
	post := func(f discordfake.Fault) {
		f.Method, f.Path = http.MethodPost, "/channels/"
		c.discord.Inject(f)
	}
	ways := []struct {
		name string
		do   func()
	}{
		{"Slack 500", func() { c.slack.Fail(slackfake.Fault{Kind: slackfake.ServerError, Times: 3}) }},
		{"Slack 429", func() {
			c.slack.Fail(slackfake.Fault{Kind: slackfake.RateLimited, Method: "chat.postMessage", RetryAfter: 1})
		}},
		{"Slack resets", func() { c.slack.Fail(slackfake.Fault{Kind: slackfake.Reset, Method: "chat.postMessage", Times: 2}) }},
		{"Slack loses an answer", func() {
			c.slack.Fail(slackfake.Fault{Kind: slackfake.LoseAnswer, Method: "chat.postMessage", Times: 2})
		}},
		{"Slack hangs", func() { c.slack.Fail(slackfake.Fault{Kind: slackfake.Hang, Method: "chat.postMessage"}) }},
		{"Slack is late", func() { c.slack.Fail(slackfake.Fault{Kind: slackfake.LateAnswer, Method: "chat.postMessage"}) }},
		{"Discord 502", func() { post(discordfake.Fault{Status: http.StatusBadGateway, Times: 2}) }},
		{"Discord 429", func() { post(discordfake.Fault{Status: http.StatusTooManyRequests, RetryAfter: time.Second}) }},
		{"Discord resets", func() { post(discordfake.Fault{Times: 2}) }},
		{"Discord loses an answer", func() { post(discordfake.Fault{LoseAnswer: true, Times: 2}) }},
		{"Discord hangs", func() { post(discordfake.Fault{Hang: true}) }},
		{"Discord is late", func() { post(discordfake.Fault{LateAnswer: true}) }},
	}
	if n := c.chance.IntN(len(ways) * 3 / 2); n < len(ways) {
		c.hurts[ways[n].name]++
		ways[n].do()
	}
}

// missing are the points at which nobody was killed yet.
func (c *crash) missing() []point {
	return slices.DeleteFunc(slices.Clone(points), func(p point) bool { return c.died[p] > 0 })
}

// tell says what was done, and fails where a point was never killed at.
func (c *crash) tell() {
	all := 0
	for _, p := range append(slices.Clone(points), atRandom) {
		all += c.died[p]
		c.Logf("%5d kills %s", c.died[p], p)
	}
	if *kills >= len(points) {
		for _, p := range c.missing() {
			c.Errorf("the program was never killed %s", p)
		}
	}
	c.Logf("%5d kills in all, %d of them at random because the point did not come within %v; seed %d", all, c.late, patience, *killSeed)
	c.Logf("the platforms failed: %v", c.hurts)
}
