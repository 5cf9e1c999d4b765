package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"runtime/debug"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"tipoff/bot"
	"tipoff/bot/config"
	"tipoff/bot/facts"
	"tipoff/bot/terminal"
	"tipoff/filters/query"
)

// The exit codes, as PRODUCT fixes them.
const (
	exitDone    = 0
	exitNothing = 1 // nothing found, or it failed while it ran
	exitUsage   = 2 // bad usage or config
)

// errNothing ends a command that found nothing; it prints nothing.
var errNothing = errors.New("nothing found")

// errUsage marks an error as one of usage.
type errUsage struct{ error }

func (e errUsage) Unwrap() error { return e.error }

func usage(format string, args ...any) error { return errUsage{fmt.Errorf(format, args...)} }

// program is what the commands share: streams and global flags.
type program struct {
	in       io.Reader
	out, err io.Writer

	configFile string
	logFormat  string
	logLevel   string
	asJSON     bool
}

// run is the whole command line; it returns the exit code.
func run(ctx context.Context, args []string, in io.Reader, out, errOut io.Writer) int {
	p := &program{in: in, out: out, err: errOut}
	root := p.root()
	root.SetArgs(args)
	root.SetIn(in)
	root.SetOut(out)
	root.SetErr(errOut)
	return p.exit(ctx, root.ExecuteContext(ctx))
}

// exit says what went wrong, once and for people, and gives the exit code.
func (p *program) exit(ctx context.Context, err error) int {
	var conf config.Errors
	var bad *query.Error
	var use errUsage
	switch {
	case err == nil:
		return exitDone
	case errors.Is(err, errNothing):
		return exitNothing
	case errors.Is(err, errReported):
		return exitUsage
	case errors.As(err, &conf):
		fmt.Fprintln(p.err, strings.TrimRight(conf.Detail(), "\n"))
		return exitUsage
	case errors.As(err, &bad):
		fmt.Fprintln(p.err, "tipoff:", bad)
		if strings.TrimSpace(bad.Query) != "" {
			fmt.Fprintf(p.err, "\n%s\n", indent(bad.Caret()))
		}
		return exitUsage
	case errors.As(err, &use):
		fmt.Fprintln(p.err, "tipoff:", err)
		return exitUsage
	case stopped(ctx, err):
		fmt.Fprintln(p.err, "tipoff: stopped before it was done")
		return exitNothing
	}
	fmt.Fprintln(p.err, "tipoff:", err)
	return exitNothing
}

// stopped reports whether an error is no more than what was being done when
// the program was told to end. Libraries tell it in words of their own.
func stopped(ctx context.Context, err error) bool {
	if ctx.Err() == nil || err == nil {
		return false
	}
	return errors.Is(err, context.Canceled) || strings.Contains(err.Error(), context.Canceled.Error()) || strings.Contains(err.Error(), "interrupted")
}

// errReported ends a command that has said already what was wrong.
var errReported = errors.New("reported")

func indent(s string) string {
	return "  " + strings.ReplaceAll(strings.TrimRight(s, "\n"), "\n", "\n  ")
}

func (p *program) root() *cobra.Command {
	root := &cobra.Command{
		Use:   "tipoff",
		Short: "Cyber-security news, told once: from the feeds to Slack, Discord and the terminal",
		Long: `Tipoff polls security news feeds, matches every new story against your watches
and posts one alert a story to Slack, Discord, a webhook, a file or the terminal.

Start here:
  tipoff demo            see it work, with no network and no accounts
  tipoff check           is my config.yaml right?
  tipoff run             poll, alert and answer chat commands until stopped`,
		SilenceErrors: true,
		SilenceUsage:  true,
		Args:          cobra.NoArgs,
		RunE:          func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	root.SuggestionsMinimumDistance = 2
	root.PersistentFlags().StringVar(&p.configFile, "config", "config.yaml", "the configuration `file`")
	root.PersistentFlags().StringVar(&p.logFormat, "log-format", "text", "how to log to stderr: text or json")
	root.PersistentFlags().StringVar(&p.logLevel, "log-level", "info", "least level to log: debug, info, warn or error")
	root.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error {
		if strings.HasPrefix(err.Error(), "unknown shorthand flag") && strings.Contains(cmd.Use, "QUERY") {
			return usage("%w; a query that begins with a minus goes after --, as in `%s -- -word` (see `%s --help`)", err, cmd.CommandPath(), cmd.CommandPath())
		}
		return usage("%w (see `%s --help`)", err, cmd.CommandPath())
	})
	root.PersistentPreRunE = func(*cobra.Command, []string) error {
		_, err := p.logger()
		return err
	}
	root.AddGroup(&cobra.Group{ID: "run", Title: "Run:"}, &cobra.Group{ID: "ask", Title: "Ask:"}, &cobra.Group{ID: "tend", Title: "Look after:"})
	add := func(group string, cmds ...*cobra.Command) {
		for _, c := range cmds {
			c.GroupID = group
			root.AddCommand(c)
		}
	}
	add("run", p.runCommand(), p.demoCommand(), p.pollCommand())
	add("ask", p.searchCommand(), p.matchCommand(), p.analyzeCommand(), p.watchesCommand(), p.sourcesCommand())
	add("tend", p.checkCommand(), p.migrateCommand(), p.importCommand(), p.exportCommand(), p.backupCommand(), p.deliveriesCommand(), p.versionCommand())
	usageArgs(root)
	return root
}

