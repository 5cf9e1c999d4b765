package kev

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"tipoff/sources"
)

// Limits of a catalogue. The texts' are in bytes of UTF-8, and let every
// headline fit into a story's title.
const (
	maxEntries = 50_000
	maxVendor  = 80
	maxProduct = 100
	maxName    = 200
	maxText    = 8 << 10
)

// Catalog is the catalogue as one answer has it.
type Catalog struct {
	Title   string
	Version string
	// Released is zero where the catalogue does not say.
	Released time.Time
	// Entries are in the order of the catalogue, each CVE once.
	Entries []Entry
	// Skipped counts entries that could not be used, with SkipReason for one of them.
	Skipped    int
	SkipReason string

	// unread are the CVEs of entries that are there and could not be used.
	unread map[string]bool
	// nameless counts such entries that do not even give their CVE.
	nameless int
}

// Entry is one vulnerability. Its texts are one line each. Its days are
// midnight UTC, or zero where none is given that can be read.
type Entry struct {
	// CVE is the id in capitals: "CVE-2024-8068".
	CVE     string
	Vendor  string
	Product string
	// Name is the catalogue's, and mostly has vendor, product and flaw in it.
	Name        string
	Description string
	// Action is what the catalogue asks for by the day Due.
	Action string
	Added  time.Time
	Due    time.Time
	// Ransomware is true where the vulnerability is known from campaigns of
	// ransomware; false means no more than that none is known.
	Ransomware bool
}

// Parse reads a catalogue in the JSON that CISA publishes. An entry whose
// fields are of other types than there, or that has no CVE id, is skipped. The
// error is a *[sources.Error].
// https://www.cisa.gov/sites/default/files/feeds/known_exploited_vulnerabilities_schema.json
func Parse(body []byte) (Catalog, error) {
	body = bytes.TrimSpace(bytes.TrimPrefix(body, []byte("\xef\xbb\xbf")))
	switch {
	case len(body) == 0:
		return Catalog{}, failing("the answer is empty: check that the source's url is that of the KEV catalogue as JSON")
	case body[0] == '<':
		return Catalog{}, failing("this is a web page or XML, not the KEV catalogue: put the address of its JSON into the source's url (CISA's is %s)", official)
	}
	var doc struct {
		Title    loose   `json:"title"`
		Version  loose   `json:"catalogVersion"`
		Released loose   `json:"dateReleased"`
		Entries  entries `json:"vulnerabilities"`
	}
	if err := json.Unmarshal(body, &doc); err != nil {
		return Catalog{}, explain(body, err)
	}
	if !doc.Entries.listed {
		return Catalog{}, failing("this JSON has no list of vulnerabilities, so it is not the KEV catalogue: put the address of its JSON into the source's url (CISA's is %s)", official)
	}
	c := doc.Entries.Catalog
	if len(c.Entries) == 0 {
		if c.Skipped > 0 {
			return Catalog{}, failing("none of the catalogue's %d entries can be read (%s): its format may have changed, look for a newer version of this program", c.Skipped, c.SkipReason)
		}
		return Catalog{}, failing("the catalogue is empty, which it never is: it is read again at the next visit")
	}
	c.Title, c.Version = line(string(doc.Title), maxName), line(string(doc.Version), maxVendor)
	if t, err := time.Parse(time.RFC3339, string(doc.Released)); err == nil {
		c.Released = t.UTC()
	}
	return c, nil
}

const official = "https://www.cisa.gov/sites/default/files/feeds/known_exploited_vulnerabilities.json"

func failing(format string, args ...any) error {
	return &sources.Error{State: sources.Failing, Text: fmt.Sprintf(format, args...)}
}

var errTooMany = errors.New("too many entries")

func explain(body []byte, err error) error {
	if errors.Is(err, errTooMany) {
		return failing("the catalogue has more than %d entries and was not read: check that the source's url is that of a KEV catalogue", maxEntries)
	}
	if syntax, ok := errors.AsType[*json.SyntaxError](err); ok && body[0] == '{' {
		if syntax.Offset >= int64(len(body)) {
			return failing("the catalogue ends in the middle: it is read again at the next visit")
		}
		return failing("the JSON of the catalogue is broken at byte %d: its owner has to mend it", syntax.Offset)
	}
	return failing("this is not the KEV catalogue: put the address of its JSON into the source's url (CISA's is %s)", official)
}

