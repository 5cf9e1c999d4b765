package slackfake

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/url"
	"slices"
	"unicode/utf16"
)

// The limits of a message. Lengths are in UTF-16 code units, the strictest
// reading of Slack's "characters".
const (
	// https://docs.slack.dev/reference/methods/chat.postMessage
	maxText = 40_000
	// https://docs.slack.dev/reference/block-kit/blocks
	maxBlocks  = 50
	maxBlockID = 255
	// https://docs.slack.dev/reference/block-kit/blocks/section-block
	maxSection    = 3_000
	maxFields     = 10
	maxFieldText  = 2_000
	maxTextObject = 3_000
	// https://docs.slack.dev/reference/block-kit/blocks/header-block
	maxHeader = 150
	// https://docs.slack.dev/reference/block-kit/blocks/context-block
	maxContext = 10
	// https://docs.slack.dev/reference/block-kit/blocks/actions-block
	maxActions = 25
	// https://docs.slack.dev/reference/block-kit/block-elements/button-element
	maxButtonText  = 75
	maxButtonValue = 2_000
	maxButtonURL   = 3_000
	maxActionID    = 255
	// https://docs.slack.dev/reference/block-kit/blocks/image-block
	maxImageURL = 3_000
	maxAltText  = 2_000
	// Not written down by Slack. chat.postMessage answers msg_blocks_too_long
	// when the texts of all blocks together are too much: 9,597 characters
	// were seen to pass and 11,341 to fail; 15,561 bytes of JSON passed and
	// 17,694 failed (github.com/slackapi/bolt-js/issues/2867).
	maxAllTexts = 10_000
	maxAllBytes = 16_000
)

// Problem is one thing of a message that Slack refuses.
type Problem struct {
	// Code is the error that the API answers.
	Code string
	// Where is the place, as in "blocks/3/elements/0/text".
	Where string
	What  string
}

func (p Problem) String() string { return p.Code + " at " + p.Where + ": " + p.What }

// CheckPost says what Slack would refuse of a message for chat.postMessage:
// what [Check] finds, and blocks that are too long all together.
func CheckPost(text string, blocks json.RawMessage) []Problem {
	problems := Check(text, blocks)
	if p := tooLongTogether(blocks); p != nil {
		problems = append(problems, *p)
	}
	return problems
}

// Check says what Slack would refuse of a message's text and blocks, which
// are a JSON array or empty, however they are sent.
func Check(text string, blocks json.RawMessage) []Problem {
	c := &checker{blockIDs: map[string]bool{}, actionIDs: map[string]bool{}}
	if units(text) > maxText {
		c.add("msg_too_long", "text", "%d characters, %d allowed", units(text), maxText)
	}
	if len(blocks) == 0 {
		if text == "" {
			c.add("no_text", "text", "neither text nor blocks")
		}
		return c.problems
	}
	var list []object
	if err := json.Unmarshal(blocks, &list); err != nil {
		c.add("invalid_blocks_format", "blocks", "%v", err)
		return c.problems
	}
	if len(list) == 0 && text == "" {
		c.add("no_text", "blocks", "neither text nor blocks")
	}
	if len(list) > maxBlocks {
		c.bad("blocks", "%d blocks, %d allowed", len(list), maxBlocks)
	}
	for i, b := range list {
		c.block(fmt.Sprintf("blocks/%d", i), b)
	}
	return c.problems
}

// tooLongTogether applies the limit on all blocks of a posted message.
func tooLongTogether(blocks json.RawMessage) *Problem {
	var list any
	if len(blocks) == 0 || json.Unmarshal(blocks, &list) != nil {
		return nil
	}
	var plain bytes.Buffer
	enc := json.NewEncoder(&plain)
	enc.SetEscapeHTML(false)
	_ = enc.Encode(list)
	if n := textsIn(list); n > maxAllTexts || plain.Len() > maxAllBytes {
		return &Problem{
			"msg_blocks_too_long", "blocks",
			fmt.Sprintf("%d characters in %d bytes, %d in %d allowed", n, plain.Len(), maxAllTexts, maxAllBytes),
		}
	}
	return nil
}

func textsIn(v any) int {
	n := 0
	switch v := v.(type) {
	case []any:
		for _, e := range v {
			n += textsIn(e)
		}
	case map[string]any:
		for k, e := range v {
			if s, ok := e.(string); ok && k == "text" {
				n += units(s)
			} else {
				n += textsIn(e)
			}
		}
	}
	return n
}

func units(s string) int { return len(utf16.Encode([]rune(s))) }

// object is a JSON object whose fields are looked at one at a time.
type object map[string]json.RawMessage

func (o object) str(key string) string {
	var s string
	_ = json.Unmarshal(o[key], &s)
	return s
}

func (o object) list(key string) []object {
	var l []object
	_ = json.Unmarshal(o[key], &l)
	return l
}

func (o object) object(key string) object {
	var sub object
	_ = json.Unmarshal(o[key], &sub)
	return sub
}

func (o object) has(key string) bool { _, ok := o[key]; return ok }

type checker struct {
	problems            []Problem
	blockIDs, actionIDs map[string]bool
}

