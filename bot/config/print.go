package config

import (
	"log/slog"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/dustin/go-humanize"
	"github.com/goccy/go-yaml"

	"tipoff/bot/alert"
	"tipoff/sources"
)

// Redacted prints what is in force as YAML, defaults included and secrets
// hidden: tokens, passwords, header values, webhook paths, and keys in the
// parameters of addresses.
func (c *Config) Redacted() string {
	out, err := yaml.MarshalWithOptions(c.document(redact), yaml.IndentSequence(true))
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

// secretKind says what of a value is secret.
type secretKind int

const (
	public        secretKind = iota
	secretToken              // all of it
	secretLogin              // a user and a password
	secretHeader             // the value of a header
	secretAddress            // the user, the password and some parameters of an address
	secretWebhook            // all after an address's host
)

// show is what to print of a text, which stands at a path of keys; of a list's
// entry the path has the name.
type show func(kind secretKind, text string, path ...string) string

func redact(kind secretKind, text string, path ...string) string {
	switch kind {
	case secretToken, secretLogin, secretHeader:
		return Secret(text).String()
	case secretAddress:
		if path[0] == "store" {
			return (&Config{Store: text}).printStore()
		}
		return redactURL(text, false)
	case secretWebhook:
		return redactURL(text, true)
	}
	return text
}

// printStore is the store without the password that may be in its address.
func (c *Config) printStore() string {
	if c.Shared() {
		return c.StoreName()
	}
	return c.Store
}

// pairs keeps the order of a mapping's keys. Empty values are left out.
type pairs struct {
	yaml.MapSlice
	show show
	path []string
}

func (s show) pairs(path ...string) *pairs { return &pairs{show: s, path: path} }

func (p *pairs) add(key string, v any) {
	switch v := v.(type) {
	case string:
		p.addSecret(public, key, v)
		return
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
		shown := make([]string, len(v))
		for i, s := range v {
			shown[i] = p.show(public, s, append(slices.Clone(p.path), key, "")...)
		}
		p.put(key, shown)
		return
	case map[string]string:
		p.addMap(public, key, v)
		return
	}
	p.put(key, v)
}

func (p *pairs) put(key string, v any) {
	p.MapSlice = append(p.MapSlice, yaml.MapItem{Key: key, Value: v})
}

// addSecret adds a text of which something is secret.
func (p *pairs) addSecret(kind secretKind, key, text string) {
	if text != "" {
		p.put(key, p.show(kind, text, append(slices.Clone(p.path), key)...))
	}
}

func (p *pairs) addMap(kind secretKind, key string, m map[string]string) {
	in := p.show.pairs(append(slices.Clone(p.path), key)...)
	for _, name := range slices.Sorted(maps.Keys(m)) {
		in.addSecret(kind, name, m[name])
	}
	p.addPairs(key, in)
}

func (p *pairs) addPairs(key string, in *pairs) {
	if len(in.MapSlice) > 0 {
		p.put(key, in.MapSlice)
	}
}

func (c *Config) document(s show) yaml.MapSlice {
	top := s.pairs()
	top.addSecret(secretAddress, "store", c.Store)
	if c.Listen == "" {
		top.put("listen", "") // "" is not the default
	}
	top.add("listen", c.Listen)
	top.add("timezone", c.Zone.String())
	top.add("command", c.Command)
	top.add("operations", c.Operations)

	slack := s.pairs("slack")
	slack.addSecret(secretToken, "bot_token", c.Slack.BotToken.Reveal())
	slack.addSecret(secretToken, "app_token", c.Slack.AppToken.Reveal())
	slack.addSecret(secretToken, "signing_secret", c.Slack.SigningSecret.Reveal())
	slack.addSecret(secretAddress, "api_url", c.Slack.APIURL)
	top.addPairs("slack", slack)

	discord := s.pairs("discord")
	discord.addSecret(secretToken, "token", c.Discord.Token.Reveal())
	discord.add("application_id", c.Discord.ApplicationID)
	discord.add("public_key", c.Discord.PublicKey)
	discord.add("guild_id", c.Discord.GuildID)
	discord.addSecret(secretAddress, "api_url", c.Discord.APIURL)
	top.addPairs("discord", discord)

	top.addPairs("fetch", c.Fetch.pairs(s))
	retention := s.pairs("retention")
	if c.Retention.Age > 0 {
		retention.put("age", age(c.Retention.Age))
	}
	if c.Retention.Size > 0 {
		retention.put("size", size(c.Retention.Size))
	}
	top.addPairs("retention", retention)
	actors := s.pairs("actors")
	actors.add("import", c.Actors.Import)
	top.addPairs("actors", actors)
	top.addMap(public, "sets", c.Sets)

	var list [3][]yaml.MapSlice
	for _, src := range c.Sources {
		list[0] = append(list[0], c.sourcePairs(s, src))
	}
	for _, ch := range c.Channels {
		list[1] = append(list[1], c.channelPairs(s, ch))
	}
	for _, w := range c.Watches {
		list[2] = append(list[2], c.watchPairs(s, w))
	}
	for i, key := range []string{"sources", "channels", "watches"} {
		if len(list[i]) > 0 {
			top.put(key, list[i])
		}
	}
	return top.MapSlice
}

func (f Fetch) pairs(s show) *pairs {
	p := s.pairs("fetch")
	p.add("schedule", f.Schedule)
	p.put("timeout", span(f.Timeout))
	p.put("max_bytes", size(f.MaxBytes))
	p.add("concurrency", f.Concurrency)
	p.add("per_host", f.PerHost)
	p.put("pace", span(f.Pace))
	p.put("patience", span(f.Patience))
	p.add("user_agent", f.UserAgent)
	p.add("contact", f.Contact)
	var private []string
	for _, n := range f.AllowPrivate {
		private = append(private, n.String())
	}
	p.add("allow_private", private)
	p.add("full_text", f.FullText)
	return p
}

// span is a duration as people write it: 1h, not 1h0m0s.
func span(d time.Duration) string {
	text := d.String()
	if strings.HasSuffix(text, "m0s") {
		text = strings.TrimSuffix(text, "0s")
	}
	if strings.HasSuffix(text, "h0m") {
		text = strings.TrimSuffix(text, "0m")
	}
	return text
}

// age is a duration in the largest unit that queries know too.
func age(d time.Duration) string {
	for _, u := range []struct {
		unit time.Duration
		sign string
	}{{24 * time.Hour, "d"}, {time.Hour, "h"}} {
		if d%u.unit == 0 {
			return strconv.Itoa(int(d/u.unit)) + u.sign
		}
	}
	return strconv.Itoa(int(d/time.Minute)) + "m"
}

// size is a number of bytes, rounded only where that changes nothing.
func size(n int64) string {
	for _, format := range []func(uint64) string{humanize.IBytes, humanize.Bytes} {
		text := strings.ReplaceAll(strings.Replace(format(uint64(max(n, 0))), ".0 ", " ", 1), " ", "")
		if back, err := humanize.ParseBytes(text); err == nil && back == uint64(n) { //nolint:gosec // a size is not negative
			return text
		}
	}
	return strconv.FormatInt(n, 10) + "B"
}

// sourcePairs leaves out what holds for all sources.
func (c *Config) sourcePairs(s show, src sources.Source) yaml.MapSlice {
	p := s.pairs("sources", src.Name)
	p.add("name", src.Name)
	p.addSecret(secretAddress, "url", src.URL)
	p.add("schedule", src.Schedule)
	if src.Kind != sources.Feed {
		p.add("kind", string(src.Kind))
	}
	p.add("items", src.Items)
	p.add("fields", src.Fields)
	p.add("tags", src.Tags)
	p.add("backfill", src.Backfill)
	p.addSecret(secretLogin, "basic_auth", src.BasicAuth)
	p.addMap(secretHeader, "headers", src.Headers)
	p.addSecret(secretAddress, "proxy", src.Proxy)
	if src.FullText != c.Fetch.FullText {
		p.put("full_text", src.FullText)
	}
	return p.MapSlice
}

func (c *Config) channelPairs(s show, ch alert.Channel) yaml.MapSlice {
	p := s.pairs("channels", ch.Name)
	p.add("name", ch.Name)
	p.add("slack", ch.Slack)
	p.add("discord", ch.Discord)
	p.addSecret(secretWebhook, "webhook", ch.Webhook)
	p.add("file", ch.File)
	p.add("terminal", ch.Terminal)
	p.add("quiet", c.Later["channels."+ch.Name+".quiet"])
	p.add("budget", c.Later["channels."+ch.Name+".budget"])
	p.add("managers", ch.Managers)
	return p.MapSlice
}

func (c *Config) watchPairs(s show, w alert.Watch) yaml.MapSlice {
	p := s.pairs("watches", w.Name)
	p.add("name", w.Name)
	p.add("query", w.Query)
	p.add("channels", w.Channels)
	p.add("severity", string(w.Severity))
	p.add("mention", w.Mention)
	p.add("digest", c.Later["watches."+w.Name+".digest"])
	return p.MapSlice
}
