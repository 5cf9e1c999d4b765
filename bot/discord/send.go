package discord

import (
	"context"
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
