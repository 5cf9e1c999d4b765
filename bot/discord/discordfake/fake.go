// Package discordfake is a Discord on loopback for tests: the REST API and the
// gateway, as far as a bot that sends messages and takes slash commands needs
// them. It is stricter than it is complete: whatever breaks one of Discord's
// limits or rules is refused the way Discord does it, and noted as a violation,
// so that a test can ask at the end whether there were any.
//
// Tests drive it from three sides: as the operator (channels, permissions,
// tokens), as the people (Slash, Click, Autocomplete), and as bad luck (faults
// of the API, dropped and refused gateway connections).
//
// It knows nothing of this program and no *testing.T.
package discordfake

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"strconv"
	"sync"
	"time"
)

// What a new Fake knows.
const (
	Token       = "MTAwMQ.fake.bot-token-of-the-tests" // the bot's token
	Application = "1001"                               // the application
	Bot         = "1002"                               // the bot's user
	Guild       = "3001"                               // the server it is in
	Channel     = "2002"                               // a channel with all permissions
)

const basePath = "/api/v10"

// Fake is a running fake of Discord. It is safe for use by many goroutines.
type Fake struct {
	server   *http.Server
	listener net.Listener

	mu           sync.Mutex
	changed      chan struct{} // closed and replaced at every change
	now          func() time.Time
	lastID       uint64
	token        string
	channels     map[string]map[Permission]bool // what is missing there
	messages     []*Message
	commands     map[string][]Command // by guild, "" for global
	overwrites   int
	interactions map[string]*Interaction // by token
	violations   []string
	faults       []*Fault
	requests     []Request
	rate         int
	window       time.Duration
	answerWithin time.Duration
	buckets      map[string]*bucket
	pause        pause
	gateway      gatewayState
}

// Permission is something a bot may do in a channel.
type Permission string

// The permissions that matter here.
const (
	ViewChannel  Permission = "View Channel"
	SendMessages Permission = "Send Messages"
	EmbedLinks   Permission = "Embed Links"
	// Without it the history is empty.
	ReadMessageHistory Permission = "Read Message History"
)

// Request is one request that came in.
type Request struct {
	Method string
	// Path is below the base address and without the query.
	Path   string
	Status int // 0 when the connection was cut instead
}

// Start begins to serve on a free port of the loopback interface.
func Start() (*Fake, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("listen for the fake Discord: %w", err)
	}
	f := &Fake{
		listener:     l,
		changed:      make(chan struct{}),
		now:          time.Now,
		lastID:       900000,
		token:        Token,
		channels:     map[string]map[Permission]bool{Channel: {}},
		commands:     map[string][]Command{},
		interactions: map[string]*Interaction{},
		rate:         50,
		window:       time.Second,
		answerWithin: 3 * time.Second,
		buckets:      map[string]*bucket{},
		gateway:      newGatewayState(),
	}
	f.server = &http.Server{Handler: http.HandlerFunc(f.serve), ReadHeaderTimeout: 10 * time.Second}
	go func() { _ = f.server.Serve(l) }()
	return f, nil
}

// Close ends all connections.
func (f *Fake) Close() {
	f.DropConnections()
	_ = f.server.Close()
}

// URL stands for https://discord.com/api/v10.
func (f *Fake) URL() string { return "http://" + f.listener.Addr().String() + basePath }

// SetToken changes the only token that is accepted.
func (f *Fake) SetToken(token string) { f.change(func() { f.token = token }) }

// SetNow replaces the clock that interactions, nonces and rate limits go by.
func (f *Fake) SetNow(now func() time.Time) { f.change(func() { f.now = now }) }

// SetRate changes how many messages each channel takes in a window of time; at
// the start they are 50 a second. Discord takes about 5 in 5 seconds.
func (f *Fake) SetRate(n int, window time.Duration) {
	f.change(func() { f.rate, f.window, f.buckets = n, window, map[string]*bucket{} })
}

// SetAnswerWithin changes how long an interaction waits for its first answer; at
// the start that is 3 seconds, as on Discord.
func (f *Fake) SetAnswerWithin(d time.Duration) { f.change(func() { f.answerWithin = d }) }

// AddChannel adds a channel in which the bot lacks the permissions given.
func (f *Fake) AddChannel(id string, missing ...Permission) {
	f.change(func() {
		f.channels[id] = map[Permission]bool{}
		for _, p := range missing {
			f.channels[id][p] = true
		}
	})
}

// Violations are the limits and rules that the bot broke, in order.
func (f *Fake) Violations() []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return append([]string(nil), f.violations...)
}

// Requests are the requests so far, in order of their ends.
func (f *Fake) Requests() []Request {
	f.mu.Lock()
	defer f.mu.Unlock()
	return append([]Request(nil), f.requests...)
}

// Wait waits until ok, which may call the fake's methods, is true. It is asked
// after every change. The error is that of ctx.
func (f *Fake) Wait(ctx context.Context, ok func() bool) error {
	for {
		f.mu.Lock()
		changed := f.changed
		f.mu.Unlock()
		if ok() {
			return nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return fmt.Errorf("waiting for the fake Discord: %w", context.Cause(ctx))
		}
	}
}

// change runs do with the lock held and wakes who waits.
func (f *Fake) change(do func()) {
	f.mu.Lock()
	defer f.mu.Unlock()
	do()
	f.wake()
}

// wake needs the lock.
func (f *Fake) wake() {
	close(f.changed)
	f.changed = make(chan struct{})
}

// violate needs the lock.
func (f *Fake) violate(format string, args ...any) {
	f.violations = append(f.violations, fmt.Sprintf(format, args...))
}

// newID makes an id as Discord does, with the time in it. It needs the lock.
func (f *Fake) newID() string {
	const epoch = 1420070400000
	if ms := f.now().UnixMilli() - epoch; ms > 0 {
		f.lastID = max(f.lastID, uint64(ms)<<22)
	}
	f.lastID++
	return strconv.FormatUint(f.lastID, 10)
}
