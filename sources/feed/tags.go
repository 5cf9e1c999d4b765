package feed

import (
	"bytes"

	"golang.org/x/net/html/atom"
)

// tagRole is what a tag means for the text around it.
type tagRole int

const (
	// unknown is no tag of HTML and so perhaps not meant as one.
	unknown tagRole = iota
	// inline leaves no trace: "un<b>break</b>able" is one word.
	inline
	// cell keeps words apart.
	cell
	// block is a line of its own.
	block
	// hidden has nothing in it that is read as text.
	hidden
)

var roles = makeRoles()

func makeRoles() map[atom.Atom]tagRole {
	roles := map[atom.Atom]tagRole{}
	for role, list := range map[tagRole][]atom.Atom{
		inline: {
			atom.A, atom.Abbr, atom.Acronym, atom.Area, atom.B, atom.Base, atom.Bdi, atom.Bdo, atom.Big, atom.Button, atom.Cite,
			atom.Code, atom.Col, atom.Data, atom.Del, atom.Dfn, atom.Em, atom.Embed, atom.Font, atom.I, atom.Img, atom.Image,
			atom.Input, atom.Ins, atom.Kbd, atom.Label, atom.Link, atom.Map, atom.Mark, atom.Meta, atom.Meter, atom.Nobr,
			atom.Output, atom.Param, atom.Picture, atom.Progress, atom.Q, atom.Rp, atom.Rt, atom.Ruby, atom.S, atom.Samp,
			atom.Slot, atom.Small, atom.Source, atom.Span, atom.Strike, atom.Strong, atom.Sub, atom.Summary, atom.Sup,
			atom.Time, atom.Track, atom.Tt, atom.U, atom.Var, atom.Wbr, atom.Marquee, atom.Textarea,
		},
		cell: {atom.Td, atom.Th, atom.Option},
		block: {
			atom.Address, atom.Article, atom.Aside, atom.Blockquote, atom.Body, atom.Br, atom.Caption, atom.Center, atom.Colgroup,
			atom.Dd, atom.Details, atom.Dialog, atom.Dir, atom.Div, atom.Dl, atom.Dt, atom.Fieldset, atom.Figcaption,
			atom.Figure, atom.Footer, atom.Form, atom.Frameset, atom.H1, atom.H2, atom.H3, atom.H4, atom.H5, atom.H6,
			atom.Head, atom.Header, atom.Hgroup, atom.Hr, atom.Html, atom.Legend, atom.Li, atom.Main, atom.Menu, atom.Nav,
			atom.Ol, atom.P, atom.Plaintext, atom.Pre, atom.Section, atom.Table, atom.Tbody, atom.Tfoot, atom.Thead, atom.Title, atom.Tr,
			atom.Ul, atom.Xmp,
		},
		hidden: {
			atom.Applet, atom.Audio, atom.Canvas, atom.Iframe, atom.Noembed, atom.Noframes, atom.Noscript, atom.Object,
			atom.Script, atom.Select, atom.Style, atom.Svg, atom.Template, atom.Video,
		},
	} {
		for _, a := range list {
			roles[a] = role
		}
	}
	return roles
}

// roleOf gives the role of a tag as it stands in the HTML: "<P class=x>".
func roleOf(raw []byte) tagRole {
	var buf [16]byte
	name := lower(rawName(raw), buf[:0])
	if name == nil {
		return unknown
	}
	if a := atom.Lookup(name); a != 0 {
		return roles[a]
	}
	// <o:p>, <wbr-thing>: an element of somebody's own, not a word in angle
	// brackets; <https://...> and <a@b.example> are words.
	if bytes.HasPrefix(name, []byte("http")) {
		return unknown
	}
	if bytes.ContainsAny(name, ":-") && !bytes.ContainsAny(name, "@.0123456789") {
		return inline
	}
	return unknown
}

func nameOf(raw []byte) string {
	var buf [16]byte
	return string(lower(rawName(raw), buf[:0]))
}

// rawName is the name in a tag, or empty if it begins no tag.
func rawName(raw []byte) []byte {
	raw = bytes.TrimPrefix(raw, []byte("<"))
	raw = bytes.TrimPrefix(raw, []byte("/"))
	for i, c := range raw {
		switch c {
		case ' ', '\t', '\r', '\n', '\f', '/', '>':
			return raw[:i]
		}
	}
	return raw
}

// lower gives name in lower case within buf's capacity, or nil if it is empty
// or longer than all names of HTML.
func lower(name, buf []byte) []byte {
	if len(name) == 0 || len(name) > cap(buf) {
		return nil
	}
	for _, c := range name {
		if c >= 'A' && c <= 'Z' {
			c += 'a' - 'A'
		}
		buf = append(buf, c)
	}
	return buf
}

// bare says whether a tag has nothing but a name, as in a sentence about it.
func bare(raw []byte) bool { return len(rawName(raw)) == len(raw)-len("<>") }
