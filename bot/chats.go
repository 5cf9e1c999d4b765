package bot

import (
	"context"

	"tipoff/bot/alert"
	"tipoff/bot/deliver"
	"tipoff/bot/discord"
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
}

// newChats are the platforms whose tokens are set. Of the others it says that
// they are off.
func (a *App) newChats() []chat {
	var all []chat
	if s := a.cfg.Slack; s.On() {
		all = append(all, chat{alert.Slack, slack.New(slack.Options{
			BotToken: s.BotToken.Reveal(), AppToken: s.AppToken.Reveal(), APIURL: s.APIURL,
			Command: a.cfg.Command, Commands: a.commands, Log: a.Log.With("platform", "slack"), Now: a.Now, HTTP: a.HTTP,
		}), s.AppToken != ""})
	}
	if d := a.cfg.Discord; d.On() {
		all = append(all, chat{alert.Discord, discord.New(discord.Options{
			Token: d.Token.Reveal(), ApplicationID: d.ApplicationID, GuildID: d.GuildID, APIURL: d.APIURL,
			Command: a.cfg.Command, Commands: a.commands, Log: a.Log.With("platform", "discord"), Now: a.Now, HTTP: a.HTTP,
		}), true})
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
			if err := c.platform.Run(ctx); err != nil && ctx.Err() == nil {
				log.Error("commands are off", "error", err)
			}
		})
	}
}
