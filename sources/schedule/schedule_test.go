package schedule

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/robfig/cron/v3"
	"pgregory.net/rapid"
)

func zone(t *testing.T, name string) *time.Location {
	t.Helper()
	loc, err := time.LoadLocation(name)
	if err != nil {
		t.Fatal(err)
	}
	return loc
}

func TestParse(t *testing.T) {
	for _, c := range []struct {
		name, spec, zone, from string
		want                   []string
	}{
		{
			"every quarter of an hour", "*/15 * * * *", "UTC", "2024-02-18T09:07:30Z",
			[]string{"2024-02-18T09:15:00Z", "2024-02-18T09:30:00Z"},
		},
		{"strictly after", "*/15 * * * *", "UTC", "2024-02-18T09:15:00Z", []string{"2024-02-18T09:30:00Z"}},
		{"space around", "  @hourly ", "UTC", "2024-02-18T09:07:30Z", []string{"2024-02-18T10:00:00Z"}},
		{"every", "@every 10m", "UTC", "2024-02-18T09:07:30Z", []string{"2024-02-18T09:17:30Z", "2024-02-18T09:27:30Z"}},
		{"weekdays", "0 9 * * 1-5", "UTC", "2024-02-16T09:00:00Z", []string{"2024-02-19T09:00:00Z"}},
		{"names", "0 9 * feb sun", "UTC", "2024-02-16T09:00:00Z", []string{"2024-02-18T09:00:00Z"}},
		{"leap day", "0 0 29 2 *", "UTC", "2024-03-01T00:00:00Z", []string{"2028-02-29T00:00:00Z"}},
		{"in its zone", "0 9 * * *", "Europe/Berlin", "2024-02-18T09:00:00Z", []string{"2024-02-19T08:00:00Z"}},
		{
			"summer time begins", "0 9 * * *", "Europe/Berlin", "2024-03-30T00:00:00Z",
			[]string{"2024-03-30T08:00:00Z", "2024-03-31T07:00:00Z", "2024-04-01T07:00:00Z"},
		},
		{
			"a time that is skipped", "30 2 * * *", "Europe/Berlin", "2024-03-30T00:00:00Z",
			[]string{"2024-03-30T01:30:00Z", "2024-04-01T00:30:00Z"},
		},
		{
			"a time that comes twice", "30 2 * * *", "Europe/Berlin", "2024-10-26T12:00:00Z",
			[]string{"2024-10-27T00:30:00Z", "2024-10-27T01:30:00Z", "2024-10-28T01:30:00Z"},
		},
		{
			"quarters of an hour know no clock change", "*/15 * * * *", "America/New_York", "2024-03-10T06:50:00Z",
			[]string{"2024-03-10T07:00:00Z", "2024-03-10T07:15:00Z"},
		},
		{"a zone of a half hour", "0 9 * * *", "Asia/Kolkata", "2024-02-18T00:00:00Z", []string{"2024-02-18T03:30:00Z"}},
		{"a zone in the specification", "TZ=Asia/Tokyo 0 9 * * *", "Europe/Berlin", "2024-02-18T12:00:00Z", []string{"2024-02-19T00:00:00Z"}},
		{"the same in the other spelling", "CRON_TZ=Asia/Tokyo 0 9 * * *", "UTC", "2024-02-18T12:00:00Z", []string{"2024-02-19T00:00:00Z"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			s, err := Parse(c.spec, zone(t, c.zone))
			if err != nil {
				t.Fatal(err)
			}
			at, err := time.Parse(time.RFC3339, c.from)
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for range c.want {
				at = s.Next(at)
				got = append(got, at.Format(time.RFC3339))
			}
			if d := cmp.Diff(c.want, got); d != "" {
				t.Error(d)
			}
		})
	}
	if s, err := Parse("0 9 * * *", nil); err != nil || s.Next(reference) != reference.Add(9*time.Hour) {
		t.Errorf("without a zone: %v", err)
	}
}

func TestParseWithTheZoneOfTheMachine(t *testing.T) {
	was := time.Local
	defer func() { time.Local = was }()
	time.Local = zone(t, "Asia/Tokyo")
	s, err := Parse("0 9 * * *", time.Local)
	if err != nil {
		t.Fatal(err)
	}
	if got := s.Next(reference.Add(time.Minute)); !got.Equal(reference.Add(24 * time.Hour)) {
		t.Errorf("09:00 in Tokyo is %v, want midnight UTC", got)
	}
}

