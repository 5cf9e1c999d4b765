package discord

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"time"

	"github.com/bwmarrin/discordgo"

	"tipoff/bot/deliver"
)

// Codes of Discord's errors, see
// https://discord.com/developers/docs/topics/opcodes-and-status-codes#json
const (
	codeUnknownApplication  = 10002
	codeUnknownChannel      = 10003
	codeUnknownGuild        = 10004
	codeUnknownInteraction  = 10062
	codeNotYourApplication  = 20012
	codeMissingAccess       = 50001
	codeEmptyMessage        = 50006
	codeNotTextChannel      = 50008
	codeMissingPermissions  = 50013
	codeInvalidForm         = 50035
	codeAlreadyAcknowledged = 40060
)

// remedies are what to do about an error, %s standing for what it is about.
var remedies = map[int]string{
	codeUnknownApplication:  "Discord knows no such application (%s); take discord.application_id from the Developer Portal (General Information), or leave it out",
	codeUnknownChannel:      "Discord knows no %s; check the id in config.yaml (right-click the channel, Copy Channel ID)",
	codeUnknownGuild:        "Discord knows no such server (%s); check discord.guild_id (right-click the server, Copy Server ID)",
	codeNotYourApplication:  "the token belongs to another application (%s); take discord.application_id and discord.token from the same one, or leave the id out",
	codeMissingAccess:       "Discord does not let the bot at %s; invite the bot to the server with the scopes bot and applications.commands, and give it View Channel",
	codeEmptyMessage:        "Discord dropped the whole message to %s; give the bot Embed Links there",
	codeNotTextChannel:      "%s is not a text channel; use the id of one (right-click the channel, Copy Channel ID)",
	codeMissingPermissions:  "the bot may not write to %s; give it View Channel, Send Messages and Embed Links there",
	codeUnknownInteraction:  "the answer came too late, Discord takes it within 3 seconds; the person has to ask again",
	codeAlreadyAcknowledged: "Discord has an answer already; does the bot run twice with the same token?",
}

const badToken = "Discord does not accept the bot's token; copy a new one from the Developer Portal (Bot, Reset Token) to discord.token"

// explain makes what went wrong with a request a *deliver.Error.
func explain(ctx context.Context, w *witness, about string, answer []byte, err error) error {
	if w.status == 0 {
		return unreachable(ctx, err)
	}
	if rest, ok := errors.AsType[*discordgo.RESTError](err); ok {
		answer = rest.ResponseBody
	}
	var said struct {
		Code       int             `json:"code"`
		Message    string          `json:"message"`
		Errors     json.RawMessage `json:"errors"`
		RetryAfter float64         `json:"retry_after"`
		Global     bool            `json:"global"`
	}
	// Not every answer is JSON: proxies and guards before Discord write HTML.
	notJSON := json.Unmarshal(answer, &said) != nil

	code := strconv.Itoa(cmp.Or(said.Code, w.status))
	switch {
	case w.status == http.StatusTooManyRequests:
		wait := seconds(said.RetryAfter)
		if header, err := strconv.ParseFloat(w.retryAfter, 64); err == nil {
			wait = max(wait, seconds(header))
		}
		e := rateLimited(cmp.Or(wait, time.Second))
		// The guard before Discord shuts out the address, not a channel.
		e.Everywhere = said.Global || notJSON
		return e
	case w.status >= 500:
		return &deliver.Error{Code: code, Outage: true, Unknown: true, Text: fmt.Sprintf("Discord has trouble of its own (HTTP %d); see discordstatus.com", w.status)}
	case w.status >= 200 && w.status < 300, w.status == http.StatusRequestTimeout:
		// The answer broke off. Whether the work was done is not known.
		return &deliver.Error{Code: "bad_answer", Outage: true, Unknown: true, Text: "Discord's answer could not be read", Err: withoutURL(err)}
	case w.status == http.StatusUnauthorized:
		return &deliver.Error{Code: code, Text: badToken, Permanent: true, Mendable: true, Everywhere: true}
	case notJSON && w.status < 400:
		return &deliver.Error{Code: code, Outage: true, Text: fmt.Sprintf("discord.api_url does not answer as Discord does (HTTP %d); check it, and any proxy on the way", w.status)}
	case said.Code == codeInvalidForm:
		return &deliver.Error{
			Code:      code,
			Text:      fmt.Sprintf("Discord calls the request about %s malformed (%s); please report this as a bug", about, cmp.Or(firstComplaint(said.Errors), said.Message)),
			Permanent: true,
		}
	}
	if remedy, ok := remedies[said.Code]; ok {
		if said.Code != codeUnknownInteraction && said.Code != codeAlreadyAcknowledged {
			remedy = fmt.Sprintf(remedy, about)
		}
		return &deliver.Error{Code: code, Text: remedy, Permanent: true, Mendable: true}
	}
	return &deliver.Error{
		Code:      code,
		Text:      fmt.Sprintf("Discord refused the request about %s (HTTP %d: %s)", about, w.status, cmp.Or(said.Message, "no reason given")),
		Permanent: true,
		// What is refused whoever asks is nobody's message's fault.
		Mendable: w.status == http.StatusForbidden || w.status == http.StatusNotFound,
	}
}

