package slackfake

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func x(n int) string { return strings.Repeat("x", n) }

func section(kind string, n int) string {
	return fmt.Sprintf(`[{"type":"section","text":{"type":%q,"text":%q}}]`, kind, x(n))
}

func buttons(n int, format string) string {
	var all []string
	for i := range n {
		all = append(all, fmt.Sprintf(format, i))
	}
	return `[{"type":"actions","elements":[` + strings.Join(all, ",") + `]}]`
}

func button(text, value int) string {
	return `{"type":"button","action_id":"a%d","text":{"type":"plain_text","text":"` + x(text) + `"},"value":"` + x(value) + `"}`
}

func inline(element string) string {
	return `[{"type":"rich_text","elements":[{"type":"rich_text_section","elements":[` + element + `]}]}]`
}

func TestCheckKnowsTheLimits(t *testing.T) {
	for _, tc := range []struct {
		name, text, blocks, code string
	}{
		{"text alone", "hello", "", ""},
		{"nothing", "", "", "no_text"},
		{"no blocks", "", "[]", "no_text"},
		{"longest text", x(40_000), "", ""},
		{"text too long", x(40_001), "", "msg_too_long"},
		{"not JSON", "t", "{", "invalid_blocks_format"},
		{"fifty blocks", "t", "[" + strings.Repeat(`{"type":"divider"},`, 49) + `{"type":"divider"}]`, ""},
		{"too many blocks", "t", "[" + strings.Repeat(`{"type":"divider"},`, 50) + `{"type":"divider"}]`, "invalid_blocks"},
		{"unknown block", "t", `[{"type":"carousel"}]`, "invalid_blocks"},
		{"unknown field", "t", `[{"type":"divider","colour":"red"}]`, "invalid_blocks"},
		{"block id twice", "t", `[{"type":"divider","block_id":"a"},{"type":"divider","block_id":"a"}]`, "invalid_blocks"},
		{"longest section", "t", section("mrkdwn", 3000), ""},
		{"section too long", "t", section("mrkdwn", 3001), "invalid_blocks"},
		{"section empty", "t", section("plain_text", 0), "invalid_blocks"},
		{"no such text object", "t", section("markdown", 5), "invalid_blocks"},
		{"emoji in mrkdwn", "t", `[{"type":"section","text":{"type":"mrkdwn","text":"x","emoji":true}}]`, "invalid_blocks"},
		{"section of nothing", "t", `[{"type":"section"}]`, "invalid_blocks"},
		{"longest header", "t", `[{"type":"header","text":{"type":"plain_text","text":"` + x(150) + `"}}]`, ""},
		{"header too long", "t", `[{"type":"header","text":{"type":"plain_text","text":"` + x(151) + `"}}]`, "invalid_blocks"},
		{"surrogates count twice", "t", `[{"type":"header","text":{"type":"plain_text","text":"` + strings.Repeat("👍", 76) + `"}}]`, "invalid_blocks"},
		{"header of mrkdwn", "t", `[{"type":"header","text":{"type":"mrkdwn","text":"x"}}]`, "invalid_blocks"},
		{"context empty", "t", `[{"type":"context","elements":[]}]`, "invalid_blocks"},
		{"context too full", "t", `[{"type":"context","elements":[` + strings.Repeat(`{"type":"plain_text","text":"x"},`, 10) + `{"type":"plain_text","text":"x"}]}]`, "invalid_blocks"},
		{"most buttons", "t", buttons(25, button(75, 2000)), ""},
		{"too many buttons", "t", buttons(26, button(5, 5)), "invalid_blocks"},
		{"button text too long", "t", buttons(1, button(76, 5)), "invalid_blocks"},
		{"button value too long", "t", buttons(1, button(5, 2001)), "invalid_blocks"},
		{"action id twice", "t", buttons(2, `{"type":"button","action_id":"a","text":{"type":"plain_text","text":"%d"}}`), "invalid_blocks"},
		{"rich text", "t", inline(`{"type":"text","text":"x","style":{"bold":true}}`), ""},
		{"rich text empty", "t", inline(`{"type":"text","text":""}`), "invalid_blocks"},
		{"rich text without elements", "t", inline(``), "invalid_blocks"},
		{"unknown style", "t", inline(`{"type":"text","text":"x","style":{"loud":true}}`), "invalid_blocks"},
		{"link", "t", inline(`{"type":"link","url":"https://a.example/","text":"x"}`), ""},
		{"link to a script", "t", inline(`{"type":"link","url":"javascript:alert(1)","text":"x"}`), "invalid_blocks"},
		{"link to nowhere", "t", inline(`{"type":"link","url":"","text":"x"}`), "invalid_blocks"},
		{"date", "t", inline(`{"type":"date","timestamp":1,"format":"{time}"}`), ""},
		{"date without a time", "t", inline(`{"type":"date","timestamp":"soon","format":"{time}"}`), "invalid_blocks"},
		{"no such range", "t", inline(`{"type":"broadcast","range":"world"}`), "invalid_blocks"},
		{"mention in code", "t", `[{"type":"rich_text","elements":[{"type":"rich_text_preformatted","border":0,"elements":[{"type":"user","user_id":"U1"}]}]}]`, "invalid_blocks"},
		{"list", "t", `[{"type":"rich_text","elements":[{"type":"rich_text_list","style":"bullet","elements":[{"type":"rich_text_section","elements":[{"type":"text","text":"x"}]}]}]}]`, ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			code := ""
			problems := Check(tc.text, json.RawMessage(tc.blocks))
			if len(problems) > 0 {
				code = problems[0].Code
			}
			if code != tc.code {
				t.Errorf("got %q, want %q: %v", code, tc.code, problems)
			}
		})
	}
}

