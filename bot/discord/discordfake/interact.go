package discordfake

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"time"
)

// User is a person in the server.
type User struct {
	ID   string
	Name string
}

// Kinds of first answers to an interaction.
const (
	AnswerMessage       = 4
	AnswerLater         = 5
	AnswerUpdateLater   = 6
	AnswerUpdate        = 7
	AnswerChoices       = 8
	kindCommand         = 2
	kindComponent       = 3
	kindAutocomplete    = 4
	editWithin          = 15 * time.Minute
	unknownInteraction  = 10062
	alreadyAcknowledged = 40060
)

// Interaction is a person waiting for an answer.
type Interaction struct {
	ID, Token string

	f       *Fake
	kind    int
	user    User
	channel string
	created time.Time
	on      *Reply // what was clicked on, or nil

	// Guarded by the fake's lock.
	answered int // kind of the first answer, or 0
	complete bool
	message  Message
	choices  []Choice
}

// Reply is what the person sees in the end.
type Reply struct {
	// Deferred is true when Discord showed "is thinking" first.
	Deferred bool
	// Ephemeral is true when only the person sees it.
	Ephemeral bool
	// Updated is true when it replaced the message that was clicked on.
	Updated bool
	Message Message
	Choices []Choice

	user    User
	channel string
}

// Slash uses a slash command and waits for the whole answer. The path is that
// of the command with or without the root, "watch add"; the options must be
// those that are registered, strings or whole numbers.
func (f *Fake) Slash(ctx context.Context, path string, options map[string]any, u User, channel string) (*Reply, error) {
	i, err := f.StartSlash(ctx, path, options, u, channel)
	if err != nil {
		return nil, err
	}
	return i.Reply(ctx)
}

// StartSlash is Slash without waiting for the answer. It waits for a bot that
// has registered its commands and has a session at the gateway.
func (f *Fake) StartSlash(ctx context.Context, path string, options map[string]any, u User, channel string) (*Interaction, error) {
	if err := f.waitBot(ctx); err != nil {
		return nil, err
	}
	return f.begin(kindCommand, u, channel, nil, func() (any, error) {
		root, names, leaf, err := f.resolve(path)
		if err != nil {
			return nil, err
		}
		given, err := fill(leaf, options)
		if err != nil {
			return nil, err
		}
		return commandData(root, names, given), nil
	})
}

// Autocomplete types into an option and returns what is suggested.
func (f *Fake) Autocomplete(ctx context.Context, path, option, typed string, u User, channel string) ([]Choice, error) {
	if err := f.waitBot(ctx); err != nil {
		return nil, err
	}
	i, err := f.begin(kindAutocomplete, u, channel, nil, func() (any, error) {
		root, names, leaf, err := f.resolve(path)
		if err != nil {
			return nil, err
		}
		k := slices.IndexFunc(leaf, func(o Option) bool { return o.Name == option })
		if k < 0 || !leaf[k].Autocomplete {
			return nil, fmt.Errorf("option %q of %q has no suggestions", option, path)
		}
		// What is being typed is text, whatever the option's type.
		given := []map[string]any{{"name": option, "type": leaf[k].Type, "value": typed, "focused": true}}
		return commandData(root, names, given), nil
	})
	if err != nil {
		return nil, err
	}
	r, err := i.Reply(ctx)
	if err != nil {
		return nil, err
	}
	return r.Choices, nil
}

// Click clicks on a button of an answer and waits for the whole answer to
// that. It is the same person in the same channel.
func (f *Fake) Click(ctx context.Context, on *Reply, customID string) (*Reply, error) {
	i, err := f.StartClick(on, customID)
	if err != nil {
		return nil, err
	}
	return i.Reply(ctx)
}

// StartClick is Click without waiting for the answer.
func (f *Fake) StartClick(on *Reply, customID string) (*Interaction, error) {
	found := slices.ContainsFunc(on.Message.Components, func(r Row) bool {
		return slices.ContainsFunc(r.Components, func(b Button) bool { return b.CustomID == customID && !b.Disabled })
	})
	if !found {
		return nil, fmt.Errorf("the message has no button %q", customID)
	}
	return f.begin(kindComponent, on.user, on.channel, on, func() (any, error) {
		return map[string]any{"custom_id": customID, "component_type": 2}, nil
	})
}

// waitBot waits for commands and for a session. The session need not be
// connected just now: when it is resumed, it gets what it missed.
func (f *Fake) waitBot(ctx context.Context) error {
	return errors.Join(f.WaitCommands(ctx), f.Wait(ctx, func() bool {
		f.mu.Lock()
		defer f.mu.Unlock()
		return len(f.gateway.sessions) > 0
	}))
}

