package deliver

import (
	"fmt"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"tipoff/bot/alert"
	"tipoff/sources/story"
)

// keep is how long what waits for a person, or for a platform, is kept.
const keep = 7 * 24 * time.Hour

// notice words a trouble that begins, or is over, for the operations channel.
func notice(t Trouble, over bool, channel string, now time.Time) alert.Alert {
	n := alert.Alert{
		Channel: channel, Kind: alert.KindNotice, Severity: alert.High, Created: now,
		Story: story.Story{
			ID:     story.NewID("tipoff", fmt.Sprintf("delivery %s %s %v %d", t.Of, t.State, over, now.Unix()), ""),
			Source: "Tipoff", Seen: now, Title: t.title(), Summary: t.text(),
		},
	}
	if over {
		n.Severity, n.Story.Title = alert.Low, t.titleOver()
		n.Story.Summary = fmt.Sprintf("The trouble began %s. %s", t.Since.UTC().Format("2006-01-02 15:04 MST"), t.goOut())
	}
	return n
}

// name is the platform for people.
func name(k alert.Kind) string {
	switch k {
	case alert.Slack:
		return "Slack"
	case alert.Discord:
		return "Discord"
	}
	return string(k)
}

func (t Trouble) title() string {
	switch {
	case t.State == Down:
		return name(t.Of.Kind) + " does not work"
	case t.Of.Address == "":
		return name(t.Of.Kind) + " takes no alerts"
	}
	return fmt.Sprintf("%s gets no alerts on %s", t.channels(), name(t.Of.Kind))
}

func (t Trouble) titleOver() string {
	switch {
	case t.State == Down:
		return name(t.Of.Kind) + " works again"
	case t.Of.Address == "":
		return name(t.Of.Kind) + " takes alerts again"
	}
	return fmt.Sprintf("%s gets alerts on %s again", t.channels(), name(t.Of.Kind))
}

func (t Trouble) channels() string {
	if len(t.Channels) == 0 {
		return t.Of.Redacted()
	}
	return strings.Join(t.Channels, ", ")
}

// text is the reason with what to do, what waits, and how it goes on.
func (t Trouble) text() string {
	first, size := utf8.DecodeRuneInString(t.Reason)
	reason := string(unicode.ToUpper(first)) + t.Reason[size:]
	if t.State == Down {
		return fmt.Sprintf("%s. %s Nothing is lost: it is tried every %v, and what waits goes out in order, for up to %d days.",
			reason, t.wait(), t.State.Retry(), int(keep.Hours()/24))
	}
	command := "tipoff deliveries retry"
	if t.Of.Address != "" && len(t.Channels) == 1 {
		command += " --channel " + t.Channels[0]
	}
	return fmt.Sprintf("%s. %s Once that is done they go out in order: within %d minutes, or at once after `%s`. After %d days they are given up.",
		reason, t.wait(), int(t.State.Retry().Minutes()), command, int(keep.Hours()/24))
}

func (t Trouble) wait() string {
	if t.Waiting == 1 {
		return "1 alert waits."
	}
	return fmt.Sprintf("%d alerts wait.", t.Waiting)
}

// goOut says what follows from the end of the trouble.
func (t Trouble) goOut() string {
	switch t.Waiting {
	case 0:
		return "Nothing else waits."
	case 1:
		return "1 alert that waited goes out now."
	}
	return fmt.Sprintf("%d alerts that waited go out now, in order.", t.Waiting)
}
