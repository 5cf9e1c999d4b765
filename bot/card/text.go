package card

import (
	"fmt"
	"strings"
	"time"

	"tipoff/bot/alert"
)

// Age says how long before now t was, in a few words: "just now", "5 min ago",
// "3 h ago", "2 days ago", and after a week the date, "12 Feb 2024", in the zone
// of now. It is empty for the zero time. What is still to come is "just now":
// clocks differ.
func Age(t, now time.Time) string {
	if t.IsZero() {
		return ""
	}
	const day = 24 * time.Hour
	switch d := now.Sub(t); {
	case d < time.Minute:
		return "just now"
	case d < time.Hour:
		return fmt.Sprintf("%d min ago", d/time.Minute)
	case d < day:
		return fmt.Sprintf("%d h ago", d/time.Hour)
	case d < 2*day:
		return "1 day ago"
	case d < 7*day:
		return fmt.Sprintf("%d days ago", d/day)
	}
	return t.In(now.Location()).Format("2 Jan 2006")
}

// Byline is the line under the title: who says it, when, and where the link
// leads, as far as known.
func (c Card) Byline(now time.Time) string {
	parts := make([]string, 0, 3)
	host := Host(c.URL)
	for _, p := range []string{Clean(c.Source), Age(c.Time, now), host} {
		if p != "" && (p != host || len(parts) == 0 || parts[0] != host) {
			parts = append(parts, p)
		}
	}
	return strings.Join(parts, " · ")
}

// Reason is why one watch wanted the story, as plain text: its name and the
// words, "apt: i-SOON, APT41".
func Reason(watch string, terms []string) string {
	if len(terms) == 0 {
		return watch
	}
	return watch + ": " + strings.Join(terms, ", ")
}

// Text is c as a few lines of plain text, for notifications and for clients
// that show nothing else.
func Text(c Card, now time.Time) string {
	var b strings.Builder
	line := func(s string) {
		if s = strings.TrimSpace(s); s != "" {
			if b.Len() > 0 {
				b.WriteByte('\n')
			}
			b.WriteString(s)
		}
	}
	title := Clean(c.Title)
	if label := c.Label(); label != "" {
		title = label + ": " + title
	}
	if c.Severity.Rank() >= alert.High.Rank() {
		title = "[" + string(c.Severity) + "] " + title
	}
	line(title)
	line(c.Byline(now))
	line(Clean(c.Summary))
	var why []string
	for _, m := range c.Why {
		why = append(why, Clean(Reason(m.Watch, m.Terms)))
	}
	if len(why) > 0 {
		line("Why: " + strings.Join(why, "; "))
	}
	var also []string
	for _, s := range c.Also {
		also = append(also, Clean(s.Name))
	}
	if len(also) > 0 {
		line("Also reported by: " + strings.Join(also, ", "))
	}
	if link, ok := Link(c.URL); ok {
		line(link)
	}
	return b.String()
}

// PageText is p as plain text.
func PageText(p Page) string {
	var blocks []string
	block := func(lines ...string) {
		var kept []string
		for _, l := range lines {
			if l != "" {
				kept = append(kept, l)
			}
		}
		if len(kept) > 0 {
			blocks = append(blocks, strings.Join(kept, "\n"))
		}
	}
	block(Clean(p.Title), CleanLines(p.Lead))
	block(CleanCode(p.Code))
	for _, it := range p.Items {
		lines := []string{"- " + Clean(it.Title)}
		link, _ := Link(it.URL)
		for _, l := range append(strings.Split(CleanLines(it.Text), "\n"), Clean(it.Meta), link) {
			if l != "" {
				lines = append(lines, "  "+l)
			}
		}
		block(lines...)
	}
	block(CleanLines(p.Hint))
	return strings.Join(blocks, "\n\n")
}