// begin makes an interaction and dispatches it.
func (f *Fake) begin(kind int, u User, channel string, on *Reply, data func() (any, error)) (*Interaction, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	body, err := data()
	if err != nil {
		return nil, err
	}
	i := &Interaction{
		ID: f.newID(), f: f, kind: kind, user: u, channel: channel, on: on, created: f.now(),
	}
	i.Token = "aW50ZXJhY3Rpb24.secret-" + i.ID
	f.interactions[i.Token] = i
	event := map[string]any{
		"id": i.ID, "application_id": Application, "type": kind, "token": i.Token, "version": 1,
		"channel_id": channel, "guild_id": Guild, "locale": "en-GB", "data": body,
		"member": map[string]any{
			"user":        map[string]any{"id": u.ID, "username": u.Name, "discriminator": "0"},
			"permissions": "2147483647", "roles": []string{},
		},
	}
	if on != nil {
		event["message"] = map[string]any{
			"id": on.Message.ID, "channel_id": channel, "content": on.Message.Content,
			"flags": on.Message.Flags, "components": on.Message.Components, "type": 0,
		}
	}
	f.dispatch("INTERACTION_CREATE", event)
	f.wake()
	return i, nil
}

// fill turns options into what Discord sends, and refuses what it would not
// let a person enter.
func fill(leaf []Option, options map[string]any) ([]map[string]any, error) {
	var out []map[string]any
	for _, name := range slices.Sorted(maps.Keys(options)) {
		if !slices.ContainsFunc(leaf, func(o Option) bool { return o.Name == name }) {
			return nil, fmt.Errorf("there is no option %q", name)
		}
	}
	for _, o := range leaf {
		v, given := options[o.Name]
		if !given {
			if o.Required {
				return nil, fmt.Errorf("option %q is required", o.Name)
			}
			continue
		}
		_, isText := v.(string)
		_, isInt := v.(int)
		if o.Type == String && !isText || o.Type == Integer && !isInt {
			return nil, fmt.Errorf("option %q does not take %v", o.Name, v)
		}
		if len(o.Choices) > 0 && !slices.ContainsFunc(o.Choices, func(c Choice) bool { return fmt.Sprint(c.Value) == fmt.Sprint(v) }) {
			return nil, fmt.Errorf("option %q has no choice %v", o.Name, v)
		}
		out = append(out, map[string]any{"name": o.Name, "type": o.Type, "value": v})
	}
	return out, nil
}

// commandData wraps the options into the sub-commands that lead to them.
func commandData(root Command, names []string, given []map[string]any) map[string]any {
	for depth, name := range slices.Backward(names) {
		kind := SubCommand
		if depth < len(names)-1 {
			kind = SubCommandGroup
		}
		given = []map[string]any{{"name": name, "type": kind, "options": given}}
	}
	return map[string]any{"id": root.ID, "name": root.Name, "type": 1, "options": given}
}

// Answered waits for the first answer and returns its kind.
func (i *Interaction) Answered(ctx context.Context) (int, error) {
	kind := 0
	err := i.f.Wait(ctx, func() bool {
		i.f.mu.Lock()
		defer i.f.mu.Unlock()
		kind = i.answered
		return kind != 0
	})
	return kind, err
}

// Reply waits for the whole answer: the first one, or what follows when that
// promised another.
func (i *Interaction) Reply(ctx context.Context) (*Reply, error) {
	var r *Reply
	err := i.f.Wait(ctx, func() bool {
		i.f.mu.Lock()
		defer i.f.mu.Unlock()
		if i.complete {
			r = &Reply{
				Deferred:  i.answered == AnswerLater || i.answered == AnswerUpdateLater,
				Updated:   i.answered == AnswerUpdate || i.answered == AnswerUpdateLater,
				Ephemeral: i.message.Flags&flagEphemeral != 0,
				Message:   i.message,
				Choices:   i.choices,
				user:      i.user,
				channel:   i.channel,
			}
		}
		return r != nil
	})
	return r, err
}

