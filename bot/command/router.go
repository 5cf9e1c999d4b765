package command

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"tipoff/bot/card"
	"tipoff/filters/query"
)

// maxLine is the longest line or argument, in characters. Discord allows
// 6,000 for one option and Slack has no limit of its own.
const maxLine = 4000

// Router takes requests from the platforms to the commands. It checks
// arguments, turns pages and makes every error a page that a person can read.
// It is safe for use by many goroutines.
type Router struct {
	root     *Command
	sessions Sessions
	log      *slog.Logger

	// Now replaces the clock that sessions expire by. Set it before use; nil
	// is [time.Now].
	Now func() time.Time
	// Observe is told of every command that ran and how long it took. Set it
	// before use; may be nil.
	Observe func(path string, took time.Duration)
}

// New returns a router for the commands under one root, named as the slash
// command is.
func New(name string, cmds []*Command, sessions Sessions, log *slog.Logger) *Router {
	return &Router{
		root:     &Command{Name: name, Help: "Security news: search, watches and sources", Sub: cmds},
		sessions: sessions,
		log:      log,
	}
}

// Root is the whole tree, for platforms to register.
func (r *Router) Root() *Command { return r.root }

// Run answers a request whose arguments are already apart. It never fails:
// what goes wrong is said on the page.
func (r *Router) Run(ctx context.Context, q Request) card.Page {
	q.root = r.root
	cmd, rest := r.find(strings.Fields(q.Path))
	if len(rest) > 0 {
		return r.unknown(cmd, rest[0])
	}
	if cmd.Run == nil {
		return helpPage(r.root, cmd)
	}
	args, err := check(cmd, q.Args)
	if err != nil {
		return r.fail(&q, cmd, err)
	}
	q.Args, q.Page, q.Cursor = args, 0, ""
	return r.answer(ctx, cmd, &q, "", nil)
}

// Line answers a command as typed in one line, the way Slack hands it over:
// "watch add china apt41 --severity high". The text must be as the user typed
// it, with the platform's own escapes undone.
func (r *Router) Line(ctx context.Context, text string, u User, channel string) card.Page {
	q := Request{User: u, Channel: channel, root: r.root}
	if n := utf8.RuneCountInString(text); n > maxLine {
		return r.fail(&q, r.root, tooLong("the line", n))
	}
	words := split(text)
	cmd, rest := r.find(names(words, func(w word) string { return w.text }))
	q.Path = path(r.root, cmd)
	if cmd.Run == nil {
		if len(rest) > 0 {
			return r.unknown(cmd, rest[0])
		}
		return helpPage(r.root, cmd)
	}
	args, err := bind(cmd, text, words[len(words)-len(rest):])
	if err != nil {
		return r.fail(&q, cmd, err)
	}
	q.Args = args
	return r.Run(ctx, q)
}

// find walks down the tree as far as the words lead, and returns the words
// that are left. Names are found in any case: phones capitalise first words.
func (r *Router) find(words []string) (*Command, []string) {
	cmd := r.root
	for len(words) > 0 && cmd.Run == nil {
		next := sub(cmd, words[0])
		if next == nil {
			break
		}
		cmd, words = next, words[1:]
	}
	return cmd, words
}

// answer runs the command and gives its page the buttons to turn it.
func (r *Router) answer(ctx context.Context, cmd *Command, q *Request, token string, cursors []string) card.Page {
	began := time.Now()
	page, err := cmd.Run(ctx, q)
	if r.Observe != nil {
		r.Observe(q.Path, time.Since(began))
	}
	if err != nil {
		return r.fail(q, cmd, err)
	}
	next := page.Next
	page.Prev, page.Next = "", ""
	if next == "" && q.Page == 0 {
		return page
	}
	s := session{Path: q.Path, Args: q.Args, User: q.User.ID, Cursors: cursors[:min(q.Page, len(cursors))]}
	if next != "" {
		s.Cursors = append(slices.Clone(s.Cursors), next)
	}
	token, err = r.save(ctx, token, s)
	if err != nil {
		// The page itself is good: show it, without the buttons.
		r.log.ErrorContext(ctx, "session not saved", "command", q.Path, "error", err)
		return page
	}
	if q.Page > 0 {
		page.Prev = pageToken(token, q.Page-1)
	}
	if next != "" {
		page.Next = pageToken(token, q.Page+1)
	}
	return page
}

