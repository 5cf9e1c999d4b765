package slack

import (
	"context"
	"fmt"
	"time"

	"github.com/slack-go/slack"

	"tipoff/bot/alert"
	"tipoff/bot/deliver"
)

var _ deliver.Platform = (*Slack)(nil)

// Gap is none: Slack says that a workspace has a limit, and not which. It
// answers 429 then.
func (s *Slack) Gap() time.Duration { return 0 }

// Rest is the pace of each channel. About one message a second is what Slack
// takes.
// https://docs.slack.dev/apis/web-api/rate-limits#posting
func (s *Slack) Rest(alert.Target) time.Duration { return s.opt.MinGap }

// eventType names the metadata of our messages, whose payload has the
// delivery's id: with it a message that is there already can be found in the
// channel's history.
const eventType = "tipoff_alert"

// Send posts one alert to a channel and returns the message's timestamp. The
// caller keeps the channel's pace. Its errors are [*deliver.Error].
func (s *Slack) Send(ctx context.Context, m deliver.Message) (string, error) {
	if m.To.Kind != alert.Slack || m.To.Address == "" {
		return "", &deliver.Error{
			Code: "bad_target", Permanent: true,
			Text: fmt.Sprintf("%q is not a Slack channel: write its id, such as C0123, in the channel's slack key", m.To),
		}
	}
	if !m.Tried.IsZero() {
		if ts, err := s.find(ctx, m); ts != "" || err != nil {
			return ts, err
		}
	}
	msg := renderCard(m.Card, s.now())
	_, ts, err := s.api.PostMessageContext(ctx, m.To.Address,
		slack.MsgOptionText(msg.text, false), // escaped already
		slack.MsgOptionBlocks(msg.blocks...),
		slack.MsgOptionDisableLinkUnfurl(),
		slack.MsgOptionDisableMediaUnfurl(),
		slack.MsgOptionMetadata(slack.SlackMetadata{
			EventType:    eventType,
			EventPayload: map[string]any{"delivery": m.ID},
		}))
	if err == nil && ts == "" {
		err = errNotSlack
	}
	if err != nil {
		e := s.explain(err, "channel "+m.To.Address)
		if e.RetryAfter > 0 {
			// Slack counts the calls of a method in a workspace, and we keep each
			// channel's pace: this is about all of them.
			e.Everywhere = true
		}
		return "", e
	}
	return ts, nil
}

// How much of a channel's history is looked through for a message that may be
// there: what was written while it was tried, in pages. Slack's clock and ours may
// differ.
const (
	historyPages = 25
	historyPage  = 200
	clockSkew    = 5 * time.Minute
)

// find looks for a message that an earlier attempt may have posted, and returns
// its timestamp, or nothing. Without the right to read the channel it finds
// nothing: then the message may come a second time, rather than not at all.
// https://docs.slack.dev/reference/methods/conversations.history
func (s *Slack) find(ctx context.Context, m deliver.Message) (string, error) {
	q := slack.GetConversationHistoryParameters{
		ChannelID: m.To.Address, Limit: historyPage, IncludeAllMetadata: true,
		Oldest: fmt.Sprintf("%d.000000", m.Tried.From.Add(-clockSkew).Unix()),
		Latest: fmt.Sprintf("%d.000000", m.Tried.Until.Add(clockSkew).Unix()),
	}
	for range historyPages {
		h, err := s.api.GetConversationHistoryContext(ctx, &q)
		if err != nil {
			e := s.explain(err, "channel "+m.To.Address)
			if e.Code == "missing_scope" {
				s.log.Warn("it cannot be seen whether an alert is in its channel already, and it may come twice: give the bot channels:history and groups:history",
					"channel", m.Alert.Channel, "delivery", m.ID)
				return "", nil
			}
			return "", e
		}
		for _, msg := range h.Messages {
			if msg.Metadata.EventType == eventType && msg.Metadata.EventPayload["delivery"] == m.ID {
				return msg.Timestamp, nil
			}
		}
		if q.Cursor = h.ResponseMetaData.NextCursor; q.Cursor == "" {
			return "", nil
		}
	}
	return "", nil
}
