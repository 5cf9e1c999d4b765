package config

import (
	"strings"

	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/token"
)

// reader turns the library's tree into ours.
type reader struct {
	d       *decoder
	anchors map[string]*node
	aliases int
}

func (r *reader) node(n ast.Node) *node {
	if n == nil {
		return &node{kind: null, line: 1, col: 1}
	}
	line, col := place(n.GetToken())
	out := &node{line: line, col: col}
	switch n := n.(type) {
	case *ast.NullNode:
	case *ast.AnchorNode:
		out = r.node(n.Value)
		// Known only from here on: an anchor cannot hold itself.
		r.anchors[name(n.Name)] = out
	case *ast.AliasNode:
		return r.alias(n, out)
	case *ast.TagNode:
		if !strings.HasPrefix(n.Start.Value, "!!") {
			r.d.fail(line, col, "tag %s: a configuration needs no tags; write the value alone", quote(n.Start.Value))
		}
		return r.d.skipSpace(r.node(n.Value))
	case *ast.MappingNode:
		if len(n.Values) > 0 && !n.IsFlowStyle {
			out.line, out.col = place(n.Values[0].Key.GetToken())
		}
		out.ends(n.IsFlowStyle, n.End)
		r.mapping(out, n.Values)
	case *ast.MappingValueNode:
		out.line, out.col = place(n.Key.GetToken())
		r.mapping(out, []*ast.MappingValueNode{n})
	case *ast.SequenceNode:
		out.kind = sequence
		out.ends(n.IsFlowStyle, n.End)
		for _, v := range n.Values {
			out.items = append(out.items, r.node(v))
		}
		for _, e := range n.Entries {
			line, col := place(e.Start)
			out.dashes = append(out.dashes, dash{line, col})
		}
	case *ast.LiteralNode:
		out.kind = scalar
		if n.Value != nil {
			out.text = unhide(n.Value.Value)
		}
	case *ast.StringNode:
		out.kind, out.text = scalar, unhide(n.Value)
	default:
		// Numbers, booleans, infinities: the text as it was written. What it
		// must be is for each key to say.
		out.kind, out.text = scalar, unhide(n.GetToken().Value)
	}
	return out
}

// ends notes where a collection in brackets ends.
func (n *node) ends(flow bool, end *token.Token) {
	if n.flow = flow; flow {
		n.endLine, n.endCol = place(end)
		n.endCol++
	}
}

// skipSpace mends the place of a tagged value, which the library puts on the
// space after the tag.
func (d *decoder) skipSpace(n *node) *node {
	if n.line <= len(d.lines) {
		row := []rune(d.lines[n.line-1])
		for n.kind == scalar && n.col <= len(row) && row[n.col-1] == ' ' {
			n.col++
		}
	}
	return n
}

func (r *reader) alias(n *ast.AliasNode, out *node) *node {
	id := name(n.Value)
	target, ok := r.anchors[id]
	switch r.aliases++; {
	case !ok:
		known := make([]string, 0, len(r.anchors))
		for k := range r.anchors {
			known = append(known, k)
		}
		r.d.fail(out.line, out.col, "alias *%s: there is no anchor &%s above it%s", id, id, didYouMean(id, known))
		out.kind = broken
		return out
	case r.aliases > maxAliases:
		if r.aliases == maxAliases+1 {
			r.d.fail(out.line, out.col, "more than %d aliases; write the values out", maxAliases)
		}
		out.kind = broken
		return out
	}
	return target
}

func name(n ast.Node) string {
	if n == nil || n.GetToken() == nil {
		return ""
	}
	return n.GetToken().Value
}

func (r *reader) mapping(out *node, values []*ast.MappingValueNode) {
	out.kind = mapping
	index := map[string]int{}
	var merged []*node
	for _, v := range values {
		line, col := place(v.Key.GetToken())
		if v.Key.IsMergeKey() {
			merged = append(merged, r.node(v.Value))
			continue
		}
		key, ok := r.key(v.Key)
		if !ok {
			continue
		}
		value := r.node(v.Value)
		if value.kind == null && value.line == 1 && value.col == 1 {
			value.line, value.col = line, col
		}
		if first, twice := index[key]; twice {
			r.d.fail(line, col, "key %s is here twice; the first is in line %d", quote(key), out.entries[first].line)
			continue
		}
		index[key] = len(out.entries)
		out.entries = append(out.entries, entry{key: key, line: line, col: col, value: value})
	}
	for _, m := range merged {
		r.merge(out, m, index)
	}
}

// merge adds the entries of "<<: *anchor" that the mapping has not itself.
func (r *reader) merge(out, from *node, index map[string]int) {
	switch from.kind {
	case mapping:
		for _, e := range from.entries {
			if _, own := index[e.key]; !own {
				index[e.key] = len(out.entries)
				out.entries = append(out.entries, e)
			}
		}
	case sequence:
		for _, item := range from.items {
			r.merge(out, item, index)
		}
	case broken:
	default:
		r.d.fail(from.line, from.col, "<< takes a mapping or a list of mappings, not %s", from.kind)
	}
}

func (r *reader) key(k ast.MapKeyNode) (string, bool) {
	n := ast.Node(k)
	for {
		switch inner := n.(type) {
		case *ast.MappingKeyNode:
			n = inner.Value
			continue
		case *ast.TagNode:
			n = inner.Value
			continue
		case *ast.AnchorNode:
			n = inner.Value
			continue
		case *ast.StringNode:
			return unhide(inner.Value), true
		}
		line, col := place(k.GetToken())
		if _, isScalar := n.(ast.ScalarNode); isScalar {
			return unhide(n.GetToken().Value), true
		}
		r.d.fail(line, col, "a key must be a single word")
		return "", false
	}
}