func TestCheckPostKnowsTheLimitOnAllBlocks(t *testing.T) {
	four := "[" + strings.Trim(strings.Repeat(strings.Trim(section("plain_text", 2900), "[]")+",", 4), ",") + "]"
	if p := Check("t", json.RawMessage(four)); len(p) > 0 {
		t.Errorf("each block is within its limit: %v", p)
	}
	if p := CheckPost("t", json.RawMessage(four)); len(p) != 1 || p[0].Code != "msg_blocks_too_long" {
		t.Errorf("got %v", p)
	}
}

func TestActiveMentionsAndLinks(t *testing.T) {
	for _, tc := range []struct {
		name     string
		m        Message
		mentions []string
		links    []Link
	}{
		{"plain", Message{Text: "hello @here"}, nil, nil},
		{
			"in the text",
			Message{Text: "<!here> <!channel|c> <!everyone> <@U1|ana> <!subteam^S1|team>"},
			[]string{"<!here>", "<!channel>", "<!everyone>", "<@U1>", "<!subteam^S1>"},
			nil,
		},
		{"escaped", Message{Text: "&lt;!here&gt;"}, nil, nil},
		{"names are linked", Message{Text: "hi @here", linkNames: true}, []string{"@here"}, nil},
		{"in mrkdwn", Message{Text: "t", Blocks: json.RawMessage(`[{"type":"section","text":{"type":"mrkdwn","text":"<!here>"}}]`)}, []string{"<!here>"}, nil},
		{"in plain text", Message{Text: "t", Blocks: json.RawMessage(`[{"type":"section","text":{"type":"plain_text","text":"<!here>"}}]`)}, nil, nil},
		{
			"as rich text",
			Message{Text: "t", Blocks: json.RawMessage(inline(
				`{"type":"user","user_id":"U1"},{"type":"usergroup","usergroup_id":"S1"},{"type":"broadcast","range":"here"},{"type":"text","text":"<!channel>"}`))},
			[]string{"<@U1>", "<!subteam^S1>", "<!here>"},
			nil,
		},
		{"a date and a channel notify nobody", Message{Text: "<!date^1^{time}|x> <#C1>"}, nil, nil},
		{
			"links",
			Message{Text: "<https://a.example|b> www.c.example"},
			nil,
			[]Link{{"https://a.example", "b"}, {"www.c.example", "www.c.example"}},
		},
		{
			"verbatim links nothing by itself",
			Message{Text: "t", Blocks: json.RawMessage(
				`[{"type":"section","text":{"type":"mrkdwn","verbatim":true,"text":"a.example <https://b.example>"}}]`)},
			nil,
			[]Link{{"https://b.example", "https://b.example"}},
		},
		{
			"rich text links",
			Message{Text: "t", Blocks: json.RawMessage(inline(
				`{"type":"link","url":"https://a.example"},{"type":"text","text":"https://b.example"}`))},
			nil,
			[]Link{{"https://a.example", "https://a.example"}},
		},
	} {
		t.Run(tc.name, func(t *testing.T) {
			if diff := cmp.Diff(tc.mentions, ActiveMentions(tc.m)); diff != "" {
				t.Errorf("mentions (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(tc.links, Links(tc.m)); diff != "" {
				t.Errorf("links (-want +got):\n%s", diff)
			}
		})
	}
}
