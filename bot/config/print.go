package config

import (
	"log/slog"
	"maps"
	"slices"

	"github.com/dustin/go-humanize"
	"github.com/goccy/go-yaml"

	"tipoff/sources"
)

// Redacted prints what is in force as YAML, defaults included and secrets
// hidden: tokens, passwords, header values, webhook paths, and keys in the
// parameters of addresses.
func (c *Config) Redacted() string {
	out, err := yaml.MarshalWithOptions(c.document(), yaml.IndentSequence(true))
	if err != nil {
		return "# the configuration cannot be printed: " + err.Error() + "\n"
	}
	return string(out)
}

// String is [Config.Redacted], so that no way of printing shows a secret.
func (c *Config) String() string { return c.Redacted() }

// LogValue is what slog writes: no more than the sizes.
func (c *Config) LogValue() slog.Value {
	return slog.GroupValue(slog.String("file", c.File), slog.Int("sources", len(c.Sources)),
		slog.Int("channels", len(c.Channels)), slog.Int("watches", len(c.Watches)))
}

// pairs keeps the order of a mapping's keys. Empty values are left out.
type pairs struct{ yaml.MapSlice }

func (p *pairs) add(key string, v any) {
	switch v := v.(type) {
	case string:
		if v == "" {
			return
		}
	case int:
		if v == 0 {
			return
		}
	case bool:
		if !v {
			return
		}
	case []string:
		if len(v) == 0 {
			return
		}
	}
	p.MapSlice = append(p.MapSlice, yaml.MapItem{Key: key, Value: v})
}

func (c *Config) document() yaml.MapSlice {
	var slack, discord, fetch, actors, sets pairs
	slack.add("bot_token", c.Slack.BotToken.String())
	slack.add("app_token", c.Slack.AppToken.String())
	slack.add("signing_secret", c.Slack.SigningSecret.String())
	slack.add("api_url", redactURL(c.Slack.APIURL, false))
	discord.add("token", c.Discord.Token.String())
	discord.add("application_id", c.Discord.ApplicationID)
	discord.add("public_key", c.Discord.PublicKey)
	discord.add("guild_id", c.Discord.GuildID)
	discord.add("api_url", redactURL(c.Discord.APIURL, false))
	fetch.add("schedule", c.Fetch.Schedule)
	fetch.add("timeout", c.Fetch.Timeout.String())
	fetch.add("max_bytes", humanize.IBytes(uint64(max(c.Fetch.MaxBytes, 0))))
	fetch.add("concurrency", c.Fetch.Concurrency)
	fetch.add("per_host", c.Fetch.PerHost)
	fetch.add("pace", c.Fetch.Pace)
	fetch.add("patience", c.Fetch.Patience)
	fetch.add("user_agent", c.Fetch.UserAgent)
	fetch.add("contact", c.Fetch.Contact)
	var private []string
	for _, p := range c.Fetch.AllowPrivate {
		private = append(private, p.String())
	}
	fetch.add("allow_private", private)
	actors.add("import", c.Actors.Import)
	for _, name := range slices.Sorted(maps.Keys(c.Sets)) {
		sets.add(name, c.Sets[name])
	}

	var list [3][]yaml.MapSlice
	for _, s := range c.Sources {
		var p, headers pairs
		p.add("name", s.Name)
		p.add("url", redactURL(s.URL, false))
		p.add("schedule", s.Schedule)
		if s.Kind != sources.Feed {
			p.add("kind", string(s.Kind))
		}
		p.add("tags", s.Tags)
		p.add("backfill", s.Backfill)
		p.add("basic_auth", Secret(s.BasicAuth).String())
		for _, name := range slices.Sorted(maps.Keys(s.Headers)) {
			headers.add(name, Secret(s.Headers[name]).String())
		}
		if len(headers.MapSlice) > 0 {
			p.add("headers", headers.MapSlice)
		}
		p.add("proxy", redactURL(s.Proxy, false))
		list[0] = append(list[0], p.MapSlice)
	}
	for _, ch := range c.Channels {
		var p pairs
		p.add("name", ch.Name)
		p.add("slack", ch.Slack)
		p.add("discord", ch.Discord)
		p.add("webhook", redactURL(ch.Webhook, true))
		p.add("file", ch.File)
		p.add("terminal", ch.Terminal)
		p.add("managers", ch.Managers)
		list[1] = append(list[1], p.MapSlice)
	}
	for _, w := range c.Watches {
		var p pairs
		p.add("name", w.Name)
		p.add("query", w.Query)
		p.add("channels", w.Channels)
		p.add("severity", string(w.Severity))
		p.add("mention", w.Mention)
		list[2] = append(list[2], p.MapSlice)
	}

	doc := yaml.MapSlice{
		{Key: "store", Value: c.printStore()},
		{Key: "listen", Value: c.Listen},
		{Key: "timezone", Value: c.Zone.String()},
		{Key: "command", Value: c.Command},
	}
	if c.Operations != "" {
		doc = append(doc, yaml.MapItem{Key: "operations", Value: c.Operations})
	}
	for _, part := range []struct {
		key string
		p   pairs
	}{{"slack", slack}, {"discord", discord}, {"fetch", fetch}, {"actors", actors}, {"sets", sets}} {
		if len(part.p.MapSlice) > 0 {
			doc = append(doc, yaml.MapItem{Key: part.key, Value: part.p.MapSlice})
		}
	}
	for i, key := range []string{"sources", "channels", "watches"} {
		if len(list[i]) > 0 {
			doc = append(doc, yaml.MapItem{Key: key, Value: list[i]})
		}
	}
	return doc
}

// printStore is the store without the password that may be in its address.
func (c *Config) printStore() string {
	if c.Shared() {
		return c.StoreName()
	}
	return c.Store
}
