package opml

import (
	"encoding/json"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"tipoff/sources"
	"tipoff/sources/schedule"
	"tipoff/sources/story"
)

// attributes are those of an outline that mean something here.
type attributes struct {
	title, text, kind, url, xmlURL, htmlURL, category string

	own own
}

// own are the attributes of our namespace.
type own struct {
	name, kind, schedule, backfill, items, fields, fullText, tags, proxy, leftOut string
}

// set takes an attribute; key is in lower case, and prefix that of our
// namespace.
func (a *attributes) set(key string, value []byte, prefix string) {
	var to *string
	if rest, ok := strings.CutPrefix(key, prefix); ok && prefix != "" {
		switch rest {
		case "name":
			to = &a.own.name
		case "kind":
			to = &a.own.kind
		case "schedule":
			to = &a.own.schedule
		case "backfill":
			to = &a.own.backfill
		case "items":
			to = &a.own.items
		case "fields":
			to = &a.own.fields
		case "full_text":
			to = &a.own.fullText
		case "tags":
			to = &a.own.tags
		case "proxy":
			to = &a.own.proxy
		case "left_out":
			to = &a.own.leftOut
		default:
			return
		}
		*to = string(value)
		return
	}
	switch key {
	case "title":
		to = &a.title
	case "text":
		to = &a.text
	case "type":
		to = &a.kind
	case "url":
		to = &a.url
	case "xmlurl":
		to = &a.xmlURL
	case "htmlurl":
		to = &a.htmlURL
	case "category":
		to = &a.category
	default:
		return
	}
	*to = string(value)
}

// name is what people call the outline: its text, which is what the other
// program showed. One that is an address is none: it may hold a password.
func (a *attributes) name() string {
	for _, s := range []string{a.text, a.title} {
		if s = plain(s); s != "" && !strings.Contains(s, "://") {
			return s
		}
	}
	return ""
}

// apply puts the attributes of our namespace into an entry. What is not valid
// is left out and told, without a line.
func (o *own) apply(e *Entry) (problems []Problem) {
	lose := func(format string, args ...any) { problems = append(problems, lost(0, format, args...)) }
	src := &e.Source
	if o.name != "" {
		if validName.MatchString(o.name) {
			src.Name, e.Whole, src.Kind = o.name, true, ""
		} else {
			problems = append(problems, problem(0, "its name cannot be one and is made of its title: use 1 to 40 letters, digits, dots, dashes or underscores, a letter or digit first"))
		}
	}
	if o.kind != "" {
		if src.Kind = sources.Kind(o.kind); o.unknownKind() {
			lose("it is left out, its kind is not one that this version knows: write one of %s", kinds())
		}
	}
	if o.schedule != "" {
		if _, err := schedule.Parse(o.schedule, nil); err != nil || control(o.schedule) {
			lose("its schedule cannot be read and is left out: write five fields like */15 * * * *, or @every 10m")
		} else {
			src.Schedule = o.schedule
		}
	}
	if o.backfill != "" {
		if n, err := strconv.Atoi(o.backfill); err != nil || n < 0 || n > maxBackfill {
			lose("its backfill is left out: write a number from 0 to %d", maxBackfill)
		} else {
			src.Backfill = n
		}
	}
	if o.items != "" {
		if control(o.items) {
			lose("its items have a control character in them and are left out: write them again")
		} else {
			src.Items = o.items
		}
	}
	if o.fields != "" {
		fields, ok := readFields(o.fields)
		if src.Fields = fields; !ok {
			lose("not all of its fields can be read: write them as a JSON object of texts with the keys %s", strings.Join(sources.FieldNames, ", "))
		}
	}
	switch o.fullText {
	case "", "false":
	case "true":
		src.FullText = true
	default:
		lose("its full_text is left out: write true or false")
	}
	if o.tags != "" {
		tags, ok := readTags(o.tags)
		if src.Tags = tags; !ok {
			lose("not all of its tags can be read: write them as a JSON list of texts of up to %d bytes", maxTag)
		}
	}
	if o.proxy != "" {
		if proxy, _ := withoutUser(o.proxy); validProxy(proxy) {
			src.Proxy = proxy
		} else {
			lose("its proxy is left out: write an address that starts with http://, https://, socks5:// or socks5h://")
		}
	}
	if o.leftOut != "" {
		problems = append(problems, problem(0, "the export left out its %s: set that again in the configuration", clip(plain(o.leftOut), 200)))
	}
	return problems
}

