package discordfake

import (
	"regexp"
	"slices"
	"strings"
)

// ActiveMentions are the pings that a message really makes, each as it stands
// in the content: "@here", "<@1>", "<@&2>". Embeds never ping; of the content,
// only what allowed_mentions lets through does, and without it everything.
func ActiveMentions(m Message) []string {
	var out []string
	a := m.AllowedMentions
	for _, ping := range mentionRE.FindAllString(m.Content, -1) {
		id := strings.Trim(ping, "<@!&>")
		kind, listed := "users", func() bool { return slices.Contains(a.Users, id) }
		switch {
		case ping == "@here" || ping == "@everyone":
			kind, listed = "everyone", func() bool { return false }
		case strings.HasPrefix(ping, "<@&"):
			kind, listed = "roles", func() bool { return slices.Contains(a.Roles, id) }
		}
		if a == nil || slices.Contains(a.Parse, kind) || listed() {
			out = append(out, ping)
		}
	}
	return out
}

// Discord finds mentions before it looks at markdown: a backslash or a code
// block around one does not help.
var mentionRE = regexp.MustCompile(`@everyone|@here|<@[!&]?[0-9]+>`)

// Link is a link in text.
type Link struct {
	Text string // what one sees
	URL  string
}

// Markup is what Discord makes of a text.
type Markup struct {
	// Plain is the text as one reads it.
	Plain string
	// Links are masked links and addresses that became links.
	Links []Link
	// Active names everything else that is not plain text: "bold", "heading",
	// "mention" and so on, in order.
	Active []string
}

// ReadMarkdown reads text as Discord's clients do, when in doubt towards more
// markup: the question is what a text could turn into.
func ReadMarkdown(text string) Markup {
	r := reader{text: text}
	r.run()
	return Markup{Plain: r.plain.String(), Links: r.links, Active: r.active}
}

// Texts are all texts of a message in which Discord reads markdown. Authors
// and footers are plain.
func (m *Message) Texts() []string {
	out := []string{m.Content}
	for _, e := range m.Embeds {
		out = append(out, e.Title, e.Description)
		for _, f := range e.Fields {
			out = append(out, f.Name, f.Value)
		}
	}
	return slices.DeleteFunc(out, func(s string) bool { return s == "" })
}

type reader struct {
	text   string
	plain  strings.Builder
	links  []Link
	active []string
}

var (
	lineStarts = []struct {
		name string
		re   *regexp.Regexp
	}{
		{"heading", regexp.MustCompile(`^ *#{1,3} `)},
		{"small print", regexp.MustCompile(`^ *-# `)},
		{"list", regexp.MustCompile(`^ *(?:[-*+]|[0-9]+[.)]) `)},
		{"quote", regexp.MustCompile(`^ *>(?:>>)? `)},
	}
	signs = []struct {
		name string
		re   *regexp.Regexp
	}{
		{"code", regexp.MustCompile("^`+")},
		{"bold", regexp.MustCompile(`^\*\*`)},
		{"underline", regexp.MustCompile(`^__`)},
		{"italic", regexp.MustCompile(`^[*_]`)},
		{"strike", regexp.MustCompile(`^~~`)},
		{"spoiler", regexp.MustCompile(`^\|\|`)},
		{"mention", regexp.MustCompile(`^(?:<(?:@[!&]?|#|/[^>]*:|id:|sound:|a?:\w+:)\w+>|@everyone|@here)`)},
		{"time", regexp.MustCompile(`^<t:-?[0-9]+(?::\w)?>`)},
		{"emoji", regexp.MustCompile(`^:(?:100|1234|[\w+~-]*[A-Za-z_+~-][\w+~-]*):`)},
		{"mail", regexp.MustCompile(`^<[^<>\s]+@[^<>\s]+>`)},
	}
	maskedRE = regexp.MustCompile(`^\[((?:\\.|[^\\])*?)\]\(\s*<?([^\s)>]+)>?[^)]*\)`)
	bareRE   = regexp.MustCompile(`^<?(?:https?|steam|discord)://[^\s<>]+>?`)
	fenceRE  = regexp.MustCompile("(?s)^```.*?```")
)

func (r *reader) run() {
	lineStart := true
	for i := 0; i < len(r.text); {
		rest := r.text[i:]
		if lineStart {
			for _, s := range lineStarts {
				if s.re.MatchString(rest) {
					r.active = append(r.active, s.name)
				}
			}
		}
		lineStart = rest[0] == '\n'
		i += r.step(rest)
	}
}

// step reads one thing and returns its length.
func (r *reader) step(rest string) int {
	if len(rest) > 1 && rest[0] == '\\' && strings.IndexByte("!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~", rest[1]) >= 0 {
		r.plain.WriteByte(rest[1])
		return 2
	}
	if block := fenceRE.FindString(rest); block != "" {
		r.active = append(r.active, "code block")
		r.plain.WriteString(strings.Trim(block, "`"))
		return len(block)
	}
	if m := maskedRE.FindStringSubmatch(rest); m != nil {
		inner := ReadMarkdown(m[1])
		r.links = append(r.links, Link{inner.Plain, m[2]})
		r.links = append(r.links, inner.Links...)
		r.active = append(r.active, inner.Active...)
		r.plain.WriteString(inner.Plain)
		return len(m[0])
	}
	if link := bareRE.FindString(rest); link != "" {
		r.links = append(r.links, Link{link, strings.Trim(link, "<>")})
		r.plain.WriteString(link)
		return len(link)
	}
	for _, s := range signs {
		if found := s.re.FindString(rest); found != "" {
			r.active = append(r.active, s.name)
			if s.name == "mention" || s.name == "time" || s.name == "emoji" || s.name == "mail" {
				r.plain.WriteString(found)
			}
			return len(found)
		}
	}
	r.plain.WriteByte(rest[0])
	return 1
}
