package config

import (
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"

	"github.com/goccy/go-yaml"

	"tipoff/bot/alert"
	"tipoff/sources"
)

// InForce is what a program works with where people can change what the file
// says.
type InForce struct {
	Sources []sources.Source
	Watches []alert.Watch
}

// Exported is a configuration that says what is in force.
type Exported struct {
	Text string
	// Variables must be set before the text can be used: they stand for what is
	// secret and stood in the file itself.
	Variables []Variable
	// Left says what is in force and cannot be in a configuration, a sentence
	// each.
	Left []string
}

// Variable is an environment variable, and the place that it is for.
type Variable struct{ Name, Where string }

// Export writes what is in force as a configuration that reads back the same.
// The name, data and getenv are what [Parse] was given. Where nothing changed,
// the text stays as it is, with its comments and its references to the
// environment; what is secret in it becomes such a reference.
func Export(name string, data []byte, getenv func(string) (string, bool), now InForce) (*Exported, error) {
	c, err := Parse(name, data, getenv)
	if err != nil {
		return nil, err
	}
	x := newExport(c, data, getenv)
	x.want, x.left = c.with(now)
	text, edited := x.edit()
	if edited {
		err = x.check(text)
	}
	if !edited || err != nil {
		// The file is written in a way that cannot be changed in place.
		x.vars, x.values = nil, make(map[string]string)
		if text, err = x.print(); err == nil {
			err = x.check(text)
		}
	}
	if err != nil {
		return nil, fmt.Errorf("export: what is in force cannot be written as a configuration: %w", err)
	}
	return &Exported{Text: x.head() + text, Variables: x.vars, Left: x.left}, nil
}

// with is the configuration with other sources and watches, as far as one can
// say them: left are sentences about what one cannot.
func (c *Config) with(now InForce) (out *Config, left []string) {
	out = &Config{}
	*out = *c
	out.Sources, out.Watches = slices.Clone(now.Sources), nil
	for _, w := range now.Watches {
		if _, err := c.Lexicon.Compile(w.Query); err != nil {
			left = append(left, fmt.Sprintf("the watch %s is left out: its query cannot be read (%v)", w.Name, err))
			continue
		}
		var known []string
		for _, name := range w.Channels {
			if slices.ContainsFunc(c.Channels, func(ch alert.Channel) bool { return ch.Name == name }) {
				known = append(known, name)
			} else {
				left = append(left, fmt.Sprintf("the watch %s names the channel %s, which is not in the config: nobody hears of it there", w.Name, name))
			}
		}
		w.Channels = known
		out.Watches = append(out.Watches, w)
	}
	out.Later = maps.Clone(c.Later)
	for _, w := range c.Watches {
		if !slices.ContainsFunc(out.Watches, func(of alert.Watch) bool { return of.Name == w.Name }) {
			delete(out.Later, "watches."+w.Name+".digest")
		}
	}
	return out, left
}

// export is one export under way.
type export struct {
	c      *Config // the file
	want   *Config // what is in force
	getenv func(string) (string, bool)

	d    *decoder // knows the lines
	root *node
	text string

	left   []string
	vars   []Variable
	values map[string]string // of vars
	edits  []edit
}

func newExport(c *Config, data []byte, getenv func(string) (string, bool)) *export {
	text := strings.ReplaceAll(strings.TrimPrefix(string(data), "\ufeff"), "\r\n", "\n")
	x := &export{c: c, getenv: getenv, text: text, values: make(map[string]string)}
	x.d = &decoder{file: c.File, getenv: getenv, lines: strings.Split(text, "\n")}
	x.root = x.d.readYAML(text)
	return x
}

// head tells which variables to set.
func (x *export) head() string {
	if len(x.vars) == 0 {
		return ""
	}
	width := 0
	for _, v := range x.vars {
		width = max(width, len(v.Name))
	}
	var b strings.Builder
	b.WriteString("# Secrets are not exported. Set these variables to what was written there:\n")
	for _, v := range x.vars {
		fmt.Fprintf(&b, "#   %-*s  %s\n", width, v.Name, v.Where)
	}
	b.WriteString("\n")
	return b.String()
}

// check reports where a text does not say what is in force.
func (x *export) check(text string) error {
	back, err := Parse(x.c.File, []byte(text), func(name string) (string, bool) {
		if v, ok := x.values[name]; ok {
			return v, true
		}
		return x.getenv(name)
	})
	if err != nil {
		return err
	}
	if got, want := likeness(back), likeness(x.want); !reflect.DeepEqual(got, want) {
		for i := range reflect.TypeFor[Config]().NumField() {
			if f := reflect.TypeFor[Config]().Field(i); !reflect.DeepEqual(reflect.ValueOf(got).Field(i).Interface(), reflect.ValueOf(want).Field(i).Interface()) {
				return fmt.Errorf("%s would be read as something else", strings.ToLower(f.Name))
			}
		}
	}
	return nil
}

// likeness is a configuration without what does not count: the order of
// sources and watches, who they are from, and the difference between empty and
// not there.
func likeness(c *Config) Config {
	out := *c
	out.File, out.Lexicon, out.Warnings = "", nil, nil
	out.Actors = Actors{Import: c.Actors.Import}
	out.Sources = slices.Clone(c.Sources)
	for i := range out.Sources {
		s := &out.Sources[i]
		s.Tags, s.Fields, s.Headers = orNil(s.Tags), mapOrNil(s.Fields), mapOrNil(s.Headers)
		if s.Kind == "" {
			s.Kind = sources.Feed
		}
	}
	slices.SortFunc(out.Sources, func(a, b sources.Source) int { return strings.Compare(a.Name, b.Name) })
	out.Watches = slices.Clone(c.Watches)
	for i := range out.Watches {
		out.Watches[i] = plainWatch(out.Watches[i])
	}
	slices.SortFunc(out.Watches, func(a, b alert.Watch) int { return strings.Compare(a.Name, b.Name) })
	out.Channels = slices.Clone(c.Channels)
	for i := range out.Channels {
		out.Channels[i].Managers = orNil(out.Channels[i].Managers)
	}
	out.Sets, out.Later = mapOrNil(c.Sets), mapOrNil(c.Later)
	out.Sources, out.Watches, out.Channels = orNil(out.Sources), orNil(out.Watches), orNil(out.Channels)
	return out
}

// plainWatch is a watch as it is compared.
func plainWatch(w alert.Watch) alert.Watch {
	w.Origin, w.Channels = "", orNil(w.Channels)
	if w.Severity == "" {
		w.Severity = alert.Medium
	}
	return w
}

func orNil[T any](s []T) []T {
	if len(s) == 0 {
		return nil
	}
	return s
}

func mapOrNil(m map[string]string) map[string]string {
	if len(m) == 0 {
		return nil
	}
	return m
}

// print writes the whole anew, without the file's comments.
func (x *export) print() (string, error) {
	out, err := yaml.MarshalWithOptions(x.want.document(x.show), yaml.IndentSequence(true))
	return string(out), err
}

// JSON is the exported configuration as a JSON object. References to the
// environment stay as they are written.
func (e *Exported) JSON() ([]byte, error) { return yamlToJSON(e.Text) }
