// Package kev reads the catalogue of known exploited vulnerabilities that the
// United States' CISA publishes, and others of the same form. An entry is a
// story, and so is what happens to it later: ransomware that uses it, a new due
// date, its end. What the catalogue says of a CVE is there without stories too
// (see [Parse]).
//
// The package fetches and stores nothing. It tells what changed by a memory
// that the caller keeps from one visit to the next.
package kev

import (
	"fmt"
	"html"
	"slices"
	"strings"
	"time"

	"github.com/mmcdole/gofeed"

	"tipoff/sources"
	"tipoff/sources/feed"
	"tipoff/sources/story"
)

// Read is the [feed.Format] of sources of kind KEV. The changes since
// d.Memory come first, published now; then the entries, newest first. A memory
// that is empty or damaged is that of a first visit, which has no changes.
//
// A story's link is the NVD's page of the CVE. As others link there too, and
// the entry and its changes all do, the link tells none of them apart.
//
// A catalogue that lost more than half of its entries is an error. So is an
// empty one. The error is a *[sources.Error].
func Read(_ sources.Source, d feed.Document, now time.Time) (feed.Feed, error) {
	c, err := Parse(d.Body)
	if err != nil {
		return feed.Feed{}, err
	}
	old, ok := parseMemory(d.Memory)
	if !ok {
		old = nil
	}
	if old != nil {
		if have, had := len(c.Entries)+len(c.unread)+c.nameless, len(old.order); have*2 < had {
			return feed.Feed{}, failing("the catalogue has %d entries where it had %d: it is read again at the next visit; if it stays so, give the source another name to begin anew", have, had)
		}
	}
	next, changes := compare(old, c, now)
	keep := next.String()
	if old != nil && !c.Released.IsZero() && c.Released.Before(old.released) {
		// A cache gave an older catalogue. What it lacks is not removed.
		changes, keep = nil, old.String()
	}
	f := toFeed(c, next, changes, now)
	f.Memory = keep
	f.Facts = &sources.Facts{About: sources.KEVFact, CVEs: make([]story.CVE, 0, len(c.Entries)), All: true}
	for _, e := range c.Entries {
		f.Facts.CVEs = append(f.Facts.CVEs, story.CVE{ID: e.CVE, KEV: true})
	}
	return f, nil
}

// toFeed makes stories by way of [feed.Convert], which keeps the limits.
func toFeed(c Catalog, m *memory, changes []change, now time.Time) feed.Feed {
	slices.SortStableFunc(c.Entries, func(a, b Entry) int { return b.Added.Compare(a.Added) })
	in := &gofeed.Feed{Title: html.EscapeString(c.Title), Language: "en"}
	about := make(map[string]facts, len(changes)+len(c.Entries))
	add := func(e Entry, guid, title, summary string, published time.Time, listed bool) {
		tags := []string{"kev"}
		if e.Ransomware {
			tags = append(tags, "ransomware")
		}
		about[guid] = facts{tags, story.CVE{ID: e.CVE, KEV: listed}}
		item := &gofeed.Item{
			GUID: guid, Title: html.EscapeString(title), Description: html.EscapeString(summary),
			Link: "https://nvd.nist.gov/vuln/detail/" + e.CVE,
		}
		if !published.IsZero() {
			item.PublishedParsed = &published
		}
		in.Items = append(in.Items, item)
	}
	for _, ch := range changes {
		title, summary := ch.text()
		add(ch.entry, ch.guid(now), title, summary, now, ch.what != takenOut)
	}
	for _, e := range c.Entries {
		title, summary := addition(e, m.entries[e.CVE].use)
		add(e, e.CVE, title, summary, e.Added, true)
	}
	f := feed.Convert(in, nil, now)
	for n := range f.Items {
		i := &f.Items[n]
		a := about[i.GUID]
		i.LinkShared = true
		i.Story.Tags = a.tags
		i.Story.Entities.CVEs = []story.CVE{a.cve}
	}
	f.Skipped += c.Skipped
	if c.SkipReason != "" {
		f.SkipReason = c.SkipReason
	}
	return f
}

// facts are what an item has beside its text.
type facts struct {
	tags []string
	cve  story.CVE
}

