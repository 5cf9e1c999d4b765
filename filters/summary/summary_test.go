package summary

import (
	"strings"
	"testing"

	"tipoff/sources/story"
)

func TestMinutes(t *testing.T) {
	words := func(n int) string { return strings.TrimSpace(strings.Repeat("word ", n)) }
	han := func(n int) string { return strings.Repeat("字", n) }
	const intro = "Attackers abuse a flaw in the gateway. "
	for _, c := range []struct {
		name  string
		story story.Story
		want  int
	}{
		{"no text", story.Story{URL: "https://example.org/", Source: "a"}, 0},
		{"blank", story.Story{Title: " \n"}, 0},
		{"a title", story.Story{Title: "Breach"}, 1},
		{"signs alone", story.Story{Title: "!!!"}, 1},
		{"just a minute", story.Story{Content: words(230)}, 1},
		{"a word more", story.Story{Content: words(231)}, 2},
		{"title, summary and content", story.Story{Title: words(200), Summary: "of " + words(200), Content: words(61)}, 3},
		{"signs are no words", story.Story{Content: words(230) + strings.Repeat(" – ", 300) + "& | *"}, 1},
		{"numbers are", story.Story{Content: strings.Repeat("10 ", 231)}, 2},
		{"hyphens and apostrophes stay inside", story.Story{Content: strings.Repeat("zero-day's ", 230)}, 1},
		{"other scripts with spaces", story.Story{Content: strings.Repeat("угроза 위협 ", 116)}, 2},
		{"accents, and a space that does not break", story.Story{Content: strings.Repeat("é\u00a0à ", 115)}, 1},
		{"Han just a minute", story.Story{Content: han(500)}, 1},
		{"Han a character more", story.Story{Content: han(501)}, 2},
		{"Han with its signs", story.Story{Content: strings.Repeat("字，", 500)}, 1},
		{"kana and Thai", story.Story{Content: strings.Repeat("かไ", 251)}, 2},
		{"a mark is part of its character", story.Story{Content: strings.Repeat("กี", 500)}, 1},
		{"half and half", story.Story{Title: words(115), Content: han(250)}, 1},
		{"half and half and more", story.Story{Title: words(115), Content: han(251)}, 2},
		{"Latin among Han", story.Story{Content: strings.Repeat("字APT", 230)}, 2},
		{"the content starts with the summary", story.Story{Summary: intro, Content: intro + words(223)}, 1},
		{"the content has it inside", story.Story{Summary: intro, Content: "Today. " + intro + words(222)}, 1},
		{"the summary is cut off", story.Story{Summary: "Attackers abuse a flaw in […]", Content: intro + words(223)}, 1},
		{"the summary is cut off with dots", story.Story{Summary: "Attackers abuse a flaw in the...", Content: intro + words(223)}, 1},
		{"other spaces", story.Story{Summary: "Attackers abuse\n  a flaw in the gateway.", Content: intro + words(223)}, 1},
		{"a summary of its own", story.Story{Summary: "Attackers use a flaw.", Content: intro + words(223)}, 2},
		{"a summary alone", story.Story{Summary: words(231)}, 2},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := Minutes(&c.story); got != c.want {
				t.Errorf("%d minutes, want %d", got, c.want)
			}
		})
	}
}
