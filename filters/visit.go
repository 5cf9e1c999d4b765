package filters

import (
	"math/bits"
	"slices"
	"strings"
	"sync"
)

// visit is what one call of Match needs.
type visit struct {
	set *Set
	doc *Doc
	// turn is the call's number; seen has the turn in which a watch was
	// evaluated last. So nothing needs to be cleared between calls.
	turn    uint32
	seen    []uint32
	matched []int32
	wanted  []uses // of the tokens
	found   []candidate
	cells   []*cell
	todo    []int32 // watches to evaluate
	fetched uint64  // what was only read to have it at hand
	// index is made for this set; x is that one, or the story's own.
	index index
	x     *index
}

// candidate is a place that the story has and the table may have: a word, or
// words that may be read as one, in a text. token is the first of them.
type candidate struct {
	hash  uint64
	token int32
	in    fields
}

var visits = sync.Pool{New: func() any { return new(visit) }}

// all finds the watches that want the story; with one, it may end when it has
// one.
func (v *visit) all(s *Set, d *Doc, one bool) {
	v.begin(s, d)
	if s.gate != nil {
		v.fewWords()
	} else {
		v.words()
	}
	if one && len(v.matched) > 0 {
		return
	}
	if s.kinds&(1<<placeHead) != 0 {
		v.heads()
	}
	if s.kinds&facetPlaces != 0 {
		v.facets()
	}
	if s.kinds&partPlaces != 0 {
		v.parts()
	}
	if s.kinds&entityPlaces != 0 {
		v.entities()
	}
	for _, w := range s.always {
		v.evaluate(w)
	}
	v.run(one)
}

// end gives the visit back.
func (v *visit) end() {
	v.set, v.doc, v.x, v.index.doc = nil, nil, nil, nil
	visits.Put(v)
}

func (v *visit) begin(s *Set, d *Doc) {
	v.set, v.doc, v.x = s, d, nil
	v.matched, v.todo = v.matched[:0], v.todo[:0]
	if len(v.seen) < int(s.last) {
		v.seen, v.turn = make([]uint32, s.last+s.last/4), 0
	}
	if v.turn++; v.turn == 0 { // after four thousand million calls
		clear(v.seen)
		v.turn = 1
	}
}

// words visits the places of the story's words and of what may be one word
// together. It first asks of all whether the table has them at all; in a loop by
// itself, for the same reason as in visitFound. It makes the index, unless nothing
// will ask for it.
func (v *visit) words() {
	d, x, s := v.doc, &v.index, &v.set.sieve
	x.reset(d)
	n := len(d.tokens)
	v.wanted, v.found = slices.Grow(v.wanted[:0], n)[:n], slices.Grow(v.found[:0], n)[:n]
	hashes, wanted, found := x.hashes[:n], v.wanted, v.found
	for i := range d.tokens {
		h := keyAt(&d.tokens[i]).hash()
		hashes[i], wanted[i] = h, s.uses(h)
	}
	indexed := v.set.unsure > 0
	if indexed {
		v.x = x
	}
	n = 0
	for f := texts - 1; f >= 0; f-- {
		start, end := int(d.starts[f]), int(d.starts[f+1])
		for i := end - 1; i >= start; i-- {
			if indexed {
				x.add(i, hashes[i])
			}
			// Half of the words pass, in no order that a processor could guess.
			found[n] = candidate{hashes[i], int32(i), 1 << f}
			n += int(wanted[i] & asPlace)
			if i+1 < end && (wanted[i].joins(wanted[i+1]) || !d.spaced(f, i)) {
				x.pairs = d.appendPairs(x.pairs, f, i)
			}
		}
	}
	v.found = found[:n]
	for _, p := range x.pairs {
		x.mark(p.hash)
		v.findPair(p)
	}
	v.visitFound()
}

// fewWords is words for a set with a gate. It makes no index.
func (v *visit) fewWords() {
	v.found = v.found[:0]
	g := v.set.gate
	tokens := v.doc.tokens
	for i := range tokens {
		if g.lets(tokens[i].Head[0]) {
			v.find(i)
		}
	}
	v.visitFound()
}

