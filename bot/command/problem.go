package command

import (
	"fmt"
	"slices"
	"strings"

	"github.com/agnivade/levenshtein"

	"tipoff/bot/card"
)

// problem is an error that is meant for the person who asked.
type problem struct {
	title string // what is wrong
	lead  string // more of it
	hint  string // what to do
	usage bool   // show how the command is written
}

func (p *problem) Error() string { return p.title }

func tooLong(what string, n int) error {
	return &problem{title: fmt.Sprintf("That is too long: %s has %d characters, and %d are allowed", what, n, maxLine)}
}

// unknownOption says that a command has no such option. text is as typed.
func unknownOption(cmd *Command, text, name string) error {
	var names []string
	for _, o := range cmd.Options {
		if !o.bare() {
			names = append(names, "--"+o.Name)
		}
	}
	p := &problem{title: fmt.Sprintf("There is no option %s here", card.Cut(text, 40)), usage: true}
	switch {
	case slices.ContainsFunc(cmd.Options, func(o Option) bool { return o.bare() && o.Name == name }):
		p.lead = strings.ToUpper(name) + " is written without --" + name + "."
	case len(names) == 0:
		p.lead = cmd.Name + " has no options."
	default:
		p.lead = didYouMean("--"+name, names) + "A word to search for that begins with dashes goes in quotes."
	}
	return p
}

// didYouMean is a sentence with the nearest of the names and a space after it,
// or nothing where none is near.
func didYouMean(s string, names []string) string {
	if n := nearest(s, names); n != "" {
		return "Did you mean " + n + "? "
	}
	return ""
}

// nearest is the name that s was most likely meant to be, or empty. A name
// that s begins is near however long it is.
func nearest(s string, names []string) string {
	s = strings.ToLower(card.Cut(s, 60))
	best, found := 0, ""
	for _, n := range names {
		l := strings.ToLower(n)
		d := levenshtein.ComputeDistance(s, l)
		if len(s) > 1 && strings.HasPrefix(l, s) {
			d = 0
		}
		if d <= max(1, (len(s)+1)/3) && (found == "" || d < best) {
			best, found = d, n
		}
	}
	return found
}
