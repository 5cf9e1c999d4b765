package filters

import (
	"encoding/binary"
	"iter"
	"maps"
	"math/bits"
	"slices"
	"sync"
)

// Set matches a story against many watches at once. It does not change and is
// safe for concurrent use: [Set.Add] and [Set.Remove] give another set, that
// shares with it what has stayed the same. The zero Set is empty.
type Set struct {
	// shards is a hash table in parts, so that a change copies one part only.
	shards []shard
	// pages hold the watches by their numbers, in parts for the same reason.
	pages  []page
	count  int
	last   int32 // numbers given so far
	free   []int32
	always []int32 // watches to evaluate for every story
	kinds  uint32  // has a bit for each kind of place in use
	heads  *headTable
	keys   int
	// building says that nobody else has any part of it yet.
	building bool
}

type (
	shard []cell
	page  []entry
)

// entry is a watch.
type entry struct {
	name   string
	filter *Filter
}

// cell holds the watches of one place: one in the cell itself, which mostly is
// all, and more in a list.
type cell struct {
	hash uint64 // of the place
	one  posting
	more *[]posting
}

// posting is a watch that is filed somewhere.
type posting struct {
	// guard has in its lowest bits the number of guards and then the bits of
	// the bloom filter, one of which has to be set.
	guard uint64
	watch int32
	in    fields
	sure  bool
	used  bool
}

