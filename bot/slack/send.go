package slack

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/slack-go/slack"
	"golang.org/x/time/rate"

	"tipoff/bot/alert"
	"tipoff/bot/deliver"
)

var _ deliver.Sender = (*Slack)(nil)

// eventType names the metadata of our messages, whose payload has the
// delivery's id: with it a message that is there already can be found in the
// channel's history.
const eventType = "tipoff_alert"

// Send posts one alert to a channel and returns the message's timestamp. It
// waits for the channel's turn first. Its errors are [*deliver.Error].
func (s *Slack) Send(ctx context.Context, m deliver.Message) (string, error) {
	if m.To.Kind != alert.Slack || m.To.Address == "" {
		return "", &deliver.Error{
			Code: "bad_target", Permanent: true,
			Text: fmt.Sprintf("%q is not a Slack channel: write its id, such as C0123, in the channel's slack key", m.To),
		}
	}
	if err := s.turn(ctx, m.To.Address); err != nil {
		return "", err
	}
	if m.Unsure {
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
			s.leaveAlone(m.To.Address, e.RetryAfter)
		}
		return "", e
	}
	return ts, nil
}

// How much of a channel's history is looked through for a message that may be
// there: what was written since the alert was made, at the most so many pages of
// so many messages. Slack's clock and ours may differ.
const (
	historyPages = 5
	historyPage  = 200
	clockSkew    = 10 * time.Minute
)

// find looks for a message that an earlier attempt may have posted, and returns
// its timestamp, or nothing. Without the right to read the channel it finds
// nothing: then the message may come a second time, rather than not at all.
// https://docs.slack.dev/reference/methods/conversations.history
func (s *Slack) find(ctx context.Context, m deliver.Message) (string, error) {
	q := slack.GetConversationHistoryParameters{ChannelID: m.To.Address, Limit: historyPage, IncludeAllMetadata: true}
	if !m.Alert.Created.IsZero() {
		q.Oldest = fmt.Sprintf("%d.000000", m.Alert.Created.Add(-clockSkew).Unix())
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
			if e.RetryAfter > 0 {
				s.leaveAlone(m.To.Address, e.RetryAfter)
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

// turn waits until a channel may have its next message. About one message a
// second a channel is what Slack takes.
// https://docs.slack.dev/apis/web-api/rate-limits#posting
func (s *Slack) turn(ctx context.Context, channel string) error {
	s.mu.Lock()
	g := s.gate(channel)
	wait := g.notBefore.Sub(s.now())
	s.mu.Unlock()
	if wait > 0 {
		// Not slept here: the caller can do other work and come back.
		return &deliver.Error{
			Code: "ratelimited", RetryAfter: wait,
			Text: fmt.Sprintf("Slack asked for a pause in channel %s; trying again in %s", channel, wait.Round(time.Second)),
		}
	}
	if err := g.limit.Wait(ctx); err != nil {
		code := "canceled"
		if !errors.Is(err, context.Canceled) {
			code = "timeout"
		}
		return &deliver.Error{Code: code, Text: "the turn of channel " + channel + " did not come in time", Err: err}
	}
	return nil
}

func (s *Slack) leaveAlone(channel string, d time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.gate(channel).notBefore = s.now().Add(d)
}

// gate finds a channel's gate or makes it. mu must be held.
func (s *Slack) gate(channel string) *gate {
	g := s.gates[channel]
	if g == nil {
		every := rate.Every(s.opt.MinGap) // infinite when negative
		g = &gate{limit: rate.NewLimiter(every, 1)}
		s.gates[channel] = g
	}
	return g
}
