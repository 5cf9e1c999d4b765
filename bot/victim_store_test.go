package bot_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"io"
	"net"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/jackc/pgx/v5/pgproto3"
	"modernc.org/sqlite"
)

// commit are the points around the commit of a transaction.
type commit struct{ before, after point }

var (
	ofAlert   = commit{beforeAlert, afterAlert}
	ofClaim   = commit{beforeClaim, afterClaim}
	ofReceipt = commit{beforeReceipt, afterReceipt}
)

// watchFile finds the points in what SQLite tells of each transaction. The one
// after a commit is where the next transaction begins to write: nothing has
// reached the file in between.
func watchFile() {
	sqlite.RegisterConnectionHook(func(conn sqlite.ExecQuerierContext, _ string) error {
		hooks, ok := conn.(sqlite.HookRegisterer)
		if !ok {
			return nil
		}
		var now, last commit
		hooks.RegisterPreUpdateHook(func(d sqlite.SQLitePreUpdateData) {
			at(last.after)
			last = commit{}
			switch d.TableName {
			case "alerts":
				now = ofAlert
			case "deliveries":
				row := make([]any, d.Count())
				if d.Op == 18 || d.New(row...) != nil { // inserted, which goes with the alert
					return
				}
				if slices.Contains(row, any("sending")) {
					now = ofClaim
				} else if slices.Contains(row, any("sent")) {
					now = ofReceipt
				}
			}
		})
		hooks.RegisterCommitHook(func() int32 {
			at(now.before)
			now, last = commit{}, now
			return 0
		})
		hooks.RegisterRollbackHook(func() { now = commit{} })
		return nil
	})
}

// watchServer finds the points in what goes to a PostgreSQL server and comes
// back. It returns the address to use instead.
func watchServer(ctx context.Context, address string) (string, error) {
	u, err := url.Parse(address)
	if err != nil {
		return "", err
	}
	server := u.Host
	if u.Port() == "" {
		server = net.JoinHostPort(u.Hostname(), "5432")
	}
	l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	go func() {
		for {
			client, err := l.Accept()
			if err != nil {
				return
			}
			conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", server)
			if err != nil {
				_ = client.Close()
				continue
			}
			w := &wire{statements: make(map[string]string)}
			var both sync.Once
			end := func() { both.Do(func() { _, _ = client.Close(), conn.Close() }) }
			go func() { defer end(); _ = w.up(conn, client) }()
			go func() { defer end(); _ = w.down(client, conn) }()
		}
	}()
	u.Host = l.Addr().String()
	q := u.Query()
	q.Set("sslmode", "disable") // what is encrypted cannot be read
	u.RawQuery = q.Encode()
	return u.String(), nil
}

// wire is one connection to a PostgreSQL server.
// https://www.postgresql.org/docs/current/protocol-message-formats.html
type wire struct {
	statements map[string]string // by name
	now        commit            // of the transaction under way
	committing atomic.Value      // the commit whose answer is waited for
}

var (
	addsAlert = regexp.MustCompile(`(?i)insert\s+into\s+alerts\b`)
	claims    = regexp.MustCompile(`(?i)update\s+deliveries\s+set\s+state\s*=\s*'sending'`)
	delivers  = regexp.MustCompile(`(?i)update\s+deliveries\s+set\s+state\b`)
)

// up passes on what the program sends.
func (w *wire) up(server io.Writer, client io.Reader) error {
	// The first message has no type.
	head := make([]byte, 4)
	if _, err := io.ReadFull(client, head); err != nil {
		return err
	}
	if err := pass(server, client, head); err != nil {
		return err
	}
	return frames(client, func(kind byte, body, whole []byte) error {
		switch kind {
		case 'P':
			var m pgproto3.Parse
			if err := m.Decode(body); err != nil {
				return err
			}
			w.statements[m.Name] = m.Query
		case 'B':
			var m pgproto3.Bind
			if err := m.Decode(body); err != nil {
				return err
			}
			switch query := w.statements[m.PreparedStatement]; {
			case addsAlert.MatchString(query):
				w.now = ofAlert
			case claims.MatchString(query):
				w.now = ofClaim
			case delivers.MatchString(query) && slices.ContainsFunc(m.Parameters, func(p []byte) bool { return string(p) == "sent" }):
				w.now = ofReceipt
			}
		case 'Q':
			var m pgproto3.Query
			if err := m.Decode(body); err != nil {
				return err
			}
			switch strings.ToLower(strings.TrimSpace(m.String)) {
			case "commit":
				at(w.now.before)
				w.committing.Store(w.now)
				w.now = commit{}
			case "rollback":
				w.now = commit{}
			}
		}
		_, err := server.Write(whole)
		return err
	})
}

// down passes on what the server answers.
func (w *wire) down(client io.Writer, server io.Reader) error {
	return frames(server, func(kind byte, body, whole []byte) error {
		if kind == 'C' && bytes.HasPrefix(body, []byte("COMMIT")) {
			if c, ok := w.committing.Load().(commit); ok {
				at(c.after)
			}
		}
		_, err := client.Write(whole)
		return err
	})
}

// frames reads messages until there are none, or f fails.
func frames(r io.Reader, f func(kind byte, body, whole []byte) error) error {
	head := make([]byte, 5)
	for {
		if _, err := io.ReadFull(r, head); err != nil {
			return err
		}
		var whole bytes.Buffer
		if err := pass(&whole, r, head); err != nil {
			return err
		}
		if err := f(head[0], whole.Bytes()[5:], whole.Bytes()); err != nil {
			return err
		}
	}
}

// pass copies a message whose head, which ends in its length, is read already.
func pass(w io.Writer, r io.Reader, head []byte) error {
	if _, err := w.Write(head); err != nil {
		return err
	}
	_, err := io.CopyN(w, r, int64(binary.BigEndian.Uint32(head[len(head)-4:]))-4)
	return err
}
