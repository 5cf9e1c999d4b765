package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"runtime"
	"slices"
	"time"

	"github.com/dustin/go-humanize"
	"github.com/spf13/cobra"

	"tipoff/bot"
	"tipoff/bot/alert"
	"tipoff/bot/card"
	"tipoff/bot/check"
	"tipoff/bot/store"
)

func (p *program) checkCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "check",
		Short: "Check the config, offline; every finding says how to mend it",
		Args:  cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			cfg, err := p.load()
			if err != nil {
				return err
			}
			findings := check.Offline(cfg)
			if p.asJSON {
				for _, f := range findings {
					if err := json.NewEncoder(p.out).Encode(f); err != nil {
						return err
					}
				}
				return nil
			}
			for _, f := range findings {
				fmt.Fprintln(p.out, f)
			}
			imported := ""
			if im := cfg.Actors.Imported; im != nil {
				imported = ", " + count(len(im.Actors), "imported actor", "imported actors")
			}
			fmt.Fprintf(p.out, "%s is valid: %s, %s, %s%s.\n", p.configFile, count(len(cfg.Sources), "source", "sources"),
				count(len(cfg.Channels), "channel", "channels"), count(len(cfg.Watches), "watch", "watches"), imported)
			return nil
		},
	}
	cmd.Flags().BoolVar(&p.asJSON, "json", false, "print one JSON object a finding")
	return cmd
}

func (p *program) migrateCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "migrate",
		Short: "Bring the store to this version's schema (run and poll do so themselves)",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) (err error) {
			cfg, err := p.load()
			if err != nil {
				return err
			}
			s, err := bot.OpenStore(cmd.Context(), cfg, nil)
			if err != nil {
				return err
			}
			defer func() { err = errors.Join(err, s.Close()) }()
			n, err := s.Migrate(cmd.Context())
			if err != nil {
				return err
			}
			if n == 0 {
				fmt.Fprintf(p.out, "%s is up to date.\n", s.Name())
				return nil
			}
			fmt.Fprintf(p.out, "%s: %s applied.\n", s.Name(), count(n, "migration", "migrations"))
			return nil
		},
	}
}

func (p *program) backupCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "backup FILE",
		Short: "Write a consistent copy of the store, also while tipoff runs",
		Long: `Write a consistent copy of the store to a file that is not there, also while
tipoff runs. To go back to it, stop tipoff and put the copy in the store's place;
what was sent since then may be sent again.

Of a PostgreSQL database, pg_dump makes the copy.`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) (err error) {
			archive, _, err := p.archive(cmd.Context())
			if err != nil {
				return err
			}
			defer func() { err = errors.Join(err, archive.Close()) }()
			if err := archive.Backup(cmd.Context(), args[0]); err != nil {
				return err
			}
			info, err := os.Stat(args[0])
			if err != nil {
				return err
			}
			fmt.Fprintf(p.out, "%s: %s.\n", args[0], humanize.Bytes(uint64(info.Size()))) //nolint:gosec // a size is not negative
			return nil
		},
	}
}

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
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) (err error) {
			archive, _, err := p.archive(cmd.Context())
			if err != nil {
				return err
			}
			defer func() { err = errors.Join(err, archive.Close()) }()
			page := card.Page{Tone: card.Good}
			total := 0
			for _, state := range []string{"dead", "sending", "waiting"} {
				all, err := archive.Deliveries(cmd.Context(), state, shownDeliveries)
				if err != nil {
					return err
				}
				total += len(all)
				for _, d := range all {
					if p.asJSON {
						if err := json.NewEncoder(p.out).Encode(d); err != nil {
							return err
						}
						continue
					}
					if d.Error != "" {
						page.Tone = card.Bad
					}
					page.Items = append(page.Items, card.Item{
						Title: d.Title, Text: d.Error,
						Meta: fmt.Sprintf("%s · %s to %s · %s · %s", d.State, d.Channel, d.Target,
							count(d.Attempts, "attempt", "attempts"), card.Age(d.Updated, time.Now())),
					})
				}
			}
			if p.asJSON {
				return nil
			}
			page.Title = count(total, "delivery", "deliveries") + " not sent"
			fmt.Fprint(p.out, p.terminal().Page(page))
			return nil
		},
	}
	list.Flags().BoolVar(&p.asJSON, "json", false, "print one JSON object a line")
	cmd.AddCommand(list, p.deliveriesRetry())
	return cmd
}

func (p *program) deliveriesRetry() *cobra.Command {
	var channel string
	cmd := &cobra.Command{
		Use:   "retry [ID...]",
		Short: "Send again what was given up: all of it, a channel's, or single deliveries",
		Long: `Send again what was given up: all of it, a channel's, or the deliveries whose ids
` + "`tipoff deliveries list --json`" + ` shows. A tipoff that is running on the store sends
them within seconds, else the next that is started. Slack and Discord are asked
first whether they have a message already.`,
		Args: cobra.ArbitraryArgs,
		RunE: func(cmd *cobra.Command, ids []string) error {
			cfg, err := p.load()
			if err != nil {
				return err
			}
			if channel != "" && !slices.ContainsFunc(cfg.Channels, func(c alert.Channel) bool { return c.Name == channel }) {
				return usage("--channel %q is not a channel of %s", channel, p.configFile)
			}
			n, err := bot.RetryDeliveries(cmd.Context(), cfg, ids, channel, byCommandLine)
			switch {
			case errors.Is(err, store.ErrNotFound):
				return usage("%w; `tipoff deliveries list --json` shows them", err)
			case err != nil:
				return err
			case n == 0:
				fmt.Fprintln(p.out, "Nothing was given up.")
				return nil
			}
			fmt.Fprintf(p.out, "%s will be sent again.\n", count(n, "delivery", "deliveries"))
			return nil
		},
	}
	cmd.Flags().StringVar(&channel, "channel", "", "only those of this `channel`")
	return cmd
}

func (p *program) versionCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "version",
		Short: "Print what was built",
		Args:  cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			if p.asJSON {
				return json.NewEncoder(p.out).Encode(map[string]string{
					"version": version(), "go": runtime.Version(), "os": runtime.GOOS, "arch": runtime.GOARCH,
				})
			}
			fmt.Fprintf(p.out, "tipoff %s (%s, %s/%s)\n", version(), runtime.Version(), runtime.GOOS, runtime.GOARCH)
			return nil
		},
	}
	cmd.Flags().BoolVar(&p.asJSON, "json", false, "print JSON")
	return cmd
}
