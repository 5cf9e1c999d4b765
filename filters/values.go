package filters

import (
	"slices"
	"strings"
	"time"

	"tipoff/filters/entity/actor"
	"tipoff/filters/entity/country"
	"tipoff/filters/entity/cve"
	"tipoff/filters/entity/malware"
	"tipoff/filters/entity/names"
	"tipoff/filters/query"
	"tipoff/filters/text"
	"tipoff/sources/story"
)

func (c *compiler) compileValue(v query.Value) clause {
	table := c.lexicon.Actors()
	switch v.Field {
	case query.Domain:
		return inDomain{v.Text, v.Prefix}
	case query.Lang:
		return inLang{v.Text}
	case query.Country:
		return ofCountry{table, strings.ToUpper(v.Text)}
	case query.Actor:
		return newOfActor(table, v)
	case query.Malware:
		return newOfMalware(v)
	case query.CVE:
		return ofCVE{table, v.Text}
	case query.KEV:
		kev := clause(comparison{query.Compare{Field: query.KEV}, c.lexicon})
		if v.Text == "no" {
			return noneOf{kev}
		}
		return kev
	case query.Set:
		if t, err := c.lexicon.topic(v.Text, c.path); err == nil && t != nil {
			return t
		}
	case query.Sort:
		return everything{}
	case query.Since, query.Before:
		if t, err := when(v.Text, c.now); err == nil {
			return inTime{v.Field == query.Before, t}
		}
	}
	// The checker lets nothing else through.
	return noneOf{everything{}}
}

// inDomain is a story with an address on a host, or below it.
type inDomain struct {
	host   string
	prefix bool
}

func (c inDomain) is(host string) bool {
	for {
		if host == c.host || c.prefix && strings.HasPrefix(host, c.host) {
			return true
		}
		_, rest, ok := strings.Cut(host, ".")
		if !ok {
			return false
		}
		host = rest
	}
}

func (c inDomain) match(d *Doc) bool { return slices.ContainsFunc(d.parts().hosts, c.is) }

// inLang is a story in a language, or in one of its variants.
type inLang struct{ tag string }

func (c inLang) match(d *Doc) bool {
	lang := d.facets().lang
	return lang != "" && (c.tag == "" || lang == c.tag || strings.HasPrefix(lang, c.tag+"-"))
}

// ofCountry is a story of a country, or with no code, of any.
type ofCountry struct {
	table *actor.Table
	code  string
}

func (c ofCountry) is(m countryAt) bool { return c.code == "" || m.code == c.code }

func (c ofCountry) match(d *Doc) bool {
	return slices.ContainsFunc(d.entities(c.table).countries, c.is)
}

// ofActor is a story of one of these actors, or of any.
type ofActor struct {
	table  *actor.Table
	actors []*actor.Actor
	any    bool
}

func newOfActor(table *actor.Table, v query.Value) ofActor {
	c := ofActor{table: table, any: v.Text == ""}
	switch {
	case c.any:
	case v.Prefix:
		for _, a := range table.All() {
			if beginsLike(v.Text, append(slices.Clip(a.Aliases), names.Alias{Name: a.ID})) {
				c.actors = append(c.actors, a)
			}
		}
	default:
		if a, ok := table.Lookup(v.Text); ok {
			c.actors = append(c.actors, a)
		}
	}
	return c
}

func beginsLike(prefix string, aliases []names.Alias) bool {
	key := names.Key(prefix)
	return slices.ContainsFunc(aliases, func(a names.Alias) bool { return strings.HasPrefix(names.Key(a.Name), key) })
}

func (c ofActor) is(m actorAt) bool {
	return c.any || m.Actor != nil && slices.Contains(c.actors, m.Actor)
}

func (c ofActor) match(d *Doc) bool {
	return slices.ContainsFunc(d.entities(c.table).actors, c.is)
}

// ofMalware is a story of one of these, or of any.
type ofMalware struct {
	all []*malware.Malware
	any bool
}

func newOfMalware(v query.Value) ofMalware {
	c := ofMalware{any: v.Text == ""}
	switch {
	case c.any:
	case v.Prefix:
		for _, m := range malware.All() {
			if beginsLike(v.Text, m.Aliases) {
				c.all = append(c.all, m)
			}
		}
	default:
		if m, ok := malware.Lookup(v.Text); ok {
			c.all = append(c.all, m)
		}
	}
	return c
}

func (c ofMalware) is(m malwareAt) bool {
	return c.any || m.Malware != nil && slices.Contains(c.all, m.Malware)
}

func (c ofMalware) match(d *Doc) bool {
	return slices.ContainsFunc(d.mentions().malware, c.is)
}

// mentions are the entities for those who ask for no actors.
func (d *Doc) mentions() *entities {
	d.lock.Lock()
	e := d.entity
	d.lock.Unlock()
	if e != nil {
		return e
	}
	return d.entities(actor.Builtin())
}

