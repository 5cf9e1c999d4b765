package filters

import (
	"cmp"
	"iter"
	"maps"
	"slices"
	"strings"

	"tipoff/filters/entity/actor"
)

// Set matches a story against many watches at once. It does not change and is
// safe for concurrent use: [Set.Add] and [Set.Remove] give another set, that
// shares with it what has stayed the same. The zero Set is empty.
type Set struct {
	places table
	sieve  sieve
	// pages hold the watches by their numbers, in parts for the same reason as
	// the table; numbers has the numbers by name.
	pages   []*page
	numbers []map[string]int32
	count   int
	last    int32 // numbers given so far
	free    []int32
	always  []int32 // watches to evaluate for every story
	kinds   uint32  // has a bit for each kind of place in use
	unsure  int     // postings that have to be evaluated
	heads   *headTable
	// gate is for a set of few watches, nil for others.
	gate *gate
	// actors is the table of actors that the watches ask for.
	actors *actor.Table
}

// page is some of the watches. The names stand by themselves: of a keyword
// nothing else is looked at.
type page struct {
	names   [pageSize]string
	entries [pageSize]entry
}

// entry is a watch, nil for none. Its program stands here, where it is found
// without another step through memory.
type entry struct {
	program program
	filter  *Filter
}

// pageSize is how many watches a page has, and nameSize how many a part of the
// names.
const (
	pageSize = 64
	nameSize = 16
)

// headTable knows the beginnings of words under which watches are filed.
type headTable struct {
	lengths uint8 // bit n-1 for heads of n bytes
	bloom   [1 << 10]uint64
}

func (h *headTable) spot(lo uint64) (word int, bit uint64) {
	const odd = 0x9e3779b97f4a7c15
	x := lo * odd
	return int(x >> 54), 1 << (x >> 48 & 63)
}

func (h *headTable) add(head string) {
	h.lengths |= 1 << (len(head) - 1)
	word, bit := h.spot(keyOf(head).lo)
	h.bloom[word] |= bit
}

// gate knows the first letters, up to three, of all words that a small set has
// places for. A story of which no word passes costs a look at each word, and
// nothing of it needs to be indexed.
type gate [1 << 10]uint64

// fewPlaces is the most places of a set with a gate.
const fewPlaces = 256

func (g *gate) add(word string) {
	for n := range min(len(word), 3) {
		spot := g.spot(keyOf(word[:n+1]).lo)
		g[spot>>6] |= 1 << (spot & 63)
	}
}

// lets reports whether a word may pass that has this head.
func (g *gate) lets(head uint64) bool {
	spot := g.spot(head)
	return g[spot>>6]&(1<<(spot&63)) != 0
}

func (*gate) spot(head uint64) uint32 {
	const odd = 0x9e3779b1
	return uint32(head&(1<<24-1)) * odd >> 16
}

// NewSet returns the set of these filters by the names of their watches.
func NewSet(watches map[string]*Filter) *Set {
	names := slices.Sorted(maps.Keys(watches))
	places, count := make([][]place, len(names)), 0
	for i, name := range names {
		places[i] = watches[name].root.cover().places
		count += len(places[i])
	}
	s := &Set{places: makeTable(count), sieve: makeSieve(count), numbers: make([]map[string]int32, len(watches)/nameSize+1), gate: new(gate)}
	s.places.building = true
	for i := range s.numbers {
		s.numbers[i] = make(map[string]int32)
	}
	for i, name := range names {
		s.add(name, watches[name], places[i])
	}
	s.places.building = false
	return s
}

// Len is the number of watches.
func (s *Set) Len() int { return s.count }

// All returns the watches by name, in no particular order.
func (s *Set) All() iter.Seq2[string, *Filter] {
	return func(yield func(string, *Filter) bool) {
		for _, p := range s.pages {
			for i, e := range p.entries {
				if e.filter != nil && !yield(p.names[i], e.filter) {
					return
				}
			}
		}
	}
}

// Add returns the set with a watch more, or with another filter for the watch
// of that name.
func (s *Set) Add(name string, f *Filter) *Set {
	n := s.Remove(name)
	if n == s {
		n = s.copy()
	}
	places := f.root.cover().places
	for _, p := range places {
		n.places.own(p.kind.at(p.hash))
	}
	if i := n.next() / pageSize; int(i) < len(n.pages) {
		n.ownPage(i)
	}
	*n.number(name) = maps.Clone(*n.number(name))
	if n.heads != nil {
		h := *n.heads
		n.heads = &h
	}
	if n.gate != nil {
		g := *n.gate
		n.gate = &g
	}
	n.add(name, f, places)
	if t := &n.places; t.keys > 4*shardKeys*t.shards() {
		*t = t.spread()
		n.sieveAll()
	}
	if n.count > 4*nameSize*len(n.numbers) {
		n.spreadNames()
	}
	return n
}

// Remove returns the set without this watch: the set itself if it has none.
func (s *Set) Remove(name string) *Set {
	if s.count == 0 {
		return s
	}
	i, ok := (*s.number(name))[name]
	if !ok {
		return s
	}
	n := s.copy()
	for _, p := range s.entry(i).filter.root.cover().places {
		hash := p.kind.at(p.hash)
		n.places.own(hash)
		n.places.unfile(hash, i)
		if !p.sure {
			n.unsure--
		}
	}
	if k := slices.Index(n.always, i); k >= 0 {
		n.always = slices.Delete(slices.Clone(n.always), k, k+1)
	}
	n.ownPage(i / pageSize)
	*n.entry(i) = entry{}
	*n.number(name) = maps.Clone(*n.number(name))
	delete(*n.number(name), name)
	n.free = append(n.free, i)
	n.count--
	return n
}

