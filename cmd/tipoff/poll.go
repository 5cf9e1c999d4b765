package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"tipoff/bot"
)

func (p *program) pollCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "poll",
		Short: "Poll every source once, now, deliver what comes of it, and end",
		Long: `Poll every source once, whatever its schedule. A server's Retry-After and a
410 Gone are honoured all the same. Sources that fail do not make the command
fail: the summary counts them, and "tipoff sources list" says why.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) (err error) {
			app, err := p.app(cmd.Context(), bot.Options{Terminal: p.terminal(), Once: true})
			if err != nil {
				return err
			}
			defer func() { err = errors.Join(err, app.Close()) }()
			err = errors.Join(app.PollOnce(cmd.Context()), app.Stop())
			if err != nil {
				return err
			}
			t := app.Totals()
			if p.asJSON {
				return json.NewEncoder(p.out).Encode(t)
			}
			waiting := 0
			if t.Delayed > 0 {
				if waiting, err = p.waiting(cmd.Context()); err != nil {
					return err
				}
			}
			fmt.Fprintln(p.out, pollSummary(t, waiting))
			return nil
		},
	}
	cmd.Flags().BoolVar(&p.asJSON, "json", false, "print the summary as JSON")
	return cmd
}

// waiting counts the deliveries that are to be tried again.
func (p *program) waiting(ctx context.Context) (n int, err error) {
	archive, _, err := p.archive(ctx)
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, archive.Close()) }()
	all, err := archive.Deliveries(ctx, "waiting", shownDeliveries)
	return len(all), err
}

// pollSummary tells what a pass over the sources came to. Waiting is how many
// deliveries are left for another time.
func pollSummary(t bot.Totals, waiting int) string {
	s := fmt.Sprintf("Polled %s", count(t.Polled, "source", "sources"))
	if t.Unchanged > 0 {
		s += fmt.Sprintf(" (%d unchanged)", t.Unchanged)
	}
	if t.Failed > 0 {
		s += fmt.Sprintf(", %d failed (`tipoff sources list` says why)", t.Failed)
	}
	s += ".\n"
	if t.Baseline > 0 {
		s += fmt.Sprintf("%s stored as the baseline of new sources: searchable, not alerted.\n", count(t.Baseline, "story", "stories"))
	}
	s += fmt.Sprintf("%s, %d edited, %s", count(t.New, "new story", "new stories"), t.Edited, count(t.Alerts, "alert", "alerts"))
	if t.Alerts+t.Delivered+t.Delayed+t.Dead > 0 {
		s += fmt.Sprintf("; %d delivered", t.Delivered)
	}
	if waiting > 0 {
		s += fmt.Sprintf(", %d to be tried again (`tipoff deliveries list` says why)", waiting)
	}
	if t.Dead > 0 {
		s += fmt.Sprintf(", %d given up (`tipoff deliveries list` says why)", t.Dead)
	}
	return s + "."
}

func count(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}
