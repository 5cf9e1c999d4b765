// Package sources says what a source is and what a visit to it brings. The
// folders below it do the visiting: fetch speaks HTTP, feed reads what came,
// schedule says when to go.
package sources

import (
	"time"

	"tipoff/sources/story"
)

// Source is one place that stories come from.
type Source struct {
	// Name is short, unique and stays the same: the archive knows a source by it.
	Name string
	URL  string
	// Kind says what is at the URL.
	Kind Kind
	// Items and Fields say where the items of kinds JSON and Page are, and what
	// of each makes a story: paths into JSON, or CSS selectors. Fields has them
	// by the names of [FieldNames].
	Items  string
	Fields map[string]string
	// FullText asks for the page of each new story, to read the text there.
	FullText bool
	// Schedule is a cron specification of five fields, or a descriptor such
	// as "@every 10m" or "@hourly".
	Schedule string
	Tags     []string
	// Backfill is how many of the newest stories of a first visit are news.
	// All others of that visit are the baseline: stored, and not alerted.
	Backfill int
	// BasicAuth is "user:password", or empty.
	BasicAuth string
	Headers   map[string]string
	// Proxy is the URL of an HTTP or SOCKS5 proxy, or empty.
	Proxy string
}

// Kind is what a source's URL leads to.
type Kind string

// The kinds of source.
const (
	Feed    Kind = "feed"    // RSS, Atom, RDF or JSON Feed
	KEV     Kind = "kev"     // CISA's Known Exploited Vulnerabilities catalogue
	EPSS    Kind = "epss"    // FIRST's Exploit Prediction Scoring System: facts, no stories
	NVD     Kind = "nvd"     // NIST's National Vulnerability Database: facts, no stories
	JSON    Kind = "json"    // any JSON with a list in it
	Page    Kind = "page"    // a web page with a list in it
	Sitemap Kind = "sitemap" // a sitemap, of news best
)

// Kinds are all of them.
var Kinds = []Kind{Feed, KEV, EPSS, NVD, JSON, Page, Sitemap}

// Catalogue reports whether sources of the kind are whole catalogues: files of
// many megabytes that change once a day.
func (k Kind) Catalogue() bool { return k == EPSS || k == NVD }

// Facts are what a catalogue says of vulnerabilities.
type Facts struct {
	// About says which of their facts these are. The others are empty, and none
	// of the catalogue's business.
	About FactKind
	CVEs  []story.CVE
	// All is true where a vulnerability that is not among them has no such fact
	// any more.
	All bool
}

// FactKind is a field of [story.CVE].
type FactKind string

// The kinds of facts.
const (
	KEVFact  FactKind = "kev"
	EPSSFact FactKind = "epss"
	CVSSFact FactKind = "cvss"
)

// FieldNames are the parts of a story that [Source.Fields] can give. Without
// title and url there is no story.
var FieldNames = []string{"title", "url", "summary", "content", "published", "author", "tags", "guid"}

// Validators are what a server gave to ask again with: send them back, and an
// unchanged feed costs a 304.
type Validators struct {
	ETag         string
	LastModified string
	// BodyHash is of the last body that was read, in hex, for servers that
	// have no validators of their own.
	BodyHash string
	// Memory is what a kind of source keeps from one readable answer to the
	// next, to tell what changed between them.
	Memory string
	// Rhythm is what the feed says of how often to come.
	Rhythm Rhythm
}

// Item is a story as one source tells it. GUID is the source's own id for it.
// Where the source gives none that tells its items apart it is empty, and the
// link tells, or made of link and title if that does not. The story has no id
// of its own yet.
type Item struct {
	GUID  string
	Story story.Story
	// FullText is the text of the story's own page, where that was read and is
	// longer than what the source gives.
	FullText string
	// LinkShared is true where the story's link does not tell it from others:
	// several items of the visit have it, or it is the site's front page. Such
	// a story is known by source and GUID alone.
	LinkShared bool
}

// Visit is what one poll of a source brought. Err is nil for an answer that
// could be read, an unchanged one included.
type Visit struct {
	// Status is the HTTP status, or 0 where no answer came.
	Status int
	// Unchanged is true for a 304, and for the same bytes as the last time.
	Unchanged bool
	// Title is the feed's own name.
	Title string
	// Format is what the answer was read as, such as "RSS 2.0"; empty for what
	// the kind of the source says.
	Format string
	// Items are in the order of the feed, which usually is newest first.
	Items      []Item
	Validators Validators
	// NotBefore is the earliest time at which the server wants to be asked
	// again (Retry-After), or zero.
	NotBefore time.Time
	// Fresh is until when a cache would give the same answer, or zero.
	Fresh time.Time
	// Moved is the source's new address, where its server has said that it is
	// for good; else empty.
	Moved string
	// Facts are what a catalogue says of vulnerabilities, or nil.
	Facts *Facts
	// Partial is true for an answer that ended in the middle: there were more
	// items. It comes with the Validators of the visit before.
	Partial bool
	// Skipped counts items that could not be used, with SkipReason for one of them.
	Skipped    int
	SkipReason string
	Err        *Error
	// Release is called when nothing of the visit is needed any more, where it
	// is not nil: other large visits may be waiting.
	Release func()
}

// State is the health of a source, as people and JSON know it.
type State string

// The states of a source. Blocked is an answer that refuses us (401, 403,
// an address that is not allowed); Limited is a 429 or 503 with a time to wait.
const (
	New     State = "new"
	OK      State = "ok"
	Limited State = "limited"
	Failing State = "failing"
	Blocked State = "blocked"
	Gone    State = "gone"
	Silent  State = "silent"
)

// Error is why a source could not be read: a state for programs and a
// sentence for people, which says what to do where something can be done.
// It never holds credentials.
type Error struct {
	State  State
	Status int
	Text   string
}

func (e *Error) Error() string { return e.Text }
