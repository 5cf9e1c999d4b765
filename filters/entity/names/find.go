package names

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"tipoff/filters/text"
)

// Hit is a mention of an entry: the tokens First to Last, both included.
type Hit struct{ Entry, First, Last int }

// window is how many words to each side may hold the context of an alias.
const window = 10

// Find returns the mentions in s, in order and without overlaps. tokens are
// those that package text gives for s. Where several aliases start, the longest
// that counts wins. The time is linear in the number of tokens; a text without
// mentions costs no allocation.
func (t *Table) Find(s string, tokens []text.Token) []Hit {
	var certain, open []Hit
	for i := 0; i < len(tokens); {
		if !t.starts.MayHave(&tokens[i]) {
			i++
			continue
		}
		w := t.words[tokens[i].Text]
		if w.start == 0 {
			i++
			continue
		}
		h, v := t.at(s, tokens, i, w.start)
		switch v {
		case counts:
			certain = append(certain, h)
			i = h.Last + 1
			continue
		case perhaps:
			open = append(open, h)
		}
		i++
	}
	if len(open) == 0 || len(certain) == 0 {
		return certain
	}
	return t.settle(s, tokens, certain, open)
}

type verdict uint8

const (
	never verdict = iota
	perhaps
	counts
)

// at returns the longest alias that counts of those that start at token i, or
// else the longest that may do so by what the rest of the text says.
func (t *Table) at(s string, tokens []text.Token, i int, n int32) (Hit, verdict) {
	var ends [maxWords]int32
	last := i
	for {
		ends[last-i] = n
		last++
		if last == len(tokens) || last-i == maxWords {
			break
		}
		w := t.words[tokens[last].Text]
		if w.id == 0 {
			break
		}
		if n = t.next[edge{n, w.id}]; n == 0 {
			break
		}
	}
	var maybe Hit
	best := never
	for last--; last >= i; last-- {
		forms := t.nodes[ends[last-i]].forms
		for k := range forms {
			h := Hit{Entry: int(forms[k].entry), First: i, Last: last}
			switch v := t.judge(s, tokens, h, &forms[k]); {
			case v == counts:
				return h, counts
			case v == perhaps && best == never:
				maybe, best = h, perhaps
			}
		}
	}
	return maybe, best
}

// settle adds to the certain mentions those open ones that they make certain.
func (t *Table) settle(s string, tokens []text.Token, certain, open []Hit) []Hit {
	seen := make([]bool, t.count)
	for _, h := range certain {
		seen[h.Entry] = true
	}
	const neighbour = 2 // "Akira and Play"
	all := make([]Hit, 0, len(certain)+len(open))
	for _, o := range open {
		for len(certain) > 0 && certain[0].First <= o.Last {
			all = append(all, certain[0])
			certain = certain[1:]
		}
		before, after := len(all) > 0, len(certain) > 0
		if before && all[len(all)-1].Last >= o.First {
			continue
		}
		beside := before && o.First-all[len(all)-1].Last <= neighbour &&
			sameSentence(s, tokens, all[len(all)-1].Last, o.First) ||
			after && certain[0].First-o.Last <= neighbour &&
				sameSentence(s, tokens, o.Last, certain[0].First)
		if seen[o.Entry] || beside {
			all = append(all, o)
		}
	}
	return append(all, certain...)
}

// judge says whether an alias counts where it stands.
func (t *Table) judge(s string, tokens []text.Token, h Hit, f *form) verdict {
	first, last := tokens[h.First], tokens[h.Last]
	need := f.need
	if f.apart && need == Always && !setApart(s, tokens, h) {
		need = Near
	}
	if need == Always && t.plainWords(s, tokens, h, f.alias) {
		need = Near
	}
	if (need != Always || isDigit(s[last.End-1])) && inName(s, first.Start, last.End) {
		return never
	}
	for _, not := range f.alias.Not {
		if h.First > 0 && tokens[h.First-1].Text == not || h.Last+1 < len(tokens) && tokens[h.Last+1].Text == not {
			return never
		}
	}
	capital := hasCapital(s[first.Start:])
	switch need {
	case Always:
		return counts
	case Near:
		if capital && t.near(tokens, h, f, -1) || t.beside(s, tokens, h, f, capital) {
			return counts
		}
	case Beside:
		if t.beside(s, tokens, h, f, capital) {
			return counts
		}
	}
	if capital {
		return perhaps
	}
	return never
}

