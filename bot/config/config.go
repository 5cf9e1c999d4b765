// Package config reads config.yaml. It is strict: every key and every value is
// checked before anything starts, all mistakes are told at once, each with its
// line and column and what would be right. Secrets come from the environment
// and are never printed.
//
// It knows the form of what the other packages do and nothing of how they do
// it: no chat library, no store, no network.
package config

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/netip"
	"net/url"
	"os"
	"strings"
	"time"
	_ "time/tzdata" // zones work on machines that have no zone files

	"tipoff/bot/alert"
	"tipoff/filters"
	"tipoff/sources"
)

// What holds where the file says nothing.
const (
	DefaultStore       = "sqlite:tipoff.db"
	DefaultListen      = "127.0.0.1:8080"
	DefaultCommand     = "news"
	DefaultSchedule    = "@every 10m"
	DefaultTimeout     = 20 * time.Second
	DefaultMaxBytes    = 8 << 20
	DefaultConcurrency = 32
	DefaultPerHost     = 2
	DefaultPace        = 200 * time.Millisecond
	DefaultPatience    = time.Hour
)

// Config is a whole configuration, checked.
type Config struct {
	// File is the name that Load or Parse was given.
	File string
	// Store is "sqlite:" and a path, see [Config.SQLitePath], or the
	// postgres:// address of a database, which may hold a password; see
	// [Config.StoreName].
	Store string
	// Listen is host:port, or empty for off.
	Listen string
	// Zone is the zone of schedules and of times that people read.
	Zone *time.Location
	// Command is the slash command's name, without the slash.
	Command string
	// Operations is the channel that is told of sources in trouble, or empty.
	Operations string
	Slack      Slack
	Discord    Discord
	Fetch      Fetch
	Retention  Retention
	Actors     Actors
	// Sets are queries by the names under which others use them, as set:NAME.
	Sets map[string]string
	// Lexicon is what queries are compiled with: the actors and the sets.
	Lexicon  *filters.Lexicon
	Sources  []sources.Source
	Channels []alert.Channel
	Watches  []alert.Watch
	// Later are the keys that are read and have no effect yet, with their values:
	// "watches.china.digest".
	Later map[string]string
	// Warnings are what is allowed and yet not as the author may think, in the
	// order of the file.
	Warnings []Finding
}

// Slack is how to reach Slack. An empty BotToken means that Slack is off.
type Slack struct {
	BotToken      Secret
	AppToken      Secret
	SigningSecret Secret
	// APIURL replaces https://slack.com/api/ and ends in a slash, or is empty.
	APIURL string
}

// On reports whether there is a token to work with.
func (s Slack) On() bool { return s.BotToken != "" }

// Discord is how to reach Discord. An empty Token means that Discord is off.
type Discord struct {
	Token         Secret
	ApplicationID string
	PublicKey     string
	GuildID       string
	// APIURL replaces https://discord.com/api/v10 and ends in no slash, or is empty.
	APIURL string
}

// On reports whether there is a token to work with.
func (d Discord) On() bool { return d.Token != "" }

// Retention says how much of the archive is kept; zero is no limit.
type Retention struct {
	// Age is how old a story gets.
	Age time.Duration
	// Size is how many bytes the archive may have.
	Size int64
}

// On reports whether anything is to be deleted.
func (r Retention) On() bool { return r.Age > 0 || r.Size > 0 }

// Fetch says how sources are visited.
type Fetch struct {
	// Schedule is for sources that have none of their own.
	Schedule string
	// Timeout is for one visit, from the connection to the last byte.
	Timeout time.Duration
	// MaxBytes bounds a body after decompression.
	MaxBytes    int64
	Concurrency int
	PerHost     int
	// Pace is the least time between two requests to a host, in the long run.
	Pace time.Duration
	// Patience is the most that what a feed says of how often to come puts off
	// a poll.
	Patience time.Duration
	// UserAgent is empty for the program's own; see [Fetch.Agent].
	UserAgent string
	// Contact is an address or e-mail at which publishers reach the operator.
	Contact string
	// FullText is for the sources that do not say whether they want the text of
	// each new story's own page.
	FullText bool
	// AllowPrivate are the networks that sources may be in although they are
	// not public.
	AllowPrivate []netip.Prefix
}

// Agent is the User-Agent to send.
func (f Fetch) Agent(version string) string {
	switch {
	case f.UserAgent != "":
		return f.UserAgent
	case f.Contact != "":
		return "Tipoff/" + version + " (+" + f.Contact + ")"
	default:
		return "Tipoff/" + version
	}
}

// SQLitePath is the path of the database file.
func (c *Config) SQLitePath() string { return strings.TrimPrefix(c.Store, "sqlite:") }

// Shared reports whether the store is a database server, on which several
// replicas can run.
func (c *Config) Shared() bool { return !strings.HasPrefix(c.Store, "sqlite:") }

// StoreName is the store in a message: a path, or an address without its
// password.
func (c *Config) StoreName() string {
	if !c.Shared() {
		return c.SQLitePath()
	}
	u, err := url.Parse(c.Store)
	if err != nil {
		return "postgres"
	}
	u.RawQuery = ""
	if u.User != nil {
		u.User = url.User(u.User.Username())
	}
	return u.String()
}

// Load reads the file at path. The error, if any, is [Errors].
func Load(path string, getenv func(string) (string, bool)) (*Config, error) {
	data, err := readFile(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, Errors{{File: path, Text: "there is no such file; name one with --config"}}
	case errors.Is(err, fs.ErrPermission):
		return nil, Errors{{File: path, Text: "no permission to read the file"}}
	case err != nil:
		if pathErr, ok := errors.AsType[*fs.PathError](err); ok {
			err = pathErr.Err
		}
		return nil, Errors{{File: path, Text: fmt.Sprintf("cannot read the file: %v", err)}}
	}
	return Parse(path, data, getenv)
}

func readFile(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	// One byte more than allowed, so that Parse sees that it is too long.
	return io.ReadAll(io.LimitReader(f, maxBytes+1))
}

// Parse reads a configuration. The name stands in messages, and a file that the
// configuration names (actors.import) is looked for in the name's folder. getenv
// is [os.LookupEnv] or a stand-in. The error, if any, is [Errors].
func Parse(name string, data []byte, getenv func(string) (string, bool)) (*Config, error) {
	if len(data) > maxBytes {
		return nil, Errors{{File: name, Text: "the file is longer than 1 MiB; that is no configuration"}}
	}
	d := &decoder{file: name, getenv: getenv}
	if line, col, text := badByte(data); line > 0 {
		d.fail(line, col, "%s", text)
		return nil, d.errs
	}
	text := strings.TrimPrefix(string(data), "\ufeff")
	text = strings.ReplaceAll(text, "\r\n", "\n")
	d.lines = strings.Split(text, "\n")

	var c *Config
	if root := d.readYAML(text); root != nil {
		c = d.config(root)
		c.File = name
		c.Warnings = d.found
	}
	sortByPlace(d.errs, d.found)
	if d.more > 0 {
		last := d.errs[len(d.errs)-1]
		d.errs = append(d.errs, Error{File: name, Line: last.Line, Column: last.Column, Text: fmt.Sprintf("%d more mistakes are not shown; mend these first", d.more)})
	}
	if len(d.errs) > 0 {
		return nil, d.errs
	}
	return c, nil
}
