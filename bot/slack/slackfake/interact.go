package slackfake

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"sync"
	"time"
)

var errNotConnected = errors.New("no client is connected to the fake Slack")

// maxReplies is how often a response URL can be used.
// https://docs.slack.dev/interactivity/handling-user-interaction
const maxReplies = 5

// Reply is what the person who typed a command or clicked a button gets.
type Reply struct {
	// Ephemeral says that only that person sees it.
	Ephemeral bool
	// Deferred says that it came through the response URL, and not with the
	// acknowledgement.
	Deferred bool
	// Replaced says that it takes the place of the message clicked on.
	Replaced bool
	Text     string
	Blocks   json.RawMessage
}

// Message is the reply as a message, for [ActiveMentions] and [Links].
func (r Reply) Message() Message { return Message{Text: r.Text, Blocks: r.Blocks} }

// Buttons maps the action id of each button in the reply to its value.
func (r Reply) Buttons() map[string]string {
	found := map[string]string{}
	walk(r.Blocks, func(o map[string]any) {
		if str(o, "type") == "button" {
			found[str(o, "action_id")] = str(o, "value")
		}
	})
	return found
}

// Plain is all text of the reply's blocks, a line each piece, for looking
// words up.
func (r Reply) Plain() string { return PlainText(r.Blocks) }

// PlainText is all text that blocks show, a line each piece.
func PlainText(blocks json.RawMessage) string {
	var out string
	walk(blocks, func(o map[string]any) {
		if s := str(o, "text"); s != "" {
			out += s + "\n"
		}
	})
	return out
}

// exchange is one envelope on its way: from sending it to the last reply.
type exchange struct {
	replies chan Reply
	ack     chan struct{}
	ackOnce sync.Once
	// What the acknowledgement may carry: an answer for a command, nothing for
	// a click.
	takesPayload bool
	used         int // uses of the response URL; guarded by Fake.mu
}

// body is a message as an acknowledgement or a response URL takes it.
type body struct {
	ResponseType    string          `json:"response_type"`
	Text            string          `json:"text"`
	Blocks          json.RawMessage `json:"blocks"`
	ReplaceOriginal bool            `json:"replace_original"`
	DeleteOriginal  bool            `json:"delete_original"`
}

func (b body) reply(deferred bool) Reply {
	return Reply{
		Ephemeral: b.ResponseType != "in_channel", Deferred: deferred,
		Replaced: b.ReplaceOriginal, Text: b.Text, Blocks: b.Blocks,
	}
}

func (x *exchange) acked(f *Fake, payload json.RawMessage) {
	if len(payload) > 0 && string(payload) != "null" {
		var b body
		switch err := json.Unmarshal(payload, &b); {
		case err != nil:
			f.violate("acknowledgement: %v", err)
		case !x.takesPayload:
			f.violate("acknowledgement: a click's takes no payload")
		default:
			if f.checkBody("acknowledgement", b) == "" {
				x.replies <- b.reply(false)
			}
		}
	}
	x.ackOnce.Do(func() { close(x.ack) })
}

// checkBody notes what is wrong with a reply, and returns the first code.
func (f *Fake) checkBody(where string, b body) string {
	var code string
	for _, p := range Check(b.Text, b.Blocks) {
		if code == "" {
			code = p.Code
		}
		f.violate("%s: %s", where, p)
	}
	return code
}

// Slash is a slash command as a person sends it.
type Slash struct {
	// Command is "/news" if empty.
	Command string
	// Text is what follows the command, as typed.
	Text string
	// User, UserName and Channel are U0123, "ana" and C0123 if empty.
	User, UserName, Channel string
	// ResponseURL replaces the fake's own, to see what a client does with it.
	ResponseURL string
}

// SlashCommand sends a slash command over the socket, and waits for what the
// person gets: the acknowledgement's payload, or else the first post to the
// response URL. It fails when the acknowledgement does not come in time.
func (f *Fake) SlashCommand(ctx context.Context, s Slash) (Reply, error) {
	x, id, responseURL := f.newExchange(true)
	return f.exchange(ctx, x, map[string]any{
		"type": "slash_commands", "envelope_id": id, "accepts_response_payload": true,
		"payload": map[string]any{
			"token": "legacy", "team_id": TeamID, "team_domain": "fake", "api_app_id": "A0FAKE",
			"channel_id": or(s.Channel, "C0123"), "channel_name": "general",
			"user_id": or(s.User, "U0123"), "user_name": or(s.UserName, "ana"),
			"command": or(s.Command, "/news"),
			// Slack escapes the three characters that its markup uses.
			"text":                  escape(s.Text),
			"is_enterprise_install": "false",
			"response_url":          or(s.ResponseURL, responseURL),
			"trigger_id":            "1.2.3",
		},
	})
}

// Click is a click on a button of a message that only the person sees.
type Click struct {
	ActionID, Value string
	// User, UserName and Channel are as in [Slash].
	User, UserName, Channel string
	ResponseURL             string
}