func TestParseRefuses(t *testing.T) {
	for _, c := range []struct{ spec, want string }{
		{"", "expected five fields like */15 * * * *"},
		{"   ", "is empty"},
		{"every 10m", "has 2 fields"},
		{"* * * *", "has 4 fields: expected five fields"},
		{"0 0 9 * * *", "has 6 fields"},
		{"61 * * * *", "above maximum"},
		{"a * * * *", "expected five fields"},
		{"*/0 * * * *", "positive number"},
		{"5-1 * * * *", "beyond end"},
		{", * * * *", "no such day"},
		{"@fortnightly", "@every 10m"},
		{"@every", "duration cannot be read"},
		{"@every ten minutes", "duration cannot be read"},
		{"@every 0s", "under a second"},
		{"@every -5m", "under a second"},
		{"0 0 31 2 *", "no such day ever comes"},
		{"TZ=", "unknown time zone"},
		{"TZ=Europe/Berlin", "has 0 fields"},
		{"TZ=Mars/Olympus 0 9 * * *", `unknown time zone "Mars/Olympus"`},
	} {
		_, err := Parse(c.spec, time.UTC)
		if err == nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), fmt.Sprintf("schedule %q", c.spec)) {
			t.Errorf("Parse(%q): got %v, want it to say %q", c.spec, err, c.want)
		}
	}
}

func FuzzParse(f *testing.F) {
	for _, s := range []string{"*/15 * * * *", "@every 10m", "TZ=Europe/Berlin 0 9 * * 1-5", "@weekly", "1,2-3/4 * ? jan mon"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, spec string) {
		s, err := Parse(spec, time.UTC)
		if err != nil {
			return
		}
		if next := s.Next(reference); !next.After(reference) {
			t.Errorf("%q: %v follows %v", spec, next, reference)
		}
	})
}

func TestSpreadKeepsIntervals(t *testing.T) {
	specs := []string{"*/15 * * * *", "* * * * *", "@hourly", "0 9 * * 1-5", "@every 10m", "@every 90s", "@every 1s", "30 2 * * *", "0,5 * * * *"}
	berlin := zone(t, "Europe/Berlin")
	rapid.Check(t, func(t *rapid.T) {
		spec := rapid.SampledFrom(specs).Draw(t, "spec")
		plain, err := Parse(spec, berlin)
		if err != nil {
			t.Fatal(err)
		}
		name := rapid.String().Draw(t, "name")
		window := time.Duration(rapid.Int64Range(-10, 7200).Draw(t, "window")) * time.Second
		spread := Spread(plain, name, window)
		start := time.Unix(rapid.Int64Range(-1e9, 2e9).Draw(t, "start"), rapid.Int64Range(0, 999_999_999).Draw(t, "ns"))

		next := spread.Next(start)
		if !next.After(start) {
			t.Fatalf("%v does not follow %v", next, start)
		}
		if again := Spread(plain, name, window).Next(start); !again.Equal(next) {
			t.Fatalf("the same name gives %v and %v", next, again)
		}
		if every, ok := plain.(cron.ConstantDelaySchedule); ok {
			if d := next.Sub(start); d > every.Delay {
				t.Fatalf("waits %v, which is longer than %v", d, every.Delay)
			}
			if d := spread.Next(next).Sub(next); d != every.Delay {
				t.Fatalf("two visits are %v apart, want %v", d, every.Delay)
			}
			return
		}
		for range 5 {
			after := spread.Next(next)
			by := next.Sub(plain.Next(next.Add(-max(window, 0) - time.Second)))
			if by < 0 || by > max(window, 0) {
				t.Fatalf("shifted by %v, which is not within %v", by, window)
			}
			if !after.After(next) {
				t.Fatalf("%v does not follow %v", after, next)
			}
			next = after
		}
	})
}

func TestSpreadIsOneConstantShiftWithinTheInterval(t *testing.T) {
	plain, err := Parse("*/5 * * * *", time.UTC)
	if err != nil {
		t.Fatal(err)
	}
	shifts := map[time.Duration]bool{}
	for i := range 200 {
		s := Spread(plain, fmt.Sprintf("source-%d", i), time.Hour)
		at, shift := reference, time.Duration(-1)
		for range 20 {
			at = s.Next(at)
			by := at.Sub(reference) % (5 * time.Minute)
			if shift >= 0 && by != shift {
				t.Fatalf("source-%d is shifted by %v, then by %v", i, shift, by)
			}
			shift = by
		}
		if first := s.Next(reference.Add(-time.Second)); first.Sub(reference) >= 5*time.Minute {
			t.Fatalf("source-%d is shifted by %v, more than its interval", i, first.Sub(reference))
		}
		shifts[shift] = true
	}
	if len(shifts) < 100 {
		t.Errorf("200 sources share %d offsets", len(shifts))
	}
	if s := Spread(plain, "x", 0); s != plain {
		t.Error("no window, and the schedule changes all the same")
	}
}

func TestSpreadPhasesDoNotDependOnTheStart(t *testing.T) {
	s := Spread(cron.Every(10*time.Minute), "cisa", 0)
	a := s.Next(reference)
	if b := s.Next(a.Add(-time.Nanosecond)); !b.Equal(a) {
		t.Errorf("asked later, the activation is at %v, was at %v", b, a)
	}
	if other := Spread(cron.Every(10*time.Minute), "bleeping", 0).Next(reference); other.Equal(a) {
		t.Error("two sources visit in the same second")
	}
}
