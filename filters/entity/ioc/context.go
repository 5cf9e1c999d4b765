package ioc

import "strings"

// How far around a candidate its company is looked for: words in the same
// sentence, but no more bytes than this.
const (
	wordsBefore = 6
	wordsAfter  = 5
	reach       = 120
)

// Words that tell that a domain, URL or address nearby is an indicator.
// "Domain" and "website" are not among them: in half of their uses the next
// name is that of an owner or a victim.
var hostile = words(`c2 c2s cnc c&c c2c ioc iocs indicator indicators malicious phishing smishing typosquat typosquats typosquatted
	typosquatting lookalike look-alike beacon beacons beaconed beaconing callback callbacks exfiltrate exfiltrates exfiltrated exfiltrating
	exfiltration payload payloads dropper droppers botnet sinkhole sinkholed resolves resolved resolving
	command-and-control attacker-controlled actor-controlled attacker-owned hxxp defanged`)

// Words right before a domain that is the one imitated.
var victim = words(`impersonate impersonates impersonating impersonated spoof spoofs spoofing spoofed mimic mimics mimicking mimicked
	imitates imitating legitimate official real genuine posing pretending resembling resembles`)

// Words that tell that four numbers with dots are an address.
var addressing = words(`ip ips ipv4 ip-address address addresses c2 c2s cnc c&c c2c ioc iocs indicator indicators malicious beacon beacons
	beaconed beaconing callback callbacks exfiltrate exfiltrates exfiltrated exfiltrating payload payloads botnet sinkhole sinkholed
	resolves resolved resolving scanning scans scanned connects connected connecting communicates communicated contacted
	command-and-control attacker-controlled dns ping`)

// Words that tell that they are a version.
var versioning = words(`version versions ver v release releases released build builds update updates updated upgrade upgrades upgraded
	upgrading firmware patch patches patched fixed fix fixes hotfix before prior through up earlier later below above newer older since
	affects affecting affected vulnerable running runs oid`)

const versionWords = 3 // how near those must stand

func words(list string) map[string]bool {
	set := map[string]bool{}
	for w := range strings.FieldsSeq(list) {
		set[w] = true
	}
	return set
}

// context reports whether what stands around f.s[start:end] tells that it is
// an indicator.
func (f *finder) context(start, end int) bool {
	const imitated = 3
	good, bad, n := false, false, 0
	f.before(start, wordsBefore, func(w string) bool {
		n++
		bad = n <= imitated && victim[w]
		good = good || hostile[w]
		return !bad
	})
	if bad {
		return false
	}
	return good || f.inList(start) || f.after(end, wordsAfter, hostile)
}

// addressContext is the same for four numbers with dots.
func (f *finder) addressContext(value string, start, end int) bool {
	const versionsStartBelow = 24
	good, bad, n := false, false, 0
	f.before(start, wordsBefore, func(w string) bool {
		n++
		bad = n <= versionWords && versioning[w]
		good = good || addressing[w]
		return !bad
	})
	if bad || f.after(end, versionWords, versioning) {
		return false
	}
	if f.afterName(start) {
		return good
	}
	if first, _, _ := strings.Cut(value, "."); len(first) == 3 || len(first) == 2 && atoi(first) >= versionsStartBelow {
		return true
	}
	return good || f.inList(start) || f.after(end, wordsAfter, addressing)
}

// afterName reports whether a word with a capital stands right before start:
// the name of a product, mostly, and what follows its version.
func (f *finder) afterName(start int) bool {
	if start < 2 || f.s[start-1] != ' ' || !inContextWord(f.s[start-2]) {
		return false
	}
	i := start - 1
	for i > max(0, start-reach) && inContextWord(f.s[i-1]) {
		i--
	}
	return isCapital(f.s[i:])
}

func atoi(two string) int { return int(two[0]-'0')*10 + int(two[1]-'0') }

// inList reports whether only punctuation, or "and" or "or", stands between
// the last indicator and start.
func (f *finder) inList(start int) bool {
	const widest = 12
	if f.last < 0 || start-f.last > widest || start < f.last {
		return false
	}
	for _, w := range strings.FieldsFunc(f.s[f.last:start], func(r rune) bool { return r >= 0x80 || !isAlnum(byte(r)) }) {
		if w != "and" && w != "or" {
			return false
		}
	}
	return true
}

// before calls look with the words before start, nearest first and in lower
// case, at most limit and not beyond the sentence, until look returns false.
func (f *finder) before(start, limit int, look func(string) bool) {
	lowest := max(0, start-reach)
	for i := start; i > lowest && limit > 0; limit-- {
		to := i
		for to > lowest && !inContextWord(f.s[to-1]) {
			to--
			// A full stop before a space, unless it is the candidate's own.
			if isStop(f.s[to]) && to+1 < start && f.s[to+1] == ' ' {
				return
			}
		}
		i = to
		for i > lowest && inContextWord(f.s[i-1]) {
			i--
		}
		if i == to || !look(strings.ToLower(strings.Trim(f.s[i:to], "-&"))) {
			return
		}
	}
}

// after reports whether one of the words after end is in set.
func (f *finder) after(end, limit int, set map[string]bool) bool {
	if isStop(f.s[end-1]) {
		return false
	}
	highest := min(len(f.s), end+reach)
	for i := end; i < highest && limit > 0; limit-- {
		for i < highest && !inContextWord(f.s[i]) {
			if isStop(f.s[i]) && i+1 < len(f.s) && f.s[i+1] == ' ' {
				return false
			}
			i++
		}
		from := i
		for i < highest && inContextWord(f.s[i]) {
			i++
		}
		if set[strings.ToLower(strings.Trim(f.s[from:i], "-&"))] {
			return true
		}
	}
	return false
}

// inContextWord takes hyphens and the sign of C&C for parts of a word.
func inContextWord(b byte) bool { return isAlnum(b) || b == '-' || b == '&' }

func isStop(b byte) bool { return b == '.' || b == '!' || b == '?' }
