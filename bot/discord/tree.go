package discord

import (
	"cmp"
	"encoding/json"
	"slices"
	"strings"

	"github.com/bwmarrin/discordgo"

	"tipoff/bot/card"
	"tipoff/bot/command"
)

// commandTree is the root with all below it as one slash command of Discord.
// Discord knows commands, groups of sub-commands and sub-commands, and no more.
func commandTree(root *command.Command, name string) *discordgo.ApplicationCommand {
	c := &discordgo.ApplicationCommand{
		Type:        discordgo.ChatApplicationCommand,
		Name:        cmp.Or(name, root.Name),
		Description: help(root.Help, root.Name),
		Options:     options(root.Options),
	}
	for _, sub := range root.Sub {
		o := subCommand(sub)
		if len(sub.Sub) > 0 {
			o.Type = discordgo.ApplicationCommandOptionSubCommandGroup
			o.Options = nil
			for _, leaf := range sub.Sub {
				o.Options = append(o.Options, subCommand(leaf))
			}
		}
		c.Options = append(c.Options, o)
	}
	return c
}

func subCommand(c *command.Command) *discordgo.ApplicationCommandOption {
	return &discordgo.ApplicationCommandOption{
		Type:        discordgo.ApplicationCommandOptionSubCommand,
		Name:        c.Name,
		Description: help(c.Help, c.Name),
		Options:     options(c.Options),
	}
}

func options(os []command.Option) []*discordgo.ApplicationCommandOption {
	var out []*discordgo.ApplicationCommandOption
	for _, o := range os {
		d := &discordgo.ApplicationCommandOption{
			Type:        discordgo.ApplicationCommandOptionString,
			Name:        o.Name,
			Description: help(o.Help, o.Name),
			Required:    o.Required,
		}
		if o.Type == command.Int {
			d.Type = discordgo.ApplicationCommandOptionInteger
		}
		// Discord allows choices or suggestions, and 25 choices: with more,
		// they are suggested while typing.
		if len(o.Choices) <= maxChoices {
			d.Choices = choices(o.Type, o.Choices)
		}
		d.Autocomplete = len(d.Choices) == 0 && (o.Suggest != nil || len(o.Choices) > 0)
		out = append(out, d)
	}
	// Discord wants the required ones first.
	slices.SortStableFunc(out, func(a, b *discordgo.ApplicationCommandOption) int {
		switch {
		case a.Required == b.Required:
			return 0
		case a.Required:
			return -1
		}
		return 1
	})
	return out
}

func help(text, name string) string {
	return card.Cut(cmp.Or(card.Clean(text), name), maxCommandHelp)
}

// sameCommands compares what was registered with what should be, in those
// respects that we decide.
func sameCommands(have, want []*discordgo.ApplicationCommand) bool {
	return canonical(have) == canonical(want)
}

type plainCommand struct {
	Type        int
	Name, Help  string
	Required    bool
	Suggests    bool
	Choices     []plainChoice
	SubCommands []plainCommand
}

type plainChoice struct {
	Name  string
	Value any
}

func canonical(cs []*discordgo.ApplicationCommand) string {
	var out []plainCommand
	for _, c := range cs {
		if c != nil {
			kind := cmp.Or(c.Type, discordgo.ChatApplicationCommand)
			out = append(out, plainCommand{Type: int(kind), Name: c.Name, Help: c.Description, SubCommands: plainOptions(c.Options)})
		}
	}
	slices.SortFunc(out, func(a, b plainCommand) int { return strings.Compare(a.Name, b.Name) })
	text, err := json.Marshal(out)
	if err != nil {
		return "" // a value that is no JSON: never the same as ours
	}
	return string(text)
}

func plainOptions(os []*discordgo.ApplicationCommandOption) []plainCommand {
	var out []plainCommand
	for _, o := range os {
		if o == nil {
			continue
		}
		p := plainCommand{
			Type: int(o.Type), Name: o.Name, Help: o.Description,
			Required: o.Required, Suggests: o.Autocomplete, SubCommands: plainOptions(o.Options),
		}
		for _, c := range o.Choices {
			if c != nil {
				p.Choices = append(p.Choices, plainChoice{c.Name, c.Value})
			}
		}
		out = append(out, p)
	}
	return out
}
