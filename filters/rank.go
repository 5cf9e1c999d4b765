package filters

import (
	"math"
	"slices"
	"time"

	"tipoff/sources/story"
)

// Ranking puts stories that a filter matches in the order of how well they fit
// it. It is for one goroutine.
//
// The score is BM25F (Robertson and Zaragoza, The Probabilistic Relevance
// Framework, 2009): how often the words that were asked for stand in the story, a
// headline counting for more, against how long it is and how many of the stories
// have them; then a little more for what is new. It depends on the stories alone,
// and on no index.
type Ranking struct {
	filter *Filter
	doc    Doc
	ranked []ranked
	// has counts, by term, the stories that have it.
	has    map[string]int
	length float64 // of all stories
	newest time.Time
}

type ranked struct {
	terms  map[string]float64
	length float64
	at     time.Time
}

// NewRanking returns a Ranking of no stories.
func NewRanking(f *Filter) *Ranking { return &Ranking{filter: f, has: make(map[string]int)} }

const (
	// How much a word counts in each text.
	titleWeight, summaryWeight, contentWeight = 4, 2, 1

	// The usual values of BM25.
	saturation, lengthShare = 1.2, 0.6

	// A story that is halfLife younger than another is worth up to a twentieth more,
	// and what is new at most a tenth: enough to decide between equals.
	freshness = 0.1
	halfLife  = 30 * 24 * time.Hour
)

// Add adds a story that the filter matches. It is the n-th, from 0.
func (r *Ranking) Add(s *story.Story) {
	d := &r.doc
	d.Reset(s)
	x := ranked{terms: make(map[string]float64), at: s.Time()}
	for f := range texts {
		x.length += float64(d.starts[f+1] - d.starts[f])
	}
	for _, t := range r.filter.found(d) {
		switch t.field {
		case textNames[inTitle]:
			x.terms[t.folded] += titleWeight
		case textNames[inSummary]:
			x.terms[t.folded] += summaryWeight
		default:
			x.terms[t.folded] += contentWeight
		}
	}
	for t := range x.terms {
		r.has[t]++
	}
	r.length += x.length
	if x.at.After(r.newest) {
		r.newest = x.at
	}
	r.ranked = append(r.ranked, x)
}

// Order returns the numbers of the stories, the best first. Of equals, the one
// that was added first comes first.
func (r *Ranking) Order() []int {
	order := make([]int, len(r.ranked))
	scores := make([]float64, len(r.ranked))
	for i := range r.ranked {
		order[i], scores[i] = i, r.score(&r.ranked[i])
	}
	slices.SortStableFunc(order, func(a, b int) int {
		switch {
		case scores[a] > scores[b]:
			return -1
		case scores[a] < scores[b]:
			return 1
		}
		return 0
	})
	return order
}

func (r *Ranking) score(x *ranked) float64 {
	n := float64(len(r.ranked))
	long := 1 - lengthShare + lengthShare*x.length*n/max(1, r.length)
	// The order of a sum of fractions matters for its last digit.
	var parts []float64
	for t, often := range x.terms {
		has := float64(r.has[t])
		rare := math.Log(1 + (n-has+0.5)/(has+0.5))
		parts = append(parts, rare*often/(often+saturation*long))
	}
	slices.Sort(parts)
	score := 0.0
	for _, p := range parts {
		score += p
	}
	age := r.newest.Sub(x.at)
	return score * (1 + freshness*math.Exp2(-float64(age)/float64(halfLife)))
}
