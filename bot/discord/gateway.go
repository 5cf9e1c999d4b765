package discord

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/bwmarrin/discordgo"
	"github.com/gorilla/websocket"

	"tipoff/bot/deliver"
)

const (
	// handshakeTimeout is how long connecting may take until READY.
	handshakeTimeout = 30 * time.Second
	// stuckTimeout is how long discordgo may take to notice that its
	// connection was cut.
	stuckTimeout = 5 * time.Second
)

// gateway is one discordgo session, without discordgo's own reconnecting: that
// goes on for ever, also when the token is bad, cannot be stopped, and logs
// through a global. Opening the session again resumes it, so the events of the
// meantime arrive.
type gateway struct {
	s     *discordgo.Session
	line  line
	after func(time.Duration) <-chan time.Time
	// down has an element once the connection is lost.
	down chan struct{}
	// stuck says that Open never came back: asked to reconnect before READY,
	// discordgo waits for a lock that it holds. Such a session is of no use.
	stuck bool
}

// newGateway returns a session that hands every interaction to take and the
// application's id, when Discord tells it, to ready.
func (d *Discord) newGateway(take func(*discordgo.Interaction), ready func(app string, resumed bool)) *gateway {
	g := &gateway{s: newSession(d.o.Token, d.api.client), after: d.after, down: make(chan struct{}, 1)}
	// Interactions arrive whatever the intents, and nothing else is wanted.
	g.s.Identify.Intents = discordgo.IntentsNone
	// In the order they came, and without a goroutine each: the handlers
	// return at once.
	g.s.SyncEvents = true
	g.s.Dialer = &websocket.Dialer{
		Proxy:            http.ProxyFromEnvironment,
		HandshakeTimeout: handshakeTimeout,
		NetDialContext:   g.line.dial,
	}
	g.s.AddHandler(func(*discordgo.Session, *discordgo.Disconnect) {
		select {
		case g.down <- struct{}{}:
		default:
		}
	})
	g.s.AddHandler(func(_ *discordgo.Session, e *discordgo.Ready) {
		app := ""
		if e.Application != nil {
			app = e.Application.ID
		}
		ready(app, false)
	})
	g.s.AddHandler(func(*discordgo.Session, *discordgo.Resumed) { ready("", true) })
	g.s.AddHandler(func(_ *discordgo.Session, e *discordgo.InteractionCreate) {
		if e != nil && e.Interaction != nil {
			take(e.Interaction)
		}
	})
	return g
}

// open connects and resumes the session, or begins a new one.
func (g *gateway) open(ctx context.Context) error {
	select {
	case <-g.down:
	default:
	}
	g.line.reset()
	opened := make(chan error, 1)
	go func() { opened <- g.s.Open() }()
	select {
	case err := <-opened:
		if errors.Is(err, discordgo.ErrWSAlreadyOpen) {
			return nil // an echo of the connection before had set down
		}
		return gatewayError(ctx, err)
	case <-ctx.Done():
	case <-g.after(handshakeTimeout):
	}
	// Open takes no context, so it is ended by taking its connection away.
	g.line.cut()
	select {
	case err := <-opened:
		_ = err // whatever it is, it comes of the cut
	case <-g.after(stuckTimeout):
		g.stuck = true
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	return &deliver.Error{Code: "timeout", Text: "Discord's gateway did not answer in time"}
}

// close ends the session; Discord shows the bot as offline at once. It returns
// when Discord has been told. discordgo then waits a second for no use, and is
// left to do so.
func (g *gateway) close() {
	if g.stuck {
		return
	}
	told, closed := g.line.nextWrite(), make(chan struct{})
	go func() {
		_ = g.s.Close() // the connection is gone either way
		close(closed)
	}()
	select {
	case <-told:
	case <-closed:
	case <-g.after(stuckTimeout):
	}
}

// fatal are the close codes after which Discord wants no reconnecting, and
// what to do. See
// https://discord.com/developers/docs/topics/opcodes-and-status-codes#gateway
var fatal = map[int]string{
	4004: badToken,
	4010: "Discord's gateway refuses the shard that it was given; please report this as a bug",
	4011: "the bot is in more servers than one connection may serve; remove it from those that do not need it",
	4012: "Discord's gateway no longer speaks the version that this program uses; update the program",
	4013: "Discord's gateway does not know the intents that it was given; please report this as a bug",
	4014: "Discord's gateway does not allow the bot the intents that it asked for; please report this as a bug",
}

// gatewayError makes an error of Open a *deliver.Error.
func gatewayError(ctx context.Context, err error) error {
	var closed *websocket.CloseError
	var rest *discordgo.RESTError
	switch {
	case err == nil:
		return nil
	case ctx.Err() != nil:
		return ctx.Err()
	case errors.As(err, &closed):
		code := fmt.Sprint(closed.Code)
		if remedy, ok := fatal[closed.Code]; ok {
			return &deliver.Error{Code: code, Text: remedy, Permanent: true}
		}
		return &deliver.Error{Code: code, Text: fmt.Sprintf("Discord's gateway closed the connection (%d %s)", closed.Code, closed.Text)}
	case errors.As(err, &rest):
		w := &witness{status: rest.Response.StatusCode}
		return explain(ctx, w, "the gateway", nil, err)
	}
	return &deliver.Error{Code: "network", Text: "Discord's gateway cannot be reached; check the network, the proxy and discord.api_url", Err: withoutURL(err)}
}

// line is the network connection below the gateway, so that it can be cut and
// listened to.
type line struct {
	mu    sync.Mutex
	conn  net.Conn      // guarded by mu
	dead  bool          // guarded by mu
	wrote chan struct{} // closed at the next write, or nil; guarded by mu
}

func (l *line) dial(ctx context.Context, network, address string) (net.Conn, error) {
	var dialer net.Dialer
	conn, err := dialer.DialContext(ctx, network, address)
	if err != nil {
		return nil, err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.dead {
		_ = conn.Close()
		return nil, net.ErrClosed
	}
	l.conn = conn
	return heard{conn, l}, nil
}

func (l *line) reset() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.conn, l.dead = nil, false
}

func (l *line) cut() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.dead = true
	if l.conn != nil {
		_ = l.conn.Close()
	}
}

// nextWrite is closed once something more was written.
func (l *line) nextWrite() <-chan struct{} {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.wrote = make(chan struct{})
	return l.wrote
}

// heard tells the line of writes.
type heard struct {
	net.Conn
	line *line
}

func (h heard) Write(p []byte) (int, error) {
	n, err := h.Conn.Write(p)
	h.line.mu.Lock()
	defer h.line.mu.Unlock()
	if h.line.wrote != nil {
		close(h.line.wrote)
		h.line.wrote = nil
	}
	return n, err
}