// find finds token i, and what it is together with those behind it.
func (v *visit) find(i int) {
	d, s := v.doc, &v.set.sieve
	f := d.textOf(i)
	h := keyAt(&d.tokens[i]).hash()
	u := s.uses(h)
	if u&asPlace != 0 {
		v.found = append(v.found, candidate{h, int32(i), 1 << f})
	}
	if i+1 < int(d.starts[f+1]) && (u&asFirst != 0 || !d.spaced(f, i)) {
		v.index.pairs = d.appendPairs(v.index.pairs[:0], f, i)
		for _, p := range v.index.pairs {
			v.findPair(p)
		}
	}
}

func (v *visit) findPair(p pair) {
	if v.set.sieve.uses(p.hash)&asPlace != 0 && v.doc.oneWord(p) {
		v.found = append(v.found, candidate{p.hash, p.token, 1 << v.doc.textOf(int(p.token))})
	}
}

// visitFound visits the places that were found. It first reads the beginning of
// each, and then of their lists, where nothing has to be guessed: so a processor
// waits for the memory of all of them at once, and not for one after the other.
func (v *visit) visitFound() {
	t := &v.set.places
	for i := range v.found {
		v.fetched += t.peek(v.found[i].hash)
	}
	n := 0
	v.cells = v.cells[:0]
	for _, x := range v.found {
		if c := t.cell(x.hash); c != nil {
			v.found[n] = x
			n++
			v.cells = append(v.cells, c)
			v.fetched += uint64(len(*c.more))
		}
	}
	for _, c := range v.cells {
		if len(*c.more) > 0 {
			v.fetched += (*c.more)[0].guard
		}
	}
	for i, c := range v.cells {
		v.tryAll(c, v.found[i].in, true)
	}
	clear(v.cells)
}

// lookup is the index in which programs and guards look.
func (v *visit) lookup() *index {
	if v.x == nil {
		v.x = v.doc.words()
	}
	return v.x
}

const (
	facetPlaces  = 1<<placeSource | 1<<placeTag
	partPlaces   = 1<<placeDomain | 1<<placeAuthor | 1<<placeURL
	entityPlaces = 1<<placeActor | 1<<placeMalware | 1<<placeCountry | 1<<placeCVE
)

// name visits the place of a name.
func (v *visit) name(kind placeKind, name string) { v.named(kind, hashOf(name)) }

func (v *visit) named(kind placeKind, hash uint64) {
	if v.set.kinds&(1<<kind) != 0 {
		v.visit(kind.at(hash), onAny, true)
	}
}

// facets visits the places of the names that a story has besides its texts.
func (v *visit) facets() {
	f := v.doc.facets()
	for _, n := range f.sources {
		v.named(placeSource, n.hash)
	}
	for _, n := range f.tags {
		v.named(placeTag, n.hash)
	}
}

// parts visits the places of its addresses and its author.
func (v *visit) parts() {
	f := v.doc.parts()
	for _, host := range f.hosts {
		for ok := true; ok; {
			v.name(placeDomain, host)
			_, host, ok = strings.Cut(host, ".")
		}
	}
	v.part(placeAuthor, &f.author.Doc)
	v.part(placeURL, &f.url.Doc)
}

// part visits the places of the words of a text of its own.
func (v *visit) part(kind placeKind, d *Doc) {
	if v.set.kinds&(1<<kind) == 0 {
		return
	}
	x := d.words()
	for _, h := range x.hashes {
		v.visit(kind.at(h), onAny, false)
	}
	for i := range x.pairs {
		v.visit(kind.at(x.pairs[i].hash), onAny, false)
	}
}

