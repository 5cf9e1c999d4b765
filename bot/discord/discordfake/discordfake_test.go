package discordfake_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"tipoff/bot/discord/discordfake"
)

func x(n int) string { return strings.Repeat("x", n) }

// A fake that lets everything through would make every test of limits pass.
func TestCheckMessage(t *testing.T) {
	list := func(n int, item string) string {
		return "[" + strings.TrimSuffix(strings.Repeat(item+",", n), ",") + "]"
	}
	embed := func(s string) string { return `{"embeds":[` + s + `]}` }
	row := func(buttons string) string { return `{"components":[{"type":1,"components":` + buttons + `}]}` }
	button := `{"type":2,"style":2,"label":"a","custom_id":"a"}`
	for _, c := range []struct{ name, body, want string }{
		{"fine", `{"content":"` + x(2000) + `","embeds":[{"title":"` + x(256) + `","description":"` + x(4096) + `"}],"allowed_mentions":{"parse":[]}}`, ""},
		{"content", `{"content":"` + x(2001) + `"}`, "content: Must be 2000"},
		{"content of surrogates", `{"content":"` + strings.Repeat("😀", 1001) + `"}`, "content: Must be 2000"},
		{"embeds", `{"embeds":` + list(11, `{"title":"a"}`) + `}`, "embeds: Must be 10"},
		{"title", embed(`{"title":"` + x(257) + `"}`), "embeds.0.title: Must be 256"},
		{"description", embed(`{"description":"` + x(4097) + `"}`), "embeds.0.description: Must be 4096"},
		{"fields", embed(`{"fields":` + list(26, `{"name":"a","value":"b"}`) + `}`), "embeds.0.fields: Must be 25"},
		{"field name", embed(`{"fields":[{"name":"` + x(257) + `","value":"b"}]}`), "fields.0.name: Must be 256"},
		{"field value", embed(`{"fields":[{"name":"a","value":"` + x(1025) + `"}]}`), "fields.0.value: Must be 1024"},
		{"empty field", embed(`{"fields":[{"name":"a","value":" "}]}`), "fields.0.value: This field is required"},
		{"footer", embed(`{"footer":{"text":"` + x(2049) + `"}}`), "footer.text: Must be 2048"},
		{"author", embed(`{"author":{"name":"` + x(257) + `"}}`), "author.name: Must be 256"},
		{"all together", `{"embeds":` + list(2, `{"description":"`+x(3001)+`"}`) + `}`, "exceeds maximum size of 6000"},
		{"empty embed", embed(`{}`), "embeds.0.description: This field is required"},
		{"address", embed(`{"title":"a","url":"javascript:alert(1)"}`), "embeds.0.url: Not a well formed URL"},
		{"time", embed(`{"title":"a","timestamp":"yesterday"}`), "embeds.0.timestamp"},
		{"rows", `{"components":` + list(6, `{"type":1,"components":[{"type":2,"style":5,"label":"a","url":"https://a.example"}]}`) + `}`, "components: Must be 5"},
		{"buttons", row(list(6, button)), "Must be between 1 and 5"},
		{"empty row", row("[]"), "Must be between 1 and 5"},
		{"two with one id", row(list(2, button)), "cannot be duplicated"},
		{"custom_id", row(`[{"type":2,"style":2,"label":"a","custom_id":"` + x(101) + `"}]`), "custom_id: Must be 100"},
		{"label", row(`[{"type":2,"style":2,"label":"` + x(81) + `","custom_id":"a"}]`), "label: Must be 80"},
		{"nonce", `{"nonce":"` + x(26) + `"}`, "nonce: Must be 25"},
		{"enforced nonce missing", `{"enforce_nonce":true}`, "nonce: This field is required"},
		{"parse", `{"allowed_mentions":{"parse":null}}`, "allowed_mentions.parse"},
		{"users twice over", `{"allowed_mentions":{"parse":["users"],"users":["1"]}}`, "mutually exclusive"},
		{"too many users", `{"allowed_mentions":{"parse":[],"users":` + list(101, `"1"`) + `}}`, "allowed_mentions.users: Must be 100"},
	} {
		got := strings.Join(discordfake.CheckMessage([]byte(c.body)), "; ")
		if c.want == "" && got != "" || !strings.Contains(got, c.want) {
			t.Errorf("%s: got %q, want %q", c.name, got, c.want)
		}
	}
}

