package opml

import (
	"fmt"
	"html"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// validName is what the configuration takes for a name.
var validName = regexp.MustCompile(fmt.Sprintf(`^[\p{L}\p{N}][\p{L}\p{N}_.-]{0,%d}$`, maxName-1))

// plain makes one line of text that people read. Some exporters escape twice.
func plain(s string) string {
	s = html.UnescapeString(s)
	s = strings.Map(func(r rune) rune {
		switch {
		case unicode.IsControl(r) || unicode.IsSpace(r):
			return ' '
		case unicode.Is(unicode.Bidi_Control, r) || strings.ContainsRune("\u200B\uFEFF\uFFFE\uFFFF", r):
			return -1
		}
		return r
	}, s)
	return clip(strings.Join(strings.Fields(s), " "), 300)
}

// clip shortens to so many characters.
func clip(s string, most int) string {
	if len(s) <= most || utf8.RuneCountInString(s) <= most {
		return s
	}
	return string([]rune(s)[:most-1]) + "…"
}

// label is how problems call an outline.
func label(title string) string {
	if title == "" {
		return "the outline"
	}
	return `"` + clip(title, 60) + `"`
}

// nameOf makes a short name of letters, digits and hyphens from a title, or
// else from the address's host. It may be taken.
func nameOf(title, address string) string {
	if name := slug(title); name != "" {
		return name
	}
	if u, err := url.Parse(address); err == nil {
		if name := slug(strings.TrimPrefix(strings.ToLower(u.Hostname()), "www.")); name != "" {
			return name
		}
	}
	return "feed"
}

func slug(title string) string {
	var words []string
	var word strings.Builder
	end := func() {
		if word.Len() > 0 {
			words = append(words, word.String())
			word.Reset()
		}
	}
	for _, r := range norm.NFKC.String(clip(title, 300)) {
		switch {
		case unicode.IsLetter(r) || unicode.IsNumber(r):
			word.WriteString(letter(unicode.ToLower(r)))
		case r == '\'' || r == '’' || unicode.IsMark(r):
			// An apostrophe ends no word; marks cannot stand in a name.
		default:
			end()
		}
	}
	end()
	name := ""
	for _, w := range words {
		longer := strings.TrimPrefix(name+"-"+w, "-")
		if utf8.RuneCountInString(longer) > shortName {
			break
		}
		name = longer
	}
	if name == "" && len(words) > 0 {
		name = string([]rune(words[0])[:shortName])
	}
	return name
}

// letter takes the accent off a Latin letter: names are typed in commands. In
// other scripts a mark makes another letter.
func letter(r rune) string {
	if !unicode.Is(unicode.Latin, r) {
		return string(r)
	}
	first, _ := utf8.DecodeRuneInString(norm.NFD.String(string(r)))
	return string(first)
}

// names keeps names apart, in whatever case.
type names struct {
	taken map[string]bool
	// next has the number to try for a name that was taken.
	next map[string]int
}

func newNames(n int) *names {
	return &names{taken: make(map[string]bool, n), next: map[string]int{}}
}

// take marks a name as taken and reports whether it was free.
func (n *names) take(name string) bool {
	if n.taken[fold(name)] {
		return false
	}
	n.taken[fold(name)] = true
	return true
}

// free takes the name, or the first of name-2, name-3 and so on that nobody
// has.
func (n *names) free(name string) string {
	if n.take(name) {
		return name
	}
	if r := []rune(name); len(r) > maxName-8 {
		// Room for the number.
		name = strings.TrimRight(string(r[:maxName-8]), "-_.")
	}
	for {
		i := max(n.next[fold(name)], 2)
		n.next[fold(name)] = i + 1
		if numbered := fmt.Sprintf("%s-%d", name, i); n.take(numbered) {
			return numbered
		}
	}
}

// folderTag is the tag that a folder gives. The folders that programs have for
// feeds in none give none.
func folderTag(title string) string {
	switch tag := tagOf(title); tag {
	case "all", "uncategorized", "uncategorised":
		return ""
	default:
		return tag
	}
}

// tagOf makes a tag of a folder's name or a category: lower case, hyphens for
// spaces, and nothing where there is no tag in it.
func tagOf(s string) string {
	words := strings.Fields(strings.ToLower(plain(s)))
	wordless := func(w string) bool {
		return !strings.ContainsFunc(w, func(r rune) bool { return unicode.IsLetter(r) || unicode.IsNumber(r) })
	}
	if kept := slices.DeleteFunc(slices.Clone(words), wordless); len(kept) > 0 {
		words = kept // "security & privacy" without the sign
	}
	tag := strings.Join(words, "-")
	if len(tag) > maxTag {
		end := maxTag
		for !utf8.RuneStart(tag[end]) {
			end--
		}
		tag = strings.TrimRight(tag[:end], "-")
	}
	return tag
}

func addTag(tags []string, tag string) []string {
	if tag == "" || len(tags) >= maxTags || slices.Contains(tags, tag) {
		return tags
	}
	return append(tags, tag)
}

// categories adds the tags of a category attribute: several between commas,
// each a path of folders by the standard.
func categories(tags []string, attribute string) []string {
	for c := range strings.FieldsFuncSeq(attribute, func(r rune) bool { return r == ',' || r == '/' }) {
		if len(tags) >= maxTags {
			break
		}
		tags = addTag(tags, tagOf(c))
	}
	return tags
}
