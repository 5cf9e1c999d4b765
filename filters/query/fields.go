package query

import (
	"slices"
	"strings"

	"github.com/agnivade/levenshtein"
)

// Field says where a term looks, or what a value or number is of.
type Field string

// The fields. What is said of each is what it is for; package filters decides
// what matches.
const (
	Any Field = "" // title, summary or content

	// Fields of words take words, phrases, prefixes, NEAR and regular
	// expressions.
	Title  Field = "title" // the headline
	Body   Field = "body"  // summary or content
	Author Field = "author"
	URL    Field = "url"

	// Source and Tag look at whole names. They take no NEAR and no exact case.
	Source Field = "source"
	Tag    Field = "tag"

	// Fields of values take a text as it is.
	Domain  Field = "domain" // of the URL; takes regular expressions too
	Country Field = "country"
	Actor   Field = "actor"
	Malware Field = "malware"
	CVE     Field = "cve"
	Set     Field = "set" // a topic pack
	Lang    Field = "lang"
	KEV     Field = "kev" // yes or no: a vulnerability known to be exploited
	Since   Field = "since"
	Before  Field = "before"
	Sort    Field = "sort" // the order of a search: relevance

	// Numbers take comparisons alone.
	CVSS     Field = "cvss"
	EPSS     Field = "epss"
	Severity Field = "severity" // one of Severities
	Sources  Field = "sources"  // how many tell the story
)

// kind is how a field is written.
type kind int

const (
	ofWords kind = iota
	ofNames
	ofValues
	ofNumbers
)

// Fields lists the fields that can be written in a query.
var Fields = []Field{
	Title, Body, Author, URL, Source, Tag,
	Domain, Country, Actor, Malware, CVE, Set, Lang, KEV, Since, Before, Sort,
	CVSS, EPSS, Severity, Sources,
}

func (f Field) kind() kind {
	switch f {
	case Any, Title, Body, Author, URL:
		return ofWords
	case Source, Tag:
		return ofNames
	case CVSS, EPSS, Severity, Sources:
		return ofNumbers
	}
	return ofValues
}

// takesRegex reports whether f is text that a regular expression can look at.
func (f Field) takesRegex() bool { return f.kind() <= ofNames || f == Domain }

// takesPrefix reports whether a star after a value of f stands for the rest of
// it. Elsewhere, a star is part of the text: in cve:2024-* it is a number's.
func (f Field) takesPrefix() bool { return f == Domain || f == Actor || f == Malware }

// takesAnything reports whether f can be asked for whatever is there.
func (f Field) takesAnything() bool {
	return f != Set && f != KEV && f != Since && f != Before && f != Sort
}

// operand is what an error expects in field f.
func (f Field) operand() string {
	if f.kind() == ofValues {
		return "a value or a group in ( )"
	}
	return operand
}

// right is an example of f rightly used.
func (f Field) right() string {
	switch f {
	case Any:
		return ""
	case CVSS:
		return "cvss>=7"
	case EPSS:
		return "epss>0.5"
	case Severity:
		return "severity>=high"
	case Sources:
		return "sources>=3"
	}
	return string(f) + ":"
}

// Texts for errors.
const (
	operand     = `a word, a "phrase", a prefix* or a group in ( )`
	comparisons = "cvss, epss, severity or sources"
	orQuotes    = " (or quotes around it, to look for the words)"
	fieldNames  = "one of the fields title:, body:, source:, tag:, country:, actor:, malware:, cve:, set: and others"
)

// synonyms are names of fields elsewhere, and what people take them for.
var synonyms = map[string]Field{
	"headline": Title, "subject": Title, "intitle": Title,
	"text": Body, "content": Body, "summary": Body, "description": Body, "intext": Body,
	"by": Author, "byline": Author, "writer": Author,
	"link": URL, "href": URL, "inurl": URL, "address": URL,
	"feed": Source, "outlet": Source, "publisher": Source,
	"category": Tag, "label": Tag, "topic": Tag,
	"site": Domain, "website": Domain, "host": Domain, "hostname": Domain,
	"language": Lang, "locale": Lang,
	"nation": Country, "countries": Country, "geo": Country,
	"group": Actor, "threat": Actor, "adversary": Actor,
	"family": Malware, "tool": Malware,
	"cves": CVE, "vuln": CVE, "vulnerability": CVE,
	"pack": Set, "packs": Set,
	"exploited": KEV,
	"after":     Since, "from": Since, "newer": Since,
	"until": Before, "older": Before,
	"order": Sort, "orderby": Sort, "rank": Sort,
	"score": CVSS, "cvssv3": CVSS, "probability": EPSS, "priority": Severity, "risk": Severity, "level": Severity,
}

// fieldNamed returns the field of that name, in any case.
func fieldNamed(name string) (Field, bool) {
	f := Field(strings.ToLower(name))
	return f, slices.Contains(Fields, f)
}

// nearest returns the field that somebody who wrote name may have meant, among
// those that are wanted, or Any.
func nearest(name string, wanted func(Field) bool) Field {
	name = strings.ToLower(name)
	if f, ok := synonyms[name]; ok && wanted(f) {
		return f
	}
	best, least := Any, len(name)
	for _, f := range Fields {
		d := levenshtein.ComputeDistance(name, string(f))
		if wanted(f) && d <= 1+len(f)/5 && d < least {
			best, least = f, d
		}
	}
	return best
}
