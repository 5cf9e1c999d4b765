package config

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/goccy/go-yaml/lexer"
	"github.com/goccy/go-yaml/token"
)

// show writes a text into an export: as the file has it where that means the
// same and shows no secret, or as a reference to the environment.
func (x *export) show(kind secretKind, text string, path ...string) string {
	if kind == secretHeader {
		kind = headerKind(path[len(path)-1])
	}
	n := x.find(path)
	if n != nil && n.kind == scalar {
		if v, ok := x.d.expand(n, ""); ok && v.text == text && !showsSecret(kind, n.text) {
			return n.text
		}
	}
	plain := strings.ReplaceAll(text, "${", "$${")
	if !showsSecret(kind, plain) {
		return plain
	}
	return x.reference(text, n, path)
}

// find is what stands at a path in the file, or nil.
func (x *export) find(path []string) *node {
	n := x.root
	for _, key := range path {
		if n = child(n, key); n == nil {
			return nil
		}
	}
	return n
}

// child is the value of a mapping's key, or of a list the item of that name.
func child(n *node, key string) *node {
	for _, e := range n.entries {
		if strings.EqualFold(e.key, key) { // headers are written in any case
			return e.value
		}
	}
	for _, item := range n.items {
		for _, e := range item.entries {
			if e.key == "name" && e.value.text == key {
				return item
			}
		}
	}
	return nil
}

// reference is a reference to the environment for a text that is not to be
// shown.
func (x *export) reference(text string, n *node, path []string) string {
	name := x.variable(text, n, path)
	if _, known := x.values[name]; !known {
		x.values[name] = text
		x.vars = append(x.vars, Variable{Name: name, Where: strings.Join(path, ".")})
	}
	return "${" + name + "}"
}

var notInName = regexp.MustCompile(`[^A-Z0-9]+`)

// variable finds a name for a text: the one that the file uses already, the
// usual one for a platform's token, or one made of the path.
func (x *export) variable(text string, n *node, path []string) string {
	if n != nil {
		if ref := variable.FindString(n.text); ref != "" && ref == n.text {
			name, _, _ := strings.Cut(ref[2:len(ref)-1], ":-")
			return name
		}
	}
	words := path
	switch path[0] {
	case "store":
		words = []string{"tipoff", "store"}
	case "sources", "channels":
		words = path[1:]
	}
	base := strings.Trim(notInName.ReplaceAllString(strings.ToUpper(strings.Join(words, "_")), "_"), "_")
	if base == "" || base[0] < 'A' {
		base = strings.TrimSuffix("TIPOFF_"+base, "_")
	}
	name := base
	for i := 2; !x.free(name, text); i++ {
		name = fmt.Sprintf("%s_%d", base, i)
	}
	return name
}

// free reports whether a variable has that value or none.
func (x *export) free(name, text string) bool {
	have, ok := x.values[name]
	if !ok {
		have, ok = x.getenv(name)
	}
	return !ok || have == text
}

var (
	urlUser      = regexp.MustCompile(`://([^/\s@]*)@`)
	urlParam     = regexp.MustCompile(`[?&;]([^=&;#]+)=([^&;#]*)`)
	keyName      = regexp.MustCompile(`(?i)(?:^|[._-]|api|access|auth|client)(?:key|token|secret|auth|pass|password|passwd|pwd|sig|signature)$`)
	afterHost    = regexp.MustCompile(`^[a-z0-9]+://[^/?#]*`)
	headerScheme = regexp.MustCompile(`^[A-Za-z-]*[ =:]?$`)
	// publicHeaders tell a server what the reader is, and no secret.
	publicHeaders = []string{"accept", "accept-language", "cache-control", "from", "referer", "user-agent"}
)

// inserted stands in for what the environment inserts.
const inserted = "\x00"

// showsSecret reports whether a text of a configuration, as it is written,
// shows something that is secret. A reference to the environment shows nothing
// but its default.
func showsSecret(kind secretKind, raw string) bool {
	text := variable.ReplaceAllStringFunc(raw, func(ref string) string {
		if _, fallback, _ := strings.Cut(ref[2:len(ref)-1], ":-"); fallback != "" {
			return fallback
		}
		return inserted
	})
	shows := func(part string) bool { return strings.Trim(part, inserted+" ") != "" }
	switch kind {
	case secretToken:
		return shows(strings.TrimPrefix(text, "Bot "))
	case secretLogin:
		_, password, ok := strings.Cut(text, ":")
		return ok && shows(password) || !ok && shows(text)
	case secretHeader:
		rest := strings.ReplaceAll(text, inserted, "")
		return rest != "" && (rest == text || !headerScheme.MatchString(rest))
	case secretWebhook:
		rest := afterHost.ReplaceAllString(text, "")
		return shows(strings.TrimPrefix(rest, "/")) && !strings.Contains(rest, inserted)
	case secretAddress:
		if m := urlUser.FindStringSubmatch(text); m != nil {
			user, password, ok := strings.Cut(m[1], ":")
			if shows(password) || !ok && shows(user) && !strings.HasPrefix(text, "postgres") {
				return true
			}
		}
		for _, m := range urlParam.FindAllStringSubmatch(text, -1) {
			if keyName.MatchString(m[1]) && shows(m[2]) {
				return true
			}
		}
	}
	return false
}

