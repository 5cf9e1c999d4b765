package filters

import "slices"

// index knows where each word of a story is. It is a hash table by the words'
// hashes alone: with 64 bits and seeds of the process, two words of a story
// have the same one never.
//
// A set makes an index of its own, which has of the pairs of words only those
// that the set's watches may ask for as one word.
type index struct {
	doc *Doc
	// heads has for the lowest bits of a hash the first token with such a one,
	// counted from 1, and next the one after a token. 0 is none.
	heads []int32
	next  []int32
	// hashes are those of the tokens.
	hashes []uint64
	// bloom has a bit for each word, and for each two or three words side by
	// side that may be one word together. So what is not in it is not in the
	// story, in any form.
	bloom [bloomBits / 64]uint64
	// pairs has a hash for each two or three of them, and the first token.
	// The last ones come first.
	pairs []pair
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

// make reads all words of a story.
func (x *index) make(d *Doc) {
	x.reset(d)
	for f := texts - 1; f >= 0; f-- {
		start, end := int(d.starts[f]), int(d.starts[f+1])
		for i := end - 1; i >= start; i-- {
			x.add(i, keyAt(&d.tokens[i]).hash())
			if i+1 < end {
				x.pairs = d.appendPairs(x.pairs, f, i)
			}
		}
	}
	for i := range x.pairs {
		x.mark(x.pairs[i].hash)
	}
}

// add puts in token i; those after it are in.
func (x *index) add(i int, hash uint64) {
	x.hashes[i] = hash
	x.mark(hash)
	head := &x.heads[hash&uint64(len(x.heads)-1)]
	x.next[i] = *head
	*head = int32(i + 1)
}

// reset makes the index one of no words of a story.
func (x *index) reset(d *Doc) {
	x.doc = d
	n, size := len(d.tokens), 16
	for size < n {
		size *= 2
	}
	if cap(x.heads) < size {
		x.heads, x.next, x.hashes = make([]int32, size), make([]int32, size), make([]uint64, size)
	}
	x.heads, x.next, x.hashes = x.heads[:size], x.next[:n], x.hashes[:n]
	clear(x.heads)
	x.bloom = [bloomBits / 64]uint64{}
	x.pairs = x.pairs[:0]
}

// first returns the first token with this hash, and after the next one with the
// same as token i; -1 for none.
func (x *index) first(hash uint64) int {
	return x.same(x.heads[hash&uint64(len(x.heads)-1)], hash)
}

func (x *index) after(i int) int { return x.same(x.next[i], x.hashes[i]) }

func (x *index) same(i int32, hash uint64) int {
	for i > 0 && x.hashes[i-1] != hash {
		i = x.next[i-1]
	}
	return int(i) - 1
}

// has reports whether the story has a word in these texts, as one or apart.
func (x *index) has(h uint64, in fields) bool {
	if !x.maybe(h) {
		return false
	}
	for i := x.first(h); i >= 0; i = x.after(i) {
		if in.has(x.doc.textOf(i)) {
			return true
		}
		if in == onTitle {
			break // those in the title come first
		}
	}
	for _, p := range x.pairs {
		if p.hash == h && in.has(x.doc.textOf(int(p.token))) && x.doc.oneWord(p) {
			return true
		}
	}
	return false
}

// mayHave reports whether the story may have a phrase in these texts: its first
// word, by itself or apart, with a word behind it that begins like its second
// one, or the two closed up, unless that hash is 0. Whatever form the second word
// has, it begins in the same way.
func (x *index) mayHave(first uint64, second byte, closed uint64, in fields) bool {
	if closed != 0 && x.maybe(closed) {
		return true
	}
	if !x.maybe(first) {
		return false
	}
	tokens := x.doc.tokens
	for i := x.first(first); i >= 0; i = x.after(i) {
		if i+1 < len(tokens) && byte(tokens[i+1].Head[0]) == second && in.has(x.doc.textOf(i)) {
			return true
		}
	}
	return slices.ContainsFunc(x.pairs, func(p pair) bool { return p.hash == first })
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

// appendPairs appends what token i of text f may be together with those after
// it, of which there is one at least.
func (d *Doc) appendPairs(pairs []pair, f, i int) []pair {
	a, b := &d.tokens[i], &d.tokens[i+1]
	two, three := mayJoin(a.Text, b.Text, d.gap(f, i))
	if !two {
		return pairs
	}
	k := joinedKey(a.Text, b.Text, keyAt(a), keyAt(b))
	pairs = append(pairs, pair{k.hash(), int32(i), 2})
	if three && i+2 < int(d.starts[f+1]) && d.gap(f, i+1) != apart {
		c := &d.tokens[i+2]
		pairs = append(pairs, pair{tripleKey(a.Text, b.Text, c.Text, k, keyAt(c)).hash(), int32(i), 3})
	}
	return pairs
}