// callback takes the first answer. It needs the lock.
func (f *Fake) callback(id, token string, body []byte) (answer, *apiError) {
	i := f.interactions[token]
	if i == nil || i.ID != id {
		f.violate("answer to an interaction that does not exist")
		return answer{}, refuse(http.StatusNotFound, unknownInteraction, "Unknown interaction")
	}
	if late := f.now().Sub(i.created); late > f.answerWithin {
		f.violate("interaction %s: answered after %s", id, late)
		return answer{}, refuse(http.StatusNotFound, unknownInteraction, "Unknown interaction")
	}
	if i.answered != 0 {
		return answer{}, refuse(http.StatusBadRequest, alreadyAcknowledged, "Interaction has already been acknowledged.")
	}
	var said struct {
		Type int             `json:"type"`
		Data json.RawMessage `json:"data"`
	}
	if e := decode(body, &said); e != nil {
		f.violate("interaction %s: not JSON", id)
		return answer{}, e
	}
	if !slices.Contains(allowedAnswers[i.kind], said.Type) {
		f.violate("interaction %s: answer of type %d to one of type %d", id, said.Type, i.kind)
		return answer{}, invalidForm(problem{"type", "BASE_TYPE_CHOICES", "This kind of answer does not fit."})
	}
	var e *apiError
	switch said.Type {
	case AnswerMessage:
		e = f.read("interaction "+id, said.Data, &i.message)
	case AnswerUpdate:
		i.message = i.on.Message
		e = f.apply("interaction "+id, said.Data, &i.message)
	case AnswerUpdateLater:
		i.message = i.on.Message
	case AnswerLater:
		var flags struct {
			Flags int `json:"flags"`
		}
		if len(said.Data) > 0 {
			e = decode(said.Data, &flags)
		}
		i.message.Flags = flags.Flags
	case AnswerChoices:
		e = f.readChoices(i, said.Data)
	}
	if e != nil {
		return answer{}, e
	}
	if i.message.ID == "" {
		i.message.ID = f.newID()
	}
	i.message.ChannelID = i.channel
	i.answered = said.Type
	i.complete = said.Type != AnswerLater && said.Type != AnswerUpdateLater
	return answer{}, nil
}

var allowedAnswers = map[int][]int{
	kindCommand:      {AnswerMessage, AnswerLater},
	kindComponent:    {AnswerMessage, AnswerLater, AnswerUpdateLater, AnswerUpdate},
	kindAutocomplete: {AnswerChoices},
}

func (f *Fake) readChoices(i *Interaction, data []byte) *apiError {
	var list struct {
		Choices []Choice `json:"choices"`
	}
	if e := decode(data, &list); e != nil {
		return e
	}
	var check form
	check.count("data.choices", len(list.Choices), 25)
	for k, c := range list.Choices {
		check.length(fmt.Sprintf("data.choices.%d.name", k), c.Name, 1, 100)
		if v, ok := c.Value.(string); ok {
			check.length(fmt.Sprintf("data.choices.%d.value", k), v, 0, 100)
		}
	}
	if len(check.problems) > 0 {
		f.violate("interaction %s: %s", i.ID, check.problems[0])
		return invalidForm(check.problems...)
	}
	i.choices = list.Choices
	return nil
}

// webhook finds the interaction that a later request is about. It needs the
// lock.
func (f *Fake) webhook(app, token string) (*Interaction, *apiError) {
	i := f.interactions[token]
	switch {
	case app != Application || i == nil || i.answered == 0:
		f.violate("follow-up to an interaction that was not answered")
		return nil, refuse(http.StatusNotFound, 10015, "Unknown Webhook")
	case f.now().Sub(i.created) > editWithin:
		f.violate("interaction %s: follow-up after its end", i.ID)
		return nil, refuse(http.StatusUnauthorized, 50027, "Invalid Webhook Token")
	}
	return i, nil
}

func (f *Fake) editOriginal(app, token string, body []byte) (answer, *apiError) {
	i, e := f.webhook(app, token)
	if e != nil {
		return answer{}, e
	}
	if e := f.apply("edit of the answer to "+i.ID, body, &i.message); e != nil {
		return answer{}, e
	}
	i.complete = true
	return answer{body: i.message}, nil
}

func (f *Fake) getOriginal(app, token string) (answer, *apiError) {
	i, e := f.webhook(app, token)
	if e != nil {
		return answer{}, e
	}
	return answer{body: i.message}, nil
}

// followUp is another message after the first. As on Discord, the first of
// them fills in a promised answer.
func (f *Fake) followUp(app, token string, body []byte) (answer, *apiError) {
	i, e := f.webhook(app, token)
	if e != nil {
		return answer{}, e
	}
	if !i.complete {
		return f.editOriginal(app, token, body)
	}
	m := &Message{}
	if e := f.read("follow-up to "+i.ID, body, m); e != nil {
		return answer{}, e
	}
	m.ID, m.ChannelID = f.newID(), i.channel
	return answer{body: m}, nil
}
