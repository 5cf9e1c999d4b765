package actor

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/text/language"

	"tipoff/filters/entity/names"
	"tipoff/filters/text"
)

func TestTableIsWellFormed(t *testing.T) {
	actors, err := Parse(table)
	if err != nil {
		t.Fatal(err)
	}
	if len(actors) < 180 {
		t.Errorf("%d actors; at least 180 are promised", len(actors))
	}
	last, ids := "", map[string]string{}
	for _, a := range actors {
		if name := text.Normalise(a.Name); name <= last {
			t.Errorf("%s: not sorted, or twice", a.Name)
		} else {
			last = name
		}
		if a.Country != "" {
			if r, err := language.ParseRegion(a.Country); err != nil || !r.IsCountry() || r.String() != a.Country {
				t.Errorf("%s: country %q is not in ISO 3166", a.Name, a.Country)
			}
		}
		if a.ID != "" {
			if len(a.ID) != 5 || a.ID[0] != 'G' || strings.Trim(a.ID[1:], "0123456789") != "" {
				t.Errorf("%s: ATT&CK group %q is not G and four digits", a.Name, a.ID)
			}
			if other := ids[a.ID]; other != "" {
				t.Errorf("%s and %s have the same ATT&CK group %s", a.Name, other, a.ID)
			}
			ids[a.ID] = a.Name
		}
		keys := map[string]bool{}
		for _, alias := range a.Aliases {
			k := names.Key(alias.Name)
			if keys[k] {
				t.Errorf("%s: alias %s twice", a.Name, alias.Name)
			}
			keys[k] = true
			if n := len(text.Tokens(alias.Name)); n > 6 {
				t.Errorf("%s: alias %s has %d words; Find looks for fewer", a.Name, alias.Name, n)
			}
		}
	}
}

// Names that vendors gave to two actors. A new one must be meant.
func TestOverlaps(t *testing.T) {
	accepted := []string{
		"fireant: Mustang Panda, UNC3886",
	}
	claims := map[string][]string{}
	for _, a := range All() {
		for _, alias := range a.Aliases {
			k := names.Key(alias.Name)
			claims[k] = append(claims[k], a.Name)
		}
	}
	var got []string
	for k, by := range claims {
		if len(by) > 1 {
			got = append(got, k+": "+strings.Join(by, ", "))
		}
	}
	slices.Sort(got)
	if diff := cmp.Diff(accepted, got); diff != "" {
		t.Error(diff)
	}
}

// A common word must not count alone, whatever alias it became.
func TestNoOrdinaryWordCountsAlone(t *testing.T) {
	for _, s := range []string{
		"Blizzard", "Typhoon", "Sandstorm", "Tempest", "Sleet", "Snake", "Play", "Hive", "Royal", "Medusa",
		"Lazarus", "Comet", "Conti", "Akira", "Dragonfly", "Anonymous", "Everest", "Mercury", "Silence",
		"Gold", "Earth", "Bear", "Panda", "Group", "Cuba", "Fog", "Cactus", "Chaos", "Ghost", "Patchwork",
		"Cloud Atlas", "Luna Moth", "Sea Turtle", "Black Cat", "Dark Side", "Oil Rig", "The Mask", "Machete",
		"The Gentlemen", "Night Dragon", "Cobalt", "Platinum", "Nickel", "Elderwood", "The Com",
	} {
		if ms := Find(s, text.Tokens(s)); len(ms) > 0 {
			t.Errorf("%q alone is taken for %s", s, ms[0].Actor.Name)
		}
	}
}

