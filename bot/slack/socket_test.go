package slack

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"tipoff/bot/card"
	"tipoff/bot/command"
	"tipoff/bot/slack/slackfake"
)

var _ Commands = (*command.Router)(nil)

// script is a Router whose answers a test writes.
type script struct {
	line func(ctx context.Context, text string, u command.User, channel string) card.Page
	turn func(ctx context.Context, token string, u command.User, channel string) card.Page
}

func (s script) Line(ctx context.Context, text string, u command.User, channel string) card.Page {
	return s.line(ctx, text, u, channel)
}

func (s script) Turn(ctx context.Context, token string, u command.User, channel string) card.Page {
	return s.turn(ctx, token, u, channel)
}

// echo shows what it was asked.
var echo = script{
	line: func(_ context.Context, text string, u command.User, channel string) card.Page {
		return card.Page{Title: "line", Lead: fmt.Sprintf("%s|%s|%s|%s", text, u.ID, u.Name, channel), Next: "tok.1"}
	},
	turn: func(_ context.Context, token string, u command.User, channel string) card.Page {
		return card.Page{Title: "turn", Lead: fmt.Sprintf("%s|%s|%s|%s", token, u.ID, u.Name, channel), Prev: "tok.0"}
	},
}

// running is a Slack on Socket Mode.
type running struct {
	*slackfake.Fake
	// stop ends Run and returns what it returned. It can be called twice.
	stop func() error
	logs *lockedBuffer
}

// listening starts a Slack against a fake and waits until it is connected.
// adjust may change it before. The test runs beside others: most of its time
// is the pause at shutdown.
func listening(t *testing.T, fo slackfake.Options, c Commands, adjust func(*Slack)) running {
	t.Helper()
	t.Parallel()
	if fo.AckWithin == 0 {
		fo.AckWithin = generous
	}
	f := workspace(t, fo)
	logs := &lockedBuffer{}
	o := options(f)
	o.Commands, o.Log = c, slog.New(slog.NewTextHandler(logs, &slog.HandlerOptions{Level: slog.LevelDebug}))
	s := New(o)
	s.ackAfter, s.shutdownGrace = generous, generous
	if adjust != nil {
		adjust(s)
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- s.Run(ctx) }()
	var once sync.Once
	var result error
	stop := func() error {
		once.Do(func() {
			cancel()
			result = <-ended
		})
		return result
	}
	t.Cleanup(func() {
		if err := stop(); err != nil {
			t.Errorf("Run: %v", err)
		}
		noSecrets(t, o, logs.String())
	})
	if err := f.WaitConnected(soon(t), 1); err != nil {
		t.Fatal(err)
	}
	return running{f, stop, logs}
}

// generous is a limit that no test comes to, however slow the machine.
const generous = 2 * time.Minute

// soon ends a wait that would be for ever.
func soon(t *testing.T) context.Context {
	ctx, cancel := context.WithTimeout(t.Context(), generous)
	t.Cleanup(cancel)
	return ctx
}