// entities visits the places of the named things in a story.
func (v *visit) entities() {
	e := v.doc.mentions()
	if v.set.actors != nil {
		e = v.doc.entities(v.set.actors)
	}
	for i := range e.actors {
		if a := e.actors[i].Actor; a != nil {
			v.name(placeActor, a.Name)
		}
		v.name(placeActor, "")
	}
	for i := range e.malware {
		if m := e.malware[i].Malware; m != nil {
			v.name(placeMalware, m.Name)
		}
		v.name(placeMalware, "")
	}
	for i := range e.countries {
		v.name(placeCountry, e.countries[i].code)
		v.name(placeCountry, "")
	}
	for i := range e.cves {
		v.name(placeCVE, e.cves[i].ID)
		v.name(placeCVE, "")
	}
}

// heads visits the places of the beginnings of the story's words, and of what
// may be one word together, where it goes beyond its first one.
func (v *visit) heads() {
	d := v.doc
	longest := bits.Len8(v.set.heads.lengths)
	for f := range texts {
		end := int(d.starts[f+1])
		for i := int(d.starts[f]); i < end; i++ {
			a := d.tokens[i].Text
			v.beginnings(len(a), d.tokens[i].Head[0], 1, 1<<f)
			if len(a) >= longest || i+1 == end || d.gap(f, i) == apart {
				continue
			}
			var room [3 * maxHead]byte
			whole := append(append(room[:0], a...), first(d.tokens[i+1].Text)...)
			if len(whole) < longest && i+2 < end && d.gap(f, i+1) != apart {
				whole = append(whole, first(d.tokens[i+2].Text)...)
			}
			whole = whole[:min(len(whole), maxHead)]
			lo := uint64(0)
			for k, c := range whole {
				lo |= uint64(c) << (8 * k)
			}
			v.beginnings(len(whole), lo, len(a)+1, onAny)
		}
	}
}

func first(s string) string { return s[:min(len(s), maxHead)] }

// beginnings visits the places of those beginnings of a word that have at
// least shortest bytes.
func (v *visit) beginnings(length int, lo uint64, shortest int, in fields) {
	h := v.set.heads
	for n := shortest; n <= min(length, maxHead); n++ {
		if h.lengths&(1<<(n-1)) == 0 {
			continue
		}
		head := lo & (1<<(8*n) - 1)
		if word, bit := h.spot(head); h.bloom[word]&bit != 0 {
			v.visit(placeHead.at(key{lo: head}.hash()), in, false)
		}
	}
}

// visit tries the watches of a place that the story has, in some of its texts.
// With certain, what is sure of the place matches.
func (v *visit) visit(hash uint64, in fields, certain bool) {
	if c := v.set.places.cell(hash); c != nil {
		v.tryAll(c, in, certain)
	}
}

func (v *visit) tryAll(c *cell, in fields, certain bool) {
	v.try(&c.one, in, certain)
	for i := range *c.more {
		v.try(&(*c.more)[i], in, certain)
	}
}

func (v *visit) try(p *posting, in fields, certain bool) {
	if p.in&in == 0 || p.guard != 0 && !p.guarded(v.lookup()) {
		return
	}
	if !p.sure || !certain {
		v.evaluate(p.watch)
		return
	}
	if v.seen[p.watch] != v.turn {
		v.seen[p.watch] = v.turn
		v.matched = append(v.matched, p.watch)
	}
}

// evaluate leaves a watch to be evaluated, if this call has not yet.
func (v *visit) evaluate(w int32) {
	if v.seen[w] != v.turn {
		v.seen[w] = v.turn
		v.todo = append(v.todo, w)
	}
}

// run evaluates what is left; with one, until it has one. As in visitFound, the
// memory that all need is asked for first.
func (v *visit) run(one bool) {
	if len(v.todo) == 0 || one && len(v.matched) > 0 {
		return
	}
	for _, w := range v.todo {
		if steps := v.set.entry(w).program.steps; len(steps) > 0 {
			v.fetched += steps[0].hash
		}
	}
	x := v.lookup()
	for _, w := range v.todo {
		if v.set.entry(w).program.match(v.doc, x) {
			v.matched = append(v.matched, w)
			if one {
				return
			}
		}
	}
}
