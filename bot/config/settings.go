package config

import (
	"fmt"
	"strings"
	"time"

	"github.com/dustin/go-humanize"

	"tipoff/filters"
)

var (
	topKeys     = []string{"store", "listen", "timezone", "command", "slack", "discord", "fetch", "retention", "actors", "sets", "sources", "channels", "watches", "operations"}
	slackKeys   = []string{"bot_token", "app_token", "signing_secret", "api_url"}
	discordKeys = []string{"token", "application_id", "public_key", "guild_id", "api_url"}
	fetchKeys   = []string{"schedule", "timeout", "max_bytes", "concurrency", "per_host", "pace", "patience", "user_agent", "contact", "allow_private", "full_text"}
	actorsKeys  = []string{"import"}

	retentionKeys = []string{"age", "size"}
)

func (d *decoder) config(root *node) *Config {
	c := &Config{
		Store:   DefaultStore,
		Listen:  DefaultListen,
		Zone:    time.UTC,
		Command: DefaultCommand,
	}
	top := d.section(root, "", topKeys...)
	read(top, "store", &c.Store, parseStore)
	read(top, "listen", &c.Listen, parseListen)
	read(top, "timezone", &c.Zone, parseZone)
	read(top, "command", &c.Command, parseCommand)
	c.Slack = d.slack(top.node("slack"))
	c.Discord = d.discord(top.node("discord"))
	c.Fetch = d.fetch(top.node("fetch"), c.Zone)
	c.Retention = d.retention(top.node("retention"))
	c.Actors = d.actors(top.node("actors"))
	c.Sets, c.Lexicon = d.sets(top, c.Actors)
	c.Sources = d.sources(top, c)
	c.Channels = d.channels(top, c)
	c.Watches = d.watches(top, c)
	read(top, "operations", &c.Operations, parseChannel(c.Channels))
	if len(c.Sources) == 0 && len(d.errs) == 0 {
		d.warn(&node{line: 1, col: 1}, "sources", "there are none, so nothing will ever be found", "add a feed: - {name: example, url: https://example.org/feed.xml}")
	}
	return c
}

func (d *decoder) slack(n *node) Slack {
	var out Slack
	s := d.section(n, "slack", slackKeys...)
	read(s, "bot_token", &out.BotToken, parseSecret)
	read(s, "app_token", &out.AppToken, parseSecret)
	read(s, "signing_secret", &out.SigningSecret, parseSecret)
	read(s, "api_url", &out.APIURL, parseBase)
	if out.APIURL != "" {
		out.APIURL += "/" // slack-go appends a method's name as it is
	}
	if !out.On() {
		for key, v := range map[string]Secret{"app_token": out.AppToken, "signing_secret": out.SigningSecret} {
			if v != "" {
				d.warn(s.node(key), s.path(key), "without a bot_token Slack is off, and this has no effect", "set slack.bot_token too")
			}
		}
		return out
	}
	if out.SigningSecret != "" {
		d.later(s.node("signing_secret"), s.path("signing_secret"), "signed interaction endpoints are not in this version; commands come over Socket Mode, which needs app_token")
	}
	if out.APIURL == "" {
		d.tokenForm(s, "bot_token", out.BotToken, "xoxb-", "the \"Bot User OAuth Token\" of the app's page \"OAuth & Permissions\"")
		d.tokenForm(s, "app_token", out.AppToken, "xapp-", "an \"App-Level Token\" of the app's page \"Basic Information\"")
	}
	return out
}

// tokenForm warns of a token of another sort. It is no mistake to stop at:
// only Slack can tell whether a token is good.
func (d *decoder) tokenForm(s section, key string, token Secret, prefix, source string) {
	if token != "" && !strings.HasPrefix(token.Reveal(), prefix) {
		d.warn(s.node(key), s.path(key), "this token does not start with "+prefix, "use "+source)
	}
}