// loose is a text of the head, where a value of another type costs nothing.
type loose string

// UnmarshalJSON takes a string, and anything else for none.
func (l *loose) UnmarshalJSON(b []byte) error {
	var s string
	if json.Unmarshal(b, &s) == nil {
		*l = loose(s)
	}
	return nil
}

// entries collects the list as it is read, so that a long list of nothing does
// not take many times its size.
type entries struct {
	Catalog

	listed bool
}

// UnmarshalJSON reads a list, and leaves listed false for anything else.
func (l *entries) UnmarshalJSON(b []byte) error {
	if len(b) == 0 || b[0] != '[' {
		return nil
	}
	*l = entries{Catalog: Catalog{unread: map[string]bool{}}, listed: true}
	known := map[string]bool{}
	d := json.NewDecoder(bytes.NewReader(b))
	if _, err := d.Token(); err != nil {
		return err
	}
	for d.More() {
		var raw json.RawMessage
		if err := d.Decode(&raw); err != nil {
			return err
		}
		if len(l.Entries)+l.Skipped >= maxEntries {
			return errTooMany
		}
		e, reason := parseEntry(raw)
		switch {
		case reason == "" && known[e.CVE]:
			reason = e.CVE + " is in the catalogue twice"
		case reason == "":
			known[e.CVE] = true
			l.Entries = append(l.Entries, e)
			continue
		case e.CVE != "":
			l.unread[e.CVE] = true
		default:
			l.nameless++
		}
		l.Skipped++
		l.SkipReason = reason
	}
	return nil
}

// cveID: https://www.cve.org/Resources/Roles/Cnas/CVE-Record-Format, with an
// end to its digits.
var cveID = regexp.MustCompile(`^CVE-[0-9]{4}-[0-9]{4,10}$`)

// parseEntry reads one entry. An entry with a reason is not to be used; it has
// its CVE if that could be read.
func parseEntry(raw []byte) (e Entry, reason string) {
	var v struct {
		CVE         string `json:"cveID"`
		Vendor      string `json:"vendorProject"`
		Product     string `json:"product"`
		Name        string `json:"vulnerabilityName"`
		Added       string `json:"dateAdded"`
		Description string `json:"shortDescription"`
		Action      string `json:"requiredAction"`
		Due         string `json:"dueDate"`
		Ransomware  string `json:"knownRansomwareCampaignUse"`
	}
	err := json.Unmarshal(raw, &v) // which goes on after a wrong type
	e.CVE = strings.ToUpper(strings.TrimSpace(v.CVE))
	if !cveID.MatchString(e.CVE) {
		return Entry{}, "an entry without a CVE id"
	}
	if err != nil {
		field := "a field"
		if wrong, ok := errors.AsType[*json.UnmarshalTypeError](err); ok && wrong.Field != "" {
			field = wrong.Field
		}
		return e, e.CVE + ": " + field + " is not a text"
	}
	e.Vendor, e.Product, e.Name = name(v.Vendor, maxVendor), name(v.Product, maxProduct), name(v.Name, maxName)
	e.Description, e.Action = line(v.Description, maxText), line(v.Action, maxText)
	e.Added, e.Due = day(v.Added), day(v.Due)
	e.Ransomware = strings.EqualFold(strings.TrimSpace(v.Ransomware), "known")
	return e, ""
}

// day reads "2024-05-01", with or without a time behind it.
func day(s string) time.Time {
	s = strings.TrimSpace(s)
	t, err := time.Parse(time.DateOnly, s[:min(len(s), len(time.DateOnly))])
	if err != nil {
		return time.Time{}
	}
	return t
}

// name is a line that no markup can hide in.
func name(s string, limit int) string {
	return line(angles.Replace(s), limit)
}

var angles = strings.NewReplacer("<", " ", ">", " ")

// line makes one line of a text, of at most limit bytes.
func line(s string, limit int) string {
	s = strings.Join(strings.FieldsFunc(s, func(r rune) bool { return unicode.IsSpace(r) || unicode.IsControl(r) }), " ")
	if len(s) <= limit {
		return s
	}
	end := limit - len("…")
	for end > 0 && !utf8.RuneStart(s[end]) {
		end--
	}
	if i := strings.LastIndexByte(s[:end], ' '); i > end/2 {
		end = i
	}
	return strings.TrimRight(s[:end], " ,;:") + "…"
}
