package actor

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"reflect"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"tipoff/filters/entity/country"
	"tipoff/filters/entity/names"
)

// Imported is what a file of another table holds.
type Imported struct {
	// Actors are in the order of the file. Each has at least a name, and no name
	// twice; their aliases have the needs that such names get here.
	Actors []*Actor
	// Nameless counts the entries without a name that could be found in a text.
	Nameless int
	// Retired counts the entries that ATT&CK has revoked or deprecated.
	Retired int
}

// ImportError is where a file cannot be read. Line and Column are 1-based, the
// column in characters; Text says what is wrong and what to do.
type ImportError struct {
	Line, Column int
	Text         string
}

func (e *ImportError) Error() string {
	return fmt.Sprintf("line %d, column %d: %s", e.Line, e.Column, e.Text)
}

// maxName is how many characters a name may have; what is longer is a
// description that came into the wrong field.
const maxName = 100

// Import reads a MISP galaxy cluster of actors, or the groups (intrusion sets)
// of an ATT&CK bundle in STIX 2; the content tells which it is. What else such
// files hold is left out. The error, if any, is an [*ImportError].
func Import(data []byte) (*Imported, error) {
	data = bytes.TrimPrefix(data, []byte("\ufeff"))
	r := &importer{data: data, dec: json.NewDecoder(bytes.NewReader(data)), out: &Imported{}}
	if err := r.document(); err != nil {
		if e, ok := errors.AsType[*ImportError](err); ok {
			return nil, e
		}
		return nil, r.broken(err)
	}
	return r.out, nil
}

// importer reads one file, entry by entry: a bundle of ATT&CK has some fifty
// megabytes, of which the groups are a small part.
type importer struct {
	data []byte
	dec  *json.Decoder
	raw  json.RawMessage // the entry at hand
	out  *Imported
}

const anyFormat = `expected a MISP galaxy cluster ({"values": [...]}) or an ATT&CK bundle in STIX 2 ({"objects": [...]})`

func (r *importer) document() error {
	start, err := r.dec.Token()
	if err != nil {
		return err
	}
	if start != json.Delim('{') {
		return r.fail(0, anyFormat)
	}
	known := false
	for r.dec.More() {
		key, err := r.dec.Token()
		if err != nil {
			return err
		}
		switch key {
		case "values":
			known, err = true, r.list("values", r.cluster)
		case "objects":
			known, err = true, r.list("objects", r.object)
		default:
			err = r.dec.Decode(&r.raw)
		}
		if err != nil {
			return err
		}
	}
	if _, err := r.dec.Token(); err != nil {
		return err
	}
	if _, err := r.dec.Token(); !errors.Is(err, io.EOF) {
		return errors.Join(errors.New("there is something after the end"), err)
	}
	if !known {
		return r.fail(0, anyFormat)
	}
	return nil
}

// list reads each entry of a list; each adds the one in r.raw to the result.
func (r *importer) list(key string, each func() error) error {
	start, err := r.dec.Token()
	if err != nil {
		return err
	}
	if start != json.Delim('[') {
		return r.fail(int(r.dec.InputOffset())-1, key+": expected a list of entries")
	}
	for i := 0; r.dec.More(); i++ {
		if err := r.dec.Decode(&r.raw); err != nil {
			return err
		}
		err := each()
		if wrong, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
			where := fmt.Sprintf("%s[%d]", key, i)
			if wrong.Field != "" {
				where += "." + wrong.Field
			}
			return r.fail(int(r.dec.InputOffset())-len(r.raw), fmt.Sprintf("%s: expected %s, found %s; mend the entry, or take it out",
				where, jsonKind(wrong.Type), wrong.Value))
		}
		if err != nil {
			return err
		}
	}
	_, err = r.dec.Token()
	return err
}

func jsonKind(t reflect.Type) string {
	switch t.Kind() {
	case reflect.String:
		return "a text"
	case reflect.Bool:
		return "true or false"
	case reflect.Slice:
		return "a list"
	default:
		return "an object"
	}
}

// texts is a list of texts, or a single one: MISP writes both.
type texts []string

func (t *texts) UnmarshalJSON(data []byte) error {
	var one string
	if json.Unmarshal(data, &one) == nil {
		*t = nil
		if one != "" {
			*t = texts{one}
		}
		return nil
	}
	return json.Unmarshal(data, (*[]string)(t))
}

// cluster adds an entry of a MISP galaxy cluster.
func (r *importer) cluster() error {
	var e struct {
		Value string `json:"value"`
		Meta  struct {
			Synonyms texts `json:"synonyms"`
			Country  texts `json:"country"`
			Sponsor  texts `json:"cfr-suspected-state-sponsor"`
			ID       texts `json:"external_id"`
		} `json:"meta"`
	}
	if err := json.Unmarshal(r.raw, &e); err != nil {
		return err
	}
	for _, id := range e.Meta.ID {
		e.Value = strings.TrimSuffix(e.Value, " - "+id) // "APT29 - G0016"
	}
	all := slices.Concat([]string{e.Value}, e.Meta.Synonyms)
	r.add(all, countryOf(slices.Concat(e.Meta.Country, e.Meta.Sponsor)), e.Meta.ID)
	return nil
}

