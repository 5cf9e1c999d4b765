package catalogue

import (
	"encoding/json"
	"errors"
	"time"

	"tipoff/sources"
	"tipoff/sources/feed"
	"tipoff/sources/story"
)

// NVD is the [feed.Format] of sources of kind NVD: CVSS base scores in the JSON
// of NIST's National Vulnerability Database, version 2.0
// (https://nvd.nist.gov/vuln/data-feeds), a year of it or what was modified
// lately. An entry without a score has none any more, such as one that was
// rejected; what a file does not name keeps what it had.
//
// Of several scores that of the primary source counts, by CVSS 4.0, else 3.1,
// 3.0 or 2.0; where no score is a primary source's, the newest version's. The
// error is a *[sources.Error].
func NVD(_ sources.Source, d feed.Document, _ time.Time) (feed.Feed, error) {
	const what = "a file of the NVD's, version 2.0"
	in, err := open(d)
	if err != nil {
		return feed.Feed{}, err
	}
	dec := json.NewDecoder(in)
	if err := toList(dec); err != nil {
		return feed.Feed{}, unread(err, what)
	}
	f := feed.Feed{Title: "NVD", Facts: &sources.Facts{About: sources.CVSSFact}}
	for dec.More() {
		var e nvdEntry
		if err := dec.Decode(&e); err != nil {
			if _, otherType := errors.AsType[*json.UnmarshalTypeError](err); !otherType {
				return feed.Feed{}, unread(err, what)
			}
			e = nvdEntry{}
		}
		if !isID(e.CVE.ID) {
			f.Skipped, f.SkipReason = f.Skipped+1, "an entry that is not of the form of the NVD's"
			continue
		}
		if len(f.Facts.CVEs) >= maxEntries {
			return feed.Feed{}, failing("the file has more than %d entries: look at what is at the source's url", maxEntries)
		}
		f.Facts.CVEs = append(f.Facts.CVEs, story.CVE{ID: e.CVE.ID, CVSS: e.CVE.score()})
	}
	if _, err := dec.Token(); err != nil { // the end of the list
		return feed.Feed{}, unread(err, what)
	}
	if n := len(f.Facts.CVEs); n < f.Skipped {
		return feed.Feed{}, failing("%d of %d entries are not of the form of the NVD's: check the source's url and kind", f.Skipped, f.Skipped+n)
	}
	return f, nil
}

// toList goes to the first entry.
func toList(dec *json.Decoder) error {
	if t, err := dec.Token(); err != nil || t != json.Delim('{') {
		return orWrong(err)
	}
	for dec.More() {
		key, err := dec.Token()
		if err != nil {
			return err
		}
		if key == "vulnerabilities" {
			t, err := dec.Token()
			if err != nil || t != json.Delim('[') {
				return orWrong(err)
			}
			return nil
		}
		var other json.RawMessage
		if err := dec.Decode(&other); err != nil {
			return err
		}
	}
	return orWrong(nil)
}

var errWrongForm = errors.New("another form")

// orWrong is the error, or one that says that the form is another.
func orWrong(err error) error {
	if err == nil {
		err = errWrongForm
	}
	return err
}

type nvdEntry struct {
	CVE nvdCVE `json:"cve"`
}

type nvdCVE struct {
	ID      string `json:"id"`
	Status  string `json:"vulnStatus"`
	Metrics struct {
		V40 []nvdMetric `json:"cvssMetricV40"`
		V31 []nvdMetric `json:"cvssMetricV31"`
		V30 []nvdMetric `json:"cvssMetricV30"`
		V2  []nvdMetric `json:"cvssMetricV2"`
	} `json:"metrics"`
}

type nvdMetric struct {
	Type string `json:"type"`
	Data struct {
		Score float64 `json:"baseScore"`
	} `json:"cvssData"`
}

// score is the base score, from 0 to 10; 0 if there is none.
func (c *nvdCVE) score() float64 {
	if c.Status == "Rejected" {
		return 0
	}
	best := 0.0
	for _, version := range [][]nvdMetric{c.Metrics.V40, c.Metrics.V31, c.Metrics.V30, c.Metrics.V2} {
		for _, m := range version {
			if m.Data.Score <= 0 || m.Data.Score > 10 {
				continue
			}
			if m.Type == "Primary" {
				return m.Data.Score
			}
			if best == 0 {
				best = m.Data.Score
			}
		}
	}
	return best
}
