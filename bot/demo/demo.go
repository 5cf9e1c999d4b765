// Package demo is a small world of news for whoever tries the program without
// a network: eight invented outlets with sixty stories, and three addresses
// where something is wrong, served on loopback. The outlets go through a
// script, a step at a time: new stories come, others are corrected, repeated,
// renumbered or made to do harm. [Demo.Expect] says which of all that is worth
// an alert, so that the program can be held against it.
//
// The outlets, their authors and domains are invented, and so are most of the
// stories; those of the i-SOON files, LockBit and a few others retell what was
// public in February 2024. They are in the folder data, a file an outlet.
package demo

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"sync"
	"time"

	"tipoff/bot/alert"
	"tipoff/sources"
)

// Options are what can be chosen; the zero value works.
type Options struct {
	// Now is the time that the stories' ages count back from; zero is the
	// present.
	Now time.Time
	// Schedule is that of all sources, "@every 1s" when empty.
	Schedule string
}

// Demo is the running world. It is safe for use by many goroutines.
type Demo struct {
	outlets  []*outlet
	now      time.Time
	schedule string
	base     string // the address of the server, no slash at the end
	server   *http.Server
	done     chan struct{} // closed by Close

	mu      sync.Mutex // guards what follows
	step    int
	served  map[string][]int // by outlet: answers given while at a step
	waiting []*waiter

	closing  sync.Once
	closeErr error
}

// waiter is closed when every healthy outlet has been served often enough.
type waiter struct {
	step, times int
	ready       chan struct{}
}

// Start serves the outlets at step 0 until ctx ends or Close is called.
func Start(ctx context.Context, o Options) (*Demo, error) {
	outlets, err := load()
	if err != nil {
		return nil, fmt.Errorf("demo: read the stories: %w", err)
	}
	var lc net.ListenConfig
	ln, err := lc.Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("demo: listen on loopback: %w", err)
	}
	d := &Demo{
		outlets: outlets, now: o.Now.UTC(), schedule: o.Schedule, base: "http://" + ln.Addr().String(),
		done: make(chan struct{}), served: map[string][]int{},
	}
	if o.Now.IsZero() {
		d.now = time.Now().UTC()
	}
	if d.schedule == "" {
		d.schedule = "@every 1s"
	}
	d.server = &http.Server{Handler: d.handler(), ReadHeaderTimeout: 10 * time.Second}
	// Serve returns when the listener is closed, which is what Close does.
	go func() { _ = d.server.Serve(ln) }()
	context.AfterFunc(ctx, func() { _ = d.Close() })
	return d, nil
}

// Close stops the server and lets go of answers that are held back. Closing
// again does nothing more.
func (d *Demo) Close() error {
	d.closing.Do(func() {
		close(d.done)
		if err := d.server.Close(); err != nil && !errors.Is(err, net.ErrClosed) {
			d.closeErr = fmt.Errorf("demo: stop: %w", err)
		}
	})
	return d.closeErr
}

// Steps is how many steps the script has, the baseline not counted.
func (d *Demo) Steps() int {
	last := 0
	for _, o := range d.outlets {
		last = max(last, o.last())
	}
	return last
}

// Step is the step that the world is at; 0 is the baseline.
func (d *Demo) Step() int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.step
}

// Advance moves the world to the next step, and reports false where there is
// none.
func (d *Demo) Advance() bool {
	last := d.Steps()
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.step >= last {
		return false
	}
	d.step++
	return true
}

// Served returns a channel that is closed once every healthy outlet has
// answered so many times at the step or a later one. As a source is polled
// again only after its last visit has been dealt with, two times mean that
// everything of the step has arrived.
func (d *Demo) Served(step, times int) <-chan struct{} {
	d.mu.Lock()
	defer d.mu.Unlock()
	w := &waiter{step: step, times: times, ready: make(chan struct{})}
	d.waiting = append(d.waiting, w)
	d.release()
	return w.ready
}

// count notes that an outlet has answered with the state of a step.
func (d *Demo) count(name string, step int) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for len(d.served[name]) <= step {
		d.served[name] = append(d.served[name], 0)
	}
	d.served[name][step]++
	d.release()
}

// release closes what need not be waited for any longer; mu is held.
func (d *Demo) release() {
	var still []*waiter
	for _, w := range d.waiting {
		if d.servedEnough(w) {
			close(w.ready)
		} else {
			still = append(still, w)
		}
	}
	d.waiting = still
}

func (d *Demo) servedEnough(w *waiter) bool {
	for _, o := range d.outlets {
		n := 0
		for step, times := range d.served[o.Name] {
			if step >= w.step {
				n += times
			}
		}
		if n < w.times {
			return false
		}
	}
	return true
}

// Sources are the outlets, and the three addresses where something is wrong.
func (d *Demo) Sources() []sources.Source {
	var list []sources.Source
	for _, o := range d.outlets {
		list = append(list, sources.Source{
			Name: o.Name, URL: d.base + "/" + o.Name + "/" + fileNames[o.Format], Schedule: d.schedule, Tags: o.Tags,
		})
	}
	for _, b := range broken {
		list = append(list, sources.Source{Name: b.name, URL: d.base + "/" + b.name + "/feed", Schedule: d.schedule, Tags: []string{"broken"}})
	}
	return list
}

// Channels is the one channel of the demo, which is the terminal.
func (d *Demo) Channels() []alert.Channel {
	return []alert.Channel{{Name: "desk", Terminal: true}}
}
