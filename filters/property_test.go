package filters

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"tipoff/filters/query"
	"tipoff/filters/text"
	"tipoff/sources/story"
)

// holds evaluates a need on the texts of an index.
func (n Need) holds(texts map[string][]string) bool {
	switch n.Op {
	case OpAnd:
		return !slices.ContainsFunc(n.Sub, func(s Need) bool { return !s.holds(texts) })
	case OpOr:
		return slices.ContainsFunc(n.Sub, func(s Need) bool { return s.holds(texts) })
	case OpNot:
		return !n.Sub[0].holds(texts)
	case OpNone:
		return false
	case OpWords:
		fields := n.Fields
		if fields == nil {
			fields = []string{"title", "body"}
		}
		return slices.ContainsFunc(fields, func(f string) bool {
			return n.standsIn(texts[f])
		})
	case OpNear:
		for f, words := range texts {
			for i, a := range words {
				for j, b := range words {
					if a == n.Words[0] && b == n.Words[1] && max(i-j, j-i)-1 <= n.Within && (n.Fields == nil || slices.Contains(n.Fields, f)) {
						return true
					}
				}
			}
		}
		return false
	}
	return true
}

// standsIn is what an index does.
func (n Need) standsIn(text []string) bool {
	joined := " " + strings.Join(n.Words, " ")
	if !n.Prefix {
		joined += " "
	}
	return strings.Contains(" "+strings.Join(text, " ")+" ", joined)
}

// inSpan reports whether the story is of the time that the filter asks for.
func inSpan(f *Filter, s *story.Story) bool {
	t := s.Time()
	return !t.Before(f.Since()) && (f.Before().IsZero() || !t.IsZero() && t.Before(f.Before()))
}

// How many of each a draw has.
const (
	randomWatches = 40
	randomStories = 60
)

// version is a set in the course of changes, with the numbers of the watches
// that it must have by their names.
type version struct {
	set     *Set
	watches map[string]int
}

// drawVersions draws changes of a set. All sets remain, as somebody may be
// using them.
func drawVersions(t *rapid.T, filters []*Filter) []version {
	v := version{&Set{}, map[string]int{}}
	if rapid.Bool().Draw(t, "all at once") {
		watches := map[string]*Filter{}
		for i := range len(filters) / 2 {
			watches[watchName(i)], v.watches[watchName(i)] = filters[i], i
		}
		v.set = NewSet(watches)
	}
	all := []version{v}
	for range 8 {
		next := version{v.set, map[string]int{}}
		maps.Copy(next.watches, v.watches)
		for range rapid.IntRange(1, 4).Draw(t, "changes") {
			name, i := watchName(rapid.IntRange(0, len(filters)-1).Draw(t, "name")), rapid.IntRange(0, len(filters)-1).Draw(t, "filter")
			if rapid.IntRange(0, 2).Draw(t, "remove") == 0 {
				next.set = next.set.Remove(name)
				delete(next.watches, name)
			} else {
				next.set = next.set.Add(name, filters[i])
				next.watches[name] = i
			}
		}
		all = append(all, next)
		v = next
	}
	return all
}

func watchName(i int) string { return fmt.Sprintf("watch %02d", i) }

// crowd is watches for words that no story has, as many as make a set look
// for its places in another way.
func crowd(t testing.TB) map[string]*Filter {
	t.Helper()
	watches := map[string]*Filter{}
	for i := range 2 * fewPlaces {
		watches[fmt.Sprintf("crowd %d", i)] = mustCompile(t, fmt.Sprintf("crowd%dx", i))
	}
	return watches
}

