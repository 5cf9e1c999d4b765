package filters

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"
	"unicode/utf8"

	"github.com/agnivade/levenshtein"

	"tipoff/filters/entity/actor"
	"tipoff/filters/entity/country"
	"tipoff/filters/entity/cve"
	"tipoff/filters/entity/malware"
	"tipoff/filters/entity/names"
	"tipoff/filters/pack"
	"tipoff/filters/query"
	"tipoff/sources/story"
)

// Lexicon is what names in a query mean: which actors there are, and which
// sets. It is safe for concurrent use. Nil and the zero Lexicon have what the
// program ships with; a Lexicon must not be copied.
type Lexicon struct {
	actors *actor.Table
	own    map[string]string // queries of the config's sets

	facts atomic.Pointer[Facts]

	mu     sync.Mutex
	topics map[string]*topic
}

// Facts is what catalogues say of vulnerabilities. Fact takes an id in the form
// of [story.CVE] and is false for one of which nothing is known. It is safe for
// concurrent use.
type Facts interface {
	Fact(id string) (story.CVE, bool)
}

// SetFacts gives the numbers of vulnerabilities to compare with cvss, epss, kev
// and severity, beside those that a story came with. They count for the filters
// that were compiled already, too.
func (l *Lexicon) SetFacts(f Facts) { l.facts.Store(&f) }

// know adds to a vulnerability what the catalogues say of it. What the story
// says itself comes first.
func (l *Lexicon) know(v story.CVE) story.CVE {
	if l == nil {
		return v
	}
	facts := l.facts.Load()
	if facts == nil {
		return v
	}
	known, ok := (*facts).Fact(v.ID)
	if !ok {
		return v
	}
	v.KEV = v.KEV || known.KEV
	if v.CVSS == 0 {
		v.CVSS = known.CVSS
	}
	if v.EPSS == 0 {
		v.EPSS = known.EPSS
	}
	return v
}

// shipped is the lexicon of those who bring none.
var shipped Lexicon

// SetError says which set cannot be read. What is wrong with its query, an
// error of package query mostly, is inside.
type SetError struct {
	Name string // as it was given
	Err  error
	// BadName says that it is the name that is wrong.
	BadName bool
}

func (e *SetError) Error() string { return fmt.Sprintf("set %s: %v", e.Name, e.Err) }

// Unwrap returns what is wrong with the query.
func (e *SetError) Unwrap() error { return e.Err }

// NewLexicon returns a lexicon with a table of actors, nil for the one that the
// program ships with, and further sets: queries by their names. A set that has
// the name of a topic pack extends the pack. The error is a [*SetError].
func NewLexicon(actors *actor.Table, sets map[string]string) (*Lexicon, error) {
	l := &Lexicon{actors: actors, own: make(map[string]string)}
	written := make(map[string]string)
	for name, q := range sets {
		if setName(name) == "" {
			return nil, &SetError{Name: name, BadName: true, Err: fmt.Errorf("a set's name has letters, digits and hyphens, such as china or our-products")}
		}
		l.own[setName(name)] = q
		written[setName(name)] = name
	}
	for _, name := range slices.Sorted(maps.Keys(l.own)) {
		if _, err := l.topic(name, nil); err != nil {
			if wrong, ok := errors.AsType[*SetError](err); ok {
				wrong.Name = cmp.Or(written[wrong.Name], wrong.Name)
			}
			return nil, err
		}
	}
	return l, nil
}

// setName is the name of a set as it is compared, or "" for one that is none.
func setName(s string) string {
	s = strings.ToLower(strings.ReplaceAll(strings.TrimSpace(s), " ", "-"))
	if strings.Trim(s, "abcdefghijklmnopqrstuvwxyz0123456789-") != "" || strings.Trim(s, "-") == "" {
		return ""
	}
	return s
}

// orShipped is the lexicon, or the shipped one for nil.
func (l *Lexicon) orShipped() *Lexicon {
	if l == nil {
		return &shipped
	}
	return l
}

// Sets lists the names of the sets, sorted.
func (l *Lexicon) Sets() []string {
	l = l.orShipped()
	all := pack.Names()
	for name := range l.own {
		if !slices.Contains(all, name) {
			all = append(all, name)
		}
	}
	slices.Sort(all)
	return all
}

// Actors is the table of actors.
func (l *Lexicon) Actors() *actor.Table {
	if l == nil || l.actors == nil {
		return actor.Builtin()
	}
	return l.actors
}

// Compile reads the query of a watch. The error is always a [*query.Error].
func (l *Lexicon) Compile(q string) (*Filter, error) { return l.compile(q, time.Time{}, nil) }

// CompileSearch reads the query of a search, which may say since: and before:.
// Ages count back from now. The error is always a [*query.Error].
func (l *Lexicon) CompileSearch(q string, now time.Time) (*Filter, error) {
	return l.compile(q, now, nil)
}

