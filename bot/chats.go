package bot

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"tipoff/bot/alert"
	"tipoff/bot/deliver"
	"tipoff/bot/discord"
	"tipoff/bot/jobs"
	"tipoff/bot/slack"
)

// platform is what the program needs of a chat platform.
type platform interface {
	deliver.Sender
	// Check asks the platform whether the token is good.
	Check(ctx context.Context) error
	// Run answers commands until ctx ends. An error is one that trying again
	// does not mend.
	Run(ctx context.Context) error
}

type chat struct {
	kind     alert.Kind
	platform platform
	// answers is false where the tokens suffice for alerts only.
	answers bool
	// alone is true of a platform that gives every command to each connection:
	// of several replicas only one may have one.
	alone bool
}

// newChats are the platforms whose tokens are set. Of the others it says that
// they are off.
func (a *App) newChats() []chat {
	var all []chat
	if s := a.cfg.Slack; s.On() {
		all = append(all, chat{alert.Slack, slack.New(slack.Options{
			BotToken: s.BotToken.Reveal(), AppToken: s.AppToken.Reveal(), APIURL: s.APIURL,
			Command: a.cfg.Command, Commands: a.commands, Log: a.Log.With("platform", "slack"), Now: a.Now, HTTP: a.HTTP,
		}), s.AppToken != "", false})
	}
	if d := a.cfg.Discord; d.On() {
		all = append(all, chat{alert.Discord, discord.New(discord.Options{
			Token: d.Token.Reveal(), ApplicationID: d.ApplicationID, GuildID: d.GuildID, APIURL: d.APIURL,
			Command: a.cfg.Command, Commands: a.commands, Log: a.Log.With("platform", "discord"), Now: a.Now, HTTP: a.HTTP,
		}), true, true})
	}
	return all
}

// startChats checks the tokens and begins to answer commands, each platform by
// itself: a bad token of one is said once and leaves the rest alone.
func (a *App) startChats(ctx context.Context) {
	ctx, a.stopChats = context.WithCancel(context.WithoutCancel(ctx))
	for _, k := range []struct {
		name string
		on   bool
	}{{"slack", a.cfg.Slack.On()}, {"discord", a.cfg.Discord.On()}} {
		if !k.on {
			a.Log.Info("platform is off: it has no token in the config", "platform", k.name)
		}
	}
	for _, c := range a.chats {
		a.chatsDone.Go(func() {
			log := a.Log.With("platform", string(c.kind))
			if err := c.platform.Check(ctx); err != nil && ctx.Err() == nil {
				log.Error("the platform cannot be used now", "error", err)
			}
			if !c.answers {
				log.Warn("commands are off: slack.app_token is empty; alerts are sent all the same")
				return
			}
			run := c.platform.Run
			if replica := a.engine.Replica(); replica != nil && c.alone {
				run = func(ctx context.Context) error { return a.runAlone(ctx, replica, c, log) }
			}
			if err := run(ctx); err != nil && ctx.Err() == nil {
				log.Error("commands are off", "error", err)
			}
		})
	}
}

// handOver is how often a replica asks whether it is its turn to answer.
const handOver = time.Second

// runAlone answers commands as long as no other replica does. One that is killed
// is followed by another within a second or two.
func (a *App) runAlone(ctx context.Context, replica *jobs.Replica, c chat, log *slog.Logger) error {
	what := "answer " + string(c.kind)
	tick := time.NewTicker(handOver)
	defer tick.Stop()
	for {
		ours, err := replica.Hold(ctx, what)
		if err != nil && ctx.Err() == nil {
			log.Warn("it is not known which replica answers commands", "error", err)
		}
		if ours {
			log.Info("this replica answers commands")
			err := a.runHeld(ctx, replica, what, c, tick.C)
			if err = errors.Join(err, replica.LetGo(context.WithoutCancel(ctx), what)); err != nil || ctx.Err() != nil {
				return err
			}
		}
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
	}
}

// runHeld runs the platform until it ends or the lock is lost; then the error is
// nil.
func (a *App) runHeld(ctx context.Context, replica *jobs.Replica, what string, c chat, tick <-chan time.Time) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	ended := make(chan error, 1)
	go func() { ended <- c.platform.Run(ctx) }()
	for {
		select {
		case err := <-ended:
			return err
		case <-tick:
		}
		if ours, err := replica.Hold(ctx, what); !ours || err != nil {
			cancel()
			return ignoreCancel(<-ended)
		}
	}
}

func ignoreCancel(err error) error {
	if errors.Is(err, context.Canceled) {
		return nil
	}
	return err
}