// lockedBuffer holds a log, and wakes who waits for a line of it.
type lockedBuffer struct {
	mu      sync.Mutex
	b       bytes.Buffer
	changed chan struct{}
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.changed != nil {
		close(l.changed)
		l.changed = nil
	}
	return l.b.Write(p)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

func (l *lockedBuffer) wait(ctx context.Context, text string) error {
	for {
		l.mu.Lock()
		found := strings.Contains(l.b.String(), text)
		if l.changed == nil {
			l.changed = make(chan struct{})
		}
		changed := l.changed
		l.mu.Unlock()
		if found {
			return nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return fmt.Errorf("waiting for %q in the log: %w", text, ctx.Err())
		}
	}
}

func (r running) slash(t *testing.T, s slackfake.Slash) slackfake.Reply {
	t.Helper()
	reply, err := r.SlashCommand(soon(t), s)
	if err != nil {
		t.Fatalf("%v\nlogs:\n%s", err, r.logs)
	}
	return reply
}

func says(t *testing.T, r slackfake.Reply, want string) {
	t.Helper()
	if !strings.Contains(r.Plain(), want) {
		t.Errorf("no %q in:\n%s", want, r.Plain())
	}
}

func TestSlashCommandIsAnsweredAtOnceAndOnlyToWhoAsked(t *testing.T) {
	r := listening(t, slackfake.Options{}, echo, nil)
	reply := r.slash(t, slackfake.Slash{Text: `search "a b" & c<d`, User: "U777", UserName: "bo", Channel: "C9"})
	says(t, reply, `search "a b" & c<d|slack:U777|bo|slack:C9`)
	if reply.Deferred || !reply.Ephemeral {
		t.Errorf("deferred %v, ephemeral %v", reply.Deferred, reply.Ephemeral)
	}
	if diff := cmp.Diff(map[string]string{"page_next": "tok.1"}, reply.Buttons()); diff != "" {
		t.Errorf("buttons (-want +got):\n%s", diff)
	}
}

// Where a command is slow, the network has a second of Slack's three.
func TestAcknowledgesInTime(t *testing.T) {
	if after := New(Options{}).ackAfter; after > 2*time.Second {
		t.Errorf("a command is acknowledged after %v; Slack waits 3 s", after)
	}
}

func TestSlowCommandIsDeferred(t *testing.T) {
	release := make(chan struct{})
	c := script{line: func(context.Context, string, command.User, string) card.Page {
		<-release
		return card.Page{Title: "slow but here"}
	}}
	r := listening(t, slackfake.Options{}, c, func(s *Slack) { s.ackAfter = time.Millisecond })
	go func() {
		defer close(release)
		if err := r.WaitAcks(soon(t), 1); err != nil {
			t.Error(err)
		}
	}()
	reply := r.slash(t, slackfake.Slash{Text: "watch test"})
	says(t, reply, "slow but here")
	if !reply.Deferred || !reply.Ephemeral {
		t.Errorf("deferred %v, ephemeral %v", reply.Deferred, reply.Ephemeral)
	}
}

func TestAnswerTooLargeForAnAcknowledgementIsDeferred(t *testing.T) {
	c := script{line: func(context.Context, string, command.User, string) card.Page {
		p := card.Page{Title: "large"}
		for range 20 {
			p.Items = append(p.Items, card.Item{Title: strings.Repeat("漢", 290), URL: "https://news.example/" + strings.Repeat("x", 1500)})
		}
		return p
	}}
	reply := listening(t, slackfake.Options{}, c, nil).slash(t, slackfake.Slash{})
	says(t, reply, "large")
	if !reply.Deferred {
		t.Error("not deferred")
	}
}

func TestClickTurnsThePage(t *testing.T) {
	r := listening(t, slackfake.Options{}, echo, nil)
	for _, action := range []string{"page_next", "page_prev"} {
		reply, err := r.Click(soon(t), slackfake.Click{ActionID: action, Value: "tok.1", User: "U777", UserName: "bo", Channel: "C9"})
		if err != nil {
			t.Fatal(err)
		}
		says(t, reply, "tok.1|slack:U777|")
		says(t, reply, "|slack:C9")
		if !reply.Replaced || !reply.Ephemeral {
			t.Errorf("replaced %v, ephemeral %v", reply.Replaced, reply.Ephemeral)
		}
	}
}

func TestHostileAnswerPingsNobody(t *testing.T) {
	c := script{line: func(context.Context, string, command.User, string) card.Page {
		return card.Page{
			Title: "<!channel>", Lead: "<!here> <@U0123>", Code: "<!everyone>", Hint: "<!subteam^S1>",
			Items: []card.Item{{Title: "<!here>", URL: "https://news.example/", Meta: "<@U0123>", Text: "<https://evil.example|ok>", Marks: []string{"ok"}}},
		}
	}}
	reply := listening(t, slackfake.Options{}, c, nil).slash(t, slackfake.Slash{})
	if pings := slackfake.ActiveMentions(reply.Message()); len(pings) > 0 {
		t.Errorf("pings %v", pings)
	}
	if diff := cmp.Diff([]slackfake.Link{{URL: "https://news.example/", Text: "<!here>"}}, slackfake.Links(reply.Message())); diff != "" {
		t.Errorf("links (-want +got):\n%s", diff)
	}
}

// until is a context that ends when the log has a text.
func (r running) until(t *testing.T, text string) context.Context {
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		defer cancel()
		if err := r.logs.wait(soon(t), text); err != nil {
			t.Error(err)
		}
	}()
	return ctx
}

