package text

import "math/bits"

// Sieve says of most words that they are not among some. A table of names is
// asked for each word of a text, and has hardly one of them: the sieve spares it
// the look into a map. It is made by [NewSieve].
type Sieve struct {
	bits []uint64
}

// sieveRoom is how many bits there are at the least for each word.
const sieveRoom = 32

// NewSieve returns a sieve of these words.
func NewSieve(words []string) Sieve {
	s := Sieve{make([]uint64, 1<<bits.Len(uint(len(words)*sieveRoom/64)))}
	for _, w := range words {
		at, bit := s.spot(Head(w))
		s.bits[at] |= bit
	}
	return s
}

// MayHave reports false for nearly all words that are not in the sieve, and true
// for all that are.
func (s *Sieve) MayHave(t *Token) bool {
	at, bit := s.spot(t.Head)
	return s.bits[at]&bit != 0
}

// spot is where the words with this head are.
func (s *Sieve) spot(head [2]uint64) (at int, bit uint64) {
	const odd, other = 0x9e3779b97f4a7c15, 0xd1b54a32d192ed03
	hi, lo := bits.Mul64(head[0]^odd, head[1]^other)
	h := hi ^ lo
	return int(h>>6) & (len(s.bits) - 1), 1 << (h & 63) //nolint:gosec // masked
}
