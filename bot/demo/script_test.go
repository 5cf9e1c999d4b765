package demo

import (
	"slices"
	"strings"
	"testing"
	"unicode/utf8"
)

// What the outlets do to a careless reader, each in its step.
func TestTheScriptPlaysItsTricks(t *testing.T) {
	outlets, err := load()
	if err != nil {
		t.Fatal(err)
	}
	at := func(name string, step int) []article {
		i := slices.IndexFunc(outlets, func(o *outlet) bool { return o.Name == name })
		if i < 0 {
			t.Fatalf("no outlet %s", name)
		}
		return outlets[i].at(step, testNow)
	}
	count := func(list []article, id string) (n int) {
		for _, a := range list {
			if a.ID == id {
				n++
			}
		}
		return n
	}
	oldestFirst := func(a, b article) int { return a.published.Compare(b.published) }
	tests := []struct {
		trick string
		ok    bool
	}{
		{"the newest is first", at("northwire", 1)[0].ID == "nw-3122"},
		{"northwire turns its feed round", slices.IsSortedFunc(at("northwire", 3), oldestFirst)},
		{"northwire corrects a title", strings.HasSuffix(at("northwire", 3)[6].Title, "from within")},
		{"rootprompt tells a story once", count(at("rootprompt", 2), "rootprompt/215") == 1},
		{"rootprompt tells a story twice", count(at("rootprompt", 3), "rootprompt/215") == 2},
		{"fencert drops an advisory", count(at("fencert", 3), "https://fencert.example/advisory/2024-016") == 0},
		{"fencert shows it again", count(at("fencert", 4), "https://fencert.example/advisory/2024-016") == 1},
		{"embargo has its old ids", count(at("embargo", 2), "https://embargo.example/?p=893") == 1},
		{"embargo has new ids", count(at("embargo", 3), "https://embargo.example/?post_id=893") == 1},
		{"embargo bumps a date", at("embargo", 3)[0].published.After(at("embargo", 2)[0].published) && at("embargo", 3)[0].Title == at("embargo", 2)[0].Title},
		{"lantern puts an old post on top", strings.HasSuffix(at("lantern", 3)[0].ID, "/cookies") && testNow.Sub(at("lantern", 3)[0].published).Hours() < 1},
		{"nightdesk floods a title", utf8.RuneCountInString(at("nightdesk", 4)[slices.IndexFunc(at("nightdesk", 4), func(a article) bool { return a.ID == "nd-9022" })].Title) == 5000},
	}
	for _, tt := range tests {
		if !tt.ok {
			t.Errorf("not so: %s", tt.trick)
		}
	}
	hostile := at("nightdesk", 4)[0].Title
	for _, part := range []string{
		"@everyone", "@here", "&lt;!channel&gt;", "<@U0123ABCD>", "[your files](http://evil.example/pay)", "<http://evil.example|", "\u202E", "\u200B", "\x1b[31m", "\x1b]8;;", "<script>",
	} {
		if !strings.Contains(hostile, part) {
			t.Errorf("the hostile title has no %q", part)
		}
	}
}
