package bot

import (
	"testing"
	"time"

	"tipoff/bot/config"
	"tipoff/bot/store/storetest"
	"tipoff/sources"
)

// Each moment of a source's is polled for once, also where a job is begun again
// because who had it was killed: what the source is due for meanwhile is done with
// that.
func TestStillDue(t *testing.T) {
	t.Parallel()
	start := time.Date(2026, 11, 2, 12, 0, 0, 0, time.UTC)
	now := start
	clock := func() time.Time { return now }
	s, err := OpenStore(t.Context(), &config.Config{Store: storetest.Postgres(t)}, clock)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	if _, err := s.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := s.SyncSources(t.Context(), []sources.Source{{Name: "one", URL: "https://one.example/"}}); err != nil {
		t.Fatal(err)
	}
	a := &App{Options: Options{Now: clock}, store: s}
	for _, step := range []struct {
		name  string
		at    time.Duration // of the attempt
		taken time.Duration // when the job was put in
		again bool
		want  int
	}{
		{"a job begins", 0, 0, false, 1},
		{"another moment's comes while it may be polling", 2 * time.Second, 2 * time.Second, false, 0},
		{"it was stopped, and begins again at once", 2 * time.Second, 0, true, 1},
		{"it was killed, and begins again", 5 * time.Second, 0, true, 1},
		{"the moment after that has come", 5 * time.Second, 5 * time.Second, false, 0},
		{"it was killed once more", 9 * time.Second, 0, true, 1},
		{"a later moment comes first", 13 * time.Second, 13 * time.Second, false, 1},
		{"and then who begins again", 13 * time.Second, 0, true, 0},
	} {
		now = start.Add(step.at)
		due, err := a.stillDue(t.Context(), []string{"one"}, start.Add(step.taken), step.again)
		if err != nil || len(due) != step.want {
			t.Errorf("%s: %v, %v; want %d", step.name, due, err, step.want)
		}
	}
}
