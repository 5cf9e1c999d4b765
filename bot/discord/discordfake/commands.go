package discordfake

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strings"
)

// Command is a registered slash command.
type Command struct {
	ID            string   `json:"id"`
	ApplicationID string   `json:"application_id"`
	Type          int      `json:"type"`
	Name          string   `json:"name"`
	Description   string   `json:"description"`
	Options       []Option `json:"options"`
}

// Types of options.
const (
	SubCommand      = 1
	SubCommandGroup = 2
	String          = 3
	Integer         = 4
)

// Option is an option of a command, a sub-command, or a group of them.
type Option struct {
	Type         int      `json:"type"`
	Name         string   `json:"name"`
	Description  string   `json:"description"`
	Required     bool     `json:"required,omitempty"`
	Options      []Option `json:"options,omitempty"`
	Autocomplete bool     `json:"autocomplete,omitempty"`
	Choices      []Choice `json:"choices,omitempty"`
}

// Choice is one value of an option, fixed or suggested.
type Choice struct {
	Name  string `json:"name"`
	Value any    `json:"value"`
}

// Commands are the commands registered for a guild, or for all with "".
func (f *Fake) Commands(guild string) []Command {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Clone(f.commands[guild])
}

// Overwrites is how often commands were registered.
func (f *Fake) Overwrites() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.overwrites
}

// WaitCommands waits until commands are registered, anywhere.
func (f *Fake) WaitCommands(ctx context.Context) error {
	return f.Wait(ctx, func() bool { return len(f.Commands("")) > 0 || len(f.Commands(Guild)) > 0 })
}

func (f *Fake) listCommands(app, guild string) (answer, *apiError) {
	if e := ownApplication(app, guild); e != nil {
		return answer{}, e
	}
	return answer{body: append([]Command{}, f.commands[guild]...)}, nil
}

func ownApplication(app, guild string) *apiError {
	switch {
	case app != Application:
		return refuse(http.StatusForbidden, 20012, "You are not authorized to perform this action on this application")
	case guild != "" && guild != Guild:
		return refuse(http.StatusForbidden, 50001, "Missing Access")
	}
	return nil
}

func (f *Fake) overwriteCommands(app, guild string, body []byte) (answer, *apiError) {
	if e := ownApplication(app, guild); e != nil {
		return answer{}, e
	}
	var list []Command
	if e := decode(body, &list); e != nil {
		f.violate("commands: not JSON")
		return answer{}, e
	}
	if problems := checkCommands(list); len(problems) > 0 {
		for _, p := range problems {
			f.violate("commands: %s", p)
		}
		return answer{}, invalidForm(problems...)
	}
	for i := range list {
		list[i].ID, list[i].ApplicationID = f.newID(), app
		if list[i].Type == 0 {
			list[i].Type = 1
		}
	}
	f.commands[guild] = list
	f.overwrites++
	return answer{body: list}, nil
}

// commandName is the form of names; letters have to be lower case where there
// is such a case. See
// https://discord.com/developers/docs/interactions/application-commands#application-command-object-application-command-naming
var commandName = regexp.MustCompile(`^[-_'\p{L}\p{N}\p{Devanagari}\p{Thai}]{1,32}$`)

func checkCommands(list []Command) []problem {
	var f form
	f.count("", len(list), 100)
	seen := map[string]bool{}
	for i, c := range list {
		at := fmt.Sprint(i)
		f.name(at, c.Name, c.Description, seen)
		size := units(c.Name) + units(c.Description) + f.options(at, c.Options, 0)
		if size > 8000 {
			f.add(at, "APPLICATION_COMMAND_TOO_LARGE", "Command exceeds maximum size (8000)")
		}
	}
	return f.problems
}

func (f *form) name(at, name, description string, seen map[string]bool) {
	if !commandName.MatchString(name) || name != strings.ToLower(name) {
		f.add(at+".name", "APPLICATION_COMMAND_INVALID_NAME", "Command name is invalid")
	}
	f.length(at+".description", description, 1, 100)
	if seen[name] {
		f.add(at+".name", "APPLICATION_COMMAND_OPTIONS_NAME_INVALID", "Option name is not unique")
	}
	seen[name] = true
}