// usageArgs makes a wrong number of arguments, or an unknown command, an error
// of usage.
func usageArgs(cmd *cobra.Command) {
	if check := cmd.Args; check != nil {
		cmd.Args = func(cmd *cobra.Command, args []string) error {
			err := check(cmd, args)
			if err == nil {
				return nil
			}
			if cmd.HasSubCommands() && len(args) > 0 {
				text := fmt.Sprintf("there is no command %q", strings.TrimSpace(cmd.CommandPath()+" "+args[0]))
				if near := cmd.SuggestionsFor(args[0]); len(near) > 0 {
					text += fmt.Sprintf("; did you mean %q?", near[0])
				}
				return usage("%s (see `%s --help`)", text, cmd.CommandPath())
			}
			_, wanted, _ := strings.Cut(cmd.Use, " ")
			switch {
			case wanted == "":
				return usage("one word too many: %q (see `%s --help`)", args[0], cmd.CommandPath())
			case len(args) == 0:
				return usage("something is missing: write `%s %s` (see `%s --help`)", cmd.CommandPath(), wanted, cmd.CommandPath())
			}
			return usage("too many words: write `%s %s` (see `%s --help`)", cmd.CommandPath(), wanted, cmd.CommandPath())
		}
	}
	for _, sub := range cmd.Commands() {
		usageArgs(sub)
	}
}

// logger logs to stderr.
func (p *program) logger() (*slog.Logger, error) {
	var level slog.Level
	if err := level.UnmarshalText([]byte(p.logLevel)); err != nil {
		return nil, usage("--log-level %q: write debug, info, warn or error", p.logLevel)
	}
	o := &slog.HandlerOptions{Level: level, ReplaceAttr: func(_ []string, a slog.Attr) slog.Attr {
		if a.Value.Kind() == slog.KindDuration {
			// In JSON it would be a number of nanoseconds.
			a.Value = slog.StringValue(a.Value.Duration().Round(time.Millisecond).String())
		}
		return a
	}}
	switch p.logFormat {
	case "text":
		return slog.New(slog.NewTextHandler(p.err, o)), nil
	case "json":
		return slog.New(slog.NewJSONHandler(p.err, o)), nil
	}
	return nil, usage("--log-format %q: write text or json", p.logFormat)
}

// load reads the config.
func (p *program) load() (*config.Config, error) {
	return config.Load(p.configFile, os.LookupEnv)
}

// terminal renders for stdout: in colour and as wide as the window, where it
// is one.
func (p *program) terminal() *terminal.Terminal {
	if f, ok := p.out.(*os.File); ok {
		return terminal.New(p.out, terminal.Detect(f, os.Environ()))
	}
	return terminal.New(p.out, terminal.Options{})
}

// app makes the program from the config, for commands that write.
func (p *program) app(ctx context.Context, o bot.Options) (*bot.App, error) {
	cfg, err := p.load()
	if err != nil {
		return nil, err
	}
	return p.appFor(ctx, cfg, o)
}

func (p *program) appFor(ctx context.Context, cfg *config.Config, o bot.Options) (*bot.App, error) {
	log, err := p.logger()
	if err != nil {
		return nil, err
	}
	for _, w := range cfg.Warnings {
		log.Warn("config", "at", fmt.Sprintf("%s:%d:%d", cfg.File, w.Line, w.Column), "key", w.Where, "note", w.Text)
	}
	o.Log, o.Version = log, version()
	return bot.New(ctx, cfg, o)
}

// archive opens the store for reading, beside a program that may be running.
func (p *program) archive(ctx context.Context) (*bot.Store, *config.Config, error) {
	cfg, err := p.load()
	if err != nil {
		return nil, nil, err
	}
	s, err := p.openArchive(ctx, cfg)
	return s, cfg, err
}

// openArchive opens the store of a config to read, and gives what is in it of
// vulnerabilities to the config's filters.
func (p *program) openArchive(ctx context.Context, cfg *config.Config) (*bot.Store, error) {
	s, err := bot.ReadStore(ctx, cfg)
	if err == nil {
		cfg.Lexicon.SetFacts(facts.Lazy(ctx, s, func(err error) { fmt.Fprintln(p.err, "tipoff:", err) }))
	}
	return s, err
}

// version is the module's version as the build recorded it.
func version() string {
	if info, ok := debug.ReadBuildInfo(); ok && info.Main.Version != "" && info.Main.Version != "(devel)" {
		return strings.TrimPrefix(info.Main.Version, "v")
	}
	return "devel"
}
