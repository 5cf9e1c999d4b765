package list

import (
	"bytes"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/tidwall/gjson"

	"tipoff/sources"
	"tipoff/sources/feed"
)

// maxDepth bounds the nesting of a document: its reader calls itself for each
// level.
const maxDepth = 200

// JSON is the [feed.Format] of sources of kind JSON. src.Items is the path of
// the list in the syntax of https://github.com/tidwall/gjson; empty is the
// document itself, and ".." a document with one JSON value a line. An object
// counts as the list of its values.
//
// A field is a path within an item, or a text with paths in braces, as in
// "https://vendor.example/{id}"; "{{" is a brace. In such an address what is put
// in is escaped. Texts may be HTML. A published number is seconds or
// milliseconds since 1970; authors and tags may be lists, and tags a text with
// commas.
//
// The error is a *[sources.Error] that says what there is instead.
func JSON(src sources.Source, d feed.Document, now time.Time) (feed.Feed, error) {
	text := feed.UTF8(d.Body, d.ContentType)
	all, err := listOf(text, src.Items)
	if err != nil {
		return feed.Feed{}, err
	}
	over := max(len(all)-maxItems, 0)
	all = all[:len(all)-over]
	paths := make(map[string]template, len(src.Fields))
	for name, path := range src.Fields {
		t, err := parseTemplate(path)
		if err != nil {
			return feed.Feed{}, failing("fields.%s: %v", name, err)
		}
		paths[name] = t
	}
	items := make([]fields, 0, len(all))
	for _, item := range all {
		items = append(items, fieldsOf(item, paths, now))
	}
	base, _ := url.Parse(d.URL)
	f, err := build("", items, base, now, func() error {
		return failing("none of the %d items has both a title at %q and a url at %q; the first has %s", len(all), clip(src.Fields["title"]), clip(src.Fields["url"]), describe(all[0]))
	})
	if over > 0 {
		f.Skipped, f.SkipReason = f.Skipped+over, "more items than are read at a visit"
	}
	return f, err
}

// listOf finds the items.
func listOf(text []byte, path string) ([]gjson.Result, error) {
	if tooDeep(text) {
		return nil, failing("the JSON is nested more than %d deep and was not read", maxDepth)
	}
	if path == ".." {
		var all []gjson.Result
		for line := range bytes.Lines(text) {
			if line = bytes.TrimSpace(line); len(line) == 0 {
				continue
			}
			if !gjson.ValidBytes(line) {
				return nil, failing("line %d is no JSON: check the source's url", len(all)+1)
			}
			if all = append(all, gjson.ParseBytes(line)); len(all) > 2*maxItems {
				break
			}
		}
		return all, nil
	}
	if !gjson.ValidBytes(text) {
		if bytes.HasPrefix(bytes.TrimSpace(text), []byte("<")) {
			return nil, failing("this is no JSON, but looks like a web page or XML: check the source's url and kind")
		}
		return nil, failing("this is no JSON, or broken: check the source's url and kind")
	}
	list := gjson.ParseBytes(text)
	if path != "" {
		list = list.Get(path)
	}
	switch {
	case !list.Exists():
		return nil, failing("items: there is nothing at %q; the document has %s", clip(path), describe(gjson.ParseBytes(text)))
	case list.Type == gjson.Null:
		return nil, nil
	case !list.IsArray() && !list.IsObject():
		return nil, failing("items: at %q is no list, but %s", clip(path), describe(list))
	}
	var all []gjson.Result
	list.ForEach(func(_, item gjson.Result) bool {
		all = append(all, item)
		return true
	})
	return all, nil
}

// tooDeep reports whether the values of a document are nested beyond the limit.
func tooDeep(text []byte) bool {
	depth, inString := 0, false
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case inString && c == '\\':
			i++
		case c == '"':
			inString = !inString
		case inString:
		case c == '[' || c == '{':
			if depth++; depth > maxDepth {
				return true
			}
		case c == ']' || c == '}':
			depth--
		}
	}
	return false
}

// describe says what a value is, for a person who looks for a path.
func describe(v gjson.Result) string {
	switch {
	case v.IsObject():
		var keys []string
		v.ForEach(func(k, _ gjson.Result) bool {
			keys = append(keys, clip(k.Str))
			return len(keys) < 12
		})
		if len(keys) == 0 {
			return "nothing in it"
		}
		return strings.Join(keys, ", ")
	case v.IsArray():
		n := len(v.Array())
		return fmt.Sprintf("a list of %d", n)
	case v.Type == gjson.String:
		return "the text " + strconv.Quote(clip(v.Str))
	}
	return clip(v.Raw)
}

