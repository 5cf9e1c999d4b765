package pipeline_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"tipoff/bot/alert"
	"tipoff/bot/deliver"
	"tipoff/bot/pipeline"
	"tipoff/bot/store"
	"tipoff/bot/store/database"
	"tipoff/bot/store/postgres"
	"tipoff/bot/store/sqlite"
	"tipoff/bot/store/storetest"
	"tipoff/bot/watch"
	"tipoff/filters"
	"tipoff/sources"
	"tipoff/sources/story"
)

type archive struct{ *database.Store }

func (a archive) Update(ctx context.Context, f func(context.Context, pipeline.Tx) error) error {
	return a.Store.Update(ctx, func(ctx context.Context, tx *database.Tx) error { return f(ctx, tx) })
}

// desk is a pipeline on a store of its own, with a clock that the test sets.
type desk struct {
	t        *testing.T
	now      time.Time
	store    *database.Store
	pipeline *pipeline.Pipeline
	book     *watch.Book
	sources  map[string]sources.Source
}

var (
	target     = alert.Target{Kind: alert.File, Address: "alerts.jsonl"}
	operations = alert.Target{Kind: alert.File, Address: "operations.jsonl"}
)

// stores are the stores of the desks, of the database that the run is for.
var stores = storetest.Template{Migrate: func(ctx context.Context, address string) error {
	_, migrate, end, err := open(ctx, address, nil)
	if err != nil {
		return err
	}
	return errors.Join(migrate(ctx), end())
}}

func open(ctx context.Context, address string, now func() time.Time) (s *database.Store, migrate func(context.Context) error, end func() error, err error) {
	if path, ok := strings.CutPrefix(address, "sqlite:"); ok {
		file, err := sqlite.Open(ctx, path, sqlite.Options{Now: now})
		if err != nil {
			return nil, nil, nil, err
		}
		return file.Store, func(ctx context.Context) error { _, err := file.Migrate(ctx); return err }, file.Close, nil
	}
	server, err := postgres.Open(ctx, address, postgres.Options{Now: now})
	if err != nil {
		return nil, nil, nil, err
	}
	return server.Store, func(ctx context.Context) error { _, err := server.Migrate(ctx); return err }, server.Close, nil
}

func newDesk(t *testing.T, watches []alert.Watch, srcs ...sources.Source) *desk {
	t.Helper()
	d := &desk{t: t, now: time.Date(2024, 2, 19, 12, 0, 0, 0, time.UTC), sources: make(map[string]sources.Source)}
	store, migrate, end, err := open(t.Context(), stores.Address(t), d.Now)
	d.must(err)
	d.store = store
	t.Cleanup(func() { _ = end() })
	d.must(migrate(t.Context()))
	d.must(d.store.SyncWatches(t.Context(), watches))
	for i, s := range srcs {
		srcs[i].URL = "https://" + s.Name + ".example/feed"
		d.sources[s.Name] = srcs[i]
	}
	d.must(d.store.SyncSources(t.Context(), srcs))
	d.book, err = watch.NewBook(t.Context(), d.store, nil, slog.New(slog.DiscardHandler))
	d.must(err)
	d.pipeline = pipeline.New(pipeline.Options{
		Store: archive{d.store}, Watches: d.book.Current, Now: d.Now, Log: slog.New(slog.DiscardHandler),
		Operations: "operations", Patience: time.Hour,
		Route: pipeline.NewRoutes([]alert.Channel{{Name: "desk", File: target.Address}, {Name: "second", File: "second.jsonl"}, {Name: "operations", File: operations.Address}},
			func(alert.Kind) bool { return true }),
	})
	return d
}

func (d *desk) Now() time.Time { return d.now }

func (d *desk) must(err error) {
	d.t.Helper()
	if err != nil {
		d.t.Fatal(err)
	}
}

// visit records a visit that brought these items, and moves the clock on.
func (d *desk) visit(source string, items ...sources.Item) pipeline.Outcome {
	d.t.Helper()
	return d.record(source, sources.Visit{Status: 200, Items: items})
}