// object adds an object of a STIX bundle if it is a group.
func (r *importer) object() error {
	const group = "intrusion-set"
	if !bytes.Contains(r.raw, []byte(group)) && !bytes.Contains(r.raw, []byte(`\u`)) {
		return nil // most of a bundle; to look for the word takes a fraction of reading it
	}
	var kind struct {
		Type any `json:"type"`
	}
	if err := json.Unmarshal(r.raw, &kind); err != nil || kind.Type != group {
		return err
	}
	var e struct {
		Name       string   `json:"name"`
		Aliases    []string `json:"aliases"`
		Revoked    bool     `json:"revoked"`
		Deprecated bool     `json:"x_mitre_deprecated"`
		References []struct {
			Source string `json:"source_name"`
			ID     string `json:"external_id"`
		} `json:"external_references"`
	}
	if err := json.Unmarshal(r.raw, &e); err != nil {
		return err
	}
	if e.Revoked || e.Deprecated {
		r.out.Retired++
		return nil
	}
	var ids []string
	for _, ref := range e.References {
		if ref.Source == "mitre-attack" {
			ids = append(ids, ref.ID)
		}
	}
	r.add(slices.Concat([]string{e.Name}, e.Aliases), "", ids)
	return nil
}

// add makes an actor of all its names, the own one first.
func (r *importer) add(all []string, code string, ids []string) {
	a := &Actor{Country: code}
	for _, id := range ids {
		if a.ID == "" && isGroup(id) {
			a.ID = id
		}
	}
	keys := map[string]bool{}
	for i, name := range all {
		name = clean(name)
		key := names.Key(name)
		usable := isName(name) && utf8.RuneCountInString(name) <= maxName
		if i == 0 && !usable {
			r.out.Nameless++
			return
		}
		if i > 0 && a.ID == "" && isGroup(name) {
			a.ID = name // MISP has it among the synonyms
		}
		if !usable || keys[key] || i > 0 && name == a.ID {
			continue
		}
		keys[key] = true
		a.Aliases = append(a.Aliases, Alias{Name: name, Need: needOf(name)})
	}
	a.Name = a.Aliases[0].Name
	r.out.Actors = append(r.out.Actors, a)
}

// isGroup reports whether s is an ATT&CK group: G and four digits.
func isGroup(s string) bool {
	return len(s) == len("G0016") && s[0] == 'G' && isNumber(s[1:])
}

// clean leaves out what is not the name: who calls the actor so, as in
// "Hive0081 (IBM)", signs at the end, control characters, and white space but
// for single spaces.
func clean(name string) string {
	name = strings.Join(strings.FieldsFunc(strings.ToValidUTF8(name, " "), func(r rune) bool {
		return unicode.IsSpace(r) || unicode.IsControl(r)
	}), " ")
	if before, _, ok := strings.Cut(name, " ("); ok && strings.HasSuffix(name, ")") && names.Key(before) != "" {
		name = before
	}
	return strings.TrimRight(name, " ,;")
}

// countryOf returns the code of the first that is a country, or nothing.
func countryOf(all []string) string {
	for _, name := range all {
		if code, ok := country.Lookup(name); ok {
			return code
		}
		// As the United Nations write it: Iran (Islamic Republic of).
		if short, long, ok := strings.Cut(strings.TrimSuffix(name, ")"), " ("); ok {
			if code, ok := country.Lookup(long + " " + short); ok {
				return code
			}
		}
	}
	return ""
}

// broken says where the file is no JSON.
func (r *importer) broken(err error) error {
	const again = "download the file again, or mend it there"
	if s := bytes.TrimSpace(r.data); len(s) > 0 && s[0] == '<' {
		return r.fail(bytes.IndexByte(r.data, '<'), "this is a page or XML, not JSON; download the raw file")
	}
	// The places of a Decoder are not those of the file; this one's are.
	wrong, ok := errors.AsType[*json.SyntaxError](json.Unmarshal(r.data, &struct{}{}))
	switch {
	case !ok:
		return r.fail(int(r.dec.InputOffset()), fmt.Sprintf("%v; %s", err, again))
	case strings.HasPrefix(wrong.Error(), "unexpected end"):
		return r.fail(len(r.data), "the file ends too early; "+again)
	default:
		return r.fail(int(wrong.Offset)-1, fmt.Sprintf("%v; %s", wrong, again))
	}
}

func (r *importer) fail(at int, text string) error {
	before := r.data[:min(max(at, 0), len(r.data))]
	line := bytes.Count(before, []byte("\n"))
	column := utf8.RuneCount(before[bytes.LastIndexByte(before, '\n')+1:])
	return &ImportError{Line: line + 1, Column: column + 1, Text: text}
}
