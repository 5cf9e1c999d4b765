package slack

import (
	"strconv"

	"github.com/slack-go/slack"

	"tipoff/bot/card"
)

// The buttons that turn a page carry its token as their value.
const (
	actionPrev = "page_prev"
	actionNext = "page_next"
)

var toneMark = map[card.Tone]string{card.Good: "✅ ", card.Bad: "⚠️ "}

// renderPage draws the answer to a command. It pings nobody.
func renderPage(p card.Page) message {
	var m message
	room := pageSize
	add := func(b slack.Block, size int) {
		m.blocks = append(m.blocks, b)
		room -= size
	}
	if title := card.Clean(p.Title); title != "" {
		title = card.Cut(toneMark[p.Tone]+title, maxHeader)
		add(slack.NewHeaderBlock(plainText(title)), card.Len(title))
	}
	if lead := card.Cut(card.CleanLines(p.Lead), leadSize); lead != "" {
		add(rich(slack.NewRichTextSection(plain(lead))), card.Len(lead))
	}
	if code := card.Cut(card.CleanCode(p.Code), codeSize); code != "" {
		add(rich(&slack.RichTextPreformatted{
			Type: slack.RTEPreformatted, Elements: []slack.RichTextSectionElement{plain(code)},
		}), card.Len(code))
	}
	// Two blocks are kept for the hint and the buttons.
	items, left := items(p.Items, room-hintSize, maxBlocks-len(m.blocks)-2)
	m.blocks = append(m.blocks, items...)
	hint := card.CleanLines(p.Hint)
	if left > 0 {
		hint = "and " + strconv.Itoa(left) + " more, for which there is no room here. " + hint
	}
	if hint = card.Cut(hint, hintSize); hint != "" {
		m.blocks = append(m.blocks, slack.NewContextBlock("", plainText(hint)))
	}
	if len(m.blocks) == 0 {
		m.blocks = append(m.blocks, rich(slack.NewRichTextSection(plain("Nothing to show."))))
	}
	if b := turnButtons(p); b != nil {
		m.blocks = append(m.blocks, b)
	}
	// Readers of the screen get the blocks; the text is for notifications.
	if m.text = escaped(card.PageText(p), maxText/4); m.text == "" {
		m.text = "Nothing to show."
	}
	return m
}

// items draws as many entries as there is room for, and counts those left
// out. Shorter texts for all come before leaving entries out.
func items(all []card.Item, room, blocks int) (drawn []slack.Block, left int) {
	for _, size := range []int{itemSize, itemSize / 2, 0} {
		drawn = nil
		used, shown := 0, 0
		for _, it := range all {
			line, n := item(it, size)
			if used += n; used > room || len(drawn) == blocks {
				break
			}
			if len(line) > 0 {
				drawn = append(drawn, rich(slack.NewRichTextSection(line...)))
			}
			shown++
		}
		if left = len(all) - shown; left == 0 {
			break
		}
	}
	return drawn, left
}

// item is one entry, and how long it is.
func item(it card.Item, size int) (line []slack.RichTextSectionElement, n int) {
	newline := func() {
		if len(line) > 0 {
			line = append(line, plain("\n"))
		}
	}
	title := card.Cut(card.Clean(it.Title), titleSize)
	if title == "" {
		title = card.Host(it.URL)
	}
	if title != "" {
		line = append(line, linked(title, it.URL)...)
	}
	meta := card.Cut(card.Clean(it.Meta), bylineSize)
	if meta != "" {
		newline()
		line = append(line, slack.NewRichTextSectionTextElement(meta, &slack.RichTextSectionTextStyle{Italic: true}))
	}
	text := ""
	if size > 0 {
		text = card.Shorten(card.CleanLines(it.Text), size)
	}
	if text != "" {
		newline()
		line = append(line, emphasised(text, it.Marks)...)
	}
	return line, card.Len(title) + card.Len(meta) + card.Len(text)
}

// turnButtons are the buttons that lead somewhere, or nil.
func turnButtons(p card.Page) slack.Block {
	var buttons []slack.BlockElement
	button := func(action, label, token string) {
		if token != "" && len(token) <= maxButtonValue {
			buttons = append(buttons, slack.NewButtonBlockElement(action, token, plainText(label)))
		}
	}
	button(actionPrev, "◀ Previous", p.Prev)
	button(actionNext, "Next ▶", p.Next)
	if len(buttons) == 0 {
		return nil
	}
	return slack.NewActionBlock("", buttons...)
}