func (d *desk) record(source string, v sources.Visit) pipeline.Outcome {
	d.t.Helper()
	id, st, err := d.store.Source(d.t.Context(), source)
	d.must(err)
	d.now = d.now.Add(10 * time.Minute)
	out, err := d.pipeline.Record(d.t.Context(), pipeline.Report{
		Source: d.sources[source], ID: id, Status: st, Visit: v, NextPoll: d.now.Add(10 * time.Minute),
	})
	d.must(err)
	return out
}

// alerts are the titles alerted since the last call, in their order.
func (d *desk) alerts() []string {
	d.t.Helper()
	var all []string
	for _, a := range d.sent(target) {
		all = append(all, a.Story.Title)
	}
	return all
}

// sent are the alerts for a target since the last call, in their order.
func (d *desk) sent(to alert.Target) (all []alert.Alert) {
	d.t.Helper()
	for {
		next, ok, err := d.store.NextDelivery(d.t.Context(), to, 0)
		d.must(err)
		if !ok {
			return all
		}
		all = append(all, next.Alert)
		_, err = d.store.Conclude(d.t.Context(), next, deliver.Outcome{Sent: true})
		d.must(err)
	}
}

func (d *desk) want(what string, titles ...string) {
	d.t.Helper()
	if diff := cmp.Diff(titles, d.alerts()); diff != "" {
		d.t.Errorf("%s: alerts (-want +got):\n%s", what, diff)
	}
}

func (d *desk) search(q string) []store.Hit {
	d.t.Helper()
	f, err := filters.Compile(q)
	d.must(err)
	hits, err := d.store.Search(d.t.Context(), store.Search{Filter: f})
	d.must(err)
	return hits
}

// item is an item with its guid, link and title; its summary is fixed.
func item(guid, url, title string) sources.Item {
	return sources.Item{GUID: guid, Story: story.Story{URL: url, Title: title, Summary: "Some text."}}
}

func news(n int) sources.Item {
	return item(fmt.Sprint("g", n), fmt.Sprint("https://one.example/", n), fmt.Sprintf("leak number %d", n))
}

var (
	leaks  = []alert.Watch{{Name: "leaks", Query: "leak", Channels: []string{"desk"}}}
	source = sources.Source{Name: "one"}
	other  = sources.Source{Name: "two"}
)

func TestBaselineThenNew(t *testing.T) {
	d := newDesk(t, leaks, source)
	out := d.visit("one", news(2), news(1))
	d.want("the baseline")
	if !out.Baseline || out.Baselined != 2 || out.New != 0 {
		t.Errorf("outcome %+v", out)
	}
	if got := len(d.search("leak")); got != 2 {
		t.Errorf("%d stories of the baseline are found, want 2", got)
	}
	d.visit("one", news(4), news(3), news(2), news(1))
	d.want("two new ones, the older one first", "leak number 3", "leak number 4")
	d.visit("one", news(1), news(2), news(3), news(4))
	d.want("the same ones in another order")
	d.visit("one")
	d.visit("one", news(4), news(3))
	d.want("gone and back again")
}

func TestEmptyAnswerIsTheBaseline(t *testing.T) {
	d := newDesk(t, leaks, source)
	d.record("one", sources.Visit{Status: 500, Err: &sources.Error{State: sources.Failing, Text: "HTTP 500"}})
	d.visit("one")
	d.visit("one", news(1))
	d.want("the first story after an empty baseline", "leak number 1")
}

func TestFailedPollIsNoBaseline(t *testing.T) {
	d := newDesk(t, leaks, source)
	out := d.record("one", sources.Visit{Status: 500, Err: &sources.Error{State: sources.Failing, Status: 500, Text: "HTTP 500"}})
	if st := out.Status; st.State != sources.Failing || st.Failures != 1 || st.Error != "HTTP 500" || !st.Baselined.IsZero() || st.LastStatus != 500 {
		t.Errorf("status %+v", st)
	}
	d.visit("one", news(1))
	d.want("the first readable answer is the baseline")
	_, st, err := d.store.Source(t.Context(), "one")
	d.must(err)
	if st.State != sources.OK || st.Failures != 0 || st.Error != "" || !st.LastOK.Equal(d.now) || st.Stories != 1 {
		t.Errorf("status after recovery %+v", st)
	}
}