// Click sends a click on a button, and waits for the first post to its
// response URL. It fails when the acknowledgement does not come in time.
func (f *Fake) Click(ctx context.Context, c Click) (Reply, error) {
	x, id, responseURL := f.newExchange(false)
	channel := or(c.Channel, "C0123")
	return f.exchange(ctx, x, map[string]any{
		"type": "interactive", "envelope_id": id, "accepts_response_payload": false,
		"payload": map[string]any{
			"type": "block_actions", "token": "legacy", "api_app_id": "A0FAKE", "trigger_id": "1.2.3",
			"team":    map[string]any{"id": TeamID, "domain": "fake"},
			"user":    map[string]any{"id": or(c.User, "U0123"), "username": or(c.UserName, "ana"), "team_id": TeamID},
			"channel": map[string]any{"id": channel, "name": "general"},
			"container": map[string]any{
				"type": "message", "message_ts": "1700000000.000100", "channel_id": channel, "is_ephemeral": true,
			},
			"is_enterprise_install": false, "enterprise": nil,
			"state":        map[string]any{"values": map[string]any{}},
			"response_url": or(c.ResponseURL, responseURL),
			"actions": []any{map[string]any{
				"type": "button", "action_id": c.ActionID, "block_id": "b1", "value": c.Value,
				"text":      map[string]any{"type": "plain_text", "text": "Next"},
				"action_ts": "1700000000.000200",
			}},
		},
	})
}

// Envelope sends a payload of any shape and waits for its acknowledgement.
func (f *Fake) Envelope(ctx context.Context, kind string, payload any) error {
	x, id, _ := f.newExchange(kind == "slash_commands")
	env := map[string]any{
		"type": kind, "envelope_id": id, "payload": payload,
		"accepts_response_payload": x.takesPayload,
	}
	if err := f.deliver(env); err != nil {
		return err
	}
	return f.waitAck(ctx, x, id)
}

func (f *Fake) newExchange(takesPayload bool) (x *exchange, id, responseURL string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	id = f.nextID("envelope")
	x = &exchange{replies: make(chan Reply, maxReplies+1), ack: make(chan struct{}), takesPayload: takesPayload}
	f.pending[id] = x
	f.replies[id] = x
	return x, id, "http://" + f.ln.Addr().String() + "/commands/" + id
}

// deliver sends an envelope on one of the open connections: Slack picks any.
func (f *Fake) deliver(env map[string]any) error {
	f.mu.Lock()
	sockets := f.openSockets()
	f.mu.Unlock()
	if len(sockets) == 0 {
		return errNotConnected
	}
	return sockets[0].send(env)
}

func (f *Fake) exchange(ctx context.Context, x *exchange, env map[string]any) (Reply, error) {
	if err := f.deliver(env); err != nil {
		return Reply{}, err
	}
	if err := f.waitAck(ctx, x, env["envelope_id"]); err != nil {
		return Reply{}, err
	}
	select {
	case r := <-x.replies:
		return r, nil
	case <-f.done:
		return Reply{}, errors.New("the fake Slack was closed")
	case <-ctx.Done():
		return Reply{}, fmt.Errorf("acknowledged, but no answer came: %w", ctx.Err())
	}
}

func (f *Fake) waitAck(ctx context.Context, x *exchange, id any) error {
	late := time.NewTimer(f.opt.AckWithin)
	defer late.Stop()
	select {
	case <-x.ack:
		return nil
	case <-late.C:
		f.violate("envelope %v: not acknowledged within %v", id, f.opt.AckWithin)
		return fmt.Errorf("operation_timeout: not acknowledged within %v", f.opt.AckWithin)
	case <-f.done:
		return errors.New("the fake Slack was closed")
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (f *Fake) serveReply(w http.ResponseWriter, r *http.Request) {
	fault := f.takeFault("response_url")
	if fault.befall(w, r, f.done) {
		return
	}
	f.mu.Lock()
	x := f.replies[r.PathValue("id")]
	if x != nil {
		x.used++
	}
	over := x == nil || x.used > maxReplies
	f.mu.Unlock()
	if over {
		f.violate("response_url: used up or unknown")
		w.WriteHeader(http.StatusNotFound)
		writeJSON(w, fail("used_url"))
		return
	}
	raw, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxForm))
	var b body
	if err == nil {
		err = json.Unmarshal(raw, &b)
	}
	if err != nil {
		f.violate("response_url: %v", err)
		writeJSON(w, fail("invalid_payload"))
		return
	}
	if !b.DeleteOriginal {
		if code := f.checkBody("response_url", b); code != "" {
			writeJSON(w, fail(code))
			return
		}
	}
	x.replies <- b.reply(true)
	if fault.withhold(w, r, f.done) {
		return
	}
	_, _ = w.Write([]byte("ok"))
}

func or(s, fallback string) string {
	if s == "" {
		return fallback
	}
	return s
}

// escape is how Slack hands over the characters of its own markup.
func escape(s string) string { return escaper.Replace(s) }
