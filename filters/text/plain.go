package text

import (
	"encoding/binary"
	"math/bits"
)

// headBytes is how much of a word a [Token] has as numbers.
const headBytes = 16

// Head returns the first 16 bytes of a word as two little-endian numbers,
// zero-padded: all of it, if it is not longer.
func Head(word string) (head [2]uint64) {
	head[0] = eight(word, 0)
	if len(word) > 8 {
		head[1] = eight(word, 8)
	}
	return head
}

// eight is the eight bytes of s from i on as a little-endian number, with
// zeros where there are fewer.
func eight(s string, i int) uint64 {
	if i+8 <= len(s) {
		return load(s[i : i+8])
	}
	var x uint64
	for k := len(s) - 1; k >= i; k-- {
		x = x<<8 | uint64(s[k])
	}
	return x
}

// load is the first eight bytes of s.
func load(s string) uint64 {
	_ = s[7]
	return uint64(s[0]) | uint64(s[1])<<8 | uint64(s[2])<<16 | uint64(s[3])<<24 |
		uint64(s[4])<<32 | uint64(s[5])<<40 | uint64(s[6])<<48 | uint64(s[7])<<56
}

// fold8 looks at eight bytes at once. small is these bytes with capital ASCII
// letters in lower case; stop has the highest bit of those that are not ASCII
// letters or digits.
//
// A number is added to each byte such that its highest bit says whether the
// byte is beyond a bound. The sums of bytes that are not ASCII run over into the
// bytes behind them, of which nothing is true then.
func fold8(x uint64) (small, stop uint64) {
	const (
		each = 0x0101010101010101
		high = 0x80 * each
		bit  = 'a' - 'A'
	)
	y := x | bit*each
	letters := (y + (0x80-'a')*each) &^ (y + (0x80-'z'-1)*each) & high
	digits := (x + (0x80-'0')*each) &^ (x + (0x80-'9'-1)*each)
	return x | letters>>2, (letters|digits)&^x&high ^ high
}

// before returns how many bytes stand before the first that stop names, and a
// mask of these; eight and all for none.
func before(stop uint64) (n int, mask uint64) {
	return bits.TrailingZeros64(stop) / 8, (stop&-stop)>>7 - 1
}

// plain takes the words from i on, as long as they are plain ASCII with plain
// signs between them, and returns where something else begins: an apostrophe,
// a bracket, an entity, or a word that has other letters. No word is open.
func (b *Buffer) plain(s string, i int) int {
	tokens := b.tokens
	for i < len(s) {
		var head [2]uint64
		var x uint64
		if i+8 <= len(s) {
			x = load(s[i : i+8])
		} else {
			x = eight(s, i)
		}
		small, stop := fold8(x)
		n, mask := before(stop)
		if n == 0 {
			switch classes[s[i]] {
			case separator:
			case apostrophe:
				b.apostrophe(s, i, i+1)
			default:
				b.tokens = tokens
				return i
			}
			i++
			continue
		}
		head[0] = small & mask
		caps := head[0] ^ x&mask
		end := i + n
		if n == 8 {
			x := eight(s, end)
			small, stop := fold8(x)
			n, mask := before(stop)
			head[1] = small & mask
			caps |= head[1] ^ x&mask
			if end += n; n == 8 {
				for ; end < len(s) && classes[s[end]] >= lower; end++ {
					caps |= uint64(s[end] ^ lowered[s[end]])
				}
			}
		}
		if end < len(s) && classes[s[end]] > upper {
			break
		}
		word := s[i:end]
		if caps != 0 {
			base := len(b.chars)
			b.chars = binary.LittleEndian.AppendUint64(b.chars, head[0])
			if len(word) > 8 {
				b.chars = binary.LittleEndian.AppendUint64(b.chars, head[1])
				for k := i + headBytes; k < end; k++ {
					b.chars = append(b.chars, lowered[s[k]])
				}
			}
			b.chars = b.chars[:base+len(word)]
			word = b.string(base)
		}
		if i == b.possessive && word == "s" {
			i = end
			continue
		}
		const hx = 'h' | 'x'<<8
		if head[0]&0xffff == hx {
			word = refang(word)
			head = Head(word)
		}
		tokens = append(tokens, Token{word, i, end, head})
		b.touch = end
		// Mostly it is a space that follows, and then the next word.
		if i = end; i < len(s) && s[i] == ' ' {
			i++
		}
	}
	b.tokens = tokens
	return i
}
