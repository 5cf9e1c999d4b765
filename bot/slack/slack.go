// Package slack sends alerts to Slack and answers its slash command. It posts
// with the Web API and listens with Socket Mode, so no inbound port is needed.
//
// It draws [card.Card] and [card.Page] as Block Kit within Slack's limits, in
// a way that no text from outside can ping, link or format anything. Deciding
// what is sent and when to try again is for [deliver] and its callers; what a
// command does is for the command package. Signed requests over HTTP, edits,
// threads and modals are not here.
package slack

import (
	"context"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"github.com/slack-go/slack"

	"tipoff/bot/card"
	"tipoff/bot/command"
	"tipoff/bot/deliver"
)

// Commands answers slash commands and page-turn buttons; a command.Router
// does.
type Commands interface {
	// Line answers what was typed behind the slash command.
	Line(ctx context.Context, text string, u command.User, channel string) card.Page
	// Turn answers a button with a page's token.
	Turn(ctx context.Context, token string, u command.User, channel string) card.Page
}

// Options says which workspace to talk to, and how. Alerts need BotToken;
// commands need AppToken and Commands as well.
type Options struct {
	// BotToken is the Bot User OAuth Token, xoxb-…
	BotToken string
	// AppToken is an app-level token with connections:write, xapp-…
	AppToken string
	// APIURL replaces https://slack.com/api/.
	APIURL string
	// Command is the slash command's name, "news" if empty.
	Command  string
	Commands Commands
	Log      *slog.Logger
	Now      func() time.Time
	// HTTP is the client for the Web API. Without a time limit of its own it
	// gets one of 30 s.
	HTTP *http.Client
	// MinGap is the time between two messages to one channel, for [Slack.Rest];
	// 1 s if zero, as Slack asks for, and none if negative.
	MinGap time.Duration
}

// Slack is one workspace. It is safe for use by many goroutines.
type Slack struct {
	opt  Options
	api  *slack.Client
	http *http.Client
	log  *slog.Logger
	now  func() time.Time

	// ackAfter is how long a command may take to be answered at once;
	// shutdownGrace how long running ones are waited for at the end. Tests
	// shorten them.
	ackAfter      time.Duration
	commandTime   time.Duration
	shutdownGrace time.Duration
}

const defaultAPIURL = "https://slack.com/api/"

// New returns a Slack that has not talked to anybody yet.
func New(o Options) *Slack {
	if o.APIURL == "" {
		o.APIURL = defaultAPIURL
	}
	if !strings.HasSuffix(o.APIURL, "/") {
		o.APIURL += "/"
	}
	o.Command = strings.TrimPrefix(o.Command, "/")
	if o.Command == "" {
		o.Command = "news"
	}
	if o.MinGap == 0 {
		o.MinGap = time.Second
	}
	s := &Slack{
		opt: o, log: o.Log, now: o.Now,
		ackAfter:      2 * time.Second, // of the 3 s that Slack waits
		commandTime:   time.Minute,
		shutdownGrace: 5 * time.Second,
	}
	if s.log == nil {
		s.log = slog.New(slog.DiscardHandler)
	}
	if s.now == nil {
		s.now = time.Now
	}
	var client http.Client
	if o.HTTP != nil {
		client = *o.HTTP
	}
	if client.Timeout == 0 {
		client.Timeout = 30 * time.Second
	}
	// A redirected call would carry the token, or an answer meant for one
	// person, to wherever the redirect points.
	client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	s.http = &client
	s.api = slack.New(o.BotToken,
		slack.OptionAPIURL(o.APIURL),
		slack.OptionAppLevelToken(o.AppToken),
		slack.OptionHTTPClient(s.http))
	return s
}

// Check asks Slack who the bot is. Its error, a [*deliver.Error], says what to
// do.
func (s *Slack) Check(ctx context.Context) error {
	if s.opt.BotToken == "" {
		return &deliver.Error{
			Code: "no_token", Permanent: true,
			Text: "slack.bot_token is empty: copy the Bot User OAuth Token (xoxb-…) from your app's OAuth page",
		}
	}
	who, err := s.api.AuthTestContext(ctx)
	if err != nil {
		return s.explain(err, botToken)
	}
	if who.UserID == "" {
		return s.explain(errNotSlack, botToken)
	}
	if scopes := who.Header.Get("X-OAuth-Scopes"); scopes != "" && !hasScope(scopes, "chat:write") {
		return s.explain(slack.SlackErrorResponse{Err: "missing_scope", Needed: "chat:write"}, botToken)
	}
	s.log.Info("slack token accepted", "team", who.Team, "bot", who.User)
	return nil
}

func hasScope(list, scope string) bool {
	for have := range strings.SplitSeq(list, ",") {
		if strings.TrimSpace(have) == scope {
			return true
		}
	}
	return false
}
