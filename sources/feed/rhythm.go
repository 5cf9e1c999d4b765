package feed

import (
	"strconv"
	"strings"
	"time"

	"github.com/mmcdole/gofeed"
	"github.com/mmcdole/gofeed/rss"

	"tipoff/sources"
)

// rhythmOfRSS reads what RSS itself says of how often to come.
func rhythmOfRSS(f *rss.Feed) (r sources.Rhythm) {
	if minutes, err := strconv.ParseUint(strings.TrimSpace(f.TTL), 10, 16); err == nil {
		r.Wait = time.Duration(minutes) * time.Minute
	}
	for _, s := range f.SkipHours {
		// Hours are 0 to 23, and 24 was midnight in the older form of it.
		if h, err := strconv.ParseUint(strings.TrimSpace(s), 10, 8); err == nil && h <= 24 {
			r.SkipHours |= 1 << (h % 24)
		}
	}
	for _, s := range f.SkipDays {
		for day := time.Sunday; day <= time.Saturday; day++ {
			if strings.EqualFold(strings.TrimSpace(s), day.String()) {
				r.SkipDays |= 1 << day
			}
		}
	}
	return r
}

// periods are those of the syndication module.
var periods = map[string]time.Duration{
	"hourly": time.Hour, "daily": 24 * time.Hour, "weekly": 7 * 24 * time.Hour,
	"monthly": 30 * 24 * time.Hour, "yearly": 365 * 24 * time.Hour,
}

// withPeriod adds the update period of the syndication module.
func withPeriod(r sources.Rhythm, f *gofeed.Feed) sources.Rhythm {
	value := func(name string) string {
		for _, e := range f.Extensions["sy"][name] {
			return strings.ToLower(strings.TrimSpace(e.Value))
		}
		return ""
	}
	period := periods[value("updatePeriod")]
	if n, err := strconv.ParseUint(value("updateFrequency"), 10, 16); err == nil && n > 0 {
		period /= time.Duration(n)
	}
	r.Wait = max(r.Wait, period)
	return r
}
