package filters

import (
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
	"unicode"

	"pgregory.net/rapid"

	"tipoff/filters/entity/actor"
	"tipoff/sources/story"
)

// What the reference is tried on: stories and queries of all constructs, from
// a vocabulary so small that they meet.

// spellings are ways to write a word.
var spellings = map[string][]string{
	"china":       {"china", "China", "CHINA", "chi\u00adna", "Chin\u0430", "China’s", "ＣＨＩＮＡ", "china's", "\u200bChina", "chi&shy;na"},
	"chinese":     {"chinese", "Chinese"},
	"volt":        {"volt", "Volt", "vólt"},
	"typhoon":     {"typhoon", "TYPHOON", "typhoo\u0301n"},
	"zero":        {"zero", "Zero", "z&eacute;ro"},
	"day":         {"day", "Day", "day’s"},
	"apt4":        {"apt4", "APT4"},
	"apt41":       {"apt41", "APT41"},
	"cafe":        {"cafe", "café", "CAFE\u0301"},
	"中":           {"中"},
	"国":           {"国"},
	"москва":      {"москва", "МОСКВА"},
	"s":           {"s", "S"},
	"strasse":     {"straße", "STRASSE"},
	"zeroday":     {"zeroday", "ZeroDay"},
	"0":           {"0"},
	"0day":        {"0day"},
	"apt":         {"APT", "ＡＰＴ"},
	"41":          {"41"},
	"410":         {"410"},
	"e":           {"e"},
	"mail":        {"mail", "Mail"},
	"email":       {"email"},
	"us":          {"us", "US"},
	"u":           {"U"},
	"put":         {"put"},
	"in":          {"in"},
	"putin":       {"Putin"},
	"log":         {"log"},
	"4":           {"4"},
	"j":           {"J"},
	"4j":          {"4j"},
	"log4j":       {"Log4J"},
	"login":       {"login"},
	"cyber":       {"cyber"},
	"attack":      {"attack", "attack’s"},
	"cyberattack": {"cyberattack"},
}

// common words are frequent, so that what asks for two of them is true at times.
var common = []string{"apt", "41", "zero", "day", "china", "volt", "typhoon", "mail"}

var vocabulary = func() []string {
	var v []string
	for w := range spellings {
		v = append(v, w)
	}
	slices.Sort(v)
	for range 3 {
		v = append(v, common...)
	}
	return v
}()

var between = []string{" ", " ", " ", "-", "-", "‑", " — ", ", ", "/", "\n\n", "&nbsp;", "”", ": ", " -", "\u200b–\u00ad", "_"}

// Signs that leave two words of a text one compound: as a hyphen, or as a space.
const hyphens, spaces = "-|‑|\u200b–\u00ad|_|", " | — |\n\n|&nbsp;|"

// capitalsOf says of each letter of a spelling whether it is a capital.
func capitalsOf(spelling string) string {
	s := strings.NewReplacer("’s", "", "'s", "", "&shy;", "", "\u00ad", "", "\u200b", "", "\u0301", "", "&eacute;", "é", "ß", "ss").Replace(spelling)
	return strings.Map(func(r rune) rune {
		if unicode.IsUpper(r) {
			return 'U'
		}
		return 'l'
	}, s)
}

// spell draws a text that has the words.
func spell(t *rapid.T, words []string) said {
	var b strings.Builder
	text := said{words: words}
	for i, w := range words {
		if i > 0 {
			sign := rapid.SampledFrom(between).Draw(t, "between")
			if strings.HasSuffix(b.String(), "s") && strings.ContainsAny(lastWord(b.String()), "'’") {
				text.signs = append(text.signs, "'s")
			} else {
				text.signs = append(text.signs, sign)
			}
			b.WriteString(sign)
		}
		spelling := rapid.SampledFrom(spellings[w]).Draw(t, "spelling")
		b.WriteString(spelling)
		text.capitals = append(text.capitals, capitalsOf(spelling))
	}
	text.raw = b.String()
	return text
}

func lastWord(s string) string {
	if len(s) > len("x’s") {
		return s[len(s)-len("x’s"):]
	}
	return s
}

