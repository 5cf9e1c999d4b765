package pipeline_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"tipoff/bot/alert"
	"tipoff/sources"
)

// notices are the titles that operations got since the last call.
func (d *desk) notices() []string {
	d.t.Helper()
	var all []string
	for _, a := range d.sent(operations) {
		if a.Kind != alert.KindNotice || a.Story.Summary == "" || a.Story.Source != "Tipoff" {
			d.t.Errorf("got %+v", a)
		}
		all = append(all, a.Story.Title)
	}
	return all
}

func (d *desk) wantNotices(what string, titles ...string) {
	d.t.Helper()
	if diff := cmp.Diff(titles, d.notices()); diff != "" {
		d.t.Errorf("%s: notices (-want +got):\n%s", what, diff)
	}
}

func failed(state sources.State, status int) sources.Visit {
	return sources.Visit{Status: status, Err: &sources.Error{State: state, Status: status, Text: "why it failed"}}
}

func TestTroubleIsToldOnceAndItsEndOnce(t *testing.T) {
	ok := sources.Visit{Status: 200, Unchanged: true}
	for _, test := range []struct {
		name   string
		visits []sources.Visit
		want   []string
	}{
		{"a hiccup", []sources.Visit{ok, failed(sources.Failing, 500), failed(sources.Failing, 502), ok}, nil},
		{
			"days of failures",
			[]sources.Visit{
				ok, failed(sources.Failing, 500), failed(sources.Failing, 500), failed(sources.Failing, 500),
				failed(sources.Failing, 500), failed(sources.Failing, 404), failed(sources.Failing, 500), ok, ok,
			},
			[]string{"one cannot be read", "one is well again"},
		},
		{"a refusal", []sources.Visit{failed(sources.Blocked, 403), failed(sources.Blocked, 403), failed(sources.Blocked, 403)}, []string{"one refuses to be read"}},
		{"gone", []sources.Visit{ok, failed(sources.Gone, 410)}, []string{"one is gone for good"}},
		{
			"refused, then gone",
			[]sources.Visit{failed(sources.Blocked, 403), failed(sources.Blocked, 403), failed(sources.Gone, 410)},
			[]string{"one refuses to be read", "one is gone for good"},
		},
		{
			"well, and in trouble again",
			[]sources.Visit{failed(sources.Blocked, 403), failed(sources.Blocked, 403), ok, failed(sources.Blocked, 403), failed(sources.Blocked, 403)},
			[]string{"one refuses to be read", "one is well again", "one refuses to be read"},
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			d := newDesk(t, nil, source)
			for _, v := range test.visits {
				d.record("one", v)
			}
			d.wantNotices(test.name, test.want...)
		})
	}
}

func TestADeadNetworkIsToldOnceForAll(t *testing.T) {
	names := []string{"a", "b", "c", "d", "e"}
	var all []sources.Source
	for _, n := range names {
		all = append(all, sources.Source{Name: n})
	}
	d := newDesk(t, nil, all...)
	for range 6 {
		for _, n := range names {
			d.record(n, failed(sources.Failing, 0))
		}
	}
	told := d.sent(operations)
	if len(told) != 1 {
		t.Errorf("%d notices, want 1", len(told))
	}
	for _, n := range told {
		if n.Story.Title != "No source can be reached" || !strings.Contains(n.Story.Summary, "None of 3 sources has answered since 12:10 UTC") {
			t.Errorf("got %q: %s", n.Story.Title, n.Story.Summary)
		}
	}
	_, st, err := d.store.Source(t.Context(), "a")
	d.must(err)
	if wait := st.HoldUntil.Sub(d.now); wait > 10*time.Minute {
		t.Errorf("it is left alone for %s after the network is back", wait)
	}
	d.record("a", sources.Visit{Status: 200, Unchanged: true})
	d.wantNotices("the network is back", "Sources can be reached again")
	for range 4 {
		d.record("b", failed(sources.Failing, 0))
		d.record("a", sources.Visit{Status: 200, Unchanged: true})
	}
	d.wantNotices("and one source is not", "b cannot be read")
}

func TestNoOperationsChannelNoNotices(t *testing.T) {
	d := newDesk(t, nil, source)
	d.pipeline.Operations = ""
	d.record("one", failed(sources.Gone, 410))
	d.wantNotices("none")
}
