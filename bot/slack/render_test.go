package slack

import (
	"encoding/json"
	"flag"
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
	"tipoff/bot/slack/slackfake"
	"tipoff/sources/story"
)

var update = flag.Bool("update", false, "write the golden files anew")

var now = time.Date(2026, 11, 12, 10, 0, 0, 0, time.UTC)

// wire is what goes over the line, for golden files and for the fake's checks.
func (m message) wire(t interface{ Fatal(...any) }) (blocks json.RawMessage, posted slackfake.Message) {
	blocks, err := json.Marshal(m.blocks)
	if err != nil {
		t.Fatal(err)
	}
	return blocks, slackfake.Message{Text: m.text, Blocks: blocks}
}

func golden(t *testing.T, name string, m message) {
	t.Helper()
	var sb strings.Builder
	enc := json.NewEncoder(&sb)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	if err := enc.Encode(map[string]any{"text": m.text, "blocks": m.blocks}); err != nil {
		t.Fatal(err)
	}
	got := sb.String()
	path := filepath.Join("testdata", name+".json")
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s differs (run with -update if it should):\n%s", path, diff)
	}
}

var isoon = card.Card{
	Kind: alert.KindNew, Title: "Leaked i-SOON files show hack-for-hire at work",
	URL: "https://news.example/isoon?a=1&b=2", Source: "news-desk",
	Time:     time.Date(2026, 11, 12, 9, 30, 0, 0, time.UTC),
	Summary:  "A trove of files from i-SOON, a Chinese contractor, names APT41 among its customers & partners.",
	Severity: alert.High,
	Why: []story.Match{
		{Watch: "apt", Terms: []string{"APT41"}},
		{Watch: "china", Terms: []string{"Chinese", "i-SOON"}},
	},
	Also: []story.Sighting{
		{Name: "wire", URL: "https://wire.example/1"},
		{Name: "blog"},
	},
	Mentions: []string{"here", "slack:S0123", "slack:U0456", "discord:77", "here"},
	Channel:  "china-desk",
}

var hostile = card.Card{
	Kind:    alert.KindUpdate,
	Title:   "<!channel> *free* <https://evil.example|bank.example> ```x``` @here <@U0123> \u202egnp.exe & \"more\"",
	URL:     "https://evil.example/a|b>c d",
	Source:  "_feed_ <!here>",
	Summary: "1 < 2 > 0 &amp; <!subteam^S0123> :smile: ~gone~ www.evil.example\n\n\n\n> quote\n* item",
	Why:     []story.Match{{Watch: "apt", Terms: []string{"<!everyone>", "*x*"}}},
	Also:    []story.Sighting{{Name: "<!here>", URL: "javascript:alert(1)"}},
}

func TestRenderCardGolden(t *testing.T) {
	bare := card.Card{Title: "Only a title"}
	forgedTitle := isoon
	forgedTitle.Mentions = nil
	forgedTitle.Title = "Log in at https://bank.example/login now"
	for name, c := range map[string]card.Card{
		"card": isoon, "card_hostile": hostile, "card_bare": bare, "card_forged": forgedTitle,
	} {
		t.Run(name, func(t *testing.T) { golden(t, name, renderCard(c, now)) })
	}
}

func TestRenderPageGolden(t *testing.T) {
	for name, p := range map[string]card.Page{
		"page_search": {
			Title: "2 stories for apt41", Lead: "Newest first.",
			Items: []card.Item{
				{Title: "APT41 is back", URL: "https://news.example/1", Meta: "wire · 5 min ago", Text: "The group apt41 struck again.", Marks: []string{"apt41"}},
				{Title: "No link here", URL: "ftp://x", Meta: "blog · 2 days ago"},
			},
			Hint: "Narrow it with --since 7d.", Prev: "tok.0", Next: "tok.2",
		},
		"page_error": {
			Tone: card.Bad, Title: "The query cannot be read", Lead: "column 5: expected a word",
			Code: "apt (OR\n    ^", Hint: "The query language: /news help",
		},
		"page_empty": {},
	} {
		t.Run(name, func(t *testing.T) { golden(t, name, renderPage(p)) })
	}
}

// sound is what must be true of every message, whatever is in it.
func sound(t interface {
	Fatal(...any)
	Errorf(string, ...any)
}, m message, pings []string, links map[string]bool,
) {
	blocks, posted := m.wire(t)
	for _, p := range slackfake.Check(m.text, blocks) {
		t.Errorf("Slack refuses: %s", p)
	}
	if n := card.Len(m.text); n == 0 || n > maxText {
		t.Errorf("text of %d characters", n)
	}
	var want []string // in the blocks, and again in the fallback text
	want = append(append(want, pings...), pings...)
	if diff := cmp.Diff(want, slackfake.ActiveMentions(posted)); diff != "" {
		t.Errorf("mentions (-want +got):\n%s", diff)
	}
	for _, l := range slackfake.Links(posted) {
		if !links[l.URL] {
			t.Errorf("forged link: %+v", l)
		}
	}
}