func drawWords(t *rapid.T, least, most int) []string {
	return rapid.SliceOfN(rapid.SampledFrom(vocabulary), least, most).Draw(t, "words")
}

// The actors of the tests, of whom no text speaks.
const actorTable = `Quiet Otter | IR | G9001
  Silent Otter, QO-77
Brisk Heron | KP |
  Heron Nine
Lone Stoat | | G9002
`

func testActors(t testing.TB) *actor.Table {
	t.Helper()
	actors, err := actor.Parse(actorTable)
	if err != nil {
		t.Fatal(err)
	}
	return actor.New(actors)
}

// What stories come with, and what that is.
var (
	givenActors = []struct {
		given         story.Actor
		name, country string
	}{
		{story.Actor{Name: "Quiet Otter"}, "Quiet Otter", "IR"},
		{story.Actor{Name: "qo 77"}, "Quiet Otter", "IR"},
		{story.Actor{Name: "G9001"}, "Quiet Otter", "IR"},
		{story.Actor{Name: "UNC1", Alias: "silent-otter"}, "Quiet Otter", "IR"},
		{story.Actor{Name: "BriskHeron", Country: "br"}, "Brisk Heron", "BR"},
		{story.Actor{Name: "Lone Stoat"}, "Lone Stoat", ""},
		{story.Actor{Name: "Unheard Of", Country: "IR"}, "", "IR"},
		{story.Actor{Name: "Unheard Of"}, "", ""},
	}
	givenCountries = map[string]string{"IR": "IR", "ir": "IR", "Iran": "IR", "KP": "KP", "North Korea": "KP", "Brazilian": "BR"}
	givenMalware   = map[string]string{"Emotet": "Emotet", "HEODO": "Emotet", "qakbot": "QakBot", "Pink Slip Bot": "QakBot", "Nobody Knows It": ""}
	givenCVEs      = map[string]string{
		"CVE-2024-3400": "CVE-2024-3400", "cve-2024-3400": "CVE-2024-3400", "CVE‑2023‑46805": "CVE-2023-46805",
		"CVE-2014-0160": "CVE-2014-0160", "CVE-2024-34001": "CVE-2024-34001",
	}
	hosts = []string{"cisa.gov", "www.cisa.gov", "notcisa.gov", "evil-cisa.gov", "cisabank.example", "cisa.gov.example", "volt.example", "blog.cisa.example"}
	langs = map[string]string{"": "", "en": "en", "en-US": "en-us", "zh_Hant": "zh-hant", "ZH": "zh", "eng": "eng"}
)

// now is the time of all searches.
var now = time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)

var days = []time.Time{
	{},
	now.Add(-time.Hour), now.AddDate(0, 0, -7), now.AddDate(0, 0, -7).Add(-time.Second), now.AddDate(0, 0, 1),
	time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC), time.Date(2026, 10, 31, 23, 59, 59, 0, time.UTC), time.Date(2025, 6, 1, 0, 0, 0, 0, time.UTC),
}

func pick[V any](t *rapid.T, label string, from []V) V { return rapid.SampledFrom(from).Draw(t, label) }

