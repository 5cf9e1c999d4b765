package actor

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"tipoff/filters/entity/names"
	"tipoff/filters/text"
)

func importFile(t *testing.T, name string) *Imported {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	im, err := Import(data)
	if err != nil {
		t.Fatal(err)
	}
	return im
}

func importText(t *testing.T, s string) *Imported {
	t.Helper()
	im, err := Import([]byte(s))
	if err != nil {
		t.Fatal(err)
	}
	return im
}

func TestImport(t *testing.T) {
	for file, want := range map[string]*Imported{
		"galaxy.json": {
			Nameless: 3,
			Actors: []*Actor{
				{
					Name: "Midnight Blizzard", Country: "RU", ID: "G0016",
					Aliases: []Alias{
						{Name: "Midnight Blizzard", Need: names.Near},
						{Name: "GRUMPY OTTER", Need: names.Near},
						{Name: "APT 29", Need: names.Beside},
						{Name: "Nordic Lantern"},
					},
				},
				{
					Name: "Brindle Teapot", Country: "KP",
					Aliases: []Alias{
						{Name: "Brindle Teapot"},
						{Name: "UNC90210"},
						{Name: "Teapot", Need: names.Near},
						{Name: "Storm-9021"},
						{Name: "CeramicDesk"},
					},
				},
				{
					Name: "Velour Ant", Country: "CN", ID: "G9998",
					Aliases: []Alias{{Name: "Velour Ant"}, {Name: "Quux", Need: names.Beside}},
				},
				{Name: "Wet Paint Collective", Aliases: []Alias{{Name: "Wet Paint Collective", Need: names.Near}}},
			},
		},
		"bundle.json": {
			Nameless: 1, Retired: 2,
			Actors: []*Actor{
				{
					Name: "Grumpy Otter", ID: "G9997",
					Aliases: []Alias{{Name: "Grumpy Otter", Need: names.Near}, {Name: "UNC90211"}, {Name: "Sea Kettle"}},
				},
				{Name: "Escaped Eel", Aliases: []Alias{{Name: "Escaped Eel"}}},
			},
		},
	} {
		t.Run(file, func(t *testing.T) {
			if diff := cmp.Diff(want, importFile(t, file)); diff != "" {
				t.Errorf("what the file holds (-want +got):\n%s", diff)
			}
		})
	}
}

func TestImportOfBrokenFiles(t *testing.T) {
	const formats = `expected a MISP galaxy cluster ({"values": [...]}) or an ATT&CK bundle in STIX 2 ({"objects": [...]})`
	for name, c := range map[string]struct{ in, want string }{
		"empty":            {"", "line 1, column 1: the file ends too early; download the file again, or mend it there"},
		"cut off":          {"{\n  \"values\": [\n    {\"value\": \"A", "line 3, column 17: the file ends too early; download the file again, or mend it there"},
		"a comma too many": {"{\"values\": [\n  {\"value\": \"é\",}\n]}", "line 2, column 17: invalid character '}' looking for beginning of object key string; download the file again, or mend it there"},
		"no comma":         {"{\"name\": \"x\"\n \"values\": []}", "line 2, column 2: invalid character '\"' after object key:value pair; download the file again, or mend it there"},
		"no comma between entries": {
			"{\"values\": [{}\n{}]}", "line 2, column 1: invalid character '{' after array element; download the file again, or mend it there",
		},
		"something after": {"\ufeff{\"values\": []}\n}", "line 2, column 1: invalid character '}' after top-level value; download the file again, or mend it there"},
		"a page":          {"\n <!doctype html>", "line 2, column 2: this is a page or XML, not JSON; download the raw file"},
		"a list":          {`[{"value": "A"}]`, "line 1, column 1: " + formats},
		"another object":  {`{"sources": []}`, "line 1, column 1: " + formats},
		"values are no list": {
			"{\n\"values\": {}}", "line 2, column 11: values: expected a list of entries",
		},
		"an entry that is a text": {
			"{\"values\": [{\"value\": \"A\"},\n  \"B\"]}", "line 2, column 3: values[1]: expected an object, found string; mend the entry, or take it out",
		},
		"synonyms that are a number": {
			"{\"values\": [\n {\"value\": \"A\", \"meta\": {\"synonyms\": 7}}]}",
			"line 2, column 2: values[0].meta.synonyms: expected a list, found number; mend the entry, or take it out",
		},
		"a name that is a number": {
			`{"objects": [{"type": "intrusion-set", "name": 7}]}`,
			"line 1, column 14: objects[0].name: expected a text, found number; mend the entry, or take it out",
		},
		"revoked is a text": {
			`{"objects": [{"type": "intrusion-set", "name": "A", "revoked": "no"}]}`,
			"line 1, column 14: objects[0].revoked: expected true or false, found string; mend the entry, or take it out",
		},
	} {
		t.Run(name, func(t *testing.T) {
			im, err := Import([]byte(c.in))
			if err == nil || err.Error() != c.want || im != nil {
				t.Errorf("Import = %v, error\n%v, want\n%s", im, err, c.want)
			}
			if _, ok := errors.AsType[*ImportError](err); !ok {
				t.Errorf("the error is a %T", err)
			}
		})
	}
}