func TestActiveMentions(t *testing.T) {
	const content = "@everyone @here <@1> <@!2> <@&3> mail@example.org"
	allowed := func(parse, users, roles []string) *discordfake.AllowedMentions {
		return &discordfake.AllowedMentions{Parse: parse, Users: users, Roles: roles}
	}
	for _, c := range []struct {
		name    string
		allowed *discordfake.AllowedMentions
		want    []string
	}{
		{"nothing said", nil, []string{"@everyone", "@here", "<@1>", "<@!2>", "<@&3>"}},
		{"none", allowed([]string{}, nil, nil), nil},
		{"everyone", allowed([]string{"everyone"}, nil, nil), []string{"@everyone", "@here"}},
		{"one user", allowed(nil, []string{"2"}, nil), []string{"<@!2>"}},
		{"a role is no user", allowed(nil, []string{"3"}, nil), nil},
		{"all roles", allowed([]string{"roles"}, nil, nil), []string{"<@&3>"}},
	} {
		got := discordfake.ActiveMentions(discordfake.Message{Content: content, AllowedMentions: c.allowed})
		if !slices.Equal(got, c.want) {
			t.Errorf("%s: got %v, want %v", c.name, got, c.want)
		}
	}
}

func TestReadMarkdown(t *testing.T) {
	for _, c := range []struct{ in, plain, links, active string }{
		{`plain, 10:30:00`, "plain, 10:30:00", "", ""},
		{`\*a\* \[b\](c)`, "*a* [b](c)", "", ""},
		{`**a** _b_`, "a b", "", "bold bold italic italic"},
		{`[see \[x\]](https://a.example)`, "see [x]", "https://a.example", ""},
		{`go https://a.example now`, "go https://a.example now", "https://a.example", ""},
		{`<https://a.example>`, "<https://a.example>", "https://a.example", ""},
		{"a\n# b", "a\n# b", "", "heading"},
		{"- a\n> b\n2) c\n-# d", "- a\n> b\n2) c\n-# d", "", "list quote list small print"},
		{`<@1> @here <#2> <:a:3> <t:4:R> :skull:`, `<@1> @here <#2> <:a:3> <t:4:R> :skull:`, "", "mention mention mention mention time emoji"},
		{"```\n*a*\n```", "\n*a*\n", "", "code block"},
	} {
		m := discordfake.ReadMarkdown(c.in)
		var links []string
		for _, l := range m.Links {
			links = append(links, l.URL)
		}
		if m.Plain != c.plain || strings.Join(links, " ") != c.links || strings.Join(m.Active, " ") != c.active {
			t.Errorf("%q: got %+v", c.in, m)
		}
	}
}

// post is what a client without any care would do.
func post(t *testing.T, f *discordfake.Fake, method, path, body string) (int, http.Header, map[string]any) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, f.URL()+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bot "+discordfake.Token)
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	raw, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	var out map[string]any
	_ = json.Unmarshal(raw, &out) // lists and empty bodies are not looked at
	return resp.StatusCode, resp.Header, out
}

