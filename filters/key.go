package filters

import (
	"hash/maphash"
	"math/bits"
	"math/rand/v2"

	"tipoff/filters/text"
)

// key is a word as two numbers: the bytes themselves, zero-padded, where there
// are at most 16 of them, and two hashes of a longer word. Keys of short words
// are put together without touching a string, which is what makes it cheap to
// look for words that a text has apart.
type key struct{ lo, hi uint64 }

// keyBytes is how long a word may be to be its own key.
const keyBytes = 16

// The seeds are drawn anew by each process, so that no feed can be written to
// make the tables slow.
var (
	seedLo, seedHi = rand.Uint64(), rand.Uint64()
	longLo, longHi = maphash.MakeSeed(), maphash.MakeSeed()
)

func keyOf(word string) key {
	if len(word) > keyBytes {
		return key{maphash.String(longLo, word), maphash.String(longHi, word)}
	}
	head := text.Head(word)
	return key{head[0], head[1]}
}

// keyAt is the key of a word of a text.
func keyAt(t *text.Token) key {
	if len(t.Text) > keyBytes {
		return keyOf(t.Text)
	}
	return key{t.Head[0], t.Head[1]}
}

// joinedKey is the key of a and b closed up, whose own keys are ka and kb.
func joinedKey(a, b string, ka, kb key) key {
	if len(a)+len(b) > keyBytes {
		var room [64]byte
		return longKey(append(append(room[:0], a...), b...))
	}
	return join(ka, len(a), kb)
}

// tripleKey is the key of three words closed up. kab is that of the first two.
func tripleKey(a, b, c string, kab, kc key) key {
	n := len(a) + len(b)
	if n+len(c) > keyBytes {
		var room [64]byte
		return longKey(append(append(append(room[:0], a...), b...), c...))
	}
	return join(kab, n, kc)
}

// join puts the key of a short word behind another of n bytes.
func join(k key, n int, then key) key {
	switch {
	case n < 8:
		s := 8 * uint(n)
		return key{k.lo | then.lo<<s, then.lo>>(64-s) | then.hi<<s}
	case n == 8:
		return key{k.lo, then.lo}
	}
	return key{k.lo, k.hi | then.lo<<(8*uint(n-8))}
}

func longKey(b []byte) key { return key{maphash.Bytes(longLo, b), maphash.Bytes(longHi, b)} }

// hash is what the tables know a word by.
func (k key) hash() uint64 {
	hi, lo := bits.Mul64(k.lo^seedLo, k.hi^seedHi)
	return hi ^ lo
}

func hashOf(word string) uint64 { return keyOf(word).hash() }
