package text

import (
	"fmt"
	"testing"
)

// What is in it is never denied, and hardly anything else is let through.
func TestSieve(t *testing.T) {
	const n = 1000
	word := func(kind string, i int) Token {
		w := fmt.Sprint(kind, i, "-and-something-that-is-long"[:i%27])
		return Token{Text: w, Head: Head(w)}
	}
	var words []string
	for i := range n {
		words = append(words, word("in", i).Text)
	}
	s := NewSieve(words)
	passed := 0
	for i := range n {
		in, out := word("in", i), word("out", i)
		if !s.MayHave(&in) {
			t.Errorf("%s is denied", in.Text)
		}
		if s.MayHave(&out) {
			passed++
		}
	}
	if passed > n/10 {
		t.Errorf("%d of %d other words pass", passed, n)
	}
}
