package discordfake

import (
	"cmp"
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"time"
)

// Message is a message as it stands in a channel, or as someone sees it who
// used a command.
type Message struct {
	ID              string           `json:"id"`
	ChannelID       string           `json:"channel_id"`
	Content         string           `json:"content"`
	Embeds          []Embed          `json:"embeds"`
	Components      []Row            `json:"components"`
	AllowedMentions *AllowedMentions `json:"allowed_mentions,omitempty"`
	Nonce           any              `json:"nonce,omitempty"`
	EnforceNonce    bool             `json:"enforce_nonce,omitempty"`
	Flags           int              `json:"flags"`
	// Author is nil for our bot.
	Author *Poster `json:"author,omitempty"`
	// Raw is the body that made it, or changed it last.
	Raw json.RawMessage `json:"-"`
	// Edits counts the changes.
	Edits int `json:"-"`
	// Repeats counts how often the same nonce came again.
	Repeats int `json:"-"`

	sent time.Time
}

// Embed is a box in a message.
type Embed struct {
	Title       string  `json:"title,omitempty"`
	Description string  `json:"description,omitempty"`
	URL         string  `json:"url,omitempty"`
	Timestamp   string  `json:"timestamp,omitempty"`
	Color       *int    `json:"color,omitempty"`
	Footer      *Text   `json:"footer,omitempty"`
	Author      *Author `json:"author,omitempty"`
	Fields      []Field `json:"fields,omitempty"`
}

// Text is a footer.
type Text struct {
	Text string `json:"text"`
}

// Author is the line above the title.
type Author struct {
	Name string `json:"name"`
	URL  string `json:"url,omitempty"`
}

// Field is a titled part of an embed.
type Field struct {
	Name   string `json:"name"`
	Value  string `json:"value"`
	Inline bool   `json:"inline,omitempty"`
}

// Row is a row of buttons.
type Row struct {
	Type       int      `json:"type"`
	Components []Button `json:"components"`
}

// Button is something to click.
type Button struct {
	Type     int    `json:"type"`
	Style    int    `json:"style"`
	Label    string `json:"label"`
	CustomID string `json:"custom_id,omitempty"`
	URL      string `json:"url,omitempty"`
	Disabled bool   `json:"disabled,omitempty"`
}

// Poster is who wrote a message.
type Poster struct {
	ID  string `json:"id"`
	Bot bool   `json:"bot,omitempty"`
}

// AllowedMentions says which mentions of the content ping. Without it all do.
type AllowedMentions struct {
	Parse []string `json:"parse"`
	Users []string `json:"users,omitempty"`
	Roles []string `json:"roles,omitempty"`
}

const (
	flagEphemeral = 1 << 6
	// nonceMemory is how long a nonce is remembered; Discord says "the past
	// few minutes".
	nonceMemory = 5 * time.Minute
)

// Button finds the button with that label, or nil.
func (m *Message) Button(label string) *Button {
	for _, row := range m.Components {
		for i := range row.Components {
			if row.Components[i].Label == label {
				return &row.Components[i]
			}
		}
	}
	return nil
}

// Messages are the messages of a channel, the oldest first.
func (f *Fake) Messages(channel string) []Message {
	f.mu.Lock()
	defer f.mu.Unlock()
	var out []Message
	for _, m := range f.messages {
		if m.ChannelID == channel {
			out = append(out, *m)
		}
	}
	return out
}

// WaitMessages waits until the channel has at least n messages.
func (f *Fake) WaitMessages(ctx context.Context, channel string, n int) ([]Message, error) {
	err := f.Wait(ctx, func() bool { return len(f.Messages(channel)) >= n })
	return f.Messages(channel), err
}

// read decodes and checks a message's body; it needs the lock.
func (f *Fake) read(what string, body []byte, into *Message) *apiError {
	if e := decode(body, into); e != nil {
		f.violate("%s: not JSON", what)
		return e
	}
	into.Raw = slices.Clone(body)
	if into.AllowedMentions == nil {
		// Discord allows that; nobody who sends text from outside should.
		f.violate("%s: sent without allowed_mentions", what)
	}
	if problems := checkMessage(into); len(problems) > 0 {
		for _, p := range problems {
			f.violate("%s: %s", what, p)
		}
		return invalidForm(problems...)
	}
	return nil
}

