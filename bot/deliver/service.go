package deliver

import (
	"errors"
	"sync"
	"time"

	"github.com/sony/gobreaker/v2"

	"tipoff/bot/alert"
)

// outages is how many attempts in a row, to more than one target, have to find
// the platform out of work before it is left alone.
const outages = 5

// service is a platform with the circuit breaker before it. It is safe for use
// by many goroutines.
type service struct {
	Platform
	breaker *gobreaker.TwoStepCircuitBreaker[struct{}]

	mu sync.Mutex // guards all below
	// seen are all targets, and failing those that failed since the platform last
	// answered.
	seen, failing map[alert.Target]bool
	// until is when the circuit, once open, lets the next attempt through.
	until time.Time
}

func newService(p Platform) *service {
	s := &service{Platform: p, seen: make(map[alert.Target]bool), failing: make(map[alert.Target]bool)}
	s.breaker = gobreaker.NewTwoStepCircuitBreaker[struct{}](gobreaker.Settings{
		Timeout: Down.Retry(),
		ReadyToTrip: func(c gobreaker.Counts) bool {
			s.mu.Lock()
			defer s.mu.Unlock()
			// One message that a platform chokes on is no outage, unless there is
			// nothing else to tell by.
			return c.ConsecutiveFailures >= outages && (len(s.failing) > 1 || len(s.seen) == 1)
		},
		IsExcluded: func(err error) bool { return errors.Is(err, errNotTried) },
		OnStateChange: func(_ string, _, to gobreaker.State) {
			if to == gobreaker.StateOpen {
				s.mu.Lock()
				defer s.mu.Unlock()
				s.until = time.Now().Add(Down.Retry())
			}
		},
	})
	return s
}

// errNotTried says that nothing was asked of the platform.
var errNotTried = errors.New("nothing to send")

// try begins an attempt, or says for how long none may begin. done is told the
// outage that came of it, nil where the platform answered, or errNotTried.
func (s *service) try(to alert.Target) (done func(error), wait time.Duration) {
	if s == nil {
		return func(error) {}, 0
	}
	report, err := s.breaker.Allow()
	s.mu.Lock()
	defer s.mu.Unlock()
	if err != nil {
		// Open, or another target is seeing whether it still has to be.
		return nil, max(time.Until(s.until), 2*time.Second)
	}
	s.seen[to] = true
	return func(err error) {
		s.mu.Lock()
		switch {
		case err == nil:
			clear(s.failing)
		case !errors.Is(err, errNotTried):
			s.failing[to] = true
		}
		s.mu.Unlock()
		report(err)
	}, 0
}

// open reports whether the platform is left alone.
func (s *service) open() bool { return s != nil && s.breaker.State() == gobreaker.StateOpen }

func (s *service) gap() time.Duration {
	if s == nil {
		return 0
	}
	return s.Gap()
}

func (s *service) rest(to alert.Target) time.Duration {
	if s == nil {
		return 0
	}
	return max(s.Rest(to), 0)
}