// ofCVE is a story that names a vulnerability, or with no pattern, any.
type ofCVE struct {
	table   *actor.Table
	pattern string
}

func (c ofCVE) is(v story.CVE) bool { return c.pattern == "" || cve.Match(c.pattern, v.ID) }

func (c ofCVE) match(d *Doc) bool { return slices.ContainsFunc(d.entities(c.table).cves, c.is) }

// comparison is a number of the story, or that it has a vulnerability which is
// known to be exploited. A number of vulnerabilities is that of one of them.
type comparison struct {
	query.Compare
	lexicon *Lexicon
}

func (c comparison) match(d *Doc) bool {
	if c.Field == query.Sources {
		return c.holds(float64(max(1, len(d.facets().sources))))
	}
	return slices.ContainsFunc(d.entities(c.lexicon.Actors()).cves, func(v story.CVE) bool {
		v = c.lexicon.know(v)
		switch c.Field {
		case query.KEV:
			return v.KEV
		case query.CVSS:
			return v.CVSS > 0 && c.holds(v.CVSS)
		case query.EPSS:
			return v.EPSS > 0 && c.holds(v.EPSS)
		}
		s, ok := severity(v)
		return ok && c.holds(s)
	})
}

func (c comparison) holds(x float64) bool {
	switch c.Op {
	case query.AtLeast:
		return x >= c.Value
	case query.More:
		return x > c.Value
	case query.AtMost:
		return x <= c.Value
	case query.Less:
		return x < c.Value
	}
	return x == c.Value
}

// severity is the place in [query.Severities] of a vulnerability, by the rating
// scale of CVSS 3.1 (section 5). What is known to be exploited is high at
// least.
func severity(v story.CVE) (float64, bool) {
	const low, medium, high, critical = 0, 1, 2, 3
	s, known := 0.0, true
	switch {
	case v.CVSS >= 9:
		s = critical
	case v.CVSS >= 7:
		s = high
	case v.CVSS >= 4:
		s = medium
	case v.CVSS > 0:
		s = low
	default:
		known = false
	}
	if v.KEV {
		return max(s, high), true
	}
	return s, known
}

// inTime is a story told since a time, or before it.
type inTime struct {
	before bool
	t      time.Time
}

func (c inTime) match(d *Doc) bool {
	at := d.story.Time()
	if c.before {
		return !at.IsZero() && at.Before(c.t)
	}
	return !at.Before(c.t)
}

// What an index can look for on behalf of these, and what a set files them
// under.

func (c inDomain) need() Need { return Need{} }
func (c inLang) need() Need   { return Need{} }
func (c inTime) need() Need   { return Need{} }
func (c within) need() Need   { return Need{} }

// need asks for the names of the country and of its actors. Where these are many,
// there are many stories too, and a search finds them soon without an index.
func (c ofCountry) need() Need {
	if c.code == "" {
		return Need{}
	}
	var subs []Need
	for _, words := range country.Spellings(c.code) {
		subs = append(subs, Need{Op: OpWords, Words: words})
	}
	var aliases []names.Alias
	for _, a := range c.table.All() {
		if a.Country == c.code {
			aliases = append(append(aliases, a.Aliases...), names.Alias{Name: a.ID})
		}
	}
	return needOfNames(subs, aliases)
}

func (c ofActor) need() Need {
	if c.any {
		return Need{}
	}
	var aliases []names.Alias
	for _, a := range c.actors {
		aliases = append(append(aliases, a.Aliases...), names.Alias{Name: a.ID})
	}
	return needOfNames(nil, aliases)
}

func (c ofMalware) need() Need {
	if c.any {
		return Need{}
	}
	var aliases []names.Alias
	for _, m := range c.all {
		aliases = append(aliases, m.Aliases...)
	}
	return needOfNames(nil, aliases)
}

// maxNeeds is how many names an index is asked for at once.
const maxNeeds = 200

// needOfNames is a need of one of subs or of the names.
func needOfNames(subs []Need, aliases []names.Alias) Need {
	for i := range aliases {
		for _, words := range names.Spellings(&aliases[i]) {
			subs = append(subs, Need{Op: OpWords, Words: words})
		}
		if len(subs) > maxNeeds {
			return Need{}
		}
	}
	return orGiven(subs...)
}

// orGiven is a need of one of subs, or of entities that the story came with.
func orGiven(subs ...Need) Need {
	return joined(OpOr, append(subs, Need{Op: OpWords, Words: []string{given}}))
}

func (c comparison) need() Need {
	if c.Field == query.Sources {
		return Need{}
	}
	return ofCVE{}.need()
}

func (c comparison) cover() cover {
	if c.Field == query.Sources {
		return cover{}
	}
	return unsure(ofCVE{table: c.lexicon.Actors()}.cover())
}