// options checks one level and returns its share of the 8,000.
func (f *form) options(at string, os []Option, depth int) int {
	f.count(at+".options", len(os), 25)
	seen := map[string]bool{}
	size, optional, nested := 0, false, 0
	for i, o := range os {
		at := fmt.Sprintf("%s.options.%d", at, i)
		f.name(at, o.Name, o.Description, seen)
		size += units(o.Name) + units(o.Description)
		switch o.Type {
		case SubCommand, SubCommandGroup:
			nested++
			if depth > 1 || depth == 1 && o.Type == SubCommandGroup {
				f.add(at+".type", "APPLICATION_COMMAND_OPTIONS_TYPE_INVALID", "Sub-command option types may only be nested in groups")
			}
			if o.Type == SubCommandGroup && len(o.Options) == 0 {
				f.add(at+".options", "BASE_TYPE_REQUIRED", "This field is required")
			}
			size += f.options(at, o.Options, depth+1)
		case String, Integer:
			if o.Required && optional {
				f.add(at, "APPLICATION_COMMAND_OPTIONS_REQUIRED_INVALID", "Required options must be placed before non-required options")
			}
			optional = optional || !o.Required
			if o.Autocomplete && len(o.Choices) > 0 {
				f.add(at, "APPLICATION_COMMAND_OPTIONS_AUTOCOMPLETE_CHOICES", "Cannot have choices for an autocomplete option")
			}
			size += f.choices(at, o.Type, o.Choices)
		default:
			f.add(at+".type", "BASE_TYPE_CHOICES", "Value must be a known option type.")
		}
	}
	if nested > 0 && nested < len(os) {
		f.add(at+".options", "APPLICATION_COMMAND_OPTIONS_TYPE_INVALID", "Sub-command and sub-command group option types are mutually exclusive to all other types")
	}
	return size
}

func (f *form) choices(at string, kind int, cs []Choice) int {
	f.count(at+".choices", len(cs), 25)
	size := 0
	for i, c := range cs {
		at := fmt.Sprintf("%s.choices.%d", at, i)
		f.length(at+".name", c.Name, 1, 100)
		size += units(c.Name)
		switch v := c.Value.(type) {
		case string:
			if kind == Integer {
				f.add(at+".value", "NUMBER_TYPE_COERCE", "Value \"%s\" is not int.", v)
			}
			f.length(at+".value", v, 1, 100)
			size += units(v)
		case json.Number:
			if kind == String {
				f.add(at+".value", "BASE_TYPE_STRING", "Could not interpret as string.")
			}
		default:
			f.add(at+".value", "BASE_TYPE_REQUIRED", "This field is required")
		}
	}
	return size
}

// resolve finds a command by its path; the root's name may be left out when
// only one command is registered. It needs the lock.
func (f *Fake) resolve(path string) (root Command, names []string, leaf []Option, err error) {
	all := append(slices.Clone(f.commands[Guild]), f.commands[""]...)
	if len(all) == 0 {
		return root, nil, nil, errors.New("no commands are registered")
	}
	names = strings.Fields(path)
	root = all[0]
	if i := slices.IndexFunc(all, func(c Command) bool { return len(names) > 0 && c.Name == names[0] }); i >= 0 {
		root, names = all[i], names[1:]
	}
	leaf = root.Options
	for _, name := range names {
		i := slices.IndexFunc(leaf, func(o Option) bool { return o.Name == name && o.Type <= SubCommandGroup })
		if i < 0 {
			return root, nil, nil, fmt.Errorf("%q is not among the registered commands", path)
		}
		leaf = leaf[i].Options
	}
	if slices.ContainsFunc(leaf, func(o Option) bool { return o.Type <= SubCommandGroup }) {
		return root, nil, nil, fmt.Errorf("%q is a group; Discord lets nobody call it", path)
	}
	return root, names, leaf, nil
}
