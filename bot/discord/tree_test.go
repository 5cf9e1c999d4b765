package discord

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"tipoff/bot/card"
	"tipoff/bot/command"
	"tipoff/bot/discord/discordfake"
)

func TestCommandsAreRegisteredOnlyWhenTheyDiffer(t *testing.T) {
	for _, guild := range []string{"", discordfake.Guild} {
		t.Run("guild "+guild, func(t *testing.T) {
			t.Parallel()
			f := fake(t)
			for n := range 2 {
				b := start(t, f, say, func(o *Options) { o.GuildID = guild })
				helpWorks(t, f)
				if err := f.Wait(testContext(t), func() bool { return listed(f) > n }); err != nil {
					t.Fatal(err)
				}
				b.quit(t)
			}
			if n := f.Overwrites(); n != 1 {
				t.Errorf("registered %d times by two starts", n)
			}
			got := f.Commands(guild)
			if len(got) != 1 || got[0].Name != "news" || len(got[0].Options) != 3 {
				t.Fatalf("got %+v", got)
			}
			b := start(t, f, say, func(o *Options) { o.GuildID, o.Command = guild, "tipoff" })
			if err := f.Wait(testContext(t), func() bool { return f.Overwrites() == 2 }); err != nil {
				t.Fatal(err)
			}
			b.quit(t)
			if got := f.Commands(guild); len(got) != 1 || got[0].Name != "tipoff" {
				t.Errorf("after a new name: %+v", got)
			}
		})
	}
}

// listed counts how often the bot asked what is registered.
func listed(f *discordfake.Fake) int {
	n := 0
	for _, r := range f.Requests() {
		if r.Method == "GET" && strings.HasSuffix(r.Path, "/commands") {
			n++
		}
	}
	return n
}

func TestRegisteringFails(t *testing.T) {
	for _, c := range []struct {
		name   string
		change func(*Options)
		want   string
	}{
		{"application of another bot", func(o *Options) { o.ApplicationID = "5" }, "the token belongs to another application"},
		{"server without the bot", func(o *Options) { o.GuildID = "5" }, "invite the bot to the server"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			b := start(t, fake(t), say, c.change)
			b.log.wait(t, c.want)
			if err := b.fake.WaitConnected(testContext(t)); err != nil {
				t.Fatal(err)
			}
			b.stop()
			if err := b.end(t); err != nil {
				t.Errorf("Run returned %v; the commands of before may still work", err)
			}
		})
	}
}

func TestTree(t *testing.T) {
	var many []string
	for i := range 30 {
		many = append(many, fmt.Sprint(i))
	}
	leaf := func(context.Context, *command.Request) (card.Page, error) { return card.Page{}, nil }
	c := commandTree(&command.Command{Name: "news", Help: strings.Repeat("long ", 50), Sub: []*command.Command{
		{Name: "top", Run: leaf, Options: []command.Option{
			{Name: "many", Choices: many},
			{Name: "few", Type: command.Int, Choices: []string{"1", "2", "x"}, Suggest: func(context.Context, string) []string { return nil }},
			{Name: "query", Required: true},
		}},
	}}, "")
	top := c.Options[0]
	if n := card.Len(c.Description); n > maxCommandHelp {
		t.Errorf("description of %d", n)
	}
	if top.Description != "top" {
		t.Errorf("a command without help has the description %q, Discord wants one", top.Description)
	}
	if top.Options[0].Name != "query" {
		t.Errorf("required options come first, got %s", top.Options[0].Name)
	}
	if o := top.Options[1]; !o.Autocomplete || len(o.Choices) > 0 {
		t.Errorf("30 choices are more than Discord takes: %+v", o)
	}
	if o := top.Options[2]; o.Autocomplete || len(o.Choices) != 2 || o.Choices[0].Value != float64(1) {
		t.Errorf("numbers: %+v", o)
	}
}

func TestText(t *testing.T) {
	for _, c := range []struct {
		in   any
		want string
	}{
		{"x", "x"}, {float64(7), "7"}, {float64(-3), "-3"}, {1.5, "1.5"}, {true, "true"}, {nil, ""}, {[]any{1}, ""}, {1e15, "1000000000000000"},
	} {
		if got := text(c.in); got != c.want {
			t.Errorf("text(%v) = %q, want %q", c.in, got, c.want)
		}
	}
}
