package discord

import (
	"context"
	"errors"
	"math/rand/v2"
	"net/http"
	"time"

	"github.com/bwmarrin/discordgo"

	"tipoff/bot/deliver"
)

const (
	// longestWait between two attempts to connect. Discord takes 1,000 new
	// sessions a day and then voids the token.
	longestWait = 2 * time.Minute
	// steady is how long a connection has to last to count as a good one.
	steady = 5 * time.Minute
	// grace is how long commands may go on after the end of Run's context, and
	// lastGrace how long to come back once they are told to stop.
	grace     = 8 * time.Second
	lastGrace = 3 * time.Second
)

// Run registers the commands and answers them until ctx ends, which is no
// error. It connects again whenever the connection is lost, and returns early
// only when no attempt can help, such as with a bad token; the *deliver.Error
// says what to do. Commands that still run at the end are finished.
func (d *Discord) Run(ctx context.Context) error {
	user, err := d.whoAmI(ctx)
	if err != nil || user == nil {
		return err
	}
	if d.o.Commands == nil {
		<-ctx.Done()
		return nil
	}
	d.app.Store(user.ID) // for most bots it is the application's id as well
	if d.o.ApplicationID != "" {
		d.app.Store(d.o.ApplicationID)
	}

	// Work in hand may finish, so its context outlives ours for a while.
	work, stop := context.WithCancel(context.WithoutCancel(ctx))
	in := newIntake(d)
	defer func() { in.finish(stop) }()

	ready := func(app string, resumed bool) {
		if app != "" && d.o.ApplicationID == "" {
			d.app.Store(app)
		}
		d.log.Info("discord connected", "bot", user.Username, "resumed", resumed)
	}
	take := func(i *discordgo.Interaction) { in.take(work, i) }

	g := d.newGateway(take, ready)
	registered := false
	for try := 0; ; try++ {
		began := d.o.Now()
		err := g.open(ctx)
		if err == nil {
			if !registered {
				registered = true
				in.spawn(func() { d.register(ctx) })
			}
			select {
			case <-g.down:
				err = errors.New("the connection was lost")
			case <-ctx.Done():
				g.close()
				return nil
			}
		}
		if ctx.Err() != nil {
			return nil
		}
		if permanent(err) {
			return err
		}
		if d.o.Now().Sub(began) >= steady {
			try = 0
		}
		wait := backoff(try)
		d.log.Warn("discord disconnected", "error", err, "retry_in", wait)
		if !d.sleep(ctx, wait) {
			return nil
		}
		if g.stuck {
			g = d.newGateway(take, ready)
		}
	}
}

// whoAmI asks until Discord answers. It returns nothing when ctx ends, and an
// error when asking again cannot help.
func (d *Discord) whoAmI(ctx context.Context) (*discordgo.User, error) {
	for try := 0; ; try++ {
		user, err := d.me(ctx)
		switch {
		case err == nil:
			return user, nil
		case ctx.Err() != nil:
			return nil, nil
		case permanent(err):
			return nil, err
		}
		wait := max(backoff(try), retryAfter(err))
		d.log.Warn("discord not reached", "error", err, "retry_in", wait)
		if !d.sleep(ctx, wait) {
			return nil, nil
		}
	}
}

// register makes Discord's list of commands ours, if it is not already: each
// change costs, and makes clients fetch the list anew.
func (d *Discord) register(ctx context.Context) {
	app := d.appID()
	endpoint := discordgo.EndpointApplicationGlobalCommands(app)
	about := "application " + app
	if d.o.GuildID != "" {
		endpoint = discordgo.EndpointApplicationGuildCommands(app, d.o.GuildID)
		about = "server " + d.o.GuildID
	}
	want := []*discordgo.ApplicationCommand{commandTree(d.o.Commands.Root(), d.o.Command)}
	for try := 0; ; try++ {
		var have []*discordgo.ApplicationCommand
		err := d.api.call(ctx, request{method: http.MethodGet, url: endpoint, bucket: "GET " + endpoint, about: about, out: &have})
		if err == nil && sameCommands(have, want) {
			return
		}
		if err == nil {
			err = d.api.call(ctx, request{method: http.MethodPut, url: endpoint, bucket: "PUT " + endpoint, about: about, in: want})
		}
		switch {
		case err == nil:
			d.log.Info("discord commands registered", "command", want[0].Name)
			return
		case ctx.Err() != nil:
			return
		case permanent(err):
			// Commands registered earlier may still work, so go on.
			d.log.Error("discord commands not registered", "error", err)
			return
		}
		d.log.Warn("discord commands not registered yet", "error", err)
		if !d.sleep(ctx, max(backoff(try), retryAfter(err))) {
			return
		}
	}
}

func (d *Discord) appID() string {
	app, _ := d.app.Load().(string)
	return app
}

// sleep waits and reports false when ctx ended first.
func (d *Discord) sleep(ctx context.Context, wait time.Duration) bool {
	select {
	case <-d.after(wait):
		return ctx.Err() == nil
	case <-ctx.Done():
		return false
	}
}

// backoff is one second at first, doubling up to longestWait, and up to a
// quarter more by chance, so that many bots do not come back at once.
func backoff(try int) time.Duration {
	wait := longestWait
	if try < 7 {
		wait = min(wait, time.Second<<try)
	}
	return wait + rand.N(wait/4)
}

func permanent(err error) bool {
	e, ok := errors.AsType[*deliver.Error](err)
	return ok && e.Permanent
}

func retryAfter(err error) time.Duration {
	if e, ok := errors.AsType[*deliver.Error](err); ok {
		return e.RetryAfter
	}
	return 0
}
