package discord

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/bwmarrin/discordgo"

	"tipoff/bot/card"
	"tipoff/bot/command"
)

const (
	// deferAfter is when Discord is told that the answer takes longer: it
	// gives up after 3 seconds, and the network takes its part of them. See
	// https://discord.com/developers/docs/interactions/receiving-and-responding#responding-to-an-interaction
	deferAfter = 2 * time.Second
	// commandTimeout is far below the 15 minutes in which Discord takes the
	// answer after that.
	commandTimeout = time.Minute
	// suggestTimeout: suggestions cannot be deferred.
	suggestTimeout = 2 * time.Second
	// answerTimeout is how long sending an answer may take, attempts included.
	answerTimeout = 15 * time.Second
	// maxRunning is how many interactions are worked on at a time.
	maxRunning = 64
)

// intake works on interactions, a bounded number at a time, and can be
// finished once.
type intake struct {
	d  *Discord
	wg sync.WaitGroup

	mu      sync.Mutex
	running int  // guarded by mu
	closed  bool // guarded by mu
}

func newIntake(d *Discord) *intake { return &intake{d: d} }

// take works on one interaction in the background.
func (in *intake) take(ctx context.Context, i *discordgo.Interaction) {
	if i.ID == "" || i.Token == "" {
		in.d.log.Warn("discord interaction without id or token ignored", "type", int(i.Type))
		return
	}
	if !in.spawn(func() { in.d.interact(ctx, i) }) {
		in.d.log.Warn("discord interaction dropped, too many at once", "running", maxRunning)
	}
}

// spawn runs f in the background unless there is too much going on or the end
// has come.
func (in *intake) spawn(f func()) bool {
	in.mu.Lock()
	defer in.mu.Unlock()
	if in.closed || in.running >= maxRunning {
		return false
	}
	in.running++
	in.wg.Go(func() {
		defer func() {
			in.mu.Lock()
			in.running--
			in.mu.Unlock()
		}()
		f()
	})
	return true
}

// finish takes nothing more and waits for what runs; after a while stop is
// called to hurry it, and a little later it is left behind.
func (in *intake) finish(stop context.CancelFunc) {
	in.mu.Lock()
	in.closed = true
	in.mu.Unlock()
	done := make(chan struct{})
	go func() {
		in.wg.Wait()
		close(done)
	}()
	select {
	case <-done:
		stop()
		return
	case <-in.d.after(grace):
	}
	stop()
	select {
	case <-done:
	case <-in.d.after(lastGrace):
		in.d.log.Warn("discord commands left behind at the end")
	}
}

func (d *Discord) interact(ctx context.Context, i *discordgo.Interaction) {
	user, ok := asker(i)
	if !ok {
		d.log.Warn("discord interaction without a user ignored", "type", int(i.Type))
		return
	}
	switch data := i.Data.(type) {
	case discordgo.ApplicationCommandInteractionData:
		path, leaf := walk(data.Options)
		if i.Type == discordgo.InteractionApplicationCommandAutocomplete {
			d.suggest(ctx, i, path, leaf)
			return
		}
		r := command.Request{Path: path, Args: args(leaf), User: user, Channel: channel(i)}
		d.answer(ctx, i, inNewMessage, path, func(ctx context.Context) card.Page { return d.o.Commands.Run(ctx, r) })
	case discordgo.MessageComponentInteractionData:
		token, ok := strings.CutPrefix(data.CustomID, pagePrefix)
		if !ok || token == "" {
			d.answer(ctx, i, inNewMessage, "button", func(context.Context) card.Page {
				return card.Page{Tone: card.Bad, Title: "This button does not work any more", Lead: "It comes from another version of the program."}
			})
			return
		}
		d.answer(ctx, i, inSameMessage, "page", func(ctx context.Context) card.Page {
			return d.o.Commands.Turn(ctx, token, user, channel(i))
		})
	default:
		d.log.Warn("discord interaction of unknown kind ignored", "type", int(i.Type))
	}
}

// place is where an answer goes: the response types at once and for later.
type place struct {
	now, later discordgo.InteractionResponseType
}

