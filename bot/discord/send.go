package discord

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/bwmarrin/discordgo"

	"tipoff/bot/alert"
	"tipoff/bot/deliver"
)

var _ deliver.Platform = (*Discord)(nil)

// gap keeps a bot below 50 requests a second in all, with room for what is not
// an alert.
// https://discord.com/developers/docs/topics/rate-limits#global-rate-limit
const gap = time.Second / 45

// Gap is the pace of all channels together.
func (d *Discord) Gap() time.Duration { return gap }

// Rest is until the channel's limit, as Discord gave it with its last answer,
// has room for another message.
func (d *Discord) Rest(to alert.Target) time.Duration {
	return d.api.rest(discordgo.EndpointChannelMessages(to.Address))
}

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
			Mendable:  true,
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

	var created struct {
		ID string `json:"id"`
	}
	endpoint := discordgo.EndpointChannelMessages(channel)
	if !m.Tried.IsZero() {
		if id, err := d.find(ctx, m, out); id != "" || err != nil {
			return id, err
		}
	}
	err := d.api.call(ctx, request{
		method: http.MethodPost,
		url:    endpoint,
		bucket: endpoint,
		about:  "channel " + channel,
		in:     out,
		out:    &created,
	})
	return created.ID, err
}

// How much of a channel's history is looked through for a message that may be
// there: what was written while it was tried, in pages.
// https://discord.com/developers/docs/resources/message#get-channel-messages
const (
	historyPages = 25
	historyPage  = 100
	clockSkew    = 5 * time.Minute
)

// posted is a message in a channel's history.
type posted struct {
	ID     string `json:"id"`
	Author struct {
		ID string `json:"id"`
	} `json:"author"`
	Embeds []struct {
		Title string `json:"title"`
		URL   string `json:"url"`
	} `json:"embeds"`
}

// find looks for a message that an earlier attempt may have posted, and returns
// its id, or nothing: the nonce is forgotten after some minutes, and history does
// not tell it. The messages of a channel go one after the other, so what we have
// posted since the last one that is known, about the same story, is the one we do
// not know of. Its text does not count, for that may have been corrected between
// two attempts. Without the right to read the channel's history it finds nothing.
func (d *Discord) find(ctx context.Context, m deliver.Message, out *message) (string, error) {
	me, err := d.myID(ctx)
	if err != nil {
		return "", err
	}
	after := firstID(m.Tried.From.Add(-clockSkew))
	if last, err := strconv.ParseUint(m.Last, 10, 64); err == nil {
		after = max(after, last)
	}
	until := firstID(m.Tried.Until.Add(clockSkew))
	endpoint := discordgo.EndpointChannelMessages(m.To.Address)
	for range historyPages {
		var page []posted
		err := d.api.call(ctx, request{
			method: http.MethodGet, url: fmt.Sprintf("%s?limit=%d&after=%d", endpoint, historyPage, after),
			bucket: endpoint + "?", about: "channel " + m.To.Address, out: &page,
		})
		if e, ok := errors.AsType[*deliver.Error](err); ok && e.Permanent {
			// What is wrong shows with the message itself.
			return "", nil
		}
		if err != nil {
			return "", err
		}
		for _, had := range page {
			id, err := strconv.ParseUint(had.ID, 10, 64)
			if err != nil {
				continue
			}
			after = max(after, id)
			if had.Author.ID == me && had.tells(out) {
				return had.ID, nil
			}
		}
		if len(page) < historyPage || after > until {
			return "", nil
		}
	}
	return "", nil
}

// tells reports whether a message is about the story of another one.
func (p posted) tells(out *message) bool {
	if len(p.Embeds) == 0 || len(out.Embeds) == 0 {
		return false
	}
	a, b := p.Embeds[0], out.Embeds[0]
	if a.URL != "" && b.URL != "" {
		return a.URL == b.URL
	}
	return strings.TrimSpace(a.Title) == strings.TrimSpace(b.Title)
}

// firstID is the least id of a message that was posted at t: its upper bits are
// the milliseconds since 2015.
// https://discord.com/developers/docs/reference#snowflakes
func firstID(t time.Time) uint64 {
	const epoch = 1420070400000
	ms := t.UnixMilli() - epoch
	if ms < 0 {
		return 0
	}
	return uint64(ms) << 22
}
