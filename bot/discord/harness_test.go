package discord

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"tipoff/bot/alert"
	"tipoff/bot/card"
	"tipoff/bot/command"
	"tipoff/bot/deliver"
	"tipoff/bot/discord/discordfake"
)

var analyst = discordfake.User{ID: "4001", Name: "ana"}

// fake starts a Discord, and fails the test for every rule that was broken
// unless the test says that it means to.
func fake(t *testing.T) *discordfake.Fake {
	t.Helper()
	f, err := discordfake.Start()
	if err != nil {
		t.Fatal(err)
	}
	f.SetAnswerWithin(generous) // what answers late does so when its test says
	t.Cleanup(func() {
		f.Close()
		for _, v := range f.Violations() {
			t.Errorf("Discord's rules were broken: %s", v)
		}
	})
	return f
}

// generous is a limit that no test comes to, however slow the machine.
const generous = 2 * time.Minute

// testContext ends soon enough to say where a test hangs.
func testContext(t *testing.T) context.Context {
	ctx, cancel := context.WithTimeout(t.Context(), generous)
	t.Cleanup(cancel)
	return ctx
}

func alertMessage(id string) deliver.Message {
	return deliver.Message{
		ID:   id,
		To:   alert.Target{Kind: alert.Discord, Address: discordfake.Channel},
		Card: fullCard(),
	}
}

func asError(t *testing.T, err error) *deliver.Error {
	t.Helper()
	var e *deliver.Error
	if !errors.As(err, &e) {
		t.Fatalf("error is %T %v, want *deliver.Error", err, err)
	}
	return e
}

// timers stands for time.After: waiting between attempts takes no time, and the
// moment to promise an answer comes when the test says so.
type timers struct {
	later chan time.Time // fires deferAfter
	hung  chan time.Time // fires handshakeTimeout
	grace chan time.Time // fires grace
	stuck chan time.Time // fires stuckTimeout
	mu    sync.Mutex
	waits []time.Duration // of all other kinds
}

func (c *timers) after(d time.Duration) <-chan time.Time {
	switch d {
	case deferAfter:
		return c.later
	case handshakeTimeout:
		return c.hung
	case grace:
		return c.grace
	case stuckTimeout:
		return c.stuck
	case lastGrace:
		return time.After(d)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.waits = append(c.waits, d)
	done := make(chan time.Time)
	close(done)
	return done
}

// commands are a small tree whose commands say what they were asked.
type commands struct {
	root *command.Command
	run  func(ctx context.Context, r command.Request) card.Page
}

func (c *commands) Root() *command.Command { return c.root }

func (c *commands) Run(ctx context.Context, r command.Request) card.Page {
	return c.run(ctx, r)
}

func (c *commands) Turn(_ context.Context, token string, u command.User, channel string) card.Page {
	return card.Page{Title: "Page " + token, Lead: u.ID + " in " + channel, Prev: "s.0"}
}

func newsTree() *command.Command {
	leaf := func(name string, os ...command.Option) *command.Command {
		return &command.Command{
			Name: name, Help: "Help of " + name, Options: os,
			Run: func(context.Context, *command.Request) (card.Page, error) { return card.Page{}, nil },
		}
	}
	suggest := func(_ context.Context, typed string) []string {
		return []string{typed + "-desk", strings.Repeat("x", 101), "", typed + "-desk"}
	}
	return &command.Command{Name: "news", Help: "Security news", Sub: []*command.Command{
		leaf("search",
			command.Option{Name: "limit", Help: "how many", Type: command.Int},
			command.Option{Name: "query", Help: "what to find", Required: true, Rest: true},
			command.Option{Name: "order", Help: "which first", Choices: []string{"newest", "best"}}),
		leaf("help"),
		{Name: "watch", Help: "Watches", Sub: []*command.Command{
			leaf("add", command.Option{Name: "name", Help: "its name", Required: true}, command.Option{Name: "channel", Help: "where", Suggest: suggest}),
			leaf("list"),
		}},
	}}
}

// say answers with what the request held.
func say(_ context.Context, r command.Request) card.Page {
	return card.Page{
		Title: r.Path, Lead: r.User.ID + " " + r.User.Name + " in " + r.Channel,
		Code: "query=" + r.Args["query"] + " limit=" + r.Args["limit"] + " name=" + r.Args["name"], Next: "s.1",
	}
}

// bot is a Discord that runs against a fake.
type bot struct {
	*Discord
	fake   *discordfake.Fake
	timers *timers
	log    *safeBuffer
	stop   context.CancelFunc
	done   chan struct{}
	err    error // of Run, once done is closed
}

// safeBuffer is a log that a test can read and wait for.
type safeBuffer struct {
	mu      sync.Mutex
	b       bytes.Buffer
	written chan struct{} // closed and replaced at every line
}

func (s *safeBuffer) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	close(s.written)
	s.written = make(chan struct{})
	return s.b.Write(p)
}

func (s *safeBuffer) wait(t *testing.T, text string) {
	t.Helper()
	ctx := testContext(t)
	for {
		s.mu.Lock()
		found, written := strings.Contains(s.b.String(), text), s.written
		s.mu.Unlock()
		if found {
			return
		}
		select {
		case <-written:
		case <-ctx.Done():
			t.Fatalf("%q is not in the log:\n%s", text, s)
		}
	}
}

func (s *safeBuffer) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.String()
}

// start runs a bot until the test's end or until stop is called.
func start(t *testing.T, f *discordfake.Fake, run func(context.Context, command.Request) card.Page, change ...func(*Options)) *bot {
	t.Helper()
	b := &bot{
		fake: f, log: &safeBuffer{written: make(chan struct{})}, done: make(chan struct{}),
		timers: &timers{
			later: make(chan time.Time), hung: make(chan time.Time), grace: make(chan time.Time), stuck: make(chan time.Time),
		},
	}
	o := Options{
		Token: discordfake.Token, APIURL: f.URL(), Commands: &commands{root: newsTree(), run: run},
		Log: slog.New(slog.NewTextHandler(b.log, nil)),
	}
	for _, c := range change {
		c(&o)
	}
	b.Discord = New(o)
	b.after = b.timers.after
	ctx, stop := context.WithCancel(t.Context())
	b.stop = stop
	go func() {
		b.err = b.Run(ctx)
		close(b.done)
	}()
	t.Cleanup(func() {
		stop()
		<-b.done
		if strings.Contains(b.log.String(), discordfake.Token) {
			t.Error("the log holds the token")
		}
		if strings.Contains(b.log.String(), "secret-") {
			t.Error("the log holds an interaction's token")
		}
	})
	return b
}

// end waits for Run to return and gives its error.
func (b *bot) end(t *testing.T) error {
	t.Helper()
	select {
	case <-b.done:
	case <-testContext(t).Done():
		t.Fatalf("Run does not return; its log:\n%s", b.log)
	}
	return b.err
}

// quit stops the bot and waits until Discord knows, so that the next one does
// not share its commands with it.
func (b *bot) quit(t *testing.T) {
	t.Helper()
	b.stop()
	if err := b.end(t); err != nil {
		t.Errorf("Run returned %v", err)
	}
	if err := b.fake.Wait(testContext(t), func() bool { return b.fake.Stats().Live == 0 }); err != nil {
		t.Fatal(err)
	}
}
