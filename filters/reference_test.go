package filters

import (
	"regexp"
	"slices"
	"strings"
	"time"

	"tipoff/sources/story"
)

// The reference knows what a query means from the tree it was made of, and
// what a story says from the words it was made of. It shares no code with the
// parser, the tokeniser or the matcher.

// said is a text by its words, how their letters are written ("U" for a
// capital, "l" for anything else) and the signs between them.
type said struct {
	words, capitals, signs []string
	raw                    string
}

// called is a name of a source or a tag.
type called struct {
	words []string
	raw   string
}

// told is a story by what it says.
type told struct {
	texts         [3]said
	author, url   said
	sources, tags []called
	hosts         []string
	lang          string
	time          time.Time
	actors        []string // "" for one that nobody knows
	countries     []string
	malware       []string
	cves          []story.CVE // by their ids in one form
}

// asked is a query by its meaning.
type asked struct {
	op    string // and, or, not, term, near, regex, value, set
	sub   []asked
	field string

	// Of a term. Exact is the text in its case, with its words' capitals.
	words           []string
	prefix          bool
	exact, capitals string

	within []int          // of near
	re     *regexp.Regexp // of regex

	// Of a value or a regular expression: how it is written, and of the first
	// what it means.
	written string
	means   func(told) bool
}

// tally counts how often each construct was true and false.
type tally map[string]*[2]int

func (c tally) add(kind string, yes bool) {
	if c[kind] == nil {
		c[kind] = new([2]int)
	}
	if yes {
		c[kind][1]++
	} else {
		c[kind][0]++
	}
}

func (a asked) wants(m told, c tally) bool {
	any := func(want bool) bool {
		return slices.ContainsFunc(a.sub, func(s asked) bool { return s.wants(m, c) == want })
	}
	switch a.op {
	case "and":
		return !any(false)
	case "or":
		return any(true)
	case "not":
		return any(false)
	}
	kind := strings.TrimSpace(a.field + " " + a.op)
	switch {
	case a.op == "set":
		yes := any(true)
		c.add(kind, yes)
		return yes
	case a.exact != "":
		kind = "exact"
	case a.op == "value" && a.field == "":
		kind = a.written[:strings.IndexAny(a.written, " <>=≤")]
	}
	yes := a.holds(m)
	c.add(kind, yes)
	return yes
}

// fieldTexts are the texts in which a field of words looks.
func (m *told) fieldTexts(field string) []said {
	switch field {
	case "title":
		return m.texts[:1]
	case "body":
		return m.texts[1:]
	case "author":
		return []said{m.author}
	case "url":
		return []said{m.url}
	}
	return m.texts[:]
}

func (m *told) called(field string) []called {
	if field == "tag" {
		return m.tags
	}
	return m.sources
}

func (a asked) holds(m told) bool {
	switch a.op {
	case "value":
		return a.means(m)
	case "near":
		// Of a story's five texts in turn.
		for _, one := range []struct {
			said
			fields []string
		}{
			{m.texts[0], []string{"", "title"}},
			{m.texts[1], []string{"", "body"}},
			{m.texts[2], []string{"", "body"}},
			{m.author, []string{"author"}},
			{m.url, []string{"url"}},
		} {
			sides := make([][]stretch, len(a.sub))
			for i, side := range a.sub {
				alternatives := []asked{side}
				if side.op == "or" {
					alternatives = side.sub
				}
				for _, o := range alternatives {
					if slices.Contains(one.fields, o.field) {
						sides[i] = append(sides[i], o.places(one.said)...)
					}
				}
			}
			for _, first := range sides[0] {
				if a.chain(sides, 1, first) {
					return true
				}
			}
		}
		return false
	case "regex":
		switch a.field {
		case "domain":
			return slices.ContainsFunc(m.hosts, a.re.MatchString)
		case "source", "tag":
			return slices.ContainsFunc(m.called(a.field), func(n called) bool { return a.re.MatchString(n.raw) })
		}
		return slices.ContainsFunc(m.fieldTexts(a.field), func(s said) bool { return a.re.MatchString(s.raw) })
	}
	switch a.field {
	case "source", "tag":
		return slices.ContainsFunc(m.called(a.field), a.names)
	case "":
		if len(a.words) == 0 {
			return true
		}
	}
	return slices.ContainsFunc(m.fieldTexts(a.field), func(s said) bool {
		if len(a.words) == 0 {
			return len(s.words) > 0
		}
		return len(a.places(s)) > 0
	})
}

// stretch is the words of a text from the first up to the end.
type stretch struct{ first, end int }

// chain reports whether the sides from k on follow, the one before being at p.
func (a asked) chain(sides [][]stretch, k int, p stretch) bool {
	if k == len(sides) {
		return true
	}
	for _, next := range sides[k] {
		between := -1
		if next.first >= p.end {
			between = next.first - p.end
		} else if p.first >= next.end {
			between = p.first - next.end
		}
		if between >= 0 && between <= a.within[k-1] && a.chain(sides, k+1, next) {
			return true
		}
	}
	return false
}

// places are where the words stand in the text, in any of their forms.
func (a asked) places(text said) []stretch {
	forms := [][]string{a.words}
	if a.exact == "" { // a digit is not written as the word is
		forms = withZeros(a.words, a.prefix)
	}
	var all []stretch
	for _, words := range forms {
		form := a
		form.words = words
		for i := range text.words {
			for _, end := range form.ends(text, i, 0) {
				capitals := strings.Join(text.capitals[i:end], "")
				if a.exact == "" || capitals == a.capitals || a.prefix && strings.HasPrefix(capitals, a.capitals) {
					all = append(all, stretch{i, end})
				}
			}
		}
	}
	return all
}

