package command

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"tipoff/bot/card"
	"tipoff/bot/store"
)

// sessionAge is how long a page can be turned after it was last shown. Discord
// lets an answer be edited for 15 minutes, Slack for 30.
const sessionAge = 30 * time.Minute

// Sessions keeps what is needed to turn a page. SaveSession replaces what the
// token held before; LoadSession returns [store.ErrNotFound] for a token that
// is unknown or over.
type Sessions interface {
	SaveSession(ctx context.Context, token string, data []byte, expires time.Time) error
	LoadSession(ctx context.Context, token string) ([]byte, error)
}

// session is a request whose answer has several pages. Cursors[i] is where
// page i+1 starts; pages never seen have none.
type session struct {
	Path    string            `json:"path"`
	Args    map[string]string `json:"args"`
	User    string            `json:"user"`
	Cursors []string          `json:"cursors"`
}

// Turn answers a button that turns a page. Only who asked may turn it.
func (r *Router) Turn(ctx context.Context, token string, u User, channel string) card.Page {
	q := Request{User: u, Channel: channel, root: r.root}
	over := card.Page{
		Tone: card.Bad, Title: "This page is too old to turn",
		Hint: fmt.Sprintf("Pages can be turned for %d minutes. Ask again to go on.", int(sessionAge.Minutes())),
	}
	id, n, ok := parsePageToken(token)
	if !ok {
		return over
	}
	data, err := r.sessions.LoadSession(ctx, id)
	if errors.Is(err, store.ErrNotFound) {
		return over
	}
	if err != nil {
		return r.fail(&q, r.root, fmt.Errorf("load session: %w", err))
	}
	var s session
	if err := json.Unmarshal(data, &s); err != nil {
		return r.fail(&q, r.root, fmt.Errorf("read session: %w", err))
	}
	if s.User != u.ID {
		return card.Page{
			Tone: card.Bad, Title: "Only the person who asked can turn this page",
			Hint: "Ask yourself: " + q.call(s.Path),
		}
	}
	if n > len(s.Cursors) {
		return over
	}
	q.Path, q.Args, q.Page = s.Path, s.Args, n
	if n > 0 {
		q.Cursor = s.Cursors[n-1]
	}
	// The tree may have changed since the session was saved.
	cmd, rest := r.find(strings.Fields(s.Path))
	if len(rest) > 0 || cmd.Run == nil {
		return over
	}
	return r.answer(ctx, cmd, &q, id, s.Cursors)
}

// save keeps the session for its time, under a new token when there is none.
func (r *Router) save(ctx context.Context, token string, s session) (string, error) {
	if token == "" {
		token = rand.Text()
	}
	data, err := json.Marshal(s)
	if err != nil {
		return "", err
	}
	now := time.Now
	if r.Now != nil {
		now = r.Now
	}
	return token, r.sessions.SaveSession(ctx, token, data, now().Add(sessionAge))
}

// pageToken names a page of a session on a button.
func pageToken(id string, page int) string { return id + "." + strconv.Itoa(page) }

func parsePageToken(token string) (id string, page int, ok bool) {
	if len(token) > 60 {
		return "", 0, false
	}
	id, n, ok := strings.Cut(token, ".")
	if !ok || id == "" {
		return "", 0, false
	}
	page, err := strconv.Atoi(n)
	return id, page, err == nil && page >= 0
}
