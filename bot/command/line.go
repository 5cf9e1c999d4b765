package command

import (
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// word is a stretch of a line between white space. Quotes hold white space
// together, wherever in the word they open, so title:"big bank" is one word.
type word struct {
	text       string
	start, end int // bytes in the line
}

// isQuote reports whether r opens or closes a quotation: the straight mark and
// the curly ones that phones and office programs put in its place.
func isQuote(r rune) bool {
	switch r {
	case '"', '“', '”', '„', '‟', '＂':
		return true
	}
	return false
}

// split takes a line apart into its words. A quotation that does not end goes
// on to the end of the line; the query language then says where it began.
func split(line string) []word {
	var words []word
	start, quoted := -1, false
	for i, r := range line {
		switch {
		case isQuote(r):
			quoted = !quoted
		case unicode.IsSpace(r) && !quoted:
			if start >= 0 {
				words = append(words, word{line[start:i], start, i})
				start = -1
			}
			continue
		}
		if start < 0 {
			start = i
		}
	}
	if start >= 0 {
		words = append(words, word{line[start:], start, len(line)})
	}
	return words
}

// bind gives a command's options their values from the words after its name.
// Options that are not required are written --name value or --name=value,
// anywhere; a lone -- ends them. All other words go to the required options in
// their order, and one with Rest gets its words as they stand in the line.
func bind(cmd *Command, line string, words []word) (map[string]string, error) {
	args := map[string]string{}
	var free []word // words that are no option
	for i := 0; i < len(words); i++ {
		w := words[i]
		if w.text == "--" {
			free = append(free, words[i+1:]...)
			break
		}
		name, value, hasValue, ok := asOption(cmd, w.text)
		if !ok {
			free = append(free, w)
			continue
		}
		j := slices.IndexFunc(cmd.Options, func(o Option) bool { return o.Name == name && !o.bare() })
		if j < 0 {
			return nil, unknownOption(cmd, w.text, name)
		}
		if _, twice := args[name]; twice {
			return nil, &problem{title: fmt.Sprintf("--%s is given twice", name), usage: true}
		}
		if !hasValue {
			if i++; i == len(words) {
				return nil, &problem{title: fmt.Sprintf("--%s has no value", name), lead: cmd.Options[j].Help + ".", usage: true}
			}
			value = words[i].text
		}
		args[name] = unquote(value)
	}
	for _, o := range cmd.Options {
		switch {
		case !o.bare() || len(free) == 0:
		case o.Rest:
			args[o.Name], free = joined(line, free), nil
		default:
			args[o.Name], free = unquote(free[0].text), free[1:]
		}
	}
	if len(free) > 0 {
		return nil, &problem{title: fmt.Sprintf("One word too many: %q", free[0].text), usage: true}
	}
	return args, nil
}

// asOption takes "--since=7d" apart. Phones turn two hyphens into one long dash,
// so that counts too; a shorter dash also negates a word in the query
// language, so it counts only with the name of an option.
func asOption(cmd *Command, s string) (name, value string, hasValue, ok bool) {
	body, long := strings.CutPrefix(s, "--")
	if !long {
		r, size := utf8.DecodeRuneInString(s)
		switch r {
		case '—', '―':
			long, body = true, s[size:]
		case '–':
			body = s[size:]
		default:
			return "", "", false, false
		}
	}
	name, value, hasValue = strings.Cut(body, "=")
	name = strings.ToLower(name)
	if r, _ := utf8.DecodeRuneInString(name); !unicode.IsLetter(r) {
		return "", "", false, false
	}
	if !long && !slices.ContainsFunc(cmd.Options, func(o Option) bool { return o.Name == name && !o.bare() }) {
		return "", "", false, false
	}
	return name, value, hasValue, true
}

// joined puts the words together as they stand in the line, with a space where
// an option stood between them.
func joined(line string, words []word) string {
	var b strings.Builder
	for i, w := range words {
		if i > 0 {
			between := line[words[i-1].end:w.start]
			if strings.TrimSpace(between) != "" {
				between = " "
			}
			b.WriteString(between)
		}
		b.WriteString(w.text)
	}
	return b.String()
}

// unquote takes the quotes off a value that has them on both ends.
func unquote(s string) string {
	first, n := utf8.DecodeRuneInString(s)
	last, m := utf8.DecodeLastRuneInString(s)
	if len(s) < n+m || !isQuote(first) || !isQuote(last) {
		return s
	}
	return s[n : len(s)-m]
}
