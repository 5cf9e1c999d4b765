package filters

import "strings"

// small are the words that stand next to others all the time, and so would
// make words with them by chance, with "age", "aged" and the bank ING, which
// do the same: "put in", "not able", "a man aged 45".
var small = wordSet(`a about after age aged all am an and any are as at back be been but by can com could did do down each even for from
	had has have he her here him his how if in ing into is it its just made make man may me men might more most my no not now of off on one
	only or our out over own per said say she so some son such than that the their them then there these they this those to too
	two under up upon us via was we were what when where which while who why will with would you your`)

// heads and tails are those of them that compounds begin and end with.
var (
	heads = wordSet(`after all back by down one over off on out two under up`)
	tails = wordSet(`back by down in man off on out over up`)
)

func wordSet(words string) map[string]bool {
	m := map[string]bool{}
	for w := range strings.FieldsSeq(words) {
		m[w] = true
	}
	return m
}