// secrets are the texts of the file that hold something secret.
func (x *export) secrets(each func(kind secretKind, n *node, path ...string)) {
	visit := func(kind secretKind, path ...string) {
		if n := x.find(path); n != nil && n.kind == scalar {
			each(kind, n, path...)
		}
	}
	visit(secretAddress, "store")
	for _, key := range []string{"bot_token", "app_token", "signing_secret"} {
		visit(secretToken, "slack", key)
	}
	visit(secretAddress, "slack", "api_url")
	visit(secretToken, "discord", "token")
	visit(secretAddress, "discord", "api_url")
	for _, src := range x.c.Sources {
		visit(secretAddress, "sources", src.Name, "url")
		visit(secretLogin, "sources", src.Name, "basic_auth")
		visit(secretAddress, "sources", src.Name, "proxy")
		for name := range src.Headers {
			visit(headerKind(name), "sources", src.Name, "headers", name)
		}
	}
	for _, ch := range x.c.Channels {
		visit(secretWebhook, "channels", ch.Name, "webhook")
	}
}

func headerKind(name string) secretKind {
	if slices.Contains(publicHeaders, strings.ToLower(name)) {
		return public
	}
	return secretHeader
}

// hideSecrets replaces what is secret in the file, its comments included.
func (x *export) hideSecrets() bool {
	ok := true
	x.secrets(func(kind secretKind, n *node, path ...string) {
		if !showsSecret(kind, n.text) {
			return
		}
		v, known := x.d.expand(n, "")
		from, to, found := x.span(n)
		if ok = ok && known && found; ok {
			x.edits = append(x.edits, edit{from, to, `"` + x.reference(v.text, n, path) + `"`})
		}
	})
	for _, t := range lexer.Tokenize(hide(x.text)) {
		if t.Type != token.CommentType {
			continue
		}
		line, col := place(t)
		row := x.d.lines[min(line, len(x.d.lines))-1]
		at := strings.IndexByte(row[min(max(col-2, 0), len(row)):], '#')
		if at < 0 {
			at = -min(max(col-2, 0), len(row)) // the whole line
		}
		from := x.offset(line, 1) + min(max(col-2, 0), len(row)) + at
		to := x.offset(line, 1) + len(row)
		if comment := x.text[from:to]; maskComment(comment) != comment {
			x.edits = append(x.edits, edit{from, to, maskComment(comment)})
		}
	}
	// In the order of the file, and not of the kinds.
	slices.SortStableFunc(x.vars, func(a, b Variable) int { return cmp.Compare(x.line(a), x.line(b)) })
	return ok
}

// line is where in the file a variable stands in for a text.
func (x *export) line(v Variable) int {
	if n := x.find(strings.Split(v.Where, ".")); n != nil {
		return n.line*1000 + min(n.col, 999)
	}
	return len(x.text)
}

var (
	commentToken = regexp.MustCompile(`\bx(?:ox[a-z]|app)-[A-Za-z0-9-]{8,}|\b[\w-]{20,}\.[\w-]{6}\.[\w-]{25,}|\b(?:hooks\.slack\.com/services|discord(?:app)?\.com/api/webhooks)/\S+`)
	commentUser  = regexp.MustCompile(`://[^/\s@:]*:([^/\s@]+)@`)
	// A comment that shows how something is written is no secret.
	example = regexp.MustCompile(`(?i)example|^password$|user:password|name: value|\.\.\.|…`)
)

// maskComment replaces by stars what looks like a secret in a comment: a line
// that was commented out.
func maskComment(s string) string {
	s = commentToken.ReplaceAllStringFunc(s, stars)
	for _, re := range []*regexp.Regexp{secretValue, commentUser, paramValue} {
		for _, m := range slices.Backward(re.FindAllStringSubmatchIndex(s, -1)) {
			part := s[m[2]:m[3]]
			if variable.MatchString(part) || example.MatchString(part) || strings.HasPrefix(strings.Trim(part, `"'`), "http://") && !strings.Contains(part, "@") {
				continue
			}
			s = s[:m[2]] + stars(part) + s[m[3]:]
		}
	}
	return s
}
