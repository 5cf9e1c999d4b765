package text

import "strings"

// refang returns what a word stands for that has been made harmless to click.
func refang(word string) string {
	switch word {
	case "hxxp":
		return "http"
	case "hxxps":
		return "https"
	}
	return word
}

// bracketed returns the length of a [dot] or [at] at the start of s, in any
// brackets; 0 if there is none.
func bracketed(s string) int {
	var end byte
	switch s[0] {
	case '[':
		end = ']'
	case '(':
		end = ')'
	case '{':
		end = '}'
	default:
		return 0
	}
	for _, sign := range []string{"dot", "at"} {
		if n := len(sign) + 1; len(s) > n && s[n] == end && strings.EqualFold(s[1:n], sign) {
			return n + 1
		}
	}
	return 0
}
