package discordfake

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"
	"unicode/utf16"
)

// The limits are repeated here on purpose: a fake that took them from the code
// under test would agree with every mistake in them. See
// https://discord.com/developers/docs/resources/message#embed-object-embed-limits
// and https://discord.com/developers/docs/components/reference

// problem is one thing that Discord would refuse.
type problem struct {
	path    string // "embeds.0.title"
	code    string
	message string
}

func (p problem) String() string { return p.path + ": " + p.message }

// invalidForm words problems as Discord does.
func invalidForm(ps ...problem) *apiError {
	root := map[string]any{}
	for _, p := range ps {
		node := root
		for part := range strings.SplitSeq(p.path, ".") {
			next, ok := node[part].(map[string]any)
			if !ok {
				next = map[string]any{}
				node[part] = next
			}
			node = next
		}
		node["_errors"] = []map[string]string{{"code": p.code, "message": p.message}}
	}
	e := refuse(http.StatusBadRequest, 50035, "Invalid Form Body")
	e.Errors = root
	return e
}

// units is the length of s in UTF-16 code units.
func units(s string) int { return len(utf16.Encode([]rune(s))) }

// form collects problems.
type form struct{ problems []problem }

func (f *form) add(path, code, format string, args ...any) {
	f.problems = append(f.problems, problem{path, code, fmt.Sprintf(format, args...)})
}

func (f *form) length(path, s string, atLeast, atMost int) {
	switch n := units(s); {
	case n > atMost:
		f.add(path, "BASE_TYPE_MAX_LENGTH", "Must be %d or fewer in length.", atMost)
	case n < atLeast:
		f.add(path, "BASE_TYPE_REQUIRED", "This field is required")
	}
}

func (f *form) count(path string, n, atMost int) {
	if n > atMost {
		f.add(path, "BASE_TYPE_BAD_LENGTH", "Must be %d or fewer in length.", atMost)
	}
}

func (f *form) link(path, s string) {
	if s == "" {
		return
	}
	u, err := url.Parse(s)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		f.add(path, "URL_TYPE_INVALID_URL", "Not a well formed URL.")
	}
	f.length(path, s, 1, 2048)
}

func checkMessage(m *Message) []problem {
	var f form
	f.length("content", m.Content, 0, 2000)
	f.nonce(m)
	f.count("embeds", len(m.Embeds), 10)
	all := 0
	for i, e := range m.Embeds {
		all += f.embed(fmt.Sprintf("embeds.%d", i), e)
	}
	if all > 6000 {
		f.add("embeds", "MAX_EMBED_SIZE_EXCEEDED", "Embed size exceeds maximum size of 6000")
	}
	f.components(m.Components)
	f.mentions(m.AllowedMentions)
	return f.problems
}

func (f *form) nonce(m *Message) {
	switch n := m.Nonce.(type) {
	case nil:
		if m.EnforceNonce {
			f.add("nonce", "BASE_TYPE_REQUIRED", "This field is required")
		}
	case string:
		f.length("nonce", n, 1, 25)
	case json.Number:
	default:
		f.add("nonce", "UNION_TYPE_CHOICES", "Must be an integer or a string.")
	}
}

// embed checks one embed and returns its share of the 6,000.
func (f *form) embed(path string, e Embed) int {
	f.length(path+".title", e.Title, 0, 256)
	f.length(path+".description", e.Description, 0, 4096)
	f.link(path+".url", e.URL)
	size := units(e.Title) + units(e.Description)
	if e.Timestamp != "" {
		if _, err := time.Parse(time.RFC3339, e.Timestamp); err != nil {
			f.add(path+".timestamp", "DATE_TIME_TYPE_PARSE", "Could not parse %s. Should be ISO8601.", e.Timestamp)
		}
	}
	if e.Color != nil && (*e.Color < 0 || *e.Color > 0xffffff) {
		f.add(path+".color", "NUMBER_TYPE_MAX", "int value should be between 0 and 16777215.")
	}
	if e.Footer != nil {
		f.length(path+".footer.text", e.Footer.Text, 1, 2048)
		size += units(e.Footer.Text)
	}
	if e.Author != nil {
		f.length(path+".author.name", e.Author.Name, 1, 256)
		f.link(path+".author.url", e.Author.URL)
		size += units(e.Author.Name)
	}
	f.count(path+".fields", len(e.Fields), 25)
	for i, field := range e.Fields {
		at := fmt.Sprintf("%s.fields.%d", path, i)
		f.length(at+".name", strings.TrimSpace(field.Name), 1, 256)
		f.length(at+".value", strings.TrimSpace(field.Value), 1, 1024)
		size += units(field.Name) + units(field.Value)
	}
	if size == 0 {
		f.add(path+".description", "BASE_TYPE_REQUIRED", "This field is required")
	}
	return size
}

