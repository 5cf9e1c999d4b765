package jobs

import (
	"bytes"
	"log/slog"
	"strings"
	"testing"
)

// While the database does not answer, the engine says so and does not go on
// saying it.
func TestOneMessageAMinute(t *testing.T) {
	var out bytes.Buffer
	log := slog.New(newQuieter(slog.NewTextHandler(&out, nil)))
	for range 100 {
		log.Error("fetch failed")
		log.With("queue", "poll").Error("commit failed")
		log.Warn("not about trouble")
	}
	if n := strings.Count(out.String(), "\n"); n != 2 {
		t.Errorf("%d lines, want one for each of the two:\n%s", n, &out)
	}
}
