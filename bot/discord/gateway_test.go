package discord

import (
	"runtime"
	"strings"
	"testing"
	"time"

	"tipoff/bot/discord/discordfake"
)

func helpWorks(t *testing.T, f *discordfake.Fake) {
	t.Helper()
	r, err := f.Slash(testContext(t), "help", nil, analyst, "2002")
	if err != nil {
		t.Fatal(err)
	}
	if r.Message.Embeds[0].Title != "help" {
		t.Errorf("got %+v", r)
	}
}

// However the connection is lost, the bot comes back, and hears what was asked
// in the meantime if Discord kept the session.
func TestReconnect(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name    string
		lose    func(*discordfake.Fake)
		resumed bool
	}{
		{"cut", (*discordfake.Fake).DropConnections, true},
		{"closed for an unknown error", func(f *discordfake.Fake) { f.CloseConnections(4000, "Unknown error.") }, true},
		{"asked to reconnect", (*discordfake.Fake).AskReconnect, true},
		{"session timed out", func(f *discordfake.Fake) { f.CloseConnections(4009, "Session timed out.") }, false},
		{"session invalid", (*discordfake.Fake).InvalidateSessions, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			f, ctx := fake(t), testContext(t)
			start(t, f, say)
			helpWorks(t, f)
			before := f.Stats()
			c.lose(f)
			if c.resumed {
				// Asked while nobody is connected.
				helpWorks(t, f)
			}
			err := f.Wait(ctx, func() bool {
				s := f.Stats()
				return s.Live == 1 && (s.Resumes > before.Resumes) == c.resumed && (s.Identifies > before.Identifies) == !c.resumed
			})
			if err != nil {
				t.Fatalf("%v: %+v", err, f.Stats())
			}
			helpWorks(t, f)
			if f.Overwrites() != 1 {
				t.Errorf("commands were registered %d times", f.Overwrites())
			}
		})
	}
}

func TestFatalCloseCodes(t *testing.T) {
	t.Parallel()
	for code, want := range map[int]string{4004: "copy a new one", 4011: "too many", 4014: "intents"} {
		if code == 4011 {
			want = "more servers than one connection"
		}
		f := fake(t)
		f.RefuseSessions(code)
		b := start(t, f, say)
		e := asError(t, b.end(t))
		if !e.Permanent || !strings.Contains(e.Text, want) {
			t.Errorf("%d: got %+v", code, e)
		}
		if n := f.Stats().Connections; n != 1 {
			t.Errorf("%d: %d connections, want one", code, n)
		}
	}
}

// A token that is reset while the bot runs ends it as well.
func TestTokenResetWhileRunning(t *testing.T) {
	t.Parallel()
	f := fake(t)
	b := start(t, f, say)
	helpWorks(t, f)
	f.SetToken("another")
	f.CloseConnections(4004, "Authentication failed.")
	if e := asError(t, b.end(t)); !e.Permanent || e.Code != "4004" {
		t.Errorf("got %+v", e)
	}
}

func TestBadTokenEndsRunAtOnce(t *testing.T) {
	t.Parallel()
	f := fake(t)
	b := start(t, f, say, func(o *Options) { o.Token = "wrong" })
	if e := asError(t, b.end(t)); !e.Permanent || e.Text != badToken {
		t.Errorf("got %+v", e)
	}
	if n := f.Stats().Connections; n != 0 {
		t.Errorf("%d gateway connections with a bad token", n)
	}
}

// Trouble at the start is waited out, longer each time.
func TestStartIsRepeated(t *testing.T) {
	t.Parallel()
	f := fake(t)
	f.Inject(discordfake.Fault{Path: "/users/@me", Status: 500, Times: 2})
	f.Inject(discordfake.Fault{Path: "/gateway", Times: 3})
	f.Inject(discordfake.Fault{Path: "/applications/", Status: 429, RetryAfter: 42 * time.Second})
	b := start(t, f, say)
	helpWorks(t, f)
	b.timers.mu.Lock()
	defer b.timers.mu.Unlock()
	longest := time.Duration(0)
	for _, w := range b.timers.waits {
		longest = max(longest, w)
	}
	if len(b.timers.waits) < 4 || longest != 42*time.Second {
		t.Errorf("waits %v", b.timers.waits)
	}
}

// silent starts the bot on a gateway that takes a connection and says nothing.
func silent(t *testing.T) (*discordfake.Fake, *bot) {
	t.Helper()
	f := fake(t)
	f.SetSilent(true)
	b := start(t, f, say)
	if err := f.Wait(testContext(t), func() bool { return f.Stats().Connections == 1 }); err != nil {
		t.Fatal(err)
	}
	return f, b
}

func TestSilentGatewayIsGivenUp(t *testing.T) {
	t.Parallel()
	f, b := silent(t)
	f.SetSilent(false)
	b.timers.hung <- time.Time{}
	helpWorks(t, f)
}

// Asked to reconnect before it is ready, discordgo locks itself up. The bot
// leaves that session behind and begins another.
func TestGatewayIsReplacedWhenTheLibraryIsStuck(t *testing.T) {
	t.Parallel()
	f := fake(t)
	f.SetDraining(true)
	b := start(t, f, say)
	if err := f.Wait(testContext(t), func() bool { return f.Stats().Connections == 1 }); err != nil {
		t.Fatal(err)
	}
	waitUntilStuck(t)
	f.SetDraining(false)
	b.timers.hung <- time.Time{}
	close(b.timers.stuck)
	helpWorks(t, f)
}

// waitUntilStuck waits for discordgo to close within Open, for which it waits
// for ever. Nothing but its stack tells.
func waitUntilStuck(t *testing.T) {
	t.Helper()
	ctx := testContext(t)
	stacks := make([]byte, 4<<20)
	for ctx.Err() == nil {
		n := runtime.Stack(stacks, true)
		for stack := range strings.SplitSeq(string(stacks[:n]), "\n\n") {
			if strings.Contains(stack, "(*Session).Open") && strings.Contains(stack, "(*Session).CloseWithCode") {
				return
			}
		}
		runtime.Gosched()
	}
	t.Fatal("discordgo does not lock itself up any more; gateway.stuck can go")
}

func TestStopWhileConnecting(t *testing.T) {
	t.Parallel()
	_, b := silent(t)
	b.stop()
	if err := b.end(t); err != nil {
		t.Errorf("Run returned %v", err)
	}
}

func TestHeartbeats(t *testing.T) {
	t.Parallel()
	f, ctx := fake(t), testContext(t)
	f.SetHeartbeat(50 * time.Millisecond)
	start(t, f, say)
	if err := f.Wait(ctx, func() bool { return f.Stats().Heartbeats >= 3 }); err != nil {
		t.Fatal(err)
	}
	helpWorks(t, f)
}

func TestNoCommandsNoGateway(t *testing.T) {
	t.Parallel()
	f, ctx := fake(t), testContext(t)
	b := start(t, f, say, func(o *Options) { o.Commands = nil })
	if err := f.Wait(ctx, func() bool { return len(f.Requests()) == 1 }); err != nil {
		t.Fatal(err)
	}
	b.stop()
	if n, err := f.Stats().Connections, b.end(t); err != nil || n != 0 {
		t.Errorf("error %v, %d connections", err, n)
	}
}
