package filters

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// ParseAge reads an age such as 90m, 12h, 7d or 2w, as --since takes it: a
// whole number of minutes, hours, days or weeks, above zero and at most a
// hundred years. Days have 24 hours.
func ParseAge(s string) (time.Duration, error) {
	units := map[byte]time.Duration{'m': time.Minute, 'h': time.Hour, 'd': 24 * time.Hour, 'w': 7 * 24 * time.Hour}
	bad := fmt.Errorf("%q is not an age: write a number with m, h, d or w, such as 12h, 7d or 2w", s)
	t := strings.ToLower(strings.TrimSpace(s))
	if t == "" {
		return 0, bad
	}
	unit, ok := units[t[len(t)-1]]
	n, err := strconv.ParseUint(t[:len(t)-1], 10, 32)
	if !ok || err != nil || n == 0 {
		return 0, bad
	}
	const most = 100 * 365 * 24 * time.Hour
	if time.Duration(n) > most/unit {
		return 0, fmt.Errorf("%q is too long: a hundred years are the most", s)
	}
	return time.Duration(n) * unit, nil
}
