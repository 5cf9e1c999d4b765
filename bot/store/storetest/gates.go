package storetest

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"tipoff/bot/alert"
	"tipoff/bot/deliver"
	"tipoff/sources/story"
)

var (
	otherDesk   = alert.Target{Kind: alert.Slack, Address: "C0456"}
	discordDesk = alert.Target{Kind: alert.Discord, Address: "2002"}
)

// settle writes down what came of an attempt.
func (s *suite) settle(t *testing.T, d deliver.Delivery, o deliver.Outcome) deliver.Conclusion {
	t.Helper()
	r, err := s.Conclude(s.ctx, d, o)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// put writes alerts "NAME 0", "NAME 1", ... for a channel called NAME.
func (s *suite) put(t *testing.T, source int64, name string, n int, targets ...alert.Target) {
	t.Helper()
	for i := range n {
		title := fmt.Sprint(name, " ", i)
		key := s.add(t, source, story.Story{Title: title, URL: "https://x.example/" + title})
		s.alert(t, key, alert.Alert{Channel: name}, targets...)
	}
}

// take begins an attempt, which has to be allowed.
func (s *suite) take(t *testing.T, to alert.Target) deliver.Delivery {
	t.Helper()
	d, ok, err := s.NextDelivery(s.ctx, to, 0)
	if err != nil || !ok || !d.NotBefore.IsZero() {
		t.Fatalf("%s: %+v, %v, %v; want a delivery", to, d, ok, err)
	}
	return d
}

// held asks that no attempt begins before so much time is over.
func (s *suite) held(t *testing.T, what string, to alert.Target, want time.Duration) {
	t.Helper()
	d, ok, err := s.NextDelivery(s.ctx, to, 0)
	if got := d.NotBefore.Sub(s.clock.T); err != nil || !ok || got != want {
		t.Errorf("%s: %s is held for %v, %v, %v; want %v", what, to, got, ok, err, want)
	}
}

func testPlatformPace(t *testing.T, s *suite) {
	src := s.source(t, "alpha")
	s.put(t, src, "a", 3, slackDesk)
	s.put(t, src, "b", 3, otherDesk)
	s.put(t, src, "c", 3, discordDesk)

	// The target's own pace, which another replica has to keep too.
	if r := s.settle(t, s.take(t, slackDesk), deliver.Outcome{Sent: true, Receipt: "1", RestUntil: s.clock.T.Add(time.Second)}); !r.More {
		t.Error("no more, want two")
	}
	s.held(t, "after a message", slackDesk, time.Second)
	s.settle(t, s.take(t, otherDesk), deliver.Outcome{Sent: true, Receipt: "2", RestUntil: s.clock.T.Add(time.Second)})

	s.clock.T = s.clock.T.Add(time.Second)
	d := s.take(t, slackDesk)
	if d.Last != "1" {
		t.Errorf("the last message there is %q", d.Last)
	}
	s.settle(t, d, deliver.Outcome{Reason: "slow down", Pause: time.Minute, Everywhere: true})
	s.held(t, "all of Slack", slackDesk, time.Minute)
	s.held(t, "all of Slack", otherDesk, time.Minute)
	s.take(t, discordDesk)

	// Messages get turns: two that come at once go one after the other.
	s.clock.T = s.clock.T.Add(time.Minute)
	var turns []time.Duration
	for _, to := range []alert.Target{slackDesk, otherDesk} {
		d, _, err := s.NextDelivery(s.ctx, to, 20*time.Millisecond)
		if err != nil {
			t.Fatal(err)
		}
		turns = append(turns, d.At.Sub(s.clock.T))
	}
	if diff := cmp.Diff([]time.Duration{0, 20 * time.Millisecond}, turns); diff != "" {
		t.Errorf("turns: %s", diff)
	}
}

func testTried(t *testing.T, s *suite) {
	s.put(t, s.source(t, "alpha"), "a", 1, slackDesk)
	began := s.clock.T
	for _, step := range []struct {
		name  string
		out   deliver.Outcome
		tried deliver.Span
	}{
		{"never", deliver.Outcome{Reason: "unreachable"}, deliver.Span{}},
		{"refused", deliver.Outcome{Reason: "no answer", Unknown: true}, deliver.Span{}},
		{"with no answer", deliver.Outcome{Reason: "refused"}, deliver.Span{From: began.Add(time.Minute), Until: began.Add(61 * time.Second)}},
		{"and refused", deliver.Outcome{Reason: "no answer", Unknown: true}, deliver.Span{From: began.Add(time.Minute), Until: began.Add(61 * time.Second)}},
		{"with no answer again", deliver.Outcome{Sent: true}, deliver.Span{From: began.Add(time.Minute), Until: began.Add(181 * time.Second)}},
	} {
		d := s.take(t, slackDesk)
		if diff := cmp.Diff(step.tried, d.Tried); diff != "" {
			t.Errorf("%s: %s", step.name, diff)
		}
		s.clock.T = s.clock.T.Add(time.Second)
		s.settle(t, d, step.out)
		s.clock.T = s.clock.T.Add(59 * time.Second)
	}
}

// teller keeps what it is told.
type teller struct{ told []string }

func (k *teller) tell(of deliver.Trouble, over bool) (alert.Alert, []alert.Target) {
	k.told = append(k.told, fmt.Sprintf("%s %s over %v: %d of %v wait: %s", of.Of, of.State, over, of.Waiting, of.Channels, of.Reason))
	id := story.NewID("tipoff", fmt.Sprint("notice ", len(k.told)), "")
	return alert.Alert{Channel: "ops", Kind: alert.KindNotice, Story: story.Story{ID: id, Title: of.Reason}}, []alert.Target{fileDesk}
}

func (s *suite) states(t *testing.T, states ...string) map[string]int {
	t.Helper()
	n := make(map[string]int)
	for _, state := range states {
		all, err := s.Deliveries(s.ctx, state, 100)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range all {
			n[d.Channel+" "+d.State]++
		}
	}
	return n
}

func testParked(t *testing.T, s *suite) {
	src := s.source(t, "alpha")
	s.put(t, src, "desk", 3, slackDesk)
	s.put(t, src, "other", 1, otherDesk)
	k := &teller{}
	parked := deliver.Outcome{Reason: "invite the bot", Trouble: deliver.Parked, Keep: time.Hour * 24, Answered: true, Tell: k.tell}

	r := s.settle(t, s.take(t, slackDesk), parked)
	if r.Began == nil || r.Began.Waiting != 3 {
		t.Errorf("%+v, want that it began", r)
	}
	s.held(t, "parked", slackDesk, 10*time.Minute)
	if d := s.take(t, otherDesk); d.Probe {
		t.Error("another channel is parked too")
	}
	if diff := cmp.Diff(map[string]int{"desk parked": 3, "other sending": 1, "ops waiting": 1}, s.states(t, "waiting", "parked", "sending", "down")); diff != "" {
		t.Error(diff)
	}
	all, err := s.Troubles(s.ctx)
	want := []deliver.Trouble{{
		Of: slackDesk, State: deliver.Parked, Reason: "invite the bot", Since: s.clock.T, Next: s.clock.T.Add(10 * time.Minute), Waiting: 3, Channels: []string{"desk"},
	}}
	if diff := cmp.Diff(want, all); diff != "" || err != nil {
		t.Error(diff, err)
	}

	// One attempt at a time sees whether it still is.
	s.clock.T = s.clock.T.Add(10 * time.Minute)
	d := s.take(t, slackDesk)
	if !d.Probe || d.Alert.Story.Title != "desk 0" {
		t.Errorf("%+v, want the oldest to see how it is", d)
	}
	if r := s.settle(t, d, parked); r.Began != nil {
		t.Error("it began a second time")
	}
	s.held(t, "still parked", slackDesk, 10*time.Minute)

	// A person has it tried at once; another channel's retry does not.
	for channel, want := range map[string]int{"other": 0, "desk": 1} {
		r, err := s.RetryDeliveries(s.ctx, nil, channel, "me")
		if err != nil || len(r.Tried) != want || r.Again != 0 {
			t.Errorf("%s: %+v, %v; want %d tried", channel, r, err, want)
		}
	}
	r = s.settle(t, s.take(t, slackDesk), deliver.Outcome{Sent: true, Receipt: "1", Answered: true, Tell: k.tell})
	if len(r.Ended) != 1 || r.Ended[0].Waiting != 2 || !r.More {
		t.Errorf("%+v, want that it is over and two wait", r)
	}
	if d := s.take(t, slackDesk); d.Probe || d.Alert.Story.Title != "desk 1" {
		t.Errorf("%+v, want the next one in order", d)
	}
	told := []string{"slack:C0123 parked over false: 3 of [desk] wait: invite the bot", "slack:C0123 parked over true: 2 of [desk] wait: invite the bot"}
	if diff := cmp.Diff(told, k.told); diff != "" {
		t.Error(diff)
	}
	if all, err := s.Troubles(s.ctx); len(all) != 0 || err != nil {
		t.Errorf("still in trouble: %v, %v", all, err)
	}
}

func testDown(t *testing.T, s *suite) {
	src := s.source(t, "alpha")
	s.put(t, src, "desk", 2, slackDesk)
	s.put(t, src, "other", 1, otherDesk)
	s.put(t, src, "elsewhere", 1, discordDesk)
	k := &teller{}
	down := deliver.Outcome{Reason: "no answer", Trouble: deliver.Down, Everywhere: true, Unknown: true, Keep: time.Hour, Tell: k.tell}
	refused := deliver.Outcome{Reason: "invite the bot", Trouble: deliver.Parked, Answered: true, Keep: time.Hour, Tell: k.tell}
	late := s.take(t, otherDesk)
	s.settle(t, s.take(t, slackDesk), down)
	s.settle(t, late, down) // was under way
	for range 2 {
		s.held(t, "down", slackDesk, 30*time.Second)
		s.held(t, "down", otherDesk, 30*time.Second)
		if d, _, err := s.NextDelivery(s.ctx, discordDesk, 0); err != nil || d.Probe {
			t.Errorf("another platform: %+v, %v", d, err)
		}
		s.clock.T = s.clock.T.Add(30 * time.Second)
		d := s.take(t, otherDesk)
		if !d.Probe {
			t.Error("not the one that sees how it is")
		}
		s.held(t, "one sees how it is", slackDesk, 3*time.Second)
		s.settle(t, d, down)
	}
	// It works, but this channel is another matter.
	if err := s.TryTroubles(s.ctx); err != nil {
		t.Fatal(err)
	}
	r := s.settle(t, s.take(t, otherDesk), refused)
	if len(r.Ended) != 1 || r.Began == nil {
		t.Errorf("%+v, want an end and a beginning", r)
	}
	s.settle(t, s.take(t, slackDesk), deliver.Outcome{Sent: true, Receipt: "1"})
	told := []string{
		"slack: down over false: 3 of [desk other] wait: no answer",
		"slack: down over true: 3 of [desk other] wait: no answer",
		"slack:C0456 parked over false: 1 of [other] wait: invite the bot",
	}
	if diff := cmp.Diff(told, k.told); diff != "" {
		t.Error(diff)
	}
	// A message that nobody takes ever is no reason to wait for the next try.
	s.clock.T = s.clock.T.Add(10 * time.Minute)
	s.put(t, src, "next", 1, otherDesk)
	s.settle(t, s.take(t, otherDesk), deliver.Outcome{Reason: "too long", Dead: true, Answered: true})
	if d := s.take(t, otherDesk); !d.Probe || d.Alert.Story.Title != "next 0" {
		t.Errorf("%+v, want the next message to see how it is", d)
	}
	// What is known of a target goes with it.
	if err := s.SyncTargets(s.ctx, []alert.Channel{{Name: "desk", Slack: slackDesk.Address}}); err != nil {
		t.Fatal(err)
	}
	if all, err := s.Troubles(s.ctx); len(all) != 0 || err != nil {
		t.Errorf("%v, %v; want no trouble of a channel that is gone", all, err)
	}
}

func testKeep(t *testing.T, s *suite) {
	src := s.source(t, "alpha")
	began := s.clock.T
	parked := deliver.Outcome{Reason: "invite the bot", Trouble: deliver.Parked, Keep: 48 * time.Hour}
	s.put(t, src, "old", 2, slackDesk)
	s.clock.T = began.Add(72 * time.Hour) // nothing ran meanwhile
	if r := s.settle(t, s.take(t, slackDesk), parked); r.GaveUp != 0 {
		t.Errorf("%d given up at the first attempt", r.GaveUp)
	}
	s.put(t, src, "new", 1, slackDesk)
	s.clock.T = began.Add(119 * time.Hour)
	if r := s.settle(t, s.take(t, slackDesk), parked); r.GaveUp != 0 {
		t.Errorf("%d given up before their time", r.GaveUp)
	}
	s.put(t, src, "newest", 1, slackDesk)
	s.clock.T = began.Add(120 * time.Hour)
	if r := s.settle(t, s.take(t, slackDesk), parked); r.GaveUp != 3 {
		t.Errorf("%d given up, want those that waited long enough", r.GaveUp)
	}
	if diff := cmp.Diff(map[string]int{"old dead": 2, "new dead": 1, "newest parked": 1}, s.states(t, "waiting", "parked", "dead")); diff != "" {
		t.Error(diff)
	}
	if _, err := s.RetryDeliveries(s.ctx, []string{"nothing"}, "", "me"); err == nil || errors.Is(err, errors.ErrUnsupported) {
		t.Error("an id that is not there was sent again")
	}
	r, err := s.RetryDeliveries(s.ctx, nil, "", "me")
	if err != nil || r.Again != 3 || len(r.Tried) != 1 {
		t.Errorf("%+v, %v; want the three again, and the channel tried", r, err)
	}
	var order []string
	for range 4 {
		d := s.take(t, slackDesk)
		order = append(order, d.Alert.Story.Title)
		s.settle(t, d, deliver.Outcome{Sent: true})
	}
	if diff := cmp.Diff([]string{"old 0", "old 1", "new 0", "newest 0"}, order); diff != "" {
		t.Errorf("the order is lost: %s", diff)
	}
}