func (d *decoder) discord(n *node) Discord {
	var out Discord
	id := parseID(digitsRE, "an id; Discord's ids are digits: turn on the developer mode in Discord's settings and copy the id")
	s := d.section(n, "discord", discordKeys...)
	read(s, "token", &out.Token, func(text string) (Secret, error) {
		// Discord's pages show the token with the word that HTTP wants before it.
		return parseSecret(strings.TrimPrefix(text, "Bot "))
	})
	read(s, "application_id", &out.ApplicationID, id)
	read(s, "public_key", &out.PublicKey, parseID(publicKeyRE, "a public key; it is 64 hexadecimal digits, on the application's page \"General Information\""))
	read(s, "guild_id", &out.GuildID, id)
	read(s, "api_url", &out.APIURL, parseBase)
	if out.PublicKey != "" {
		d.later(s.node("public_key"), s.path("public_key"), "signed interaction endpoints are not in this version; commands come over the gateway")
	}
	return out
}

// parseBase reads the base address of an API, without its last slashes.
func parseBase(s string) (string, error) {
	if s == "" {
		return "", nil
	}
	base, err := parseURL("use a token")(s)
	return strings.TrimRight(base, "/"), err
}

func (d *decoder) fetch(n *node, zone *time.Location) Fetch {
	out := Fetch{
		Schedule:    DefaultSchedule,
		Timeout:     DefaultTimeout,
		MaxBytes:    DefaultMaxBytes,
		Concurrency: DefaultConcurrency,
		PerHost:     DefaultPerHost,
		Pace:        DefaultPace,
		Patience:    DefaultPatience,
	}
	s := d.section(n, "fetch", fetchKeys...)
	read(s, "schedule", &out.Schedule, parseSchedule(zone))
	read(s, "timeout", &out.Timeout, parseDuration(10*time.Minute))
	read(s, "max_bytes", &out.MaxBytes, parseSize)
	read(s, "concurrency", &out.Concurrency, parseInt(1, 1000))
	read(s, "per_host", &out.PerHost, parseInt(1, 100))
	read(s, "pace", &out.Pace, parsePause(time.Minute))
	read(s, "patience", &out.Patience, parsePause(24*time.Hour))
	read(s, "user_agent", &out.UserAgent, parseText)
	read(s, "contact", &out.Contact, parseText)
	out.AllowPrivate = readList(s, "allow_private", parsePrefix)
	read(s, "full_text", &out.FullText, parseBool)
	return out
}

func (d *decoder) retention(n *node) Retention {
	var out Retention
	s := d.section(n, "retention", retentionKeys...)
	read(s, "age", &out.Age, parseAge)
	read(s, "size", &out.Size, parseArchiveSize)
	return out
}

// parseAge reads how old stories get, or nothing.
func parseAge(s string) (time.Duration, error) {
	if s == "" {
		return 0, nil
	}
	age, err := filters.ParseAge(s)
	switch {
	case err != nil:
		return 0, fmt.Errorf("%s is not an age; write it as 365d or 26w", quote(s))
	case age < 24*time.Hour:
		return 0, fmt.Errorf("%s is out of range; a story is kept for a day (1d) at least", quote(s))
	}
	return age, nil
}

// minArchive leaves room for some thousand stories beside the tables' own size.
const minArchive = 20_000_000

func parseArchiveSize(s string) (int64, error) {
	if s == "" {
		return 0, nil
	}
	n, err := humanize.ParseBytes(s)
	switch {
	case err != nil:
		return 0, fmt.Errorf("%s is not a size; write it as 2GB or 500MB", quote(s))
	case n < minArchive || n > 1<<50:
		return 0, fmt.Errorf("%s is out of range; want 20MB to 1PB", quote(s))
	}
	return int64(n), nil
}

// parsePause reads a duration that may be none.
func parsePause(most time.Duration) func(string) (time.Duration, error) {
	return func(s string) (time.Duration, error) {
		if s == "0" || s == "0s" {
			return 0, nil
		}
		return parseDuration(most)(s)
	}
}
