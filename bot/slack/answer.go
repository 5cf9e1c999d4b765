package slack

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"runtime/debug"
	"strings"
	"time"

	"github.com/slack-go/slack"
	"github.com/slack-go/slack/socketmode"

	"tipoff/bot/card"
	"tipoff/bot/command"
)

// unescape undoes what Slack does to the text of a command.
// https://docs.slack.dev/interactivity/implementing-slash-commands
var unescape = strings.NewReplacer("&amp;", "&", "&lt;", "<", "&gt;", ">")

// slash answers a slash command: with the acknowledgement when it is quick,
// or else later through the response URL.
func (n *session) slash(req *socketmode.Request, cmd slack.SlashCommand) {
	envelope := req.EnvelopeID
	switch {
	case n.closing:
		n.ack(envelope, ephemeral(byePage))
		return
	case cmd.UserID == "":
		n.log.Warn("slack command without a user")
		n.ack(envelope, nil)
		return
	case !strings.EqualFold(strings.TrimPrefix(cmd.Command, "/"), n.opt.Command):
		n.ack(envelope, ephemeral(card.Page{
			Tone: card.Bad, Title: cmd.Command + " is not a command here",
			Hint: "Use /" + n.opt.Command + ", or change the key command in config.yaml.",
		}))
		return
	}
	user := command.User{ID: "slack:" + cmd.UserID, Name: cmd.UserName}
	started := n.start(func() {
		pages := n.compute(func(ctx context.Context) card.Page {
			return n.opt.Commands.Line(ctx, unescape.Replace(cmd.Text), user, "slack:"+cmd.ChannelID)
		})
		late := time.NewTimer(n.ackAfter)
		defer late.Stop()
		select {
		case page := <-pages:
			if req.AcceptsResponsePayload && n.ack(envelope, ephemeral(page)) {
				return
			}
			n.ack(envelope, nil)
			n.respond(cmd.ResponseURL, ephemeral(page))
		case <-late.C:
			n.ack(envelope, nil)
			n.respond(cmd.ResponseURL, ephemeral(<-pages))
		}
	})
	if !started {
		n.ack(envelope, ephemeral(busyPage))
	}
}

// click answers the buttons that turn a page; the new page takes the place of
// the old one. Other clicks are only acknowledged.
func (n *session) click(req *socketmode.Request, cb slack.InteractionCallback) {
	n.ack(req.EnvelopeID, nil)
	if cb.Type != slack.InteractionTypeBlockActions || cb.User.ID == "" || n.closing {
		return
	}
	for _, a := range cb.ActionCallback.BlockActions {
		if a == nil || a.ActionID != actionPrev && a.ActionID != actionNext {
			continue
		}
		user := command.User{ID: "slack:" + cb.User.ID, Name: cb.User.Name}
		token, channel := a.Value, "slack:"+cb.Channel.ID
		started := n.start(func() {
			page := <-n.compute(func(ctx context.Context) card.Page {
				return n.opt.Commands.Turn(ctx, token, user, channel)
			})
			answer := ephemeral(page)
			answer.ReplaceOriginal = true
			n.respond(cb.ResponseURL, answer)
		})
		if !started {
			n.log.Warn("slack click dropped, too many commands at once")
		}
		return
	}
}

// compute runs a command with a time limit. A page always comes: one that
// says so when the command takes too long or panics.
func (n *session) compute(f func(context.Context) card.Page) <-chan card.Page {
	pages := make(chan card.Page, 1)
	done := make(chan card.Page, 1)
	ctx, cancel := context.WithTimeout(n.work, n.commandTime)
	go func() {
		defer func() {
			if r := recover(); r != nil {
				n.log.Error("slack command panicked", "panic", r, "stack", string(debug.Stack()))
				done <- card.Page{Tone: card.Bad, Title: "Something went wrong here; the log has it", Hint: "Try again in a moment."}
			}
		}()
		done <- f(ctx)
	}()
	go func() {
		defer cancel()
		select {
		case p := <-done:
			pages <- p
		case <-ctx.Done():
			// A command that heeds its context has a page of its own to show.
			select {
			case p := <-done:
				pages <- p
			case <-time.After(time.Second):
				pages <- card.Page{Tone: card.Bad, Title: "That took too long", Hint: "Ask for less: a shorter --since, a narrower query."}
			}
		}
	}()
	return pages
}