func TestNeedOf(t *testing.T) {
	for need, all := range map[names.Need][]string{
		names.Always: {
			"APT41", "UNC2452", "TA505", "FIN7", "Storm-0558", "Unit 61398", "MuddyWater", "menuPass", "Cl0p", "8Base",
			"Kryptonite Panda", "Ke3chang", "LAPSUS$ Crowd", "APT-C-36", "Sath-ı Müdafaa", "海莲花", "Winnti Umbrella",
		},
		names.Near: {
			"Turla", "TURLA", "sofacy", "Night Dragon", "Black Vine", "Storm-2035", "Cyber Army", "Golden Eye Dog", "The Big Bang",
		},
		names.Beside: {
			"SEA", "Tick", "GREF", "3AM", "Snake", "HELIUM", "Honeybee", "Alibaba", "Hacking Team", "Threat Group", "Group 72",
			"APT 41", "Malware", "毒云", "Anonymous",
		},
	} {
		for _, alias := range all {
			if got := needOf(alias); got != need {
				t.Errorf("needOf(%q) = %d, want %d", alias, got, need)
			}
		}
	}
}

func TestOrdinaryWordsAreFolded(t *testing.T) {
	if n := len(wordKinds()); n < 1500 {
		t.Fatalf("only %d words", n)
	}
	for w := range wordKinds() {
		if names.Key(w) != w || len(text.Tokens(w)) != 1 {
			t.Errorf("%q is not a folded word: nothing will be equal to it", w)
		}
	}
}

// An imported name that is an ordinary word alarms nobody, and counts where it
// is said to be a name.
func TestImportedWordsNeedContext(t *testing.T) {
	im := importText(t, `{"values": [
		{"value": "Mocha Kangaroo Gang", "meta": {"synonyms": ["Honeybee", "GRAV", "Kazakhi", "Hacking Team", "Black Anvil", "KangarooMocha"]}}
	]}`)
	table, clashes := Merge(Builtin(), im)
	if len(clashes) > 0 {
		t.Fatal(clashes)
	}
	for s, want := range map[string]bool{
		"Honeybee colonies die of malware":          false,
		"a honeybee in the lab of hackers":          false,
		"grav of the hackers":                       false,
		"Kazakhi food in town":                      false,
		"the hacking team at the conference":        false,
		"a black anvil on the wall":                 false,
		"black anvil and ransomware":                false,
		"Honeybee hackers strike":                   true,
		"the gang known as GRAV":                    true,
		"malware of Kazakhi, who were quiet":        true,
		"KangarooMocha strikes":                     true,
		"Black Anvil was tied to the breach":        true,
		"seen: Mocha Kangaroo Gang. Honeybee again": true,
	} {
		if got := len(table.Find(s, text.Tokens(s))) > 0; got != want {
			t.Errorf("Find(%q) = %v, want %v", s, got, want)
		}
	}
}

