package discord

import (
	"context"
	"strings"
	"testing"
	"time"

	"tipoff/bot/card"
	"tipoff/bot/command"
	"tipoff/bot/discord/discordfake"
)

// Tests with a gateway run side by side: discordgo takes a second to hang up.

func TestCommandAnsweredAtOnce(t *testing.T) {
	t.Parallel()
	f, ctx := fake(t), testContext(t)
	start(t, f, say)
	r, err := f.Slash(ctx, "search", map[string]any{"query": `"i-SOON" -apt`, "limit": 7}, analyst, "2002")
	if err != nil {
		t.Fatal(err)
	}
	if r.Deferred || !r.Ephemeral {
		t.Errorf("deferred %v, ephemeral %v", r.Deferred, r.Ephemeral)
	}
	want := "discord:4001 ana in discord:2002\n\n```\nquery=\"i-SOON\" -apt limit=7 name=\n```"
	if e := r.Message.Embeds[0]; e.Title != "search" || e.Description != want {
		t.Errorf("got %q\n%q", e.Title, e.Description)
	}
	r, err = f.Slash(ctx, "watch add", map[string]any{"name": "china"}, analyst, "2002")
	if err != nil {
		t.Fatal(err)
	}
	if e := r.Message.Embeds[0]; e.Title != "watch add" || !strings.Contains(e.Description, "name=china") {
		t.Errorf("got %+v", e)
	}
}

// Where a command or its suggestions are slow, the network has a second of
// Discord's three.
func TestAnswersInTime(t *testing.T) {
	if most := 2 * time.Second; deferAfter > most || suggestTimeout > most {
		t.Errorf("a command is promised after %v and suggestions end after %v; Discord waits 3 s", deferAfter, suggestTimeout)
	}
}

// A slow command is promised first and edited in afterwards.
func TestCommandDeferred(t *testing.T) {
	t.Parallel()
	f, ctx := fake(t), testContext(t)
	release := make(chan struct{})
	b := start(t, f, func(ctx context.Context, r command.Request) card.Page {
		<-release
		return say(ctx, r)
	})
	i, err := f.StartSlash(ctx, "search", map[string]any{"query": "x"}, analyst, "2002")
	if err != nil {
		t.Fatal(err)
	}
	b.timers.later <- time.Time{}
	kind, err := i.Answered(ctx)
	if err != nil || kind != discordfake.AnswerLater {
		t.Fatalf("first answer is %d, %v", kind, err)
	}
	close(release)
	r, err := i.Reply(ctx)
	if err != nil {
		t.Fatal(err)
	}
	if !r.Deferred || !r.Ephemeral || r.Message.Embeds[0].Title != "search" || r.Message.Button("Next") == nil {
		t.Errorf("got %+v", r)
	}
}

func TestPages(t *testing.T) {
	t.Parallel()
	f, ctx := fake(t), testContext(t)
	b := start(t, f, say)
	r, err := f.Slash(ctx, "search", map[string]any{"query": "x"}, analyst, "2002")
	if err != nil {
		t.Fatal(err)
	}
	next, err := f.Click(ctx, r, r.Message.Button("Next").CustomID)
	if err != nil {
		t.Fatal(err)
	}
	if e := next.Message.Embeds[0]; !next.Updated || e.Title != "Page s.1" || e.Description != "discord:4001 in discord:2002" {
		t.Errorf("got %+v", next)
	}
	if next.Message.Button("Next") != nil || next.Message.Button("Previous") == nil {
		t.Errorf("buttons %+v", next.Message.Components)
	}
	// A slow page leaves the old one until it is there.
	d := &commandsOfSlowTurn{commands: b.o.Commands.(*commands), release: make(chan struct{})}
	f2 := fake(t)
	b2 := start(t, f2, say, func(o *Options) { o.Commands = d })
	r, err = f2.Slash(ctx, "search", map[string]any{"query": "x"}, analyst, "2002")
	if err != nil {
		t.Fatal(err)
	}
	i, err := f2.StartClick(r, r.Message.Button("Next").CustomID)
	if err != nil {
		t.Fatal(err)
	}
	b2.timers.later <- time.Time{}
	if kind, err := i.Answered(ctx); err != nil || kind != discordfake.AnswerUpdateLater {
		t.Fatalf("first answer is %d, %v", kind, err)
	}
	close(d.release)
	if r, err = i.Reply(ctx); err != nil || r.Message.Embeds[0].Title != "Page s.1" {
		t.Errorf("got %+v, %v", r, err)
	}
}

type commandsOfSlowTurn struct {
	*commands
	release chan struct{}
}

func (c *commandsOfSlowTurn) Turn(ctx context.Context, token string, u command.User, channel string) card.Page {
	<-c.release
	return c.commands.Turn(ctx, token, u, channel)
}

func TestAutocomplete(t *testing.T) {
	t.Parallel()
	f, ctx := fake(t), testContext(t)
	start(t, f, say)
	got, err := f.Autocomplete(ctx, "watch add", "channel", "chi", analyst, "2002")
	if err != nil {
		t.Fatal(err)
	}
	if len(got) != 1 || got[0].Name != "chi-desk" || got[0].Value != "chi-desk" {
		t.Errorf("got %+v; what Discord refuses has to be left out", got)
	}
}