func linkSet(raws ...string) map[string]bool {
	set := map[string]bool{}
	for _, raw := range raws {
		if l, ok := card.Link(raw); ok {
			set[l] = true
		}
	}
	return set
}

func TestHostileCardPingsNobodyAndForgesNothing(t *testing.T) {
	m := renderCard(hostile, now)
	sound(t, m, nil, linkSet(hostile.URL))
	blocks, _ := m.wire(t)
	if text := slackfake.PlainText(blocks); !strings.Contains(text, "<!channel> *free*") {
		t.Errorf("the text should stand as it is: %q", text)
	}
	if strings.Contains(string(blocks), `\u202e`) || strings.Contains(string(blocks), "\u202e") {
		t.Error("a bidirectional control is left")
	}
}

func TestTitleThatSpellsAnotherAddressIsNoLink(t *testing.T) {
	for _, tc := range []struct {
		title, url string
		linked     bool
	}{
		{"Plain words", "https://news.example/1", true},
		{"Booking.example breached", "https://news.example/1", true},
		{"See https://news.example/2", "https://news.example/1", true},
		{"See https://www.news.example/2", "https://news.example/1", true},
		{"See https://bank.example", "https://news.example/1", false},
		{"See HTTPS://bank.example", "https://news.example/1", false},
		{"www.bank.example", "https://news.example/1", false},
		{"https://news.example@bank.example", "https://news.example/1", false},
		{"No address", "javascript:alert(1)", false},
		{"User in it", "https://bank.example@evil.example/", false},
	} {
		t.Run(tc.title, func(t *testing.T) {
			_, posted := renderCard(card.Card{Title: tc.title, URL: tc.url}, now).wire(t)
			titled := slices.ContainsFunc(slackfake.Links(posted), func(l slackfake.Link) bool { return l.Text == tc.title })
			if titled != tc.linked {
				t.Errorf("linked = %v, links %v", titled, slackfake.Links(posted))
			}
		})
	}
}

func TestMentions(t *testing.T) {
	for _, tc := range []struct {
		name, want string
		in         []string
	}{
		{"none", "", nil},
		{"here", "<!here>", []string{"here"}},
		{"channel", "<!channel>", []string{"channel"}},
		{"user", "<@U0123>", []string{"slack:U0123"}},
		{"user of an enterprise", "<@W0123>", []string{"slack:W0123"}},
		{"group", "<!subteam^S0123>", []string{"slack:S0123"}},
		{"another platform", "", []string{"discord:1", "discord:&1"}},
		{"twice", "<!here> <@U0123>", []string{"here", "slack:U0123", "here"}},
		{"not an id", "", []string{"slack:U01>x", "everyone", "slack:C0123", "<!here>"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			if got := mentions(tc.in); got != tc.want {
				t.Errorf("got %q, want %q", got, tc.want)
			}
		})
	}
}

// nasty makes a generator of text that tries everything: markup, controls, emoji, long words.
// Each test makes its own: a generator is not safe for tests that run side by side.
func nasty() *rapid.Generator[string] {
	return rapid.Custom(nastyText)
}

func nastyText(t *rapid.T) string {
	piece := rapid.OneOf(
		rapid.SampledFrom([]string{
			"<!here>", "<!channel|x>", "<@U0123>", "<!subteam^S1>", "<https://evil.example|ok>", "@here", "@channel",
			"https://bank.example", "www.bank.example", "*", "_", "~", "`", "```", "&", "&lt;!here&gt;", "<", ">", "|",
			"\u202e", "\u2066", "\u200b", "\u00ad", "\x00", "\x1b[31m", "\n", "\n\n\n", "\t", ":smile:", "👩‍👩‍👧‍👦", "🏳️‍🌈", "e\u0301",
			"漢字", "\\", "\"", "<!date^1^{time}^https://evil.example|x>", "#general", "<#C0123>",
		}),
		rapid.StringN(0, 30, -1),
		rapid.Custom(func(t *rapid.T) string {
			return strings.Repeat(rapid.SampledFrom([]string{"a", "<", "&", "漢", "👍", "\u0301", " x", "\""}).Draw(t, "unit"), rapid.IntRange(1, 700).Draw(t, "times"))
		}),
	)
	return strings.Join(rapid.SliceOfN(piece, 0, 6).Draw(t, "pieces"), rapid.SampledFrom([]string{"", " "}).Draw(t, "sep"))
}