func TestAnswerGoesNowhereButToSlack(t *testing.T) {
	r := listening(t, slackfake.Options{}, echo, nil)
	for _, to := range []string{
		"https://evil.example/commands/1", "http://169.254.169.254/latest", "https://hooks.slack.com.evil.example/x",
		"http://hooks.slack.com/x", "https://user@hooks.slack.com/x", "file:///etc/passwd", "not a url\x00", "",
	} {
		s := New(Options{APIURL: r.URL()})
		if s.ours(to) {
			t.Errorf("%q counts as Slack's", to)
		}
	}
	for _, to := range []string{"https://hooks.slack.com/commands/T1/2/x", "https://hooks.slack-gov.com/x", strings.TrimSuffix(r.URL(), "/api/") + "/commands/1"} {
		if !New(Options{APIURL: r.URL()}).ours(to) {
			t.Errorf("%q does not count as Slack's", to)
		}
	}
	ctx := r.until(t, "not used")
	_, err := r.Click(ctx, slackfake.Click{ActionID: "page_next", Value: "tok.1", ResponseURL: "https://evil.example/actions/1"})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}

func TestAnswerIsTriedAgainWhenSlackHasABadMoment(t *testing.T) {
	r := listening(t, slackfake.Options{}, echo, nil)
	r.Fail(slackfake.Fault{Kind: slackfake.ServerError, Method: "response_url"})
	reply, err := r.Click(soon(t), slackfake.Click{ActionID: "page_next", Value: "tok.1"})
	if err != nil {
		t.Fatal(err)
	}
	says(t, reply, "tok.1")
	if n := r.Calls("response_url"); n != 2 {
		t.Errorf("%d posts", n)
	}
}

func TestAnswerThatIsLostIsLoggedWithoutItsAddress(t *testing.T) {
	r := listening(t, slackfake.Options{}, echo, nil)
	r.Fail(slackfake.Fault{Kind: slackfake.Reset, Method: "response_url"})
	ctx := r.until(t, "slack answer not delivered")
	// Shutdown looks through the log for secrets, the address among them.
	if reply, err := r.Click(ctx, slackfake.Click{ActionID: "page_next", Value: "tok.1"}); err == nil {
		t.Errorf("answered all the same: %+v", reply)
	}
	if n := r.Calls("response_url"); n != 1 {
		t.Errorf("%d posts: it may have arrived, so it is not repeated", n)
	}
}

func TestRefusedAnswerIsLogged(t *testing.T) {
	r := listening(t, slackfake.Options{}, echo, nil)
	r.Fail(slackfake.Fault{Kind: slackfake.Refuse, Method: "response_url", Code: "expired_url"})
	ctx := r.until(t, "expired_url")
	if reply, err := r.Click(ctx, slackfake.Click{ActionID: "page_next", Value: "tok.1"}); err == nil {
		t.Errorf("answered all the same: %+v", reply)
	}
}

func TestOtherCommandIsRefused(t *testing.T) {
	reply := listening(t, slackfake.Options{}, echo, nil).slash(t, slackfake.Slash{Command: "/other", Text: "x"})
	says(t, reply, "/other is not a command here")
}

func TestPanickingCommandIsAnswered(t *testing.T) {
	c := script{line: func(context.Context, string, command.User, string) card.Page { panic("boom") }}
	r := listening(t, slackfake.Options{}, c, nil)
	says(t, r.slash(t, slackfake.Slash{}), "Something went wrong")
	says(t, r.slash(t, slackfake.Slash{}), "Something went wrong")
	if !strings.Contains(r.logs.String(), "boom") {
		t.Error("the log does not have it")
	}
}

