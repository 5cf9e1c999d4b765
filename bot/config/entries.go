package config

import (
	"errors"
	"fmt"
	"net/textproto"
	"slices"
	"strings"
	"time"

	"tipoff/bot/alert"
	"tipoff/filters"
	"tipoff/filters/query"
	"tipoff/sources"
	"tipoff/sources/list"
	"tipoff/sources/schedule"
)

var (
	sourceKeys  = []string{"name", "url", "schedule", "tags", "kind", "items", "fields", "backfill", "basic_auth", "headers", "proxy", "full_text"}
	channelKeys = []string{"name", "slack", "discord", "webhook", "file", "terminal", "quiet", "budget", "managers"}
	watchKeys   = []string{"name", "query", "channels", "severity", "mention", "digest"}
)

func (d *decoder) sources(top section, c *Config) []sources.Source {
	var out []sources.Source
	seen := names{}
	top.sections("sources", sourceKeys, func(s section) {
		src := sources.Source{Schedule: c.Fetch.Schedule, FullText: c.Fetch.FullText}
		kind := "feed"
		s.need("name", "give the source a short name that stays, as in name: cisa")
		s.need("url", "give the feed's address")
		read(s, "name", &src.Name, parseName)
		read(s, "url", &src.URL, parseURL("put them into basic_auth: \"user:password\""))
		read(s, "schedule", &src.Schedule, parseSchedule(c.Zone))
		src.Tags = readList(s, "tags", parseTag)
		read(s, "kind", &kind, parseKind)
		read(s, "backfill", &src.Backfill, parseInt(0, 1000))
		read(s, "basic_auth", &src.BasicAuth, parseBasicAuth)
		src.Headers = d.headers(s)
		read(s, "proxy", &src.Proxy, optional(parseProxy))
		read(s, "full_text", &src.FullText, parseBool)
		seen.add(s, src.Name)
		src.Kind = sources.Kind(kind)
		read(s, "items", &src.Items, parseText)
		src.Fields = d.fields(s)
		d.checkList(s, src)
		out = append(out, src)
	})
	return out
}

func parseKind(s string) (string, error) {
	if !slices.Contains(sources.Kinds, sources.Kind(s)) {
		return "", fmt.Errorf("%s is not a kind of source; write feed, kev, epss, nvd, json, page or sitemap, or leave the key out", quote(s))
	}
	return s, nil
}

// fields reads where the parts of a story are.
func (d *decoder) fields(s section) map[string]string {
	n := s.node("fields")
	if n == nil {
		return nil
	}
	if n.kind != mapping {
		d.fail(n.line, n.col, "%s: want a mapping of the fields %s to where they are, found %s", s.path("fields"), strings.Join(sources.FieldNames, ", "), n.kind)
		return nil
	}
	out := map[string]string{}
	for _, e := range n.entries {
		where := s.path("fields") + "." + e.key
		if !slices.Contains(sources.FieldNames, e.key) {
			text := "there is no such field"
			if near := nearest(e.key, sources.FieldNames); near != "" {
				text += "; did you mean " + near + "?"
			} else {
				text += "; the fields are " + strings.Join(sources.FieldNames, ", ")
			}
			d.fail(e.line, e.col, "%s: %s", where, text)
			continue
		}
		var text string
		if v, ok := d.scalar(e.value, where); ok && parseTo(d, v, where, &text, parseText) {
			out[e.key] = text
		}
	}
	return out
}

// checkList tells a mistake in a source's items and fields at its place.
func (d *decoder) checkList(s section, src sources.Source) {
	wrong, ok := errors.AsType[*list.KeyError](list.Check(src.Kind, src.Items, src.Fields))
	if !ok {
		return
	}
	key, name, _ := strings.Cut(wrong.Key, ".")
	n := s.node(key)
	if n == nil {
		n = s.node("kind")
	}
	line, col := n.line, n.col
	for _, e := range n.entries {
		if e.key == name && e.value != nil {
			line, col = e.value.line, e.value.col
		}
	}
	d.fail(line, col, "%s: %s", s.path(wrong.Key), wrong.Text)
}

// optional lets an empty value, such as one of the environment, mean none.
func optional(parse func(string) (string, error)) func(string) (string, error) {
	return func(s string) (string, error) {
		if s == "" {
			return "", nil
		}
		return parse(s)
	}
}

// reserved headers are the business of HTTP itself; another value in one of
// them breaks the request or the reading of its answer.
var reserved = []string{"Accept-Encoding", "Connection", "Content-Length", "Host", "Te", "Trailer", "Transfer-Encoding", "Upgrade"}

func (d *decoder) headers(s section) map[string]string {
	n := s.node("headers")
	if n == nil {
		return nil
	}
	if n.kind != mapping {
		d.fail(n.line, n.col, "%s: want a mapping of header names to values, found %s", s.path("headers"), n.kind)
		return nil
	}
	out := map[string]string{}
	for _, e := range n.entries {
		where := s.path("headers") + "." + e.key
		name := textproto.CanonicalMIMEHeaderKey(e.key)
		switch {
		case !headerRE.MatchString(e.key):
			d.fail(e.line, e.col, "%s: %s cannot be a header's name", s.path("headers"), quote(e.key))
			continue
		case slices.Contains(reserved, name):
			d.fail(e.line, e.col, "%s: this header is set by the program; remove it", where)
			continue
		}
		if _, twice := out[name]; twice {
			d.fail(e.line, e.col, "%s: the header is here twice", where)
			continue
		}
		var text string
		if v, ok := d.scalar(e.value, where); ok && parseTo(d, v, where, &text, parseText) {
			out[name] = text
		}
	}
	return out
}

