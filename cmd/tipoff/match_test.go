package main

import (
	"bytes"
	"strings"
	"testing"
)

// The lines come out byte for byte, whatever their ends; one that is too long
// does not keep the others from their turn.
func TestMatchPrintsLinesAsTheyAre(t *testing.T) {
	long := `{"title":"a","content":"` + strings.Repeat("x", maxLine) + `"}` + "\n"
	for _, c := range []struct {
		name, in, want, says string
		code                 int
	}{
		{"windows line ends", "{\"title\":\"a\"}\r\n{\"title\":\"b\"}\r\n", "{\"title\":\"a\"}\r\n", "", exitDone},
		{"spaces around", "  {\"title\":\"a\"} \n", "  {\"title\":\"a\"} \n", "", exitDone},
		{"no end at the end", `{"title":"a"}`, "{\"title\":\"a\"}\n", "", exitDone},
		{"blank lines", "\n \r\n\n{\"title\":\"a\"}\n", "{\"title\":\"a\"}\n", "", exitDone},
		{"nothing", "", "", "", exitNothing},
		{"a long line", long + "{\"title\":\"a\"}\n", "{\"title\":\"a\"}\n", "standard input:1: the line is longer than 64 MiB", exitUsage},
		{"a long line without end", "{\"title\":\"a\"}\n" + strings.TrimSpace(long), "{\"title\":\"a\"}\n", "standard input:2: the line is longer", exitUsage},
	} {
		t.Run(c.name, func(t *testing.T) {
			var out, errOut bytes.Buffer
			code := run(t.Context(), []string{"match", "a"}, strings.NewReader(c.in), &out, &errOut)
			if code != c.code || out.String() != c.want || !strings.Contains(errOut.String(), c.says) || c.says == "" && errOut.Len() > 0 {
				t.Errorf("exit code %d, printed %q, said %q", code, out.String(), errOut.String())
			}
		})
	}
}