func TestFailureKeepsValidators(t *testing.T) {
	d := newDesk(t, leaks, source)
	d.record("one", sources.Visit{Status: 200, Validators: sources.Validators{ETag: "v1"}})
	until := d.now.Add(time.Hour)
	out := d.record("one", sources.Visit{Status: 429, NotBefore: until, Err: &sources.Error{State: sources.Limited, Status: 429, Text: "wait"}})
	if st := out.Status; st.Validators.ETag != "v1" || !st.NextPoll.Equal(until) || !st.NotBefore.Equal(until) {
		t.Errorf("status %+v", st)
	}
}

func TestBackfill(t *testing.T) {
	src := source
	src.Backfill = 2
	d := newDesk(t, leaks, src)
	at := func(n int, age time.Duration) sources.Item {
		it := news(n)
		it.Story.Published = d.now.Add(-age)
		return it
	}
	d.visit("one", at(1, 3*time.Hour), at(2, time.Hour), at(3, 2*time.Hour), at(4, 4*time.Hour))
	d.want("the newest two by date", "leak number 3", "leak number 2")
}

func TestEdits(t *testing.T) {
	d := newDesk(t, leaks, source)
	d.visit("one")
	dated := news(1)
	d.visit("one", dated, item("quiet", "https://one.example/quiet", "Nothing to see"))
	d.want("new", "leak number 1")

	dated.Story.Published = d.now
	d.visit("one", dated)
	d.want("a date that was bumped")
	if hits := d.search("leak"); !hits[0].Story.Updated.IsZero() {
		t.Error("a bumped date counts as an edit")
	}

	edited := dated
	edited.Story.Title = "leak number one, corrected"
	if out := d.visit("one", edited); out.Edited != 1 || out.New != 0 {
		t.Errorf("outcome %+v", out)
	}
	d.want("a corrected headline")
	if hits := d.search("corrected"); len(hits) != 1 || !hits[0].Story.Updated.Equal(d.now) {
		t.Errorf("the edit is not found: %+v", hits)
	}

	d.visit("one", item("quiet", "https://one.example/quiet", "A leak after all"))
	d.want("an edit that matches now and did not before", "A leak after all")
	d.visit("one", item("quiet", "https://one.example/quiet", "A leak after all, they say"))
	d.want("edited again")
	d.visit("one", item("quiet", "https://one.example/moved", "A leak after all, they say"))
	d.want("another address under the same guid")
}

func TestEditOfTheBaseline(t *testing.T) {
	d := newDesk(t, leaks, source)
	d.visit("one", news(1), item("quiet", "https://one.example/quiet", "Nothing to see"))
	edited := news(1)
	edited.Story.Title = "leak number one, corrected"
	d.visit("one", edited, item("quiet", "https://one.example/quiet", "A leak after all"))
	d.want("only what matches now and did not before", "A leak after all")
}

func TestTwoSourcesOneStory(t *testing.T) {
	d := newDesk(t, append(leaks, alert.Watch{Name: "of-two", Query: "source:two", Channels: []string{"second"}}), source, other)
	d.visit("one")
	d.visit("two")
	d.visit("one", item("g1", "https://origin.example/leak?utm_source=one", "The leak"))
	d.visit("two", item("t1", "https://ORIGIN.example/leak#top", "Somebody's leak"))
	d.want("told by two, alerted once", "The leak")
	hits := d.search("leak")
	if len(hits) != 1 || len(hits[0].Story.Sources) != 2 || hits[0].Story.Source != "one" {
		t.Fatalf("stories %+v", hits)
	}
	next, _, err := d.store.NextDelivery(t.Context(), alert.Target{Kind: alert.File, Address: "second.jsonl"}, 0)
	if err != nil || next.Alert.Watches[0] != "of-two" {
		t.Errorf("a watch on the second source: %+v, %v", next.Alert.Watches, err)
	}
	d.visit("two", item("t1", "https://origin.example/leak", "Somebody's leak, reworded"))
	if hits := d.search("reworded"); len(hits) != 0 {
		t.Error("the second source's words became the story's")
	}
}

