package filters

import (
	"tipoff/filters/text"
)

// index knows where each word of a story is. It is a hash table by the words'
// hashes alone: with 64 bits and seeds of the process, two words of a story
// have the same one never.
type index struct {
	slots []slot
	// turn marks the slots of the story that is in now: so nothing needs to be
	// cleared for the next one.
	turn uint32
	// Of each token: the word's key and hash, the next token of the same word or
	// -1, and what stands between it and the next token of its text.
	keys   []key
	hashes []uint64
	next   []int32
	gaps   []gap
	// first are the slots in use, one for each different word.
	first []int32
	// bloom has a bit for each word, and for each two or three words side by
	// side that may be one word together. So what is not in it is not in the
	// story, in any form.
	bloom [bloomBits / 64]uint64
	// pairs has a hash for each two or three of them, and the first token.
	pairs []pair
}

type slot struct {
	hash  uint64
	token int32 // the first one
	turn  uint32
	in    fields
}

type pair struct {
	hash  uint64
	token int32
	words int32 // 2 or 3
}

const (
	bloomBits  = 4096
	bloomShift = 64 - 12
)

func (x *index) mark(h uint64) { x.bloom[h>>(bloomShift+6)] |= 1 << (h >> bloomShift & 63) }

// maybe reports whether the story may have the word, in any form.
func (x *index) maybe(h uint64) bool {
	return x.bloom[h>>(bloomShift+6)]&(1<<(h>>bloomShift&63)) != 0
}

// make reads the tokens of a story.
func (x *index) make(d *Doc) {
	n := len(d.tokens)
	x.grow(n)
	x.bloom = [bloomBits / 64]uint64{}
	if x.turn++; x.turn == 0 {
		clear(x.slots)
		x.turn = 1
	}
	x.keys, x.hashes, x.next, x.gaps = x.keys[:n], x.hashes[:n], x.next[:n], x.gaps[:n]
	x.first, x.pairs = x.first[:0], x.pairs[:0]
	mask := uint64(len(x.slots) - 1)
	// Backwards, so that each word's first token is in the table at the end.
	for f := texts - 1; f >= 0; f-- {
		in := fields(1) << f
		start, end := int(d.starts[f]), int(d.starts[f+1])
		for i := end - 1; i >= start; i-- {
			word := d.tokens[i].Text
			k := keyOf(word)
			h := k.hash()
			x.keys[i], x.hashes[i] = k, h
			x.mark(h)
			at := h & mask
			for x.slots[at].turn == x.turn && x.slots[at].hash != h {
				at = (at + 1) & mask
			}
			s := &x.slots[at]
			if s.turn == x.turn {
				x.next[i] = s.token
				s.token = int32(i)
				s.in |= in
			} else {
				*s = slot{hash: h, token: int32(i), turn: x.turn, in: in}
				x.next[i] = -1
				x.first = append(x.first, int32(at))
			}
			x.gaps[i] = apart
			if i+1 == end {
				continue
			}
			g := spaced
			if t := d.texts[f]; d.tokens[i].End+1 != d.tokens[i+1].Start || t[d.tokens[i].End] != ' ' {
				g = d.gap(f, i)
			}
			x.gaps[i] = g
			if g != apart {
				x.join(d.tokens, i, g)
			}
		}
	}
}

// mayJoin reports whether two words may be read as one, and whether three may
// with the next one, by the least that [joins] asks for.
func mayJoin(a, b string, g gap) (two, three bool) {
	if g == apart {
		return false, false
	}
	last, first := a[len(a)-1], b[0]
	digitA, digitB := last-'0' <= 9, first-'0' <= 9
	switch {
	case (last|first)&0x80 != 0:
		return true, true
	case digitA != digitB:
		return true, true
	case digitA:
		return false, false
	case g == hyphen:
		return len(b) >= minTail && len(a)+len(b) >= minCompound, false
	}
	return len(a) >= minOpenPart && len(b) >= minOpenPart && len(a)+len(b) >= minOpen, false
}

// join puts in what token i may be together with those after it.
func (x *index) join(tokens []text.Token, i int, g gap) {
	a, b := tokens[i].Text, tokens[i+1].Text
	two, three := mayJoin(a, b, g)
	if !two {
		return
	}
	k := joinedKey(a, b, x.keys[i], x.keys[i+1])
	h := k.hash()
	x.mark(h)
	x.pairs = append(x.pairs, pair{h, int32(i), 2})
	if !three || i+2 >= len(tokens) || x.gaps[i+1] == apart {
		return
	}
	h = tripleKey(a, b, tokens[i+2].Text, k, x.keys[i+2]).hash()
	x.mark(h)
	x.pairs = append(x.pairs, pair{h, int32(i), 3})
}

// grow makes room for n tokens.
func (x *index) grow(n int) {
	size := 16
	for size < 2*n {
		size *= 2
	}
	if len(x.slots) < size {
		x.slots = make([]slot, size)
		x.turn = 0
	}
	if cap(x.keys) < n {
		x.keys, x.hashes = make([]key, n, size), make([]uint64, n, size)
		x.next, x.gaps = make([]int32, n, size), make([]gap, n, size)
		x.first, x.pairs = make([]int32, 0, size), make([]pair, 0, size)
	}
}

// word returns where the word with this hash is, nil if it is nowhere.
func (x *index) word(h uint64) *slot {
	if !x.maybe(h) {
		return nil
	}
	mask := uint64(len(x.slots) - 1)
	for at := h & mask; x.slots[at].turn == x.turn; at = (at + 1) & mask {
		if x.slots[at].hash == h {
			return &x.slots[at]
		}
	}
	return nil
}

// has reports whether the story has a word in these texts, as one or apart.
func (x *index) has(d *Doc, h uint64, in fields) bool {
	if s := x.word(h); s != nil && s.in&in != 0 {
		return true
	}
	for i := range x.pairs {
		if p := x.pairs[i]; p.hash == h && in.has(d.textOf(int(p.token))) && d.oneWord(p) {
			return true
		}
	}
	return false
}

// chain returns the first token that is the word with this hash, or -1.
func (x *index) chain(h uint64) int32 {
	if s := x.word(h); s != nil {
		return s.token
	}
	return -1
}

// paired reports whether two or three words side by side may be the one with
// this hash.
func (x *index) paired(h uint64) bool {
	if !x.maybe(h) {
		return false
	}
	for i := range x.pairs {
		if x.pairs[i].hash == h {
			return true
		}
	}
	return false
}
