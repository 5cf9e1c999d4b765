package check

import (
	"net"
	"net/netip"
	"strings"

	"tipoff/bot/alert"
	"tipoff/bot/config"
	"tipoff/sources/story"
)

// on reports whether alerts can reach a target's platform.
func on(c *config.Config, k alert.Kind) bool {
	switch k {
	case alert.Slack:
		return c.Slack.On()
	case alert.Discord:
		return c.Discord.On()
	default:
		return true
	}
}

// reach lists the kinds of target that alerts of a channel arrive at.
func reach(c *config.Config, ch alert.Channel) map[alert.Kind]bool {
	kinds := map[alert.Kind]bool{}
	for _, t := range ch.Targets() {
		if on(c, t.Kind) {
			kinds[t.Kind] = true
		}
	}
	return kinds
}

func (l *list) platforms(c *config.Config) {
	used := map[alert.Kind]bool{}
	for _, ch := range c.Channels {
		for _, t := range ch.Targets() {
			used[t.Kind] = true
		}
	}
	switch {
	case !c.Slack.On():
		l.add(Note, "slack", "Slack is off: slack.bot_token is empty",
			"for alerts and commands in Slack set slack.bot_token and slack.app_token")
	case c.Slack.AppToken == "":
		l.add(Warning, "slack", "slash commands are off: slack.app_token is empty, and they come over Socket Mode",
			"make an app-level token with the scope connections:write and set slack.app_token")
	}
	if c.Slack.On() && !used[alert.Slack] {
		l.add(Note, "slack", "Slack is on and no channel has a slack target, so no alert is sent there",
			"add slack: C0123 to a channel, and invite the bot to that channel in Slack")
	}
	if !c.Discord.On() {
		l.add(Note, "discord", "Discord is off: discord.token is empty",
			"for alerts and commands in Discord set discord.token")
	} else if !used[alert.Discord] {
		l.add(Note, "discord", "Discord is on and no channel has a discord target, so no alert is sent there",
			"add discord: \"2002\" (the channel's id) to a channel")
	}
	if host, _, err := net.SplitHostPort(c.Listen); err == nil {
		addr, _ := netip.ParseAddr(host)
		if host != "localhost" && !addr.IsLoopback() {
			l.add(Note, "listen", c.Listen+" is open to other machines, and what it serves asks for no login",
				"keep it behind a firewall or a proxy with a login, or write listen: 127.0.0.1:8080")
		}
	}
}

func (l *list) fetch(c *config.Config) {
	if c.Fetch.Contact == "" && c.Fetch.UserAgent == "" && len(c.Sources) > 0 {
		l.add(Note, "fetch", "publishers cannot tell who reads their feeds, and block unknown readers sooner",
			"set fetch.contact to an address or e-mail of yours")
	}
	for _, p := range c.Fetch.AllowPrivate {
		if p.Bits() == 0 {
			l.add(Warning, "fetch.allow_private", p.String()+" lets a feed's address or redirect reach every service of this machine and network",
				"name the few networks that your feeds are in")
		}
	}
}

func (l *list) sources(c *config.Config) {
	first := map[string]string{}
	for _, s := range c.Sources {
		key, ok := story.CanonicalURL(s.URL)
		if !ok {
			key = s.URL
		}
		if other, twice := first[key]; twice {
			l.add(Warning, "source "+s.Name, "it has the address of source "+other+", so the same feed is fetched twice", "remove one of them")
		} else {
			first[key] = s.Name
		}
		if strings.HasPrefix(strings.ToLower(s.URL), "http://") && (s.BasicAuth != "" || len(s.Headers) > 0) {
			l.add(Warning, "source "+s.Name, "its password or headers travel unencrypted over http://", "use https:// if the server has it")
		}
	}
}

func (l *list) channels(c *config.Config) {
	alerted := map[string]bool{}
	for _, w := range c.Watches {
		for _, name := range w.Channels {
			alerted[name] = true
		}
	}
	owner := map[alert.Target]string{}
	for _, ch := range c.Channels {
		where := "channel " + ch.Name
		switch targets := ch.Targets(); {
		case len(targets) == 0:
			l.add(Warning, where, "it has no target, so its alerts go nowhere", "add slack, discord, webhook, file or terminal: true")
		case len(reach(c, ch)) == 0:
			l.add(Warning, where, "all its targets are on platforms that are off, so its alerts go nowhere", "set the platform's token, or add terminal: true")
		}
		if !alerted[ch.Name] {
			l.add(Note, where, "no watch of the file names it", "name it in the channels of a watch; people may also add watches to it in chat")
		}
		for _, t := range ch.Targets() {
			if t.Kind == alert.Terminal {
				continue // one terminal shows every channel's alerts
			}
			if other, twice := owner[t]; twice {
				l.add(Warning, where, "its target "+string(t.Kind)+" is also that of channel "+other+", where one story may then be told twice",
					"let one channel have the target, and name that channel in both watches")
				continue
			}
			owner[t] = ch.Name
		}
	}
}

func (l *list) watches(c *config.Config) {
	if len(c.Watches) == 0 {
		l.add(Warning, "watches", "there are none, so stories are stored and none is alerted", "add a watch, or several in chat")
	}
	channels := map[string]alert.Channel{}
	for _, ch := range c.Channels {
		channels[ch.Name] = ch
	}
	for _, w := range c.Watches {
		where := "watch " + w.Name
		kinds := map[alert.Kind]bool{}
		for _, name := range w.Channels {
			for k := range reach(c, channels[name]) {
				kinds[k] = true
			}
		}
		switch {
		case len(w.Channels) == 0:
			l.add(Note, where, "it names no channel, so it alerts nobody", "add channels: [...], unless it is for searching only")
			continue
		case len(kinds) == 0:
			l.add(Warning, where, "nothing it finds arrives anywhere: no target of "+names(w.Channels)+" works", "mend the channel, or add terminal: true to it")
			continue
		}
		l.mention(where, w.Mention, kinds)
	}
}

// mention checks that who is to be pinged can be, where the watch's alerts arrive.
func (l *list) mention(where, mention string, kinds map[alert.Kind]bool) {
	const remedy = "change the mention, or add a channel of that platform to the watch"
	platform, _, named := strings.Cut(mention, ":")
	switch {
	case mention == "":
	case named && !kinds[alert.Kind(platform)]:
		l.add(Warning, where, "mention "+mention+" pings nobody: no alert of the watch arrives on that platform", remedy)
	case !named && !kinds[alert.Slack] && !kinds[alert.Discord]:
		l.add(Note, where, "mention "+mention+" pings nobody: its alerts arrive in no chat", remedy)
	}
}
