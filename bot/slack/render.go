package slack

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/slack-go/slack"

	"tipoff/bot/alert"
	"tipoff/bot/card"
	"tipoff/sources/story"
)

// message is what a person sees: blocks, and the text that stands for them in
// notifications and where blocks cannot be shown. The text is escaped.
type message struct {
	blocks []slack.Block
	text   string
}

// Text from outside stands only where Slack parses nothing: in rich_text
// elements and in plain_text objects. There no asterisk makes it bold, no
// angle bracket makes a mention, and no address becomes a link. The two places
// that Slack does parse are the mention line and the date, which hold nothing
// but what is made here, and the fallback text, which is escaped.

var severityMark = map[alert.Severity]string{
	alert.Low:      "⚪",
	alert.Medium:   "🟡",
	alert.High:     "🟠",
	alert.Critical: "🔴",
}

// renderCard draws an alert. now is for the ages in the fallback text.
func renderCard(c card.Card, now time.Time) message {
	severity := c.Severity
	if severity.Rank() < 0 || severity == "" {
		severity = alert.Medium
	}
	pings := mentions(c.Mentions)
	var m message
	if pings != "" {
		m.blocks = append(m.blocks, slack.NewSectionBlock(mrkdwn(pings), nil, nil))
	}
	m.blocks = append(m.blocks,
		rich(slack.NewRichTextSection(titleLine(c, severity)...)),
		byline(c, severity),
	)
	var below []slack.RichTextElement
	if summary := card.Shorten(card.CleanLines(c.Summary), summarySize); summary != "" {
		below = append(below, slack.NewRichTextSection(emphasised(summary, terms(c.Why))...))
	}
	if es := why(c.Why); len(es) > 0 {
		below = append(below, slack.NewRichTextSection(es...))
	}
	if es := also(c.Also); len(es) > 0 {
		below = append(below, slack.NewRichTextSection(es...))
	}
	if len(below) > 0 {
		m.blocks = append(m.blocks, rich(below...))
	}
	m.text = escaped(card.Text(c, now), maxText-card.Len(pings)-1)
	if pings != "" {
		m.text = pings + " " + m.text
	}
	return m
}

func titleLine(c card.Card, severity alert.Severity) []slack.RichTextSectionElement {
	line := []slack.RichTextSectionElement{plain(severityMark[severity] + " ")}
	if label := c.Label(); label != "" {
		line = append(line, bold(label+": "))
	}
	title := card.Cut(card.Clean(c.Title), titleSize)
	if title == "" {
		title = "(no title)"
	}
	return append(line, linked(title, c.URL)...)
}

// linked is a title that opens its story. A title that spells out an address
// is no link when the story is elsewhere: one would click on the one and come
// to the other. Then the link stands behind it, under its own host.
func linked(title, raw string) []slack.RichTextSectionElement {
	link, ok := card.Link(raw)
	switch {
	case !ok:
		return []slack.RichTextSectionElement{bold(title)}
	case forged(title, card.Host(link)):
		return []slack.RichTextSectionElement{
			bold(title), plain(" ("), slack.NewRichTextSectionLinkElement(link, card.Host(link), nil), plain(")"),
		}
	}
	return []slack.RichTextSectionElement{
		slack.NewRichTextSectionLinkElement(link, title, &slack.RichTextSectionTextStyle{Bold: true}),
	}
}

var address = regexp.MustCompile(`(?i)(?:[a-z]://|\bwww\.)([^\s/?#]*)`)

// forged reports whether text spells out an address on another host.
func forged(text, host string) bool {
	for _, m := range address.FindAllStringSubmatch(text, -1) {
		if named := card.Host("https://" + m[1]); named != host {
			return true
		}
	}
	return false
}

// byline is the small line under the title: severity and source, when, and
// the host that the title leads to. The date is drawn by each reader's client,
// in that person's zone, so it does not grow stale as an age would.
func byline(c card.Card, severity alert.Severity) slack.Block {
	first := strings.ToUpper(string(severity[:1])) + string(severity[1:])
	source, host := card.Cut(card.Clean(c.Source), bylineSize), card.Host(c.URL)
	if source != "" {
		first += " · " + source
	}
	elements := []slack.MixedElement{plainText(first)}
	if !c.Time.IsZero() {
		elements = append(elements, mrkdwn(fmt.Sprintf("<!date^%d^{date_short_pretty} at {time}|%s>",
			c.Time.Unix(), c.Time.UTC().Format("2 Jan 2006 15:04 UTC"))))
	}
	if host != "" && host != source {
		elements = append(elements, plainText(card.Cut(host, bylineSize)))
	}
	return slack.NewContextBlock("", elements...)
}

// terms are all words that made the story match.
func terms(why []story.Match) []string {
	var all []string
	for _, m := range why {
		all = append(all, m.Terms...)
	}
	return all[:min(len(all), 50)]
}