func TestFind(t *testing.T) {
	for _, c := range []struct{ in, want string }{
		// One designation, however written; and others.
		{"APT41 is back", "APT41"},
		{"APT 41 is back", "APT41"},
		{"APT-41 is back", "APT41"},
		{"APT‑41's tools", "APT41"},
		{"APT410 is nobody", ""},
		{"apt 1.4 is in Debian stable", ""},
		{"she moved to apt 10", ""},
		{"G0016 in ATT&CK", "APT29"},
		{"UNC-2452 breached SolarWinds", "APT29"},
		{"TA505, FIN7 and TA 551", "TA505 FIN7 TA551"},
		// Longest wins.
		{"Volt Typhoon pre-positions", "Volt Typhoon"},
		{"Salt Typhoon in telecoms", "Salt Typhoon"},
		{"Silk Typhoon and Midnight Blizzard", "HAFNIUM APT29"},
		{"Lazarus Group, not Lazarus alone", "Lazarus Group Lazarus Group"},
		{"Scattered LAPSUS$ Hunters", "Scattered LAPSUS$ Hunters"},
		{"Scattered Spider", "Scattered Spider"},
		{"Anonymous Sudan", "Anonymous Sudan"},
		{"MedusaLocker ransomware", "MedusaLocker"},
		// Weather, games, animals, rivers and other plain English.
		{"Blizzard postpones game", ""},
		{"Activision Blizzard hacked by gang", ""},
		{"typhoon hits Luzon", ""},
		{"Typhoon season: cyber resilience of utilities", ""},
		{"Lazarus rises", ""},
		{"The Lazarus heist: a podcast about hackers", ""},
		{"snake oil", ""},
		{"Snake oil sold to hackers", ""},
		{"Snake Keylogger malware spreads", ""},
		{"hive mind", ""},
		{"Hive thermostat malware", ""},
		{"Google Play removes malware", ""},
		{"How hackers play the ransomware market", ""},
		{"ransomware play of the year", ""},
		{"a cactus in a ransomware talk", ""},
		{"Everest climbers hit by storm", ""},
		{"Confucius Institute hit by malware", ""},
		{"Royal Mail ransomware", ""},
		{"Royal Group opens a mall", ""},
		{"Medusa sculpture stolen by gang", ""},
		{"Akira Kurosawa and the hackers", ""},
		{"Cuba hit by ransomware", ""},
		{"Cobalt Strike used by hackers", ""},
		{"kill security tools with malware", ""},
		{"a patchwork of hackers", ""},
		{"NATO summit and the threat of hackers", ""},
		{"police cloak ransomware losses", ""},
		{"Mercury thermometers recalled by group", ""},
		{"the dark side of AI and malware", ""},
		{"Double Dragon is a game", ""},
		{"Cloud Atlas is a novel", ""},
		{"sandworm on Arrakis", ""},
		{"The Com domain", ""},
		{"Conti to coach Inter", ""},
		{"oil rig workers", ""},
		// The same words where they are names.
		{"play ransomware gang", "Play"},
		{"Play ransomware hits city", "Play"},
		{"the Play ransomware gang", "Play"},
		{"ransomware group Play lists a victim", ""},
		{"ransomware gang Play lists a victim", "Play"},
		{"Akira and Play: Qilin leads the ransomware gangs", "Qilin"},
		{"Qilin, Akira and Play lead the ransomware gangs", "Qilin Akira Play"},
		{"Hive ransomware gang", "Hive"},
		{"the Snake hackers of the FSB", "Turla"},
		{"Turla deploys Snake", "Turla Turla"},
		{"Lazarus hackers steal bitcoin", "Lazarus Group"},
		{"North Korean Lazarus blamed for crypto hack", "Lazarus Group"},
		{"Sandworm attacks Ukraine's grid with a wiper", "APT44"},
		{"Royal ransomware gang rebrands", "Royal"},
		{"Medusa ransomware: CISA warns", "Medusa"},
		{"Patchwork hackers phish in Pakistan", "Patchwork"},
		{"Dragonfly hackers in the grid", "Dragonfly"},
		{"the gang known as Conti", "Wizard Spider"},
		{"Chinese hackers, tracked as Velvet Ant, hit Cisco", "Velvet Ant"},
		{"DarkSide; later Dark Side ransomware", "DarkSide DarkSide"},
		{"COZY BEAR and Fancy Bears", "APT29"},
		{"Cozy&nbsp;Bear", "APT29"},
		{"CloudAtlas is no novel", "Cloud Atlas"},
		// A name that two have, as each writes it.
		{"Fireant, aka Earth Preta", "Mustang Panda Mustang Panda"},
		{"Fire Ant hackers in VMware", "UNC3886"},
	} {
		t.Run(c.in, func(t *testing.T) {
			var got []string
			for _, m := range Find(c.in, text.Tokens(c.in)) {
				got = append(got, m.Actor.Name)
			}
			if s := strings.Join(got, " "); s != c.want {
				t.Errorf("got %q, want %q", s, c.want)
			}
		})
	}
}

