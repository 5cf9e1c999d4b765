package discord

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"regexp"

	"github.com/bwmarrin/discordgo"

	"tipoff/bot/deliver"
)

// snowflake is Discord's kind of id.
var snowflake = regexp.MustCompile(`^[0-9]{1,20}$`)

// Send posts the alert to the channel whose id is the target's address, and
// returns the message's id. The delivery's id goes along as an enforced nonce:
// when Discord has seen it in the last few minutes, it answers with the message
// that exists, so a lost answer does not make a second one.
func (d *Discord) Send(ctx context.Context, m deliver.Message) (string, error) {
	channel := m.To.Address
	switch {
	case !snowflake.MatchString(channel):
		return "", &deliver.Error{
			Code:      "bad_channel",
			Text:      fmt.Sprintf("%q is not the id of a Discord channel; ids are numbers (right-click the channel, Copy Channel ID)", channel),
			Permanent: true,
		}
	case m.ID == "" || len(m.ID) > maxNonce:
		return "", &deliver.Error{
			Code:      "bad_delivery",
			Text:      fmt.Sprintf("delivery id %q cannot be a nonce, it has to have 1 to %d characters; please report this as a bug", m.ID, maxNonce),
			Permanent: true,
		}
	}
	out := renderCard(m.Card)
	out.Nonce, out.EnforceNonce = m.ID, true

	var posted struct {
		ID string `json:"id"`
	}
	endpoint := discordgo.EndpointChannelMessages(channel)
	if m.Unsure {
		if id, err := d.find(ctx, channel, out); id != "" || err != nil {
			return id, err
		}
	}
	err := d.api.call(ctx, request{
		method: http.MethodPost,
		url:    endpoint,
		bucket: endpoint,
		about:  "channel " + channel,
		in:     out,
		out:    &posted,
	})
	return posted.ID, err
}

// history is how many of a channel's newest messages are looked through.
// https://discord.com/developers/docs/resources/message#get-channel-messages
const history = "?limit=100"

// find looks for a message that an earlier attempt may have posted, and returns
// its id, or nothing: the nonce is forgotten after some minutes, and history does
// not tell it. A channel is told of a story once, so a message of ours with the
// same headline, link and text is the one. Without the right to read the channel's
// history it finds nothing.
func (d *Discord) find(ctx context.Context, channel string, out *message) (string, error) {
	endpoint := discordgo.EndpointChannelMessages(channel)
	var all []struct {
		ID     string `json:"id"`
		Author *struct {
			Bot bool `json:"bot"`
		} `json:"author"`
		Embeds []struct {
			Title       string `json:"title"`
			URL         string `json:"url"`
			Description string `json:"description"`
		} `json:"embeds"`
	}
	err := d.api.call(ctx, request{
		method: http.MethodGet, url: endpoint + history, bucket: endpoint + history, about: "channel " + channel, out: &all,
	})
	if e, ok := errors.AsType[*deliver.Error](err); ok && e.Permanent {
		// What is wrong shows with the message itself.
		return "", nil
	}
	if err != nil {
		return "", err
	}
	for _, had := range all {
		if had.Author != nil && !had.Author.Bot || len(had.Embeds) == 0 || len(out.Embeds) == 0 {
			continue
		}
		if a, b := had.Embeds[0], out.Embeds[0]; a.Title == b.Title && a.URL == b.URL && a.Description == b.Description {
			return had.ID, nil
		}
	}
	return "", nil
}
