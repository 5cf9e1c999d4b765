package slackfake

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

// BotUserID and TeamID are who auth.test says the bot is.
const (
	BotUserID = "U0BOT"
	TeamID    = "T0FAKE"
)

// answer is the body of a method's answer; one with "error" has ok false.
type answer map[string]any

func fail(code string) answer { return answer{"error": code} }

// method is one call of the Web API: which of the scopes it needs, whether it
// takes the app-level token, and what it does.
type method struct {
	app    bool
	scopes []string
	do     func(f *Fake, form url.Values) answer
}

var methods = map[string]method{
	"auth.test":             {do: (*Fake).authTest},
	"chat.postMessage":      {scopes: []string{"chat:write"}, do: (*Fake).postMessage},
	"chat.update":           {scopes: []string{"chat:write"}, do: (*Fake).update},
	"conversations.info":    {scopes: []string{"channels:read", "groups:read"}, do: (*Fake).info},
	"conversations.history": {scopes: []string{"channels:history", "groups:history"}, do: (*Fake).history},
	"apps.connections.open": {app: true, scopes: []string{"connections:write"}, do: (*Fake).open},
}

// maxForm is above anything that a message within the limits needs.
const maxForm = 1 << 20

func (f *Fake) serveMethod(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, maxForm)
	if err := r.ParseForm(); err != nil {
		writeJSON(w, fail("invalid_form_data"))
		return
	}
	name := r.PathValue("method")
	fault := f.takeFault(name)
	f.minding(name, r.PostForm.Get("channel"), fault)
	if fault.befall(w, r, f.done) {
		return
	}
	m, ok := methods[name]
	if !ok {
		f.violate("%s: no such method here", name)
		writeJSON(w, fail("unknown_method"))
		return
	}
	scopes := f.opt.Scopes
	if m.app {
		scopes = f.opt.AppScopes
	}
	if code := f.checkToken(tokenOf(r), m.app); code != "" {
		writeJSON(w, fail(code))
		return
	}
	w.Header().Set("X-OAuth-Scopes", strings.Join(scopes, ","))
	if len(m.scopes) > 0 && !hasScope(scopes, m.scopes...) {
		writeJSON(w, answer{"error": "missing_scope", "needed": m.scopes[0], "provided": strings.Join(scopes, ",")})
		return
	}
	if name == "chat.postMessage" && f.overRate(r.PostForm.Get("channel")) {
		f.violate("%s: more than %d a second to channel %s", name, f.opt.PerSecond, r.PostForm.Get("channel"))
		w.Header().Set("Retry-After", "1")
		w.WriteHeader(http.StatusTooManyRequests)
		return
	}
	if fault.late() {
		form := r.PostForm
		f.mu.Lock()
		f.works = append(f.works, func() { m.do(f, form) })
		f.touch()
		f.mu.Unlock()
		fault.hold(r, f.done)
		return
	}
	a := m.do(f, r.PostForm)
	if fault.withhold(w, r, f.done) {
		return
	}
	writeJSON(w, a)
}

func (f *Fake) checkToken(token string, app bool) string {
	f.mu.Lock()
	defer f.mu.Unlock()
	switch token {
	case "":
		return "not_authed"
	case f.opt.BotToken:
		if app {
			return "not_allowed_token_type"
		}
		return f.botError
	case f.opt.AppToken:
		if !app {
			return "not_allowed_token_type"
		}
		return f.appError
	}
	return "invalid_auth"
}

