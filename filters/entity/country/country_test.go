package country_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"tipoff/filters/entity/country"
	"tipoff/filters/text"
)

// found gives the codes in s, each with the words it was found by.
func found(s string) string {
	tokens := text.Tokens(s)
	var out []string
	for _, m := range country.Find(s, tokens) {
		out = append(out, m.Code+" "+s[tokens[m.First].Start:tokens[m.Last].End])
	}
	return strings.Join(out, ", ")
}

func TestFind(t *testing.T) {
	for _, c := range []struct{ text, want string }{
		// Names, demonyms, capitals, governments.
		{"China hacks Dutch ministry", "CN China, NL Dutch"},
		{"Hackers linked to Beijing", "CN Beijing"},
		{"PRC state-sponsored actors", "CN PRC"},
		{"People's Republic of China", "CN People's Republic of China"},
		{"Republic of China", "TW Republic of China"},
		{"The Kremlin's trolls", "RU Kremlin"},
		{"Moscow denies it", "RU Moscow"},
		{"russian hackers", "RU russian"},
		{"Russian-speaking gang", "RU Russian"},
		{"DPRK IT workers", "KP DPRK"},
		{"Pyongyang's coders", "KP Pyongyang"},
		{"Tehran-backed group", "IR Tehran"},
		{"Whitehall was warned", "GB Whitehall"},
		{"the White House says", "US White House"},
		{"a white house on a hill", ""},
		{"the Pentagon and a pentagon", "US Pentagon"},
		{"The Swiss NCSC", "CH Swiss"},
		{"Türkiye, Turkiye", "TR Türkiye, TR Turkiye"},
		{"Côte d'Ivoire and Cote d’Ivoire", "CI Côte d'Ivoire, CI Cote d’Ivoire"},
		{"São Tomé and Príncipe", "ST São Tomé and Príncipe"},
		{"Bosnia-Herzegovina", "BA Bosnia-Herzegovina"},
		{"Taipei and Chinese Taipei", "TW Taipei, TW Chinese Taipei"},
		{"Hong Kong police, Macau casinos", "HK Hong Kong, MO Macau"},
		{"Kosovo and Palestinian banks", "XK Kosovo, PS Palestinian"},
		{"EU and European Commission", "EU EU, EU European Commission"},
		{"Ukraine's SBU; the Ukrainian CERT", "UA Ukraine, UA Ukrainian"},
		{"中国のハッカー", "CN 中国"},
		{"Атака на Україна", "UA Україна"},

		// The United States: letter case decides.
		{"US sanctions", "US US"},
		{"tells us about it", ""},
		{"Us and them", ""},
		{"the U.S. Treasury", "US U.S"},
		{"The Hague, the Netherlands, the Bahamas", "NL Hague, NL Netherlands, BS Bahamas"},
		{"the U. S. Treasury", "US U. S"},
		{"the u.s. treasury", ""},
		{"USA, U.S.A. and United States of America", "US USA, US U.S.A, US United States of America"},
		{"US-China talks", "US US, CN China"},
		{"US$5 million", ""},
		{"locale en-US", ""},
		{"region us-east-1", ""},
		{"TELL US WHAT YOU THINK", ""},
		{"CONTACT US TODAY FOR MORE", ""},
		{"US CHARGES TWO HACKERS", "US US"},
		{"HACKERS HIT THE US SENATE", "US US"},
		{"FIRM OBTAINS HIGH LEVEL US DEFENCE CERTIFICATE", "US US"},
		{"FBI, US CISA warn of attacks", "US US"},
		{"UK-based, U.K. police", "GB UK, GB U.K"},
		{"site.co.uk and us.example.com", ""},
		{"America, but not Latin America or Bank of America", "US America"},
		{"American hospitals, American Express", "US American"},
		{"Black Hat USA 2026; AWS GovCloud (US-West)", ""},

		// Longest name.
		{"South Korean and North Korean spies", "KR South Korean, KP North Korean"},
		{"South Korea accuses North Korea", "KR South Korea, KP North Korea"},
		{"N. Korea and S. Korea", "KP N. Korea, KR S. Korea"},
		{"North and South Korea talk", "KP North and South, KR Korea"},
		{"he went north. Korea is far", "KR Korea"},
		{"Korea Telecom; the Korean Peninsula", "KR Korea"},
		{"Northern Ireland police, Irish police", "GB Northern Ireland, IE Irish"},
		{"Papua New Guinea, Guinea-Bissau, Equatorial Guinea, Guinea", "PG Papua New Guinea, GW Guinea-Bissau, GQ Equatorial Guinea, GN Guinea"},
		{"Guinea pig, guinea pigs, a guinea", ""},
		{"DR Congo, Republic of the Congo, Congo", "CD DR Congo, CG Republic of the Congo, CD Congo"},
		{"South Sudan and Sudan", "SS South Sudan, SD Sudan"},
		{"Mali, Niger and Nigeria", "ML Mali, NE Niger, NG Nigeria"},
		{"Nigerien and Nigerian", "NE Nigerien, NG Nigerian"},
		{"Arm Mali GPU driver flaw", ""},
		{"Dominica and the Dominican Republic", "DM Dominica, DO Dominican Republic"},
		{"British Virgin Islands, British Columbia, British", "VG British Virgin Islands, GB British"},
		{"New Mexico, Mexico, Gulf of Mexico, Mexico City", "MX Mexico, MX Mexico City"},
		{"Inner Mongolia and Mongolia", "CN Inner Mongolia, MN Mongolia"},
		{"American Samoa", "AS American Samoa"},
		{"New England, England, New South Wales, Wales", "GB England, GB Wales"},

		// Georgia.
		{"Georgia accuses Russia", "GE Georgia, RU Russia"},
		{"Georgian parliament in Tbilisi", "GE Georgian, GE Tbilisi"},
		{"Attacks on Georgia and Moldova", "GE Georgia, MD Moldova"},
		{"a hospital in Georgia and one in Moldova", "GE Georgia, MD Moldova"},
		{"Ransomware hits Georgia town near Atlanta", ""},
		{"Atlanta, Georgia", ""},
		{"Athens, Georgia", ""},
		{"Georgia Tech sued", ""},
		{"Georgia Senate passes bill", ""},
		{"Georgia's Fulton County", ""},
		{"Schools in Maine, Indiana and Georgia", ""},

		// Other states and towns.
		{"Washington accuses Beijing", "US Washington, CN Beijing"},
		{"Washington, D.C.", "US Washington"},
		{"Washington State residents; The Washington Post", ""},
		{"Seattle in Washington", ""},
		{"George Washington", ""},
		{"hospital in Lebanon, New Hampshire", ""},
		{"Lebanon, NH", ""},
		{"Moscow, Idaho; Paris, Texas; Lebanon, Ohio", ""},
		{"pagers in Lebanon, officials said", "LB Lebanon"},
		{"Israel, Iran, Texas A&M", "IL Israel"},
		{"New Jersey hospital, Jersey City, a jersey", ""},
		{"Jersey and Guernsey", "JE Jersey, GG Guernsey"},
		{"East Palestine", ""},

		// People.
		{"Jordan Peterson", ""},
		{"Jordan B. Peterson said", ""},
		{"Rep. Jordan asks", ""},
		{"Jim Jordan's committee", ""},
		{"hospital in Jordan hit", "JO Jordan"},
		{"Jordan Arrests Hackers", "JO Jordan"},
		{"Jordan's king", "JO Jordan"},
		{"Syria, Jordan and Iraq", "SY Syria, JO Jordan, IQ Iraq"},
		{"Chad Smith plays", ""},
		{"Chad suffers internet disruptions", "TD Chad"},
		{"a typical chad", ""},
		{"Israel Adesanya said that", ""},
		{"Israel launches strikes", "IL Israel"},
		{"Israel Launches Strikes Against Iran", "IL Israel, IR Iran"},
		{"DOJ's Lisa Monaco says", ""},
		{"Mark Cuban", ""},
		{"Paris Hilton", ""},
		{"Tom Holland", ""},

		// Things.
		{"Turkey blocks Roblox", "TR Turkey"},
		{"a turkey", ""},
		{"Thanksgiving Turkey scams", ""},
		{"Tangerine Turkey worm", ""},
		{"fine china", ""},
		{"Fine China for sale", ""},
		{"China Lake", ""},
		{"Polish power grid", "PL Polish"},
		{"polish the report", ""},
		{"Polish Your Resume", ""},
		{"nail Polish", ""},
		{"Panama Papers", ""},
		{"Panama's ministry", "PA Panama"},
		{"Cuba ransomware", ""},
		{"the Cuba ransomware gang. Cuba is also", ""},
		{"power cut in Cuba", "CU Cuba"},
		{"ransomware attack in Cuba", "CU Cuba"},
		{"Cuban officials", "CU Cuban"},
		{"Indian Ocean", ""},
		{"Indian and Pakistani", "IN Indian, PK Pakistani"},
		{"Swiss cheese model, Swiss Army knife", ""},
		{"French fries in French courts", "FR French"},
		{"Spanish-speaking users", ""},
		{"Spanish police", "ES Spanish"},
		{"Brussels airport", "BE Brussels"},
		{"Brussels plans to force the bloc", "EU Brussels"},
		{"HPE Aruba Networking", ""},

		// Not words of the text.
		{"see china.com, info@China.org, @China, china_chopper", ""},
		{"https://example.org/china/iran", ""},
		{"#Iran", "IR Iran"},
		{"Iran/Iraq", "IR Iran, IQ Iraq"},
		{"Iran.", "IR Iran"},
		{"Iranians", "IR Iranians"},
		{"Indochina Chinatown Iranium", ""},
		{"South. Africa", ""},
		{"Hong, Kong", ""},
		{"", ""},
	} {
		t.Run(c.text, func(t *testing.T) {
			if diff := cmp.Diff(c.want, found(c.text)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestLookup(t *testing.T) {
	for _, c := range []struct{ name, want string }{
		{"cn", "CN"},
		{"CN", "CN"},
		{"China", "CN"},
		{"china", "CN"},
		{"PRC", "CN"},
		{"Chinese", "CN"},
		{"Beijing", "CN"},
		{"us", "US"},
		{"U.S.", "US"},
		{"usa", "US"},
		{"United  States", "US"},
		{"american", "US"},
		{"Washington", "US"},
		{"uk", "GB"},
		{"gb", "GB"},
		{"Britain", "GB"},
		{"eu", "EU"},
		{"Brussels", "BE"},
		{"xk", "XK"},
		{"north-korea", "KP"},
		{"North Korean", "KP"},
		{"dprk", "KP"},
		{"Korea", "KR"},
		{"Georgia", "GE"},
		{"Jordan", "JO"},
		{"chad", "TD"},
		{"Turkey", "TR"},
		{"Türkiye", "TR"},
		{"Jersey", "JE"},
		{"Congo", "CD"},
		{"Cuba", "CU"},
		{"Hamilton", "BM"},
		{"in", "IN"},
		{"The Gambia", "GM"},
		{"The Hague", "NL"},
		{"Taiwan", "TW"},
		{"Cote d'Ivoire", "CI"},
		{"", ""},
		{"xx", ""},
		{"--", ""},
		{"New Mexico", ""},
		{"Georgia Tech", ""},
		{"Atlantis", ""},
		{"Chin", ""},
	} {
		got, ok := country.Lookup(c.name)
		if got != c.want || ok != (c.want != "") {
			t.Errorf("Lookup(%q) = %q, %v; want %q", c.name, got, ok, c.want)
		}
	}
}

func FuzzFind(f *testing.F) {
	for _, s := range []string{
		"Jordan B. Peterson, Lebanon, New Hampshire", "republic of republic of the congo", "U.S.U.S.A", "saint helena, ascension and tristan",
		"½ north korea", "中国 ｃｈｉｎａ", "US\xff$",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		tokens := text.Tokens(s)
		end := -1
		for _, m := range country.Find(s, tokens) {
			if m.First <= end || m.Last < m.First || m.Last >= len(tokens) {
				t.Errorf("Find(%q): %+v after token %d of %d", s, m, end, len(tokens))
			}
			if code, ok := country.Lookup(m.Code); !ok || code != m.Code {
				t.Errorf("Find(%q): code %q", s, m.Code)
			}
			end = m.Last
		}
		country.Lookup(s)
	})
}

// Work that grew faster than the text would show as minutes here.
func TestFindIsLinear(t *testing.T) {
	for _, unit := range []string{"Georgia ", "US ", "Jordan B. ", "republic of the ", "saint helena, ascension and tristan ", "U.S.", "Chad" + strings.Repeat("x", 1000) + " Chad "} {
		s := strings.Repeat(unit, 1<<20/len(unit))
		tokens := text.Tokens(s)
		country.Find(s, tokens)
	}
}

const story = "Chinese hackers have spent months inside the networks of telecom companies in South Korea, officials in Seoul said on Monday, " +
	"the latest in a row of intrusions that the U.S. Treasury and its allies attribute to a group that works for Beijing. " +
	"The intruders used stolen passwords and a flaw in a firewall to read call records and messages of people whom they had chosen " +
	"before, and kept a way back in after the first clean-up; how much they took is not known, and the companies did not comment on it."

const noCountry = "Attackers have used a flaw in a file transfer server for weeks to steal data and leave web shells behind, the vendor said, " +
	"and asks customers to install the update, to look for new accounts and to change every password that was stored on the device. " +
	"More than two thousand servers can be reached from the internet and are open to the attack, according to a foundation that counts them; " +
	"the first victims have found ransom notes, and a gang that is known for such raids has put their names on its page."

func BenchmarkFind(b *testing.B) {
	for _, c := range []struct{ name, text string }{{"five", story}, {"none", noCountry}} {
		b.Run(c.name, func(b *testing.B) {
			tokens := text.Tokens(c.text)
			country.Find(c.text, tokens)
			b.SetBytes(int64(len(c.text)))
			b.ReportAllocs()
			for b.Loop() {
				country.Find(c.text, tokens)
			}
		})
	}
}

func TestSpellings(t *testing.T) {
	want := [][]string{{"fiji"}, {"fijian"}, {"fijians"}, {"republic", "of", "fiji"}, {"suva"}}
	if d := cmp.Diff(want, country.Spellings("FJ")); d != "" {
		t.Error(d)
	}
	// Whatever Find finds is spelled in one of these ways.
	for _, s := range []string{"South Korean banks", "the U.S. Treasury", "Whitehall said", "People's Republic of China"} {
		tokens := text.Tokens(s)
		for _, m := range country.Find(s, tokens) {
			var words []string
			for _, w := range tokens[m.First : m.Last+1] {
				words = append(words, w.Text)
			}
			if !slices.ContainsFunc(country.Spellings(m.Code), func(w []string) bool { return slices.Equal(w, words) }) {
				t.Errorf("%q is no spelling of %s", words, m.Code)
			}
		}
	}
	if country.Spellings("QQ") != nil {
		t.Error("there is a country QQ")
	}
}