// addition gives headline and summary of an entry.
func addition(e Entry, u use) (title, summary string) {
	title = subject(e) + " added to KEV"
	if !e.Due.IsZero() {
		title += ", due " + dayText(e.Due)
	}
	if u == fromStart {
		title += ", used in ransomware campaigns"
	}
	return title, details(e, u == fromStart)
}

// text gives headline and summary of a change.
func (c change) text() (title, summary string) {
	e := c.entry
	switch c.what {
	case becameKnown:
		title = subject(e) + " now known from ransomware campaigns"
		if !e.Due.IsZero() {
			title += ", KEV due " + dayText(e.Due)
		}
		return title, sentences("The catalogue now says that ransomware campaigns use this vulnerability.", details(e, false))
	case dueMoved:
		if c.old.due.IsZero() {
			return subject(e) + " KEV due date set to " + dayText(e.Due), details(e, e.Ransomware)
		}
		moved := fmt.Sprintf("from %s to %s", dayText(c.old.due), dayText(e.Due))
		return subject(e) + " KEV due date changed " + moved,
			sentences("The due date was moved "+moved+".", details(e, e.Ransomware))
	}
	title = e.CVE + " removed from KEV"
	summary = "The catalogue of known exploited vulnerabilities does not list " + e.CVE + " any more."
	if c.old.what != "" {
		title = c.old.what + " (" + e.CVE + ") removed from KEV"
	}
	if !c.old.due.IsZero() {
		summary += " It was due " + dayText(c.old.due) + "."
	}
	return title, summary
}

// guid tells a change from the addition, whose guid is the CVE, and from other
// changes. The day is in it because things can change back and forth; within a
// day that would be an error of the catalogue's.
func (c change) guid(now time.Time) string {
	parts := []string{c.entry.CVE, string(c.what)}
	if c.what == dueMoved {
		parts = append(parts, dayText(c.old.due), dayText(c.entry.Due))
	}
	return strings.Join(append(parts, "on", now.UTC().Format(time.DateOnly)), " ")
}

// subject says what is vulnerable, how, and the CVE. The catalogue's name for
// an entry mostly has all; a vendor or product that it leaves out is added.
func subject(e Entry) string {
	var parts []string
	if !strings.Contains(strings.ToLower(e.Name), strings.ToLower(e.Vendor)) {
		parts = append(parts, e.Vendor)
	}
	if !shareWord(e.Name, e.Product) && !strings.HasPrefix(e.Product, "Multiple") {
		parts = append(parts, e.Product)
	}
	if e.Name != "" {
		parts = append(parts, e.Name)
	}
	if len(parts) == 0 {
		return e.CVE
	}
	return strings.Join(parts, " ") + " (" + e.CVE + ")"
}

// shareWord says whether a name has a word of the product in it. Names shorten
// products too much to ask for more. No product is in every name.
func shareWord(name, product string) bool {
	name, product = strings.ToLower(name), strings.ToLower(product)
	return strings.Contains(name, product) || slices.ContainsFunc(strings.Fields(product), func(w string) bool {
		w = strings.Trim(w, "(),")
		return len(w) > 2 && w != "and" && w != "for" && strings.Contains(name, w)
	})
}

// thing is vendor and product in few words.
func thing(e Entry) string {
	if strings.HasPrefix(strings.ToLower(e.Product), strings.ToLower(e.Vendor)) {
		return e.Product
	}
	return strings.TrimSpace(e.Vendor + " " + e.Product)
}

// details are what an entry says, as sentences.
func details(e Entry, ransomware bool) string {
	parts := []string{sentence(e.Description)}
	if e.Action != "" {
		parts = append(parts, "Required action: "+sentence(e.Action))
	}
	if !e.Due.IsZero() {
		parts = append(parts, "Due "+dayText(e.Due)+".")
	}
	if ransomware {
		parts = append(parts, "Known from ransomware campaigns.")
	}
	return sentences(parts...)
}

func sentence(s string) string {
	if s == "" || strings.ContainsAny(s[len(s)-1:], ".!?") {
		return s
	}
	return s + "."
}

func sentences(list ...string) string {
	return strings.Join(slices.DeleteFunc(list, func(s string) bool { return s == "" }), " ")
}