const (
	guardCount = 4 // bits
	guardBits  = 12
	maxGuards  = (64 - guardCount) / guardBits
	pageSize   = 256
	shardKeys  = 24 // keys of a shard that is as full as it should be
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

// visit is what one call of Match needs.
type visit struct {
	set *Set
	doc *Doc
	// turn is the call's number; seen has the turn in which a watch was
	// evaluated last. So nothing needs to be cleared between calls.
	turn    uint32
	seen    []uint32
	matched []int32
}

var visits = sync.Pool{New: func() any { return new(visit) }}

// NewSet returns the set of these filters by the names of their watches.
func NewSet(watches map[string]*Filter) *Set {
	s := &Set{building: true}
	s.reshard(4 * len(watches))
	for _, name := range slices.Sorted(maps.Keys(watches)) {
		s.add(name, watches[name])
	}
	s.building = false
	return s
}

// Len is the number of watches.
func (s *Set) Len() int { return s.count }

// All returns the watches by name, in no particular order.
func (s *Set) All() iter.Seq2[string, *Filter] {
	return func(yield func(string, *Filter) bool) {
		for _, p := range s.pages {
			for _, e := range p {
				if e.filter != nil && !yield(e.name, e.filter) {
					return
				}
			}
		}
	}
}

// Add returns the set with a watch more, or with another filter for the watch
// of that name. It costs some 10 µs, however many watches there are.
func (s *Set) Add(name string, f *Filter) *Set {
	n := s.Remove(name)
	if n == s {
		n = s.copy()
	}
	for _, p := range n.placesOf(name, f) {
		n.own(p)
	}
	if len(n.pages) > 0 {
		n.pages[len(n.pages)-1] = slices.Clone(n.pages[len(n.pages)-1])
	}
	if len(n.free) > 0 {
		i := n.free[len(n.free)-1] / pageSize
		n.pages[i] = slices.Clone(n.pages[i])
	}
	if n.heads != nil {
		h := *n.heads
		n.heads = &h
	}
	n.add(name, f)
	if n.keys > 8*shardKeys*len(n.shards) {
		n.reshard(n.keys)
	}
	return n
}

// Remove returns the set without this watch: the set itself if it has none.
func (s *Set) Remove(name string) *Set {
	i, f := s.find(name)
	if f == nil {
		return s
	}
	n := s.copy()
	for _, p := range n.placesOf(name, f) {
		n.own(p)
		n.unfile(p.kind.at(p.hash), i)
	}
	if k := slices.Index(n.always, i); k >= 0 {
		n.always = slices.Delete(slices.Clone(n.always), k, k+1)
	}
	n.pages[i/pageSize] = slices.Clone(n.pages[i/pageSize])
	n.pages[i/pageSize][i%pageSize] = entry{}
	n.free = append(n.free, i)
	n.count--
	return n
}

// copy returns a set that shares the parts.
func (s *Set) copy() *Set {
	n := *s
	n.shards, n.pages, n.free = slices.Clone(s.shards), slices.Clone(s.pages), slices.Clone(s.free)
	n.always = slices.Clip(n.always)
	if len(n.shards) == 0 {
		n.reshard(0)
	}
	return &n
}

// own gives the set a copy of the shard in which the place is.
func (s *Set) own(p place) {
	i := s.shardOf(p.kind.at(p.hash))
	s.shards[i] = slices.Clone(s.shards[i])
}

func (s *Set) placesOf(name string, f *Filter) []place {
	return append(slices.Clip(f.root.cover().places), place{kind: placeWatch, hash: hashOf(name)})
}

// add puts a watch into a set whose parts are its own. There is none of that
// name.
func (s *Set) add(name string, f *Filter) {
	var i int32
	if n := len(s.free); n > 0 {
		i, s.free = s.free[n-1], s.free[:n-1]
	} else {
		i = s.last
		s.last++
		if i%pageSize == 0 {
			s.pages = append(s.pages, make(page, 0, pageSize))
		}
		s.pages[i/pageSize] = append(s.pages[i/pageSize], entry{})
	}
	s.pages[i/pageSize][i%pageSize] = entry{name, f}
	s.count++
	places := s.placesOf(name, f)
	if len(places) == 1 { // but its name
		s.always = append(s.always, i)
	}
	for _, p := range places {
		s.kinds |= 1 << p.kind
		if p.kind == placeHead {
			s.addHead(p.head)
		}
		s.file(p.kind.at(p.hash), posting{guard: guardOf(p.guard), watch: i, in: p.in, sure: p.sure, used: true})
	}
}

func (s *Set) addHead(head string) {
	if s.heads == nil {
		s.heads = &headTable{}
	}
	s.heads.lengths |= 1 << (len(head) - 1)
	word, bit := s.heads.spot(keyOf(head).lo)
	s.heads.bloom[word] |= bit
}

func guardOf(hashes []uint64) uint64 {
	if len(hashes) == 0 || len(hashes) > maxGuards {
		return 0
	}
	g := uint64(0)
	for _, h := range hashes {
		g = g<<guardBits | h>>bloomShift
	}
	return g<<guardCount | uint64(len(hashes))
}

func (s *Set) shardOf(hash uint64) int { return int(hash >> 40 & uint64(len(s.shards)-1)) }

// cell returns the cell of a place, nil if there is none.
func (s *Set) cell(hash uint64) *cell {
	sh := s.shards[s.shardOf(hash)]
	if len(sh) == 0 {
		return nil
	}
	mask := uint64(len(sh) - 1)
	for i := hash & mask; ; i = (i + 1) & mask {
		switch c := &sh[i]; {
		case c.hash == hash:
			return c
		case c.hash == 0:
			return nil
		}
	}
}

// file puts a posting into a place whose shard is the set's own.
func (s *Set) file(hash uint64, p posting) {
	if c := s.cell(hash); c != nil {
		if !c.one.used {
			c.one = p
			return
		}
		var list []posting
		if c.more != nil {
			list = *c.more
		}
		if !s.building {
			list = slices.Clip(list) // others share it
		}
		list = append(list, p)
		c.more = &list
		return
	}
	i := s.shardOf(hash)
	sh := s.shards[i]
	n := 0
	for k := range sh {
		if sh[k].hash != 0 {
			n++
		}
	}
	if 2*(n+1) > len(sh) {
		sh = grown(sh, n+1)
		s.shards[i] = sh
	}
	sh.put(cell{hash: hash, one: p})
	s.keys++
}

// grown returns a copy of the shard with room for n cells and more.
func grown(sh shard, n int) shard {
	size := 4
	for size < 2*n {
		size *= 2
	}
	out := make(shard, size)
	for _, c := range sh {
		if c.hash != 0 {
			out.put(c)
		}
	}
	return out
}

func (sh shard) put(c cell) {
	mask := uint64(len(sh) - 1)
	i := c.hash & mask
	for sh[i].hash != 0 {
		i = (i + 1) & mask
	}
	sh[i] = c
}

// unfile takes all postings of a watch out of a place whose shard is the set's
// own. An empty cell stays for the next watch.
func (s *Set) unfile(hash uint64, watch int32) {
	c := s.cell(hash)
	if c == nil {
		return
	}
	if c.more != nil {
		list := slices.DeleteFunc(slices.Clone(*c.more), func(p posting) bool { return p.watch == watch })
		c.more = &list
		if len(list) == 0 {
			c.more = nil
		}
	}
	if c.one.used && c.one.watch == watch {
		c.one = posting{}
		if c.more != nil {
			list := *c.more
			c.one, list = list[len(list)-1], list[:len(list)-1]
			c.more = &list
			if len(list) == 0 {
				c.more = nil
			}
		}
	}
}

// reshard spreads the table over as many parts as n keys need.
func (s *Set) reshard(n int) {
	parts := make([]shard, 1<<bits.Len(uint(n/shardKeys)))
	old := s.shards
	s.shards = parts
	count := make([]int, len(parts))
	for _, sh := range old {
		for _, c := range sh {
			if c.hash != 0 {
				count[s.shardOf(c.hash)]++
			}
		}
	}
	for i, n := range count {
		parts[i] = grown(nil, n+1)
	}
	for _, sh := range old {
		for _, c := range sh {
			if c.hash != 0 {
				parts[s.shardOf(c.hash)].put(c)
			}
		}
	}
}

// find returns the number and filter of a watch, nil if there is none.
func (s *Set) find(name string) (int32, *Filter) {
	if len(s.shards) == 0 {
		return 0, nil
	}
	c := s.cell(placeWatch.at(hashOf(name)))
	if c == nil {
		return 0, nil
	}
	if e := s.entry(c.one.watch); c.one.used && e.name == name {
		return c.one.watch, e.filter
	}
	if c.more != nil {
		for _, p := range *c.more {
			if e := s.entry(p.watch); e.name == name {
				return p.watch, e.filter
			}
		}
	}
	return 0, nil
}

func (s *Set) entry(i int32) *entry { return &s.pages[i/pageSize][i%pageSize] }

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
	v.begin(s, d)
	for _, w := range s.always {
		v.evaluate(w)
	}
	v.words()
	if s.kinds&(1<<placeHead) != 0 {
		v.heads()
	}
	if s.kinds&(1<<placeSource|1<<placeTag) != 0 {
		d.names()
		for _, n := range d.sources {
			v.visit(placeSource.at(hashOf(n.folded)), onAny, true)
		}
		for _, n := range d.tags {
			v.visit(placeTag.at(hashOf(n.folded)), onAny, true)
		}
	}
	for _, w := range v.matched {
		names = append(names, s.entry(w).name)
	}
	v.set, v.doc = nil, nil
	visits.Put(v)
	return names
}

