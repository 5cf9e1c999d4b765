package command

import (
	"cmp"
	"context"
	"fmt"
	"strings"

	"tipoff/bot/card"
)

// queryHelp is the query language on one screen.
const queryHelp = `ransomware hospital     both words, anywhere in the story
lazarus OR kimsuky      one of them; OR is in capitals
"supply chain"          the words next to each other
sanction*               all words that begin so
china -football         not that word; NOT football is the same
(wiper OR ddos) energy  brackets, as everywhere
title:apt41             only in the title; also body: author: url: source:
                        tag: domain: lang:
actor:"cozy bear"       the group by any of its names; also country:china
                        malware:emotet cve:2024-3400 cve:*
set:sanctions           a whole topic: apt china iran ransomware policy ...
treasury NEAR/5 list*   near each other: at most five words between
cvss>=9 kev:yes         what is known of the vulnerability; sources>=3
=APT /apt-?\d+/         in this case only; a regular expression
since:7d                in searches: also before:2026-11-01
sort:relevance          in searches: the best first, not the newest
*                       every story`

// helpCommand is "help": the tree, one command, and the query language.
func helpCommand() *Command {
	return &Command{
		Name: "help", Help: "The commands, and how to write a query", Options: []Option{
			{Name: "command", Help: "The command to explain, such as watch add", Rest: true},
		},
		Run: func(_ context.Context, r *Request) (card.Page, error) {
			cmd, words := r.root, strings.Fields(r.Args["command"])
			// "/news watch" and "watch" are both natural to write.
			if len(words) > 0 && strings.TrimPrefix(words[0], "/") == r.root.Name {
				words = words[1:]
			}
			for _, w := range words {
				next := sub(cmd, w)
				if next == nil {
					return card.Page{}, &problem{
						title: fmt.Sprintf("There is no command %s", card.Cut(strings.Join(words, " "), 60)),
						lead:  strings.TrimSpace(didYouMean(w, subNames(cmd))),
						hint:  "All commands: " + r.call("help"),
					}
				}
				cmd = next
			}
			return helpPage(r.root, cmd), nil
		},
	}
}

// helpPage explains a command, a group, or the whole tree.
func helpPage(root, cmd *Command) card.Page {
	page := card.Page{Title: strings.TrimSpace("/" + root.Name + " " + path(root, cmd)), Lead: cmd.Help + "."}
	if cmd.Run == nil {
		for _, c := range leaves(cmd) {
			page.Items = append(page.Items, card.Item{Title: usage(root, c), Text: c.Help})
		}
		page.Hint = "More of one: /" + root.Name + " help COMMAND"
		if cmd == root {
			page.Code = queryHelp
		}
		return page
	}
	page.Title = usage(root, cmd)
	for _, o := range cmd.Options {
		item := card.Item{Title: optionUsage(o), Text: o.Help}
		if len(o.Choices) > 0 {
			item.Meta = "one of " + strings.Join(o.Choices, ", ")
		}
		if !o.Required {
			item.Title = strings.Trim(item.Title, "[]")
		}
		if o.Name == queryOption.Name {
			page.Code = queryHelp
		}
		page.Items = append(page.Items, item)
	}
	return page
}

// leaves are the commands below a group, in their order.
func leaves(cmd *Command) []*Command {
	var out []*Command
	for _, c := range cmd.Sub {
		if c.Run != nil {
			out = append(out, c)
		} else {
			out = append(out, leaves(c)...)
		}
	}
	return out
}

// usage is how a command is written: "/news search QUERY [--since SINCE]".
func usage(root, cmd *Command) string {
	parts := []string{"/" + root.Name}
	if p := path(root, cmd); p != "" {
		parts = append(parts, p)
	}
	for _, o := range cmd.Options {
		parts = append(parts, optionUsage(o))
	}
	return strings.Join(parts, " ")
}

func optionUsage(o Option) string {
	value := cmp.Or(o.Value, strings.ToUpper(o.Name))
	switch {
	case o.Required:
		return value
	case o.Rest:
		return "[" + value + "]"
	case len(o.Choices) > 0:
		value = strings.Join(o.Choices, "|")
	}
	return fmt.Sprintf("[--%s %s]", o.Name, value)
}

// path is the place of a command in the tree, without the root: "watch add".
func path(root, cmd *Command) string {
	for _, c := range root.Sub {
		if c == cmd {
			return c.Name
		}
		if p := path(c, cmd); p != "" {
			return c.Name + " " + p
		}
	}
	return ""
}

// sub finds a command below another by name, in any case.
func sub(cmd *Command, name string) *Command {
	for _, c := range cmd.Sub {
		if strings.EqualFold(c.Name, name) {
			return c
		}
	}
	return nil
}

func subNames(cmd *Command) []string {
	return names(cmd.Sub, func(c *Command) string { return c.Name })
}
