package config

import (
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// Each text holds a scalar under q, with § at the place to find.
func TestPlaceInsideAScalar(t *testing.T) {
	for name, text := range map[string]string{
		"plain":               "q: a § b",
		"plain at its start":  "q: §",
		"plain, wide before":  "q: 中文 é § b",
		"flow":                "x: {a: 'é', q: a §, b: c}",
		"single quotes":       "q: 'a § b'",
		"doubled quote":       "q: 'it''s a ''§'''",
		"double quotes":       `q: "a § b"`,
		"escapes":             `q: "a \"b\" \\ \x41 \u00e9 \U0001F600 \t§"`,
		"literal":             "q: |\n  one\n   two §\n",
		"literal, blank line": "q: |-\n  one\n\n  two §\n",
		"folded":              "q: >-\n  one\n  two §\n  three\n",
		"plain over lines":    "q: one\n  two\n  three § four",
		"quoted over lines":   "q: 'one\n  two §\n  three'",
		"double over lines":   "q: \"one\n\n  two \\\"§\\\"\"",
		"below its key":       "q:\n    a §",
		"variable before":     "q: ${A:-x y} ${B} §",
		"variable in flow":    "x: {q: ${A:-x, y} §}",
		"anchor":              "q: &a a § b",
		"tag":                 "q: !!str 'a § b'",
		"windows line ends":   "q: >\r\n  one\r\n  two §\r\n",
	} {
		t.Run(name, func(t *testing.T) {
			text = strings.ReplaceAll(text, "\r\n", "\n")
			d := &decoder{file: "c.yaml", lines: strings.Split(text, "\n")}
			root := d.readYAML(text)
			if len(d.errs) > 0 {
				t.Fatal(d.errs)
			}
			n := find(root, "q")
			line, col := d.at(n, len([]rune(n.text[:strings.Index(n.text, "§")])))
			before := text[:strings.Index(text, "§")]
			wantLine := strings.Count(before, "\n") + 1
			wantCol := len([]rune(before[strings.LastIndexByte(before, '\n')+1:])) + 1
			if line != wantLine || col != wantCol {
				t.Errorf("found at %d:%d, it is at %d:%d", line, col, wantLine, wantCol)
			}
		})
	}
}

func find(n *node, key string) *node {
	for _, e := range n.entries {
		if e.key == key {
			return e.value
		}
		if found := find(e.value, key); found != nil {
			return found
		}
	}
	return nil
}

// After expansion a place in the text still leads to the place in the file.
func TestPlaceAfterExpansion(t *testing.T) {
	text := "q: a ${NUMBER} $${x} ${NOPE:-long default} § b"
	d := &decoder{file: "c.yaml", lines: strings.Split(text, "\n"), getenv: getenv}
	n := find(d.readYAML(text), "q")
	v, ok := d.expand(n, "q")
	if !ok || v.text != "a 7 ${x} long default § b" {
		t.Fatalf("expanded to %q (%v)", v.text, d.errs)
	}
	for _, c := range []struct {
		mark string
		col  int
	}{{"a", 4}, {"7", 6}, {"${x", 16}, {"default", 22}, {"§", 44}, {"b", 46}} {
		at := strings.Index(v.text, c.mark)
		if _, col := d.at(n, v.origin(len([]rune(v.text[:at])))); col != c.col {
			t.Errorf("%s is found at column %d, want %d", c.mark, col, c.col)
		}
	}
	if _, col := d.at(n, v.origin(len([]rune(v.text)))); col != 47 {
		t.Errorf("the end is at column %d, want 47", col)
	}
}

func TestHideKeepsPlaces(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := strings.Join(rapid.SliceOf(rapid.SampledFrom([]string{"$", "{", "}", "A", "_", ":-", " ", "#", "é", ",", "\n", "${A:-x}", "${B}", "中"})).Draw(t, "parts"), "")
		h := hide(s)
		if unhide(h) != s {
			t.Fatalf("%q becomes %q", s, unhide(h))
		}
		if len([]rune(h)) != len([]rune(s)) || strings.Count(h, "\n") != strings.Count(s, "\n") {
			t.Fatalf("%q changes its length", s)
		}
	})
}

func TestNearest(t *testing.T) {
	for _, c := range []struct{ word, want string }{
		{"chanels", "channels"},
		{"Watches", "watches"},
		{"time-zone", "timezone"},
		{"botToken", "bot_token"},
		{"slcak", "slack"},
		{"concur", "concurrency"},
		{"frobnicate", ""},
		{"", ""},
		{"x", ""},
		{"urls", "url"},
		{strings.Repeat("channels", 100), ""},
	} {
		known := []string{"channels", "watches", "timezone", "bot_token", "slack", "concurrency", "url", "store"}
		if got := nearest(c.word, known); got != c.want {
			t.Errorf("nearest(%.20q) = %q, want %q", c.word, got, c.want)
		}
	}
}