func pickKey(t *rapid.T, label string, from map[string]string) (key, value string) {
	var keys []string
	for k := range from {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	key = pick(t, label, keys)
	return key, from[key]
}

func drawStory(t *rapid.T) (told, *story.Story) {
	var m told
	s := &story.Story{}
	for i, text := range []*string{&s.Title, &s.Summary, &s.Content} {
		m.texts[i] = spell(t, drawWords(t, 0, 4+3*i))
		*text = m.texts[i].raw
	}
	for i := range rapid.IntRange(0, 4).Draw(t, "sources") {
		if i > 0 && rapid.IntRange(0, 2).Draw(t, "again") == 0 {
			s.Sources = append(s.Sources, pick(t, "source", s.Sources))
			continue
		}
		name := spell(t, drawWords(t, 1, 2))
		if i == 0 {
			s.Source = name.raw
		}
		if !slices.ContainsFunc(m.sources, func(n called) bool { return n.raw == name.raw }) {
			m.sources = append(m.sources, called{name.words, name.raw})
		}
		g := story.Sighting{Name: name.raw}
		if host := pick(t, "host", hosts); rapid.Bool().Draw(t, "link") {
			g.URL = "http://" + host + ":8080/?q=x"
			m.hosts = append(m.hosts, host)
		}
		s.Sources = append(s.Sources, g)
	}
	for range rapid.IntRange(0, 2).Draw(t, "tags") {
		name := spell(t, drawWords(t, 1, 2))
		m.tags = append(m.tags, called{name.words, name.raw})
		s.Tags = append(s.Tags, name.raw)
	}
	m.author = spell(t, drawWords(t, 0, 5))
	s.Author = m.author.raw
	if rapid.IntRange(0, 3).Draw(t, "url") > 0 {
		m.url = drawURL(t, &m)
		s.URL = m.url.raw
	}
	s.Lang, m.lang = pickKey(t, "lang", langs)
	s.Published, s.Seen = pick(t, "published", days), pick(t, "seen", days)
	m.time = s.Published
	if m.time.IsZero() || !s.Seen.IsZero() && s.Seen.Before(m.time) {
		m.time = s.Seen
	}
	drawGiven(t, &m, s)
	return m, s
}

// drawURL draws an address by its words.
func drawURL(t *rapid.T, m *told) said {
	host := pick(t, "host", hosts)
	m.hosts = append(m.hosts, host)
	u := said{words: []string{"https"}, signs: []string{"://"}, raw: "https://"}
	for i, w := range strings.FieldsFunc(host, func(r rune) bool { return r == '.' || r == '-' }) {
		if i > 0 {
			u.signs = append(u.signs, ".")
			if w == "cisa" && strings.Contains(host, "-cisa") {
				u.signs[len(u.signs)-1] = "-"
			}
		}
		u.words = append(u.words, w)
	}
	u.raw += host
	for i, w := range rapid.SliceOfN(rapid.SampledFrom(append([]string{"apt41", "e", "410"}, common...)), 0, 5).Draw(t, "path") {
		sign := pick(t, "sign", []string{"-", "-", "/", "_"})
		if i == 0 {
			sign = "/"
		}
		u.words, u.signs, u.raw = append(u.words, w), append(u.signs, sign), u.raw+sign+w
	}
	for i, w := range u.words {
		c := strings.Repeat("l", len(w))
		if i > 0 && letters.MatchString(w) && rapid.IntRange(0, 5).Draw(t, "loud") == 0 {
			u.raw, c = raise(u, i), strings.Repeat("U", len(w))
		}
		u.capitals = append(u.capitals, c)
	}
	return u
}

// raise returns the text with word i in capitals.
func raise(u said, i int) string {
	at := 0
	for k := range i {
		at += len(u.words[k]) + len(u.signs[k])
	}
	return u.raw[:at] + strings.ToUpper(u.words[i]) + u.raw[at+len(u.words[i]):]
}

// drawGiven draws the entities that a story comes with.
func drawGiven(t *rapid.T, m *told, s *story.Story) {
	if rapid.IntRange(0, 2).Draw(t, "given") == 0 {
		return
	}
	for range rapid.IntRange(0, 2).Draw(t, "actors") {
		a := pick(t, "actor", givenActors)
		s.Entities.Actors = append(s.Entities.Actors, a.given)
		m.actors = append(m.actors, a.name)
		if a.country != "" {
			m.countries = append(m.countries, a.country)
		}
	}
	for range rapid.IntRange(0, 1).Draw(t, "countries") {
		given, code := pickKey(t, "country", givenCountries)
		s.Entities.Countries = append(s.Entities.Countries, given)
		m.countries = append(m.countries, code)
	}
	for range rapid.IntRange(0, 2).Draw(t, "malware") {
		given, name := pickKey(t, "malware", givenMalware)
		s.Entities.Malware = append(s.Entities.Malware, given)
		m.malware = append(m.malware, name)
	}
	for range rapid.IntRange(0, 3).Draw(t, "cves") {
		given, id := pickKey(t, "cve", givenCVEs)
		v := story.CVE{
			ID: given, KEV: rapid.IntRange(0, 3).Draw(t, "kev") == 0,
			CVSS: pick(t, "cvss", []float64{0, 0.1, 3.9, 4, 6.9, 7, 8.9, 9, 10}), EPSS: pick(t, "epss", []float64{0, 0.01, 0.5, 0.97}),
		}
		s.Entities.CVEs = append(s.Entities.CVEs, v)
		v.ID = id
		m.cves = append(m.cves, v)
	}
}

// value is something to ask for in a field of values, and what it means.
type value struct {
	written string
	means   func(told) bool
}

func onHost(f func(host string) bool) func(told) bool {
	return func(m told) bool { return slices.ContainsFunc(m.hosts, f) }
}

func below(site string) func(told) bool {
	return onHost(func(h string) bool { return h == site || strings.HasSuffix(h, "."+site) })
}

func has(list func(told) []string, want ...string) func(told) bool {
	return func(m told) bool {
		return slices.ContainsFunc(list(m), func(s string) bool { return len(want) == 0 || slices.Contains(want, s) })
	}
}

func anyCVE(f func(story.CVE) bool) func(told) bool {
	return func(m told) bool { return slices.ContainsFunc(m.cves, f) }
}

func at(f func(time.Time) bool) func(told) bool { return func(m told) bool { return f(m.time) } }

func actorsOf(m told) []string    { return m.actors }
func countriesOf(m told) []string { return m.countries }
func malwareOf(m told) []string   { return m.malware }

// values are what is asked for in each field of values.
var values = map[string][]value{
	"domain": {
		{"cisa.gov", below("cisa.gov")},
		{"CISA[.]gov", below("cisa.gov")},
		{"*.cisa.gov", below("cisa.gov")},
		{"gov", below("gov")},
		{"example", below("example")},
		{"cisa", below("cisa")},
		{"www.cisa.gov", below("www.cisa.gov")},
		{"cisa*", onHost(regexp.MustCompile(`(^|\.)cisa`).MatchString)},
		{"cisa.*", onHost(regexp.MustCompile(`(^|\.)cisa\.`).MatchString)},
		{"evil*", onHost(regexp.MustCompile(`(^|\.)evil`).MatchString)},
		{"*", onHost(func(string) bool { return true })},
	},
	"lang": {
		{"en", func(m told) bool { return m.lang == "en" || m.lang == "en-us" }},
		{"en_US", func(m told) bool { return m.lang == "en-us" }},
		{"zh", func(m told) bool { return strings.HasPrefix(m.lang, "zh") }},
		{"zh-hant", func(m told) bool { return m.lang == "zh-hant" }},
		{"*", func(m told) bool { return m.lang != "" }},
	},
	"actor": {
		{`"quiet otter"`, has(actorsOf, "Quiet Otter")},
		{"silent-otter", has(actorsOf, "Quiet Otter")},
		{"QO77", has(actorsOf, "Quiet Otter")},
		{"g9001", has(actorsOf, "Quiet Otter")},
		{`"Heron Nine"`, has(actorsOf, "Brisk Heron")},
		{`"lone stoat"`, has(actorsOf, "Lone Stoat")},
		{"quiet*", has(actorsOf, "Quiet Otter")},
		{"g900*", has(actorsOf, "Quiet Otter", "Lone Stoat")},
		{`"heron n*"`, has(actorsOf, "Brisk Heron")},
		{"*", has(actorsOf)},
	},
	"country": {
		{"ir", has(countriesOf, "IR")},
		{"Iran", has(countriesOf, "IR")},
		{`"north korea"`, has(countriesOf, "KP")},
		{"BR", has(countriesOf, "BR")},
	},
	"malware": {
		{"emotet", has(malwareOf, "Emotet")},
		{"Heodo", has(malwareOf, "Emotet")},
		{"emote*", has(malwareOf, "Emotet")},
		{`"q bot"`, has(malwareOf, "QakBot")},
		{"*", has(malwareOf)},
	},
	"cve": {
		{"CVE-2024-3400", anyCVE(func(v story.CVE) bool { return v.ID == "CVE-2024-3400" })},
		{"2024-3400", anyCVE(func(v story.CVE) bool { return v.ID == "CVE-2024-3400" })},
		{"cve-2024-*", anyCVE(func(v story.CVE) bool { return strings.HasPrefix(v.ID, "CVE-2024-") })},
		{"2024-34*", anyCVE(func(v story.CVE) bool { return strings.HasPrefix(v.ID, "CVE-2024-34") })},
		{"*-0160", anyCVE(func(v story.CVE) bool { return v.ID == "CVE-2014-0160" })},
		{"*", anyCVE(func(story.CVE) bool { return true })},
	},
	"kev": {
		{"yes", anyCVE(func(v story.CVE) bool { return v.KEV })},
		{"no", func(m told) bool { return !slices.ContainsFunc(m.cves, func(v story.CVE) bool { return v.KEV }) }},
	},
	"since": {
		{"7d", at(func(t time.Time) bool { return !t.Before(now.AddDate(0, 0, -7)) })},
		{"2026-11-01", at(func(t time.Time) bool { return !t.Before(time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC)) })},
		{"2026-11", at(func(t time.Time) bool { return !t.Before(time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC)) })},
		{"2026-11-13T13:00:00+01:00", at(func(t time.Time) bool { return !t.Before(now.AddDate(0, 0, -7)) })},
	},
	"before": {
		{"1w", at(func(t time.Time) bool { return !t.IsZero() && t.Before(now.AddDate(0, 0, -7)) })},
		{"2026-11-01", at(func(t time.Time) bool { return !t.IsZero() && t.Before(time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC)) })},
		{"2026", at(func(t time.Time) bool { return !t.IsZero() && t.Before(time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)) })},
	},
}

