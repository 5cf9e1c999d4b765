package storetest

import (
	"context"
	"errors"
	"fmt"
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

var (
	slackDesk = alert.Target{Kind: alert.Slack, Address: "C0123"}
	fileDesk  = alert.Target{Kind: alert.File, Address: "alerts.jsonl"}
)

// alert adds an alert of a story and says whether it was new.
func (s *suite) alert(t *testing.T, k store.Key, a alert.Alert, targets ...alert.Target) bool {
	t.Helper()
	var added bool
	err := s.Update(s.ctx, func(ctx context.Context, tx pipeline.Tx) error {
		st, err := tx.Story(ctx, k)
		if err != nil {
			return err
		}
		st.Matches = a.Story.Matches
		a.Story, a.Kind, a.Created = st, alert.KindNew, s.clock.T
		added, err = tx.AddAlert(ctx, k, a, targets)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return added
}

func testAlertOnce(t *testing.T, s *suite) {
	key := s.add(t, s.source(t, "alpha"), story.Story{Title: "A leak", URL: "https://x.example/1"})
	if !s.alert(t, key, alert.Alert{Channel: "china-desk"}, slackDesk, fileDesk) {
		t.Error("the first alert was not written")
	}
	if s.alert(t, key, alert.Alert{Channel: "china-desk"}, slackDesk) {
		t.Error("the same channel was alerted twice")
	}
	if !s.alert(t, key, alert.Alert{Channel: "desk"}, fileDesk) {
		t.Error("another channel was not alerted")
	}
	counts, err := s.DeliveryCounts(s.ctx)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(map[string]int{"waiting": 3}, counts); diff != "" {
		t.Error(diff)
	}
}

func testDeliveryOrder(t *testing.T, s *suite) {
	src := s.source(t, "alpha")
	var want []string
	for i := range 5 {
		title := fmt.Sprint("story ", i)
		// The order is that of the alerts, not of the stories' times.
		key := s.add(t, src, story.Story{Title: title, URL: fmt.Sprint("https://x.example/", i), Published: s.clock.T.Add(-time.Duration(i) * time.Hour)})
		s.alert(t, key, alert.Alert{
			Channel: "desk", Severity: alert.High, Mentions: []string{"here"},
			Story: story.Story{Matches: []story.Match{{Watch: "all", Terms: []string{"story"}}}},
		}, slackDesk, fileDesk)
		want = append(want, title)
	}
	var got []string
	for {
		d, ok, err := s.NextDelivery(s.ctx, slackDesk, 0)
		if err != nil {
			t.Fatal(err)
		}
		if !ok {
			break
		}
		a := d.Alert
		got = append(got, a.Story.Title)
		if a.Channel != "desk" || a.Severity != alert.High || a.Kind != alert.KindNew || d.Attempts != 1 || len(d.ID) > 25 ||
			!cmp.Equal(a.Mentions, []string{"here"}) || !cmp.Equal(a.Watches, []string{"all"}) ||
			!cmp.Equal(a.Story.Matches, []story.Match{{Watch: "all", Terms: []string{"story"}}}) || d.To != slackDesk {
			t.Errorf("delivery %+v", d)
		}
		s.settle(t, d, deliver.Outcome{Sent: true, Receipt: "1708340000.000100"})
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	counts, err := s.DeliveryCounts(s.ctx)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(map[string]int{"sent": 5, "waiting": 5}, counts); diff != "" {
		t.Error(diff)
	}
}

func testDeliveryAgain(t *testing.T, s *suite) {
	key := s.add(t, s.source(t, "alpha"), story.Story{Title: "A leak", URL: "https://x.example/1"})
	s.alert(t, key, alert.Alert{Channel: "desk"}, slackDesk)
	first, _, err := s.NextDelivery(s.ctx, slackDesk, 0)
	if err != nil {
		t.Fatal(err)
	}
	// Nobody said what came of it, and it may be on its way for a moment.
	if d, ok, err := s.NextDelivery(s.ctx, slackDesk, 0); err != nil || !ok || !d.NotBefore.After(s.clock.T) {
		t.Errorf("%+v, %v, %v; want it not before a moment", d, ok, err)
	}
	s.clock.T = s.clock.T.Add(3 * time.Second)
	second, _, err := s.NextDelivery(s.ctx, slackDesk, 0)
	if err != nil {
		t.Fatal(err)
	}
	began := s.clock.T.Add(-3 * time.Second)
	if second.Tried.From != began || second.Tried.Until.Sub(began) < 20*time.Second {
		t.Errorf("tried %v, want from %v as long as an attempt may take", second.Tried, began)
	}
	if second.ID != first.ID || second.Attempts != 2 {
		t.Errorf("%s attempt %d, want %s attempt 2", second.ID, second.Attempts, first.ID)
	}
}

func testDeliveryDead(t *testing.T, s *suite) {
	src := s.source(t, "alpha")
	for i := range 2 {
		key := s.add(t, src, story.Story{Title: fmt.Sprint("story ", i), URL: fmt.Sprint("https://x.example/", i)})
		s.alert(t, key, alert.Alert{Channel: "desk"}, slackDesk)
	}
	d, _, err := s.NextDelivery(s.ctx, slackDesk, 0)
	if err != nil {
		t.Fatal(err)
	}
	s.settle(t, d, deliver.Outcome{Reason: "try later"})
	if d, _, err = s.NextDelivery(s.ctx, slackDesk, 0); err != nil || d.Alert.Story.Title != "story 0" {
		t.Fatalf("%+v, %v; want the one that failed, so that the order stays", d, err)
	}
	s.settle(t, d, deliver.Outcome{Reason: "the channel is gone", Dead: true})
	if d, _, err := s.NextDelivery(s.ctx, slackDesk, 0); err != nil || d.Alert.Story.Title != "story 1" {
		t.Errorf("%+v, %v; want the next one", d, err)
	}
	dead, err := s.Deliveries(s.ctx, "dead", 10)
	if err != nil {
		t.Fatal(err)
	}
	want := []store.DeliveryStatus{{
		ID: d.ID, Target: "slack:C0123", Channel: "desk", Title: "story 0", State: "dead", Attempts: 2,
		Error: "the channel is gone", Updated: s.clock.T,
	}}
	if diff := cmp.Diff(want, dead); diff != "" {
		t.Error(diff)
	}
}

func testDeliveryWaits(t *testing.T, s *suite) {
	key := s.add(t, s.source(t, "alpha"), story.Story{Title: "A leak", URL: "https://x.example/1"})
	s.alert(t, key, alert.Alert{Channel: "desk"}, slackDesk)
	d, _, err := s.NextDelivery(s.ctx, slackDesk, 0)
	if err != nil {
		t.Fatal(err)
	}
	until := s.clock.T.Add(1500 * time.Millisecond)
	s.settle(t, d, deliver.Outcome{Reason: "slow down", Pause: 1500 * time.Millisecond})
	early, ok, err := s.NextDelivery(s.ctx, slackDesk, 0)
	if err != nil || !ok || early.ID != d.ID || early.NotBefore.Before(until) {
		t.Errorf("%+v, %v, %v; want the same one, not before %v", early, ok, err, until)
	}
	s.clock.T = s.clock.T.Add(2 * time.Second)
	again, ok, err := s.NextDelivery(s.ctx, slackDesk, 0)
	if err != nil || !ok || again.ID != d.ID || !again.NotBefore.IsZero() || again.Attempts != 2 {
		t.Errorf("%+v, %v, %v; want the same one, attempt 2", again, ok, err)
	}
}

func testSyncTargets(t *testing.T, s *suite) {
	src := s.source(t, "alpha")
	hook := alert.Target{Kind: alert.Webhook, Address: "https://hooks.example/old/secret"}
	terminal := alert.Target{Kind: alert.Terminal, Address: "desk"}
	for i := range 2 {
		key := s.add(t, src, story.Story{Title: fmt.Sprint("story ", i), URL: fmt.Sprint("https://x.example/", i)})
		s.alert(t, key, alert.Alert{Channel: "desk"}, slackDesk, fileDesk, hook, terminal)
		s.alert(t, key, alert.Alert{Channel: "closed"}, slackDesk)
	}
	first, _, err := s.NextDelivery(s.ctx, hook, 0)
	if err != nil {
		t.Fatal(err)
	}
	s.settle(t, first, deliver.Outcome{Reason: "gone", Pause: time.Hour})
	corrected := alert.Target{Kind: alert.Webhook, Address: "https://hooks.example/new/secret"}
	if err := s.SyncTargets(s.ctx, []alert.Channel{{Name: "desk", Slack: "C0123", Webhook: corrected.Address}}); err != nil {
		t.Fatal(err)
	}
	for to, want := range map[alert.Target][]string{
		slackDesk: {"story 0", "story 1"}, fileDesk: nil, hook: nil, corrected: {"story 0", "story 1"}, terminal: {"story 0", "story 1"},
	} {
		var got []string
		for d, ok, err := s.NextDelivery(s.ctx, to, 0); ok || err != nil; d, ok, err = s.NextDelivery(s.ctx, to, 0) {
			if err != nil || d.Alert.Channel != "desk" || !d.NotBefore.IsZero() {
				t.Fatalf("%s: %+v, %v", to, d, err)
			}
			got = append(got, d.Alert.Story.Title)
			s.settle(t, d, deliver.Outcome{Sent: true})
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s: %s", to, diff)
		}
	}
	dead, err := s.Deliveries(s.ctx, "dead", 10)
	if err != nil {
		t.Fatal(err)
	}
	reasons := make(map[string]int)
	for _, d := range dead {
		reasons[d.Error]++
	}
	want := map[string]int{"channel desk has no file in the config any more": 2, "channel closed is not in the config any more": 2}
	if diff := cmp.Diff(want, reasons); diff != "" {
		t.Error(diff)
	}
	sent, err := s.Deliveries(s.ctx, "sent", 100)
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range sent {
		if strings.Contains(d.Target, "secret") {
			t.Errorf("a list shows the secret of %s", d.Target)
		}
	}
}

func testWatches(t *testing.T, s *suite) {
	names := func() map[string]string {
		t.Helper()
		all, err := s.Watches(s.ctx)
		if err != nil {
			t.Fatal(err)
		}
		m := make(map[string]string)
		for _, w := range all {
			m[w.Name] = w.Query + " by " + w.Origin
		}
		return m
	}
	sync := func(ws ...alert.Watch) {
		t.Helper()
		if err := s.SyncWatches(s.ctx, ws); err != nil {
			t.Fatal(err)
		}
	}
	want := func(what string, w map[string]string) {
		t.Helper()
		if diff := cmp.Diff(w, names()); diff != "" {
			t.Errorf("%s: %s", what, diff)
		}
	}
	apt := alert.Watch{Name: "apt", Query: "apt*", Channels: []string{"desk"}, Severity: alert.High, Mention: "here"}
	china := alert.Watch{Name: "china", Query: "china"}

	sync(apt, china)
	want("the file's", map[string]string{"apt": "apt* by config", "china": "china by config"})
	all, _ := s.Watches(s.ctx)
	apt.Origin = "config"
	if diff := cmp.Diff(apt, all[0]); diff != "" {
		t.Errorf("a watch comes back whole: %s", diff)
	}

	if err := s.AddWatch(s.ctx, alert.Watch{Name: "wiper", Query: "wiper"}, "slack:U1"); err != nil {
		t.Fatal(err)
	}
	if err := s.AddWatch(s.ctx, alert.Watch{Name: "apt", Query: "x"}, "slack:U1"); !errors.Is(err, store.ErrExists) {
		t.Errorf("a name that is taken: %v", err)
	}
	if err := s.RemoveWatch(s.ctx, "china", "slack:U1"); err != nil {
		t.Fatal(err)
	}
	if err := s.RemoveWatch(s.ctx, "china", "slack:U1"); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("a watch removed twice: %v", err)
	}
	sync(apt, china)
	want("the file has not changed, so the chat's word stays", map[string]string{"apt": "apt* by config", "wiper": "wiper by slack:U1"})

	china.Query = "china OR prc"
	sync(apt, china)
	want("the file's entry changed, so it counts again", map[string]string{
		"apt": "apt* by config", "china": "china OR prc by config", "wiper": "wiper by slack:U1",
	})
	if err := s.RemoveWatch(s.ctx, "china", "slack:U1"); err != nil {
		t.Fatal(err)
	}
	if err := s.AddWatch(s.ctx, alert.Watch{Name: "china", Query: "mine"}, "slack:U1"); err != nil {
		t.Fatal(err)
	}
	sync(apt, china)
	want("somebody made it their own", map[string]string{
		"apt": "apt* by config", "china": "mine by slack:U1", "wiper": "wiper by slack:U1",
	})
	sync(china)
	want("out of the file, out of force", map[string]string{"china": "mine by slack:U1", "wiper": "wiper by slack:U1"})
}

func testSessions(t *testing.T, s *suite) {
	if err := s.SaveSession(s.ctx, "tok", []byte("one"), s.clock.T.Add(time.Minute)); err != nil {
		t.Fatal(err)
	}
	if err := s.SaveSession(s.ctx, "tok", []byte("two"), s.clock.T.Add(time.Hour)); err != nil {
		t.Fatal(err)
	}
	if data, err := s.LoadSession(s.ctx, "tok"); err != nil || string(data) != "two" {
		t.Errorf("%q, %v; want the last one saved", data, err)
	}
	s.clock.T = s.clock.T.Add(time.Hour)
	if _, err := s.LoadSession(s.ctx, "tok"); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("an expired session: %v", err)
	}
	if _, err := s.LoadSession(s.ctx, "other"); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("an unknown session: %v", err)
	}
}

func testRetryDeliveries(t *testing.T, s *suite) {
	src := s.source(t, "alpha")
	var ids []string
	for _, channel := range []string{"desk", "desk", "other"} {
		n := fmt.Sprint(len(ids))
		key := s.add(t, src, story.Story{Title: "story " + n, URL: "https://x.example/" + n})
		s.alert(t, key, alert.Alert{Channel: channel}, slackDesk)
		d, _, err := s.NextDelivery(s.ctx, slackDesk, 0)
		if err != nil {
			t.Fatal(err)
		}
		s.settle(t, d, deliver.Outcome{Reason: "no such channel", Dead: true})
		ids = append(ids, d.ID)
	}
	before, err := s.Changes(s.ctx)
	if err != nil {
		t.Fatal(err)
	}
	for _, step := range []struct {
		name    string
		ids     []string
		channel string
		want    int
		next    string
	}{
		{"one that is not there", []string{ids[1], "ffff"}, "", 0, ""},
		{"one of another channel", ids[2:], "desk", 0, ""},
		{"one", ids[1:2], "", 1, "story 1"},
		{"which is not given up any more", ids[1:2], "", 0, "story 1"},
		{"the rest of a channel", nil, "desk", 1, "story 0"},
		{"all", nil, "", 1, "story 0"},
		{"none is left", nil, "", 0, "story 0"},
	} {
		s.clock.T = s.clock.T.Add(3 * time.Second) // what the last step took was left in the middle
		r, err := s.RetryDeliveries(s.ctx, step.ids, step.channel, "me")
		n := r.Again
		if n != step.want || (err != nil) != (n == 0 && step.ids != nil) || err != nil && !errors.Is(err, store.ErrNotFound) {
			t.Errorf("%s: %d, %v; want %d", step.name, n, err, step.want)
		}
		d, ok, err := s.NextDelivery(s.ctx, slackDesk, 0)
		if err != nil || ok != (step.next != "") || d.Alert.Story.Title != step.next {
			t.Errorf("%s: then comes %q, %v; want %q", step.name, d.Alert.Story.Title, err, step.next)
		}
		if ok && step.want > 0 && step.ids != nil && !d.Since.Equal(s.clock.T) {
			t.Errorf("%s: its time counts from %v, want from now, %v", step.name, d.Since, s.clock.T)
		}
	}
	if after, err := s.Changes(s.ctx); err != nil || after != before+3 {
		t.Errorf("%d changes for others to see, %v; want 3", after-before, err)
	}
}
