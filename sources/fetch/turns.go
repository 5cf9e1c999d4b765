package fetch

import (
	"context"
	"strings"
	"sync"
)

// turns lets a fixed number of requests at a time to each host.
type turns struct {
	perHost int

	mu    sync.Mutex
	hosts map[string]*host // guarded by mu
}

// host is forgotten when nobody holds or waits for a turn there, so that the
// map does not grow with all hosts ever asked.
type host struct {
	slots chan struct{}
	users int // guarded by turns.mu
}

func newTurns(perHost int) *turns {
	return &turns{perHost: perHost, hosts: map[string]*host{}}
}

// take waits until it is the caller's turn at a host, or until ctx ends. The
// caller gives the turn back by calling done, once.
func (t *turns) take(ctx context.Context, name string) (done func(), err error) {
	name = strings.ToLower(name)
	t.mu.Lock()
	h := t.hosts[name]
	if h == nil {
		h = &host{slots: make(chan struct{}, t.perHost)}
		t.hosts[name] = h
	}
	h.users++
	t.mu.Unlock()

	select {
	case h.slots <- struct{}{}:
		return func() {
			<-h.slots
			t.leave(name, h)
		}, nil
	case <-ctx.Done():
		t.leave(name, h)
		return nil, context.Cause(ctx)
	}
}

func (t *turns) leave(name string, h *host) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if h.users--; h.users == 0 {
		delete(t.hosts, name)
	}
}
