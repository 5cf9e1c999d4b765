package pipeline_test

import (
	"bytes"
	"context"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"tipoff/bot/alert"
	"tipoff/bot/pipeline"
	"tipoff/bot/store"
	"tipoff/sources"
)

// visitor answers for sources by name, and says who was visited.
type visitor struct {
	mu      sync.Mutex
	visited []string
	answers map[string]func(ctx context.Context) sources.Visit
}

func (v *visitor) Visit(ctx context.Context, src sources.Source, old sources.Validators) sources.Visit {
	v.mu.Lock()
	v.visited = append(v.visited, src.Name)
	answer := v.answers[src.Name]
	v.mu.Unlock()
	if answer != nil {
		return answer(ctx)
	}
	return sources.Visit{Status: 200, Validators: old}
}

// took lists who was visited since the last call.
func (v *visitor) took() string {
	v.mu.Lock()
	defer v.mu.Unlock()
	all := strings.Join(v.visited, " ")
	v.visited = nil
	return all
}

func (d *desk) poller(v *visitor, log *bytes.Buffer) *pipeline.Poller {
	return pipeline.NewPoller(v, d.pipeline, pipeline.PollerOptions{
		Source: func(name string) (sources.Source, bool) {
			src, ok := d.sources[name]
			return src, ok
		},
		Next: func(string) time.Time { return d.now.Add(time.Hour) }, Concurrency: 4, Now: d.Now,
		Log: slog.New(slog.NewTextHandler(log, nil)),
	})
}

func (d *desk) status(source string) store.SourceStatus {
	d.t.Helper()
	_, st, err := d.store.Source(d.t.Context(), source)
	d.must(err)
	return st
}

func fails(e sources.Error, until time.Time) func(context.Context) sources.Visit {
	return func(context.Context) sources.Visit {
		return sources.Visit{Status: e.Status, Err: &e, NotBefore: until}
	}
}

func TestPollHonoursWhatASourceSaid(t *testing.T) {
	d := newDesk(t, leaks, source, other)
	v := &visitor{answers: map[string]func(context.Context) sources.Visit{
		"one": fails(sources.Error{State: sources.Gone, Status: 410, Text: "gone"}, time.Time{}),
		"two": fails(sources.Error{State: sources.Limited, Status: 429, Text: "wait"}, d.now.Add(time.Hour)),
	}}
	p := d.poller(v, new(bytes.Buffer))
	poll := func(want string) {
		t.Helper()
		for _, name := range []string{"one", "two", "unknown"} {
			d.must(p.Poll(t.Context(), []string{name}))
		}
		if got := v.took(); got != want {
			t.Errorf("visited %q, want %q", got, want)
		}
	}
	poll("one two")
	poll("")
	d.now = d.now.Add(59 * time.Minute)
	poll("")
	d.now = d.now.Add(time.Minute)
	poll("two")
	if st := d.status("one"); st.State != sources.Gone || !st.NextPoll.IsZero() {
		t.Errorf("a source that is gone: %+v", st)
	}
	// Taken out of the config while a job waited.
	d.must(d.store.SyncSources(t.Context(), nil))
	d.now = d.now.Add(2 * time.Hour)
	poll("")
}

func TestASourceThatMakesTheReaderPanic(t *testing.T) {
	d := newDesk(t, leaks, source, other)
	d.visit("two")
	v := &visitor{answers: map[string]func(context.Context) sources.Visit{
		"one": func(context.Context) sources.Visit { panic("index out of range") },
		"two": func(context.Context) sources.Visit {
			return sources.Visit{Status: 200, Items: []sources.Item{news(1)}}
		},
	}}
	d.must(d.poller(v, new(bytes.Buffer)).Poll(t.Context(), []string{"one", "two"}))
	d.want("the other source's story", "leak number 1")
	if st := d.status("one"); st.State != sources.Failing || st.Failures != 1 || st.Error == "" {
		t.Errorf("status %+v", st)
	}
}

func TestAVisitCutOffByTheEndIsNoFailure(t *testing.T) {
	d := newDesk(t, leaks, source)
	ctx, cancel := context.WithCancel(t.Context())
	v := &visitor{answers: map[string]func(context.Context) sources.Visit{
		"one": func(ctx context.Context) sources.Visit {
			cancel()
			return fails(sources.Error{State: sources.Failing, Text: ctx.Err().Error()}, time.Time{})(ctx)
		},
	}}
	if err := d.poller(v, new(bytes.Buffer)).Poll(ctx, []string{"one"}); err == nil {
		t.Error("the job takes the poll for done")
	}
	if st := d.status("one"); st.State != sources.New || st.Failures != 0 {
		t.Errorf("status %+v", st)
	}
}

func TestAFailingSourceIsToldOnceAndItsRecoveryOnce(t *testing.T) {
	d := newDesk(t, leaks, source)
	var log bytes.Buffer
	v := &visitor{answers: make(map[string]func(context.Context) sources.Visit)}
	p := d.poller(v, &log)
	bad := fails(sources.Error{State: sources.Failing, Status: 500, Text: "HTTP 500"}, time.Time{})
	for _, answer := range []func(context.Context) sources.Visit{nil, bad, bad, bad, nil, nil, bad} {
		v.answers["one"] = answer
		d.now = d.now.Add(time.Hour)
		d.must(p.Poll(t.Context(), []string{"one"}))
	}
	var got []string
	for line := range strings.Lines(log.String()) {
		for _, told := range []string{"cannot be read", "can be read again"} {
			if strings.Contains(line, told) {
				got = append(got, told)
			}
		}
	}
	if diff := cmp.Diff([]string{"cannot be read", "can be read again", "cannot be read"}, got); diff != "" {
		t.Errorf("%s\n%s", diff, log.String())
	}
}

// TestAChannelThatIsGone: a watch that was added in chat still names it.
func TestAChannelThatIsGone(t *testing.T) {
	d := newDesk(t, []alert.Watch{{Name: "leaks", Query: "leak", Channels: []string{"closed", "desk"}}, {Name: "old", Query: "leak", Channels: []string{"closed"}}}, source)
	d.visit("one")
	if out := d.visit("one", news(1)); out.Alerts != 1 {
		t.Errorf("%d alerts counted, want the one that somebody hears", out.Alerts)
	}
	d.want("the channel that is there", "leak number 1")
}