func level(v story.CVE) int {
	n := -1
	for i, least := range []float64{0.1, 4, 7, 9} {
		if v.CVSS >= least {
			n = i
		}
	}
	if v.KEV && n < 2 {
		n = 2
	}
	return n
}

// comparisons are what is asked of numbers.
var comparisons = []value{
	{"cvss>=7", anyCVE(func(v story.CVE) bool { return v.CVSS >= 7 })},
	{"cvss > 7", anyCVE(func(v story.CVE) bool { return v.CVSS > 7 })},
	{"cvss<4", anyCVE(func(v story.CVE) bool { return v.CVSS > 0 && v.CVSS < 4 })},
	{"cvss≤4", anyCVE(func(v story.CVE) bool { return v.CVSS > 0 && v.CVSS <= 4 })},
	{"cvss=10", anyCVE(func(v story.CVE) bool { return v.CVSS == 10 })},
	{"cvss>=0", anyCVE(func(v story.CVE) bool { return v.CVSS > 0 })},
	{"epss>0.5", anyCVE(func(v story.CVE) bool { return v.EPSS > 0.5 })},
	{"epss>=0.5", anyCVE(func(v story.CVE) bool { return v.EPSS >= 0.5 })},
	{"epss<0.5", anyCVE(func(v story.CVE) bool { return v.EPSS > 0 && v.EPSS < 0.5 })},
	{"severity>=high", anyCVE(func(v story.CVE) bool { return level(v) >= 2 })},
	{"severity>medium", anyCVE(func(v story.CVE) bool { return level(v) > 1 })},
	{"severity=critical", anyCVE(func(v story.CVE) bool { return level(v) == 3 })},
	{"severity<=medium", anyCVE(func(v story.CVE) bool { return level(v) == 0 || level(v) == 1 })},
	{"severity<medium", anyCVE(func(v story.CVE) bool { return level(v) == 0 })},
	{"sources>=2", func(m told) bool { return len(m.sources) >= 2 }},
	{"sources>2", func(m told) bool { return len(m.sources) > 2 }},
	{"sources<=1", func(m told) bool { return len(m.sources) <= 1 }},
	{"sources<1", func(told) bool { return false }}, // somebody tells it
	{"sources=3", func(m told) bool { return len(m.sources) == 3 }},
}

