package filters

import (
	"slices"
	"strings"
	"sync"

	"tipoff/filters/entity/actor"
	"tipoff/filters/entity/country"
	"tipoff/filters/entity/cve"
	"tipoff/filters/entity/malware"
	"tipoff/filters/text"
	"tipoff/sources/story"
)

// facets are what a story has besides its texts.
type facets struct {
	sources, tags []name // each source once
	lang          string
	// known are the names seen before: stories of a source have the same ones
	// again.
	known map[string]name

	// These are made ready by [Doc.parts].
	author, url part
	hosts       []string // of all addresses of the story, without repetition
}

// part is a short text of a story, made ready as a headline.
type part struct {
	story story.Story
	Doc
}

// name is a source or a tag. It is compared by its words, which folded holds
// closed up.
type name struct {
	folded, written string
	hash            uint64 // of folded
}

// maxKnown is how many names are remembered.
const maxKnown = 1000

func (f *facets) name(s string) name {
	n, ok := f.known[s]
	if !ok {
		if len(f.known) >= maxKnown || f.known == nil {
			f.known = make(map[string]name)
		}
		folded := closedUp(text.Normalise(s))
		n = name{folded, s, hashOf(folded)}
		f.known[s] = n
	}
	return n
}

// facets makes the names and the language ready.
func (d *Doc) facets() *facets {
	d.faceted.Do(func() {
		if d.facet == nil {
			d.facet = new(facets)
		}
		f, s := d.facet, d.story
		f.sources, f.tags = f.sources[:0], f.tags[:0]
		f.addSource(s.Source)
		for _, o := range s.Sources {
			f.addSource(o.Name)
		}
		for _, t := range s.Tags {
			f.tags = append(f.tags, f.name(t))
		}
		f.lang = strings.ToLower(strings.ReplaceAll(s.Lang, "_", "-"))
	})
	return d.facet
}

// parts makes the author and the addresses ready.
func (d *Doc) parts() *facets {
	f := d.facets()
	d.parted.Do(func() {
		s := d.story
		f.hosts = f.hosts[:0]
		f.addHost(s.URL)
		for _, o := range s.Sources {
			f.addHost(o.URL)
		}
		f.author.story.Title, f.url.story.Title = s.Author, s.URL
		f.author.Reset(&f.author.story)
		f.url.Reset(&f.url.story)
	})
	return f
}

func (f *facets) addSource(written string) {
	if written != "" && !slices.ContainsFunc(f.sources, func(n name) bool { return n.written == written }) {
		f.sources = append(f.sources, f.name(written))
	}
}

func (f *facets) addHost(address string) {
	if host := hostOf(address); host != "" && !slices.Contains(f.hosts, host) {
		f.hosts = append(f.hosts, host)
	}
}

// entities are the named things of a story: those that it came with, and those
// that its texts mention.
type entities struct {
	table     *actor.Table
	actors    []actorAt
	countries []countryAt
	malware   []malwareAt
	cves      []story.CVE
}

// An entity that the story came with has no place: its span is outside.
type (
	actorAt struct {
		*actor.Actor
		name, alias string
		span
	}
	countryAt struct {
		code string
		span
	}
	malwareAt struct {
		*malware.Malware
		name, alias string
		span
	}
)

// outside is the span of what is not in the texts.
var outside = span{-1, -1}

// entities finds them, with this table of actors.
func (d *Doc) entities(table *actor.Table) *entities {
	d.lock.Lock()
	defer d.lock.Unlock()
	if d.entity == nil || d.entity.table != table {
		d.entity = d.findEntities(table)
	}
	return d.entity
}

func (d *Doc) findEntities(table *actor.Table) *entities {
	e := &entities{table: table}
	given := &d.story.Entities
	for _, a := range given.Actors {
		known, ok := table.Lookup(a.Name)
		if !ok && a.Alias != "" {
			known, ok = table.Lookup(a.Alias)
		}
		if !ok {
			known = nil
		}
		e.actors = append(e.actors, actorAt{known, a.Name, a.Alias, outside})
		if a.Country != "" {
			e.countries = append(e.countries, countryAt{strings.ToUpper(a.Country), outside})
		} else if known != nil && known.Country != "" {
			e.countries = append(e.countries, countryAt{known.Country, outside})
		}
	}
	for _, c := range given.Countries {
		if code, ok := country.Lookup(c); ok {
			c = code
		}
		e.countries = append(e.countries, countryAt{c, outside})
	}
	for _, m := range given.Malware {
		known, ok := malware.Lookup(m)
		if !ok {
			known = nil
		}
		e.malware = append(e.malware, malwareAt{known, m, m, outside})
	}
	for _, c := range given.CVEs {
		if ids := cve.Find(c.ID); len(ids) == 1 {
			c.ID = ids[0]
		}
		e.cves = append(e.cves, c)
	}
	for f, s := range d.texts {
		first := int(d.starts[f])
		tokens := d.tokens[first:d.starts[f+1]]
		for _, m := range table.Find(s, tokens) {
			at := span{first + m.First, first + m.Last}
			e.actors = append(e.actors, actorAt{m.Actor, m.Actor.Name, m.Alias, at})
			if m.Actor.Country != "" {
				e.countries = append(e.countries, countryAt{m.Actor.Country, at})
			}
		}
		for _, m := range country.Find(s, tokens) {
			e.countries = append(e.countries, countryAt{m.Code, span{first + m.First, first + m.Last}})
		}
		for _, m := range malware.Find(s, tokens) {
			e.malware = append(e.malware, malwareAt{m.Malware, m.Malware.Name, m.Alias, span{first + m.First, first + m.Last}})
		}
		for _, id := range cve.Find(s) {
			e.addCVE(id)
		}
	}
	return e
}

func (e *entities) addCVE(id string) {
	for i := range e.cves {
		if e.cves[i].ID == id {
			return
		}
	}
	e.cves = append(e.cves, story.CVE{ID: id})
}

// lazy is what of a Doc is made ready when somebody asks for it.
type lazy struct {
	faceted, parted sync.Once
	facet           *facets

	// lock guards what follows.
	lock   sync.Mutex
	entity *entities
	folded [texts]string
}
