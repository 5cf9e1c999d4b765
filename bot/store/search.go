package store

import (
	"errors"
	"time"

	"github.com/dustin/go-humanize"

	"tipoff/filters"
	"tipoff/sources/story"
)

// Search is a question to the archive.
type Search struct {
	// Filter decides. Its Need tells the index where to look.
	Filter *filters.Filter
	// Since and Until bound [story.Story.Time]; zero is open.
	Since, Until time.Time
	// Limit is how many hits to return at the most.
	Limit int
	// Before is the cursor of the page before, or empty for the first page.
	Before string
	// ByRelevance asks for the best hits first, as sort:relevance in the query
	// does; otherwise it is the newest. See [Ranked].
	ByRelevance bool
}

// Ranked is how many hits a search by relevance ranks, the newest ones: those
// that fit best among them come first, and there are no more.
const Ranked = 2000

// Best reports whether the best hits are to come first.
func (q Search) Best() bool { return q.ByRelevance || q.Filter != nil && q.Filter.ByRelevance() }

// Span is the span of time in which a hit can be: zero is open.
func (q Search) Span() (since, until time.Time) {
	since, until = q.Since, q.Until
	if q.Filter == nil {
		return since, until
	}
	if t := q.Filter.Since(); t.After(since) {
		since = t
	}
	if t := q.Filter.Before(); !t.IsZero() && (until.IsZero() || t.Before(until)) {
		until = t
	}
	return since, until
}

// Hit is a story that was found; Cursor continues after it.
type Hit struct {
	Story  story.Story
	Cursor string
}

// ErrLimit is the cause with which a context ends whose time for a search is up
// (see context.WithTimeoutCause). A search in such a context fails with a
// [*LimitError].
var ErrLimit = errors.New("the time for a search is up")

// LimitError says how far a search came until its time was up.
type LimitError struct {
	// Back is the time of the oldest story that was looked at; zero where there
	// was none.
	Back time.Time
	// Cursor continues there; empty where Back is zero.
	Cursor string
}

func (e *LimitError) Error() string {
	how := "it came to no story"
	if !e.Back.IsZero() {
		how = "it came back to " + e.Back.Format("2006-01-02 15:04") + " UTC"
	}
	return "the search took too long and was stopped; " + how + ". Add a word, or a time such as since:7d"
}

// Is makes it an [ErrLimit].
func (e *LimitError) Is(target error) bool { return target == ErrLimit }

// Tally counts the stories that a search finds, by day.
type Tally struct {
	// Hits is how many there are in all.
	Hits int
	// Days are those with hits, the oldest first.
	Days []DayCount
}

// DayCount is how many stories there are of a day, in UTC.
type DayCount struct {
	Day  time.Time `json:"day"` // its beginning
	Hits int       `json:"hits"`
}

// BackTest is what a query would have found in the archive.
type BackTest struct {
	Hits int
	// Days is how far back the archive really reaches within the time asked
	// for, so that Hits/Days is the rate; zero in an empty archive.
	Days float64
	// ByDay counts the hits of each day that has some, the oldest first.
	ByDay []DayCount
	// Samples are some of the hits, newest first.
	Samples []story.Story
	// Overlap counts, by watch, the hits that the watch matches too, of the
	// newest Compared ones. Watches with none are left out.
	Overlap  map[string]int
	Compared int
}

// OverlapOf says for people of which hits the overlap is: "the newest 1,000 hits",
// or "" where it is of all.
func (b BackTest) OverlapOf() string {
	if b.Compared >= b.Hits {
		return ""
	}
	return "the newest " + humanize.Comma(int64(b.Compared)) + " hits"
}

// Chart is the hits of a back-test up to now by equal spans of days, the oldest
// first: as few days a span as give at most so many spans. There are none where
// the back-test is of less than two days.
func (b BackTest) Chart(now time.Time, most int) (days int, hits []int) {
	const day = 24 * time.Hour
	last := now.UTC().Truncate(day)
	first := now.UTC().Add(-time.Duration(b.Days * float64(day))).Truncate(day)
	n := int(last.Sub(first)/day) + 1
	if n < 2 || most < 1 {
		return 0, nil
	}
	days = (n + most - 1) / most
	hits = make([]int, (n+days-1)/days)
	for _, d := range b.ByDay {
		// The last span ends with today; the first may be shorter.
		if i := len(hits) - 1 - int(last.Sub(d.Day)/day)/days; i >= 0 && i < len(hits) {
			hits[i] += d.Hits
		}
	}
	return days, hits
}
