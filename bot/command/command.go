// Package command holds the slash commands, without a platform: one tree of
// commands with their options, which each platform registers and draws in its
// own way. A command gets a [Request] and answers with a [card.Page], which
// only the person who asked can see.
package command

import (
	"context"

	"tipoff/bot/card"
)

// Command is a node of the tree: either a group with Sub, or a command with
// Run. The depth is at most two below the root, as on Discord.
type Command struct {
	// Name is lower case, up to 32 letters or dashes.
	Name string
	// Help is one line, at most 100 characters.
	Help    string
	Options []Option
	Sub     []*Command
	// Run answers. Where more pages follow, it sets the page's Next to whatever
	// it wants to find in [Request.Cursor] for the next one; the router turns
	// that into tokens, Prev included.
	Run func(ctx context.Context, r *Request) (card.Page, error)
}

// Type is the type of an option.
type Type int

// The types of options.
const (
	String Type = iota
	Int
)

// Option is one argument of a command. On Discord it is a named field. On
// Slack, required options are the words in their order, the last String one
// taking the rest of the line when Rest is set, and the others are given as
// --name value anywhere in the line.
type Option struct {
	Name     string
	Help     string
	Type     Type
	Required bool
	// Rest takes the rest of the line on Slack, spaces and quotes included. It
	// is written without its name even where it is not required.
	Rest bool
	// Value stands for the value in help: "7d". Empty is the name in capitals.
	Value string
	// Choices lists the only values allowed, or is empty.
	Choices []string
	// Suggest completes what was typed so far, at most 25 values, or is nil.
	Suggest func(ctx context.Context, typed string) []string
}

// bare reports whether the option is written without its name in a line.
func (o Option) bare() bool { return o.Required || o.Rest }

// User is who asked.
type User struct {
	// ID is the platform's id, with the platform: "slack:U0123".
	ID   string
	Name string
}

// Request is one call of a command.
type Request struct {
	// Path is the command's place in the tree, without the root: "watch add".
	Path string
	// Args are the options given, by name. Int options are valid numbers.
	Args map[string]string
	User User
	// Channel is where it was asked, as a target: "slack:C0123".
	Channel string
	// Page is the number of the page, from 0. The router sets it, and Cursor:
	// what the command gave as Next with the page before.
	Page   int
	Cursor string

	root *Command // for help and for hints that name a command
}

// call writes a command as the user would type it.
func (r *Request) call(line string) string { return "/" + r.root.Name + " " + line }
