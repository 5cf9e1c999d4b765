package catalogue

import (
	"encoding/csv"
	"errors"
	"io"
	"strconv"
	"strings"
	"time"

	"tipoff/sources"
	"tipoff/sources/feed"
	"tipoff/sources/story"
)

// EPSS is the [feed.Format] of sources of kind EPSS: the probability that a
// vulnerability is exploited within thirty days, for all that are known, as
// comma-separated values under the names cve and epss
// (https://www.first.org/epss/data_stats). Rows that cannot be read are
// skipped. The error is a *[sources.Error].
func EPSS(_ sources.Source, d feed.Document, _ time.Time) (feed.Feed, error) {
	const what = "a list of EPSS scores"
	in, err := open(d)
	if err != nil {
		return feed.Feed{}, err
	}
	r := csv.NewReader(in)
	r.Comment, r.ReuseRecord, r.FieldsPerRecord = '#', true, -1
	head, err := r.Read()
	if err != nil {
		return feed.Feed{}, unread(err, what)
	}
	id, score := -1, -1
	for i, name := range head {
		switch strings.ToLower(strings.TrimSpace(name)) {
		case "cve":
			id = i
		case "epss":
			score = i
		}
	}
	if id < 0 || score < 0 {
		return feed.Feed{}, failing("this is not %s, which has columns named cve and epss: check the source's url and kind", what)
	}
	f := feed.Feed{Title: "EPSS", Facts: &sources.Facts{About: sources.EPSSFact, All: true}}
	for {
		row, err := r.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		if _, bad := errors.AsType[*csv.ParseError](err); err != nil && !bad {
			return feed.Feed{}, unread(err, what)
		}
		v, ok := epssRow(row, id, score)
		if err != nil || !ok {
			f.Skipped, f.SkipReason = f.Skipped+1, "a row without an id or a probability from 0 to 1"
			continue
		}
		if len(f.Facts.CVEs) >= maxEntries {
			return feed.Feed{}, failing("the list has more than %d rows: look at what is at the source's url", maxEntries)
		}
		f.Facts.CVEs = append(f.Facts.CVEs, v)
	}
	n := len(f.Facts.CVEs)
	if n == 0 || n < f.Skipped {
		return feed.Feed{}, failing("%d of %d rows have no id and probability: check the source's url and kind", f.Skipped, f.Skipped+n)
	}
	f.Memory, err = grown(d.Memory, n)
	return f, err
}

func epssRow(row []string, id, score int) (story.CVE, bool) {
	if id >= len(row) || score >= len(row) || !isID(row[id]) {
		return story.CVE{}, false
	}
	p, err := strconv.ParseFloat(strings.TrimSpace(row[score]), 64)
	if err != nil || !(p >= 0 && p <= 1) {
		return story.CVE{}, false
	}
	// A row is one string with its fields in it, of which no more is to stay.
	return story.CVE{ID: strings.Clone(row[id]), EPSS: p}, true
}

func isID(s string) bool { return strings.HasPrefix(s, "CVE-") && len(s) <= maxID }
