package kev

import (
	"bytes"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// memory is what is kept of a catalogue to tell what changed in the next one.
// As text it is a line that begins with its form's name and has the number of
// entries and the catalogue's date in seconds since 1970 (0: none), and a line
// for each entry: its CVE, its due day or "-", its use, and what it is in.
//
//	kev1 2 1756141459
//	CVE-2024-8068 2025-09-15 - Citrix Session Recording
//	CVE-2023-0669 2023-03-03 K Fortra GoAnywhere MFT
type memory struct {
	released time.Time
	entries  map[string]remembered
	order    []string // the CVEs in the order of the text
}

type remembered struct {
	due  time.Time
	use  use
	what string
}

// use is what an entry's flag of ransomware was.
type use byte

const (
	// unknown is a flag that is not set.
	unknown use = '-'
	// fromStart is one that was set when the entry was seen first.
	fromStart use = 'K'
	// later is one that was set after that, which is a story of its own: the
	// words of the addition stay, or who waits for "ransomware" is told twice.
	later use = 'L'
)

const memoryForm = "kev1"

func (m *memory) add(cve string, r remembered) {
	m.entries[cve] = r
	m.order = append(m.order, cve)
}

func newMemory(size int) *memory {
	return &memory{entries: make(map[string]remembered, size), order: make([]string, 0, size)}
}

func (m *memory) String() string {
	var b bytes.Buffer
	fmt.Fprintf(&b, "%s %d %d\n", memoryForm, len(m.order), seconds(m.released))
	for _, cve := range m.order {
		r := m.entries[cve]
		b.WriteString(strings.TrimRight(fmt.Sprintf("%s %s %c %s", cve, dayText(r.due), r.use, r.what), " "))
		b.WriteByte('\n')
	}
	return b.String()
}

// parseMemory reads what String wrote. It reports false for anything else, be
// it only cut off.
func parseMemory(s string) (*memory, bool) {
	head, rest, ok := strings.Cut(s, "\n")
	fields := strings.Split(head, " ")
	if !ok || len(fields) != 3 || fields[0] != memoryForm {
		return nil, false
	}
	count, err := strconv.Atoi(fields[1])
	// A bound before the map is made.
	if err != nil || count < 1 || count != strings.Count(rest, "\n") || !strings.HasSuffix(rest, "\n") {
		return nil, false
	}
	released, err := strconv.ParseInt(fields[2], 10, 64)
	if err != nil {
		return nil, false
	}
	m := newMemory(count)
	if released != 0 {
		m.released = time.Unix(released, 0).UTC()
	}
	for l := range strings.Lines(rest) {
		parts := strings.SplitN(strings.TrimSuffix(l, "\n"), " ", 4)
		if len(parts) < 3 || !cveID.MatchString(parts[0]) || len(parts[2]) != 1 {
			return nil, false
		}
		r := remembered{due: day(parts[1]), use: use(parts[2][0])}
		if dayText(r.due) != parts[1] || !slices.Contains([]use{unknown, fromStart, later}, r.use) {
			return nil, false
		}
		if len(parts) == 4 {
			r.what = name(parts[3], maxName)
		}
		if _, twice := m.entries[parts[0]]; twice {
			return nil, false
		}
		m.add(parts[0], r)
	}
	return m, true
}

func seconds(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.Unix()
}

func dayText(t time.Time) string {
	if t.IsZero() {
		return "-"
	}
	return t.Format(time.DateOnly)
}

// change is what happened to an entry between two visits.
type change struct {
	what changed
	// entry is as it is now; of one that was taken out, only the CVE.
	entry Entry
	old   remembered
}

type changed string

const (
	becameKnown changed = "ransomware"
	dueMoved    changed = "due"
	takenOut    changed = "removed"
)

// compare gives what changed from old, which is nil at first sight, to the
// catalogue, and what is to be remembered of it.
func compare(old *memory, c Catalog, now time.Time) (*memory, []change) {
	next := newMemory(len(c.Entries))
	// A date in the future would make all that follows look older.
	next.released = earlier(c.Released, now).Truncate(time.Second)
	var changes []change
	for _, e := range c.Entries {
		r := remembered{due: e.Due, use: unknown, what: thing(e)}
		if e.Ransomware {
			r.use = fromStart
		}
		if old != nil {
			if was, ok := old.entries[e.CVE]; ok {
				if e.Ransomware && was.use != fromStart {
					r.use = later
					if was.use == unknown {
						changes = append(changes, change{becameKnown, e, was})
					}
				}
				switch {
				case e.Due.IsZero():
					// A day that nobody can read is no news.
					r.due = was.due
				case !e.Due.Equal(was.due):
					changes = append(changes, change{dueMoved, e, was})
				}
			}
		}
		next.add(e.CVE, r)
	}
	if old == nil {
		return next, nil
	}
	var gone []string
	for _, cve := range old.order {
		if _, there := next.entries[cve]; there {
			continue
		}
		if c.unread[cve] {
			next.add(cve, old.entries[cve])
			continue
		}
		gone = append(gone, cve)
	}
	for _, cve := range gone {
		if len(gone) <= c.nameless {
			// Those without an id may be they.
			next.add(cve, old.entries[cve])
			continue
		}
		changes = append(changes, change{takenOut, Entry{CVE: cve}, old.entries[cve]})
	}
	return next, changes
}

func earlier(a, b time.Time) time.Time {
	if a.After(b) {
		return b
	}
	return a
}
