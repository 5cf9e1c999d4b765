package slackfake

import (
	"encoding/json"
	"slices"
)

// richText checks an element of a rich_text block.
// https://docs.slack.dev/reference/block-kit/blocks/rich-text-block
func (c *checker) richText(at string, e object) {
	switch e.str("type") {
	case "rich_text_section":
		c.only(at, e, "elements")
		c.elements(at, e, 1000, c.inline)
	case "rich_text_quote":
		c.only(at, e, "elements", "border")
		c.elements(at, e, 1000, c.inline)
	case "rich_text_preformatted":
		c.only(at, e, "elements", "border", "language")
		c.elements(at, e, 1000, func(at string, e object) {
			if t := e.str("type"); t != "text" && t != "link" {
				c.bad(at+"/type", "%q in preformatted text", t)
				return
			}
			c.inline(at, e)
		})
	case "rich_text_list":
		c.only(at, e, "elements", "style", "indent", "offset", "border")
		if s := e.str("style"); s != "bullet" && s != "ordered" {
			c.bad(at+"/style", "%q is not a list", s)
		}
		c.elements(at, e, 1000, func(at string, e object) {
			if t := e.str("type"); t != "rich_text_section" {
				c.bad(at+"/type", "%q in a list", t)
				return
			}
			c.richText(at, e)
		})
	default:
		c.bad(at+"/type", "%q is not a rich text element", e.str("type"))
	}
}

var (
	textStyles    = []string{"bold", "italic", "strike", "code", "underline"}
	mentionStyles = []string{"bold", "italic", "strike", "highlight", "client_highlight", "unlink"}
)

// inline checks what stands in a line of rich text.
func (c *checker) inline(at string, e object) {
	switch e.str("type") {
	case "text":
		c.only(at, e, "text", "style")
		c.length(at+"/text", e.str("text"), 1, maxAllTexts)
		c.style(at, e, textStyles)
	case "link":
		c.only(at, e, "url", "text", "unsafe", "style")
		c.link(at+"/url", e.str("url"), maxButtonURL)
		if e.has("text") {
			c.length(at+"/text", e.str("text"), 1, maxTextObject)
		}
		c.style(at, e, textStyles)
	case "emoji":
		c.only(at, e, "name", "unicode", "skin_tone", "style")
		c.length(at+"/name", e.str("name"), 1, 100)
	case "date":
		c.only(at, e, "timestamp", "format", "url", "fallback", "timezone", "style")
		var ts int64
		if err := json.Unmarshal(e["timestamp"], &ts); err != nil {
			c.bad(at+"/timestamp", "not a number of seconds")
		}
		c.length(at+"/format", e.str("format"), 1, 200)
	case "user":
		c.only(at, e, "user_id", "style")
		c.length(at+"/user_id", e.str("user_id"), 2, 30)
		c.style(at, e, mentionStyles)
	case "usergroup":
		c.only(at, e, "usergroup_id", "style")
		c.length(at+"/usergroup_id", e.str("usergroup_id"), 2, 30)
		c.style(at, e, mentionStyles)
	case "channel":
		c.only(at, e, "channel_id", "style")
		c.length(at+"/channel_id", e.str("channel_id"), 2, 30)
	case "broadcast":
		c.only(at, e, "range", "style")
		if r := e.str("range"); !slices.Contains([]string{"here", "channel", "everyone"}, r) {
			c.bad(at+"/range", "%q is not a range", r)
		}
	case "color":
		c.only(at, e, "value", "style")
	default:
		c.bad(at+"/type", "%q is not an inline element", e.str("type"))
	}
}

func (c *checker) style(at string, e object, allowed []string) {
	if !e.has("style") {
		return
	}
	var styles map[string]bool
	if err := json.Unmarshal(e["style"], &styles); err != nil {
		c.bad(at+"/style", "%v", err)
		return
	}
	for s := range styles {
		if !slices.Contains(allowed, s) {
			c.bad(at+"/style", "no style %q here", s)
		}
	}
}
