package main

import (
	"encoding/json"
	"fmt"
	"strings"
	"unicode/utf8"

	"tipoff/bot/card"
	"tipoff/filters"
	"tipoff/sources/story"
)

// explainer prints for each story which clause of a query was true and where.
type explainer struct {
	filter *filters.Filter
	asJSON bool
	story  story.Story
	doc    filters.Doc
}

// explained is a story with its explanation, as --json prints it.
type explained struct {
	Story       *story.Story        `json:"story"`
	Explanation filters.Explanation `json:"explanation"`
}

func (x *explainer) line(out, line []byte) ([]byte, bool, error) {
	s := &x.story
	if err := decodeStory(line, s); err != nil {
		return out, false, err
	}
	x.doc.Reset(s)
	e := x.filter.Explain(&x.doc)
	if x.asJSON {
		inUTC(s)
		text, err := json.Marshal(explained{s, e})
		if err != nil {
			return out, false, err
		}
		return append(append(out, text...), '\n'), e.Match, nil
	}
	return append(out, explanation(s, e)...), e.Match, nil
}

// explanation is a story with its explanation for people: plain text, so that it
// can be searched and cut like any other output.
func explanation(s *story.Story, e filters.Explanation) string {
	var b strings.Builder
	verdict := "no match  "
	if e.Match {
		verdict = "match     "
	}
	title := s.Title
	if strings.TrimSpace(title) == "" {
		title = "(no title)"
	}
	fmt.Fprintf(&b, "%s%s\n", verdict, card.Cut(card.Clean(title), 200))
	reason(&b, s, &e.Tree, 1)
	if e.Failed != "" && e.Failed != e.Query {
		fmt.Fprintf(&b, "  failed by one clause: %s\n", e.Failed)
	}
	b.WriteByte('\n')
	return b.String()
}

// reason prints a clause and those in it.
func reason(b *strings.Builder, s *story.Story, r *filters.Reason, depth int) {
	answer := "no "
	if r.Match {
		answer = "yes"
	}
	name := r.Clause
	switch r.Op {
	case "and":
		name = "all of"
	case "or":
		name = "one of"
	case "not":
		name = "not"
	}
	indent := strings.Repeat("  ", min(depth, 20))
	fmt.Fprintf(b, "%s%s  %s\n", indent, answer, card.Cut(name, 200))
	shown := r.Places
	const most = 5
	for i, p := range shown {
		if i == most {
			fmt.Fprintf(b, "%s     and %d more\n", indent, len(shown)-most)
			break
		}
		fmt.Fprintf(b, "%s     %s: %s\n", indent, p.Field, snippet(textOf(s, p.Field), p))
	}
	for i := range r.Parts {
		reason(b, s, &r.Parts[i], depth+1)
	}
}

// textOf is the text that a place is in, or "".
func textOf(s *story.Story, field string) string {
	switch field {
	case "title":
		return s.Title
	case "summary":
		return s.Summary
	case "content":
		return s.Content
	case "author":
		return s.Author
	case "url":
		return s.URL
	}
	return ""
}

// around is how many bytes of a text are shown on each side of a place.
const around = 30

// snippet is a place with what is around it; brackets mark the place.
func snippet(text string, p filters.Highlight) string {
	if p.End <= p.Start || p.End > len(text) {
		return card.Clean(p.Text)
	}
	from, to := max(0, p.Start-around), min(len(text), p.End+around)
	for from > 0 && !utf8.RuneStart(text[from]) {
		from--
	}
	for to < len(text) && !utf8.RuneStart(text[to]) {
		to++
	}
	before, after := text[from:p.Start], text[p.End:to]
	if from > 0 {
		if i := strings.IndexByte(before, ' '); i >= 0 {
			before = before[i+1:]
		}
		before = "…" + before
	}
	if to < len(text) {
		if i := strings.LastIndexByte(after, ' '); i >= 0 {
			after = after[:i]
		}
		after += "…"
	}
	return card.Clean(before + "[" + text[p.Start:p.End] + "]" + after)
}
