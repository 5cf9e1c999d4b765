package filters

import (
	"maps"
	"slices"
	"strings"
	"sync"
	"unicode/utf8"
)

// Set matches a story against many watches at once. It does not change and is
// safe for concurrent use.
type Set struct {
	names   []string // sorted; a watch's number is its place here
	filters []*Filter

	// The watches to evaluate: always, or where the story has a word, a word
	// that starts with a prefix, a source, or a tag.
	always   []int32
	words    map[string][]int32
	prefixes map[string][]int32
	sources  map[string][]int32
	tags     map[string][]int32
	// lengths are the different lengths of prefixes, in bytes.
	lengths []int

	pool sync.Pool // of *visit
}

// visit is what one call of Match needs.
type visit struct {
	// turn is the call's number; seen has the turn in which a watch was
	// evaluated last. So nothing needs to be cleared between calls.
	turn    uint32
	seen    []uint32
	matched []int32
}

// fileKey is something under which a watch is filed.
type fileKey struct {
	kind keyKind
	text string
}

type keyKind byte

const (
	keyWord keyKind = iota
	keyPrefix
	keySource
	keyTag
)

// NewSet returns the set of these filters by the names of their watches.
func NewSet(watches map[string]*Filter) *Set {
	s := &Set{
		names: slices.Sorted(maps.Keys(watches)), filters: make([]*Filter, len(watches)),
		words: map[string][]int32{}, prefixes: map[string][]int32{}, sources: map[string][]int32{}, tags: map[string][]int32{},
	}
	for i, name := range s.names {
		f := watches[name]
		s.filters[i] = f
		s.file(int32(i), f)
	}
	for p := range s.prefixes {
		if !slices.Contains(s.lengths, len(p)) {
			s.lengths = append(s.lengths, len(p))
		}
	}
	slices.Sort(s.lengths)
	s.pool.New = func() any { return &visit{seen: make([]uint32, len(s.names))} }
	return s
}

// file puts a watch under all keys of its cover.
func (s *Set) file(watch int32, f *Filter) {
	keys, _ := f.root.cover()
	if len(keys) == 0 {
		s.always = append(s.always, watch)
		return
	}
	for _, k := range keys {
		m := [...]map[string][]int32{s.words, s.prefixes, s.sources, s.tags}[k.kind]
		if list := m[k.text]; len(list) == 0 || list[len(list)-1] != watch {
			m[k.text] = append(list, watch)
		}
	}
}

// Len is the number of watches.
func (s *Set) Len() int { return len(s.names) }

// Match returns the names of the watches that want the story, sorted; nil if
// there are none.
func (s *Set) Match(d *Doc) []string {
	v := s.pool.Get().(*visit)
	defer s.pool.Put(v)
	v.matched = v.matched[:0]
	if v.turn++; v.turn == 0 { // after four thousand million calls
		clear(v.seen)
		v.turn = 1
	}

	s.try(v, d, s.always)
	for i := range d.tokens {
		word := d.tokens[i].Text
		s.try(v, d, s.words[word])
		for _, n := range s.lengths {
			if n > len(word) {
				break
			}
			s.try(v, d, s.prefixes[word[:n]])
		}
	}
	if len(s.sources) > 0 || len(s.tags) > 0 {
		d.names()
	}
	if len(s.sources) > 0 {
		for _, n := range d.sources {
			s.try(v, d, s.sources[n.folded])
		}
	}
	if len(s.tags) > 0 {
		for _, n := range d.tags {
			s.try(v, d, s.tags[n.folded])
		}
	}

	if len(v.matched) == 0 {
		return nil
	}
	slices.Sort(v.matched)
	names := make([]string, len(v.matched))
	for i, watch := range v.matched {
		names[i] = s.names[watch]
	}
	return names
}

// try evaluates those of the watches that this call has not evaluated yet.
func (s *Set) try(v *visit, d *Doc, watches []int32) {
	for _, w := range watches {
		if v.seen[w] == v.turn {
			continue
		}
		v.seen[w] = v.turn
		if s.filters[w].root.match(d) {
			v.matched = append(v.matched, w)
		}
	}
}

func (everything) cover() ([]fileKey, float64) { return nil, 1 }
func (noneOf) cover() ([]fileKey, float64)     { return nil, 1 }

func (c allOf) cover() ([]fileKey, float64) {
	var best []fileKey
	least := 0.0
	for _, sub := range c {
		if keys, often := sub.cover(); len(keys) > 0 && (best == nil || often < least) {
			best, least = keys, often
		}
	}
	return best, least
}

func (c oneOf) cover() ([]fileKey, float64) {
	var all []fileKey
	sum := 0.0
	for _, sub := range c {
		keys, often := sub.cover()
		if len(keys) == 0 {
			return nil, 1
		}
		all = append(all, keys...)
		sum += often
	}
	return all, sum
}

func (c phrase) cover() ([]fileKey, float64) {
	switch {
	case len(c.words) == 0:
		return nil, 1
	case c.cut(0):
		w := c.words[0]
		keys := []fileKey{{keyPrefix, w}}
		splits(w, true, func(a, _, _ string) { keys = append(keys, fileKey{keyWord, a}) })
		return keys, 4 * rarity(w)
	}
	rare := 0
	for k, w := range c.words {
		if !c.cut(k) && rarity(w) < rarity(c.words[rare]) {
			rare = k
		}
	}
	w := c.words[rare]
	keys := []fileKey{{keyWord, w}}
	for k := max(0, rare-2); k <= rare; k++ {
		two, three := c.closed(k)
		if two && k+1 >= rare {
			keys = append(keys, fileKey{kindOfCut(c.cut(k + 1)), c.words[k] + c.words[k+1]})
		}
		if three {
			keys = append(keys, fileKey{kindOfCut(c.cut(k + 2)), c.words[k] + c.words[k+1] + c.words[k+2]})
		}
	}
	splits(w, false, func(a, b, _ string) {
		if rarity(b) < rarity(a) {
			a = b
		}
		keys = append(keys, fileKey{keyWord, a})
	})
	return keys, rarity(w)
}

func kindOfCut(cut bool) keyKind {
	if cut {
		return keyPrefix
	}
	return keyWord
}

func (c named) cover() ([]fileKey, float64) {
	kind := keySource
	if c.tag {
		kind = keyTag
	}
	if c.prefix {
		return nil, 1
	}
	return []fileKey{{kind, c.name}}, rarity("source")
}

// frequent are the words of English news that are in many stories though they
// are not short.
const frequent = " about after also amid attack attacks been could cyber data from have hackers more new over says security " +
	"than that their they this used using vulnerability warns were which will with would "

// rarity guesses how often a word occurs, for want of statistics: less the
// longer it is. Only the order matters.
func rarity(word string) float64 {
	n := utf8.RuneCountInString(word)
	switch {
	case n < len(word) && n == 1: // a letter of a script that is not Latin
		return 0.1
	case n <= 3:
		return 0.5 / float64(n)
	case strings.Contains(frequent, " "+word+" "):
		return 0.15
	}
	return 0.4 / float64(n*n)
}
