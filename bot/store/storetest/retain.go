package storetest

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"tipoff/bot/alert"
	"tipoff/bot/deliver"
	"tipoff/bot/pipeline"
	"tipoff/bot/store"
	"tipoff/sources/story"
)

const day = 24 * time.Hour

func (s *suite) retain(t *testing.T, r store.Retention) store.Retained {
	t.Helper()
	done, err := s.Retain(s.ctx, r)
	if err != nil {
		t.Fatal(err)
	}
	return done
}

func (s *suite) found(t *testing.T, q string) []string {
	t.Helper()
	hits, err := s.Search(s.ctx, store.Search{Filter: compile(t, q), Limit: 10_000})
	if err != nil {
		t.Fatal(err)
	}
	got := titles(hits)
	slices.Sort(got)
	return got
}

func testRetainAge(t *testing.T, s *suite) {
	src := s.source(t, "alpha", "beta")
	end := s.clock.T
	at := func(age time.Duration, title string) store.Key {
		s.clock.T = end.Add(-age)
		return s.add(t, src, story.Story{Title: title, URL: "https://x.example/" + title, Content: "Common words."})
	}
	sent := func(k store.Key, to alert.Target, dead bool) {
		t.Helper()
		s.alert(t, k, alert.Alert{Channel: "desk"}, to)
		s.settle(t, s.take(t, to), deliver.Outcome{Sent: !dead, Dead: dead, Receipt: "1", Reason: "no"})
	}
	at(40*day, "silent")
	told := at(39*day, "told")
	sent(told, fileDesk, false)
	err := s.Update(s.ctx, func(ctx context.Context, tx pipeline.Tx) error {
		st, err := tx.Story(ctx, told)
		if err != nil {
			return err
		}
		st.Title, st.Updated = "told again", s.clock.T
		return tx.EditStory(ctx, told, &st)
	})
	if err != nil {
		t.Fatal(err)
	}
	sent(at(38*day, "given-up-long-ago"), fileDesk, true)
	waiting := at(37*day, "waiting")
	s.alert(t, waiting, alert.Alert{Channel: "desk"}, slackDesk)
	late := at(36*day, "given-up-lately")
	s.clock.T = end.Add(-10 * day)
	sent(late, fileDesk, true)
	err = s.Update(s.ctx, func(ctx context.Context, tx pipeline.Tx) error {
		for _, created := range []time.Duration{35 * day, day} {
			a := alert.Alert{
				Channel: "operations", Kind: alert.KindNotice, Created: end.Add(-created),
				Story: story.Story{ID: fmt.Sprint(created), Title: "A source fails"},
			}
			if _, err := tx.AddAlert(ctx, 0, a, nil); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	young := at(29*day, "young")
	sent(young, fileDesk, false)
	s.clock.T = end

	if done := s.retain(t, store.Retention{}); done.Stories != 0 {
		t.Errorf("without limits %d stories were deleted", done.Stories)
	}
	done := s.retain(t, store.Retention{Age: 30 * day})
	if done.Stories != 3 || done.Notices != 1 {
		t.Errorf("%d stories and %d notices deleted, want 3 and 1", done.Stories, done.Notices)
	}
	want := []string{"given-up-lately", "waiting", "young"}
	for _, q := range []string{"*", "common", "alpha OR words"} {
		if diff := cmp.Diff(want, s.found(t, q)); diff != "" {
			t.Errorf("%s: %s", q, diff)
		}
	}
	if n, err := s.Count(s.ctx); err != nil || n != 3 {
		t.Errorf("%d stories left, %v; want 3", n, err)
	}
	counts, err := s.DeliveryCounts(s.ctx)
	if diff := cmp.Diff(map[string]int{"waiting": 1, "dead": 1, "sent": 1}, counts); err != nil || diff != "" {
		t.Error(diff, err)
	}
	if d, ok, err := s.NextDelivery(s.ctx, slackDesk, 0); err != nil || !ok || d.Alert.Story.Title != "waiting" {
		t.Errorf("%+v, %v, %v; want what waited", d, ok, err)
	}
	if done := s.retain(t, store.Retention{Age: 30 * day}); done.Stories != 0 || done.Notices != 0 {
		t.Errorf("a second time %d stories and %d notices were deleted", done.Stories, done.Notices)
	}
	// The place of a story that went is free, and so is its id.
	if k := s.add(t, src, story.Story{Title: "silent", URL: "https://x.example/silent", Seen: end.Add(-40 * day)}); k == 0 {
		t.Error("no key")
	}
	if diff := cmp.Diff([]string{"silent"}, s.found(t, "title:silent")); diff != "" {
		t.Error(diff)
	}
}

func testRetainSize(t *testing.T, s *suite) {
	src := s.source(t, "alpha")
	const n, batch = 2000, 500
	for from := 0; from < n; from += batch {
		err := s.Update(s.ctx, func(ctx context.Context, tx pipeline.Tx) error {
			for i := from; i < from+batch; i++ {
				st := story.Story{
					Title: fmt.Sprint("story ", i), URL: fmt.Sprint("https://x.example/", i), Seen: s.clock.T.Add(time.Duration(i) * time.Minute),
					Content: strings.Repeat(fmt.Sprintf("word%d other%d ", i, i*7), 60),
				}
				st.ID = story.NewID("", st.Title, st.URL)
				key, _, err := tx.AddStory(ctx, src, &st)
				if err == nil {
					err = tx.AddSighting(ctx, src, store.NewIdentity("", st.URL, st.Title), key, st.URL, &st)
				}
				if err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	had, err := s.Bytes(s.ctx)
	if err != nil || had < 500_000 {
		t.Fatalf("the archive has %d bytes, %v; too few to be true", had, err)
	}
	if done := s.retain(t, store.Retention{Size: 2 * had}); done.Stories != 0 {
		t.Errorf("%d stories were deleted of an archive that is small enough", done.Stories)
	}
	limit := had * 6 / 10
	done := s.retain(t, store.Retention{Size: limit})
	if done.Stories < n/4 || done.Stories > n*6/10 {
		t.Errorf("%d of %d stories were deleted to come from %d to %d bytes", done.Stories, n, had, limit)
	}
	// It comes to rest: what is deleted makes room, and no more goes than that.
	total := done.Stories
	for range 5 {
		if done = s.retain(t, store.Retention{Size: limit}); done.Stories == 0 {
			break
		}
		total += done.Stories
	}
	if done.Stories != 0 || total > n*6/10 || done.Size > 0 && done.Size > limit {
		t.Errorf("after %d stories in all, %d more were deleted, and %d bytes are left of %d", total, done.Stories, done.Size, limit)
	}
	left := s.found(t, "title:story")
	if len(left) != n-total || !slices.Contains(left, fmt.Sprint("story ", n-1)) || slices.Contains(left, "story 0") {
		t.Errorf("%d stories are found, want the newest %d", len(left), n-total)
	}
}

func testForgotten(t *testing.T, s *suite) {
	src := s.source(t, "alpha", "beta")
	beta, _, err := s.Source(s.ctx, "beta")
	if err != nil {
		t.Fatal(err)
	}
	st := story.Story{Title: "An old leak", URL: "https://x.example/1", Seen: s.clock.T}
	st.ID = story.NewID("", "", st.URL)
	s.add(t, src, st)
	told := store.Told{Identity: store.NewIdentity("", st.URL, st.Title), ID: st.ID}
	again := store.Told{Identity: store.NewIdentity("another guid", "", ""), ID: st.ID}
	other := store.Told{Identity: store.NewIdentity("", "https://x.example/2", ""), ID: "2"}
	forgotten := func(source int64) (got []string) {
		t.Helper()
		err := s.Update(s.ctx, func(ctx context.Context, tx pipeline.Tx) error {
			found, err := tx.Forgotten(ctx, source, []store.Told{told, again, other})
			for name, it := range map[string]store.Told{"told": told, "again": again, "other": other} {
				if at, ok := found[it.Identity]; ok && at.IsZero() {
					got = append(got, name+" by id")
				} else if ok {
					got = append(got, name+" "+at.Format(time.DateOnly))
				}
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		slices.Sort(got)
		return got
	}
	check := func(what string, source int64, want ...string) {
		t.Helper()
		if diff := cmp.Diff(want, forgotten(source)); diff != "" {
			t.Errorf("%s: %s", what, diff)
		}
	}
	listed := func() {
		t.Helper()
		_, status, err := s.Source(s.ctx, "alpha")
		if err != nil {
			t.Fatal(err)
		}
		status.Listed = s.clock.T
		err = s.Update(s.ctx, func(ctx context.Context, tx pipeline.Tx) error { return tx.SaveVisit(ctx, src, status) })
		if err != nil {
			t.Fatal(err)
		}
	}
	check("nothing went", src)
	s.clock.T = s.clock.T.Add(31 * day)
	s.retain(t, store.Retention{Age: 30 * day})
	check("its source", src, "again by id", "told 2024-03-21")
	check("another source", beta, "again by id", "told by id")

	// A source that does not answer, or has nothing new, does not forget.
	s.clock.T = s.clock.T.Add(200 * day)
	s.retain(t, store.Retention{Age: 30 * day})
	check("a source that is silent", src, "again by id", "told 2024-03-21")
	// Nor does one that still tells it.
	listed()
	err = s.Update(s.ctx, func(ctx context.Context, tx pipeline.Tx) error { return tx.Forget(ctx, src, told) })
	if err != nil {
		t.Fatal(err)
	}
	s.clock.T = s.clock.T.Add(80 * day)
	listed()
	s.retain(t, store.Retention{Age: 30 * day})
	check("a source that told it lately", src, "again by id", "told 2024-10-07")
	s.clock.T = s.clock.T.Add(20 * day)
	listed()
	s.retain(t, store.Retention{Age: 30 * day})
	check("a source that has not told it for long", src)
}
