package opml

import (
	"bytes"
	"fmt"
	"io"
	"slices"
	"strings"

	"golang.org/x/net/html"

	"tipoff/sources"
	"tipoff/sources/story"
)

// Read reads a list in any character set that it declares. It takes what
// exporters write against the rules: attributes in any case, bare ampersands,
// entities that nobody declared, values without quotes. Folders and categories
// become tags; an address in several folders becomes one entry with the tags
// of all, and a problem that names both lines.
//
// What is wrong with one entry is a problem in the list, and the rest is read.
// The error is a [Problem], unless reading from r failed. It comes with all
// entries up to there if the list ends in the middle, and with none if r has
// no list at all or one beyond the limits: 16 MiB, 20,000 outlines, 100 of
// them inside each other, any declared entity.
func Read(r io.Reader) (List, error) {
	body, err := io.ReadAll(io.LimitReader(r, maxBytes+1))
	if err != nil {
		return List{}, fmt.Errorf("reading the list of feeds: %w", err)
	}
	switch {
	case len(body) > maxBytes:
		return List{}, problem(1, "the list is longer than %d MiB: split it", maxBytes>>20)
	case bytes.HasPrefix(body, []byte("PK\x03\x04")), bytes.HasPrefix(body, []byte("\x1f\x8b")):
		return List{}, problem(1, "this is a compressed file: unpack it and import the .opml or .xml in it")
	}
	p := parser{text: toUTF8(body), line: 1, byAddress: map[string]int{}}
	end := p.parse()
	if end.Text != "" && !end.partial {
		return List{}, end.Problem
	}
	p.name()
	p.list.Title = plain(p.title.String())
	slices.SortStableFunc(p.list.Problems, func(a, b Problem) int { return a.Line - b.Line })
	if end.Text != "" {
		return p.list, end.Problem
	}
	return p.list, nil
}

// ending is why reading stopped; without a text the list came to its end.
type ending struct {
	Problem
	partial bool // what came before is good
}

// parser reads one list. The tokens are those of HTML, whose rules say what
// every mistake in a tag means; XML's say only that there is one.
type parser struct {
	text []byte
	list List
	// line is that of the next token.
	line  int
	title strings.Builder
	// inTitle is true within the first title element outside of all outlines,
	// and closed after <opml/>.
	inTitle, titled, stray, closed bool
	// prefix is that of our namespace with its colon, or empty.
	prefix   string
	root     string
	outlines int
	open     []folder
	// byAddress has the first entry with a canonical address.
	byAddress map[string]int
}

// folder is an outline that is open. An outline with an address is one too:
// it gives no tag to what is in it.
type folder struct {
	// tags are those of the folders around it and its own.
	tags []string
	// feed is the problem of a feed without an address, told if the outline
	// turns out to hold nothing.
	feed Problem
	full bool
}

func (p *parser) parse() ending {
	z := html.NewTokenizer(bytes.NewReader(p.text))
	z.AllowCDATA(true)
	for {
		kind := z.Next()
		line := p.line
		raw := z.Raw()
		p.line += bytes.Count(raw, []byte("\n"))
		switch kind {
		case html.ErrorToken:
			return p.end()
		case html.TextToken:
			if p.inTitle {
				p.title.Write(z.Text())
			}
		case html.DoctypeToken, html.CommentToken:
			if declaresEntity(raw) {
				return ending{Problem: problem(line, "the list declares entities, as files do that are built to exhaust their reader: remove the <!ENTITY> lines, or export it with another program")}
			}
		case html.StartTagToken, html.SelfClosingTagToken:
			z.NextIsNotRawText() // as it would be within <title/> in HTML
			if why := p.start(z, line, kind == html.SelfClosingTagToken); why != "" {
				return ending{Problem: problem(line, "%s", why)}
			}
		case html.EndTagToken:
			name, _ := z.TagName()
			switch local(name) {
			case "opml":
				if p.root != "" {
					return ending{}
				}
			case "title":
				p.inTitle = false
			case "outline":
				p.shut(line)
			}
		}
	}
}

