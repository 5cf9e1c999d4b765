package filters

import (
	"hash/maphash"
	"math/bits"
	"math/rand/v2"
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

func keyOf(s string) key {
	n := len(s)
	switch {
	case n >= 8 && n <= keyBytes:
		k := key{lo: load64(s)}
		if n > 8 {
			k.hi = load64(s[n-8:]) >> (8 * uint(keyBytes-n))
		}
		return k
	case n >= 4 && n < 8:
		return key{lo: uint64(load32(s)) | uint64(load32(s[n-4:]))<<(8*uint(n-4))}
	case n > keyBytes:
		return key{maphash.String(longLo, s), maphash.String(longHi, s)}
	case n == 0:
		return key{}
	}
	return key{lo: uint64(s[0]) | uint64(s[n/2])<<(8*uint(n/2)) | uint64(s[n-1])<<(8*uint(n-1))}
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

func load64(s string) uint64 {
	_ = s[7]
	return uint64(s[0]) | uint64(s[1])<<8 | uint64(s[2])<<16 | uint64(s[3])<<24 |
		uint64(s[4])<<32 | uint64(s[5])<<40 | uint64(s[6])<<48 | uint64(s[7])<<56
}

func load32(s string) uint32 {
	_ = s[3]
	return uint32(s[0]) | uint32(s[1])<<8 | uint32(s[2])<<16 | uint32(s[3])<<24
}

func hashOf(word string) uint64 { return keyOf(word).hash() }