// Compile is [Lexicon.Compile] of the lexicon that the program ships with.
func Compile(q string) (*Filter, error) { return shipped.Compile(q) }

// CompileSearch is [Lexicon.CompileSearch] of the lexicon that the program
// ships with.
func CompileSearch(q string, now time.Time) (*Filter, error) { return shipped.CompileSearch(q, now) }

func (l *Lexicon) compile(q string, now time.Time, path []string) (*Filter, error) {
	c := compiler{lexicon: l.orShipped(), now: now, path: path}
	tree, err := query.ParseWith(q, c.check)
	if err != nil {
		return nil, err
	}
	sorted, wrong := sortOf(tree)
	if wrong {
		return nil, misplacedSort(q)
	}
	root := c.compile(tree)
	return &Filter{text: tree.String(), root: root, program: newProgram(root), lexicon: c.lexicon, now: now, byRelevance: sorted}, nil
}

// topic returns a set. path are those that are being read. The error is a
// [*SetError]; for a name that there is not, both are nil.
func (l *Lexicon) topic(name string, path []string) (*topic, error) {
	l.mu.Lock()
	t := l.topics[name]
	l.mu.Unlock()
	if t != nil {
		return t, nil
	}
	if slices.Contains(path, name) {
		return nil, &SetError{Name: name, Err: fmt.Errorf("it uses itself, by way of %s", strings.Join(append(path, name), " -> "))}
	}
	t = &topic{name: name}
	path = append(slices.Clip(path), name)
	texts := slices.Clip(pack.Queries(name))
	if own, ok := l.own[name]; ok {
		texts = append(texts, own)
	}
	for _, q := range texts {
		f, err := l.compile(q, time.Time{}, path)
		if err != nil {
			return nil, &SetError{Name: name, Err: err}
		}
		t.filters = append(t.filters, f)
	}
	if len(t.filters) == 0 {
		return nil, nil
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.topics == nil {
		l.topics = make(map[string]*topic)
	}
	l.topics[name] = t
	return t, nil
}

// compiler makes clauses of a tree.
type compiler struct {
	lexicon *Lexicon
	now     time.Time // zero for a watch
	path    []string  // of sets
}

// check is the [query.Checker].
func (c *compiler) check(f query.Field, text string, prefix bool) (string, *query.Fault) {
	switch f {
	case query.Country:
		if code, ok := country.Lookup(text); ok {
			return strings.ToLower(code), nil
		}
		return "", unknown(text, "a country by its name or ISO code, such as china or cn", "country:", country.Names())
	case query.Actor:
		if prefix {
			return text, c.checkPrefix(text, actorNames(c.lexicon.Actors()), "the beginning of a threat actor's name")
		}
		if _, ok := c.lexicon.Actors().Lookup(text); ok {
			return text, nil
		}
		return "", unknown(text, "a threat actor by any of its names (or quotes and no field, to look for the words)", "actor:", actorNames(c.lexicon.Actors()))
	case query.Malware:
		if prefix {
			return text, c.checkPrefix(text, malwareNames(), "the beginning of a malware's name")
		}
		if _, ok := malware.Lookup(text); ok {
			return text, nil
		}
		return "", unknown(text, "a malware or tool by any of its names (or quotes and no field, to look for the words)", "malware:", malwareNames())
	case query.CVE:
		if p, ok := cve.Pattern(text); ok {
			return p, nil
		}
		return "", &query.Fault{Expected: "a CVE id, such as CVE-2024-3400 or CVE-2024-*"}
	case query.Set:
		return c.checkSet(text)
	case query.Domain:
		return checkDomain(text, prefix)
	case query.Lang:
		return checkLang(text)
	case query.Since, query.Before:
		return text, c.checkTime(f, text)
	case query.Sort:
		return c.checkSort(text)
	}
	return text, nil
}

func (c *compiler) checkPrefix(prefix string, known []string, expected string) *query.Fault {
	key := names.Key(prefix)
	if key != "" && slices.ContainsFunc(known, func(n string) bool { return strings.HasPrefix(names.Key(n), key) }) {
		return nil
	}
	return &query.Fault{Expected: expected, Found: fmt.Sprintf("%q, with which none begins", prefix)}
}

func (c *compiler) checkSet(text string) (string, *query.Fault) {
	name := setName(text)
	t, err := c.lexicon.topic(name, c.path)
	if err != nil {
		return "", &query.Fault{Expected: "a set that can be read", Found: err.Error()}
	}
	if t == nil {
		return "", unknown(text, "one of the sets "+strings.Join(c.lexicon.Sets(), ", "), "set:", c.lexicon.Sets())
	}
	return name, nil
}

func (c *compiler) checkTime(f query.Field, text string) *query.Fault {
	if c.now.IsZero() {
		return &query.Fault{Expected: "a query for stories to come", Found: string(f) + ":, which only a search or a back-test knows"}
	}
	if _, err := when(text, c.now); err != nil {
		return &query.Fault{Expected: "a date or an age, such as 2026-11-01 or 7d", Suggest: ""}
	}
	return nil
}

// when reads a time: an age before now, or a date, with a time of the day or
// without, in UTC unless it says otherwise.
func when(s string, now time.Time) (time.Time, error) {
	if age, err := ParseAge(s); err == nil {
		return now.Add(-age), nil
	}
	for _, layout := range []string{time.DateOnly, "2006-01", "2006", time.RFC3339, "2006-01-02T15:04", "2006-01-02 15:04"} {
		if t, err := time.Parse(layout, strings.ToUpper(s)); err == nil {
			return t, nil
		}
	}
	return time.Time{}, fmt.Errorf("%q is neither a date nor an age", s)
}

// longestName is more than any name that is known has; nothing is like a longer
// one, and to find that out would take long.
const longestName = 64

// unknown is the fault of a name that is none of the known ones; it suggests
// the most like it.
func unknown(name, expected, field string, known []string) *query.Fault {
	fault := &query.Fault{Expected: expected}
	key := names.Key(name)
	if len(key) > longestName {
		return fault
	}
	least := 1 + len(key)/4
	for _, n := range known {
		if d := levenshtein.ComputeDistance(key, names.Key(n)); d <= least {
			least = d - 1
			fault.Suggest = query.Value{Field: query.Field(strings.TrimSuffix(field, ":")), Text: n}.String()
		}
	}
	return fault
}

func actorNames(t *actor.Table) (all []string) {
	for _, a := range t.All() {
		for _, alias := range a.Aliases {
			all = append(all, alias.Name)
		}
		if a.ID != "" {
			all = append(all, a.ID)
		}
	}
	return all
}

func malwareNames() (all []string) {
	for _, m := range malware.All() {
		for _, alias := range m.Aliases {
			all = append(all, alias.Name)
		}
	}
	return all
}

// checkDomain brings a host, or the beginning of one, into the form in which
// hosts are compared.
func checkDomain(text string, prefix bool) (string, *query.Fault) {
	host := strings.ToLower(strings.NewReplacer("[.]", ".", "(.)", ".", "[dot]", ".", "[", "", "]", "").Replace(text))
	_, after, isURL := strings.Cut(host, "://")
	if isURL {
		host = after
	}
	host, path, _ := strings.Cut(host, "/")
	host, _, port := strings.Cut(host, ":")
	host = strings.TrimLeft(strings.TrimPrefix(host, "*."), ".")
	// The dot of cisa.* ends a label: cisabank.example is none.
	label := prefix && strings.HasSuffix(host, ".")
	host = asciiHost(strings.TrimRight(host, "."))
	ok := host != "" && !strings.ContainsAny(host, " *?#@%\\\"'(),;<>=&")
	if prefix && !label && strings.ContainsFunc(text, func(r rune) bool { return r >= utf8.RuneSelf }) {
		return "", &query.Fault{Expected: "the whole name of a site with letters other than a to z", Found: fmt.Sprintf("the beginning %q", text)}
	}
	if label {
		host += "."
	}
	if ok && !isURL && path == "" && !port {
		return host, nil
	}
	fault := &query.Fault{Expected: "the name of a site, such as cisa.gov"}
	if ok {
		fault.Suggest = query.Value{Field: query.Domain, Text: host, Prefix: prefix}.String()
	}
	return "", fault
}

// languages are names that people write for codes.
var languages = map[string]string{
	"english": "en", "chinese": "zh", "russian": "ru", "german": "de", "french": "fr", "spanish": "es", "japanese": "ja",
	"korean": "ko", "persian": "fa", "farsi": "fa", "arabic": "ar", "italian": "it", "portuguese": "pt", "ukrainian": "uk",
	"dutch": "nl", "polish": "pl", "turkish": "tr", "hebrew": "he", "hindi": "hi",
}

// checkLang brings a language tag (BCP 47) into the form in which they are
// compared.
func checkLang(text string) (string, *query.Fault) {
	tag := strings.ToLower(strings.ReplaceAll(text, "_", "-"))
	first, _, _ := strings.Cut(tag, "-")
	letters := strings.Trim(first, "abcdefghijklmnopqrstuvwxyz") == ""
	if letters && (len(first) == 2 || len(first) == 3) && strings.Trim(tag, "abcdefghijklmnopqrstuvwxyz0123456789-") == "" {
		return tag, nil
	}
	fault := &query.Fault{Expected: "the code of a language, such as en or zh-hant"}
	if code := languages[tag]; code != "" {
		fault.Suggest = "lang:" + code
	}
	return "", fault
}
