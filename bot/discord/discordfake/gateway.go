package discordfake

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/gorilla/websocket"
)

const (
	gatewayPath = "/gateway"
	// privileged are the intents that Discord grants only on application:
	// members, presences, message content.
	privileged = 1<<1 | 1<<8 | 1<<15
)

// Op codes, see
// https://discord.com/developers/docs/topics/opcodes-and-status-codes#gateway
const (
	opDispatch       = 0
	opHeartbeat      = 1
	opIdentify       = 2
	opResume         = 6
	opReconnect      = 7
	opInvalidSession = 9
	opHello          = 10
	opHeartbeatAck   = 11
)

// Stats counts what happened at the gateway.
type Stats struct {
	Connections int // ever opened
	Identifies  int // sessions begun
	Resumes     int // sessions resumed
	Heartbeats  int
	Live        int // sessions that are connected now
	Ended       int // sessions that the bot ended properly, with code 1000 or 1001
}

type gatewayState struct {
	sessions  map[string]*session
	conns     map[*conn]bool
	stats     Stats
	refuse    int           // close code for IDENTIFY and RESUME, or 0
	silent    bool          // no HELLO
	draining  bool          // op 7 right behind HELLO
	heartbeat time.Duration // as HELLO says
	upgrader  websocket.Upgrader
}

func newGatewayState() gatewayState {
	return gatewayState{
		sessions: map[string]*session{}, conns: map[*conn]bool{},
		heartbeat: 41250 * time.Millisecond,
	}
}

// session outlives its connection, so that it can be resumed.
type session struct {
	id     string
	events []payload // by sequence number, the first is 1
	conn   *conn     // or nil
}

type payload struct {
	Op   int             `json:"op"`
	Data json.RawMessage `json:"d"`
	Seq  int             `json:"s,omitempty"`
	Type string          `json:"t,omitempty"`
}

type conn struct {
	ws      *websocket.Conn
	mu      sync.Mutex // for writing
	session *session   // guarded by the fake's lock
}

func (c *conn) send(p payload) {
	c.mu.Lock()
	defer c.mu.Unlock()
	_ = c.ws.SetWriteDeadline(time.Now().Add(5 * time.Second))
	_ = c.ws.WriteJSON(p) // a lost connection shows on reading
}

func (c *conn) close(code int, reason string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	_ = c.ws.WriteControl(websocket.CloseMessage, websocket.FormatCloseMessage(code, reason), time.Now().Add(time.Second))
	_ = c.ws.Close()
}

func (f *Fake) gatewayURL() string { return "ws://" + f.listener.Addr().String() + gatewayPath }

// Stats are the counts so far.
func (f *Fake) Stats() Stats {
	f.mu.Lock()
	defer f.mu.Unlock()
	s := f.gateway.stats
	s.Live = 0
	for _, x := range f.gateway.sessions {
		if x.conn != nil {
			s.Live++
		}
	}
	return s
}

// WaitConnected waits for a bot at the gateway.
func (f *Fake) WaitConnected(ctx context.Context) error {
	return f.Wait(ctx, func() bool { return f.Stats().Live > 0 })
}

// DropConnections cuts all gateway connections without a word. Their sessions
// can be resumed.
func (f *Fake) DropConnections() {
	for _, c := range f.detach() {
		_ = c.ws.Close()
	}
}

// CloseConnections closes all gateway connections with a code. Their sessions
// can be resumed unless the code says otherwise.
func (f *Fake) CloseConnections(code int, reason string) {
	for _, c := range f.detach() {
		c.close(code, reason)
	}
	if slices.Contains([]int{1000, 1001, 4004, 4007, 4009}, code) {
		f.ForgetSessions()
	}
}

// detach takes the connections from their sessions at once, so that nobody
// mistakes a connection that is being closed for a live one.
func (f *Fake) detach() []*conn {
	f.mu.Lock()
	defer f.mu.Unlock()
	defer f.wake()
	var out []*conn
	for c := range f.gateway.conns {
		if c.session != nil && c.session.conn == c {
			c.session.conn = nil
		}
		out = append(out, c)
	}
	return out
}

// AskReconnect tells all connections to come back, as Discord does before it
// takes a server down.
func (f *Fake) AskReconnect() { f.tellAll(payload{Op: opReconnect}) }

// InvalidateSessions tells all connections that their sessions are over.
func (f *Fake) InvalidateSessions() {
	f.ForgetSessions()
	f.tellAll(payload{Op: opInvalidSession, Data: json.RawMessage("false")})
}

// ForgetSessions makes the sessions impossible to resume.
func (f *Fake) ForgetSessions() {
	f.change(func() { f.gateway.sessions = map[string]*session{} })
}

// RefuseSessions answers IDENTIFY and RESUME with a close code from now on; 0
// accepts them again.
func (f *Fake) RefuseSessions(code int) { f.change(func() { f.gateway.refuse = code }) }

// SetSilent makes new gateway connections wait for ever.
func (f *Fake) SetSilent(silent bool) { f.change(func() { f.gateway.silent = silent }) }

// SetDraining makes new gateway connections hear at once that they are to go
// elsewhere.
func (f *Fake) SetDraining(draining bool) { f.change(func() { f.gateway.draining = draining }) }

// SetHeartbeat is the interval that new connections are told.
func (f *Fake) SetHeartbeat(d time.Duration) { f.change(func() { f.gateway.heartbeat = d }) }

// Dispatch sends any event to every session, well-formed or not.
func (f *Fake) Dispatch(event string, data any) {
	f.change(func() { f.dispatch(event, data) })
}

