package opml

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"tipoff/sources"
)

func TestChanges(t *testing.T) {
	type S = sources.Source
	const a, b = "https://a.example/feed", "https://b.example/feed"
	// Entries of another program's list, and of ours.
	other := func(s S) Entry { s.Kind = sources.Feed; return Entry{Source: s} }
	own := func(s S) Entry { return Entry{Source: s, Whole: true} }
	tags := func(t ...string) []string { return t }
	type change struct {
		Action Action
		Source S
		Have   string
		Fields []string
	}
	for _, c := range []struct {
		name string
		have []S
		list []Entry
		want []change
	}{
		{"nothing", nil, nil, nil},
		{"new", nil, []Entry{other(S{Name: "a", URL: a})}, []change{{Add, S{Name: "a", URL: a, Kind: "feed"}, "", nil}}},
		{
			"there",
			[]S{{Name: "a", URL: a, Schedule: "@hourly", Tags: tags("x", "y")}},
			[]Entry{other(S{Name: "b", URL: "https://A.example:443/feed?utm_source=x", Tags: tags("y")})},
			[]change{{Same, S{Name: "a", URL: a, Schedule: "@hourly", Tags: tags("x", "y")}, "a", nil}},
		},
		{
			"other program's tags are added",
			[]S{{Name: "a", URL: a, Kind: "page", Items: "li", Tags: tags("x"), BasicAuth: "u:p"}},
			[]Entry{other(S{Name: "a", URL: a, Tags: tags("y", "x")})},
			[]change{{Update, S{Name: "a", URL: a, Kind: "page", Items: "li", Tags: tags("x", "y"), BasicAuth: "u:p"}, "a", tags("tags")}},
		},
		{
			"credentials of the address",
			[]S{{Name: "a", URL: a, BasicAuth: "u:old"}},
			[]Entry{other(S{Name: "a", URL: a, BasicAuth: "u:new"})},
			[]change{{Update, S{Name: "a", URL: a, BasicAuth: "u:new"}, "a", tags("basic_auth")}},
		},
		{
			"the same credentials",
			[]S{{Name: "a", URL: a, BasicAuth: "u:p"}},
			[]Entry{other(S{Name: "a", URL: a, BasicAuth: "u:p"})},
			[]change{{Same, S{Name: "a", URL: a, BasicAuth: "u:p"}, "a", nil}},
		},
		{
			"our export says all",
			[]S{{Name: "a", URL: a, Kind: "page", Items: "li", Fields: map[string]string{"url": "a"}, FullText: true, Schedule: "@daily", Tags: tags("x"), Backfill: 1, Proxy: "http://p.example:1"}},
			[]Entry{own(S{Name: "b", URL: a + "#f", Tags: tags("y")})},
			[]change{{Update, S{Name: "a", URL: a, Tags: tags("y")}, "a", tags("kind", "items", "fields", "full_text", "schedule", "tags", "backfill", "proxy")}},
		},
		{
			"our export has no secrets",
			[]S{{Name: "a", URL: a, BasicAuth: "u:p", Headers: map[string]string{"X-Key": "k"}, Proxy: "http://u:p@p.example:1"}},
			[]Entry{own(S{Name: "a", URL: a, Kind: "feed", Schedule: "@hourly", Proxy: "http://p.example:1"})},
			[]change{{Update, S{Name: "a", URL: a, Kind: "feed", Schedule: "@hourly", BasicAuth: "u:p", Headers: map[string]string{"X-Key": "k"}, Proxy: "http://u:p@p.example:1"}, "a", tags("schedule")}},
		},
		{
			"no kind is a feed",
			[]S{{Name: "a", URL: a}},
			[]Entry{own(S{Name: "a", URL: a, Kind: "feed"})},
			[]change{{Same, S{Name: "a", URL: a}, "a", nil}},
		},
		{
			"the name is taken",
			[]S{{Name: "News", URL: a}, {Name: "news-2", URL: a + "2"}},
			[]Entry{other(S{Name: "news", URL: b}), other(S{Name: "news-3", URL: b + "3"})},
			[]change{{NameTaken, S{Name: "news-4", URL: b, Kind: "feed"}, "News", nil}, {Add, S{Name: "news-3", URL: b + "3", Kind: "feed"}, "", nil}},
		},
		{
			"a name that is there for the same address is not taken",
			[]S{{Name: "a", URL: a}},
			[]Entry{other(S{Name: "x", URL: a}), other(S{Name: "a", URL: b})},
			[]change{{Same, S{Name: "a", URL: a}, "a", nil}, {NameTaken, S{Name: "a-2", URL: b, Kind: "feed"}, "a", nil}},
		},
		{
			"two sources with one address",
			[]S{{Name: "one", URL: a, Items: "li"}, {Name: "two", URL: a, Items: "tr"}},
			[]Entry{own(S{Name: "two", URL: a, Items: "tr"}), own(S{Name: "one", URL: a, Items: "td"}), own(S{Name: "three", URL: a})},
			[]change{{Same, S{Name: "two", URL: a, Items: "tr"}, "two", nil}, {Update, S{Name: "one", URL: a, Items: "td"}, "one", tags("items")}, {Add, S{Name: "three", URL: a}, "", nil}},
		},
		{
			"another scheme is another address",
			[]S{{Name: "a", URL: a}},
			[]Entry{other(S{Name: "b", URL: "http://a.example/feed"})},
			[]change{{Add, S{Name: "b", URL: "http://a.example/feed", Kind: "feed"}, "", nil}},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			var got []change
			for i, ch := range Changes(c.have, List{Entries: c.list}) {
				got = append(got, change{ch.Action, ch.Source, ch.Have.Name, ch.Fields})
				if d := cmp.Diff(c.list[i], ch.Entry); d != "" {
					t.Error(d)
				}
			}
			if d := cmp.Diff(c.want, got, cmpopts.EquateEmpty()); d != "" {
				t.Error(d)
			}
		})
	}
}

// An import that is done twice changes nothing the second time.
func TestChangesAreDoneAfterOneImport(t *testing.T) {
	have := []sources.Source{{Name: "a", URL: "https://a.example/", Tags: []string{"x"}}, {Name: "b", URL: "https://b.example/"}}
	list := List{Entries: []Entry{
		{Source: sources.Source{Name: "b", URL: "https://a.example/", Tags: []string{"y"}}},
		{Source: sources.Source{Name: "a", URL: "https://c.example/"}},
		{Source: sources.Source{Name: "c", URL: "https://b.example/", Schedule: "@daily"}, Whole: true},
	}}
	after := []sources.Source{}
	for _, c := range Changes(have, list) {
		after = append(after, c.Source)
		if c.Action == Same {
			t.Errorf("got %+v", c)
		}
	}
	if have[0].Tags[0] != "x" || len(have[0].Tags) != 1 {
		t.Error("the sources themselves are changed")
	}
	for _, c := range Changes(after, list) {
		if c.Action != Same {
			t.Errorf("got %+v", c)
		}
	}
}
