package discord

import (
	"testing"

	"pgregory.net/rapid"

	"tipoff/bot/card"
	"tipoff/bot/discord/discordfake"
)

func TestEscape(t *testing.T) {
	for _, c := range []struct{ name, in, want string }{
		{"ordinary text stays", "CVE-2026-1234: patch (now), v1.2 #3 & 50%", "CVE-2026-1234: patch (now), v1.2 #3 & 50%"},
		{"emphasis", "*a* _b_ ~~c~~ ||d||", `\*a\* \_b\_ \~\~c\~\~ \|\|d\|\|`},
		{"code", "```x``` `y`", "\\`\\`\\`x\\`\\`\\` \\`y\\`"},
		{"backslash", `C:\temp\*`, `C:\\temp\\\*`},
		{"masked link", "[click](https://evil.example)", `\[click\]\(https\://evil.example)`},
		{"bare address", "see https://evil.example/x", `see https\://evil.example/x`},
		{"address in angle brackets", "<https://evil.example>", `\<https\://evil.example\>`},
		{"user", "<@123>", `\<\@123\>`},
		{"role", "<@&123>", `\<\@&123\>`},
		{"everyone", "@everyone @here", `\@everyone \@here`},
		{"channel", "<#123>", `\<#123\>`},
		{"time stamp", "<t:1700000000:R>", `\<t:1700000000:R\>`},
		{"custom emoji", "<a:party:123>", `\<a\:party:123\>`},
		{"emoji name", "a:skull:", `a\:skull:`},
		{"emoji of digits", ":100:", `\:100:`},
		{"time of day", "at 10:30:00", "at 10:30:00"},
		{"heading", "# loud\n  ## louder", "\\# loud\n  \\## louder"},
		{"list", "- a\n+ b\n* c\n1. d\n22) e", "\\- a\n\\+ b\n\\* c\n1\\. d\n22\\) e"},
		{"small print", "-# tiny", `\-# tiny`},
		{"quote", "> said\n>>> all", "\\> said\n\\>\\>\\> all"},
		{"year is no list", "in 2026. Then", "in 2026. Then"},
	} {
		if got := escape(c.in); got != c.want {
			t.Errorf("%s: escape(%q)\n got %q\nwant %q", c.name, c.in, got, c.want)
		}
	}
}

// hostile draws text of the pieces that markup is made of.
func hostile() *rapid.Generator[string] {
	piece := rapid.OneOf(
		rapid.SampledFrom([]string{
			"@everyone", "@here", "<@1>", "<@!1>", "<@&2>", "<#3>", "<t:1:R>", "<:a:1>", ":skull:", "</x:1>", "<id:home>",
			"[", "]", "](", "(", ")", "[a](https://evil.example)", "https://evil.example", "http:", "//x", "<", ">", "\\", "\\\\",
			"*", "**", "_", "__", "~~", "||", "`", "```", "\n", "\n# ", "\n- ", "\n1. ", "\n> ", "# ", "-# ", "1", ".", ":", "/", "@", " ",
			"\u202e", "\u200b", "\u2066", "👩‍👩‍👧‍👦", "e\u0301", "\U000e0041", "中国", "mailto:a@b.c", "word", "APT41",
		}),
		rapid.StringN(0, 8, -1),
	)
	return rapid.Custom(func(t *rapid.T) string {
		var s string
		for range rapid.IntRange(0, 15).Draw(t, "pieces") {
			s += piece.Draw(t, "piece")
		}
		if rapid.IntRange(0, 30).Draw(t, "long") == 0 {
			for len(s) > 0 && len(s) < 4500 {
				s += s
			}
		}
		return s
	})
}

// What is escaped reads as it was written, and turns into nothing else.
func TestEscapedTextIsPlain(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		in := card.CleanLines(hostile().Draw(t, "in"))
		m := discordfake.ReadMarkdown(escape(in))
		if m.Plain != in || len(m.Links) > 0 || len(m.Active) > 0 {
			t.Fatalf("escape(%q) = %q reads as %q, links %v, markup %v", in, escape(in), m.Plain, m.Links, m.Active)
		}
	})
}

func TestBold(t *testing.T) {
	for _, c := range []struct {
		name, in string
		marks    []string
		want     string
	}{
		{"word", "The APT41 group", []string{"apt41"}, "The **APT41** group"},
		{"never inside a word", "APT410", []string{"APT41"}, "APT410"},
		{"hostile mark", "a *x* b", []string{"*x*"}, `a **\*x\*** b`},
		{"neighbours share the signs", "中国中国", []string{"中国"}, "**中国中国**"},
		{"markup across neighbours", "http:http:http://x", []string{"http:", "//x"}, `**http\:http\:http\://x**`},
		{"none", "a_b", nil, `a\_b`},
	} {
		if got := bold(c.in, c.marks); got != c.want {
			t.Errorf("%s: got %q, want %q", c.name, got, c.want)
		}
	}
}

func TestCodeBlockCannotBeLeft(t *testing.T) {
	got := codeBlock("china AND (\n  ^ ``` @everyone", 100)
	if want := "```\nchina AND (\n  ^ ''' @everyone\n```"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if got := codeBlock(" \n ", 100); got != "" {
		t.Errorf("an empty block is drawn: %q", got)
	}
}

func TestFitCountsTheEscapes(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		in := card.Clean(hostile().Draw(t, "in"))
		limit := rapid.IntRange(0, 300).Draw(t, "limit")
		out := fit(in, limit, escape)
		if card.Len(out) > limit {
			t.Fatalf("%d code units, the limit is %d", card.Len(out), limit)
		}
		if in != "" && limit > 60 && out == "" {
			t.Fatalf("nothing left of %q at %d", in, limit)
		}
	})
}
