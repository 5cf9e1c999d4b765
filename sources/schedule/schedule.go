// Package schedule says when a source is visited, a digest sent or a job run:
// it reads cron specifications and spreads those that would all fire in the
// same second. It keeps no clock and starts nothing; the poller asks it for
// the next time.
package schedule

import (
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/robfig/cron/v3"
)

// Schedule gives the next activation after a time. It is safe for many
// goroutines, and may be handed to whatever takes a robfig/cron schedule.
type Schedule = cron.Schedule

const expected = "expected five fields like */15 * * * * (minute, hour, day, month, weekday), or @every 10m, or @hourly"

// reference is any fixed time, so that what is computed from a schedule does
// not depend on when it is computed.
var reference = time.Date(2024, time.January, 1, 0, 0, 0, 0, time.UTC)

// Parse reads a specification of five fields or a descriptor (@hourly, @daily,
// @every 10m, ...) with its times in loc (UTC if nil). A prefix as in
// "TZ=Europe/Berlin 0 9 * * *" outweighs loc.
//
// A time that a clock change skips is left out on that day, and one that a
// clock change repeats comes twice.
func Parse(spec string, loc *time.Location) (Schedule, error) {
	if loc == nil {
		loc = time.UTC
	}
	bad := func(why string) error {
		return fmt.Errorf("schedule %q: %s: %s", spec, why, expected)
	}
	s := strings.TrimSpace(spec)
	if s == "" {
		return nil, bad("is empty")
	}
	if zone, rest, ok := cutZone(s); ok {
		z, err := time.LoadLocation(zone)
		if err != nil || zone == "" || zone == "Local" {
			return nil, fmt.Errorf("schedule %q: unknown time zone %q: expected an IANA name like Europe/Berlin", spec, zone)
		}
		loc, s = z, rest
	}
	if n := len(strings.Fields(s)); !strings.HasPrefix(s, "@") && n != 5 {
		return nil, bad(fmt.Sprintf("has %d fields", n))
	}
	if every, ok := strings.CutPrefix(s, "@every"); ok {
		d, err := time.ParseDuration(strings.TrimSpace(every))
		if err != nil {
			return nil, bad("its duration cannot be read")
		}
		if d < time.Second {
			return nil, bad("its duration is under a second")
		}
		return cron.Every(d), nil
	}
	parsed, err := cron.ParseStandard(s)
	if err != nil {
		return nil, bad(err.Error())
	}
	c, ok := parsed.(*cron.SpecSchedule)
	if !ok {
		return parsed, nil
	}
	c.Location = time.UTC
	if c.Next(reference).IsZero() {
		return nil, fmt.Errorf("schedule %q: no such day ever comes: check day and month", spec)
	}
	return zoned{spec: c, loc: loc}, nil
}

// cutZone takes a zone off the front of a specification. The cron library
// would do it too, but panics when nothing follows the zone.
func cutZone(s string) (zone, rest string, ok bool) {
	for _, prefix := range []string{"CRON_TZ=", "TZ="} {
		if after, found := strings.CutPrefix(s, prefix); found {
			zone, rest, _ = strings.Cut(after, " ")
			return zone, strings.TrimSpace(rest), true
		}
	}
	return "", s, false
}

// zoned is a cron specification in a time zone. The library's own field for
// it takes time.Local as "the zone of the time that is asked with".
type zoned struct {
	spec *cron.SpecSchedule
	loc  *time.Location
}

func (z zoned) Next(t time.Time) time.Time {
	s := *z.spec
	s.Location = time.Local
	return s.Next(t.In(z.loc)).In(t.Location())
}

// Spread shifts all activations of a schedule by one and the same offset below
// window, so that sources with equal schedules do not all call at once. The
// offset depends on the name alone: it is the same after a restart and in
// every replica. It is below the schedule's own interval as well, and the
// intervals stay as they are.
//
// An "@every" schedule, which has no phase of its own, gets one by the name
// over its whole interval: two activations are that interval apart whatever
// time is asked with, and no program start brings all sources at once.
func Spread(s cron.Schedule, name string, window time.Duration) cron.Schedule {
	if every, ok := s.(cron.ConstantDelaySchedule); ok {
		return phased{every: every.Delay, offset: offset(name, every.Delay)}
	}
	if gap, err := interval(s); err == nil {
		window = min(window, gap)
	}
	if by := offset(name, window); by > 0 {
		return shifted{schedule: s, by: by}
	}
	return s
}

// interval is the shortest time between the first few activations.
func interval(s cron.Schedule) (time.Duration, error) {
	const few = 8
	shortest := time.Duration(0)
	last := s.Next(reference)
	for range few {
		next := s.Next(last)
		if last.IsZero() || next.IsZero() {
			return 0, errors.New("schedule ends")
		}
		if d := next.Sub(last); shortest == 0 || d < shortest {
			shortest = d
		}
		last = next
	}
	return shortest, nil
}

// offset gives a whole number of seconds in [0, window) for a name.
func offset(name string, window time.Duration) time.Duration {
	seconds := uint64(window / time.Second)
	if window <= 0 || seconds == 0 {
		return 0
	}
	// A short hash such as FNV gives names that differ in their last letter
	// (cisa-1, cisa-2) offsets that are close to each other.
	sum := sha256.Sum256([]byte(name))
	return time.Duration(binary.BigEndian.Uint64(sum[:8])%seconds) * time.Second
}

type shifted struct {
	schedule cron.Schedule
	by       time.Duration
}

func (s shifted) Next(t time.Time) time.Time {
	next := s.schedule.Next(t.Add(-s.by))
	if next.IsZero() {
		return next
	}
	return next.Add(s.by)
}

type phased struct{ every, offset time.Duration }

func (p phased) Next(t time.Time) time.Time {
	into := t.Sub(time.Unix(0, 0).Add(p.offset)) % p.every
	if into < 0 {
		into += p.every
	}
	return t.Add(p.every - into)
}
