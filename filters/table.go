package filters

import (
	"math/bits"
	"slices"
)

// table is a hash table from places to the watches that are filed there. It is
// in parts, so that a copy with one place changed shares all parts but one.
type table struct {
	blocks []*block
	keys   int
	// building says that nobody else has any part of it yet.
	building bool
}

// block is some of the shards, so that not all of them are copied for one.
type block [blockShards]shard

// shard is a part of a table.
type shard struct {
	cells []cell // a power of two of them, never more than two thirds full
	keys  int
}

// cell holds the watches of one place: one in the cell itself, which mostly is
// all, and more in a list, which others may share. Two cells are a cache line.
type cell struct {
	hash uint64 // of the place; 0 for an empty cell
	one  posting
	more *[]posting
}

var noMore = new([]posting)

// posting is a watch that is filed somewhere.
type posting struct {
	// guard has in its lowest bits the number of guards and then which bits of
	// the story's bloom filter; one of them has to be set.
	guard uint64
	watch int32
	// in are the texts in which the place counts; none for a posting that is
	// none. Places that are not in the texts have all.
	in   fields
	sure bool
}

const (
	guardCount = 4 // bits
	guardBits  = 64 - bloomShift
	maxGuards  = (64 - guardCount) / guardBits

	shardKeys = 24 // of a shard as full as it should be

	blockShards = 32
)

// guardOf returns the guard of a posting; 0, which is none, for too many words.
func guardOf(words []string) uint64 {
	if len(words) > maxGuards {
		return 0
	}
	g := uint64(0)
	for _, w := range words {
		g = g<<guardBits | hashOf(w)>>bloomShift
	}
	return g<<guardCount | uint64(len(words))
}

func (p *posting) guarded(x *index) bool {
	guard := p.guard
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

// makeTable returns a table with room for about n keys.
func makeTable(n int) table {
	t := table{blocks: make([]*block, 1<<bits.Len(uint(n/shardKeys/blockShards)))}
	for i := range t.blocks {
		t.blocks[i] = new(block)
		for k := range t.blocks[i] {
			t.blocks[i][k].cells = make([]cell, 4)
		}
	}
	return t
}

// shards is the number of parts.
func (t *table) shards() int { return len(t.blocks) * blockShards }

// The bits of a hash are used thus: the lowest for a cell and a story's index,
// then for the shard and the sieve, and the highest for the bloom filter of a
// story.
const (
	shardShift = 16
	blockShift = 24
)

func (t *table) block(hash uint64) int { return int(hash >> blockShift & uint64(len(t.blocks)-1)) }

func (t *table) shard(hash uint64) *shard {
	return &t.blocks[t.block(hash)][hash>>shardShift%blockShards]
}

// cell returns the cell of a place, nil if there is none.
func (t *table) cell(hash uint64) *cell {
	cells := t.shard(hash).cells
	mask := uint64(len(cells) - 1)
	for i := hash & mask; ; i = (i + 1) & mask {
		switch c := &cells[i]; c.hash {
		case hash:
			return c
		case 0:
			return nil
		}
	}
}

// peek reads where the place is, if it is where it should be.
func (t *table) peek(hash uint64) uint64 {
	cells := t.shard(hash).cells
	return cells[hash&uint64(len(cells)-1)].hash
}

// own gives the table a copy of the shard with this place. The list of blocks is
// its own already.
func (t *table) own(hash uint64) {
	i := t.block(hash)
	b := *t.blocks[i]
	t.blocks[i] = &b
	sh := t.shard(hash)
	sh.cells = slices.Clone(sh.cells)
}

// file puts a posting into a place whose shard is the table's own.
func (t *table) file(hash uint64, p posting) {
	if c := t.cell(hash); c != nil {
		switch {
		case c.one.in == 0:
			c.one = p
		case t.building && c.more != noMore:
			*c.more = append(*c.more, p)
		default:
			more := append(slices.Clip(*c.more), p)
			c.more = &more
		}
		return
	}
	sh := t.shard(hash)
	if 3*(sh.keys+1) > 2*len(sh.cells) {
		old := sh.cells
		sh.cells = make([]cell, 2*len(old))
		for _, c := range old {
			if c.hash != 0 {
				*sh.empty(c.hash) = c
			}
		}
	}
	*sh.empty(hash) = cell{hash, p, noMore}
	sh.keys++
	t.keys++
}

// empty returns the cell in which to put a place that is not in the shard.
func (sh *shard) empty(hash uint64) *cell {
	mask := uint64(len(sh.cells) - 1)
	i := hash & mask
	for sh.cells[i].hash != 0 {
		i = (i + 1) & mask
	}
	return &sh.cells[i]
}

// unfile takes a watch out of a place whose shard is the table's own. A place
// without any stays for the next one.
func (t *table) unfile(hash uint64, watch int32) {
	c := t.cell(hash)
	if c == nil {
		return
	}
	all := append([]posting{c.one}, *c.more...)
	all = slices.DeleteFunc(all, func(p posting) bool { return p.in == 0 || p.watch == watch })
	c.one, c.more = posting{}, noMore
	if len(all) > 0 {
		c.one = all[0]
	}
	if len(all) > 1 {
		more := all[1:]
		c.more = &more
	}
}

// spread returns the table with as many parts as its keys need.
func (t *table) spread() table {
	n := makeTable(2 * t.keys)
	n.building = true
	for _, b := range t.blocks {
		for _, sh := range b {
			for _, c := range sh.cells {
				if c.one.in != 0 {
					n.file(c.hash, c.one)
					n.cell(c.hash).more = c.more
				}
			}
		}
	}
	n.building = false
	return n
}
