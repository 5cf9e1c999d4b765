package terminal

import (
	"strings"

	"charm.land/lipgloss/v2"
	"github.com/rivo/uniseg"
)

// wrap breaks ps into lines of at most width cells. Lines break where Unicode
// lets them (UAX 14), which is between words and between ideographs, yet not
// behind hyphens and slashes: names such as APT-41 stay in one piece. What is
// longer than a line breaks anywhere between graphemes.
func wrap(ps []piece, width int) [][]piece {
	var b strings.Builder
	for _, p := range ps {
		b.WriteString(p.text)
	}
	var out [][]piece
	for _, r := range breaks(b.String(), max(width, 2)) {
		out = append(out, slice(ps, r[0], r[1]))
	}
	return out
}

// breaks lists the lines of s as byte offsets, without the spaces around them.
func breaks(s string, width int) [][2]int {
	var out [][2]int
	add := func(from, to int) {
		for from < to {
			// A space with a mark on it (a lone skin tone) is a grapheme to keep.
			g, _, _, _ := uniseg.FirstGraphemeClusterInString(s[from:to], -1)
			if g != " " && g != "\n" {
				break
			}
			from += len(g)
		}
		out = append(out, [2]int{from, from + len(strings.TrimRight(s[from:to], " \n"))})
	}
	var (
		start, used int // of the current line
		last        int // the last place where it may break
		pos         int
		state       = -1
		rest        = s
	)
	for rest != "" {
		var g string
		var bounds int
		g, rest, bounds, state = uniseg.StepString(rest, state)
		end := pos + len(g)
		if strings.ContainsAny(g, "\r\n") {
			add(start, pos)
			start, last, used, pos = end, end, 0, end
			continue
		}
		w := lipgloss.Width(g)
		for g != " " && used+w > width && pos > start {
			at := last
			if at <= start {
				at = pos
			}
			add(start, at)
			start, last = at, at
			used = lipgloss.Width(s[start:pos])
		}
		used += w
		pos = end
		if bounds&uniseg.MaskLine == uniseg.LineCanBreak && !strings.ContainsAny(g, "-‐–/") {
			last = end
		}
	}
	if start < len(s) {
		add(start, len(s))
	}
	return out
}

// slice is the part of ps from one byte offset to another.
func slice(ps []piece, from, to int) []piece {
	var out []piece
	at := 0
	for _, p := range ps {
		lo, hi := max(from-at, 0), min(to-at, len(p.text))
		at += len(p.text)
		if lo < hi {
			p.text = p.text[lo:hi]
			out = append(out, p)
		}
	}
	return out
}