func TestAgainstReference(t *testing.T) {
	matches, pairs, decided := 0, 0, 0
	counts := tally{}
	actors, strangers := testActors(t), crowd(t)
	rapid.Check(t, func(t *rapid.T) {
		w, lexicon := drawWorld(t, actors)
		filters, meant := make([]*Filter, randomWatches), make([]asked, randomWatches)
		watches, many := map[string]*Filter{}, map[string]*Filter{}
		for i := range filters {
			a := w.drawQuery(t, 3, "")
			q := a.write(t, "")
			f, err := lexicon.CompileSearch(q, now)
			if err != nil {
				t.Fatalf("%s: %v", q, err)
			}
			if again, err := lexicon.CompileSearch(f.String(), now); err != nil || again.String() != f.String() {
				t.Fatalf("%s prints as %s: %v", q, f, err)
			}
			filters[i], meant[i] = f, a
			watches[watchName(i)], many[watchName(i)] = f, f
		}
		maps.Copy(many, strangers)
		set, crowded, versions := NewSet(watches), NewSet(many), drawVersions(t, filters)
		if crowded.gate != nil {
			t.Fatal("the crowded set is a small one")
		}
		used := &Doc{}
		matchers := make([]*Matcher, len(filters))
		for i, f := range filters {
			matchers[i] = f.Matcher()
			matchers[i].few = randomStories / 4
		}
		for n := range randomStories {
			m, s := drawStory(t)
			d := NewDoc(s)
			index := checkWords(t, m, s)
			yes := make([]bool, len(filters))
			var want []string
			for i, f := range filters {
				yes[i] = meant[i].wants(m, counts)
				pairs++
				if yes[i] {
					matches++
					want = append(want, watchName(i))
				}
				if got := f.Match(d); got != yes[i] {
					t.Fatalf("%s\n%+v\nmatch %v, reference %v", f, s, got, yes[i])
				}
				if got := matchers[i].Match(d); got != yes[i] {
					t.Fatalf("%s\n%+v\nits matcher %v, reference %v", f, s, got, yes[i])
				}
				if yes[i] && !f.Need().holds(index) {
					t.Fatalf("%s\n%+v\nmatches without its need %+v", f, s, f.Need())
				}
				if enough := f.Enough(); enough.Op != OpNone && enough.holds(index) && inSpan(f, s) {
					decided++
					if !yes[i] {
						t.Fatalf("%s\n%+v\ndoes not match, and has what is enough: %+v", f, s, enough)
					}
				}
				checkTerms(t, f, d, s, yes[i])
				if n == 0 {
					checkExplanation(t, lexicon, f, d, yes[i])
				}
			}
			used.Reset(s)
			for _, set := range []*Set{set, crowded} {
				if diff := cmp.Diff(want, set.Match(used)); diff != "" {
					t.Fatalf("%+v\nset: %s", s, diff)
				}
			}
			for i, v := range versions {
				var want []string
				for name, i := range v.watches {
					if yes[i] {
						want = append(want, name)
					}
				}
				slices.Sort(want)
				if got := v.set.Match(d); !slices.Equal(want, got) {
					t.Fatalf("%+v\nset after %d changes: %s", s, i, cmp.Diff(want, got))
				}
				if v.set.Len() != len(v.watches) {
					t.Fatalf("Len is %d of %d watches", v.set.Len(), len(v.watches))
				}
			}
		}
	})
	t.Logf("%d pairs, %d matches, %d of them by what is enough", pairs, matches, decided)
	if t.Failed() {
		return
	}
	least, few := 200_000, 20
	if testing.Short() { // rapid draws a fifth then
		least, few = least/5, few/5
	}
	if pairs < least || matches < pairs/10 || matches > pairs*9/10 {
		t.Errorf("%d matches in %d pairs try too little", matches, pairs)
	}
	if decided < matches/10 {
		t.Errorf("only %d of %d matches have what is enough", decided, matches)
	}
	for kind, n := range counts {
		if t.Logf("%s: true %d times of %d", kind, n[1], n[0]+n[1]); n[0] < few || n[1] < few {
			t.Errorf("%s: true %d times and false %d times", kind, n[1], n[0])
		}
	}
}

// checkWords compares the texts of an index with the words that the story was
// made of.
func checkWords(t *rapid.T, m told, s *story.Story) map[string][]string {
	title, body := NewDoc(s).IndexTexts()
	index := map[string][]string{"title": strings.Fields(title), "body": strings.Fields(body)}
	ours := func(w string) bool { return w != TextEnd && !InText(w) }
	wanted := slices.Clone(m.texts[1].words)
	if len(m.texts[1].words) > 0 && len(m.texts[2].words) > 0 {
		wanted = append(wanted, TextEnd)
	}
	for field, wanted := range map[string][]string{"title": m.texts[0].words, "body": append(wanted, m.texts[2].words...)} {
		if got := slices.DeleteFunc(slices.Clone(index[field]), ours); !slices.Equal(got, wanted) {
			t.Fatalf("%+v: the %s has the words %q, not %q", s, field, got, wanted)
		}
	}
	return index
}