// The built-in table in the two formats.
func export(t testing.TB, stix bool) []byte {
	t.Helper()
	type object = map[string]any
	var all []object
	for _, a := range All() {
		var aliases []string
		for _, alias := range a.Aliases {
			aliases = append(aliases, alias.Name)
		}
		if stix {
			all = append(all, object{
				"type": "intrusion-set", "name": a.Name, "aliases": aliases,
				"external_references": []object{{"source_name": "mitre-attack", "external_id": a.ID}},
			})
		} else {
			all = append(all, object{"value": a.Name, "meta": object{"synonyms": aliases[1:], "country": a.Country, "external_id": a.ID}})
		}
	}
	doc := object{"type": "bundle", "objects": all}
	if !stix {
		doc = object{"type": "threat-actor", "values": all}
	}
	data, err := json.Marshal(doc)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func TestMergeOfWhatIsThereChangesNothing(t *testing.T) {
	for _, stix := range []bool{false, true} {
		im, err := Import(export(t, stix))
		if err != nil {
			t.Fatal(err)
		}
		if len(im.Actors) != len(All()) || im.Nameless > 0 {
			t.Errorf("stix %v: %d actors of %d, %d without a name", stix, len(im.Actors), len(All()), im.Nameless)
		}
		got, clashes := Merge(Builtin(), im)
		if len(clashes) > 0 {
			t.Errorf("stix %v: %v", stix, clashes)
		}
		if got != Builtin() {
			t.Errorf("stix %v: another table: %s", stix, cmp.Diff(All(), got.All()))
		}
	}
}

const mergeBase = `Blue Kettle | CN | G9001
  APT901, Mirage!, Shared
Red Kettle | |
  APT902, Fireant
Green Kettle | RU |
  Fire Ant
Play!
`

func TestMerge(t *testing.T) {
	for name, c := range map[string]struct {
		in      []string // values, each of a file
		want    string   // the actors that changed or are new, in the text form
		clashes []string
	}{
		"nothing":             {in: []string{``}},
		"only what is known":  {in: []string{`{"value": "APT-901", "meta": {"synonyms": ["bluekettle", "MIRAGE"], "country": "CN"}}`}},
		"a new name":          {in: []string{`{"value": "apt901", "meta": {"synonyms": ["UNC90210"]}}`}, want: "Blue Kettle|CN|G9001: Blue Kettle, APT901, Mirage, Shared, UNC90210"},
		"the own name is new": {in: []string{`{"value": "UNC90210", "meta": {"synonyms": ["APT901"]}}`}, want: "Blue Kettle|CN|G9001: Blue Kettle, APT901, Mirage, Shared, UNC90210"},
		"by the group alone": {
			in: []string{`{"value": "UNC90210", "meta": {"external_id": "G9001"}}`}, want: "Blue Kettle|CN|G9001: Blue Kettle, APT901, Mirage, Shared, UNC90210",
		},
		"country and group where there was none": {
			in: []string{`{"value": "APT902", "meta": {"country": "IR", "external_id": "G9002"}}`}, want: "Red Kettle|IR|G9002: Red Kettle, APT902, Fireant",
		},
		"a new actor": {
			in: []string{`{"value": "UNC90210", "meta": {"country": "IR", "synonyms": ["UNC90211"]}}`}, want: "UNC90210|IR|: UNC90210, UNC90211",
		},
		"another country": {
			in:      []string{`{"value": "APT901", "meta": {"country": "RU"}}`},
			clashes: []string{"Blue Kettle stays with the country CN; the import has RU for APT901"},
		},
		"another group": {
			in:      []string{`{"value": "APT901", "meta": {"external_id": "G9005"}}`},
			clashes: []string{"Blue Kettle stays the ATT&CK group G9001; the import has G9005 for APT901"},
		},
		"the group of another": {
			in:      []string{`{"value": "APT902", "meta": {"external_id": "G9001"}}`},
			clashes: []string{"the ATT&CK group G9001 stays Blue Kettle; the import gives it to APT902"},
		},
		"a name of another": {
			in:      []string{`{"value": "Red Kettle", "meta": {"synonyms": ["APT-901", "UNC90210"]}}`},
			want:    "Red Kettle||: Red Kettle, APT902, Fireant, UNC90210",
			clashes: []string{"the name APT-901 stays with Blue Kettle; the import gives it to Red Kettle"},
		},
		"names of two, the more decide": {
			in:      []string{`{"value": "UNC90210", "meta": {"synonyms": ["APT902", "APT901", "Blue Kettle"]}}`},
			want:    "Blue Kettle|CN|G9001: Blue Kettle, APT901, Mirage, Shared, UNC90210",
			clashes: []string{"the name APT902 stays with Red Kettle; the import gives it to UNC90210"},
		},
		"an ordinary word is no sign": {
			in:      []string{`{"value": "UNC90210", "meta": {"synonyms": ["Mirage"]}}`},
			want:    "UNC90210||: UNC90210",
			clashes: []string{"the name Mirage stays with Blue Kettle; the import gives it to UNC90210"},
		},
		"an ordinary word that is the own name is one": {
			in: []string{`{"value": "UNC90210", "meta": {"synonyms": ["Play"]}}`}, want: "Play||: Play, UNC90210",
		},
		"a name that two bear": {in: []string{`{"value": "Green Kettle", "meta": {"synonyms": ["Fire Ant"]}}, {"value": "Red Kettle", "meta": {"synonyms": ["Fire Ant"]}}`}},
		"a name that two bear, as one writes it": {
			in: []string{`{"value": "Fire Ant", "meta": {"synonyms": ["UNC90210"]}}`}, want: "Green Kettle|RU|: Green Kettle, Fire Ant, UNC90210",
		},
		"two of one file stay two": {
			in:      []string{`{"value": "UNC90210", "meta": {"synonyms": ["UNC90219"]}}, {"value": "UNC90211", "meta": {"synonyms": ["UNC90219"]}}`},
			want:    "UNC90210||: UNC90210, UNC90219\nUNC90211||: UNC90211",
			clashes: []string{"the name UNC90219 stays with UNC90210; the import gives it to UNC90211"},
		},
		"an own name goes before an alias": {
			in:      []string{`{"value": "UNC90210", "meta": {"synonyms": ["UNC90211"]}}, {"value": "UNC90211"}`},
			want:    "UNC90210||: UNC90210\nUNC90211||: UNC90211",
			clashes: []string{"the name UNC90211 stays with UNC90211; the import gives it to UNC90210"},
		},
		"two of one file that are named alike": {
			in: []string{`{"value": "UNC90210"}, {"value": "UNC-90210", "meta": {"synonyms": ["APT901"]}}`}, want: "Blue Kettle|CN|G9001: Blue Kettle, APT901, Mirage, Shared, UNC90210",
		},
		"two files may tell of one": {
			in:   []string{`{"value": "UNC90210", "meta": {"synonyms": ["UNC90219"]}}`, `{"value": "UNC90211", "meta": {"synonyms": ["UNC90219"], "country": "IR"}}`},
			want: "UNC90210|IR|: UNC90210, UNC90219, UNC90211",
		},
	} {
		t.Run(name, func(t *testing.T) {
			parsed, err := Parse(mergeBase)
			if err != nil {
				t.Fatal(err)
			}
			base := New(parsed)
			before := lines(base.All())
			var imports []*Imported
			for _, values := range c.in {
				imports = append(imports, importText(t, `{"values": [`+values+`]}`))
			}
			merged, clashes := Merge(base, imports...)
			var got []string
			for _, line := range lines(merged.All()) {
				if !slices.Contains(before, line) {
					got = append(got, line)
				}
			}
			if s := strings.Join(got, "\n"); s != c.want {
				t.Errorf("changed:\n%s\nwant:\n%s", s, c.want)
			}
			if (merged == base) != (c.want == "") {
				t.Errorf("the same table: %v", merged == base)
			}
			var said []string
			for _, clash := range clashes {
				said = append(said, clash.String())
			}
			if diff := cmp.Diff(c.clashes, said); diff != "" {
				t.Errorf("clashes (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(before, lines(base.All())); diff != "" {
				t.Errorf("the base has changed:\n%s", diff)
			}
			again, more := Merge(merged, imports...)
			if again != merged {
				t.Errorf("a second time changes:\n%s", cmp.Diff(lines(merged.All()), lines(again.All())))
			}
			if diff := cmp.Diff(clashes, more, cmpopts.EquateEmpty()); diff != "" {
				t.Errorf("clashes of the second time:\n%s", diff)
			}
		})
	}
}

// lines prints actors, one a line.
func lines(actors []*Actor) []string {
	var all []string
	for _, a := range actors {
		var aliases []string
		for _, alias := range a.Aliases {
			aliases = append(aliases, alias.Name)
		}
		all = append(all, fmt.Sprintf("%s|%s|%s: %s", a.Name, a.Country, a.ID, strings.Join(aliases, ", ")))
	}
	return all
}

// Known names keep the need that the table gives them, whatever a lone word
// gets in an import.
func TestMergeKeepsNeeds(t *testing.T) {
	table, _ := Merge(Builtin(), importText(t, `{"values": [{"value": "Turla", "meta": {"synonyms": ["UNC90210"]}}]}`))
	const s = "Turla is back"
	if ms := table.Find(s, text.Tokens(s)); len(ms) != 1 {
		t.Errorf("%d mentions, want 1", len(ms))
	}
	a, ok := table.Lookup("unc-90210")
	if !ok || a.Name != "Turla" || a.Country != "RU" {
		t.Errorf("UNC90210 is %+v", a)
	}
	if _, ok := Lookup("UNC90210"); ok {
		t.Error("the built-in table has changed")
	}
}

// Whatever the bytes are, Import gives actors or says where it stopped; each
// name leads to its actor afterwards, or the clash is told; and to import the
// same again changes nothing.
func FuzzImport(f *testing.F) {
	for _, file := range []string{"galaxy.json", "bundle.json"} {
		data, err := os.ReadFile(filepath.Join("testdata", file))
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	for _, s := range []string{
		``, `{`, `[]`, `{"values":[]}`, `{"objects":null}`, `{"values":[{"value":"\u0000"}]}`, "\ufeff{}", `{"values":[{}],"values":[{"value":"b"}]}`,
		`{"values":[{"value":"A1","meta":{"synonyms":["B2"]}},{"value":"B2","meta":{"synonyms":["A1","C3"]}},{"value":"C3"}]}`,
		`{"values":[{"value":"G0016"},{"value":"X","meta":{"external_id":"G0016","synonyms":["Turla","Snake"]}}]}`,
		`{"values":[{"value":"Fire Ant"},{"value":"fireant","meta":{"country":["CN","x"]}}],"objects":[{"type":"intrusion-set","name":"Fireant"}]}`,
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		im, err := Import(data)
		if err != nil {
			e, ok := errors.AsType[*ImportError](err)
			if !ok || e.Text == "" || strings.Contains(e.Text, "\n") {
				t.Fatalf("%T: %q", err, err)
			}
			if e.Line < 1 || e.Line > strings.Count(string(data), "\n")+1 || e.Column < 1 {
				t.Fatalf("there is no %d:%d", e.Line, e.Column)
			}
			return
		}
		mergeHolds(t, im)
	})
}

// FuzzMerge is FuzzImport for files that are made of a few names in all
// combinations.
func FuzzMerge(f *testing.F) {
	few := []string{
		"Blue Kettle", "APT-901", "Mirage", "Shared", "Red Kettle", "APT902", "Fire Ant", "fireant", "Green Kettle", "Play",
		"G9001", "G9002", "UNC90210", "UNC90211", "UNC90212", "UNC90213", "Tick", "CN", "IR", "",
	}
	f.Add([]byte{12, 19, 1, 19, 6})
	f.Add([]byte{12, 0, 14, 19, 13, 14, 17, 19, 14, 12, 5})
	f.Fuzz(func(t *testing.T, choices []byte) {
		type meta struct {
			Synonyms []string `json:"synonyms"`
			Country  string   `json:"country,omitempty"`
		}
		type entry struct {
			Value string `json:"value"`
			Meta  meta   `json:"meta"`
		}
		values := []*entry{{}}
		for _, c := range choices[:min(len(choices), 60)] {
			last := values[len(values)-1]
			switch s := few[int(c)%len(few)]; {
			case s == "":
				values = append(values, &entry{})
			case len(s) == 2:
				last.Meta.Country = s
			case last.Value == "":
				last.Value = s
			default:
				last.Meta.Synonyms = append(last.Meta.Synonyms, s)
			}
		}
		data, err := json.Marshal(map[string]any{"values": values})
		if err != nil {
			t.Fatal(err)
		}
		mergeHolds(t, importText(t, string(data)))
	})
}

// mergeHolds checks what holds for any import into mergeBase.
func mergeHolds(t *testing.T, im *Imported) {
	t.Helper()
	parsed, err := Parse(mergeBase)
	if err != nil {
		t.Fatal(err)
	}
	base := New(parsed)
	merged, clashes := Merge(base, im)
	for _, x := range im.Actors {
		all := x.Aliases
		if x.ID != "" {
			all = append(slices.Clip(all), Alias{Name: x.ID})
		}
		for _, alias := range all {
			told := false
			for _, c := range clashes {
				told = told || c.Imported == x.Name && names.Key(c.Value) == names.Key(alias.Name)
			}
			if told {
				continue
			}
			owner, ok := merged.Lookup(alias.Name)
			if !ok {
				t.Fatalf("%q of %q leads nowhere", alias.Name, x.Name)
			}
			// Two of the base may bear a name.
			if !slices.ContainsFunc(merged.All(), func(a *Actor) bool { return bears(a, alias.Name) && bears(a, x.Name) }) {
				t.Fatalf("%q of %q leads to %q, and no clash says so", alias.Name, x.Name, owner.Name)
			}
			if owner, ok := base.Lookup(alias.Name); ok {
				if now, _ := merged.Lookup(alias.Name); now.Name != owner.Name {
					t.Fatalf("%q went from %q to %q", alias.Name, owner.Name, now.Name)
				}
			}
		}
	}
	for _, a := range base.All() {
		now, ok := merged.Lookup(a.Name)
		if !ok || now.Name != a.Name || a.Country != "" && now.Country != a.Country {
			t.Fatalf("%s was %+v and is %+v", a.Name, a, now)
		}
	}
	again, more := Merge(merged, im)
	if again != merged || !cmp.Equal(clashes, more, cmpopts.EquateEmpty()) {
		t.Fatalf("a second time changes:\n%s%s", cmp.Diff(lines(merged.All()), lines(again.All())), cmp.Diff(clashes, more))
	}
}

func bears(a *Actor, name string) bool {
	if names.Key(a.ID) == names.Key(name) {
		return true
	}
	for _, alias := range a.Aliases {
		if names.Key(alias.Name) == names.Key(name) {
			return true
		}
	}
	return false
}