func TestNewIDsAreABaseline(t *testing.T) {
	for _, test := range []struct {
		name  string
		items []sources.Item
		want  []string
	}{
		{"new guids, same addresses", []sources.Item{
			item("x1", "https://one.example/1", "leak number 1"), item("x2", "https://one.example/2", "leak number 2"),
			item("x9", "https://one.example/9", "leak number 9"),
		}, nil}, // at the old end, so from the source's archive
		{"new guids, and one new story on top", []sources.Item{
			item("x9", "https://one.example/9", "leak number 9"),
			item("x1", "https://one.example/1", "leak number 1"), item("x2", "https://one.example/2", "leak number 2, renamed"),
		}, []string{"leak number 9"}},
		{"new guids and addresses", []sources.Item{
			item("x1", "https://new.example/1", "leak number 1"), item("x2", "https://new.example/2", "leak number 2"),
		}, nil},
		{"nothing but new stories", []sources.Item{news(7), news(8)}, []string{"leak number 8", "leak number 7"}},
		{"one old one among them", []sources.Item{news(2), item("x9", "https://one.example/9", "leak number 9")}, []string{"leak number 9"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			d := newDesk(t, leaks, source)
			d.visit("one", news(1), news(2), news(3))
			d.visit("one", test.items...)
			d.want("alerts", test.want...)
			for _, title := range []string{`"leak number 1"`, `"leak number 2"`} {
				if n := len(d.search(title)); n != 1 {
					t.Errorf("%s is in the archive %d times, want once", title, n)
				}
			}
		})
	}
}

func TestOneAddressForSeveralStories(t *testing.T) {
	d := newDesk(t, leaks, source)
	d.visit("one")
	d.visit("one", item("a", "https://one.example/recent", "leak of Monday"))
	d.visit("one", item("b", "https://one.example/recent", "leak of Tuesday"), item("a", "https://one.example/recent", "leak of Monday"))
	d.want("two stories at one address", "leak of Monday", "leak of Tuesday")
	d.visit("one", item("c", "https://one.example/recent", "leak of Tuesday"), item("d", "", "leak with no address"), item("", "", "leak with nothing"))
	d.visit("one", item("c", "https://one.example/recent", "leak of Tuesday"), item("d", "", "leak with no address"), item("", "", "leak with nothing"))
	d.want("no address, no guid", "leak with nothing", "leak with no address")
}

func TestOneAlertAChannel(t *testing.T) {
	d := newDesk(t, []alert.Watch{
		{Name: "a", Query: "leak", Channels: []string{"desk", "second"}, Severity: alert.Low},
		{Name: "b", Query: "number", Channels: []string{"desk"}, Severity: alert.Critical, Mention: "here"},
		{Name: "c", Query: "absent", Channels: []string{"desk"}},
		{Name: "nobody", Query: "leak"},
	}, source)
	d.visit("one")
	if out := d.visit("one", news(1)); out.Alerts != 2 {
		t.Errorf("%d alerts, want one for each of two channels", out.Alerts)
	}
	next, _, err := d.store.NextDelivery(t.Context(), target, 0)
	d.must(err)
	a := next.Alert
	if diff := cmp.Diff([]story.Match{{Watch: "a", Terms: []string{"leak"}}, {Watch: "b", Terms: []string{"number"}}}, a.Story.Matches); diff != "" {
		t.Error(diff)
	}
	if a.Severity != alert.Critical || !cmp.Equal(a.Mentions, []string{"here"}) || !cmp.Equal(a.Watches, []string{"a", "b"}) {
		t.Errorf("alert %+v", a)
	}
}

