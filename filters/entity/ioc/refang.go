package ioc

import "strings"

// marks are the ways to write a dot, a colon or an at sign so that no program
// makes a link of it, in lower case. All kinds of brackets are used with each.
var marks = func() (list []mark) {
	for _, m := range []mark{{".", "."}, {"dot", "."}, {":", ":"}, {"://", "://"}, {"/", "/"}, {"@", "@"}, {"at", "@"}} {
		for _, bracket := range []string{"[]", "()", "{}"} {
			list = append(list, mark{bracket[:1] + m.as + bracket[1:], m.plain})
		}
	}
	return list
}()

type mark struct{ as, plain string }

const longestMark = len("[dot]")

// markAt returns the length of the mark at the start of s, 0 if there is none.
func markAt(s string) int {
	m, _ := findMark(s)
	return len(m.as)
}

func findMark(s string) (mark, bool) {
	if s == "" || bytes[s[0]] != opens {
		return mark{}, false
	}
	for _, m := range marks {
		if len(s) >= len(m.as) && strings.EqualFold(s[:len(m.as)], m.as) {
			return m, true
		}
	}
	return mark{}, false
}

// markEnds reports whether a mark stands at the end of s.
func markEnds(s string) bool {
	for n := len("[.]"); n <= min(longestMark, len(s)); n++ {
		if markAt(s[len(s)-n:]) == n {
			return true
		}
	}
	return false
}

// refang returns s with all marks replaced by what they stand for and without
// spaces beside them, and whether there was anything to replace.
func refang(s string) (plain string, defanged bool) {
	if !strings.ContainsAny(s, `[({\]`) {
		return s, false
	}
	out := make([]byte, 0, len(s))
	for i := 0; i < len(s); {
		inside := len(out) > 0 && isAlnum(out[len(out)-1])
		if m, ok := findMark(s[i:]); ok {
			for len(out) > 0 && out[len(out)-1] == ' ' {
				out = out[:len(out)-1]
			}
			out = append(out, m.plain...)
			i += len(m.as)
			if i < len(s) && s[i] == ' ' {
				i++
			}
			defanged = true
			continue
		}
		// Half a bracket, or a backslash, beside a dot: evil[.com, evil.]com. Round
		// ones are left alone: "a method(.NET)".
		if inside && i+2 < len(s) && isAlnum(s[i+2]) {
			switch s[i : i+2] {
			case "[.", `\.`, ".]":
				out, i, defanged = append(out, '.'), i+2, true
				continue
			}
		}
		out = append(out, s[i])
		i++
	}
	return string(out), defanged
}

// schemes are the schemes of a URL, and what they are written as to defang it.
var schemes = map[string]string{
	"http": "http", "https": "https", "ftp": "ftp", "ftps": "ftps",
	"hxxp": "http", "hxxps": "https", "hxtp": "http", "hxtps": "https", "htxp": "http", "htxps": "https",
	"h**p": "http", "h**ps": "https", "hxxxp": "http", "hxxxps": "https", "fxp": "ftp", "fxps": "ftps",
}

// schemeStart returns where the scheme starts whose "://" stands at i.
func schemeStart(s string, i int) int {
	const longestScheme = 6
	start := i
	for start > 0 && i-start < longestScheme && (isAlnum(s[start-1]) || s[start-1] == '*') {
		start--
	}
	return start
}