// why names the watches, a line each, with the words of the story.
func why(ms []story.Match) []slack.RichTextSectionElement {
	var line []slack.RichTextSectionElement
	room := whySize
	for i, m := range ms {
		watch := card.Cut(card.Clean(m.Watch), 80)
		if watch == "" {
			continue
		}
		words := ""
		if all := card.Clean(strings.Join(m.Terms, ", ")); all != "" {
			words = ": " + card.Cut(all, 200)
		}
		if room -= card.Len(watch) + card.Len(words); room < 0 {
			return append(line, plain(" and "+strconv.Itoa(len(ms)-i)+" more"))
		}
		if len(line) == 0 {
			line = append(line, plain("Why: "))
		} else {
			line = append(line, plain("; "))
		}
		line = append(line, bold(watch))
		if words != "" {
			line = append(line, plain(words))
		}
	}
	return line
}

// also names the other sources, the first few with links to their telling.
func also(ss []story.Sighting) []slack.RichTextSectionElement {
	var line []slack.RichTextSectionElement
	room, links := alsoSize, 0
	for i, s := range ss {
		name := card.Cut(card.Clean(s.Name), 80)
		if name == "" {
			continue
		}
		if room -= card.Len(name); room < 0 {
			return append(line, plain(" and "+strconv.Itoa(len(ss)-i)+" more"))
		}
		if len(line) == 0 {
			line = append(line, plain("Also reported by: "))
		} else {
			line = append(line, plain(", "))
		}
		link, ok := card.Link(s.URL)
		if ok && links < alsoLinks && len(link) <= 300 && !forged(name, card.Host(link)) {
			links++
			line = append(line, slack.NewRichTextSectionLinkElement(link, name, nil))
		} else {
			line = append(line, plain(name))
		}
	}
	return line
}

var slackID = regexp.MustCompile(`^slack:([USW][A-Z0-9]{2,20})$`)

// mentions are the control sequences that ping exactly those named; names of
// another platform are skipped.
// https://docs.slack.dev/messaging/formatting-message-text#mentions
func mentions(names []string) string {
	var line string
	seen := map[string]bool{}
	for _, name := range names {
		if seen[name] {
			continue
		}
		seen[name] = true
		var ping string
		switch id := slackID.FindStringSubmatch(name); {
		case name == "here":
			ping = "<!here>"
		case name == "channel":
			ping = "<!channel>"
		case id == nil:
			continue
		case id[1][0] == 'S':
			ping = "<!subteam^" + id[1] + ">"
		default:
			ping = "<@" + id[1] + ">"
		}
		// A section has room for some eighty; an alert needs a handful.
		if len(line)+len(ping) > maxSection/2 {
			break
		}
		line = strings.TrimSpace(line + " " + ping)
	}
	return line
}

var escaper = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;")

// escaped makes s stand for itself where Slack parses, at most limit code
// units long. Those three characters are all that Slack wants escaped.
// https://docs.slack.dev/messaging/formatting-message-text#escaping
func escaped(s string, limit int) string {
	for n := limit; n > 0; {
		out := escaper.Replace(card.Cut(s, n))
		over := card.Len(out) - limit
		if over <= 0 {
			return out
		}
		// Escaping makes a character at most five, so this never takes away
		// much more than is needed.
		n = min(n, card.Len(s)) - max(1, over/5)
	}
	return ""
}

func rich(elements ...slack.RichTextElement) slack.Block {
	return slack.NewRichTextBlock("", elements...)
}

func plain(s string) *slack.RichTextSectionTextElement {
	return slack.NewRichTextSectionTextElement(s, nil)
}

func bold(s string) *slack.RichTextSectionTextElement {
	return slack.NewRichTextSectionTextElement(s, &slack.RichTextSectionTextStyle{Bold: true})
}

// emphasised is s with the words of marks in bold. Each change costs far more
// room in the message than its letters, so there is an end to them.
func emphasised(s string, marks []string) []slack.RichTextSectionElement {
	const most = 20
	var line []slack.RichTextSectionElement
	rest := s
	for _, span := range card.Emphasise(s, marks) {
		if len(line) == 2*most {
			break
		}
		if span.Mark {
			line = append(line, bold(span.Text))
		} else {
			line = append(line, plain(span.Text))
		}
		rest = rest[len(span.Text):]
	}
	if rest != "" {
		line = append(line, plain(rest))
	}
	return line
}

// plainText is a text object that Slack does not parse, for where rich text is
// not allowed.
func plainText(s string) *slack.TextBlockObject {
	return slack.NewTextBlockObject(slack.PlainTextType, card.Cut(s, maxContextText), false, false)
}

// mrkdwn is a text object that Slack parses for control sequences, but not for
// names and addresses. Only for text that is made here.
func mrkdwn(s string) *slack.TextBlockObject {
	return slack.NewTextBlockObject(slack.MarkdownType, s, false, true)
}