func TestRoutesFallBackToTheTerminal(t *testing.T) {
	r := pipeline.NewRoutes([]alert.Channel{{Name: "desk", Slack: "C1"}, {Name: "both", Slack: "C1", File: "f"}, {Name: "empty"}},
		func(k alert.Kind) bool { return k != alert.Slack })
	want := pipeline.Routes{
		"desk":  {{Kind: alert.Terminal, Address: "desk"}},
		"both":  {{Kind: alert.File, Address: "f"}},
		"empty": {{Kind: alert.Terminal, Address: "empty"}},
	}
	if diff := cmp.Diff(want, r); diff != "" {
		t.Error(diff)
	}
}

// TestManyAtOnce records from many goroutines; all of it arrives, once.
func TestManyAtOnce(t *testing.T) {
	var srcs []sources.Source
	for i := range 20 {
		srcs = append(srcs, sources.Source{Name: fmt.Sprint("s", i)})
	}
	d := newDesk(t, leaks, srcs...)
	var wg sync.WaitGroup
	for _, src := range srcs {
		id, st, err := d.store.Source(t.Context(), src.Name)
		d.must(err)
		st.Baselined = d.now
		wg.Go(func() {
			var items []sources.Item
			for i := range 10 {
				items = append(items, item(fmt.Sprint(src.Name, i), fmt.Sprintf("https://%s.example/%d", src.Name, i), "leak "+src.Name))
			}
			if _, err := d.pipeline.Record(t.Context(), pipeline.Report{Source: src, ID: id, Status: st, Visit: sources.Visit{Status: 200, Items: items}}); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if n, err := d.store.Count(t.Context()); n != 200 || err != nil {
		t.Errorf("%d stories, %v; want 200", n, err)
	}
	if n := len(d.alerts()); n != 200 {
		t.Errorf("%d alerts, want 200", n)
	}
}

// badStore fails every transaction in which a source with a bad number is
// saved.
type badStore struct{ archive }

type badTx struct{ pipeline.Tx }

func (b badTx) SaveVisit(ctx context.Context, source int64, st store.SourceStatus) error {
	if source < 0 {
		return errors.New("bad visit")
	}
	return b.Tx.SaveVisit(ctx, source, st)
}

func (b badStore) Update(ctx context.Context, f func(context.Context, pipeline.Tx) error) error {
	return b.archive.Update(ctx, func(ctx context.Context, tx pipeline.Tx) error { return f(ctx, badTx{tx}) })
}

func TestOneBadVisitLeavesTheOthersAlone(t *testing.T) {
	d := newDesk(t, leaks, source)
	d.pipeline.Store = badStore{archive{d.store}}
	id, st, err := d.store.Source(t.Context(), "one")
	d.must(err)
	st.Baselined = d.now
	var wg sync.WaitGroup
	for i := range 30 {
		r := pipeline.Report{Source: source, ID: id, Status: st, Visit: sources.Visit{Status: 200, Items: []sources.Item{news(i)}}}
		if i%3 == 0 {
			r.ID = -1
			r.Visit.Items = nil
		}
		wg.Go(func() {
			_, err := d.pipeline.Record(t.Context(), r)
			if (r.ID < 0) != (err != nil) {
				t.Errorf("visit %d: %v", i, err)
			}
		})
	}
	wg.Wait()
	if n, _ := d.store.Count(t.Context()); n != 20 {
		t.Errorf("%d stories, want the 20 of the good visits", n)
	}
}

// Stories are matched before their visit's turn to be written comes; a watch that
// is added meanwhile is asked all the same.
func TestAWatchThatComesWhileAVisitWaits(t *testing.T) {
	d := newDesk(t, nil, source)
	d.visit("one")
	before, after := d.book.Current(), newDesk(t, leaks, source).book.Current()
	asked := 0
	d.pipeline.Watches = func() *watch.Compiled {
		if asked++; asked == 1 {
			return before
		}
		return after
	}
	it := news(1)
	it.Story.Published = d.now
	d.visit("one", it)
	if asked < 2 {
		t.Fatal("the story was not matched before its turn")
	}
	d.want("after the watch came", it.Story.Title)
}