func TestAnyCardIsSound(t *testing.T) {
	t.Parallel()
	nasty := nasty()
	url := rapid.OneOf(rapid.Just("https://news.example/a?b=1&c=2"), nasty)
	rapid.Check(t, func(t *rapid.T) {
		c := card.Card{
			Kind:  rapid.SampledFrom([]alert.AlertKind{alert.KindNew, alert.KindUpdate, "odd"}).Draw(t, "kind"),
			Title: nasty.Draw(t, "title"), URL: url.Draw(t, "url"), Source: nasty.Draw(t, "source"),
			Summary: nasty.Draw(t, "summary"), Channel: nasty.Draw(t, "channel"),
			Severity: rapid.SampledFrom(append(slices.Clone(alert.Severities), "", "odd")).Draw(t, "severity"),
			Mentions: rapid.SampledFrom([][]string{nil, {"here"}, {"slack:U0123", "slack:S0123"}}).Draw(t, "mentions"),
			Time:     time.Unix(rapid.Int64Range(-1e11, 1e11).Draw(t, "time"), 0),
		}
		allowed := []string{c.URL}
		for range rapid.IntRange(0, 30).Draw(t, "watches") {
			c.Why = append(c.Why, story.Match{Watch: nasty.Draw(t, "watch"), Terms: rapid.SliceOfN(nasty, 0, 4).Draw(t, "terms")})
		}
		for range rapid.IntRange(0, 30).Draw(t, "others") {
			s := story.Sighting{Name: nasty.Draw(t, "name"), URL: url.Draw(t, "their url")}
			c.Also, allowed = append(c.Also, s), append(allowed, s.URL)
		}
		var pings []string
		if all := mentions(c.Mentions); all != "" {
			pings = strings.Fields(all)
		}
		m := renderCard(c, now)
		sound(t, m, pings, linkSet(allowed...))
		blocks, _ := m.wire(t)
		for _, p := range slackfake.CheckPost(m.text, blocks) {
			t.Errorf("Slack refuses: %s", p)
		}
	})
}

func TestAnyPageIsSound(t *testing.T) {
	t.Parallel()
	nasty := nasty()
	rapid.Check(t, func(t *rapid.T) {
		p := card.Page{
			Tone: card.Tone(rapid.IntRange(-1, 4).Draw(t, "tone")), Title: nasty.Draw(t, "title"), Lead: nasty.Draw(t, "lead"),
			Code: nasty.Draw(t, "code"), Hint: nasty.Draw(t, "hint"),
			Prev: rapid.StringMatching(`[a-z0-9.]{0,80}`).Draw(t, "prev"), Next: strings.Repeat("n", rapid.IntRange(0, 3000).Draw(t, "next")),
		}
		var allowed []string
		for range rapid.IntRange(0, 60).Draw(t, "items") {
			it := card.Item{
				Title: nasty.Draw(t, "item"), URL: rapid.OneOf(rapid.Just("https://news.example/1"), nasty).Draw(t, "url"),
				Meta: nasty.Draw(t, "meta"), Text: nasty.Draw(t, "text"), Marks: rapid.SliceOfN(nasty, 0, 3).Draw(t, "marks"),
			}
			p.Items, allowed = append(p.Items, it), append(allowed, it.URL)
		}
		m := renderPage(p)
		sound(t, m, nil, linkSet(allowed...))
		if blocks, _ := m.wire(t); card.Len(slackfake.PlainText(blocks)) > 10_000 {
			t.Errorf("a page of %d characters", card.Len(slackfake.PlainText(blocks)))
		}
	})
}

func TestPageThatIsTooLongSaysHowMuchIsLeft(t *testing.T) {
	p := card.Page{Title: "All"}
	for range 60 {
		p.Items = append(p.Items, card.Item{Title: "One of many", Text: strings.Repeat("word ", 100)})
	}
	m := renderPage(p)
	blocks, _ := m.wire(t)
	if n := len(m.blocks); n > maxBlocks {
		t.Errorf("%d blocks", n)
	}
	shown := strings.Count(slackfake.PlainText(blocks), "One of many")
	if want := "and 13 more"; shown != 47 || !strings.Contains(slackfake.PlainText(blocks), want) {
		t.Errorf("%d shown, and no %q", shown, want)
	}
}

func TestManyMarksDoNotFillTheMessage(t *testing.T) {
	c := card.Card{Title: "x", Summary: strings.Repeat("&", 500), Why: []story.Match{{Watch: "odd", Terms: []string{"&"}}}}
	m := renderCard(c, now)
	blocks, _ := m.wire(t)
	for _, p := range slackfake.CheckPost(m.text, blocks) {
		t.Errorf("Slack refuses: %s", p)
	}
	if got := strings.Count(strings.ReplaceAll(slackfake.PlainText(blocks), "\n", ""), "&"); got != 501 {
		t.Errorf("%d of the 500 characters of the summary, and one of the reason", got)
	}
}

func TestEscapedFitsAndIsWhole(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		s, limit := nasty().Draw(t, "s"), rapid.IntRange(1, 400).Draw(t, "limit")
		got := escaped(s, limit)
		if card.Len(got) > limit {
			t.Fatalf("%d characters, %d allowed", card.Len(got), limit)
		}
		if strings.ContainsAny(got, "<>") {
			t.Fatalf("not escaped: %q", got)
		}
		for i := range len(got) {
			if rest := got[i:]; got[i] == '&' && !strings.HasPrefix(rest, "&amp;") && !strings.HasPrefix(rest, "&lt;") && !strings.HasPrefix(rest, "&gt;") {
				t.Fatalf("a cut escape: %q", rest)
			}
		}
	})
}