func TestLostAnswersAreSentAgain(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name  string
		fault discordfake.Fault
	}{
		{"cut before", discordfake.Fault{Path: "/interactions/"}},
		{"cut after", discordfake.Fault{Path: "/interactions/", LoseAnswer: true}},
		{"rate limit", discordfake.Fault{Path: "/interactions/", Status: 429, RetryAfter: 300 * time.Millisecond}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			f, ctx := fake(t), testContext(t)
			b := start(t, f, say)
			f.Inject(c.fault)
			r, err := f.Slash(ctx, "help", nil, analyst, "2002")
			if err != nil {
				t.Fatal(err)
			}
			if r.Message.Embeds[0].Title != "help" {
				t.Errorf("got %+v", r)
			}
			b.quit(t)
			if strings.Contains(b.log.String(), "not delivered") {
				t.Errorf("log:\n%s", b.log)
			}
		})
	}
}

// Nothing that arrives makes the program fall over; what can be answered is.
func TestOddEvents(t *testing.T) {
	t.Parallel()
	f, ctx := fake(t), testContext(t)
	start(t, f, say)
	if err := f.WaitConnected(ctx); err != nil {
		t.Fatal(err)
	}
	member := map[string]any{"user": map[string]any{"id": "1"}}
	for _, data := range []any{
		nil,
		1,
		"x",
		[]int{1},
		map[string]any{},
		map[string]any{"id": "1", "token": "t", "type": 2},
		map[string]any{"id": "1", "token": "t", "type": 99, "member": member},
		map[string]any{"id": "1", "token": "t", "type": 2, "member": member, "data": "x"},
		map[string]any{"id": "1", "token": "t", "type": 5, "member": member, "data": map[string]any{"custom_id": "x"}},
		map[string]any{"id": 1, "token": "t", "type": 2, "member": member},
	} {
		f.Dispatch("INTERACTION_CREATE", data)
	}
	f.Dispatch("NO_SUCH_EVENT", map[string]any{})
	if r, err := f.Slash(ctx, "help", nil, analyst, "2002"); err != nil || r.Message.Embeds[0].Title != "help" {
		t.Errorf("got %+v, %v", r, err)
	}
}

func TestUnknownButton(t *testing.T) {
	t.Parallel()
	f, ctx := fake(t), testContext(t)
	start(t, f, say)
	r, err := f.Slash(ctx, "help", nil, analyst, "2002")
	if err != nil {
		t.Fatal(err)
	}
	r.Message.Components[0].Components[0].CustomID = "of-an-old-version"
	got, err := f.Click(ctx, r, "of-an-old-version")
	if err != nil {
		t.Fatal(err)
	}
	if got.Updated || !got.Ephemeral || got.Message.Embeds[0].Title != "This button does not work any more" {
		t.Errorf("got %+v", got)
	}
}

// What runs at the end is finished and its answer sent.
func TestShutdownFinishesCommands(t *testing.T) {
	t.Parallel()
	f, ctx := fake(t), testContext(t)
	started, release := make(chan struct{}), make(chan struct{})
	b := start(t, f, func(ctx context.Context, r command.Request) card.Page {
		close(started)
		select {
		case <-release:
			return say(ctx, r)
		case <-ctx.Done():
			return card.Page{Title: "cancelled"}
		}
	})
	i, err := f.StartSlash(ctx, "help", nil, analyst, "2002")
	if err != nil {
		t.Fatal(err)
	}
	<-started
	b.stop()
	if err := f.Wait(ctx, func() bool { return f.Stats().Live == 0 }); err != nil {
		t.Fatal(err)
	}
	close(release)
	if err := b.end(t); err != nil {
		t.Errorf("Run returned %v", err)
	}
	r, err := i.Reply(ctx)
	if err != nil || r.Message.Embeds[0].Title != "help" {
		t.Errorf("got %+v, %v", r, err)
	}
	if s := f.Stats(); s.Ended != 1 {
		t.Errorf("the session was not ended properly: %+v", s)
	}
}

// A command that takes too long at the end is told to stop.
func TestShutdownHurriesCommands(t *testing.T) {
	t.Parallel()
	f, ctx := fake(t), testContext(t)
	started := make(chan struct{})
	b := start(t, f, func(ctx context.Context, _ command.Request) card.Page {
		close(started)
		<-ctx.Done()
		return card.Page{Title: "stopped"}
	})
	i, err := f.StartSlash(ctx, "help", nil, analyst, "2002")
	if err != nil {
		t.Fatal(err)
	}
	<-started
	b.stop()
	b.timers.grace <- time.Time{}
	if err := b.end(t); err != nil {
		t.Error(err)
	}
	if r, err := i.Reply(ctx); err != nil || r.Message.Embeds[0].Title != "stopped" {
		t.Errorf("got %+v, %v", r, err)
	}
}

func TestIntakeIsBounded(t *testing.T) {
	in := newIntake(New(Options{}))
	release := make(chan struct{})
	for n := range maxRunning {
		if !in.spawn(func() { <-release }) {
			t.Fatalf("number %d was refused", n)
		}
	}
	if in.spawn(func() {}) {
		t.Error("one more than allowed was taken")
	}
	close(release)
	in.finish(func() {})
	if in.spawn(func() {}) {
		t.Error("something was taken after the end")
	}
}