// end is for a text that ended without </opml>.
func (p *parser) end() ending {
	line := 1 + bytes.Count(bytes.TrimSpace(p.text), []byte("\n"))
	switch {
	case p.closed:
		return ending{}
	case p.root == "":
		return ending{Problem: problem(1, "%s", notOPML(""))}
	}
	return ending{Problem: lost(line, "the list ends in the middle: export it again, or import what was read of it"), partial: true}
}

// start reads a start tag. It returns why reading cannot go on, or nothing.
func (p *parser) start(z *html.Tokenizer, line int, empty bool) string {
	tag, more := z.TagName()
	name := local(tag)
	var a attributes
	for n := 1; more; n++ {
		var key, value []byte
		key, value, more = z.TagAttr()
		if n > maxAttributes {
			return "an element here has more than 1,000 attributes, which no list of feeds has: export it again with another program"
		}
		if prefix, ok := bytes.CutPrefix(key, []byte("xmlns:")); ok && string(value) == namespace {
			p.prefix = string(prefix) + ":"
		}
		if name == "outline" {
			a.set(string(key), value, p.prefix)
		}
	}
	switch {
	case p.root == "":
		if p.root = name; name != "opml" {
			return notOPML(name)
		}
		p.closed = empty
	case name == "title" && !p.titled && len(p.open) == 0:
		p.titled, p.inTitle = true, !empty
	case name == "outline":
		p.outlines++
		if p.outlines > maxOutlines {
			return "the list has more than 20,000 outlines: split it"
		}
		if len(p.open) >= maxDepth && !empty {
			return "the folders lie more than 100 deep, as in files that are built to exhaust their reader: export the list again with another program"
		}
		p.outline(&a, line, empty)
	}
	return ""
}

func notOPML(root string) string {
	switch root {
	case "":
		return "this is no list of feeds: export one as OPML from the other program"
	case "html", "head", "body":
		return "this is a web page, not a list of feeds: export one as OPML from the other program"
	case "rss", "feed", "rdf":
		return "this is a feed, not a list of feeds: put its address into the url of a source"
	}
	return "this is XML of another kind, not a list of feeds: export one as OPML from the other program"
}

// declaresEntity finds declarations of a DTD; a comment may say what it likes.
func declaresEntity(raw []byte) bool {
	return !bytes.HasPrefix(raw, []byte("<!--")) && bytes.Contains(bytes.ToUpper(raw), []byte("<!ENTITY"))
}

// local is the name of an element without its prefix.
func local(name []byte) string { return string(name[bytes.IndexByte(name, ':')+1:]) }

// tell adds a problem to the list.
func (p *parser) tell(line int, format string, args ...any) {
	p.list.Problems = append(p.list.Problems, problem(line, format, args...))
}

// lose adds a problem that costs something of the list.
func (p *parser) lose(line int, format string, args ...any) {
	p.list.Problems = append(p.list.Problems, lost(line, format, args...))
}

// shut closes the innermost outline.
func (p *parser) shut(line int) {
	n := len(p.open) - 1
	if n < 0 {
		if !p.stray {
			p.stray = true
			p.tell(line, "an </outline> here closes nothing: look whether the folders before it are as they should be")
		}
		return
	}
	if f := p.open[n]; f.feed.Text != "" && !f.full {
		p.list.Problems = append(p.list.Problems, f.feed)
	}
	p.open = p.open[:n]
}

