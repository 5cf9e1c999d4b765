package discord

import (
	"strings"
	"time"

	"github.com/bwmarrin/discordgo"

	"tipoff/bot/alert"
	"tipoff/bot/card"
	"tipoff/sources/story"
)

// message is what is sent to Discord. discordgo's own type knows no nonce.
type message struct {
	Content    string                       `json:"content"`
	Embeds     []*discordgo.MessageEmbed    `json:"embeds"`
	Components []discordgo.MessageComponent `json:"components"`
	// AllowedMentions is never nil: without it Discord would ping whoever the
	// text mentions.
	AllowedMentions *discordgo.MessageAllowedMentions `json:"allowed_mentions"`
	Flags           discordgo.MessageFlags            `json:"flags,omitempty"`
	Nonce           string                            `json:"nonce,omitempty"`
	EnforceNonce    bool                              `json:"enforce_nonce,omitempty"`
}

func nobody() *discordgo.MessageAllowedMentions {
	return &discordgo.MessageAllowedMentions{Parse: []discordgo.AllowedMentionType{}}
}

// Sizes of a card's parts, in UTF-16 code units. Together with the two fields
// they stay below maxAllEmbeds by construction.
const (
	summarySize = 600
	footerSize  = 300
)

var severityColour = map[alert.Severity]int{
	alert.Low:      0x78909c,
	alert.Medium:   0xf1c40f,
	alert.High:     0xe67e22,
	alert.Critical: 0xe74c3c,
}

// renderCard draws an alert as one embed. The content holds the mentions and
// nothing else: embeds never ping, and no address stands where Discord would
// unfurl it.
func renderCard(c card.Card) *message {
	severity := c.Severity
	if severity.Rank() < 0 || severity == "" {
		severity = alert.Medium
	}
	title := card.Clean(c.Title)
	if title == "" {
		title = "(no title)"
	}
	e := &discordgo.MessageEmbed{
		Title: fit(title, maxTitle, escape),
		Color: severityColour[severity],
		Description: fit(card.Shorten(card.CleanLines(c.Summary), summarySize), maxDescription, func(s string) string {
			return bold(s, terms(c.Why))
		}),
	}
	e.URL, _ = card.Link(c.URL)
	if by := byline(c); by != "" {
		e.Author = &discordgo.MessageEmbedAuthor{Name: by}
	}
	if !c.Time.IsZero() {
		e.Timestamp = c.Time.UTC().Format(time.RFC3339)
	}
	addField(e, "Why", why(c.Why))
	addField(e, "Also reported by", also(c.Also))
	e.Footer = &discordgo.MessageEmbedFooter{Text: footer(severity, c.Channel)}

	m := &message{Embeds: []*discordgo.MessageEmbed{e}, Components: []discordgo.MessageComponent{}}
	m.Content, m.AllowedMentions = mentions(c.Mentions)
	return m
}

// byline is the source and the host that the title leads to, so that a title
// cannot pretend to lead elsewhere. Authors and footers know no markdown.
func byline(c card.Card) string {
	var parts []string
	if label := c.Label(); label != "" {
		parts = append(parts, label)
	}
	source, host := card.Clean(c.Source), card.Host(c.URL)
	if source != "" {
		parts = append(parts, card.Cut(source, 100))
	}
	if host != "" && host != source {
		parts = append(parts, card.Cut(host, 100))
	}
	return card.Cut(strings.Join(parts, " · "), maxAuthor)
}

func footer(s alert.Severity, channel string) string {
	text := "Severity " + string(s)
	if channel = card.Clean(channel); channel != "" {
		text += " · " + channel
	}
	return card.Cut(text, footerSize)
}

func addField(e *discordgo.MessageEmbed, name, value string) {
	if value != "" {
		e.Fields = append(e.Fields, &discordgo.MessageEmbedField{Name: name, Value: value})
	}
}

// terms are all words that made the story match.
func terms(why []story.Match) []string {
	var out []string
	for _, m := range why {
		out = append(out, m.Terms...)
	}
	return out[:min(len(out), 50)]
}

// why is a line for each watch: its name and the words of the story.
func why(ms []story.Match) string {
	var l list
	l.sep = "\n"
	for _, m := range ms {
		name := card.Clean(m.Watch)
		if name == "" {
			continue
		}
		line := "**" + fit(name, 120, escape) + "**"
		var words []string
		for _, t := range m.Terms {
			if t = card.Clean(t); t != "" {
				words = append(words, t)
			}
		}
		if len(words) > 0 {
			line += ": " + fit(strings.Join(words, ", "), 300, escape)
		}
		l.add(line)
	}
	return l.String()
}

// also lists the other sources, each with a link to its own telling.
func also(ss []story.Sighting) string {
	var l list
	l.sep = ", "
	for _, s := range ss {
		name := card.Clean(s.Name)
		if name == "" {
			continue
		}
		entry := fit(name, 120, linkText)
		if link, ok := card.Link(s.URL); ok && len(link) <= 400 {
			entry = "[" + entry + "](" + link + ")"
		}
		l.add(entry)
	}
	return l.String()
}

// list joins as many entries as one field takes, and counts the rest.
type list struct {
	sep  string
	text string
	more int
}

const moreSize = 24 // room for "and 1234567 more" with its separator

func (l *list) add(entry string) {
	next := entry
	if l.text != "" {
		next = l.text + l.sep + entry
	}
	if l.more > 0 || card.Len(next) > maxFieldValue-moreSize {
		l.more++
		return
	}
	l.text = next
}

func (l *list) String() string {
	if l.more == 0 {
		return l.text
	}
	return l.text + l.sep + andMore(l.more)
}

// mentions are the content that pings exactly those named, and the permission
// to do so. Mentions of another platform are skipped.
func mentions(ms []string) (string, *discordgo.MessageAllowedMentions) {
	allowed := nobody()
	var parts []string
	seen := map[string]bool{}
	everyone := func(text string) string {
		if len(allowed.Parse) == 0 {
			allowed.Parse = append(allowed.Parse, discordgo.AllowedMentionTypeEveryone)
		}
		return text
	}
	for _, m := range ms {
		if seen[m] || len(parts) == maxMentions || alert.ValidMention(m) != nil {
			continue
		}
		seen[m] = true
		id, ours := strings.CutPrefix(m, "discord:")
		role, isRole := strings.CutPrefix(id, "&")
		switch {
		case m == "here":
			parts = append(parts, everyone("@here"))
		case m == "channel":
			parts = append(parts, everyone("@everyone"))
		case ours && isRole:
			allowed.Roles = append(allowed.Roles, role)
			parts = append(parts, "<@&"+role+">")
		case ours:
			allowed.Users = append(allowed.Users, id)
			parts = append(parts, "<@"+id+">")
		}
	}
	return strings.Join(parts, " "), allowed
}