func (f *Fake) createMessage(channel string, body []byte) (answer, *apiError) {
	m := &Message{}
	if e := f.mayUse(channel, SendMessages); e != nil {
		return answer{}, e
	}
	header, e := f.spend("channels/" + channel)
	if e != nil {
		return answer{header: header}, e
	}
	if e := f.read("message to "+channel, body, m); e != nil {
		return answer{header: header}, e
	}
	if len(m.Embeds) > 0 && f.channels[channel][EmbedLinks] {
		return answer{header: header}, refuse(http.StatusForbidden, 50013, "Missing Permissions")
	}
	if m.Content == "" && len(m.Embeds) == 0 {
		f.violate("message to %s: empty", channel)
		return answer{header: header}, refuse(http.StatusBadRequest, 50006, "Cannot send an empty message")
	}
	now := f.now()
	if m.EnforceNonce && m.Nonce != nil {
		for _, old := range f.messages {
			if old.Nonce == m.Nonce && old.sent.Add(nonceMemory).After(now) {
				old.Repeats++
				return answer{body: old, header: header}, nil
			}
		}
	}
	m.ID, m.ChannelID, m.sent = f.newID(), channel, now
	f.messages = append(f.messages, m)
	return answer{body: m, header: header}, nil
}

func (f *Fake) find(channel, id string) (*Message, *apiError) {
	if e := f.mayUse(channel); e != nil {
		return nil, e
	}
	for _, m := range f.messages {
		if m.ChannelID == channel && m.ID == id {
			return m, nil
		}
	}
	return nil, refuse(http.StatusNotFound, 10008, "Unknown Message")
}

func (f *Fake) getMessage(channel, id string) (answer, *apiError) {
	m, e := f.find(channel, id)
	return answer{body: m}, e
}

// listMessages answers newest first, whichever way it looks; history knows no
// nonces, and who may not read it sees none.
func (f *Fake) listMessages(channel string, q url.Values) (answer, *apiError) {
	if e := f.mayUse(channel); e != nil {
		return answer{}, e
	}
	header, e := f.spend("channels/" + channel + "/history")
	if e != nil {
		return answer{header: header}, e
	}
	limit, err := strconv.Atoi(cmp.Or(q.Get("limit"), "50"))
	if err != nil || limit < 1 || limit > 100 {
		return answer{header: header}, invalidForm(problem{path: "limit", code: "NUMBER_TYPE_MAX", message: "int value should be between 1 and 100."})
	}
	after, _ := strconv.ParseUint(q.Get("after"), 10, 64)
	out := []Message{}
	for _, m := range f.messages {
		id, _ := strconv.ParseUint(m.ID, 10, 64)
		if m.ChannelID != channel || id <= after || f.channels[channel][ReadMessageHistory] {
			continue
		}
		had := *m
		had.Nonce, had.EnforceNonce = nil, false
		if had.Author == nil {
			had.Author = &Poster{ID: Bot, Bot: true}
		}
		out = append(out, had)
	}
	if q.Get("after") != "" {
		out = out[:min(limit, len(out))]
	} else {
		out = out[max(0, len(out)-limit):]
	}
	slices.Reverse(out)
	return answer{body: out, header: header}, nil
}

// PostAs puts a message of somebody else into a channel.
func (f *Fake) PostAs(channel string, by Poster, m Message) {
	f.change(func() {
		m.ID, m.ChannelID, m.Author, m.sent = f.newID(), channel, &by, f.now()
		f.messages = append(f.messages, &m)
	})
}

func (f *Fake) editMessage(channel, id string, body []byte) (answer, *apiError) {
	m, e := f.find(channel, id)
	if e != nil {
		return answer{}, e
	}
	return answer{body: m}, f.apply("edit of "+id, body, m)
}

// apply changes m as an edit says: what the body does not name stays. It
// needs the lock.
func (f *Fake) apply(what string, body []byte, m *Message) *apiError {
	next := Message{}
	if e := f.read(what, body, &next); e != nil {
		return e
	}
	var named map[string]json.RawMessage
	_ = json.Unmarshal(body, &named) // read has decoded it before
	if _, ok := named["content"]; ok {
		m.Content = next.Content
	}
	if _, ok := named["embeds"]; ok {
		m.Embeds = next.Embeds
	}
	if _, ok := named["components"]; ok {
		m.Components = next.Components
	}
	m.AllowedMentions, m.Raw = next.AllowedMentions, next.Raw
	m.Edits++
	return nil
}
