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

// service is a platform with the circuit breaker before it, which finds out that
// the platform does not work. When it is tried again is for the outbox to say:
// that knows what other replicas find, and what a person wants. It is safe for
// use by many goroutines.
type service struct {
	Platform

	mu      sync.Mutex // guards all below
	breaker *gobreaker.TwoStepCircuitBreaker[struct{}]
	// seen are all targets, and failing those that failed since the platform last
	// answered.
	seen, failing map[alert.Target]bool
}

func newService(p Platform) *service {
	s := &service{Platform: p, seen: make(map[alert.Target]bool), failing: make(map[alert.Target]bool)}
	s.breaker = s.newBreaker()
	return s
}

func (s *service) newBreaker() *gobreaker.TwoStepCircuitBreaker[struct{}] {
	return gobreaker.NewTwoStepCircuitBreaker[struct{}](gobreaker.Settings{
		Timeout: Down.Retry(),
		ReadyToTrip: func(c gobreaker.Counts) bool {
			s.mu.Lock()
			defer s.mu.Unlock()
			// One message that a platform chokes on is no outage, unless there is
			// nothing else to tell by.
			return c.ConsecutiveFailures >= outages && (len(s.failing) > 1 || len(s.seen) == 1)
		},
		IsExcluded: func(err error) bool { return errors.Is(err, errNotTried) },
	})
}

// errNotTried says that nothing was asked of the platform.
var errNotTried = errors.New("nothing to send")

// try begins an attempt, which is made if the outbox lets it. done is told the
// outage that came of it, nil where the platform answered, or errNotTried.
func (s *service) try(to alert.Target) (done func(error)) {
	if s == nil {
		return func(error) {}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.seen[to] = true
	breaker := s.breaker
	report, open := breaker.Allow()
	return func(err error) {
		s.mu.Lock()
		switch {
		case err == nil:
			clear(s.failing)
			if open != nil && s.breaker == breaker { // it works before its time
				s.breaker = s.newBreaker()
			}
		case !errors.Is(err, errNotTried):
			s.failing[to] = true
		}
		s.mu.Unlock()
		if open == nil {
			report(err)
		}
	}
}

// open reports whether the platform was found out of work.
func (s *service) open() bool {
	if s == nil {
		return false
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.breaker.State() == gobreaker.StateOpen
}

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
