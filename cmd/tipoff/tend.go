package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"runtime"
	"time"

	"github.com/dustin/go-humanize"
	"github.com/spf13/cobra"

	"tipoff/bot"
	"tipoff/bot/check"
	"tipoff/bot/config"
)

func (p *program) checkCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "check",
		Short: "Check the config, offline; every finding says how to mend it",
		Long: `Check the config, without asking any platform or feed; every finding says how to
mend it. Where there is a store, the channels and platforms come first that get
nothing for now.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			cfg, err := p.load()
			if err != nil {
				return err
			}
			findings := append(stored(cmd.Context(), cfg), check.Offline(cfg)...)
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

// patience is how long `tipoff check` waits for a database server.
const patience = 5 * time.Second

// stored is what the store tells that is amiss. A store that is not there yet is
// none.
func stored(ctx context.Context, cfg *config.Config) []check.Finding {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	archive, err := bot.ReadStore(ctx, cfg)
	if errors.Is(err, bot.ErrNoArchive) {
		return nil
	}
	if err != nil {
		return []check.Finding{check.Unread(err)}
	}
	troubles, err := archive.Troubles(ctx)
	if err = errors.Join(err, archive.Close()); err != nil {
		return []check.Finding{check.Unread(err)}
	}
	return check.Troubles(cfg, troubles)
}

// sayEvery is how often `tipoff migrate` says how far it is.
const sayEvery = 2 * time.Second

func (p *program) migrateCommand() *cobra.Command {
	var compact bool
	cmd := &cobra.Command{
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
			var said time.Time
			s.OnReindex(func(done, all int) {
				if now := time.Now(); now.Sub(said) > sayEvery {
					said = now
					fmt.Fprintf(p.err, "making the search index again: %s of %s stories\n", humanize.Comma(int64(done)), humanize.Comma(int64(all)))
				}
			})
			n, err := s.Migrate(cmd.Context())
			if err != nil {
				return err
			}
			if n == 0 {
				fmt.Fprintf(p.out, "%s is up to date.\n", s.Name())
			} else {
				fmt.Fprintf(p.out, "%s: %s applied.\n", s.Name(), count(n, "migration", "migrations"))
			}
			if !compact {
				return nil
			}
			before, after, err := s.Rewrite(cmd.Context())
			if err != nil {
				return err
			}
			fmt.Fprintf(p.out, "%s: from %s to %s.\n", s.Name(), humanize.Bytes(uint64(before)), humanize.Bytes(uint64(after))) //nolint:gosec // sizes are not negative
			return nil
		},
	}
	cmd.Flags().BoolVar(&compact, "compact", false, "write the file of a SQLite store anew, without the room that deleted stories left; tipoff must not run, and the disk needs room for a second file")
	return cmd
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
