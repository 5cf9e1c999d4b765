package demo

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"time"
)

// fileNames are the names of the feeds, by format.
var fileNames = map[string]string{"rss": "rss.xml", "rdf": "index.rdf", "atom": "atom.xml", "json": "feed.json"}

// contentTypes are what the feeds are served as, by format.
var contentTypes = map[string]string{
	"rss": "application/rss+xml; charset=utf-8", "rdf": "application/rdf+xml",
	"atom": "application/atom+xml; charset=utf-8", "json": "application/feed+json",
}

// render writes a feed in the outlet's format.
func (o *outlet) render(list []article) ([]byte, error) {
	switch o.Format {
	case "rss":
		return marshal(o.rss(list))
	case "rdf":
		return marshal(o.rdf(list))
	case "atom":
		return marshal(o.atom(list))
	case "json":
		return o.json(list)
	}
	return nil, fmt.Errorf("format %q", o.Format)
}

func marshal(v any) ([]byte, error) {
	var b bytes.Buffer
	b.WriteString(xml.Header)
	e := xml.NewEncoder(&b)
	e.Indent("", "  ")
	err := e.Encode(v)
	return b.Bytes(), err
}

type rssGUID struct {
	IsPermaLink bool   `xml:"isPermaLink,attr"`
	ID          string `xml:",chardata"`
}

type rssItem struct {
	Title       string   `xml:"title"`
	Link        string   `xml:"link"`
	GUID        rssGUID  `xml:"guid"`
	PubDate     string   `xml:"pubDate"`
	Creator     string   `xml:"dc:creator,omitempty"`
	Categories  []string `xml:"category"`
	Description string   `xml:"description"`
	Encoded     string   `xml:"content:encoded,omitempty"`
}

type rssFeed struct {
	XMLName xml.Name  `xml:"rss"`
	Version string    `xml:"version,attr"`
	Content string    `xml:"xmlns:content,attr"`
	DC      string    `xml:"xmlns:dc,attr"`
	Title   string    `xml:"channel>title"`
	Link    string    `xml:"channel>link"`
	About   string    `xml:"channel>description"`
	Lang    string    `xml:"channel>language"`
	Items   []rssItem `xml:"channel>item"`
}

const (
	contentNS = "http://purl.org/rss/1.0/modules/content/"
	dcNS      = "http://purl.org/dc/elements/1.1/"
)

func (o *outlet) rss(list []article) rssFeed {
	f := rssFeed{Version: "2.0", Content: contentNS, DC: dcNS, Title: o.Title, Link: o.Home, About: o.Title, Lang: "en"}
	for _, a := range list {
		f.Items = append(f.Items, rssItem{
			Title: a.Title, Link: a.Link, GUID: rssGUID{ID: a.ID}, PubDate: a.published.Format(time.RFC1123Z),
			Creator: a.Author, Categories: a.Tags, Description: a.Summary, Encoded: a.Content,
		})
	}
	return f
}

type rdfItem struct {
	About       string   `xml:"rdf:about,attr"`
	Title       string   `xml:"title"`
	Link        string   `xml:"link"`
	Description string   `xml:"description"`
	Date        string   `xml:"dc:date"`
	Subjects    []string `xml:"dc:subject"`
}

type rdfFeed struct {
	XMLName xml.Name `xml:"rdf:RDF"`
	RDF     string   `xml:"xmlns:rdf,attr"`
	NS      string   `xml:"xmlns,attr"`
	DC      string   `xml:"xmlns:dc,attr"`
	Channel struct {
		About       string `xml:"rdf:about,attr"`
		Title       string `xml:"title"`
		Link        string `xml:"link"`
		Description string `xml:"description"`
	} `xml:"channel"`
	Items []rdfItem `xml:"item"`
}

func (o *outlet) rdf(list []article) rdfFeed {
	f := rdfFeed{RDF: "http://www.w3.org/1999/02/22-rdf-syntax-ns#", NS: "http://purl.org/rss/1.0/", DC: dcNS}
	f.Channel.About, f.Channel.Title, f.Channel.Link, f.Channel.Description = o.Home, o.Title, o.Home, o.Title
	for _, a := range list {
		f.Items = append(f.Items, rdfItem{
			About: a.ID, Title: a.Title, Link: a.Link, Description: a.Summary,
			Date: a.published.Format(time.RFC3339), Subjects: a.Tags,
		})
	}
	return f
}

type atomText struct {
	Type string `xml:"type,attr"`
	Text string `xml:",chardata"`
}

type atomLink struct {
	Rel  string `xml:"rel,attr"`
	Href string `xml:"href,attr"`
}

type atomCategory struct {
	Term string `xml:"term,attr"`
}

type atomEntry struct {
	ID         string         `xml:"id"`
	Title      atomText       `xml:"title"`
	Link       atomLink       `xml:"link"`
	Published  string         `xml:"published"`
	Updated    string         `xml:"updated"`
	Author     string         `xml:"author>name,omitempty"`
	Categories []atomCategory `xml:"category"`
	Summary    atomText       `xml:"summary"`
	Content    *atomText      `xml:"content"`
}

type atomFeed struct {
	XMLName xml.Name    `xml:"feed"`
	NS      string      `xml:"xmlns,attr"`
	Lang    string      `xml:"xml:lang,attr"`
	ID      string      `xml:"id"`
	Title   string      `xml:"title"`
	Link    atomLink    `xml:"link"`
	Updated string      `xml:"updated"`
	Entries []atomEntry `xml:"entry"`
}

func (o *outlet) atom(list []article) atomFeed {
	f := atomFeed{NS: "http://www.w3.org/2005/Atom", Lang: "en", ID: o.Home, Title: o.Title, Link: atomLink{"alternate", o.Home}}
	for _, a := range list {
		e := atomEntry{
			ID: a.ID, Title: atomText{"text", a.Title}, Link: atomLink{"alternate", a.Link},
			Published: a.published.Format(time.RFC3339), Updated: a.updated.Format(time.RFC3339),
			Author: a.Author, Summary: atomText{"html", a.Summary},
		}
		for _, t := range a.Tags {
			e.Categories = append(e.Categories, atomCategory{t})
		}
		if a.Content != "" {
			e.Content = &atomText{"html", a.Content}
		}
		f.Updated = max(f.Updated, e.Updated)
		f.Entries = append(f.Entries, e)
	}
	return f
}

type jsonAuthor struct {
	Name string `json:"name"`
}

type jsonItem struct {
	ID        string       `json:"id"`
	URL       string       `json:"url"`
	Title     string       `json:"title"`
	Summary   string       `json:"summary"`
	Content   string       `json:"content_html,omitempty"`
	Published time.Time    `json:"date_published"`
	Modified  time.Time    `json:"date_modified"`
	Authors   []jsonAuthor `json:"authors,omitempty"`
	Tags      []string     `json:"tags,omitempty"`
}

func (o *outlet) json(list []article) ([]byte, error) {
	feed := struct {
		Version string     `json:"version"`
		Title   string     `json:"title"`
		Home    string     `json:"home_page_url"`
		Items   []jsonItem `json:"items"`
	}{"https://jsonfeed.org/version/1.1", o.Title, o.Home, []jsonItem{}}
	for _, a := range list {
		it := jsonItem{
			ID: a.ID, URL: a.Link, Title: a.Title, Summary: a.Summary, Content: a.Content,
			Published: a.published, Modified: a.updated, Tags: a.Tags,
		}
		if a.Author != "" {
			it.Authors = []jsonAuthor{{a.Author}}
		}
		feed.Items = append(feed.Items, it)
	}
	return json.MarshalIndent(feed, "", "  ")
}
