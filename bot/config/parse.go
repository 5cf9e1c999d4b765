package config

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"time"
	"unicode"

	"github.com/dustin/go-humanize"

	"tipoff/bot/alert"
)

// The parsers of single values. Each error says what would be right, and none
// repeats a value that may be secret.

func parseText(s string) (string, error) {
	if strings.ContainsFunc(s, unicode.IsControl) {
		return "", errors.New("line ends and control characters have no place here")
	}
	return s, nil
}

func parseName(s string) (string, error) {
	if !alert.ValidName(s) {
		return "", fmt.Errorf("%s cannot be a name; use 1 to 40 letters, digits, dots, dashes or underscores, a letter or digit first", quote(s))
	}
	return s, nil
}

func parseBool(s string) (bool, error) {
	switch s {
	case "true", "True", "TRUE":
		return true, nil
	case "false", "False", "FALSE":
		return false, nil
	}
	return false, fmt.Errorf("want true or false, found %s", quote(s))
}

// parseInt makes a parser of whole numbers between least and most.
func parseInt(least, most int) func(string) (int, error) {
	return func(s string) (int, error) {
		n, err := strconv.Atoi(s)
		if err != nil {
			return 0, fmt.Errorf("want a whole number, found %s", quote(s))
		}
		if n < least || n > most {
			return 0, fmt.Errorf("%d is out of range; want %d to %d", n, least, most)
		}
		return n, nil
	}
}

// parseDuration makes a parser of durations above zero.
func parseDuration(most time.Duration) func(string) (time.Duration, error) {
	return func(s string) (time.Duration, error) {
		d, err := time.ParseDuration(s)
		switch {
		case err != nil:
			if _, numErr := strconv.ParseFloat(s, 64); numErr == nil {
				return 0, fmt.Errorf("%s has no unit; write %ss for seconds", quote(s), s)
			}
			return 0, fmt.Errorf("%s is not a duration; write it as 20s or 1m30s", quote(s))
		case d <= 0 || d > most:
			return 0, fmt.Errorf("%s is out of range; want more than 0 and at most %s", quote(s), most)
		}
		return d, nil
	}
}

const (
	minSize = 1 << 10
	maxSize = 1 << 30
)

func parseSize(s string) (int64, error) {
	n, err := humanize.ParseBytes(s)
	if err != nil {
		return 0, fmt.Errorf("%s is not a size; write it as 8MiB or 500kB", quote(s))
	}
	if n < minSize || n > maxSize {
		return 0, fmt.Errorf("%s is out of range; want 1KiB to 1GiB", quote(s))
	}
	return int64(n), nil
}

func parseZone(s string) (*time.Location, error) {
	if s == "" || s == "Local" {
		return nil, errors.New("name the zone as the IANA does: UTC, Europe/Berlin, Asia/Taipei")
	}
	zone, err := time.LoadLocation(s)
	if err != nil {
		return nil, fmt.Errorf("%s is not an IANA time zone; write it as Europe/Berlin or Asia/Taipei", quote(s))
	}
	return zone, nil
}

var commandRE = regexp.MustCompile(`^[a-z0-9_-]{1,32}$`)

func parseCommand(s string) (string, error) {
	if !commandRE.MatchString(s) {
		return "", fmt.Errorf("%s cannot be a slash command; use up to 32 lower-case letters, digits, dashes or underscores, without the slash", quote(s))
	}
	return s, nil
}

func parseStore(s string) (string, error) {
	kind, path, _ := strings.Cut(s, ":")
	switch {
	case kind == "postgres" || kind == "postgresql":
		return parsePostgres(s)
	case kind != "sqlite":
		// What was found is not repeated: it may be an address with a password.
		return "", errors.New("want sqlite: and a path, as in sqlite:tipoff.db, or a database's address, as in postgres://user@host/database")
	case path == "" || path == ":memory:" || strings.ContainsRune(path, 0):
		return "", errors.New("sqlite: needs the path of a file, as in sqlite:tipoff.db")
	}
	return s, nil
}

func parsePostgres(s string) (string, error) {
	u, err := url.Parse(s)
	switch {
	case err != nil || u.Opaque != "" || u.Fragment != "":
		return "", errors.New("not an address; write it as postgres://user:password@host:5432/database, with what is odd in a password percent-encoded")
	case u.Hostname() == "" && u.Query().Get("host") == "":
		return "", errors.New("the address has no host; write it as postgres://user@host:5432/database")
	case strings.Trim(u.Path, "/") == "":
		return "", errors.New("the address names no database; write it as postgres://user@host:5432/database")
	}
	return s, nil
}

func parseListen(s string) (string, error) {
	if s == "" {
		return "", nil
	}
	_, port, err := net.SplitHostPort(s)
	if err != nil {
		return "", fmt.Errorf("want host:port, as in 127.0.0.1:8080, or \"\" for off; found %s", quote(s))
	}
	if n, err := strconv.Atoi(port); err != nil || n < 0 || n > 65535 {
		return "", fmt.Errorf("%s is not a port; want 0 to 65535", quote(port))
	}
	return s, nil
}