func (o *own) unknownKind() bool {
	return o.kind != "" && !slices.Contains(sources.Kinds, sources.Kind(o.kind))
}

func kinds() string {
	words := make([]string, len(sources.Kinds))
	for i, k := range sources.Kinds {
		words[i] = string(k)
	}
	return strings.Join(words, ", ")
}

// control finds control characters, and those that XML has not.
func control(s string) bool {
	return strings.ContainsFunc(s, func(r rune) bool { return unicode.IsControl(r) || r == '\uFFFE' || r == '\uFFFF' })
}

func readFields(text string) (fields map[string]string, ok bool) {
	var given map[string]string
	if json.Unmarshal([]byte(text), &given) != nil {
		return nil, false
	}
	for _, name := range sources.FieldNames {
		if v, has := given[name]; has && !control(v) {
			if fields == nil {
				fields = map[string]string{}
			}
			fields[name] = v
		}
	}
	return fields, len(fields) == len(given)
}

func readTags(text string) (tags []string, ok bool) {
	var given []string
	if json.Unmarshal([]byte(text), &given) != nil {
		return nil, false
	}
	for _, t := range given {
		if len(tags) < maxTags && t != "" && t == strings.TrimSpace(t) && len(t) <= maxTag && !control(t) {
			tags = append(tags, t)
		}
	}
	return tags, len(tags) == len(given)
}

func validProxy(proxy string) bool {
	u, err := url.Parse(proxy)
	return err == nil && u.Hostname() != "" && !control(proxy) &&
		slices.Contains([]string{"http", "https", "socks5", "socks5h"}, u.Scheme)
}

// splitAddress makes an address for a source of what an exporter wrote: with
// feed: and feed:// undone, and user and password apart as "user:password".
// Without an address, why says what is wrong; with one, it says what was left
// out.
func splitAddress(raw string) (address, auth, why string) {
	const whole = "its xmlUrl is not a web address: write it whole, as in https://example.org/feed.xml"
	// An address may have been broken over lines, and indented.
	lines := strings.FieldsFunc(raw, func(r rune) bool { return r == '\n' || r == '\r' || r == '\t' })
	for i := range lines {
		lines[i] = strings.TrimSpace(lines[i])
	}
	raw = strings.ReplaceAll(withoutFeedScheme(strings.Join(lines, "")), " ", "%20")
	u, err := url.Parse(raw)
	if err != nil || control(raw) || strings.ContainsRune(raw, '\uFFFD') {
		return "", "", whole
	}
	if u.User != nil {
		user := u.User.Username()
		password, _ := u.User.Password()
		u.User = nil
		raw = u.String()
		switch {
		case user == "" && password == "":
		case user == "" || strings.Contains(user, ":") || control(user+password):
			why = "the user and password in its address cannot be used and are left out: set basic_auth in the configuration"
		default:
			auth = user + ":" + password
		}
	}
	if _, ok := story.CanonicalURL(raw); !ok {
		return "", "", whole
	}
	return raw, auth, why
}

// withoutFeedScheme undoes feed:https://host, feed://https://host, and
// feed://host, which stands for http.
func withoutFeedScheme(raw string) string {
	const scheme = "feed:"
	if len(raw) < len(scheme) || !strings.EqualFold(raw[:len(scheme)], scheme) {
		return raw
	}
	rest := strings.TrimPrefix(raw[len(scheme):], "//")
	if s, _, ok := strings.Cut(rest, "://"); ok && (strings.EqualFold(s, "http") || strings.EqualFold(s, "https")) {
		return rest
	}
	return "http://" + rest
}

// webPage is an address to show, or nothing.
func webPage(raw string) string {
	raw, _ = withoutUser(strings.TrimSpace(raw))
	if _, ok := story.CanonicalURL(raw); !ok || control(raw) {
		return ""
	}
	return raw
}

// withoutUser takes user and password off an address, and reports whether it
// had any. What is no address comes back empty: who knows what is in it.
func withoutUser(raw string) (address string, had bool) {
	u, err := url.Parse(raw)
	switch {
	case err != nil:
		return "", strings.Contains(raw, "@")
	case u.User == nil:
		return raw, false
	}
	u.User = nil
	return u.String(), true
}