var patterns = []string{
	`apt.?4\d`, `^chin`, `zero.day`, `\bvolt\b`, `(?-i:APT)`, `attack|mail`, `[а-я]{3}`, `caf.$`, `log4j?\s`, `\d{2,}`,
	`stra(ß|ss)e`, `中+.?国?`, `(volt|apt)[^a-z]+(typhoon|41)`, `x*`, `ty(ph)+oon$`, `K`, `/`, `(?s)day.+day`, `(?i:us)\b`, `\Alogin`,
}

var hostPatterns = []string{`^cisa\.gov$`, `cisa`, `\.example$`, `(^|\.)CISA\.`, `^(www|blog)\.`}

// world is what queries are drawn in: the sets that there are.
type world struct {
	sets map[string]asked
	// inSet says that the query is one of a set, which knows no now.
	inSet bool
}

// drawQuery draws a query. field is that of the group around.
func (w *world) drawQuery(t *rapid.T, depth int, field string) asked {
	op := "leaf"
	if depth > 0 {
		op = pick(t, "op", []string{"leaf", "and", "or", "not"})
	}
	if field == "" {
		field = pick(t, "field", []string{"", "", "", "", "", "", "title", "body", "source", "tag", "author", "url", "value", "value"})
		if field == "value" {
			field = pick(t, "values", []string{"domain", "lang", "actor", "country", "malware", "cve", "kev", "since", "before"})
			if w.inSet && (field == "since" || field == "before") {
				field = ""
			}
		}
	}
	a := asked{op: op, field: field}
	switch op {
	case "leaf":
		return w.drawLeaf(t, field)
	case "not":
		a.sub = []asked{w.drawQuery(t, depth-1, field)}
	default:
		for range rapid.IntRange(1, 3).Draw(t, "operands") {
			a.sub = append(a.sub, w.drawQuery(t, depth-1, field))
		}
	}
	return a
}