func (v *visit) begin(s *Set, d *Doc) {
	v.set, v.doc = s, d
	v.matched = v.matched[:0]
	if len(v.seen) < int(s.last) {
		v.seen, v.turn = make([]uint32, s.last+s.last/4), 0
	}
	if v.turn++; v.turn == 0 { // after four thousand million calls
		clear(v.seen)
		v.turn = 1
	}
}

// words visits the places of the story's words and of what may be one word
// together.
func (v *visit) words() {
	x := v.doc.words()
	for _, at := range x.first {
		v.visit(x.slots[at].hash, x.slots[at].in, true)
	}
	for i := range x.pairs {
		v.visit(x.pairs[i].hash, onAny, false)
	}
}

// heads visits the places of the beginnings of the story's words, and of what
// may be one word together, where it goes beyond its first one.
func (v *visit) heads() {
	x, h := v.doc.words(), v.set.heads
	tokens := v.doc.tokens
	longest := bits.Len8(h.lengths)
	for _, at := range x.first {
		s := &x.slots[at]
		w := tokens[s.token].Text
		v.beginnings(w, load(w), 1, s.in)
	}
	for i, g := range x.gaps {
		a := tokens[i].Text
		if g == apart || len(a) >= longest {
			continue
		}
		var room [2*maxHead + maxHead]byte
		whole := append(room[:0], a...)
		whole = append(whole, first(tokens[i+1].Text)...)
		if len(tokens[i+1].Text)+len(a) < longest && x.gaps[i+1] != apart {
			whole = append(whole, first(tokens[i+2].Text)...)
		}
		head := string(whole[:min(len(whole), maxHead)])
		v.beginnings(head, load(head), len(a)+1, onAny)
	}
}

func first(s string) string { return s[:min(len(s), maxHead)] }

// load is the first bytes of a word as a number.
func load(w string) uint64 {
	if len(w) >= 8 {
		return binary.LittleEndian.Uint64([]byte(w[:8]))
	}
	return keyOf(w).lo
}

// beginnings visits the places of those beginnings of a word that have at
// least shortest bytes.
func (v *visit) beginnings(w string, lo uint64, shortest int, in fields) {
	h := v.set.heads
	for n := shortest; n <= min(len(w), maxHead); n++ {
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
	c := v.set.cell(hash)
	if c == nil {
		return
	}
	v.try(&c.one, in, certain)
	if c.more != nil {
		list := *c.more
		for i := range list {
			v.try(&list[i], in, certain)
		}
	}
}

func (v *visit) try(p *posting, in fields, certain bool) {
	if p.in&in == 0 && p.in != 0 || !p.used || p.guard != 0 && !v.guarded(p.guard) {
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

func (v *visit) guarded(guard uint64) bool {
	x := &v.doc.index
	n := guard & (1<<guardCount - 1)
	for guard >>= guardCount; n > 0; n-- {
		bit := guard & (1<<guardBits - 1)
		if x.bloom[bit>>6]&(1<<(bit&63)) != 0 {
			return true
		}
		guard >>= guardBits
	}
	return false
}

// evaluate evaluates a watch, if this call has not yet.
func (v *visit) evaluate(w int32) {
	if v.seen[w] == v.turn {
		return
	}
	v.seen[w] = v.turn
	if v.set.entry(w).filter.root.match(v.doc) {
		v.matched = append(v.matched, w)
	}
}
