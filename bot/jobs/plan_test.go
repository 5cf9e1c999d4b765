package jobs_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/robfig/cron/v3"

	"tipoff/bot/jobs"
)

func TestPlan(t *testing.T) {
	now := time.Date(2024, 2, 19, 12, 0, 0, 0, time.UTC)
	at := func(d time.Duration) time.Time { return now.Add(d) }
	hourly, err := cron.ParseStandard("5 * * * *")
	if err != nil {
		t.Fatal(err)
	}
	p := jobs.NewPlan(map[string]cron.Schedule{
		"a": cron.Every(10 * time.Minute), "b": cron.Every(10 * time.Minute), "hourly": hourly, "limited": cron.Every(time.Minute),
	}, map[string]time.Time{"limited": at(time.Hour), "a": at(-time.Hour)}, now)

	for _, step := range []struct {
		after time.Duration
		want  []string
		due   time.Duration
	}{
		{0, nil, 0},
		{5*time.Minute - time.Second, nil, 0},
		{5 * time.Minute, []string{"hourly"}, 5 * time.Minute},
		{5 * time.Minute, nil, 0}, // taken is taken
		{10 * time.Minute, []string{"a", "b"}, 10 * time.Minute},
		{45 * time.Minute, []string{"a", "b"}, 20 * time.Minute}, // late: once, not three times
		{time.Hour, []string{"a", "b", "limited"}, 55 * time.Minute},
		{time.Hour + time.Minute, []string{"limited"}, time.Hour + time.Minute},
	} {
		got, due := p.Take(at(step.after))
		if diff := cmp.Diff(step.want, got); diff != "" {
			t.Errorf("after %v: %s", step.after, diff)
		}
		if len(got) > 0 && !due.Equal(at(step.due)) {
			t.Errorf("after %v: due %v, want %v", step.after, due, at(step.due))
		}
	}
	next := p.Next(at(time.Hour + time.Minute))
	if first := at(time.Hour + 2*time.Minute); next.Before(first) || next.After(first.Add(time.Second)) {
		t.Errorf("next %v, want just after %v", next, first)
	}
	if late := at(5 * time.Hour); !p.Next(late).Equal(late) {
		t.Errorf("what is overdue is due at %v, not now", p.Next(late))
	}
	if got := p.NextOf("hourly"); !got.Equal(at(65 * time.Minute)) {
		t.Errorf("next of hourly %v", got)
	}
	if !p.NextOf("unknown").IsZero() {
		t.Error("an unknown source is due")
	}
}

func TestEmptyPlan(t *testing.T) {
	now := time.Date(2024, 2, 19, 12, 0, 0, 0, time.UTC)
	p := jobs.NewPlan(nil, nil, now)
	if !p.Next(now).After(now) {
		t.Error("a plan with no sources is due at once, for ever")
	}
	if names, _ := p.Take(now.Add(48 * time.Hour)); len(names) > 0 {
		t.Errorf("took %v", names)
	}
}

// schedule is shorter than cron's least interval, so that a test need not wait.
type schedule struct{ every time.Duration }

func (s schedule) Next(t time.Time) time.Time { return t.Add(s.every) }
