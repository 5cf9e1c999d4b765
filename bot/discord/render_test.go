package discord

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"tipoff/bot/alert"
	"tipoff/bot/card"
	"tipoff/bot/discord/discordfake"
	"tipoff/sources/story"
)

var update = flag.Bool("update", false, "write the golden files anew")

var published = time.Date(2026, 11, 3, 9, 30, 0, 0, time.UTC)

func fullCard() card.Card {
	return card.Card{
		Kind:     alert.KindNew,
		Title:    "i-SOON leak shows how APT41 rents its tools",
		URL:      "https://news.example/i-soon?id=1",
		Source:   "example-news",
		Time:     published,
		Summary:  "Internal chats of the contractor name customers and prices. Analysts link the i-SOON tools to APT41.",
		Severity: alert.High,
		Why: []story.Match{
			{Watch: "china", Terms: []string{"i-SOON"}},
			{Watch: "apt", Terms: []string{"APT41", "i-SOON"}},
		},
		Also: []story.Sighting{
			{Name: "gov-alerts", URL: "https://gov.example/a"},
			{Name: "no-link"},
		},
		Mentions: []string{"here", "discord:4001", "discord:&4002", "slack:U0123ABC", "here"},
		Channel:  "china-desk",
	}
}

func hostileCard() card.Card {
	evil := "@everyone <@1> [free](https://evil.example) **x** `y` https://evil.example \u202egnp.exe"
	return card.Card{
		Kind: alert.KindUpdate, Title: evil, URL: "https://user@evil.example/", Source: evil, Summary: "# " + evil + "\n- " + evil,
		Severity: "loud", Why: []story.Match{{Watch: evil, Terms: []string{evil, ""}}},
		Also:     []story.Sighting{{Name: "](https://evil.example)", URL: "https://ok.example/a)b"}, {Name: evil, URL: "javascript:alert(1)"}},
		Mentions: []string{"@everyone", "discord:1>", "<@1>"}, Channel: evil,
	}
}

func TestGolden(t *testing.T) {
	update := *update
	for name, m := range map[string]*message{
		"card-full":    renderCard(fullCard()),
		"card-bare":    renderCard(card.Card{Title: "Only a title"}),
		"card-update":  renderCard(card.Card{Kind: alert.KindUpdate, Title: "Corrected", Severity: alert.Critical, Source: "news", Mentions: []string{"channel"}}),
		"card-hostile": renderCard(hostileCard()),
		"page-list": renderPage(card.Page{
			Title: "2 stories for china", Lead: "Newest first.",
			Items: []card.Item{
				{Title: "i-SOON [leak]", URL: "https://news.example/i-soon", Meta: "example-news · 3 h ago", Text: "Chats of *i-SOON* leaked.", Marks: []string{"i-SOON"}},
				{Title: "A watch_name", Meta: "high · china-desk", Text: "set:china OR country:cn"},
			},
			Hint: "/news watch add saves this search", Next: "abc.1",
		}),
		"page-error": renderPage(card.Page{
			Tone: card.Bad, Title: "The query has a mistake", Code: "china AND\n         ^", Hint: "Expected a word.", Prev: "abc.0", Next: "abc.2",
		}),
		"page-empty": renderPage(card.Page{}),
	} {
		t.Run(name, func(t *testing.T) {
			got, err := json.MarshalIndent(m, "", "  ")
			if err != nil {
				t.Fatal(err)
			}
			got = append(got, '\n')
			if problems := discordfake.CheckMessage(got); len(problems) > 0 {
				t.Errorf("Discord would refuse it: %v", problems)
			}
			path := filepath.Join("testdata", name+".json")
			if update {
				if err := os.WriteFile(path, got, 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(string(want), string(got)); diff != "" {
				t.Errorf("run the tests with -update when this is meant (-want +got):\n%s", diff)
			}
		})
	}
}

func drawCard(t *rapid.T) card.Card {
	s := func(label string) string { return hostile().Draw(t, label) }
	link := func(label string) string {
		return rapid.SampledFrom([]string{
			"", "https://ok.example/a?b=c", "javascript:alert(1)", "https://u@evil.example", "https://ok.example/" + strings.Repeat("x", 1900), "https://ok.example/)](" + s(label),
		}).Draw(t, label)
	}
	c := card.Card{
		Kind: alert.KindUpdate, Title: s("title"), URL: link("url"), Source: s("source"), Summary: s("summary"),
		Severity: alert.Severity(rapid.SampledFrom([]string{"", "low", "high", "odd"}).Draw(t, "severity")),
		Channel:  s("channel"), Time: published,
	}
	for range rapid.IntRange(0, 8).Draw(t, "whys") {
		c.Why = append(c.Why, story.Match{Watch: s("watch"), Terms: []string{s("term"), "APT41", s("term2")}})
	}
	for range rapid.IntRange(0, 12).Draw(t, "alsos") {
		c.Also = append(c.Also, story.Sighting{Name: s("name"), URL: link("also")})
	}
	for i := range rapid.IntRange(0, 200).Draw(t, "mentions") {
		c.Mentions = append(c.Mentions, []string{"slack:U0123", "<@1>", fmt.Sprintf("discord:%d", i), fmt.Sprintf("discord:&%d", i)}[i%4])
	}
	return c
}

// Whatever a feed writes, the message is within Discord's limits, pings nobody
// but those the watch names, and has no link but those that the program made.
func TestHostileCards(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c := drawCard(t)
		m := decodeMessage(t, renderCard(c))
		for _, ping := range discordfake.ActiveMentions(m) {
			id := strings.Trim(ping, "<@>")
			if !slices.Contains(c.Mentions, "discord:"+id) {
				t.Fatalf("pings %s", ping)
			}
		}
		var allowed []string
		for _, s := range c.Also {
			if link, ok := card.Link(s.URL); ok {
				allowed = append(allowed, link)
			}
		}
		checkTexts(t, m, allowed)
	})
}

