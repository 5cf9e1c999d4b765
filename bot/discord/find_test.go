package discord

import (
	"fmt"
	"testing"
	"time"

	"tipoff/bot/deliver"
	"tipoff/bot/discord/discordfake"
)

// Long after, when the nonce is forgotten, the history tells whether an attempt
// whose answer was lost has posted the message.
func TestSendAgainAfterALongTime(t *testing.T) {
	lost, cut := discordfake.Fault{LoseAnswer: true}, discordfake.Fault{}
	same := discordfake.Message{Embeds: []discordfake.Embed{{Title: "A title of the other's", URL: "https://news.example/i-soon?id=1"}}}
	for _, c := range []struct {
		name  string
		fault discordfake.Fault
		// between stands between the two attempts.
		between func(f *discordfake.Fake, m *deliver.Message)
		chat    int // messages of people before the lost one, and as many after it
		missing []discordfake.Permission
		want    int // messages of ours about the story
	}{
		{name: "the work was done", fault: lost, want: 1},
		{name: "the work was not done", fault: cut, want: 1},
		{name: "the headline was corrected meanwhile", fault: lost, want: 1, between: func(_ *discordfake.Fake, m *deliver.Message) {
			m.Card.Title, m.Card.Summary = "Corrected", "Quite another text"
		}},
		{name: "much was written meanwhile", fault: lost, want: 1, chat: 350},
		{name: "another bot tells the story", fault: cut, want: 1, between: func(f *discordfake.Fake, _ *deliver.Message) {
			f.PostAs(discordfake.Channel, discordfake.Poster{ID: "1999", Bot: true}, same)
		}},
		{name: "twice is better than not at all", fault: lost, want: 2, missing: []discordfake.Permission{discordfake.ReadMessageHistory}},
	} {
		t.Run(c.name, func(t *testing.T) {
			f, ctx := fake(t), testContext(t)
			f.AddChannel(discordfake.Channel, c.missing...)
			now := time.Now()
			f.SetNow(func() time.Time { return now })
			d := sender(f)
			// What went before is about the same story, and is known.
			before := alertMessage("d-0")
			last, err := d.Send(ctx, before)
			if err != nil {
				t.Fatal(err)
			}
			chat := func() {
				for n := range c.chat {
					f.PostAs(discordfake.Channel, discordfake.Poster{ID: "4001"}, discordfake.Message{Content: fmt.Sprint("chat ", n)})
				}
			}
			chat()
			c.fault.Method, c.fault.Path = "POST", "/channels/"
			f.Inject(c.fault)
			m := alertMessage("d-1")
			if _, err := d.Send(ctx, m); err == nil {
				t.Fatal("no answer was lost")
			}
			chat()
			if c.between != nil {
				c.between(f, &m)
			}
			f.SetNow(func() time.Time { return now.Add(time.Hour) })
			m.Tried, m.Last = deliver.Span{From: now, Until: now.Add(time.Minute)}, last
			id, err := d.Send(ctx, m)
			if err != nil {
				t.Fatal(err)
			}
			var ours []string
			for _, had := range f.Messages(discordfake.Channel) {
				if had.Author == nil && had.ID != last {
					ours = append(ours, had.ID)
				}
			}
			if len(ours) != c.want || ours[len(ours)-1] != id {
				t.Errorf("messages %v, want %d, and the receipt %s of the last", ours, c.want, id)
			}
		})
	}
}
