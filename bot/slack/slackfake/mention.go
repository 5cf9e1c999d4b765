package slackfake

import (
	"encoding/json"
	"regexp"
	"strings"
)

// ActiveMentions lists everything in a message that would notify somebody, as
// mrkdwn writes it: "<!here>", "<@U0123>", "<!subteam^S0123>". The same
// mention in two places is listed twice.
func ActiveMentions(m Message) []string {
	found := inMrkdwn(m.Text)
	if m.linkNames || m.parseFull {
		found = append(found, atNames.FindAllString(m.Text, -1)...)
	}
	walk(m.Blocks, func(o map[string]any) {
		switch str(o, "type") {
		case "mrkdwn", "markdown":
			found = append(found, inMrkdwn(str(o, "text"))...)
		case "user":
			found = append(found, "<@"+str(o, "user_id")+">")
		case "usergroup":
			found = append(found, "<!subteam^"+str(o, "usergroup_id")+">")
		case "broadcast":
			found = append(found, "<!"+str(o, "range")+">")
		}
	})
	return found
}

// Link is a place in a message that opens an address.
type Link struct{ URL, Text string }

// Links lists what can be clicked in a message, except for buttons. Bare
// addresses in mrkdwn that is not verbatim count, because Slack links them.
func Links(m Message) []Link {
	var found []Link
	if len(m.Blocks) == 0 {
		found = linksIn(m.Text, true)
	}
	walk(m.Blocks, func(o map[string]any) {
		switch str(o, "type") {
		case "mrkdwn":
			verbatim, _ := o["verbatim"].(bool)
			found = append(found, linksIn(str(o, "text"), !verbatim)...)
		case "link":
			l := Link{str(o, "url"), str(o, "text")}
			if l.Text == "" {
				l.Text = l.URL
			}
			found = append(found, l)
		case "date":
			if u := str(o, "url"); u != "" {
				found = append(found, Link{u, str(o, "fallback")})
			}
		}
	})
	return found
}

var (
	control = regexp.MustCompile(`<([^<>]*)>`)
	atNames = regexp.MustCompile(`@(here|channel|everyone|group)\b`)
	bare    = regexp.MustCompile(`(?i)\b(?:https?://|www\.)\S+|\b[a-z0-9-]+(?:\.[a-z0-9-]+)*\.(?:com|net|org|io|gov|ru|cn|example|test)\b\S*`)
)

// inMrkdwn finds the control sequences that notify.
// https://docs.slack.dev/messaging/formatting-message-text
func inMrkdwn(s string) []string {
	var found []string
	for _, m := range control.FindAllStringSubmatch(s, -1) {
		target, _, _ := strings.Cut(m[1], "|")
		switch {
		case strings.HasPrefix(target, "@"), strings.HasPrefix(target, "!subteam^"):
			found = append(found, "<"+target+">")
		case target == "!here", target == "!channel", target == "!everyone", target == "!group":
			found = append(found, "<"+target+">")
		}
	}
	return found
}

func linksIn(s string, auto bool) []Link {
	var found []Link
	for _, m := range control.FindAllStringSubmatch(s, -1) {
		target, label, _ := strings.Cut(m[1], "|")
		if strings.HasPrefix(target, "@") || strings.HasPrefix(target, "!") || strings.HasPrefix(target, "#") {
			continue
		}
		if label == "" {
			label = target
		}
		found = append(found, Link{target, label})
	}
	if auto {
		for _, u := range bare.FindAllString(control.ReplaceAllString(s, " "), -1) {
			found = append(found, Link{u, u})
		}
	}
	return found
}

// walk calls visit for every JSON object in raw, parents first.
func walk(raw json.RawMessage, visit func(map[string]any)) {
	var v any
	if len(raw) == 0 || json.Unmarshal(raw, &v) != nil {
		return
	}
	var down func(any)
	down = func(v any) {
		switch v := v.(type) {
		case []any:
			for _, e := range v {
				down(e)
			}
		case map[string]any:
			visit(v)
			for _, e := range v {
				down(e)
			}
		}
	}
	down(v)
}

func str(o map[string]any, key string) string {
	s, _ := o[key].(string)
	return s
}

var escaper = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;")