var (
	inNewMessage = place{
		discordgo.InteractionResponseChannelMessageWithSource,
		discordgo.InteractionResponseDeferredChannelMessageWithSource,
	}
	inSameMessage = place{
		discordgo.InteractionResponseUpdateMessage,
		discordgo.InteractionResponseDeferredMessageUpdate,
	}
)

// answer runs work and sends its page. When that takes too long for Discord,
// it sends first that the answer will come later.
func (d *Discord) answer(ctx context.Context, i *discordgo.Interaction, to place, what string, work func(context.Context) card.Page) {
	ctx, cancel := context.WithTimeout(ctx, commandTimeout)
	defer cancel()
	pages := make(chan card.Page, 1)
	go func() { pages <- work(ctx) }()

	var page card.Page
	select {
	case page = <-pages:
		d.report(what, d.respond(ctx, i, to.now, ephemeral(page)))
		return
	case <-d.after(deferAfter):
	}
	if err := d.respond(ctx, i, to.later, onlyFlags{discordgo.MessageFlagsEphemeral}); err != nil {
		d.report(what, err)
		return // without it Discord takes no answer later
	}
	select {
	case page = <-pages:
	case <-ctx.Done():
		page = card.Page{Tone: card.Bad, Title: "This took too long", Lead: "Try again, perhaps with a narrower question."}
		if errors.Is(ctx.Err(), context.Canceled) {
			page = card.Page{Tone: card.Bad, Title: "The program is being stopped", Lead: "Try again in a minute."}
		}
	}
	d.report(what, d.edit(ctx, i, renderPage(page)))
}

// onlyFlags is the data of an answer that is promised.
type onlyFlags struct {
	Flags discordgo.MessageFlags `json:"flags"`
}

func ephemeral(p card.Page) *message {
	m := renderPage(p)
	m.Flags = discordgo.MessageFlagsEphemeral
	return m
}

func (d *Discord) report(what string, err error) {
	if err != nil {
		d.log.Warn("discord answer not delivered", "command", what, "error", err)
	}
}

// respond sends the first answer to an interaction.
func (d *Discord) respond(ctx context.Context, i *discordgo.Interaction, kind discordgo.InteractionResponseType, data any) error {
	type response struct {
		Type discordgo.InteractionResponseType `json:"type"`
		Data any                               `json:"data,omitempty"`
	}
	return d.insist(ctx, request{
		method: http.MethodPost,
		url:    discordgo.EndpointInteractionResponse(url.PathEscape(i.ID), url.PathEscape(i.Token)),
		about:  "an answer",
		in:     response{kind, data},
	})
}

// edit fills in the answer that was promised.
func (d *Discord) edit(ctx context.Context, i *discordgo.Interaction, m *message) error {
	app := i.AppID
	if app == "" {
		app = d.appID()
	}
	return d.insist(ctx, request{
		method: http.MethodPatch,
		url:    discordgo.EndpointWebhookMessage(url.PathEscape(app), url.PathEscape(i.Token), "@original"),
		about:  "an answer",
		in:     m,
	})
}

// insist tries a few times: nobody else will send an answer again. It goes on
// when the command's own time is over.
func (d *Discord) insist(ctx context.Context, q request) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), answerTimeout)
	defer cancel()
	for try := 1; ; try++ {
		err := d.api.call(ctx, q)
		if err == nil || try > 1 && codeOf(err) == codeAlreadyAcknowledged {
			return nil // the first attempt arrived, only its answer was lost
		}
		if try == 3 || permanent(err) {
			return err
		}
		if !d.sleep(ctx, max(retryAfter(err), time.Duration(try)*250*time.Millisecond)) {
			return err
		}
	}
}

// asker is who used the command: a member of a server, or a user in a direct
// message.
func asker(i *discordgo.Interaction) (command.User, bool) {
	u := i.User
	name := ""
	if i.Member != nil && i.Member.User != nil {
		u = i.Member.User
		name = i.Member.Nick
	}
	if u == nil || u.ID == "" {
		return command.User{}, false
	}
	if name == "" {
		name = u.DisplayName()
	}
	return command.User{ID: "discord:" + u.ID, Name: card.Clean(name)}, true
}

func channel(i *discordgo.Interaction) string { return "discord:" + i.ChannelID }
