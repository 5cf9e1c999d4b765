package opml

import (
	"maps"
	"slices"

	"tipoff/sources"
	"tipoff/sources/story"
)

// Action is what importing an entry does.
type Action string

// The actions.
const (
	// Add is a source with an address that is new.
	Add Action = "add"
	// Same changes nothing.
	Same Action = "same"
	// Update changes a source that has the entry's address.
	Update Action = "update"
	// NameTaken adds a source under another name, as its own is that of a
	// source with another address.
	NameTaken Action = "name_taken"
)

// Change is what importing one entry would do.
type Change struct {
	Action Action
	// Source is the source as it would be afterwards.
	Source sources.Source
	// Have is the source there is now: with the same address for Same and
	// Update, with the name that was wanted for NameTaken, and empty for Add.
	Have sources.Source
	// Fields are what an Update changes, by their keys in the configuration.
	Fields []string
	// Entry is what the list says.
	Entry Entry
}

// Changes says what importing a list would do to the sources there are: one
// Change an entry, in the list's order. It changes neither argument.
//
// Sources are the same if their addresses are, in canonical form; where several
// have one address, the name decides. One that is there keeps its name and its
// address as it is written, and its secrets unless the entry brings others. An
// entry of another program's list only adds its tags to those of the source;
// one that Write made replaces all that it says. No source is ever removed.
func Changes(have []sources.Source, list List) []Change {
	match := matches(have, list)
	names := newNames(len(have) + len(list.Entries))
	holder := make(map[string]int, len(have))
	for i, src := range have {
		names.take(src.Name)
		holder[fold(src.Name)] = i
	}
	// The names that entries can keep come before the free ones.
	keeps := make([]bool, len(list.Entries))
	for i, e := range list.Entries {
		keeps[i] = match[i] < 0 && names.take(e.Source.Name)
	}
	changes := make([]Change, 0, len(list.Entries))
	for i, e := range list.Entries {
		c := Change{Action: Add, Entry: e, Source: e.Source}
		switch {
		case match[i] >= 0:
			c.Have = have[match[i]]
			c.Source, c.Fields = update(c.Have, e)
			if c.Action = Update; len(c.Fields) == 0 {
				c.Action, c.Source = Same, c.Have
			}
		case !keeps[i]:
			c.Source.Name = names.free(e.Source.Name)
			c.Action = NameTaken
			if at, ok := holder[fold(e.Source.Name)]; ok {
				c.Have = have[at]
			}
		}
		changes = append(changes, c)
	}
	return changes
}

// matches gives the source that each entry is about, or -1.
func matches(have []sources.Source, list List) []int {
	type key struct{ address, name string }
	named := make(map[key]int, len(have))
	byAddress := make(map[string][]int, len(have))
	for i, src := range have {
		address := canonical(src.URL)
		named[key{address, fold(src.Name)}] = i
		byAddress[address] = append(byAddress[address], i)
	}
	used := make([]bool, len(have))
	out := make([]int, len(list.Entries))
	for i, e := range list.Entries {
		out[i] = -1
		if at, ok := named[key{canonical(e.Source.URL), fold(e.Source.Name)}]; ok {
			out[i], used[at] = at, true
		}
	}
	for i, e := range list.Entries {
		if out[i] >= 0 {
			continue
		}
		address := canonical(e.Source.URL)
		rest := byAddress[address]
		for len(rest) > 0 && used[rest[0]] {
			rest = rest[1:]
		}
		if len(rest) > 0 {
			out[i], used[rest[0]] = rest[0], true
		}
		byAddress[address] = rest
	}
	return out
}

func canonical(address string) string {
	if c, ok := story.CanonicalURL(address); ok {
		return c
	}
	return address
}

// update gives a source as an entry changes it, and the fields that differ.
func update(have sources.Source, e Entry) (src sources.Source, fields []string) {
	src = have
	differs := func(field string, differ bool) {
		if differ {
			fields = append(fields, field)
		}
	}
	want := e.Source
	if e.Whole {
		differs("kind", kindOf(have) != kindOf(want))
		differs("items", have.Items != want.Items)
		differs("fields", !maps.Equal(have.Fields, want.Fields))
		differs("full_text", have.FullText != want.FullText)
		differs("schedule", have.Schedule != want.Schedule)
		differs("tags", !slices.Equal(have.Tags, want.Tags))
		differs("backfill", have.Backfill != want.Backfill)
		src = want
		src.Name, src.URL, src.BasicAuth, src.Headers, src.Proxy = have.Name, have.URL, have.BasicAuth, have.Headers, have.Proxy
	} else {
		src.Tags = slices.Clone(have.Tags)
		for _, t := range want.Tags {
			if !slices.Contains(src.Tags, t) {
				src.Tags = append(src.Tags, t)
			}
		}
		differs("tags", len(src.Tags) > len(have.Tags))
	}
	if want.BasicAuth != "" && want.BasicAuth != have.BasicAuth {
		src.BasicAuth = want.BasicAuth
		differs("basic_auth", true)
	}
	if proxy, _ := withoutUser(have.Proxy); e.Whole && proxy != want.Proxy {
		src.Proxy = want.Proxy
		differs("proxy", true)
	}
	return src, fields
}

func kindOf(src sources.Source) sources.Kind {
	if src.Kind == "" {
		return sources.Feed
	}
	return src.Kind
}
