package filters

import (
	_ "embed"
	"slices"
	"strings"
	"sync"
	"unicode/utf8"

	"tipoff/filters/entity/actor"
)

// place is something in a story under which a set files watches.
type place struct {
	kind placeKind
	// hash is that of the word, of the first letters of a prefix, or of a name.
	hash uint64
	word string
	head string // of a prefix
	// in are the texts in which a word counts.
	in fields
	// sure says that the story matches if this is in it, and nothing is left to
	// ask.
	sure bool
	// guard are words, in any form, one of which the story has to have besides. None at all ask for nothing.
	guard []string
	// actors is the table that knows the entity.
	actors *actor.Table
}

type placeKind byte

const (
	placeWord placeKind = iota
	placeHead
	placeSource
	placeTag
	placeDomain
	placeAuthor
	placeURL
	// Those of entities; the name is empty for any.
	placeActor
	placeMalware
	placeCountry
	placeCVE
)

// at is the place's hash among those of all kinds.
func (k placeKind) at(hash uint64) uint64 {
	if k == placeWord {
		return hash
	}
	const odd = 0x9e3779b97f4a7c15
	return (hash ^ uint64(k)) * odd
}

// cover is a list of places, one of which is in every story that matches; none
// if there are stories without. often guesses how many stories have one.
type cover struct {
	places []place
	often  float64
}

func (c cover) none() bool { return len(c.places) == 0 }

// guards reports whether the cover is few words only, and so can be a guard.
func (c cover) guards() bool {
	return !c.none() && len(c.places) <= maxGuards &&
		!slices.ContainsFunc(c.places, func(p place) bool { return p.kind != placeWord })
}

func (everything) cover() cover { return cover{} }
func (noneOf) cover() cover     { return cover{} }

// cover is that of the operand with the rarest words, guarded by the next one.
func (c allOf) cover() cover {
	var best, second cover
	for _, sub := range c {
		sc := sub.cover()
		switch {
		case sc.none():
		case best.none() || sc.often < best.often:
			if best.guards() {
				second = best
			}
			best = sc
		case sc.guards() && (second.none() || sc.often < second.often):
			second = sc
		}
	}
	if best.none() {
		return best
	}
	best.places = slices.Clone(best.places)
	var guard []string
	for _, p := range second.places {
		guard = append(guard, p.word)
	}
	for i := range best.places {
		p := &best.places[i]
		p.sure = p.sure && len(c) == 1
		if len(p.guard) == 0 {
			p.guard = guard
		}
	}
	return best
}

func (c oneOf) cover() cover {
	var all cover
	for _, sub := range c {
		sc := sub.cover()
		if sc.none() {
			return cover{}
		}
		all.places = append(all.places, sc.places...)
		all.often += sc.often
	}
	return all
}

func (c *phrase) cover() cover {
	switch {
	case len(c.words) == 0:
		return cover{}
	case c.cut(0):
		w := c.words[0]
		return cover{[]place{headOf(w, c.in)}, 4 * rarity(w)}
	}
	rare, next := -1, -1
	for k, w := range c.words {
		switch {
		case c.cut(k):
		case rare < 0 || rarity(w) < rarity(c.words[rare]):
			rare, next = k, rare
		case next < 0 || rarity(w) < rarity(c.words[next]):
			next = k
		}
	}
	places := c.forms(rare)
	if next >= 0 {
		guard := cover{places: c.forms(next)}
		if guard.guards() {
			for i := range places {
				for _, g := range guard.places {
					places[i].guard = append(places[i].guard, g.word)
				}
			}
		}
	}
	return cover{places, rarity(c.words[rare])}
}

// forms are the places of word k of a phrase: by itself, and closed up with
// those beside it.
func (c *phrase) forms(k int) []place {
	places := []place{{hash: c.hashes[k], word: c.words[k], in: c.in}}
	closed := func(words ...string) {
		whole := strings.Join(words, "")
		if words[len(words)-1] == c.words[len(c.words)-1] && c.prefix {
			places = append(places, headOf(whole, c.in))
		} else {
			places = append(places, place{hash: hashOf(whole), word: whole, in: c.in})
		}
	}
	for first := max(0, k-2); first <= k; first++ {
		two, three := c.closed(first)
		if two && first+1 >= k {
			closed(c.words[first], c.words[first+1])
		}
		if three {
			closed(c.words[first : first+3]...)
		}
	}
	return places
}

// maxHead is how many bytes of a prefix a watch is filed under.
const maxHead = 5

func headOf(prefix string, in fields) place {
	head := prefix[:min(len(prefix), maxHead)]
	return place{kind: placeHead, hash: hashOf(head), head: head, in: in}
}

func (c named) cover() cover {
	if c.prefix {
		return cover{}
	}
	kind := placeSource
	if c.tag {
		kind = placeTag
	}
	return cover{[]place{{kind: kind, hash: hashOf(c.name), sure: true}}, rarity("source")}
}

//go:embed frequent.txt
var frequentList string

// frequent has the rank of each frequent word of security news, from 1.
var frequent = sync.OnceValue(func() map[string]int {
	m := map[string]int{}
	for line := range strings.Lines(frequentList) {
		if strings.HasPrefix(line, "#") {
			continue
		}
		for w := range strings.FieldsSeq(line) {
			m[w] = len(m) + 1
		}
	}
	return m
})

// rarity guesses how many stories have a word: by Zipf's law from its rank
// among the frequent ones, else less the longer it is. Only the order matters.
func rarity(word string) float64 {
	if rank := frequent()[word]; rank > 0 {
		return 2 / float64(3+rank)
	}
	n := utf8.RuneCountInString(word)
	switch {
	case n < len(word) && n == 1: // a letter of a script that is not Latin
		return 0.1
	case n <= 3:
		return 0.01 / float64(n)
	}
	return 0.005 / float64(n)
}
