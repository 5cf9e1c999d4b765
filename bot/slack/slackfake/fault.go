package slackfake

import (
	"net"
	"net/http"
	"strconv"
	"time"
)

// FaultKind is a way for a call to go wrong.
type FaultKind int

// The ways for a call to go wrong.
const (
	// RateLimited answers 429 with RetryAfter.
	RateLimited FaultKind = iota
	// ServerError answers 500 with a page of HTML, as Slack's front does.
	ServerError
	// Reset cuts the connection before anything is done.
	Reset
	// LoseAnswer does the work and cuts the connection instead of answering.
	LoseAnswer
	// Refuse answers with the error Code.
	Refuse
	// Garbage answers 200 with something that is not Slack's.
	Garbage
	// Hang does nothing and does not answer until the caller has gone.
	Hang
	// LateAnswer does the work and does not answer until the caller has gone.
	LateAnswer
	// Late does not answer until the caller has gone, and does the work when
	// [Fake.Land] is called.
	Late
)

// Fault makes the next calls go wrong.
type Fault struct {
	Kind FaultKind
	// Method is the one it befalls ("chat.postMessage"), or "" for any.
	// "response_url" stands for posts to a response URL.
	Method string
	// Times is how many calls it befalls; 1 if zero.
	Times int
	// RetryAfter in seconds, for RateLimited; negative sends no header.
	RetryAfter int
	// Code is the error for Refuse.
	Code string
	// Held is told of a call that is kept waiting, by Hang before the work and
	// by LateAnswer after it; may be nil.
	Held func(*http.Request)
	// Known, for RateLimited, is closed when all who send know of the pause. From
	// then on each channel may get the one message that was on its way. Where it
	// is nil they have a moment to learn of it.
	Known <-chan struct{}
}

// Fail makes the next calls go wrong. Faults wait in line: one that is due
// for a method hides those after it until it is used up.
func (f *Fake) Fail(fault Fault) {
	if fault.Times == 0 {
		fault.Times = 1
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.faults = append(f.faults, &fault)
}

// Heal ends all faults.
func (f *Fake) Heal() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.faults = nil
}

// takeFault counts a call and returns the fault that befalls it, or nil.
func (f *Fake) takeFault(method string) *Fault {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.calls[method]++
	f.touch()
	for i, fault := range f.faults {
		if fault.Method != "" && fault.Method != method {
			continue
		}
		if fault.Times--; fault.Times == 0 {
			f.faults = append(f.faults[:i:i], f.faults[i+1:]...)
		}
		return fault
	}
	return nil
}

// befall answers a call as the fault says, and reports whether it did; where
// the work comes first, it is for withhold.
func (fault *Fault) befall(w http.ResponseWriter, r *http.Request, done <-chan struct{}) bool {
	if fault == nil {
		return false
	}
	switch fault.Kind {
	case RateLimited:
		if fault.RetryAfter >= 0 {
			w.Header().Set("Retry-After", strconv.Itoa(fault.RetryAfter))
		}
		w.WriteHeader(http.StatusTooManyRequests)
	case ServerError:
		w.Header().Set("Content-Type", "text/html")
		w.WriteHeader(http.StatusInternalServerError)
		_, _ = w.Write([]byte("<!doctype html><title>Server Error</title>"))
	case Reset:
		cut(w)
	case Refuse:
		writeJSON(w, fail(fault.Code))
	case Garbage:
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write([]byte("{}"))
	case Hang:
		fault.hold(r, done)
	case LoseAnswer, LateAnswer, Late:
		return false
	}
	return true
}

// withhold keeps the answer from the caller, if the fault says so, and reports
// whether it did.
func (fault *Fault) withhold(w http.ResponseWriter, r *http.Request, done <-chan struct{}) bool {
	switch {
	case fault == nil:
		return false
	case fault.Kind == LoseAnswer:
		cut(w)
	case fault.Kind == LateAnswer:
		fault.hold(r, done)
	default:
		return false
	}
	return true
}

// hold waits until the caller has gone, or done is closed.
func (fault *Fault) hold(r *http.Request, done <-chan struct{}) {
	if fault.Held != nil {
		fault.Held(r)
	}
	select {
	case <-r.Context().Done():
	case <-done:
	}
}

// onTheWay is how long after the wish for a pause a call may come that was on its
// way before, where nobody says when the wish is known.
const onTheWay = 300 * time.Millisecond

// minding notes a call of a method for which there is to be a pause.
func (f *Fake) minding(method, channel string, fault *Fault) {
	f.mu.Lock()
	defer f.mu.Unlock()
	now := f.opt.Now()
	if p, ok := f.pauses[method]; ok && now.Before(p.until) && p.broken(now, channel) {
		f.violations = append(f.violations, method+": called in the pause that was asked for")
	}
	if fault != nil && fault.Kind == RateLimited {
		f.pauses[method] = pause{
			from: now.Add(onTheWay), until: now.Add(time.Duration(fault.RetryAfter) * time.Second),
			known: fault.Known, came: make(map[string]bool),
		}
	}
}

// pause is what a client was asked for.
type pause struct {
	from, until time.Time
	// known is as in [Fault]; came are the channels that had their message since.
	known <-chan struct{}
	came  map[string]bool
}

// broken reports whether a call before the end of the pause is against it.
func (p pause) broken(now time.Time, channel string) bool {
	if p.known == nil {
		return now.After(p.from)
	}
	select {
	case <-p.known:
	default:
		return false
	}
	before := p.came[channel]
	p.came[channel] = true
	return before
}

// late reports whether the work is done when nobody waits for it any more.
func (fault *Fault) late() bool { return fault != nil && fault.Kind == Late }

// Land does the work of the calls that [Late] has befallen.
func (f *Fake) Land() {
	f.mu.Lock()
	works := f.works
	f.works = nil
	f.mu.Unlock()
	for _, work := range works {
		work()
	}
}

// cut ends the connection without an answer; a TCP peer sees a reset.
func cut(w http.ResponseWriter) {
	h, ok := w.(http.Hijacker)
	if !ok {
		return
	}
	conn, _, err := h.Hijack()
	if err != nil {
		return
	}
	if tcp, ok := conn.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0)
	}
	_ = conn.Close()
}
