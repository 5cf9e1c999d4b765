package slackfake

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"sync"
	"time"

	"github.com/gorilla/websocket"
)

// maxAck is the size from which Slack drops what a client sends over the
// socket without a word. It is not in Slack's documents; slack-go v0.35.0
// found it by trying (socketmode.maxResponseSize).
const maxAck = 20 * 1024

// pingEvery is well within the 30 s that slack-go waits for a ping.
const pingEvery = 10 * time.Second

// socket is one open Socket Mode connection.
type socket struct {
	conn *websocket.Conn
	// mu lets one goroutine write at a time.
	mu sync.Mutex
}

func (s *socket) send(v any) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	_ = s.conn.SetWriteDeadline(time.Now().Add(5 * time.Second))
	return s.conn.WriteJSON(v)
}

func (s *socket) close() { _ = s.conn.Close() }

func (f *Fake) serveSocket(w http.ResponseWriter, r *http.Request) {
	ticket := r.URL.Query().Get("ticket")
	f.mu.Lock()
	ok := f.tickets[ticket] && !f.closed
	delete(f.tickets, ticket)
	f.mu.Unlock()
	if !ok {
		// As on Slack, a ticket is good for one connection.
		http.Error(w, "no such ticket", http.StatusNotFound)
		return
	}
	up := websocket.Upgrader{CheckOrigin: func(*http.Request) bool { return true }}
	conn, err := up.Upgrade(w, r, nil)
	if err != nil {
		return
	}
	s := &socket{conn: conn}
	defer s.close()
	err = s.send(map[string]any{
		"type": "hello", "num_connections": 1,
		"connection_info": map[string]any{"app_id": "A0FAKE"},
		"debug_info":      map[string]any{"host": "fake", "approximate_connection_time": 18060},
	})
	if err != nil {
		return
	}
	f.mu.Lock()
	if f.closed {
		f.mu.Unlock()
		return
	}
	f.sockets[s] = struct{}{}
	f.dialled++
	f.touch()
	f.mu.Unlock()
	gone := make(chan struct{})
	go s.ping(gone)
	f.read(s)
	close(gone)
	f.mu.Lock()
	delete(f.sockets, s)
	f.touch()
	f.mu.Unlock()
}

func (s *socket) ping(gone <-chan struct{}) {
	t := time.NewTicker(pingEvery)
	defer t.Stop()
	for {
		// Slack greets with a ping; later ones show that the line is alive.
		_ = s.conn.WriteControl(websocket.PingMessage, []byte("fake"), time.Now().Add(time.Second))
		select {
		case <-t.C:
		case <-gone:
			return
		}
	}
}

// read takes acknowledgements until the connection ends.
func (f *Fake) read(s *socket) {
	for {
		_, raw, err := s.conn.ReadMessage()
		if err != nil {
			return
		}
		if len(raw) >= maxAck {
			f.violate("socket: a message of %d bytes was dropped, %d allowed", len(raw), maxAck-1)
			continue
		}
		var ack struct {
			EnvelopeID string          `json:"envelope_id"`
			Payload    json.RawMessage `json:"payload"`
		}
		if err := json.Unmarshal(raw, &ack); err != nil {
			f.violate("socket: not JSON: %v", err)
			continue
		}
		f.mu.Lock()
		x := f.pending[ack.EnvelopeID]
		delete(f.pending, ack.EnvelopeID)
		f.acks++
		f.touch()
		f.mu.Unlock()
		if x == nil {
			f.violate("socket: acknowledged envelope %q, which nobody waits for", ack.EnvelopeID)
			continue
		}
		x.acked(f, ack.Payload)
	}
}

// openSockets lists the open connections. mu must be held.
func (f *Fake) openSockets() []*socket {
	var all []*socket
	for s := range f.sockets {
		all = append(all, s)
	}
	return all
}

// Connections says how many Socket Mode connections are open.
func (f *Fake) Connections() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return len(f.sockets)
}

// WaitConnected waits until at least n connections have been made since the
// start, and one of them is open.
func (f *Fake) WaitConnected(ctx context.Context, n int) error {
	err := f.wait(ctx, func() bool { return f.dialled >= n && len(f.sockets) > 0 })
	if err != nil {
		return fmt.Errorf("waiting for connection %d: %w", n, err)
	}
	return nil
}

// WaitDisconnected waits until no connection is open.
func (f *Fake) WaitDisconnected(ctx context.Context) error { return f.WaitOpen(ctx, 0) }

// WaitOpen waits until so many connections are open. One that a client has closed
// is open until the fake has seen that.
func (f *Fake) WaitOpen(ctx context.Context, n int) error {
	err := f.wait(ctx, func() bool { return len(f.sockets) == n })
	if err != nil {
		return fmt.Errorf("waiting for %d open connections: %w", n, err)
	}
	return nil
}

// WaitAcks waits until clients have acknowledged n envelopes since the start.
func (f *Fake) WaitAcks(ctx context.Context, n int) error {
	return f.wait(ctx, func() bool { return f.acks >= n })
}

// Disconnect asks every client to come back on a new connection, as Slack
// does every few hours. Nothing more is sent on the old ones.
func (f *Fake) Disconnect() error {
	sockets := f.forget()
	if len(sockets) == 0 {
		return errNotConnected
	}
	for _, s := range sockets {
		err := s.send(map[string]any{
			"type": "disconnect", "reason": "refresh_requested",
			"debug_info": map[string]any{"host": "fake"},
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// Drop cuts every connection without a word.
func (f *Fake) Drop() {
	for _, s := range f.forget() {
		s.close()
	}
}

// forget takes all connections off the list, and returns them.
func (f *Fake) forget() []*socket {
	f.mu.Lock()
	defer f.mu.Unlock()
	sockets := f.openSockets()
	clear(f.sockets)
	f.touch()
	return sockets
}

// SendRaw sends a text as it is to every client; it may be anything.
func (f *Fake) SendRaw(text string) error {
	f.mu.Lock()
	sockets := f.openSockets()
	f.mu.Unlock()
	if len(sockets) == 0 {
		return errNotConnected
	}
	for _, s := range sockets {
		s.mu.Lock()
		err := s.conn.WriteMessage(websocket.TextMessage, []byte(text))
		s.mu.Unlock()
		if err != nil {
			return err
		}
	}
	return nil
}
