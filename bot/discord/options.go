package discord

import (
	"cmp"
	"context"
	"errors"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/bwmarrin/discordgo"

	"tipoff/bot/card"
	"tipoff/bot/command"
	"tipoff/bot/deliver"
)

type dataOption = discordgo.ApplicationCommandInteractionDataOption

// walk finds the command that was called: its path below the root, and the
// options given to it.
func walk(os []*dataOption) (path string, leaf []*dataOption) {
	var names []string
	for len(names) < 2 && len(os) == 1 && os[0] != nil &&
		(os[0].Type == discordgo.ApplicationCommandOptionSubCommand || os[0].Type == discordgo.ApplicationCommandOptionSubCommandGroup) {
		names = append(names, os[0].Name)
		os = os[0].Options
	}
	return strings.Join(names, " "), os
}

// args are the options as text, by name.
func args(os []*dataOption) map[string]string {
	out := make(map[string]string, len(os))
	for _, o := range os {
		if o != nil {
			out[o.Name] = text(o.Value)
		}
	}
	return out
}

// text is an option's value. discordgo's own accessors panic on a value of
// another type than they expect.
func text(v any) string {
	switch v := v.(type) {
	case string:
		return v
	case float64:
		if v == math.Trunc(v) && math.Abs(v) < 1<<53 {
			return strconv.FormatInt(int64(v), 10)
		}
		return strconv.FormatFloat(v, 'f', -1, 64)
	case bool:
		return strconv.FormatBool(v)
	}
	return ""
}

// suggest completes the option that is being typed. Without an answer Discord
// says that loading failed, so there is one always.
func (d *Discord) suggest(ctx context.Context, i *discordgo.Interaction, path string, leaf []*dataOption) {
	ctx, cancel := context.WithTimeout(ctx, suggestTimeout)
	defer cancel()
	type list struct {
		Choices []*discordgo.ApplicationCommandOptionChoice `json:"choices"`
	}
	data := list{[]*discordgo.ApplicationCommandOptionChoice{}}
	k := slices.IndexFunc(leaf, func(o *dataOption) bool { return o != nil && o.Focused })
	if k >= 0 {
		if o, ok := findOption(d.o.Commands.Root(), path, leaf[k].Name); ok {
			values := make(chan []string, 1)
			go func() { values <- completions(ctx, o, text(leaf[k].Value)) }()
			select {
			case vs := <-values:
				data.Choices = choices(o.Type, vs)
			case <-ctx.Done():
				d.log.Warn("discord suggestions took too long", "command", path, "option", o.Name)
			}
		}
	}
	d.report(path, d.respond(ctx, i, discordgo.InteractionApplicationCommandAutocompleteResult, data))
}

func completions(ctx context.Context, o command.Option, typed string) []string {
	if len(o.Choices) == 0 {
		if o.Suggest == nil {
			return nil
		}
		return o.Suggest(ctx, typed)
	}
	var out []string
	for _, c := range o.Choices {
		if strings.Contains(strings.ToLower(c), strings.ToLower(typed)) {
			out = append(out, c)
		}
	}
	return out
}

// findOption looks an option up in the tree below root.
func findOption(root *command.Command, path, name string) (command.Option, bool) {
	c := root
	for part := range strings.FieldsSeq(path) {
		k := slices.IndexFunc(c.Sub, func(s *command.Command) bool { return s.Name == part })
		if k < 0 {
			return command.Option{}, false
		}
		c = c.Sub[k]
	}
	k := slices.IndexFunc(c.Options, func(o command.Option) bool { return o.Name == name })
	if k < 0 {
		return command.Option{}, false
	}
	return c.Options[k], true
}

// choices leaves out what Discord would refuse: one bad entry voids the list.
func choices(t command.Type, values []string) []*discordgo.ApplicationCommandOptionChoice {
	out := []*discordgo.ApplicationCommandOptionChoice{}
	seen := map[string]bool{}
	for _, v := range values {
		c := choice(t, v)
		if c == nil || c.Name == "" || card.Len(v) > maxChoice || seen[v] || len(out) == maxChoices {
			continue
		}
		seen[v] = true
		out = append(out, c)
	}
	return out
}

// choice is one value of an option; nil when it is no number but has to be.
func choice(t command.Type, v string) *discordgo.ApplicationCommandOptionChoice {
	name := card.Cut(card.Clean(v), maxChoice)
	if t == command.Int {
		n, err := strconv.ParseInt(v, 10, 64)
		if err != nil {
			return nil
		}
		// As JSON numbers come back, so that lists compare equal.
		return &discordgo.ApplicationCommandOptionChoice{Name: name, Value: float64(n)}
	}
	return &discordgo.ApplicationCommandOptionChoice{Name: name, Value: cmp.Or(v, name)}
}

// codeOf is Discord's code of an error, or 0.
func codeOf(err error) int {
	e, ok := errors.AsType[*deliver.Error](err)
	if !ok {
		return 0
	}
	n, _ := strconv.Atoi(e.Code)
	return n
}
