// Package alert holds what a team configures and what it gets: watches,
// channels with their targets, alerts and their deliveries. It says which
// values are valid and nothing of how they are stored or sent.
package alert

import (
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"

	"tipoff/sources/story"
)

// Severity orders watches by how much they matter. The zero value is Medium's
// name-less form and prints as "medium".
type Severity string

// The severities, from least to most.
const (
	Low      Severity = "low"
	Medium   Severity = "medium"
	High     Severity = "high"
	Critical Severity = "critical"
)

// Severities lists all severities, from least to most.
var Severities = []Severity{Low, Medium, High, Critical}

// Rank is the place of s among [Severities]; an empty severity is Medium.
func (s Severity) Rank() int {
	if s == "" {
		s = Medium
	}
	return slices.Index(Severities, s)
}

// Watch is a standing question: every story that Query matches is alerted in
// the channels named.
type Watch struct {
	Name  string `json:"name"`
	Query string `json:"query"`
	// Channels are names of channels. A watch with none alerts nobody and is
	// still listed, searched and counted.
	Channels []string `json:"channels"`
	Severity Severity `json:"severity,omitempty"`
	// Mention is who is pinged: "", "here", "channel", or a platform's id of a
	// user, group or role such as "slack:S0123" or "discord:4001".
	Mention string `json:"mention,omitempty"`
	// Origin is "config" for a watch of the file, or who added it in chat.
	Origin string `json:"origin,omitempty"`
}

// Channel is a place for alerts, with one or more targets. The same alert
// goes to all of them.
type Channel struct {
	Name string
	// Slack and Discord are the platforms' own channel ids.
	Slack    string
	Discord  string
	Webhook  string
	File     string
	Terminal bool
	// Managers are the platform user ids ("slack:U012", "discord:2002") that
	// may change this channel's watches from chat. Empty means everyone may.
	Managers []string
}

// Kind names a sort of target.
type Kind string

// The kinds of target.
const (
	Slack    Kind = "slack"
	Discord  Kind = "discord"
	Webhook  Kind = "webhook"
	File     Kind = "file"
	Terminal Kind = "terminal"
)

// Target is one address of one kind: a Slack channel id, a URL, a path. It
// prints as "slack:C0123", which is also its key in the store.
type Target struct {
	Kind    Kind
	Address string
}

func (t Target) String() string { return string(t.Kind) + ":" + t.Address }

// Redacted is the target for people's eyes: of a webhook the host alone, for the
// rest of such an address is often a secret.
func (t Target) Redacted() string {
	if t.Kind != Webhook {
		return t.String()
	}
	host := "address"
	if u, err := url.Parse(t.Address); err == nil && u.Host != "" {
		host = u.Host
	}
	return string(t.Kind) + ":" + host
}

// ParseTarget reads what [Target.String] wrote.
func ParseTarget(s string) (Target, error) {
	kind, address, ok := strings.Cut(s, ":")
	if !ok {
		return Target{}, fmt.Errorf("target %q has no kind; write it as slack:C0123", s)
	}
	return Target{Kind: Kind(kind), Address: address}, nil
}

// Targets lists the channel's targets, in the order of their kinds above.
func (c Channel) Targets() []Target {
	var ts []Target
	add := func(k Kind, address string) {
		if address != "" {
			ts = append(ts, Target{k, address})
		}
	}
	add(Slack, c.Slack)
	add(Discord, c.Discord)
	add(Webhook, c.Webhook)
	add(File, c.File)
	if c.Terminal {
		ts = append(ts, Target{Terminal, c.Name})
	}
	return ts
}

// AlertKind tells a first alert from news about an older one.
type AlertKind string

// The kinds of alert.
const (
	KindNew    AlertKind = "new"
	KindUpdate AlertKind = "update"
	// KindNotice is not about a story, but about the program itself: a source
	// that fails, say. Its Story is made for it: a title, a text, a link.
	KindNotice AlertKind = "notice"
)

// Alert is one story for one channel: the first one, or an update of it. It is
// also the JSON that file and webhook targets receive.
type Alert struct {
	// ID is unique and stays the same over restarts and attempts.
	ID      string      `json:"-"`
	Channel string      `json:"channel"`
	Watches []string    `json:"watches"`
	Kind    AlertKind   `json:"kind"`
	Story   story.Story `json:"story"`
	// Severity is the highest of the watches'; Mentions are all of theirs.
	Severity Severity  `json:"-"`
	Mentions []string  `json:"-"`
	Created  time.Time `json:"-"`
}

var nameRE = regexp.MustCompile(`^[\p{L}\p{N}][\p{L}\p{N}_.-]{0,39}$`)

// ValidName reports whether s can name a source, a channel or a watch: up to
// 40 letters, digits, dots, dashes or underscores, a letter or digit first.
func ValidName(s string) bool { return nameRE.MatchString(s) }

// Validate checks what can be checked of a watch alone. The query and the
// channels' names are checked by who knows the language and the channels.
func (w Watch) Validate() error {
	switch {
	case !ValidName(w.Name):
		return fmt.Errorf("watch name %q: use 1 to 40 letters, digits, dots, dashes or underscores, a letter or digit first", w.Name)
	case strings.TrimSpace(w.Query) == "":
		return fmt.Errorf("watch %q has no query; %q matches every story", w.Name, "*")
	case w.Severity.Rank() < 0:
		return fmt.Errorf("watch %q: severity %q is not one of low, medium, high, critical", w.Name, w.Severity)
	}
	return ValidMention(w.Mention)
}

var mentionRE = regexp.MustCompile(`^(here|channel|slack:[USW][A-Z0-9]{2,20}|discord:&?[0-9]{1,20})?$`)

// ValidMention checks a watch's mention: empty, "here", "channel",
// "slack:U0123" (user), "slack:S0123" (user group), "discord:123" (user) or
// "discord:&123" (role).
func ValidMention(s string) error {
	if !mentionRE.MatchString(s) {
		return fmt.Errorf("mention %q: write here, channel, slack:U0123 (a user), slack:S0123 (a group), discord:123 (a user) or discord:&123 (a role)", s)
	}
	return nil
}
