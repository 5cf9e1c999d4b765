package pipeline

import "testing"

func TestGroupSize(t *testing.T) {
	turns := func(items ...int) (all []*turn) {
		for _, n := range items {
			all = append(all, &turn{items: make([]*item, n)})
		}
		return all
	}
	for _, test := range []struct {
		what    string
		waiting []*turn
		want    int
	}{
		{"nobody", nil, 0},
		{"few", turns(30, 0, 30), 3},
		{"many items", turns(400, 400, 200, 1), 3},
		{"one visit with more than all", turns(5000, 1), 1},
		{"one visit with more than what is left", turns(1, 5000), 1},
		{"many visits", turns(make([]int, 100)...), maxGroup},
	} {
		if got := groupSize(test.waiting); got != test.want {
			t.Errorf("%s: %d share a transaction, want %d", test.what, got, test.want)
		}
	}
}
