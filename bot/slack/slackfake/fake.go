// Package slackfake is Slack on loopback: the part of the Web API that a bot
// posts with, and Socket Mode, over HTTP and WebSocket. It knows tokens,
// scopes and channels, refuses what Slack would refuse with Slack's own error
// codes, keeps what was posted, and can be told to fail in the ways Slack and
// networks do.
//
// It is for tests and demonstrations of programs that talk to Slack through
// its api_url setting. It shows nothing and stores nothing on disk; threads,
// modals, files and the many other methods are left out.
package slackfake

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"
)

// Options says which workspace to play. The zero value is a workspace with
// the tokens, scopes and the one channel below.
type Options struct {
	// BotToken and AppToken are the tokens accepted; "xoxb-fake-bot" and
	// "xapp-fake-app" if empty.
	BotToken, AppToken string
	// Scopes are the bot token's. Nil stands for chat:write, commands,
	// channels:read and channels:history.
	Scopes []string
	// AppScopes are the app token's. Nil stands for connections:write.
	AppScopes []string
	// Channels of the workspace. Nil stands for one public channel, C0123,
	// with the bot in it.
	Channels []Channel
	// PerSecond is how many messages a channel takes in a second before Slack
	// answers 429; zero is no limit.
	PerSecond int
	// AckWithin is how long an envelope waits for its acknowledgement; 3 s,
	// as on Slack, if zero.
	AckWithin time.Duration
	// Now is the clock for timestamps and PerSecond; time.Now if nil.
	Now func() time.Time
}

// Channel is a conversation of the workspace.
type Channel struct {
	ID, Name string
	// Member says that the bot is in it.
	Member   bool
	Private  bool
	Archived bool
}

// Message is what a channel holds.
type Message struct {
	Channel string
	// TS is the message's id in its channel.
	TS     string
	Text   string
	Blocks json.RawMessage
	// Metadata is what the sender attached, or nil.
	Metadata *Metadata
	// UnfurlLinks and UnfurlMedia are the arguments as given, "" if not.
	UnfurlLinks, UnfurlMedia string
	// Edits counts the calls of chat.update that changed it.
	Edits int
	// linkNames and parse turn plain @names into mentions.
	linkNames bool
	// others is true of what somebody else wrote.
	others    bool
	parseFull bool
}

// Metadata is the machine-readable side of a message.
// https://docs.slack.dev/messaging/message-metadata/
type Metadata struct {
	EventType    string         `json:"event_type"`
	EventPayload map[string]any `json:"event_payload"`
}

// Fake is a running workspace. All methods are safe for many goroutines.
type Fake struct {
	opt    Options
	server *http.Server
	ln     net.Listener
	// done ends waits when the workspace closes.
	done chan struct{}

	mu sync.Mutex
	// All below is guarded by mu. changed is closed and replaced when any of
	// it changes, so that waiting needs no polling.
	changed    chan struct{}
	channels   map[string]*Channel
	messages   []Message
	violations []string
	calls      map[string]int
	faults     []*Fault
	works      []func()
	pauses     map[string]pause // by method
	botError   string
	appError   string
	lastTS     int64
	seq        int
	sockets    map[*socket]struct{}
	tickets    map[string]bool
	dialled    int
	acks       int
	pending    map[string]*exchange // by envelope id
	replies    map[string]*exchange // by response_url path
	closed     bool
}

// Start opens the workspace on a free port of loopback.
func Start(o Options) (*Fake, error) {
	if o.BotToken == "" {
		o.BotToken = "xoxb-fake-bot"
	}
	if o.AppToken == "" {
		o.AppToken = "xapp-fake-app"
	}
	if o.Scopes == nil {
		o.Scopes = []string{"chat:write", "commands", "channels:read", "channels:history"}
	}
	if o.AppScopes == nil {
		o.AppScopes = []string{"connections:write"}
	}
	if o.Channels == nil {
		o.Channels = []Channel{{ID: "C0123", Name: "general", Member: true}}
	}
	if o.AckWithin == 0 {
		o.AckWithin = 3 * time.Second
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("opening a port for the fake Slack: %w", err)
	}
	f := &Fake{
		opt: o, ln: ln,
		done:     make(chan struct{}),
		changed:  make(chan struct{}),
		channels: map[string]*Channel{},
		calls:    map[string]int{},
		pauses:   map[string]pause{},
		sockets:  map[*socket]struct{}{},
		tickets:  map[string]bool{},
		pending:  map[string]*exchange{},
		replies:  map[string]*exchange{},
	}
	for _, c := range o.Channels {
		f.channels[c.ID] = &c
	}
	mux := http.NewServeMux()
	mux.HandleFunc("POST /api/{method}", f.serveMethod)
	mux.HandleFunc("GET /link", f.serveSocket)
	mux.HandleFunc("POST /commands/{id}", f.serveReply)
	f.server = &http.Server{Handler: mux, ReadHeaderTimeout: 10 * time.Second}
	go func() { _ = f.server.Serve(ln) }()
	return f, nil
}