// need asks for the beginning of every id, and in a plain one for its number.
// An invisible hyphen may have closed the id up.
func (c ofCVE) need() Need {
	id := Need{Op: OpWords, Words: []string{"cve"}, Prefix: true}
	_, number, ok := strings.Cut(strings.TrimPrefix(c.pattern, "CVE-"), "-")
	if !ok || strings.Contains(c.pattern, "*") {
		return orGiven(id)
	}
	year := c.pattern[len("CVE-"):][:4]
	var numbers []Need
	for zeros := range cve.MaxPadding + 1 {
		number := strings.Repeat("0", zeros) + number
		for _, w := range []string{number, year + number, "cve" + year + number} {
			numbers = append(numbers, Need{Op: OpWords, Words: []string{w}, Prefix: true})
		}
	}
	return orGiven(Need{Op: OpAnd, Sub: []Need{id, {Op: OpOr, Sub: numbers}}})
}

// coverOf is a cover of one place.
func coverOf(kind placeKind, name string, often float64) cover {
	return cover{[]place{{kind: kind, hash: hashOf(name), sure: true}}, often}
}

func (c inLang) cover() cover { return cover{} }
func (c inTime) cover() cover { return cover{} }

func (c inDomain) cover() cover {
	if c.prefix {
		return cover{}
	}
	return coverOf(placeDomain, c.host, rarity("source"))
}

func (c ofCountry) cover() cover {
	p := coverOf(placeCountry, c.code, 0.05)
	p.places[0].actors = c.table
	return p
}

func (c ofActor) cover() cover {
	if c.any {
		return coverOf(placeActor, "", 0.1).with(c.table)
	}
	var all cover
	for _, a := range c.actors {
		p := coverOf(placeActor, a.Name, 0.001)
		all.places, all.often = append(all.places, p.places...), all.often+p.often
	}
	return all.with(c.table)
}

func (c ofMalware) cover() cover {
	if c.any {
		return coverOf(placeMalware, "", 0.1)
	}
	var all cover
	for _, m := range c.all {
		p := coverOf(placeMalware, m.Name, 0.001)
		all.places, all.often = append(all.places, p.places...), all.often+p.often
	}
	return all
}

func (c ofCVE) cover() cover {
	if c.pattern == "" || strings.Contains(c.pattern, "*") {
		p := coverOf(placeCVE, "", 0.1).with(c.table)
		p.places[0].sure = c.pattern == ""
		return p
	}
	return coverOf(placeCVE, c.pattern, 0.0001).with(c.table)
}

// with says which actors the places are of.
func (c cover) with(table *actor.Table) cover {
	for i := range c.places {
		c.places[i].actors = table
	}
	return c
}

// cover is that of words in a text of their own.
func (c within) cover() cover {
	kind := placeAuthor
	if c.field == query.URL {
		kind = placeURL
	}
	inner := c.clause.cover()
	places := slices.Clone(inner.places)
	for i := range places {
		if places[i].kind != placeWord {
			return cover{}
		}
		places[i] = place{kind: kind, hash: places[i].hash}
	}
	return cover{places, inner.often / 4}
}

// What made them match, in the words of the story.

func (c inDomain) terms(d *Doc, add func(found)) {
	for _, host := range d.parts().hosts {
		if c.is(host) {
			add(aside(query.Domain, host))
		}
	}
}

func (c inLang) terms(d *Doc, add func(found)) { add(aside(query.Lang, d.story.Lang)) }

func (c ofCountry) terms(d *Doc, add func(found)) {
	for _, m := range d.entities(c.table).countries {
		if c.is(m) {
			add(d.mention(query.Country, m.span, m.code))
		}
	}
}

func (c ofActor) terms(d *Doc, add func(found)) {
	for _, m := range d.entities(c.table).actors {
		if c.is(m) {
			add(d.mention(query.Actor, m.span, m.name))
		}
	}
}

func (c ofMalware) terms(d *Doc, add func(found)) {
	for _, m := range d.mentions().malware {
		if c.is(m) {
			add(d.mention(query.Malware, m.span, m.name))
		}
	}
}

func (c ofCVE) terms(d *Doc, add func(found)) {
	for _, v := range d.entities(c.table).cves {
		if c.is(v) {
			first := span{len(d.tokens), 0}
			newPhrase(tokenTexts(v.ID), false, onAny).visit(d, func(s span) bool {
				if s.first < first.first {
					first = s
				}
				return true
			})
			if first.first == len(d.tokens) {
				first = outside
			}
			add(d.mention(query.CVE, first, v.ID))
		}
	}
}

func tokenTexts(s string) []string {
	var words []string
	for _, t := range text.Tokens(s) {
		words = append(words, t.Text)
	}
	return words
}

func (comparison) terms(*Doc, func(found)) {}
func (inTime) terms(*Doc, func(found))     {}

func (c within) terms(d *Doc, add func(found)) {
	inner := c.doc(d)
	c.clause.terms(inner, func(x found) {
		x.field = c.field
		add(x)
	})
}