// parseURL reads an absolute http or https address without credentials, and
// remedy says where those belong.
func parseURL(remedy string) func(string) (string, error) {
	return func(s string) (string, error) {
		u, err := url.Parse(s)
		switch {
		case err != nil || strings.ContainsFunc(s, unicode.IsControl) || strings.ContainsRune(s, ' '):
			return "", errors.New("not an address; write it whole, as in https://example.org/feed.xml")
		case u.User != nil:
			return "", errors.New("an address with a user or password in it shows in logs; " + remedy)
		case u.Scheme != "http" && u.Scheme != "https":
			return "", errors.New("want an address that starts with https:// or http://")
		case u.Hostname() == "":
			return "", errors.New("the address has no host")
		}
		return s, nil
	}
}

func parseProxy(s string) (string, error) {
	u, err := url.Parse(s)
	if err != nil || u.Hostname() == "" {
		return "", errors.New("want a proxy's address, as in http://proxy.example.org:3128 or socks5://127.0.0.1:1080")
	}
	switch u.Scheme {
	case "http", "https", "socks5", "socks5h":
		return s, nil
	}
	return "", errors.New("a proxy's address starts with http://, https://, socks5:// or socks5h://")
}

func parseSecret(s string) (Secret, error) {
	if strings.ContainsFunc(s, func(r rune) bool { return unicode.IsSpace(r) || unicode.IsControl(r) }) {
		return "", errors.New("a token has no spaces and no line ends; look at how it was copied")
	}
	return Secret(s), nil
}

func parsePrefix(s string) (netip.Prefix, error) {
	if p, err := netip.ParsePrefix(s); err == nil {
		return p.Masked(), nil
	}
	if a, err := netip.ParseAddr(s); err == nil && a.Zone() == "" {
		return netip.PrefixFrom(a, a.BitLen()), nil
	}
	return netip.Prefix{}, fmt.Errorf("%s is not an address or network; write 10.0.0.7 or 10.0.0.0/8 (no host names, no ports)", quote(s))
}

// parseID makes a parser of a platform's ids, which may also be empty.
func parseID(re *regexp.Regexp, what string) func(string) (string, error) {
	return func(s string) (string, error) {
		if s != "" && !re.MatchString(s) {
			return "", fmt.Errorf("%s is not %s", quote(s), what)
		}
		return s, nil
	}
}

var (
	digitsRE       = regexp.MustCompile(`^[0-9]{1,20}$`)
	slackChannelRE = regexp.MustCompile(`^[CGD][A-Z0-9]{1,20}$`)
	publicKeyRE    = regexp.MustCompile(`^[0-9a-fA-F]{64}$`)
	managerRE      = regexp.MustCompile(`^(?:slack:[UW][A-Z0-9]{1,20}|discord:[0-9]{1,20})$`)
	slackUserRE    = regexp.MustCompile(`^[UW][A-Z0-9]{1,20}$`)
	budgetRE       = regexp.MustCompile(`^[1-9][0-9]{0,5}/[mhd]$`)
	quietRE        = regexp.MustCompile(`^(?:[01][0-9]|2[0-3]):[0-5][0-9]-(?:[01][0-9]|2[0-3]):[0-5][0-9]$`)
	headerRE       = regexp.MustCompile("^[A-Za-z0-9!#$%&'*+.^_`|~-]{1,100}$")
)

func parseManager(s string) (string, error) {
	switch {
	case managerRE.MatchString(s):
		return s, nil
	case slackUserRE.MatchString(s):
		return "slack:" + s, nil
	case digitsRE.MatchString(s):
		return "discord:" + s, nil
	}
	return "", fmt.Errorf("%s is not a user's id; write slack:U0123 or discord:2002", quote(s))
}

func parseBudget(s string) (string, error) {
	if !budgetRE.MatchString(s) {
		return "", fmt.Errorf("%s is not a budget; write 20/h, 5/m or 100/d", quote(s))
	}
	return s, nil
}

func parseQuiet(s string) (string, error) {
	if !quietRE.MatchString(s) {
		return "", fmt.Errorf("%s is not a time span; write 22:00-07:00", quote(s))
	}
	return s, nil
}

func parseBasicAuth(s string) (string, error) {
	user, _, ok := strings.Cut(s, ":")
	switch {
	case s == "":
		return "", nil
	case !ok || user == "":
		return "", errors.New("want user:password")
	case strings.ContainsFunc(s, unicode.IsControl):
		return "", errors.New("a password with a line end or control character in it; look at how it was copied")
	}
	return s, nil
}

func parseTag(s string) (string, error) {
	s = strings.TrimSpace(s)
	if s == "" || len(s) > 64 || strings.ContainsFunc(s, unicode.IsControl) {
		return "", fmt.Errorf("%s cannot be a tag; use a word or two, up to 64 characters", quote(s))
	}
	return s, nil
}

func parsePath(s string) (string, error) {
	if strings.ContainsFunc(s, unicode.IsControl) {
		return "", errors.New("a path with a control character in it")
	}
	return s, nil
}

func parseSeverity(s string) (alert.Severity, error) {
	v := alert.Severity(s)
	if s == "" || v.Rank() < 0 {
		known := make([]string, len(alert.Severities))
		for i, k := range alert.Severities {
			known[i] = string(k)
		}
		return "", fmt.Errorf("%s is not one of %s%s", quote(s), strings.Join(known, ", "), didYouMean(s, known))
	}
	return v, nil
}

func parseMention(s string) (string, error) {
	if err := alert.ValidMention(s); err != nil {
		return "", errors.New(strings.TrimPrefix(err.Error(), "mention "))
	}
	return s, nil
}