// plainWords reports whether a name of several words, all with capitals, stands
// in a text without one: a "Midnight blizzard" may be the weather. What only
// says what a name is (group, team) may have a small letter.
func (t *Table) plainWords(s string, tokens []text.Token, h Hit, a *Alias) bool {
	if !t.capitals || h.First == h.Last {
		return false
	}
	small := false
	for i := h.First; i <= h.Last; i++ {
		r, _ := utf8.DecodeRuneInString(s[tokens[i].Start:])
		small = small || unicode.IsLower(r) && t.words[tokens[i].Text].role&(strong|weak) == 0
	}
	if !small || len(strings.Fields(a.Name)) != h.Last-h.First+1 {
		return false
	}
	for word := range strings.FieldsSeq(a.Name) {
		if r, _ := utf8.DecodeRuneInString(word); !unicode.IsUpper(r) || strings.ContainsFunc(word, func(r rune) bool { return !unicode.IsLetter(r) }) {
			return false
		}
	}
	return true
}

// near reports whether a word of the context is nearby; the token except does
// not count.
func (t *Table) near(tokens []text.Token, h Hit, f *form, except int) bool {
	for i := max(0, h.First-window); i < min(len(tokens), h.Last+window+1); i++ {
		if i == except || i >= h.First && i <= h.Last {
			continue
		}
		if len(f.alias.Words) > 0 {
			if slices.Contains(f.alias.Words, tokens[i].Text) {
				return true
			}
		} else if t.words[tokens[i].Text].role&(near|strong) != 0 {
			return true
		}
	}
	return false
}

// beside reports whether the alias is next to a word that says what it is.
func (t *Table) beside(s string, tokens []text.Token, h Hit, f *form, capital bool) bool {
	if i := h.Last + 1; i < len(tokens) && sameSentence(s, tokens, h.Last, i) {
		own, r := f.role(t, tokens[i].Text)
		if !capital {
			// A name in small letters may be a verb ("cloak ransomware losses")
			// unless two words go on ("play ransomware gang").
			certain := t.words[tokens[i].Text].role&strong != 0 && (own || r&strong != 0)
			return certain && (f.need == Near ||
				i+1 < len(tokens) && t.words[tokens[i+1].Text].role&(strong|weak) != 0)
		}
		if own || r&strong != 0 || r&weak != 0 && t.near(tokens, h, f, i) {
			return true
		}
	}
	// What comes before is less certain ("a ransomware play"): a name has a
	// capital there.
	if !capital {
		return false
	}
	named := false
	for i := h.First - 1; i >= max(0, h.First-4) && sameSentence(s, tokens, i, i+1); i-- {
		own, r := f.role(t, tokens[i].Text)
		switch {
		case own, r&strong != 0:
			return true
		case r&weak != 0:
			return t.near(tokens, h, f, i)
		case r&naming != 0:
			named = true
		case r&filler == 0:
			return named && t.near(tokens, h, f, -1)
		}
	}
	return named && t.near(tokens, h, f, -1)
}

// role returns what a word beside the alias says: own if it is one of the
// alias's own words, which take the place of the table's.
func (f *form) role(t *Table, word string) (own bool, r role) {
	r = t.words[word].role
	if len(f.alias.Words) > 0 {
		return slices.Contains(f.alias.Words, word), r & (filler | naming)
	}
	return false, r
}

// setApart reports whether the words before a number that is set apart are
// written as a designation, such as APT 41 or apt-41: "apt 41" in small letters
// with a space may be a flat.
func setApart(s string, tokens []text.Token, h Hit) bool {
	for i := h.First; i < h.Last; i++ {
		if gap := s[tokens[i].End:tokens[i+1].Start]; !strings.ContainsFunc(gap, unicode.IsSpace) {
			continue
		}
		raw := s[tokens[i].Start:tokens[i].End]
		if strings.ContainsFunc(raw, unicode.IsLower) {
			return false
		}
	}
	return true
}

// inName reports whether s[start:end] is a part of a version, host, file or
// path: apt 1.4, play.google.com, /usr/lib/lazarus.
func inName(s string, start, end int) bool {
	if start > 0 && strings.IndexByte(`.\@_~=`, s[start-1]) >= 0 {
		return true
	}
	if end+1 >= len(s) {
		return false
	}
	return strings.IndexByte(`.@_\=`, s[end]) >= 0 && isWord(s[end+1]) || strings.HasPrefix(s[end:], "://")
}

func isDigit(c byte) bool { return c >= '0' && c <= '9' }

func isWord(c byte) bool {
	return isDigit(c) || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= utf8.RuneSelf
}

func hasCapital(s string) bool {
	r, _ := utf8.DecodeRuneInString(s)
	return !unicode.IsLower(r)
}

// sameSentence reports whether nothing between two tokens ends a sentence or
// an item.
func sameSentence(s string, tokens []text.Token, i, j int) bool {
	a, b := tokens[i].End, tokens[j].Start
	return a > b || !strings.ContainsAny(s[a:b], ".!?;:|\n")
}
