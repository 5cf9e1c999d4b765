// Package discord speaks to Discord: it sends alerts as a bot, and takes slash
// commands and buttons over the gateway, so that no inbound port is needed.
//
// It draws what bot/card holds and runs what bot/command offers; which alerts
// there are, when they are sent again and what a command does is decided
// elsewhere. It never waits for a rate limit: the answer says how long to leave
// Discord alone, and the caller decides.
//
// The client library is discordgo. Its REST half is used below its typed
// methods, and its gateway half below its own reconnecting; rest.go and
// gateway.go say why.
package discord

import (
	"context"
	"log/slog"
	"net/http"
	"strings"
	"sync/atomic"
	"time"

	"github.com/bwmarrin/discordgo"

	"tipoff/bot/card"
	"tipoff/bot/command"
	"tipoff/bot/deliver"
)

// Commands answers what people ask in chat. Its methods never fail: an error
// is a page too.
type Commands interface {
	Root() *command.Command
	Run(ctx context.Context, r command.Request) card.Page
	Turn(ctx context.Context, token string, u command.User, channel string) card.Page
}

// Options says who the bot is and where Discord is. With the zero value
// everything fails with a sentence that a token is needed.
type Options struct {
	// Token is the bot's token, with or without "Bot " before it.
	Token string
	// ApplicationID is the application that the commands belong to; when
	// empty, Discord is asked.
	ApplicationID string
	// GuildID registers the commands for one server only, where they appear
	// at once; when empty, for all.
	GuildID string
	// APIURL stands for https://discord.com/api/v10, the default.
	APIURL string
	// Command is the slash command's name; the default is the root's.
	Command string
	// Commands answers; when nil, Run opens no gateway.
	Commands Commands
	// Log is where Run says what happens; the default discards it.
	Log *slog.Logger
	// Now is the clock; the default is time.Now.
	Now func() time.Time
	// HTTP sends all requests; the default has a time-out of 20 seconds.
	HTTP *http.Client
}

// Discord is one bot. It is safe for use by many goroutines, but only one Run
// at a time: every gateway session gets every command.
type Discord struct {
	o   Options
	log *slog.Logger
	api *api
	// after is time.After but for tests.
	after func(time.Duration) <-chan time.Time
	// app is the application's id as the gateway said it, a string.
	app atomic.Value
	// self is the bot's own user id once it is known, a string.
	self atomic.Value
}

// New returns a bot. It opens no connection.
func New(o Options) *Discord {
	o.Token = strings.TrimSpace(strings.TrimPrefix(strings.TrimSpace(o.Token), "Bot "))
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	d := &Discord{o: o, log: o.Log, after: time.After}
	d.api = newAPI(o)
	return d
}

// Check asks Discord who the bot is. The error is a *deliver.Error that says
// what to do.
func (d *Discord) Check(ctx context.Context) error {
	_, err := d.me(ctx)
	return err
}

func (d *Discord) me(ctx context.Context) (*discordgo.User, error) {
	var u discordgo.User
	err := d.api.call(ctx, request{
		method: http.MethodGet,
		url:    discordgo.EndpointUser("@me"),
		bucket: "me",
		about:  "the bot",
		out:    &u,
	})
	if err != nil {
		return nil, err
	}
	if u.ID == "" {
		return nil, &deliver.Error{
			Code: "bad_answer",
			Text: "the address set as discord.api_url does not answer as Discord does; check it",
		}
	}
	d.self.Store(u.ID)
	return &u, nil
}

// myID is the bot's own user id.
func (d *Discord) myID(ctx context.Context) (string, error) {
	if id, ok := d.self.Load().(string); ok {
		return id, nil
	}
	u, err := d.me(ctx)
	if err != nil {
		return "", err
	}
	return u.ID, nil
}
