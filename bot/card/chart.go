package card

import (
	"fmt"
	"slices"
	"strings"
)

// bars are the heights of a chart; none at all has the lowest of its own.
var bars = []rune("▁▂▃▄▅▆▇█")

// Chart draws counts as a line of bars, the oldest first, and says what a bar is:
// so many days each, and the most that one has.
func Chart(days int, counts []int) string {
	if len(counts) == 0 {
		return ""
	}
	most := slices.Max(counts)
	var b strings.Builder
	for _, n := range counts {
		switch {
		case n <= 0:
			b.WriteRune('·')
		case most < len(bars):
			b.WriteRune(bars[min(n, len(bars)-1)])
		default:
			b.WriteRune(bars[(n*(len(bars)-1)+most-1)/most])
		}
	}
	unit := "by day"
	switch {
	case days == 7:
		unit = "by week"
	case days > 1:
		unit = fmt.Sprintf("by %d days", days)
	}
	return fmt.Sprintf("%s %s, at most %d", b.String(), unit, most)
}