func fieldsOf(item gjson.Result, paths map[string]template, now time.Time) fields {
	one := func(name string) string { return asHTML(paths[name].of(item, nil)) }
	f := fields{title: one("title"), summary: one("summary"), content: one("content")}
	f.url = strings.TrimSpace(paths["url"].of(item, url.PathEscape))
	f.guid = strings.TrimSpace(paths["guid"].of(item, nil))
	f.published = published(paths["published"], item, now)
	for _, name := range paths["author"].all(item) {
		f.authors = append(f.authors, asHTML(name))
	}
	if tags := paths["tags"].all(item); len(tags) == 1 {
		f.tags = split(tags[0])
	} else {
		for _, t := range tags {
			f.tags = append(f.tags, asHTML(t))
		}
	}
	return f
}

// published reads a time; numbers are seconds, or milliseconds where they are
// too large for that.
func published(t template, item gjson.Result, now time.Time) *time.Time {
	if len(t) == 1 && t[0].path != "" {
		if v := item.Get(t[0].path); v.Type == gjson.Number {
			const year3000 = 32503680000
			at := time.Unix(int64(v.Num), 0)
			if v.Num > year3000 {
				at = time.UnixMilli(int64(v.Num))
			}
			return &at
		}
	}
	return date(t.of(item, nil), now)
}

// template is a text with paths in it; a path alone is one of one part.
type template []part

// part is a text, or a path.
type part struct{ text, path string }

// parseTemplate reads a field. The error says what is wrong with it.
func parseTemplate(s string) (template, error) {
	if !strings.ContainsAny(s, "{}") {
		if s == "" {
			return nil, nil
		}
		return template{{path: s}}, nil
	}
	var t template
	var text strings.Builder
	for i := 0; i < len(s); i++ {
		switch {
		case strings.HasPrefix(s[i:], "{{"), strings.HasPrefix(s[i:], "}}"):
			text.WriteByte(s[i])
			i++
		case s[i] == '}':
			return nil, errors.New("a } has no { before it; a brace that is text is written twice")
		case s[i] == '{':
			path, _, ok := strings.Cut(s[i+1:], "}")
			if !ok || path == "" || strings.Contains(path, "{") {
				return nil, errors.New("write a path between braces, as in {id}; a brace that is text is written twice")
			}
			if text.Len() > 0 {
				t = append(t, part{text: text.String()})
				text.Reset()
			}
			t = append(t, part{path: path})
			i += len(path) + 1
		default:
			text.WriteByte(s[i])
		}
	}
	if text.Len() > 0 {
		t = append(t, part{text: text.String()})
	}
	return t, nil
}

// of is the text that a template gives for an item; empty where one of its
// paths leads to nothing. Values beside other text go through escape, if there
// is one, but for a value at the beginning: it may be a whole address.
func (t template) of(item gjson.Result, escape func(string) string) string {
	var b strings.Builder
	for i, p := range t {
		if p.path == "" {
			b.WriteString(p.text)
			continue
		}
		v := item.Get(p.path)
		s := v.String()
		if v.IsArray() {
			s = strings.Join(texts(v), ", ")
		}
		if s == "" || v.IsObject() {
			return ""
		}
		if escape != nil && i > 0 {
			s = escape(s)
		}
		b.WriteString(s)
	}
	return b.String()
}

// all are the texts that a template gives: those of a list each for itself.
func (t template) all(item gjson.Result) []string {
	if len(t) == 1 && t[0].path != "" {
		if v := item.Get(t[0].path); v.IsArray() {
			return texts(v)
		}
	}
	if s := t.of(item, nil); s != "" {
		return []string{s}
	}
	return nil
}

// texts are the texts and numbers of a list.
func texts(list gjson.Result) []string {
	var all []string
	for _, v := range list.Array() {
		if s := v.String(); s != "" && !v.IsArray() && !v.IsObject() && len(all) < maxTags {
			all = append(all, s)
		}
	}
	return all
}

func checkJSON(path string, isItems bool) error {
	if slices.ContainsFunc([]byte(path), func(c byte) bool { return c < ' ' }) {
		return errControl
	}
	if isItems {
		if strings.TrimSpace(path) != path {
			return errors.New("the path begins or ends with a space; remove it")
		}
		return nil
	}
	_, err := parseTemplate(path)
	return err
}