func TestMessagesOfACarelessClient(t *testing.T) {
	f, err := discordfake.Start()
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	now := time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC)
	f.SetNow(func() time.Time { return now })
	f.SetRate(4, 5*time.Second)

	path := "/channels/" + discordfake.Channel + "/messages"
	send := func(body string) (int, map[string]any) {
		status, _, out := post(t, f, "POST", path, body)
		return status, out
	}
	nonce := `{"content":"a","nonce":"n","enforce_nonce":true,"allowed_mentions":{"parse":[]}}`
	_, first := send(nonce)
	if _, again := send(nonce); again["id"] != first["id"] {
		t.Error("an enforced nonce made two messages")
	}
	if status, out := send(`{"content":"` + x(2001) + `","allowed_mentions":{"parse":[]}}`); status != 400 || fmt.Sprint(out["code"]) != "50035" {
		t.Errorf("too long: %d %v", status, out)
	}
	if status, _ := send(`{"content":"no allowed_mentions"}`); status != 200 {
		t.Errorf("Discord takes a message without allowed_mentions, got %d", status)
	}
	status, header, out := post(t, f, "POST", path, nonce)
	if status != 429 || out["retry_after"] != 5.0 || header.Get("Retry-After") != "5" || header.Get("X-RateLimit-Remaining") != "0" {
		t.Errorf("over the rate: %d %v %v", status, header, out)
	}
	now = now.Add(6 * time.Minute)
	if _, later := send(nonce); later["id"] == first["id"] {
		t.Error("a nonce is remembered for ever")
	}
	if v := f.Violations(); len(v) != 3 {
		t.Errorf("violations %q, want three: too long, no allowed_mentions, over the rate", v)
	}
}

func TestCommandsOfACarelessClient(t *testing.T) {
	option := func(s string) string {
		return `[{"name":"news","description":"d","options":[` + s + `]}]`
	}
	for _, c := range []struct{ name, body, want string }{
		{"fine", option(`{"type":1,"name":"a","description":"d"}`), ""},
		{"upper case", `[{"name":"News","description":"d"}]`, "name is invalid"},
		{"long name", `[{"name":"` + x(33) + `","description":"d"}]`, "name is invalid"},
		{"no description", `[{"name":"news","description":""}]`, "description: This field is required"},
		{"long description", `[{"name":"news","description":"` + x(101) + `"}]`, "description: Must be 100"},
		{"required after optional", option(`{"type":3,"name":"a","description":"d"},{"type":3,"name":"b","description":"d","required":true}`), "Required options"},
		{"commands beside options", option(`{"type":1,"name":"a","description":"d"},{"type":3,"name":"b","description":"d"}`), "mutually exclusive"},
		{"twice", option(`{"type":1,"name":"a","description":"d"},{"type":1,"name":"a","description":"d"}`), "not unique"},
		{"too deep", option(`{"type":2,"name":"a","description":"d","options":[{"type":2,"name":"b","description":"d","options":[{"type":1,"name":"c","description":"d"}]}]}`), "nested"},
		{"both", option(`{"type":3,"name":"a","description":"d","autocomplete":true,"choices":[{"name":"x","value":"x"}]}`), "autocomplete"},
		{"choice of another type", option(`{"type":4,"name":"a","description":"d","choices":[{"name":"x","value":"x"}]}`), "not int"},
	} {
		f, err := discordfake.Start()
		if err != nil {
			t.Fatal(err)
		}
		status, _, _ := post(t, f, "PUT", "/applications/"+discordfake.Application+"/commands", c.body)
		got := strings.Join(f.Violations(), "; ")
		if c.want == "" && status != 200 || c.want != "" && (status != 400 || !strings.Contains(got, c.want)) {
			t.Errorf("%s: %d %q", c.name, status, got)
		}
		f.Close()
	}
}

func TestARequestIsKeptWaiting(t *testing.T) {
	f, err := discordfake.Start()
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for _, late := range []struct {
		fault discordfake.Fault
		have  int // messages
	}{{discordfake.Fault{Hang: true}, 0}, {discordfake.Fault{LateAnswer: true}, 1}} {
		ctx, cancel := context.WithCancel(t.Context())
		late.fault.Held = func(*http.Request) { cancel() }
		f.Inject(late.fault)
		r, err := http.NewRequestWithContext(ctx, http.MethodPost, f.URL()+"/channels/"+discordfake.Channel+"/messages",
			strings.NewReader(`{"content":"a","allowed_mentions":{"parse":[]}}`))
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Authorization", "Bot "+discordfake.Token)
		resp, err := http.DefaultClient.Do(r)
		if err == nil {
			resp.Body.Close()
			t.Errorf("answered: %v", resp.Status)
		}
		if n := len(f.Messages(discordfake.Channel)); n != late.have {
			t.Errorf("%d messages, want %d", n, late.have)
		}
	}
}
