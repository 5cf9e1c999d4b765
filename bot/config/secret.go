package config

import (
	"fmt"
	"log/slog"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"
)

const redacted = "[redacted]"

// Secret is a token or password. However it is printed, logged or marshalled
// it shows as "[redacted]", or as nothing when it is empty; Reveal gives the
// value to who must send it.
type Secret string

// Reveal returns the value itself.
func (s Secret) Reveal() string { return string(s) }

func (s Secret) String() string {
	if s == "" {
		return ""
	}
	return redacted
}

// Format keeps every verb of fmt from the value, also those that do not ask
// for a String method.
func (s Secret) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte(s.String())) }

// LogValue is what slog writes.
func (s Secret) LogValue() slog.Value { return slog.StringValue(s.String()) }

// MarshalText is what JSON, YAML and XML write.
func (s Secret) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

var secretParam = regexp.MustCompile(`(?i)(key|token|secret|auth|pass|sig)`)

// redactURL hides what an address may hold of secrets: its user and password,
// and the values of parameters that are named like a key. With path set it
// hides all after the host, as in a webhook, where the path is the secret.
func redactURL(raw string, path bool) string {
	if raw == "" {
		return ""
	}
	u, err := url.Parse(raw)
	if err != nil || u.Host == "" {
		return redacted
	}
	user := ""
	if u.User != nil {
		user = redacted + "@"
	}
	out := u.Scheme + "://" + user + u.Host
	if path {
		if u.Path == "" && u.RawQuery == "" {
			return out
		}
		return out + "/" + redacted
	}
	out += u.EscapedPath()
	if u.RawQuery != "" {
		params := strings.Split(u.RawQuery, "&")
		for i, p := range params {
			if name, _, ok := strings.Cut(p, "="); ok && secretParam.MatchString(name) {
				params[i] = name + "=" + redacted
			}
		}
		out += "?" + strings.Join(params, "&")
	}
	return out
}

// The keys whose values must not be shown with a mistake, and values that are
// secret by their look.
const secretKeys = `(?i:bot_token|app_token|signing_secret|token|basic_auth|headers|proxy|webhook)["']?`

// someValue is what stands after a key: a flow mapping, a quoted string, or
// plain text, in which ${} may hold anything.
const someValue = `(\{[^}]*\}?|"(?:[^"\\]|\\.)*"?|'[^']*'?|(?:\$\{[^}]*\}|[^,}\s])(?:\$\{[^}]*\}|[^,}])*)`

var (
	secretValue = regexp.MustCompile(`\b` + secretKeys + `\s*:[ \t]+` + someValue)
	noColon     = regexp.MustCompile(`(?:^\s*(?:- +)?|[{,]\s*)["']?` + secretKeys + `[ \t]+` + someValue)
	secretOpen  = regexp.MustCompile(`\b` + secretKeys + `\s*:\s*(?:[|>][0-9+-]*|&\S+)?\s*(?:#.*)?$`)
	userinfo    = regexp.MustCompile(`://([^/\s@]+@)`)
	paramValue  = regexp.MustCompile(`(?i)[?&][\w.-]*(?:key|token|secret|auth|pass|sig)[\w.-]*=([^&\s"']+)`)
	chatToken   = regexp.MustCompile(`\b(x(?:ox[a-z]|app)-\S+)`)
	reference   = regexp.MustCompile(`^\$\{[A-Za-z_][A-Za-z0-9_]*(?::-)?\}\s*$`)
)

// mask replaces the secrets that a line of text may hold by asterisks, one for
// one, so that columns stay.
func mask(line string) string {
	for _, re := range []*regexp.Regexp{secretValue, noColon, userinfo, paramValue, chatToken} {
		at := re.FindAllStringSubmatchIndex(line, -1)
		for _, m := range slices.Backward(at) {
			from, to := m[2], m[3]
			if !reference.MatchString(line[from:to]) {
				line = line[:from] + stars(line[from:to]) + line[to:]
			}
		}
	}
	return line
}

func stars(s string) string { return strings.Repeat("*", utf8.RuneCountInString(s)) }

// maskLine is line i (from 0) of a file as people may see it. A line that
// belongs to a secret key above it, by its indentation, is masked as a whole.
func maskLine(lines []string, i int) string {
	if i < 0 || i >= len(lines) {
		return ""
	}
	line := lines[i]
	depth := leading(line)
	for j := i - 1; j >= 0 && depth > 0; j-- {
		above := lines[j]
		if strings.TrimSpace(above) == "" || leading(above) >= depth {
			continue
		}
		if secretOpen.MatchString(above) || openQuote(above) {
			text := strings.TrimLeft(line, " \t")
			return line[:len(line)-len(text)] + stars(text)
		}
		depth = leading(above)
	}
	return mask(line)
}

// openQuote reports whether a secret's quoted or bracketed value goes on below
// the line.
func openQuote(line string) bool {
	m := secretValue.FindStringSubmatch(line)
	if m == nil {
		return false
	}
	v := strings.TrimSpace(m[1])
	for _, pair := range []string{`""`, `''`, `{}`} {
		if v[0] == pair[0] && (len(v) == 1 || v[len(v)-1] != pair[1]) {
			return true
		}
	}
	return false
}

func leading(line string) int { return len(line) - len(strings.TrimLeft(line, " \t")) }

// quote shows a piece of the file in a message: cut, and without what looks
// like a secret.
func quote(s string) string {
	const most = 60
	s = mask(s)
	if utf8.RuneCountInString(s) > most {
		s = string([]rune(s)[:most]) + "…"
	}
	return fmt.Sprintf("%q", s)
}
