// Package story holds the Story: one piece of news as the program knows it,
// whichever source told it first. It also holds what makes two items the same
// story (see [CanonicalURL] and [NewID]) and the JSON that people and other
// programs read and write.
//
// It imports nothing of this module; everything else may import it.
package story

import "time"

// Story is one piece of news. All texts are plain text: no HTML, no control
// characters except the line feeds between the paragraphs of Content. Times
// are UTC; the zero time means "not known".
//
// As input any subset of the fields will do: a title alone is a story.
type Story struct {
	ID      string `json:"id"`
	URL     string `json:"url"`
	Title   string `json:"title"`
	Summary string `json:"summary,omitempty"`
	Content string `json:"content,omitempty"`
	// Source is the name of the source that told the story first.
	Source string `json:"source"`
	// Sources lists everyone who told it, the first one first.
	Sources []Sighting `json:"sources,omitempty"`
	Author  string     `json:"author,omitempty"`
	Tags    []string   `json:"tags,omitempty"`
	// Lang is a BCP 47 tag such as "en", or empty.
	Lang string `json:"lang,omitempty"`
	// Published is the time the source gives, never later than Seen.
	Published time.Time `json:"published,omitzero"`
	// Seen is when the program first saw the story.
	Seen time.Time `json:"seen,omitzero"`
	// Updated is when the story's text last changed in its source.
	Updated time.Time `json:"updated,omitzero"`

	Entities       Entities `json:"entities,omitzero"`
	TLDR           []string `json:"tldr,omitempty"`
	ReadingMinutes int      `json:"reading_minutes,omitempty"`
	Cluster        string   `json:"cluster,omitempty"`
	Matches        []Match  `json:"matches,omitempty"`
}

// Sighting is one source's telling of a story.
type Sighting struct {
	// Name is the source's name.
	Name string `json:"name"`
	// URL is the link that this source gave.
	URL       string    `json:"url,omitempty"`
	Published time.Time `json:"published,omitzero"`
}

// Match says that a watch wanted a story, and which words of the story, as
// they stand there, made it so.
type Match struct {
	Watch string   `json:"watch"`
	Terms []string `json:"terms,omitempty"`
}

// Entities are the named things found in a story, or given with it.
type Entities struct {
	Actors    []Actor  `json:"actors,omitempty"`
	CVEs      []CVE    `json:"cves,omitempty"`
	Countries []string `json:"countries,omitempty"`
	Malware   []string `json:"malware,omitempty"`
	IOCs      []string `json:"iocs,omitempty"`
}

// IsZero reports whether no entity is known.
func (e Entities) IsZero() bool {
	return len(e.Actors)+len(e.CVEs)+len(e.Countries)+len(e.Malware)+len(e.IOCs) == 0
}

// Actor is a threat actor: its main name, the alias that the text used, and
// the ISO 3166 code of the country it is attributed to.
type Actor struct {
	Name    string `json:"name"`
	Alias   string `json:"alias,omitempty"`
	Country string `json:"country,omitempty"`
}

// CVE is a vulnerability id with what the catalogues know of it. CVSS is 0 to
// 10, EPSS 0 to 1; zero means not known.
type CVE struct {
	ID   string  `json:"id"`
	KEV  bool    `json:"kev,omitempty"`
	CVSS float64 `json:"cvss,omitempty"`
	EPSS float64 `json:"epss,omitempty"`
}

// Time is the time to sort the story by: when it was published, or else when
// it was first seen.
func (s *Story) Time() time.Time {
	if s.Published.IsZero() || s.Published.After(s.Seen) && !s.Seen.IsZero() {
		return s.Seen
	}
	return s.Published
}
