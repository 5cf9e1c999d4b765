package opml

import (
	"encoding/json"
	"encoding/xml"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"

	"tipoff/sources"
)

type document struct {
	XMLName   xml.Name  `xml:"opml"`
	Version   string    `xml:"version,attr"`
	Namespace string    `xml:"xmlns:tipoff,attr"`
	Title     string    `xml:"head>title"`
	Created   string    `xml:"head>dateCreated"`
	Outlines  []outline `xml:"body>outline"`
}

type outline struct {
	Type     string `xml:"type,attr,omitempty"`
	Text     string `xml:"text,attr"`
	Title    string `xml:"title,attr"`
	XMLURL   string `xml:"xmlUrl,attr"`
	Category string `xml:"category,attr,omitempty"`
	Name     string `xml:"tipoff:name,attr"`
	Kind     string `xml:"tipoff:kind,attr,omitempty"`
	Schedule string `xml:"tipoff:schedule,attr,omitempty"`
	Backfill int    `xml:"tipoff:backfill,attr,omitempty"`
	Items    string `xml:"tipoff:items,attr,omitempty"`
	Fields   string `xml:"tipoff:fields,attr,omitempty"`
	FullText bool   `xml:"tipoff:full_text,attr,omitempty"`
	Tags     string `xml:"tipoff:tags,attr,omitempty"`
	Proxy    string `xml:"tipoff:proxy,attr,omitempty"`
	LeftOut  string `xml:"tipoff:left_out,attr,omitempty"`
}

// Write writes sources as OPML 2.0, in their order and without folders: tags
// are categories. now is the time of the export. What OPML has no place for is
// in attributes of a namespace of our own, so that [Read] gives the same
// sources back.
//
// The file holds no secrets that the program knows of: BasicAuth, the values
// of Headers, and users and passwords in addresses are left out. A comment at
// the head counts and names the sources that need theirs set again, and Read
// tells it of each. A key in the query of an address stays: without it there
// is no feed.
func Write(w io.Writer, title string, srcs []sources.Source, now time.Time) error {
	doc := document{
		Version: "2.0", Namespace: namespace, Title: title,
		// RFC 822 with four digits for the year, as the standard asks.
		Created:  now.UTC().Format("Mon, 02 Jan 2006 15:04:05 GMT"),
		Outlines: make([]outline, 0, len(srcs)),
	}
	var without []string
	for _, src := range srcs {
		o, err := toOutline(src)
		if err != nil {
			return fmt.Errorf("writing the source %s: %w", src.Name, err)
		}
		if o.LeftOut != "" {
			without = append(without, src.Name+" ("+o.LeftOut+")")
		}
		doc.Outlines = append(doc.Outlines, o)
	}
	head := xml.Header
	if len(without) > 0 {
		text := fmt.Sprintf("Secrets are left out. After an import, set them again for %d of %d sources:\n", len(without), len(srcs))
		head += "<!-- " + comment(text+strings.Join(without, "\n")) + "\n-->\n"
	}
	body, err := xml.MarshalIndent(doc, "", "  ")
	if err != nil {
		return fmt.Errorf("writing the list of feeds: %w", err)
	}
	body = append(body, '\n')
	if _, err := io.WriteString(w, head+string(body)); err != nil {
		return fmt.Errorf("writing the list of feeds: %w", err)
	}
	return nil
}

func toOutline(src sources.Source) (outline, error) {
	o := outline{
		Text: src.Name, Title: src.Name, Name: src.Name,
		Category: strings.Join(src.Tags, ","),
		Kind:     string(src.Kind), Schedule: src.Schedule, Backfill: src.Backfill,
		Items: src.Items, FullText: src.FullText,
	}
	if src.Kind == "" || src.Kind == sources.Feed {
		// Others are nothing that another reader could read.
		o.Type = "rss"
	}
	if !slices.Equal(categories(nil, o.Category), src.Tags) {
		// A tag with a comma or capitals, say. Others get what they can read.
		tags, err := json.Marshal(src.Tags)
		if err != nil {
			return outline{}, err
		}
		o.Tags = string(tags)
	}
	if len(src.Fields) > 0 {
		fields, err := json.Marshal(src.Fields)
		if err != nil {
			return outline{}, err
		}
		o.Fields = string(fields)
	}
	var leftOut []string
	var had bool
	if o.XMLURL, had = withoutUser(src.URL); had || src.BasicAuth != "" {
		leftOut = append(leftOut, "basic_auth")
	}
	for _, name := range slices.Sorted(maps.Keys(src.Headers)) {
		leftOut = append(leftOut, "headers."+name)
	}
	if o.Proxy, had = withoutUser(src.Proxy); had {
		leftOut = append(leftOut, "proxy's user and password")
	}
	o.LeftOut = strings.Join(leftOut, ", ")
	return o, nil
}

// comment makes a text fit for an XML comment, in which two hyphens must not
// stand next to each other.
func comment(s string) string {
	for strings.Contains(s, "--") {
		s = strings.ReplaceAll(s, "--", "- -")
	}
	return strings.Map(func(r rune) rune {
		if r < ' ' && r != '\n' {
			return ' '
		}
		return r
	}, s)
}