// outline reads a folder or a feed.
func (p *parser) outline(a *attributes, line int, empty bool) {
	var f folder
	if n := len(p.open); n > 0 {
		p.open[n-1].full = true
		f.tags = p.open[n-1].tags
	}
	title := a.name()
	kind := strings.ToLower(strings.TrimSpace(a.kind))
	address := a.xmlURL
	if address == "" && isFeedType(kind) {
		address = a.url
	}
	switch {
	case address == "" && isFeedType(kind):
		f.feed = lost(line, "%s has no address: give it an xmlUrl", label(title))
		if empty {
			p.list.Problems = append(p.list.Problems, f.feed)
		}
		f.tags = addTag(slices.Clip(f.tags), folderTag(title))
	case address == "" && (kind == "include" || a.url != "" && strings.HasSuffix(strings.ToLower(a.url), ".opml")):
		p.lose(line, "%s leads to another list, which is not read: import that list by itself", label(title))
	case address == "":
		f.tags = addTag(slices.Clip(f.tags), folderTag(title))
	case strings.Contains(kind, "xpath") || strings.Contains(kind, "dot"):
		p.lose(line, "%s is left out, it is no feed but a page that the other program takes apart: write it into the configuration as a source of kind page or json", label(title))
	default:
		p.add(a, address, title, line)
	}
	if !empty {
		p.open = append(p.open, f)
	}
}

func isFeedType(kind string) bool {
	switch kind {
	case "rss", "rss1", "rss2", "atom", "rdf", "feed", "jsonfeed":
		return true
	}
	return false
}

// add reads a feed into the list.
func (p *parser) add(a *attributes, raw, title string, line int) {
	address, auth, why := splitAddress(raw)
	if address == "" {
		p.lose(line, "%s is left out, %s", label(title), why)
		return
	}
	canonical, _ := story.CanonicalURL(address)
	e := Entry{Title: title, HTMLURL: webPage(a.htmlURL), Line: line}
	e.Source = sources.Source{URL: address, Kind: sources.Feed, BasicAuth: auth}
	if why != "" {
		p.lose(line, "%s: %s", label(title), why)
	}
	if n := len(p.open); n > 0 {
		e.Source.Tags = slices.Clone(p.open[n-1].tags)
	}
	e.Source.Tags = categories(e.Source.Tags, a.category)
	for _, bad := range a.own.apply(&e) {
		bad.Line, bad.Text = line, label(title)+": "+bad.Text
		p.list.Problems = append(p.list.Problems, bad)
	}
	if a.own.unknownKind() {
		return
	}
	first, twice := p.byAddress[canonical]
	if !twice {
		p.byAddress[canonical] = len(p.list.Entries)
		p.list.Entries = append(p.list.Entries, e)
		return
	}
	known := &p.list.Entries[first]
	if e.Whole && known.Whole && fold(e.Source.Name) != fold(known.Source.Name) {
		// Somebody configured two sources with one address, such as two lists
		// on one page.
		p.list.Entries = append(p.list.Entries, e)
		return
	}
	if known.Source.BasicAuth == "" {
		known.Source.BasicAuth = auth
	}
	merged := ""
	if !known.Whole {
		before := len(known.Source.Tags)
		for _, t := range e.Source.Tags {
			known.Source.Tags = addTag(known.Source.Tags, t)
		}
		if len(known.Source.Tags) > before {
			merged = " with the tags of both"
		}
	}
	p.tell(line, "%s has the address of line %d and is read once%s: remove one of the two if that is not meant", label(title), known.Line, merged)
}

// name gives every entry its name: first those that bring one, so that no
// title takes it from them.
func (p *parser) name() {
	names := newNames(len(p.list.Entries))
	for i := range p.list.Entries {
		e := &p.list.Entries[i]
		if e.Source.Name == "" {
			continue
		}
		wanted := e.Source.Name
		if e.Source.Name = names.free(wanted); e.Source.Name != wanted {
			p.tell(e.Line, "the name %s is taken by another entry; this one is read as %s: give it a name of its own if you like", wanted, e.Source.Name)
		}
	}
	for i := range p.list.Entries {
		if e := &p.list.Entries[i]; e.Source.Name == "" {
			e.Source.Name = names.free(nameOf(e.Title, e.Source.URL))
		}
	}
}