func (w *world) drawLeaf(t *rapid.T, field string) asked {
	kinds := []string{"value"}
	switch field {
	case "":
		kinds = []string{"term", "term", "exact", "near", "near", "regex", "compare", "compare"}
		if len(w.sets) > 0 {
			kinds = append(kinds, "set")
		}
	case "title", "body", "author", "url":
		kinds = []string{"term", "term", "exact", "near", "regex"}
	case "source", "tag":
		kinds = []string{"term", "term", "regex"}
	case "domain":
		kinds = []string{"value", "value", "regex"}
	}
	switch kind := pick(t, "kind", kinds); kind {
	case "near":
		return drawNear(t, field)
	case "regex":
		from := patterns
		if field == "domain" {
			from = hostPatterns
		}
		p := pick(t, "pattern", from)
		return asked{op: "regex", field: field, re: regexp.MustCompile("(?i)" + p), written: "/" + strings.ReplaceAll(p, "/", `\/`) + "/"}
	case "compare":
		c := pick(t, "comparison", comparisons)
		return asked{op: "value", means: c.means, written: c.written}
	case "value":
		v := pick(t, "value", values[field])
		return asked{op: "value", field: field, means: v.means, written: v.written}
	case "set":
		var names []string
		for n := range w.sets {
			names = append(names, n)
		}
		slices.Sort(names)
		name := pick(t, "set", names)
		written := pick(t, "written", []string{name, `"` + strings.ReplaceAll(name, "-", " ") + `"`, strings.ToUpper(name)})
		return asked{op: "set", written: "set:" + written, sub: []asked{w.sets[name]}}
	default:
		return drawTerm(t, field, drawWords(t, 0, 3), kind == "exact")
	}
}

func drawTerm(t *rapid.T, field string, words []string, exact bool) asked {
	a := asked{op: "term", field: field, words: words}
	exact = exact && len(words) > 0
	if len(a.words) == 0 || rapid.Bool().Draw(t, "prefix") {
		a.prefix = true
	}
	if a.prefix && len(a.words) > 0 {
		last := []rune(a.words[len(a.words)-1])
		a.words[len(a.words)-1] = string(last[:rapid.IntRange(1, len(last)).Draw(t, "cut")])
	}
	switch {
	case exact && a.prefix:
		a.exact = strings.Join(a.words, " ")
		if rapid.Bool().Draw(t, "loud") {
			a.exact = strings.ToUpper(a.exact)
		}
		a.capitals = capitalsOf(strings.ReplaceAll(a.exact, " ", ""))
	case exact:
		text := spell(t, a.words)
		a.exact, a.capitals = strings.ReplaceAll(text.raw, "”", " "), strings.Join(text.capitals, "")
	}
	return a
}

