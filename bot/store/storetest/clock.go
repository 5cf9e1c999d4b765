package storetest

import (
	"context"
	"testing"
	"time"

	"tipoff/bot/alert"
	"tipoff/bot/deliver"
	"tipoff/bot/pipeline"
	"tipoff/sources/story"
)

// What was to wait for ten minutes waits for ten minutes, and not for two hours
// more.
func testClockSetBack(t *testing.T, s *suite) {
	const back = 2 * time.Hour
	id := s.source(t, "wire")
	k := s.add(t, id, story.Story{Title: "A leak", URL: "https://wire.example/1"})
	to := alert.Target{Kind: alert.Slack, Address: "C1"}
	began := s.clock.T
	err := s.Update(s.ctx, func(ctx context.Context, tx pipeline.Tx) error {
		_, st, err := s.Source(ctx, "wire")
		if err != nil {
			return err
		}
		st.LastOK, st.NextPoll, st.HoldUntil, st.NotBefore = began, began.Add(5*time.Minute), began.Add(10*time.Minute), began.Add(10*time.Minute)
		if err := tx.SaveVisit(ctx, id, st); err != nil {
			return err
		}
		_, err = tx.AddAlert(ctx, k, alert.Alert{Channel: "desk", Kind: alert.KindNew, Story: story.Story{ID: "x"}, Created: began}, []alert.Target{to})
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	d, ok, err := s.NextDelivery(s.ctx, to, 0)
	if err != nil || !ok {
		t.Fatal(ok, err)
	}
	if _, err := s.Conclude(s.ctx, d, deliver.Outcome{Pause: 10 * time.Minute, Reason: "slow down"}); err != nil {
		t.Fatal(err)
	}
	if by, err := s.Ahead(s.ctx); err != nil || by != 0 {
		t.Errorf("the clock is right, and %v behind: %v", by, err)
	}
	s.clock.T = began.Add(-back)
	if by, err := s.Ahead(s.ctx); err != nil || by != back {
		t.Errorf("the clock is %v behind, want %v: %v", by, back, err)
	}
	for range 2 { // as another replica does it too
		if err := s.SetBack(s.ctx, back); err != nil {
			t.Fatal(err)
		}
	}
	_, st, err := s.Source(s.ctx, "wire")
	if err != nil {
		t.Fatal(err)
	}
	d, _, err = s.NextDelivery(s.ctx, to, 0)
	if err != nil {
		t.Fatal(err)
	}
	for name, got := range map[string]time.Time{"next poll": st.NextPoll.Add(5 * time.Minute), "hold": st.HoldUntil, "not before": st.NotBefore, "delivery": d.NotBefore} {
		if want := s.clock.T.Add(10 * time.Minute); !got.Equal(want) {
			t.Errorf("%s: %v, want %v", name, got, want)
		}
	}
}
