package config

import (
	"regexp"
	"strings"
	"unicode/utf8"
)

// ${NAME} holds characters that mean something to YAML: in a flow mapping, as
// in {bot_token: ${SLACK_BOT_TOKEN}}, its brace would end the mapping. Before
// the file is parsed, those characters are therefore swapped, one for one, for
// characters of a private plane, and swapped back in each scalar. Places stay,
// and since the environment's values come in only after parsing, nothing that
// they hold can become YAML.
const hidden = 0x10FE00

var variable = regexp.MustCompile(`\$\{[A-Za-z_][A-Za-z0-9_]*(?::-[^}\r\n]*)?\}`)

const yamlSpecial = "{}[],:#&*!|>%@?- \t"

func hide(text string) string {
	return variable.ReplaceAllStringFunc(text, func(v string) string {
		return strings.Map(func(r rune) rune {
			if strings.ContainsRune(yamlSpecial, r) {
				return hidden + r
			}
			return r
		}, v)
	})
}

func isHidden(r rune) bool { return r >= hidden && r < hidden+0x80 }

func unhide(s string) string {
	return strings.Map(func(r rune) rune {
		if isHidden(r) {
			return r - hidden
		}
		return r
	}, s)
}

// value is a scalar after expansion.
type value struct {
	n    *node
	text string
	// from holds for each character of text the character of the scalar that
	// it came from; nil stands for one to one.
	from []int
	// expanded is true where text holds something of the environment.
	expanded bool
}

// origin is the scalar's character for character i (from 0) of the text.
func (v value) origin(i int) int {
	switch {
	case v.from == nil || i < 0:
		return i
	case i < len(v.from):
		return v.from[i]
	case len(v.from) == 0:
		return 0
	default:
		return v.from[len(v.from)-1] + 1
	}
}

// expand replaces ${NAME} and ${NAME:-default} in a scalar. As in a shell the
// default also stands in for a variable that is set and empty. $${ is a plain ${.
func (d *decoder) expand(n *node, where string) (value, bool) {
	v := value{n: n, text: n.text}
	if !strings.Contains(n.text, "${") {
		return v, true
	}
	var out strings.Builder
	ok := true
	at := 0
	emit := func(s string, step int) {
		for i := range []rune(s) {
			v.from = append(v.from, at+i*step)
		}
		out.WriteString(s)
	}
	for rest := n.text; rest != ""; {
		var used string
		switch {
		case strings.HasPrefix(rest, "$${"):
			used = "$${"
			emit("${", 0)
		case strings.HasPrefix(rest, "${"):
			loc := variable.FindStringIndex(rest)
			if loc == nil || loc[0] != 0 {
				d.failIn(n, at, "%s: a ${ that names no variable; write ${NAME} or ${NAME:-default}, or $${ for the two characters themselves", where)
				return v, false
			}
			used = rest[:loc[1]]
			text, found := d.lookup(used[2 : len(used)-1])
			if !found {
				name := used[2 : len(used)-1]
				d.failIn(n, at, "%s: the environment has no %s; set it, or write ${%s:-} for a default of nothing", where, name, name)
				ok = false
			}
			emit(text, 0)
			v.expanded = true
		default:
			_, size := utf8.DecodeRuneInString(rest)
			used = rest[:size]
			emit(used, 1)
		}
		rest = rest[len(used):]
		at += utf8.RuneCountInString(used)
	}
	v.text = out.String()
	return v, ok
}

func (d *decoder) lookup(ref string) (string, bool) {
	name, fallback, hasDefault := strings.Cut(ref, ":-")
	text, found := d.getenv(name)
	if hasDefault && text == "" {
		return fallback, true
	}
	return text, found
}
