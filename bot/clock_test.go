package bot

import (
	"testing"
	"testing/synctest"
	"time"
)

// A clock that was set is told from time that passes, however long that is, and
// from one that is put right by little. What was told is not told again.
func TestWallClock(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var offset time.Duration
		c := newWallClock(func() time.Time { return time.Now().Add(offset) })
		for _, step := range []struct {
			name        string
			passes, set time.Duration
			want        time.Duration
		}{
			{"at once", 0, 0, 0},
			{"time passes", time.Second, 0, 0},
			{"much time passes", 100 * time.Hour, 0, 0},
			{"put right", time.Second, -29 * time.Second, 0},
			{"and again", time.Second, 29 * time.Second, 0},
			{"set back", time.Second, -2 * time.Hour, -2 * time.Hour},
			{"not told again", time.Second, 0, 0},
			{"set forward", time.Minute, 24 * time.Hour, 24 * time.Hour},
			{"not told again either", time.Hour, 0, 0},
			{"by just enough", 0, -30 * time.Second, -30 * time.Second},
			{"back by as much as has passed", time.Hour, -time.Hour, -time.Hour},
		} {
			time.Sleep(step.passes)
			offset += step.set
			if got := c.set(); got != step.want {
				t.Errorf("%s: set by %v, want %v", step.name, got, step.want)
			}
		}
	})
}
