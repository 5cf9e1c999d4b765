package demo

import "tipoff/bot/alert"

// Watches are the standing questions of the demo. Each has a word with a
// second meaning, and keeps that out.
func (d *Demo) Watches() []alert.Watch {
	desk := []string{"desk"}
	return []alert.Watch{
		{
			Name: "apt", Channels: desk, Severity: alert.High, Origin: "config",
			Query: `(apt28 OR apt29 OR apt41 OR "state hacking" OR "state-backed" OR (apt (intrusion* OR espionage))) -"apt install"`,
		},
		{
			Name: "china", Channels: desk, Severity: alert.High, Origin: "config",
			Query: `(china OR chinese OR beijing OR "i-soon" OR (source:straitledger title:taipei)) -"fine china"`,
		},
		{
			Name: "sanctions", Channels: desk, Origin: "config",
			Query: `(sanction* OR ofac OR "export controls") -"court-sanctioned" -tag:sport`,
		},
		{
			Name: "ransomware", Channels: desk, Severity: alert.Critical, Origin: "config",
			Query: `(ransomware OR title:lockbit OR body:"ransom note") -tag:podcast`,
		},
	}
}

// Expected is an alert that the program should make.
type Expected struct {
	// Step is when the story becomes worth it.
	Step int
	// Title is how the story's title begins at that time.
	Title string
	// Watches are those that match, sorted.
	Watches []string
}

// Expect is every alert that the program should make while the script runs,
// in the order of the steps. Everything else is baseline, repetition, an edit
// of something alerted, or another meaning of a word.
func (d *Demo) Expect() []Expected {
	return []Expected{
		{1, "Leaked files of contractor i-SOON show Chinese state hacking from the inside", []string{"apt", "china"}},
		{1, "Treasury designates a shipping network behind a shadow fleet of tankers", []string{"sanctions"}},
		{2, "FC-2024-019: state-backed intruders hide in office routers past their end of life", []string{"apt", "china"}},
		// Known since step 1, and of interest only since it was edited.
		{3, "Marlowe Vale confirms ransomware behind the hospital outage", []string{"ransomware"}},
		{3, "New export controls cover chip-testing tools bound for China", []string{"china", "sanctions"}},
		{4, "Taipei orders a second look at undersea cable repairs after a cut at night", []string{"china"}},
		{4, "APT29 invites embassies to a wine tasting", []string{"apt"}},
		{4, "Ransomware notice one", []string{"ransomware"}},
		{4, "Ransomware notice two", []string{"ransomware"}},
	}
}