// overRate reports whether the channel has had its messages of this second.
func (f *Fake) overRate(channel string) bool {
	if f.opt.PerSecond == 0 {
		return false
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	since := f.opt.Now().Add(-time.Second)
	n := 0
	for _, m := range f.messages {
		if m.Channel == channel && !m.others && timeOf(m.TS).After(since) {
			n++
		}
	}
	return n >= f.opt.PerSecond
}

func (f *Fake) authTest(url.Values) answer {
	return answer{
		"url": "https://fake.slack.com/", "team": "Fake", "user": "tipoff",
		"team_id": TeamID, "user_id": BotUserID, "bot_id": "B0BOT",
	}
}

func (f *Fake) postMessage(form url.Values) answer {
	m, code := f.readMessage("chat.postMessage", form)
	if code != "" {
		return fail(code)
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	c, ok := f.channels[form.Get("channel")]
	switch {
	case !ok, c.Private && !c.Member:
		return fail("channel_not_found")
	case c.Archived:
		return fail("is_archived")
	case !c.Member && !hasScope(f.opt.Scopes, "chat:write.public"):
		return fail("not_in_channel")
	}
	m.Channel, m.TS = c.ID, f.nextTS()
	f.messages = append(f.messages, m)
	f.touch()
	return answer{"channel": m.Channel, "ts": m.TS, "message": m.public(true)}
}

func (f *Fake) update(form url.Values) answer {
	m, code := f.readMessage("chat.update", form)
	if code != "" {
		return fail(code)
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	i := slices.IndexFunc(f.messages, func(old Message) bool {
		return old.Channel == form.Get("channel") && old.TS == form.Get("ts")
	})
	if i < 0 {
		return fail("message_not_found")
	}
	old := f.messages[i]
	m.Channel, m.TS, m.Edits = old.Channel, old.TS, old.Edits+1
	if m.Metadata == nil {
		m.Metadata = old.Metadata
	}
	f.messages[i] = m
	f.touch()
	return answer{"channel": m.Channel, "ts": m.TS, "text": m.Text, "message": m.public(true)}
}

// readMessage reads and checks a message's arguments; it returns Slack's code
// for the first thing that is wrong, and notes all of them.
func (f *Fake) readMessage(method string, form url.Values) (Message, string) {
	m := Message{
		Text:        form.Get("text"),
		UnfurlLinks: form.Get("unfurl_links"),
		UnfurlMedia: form.Get("unfurl_media"),
		linkNames:   form.Get("link_names") == "true" || form.Get("link_names") == "1",
		parseFull:   form.Get("parse") == "full",
	}
	if b := form.Get("blocks"); b != "" {
		m.Blocks = json.RawMessage(b)
	}
	var first string
	note := func(p Problem) {
		if first == "" {
			first = p.Code
		}
		f.violate("%s: %s", method, p)
	}
	for _, p := range CheckPost(m.Text, m.Blocks) {
		note(p)
	}
	if raw := form.Get("metadata"); raw != "" {
		md, p := readMetadata(raw)
		if p != nil {
			note(*p)
		}
		m.Metadata = md
	}
	return m, first
}

func readMetadata(raw string) (*Metadata, *Problem) {
	var md Metadata
	if err := json.Unmarshal([]byte(raw), &md); err != nil {
		return nil, &Problem{"invalid_metadata_format", "metadata", err.Error()}
	}
	if md.EventType == "" || md.EventPayload == nil {
		return nil, &Problem{"invalid_metadata_format", "metadata", "needs event_type and event_payload"}
	}
	return &md, nil
}

func (f *Fake) info(form url.Values) answer {
	f.mu.Lock()
	defer f.mu.Unlock()
	c, ok := f.channels[form.Get("channel")]
	if !ok || c.Private && !c.Member {
		return fail("channel_not_found")
	}
	return answer{"channel": map[string]any{
		"id": c.ID, "name": c.Name, "is_channel": !c.Private, "is_group": c.Private,
		"is_private": c.Private, "is_archived": c.Archived, "is_member": c.Member,
	}}
}

// history answers newest first, as Slack does, with its cursor a plain
// number of messages passed over.
func (f *Fake) history(form url.Values) answer {
	f.mu.Lock()
	defer f.mu.Unlock()
	c, ok := f.channels[form.Get("channel")]
	switch {
	case !ok || c.Private && !c.Member:
		return fail("channel_not_found")
	case !c.Member:
		return fail("not_in_channel")
	}
	inclusive := form.Get("inclusive") == "1" || form.Get("inclusive") == "true"
	metadata := form.Get("include_all_metadata") == "1" || form.Get("include_all_metadata") == "true"
	var found []any
	for _, m := range slices.Backward(f.messages) {
		if m.Channel == c.ID && within(m.TS, form.Get("oldest"), form.Get("latest"), inclusive) {
			found = append(found, m.public(metadata))
		}
	}
	limit, _ := strconv.Atoi(form.Get("limit"))
	if limit <= 0 || limit > 999 {
		limit = 100
	}
	skip, _ := strconv.Atoi(form.Get("cursor"))
	found = found[min(max(skip, 0), len(found)):]
	a := answer{"has_more": len(found) > limit}
	if len(found) > limit {
		found = found[:limit]
		a["response_metadata"] = map[string]any{"next_cursor": strconv.Itoa(skip + limit)}
	}
	a["messages"] = found
	if found == nil {
		a["messages"] = []any{}
	}
	return a
}

// within compares timestamps, whose text sorts like their time.
func within(ts, oldest, latest string, inclusive bool) bool {
	if inclusive && (ts == oldest || ts == latest) {
		return true
	}
	return (oldest == "" || timeOf(ts).After(timeOf(oldest))) &&
		(latest == "" || timeOf(ts).Before(timeOf(latest)))
}

func timeOf(ts string) time.Time {
	sec, frac, _ := strings.Cut(ts, ".")
	s, _ := strconv.ParseInt(sec, 10, 64)
	us, _ := strconv.ParseInt((frac + "000000")[:6], 10, 64)
	return time.Unix(s, us*1000)
}

// public is the message as the API shows it.
func (m Message) public(metadata bool) map[string]any {
	out := map[string]any{
		"type": "message", "user": BotUserID, "bot_id": "B0BOT", "ts": m.TS, "text": m.Text,
	}
	if m.Blocks != nil {
		out["blocks"] = m.Blocks
	}
	if metadata && m.Metadata != nil {
		out["metadata"] = m.Metadata
	}
	return out
}

func (f *Fake) open(url.Values) answer {
	f.mu.Lock()
	defer f.mu.Unlock()
	ticket := f.nextID("ticket")
	f.tickets[ticket] = true
	return answer{"url": fmt.Sprintf("ws://%s/link?ticket=%s&app_id=A0FAKE", f.ln.Addr(), ticket)}
}

func writeJSON(w http.ResponseWriter, a answer) {
	body := maps.Clone(a)
	_, failed := body["error"]
	body["ok"] = !failed
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	_ = json.NewEncoder(w).Encode(body)
}