func checkTerms(t *rapid.T, f *Filter, d *Doc, s *story.Story, yes bool) {
	terms, places := f.Terms(d), f.Highlights(d)
	if !yes && (terms != nil || places != nil) || slices.Contains(terms, "") {
		t.Fatalf("%s\n%+v\nterms %q at %+v, match %v", f, s, terms, places, yes)
	}
	if slices.Sort(terms); len(slices.Compact(slices.Clone(terms))) != len(terms) {
		t.Fatalf("%s\n%+v\nterms %q", f, s, terms)
	}
	if err := orderly(s, places); err != nil {
		t.Fatalf("%s\n%+v\n%v in %+v", f, s, err, places)
	}
}

// orderly reports what is wrong with highlights: they have to be in order and
// not to overlap, and to be what the story has there.
func orderly(s *story.Story, places []Highlight) error {
	order := []string{"title", "summary", "content", "author", "url", "source", "tag"}
	texts := []string{s.Title, s.Summary, s.Content, s.Author, s.URL}
	before, end := 0, 0
	for i, h := range places {
		at := slices.Index(order, h.Field)
		if at < 0 {
			at = len(order)
		}
		if at != before {
			end = 0
		}
		switch {
		case h.Text == "":
			return fmt.Errorf("highlight %d has no text", i)
		case at < before, at < len(texts) && h.Start < end:
			return fmt.Errorf("highlight %d is out of order or overlaps", i)
		case slices.Contains(places[:i], h):
			return fmt.Errorf("highlight %d comes twice", i)
		case at >= len(texts):
			if h.Start != 0 || h.End != 0 {
				return fmt.Errorf("highlight %d is in no text", i)
			}
		case h.Start >= h.End || h.End > len(texts[at]):
			return fmt.Errorf("highlight %d is nowhere", i)
		default:
			if there := texts[at][h.Start:h.End]; there != h.Text && text.Normalise(there) != text.Normalise(h.Text) {
				return fmt.Errorf("highlight %d is not %q", i, there)
			}
		}
		before, end = at, h.End
	}
	return nil
}

func checkExplanation(t *rapid.T, l *Lexicon, f *Filter, d *Doc, yes bool) {
	e := f.Explain(d)
	if e.Match != yes || e.Tree.Match != yes || e.Query != f.String() {
		t.Fatalf("%s: match %v, explained %+v", f, yes, e)
	}
	checkReason(t, l, d, e.Tree)
	// Failed is the clause that is false, if the query has one such clause.
	tree, err := query.Parse(f.String())
	if err != nil {
		t.Fatal(err)
	}
	want := ""
	if !yes {
		want = f.String()
	}
	if and, ok := tree.(query.And); ok && !yes {
		want = ""
		flipped, failed := slices.Clone(and), 0
		for i, sub := range and {
			if part, err := l.CompileSearch(sub.String(), now); err != nil {
				t.Fatalf("%s of %s: %v", sub, f, err)
			} else if !part.Match(d) {
				want, flipped[i] = sub.String(), query.Not{X: sub}
				failed++
			}
		}
		if failed > 1 {
			want = ""
		} else if other, err := l.CompileSearch(flipped.String(), now); err != nil || !other.Match(d) {
			t.Fatalf("%s does not match with its failed clause the other way: %v", flipped, err)
		}
	}
	if e.Failed != want {
		t.Fatalf("%s: failed %q, want %q", f, e.Failed, want)
	}
}

// checkReason reports whether the answers of the parts make that of the whole.
func checkReason(t *rapid.T, l *Lexicon, d *Doc, r Reason) {
	isTrue := func(p Reason) bool { return p.Match }
	some, every := slices.ContainsFunc(r.Parts, isTrue), !slices.ContainsFunc(r.Parts, func(p Reason) bool { return !p.Match })
	want := r.Match
	switch r.Op {
	case "and":
		want = every
	case "or", "set":
		want = some
	case "not":
		want = len(r.Parts) == 1 && !some
	case "clause":
		f, err := l.CompileSearch(r.Clause, now)
		if err != nil {
			t.Fatalf("the clause %s: %v", r.Clause, err)
		}
		want = f.Match(d)
		if !want && r.Places != nil || len(r.Parts) > 0 {
			t.Fatalf("the clause %s is false and has %+v", r.Clause, r)
		}
	default:
		t.Fatalf("op %q", r.Op)
	}
	if r.Match != want {
		t.Fatalf("%s is %v, its parts %+v", r.Clause, r.Match, r.Parts)
	}
	for _, p := range r.Parts {
		checkReason(t, l, d, p)
	}
}