func TestHostilePages(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := func(label string) string { return hostile().Draw(t, label) }
		p := card.Page{Title: s("title"), Lead: s("lead"), Hint: s("hint"), Next: "t.1", Prev: strings.Repeat("p", rapid.IntRange(0, 120).Draw(t, "prev"))}
		if rapid.Bool().Draw(t, "code?") {
			p.Code = s("code")
		}
		var allowed []string
		for range rapid.IntRange(0, 10).Draw(t, "items") {
			it := card.Item{Title: s("item"), Meta: s("meta"), Text: s("text"), Marks: []string{s("mark"), "word"}}
			if rapid.Bool().Draw(t, "link?") {
				it.URL = "https://ok.example/" + s("url")
				if link, ok := card.Link(it.URL); ok {
					allowed = append(allowed, link)
				}
			}
			p.Items = append(p.Items, it)
		}
		m := decodeMessage(t, renderPage(p))
		if pings := discordfake.ActiveMentions(m); len(pings) > 0 {
			t.Fatalf("pings %v", pings)
		}
		checkTexts(t, m, allowed)
	})
}

func decodeMessage(t *rapid.T, m *message) discordfake.Message {
	raw, err := json.Marshal(m)
	if err != nil {
		t.Fatal(err)
	}
	if problems := discordfake.CheckMessage(raw); len(problems) > 0 {
		t.Fatalf("Discord would refuse it: %v", problems)
	}
	var out discordfake.Message
	if err := json.Unmarshal(raw, &out); err != nil {
		t.Fatal(err)
	}
	if out.AllowedMentions == nil || slices.Contains(out.AllowedMentions.Parse, "users") {
		t.Fatalf("allowed_mentions are %+v", out.AllowedMentions)
	}
	return out
}

// checkTexts looks for markup that is not the renderer's own: bold words, code
// blocks, and links to the addresses allowed. The content is ours as a whole.
func checkTexts(t *rapid.T, m discordfake.Message, allowed []string) {
	for _, text := range m.Texts() {
		if text == m.Content {
			continue
		}
		r := discordfake.ReadMarkdown(text)
		for _, l := range r.Links {
			if !slices.Contains(allowed, l.URL) {
				t.Fatalf("link to %q in %q", l.URL, text)
			}
		}
		for _, a := range r.Active {
			if a != "bold" && a != "code block" {
				t.Fatalf("%s in %q", a, text)
			}
		}
	}
	for _, e := range m.Embeds {
		if e.URL != "" && !strings.HasPrefix(e.URL, "https://ok.example/") {
			t.Fatalf("title leads to %q", e.URL)
		}
	}
}

func TestMentions(t *testing.T) {
	for _, c := range []struct {
		name    string
		in      []string
		content string
		parse   []string
		users   []string
		roles   []string
	}{
		{"nobody", nil, "", nil, nil, nil},
		{"here", []string{"here"}, "@here", []string{"everyone"}, nil, nil},
		{"channel and here need one permission", []string{"channel", "here"}, "@everyone @here", []string{"everyone"}, nil, nil},
		{"user", []string{"discord:1"}, "<@1>", nil, []string{"1"}, nil},
		{"role", []string{"discord:&2"}, "<@&2>", nil, nil, []string{"2"}},
		{"of Slack", []string{"slack:U0123"}, "", nil, nil, nil},
		{"twice", []string{"discord:1", "discord:1"}, "<@1>", nil, []string{"1"}, nil},
		{"malformed", []string{"discord:1> @everyone", "everyone"}, "", nil, nil, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			content, allowed := mentions(c.in)
			var parse []string
			for _, p := range allowed.Parse {
				parse = append(parse, string(p))
			}
			if content != c.content || !slices.Equal(parse, c.parse) || !slices.Equal(allowed.Users, c.users) || !slices.Equal(allowed.Roles, c.roles) {
				t.Errorf("got %q %+v", content, allowed)
			}
			if allowed.Parse == nil {
				t.Error("parse is null, which Discord takes as everything")
			}
		})
	}
}

func TestMentionsFitIntoTheContent(t *testing.T) {
	var all []string
	for i := range 300 {
		all = append(all, fmt.Sprintf("discord:&9%019d", i))
	}
	content, allowed := mentions(all)
	if n := card.Len(content); n > maxContent || n < maxContent/2 || len(allowed.Roles) > 100 {
		t.Errorf("content of %d, %d roles", n, len(allowed.Roles))
	}
}

// A page with more than fits says how much is left out, and shows shorter
// texts before it leaves anything out.
func TestPageMakesRoom(t *testing.T) {
	items := func(n int) []card.Item {
		var out []card.Item
		for i := range n {
			out = append(out, card.Item{Title: fmt.Sprintf("Story %d", i), Text: strings.Repeat("long text ", 40)})
		}
		return out
	}
	m := renderPage(card.Page{Title: "t", Items: items(15)})
	if d := m.Embeds[0].Description; !strings.Contains(d, "Story 14") || !strings.Contains(d, "long text") || card.Len(d) > maxDescription {
		t.Errorf("15 entries: %d units, %q", card.Len(d), d)
	}
	m = renderPage(card.Page{Title: "t", Items: items(400)})
	if d := m.Embeds[0].Description; !strings.Contains(d, "and ") || !strings.HasSuffix(d, " more") || card.Len(d) > maxDescription {
		t.Errorf("400 entries: %d units, ends in %q", card.Len(d), d[max(0, len(d)-40):])
	}
}
