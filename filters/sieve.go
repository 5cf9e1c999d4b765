package filters

import "math/bits"

// sieve says of most words that no watch of a set asks for them, and of most
// pairs of words that nobody asks for them as one word. It takes half a byte of
// memory that the processor has at hand, where the table would take a cache line
// from afar. It is in parts for the same reason as the table.
type sieve struct{ parts []*sievePart }

type sievePart [1 << partBits]uint64

// uses is what the watches may want a word for.
type uses uint8

const (
	asPlace uses = 1 << iota // a watch is filed under it
	asFirst                  // it is the first part of a word that a watch asks for,
	asNext                   // or the part behind that, where a space is between
	allUses = asPlace | asFirst | asNext
)

// joins reports whether a word may be the first part of what a watch asks for,
// and the one behind it the next: in one step, because each for itself would
// leave a processor guessing.
func (u uses) joins(behind uses) bool { return u/asFirst&(behind/asNext)&1 != 0 }

const (
	partBits   = 7
	usesShift  = 28 // of a hash
	usesBits   = 4
	usesInWord = 64 / usesBits
	// sieveRoom is how many words there is room for, for each one in the table.
	sieveRoom = 5
)

// makeSieve returns a sieve for a set with n places.
func makeSieve(n int) sieve {
	const room = usesInWord << partBits
	s := sieve{make([]*sievePart, 1<<bits.Len(uint(sieveRoom*n/room)))}
	for i := range s.parts {
		s.parts[i] = new(sievePart)
	}
	return s
}

// spot is where the sieve has a word.
func (s *sieve) spot(hash uint64) (part, number, shift uint64) {
	at := hash >> usesShift
	return at / usesInWord >> partBits & uint64(len(s.parts)-1), at / usesInWord % (1 << partBits), at % usesInWord * usesBits
}

// uses returns what the word with this hash may be wanted for.
func (s *sieve) uses(hash uint64) uses {
	part, number, shift := s.spot(hash)
	return uses(s.parts[part][number] >> shift)
}

// add says that a word is wanted for something. Unless own is true, others share
// the parts.
func (s *sieve) add(hash uint64, u uses, own bool) {
	part, number, shift := s.spot(hash)
	if s.uses(hash)&u == u {
		return
	}
	if !own {
		p := *s.parts[part]
		s.parts[part] = &p
	}
	s.parts[part][number] |= uint64(u) << shift
}

// addParts says of what a word may be put together in a text. That only has to
// be known for parts with a space between them; see [visit.words].
func (s *sieve) addParts(word string, own bool) {
	splits(word, false, func(a, b, _ string) {
		if two, _ := mayJoin(a, b, spaced); two {
			s.add(hashOf(a), asFirst, own)
			s.add(hashOf(b), asNext, own)
		}
	})
}

// asks calls f with the words that the program of a clause looks up in the
// index of a set, and their hashes.
func asks(c clause, f func(word string, hash uint64)) {
	switch c := c.(type) {
	case allOf:
		for _, sub := range c {
			asks(sub, f)
		}
	case oneOf:
		for _, sub := range c {
			asks(sub, f)
		}
	case noneOf:
		asks(c.clause, f)
	case word:
		f(c.text, c.hash)
	case *phrase:
		if len(c.words) > 0 && !c.cut(0) {
			f(c.words[0], c.hashes[0])
		}
	}
}
