package sources

import (
	"testing"
	"time"
)

func TestRhythm(t *testing.T) {
	const nights = 1<<22 | 1<<23 | 1<<0
	weekend := uint8(1<<time.Saturday | 1<<time.Sunday)
	day := func(d, h, m int) time.Time { return time.Date(2026, 11, d, h, m, 0, 0, time.UTC) }
	for _, test := range []struct {
		name      string
		rhythm    Rhythm
		now, want time.Time // 2026-11-24 is a Tuesday
	}{
		{"nothing said", Rhythm{}, day(24, 12, 0), time.Time{}},
		{"a wait", Rhythm{Wait: 20 * time.Minute}, day(24, 12, 0), day(24, 12, 20)},
		{"a wait beyond patience", Rhythm{Wait: 24 * time.Hour}, day(24, 12, 0), day(24, 13, 0)},
		{"an hour that is not skipped", Rhythm{SkipHours: nights}, day(24, 12, 0), time.Time{}},
		{"hours that are, over midnight", Rhythm{SkipHours: nights}, day(24, 22, 10), day(25, 1, 0)},
		{"a wait that ends in them", Rhythm{Wait: time.Hour, SkipHours: nights}, day(24, 21, 30), day(25, 1, 0)},
		{"days", Rhythm{SkipDays: weekend}, day(28, 9, 0), day(30, 0, 0)},
		{"days, then hours", Rhythm{SkipDays: weekend, SkipHours: nights}, day(28, 9, 0), day(30, 1, 0)},
		{"all hours", Rhythm{SkipHours: 1<<24 - 1}, day(24, 12, 0), time.Time{}},
		{"all days, and a wait", Rhythm{SkipDays: 1<<7 - 1, Wait: time.Minute}, day(24, 12, 0), day(24, 12, 1)},
	} {
		if got := test.rhythm.Next(test.now, time.Hour); !got.Equal(test.want) {
			t.Errorf("%s: got %s, want %s", test.name, got, test.want)
		}
	}
}
