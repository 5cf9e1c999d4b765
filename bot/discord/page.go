package discord

import (
	"strconv"
	"strings"

	"github.com/bwmarrin/discordgo"

	"tipoff/bot/card"
)

// pagePrefix begins the custom_id of the buttons that turn a page.
const pagePrefix = "page:"

// Sizes of a page's parts, in UTF-16 code units. Title, description and hint
// together stay below maxAllEmbeds.
const (
	leadSize = 1500
	codeSize = 1000
	hintSize = 500
	metaSize = 200
)

var toneColour = map[card.Tone]int{
	card.Plain: 0x5865f2,
	card.Good:  0x2ecc71,
	card.Bad:   0xe74c3c,
}

// renderPage draws the answer to a command as one embed with buttons to turn
// it. It pings nobody.
func renderPage(p card.Page) *message {
	e := &discordgo.MessageEmbed{
		Title: fit(card.Clean(p.Title), maxTitle, escape),
		Color: toneColour[p.Tone],
	}
	var blocks []string
	room := maxDescription
	block := func(s string) {
		if s != "" {
			blocks = append(blocks, s)
			room -= card.Len(s) + len("\n\n")
		}
	}
	block(fit(card.CleanLines(p.Lead), leadSize, escape))
	block(codeBlock(p.Code, codeSize))
	block(items(p.Items, room))
	e.Description = strings.Join(blocks, "\n\n")
	if hint := card.Clean(p.Hint); hint != "" {
		e.Footer = &discordgo.MessageEmbedFooter{Text: card.Cut(hint, hintSize)}
	}
	if e.Title == "" && e.Description == "" {
		e.Description = "Nothing to show."
	}
	return &message{
		Embeds:          []*discordgo.MessageEmbed{e},
		Components:      turnButtons(p),
		AllowedMentions: nobody(),
	}
}

// items writes all entries with as much text as there is room for: shorter
// texts for all come before leaving entries out.
func items(all []card.Item, room int) string {
	var out string
	for _, text := range []int{400, 200, 0} {
		var shown int
		if out, shown = writeItems(all, room, text); shown == len(all) {
			return out
		}
	}
	return out
}

func writeItems(all []card.Item, room, text int) (string, int) {
	var b strings.Builder
	used := 0
	for i, it := range all {
		entry := item(it, text)
		if entry == "" {
			continue
		}
		if b.Len() > 0 {
			entry = "\n\n" + entry
		}
		n := card.Len(entry)
		if used+n > room-moreSize {
			if b.Len() > 0 {
				b.WriteString("\n\n")
			}
			b.WriteString(andMore(len(all) - i))
			return b.String(), i
		}
		b.WriteString(entry)
		used += n
	}
	return b.String(), len(all)
}

func andMore(n int) string { return "and " + strconv.Itoa(n) + " more" }

func item(it card.Item, text int) string {
	var lines []string
	line := func(s string) {
		if s != "" {
			lines = append(lines, s)
		}
	}
	line(itemTitle(it))
	line(fit(card.Clean(it.Meta), metaSize, escape))
	if body := card.CleanLines(it.Text); body != "" && text > 0 {
		line(fit(card.Shorten(body, text), 2*text, func(s string) string { return bold(s, it.Marks) }))
	}
	return strings.Join(lines, "\n")
}

// itemTitle is a masked link of our own making: the text cannot end it, and
// the address is percent-encoded.
func itemTitle(it card.Item) string {
	title := card.Clean(it.Title)
	link, ok := card.Link(it.URL)
	if title == "" && ok {
		title = card.Host(link)
	}
	switch {
	case title == "":
		return ""
	case ok && len(link) <= 600:
		text := fit(roundBrackets.Replace(title), maxTitle, func(s string) string { return bold(s, it.Marks) })
		return "[" + text + "](" + link + ")"
	}
	return "**" + fit(title, maxTitle, escape) + "**"
}

// turnButtons is one row with the buttons that lead somewhere, or no row. The
// empty list matters: it takes the buttons off when a page is replaced.
func turnButtons(p card.Page) []discordgo.MessageComponent {
	var row discordgo.ActionsRow
	button := func(label, token string) {
		if id := pagePrefix + token; token != "" && len(id) <= maxCustomID {
			row.Components = append(row.Components, discordgo.Button{Label: label, Style: discordgo.SecondaryButton, CustomID: id})
		}
	}
	button("Previous", p.Prev)
	if p.Next != p.Prev { // two buttons with one id would void the message
		button("Next", p.Next)
	}
	if len(row.Components) == 0 {
		return []discordgo.MessageComponent{}
	}
	return []discordgo.MessageComponent{row}
}
