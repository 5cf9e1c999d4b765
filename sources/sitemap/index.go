package sitemap

import (
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

// child is one sitemap of an index.
type child struct {
	url *url.URL // nil: none
	// likely says how much its name speaks of news.
	likely  int
	date    time.Time
	numbers []int // in its path and query
}

// consider takes the better of two sitemaps of an index.
func (r *reader) consider(f fields) {
	u := r.address(f.loc)
	if u == nil {
		return
	}
	c := child{url: u, likely: likely(u), date: date(f.lastmod), numbers: numbers(u.Path + " " + u.RawQuery)}
	if r.best.url == nil || c.better(r.best) {
		r.best = c
	}
}

// better: a name that speaks of news counts most, then the date; then the
// higher number, as "post-sitemap2.xml" and "2024-05.xml" are newer than
// others of their kind.
func (c child) better(than child) bool {
	if c.likely != than.likely {
		return c.likely > than.likely
	}
	if d := c.date.Compare(than.date); d != 0 {
		return d > 0
	}
	return slices.Compare(c.numbers, than.numbers) > 0
}

// maxNamed is the longest address that an error names; it names none that
// people cannot read.
const maxNamed = 300

func (c child) asError() error {
	if c.url == nil {
		return failing("this is a list of sitemaps, and an empty one: look for the site's news sitemap, its robots.txt may name it, and put that address into the source's url")
	}
	name := c.url.String()
	if len(name) > maxNamed || strings.ContainsFunc(name, func(r rune) bool { return r <= ' ' || r >= 0x7f }) {
		return failing("this is a list of sitemaps, not a sitemap: open it, and put the address of the one with the news into the source's url")
	}
	return failing("this is a list of sitemaps, not a sitemap: the newest stories may be in %s; put that address into the source's url", name)
}

// kinds are words in the names of sitemaps, and how likely they are to mean
// stories. The first that is in a name counts.
var kinds = []struct {
	word   string
	likely int
}{
	{"newsletter", -1},
	{"categor", -1},
	{"tag", -1},
	{"author", -1},
	{"image", -1},
	{"video", -1},
	{"news", 3},
	{"page-", -1},
	{"pages", -1},
	{"product", -1},
	{"article", 2},
	{"stories", 2},
	{"story", 2},
	{"post", 2},
	{"advisor", 2},
	{"blog", 1},
}

func likely(u *url.URL) int {
	name := strings.ToLower(u.Path + "?" + u.RawQuery)
	for _, k := range kinds {
		if strings.Contains(name, k.word) {
			return k.likely
		}
	}
	return 0
}

func numbers(s string) []int {
	var list []int
	for _, digits := range strings.FieldsFunc(s, func(r rune) bool { return r < '0' || r > '9' }) {
		n, err := strconv.Atoi(digits)
		if err != nil {
			n = 0
		}
		list = append(list, n)
	}
	return list
}
