package fetch

import (
	"context"
	"strings"
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// burst is how many requests to a host may begin without a pause. It lets a
// host with few sources have them all at once.
const burst = 10

// turns lets a fixed number of requests at a time to each host, and these not
// too close to one another.
type turns struct {
	perHost int
	pace    rate.Limit

	mu    sync.Mutex
	hosts map[string]*host // guarded by mu
}

// host is forgotten when nobody holds or waits for a turn there and it has
// rested, so that the map does not grow with all hosts ever asked.
type host struct {
	slots chan struct{}
	pace  *rate.Limiter
	users int // guarded by turns.mu
}

// manyHosts is how many hosts there are when those that rest are looked for.
const manyHosts = 1024

func newTurns(perHost int, pace time.Duration) *turns {
	t := &turns{perHost: perHost, pace: rate.Inf, hosts: map[string]*host{}}
	if pace > 0 {
		t.pace = rate.Every(pace)
	}
	return t
}

// take waits until it is the caller's turn at a host, or until ctx ends. The
// caller gives the turn back by calling done, once.
func (t *turns) take(ctx context.Context, name string) (done func(), err error) {
	name = strings.ToLower(name)
	t.mu.Lock()
	h := t.hosts[name]
	if h == nil {
		if len(t.hosts) >= manyHosts {
			t.sweep()
		}
		h = &host{slots: make(chan struct{}, t.perHost), pace: rate.NewLimiter(t.pace, burst)}
		t.hosts[name] = h
	}
	h.users++
	t.mu.Unlock()

	select {
	case h.slots <- struct{}{}:
		done = func() {
			<-h.slots
			t.leave(name, h)
		}
		if err := h.pace.Wait(ctx); err != nil {
			done()
			return nil, context.Cause(ctx)
		}
		return done, nil
	case <-ctx.Done():
		t.leave(name, h)
		return nil, context.Cause(ctx)
	}
}

func (t *turns) leave(name string, h *host) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if h.users--; h.rested() {
		delete(t.hosts, name)
	}
}

func (h *host) rested() bool {
	return h.users == 0 && (h.pace.Limit() == rate.Inf || h.pace.Tokens() >= burst)
}

// sweep forgets the hosts that rest.
func (t *turns) sweep() {
	for name, h := range t.hosts {
		if h.rested() {
			delete(t.hosts, name)
		}
	}
}