// check verifies the arguments of a command, and returns them with choices
// spelled as declared and empty ones left out.
func check(cmd *Command, given map[string]string) (map[string]string, error) {
	args := make(map[string]string, len(given))
	for _, name := range slices.Sorted(maps.Keys(given)) {
		i := slices.IndexFunc(cmd.Options, func(o Option) bool { return o.Name == name })
		if i < 0 {
			return nil, unknownOption(cmd, "--"+name, name)
		}
		v := strings.TrimSpace(given[name])
		if v == "" {
			continue
		}
		if n := utf8.RuneCountInString(v); n > maxLine {
			return nil, tooLong(name, n)
		}
		v, err := cmd.Options[i].check(v)
		if err != nil {
			return nil, err
		}
		args[name] = v
	}
	var missing []string
	for _, o := range cmd.Options {
		if o.Required && args[o.Name] == "" {
			missing = append(missing, strings.ToUpper(o.Name))
		}
	}
	if len(missing) > 0 {
		return nil, &problem{title: "Something is missing: " + strings.Join(missing, " and "), usage: true}
	}
	return args, nil
}

// check verifies one value and returns it as the command should see it.
func (o Option) check(v string) (string, error) {
	if o.Type == Int {
		if _, err := strconv.Atoi(v); err != nil {
			return "", &problem{title: fmt.Sprintf("%s must be a whole number, not %q", o.Name, v), usage: true}
		}
	}
	if len(o.Choices) == 0 {
		return v, nil
	}
	for _, c := range o.Choices {
		if strings.EqualFold(c, v) {
			return c, nil
		}
	}
	return "", &problem{
		title: fmt.Sprintf("%s cannot be %q", o.Name, v),
		lead:  didYouMean(v, o.Choices) + "It is one of " + strings.Join(o.Choices, ", ") + ".",
	}
}

// fail makes a page of an error. What is not meant for people is logged, and
// the page only says so.
func (r *Router) fail(q *Request, cmd *Command, err error) card.Page {
	var p *problem
	var bad *query.Error
	switch {
	case errors.As(err, &p):
		page := card.Page{Tone: card.Bad, Title: p.title, Lead: p.lead, Hint: p.hint}
		if p.usage {
			page.Code = usage(r.root, cmd)
			page.Hint = cmp.Or(page.Hint, "More: "+q.call(strings.TrimSpace("help "+path(r.root, cmd))))
		}
		return page
	case errors.As(err, &bad):
		return card.Page{
			Tone: card.Bad, Title: "The query cannot be read", Lead: bad.Error(), Code: bad.Caret(),
			Hint: "The query language: " + q.call("help"),
		}
	case errors.Is(err, context.DeadlineExceeded):
		r.log.Warn("command timed out", "command", q.Path, "user", q.User.ID, "error", err)
		return card.Page{
			Tone: card.Bad, Title: "That took too long",
			Hint: "Try again in a moment, or ask for less: a shorter --since, a narrower query.",
		}
	}
	r.log.Error("command failed", "command", q.Path, "user", q.User.ID, "error", err)
	return card.Page{Tone: card.Bad, Title: "Something went wrong here; the log has it", Hint: "Try again in a moment."}
}

// unknown says that a word is no command, and which ones there are.
func (r *Router) unknown(cmd *Command, word string) card.Page {
	page := helpPage(r.root, cmd)
	page.Tone = card.Bad
	page.Title = fmt.Sprintf("%q is not a command", strings.TrimSpace("/"+r.root.Name+" "+path(r.root, cmd)+" "+card.Cut(word, 40)))
	page.Lead = strings.TrimSpace(didYouMean(word, subNames(cmd)))
	page.Code = ""
	return page
}