func (f *Fake) tellAll(p payload) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for c := range f.gateway.conns {
		c.send(p)
	}
}

// dispatch needs the lock, which keeps events in order. Sessions without a
// connection get theirs when they resume.
func (f *Fake) dispatch(event string, data any) {
	raw, err := json.Marshal(data)
	if err != nil {
		f.violate("event %s cannot be sent: %v", event, err)
		return
	}
	for _, s := range f.gateway.sessions {
		s.add(event, raw)
	}
}

func (s *session) add(event string, raw json.RawMessage) {
	p := payload{Op: opDispatch, Type: event, Seq: len(s.events) + 1, Data: raw}
	s.events = append(s.events, p)
	if s.conn != nil {
		s.conn.send(p)
	}
}

func (f *Fake) serveGateway(w http.ResponseWriter, r *http.Request) {
	ws, err := f.gateway.upgrader.Upgrade(w, r, nil)
	if err != nil {
		return // the upgrader has answered
	}
	c := &conn{ws: ws}
	var silent, draining bool
	var heartbeat time.Duration
	f.change(func() {
		f.gateway.conns[c] = true
		f.gateway.stats.Connections++
		silent, draining, heartbeat = f.gateway.silent, f.gateway.draining, f.gateway.heartbeat
		if v := r.URL.Query().Get("v"); v != "9" && v != "10" {
			f.violate("gateway: version %q", v)
		}
	})
	defer f.hangUp(c)
	if !silent {
		c.send(payload{Op: opHello, Data: json.RawMessage(fmt.Sprintf(`{"heartbeat_interval":%d}`, heartbeat.Milliseconds()))})
	}
	if draining {
		c.send(payload{Op: opReconnect})
	}
	for {
		var p payload
		if err := ws.ReadJSON(&p); err != nil {
			f.ended(c, err)
			return
		}
		f.receive(c, p)
	}
}

func (f *Fake) hangUp(c *conn) {
	_ = c.ws.Close()
	f.change(func() {
		delete(f.gateway.conns, c)
		if c.session != nil && c.session.conn == c {
			c.session.conn = nil
		}
	})
}

// ended forgets a session that the bot closed in the way that ends it.
func (f *Fake) ended(c *conn, err error) {
	var closed *websocket.CloseError
	if !errors.As(err, &closed) || closed.Code != 1000 && closed.Code != 1001 {
		return
	}
	f.change(func() {
		if c.session != nil && c.session.conn == c {
			delete(f.gateway.sessions, c.session.id)
			f.gateway.stats.Ended++
		}
	})
}

func (f *Fake) receive(c *conn, p payload) {
	f.mu.Lock()
	defer f.mu.Unlock()
	defer f.wake()
	switch p.Op {
	case opHeartbeat:
		f.gateway.stats.Heartbeats++
		c.send(payload{Op: opHeartbeatAck})
	case opIdentify:
		if !f.gateway.draining {
			f.identify(c, p.Data)
		}
	case opResume:
		f.resume(c, p.Data)
	default:
		f.violate("gateway: op %d is not expected", p.Op)
	}
}

func (f *Fake) identify(c *conn, data []byte) {
	var d struct {
		Token   string `json:"token"`
		Intents *int   `json:"intents"`
	}
	if json.Unmarshal(data, &d) != nil || d.Intents == nil {
		c.close(4002, "Error while decoding payload.")
		return
	}
	switch {
	case f.refusal(c, d.Token):
		return
	case c.session != nil && c.session.conn == c && f.gateway.sessions[c.session.id] == c.session:
		c.close(4005, "Already authenticated.")
		return
	case *d.Intents&privileged != 0:
		f.violate("gateway: privileged intents %b", *d.Intents)
		c.close(4014, "Disallowed intent(s).")
		return
	}
	s := &session{id: "session-" + f.newID(), conn: c}
	c.session = s
	f.gateway.sessions[s.id] = s
	f.gateway.stats.Identifies++
	ready, _ := json.Marshal(map[string]any{ // strings and numbers only
		"v": 9, "user": botUser(), "session_id": s.id, "resume_gateway_url": f.gatewayURL(),
		"guilds":      []any{map[string]any{"id": Guild, "unavailable": true}},
		"application": map[string]any{"id": Application, "flags": 0},
	})
	s.add("READY", ready)
}

func (f *Fake) resume(c *conn, data []byte) {
	var d struct {
		Token   string `json:"token"`
		Session string `json:"session_id"`
		Seq     int    `json:"seq"`
	}
	if json.Unmarshal(data, &d) != nil {
		c.close(4002, "Error while decoding payload.")
		return
	}
	if f.refusal(c, d.Token) {
		return
	}
	s := f.gateway.sessions[d.Session]
	if s == nil {
		c.send(payload{Op: opInvalidSession, Data: json.RawMessage("false")})
		return
	}
	if d.Seq < 0 || d.Seq > len(s.events) {
		delete(f.gateway.sessions, s.id)
		c.close(4007, "Invalid `seq` used.")
		return
	}
	s.conn, c.session = c, s
	f.gateway.stats.Resumes++
	for _, p := range s.events[d.Seq:] {
		c.send(p)
	}
	s.add("RESUMED", json.RawMessage(`{}`))
}

// refusal closes the connection when the session is not to begin.
func (f *Fake) refusal(c *conn, token string) bool {
	code, reason := f.gateway.refuse, "Refused."
	if code == 0 && token != f.token && token != "Bot "+f.token {
		code, reason = 4004, "Authentication failed."
	}
	if code == 0 {
		return false
	}
	c.close(code, reason)
	return true
}
