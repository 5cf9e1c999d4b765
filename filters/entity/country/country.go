// Package country finds the countries that a text speaks of.
//
// A country is found by its names (short, long and former ones), demonyms and
// adjectives, its capital, and the seats of government that stand for a state
// (Kremlin, Whitehall, White House); countries.txt lists them with the rules
// for those that are also something else. The longest name wins, so South
// Korean is KR and Northern Ireland GB. Letter case in the original text
// decides where it tells: "US" is a country and "us" is not, "China" is and
// "fine china" is not. What stands nearby decides the rest: Georgia beside
// Atlanta, Jordan before a surname, Cuba before "ransomware", Lebanon before
// ", New Hampshire" are not found.
//
// Three decisions. Washington, Brussels, Moscow count as the governments they
// stand for, other towns only if they are capitals. England, Scotland, Wales
// and Northern Ireland are GB, provinces and states of other countries are
// nothing. A language counts as its country where it is spoken in hardly
// another (Russian-speaking, Chinese-speaking), and not for Spanish, French,
// Portuguese and German.
//
// Codes are those of ISO 3166-1 alpha-2, with XK for Kosovo and EU for the
// European Union. Everything is pure and safe for concurrent use.
package country

import (
	"maps"
	"slices"
	"strings"

	"tipoff/filters/text"
)

// Mention is a place in a text where a country is spoken of: the tokens First
// to Last, both included.
type Mention struct {
	Code        string
	First, Last int
}

// Lookup returns the code of a country by its code, a name, demonym or
// capital, in any case. Without a text around it, an ambiguous name is taken
// for the country: Georgia is GE, Washington US.
func Lookup(name string) (code string, ok bool) {
	t := world()
	key := text.Normalise(name)
	if c := strings.ToUpper(key); t.codes[c] {
		return c, true
	}
	code, ok = t.names[strings.TrimPrefix(key, "the ")]
	return code, ok
}

// Names lists the names that Lookup knows, sorted and in their normalised form.
func Names() []string { return slices.Sorted(maps.Keys(world().names)) }

// Spellings lists the names by which a text may speak of a country, each as its
// words, sorted. Some of them are something else at times, which [Find] knows.
func Spellings(code string) [][]string {
	var all [][]string
	var walk func(before []string, next map[string]*node)
	walk = func(before []string, next map[string]*node) {
		for word, n := range next {
			words := append(slices.Clip(before), word)
			if slices.ContainsFunc(n.entries, func(e entry) bool { return e.code == code }) {
				all = append(all, words)
			}
			walk(words, n.next)
		}
	}
	walk(nil, world().roots)
	slices.SortFunc(all, slices.Compare)
	return all
}

// Find returns the mentions of countries in s in their order; tokens are its
// words, as [text.Tokens] gives them. Mentions do not overlap; the same country
// comes as often as it is mentioned. The work is linear in the text: about
// 0.8 µs for 90 words with five mentions, 0.3 µs without one (BenchmarkFind).
func Find(s string, tokens []text.Token) []Mention {
	f := finder{table: world(), s: s, tokens: tokens}
	var found []Mention
	for i := 0; i < len(tokens); i++ {
		if !f.starts.MayHave(&tokens[i]) {
			continue
		}
		n := f.roots[tokens[i].Text]
		if n == nil {
			continue
		}
		code, last := f.longest(n, i)
		if last < i {
			continue
		}
		if code != "" {
			if found == nil {
				found = make([]Mention, 0, 8)
			}
			found = append(found, Mention{code, i, last})
		}
		i = last
	}
	return found
}

// finder is one look through one text.
type finder struct {
	*table
	s      string
	tokens []text.Token
}

// longest returns the code of the longest name that starts with token first,
// whose node n is, and fits; and its last token, -1 if no name fits. The code
// is empty for a phrase that only looks like a country.
func (f *finder) longest(n *node, first int) (code string, last int) {
	var path [maxWords]*node
	words, comma := 0, maxWords
	for i := first; n != nil; {
		path[words] = n
		words++
		if i+1 == len(f.tokens) || words == maxWords || len(n.next) == 0 {
			break
		}
		n = n.next[f.tokens[i+1].Text]
		if n == nil {
			break
		}
		joined, withComma := f.joined(i)
		if !joined {
			break
		}
		if withComma {
			comma = min(comma, words)
		}
		i++
	}
	for words--; words >= 0; words-- {
		last = first + words
		for _, e := range path[words].entries {
			// Only a phrase that is no country may have a comma in it.
			if words >= comma && e.code != "" {
				continue
			}
			if !f.fits(e.cond, first, last) {
				continue
			}
			if e.code != "" && (f.inAddress(first, last) || f.isTown(last)) {
				return "", last
			}
			return e.code, last
		}
	}
	return "", -1
}

// joined reports whether the tokens i and i+1 stand in one phrase, and whether
// there is a comma between them.
func (f *finder) joined(i int) (ok, comma bool) {
	from, to := f.tokens[i].End, f.tokens[i+1].Start
	if from >= to {
		return true, false
	}
	gap := f.s[from:to]
	if gap == " " || gap == "-" {
		return true, false
	}
	for k := range len(gap) {
		switch gap[k] {
		case ',':
			comma = true
		case '.':
			// The stop of an abbreviation: U.S., St. Lucia, N. Korea.
			if to-from > 2 || from-f.tokens[i].Start > 2 {
				return false, false
			}
		case ';', ':', '!', '?', '|', '/', '"':
			return false, false
		}
	}
	return true, comma
}

// inAddress reports whether the mention is a part of a domain name, an e-mail
// address, a path or a name in code, which says nothing about a country.
func (f *finder) inAddress(first, last int) bool {
	start, end := f.tokens[first].Start, f.tokens[last].End
	if end < len(f.s) {
		switch f.s[end] {
		case '@', '_':
			return true
		case '.':
			if end+1 < len(f.s) && isSmall(f.s[end+1]) {
				return true
			}
		}
	}
	if start == 0 {
		return false
	}
	small := isSmall(f.s[start])
	switch f.s[start-1] {
	case '@', '_':
		return true
	case '/':
		return small
	case '.':
		return small && start > 1 && f.s[start-2] > ' '
	}
	return false
}

// isTown reports whether an American state follows after a comma, as in
// "Lebanon, New Hampshire" and "Moscow, ID".
func (f *finder) isTown(last int) bool {
	if last+1 >= len(f.tokens) {
		return false
	}
	next := f.tokens[last+1]
	gap := f.s[f.tokens[last].End:max(next.Start, f.tokens[last].End)]
	if gap != ", " {
		return false
	}
	if f.states[next.Text] {
		return true
	}
	if last+2 < len(f.tokens) && f.states[next.Text+"-"+f.tokens[last+2].Text] {
		return true
	}
	return f.abbreviations[next.Text] && f.isCaps(last+1) && !f.shouting(last+1)
}

func isSmall(c byte) bool { return c >= 'a' && c <= 'z' || c >= '0' && c <= '9' }