func TestCommandThatIgnoresItsTimeIsAnswered(t *testing.T) {
	never := make(chan struct{})
	defer close(never)
	c := script{line: func(context.Context, string, command.User, string) card.Page { <-never; return card.Page{} }}
	r := listening(t, slackfake.Options{}, c, func(s *Slack) { s.commandTime = time.Millisecond })
	says(t, r.slash(t, slackfake.Slash{}), "took too long")
}

func TestTooManyCommandsAtOnce(t *testing.T) {
	release := make(chan struct{})
	started := make(chan struct{}, maxRunning)
	c := script{line: func(context.Context, string, command.User, string) card.Page {
		started <- struct{}{}
		<-release
		return card.Page{Title: "done"}
	}}
	r := listening(t, slackfake.Options{}, c, nil)
	var wg sync.WaitGroup
	for range maxRunning {
		wg.Go(func() {
			reply, err := r.SlashCommand(soon(t), slackfake.Slash{})
			if err != nil || !strings.Contains(reply.Plain(), "done") {
				t.Errorf("%v %v", reply, err)
			}
		})
	}
	for range maxRunning {
		<-started
	}
	says(t, r.slash(t, slackfake.Slash{}), "Too many commands")
	close(release)
	wg.Wait()
}

func TestOddPayloadsHarmNothing(t *testing.T) {
	r := listening(t, slackfake.Options{}, echo, nil)
	for _, raw := range []string{
		`{"type":"slash_commands","payload":null}`,
		`{"type":"interactive","payload":{"type":"block_actions","actions":[null,{}]}}`,
		`{"type":"unheard_of"}`, `[]`, `{}`, `"text"`, `not json`,
	} {
		if err := r.SendRaw(raw); err != nil {
			t.Fatal(err)
		}
	}
	// Those with an envelope are acknowledged, so that Slack does not repeat them.
	for _, tc := range []struct {
		kind    string
		payload any
	}{
		{"slash_commands", map[string]any{"command": 7}},
		{"slash_commands", map[string]any{"command": "/news"}},
		{"slash_commands", []any{}},
		{"interactive", map[string]any{"type": "block_actions", "user": map[string]any{"id": "U1"}, "actions": []any{}}},
		{"interactive", map[string]any{"type": "block_actions", "user": map[string]any{"id": "U1"}, "actions": []any{map[string]any{"block_id": "b", "action_id": "other"}}}},
		{"interactive", map[string]any{"type": "view_submission", "view": nil}},
		{"interactive", map[string]any{"type": "block_actions", "actions": "none"}},
		{"interactive", nil},
		{"unheard_of", map[string]any{}},
	} {
		if err := r.Envelope(soon(t), tc.kind, tc.payload); err != nil {
			t.Errorf("%s %v: %v", tc.kind, tc.payload, err)
		}
	}
	says(t, r.slash(t, slackfake.Slash{Text: "still here"}), "still here")
}

func TestComesBackAfterADisconnect(t *testing.T) {
	r := listening(t, slackfake.Options{}, echo, nil)
	for i, part := range []func() error{r.Disconnect, func() error { r.Drop(); return nil }, r.Disconnect} {
		if err := part(); err != nil {
			t.Fatal(err)
		}
		if err := r.WaitConnected(soon(t), i+2); err != nil {
			t.Fatal(err)
		}
		text := fmt.Sprintf("again %d", i)
		says(t, r.slash(t, slackfake.Slash{Text: text}), text)
	}
}

func TestComesBackWhenSlackHasABadMoment(t *testing.T) {
	f := workspace(t, slackfake.Options{})
	for _, k := range []slackfake.FaultKind{slackfake.ServerError, slackfake.Reset, slackfake.RateLimited} {
		f.Fail(slackfake.Fault{Kind: k, Method: "apps.connections.open"})
	}
	o := options(f)
	o.Commands = echo
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- New(o).Run(ctx) }()
	if err := f.WaitConnected(soon(t), 1); err != nil {
		t.Error(err)
	}
	cancel()
	if err := <-ended; err != nil {
		t.Error(err)
	}
}