// answer is a message as acknowledgements and response URLs take it.
// https://docs.slack.dev/interactivity/handling-user-interaction#message_responses
type answer struct {
	ResponseType    string       `json:"response_type"`
	ReplaceOriginal bool         `json:"replace_original,omitempty"`
	Text            string       `json:"text"`
	Blocks          slack.Blocks `json:"blocks"`
	UnfurlLinks     bool         `json:"unfurl_links"`
	UnfurlMedia     bool         `json:"unfurl_media"`
}

func ephemeral(p card.Page) answer {
	m := renderPage(p)
	return answer{ResponseType: slack.ResponseTypeEphemeral, Text: m.text, Blocks: slack.Blocks{BlockSet: m.blocks}}
}

// respond posts an answer to a response URL, and once more when Slack has a
// bad moment. A failure is logged: there is nobody else to tell.
func (n *session) respond(responseURL string, a answer) {
	if !n.ours(responseURL) {
		n.log.Warn("slack response_url is not Slack's, not used")
		return
	}
	// Shutdown may end the command, but its answer should still go out.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(n.work), n.shutdownGrace)
	defer cancel()
	again, err := n.postAnswer(ctx, responseURL, a)
	if err != nil && again > 0 {
		select {
		case <-time.After(again):
			_, err = n.postAnswer(ctx, responseURL, a)
		case <-ctx.Done():
		}
	}
	if err != nil {
		n.log.Warn("slack answer not delivered", "error", n.withoutSecrets(err))
	}
}

// postAnswer also says after which time another attempt can help; zero is
// never. Without an answer the message may be there already, so there is none.
func (n *session) postAnswer(ctx context.Context, responseURL string, a answer) (again time.Duration, err error) {
	raw, err := json.Marshal(a)
	if err != nil {
		return 0, err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, responseURL, bytes.NewReader(raw))
	if err != nil {
		return 0, err
	}
	req.Header.Set("Content-Type", "application/json; charset=utf-8")
	res, err := n.http.Do(req)
	if err != nil {
		return 0, err
	}
	defer func() { _ = res.Body.Close() }()
	head, err := io.ReadAll(io.LimitReader(res.Body, 4096))
	switch {
	case res.StatusCode == http.StatusTooManyRequests || res.StatusCode >= 500:
		return time.Second, fmt.Errorf("status %d", res.StatusCode)
	case res.StatusCode != http.StatusOK:
		return 0, fmt.Errorf("status %d", res.StatusCode)
	case err != nil:
		return 0, err
	}
	// A refusal comes with status 200 too, as JSON; success is a bare "ok".
	var refusal slack.SlackResponse
	if json.Unmarshal(head, &refusal) == nil && !refusal.Ok && refusal.Error != "" {
		return 0, errors.New(refusal.Error)
	}
	return 0, nil
}

// ours reports whether a response URL is Slack's own, or stands where the API
// does: an answer is for one person and goes nowhere else.
func (s *Slack) ours(raw string) bool {
	u, err := url.Parse(raw)
	if err != nil || u.User != nil {
		return false
	}
	if base, err := url.Parse(s.opt.APIURL); err == nil && u.Scheme == base.Scheme && strings.EqualFold(u.Host, base.Host) {
		return true
	}
	host := strings.ToLower(u.Host)
	return u.Scheme == "https" && (host == "hooks.slack.com" || host == "hooks.slack-gov.com")
}