// Close ends all connections.
func (f *Fake) Close() {
	f.mu.Lock()
	if f.closed {
		f.mu.Unlock()
		return
	}
	f.closed = true
	close(f.done)
	sockets := f.openSockets()
	f.mu.Unlock()
	for _, s := range sockets {
		s.close()
	}
	_ = f.server.Close()
}

// URL is the API's base address, as slack-go takes it: it ends in "/api/".
func (f *Fake) URL() string { return "http://" + f.ln.Addr().String() + "/api/" }

// BotToken is the bot token that the workspace accepts.
func (f *Fake) BotToken() string { return f.opt.BotToken }

// AppToken is the app-level token that the workspace accepts.
func (f *Fake) AppToken() string { return f.opt.AppToken }

// SetChannel adds a channel, or changes the one with its id.
func (f *Fake) SetChannel(c Channel) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.channels[c.ID] = &c
}

// RefuseBot makes every call with the bot token answer with an error code
// such as "token_revoked"; "" ends that.
func (f *Fake) RefuseBot(code string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.botError = code
}

// RefuseApp does the same for the app-level token.
func (f *Fake) RefuseApp(code string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.appError = code
}

// Messages returns what was posted, oldest first; in one channel, or in all
// of them with "".
func (f *Fake) Messages(channel string) []Message {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.DeleteFunc(slices.Clone(f.messages), func(m Message) bool {
		return channel != "" && m.Channel != channel
	})
}

// Write puts a message of somebody else into a channel.
func (f *Fake) Write(channel, text string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.messages = append(f.messages, Message{Channel: channel, TS: f.nextTS(), Text: text, others: true})
	f.touch()
}

// WaitMessages waits until a channel (or, with "", the workspace) holds at
// least n messages, and returns them.
func (f *Fake) WaitMessages(ctx context.Context, channel string, n int) ([]Message, error) {
	var got []Message
	err := f.wait(ctx, func() bool {
		got = slices.DeleteFunc(slices.Clone(f.messages), func(m Message) bool {
			return channel != "" && m.Channel != channel
		})
		return len(got) >= n
	})
	if err != nil {
		return got, fmt.Errorf("waiting for %d messages, have %d: %w", n, len(got), err)
	}
	return got, nil
}

// Violations lists what a client did that Slack does not allow, in the order
// it happened: limits broken, envelopes not acknowledged in time. A test that
// expects none should look here last.
func (f *Fake) Violations() []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Clone(f.violations)
}

// Calls says how often a method was called, whatever the answer was.
func (f *Fake) Calls(method string) int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.calls[method]
}

// WaitCalls waits until a method was called at least n times.
func (f *Fake) WaitCalls(ctx context.Context, method string, n int) error {
	return f.wait(ctx, func() bool { return f.calls[method] >= n })
}

// wait blocks until cond, which is called with mu held, is true.
func (f *Fake) wait(ctx context.Context, cond func() bool) error {
	for {
		f.mu.Lock()
		ok, changed := cond(), f.changed
		f.mu.Unlock()
		if ok {
			return nil
		}
		select {
		case <-changed:
		case <-f.done:
			return errors.New("the fake Slack was closed")
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// touch wakes everyone in wait. mu must be held.
func (f *Fake) touch() {
	close(f.changed)
	f.changed = make(chan struct{})
}

func (f *Fake) violate(format string, args ...any) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.violations = append(f.violations, fmt.Sprintf(format, args...))
	f.touch()
}

// nextTS makes a timestamp that no other message has. mu must be held.
func (f *Fake) nextTS() string {
	ts := f.opt.Now().UnixMicro()
	if ts <= f.lastTS {
		ts = f.lastTS + 1
	}
	f.lastTS = ts
	return fmt.Sprintf("%d.%06d", ts/1e6, ts%1e6)
}

// nextID makes an id that no other thing of the workspace has. mu must be held.
func (f *Fake) nextID(prefix string) string {
	f.seq++
	return fmt.Sprintf("%s%04d", prefix, f.seq)
}

func hasScope(scopes []string, any ...string) bool {
	return slices.ContainsFunc(any, func(s string) bool { return slices.Contains(scopes, s) })
}

// tokenOf reads the token of a call: from its Authorization header, or else
// from the form.
func tokenOf(r *http.Request) string {
	if t, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer "); ok {
		return t
	}
	return r.PostForm.Get("token")
}
