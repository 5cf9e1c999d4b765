package feed

import "strings"

// footers are the sentence that WordPress puts under every text, in the
// languages it is seen in: how it starts, and what stands between the story's
// title and the site's name.
var footers = []struct{ start, middle string }{
	{"The post ", " appeared first on "},
	{"The post ", " first appeared on "},
	{"The article ", " appeared first on "},
	{"The article ", " first appeared on "},
	{"This article ", " appeared first on "},
	{"Der Beitrag ", " erschien zuerst auf "},
	{"L’article ", " est apparu en premier sur "},
	{"L'article ", " est apparu en premier sur "},
	{"Cet article ", " est apparu en premier sur "},
	{"La entrada ", " se publicó primero en "},
	{"La entrada ", " aparece primero en "},
	{"El post ", " apareció primero en "},
	{"O post ", " apareceu primeiro em "},
	{"L'articolo ", " proviene da "},
	{"L’articolo ", " proviene da "},
	{"L'articolo ", " sembra essere il primo su "},
	{"Het bericht ", " verscheen eerst op "},
	{"Artykuł ", " pochodzi z serwisu "},
	{"Сообщение ", " появились сначала на "},
	{"Запись ", " впервые появилась "},
}

const maxFooter = 600

// footersBy holds the footers by the letter that their middle begins with,
// behind its space: a text is looked through once, not once for each of them.
var footersBy = func() (by [256][]int) {
	for i, f := range footers {
		by[f.middle[1]] = append(by[f.middle[1]], i)
	}
	return by
}()

// footerAt finds where such a sentence begins in a text's end, or returns -1.
func footerAt(end string) int {
	for m := range len(end) - 1 {
		if end[m] != ' ' {
			continue
		}
		for _, i := range footersBy[end[m+1]] {
			f := footers[i]
			if !strings.HasPrefix(end[m:], f.middle) {
				continue
			}
			if start := strings.LastIndex(end[:m], f.start); start >= 0 {
				return start
			}
		}
	}
	return -1
}

// teasers are the words of a link to the rest of a text.
var teasers = []string{
	"Read more", "Read More", "Read more »", "Read more →", "Read more…", "Read more...", "[Read more]",
	"Continue reading", "Continue Reading", "(more…)",
}

// withoutFooter drops such a sentence from the end of a text, and the marks
// with which feeds say that they cut it.
func withoutFooter(s string) string {
	from := max(0, len(s)-maxFooter)
	if i := footerAt(s[from:]); i >= 0 {
		s = strings.TrimRight(s[:from+i], " \n")
	}
	for _, mark := range teasers {
		if rest, ok := strings.CutSuffix(s, mark); ok && rest != "" && strings.ContainsAny(rest[len(rest)-1:], " \n") {
			s = strings.TrimRight(rest, " \n")
			break
		}
	}
	for _, mark := range []string{"[…]", "[...]", "[ … ]", "(…)"} {
		if rest, ok := strings.CutSuffix(s, mark); ok {
			rest = strings.TrimRight(rest, " \n")
			if rest != "" && !strings.HasSuffix(rest, "…") && !strings.HasSuffix(rest, "...") {
				rest += "…"
			}
			return rest
		}
	}
	return s
}
