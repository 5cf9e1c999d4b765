package slackfake

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/gorilla/websocket"
	"github.com/slack-go/slack"
	"github.com/slack-go/slack/socketmode"
)

func start(t *testing.T, o Options) (*Fake, *slack.Client) {
	t.Helper()
	f, err := Start(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(f.Close)
	return f, slack.New(f.BotToken(), slack.OptionAPIURL(f.URL()), slack.OptionAppLevelToken(f.AppToken()))
}

// soon ends a wait that would be for ever.
func soon(t *testing.T) context.Context {
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	t.Cleanup(cancel)
	return ctx
}

func post(t *testing.T, api *slack.Client, id string) string {
	t.Helper()
	_, ts, err := api.PostMessageContext(t.Context(), "C0123", slack.MsgOptionText(id, false),
		slack.MsgOptionMetadata(slack.SlackMetadata{EventType: "e", EventPayload: map[string]any{"id": id}}))
	if err != nil {
		t.Fatal(err)
	}
	return ts
}

func TestHistoryHasTheMetadataNewestFirst(t *testing.T) {
	_, api := start(t, Options{})
	first := post(t, api, "one")
	for _, id := range []string{"two", "three"} {
		post(t, api, id)
	}
	read := func(p slack.GetConversationHistoryParameters) (ids []any, cursor string) {
		p.ChannelID = "C0123"
		h, err := api.GetConversationHistoryContext(t.Context(), &p)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range h.Messages {
			ids = append(ids, m.Metadata.EventPayload["id"])
		}
		return ids, h.ResponseMetaData.NextCursor
	}
	ids, cursor := read(slack.GetConversationHistoryParameters{IncludeAllMetadata: true, Limit: 2})
	if diff := cmp.Diff([]any{"three", "two"}, ids); diff != "" {
		t.Error(diff)
	}
	ids, cursor = read(slack.GetConversationHistoryParameters{IncludeAllMetadata: true, Limit: 2, Cursor: cursor})
	if diff := cmp.Diff([]any{"one"}, ids); diff != "" || cursor != "" {
		t.Errorf("%s cursor %q", diff, cursor)
	}
	ids, _ = read(slack.GetConversationHistoryParameters{IncludeAllMetadata: true, Oldest: first})
	if diff := cmp.Diff([]any{"three", "two"}, ids); diff != "" {
		t.Error(diff)
	}
	ids, _ = read(slack.GetConversationHistoryParameters{Latest: first, Inclusive: true})
	if diff := cmp.Diff([]any{nil}, ids); diff != "" {
		t.Errorf("metadata that was not asked for: %s", diff)
	}
}

func TestUpdateEditsInPlace(t *testing.T) {
	f, api := start(t, Options{})
	ts := post(t, api, "one")
	if _, _, _, err := api.UpdateMessageContext(t.Context(), "C0123", ts, slack.MsgOptionText("new", false)); err != nil {
		t.Fatal(err)
	}
	m := f.Messages("C0123")
	if len(m) != 1 || m[0].Text != "new" || m[0].Edits != 1 || m[0].Metadata == nil {
		t.Errorf("got %+v", m)
	}
	_, _, _, err := api.UpdateMessageContext(t.Context(), "C0123", "1.2", slack.MsgOptionText("new", false))
	if err == nil || err.Error() != "message_not_found" {
		t.Errorf("got %v", err)
	}
}

func TestInfoTellsMembership(t *testing.T) {
	f, api := start(t, Options{})
	f.SetChannel(Channel{ID: "C9", Name: "away"})
	c, err := api.GetConversationInfoContext(t.Context(), &slack.GetConversationInfoInput{ChannelID: "C9"})
	if err != nil || c.IsMember || c.Name != "away" {
		t.Errorf("%+v %v", c, err)
	}
}

func TestLimitsAndScopesAreEnforced(t *testing.T) {
	f, api := start(t, Options{Scopes: []string{"chat:write"}})
	long := slack.NewHeaderBlock(slack.NewTextBlockObject(slack.PlainTextType, strings.Repeat("x", 151), false, false))
	_, _, err := api.PostMessageContext(t.Context(), "C0123", slack.MsgOptionText("t", false), slack.MsgOptionBlocks(long))
	if err == nil || err.Error() != "invalid_blocks" {
		t.Errorf("got %v", err)
	}
	_, _, err = api.PostMessageContext(t.Context(), "C0123", slack.MsgOptionText("t", false), slack.MsgOptionMetadata(slack.SlackMetadata{}))
	if err == nil || err.Error() != "invalid_metadata_format" {
		t.Errorf("got %v", err)
	}
	_, err = api.GetConversationInfoContext(t.Context(), &slack.GetConversationInfoInput{ChannelID: "C0123"})
	var refused slack.SlackErrorResponse
	if !errors.As(err, &refused) || refused.Err != "missing_scope" || refused.Needed != "channels:read" {
		t.Errorf("got %v", err)
	}
	if n := len(f.Violations()); n != 2 {
		t.Errorf("%d violations noted: %v", n, f.Violations())
	}
	if n := len(f.Messages("")); n != 0 {
		t.Errorf("%d messages arrived", n)
	}
}

func TestPerSecond(t *testing.T) {
	now := time.Unix(1_700_000_000, 0)
	f, api := start(t, Options{PerSecond: 1, Now: func() time.Time { return now }})
	post(t, api, "one")
	_, _, err := api.PostMessageContext(t.Context(), "C0123", slack.MsgOptionText("two", false))
	var limited *slack.RateLimitedError
	if !errors.As(err, &limited) || limited.RetryAfter != time.Second {
		t.Errorf("got %v", err)
	}
	now = now.Add(time.Second)
	post(t, api, "two")
	if n := len(f.Messages("")); n != 2 {
		t.Errorf("%d messages", n)
	}
}

func TestFaults(t *testing.T) {
	f, api := start(t, Options{})
	call := func() error {
		_, _, err := api.PostMessageContext(t.Context(), "C0123", slack.MsgOptionText("x", false))
		return err
	}
	f.Fail(Fault{Kind: RateLimited, Method: "chat.postMessage", RetryAfter: 7, Times: 2})
	for range 2 {
		var limited *slack.RateLimitedError
		if err := call(); !errors.As(err, &limited) || limited.RetryAfter != 7*time.Second {
			t.Errorf("got %v", err)
		}
	}
	f.Fail(Fault{Kind: ServerError, Method: "auth.test"})
	if err := call(); err != nil {
		t.Errorf("a fault of another method: %v", err)
	}
	if _, err := api.AuthTestContext(t.Context()); err == nil {
		t.Error("no fault")
	}
	f.Fail(Fault{Kind: Reset})
	if err := call(); err == nil || len(f.Messages("")) != 1 {
		t.Errorf("got %v and %d messages", err, len(f.Messages("")))
	}
	f.Fail(Fault{Kind: LoseAnswer})
	if err := call(); err == nil || len(f.Messages("")) != 2 {
		t.Errorf("the work should be done and the answer lost: %v, %d messages", err, len(f.Messages("")))
	}
	for _, late := range []struct {
		kind FaultKind
		have int // messages
	}{{Hang, 2}, {LateAnswer, 3}} {
		ctx, cancel := context.WithCancel(t.Context())
		f.Fail(Fault{Kind: late.kind, Held: func(*http.Request) { cancel() }})
		_, _, err := api.PostMessageContext(ctx, "C0123", slack.MsgOptionText("x", false))
		if !errors.Is(err, context.Canceled) || len(f.Messages("")) != late.have {
			t.Errorf("kept waiting: %v, %d messages, want %d", err, len(f.Messages("")), late.have)
		}
	}
}

// client acknowledges every envelope with payload, over the real library.
func client(t *testing.T, f *Fake, api *slack.Client, payload any) {
	t.Helper()
	sock := socketmode.New(api)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = sock.RunContext(ctx)
	}()
	go func() {
		for {
			select {
			case evt := <-sock.Events:
				if evt.Request != nil && evt.Request.EnvelopeID != "" {
					_ = sock.AckCtx(ctx, evt.Request.EnvelopeID, payload)
				}
			case <-ctx.Done():
				return
			}
		}
	}()
	t.Cleanup(func() {
		cancel()
		<-done
	})
	if err := f.WaitConnected(soon(t), 1); err != nil {
		t.Fatal(err)
	}
}