func unreachable(ctx context.Context, err error) error {
	err = withoutURL(err)
	var timeout interface{ Timeout() bool }
	var op *net.OpError
	var dns *net.DNSError
	switch {
	case errors.Is(ctx.Err(), context.Canceled):
		return &deliver.Error{Code: "cancelled", Unknown: true, Text: "the request to Discord was given up", Err: context.Cause(ctx)}
	case ctx.Err() != nil, errors.As(err, &timeout) && timeout.Timeout():
		return &deliver.Error{Code: "timeout", Outage: true, Unknown: true, Text: "Discord did not answer in time", Err: err}
	}
	return &deliver.Error{
		Code: "network", Outage: true, Unknown: !errors.As(err, &dns) && (!errors.As(err, &op) || op.Op != "dial"),
		Text: "Discord cannot be reached; check the network, the proxy and discord.api_url", Err: err,
	}
}

// withoutURL drops the URL that http.Client puts into its errors: it may hold
// an interaction's token.
func withoutURL(err error) error {
	if u, ok := errors.AsType[*url.Error](err); ok {
		return u.Err
	}
	return err
}

func rateLimited(wait time.Duration) *deliver.Error {
	return &deliver.Error{
		Code:       "rate_limited",
		Text:       fmt.Sprintf("Discord asks for a pause of %s", wait.Round(time.Millisecond)),
		RetryAfter: wait,
	}
}

// seconds converts what Discord gives as seconds, bounded so that nonsense
// cannot overflow.
func seconds(s float64) time.Duration {
	if !(s > 0) {
		return 0
	}
	return time.Duration(min(s, 86400) * float64(time.Second))
}

// firstComplaint finds the first leaf of a tree such as
// {"embeds":{"0":{"title":{"_errors":[{"message":"..."}]}}}} and returns
// "embeds.0.title: ...".
func firstComplaint(raw json.RawMessage) string {
	var node map[string]json.RawMessage
	if len(raw) == 0 || json.Unmarshal(raw, &node) != nil {
		return ""
	}
	var leaf []struct {
		Message string `json:"message"`
	}
	if json.Unmarshal(node["_errors"], &leaf) == nil && len(leaf) > 0 {
		return leaf[0].Message
	}
	for _, key := range slices.Sorted(maps.Keys(node)) {
		switch below := firstComplaint(node[key]); {
		case below == "":
		case below[0] >= 'a' && below[0] <= 'z' || below[0] >= '0' && below[0] <= '9':
			return key + "." + below // a path already
		default:
			return key + ": " + below
		}
	}
	return ""
}
