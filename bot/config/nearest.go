package config

import (
	"slices"
	"strings"

	"github.com/agnivade/levenshtein"
)

// nearest is the candidate that word most likely stands for, or "".
func nearest(word string, candidates []string) string {
	best, least := "", 0
	folded := fold(word)
	if len(folded) == 0 || len(folded) > 80 {
		return ""
	}
	for _, c := range slices.Sorted(slices.Values(candidates)) {
		d := levenshtein.ComputeDistance(folded, fold(c))
		// "concur" for "concurrency": what was typed is its beginning.
		if len(folded) >= 3 && strings.HasPrefix(fold(c), folded) {
			d = 1
		}
		// "slcak" for "slack": letters that changed places.
		if anagram(folded, fold(c)) {
			d = 1
		}
		if d <= max(1, min(len(folded), len(c))/3) && (best == "" || d < least) {
			best, least = c, d
		}
	}
	return best
}

func anagram(a, b string) bool {
	x, y := []rune(a), []rune(b)
	slices.Sort(x)
	slices.Sort(y)
	return slices.Equal(x, y)
}

// fold makes bot-token, botToken and Bot_Token the same.
func fold(s string) string {
	return strings.NewReplacer("_", "", "-", "", " ", "").Replace(strings.ToLower(s))
}

// didYouMean is the end of a message about a word that is not known.
func didYouMean(word string, candidates []string) string {
	if n := nearest(word, candidates); n != "" {
		return "; did you mean " + n + "?"
	}
	return ""
}