func (f *form) components(rows []Row) {
	f.count("components", len(rows), 5)
	seen := map[string]bool{}
	for i, row := range rows {
		at := fmt.Sprintf("components.%d", i)
		if row.Type != 1 {
			f.add(at+".type", "UNION_TYPE_CHOICES", "Value of field \"type\" must be one of (1,).")
		}
		if n := len(row.Components); n < 1 || n > 5 {
			f.add(at+".components", "BASE_TYPE_BAD_LENGTH", "Must be between 1 and 5 in length.")
		}
		for j, b := range row.Components {
			at := fmt.Sprintf("%s.components.%d", at, j)
			if b.Type != 2 {
				f.add(at+".type", "UNION_TYPE_CHOICES", "Value of field \"type\" must be one of (2,).")
			}
			f.length(at+".label", b.Label, 1, 80)
			switch {
			case b.Style == 5:
				f.link(at+".url", b.URL)
				f.length(at+".url", b.URL, 1, 512)
			case b.Style < 1 || b.Style > 4:
				f.add(at+".style", "ENUM_TYPE_COERCE", "Value \"%d\" is not a valid enum value.", b.Style)
			default:
				f.length(at+".custom_id", b.CustomID, 1, 100)
				if seen[b.CustomID] {
					f.add(at+".custom_id", "COMPONENT_CUSTOM_ID_DUPLICATED", "Component custom id cannot be duplicated")
				}
				seen[b.CustomID] = true
			}
		}
	}
}

func (f *form) mentions(a *AllowedMentions) {
	if a == nil {
		return
	}
	if a.Parse == nil {
		f.add("allowed_mentions.parse", "LIST_TYPE_CONVERT", "Only iterables may be used in a ListType")
	}
	for i, p := range a.Parse {
		at := fmt.Sprintf("allowed_mentions.parse.%d", i)
		switch {
		case p != "everyone" && p != "users" && p != "roles":
			f.add(at, "BASE_TYPE_CHOICES", "Value must be one of ('everyone', 'users', 'roles').")
		case p == "users" && len(a.Users) > 0, p == "roles" && len(a.Roles) > 0:
			f.add(at, "MESSAGE_ALLOWED_MENTIONS_PARSE_EXCLUSIVE", "parse:[\"%s\"] and %s: [ids...] are mutually exclusive.", p, p)
		}
	}
	ids := func(name string, list []string) {
		f.count("allowed_mentions."+name, len(list), 100)
		for i, id := range list {
			if !isSnowflake(id) {
				f.add(fmt.Sprintf("allowed_mentions.%s.%d", name, i), "NUMBER_TYPE_COERCE", "Value \"%s\" is not snowflake.", id)
			}
		}
	}
	ids("users", a.Users)
	ids("roles", a.Roles)
}

func isSnowflake(s string) bool {
	for _, c := range []byte(s) {
		if c < '0' || c > '9' {
			return false
		}
	}
	return s != "" && len(s) <= 20
}

// CheckMessage says what Discord would refuse in a message's JSON; nothing
// means that it is fine.
func CheckMessage(body []byte) []string {
	var m Message
	if e := decode(body, &m); e != nil {
		return []string{e.Message}
	}
	var out []string
	for _, p := range checkMessage(&m) {
		out = append(out, p.String())
	}
	return out
}