// withZeros returns the words with each "zero" and "0" of a zero-day in both forms.
func withZeros(words []string, prefix bool) [][]string {
	all := [][]string{nil}
	for k, w := range words {
		next := ""
		if k+1 < len(words) {
			next = words[k+1]
		}
		unit := func(s string, cut bool) bool {
			return s != "" && (s == "day" || s == "days" || s == "click" || prefix && cut && (strings.HasPrefix("days", s) || strings.HasPrefix("click", s)))
		}
		both := []string{w}
		if (w == "zero" || w == "0") && unit(next, k+2 == len(words)) {
			both = []string{"zero", "0"}
		}
		for _, zero := range []string{"zero", "0"} {
			if rest, ok := strings.CutPrefix(w, zero); ok && unit(rest, k+1 == len(words)) {
				both = []string{"zero" + rest, "0" + rest}
			}
		}
		var more [][]string
		for _, before := range all {
			for _, b := range both {
				more = append(more, append(slices.Clone(before), b))
			}
		}
		all = more
	}
	return all
}

// ends returns where the words from k on may end if they begin at word i of the
// text. One
// word may be up to three of the other side, if the borders allow.
func (a asked) ends(text said, i, k int) []int {
	if k == len(a.words) {
		return []int{i}
	}
	var all []int
	for n := 1; n <= 3; n++ {
		if i+n <= len(text.words) {
			parts := slices.Clone(text.words[i : i+n])
			if a.is(strings.Join(parts, ""), k, 1) && len(strings.Join(parts[:n-1], "")) < len(a.words[k]) {
				cut := a.prefix && k+1 == len(a.words)
				if cut {
					parts[n-1] = a.words[k][len(strings.Join(parts[:n-1], "")):]
				}
				if n == 1 || mayBeApart(parts, text.words[i+n-1], text.signs[i:i+n-1], cut) {
					all = append(all, a.ends(text, i+n, k+1)...)
				}
			}
		}
		if n > 1 && k+n <= len(a.words) && i < len(text.words) && a.is(text.words[i], k, n) && mayBeClosed(a.words[k:k+n], a.prefix && k+n == len(a.words)) {
			all = append(all, a.ends(text, i+1, k+n)...)
		}
	}
	return all
}

// is reports whether s is the n words from k on, closed up.
func (a asked) is(s string, k, n int) bool {
	whole := strings.Join(a.words[k:k+n], "")
	return s == whole || a.prefix && k+n == len(a.words) && strings.HasPrefix(s, whole)
}

var (
	letters = regexp.MustCompile(`^[^0-9]+$`)
	runsOf  = regexp.MustCompile(`[0-9]+|[^0-9]+`)
)

// mixed reports whether all borders are between a letter and a digit, and
// whether any is.
func mixed(parts []string) (all, any bool) {
	all = true
	for i := 1; i < len(parts); i++ {
		before, after := parts[i-1][len(parts[i-1])-1], parts[i][0]
		if m := (before >= '0' && before <= '9') != (after >= '0' && after <= '9'); m {
			any = true
		} else {
			all = false
		}
	}
	return all, any
}

func mayBeApart(parts []string, last string, signs []string, cut bool) bool {
	hyphened := true
	for _, sign := range signs {
		switch {
		case strings.Contains(spaces, sign+"|"):
			hyphened = false
		case !strings.Contains(hyphens, sign+"|"):
			return false
		}
	}
	length := len([]rune(strings.Join(parts, "")))
	// Of the words here only these are small.
	smallWord := func(s string) bool { return s == "in" || s == "us" || s == "all" }
	if all, any := mixed(parts); any {
		for i, sign := range signs {
			after := parts[i+1]
			if i+2 == len(parts) {
				after = last
			}
			if strings.Contains(spaces, sign+"|") && (smallWord(parts[i]) || smallWord(after)) {
				return false
			}
		}
		return all && len(runsOf.FindAllString(strings.Join(parts, ""), -1)) <= 3 && (len(parts) == 2 || len(parts) == 3)
	}
	if len(parts) != 2 || !letters.MatchString(parts[0]) || !letters.MatchString(parts[1]) {
		return false
	}
	tail := len([]rune(parts[1]))
	if cut && tail < 3 {
		return false
	}
	if hyphened {
		return tail >= 2 && length >= 4
	}
	return tail >= 3 && length-tail >= 3 && length >= 7 && !smallWord(parts[0]) && !smallWord(last)
}

func mayBeClosed(parts []string, cut bool) bool {
	whole := strings.Join(parts, "")
	if all, any := mixed(parts); any {
		return all && len(runsOf.FindAllString(whole, -1)) <= 3
	}
	// "in" begins no compound and ends some.
	return len(parts) == 2 && letters.MatchString(whole) && len([]rune(whole)) >= 4 && parts[0] != "in" && parts[0] != "us" && (cut || parts[1] != "us")
}

// names compares with the whole name, without the borders in it.
func (a asked) names(name called) bool {
	mine, whole := strings.Join(a.words, ""), strings.Join(name.words, "")
	return whole == mine || a.prefix && strings.HasPrefix(whole, mine)
}
