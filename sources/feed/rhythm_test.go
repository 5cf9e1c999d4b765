package feed

import (
	"testing"
	"time"

	"tipoff/sources"
)

func TestRhythmOfFeeds(t *testing.T) {
	const sy = ` xmlns:sy="http://purl.org/rss/1.0/modules/syndication/"`
	for _, test := range []struct {
		name, feed string
		want       sources.Rhythm
	}{
		{"nothing", `<rss version="2.0"><channel><title>x</title></channel></rss>`, sources.Rhythm{}},
		{"ttl", `<rss version="2.0"><channel><ttl> 30 </ttl></channel></rss>`, sources.Rhythm{Wait: 30 * time.Minute}},
		{"no number", `<rss version="2.0"><channel><ttl>soon</ttl></channel></rss>`, sources.Rhythm{}},
		{
			"skipped hours and days",
			`<rss version="2.0"><channel><skipHours><hour>0</hour><hour>23</hour><hour>99</hour></skipHours><skipDays><day>Sunday</day><day>someday</day></skipDays></channel></rss>`,
			sources.Rhythm{SkipHours: 1 | 1<<23, SkipDays: 1},
		},
		{
			"four times a day", `<rss version="2.0"` + sy + `><channel><sy:updatePeriod> daily </sy:updatePeriod><sy:updateFrequency>4</sy:updateFrequency></channel></rss>`,
			sources.Rhythm{Wait: 6 * time.Hour},
		},
		{
			"a period alone, in Atom", `<feed xmlns="http://www.w3.org/2005/Atom"` + sy + `><title>x</title><sy:updatePeriod>hourly</sy:updatePeriod></feed>`,
			sources.Rhythm{Wait: time.Hour},
		},
		{
			"never", `<rss version="2.0"` + sy + `><channel><sy:updatePeriod>hourly</sy:updatePeriod><sy:updateFrequency>0</sy:updateFrequency></channel></rss>`,
			sources.Rhythm{Wait: time.Hour},
		},
	} {
		f, err := Parse([]byte(test.feed), "", "", time.Now())
		if err != nil || f.Rhythm != test.want {
			t.Errorf("%s: got %+v, %v; want %+v", test.name, f.Rhythm, err, test.want)
		}
	}
}
