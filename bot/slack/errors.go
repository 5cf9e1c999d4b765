package slack

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/slack-go/slack"

	"tipoff/bot/deliver"
)

// What an error is about, for explain; anything else is a channel.
const (
	botToken = "the bot token"
	appToken = "the app-level token"
)

// errNotSlack is for an answer that has the shape of success and nothing of
// what Slack puts in it.
var errNotSlack = errors.New("the answer is not Slack's")

// remedy says what an error code of Slack's means for us. In text, %s is what
// the error is about.
type remedy struct {
	permanent bool
	text      string
	// message is true where it is the message's fault and nobody's to mend.
	message bool
}

const (
	botPage = "copy the Bot User OAuth Token (xoxb-…) from your app's OAuth page to slack.bot_token"
	appPage = "make an app-level token (xapp-…) with connections:write on your app's Basic Information page and put it into slack.app_token"
)

// remedies covers the codes that a person can do something about, from
// https://docs.slack.dev/reference/methods/chat.postMessage#errors and
// https://docs.slack.dev/reference/methods/apps.connections.open#errors.
var remedies = map[string]remedy{
	"channel_not_found":                   {true, "Slack does not know %s, or it is private and the bot is not in it: check the id, or invite the bot with /invite @bot in that channel", false},
	"not_in_channel":                      {true, "the bot is not in %s: invite it with /invite @bot in that channel", false},
	"is_archived":                         {true, "%s is archived: unarchive it, or give another channel's id", false},
	"channel_is_limited_access":           {true, "only some members may post in %s: allow the bot to, or give another channel's id", false},
	"restricted_action":                   {true, "a setting of the workspace keeps the bot from posting in %s: ask an admin", false},
	"restricted_action_read_only_channel": {true, "%s is read-only: ask an admin to let the bot post", false},
	"team_access_not_granted":             {true, "the bot is not installed in the workspace of %s: install it there", false},
	"msg_too_long":                        {true, "the message for %s is too long for Slack; please report this", true},
	"msg_blocks_too_long":                 {true, "the message for %s is too long for Slack; please report this", true},
	"invalid_blocks":                      {true, "Slack does not take the layout of the message for %s; please report this", true},
	"invalid_blocks_format":               {true, "Slack does not take the layout of the message for %s; please report this", true},
	"no_text":                             {true, "the message for %s is empty; please report this", true},
	"metadata_too_large":                  {true, "Slack does not take the metadata of the message for %s; please report this", true},
	"invalid_metadata_format":             {true, "Slack does not take the metadata of the message for %s; please report this", true},
	"ratelimited":                         {false, "Slack asked for a pause (%s)", false},
	"rate_limited":                        {false, "Slack asked for a pause (%s)", false},
	"internal_error":                      {false, "Slack has trouble of its own (%s); it is tried again", false},
	"fatal_error":                         {false, "Slack has trouble of its own (%s); it is tried again", false},
	"service_unavailable":                 {false, "Slack has trouble of its own (%s); it is tried again", false},
}

// tokenCodes are the codes that refuse a token for good.
var tokenCodes = map[string]bool{
	"invalid_auth": true, "not_authed": true, "token_revoked": true, "token_expired": true,
	"account_inactive": true, "not_allowed_token_type": true, "org_login_required": true,
	"no_permission": true, "ekm_access_denied": true, "access_denied": true,
}

// defaultPause is for a 429 that does not say how long.
const defaultPause = 30 * time.Second

// explain makes err a [*deliver.Error] with a sentence that says what to do.
// about is [botToken], [appToken] or "channel C0123".
func (s *Slack) explain(err error, about string) *deliver.Error {
	var own *deliver.Error
	var limited *slack.RateLimitedError
	var refused slack.SlackErrorResponse
	var status slack.StatusCodeError
	switch {
	case errors.As(err, &own):
		return own
	case errors.As(err, &limited):
		return pause(about, limited.RetryAfter)
	case errors.As(err, &refused):
		return explainCode(refused, about)
	case errors.As(err, &status):
		return explainStatus(status.Code, about)
	case errors.Is(err, errNotSlack):
		return &deliver.Error{Code: "bad_answer", Outage: true, Unknown: true, Text: "slack.api_url answers, but not as Slack does: check it, and any proxy on the way"}
	}
	return s.explainNetwork(err)
}

