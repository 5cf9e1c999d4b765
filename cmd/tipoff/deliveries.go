package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"tipoff/bot"
	"tipoff/bot/alert"
	"tipoff/bot/card"
	"tipoff/bot/deliver"
	"tipoff/bot/store"
)

// shownDeliveries is how many deliveries of a state are looked at.
const shownDeliveries = 1000

func (p *program) deliveriesCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "deliveries",
		Short: "What waits to be sent, and what was given up",
		Args:  cobra.NoArgs,
		RunE:  func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	list := &cobra.Command{
		Use:   "list",
		Short: "List the deliveries that wait or were given up, with the reason",
		Long: `List the deliveries that wait or were given up, with the reason. Their states are
sending, waiting, parked (until a person has mended something, which the reason
says), down (until the platform works again) and dead (given up).`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) (err error) {
			archive, _, err := p.archive(cmd.Context())
			if err != nil {
				return err
			}
			defer func() { err = errors.Join(err, archive.Close()) }()
			var all []store.DeliveryStatus
			for _, state := range []string{"dead", string(deliver.Parked), string(deliver.Down), "sending", "waiting"} {
				some, err := archive.Deliveries(cmd.Context(), state, shownDeliveries)
				if err != nil {
					return err
				}
				all = append(all, some...)
			}
			if p.asJSON {
				for _, d := range all {
					if err := json.NewEncoder(p.out).Encode(d); err != nil {
						return err
					}
				}
				return nil
			}
			troubles, err := archive.Troubles(cmd.Context())
			if err != nil {
				return err
			}
			fmt.Fprint(p.out, p.terminal().Page(deliveriesPage(all, troubles, time.Now())))
			return nil
		},
	}
	list.Flags().BoolVar(&p.asJSON, "json", false, "print one JSON object a line")
	cmd.AddCommand(list, p.deliveriesRetry())
	return cmd
}

// deliveriesPage says first which targets are in trouble, and then lists what is
// not sent.
func deliveriesPage(all []store.DeliveryStatus, troubles []deliver.Trouble, now time.Time) card.Page {
	page := card.Page{Tone: card.Good, Title: count(len(all), "delivery", "deliveries") + " not sent"}
	var lead []string
	for _, t := range troubles {
		page.Tone = card.Bad
		line := fmt.Sprintf("%s: %s %s, %s", targetName(t), t.State, card.Age(t.Since, now), count(t.Waiting, "delivery waits", "deliveries wait"))
		if t.Next.After(now) {
			line += ", tried next at " + t.Next.Local().Format("15:04:05")
		}
		lead = append(lead, line+": "+t.Reason)
	}
	page.Lead = strings.Join(lead, "\n")
	dead := false
	for _, d := range all {
		dead = dead || d.State == "dead"
		item := card.Item{
			Title: d.Title, Text: d.Error,
			Meta: fmt.Sprintf("%s · %s to %s · %s · %s", d.State, d.Channel, d.Target,
				count(d.Attempts, "attempt", "attempts"), card.Age(d.Updated, now)),
		}
		if d.State == string(deliver.Parked) || d.State == string(deliver.Down) {
			item.Text = "" // said above, once
		}
		if item.Text != "" {
			page.Tone = card.Bad
		}
		page.Items = append(page.Items, item)
	}
	switch {
	case dead:
		page.Hint = "`tipoff deliveries retry` sends again what was given up."
	case len(troubles) > 0:
		page.Hint = "`tipoff deliveries retry` tries at once what is tried later."
	}
	return page
}

// targetName is a target in trouble for people, or its platform.
func targetName(t deliver.Trouble) string {
	if t.Of.Address == "" {
		return "all of " + string(t.Of.Kind)
	}
	if len(t.Channels) == 0 {
		return t.Of.Redacted()
	}
	return strings.Join(t.Channels, ", ") + " on " + t.Of.Redacted()
}

func (p *program) deliveriesRetry() *cobra.Command {
	var channel string
	cmd := &cobra.Command{
		Use:   "retry [ID...]",
		Short: "Send again what was given up: all of it, a channel's, or single deliveries",
		Long: `Send again what was given up: all of it, a channel's, or the deliveries whose ids
` + "`tipoff deliveries list --json`" + ` shows. Without ids, what is parked or down is tried at
once too. A tipoff that is running on the store sends them within seconds, else
the next that is started. Slack and Discord are asked first whether they have a
message already.`,
		Args: cobra.ArbitraryArgs,
		RunE: func(cmd *cobra.Command, ids []string) error {
			cfg, err := p.load()
			if err != nil {
				return err
			}
			if channel != "" && !slices.ContainsFunc(cfg.Channels, func(c alert.Channel) bool { return c.Name == channel }) {
				return usage("--channel %q is not a channel of %s", channel, p.configFile)
			}
			r, err := bot.RetryDeliveries(cmd.Context(), cfg, ids, channel, byCommandLine)
			switch {
			case errors.Is(err, store.ErrNotFound):
				return usage("%w; `tipoff deliveries list --json` shows them", err)
			case err != nil:
				return err
			case r.Again == 0 && len(r.Tried) == 0:
				fmt.Fprintln(p.out, "Nothing was given up, and nothing is parked.")
				return nil
			}
			if r.Again > 0 {
				fmt.Fprintf(p.out, "%s will be sent again.\n", count(r.Again, "delivery", "deliveries"))
			}
			for _, t := range r.Tried {
				fmt.Fprintf(p.out, "%s is tried at once: %s. If it is still so, it stays %s: %s\n",
					targetName(t), count(t.Waiting, "delivery waits", "deliveries wait"), t.State, t.Reason)
			}
			return nil
		},
	}
	cmd.Flags().StringVar(&channel, "channel", "", "only those of this `channel`")
	return cmd
}
