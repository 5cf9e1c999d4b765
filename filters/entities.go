package filters

import (
	"net/url"
	"slices"
	"strings"
	"unicode/utf8"

	"golang.org/x/net/idna"

	"tipoff/filters/entity/ioc"
	"tipoff/sources/story"
)

// Entities returns the named things of a story: those that it came with and
// those that its texts mention, each once, in the order of first mention. Of
// an actor that the texts mention it gives the first alias they use. Indicators
// of the story's own site, and of the sites that tell it, are none.
func (l *Lexicon) Entities(d *Doc) story.Entities {
	e := d.entities(l.Actors())
	var out story.Entities
	for _, a := range e.actors {
		if slices.ContainsFunc(out.Actors, func(o story.Actor) bool { return o.Name == a.name }) {
			continue
		}
		actor := story.Actor{Name: a.name, Alias: a.alias}
		if a.Actor != nil {
			actor.Name, actor.Country = a.Name, a.Country
		}
		if slices.ContainsFunc(out.Actors, func(o story.Actor) bool { return o.Name == actor.Name }) {
			continue
		}
		out.Actors = append(out.Actors, actor)
	}
	for _, c := range e.countries {
		if !slices.Contains(out.Countries, c.code) {
			out.Countries = append(out.Countries, c.code)
		}
	}
	for _, m := range e.malware {
		name := m.name
		if m.Malware != nil {
			name = m.Name
		}
		if !slices.Contains(out.Malware, name) {
			out.Malware = append(out.Malware, name)
		}
	}
	for _, v := range e.cves {
		out.CVEs = append(out.CVEs, l.know(v))
	}
	out.IOCs = slices.Clone(d.story.Entities.IOCs)
	own := d.parts().hosts
	for _, text := range d.texts {
		for _, i := range ioc.Find(text) {
			if !isOwn(own, i.Host()) && !slices.Contains(out.IOCs, i.Value) {
				out.IOCs = append(out.IOCs, i.Value)
			}
		}
	}
	return out
}

// isOwn reports whether host is one of the story's own sites, or below one.
func isOwn(own []string, host string) bool {
	if host == "" {
		return false
	}
	return slices.ContainsFunc(own, func(site string) bool {
		site = strings.TrimPrefix(site, "www.")
		return host == site || strings.HasSuffix(host, "."+site)
	})
}

// hostOf is the host of an address in lower case and ASCII, or "".
func hostOf(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return ""
	}
	return asciiHost(strings.ToLower(strings.Trim(u.Hostname(), ".")))
}

// asciiHost is the form of a host with letters other than a to z that the
// addresses of stories have, such as xn--bcher-kva.example; others it leaves as
// they are.
func asciiHost(host string) string {
	if strings.ContainsFunc(host, func(r rune) bool { return r >= utf8.RuneSelf }) {
		if ascii, err := idna.Lookup.ToASCII(host); err == nil {
			return ascii
		}
	}
	return host
}