func drawNear(t *rapid.T, field string) asked {
	a := asked{op: "near", field: field}
	side := func() asked {
		f := field
		if f == "" {
			f = pick(t, "field of side", []string{"", "", "", "", "", "", "", "", "", "", "title", "body", "author", "url"})
		}
		words := rapid.SliceOfN(rapid.SampledFrom(common), 1, 1).Draw(t, "word")
		if rapid.IntRange(0, 3).Draw(t, "rarer") == 0 {
			words = drawWords(t, 1, 2)
		}
		return drawTerm(t, f, words, rapid.IntRange(0, 3).Draw(t, "exact") == 0)
	}
	for i := range pick(t, "sides", []int{2, 2, 2, 3}) {
		if i > 0 {
			a.within = append(a.within, pick(t, "within", []int{1, 2, 3, 5, 100}))
		}
		if rapid.IntRange(0, 2).Draw(t, "group") == 0 {
			a.sub = append(a.sub, asked{op: "or", field: field, sub: []asked{side(), side()}})
		} else {
			a.sub = append(a.sub, side())
		}
	}
	return a
}

// write draws a query that means a. field is that of the group around.
func (a asked) write(t *rapid.T, field string) string {
	leaf := a.op == "term" || a.op == "regex" || a.op == "value"
	before := ""
	if a.field != field && (leaf || rapid.Bool().Draw(t, "field of group")) {
		before = a.field + ":"
		field = a.field
	}
	switch a.op {
	case "term":
		return before + a.writeTerm(t)
	case "regex", "value", "set":
		return before + a.written
	case "near":
		var b strings.Builder
		for i, side := range a.sub {
			if i > 0 {
				b.WriteString(" NEAR/" + strconv.Itoa(a.within[i-1]) + " ")
			}
			b.WriteString(side.write(t, field))
		}
		return before + "(" + b.String() + ")"
	case "not":
		sign := rapid.SampledFrom([]string{"-", "NOT "}).Draw(t, "not")
		return before + "(" + sign + a.sub[0].write(t, field) + ")"
	}
	operator := " OR "
	if a.op == "and" {
		operator = rapid.SampledFrom([]string{" ", " AND "}).Draw(t, "and")
	}
	parts := make([]string, len(a.sub))
	for i, sub := range a.sub {
		parts[i] = sub.write(t, field)
	}
	return before + "(" + strings.Join(parts, operator) + ")"
}

func (a asked) writeTerm(t *rapid.T) string {
	star := ""
	if a.prefix {
		star = "*"
	}
	switch {
	case len(a.words) == 0:
		return star
	case a.exact != "" && len(a.words) == 1 && rapid.Bool().Draw(t, "bare"):
		return "=" + a.exact + star
	case a.exact != "":
		return `="` + a.exact + star + `"`
	case a.prefix:
		return `"` + strings.Join(a.words, " ") + star + `"`
	case len(a.words) == 1 && rapid.Bool().Draw(t, "bare"):
		return spell(t, a.words).raw
	}
	return `“` + strings.ReplaceAll(spell(t, a.words).raw, "”", " ") + `"`
}

// drawWorld draws sets, of which the second may use the first, and a lexicon
// that has them.
func drawWorld(t *rapid.T, actors *actor.Table) (*world, *Lexicon) {
	w := &world{sets: map[string]asked{}, inSet: true}
	queries := map[string]string{}
	for _, name := range []string{"our-first", "our-2nd"} {
		a := w.drawQuery(t, 2, "")
		queries[name] = a.write(t, "")
		w.sets[name] = a
	}
	w.inSet = false
	l, err := NewLexicon(actors, queries)
	if err != nil {
		t.Fatalf("%q: %v", queries, err)
	}
	return w, l
}