func (c *checker) add(code, where, format string, args ...any) {
	c.problems = append(c.problems, Problem{code, where, fmt.Sprintf(format, args...)})
}

func (c *checker) bad(where, format string, args ...any) {
	c.add("invalid_blocks", where, format, args...)
}

// only refuses fields that the object does not have on Slack.
func (c *checker) only(where string, o object, keys ...string) {
	for k := range o {
		if k != "type" && !slices.Contains(keys, k) {
			c.bad(where, "no field %q in a %s", k, o.str("type"))
		}
	}
}

func (c *checker) length(where, s string, least, most int) {
	if n := units(s); n < least || n > most {
		c.bad(where, "%d characters, %d to %d allowed", n, least, most)
	}
}

func (c *checker) unique(where string, seen map[string]bool, id string, most int) {
	if id == "" {
		return
	}
	c.length(where, id, 1, most)
	if seen[id] {
		c.bad(where, "%q is used twice", id)
	}
	seen[id] = true
}

func (c *checker) link(where, raw string, most int) {
	u, err := url.Parse(raw)
	switch {
	case err != nil:
		c.bad(where, "not a URL: %v", err)
	case !slices.Contains([]string{"http", "https", "mailto"}, u.Scheme):
		c.bad(where, "%q is not a link", raw)
	case u.Scheme != "mailto" && u.Host == "":
		c.bad(where, "%q has no host", raw)
	}
	c.length(where, raw, 1, most)
}

func (c *checker) block(at string, b object) {
	c.unique(at+"/block_id", c.blockIDs, b.str("block_id"), maxBlockID)
	switch b.str("type") {
	case "section":
		c.only(at, b, "block_id", "text", "fields", "accessory", "expand")
		fields := b.list("fields")
		if b.has("text") {
			c.textObject(at+"/text", b.object("text"), 1, maxSection)
		} else if len(fields) == 0 {
			c.bad(at, "a section needs text or fields")
		}
		if len(fields) > maxFields {
			c.bad(at+"/fields", "%d fields, %d allowed", len(fields), maxFields)
		}
		for i, f := range fields {
			c.textObject(fmt.Sprintf("%s/fields/%d", at, i), f, 1, maxFieldText)
		}
		if b.has("accessory") {
			c.element(at+"/accessory", b.object("accessory"))
		}
	case "header":
		c.only(at, b, "block_id", "text")
		c.plainText(at+"/text", b.object("text"), maxHeader)
	case "divider":
		c.only(at, b, "block_id")
	case "context":
		c.only(at, b, "block_id", "elements")
		c.elements(at, b, maxContext, func(at string, e object) {
			if e.str("type") == "image" {
				c.image(at, e)
				return
			}
			c.textObject(at, e, 1, maxTextObject)
		})
	case "actions":
		c.only(at, b, "block_id", "elements")
		c.elements(at, b, maxActions, c.element)
	case "image":
		c.image(at, b)
	case "rich_text":
		c.only(at, b, "block_id", "elements")
		c.elements(at, b, 1000, c.richText)
	default:
		c.bad(at+"/type", "%q is not a block that this fake knows", b.str("type"))
	}
}

func (c *checker) elements(at string, o object, most int, check func(string, object)) {
	list := o.list("elements")
	if len(list) == 0 || len(list) > most {
		c.bad(at+"/elements", "%d elements, 1 to %d allowed", len(list), most)
	}
	for i, e := range list {
		check(fmt.Sprintf("%s/elements/%d", at, i), e)
	}
}

func (c *checker) textObject(at string, t object, least, most int) {
	switch t.str("type") {
	case "plain_text":
		c.only(at, t, "text", "emoji")
	case "mrkdwn":
		c.only(at, t, "text", "verbatim")
	default:
		c.bad(at+"/type", "%q is not a text object", t.str("type"))
	}
	c.length(at+"/text", t.str("text"), least, most)
}

func (c *checker) plainText(at string, t object, most int) {
	if t.str("type") != "plain_text" {
		c.bad(at+"/type", "%q where only plain_text is allowed", t.str("type"))
	}
	c.textObject(at, t, 1, most)
}

func (c *checker) image(at string, o object) {
	c.only(at, o, "block_id", "image_url", "alt_text", "title", "slack_file")
	c.link(at+"/image_url", o.str("image_url"), maxImageURL)
	c.length(at+"/alt_text", o.str("alt_text"), 1, maxAltText)
}

// element checks what can be clicked. Of the many kinds only buttons are here.
func (c *checker) element(at string, e object) {
	if e.str("type") != "button" {
		c.bad(at+"/type", "%q is not an element that this fake knows", e.str("type"))
		return
	}
	c.only(at, e, "text", "action_id", "url", "value", "style", "confirm", "accessibility_label")
	c.plainText(at+"/text", e.object("text"), maxButtonText)
	c.unique(at+"/action_id", c.actionIDs, e.str("action_id"), maxActionID)
	if e.has("value") {
		c.length(at+"/value", e.str("value"), 1, maxButtonValue)
	}
	if e.has("url") {
		c.link(at+"/url", e.str("url"), maxButtonURL)
	}
	if s := e.str("style"); s != "" && s != "primary" && s != "danger" {
		c.bad(at+"/style", "%q is not a style", s)
	}
}
