//go:build unix

package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"

	"tipoff/bot/slack/slackfake"
)

// TestKillDuringDelivery kills `run` while it sends, and starts it again:
// every alert arrives, on Slack and in the file. What was being sent at that
// moment may come twice; nothing else does.
func TestKillDuringDelivery(t *testing.T) {
	const stories = 5
	slack, err := slackfake.Start(slackfake.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(slack.Close)

	var published atomic.Bool
	polled := make(chan struct{}, 100)
	feed := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		var b bytes.Buffer
		b.WriteString(`<rss version="2.0"><channel><title>One</title>`)
		if published.Load() {
			for i := stories; i > 0; i-- {
				fmt.Fprintf(&b, `<item><guid>%d</guid><link>https://one.example/%d</link><title>leak %d</title></item>`, i, i, i)
			}
		}
		b.WriteString(`</channel></rss>`)
		_, _ = w.Write(b.Bytes())
		select {
		case polled <- struct{}{}:
		default:
		}
	}))
	t.Cleanup(feed.Close)

	dir := t.TempDir()
	conf := fmt.Sprintf(`
listen: ""
fetch: {allow_private: [127.0.0.1/32]}
slack: {bot_token: %s, api_url: %s}
sources: [{name: one, url: %s, schedule: "@every 1s"}]
channels: [{name: desk, slack: C0123, file: alerts.jsonl}]
watches: [{name: leaks, query: leak, channels: [desk]}]
`, slack.BotToken(), slack.URL(), feed.URL)
	if err := os.WriteFile(filepath.Join(dir, "config.yaml"), []byte(conf), 0o600); err != nil {
		t.Fatal(err)
	}

	run := func() *exec.Cmd {
		t.Helper()
		cmd := exec.Command("tipoff", "run")
		cmd.Dir, cmd.Stderr = dir, os.Stderr
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = cmd.Process.Kill() })
		return cmd
	}

	first := run()
	<-polled
	<-polled // the second visit begins when the baseline is stored
	published.Store(true)
	if _, err := slack.WaitMessages(t.Context(), "C0123", 2); err != nil {
		t.Fatal(err)
	}
	if err := first.Process.Kill(); err != nil { // SIGKILL: no last words
		t.Fatal(err)
	}
	_ = first.Wait()

	second := run()
	want := []string{"leak 1", "leak 2", "leak 3", "leak 4", "leak 5"}
	var seen []string
	for n := stories; ; n++ {
		messages, err := slack.WaitMessages(t.Context(), "C0123", n)
		if err != nil {
			t.Fatal(err)
		}
		seen = nil
		for _, m := range messages {
			for _, w := range want {
				if strings.Contains(slackfake.PlainText(m.Blocks), w) {
					seen = append(seen, w)
				}
			}
		}
		if slices.Contains(seen, want[stories-1]) {
			break
		}
	}
	if len(seen) > stories+1 {
		t.Errorf("seen %v: more than the one being sent came twice", seen)
	}
	if diff := cmp.Diff(want, slices.Compact(seen)); diff != "" {
		t.Errorf("on Slack, in order (-want +got):\n%s", diff)
	}

	if err := second.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	if err := second.Wait(); err != nil {
		t.Errorf("a stop that was asked for: %v", err)
	}
	data, err := os.ReadFile(filepath.Join(dir, "alerts.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	var inFile []string
	for line := range bytes.Lines(data) {
		var a struct{ Story struct{ Title string } }
		if err := json.Unmarshal(line, &a); err != nil {
			t.Fatalf("%s: %v", line, err)
		}
		inFile = append(inFile, a.Story.Title)
	}
	if diff := cmp.Diff(want, slices.Compact(inFile)); diff != "" {
		t.Errorf("in the file, in order (-want +got):\n%s", diff)
	}
	if v := slack.Violations(); len(v) > 0 {
		t.Errorf("limits broken: %v", v)
	}
}