func TestUnacknowledgedEnvelopesAreNoted(t *testing.T) {
	f, api := start(t, Options{AckWithin: time.Millisecond})
	if _, err := f.SlashCommand(soon(t), Slash{}); !errors.Is(err, errNotConnected) {
		t.Errorf("nobody there: %v", err)
	}
	sock := socketmode.New(api)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	go func() { _ = sock.RunContext(ctx) }()
	if err := f.WaitConnected(soon(t), 1); err != nil {
		t.Fatal(err)
	}
	if _, err := f.SlashCommand(soon(t), Slash{}); err == nil || !strings.Contains(err.Error(), "operation_timeout") {
		t.Errorf("got %v", err)
	}
	if len(f.Violations()) != 1 {
		t.Errorf("noted %v", f.Violations())
	}
}

func TestAcknowledgementsAreChecked(t *testing.T) {
	f, api := start(t, Options{})
	client(t, f, api, map[string]any{"text": "hi", "response_type": "in_channel"})
	r, err := f.SlashCommand(soon(t), Slash{Text: "x"})
	if err != nil || r.Text != "hi" || r.Ephemeral || r.Deferred {
		t.Errorf("%+v %v", r, err)
	}
	if err := f.Envelope(soon(t), "interactive", map[string]any{"type": "block_actions"}); err != nil {
		t.Fatal(err)
	}
	if v := f.Violations(); len(v) != 1 || !strings.Contains(v[0], "takes no payload") {
		t.Errorf("noted %v", v)
	}
}

func TestTicketsAreGoodForOneConnection(t *testing.T) {
	f, api := start(t, Options{})
	_, url, err := api.StartSocketModeContext(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range []bool{true, false} {
		conn, err := dial(t.Context(), url)
		if (err == nil) != want {
			t.Errorf("connection %d: %v", i+1, err)
		}
		if err == nil {
			defer func() { _ = conn.Close() }()
		}
	}
	f.Close()
	f.Close()
}

func dial(ctx context.Context, url string) (*websocket.Conn, error) {
	conn, res, err := websocket.DefaultDialer.DialContext(ctx, url, nil)
	if res != nil && res.Body != nil {
		_ = res.Body.Close()
	}
	return conn, err
}