// copy returns a set that shares its parts.
func (s *Set) copy() *Set {
	n := *s
	if len(n.places.blocks) == 0 {
		return NewSet(nil)
	}
	n.places.blocks, n.sieve.parts = slices.Clone(s.places.blocks), slices.Clone(s.sieve.parts)
	n.pages, n.free, n.numbers = slices.Clone(s.pages), slices.Clone(s.free), slices.Clone(s.numbers)
	n.always = slices.Clip(n.always)
	return &n
}

// next is the number that the next watch gets.
func (s *Set) next() int32 {
	if n := len(s.free); n > 0 {
		return s.free[n-1]
	}
	return s.last
}

// add puts in a watch with these places; the parts that change are the set's
// own, and there is no watch of that name.
func (s *Set) add(name string, f *Filter, places []place) {
	i := s.next()
	if len(s.free) > 0 {
		s.free = s.free[:len(s.free)-1]
	} else {
		s.last++
		if i%pageSize == 0 {
			s.pages = append(s.pages, new(page))
		}
	}
	*s.entry(i) = entry{f.program, f}
	s.pages[i/pageSize].names[i%pageSize] = name
	(*s.number(name))[name] = i
	s.count++
	for _, p := range places {
		if p.actors != nil && s.actors == nil {
			s.actors = p.actors
		}
	}
	s.sift(f, places)
	if !s.canFile(places) {
		s.always = append(s.always, i)
		return
	}
	if s.places.keys > fewPlaces {
		s.gate = nil
	}
	for _, p := range places {
		s.kinds |= 1 << p.kind
		if !p.sure {
			s.unsure++
		}
		if p.kind == placeHead {
			if s.heads == nil {
				s.heads = &headTable{}
			}
			s.heads.add(p.head)
		}
		if p.kind == placeWord && s.gate != nil {
			s.gate.add(p.word)
		}
		s.places.file(p.kind.at(p.hash), posting{guard: guardOf(p.guard), watch: i, in: cmp.Or(p.in, onAny), sure: p.sure})
	}
}

// spreadNames gives the names as many parts as they need.
func (s *Set) spreadNames() {
	old := s.numbers
	s.numbers = make([]map[string]int32, s.count/nameSize+1)
	for i := range s.numbers {
		s.numbers[i] = make(map[string]int32)
	}
	for _, part := range old {
		for name, i := range part {
			(*s.number(name))[name] = i
		}
	}
}

// canFile reports whether the set visits these places: it knows one table of
// actors, which is all that a program has.
func (s *Set) canFile(places []place) bool {
	return len(places) > 0 && !slices.ContainsFunc(places, func(p place) bool { return p.actors != nil && p.actors != s.actors })
}

// number is the part of numbers for a name.
func (s *Set) number(name string) *map[string]int32 {
	return &s.numbers[hashOf(name)%uint64(len(s.numbers))]
}

func (s *Set) entry(i int32) *entry { return &s.pages[i/pageSize].entries[i%pageSize] }

func (s *Set) name(i int32) string { return s.pages[i/pageSize].names[i%pageSize] }

// ownPage gives the set a copy of a page.
func (s *Set) ownPage(i int32) {
	p := *s.pages[i]
	s.pages[i] = &p
}

// sift puts the words of a watch into the sieve.
func (s *Set) sift(f *Filter, places []place) {
	own := s.places.building
	var last [4]uint64 // the same word mostly comes more than once
	n := 0
	parts := func(word string, hash uint64) {
		if !slices.Contains(last[:], hash) {
			s.sieve.addParts(word, own)
			last[n%len(last)] = hash
			n++
		}
	}
	asks(f.root, parts)
	for _, p := range places {
		if p.kind == placeWord {
			s.sieve.add(p.hash, asPlace, own)
			parts(p.word, p.hash)
		}
		for _, w := range p.guard {
			parts(w, hashOf(w))
		}
	}
}

// sieveAll makes the sieve anew.
func (s *Set) sieveAll() {
	s.sieve = makeSieve(s.places.keys)
	s.places.building = true
	for _, f := range s.All() {
		s.sift(f, f.root.cover().places)
	}
	s.places.building = false
}

// Match returns the names of the watches that want the story, sorted; nil if
// there are none.
func (s *Set) Match(d *Doc) []string {
	names := s.Append(nil, d)
	slices.Sort(names)
	return names
}

// Append appends the names of the watches that want the story, in no
// particular order. It allocates nothing but room for names.
func (s *Set) Append(names []string, d *Doc) []string {
	if s.count == 0 {
		return names
	}
	v := visits.Get().(*visit)
	v.all(s, d, false)
	for _, w := range v.matched {
		names = append(names, s.name(w))
	}
	v.end()
	return names
}

// any reports whether one of the watches wants the story.
func (s *Set) any(d *Doc) bool {
	if s.count == 0 {
		return false
	}
	v := visits.Get().(*visit)
	v.all(s, d, true)
	found := len(v.matched) > 0
	v.end()
	return found
}

// wanting returns the filters that want the story, in the order of their names.
func (s *Set) wanting(d *Doc) []*Filter {
	if s.count == 0 {
		return nil
	}
	v := visits.Get().(*visit)
	v.all(s, d, false)
	slices.SortFunc(v.matched, func(a, b int32) int { return strings.Compare(s.name(a), s.name(b)) })
	found := make([]*Filter, len(v.matched))
	for i, w := range v.matched {
		found[i] = s.entry(w).filter
	}
	v.end()
	return found
}
