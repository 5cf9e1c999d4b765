// Package storetest holds the tests that every store passes, so that the
// databases cannot drift apart.
package storetest

import (
	"context"
	"iter"
	"testing"
	"time"

	"tipoff/bot/alert"
	"tipoff/bot/deliver"
	"tipoff/bot/pipeline"
	"tipoff/bot/store"
	"tipoff/filters"
	"tipoff/filters/entity/cve"
	"tipoff/sources"
	"tipoff/sources/story"
)

// Store is all that the program asks of a store.
type Store interface {
	Update(ctx context.Context, f func(ctx context.Context, tx pipeline.Tx) error) error
	Make(s *story.Story, d *filters.Doc) any

	SyncSources(ctx context.Context, srcs []sources.Source) error
	Source(ctx context.Context, name string) (int64, store.SourceStatus, error)
	Sources(ctx context.Context) ([]store.SourceStatus, error)
	SourceEntries(ctx context.Context) ([]store.SourceEntry, error)
	SourceEntriesWith(ctx context.Context, file []sources.Source) ([]store.SourceEntry, error)
	PutSources(ctx context.Context, srcs []sources.Source, by string) error
	RemoveSource(ctx context.Context, name, by string) error
	Changes(ctx context.Context) (int64, error)

	Facts(ctx context.Context) iter.Seq2[cve.Fact, error]
	PutFacts(ctx context.Context, about sources.FactKind, facts []cve.Fact) error

	Search(ctx context.Context, q store.Search) ([]store.Hit, error)
	All(ctx context.Context, q store.Search) iter.Seq2[store.Hit, error]
	Tally(ctx context.Context, q store.Search) (store.Tally, error)
	Count(ctx context.Context) (int, error)
	Revisions(ctx context.Context, id string) ([]store.Revision, error)
	Retain(ctx context.Context, r store.Retention) (store.Retained, error)
	Bytes(ctx context.Context) (int64, error)
	Oldest(ctx context.Context) (time.Time, error)

	Watches(ctx context.Context) ([]alert.Watch, error)
	WatchesWith(ctx context.Context, file []alert.Watch) ([]alert.Watch, error)
	SyncWatches(ctx context.Context, ws []alert.Watch) error
	AddWatch(ctx context.Context, w alert.Watch, by string) error
	RemoveWatch(ctx context.Context, name, by string) error

	deliver.Outbox
	RetryDeliveries(ctx context.Context, ids []string, channel, by string) (store.Retried, error)
	TryTroubles(ctx context.Context) error
	Troubles(ctx context.Context) ([]deliver.Trouble, error)
	SyncTargets(ctx context.Context, channels []alert.Channel) error
	DeliveryCounts(ctx context.Context) (map[string]int, error)
	Deliveries(ctx context.Context, state string, n int) ([]store.DeliveryStatus, error)

	Ahead(ctx context.Context) (time.Duration, error)
	SetBack(ctx context.Context, by time.Duration) error

	SaveSession(ctx context.Context, token string, data []byte, expires time.Time) error
	LoadSession(ctx context.Context, token string) ([]byte, error)
}

// Clock is a clock that a test sets.
type Clock struct{ T time.Time }

// Now is the time that was set.
func (c *Clock) Now() time.Time { return c.T }

// Run runs the suite. open returns an empty store that uses the clock; it is
// closed by the test's own clean-up.
func Run(t *testing.T, open func(t *testing.T, now func() time.Time) Store) {
	for _, test := range []struct {
		name string
		run  func(t *testing.T, s *suite)
	}{
		{"sources are those of the config", testSyncSources},
		{"sources of the file and of people", testSourceEntries},
		{"a source whose address changed starts over", testSourceMoved},
		{"a visit's health is kept", testSaveVisit},
		{"facts of vulnerabilities", testFacts},
		{"stories come back whole", testStoryWhole},
		{"newest first, by pages", testNewestFirst},
		{"many stories in one second", testSameSecond},
		{"stories are imported once, and nobody polls their sources", testImport},
		{"stories that are expected are looked up together", testExpected},
		{"search by the watch language", testSearch},
		{"a search finds exactly what a watch matches", testSearchIsMatch},
		{"beginnings of frequent and of rare words", testPrefix},
		{"a tally counts what a search finds", testTally},
		{"the best first, by pages", testRelevance},
		{"a search is stopped when its time is up", testLimit},
		{"an edit replaces the text in the index", testEdit},
		{"old stories go, and what is open stays", testRetainAge},
		{"the oldest stories go until the archive has its size", testRetainSize},
		{"what was told in stories that went is known", testForgotten},
		{"a failed transaction writes nothing", testRollback},
		{"a story is alerted once a channel", testAlertOnce},
		{"deliveries keep their order", testDeliveryOrder},
		{"a delivery cut off by a crash comes again", testDeliveryAgain},
		{"dead deliveries are passed over and listed", testDeliveryDead},
		{"what was given up is sent again", testRetryDeliveries},
		{"a platform is left alone as long as it asked", testDeliveryWaits},
		{"a platform's wish and pace hold for all its targets", testPlatformPace},
		{"what may have been sent is known", testTried},
		{"a parked target waits for a person", testParked},
		{"a platform that does not work waits as a whole", testDown},
		{"what waited too long is given up", testKeep},
		{"deliveries follow the config's channels", testSyncTargets},
		{"watches of the file and of the chat", testWatches},
		{"the clock is set back", testClockSetBack},
		{"sessions expire", testSessions},
	} {
		t.Run(test.name, func(t *testing.T) {
			clock := &Clock{T: time.Date(2024, 2, 19, 12, 0, 0, 0, time.UTC)}
			s := &suite{Store: open(t, clock.Now), clock: clock, ctx: t.Context()}
			test.run(t, s)
		})
	}
}

type suite struct {
	Store
	clock *Clock
	ctx   context.Context //nolint:containedctx // one test's
}

// source makes a source and returns its number.
func (s *suite) source(t *testing.T, names ...string) int64 {
	t.Helper()
	var all []sources.Source
	for _, n := range names {
		all = append(all, sources.Source{Name: n, URL: "https://" + n + ".example/feed"})
	}
	if err := s.SyncSources(s.ctx, all); err != nil {
		t.Fatal(err)
	}
	id, _, err := s.Source(s.ctx, names[0])
	if err != nil {
		t.Fatal(err)
	}
	return id
}

// add stores a story as told by a source.
func (s *suite) add(t *testing.T, source int64, st story.Story) store.Key {
	t.Helper()
	if st.Seen.IsZero() {
		st.Seen = s.clock.T
	}
	if st.ID == "" {
		st.ID = story.NewID("", st.Title, st.URL)
	}
	var key store.Key
	err := s.Update(s.ctx, func(ctx context.Context, tx pipeline.Tx) error {
		var err error
		if key, _, err = tx.AddStory(ctx, source, &st); err != nil {
			return err
		}
		return tx.AddSighting(ctx, source, store.NewIdentity("", st.URL, st.Title), key, st.URL, &st)
	})
	if err != nil {
		t.Fatal(err)
	}
	return key
}

// addAll stores stories in one transaction.
func (s *suite) addAll(t *testing.T, source int64, all []story.Story) {
	t.Helper()
	err := s.Update(s.ctx, func(ctx context.Context, tx pipeline.Tx) error {
		for i := range all {
			st := &all[i]
			key, _, err := tx.AddStory(ctx, source, st)
			if err != nil {
				return err
			}
			if err := tx.AddSighting(ctx, source, store.NewIdentity("", st.URL, st.Title), key, st.URL, st); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}