func pause(about string, d time.Duration) *deliver.Error {
	d = max(d, time.Second)
	return &deliver.Error{
		Code: "ratelimited", RetryAfter: d,
		Text: fmt.Sprintf("Slack asked for a pause of %s (%s)", d, about),
	}
}

func explainCode(r slack.SlackErrorResponse, about string) *deliver.Error {
	e := &deliver.Error{Code: r.Err, Permanent: true, Mendable: true}
	token, fix := botToken, botPage
	if about == appToken {
		token, fix = appToken, appPage
	}
	m, known := remedies[r.Err]
	e.Everywhere = tokenCodes[r.Err] || r.Err == "missing_scope"
	switch {
	case r.Err == "missing_scope" && token == appToken:
		e.Text = fmt.Sprintf("%s lacks the scope %s: %s", token, r.Needed, appPage)
	case r.Err == "missing_scope":
		e.Text = fmt.Sprintf("%s lacks the scope %s: add it on your app's OAuth page and reinstall the app", token, r.Needed)
	case tokenCodes[r.Err]:
		e.Text = fmt.Sprintf("Slack refused %s (%s): %s", token, r.Err, fix)
	case known:
		e.Permanent, e.Mendable = m.permanent, m.permanent && !m.message
		e.Text = fmt.Sprintf(m.text, about) + " (" + r.Err + ")"
		if strings.Contains(r.Err, "limited") && !m.permanent {
			e.RetryAfter = defaultPause
		} else if !m.permanent {
			e.Outage, e.Unknown = true, true
		}
	default:
		e.Permanent, e.Mendable = false, false
		e.Text = fmt.Sprintf("Slack refused %s: %s", about, r.Err)
	}
	return e
}

func explainStatus(code int, about string) *deliver.Error {
	switch {
	case code == http.StatusTooManyRequests:
		return pause(about, defaultPause)
	case code >= 500:
		return &deliver.Error{
			Code: fmt.Sprintf("http_%d", code), Outage: true, Unknown: true,
			Text: fmt.Sprintf("Slack has trouble of its own (status %d); it is tried again", code),
		}
	}
	return &deliver.Error{
		Code: fmt.Sprintf("http_%d", code), Outage: true, Unknown: true,
		Text: fmt.Sprintf("slack.api_url answers with status %d: check it, and any proxy on the way", code),
	}
}

// lateAfter is for how long Slack may still post a message after we have stopped to
// wait for its answer.
const lateAfter = 30 * time.Second

// explainNetwork tells an answer that did not come from a call that was never
// made: after the former Slack may have the message.
func (s *Slack) explainNetwork(err error) *deliver.Error {
	e := &deliver.Error{
		Code: "no_answer", Text: "Slack did not answer; it is tried again", Err: s.withoutSecrets(err),
		Outage: true, Unknown: true,
	}
	var op *net.OpError
	var dns *net.DNSError
	var timed net.Error
	switch {
	case errors.As(err, &dns), errors.As(err, &op) && op.Op == "dial":
		e.Code, e.Unknown = "unreachable", false
		e.Text = "Slack cannot be reached: check the network and slack.api_url; it is tried again"
	case errors.Is(err, context.Canceled):
		e.Code, e.Text, e.Outage = "canceled", "stopped while Slack was asked", false
	case errors.Is(err, context.DeadlineExceeded), errors.As(err, &timed) && timed.Timeout():
		e.Code, e.Settle = "timeout", lateAfter
		e.Text = "Slack did not answer in time; it is asked later whether it has the message"
	}
	return e
}

// withoutSecrets takes out of err what must not be logged: addresses, which may
// be a ticket or a right to answer somebody, and tokens.
func (s *Slack) withoutSecrets(err error) error {
	if u, ok := errors.AsType[*url.Error](err); ok {
		err = u.Err
	}
	text := err.Error()
	for _, token := range []string{s.opt.BotToken, s.opt.AppToken} {
		if token != "" && strings.Contains(text, token) {
			text = strings.ReplaceAll(text, token, "[token]")
			err = errors.New(text)
		}
	}
	return err
}