func (d *decoder) channels(top section, c *Config) []alert.Channel {
	var out []alert.Channel
	seen := names{}
	top.sections("channels", channelKeys, func(s section) {
		var ch alert.Channel
		s.need("name", "watches name the channel by it, as in name: china-desk")
		read(s, "name", &ch.Name, parseName)
		read(s, "slack", &ch.Slack, parseID(slackChannelRE, "a Slack channel's id, which looks like C0123ABCD; it is at the foot of the channel's details in Slack"))
		read(s, "discord", &ch.Discord, parseID(digitsRE, "a Discord channel's id, which is digits; turn on the developer mode in Discord's settings and copy the id"))
		read(s, "webhook", &ch.Webhook, optional(parseURL("put a token into the path or a parameter")))
		read(s, "file", &ch.File, parsePath)
		read(s, "terminal", &ch.Terminal, parseBool)
		c.readLater(s, "channels", ch.Name, "quiet", parseQuiet, "quiet hours are not in this version; the channel alerts at all hours")
		c.readLater(s, "channels", ch.Name, "budget", parseBudget, "budgets are not in this version; every alert is sent")
		ch.Managers = readList(s, "managers", parseManager)
		seen.add(s, ch.Name)
		d.platformOff(s, "slack", ch.Slack, c.Slack.On(), "slack.bot_token")
		d.platformOff(s, "discord", ch.Discord, c.Discord.On(), "discord.token")
		out = append(out, ch)
	})
	return out
}

func (d *decoder) platformOff(s section, key, id string, on bool, token string) {
	if id != "" && !on {
		d.warn(s.node(key), s.path(key), token+" is empty, so the platform is off and nothing is sent there", "set "+token+", or remove the key")
	}
}

func (d *decoder) watches(top section, c *Config) []alert.Watch {
	var out []alert.Watch
	seen := names{}
	top.sections("watches", watchKeys, func(s section) {
		w := alert.Watch{Severity: alert.Medium, Origin: "config"}
		s.need("name", "give the watch a short name, as in name: china")
		s.need("query", "say what to look for, as in query: 'ransomware OR wiper'; * matches every story")
		read(s, "name", &w.Name, parseName)
		read(s, "query", &w.Query, parseQuery(c.Lexicon))
		w.Channels = readList(s, "channels", parseChannel(c.Channels))
		read(s, "severity", &w.Severity, parseSeverity)
		read(s, "mention", &w.Mention, parseMention)
		c.readLater(s, "watches", w.Name, "digest", parseSchedule(c.Zone), "digests are not in this version; the watch alerts at once")
		seen.add(s, w.Name)
		w.Channels = d.distinct(s, w.Channels)
		out = append(out, w)
	})
	return out
}

// parseChannel reads the name of one of the channels.
func parseChannel(channels []alert.Channel) func(string) (string, error) {
	known := make([]string, 0, len(channels))
	for _, ch := range channels {
		known = append(known, ch.Name)
	}
	return func(name string) (string, error) {
		if !slices.Contains(known, name) {
			return "", errors.New(noChannel(name, known))
		}
		return name, nil
	}
}

func noChannel(name string, known []string) string {
	text := "there is no channel " + quote(name)
	if n := nearest(name, known); n != "" {
		return text + "; did you mean " + n + "?"
	}
	if len(known) == 0 {
		return text + "; add it under channels"
	}
	return text + "; the channels are " + strings.Join(known, ", ")
}

// distinct drops a channel that a watch names twice: it would get no alert
// twice either way.
func (d *decoder) distinct(s section, list []string) []string {
	var out []string
	for _, name := range list {
		if slices.Contains(out, name) {
			d.warn(s.node("channels"), s.path("channels"), "the channel "+name+" is named twice; it gets each alert once", "remove one")
			continue
		}
		out = append(out, name)
	}
	return out
}

func parseSchedule(zone *time.Location) func(string) (string, error) {
	return func(s string) (string, error) {
		if _, err := schedule.Parse(s, zone); err != nil {
			return "", errors.New(strings.TrimPrefix(err.Error(), "schedule "))
		}
		return s, nil
	}
}

// parseQuery checks a query; its mistakes are told at their place inside it.
func parseQuery(l *filters.Lexicon) func(string) (string, error) {
	return func(s string) (string, error) {
		if strings.TrimSpace(s) == "" {
			return "", errors.New("the query is empty; * matches every story")
		}
		if _, err := l.Compile(s); err != nil {
			return "", misplacedIn(err)
		}
		return s, nil
	}
}

// misplacedIn is an error of a query with its place.
func misplacedIn(err error) error {
	e, ok := errors.AsType[*query.Error](err)
	if !ok {
		return err
	}
	text := "expected " + e.Expected + ", found " + e.Found
	if e.Suggest != "" {
		text += "; try " + e.Suggest
	}
	return &misplaced{at: e.Col - 1, err: errors.New(text)}
}
