package feed

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
)

// mendJSON gives a JSON feed the types that the format asks for where it has
// others: one tag that is a string must not cost all the feed. It reports
// false where something else is wrong.
// https://www.jsonfeed.org/version/1.1/
func mendJSON(text []byte, why error) ([]byte, bool) {
	if _, ok := errors.AsType[*json.UnmarshalTypeError](why); !ok {
		return nil, false
	}
	var feed map[string]any
	if json.Unmarshal(text, &feed) != nil {
		return nil, false
	}
	items, ok := feed["items"].([]any)
	if !ok {
		return nil, false
	}
	// Only what a story is made of is taken over.
	mended := map[string]any{}
	copyStrings(mended, feed, "version", "title", "home_page_url", "feed_url", "language", "description")
	copyPeople(mended, feed)
	var list []any
	for _, i := range items {
		item, ok := i.(map[string]any)
		if !ok {
			continue
		}
		m := map[string]any{}
		copyStrings(m, item, "id", "url", "external_url", "title", "summary", "content_html", "content_text", "date_published", "date_modified")
		copyPeople(m, item)
		switch t := item["tags"].(type) {
		case string:
			m["tags"] = strings.Split(t, ",")
		case []any:
			m["tags"] = texted(t)
		}
		list = append(list, m)
	}
	mended["items"] = list
	out, err := json.Marshal(mended)
	return out, err == nil
}

func copyStrings(to, from map[string]any, names ...string) {
	for _, n := range names {
		switch v := from[n].(type) {
		case string:
			to[n] = v
		case float64:
			to[n] = fmt.Sprint(v)
		}
	}
}

func copyPeople(to, from map[string]any) {
	list, _ := from["authors"].([]any)
	list = append(list, from["author"])
	var people []any
	for _, p := range list {
		switch p := p.(type) {
		case string:
			people = append(people, map[string]any{"name": p})
		case map[string]any:
			m := map[string]any{}
			copyStrings(m, p, "name")
			people = append(people, m)
		}
	}
	if people != nil {
		to["authors"] = people
	}
}

func texted(list []any) []string {
	var texts []string
	for _, e := range list {
		if s, ok := e.(string); ok {
			texts = append(texts, s)
		}
	}
	return texts
}