func TestMention(t *testing.T) {
	const s = "New: the “Cozy  Bear’s” tools"
	ms := Find(s, text.Tokens(s))
	if len(ms) != 1 {
		t.Fatalf("%d mentions, want 1", len(ms))
	}
	m := ms[0]
	if m.Alias != "Cozy  Bear" || m.First != 2 || m.Last != 3 || m.Actor.Country != "RU" {
		t.Errorf("got %q, tokens %d to %d, country %q", m.Alias, m.First, m.Last, m.Actor.Country)
	}
}

func TestLookup(t *testing.T) {
	for in, want := range map[string]string{
		"APT29": "APT29", "apt-29": "APT29", "APT 29": "APT29", "cozy bear": "APT29", "CozyBear": "APT29",
		"Midnight Blizzard": "APT29", "g0016": "APT29", "Nobelium": "APT29", "UNC2452": "APT29",
		"Strontium": "APT28", "Volt-Typhoon": "Volt Typhoon", "Snake": "Turla", "ALPHV": "BlackCat",
		"Cl0p": "Clop", "NoName057(16)": "NoName057(16)", "LAPSUS$": "LAPSUS$",
		"APT290": "", "Typhoon": "", "Blizzard": "", "": "", "nobody": "",
	} {
		got := ""
		if a, ok := Lookup(in); ok {
			got = a.Name
		}
		if got != want {
			t.Errorf("Lookup(%q) = %q, want %q", in, got, want)
		}
	}
}

// Every name is found by Lookup and, where it needs no context, in a text.
func TestEveryAliasIsFound(t *testing.T) {
	for _, a := range All() {
		for i, alias := range a.Aliases {
			got, ok := Lookup(alias.Name)
			if !ok || i == 0 && got != a {
				t.Errorf("Lookup(%q) does not lead to %s", alias.Name, a.Name)
				continue
			}
			if alias.Need != names.Always {
				continue
			}
			s := "seen: " + alias.Name + " today"
			if ms := Find(s, text.Tokens(s)); len(ms) != 1 || ms[0].Actor != got {
				t.Errorf("Find(%q) = %v, want %s", s, ms, got.Name)
			}
		}
	}
}

func TestNoMentionCostsNoAllocation(t *testing.T) {
	const s = "The group said that snakes play in the cloud, and a blizzard hit the earth, gold and iron."
	tokens := text.Tokens(s)
	if n := testing.AllocsPerRun(100, func() { Find(s, tokens) }); n > 0 {
		t.Errorf("%v allocations", n)
	}
}

func TestTablesCanBeMerged(t *testing.T) {
	mine, err := Parse("Grumpy Otter | ZZ | G9999\n  Otter! (apt)\n")
	if err != nil {
		t.Fatal(err)
	}
	merged := New(append(slices.Clone(All()), mine...))
	const s = "Grumpy Otter, APT Otter and APT29"
	if ms := merged.Find(s, text.Tokens(s)); len(ms) != 3 {
		t.Errorf("%d mentions, want 3", len(ms))
	}
	if _, ok := Lookup("Grumpy Otter"); ok {
		t.Error("the built-in table has changed")
	}
}

func FuzzFind(f *testing.F) {
	for _, s := range []string{
		"APT-41 and Volt Typhoon", "play ransomware gang", "Qilin, Akira, Play", "Snake \xff Turla",
		"Lazarus Group Group Lazarus", "APT 4 1", "ＡＰＴ２９", "Cozy\u00adBear", "½ FIN7",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		tokens := text.Tokens(s)
		next := 0
		for _, m := range Find(s, tokens) {
			if m.First < next || m.Last < m.First || m.Last >= len(tokens) {
				t.Fatalf("mention of tokens %d to %d after %d, of %d", m.First, m.Last, next-1, len(tokens))
			}
			next = m.Last + 1
			if m.Actor == nil || m.Alias == "" || !strings.Contains(s, m.Alias) {
				t.Fatalf("mention %+v is not in the text", m)
			}
		}
	})
}

func BenchmarkFind(b *testing.B) {
	const s = "The group behind last month's intrusion, which officials attributed to hackers working for a foreign " +
		"government, used stolen credentials to reach servers of at least nine telecom companies. Volt Typhoon and " +
		"Salt Typhoon were named by the agency; Play and Akira ransomware were not. Earlier reports spoke of a play " +
		"for data at rest, of gold and iron, and of a storm that never came over the earth and the water. The vendor " +
		"said that it will publish more in the coming weeks, together with a list of addresses."
	tokens := text.Tokens(s)
	b.ReportAllocs()
	for b.Loop() {
		Find(s, tokens)
	}
}
