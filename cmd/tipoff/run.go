package main

import (
	"errors"

	"github.com/spf13/cobra"

	"tipoff/bot"
)

func (p *program) runCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "run",
		Short: "Poll on schedule, deliver alerts, answer chat commands, until stopped",
		Long: `Poll every source on its schedule, deliver the alerts and answer chat commands.
With no chat tokens it runs all the same: alerts go to the terminal.

Stop it with Ctrl-C or SIGTERM: what is being sent is finished, what waits is
sent after the next start.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) (err error) {
			defer func() {
				if stopped(cmd.Context(), err) {
					err = nil // an end that was asked for, though it came early
				}
			}()
			app, err := p.app(cmd.Context(), bot.Options{Terminal: p.terminal()})
			if err != nil {
				return err
			}
			defer func() { err = errors.Join(err, app.Close()) }()
			return app.Run(cmd.Context())
		},
	}
}
