package sources

import "time"

// Rhythm is what a feed says of how often to come: the ttl, skipHours and
// skipDays of RSS, and the update period of the syndication module. The zero
// Rhythm says nothing.
// https://www.rssboard.org/rss-specification
// https://web.resource.org/rss/1.0/modules/syndication/
type Rhythm struct {
	// Wait is how long an answer is good for.
	Wait time.Duration `json:"wait,omitempty"`
	// SkipHours has a bit for each hour of the day, in UTC, and SkipDays for
	// each [time.Weekday], in which nothing new comes.
	SkipHours uint32 `json:"skip_hours,omitempty"`
	SkipDays  uint8  `json:"skip_days,omitempty"`
}

// Next is from when on a source that was asked now may be asked again. Of Wait
// at most patience counts: the default of many a blog engine says an hour for
// all that it serves. It is zero if nothing is said.
func (r Rhythm) Next(now time.Time, patience time.Duration) time.Time {
	var next time.Time
	if wait := min(r.Wait, patience); wait > 0 {
		next = now.Add(wait)
	}
	if r.SkipHours == 0 && r.SkipDays == 0 {
		return next
	}
	at := next
	if at.IsZero() {
		at = now
	}
	at = at.UTC()
	const week = 7 * 24
	for range week {
		if r.SkipHours&(1<<at.Hour()) == 0 && r.SkipDays&(1<<at.Weekday()) == 0 {
			if at.After(now) {
				return at
			}
			return next
		}
		at = at.Truncate(time.Hour).Add(time.Hour)
	}
	return next // all is skipped: a slip
}