func TestRunRefusals(t *testing.T) {
	for _, tc := range []struct {
		name   string
		change func(*slackfake.Fake, *Options)
		scopes []string
		code   string
		says   string
	}{
		{name: "no app token", change: func(_ *slackfake.Fake, o *Options) { o.AppToken = "" }, code: "commands_off", says: "slack.app_token is empty"},
		{name: "no commands", change: func(_ *slackfake.Fake, o *Options) { o.Commands = nil }, code: "commands_off", says: "alerts are still sent"},
		{name: "bad app token", change: func(_ *slackfake.Fake, o *Options) { o.AppToken = "xapp-bad" }, code: "invalid_auth", says: "slack.app_token"},
		{name: "bot token in its place", change: func(_ *slackfake.Fake, o *Options) { o.AppToken = o.BotToken }, code: "not_allowed_token_type", says: "xapp-"},
		{name: "revoked", change: func(f *slackfake.Fake, _ *Options) { f.RefuseApp("token_revoked") }, code: "token_revoked", says: "app-level token"},
		{name: "missing scope", scopes: []string{"authorizations:read"}, code: "missing_scope", says: "connections:write"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			f := workspace(t, slackfake.Options{AppScopes: tc.scopes})
			o := options(f)
			o.Commands = echo
			if tc.change != nil {
				tc.change(f, &o)
			}
			err := New(o).Run(soon(t))
			e := failure(t, err)
			if e.Code != tc.code || !e.Permanent || !strings.Contains(e.Text, tc.says) {
				t.Errorf("got %s: %s", e.Code, e.Text)
			}
			noSecrets(t, o, err.Error())
			if (tc.code == "commands_off") != errors.Is(err, ErrCommandsOff) {
				t.Errorf("%v is not ErrCommandsOff, or should not be", err)
			}
		})
	}
}

func TestShutdownFinishesWhatIsRunning(t *testing.T) {
	started, release := make(chan struct{}), make(chan struct{})
	c := script{line: func(_ context.Context, text string, _ command.User, _ string) card.Page {
		close(started)
		<-release
		return card.Page{Title: "finished"}
	}}
	r := listening(t, slackfake.Options{}, c, nil)
	got := make(chan slackfake.Reply, 1)
	go func() {
		reply, err := r.SlashCommand(soon(t), slackfake.Slash{})
		if err != nil {
			t.Error(err)
		}
		got <- reply
	}()
	<-started
	stopped := make(chan error, 1)
	go func() { stopped <- r.stop() }()
	if err := r.logs.wait(soon(t), "slack stopping"); err != nil {
		t.Fatal(err)
	}
	says(t, r.slash(t, slackfake.Slash{}), "Tipoff is restarting")
	close(release)
	says(t, <-got, "finished")
	if err := <-stopped; err != nil {
		t.Errorf("Run: %v", err)
	}
	if err := r.WaitDisconnected(soon(t)); err != nil {
		t.Error(err)
	}
}

func TestShutdownDoesNotWaitForEver(t *testing.T) {
	started := make(chan struct{})
	c := script{line: func(ctx context.Context, _ string, _ command.User, _ string) card.Page {
		close(started)
		<-ctx.Done()
		return card.Page{Title: "stopped"}
	}}
	r := listening(t, slackfake.Options{}, c, func(s *Slack) { s.shutdownGrace = 10 * time.Millisecond })
	got := make(chan slackfake.Reply, 1)
	go func() {
		reply, err := r.SlashCommand(soon(t), slackfake.Slash{})
		if err != nil {
			t.Error(err)
		}
		got <- reply
	}()
	<-started
	if err := r.stop(); err != nil {
		t.Errorf("Run: %v", err)
	}
	says(t, <-got, "stopped")
}
