package metrics_test

import (
	"math"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"tipoff/bot/alert"
	"tipoff/bot/deliver"
	"tipoff/bot/metrics"
	"tipoff/sources"
)

// scrape is what Prometheus gets: the program's own lines, without the comments.
func scrape(t *testing.T, m *metrics.Metrics) []string {
	t.Helper()
	w := httptest.NewRecorder()
	promhttp.HandlerFor(m.Registry, promhttp.HandlerOpts{}).ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), "GET", "/metrics", nil))
	var all []string
	for line := range strings.Lines(w.Body.String()) {
		if strings.HasPrefix(line, "tipoff_") && !strings.Contains(line, "_bucket") {
			all = append(all, strings.TrimSpace(line))
		}
	}
	return all
}

func TestCounts(t *testing.T) {
	m := metrics.New("v1.2.3")
	m.Visit(sources.Visit{Status: 200}, 0, 30, 0, 0)
	m.Visit(sources.Visit{Status: 200}, 3, 0, 2, 4)
	m.Visit(sources.Visit{Status: 304, Unchanged: true}, 0, 0, 0, 0)
	m.Visit(sources.Visit{Err: &sources.Error{State: sources.Limited}}, 0, 0, 0, 0)
	m.Delivery(alert.Slack, deliver.Sent)
	m.Delivery(alert.Slack, deliver.Sent)
	m.Delivery(alert.Webhook, deliver.Dead)
	m.Command("watch add", 250*time.Millisecond)
	m.Gauge("tipoff_archive_stories", "Stories.", func() float64 { return 33 })
	m.Gauge("tipoff_broken", "Cannot be read.", math.NaN)
	want := []string{
		`tipoff_alerts_total 4`,
		`tipoff_archive_stories 33`,
		`tipoff_broken NaN`,
		`tipoff_build_info{version="v1.2.3"} 1`,
		`tipoff_command_seconds_sum{command="watch add"} 0.25`,
		`tipoff_command_seconds_count{command="watch add"} 1`,
		`tipoff_deliveries_total{result="dead",target="webhook"} 1`,
		`tipoff_deliveries_total{result="sent",target="slack"} 2`,
		`tipoff_polls_total{result="limited"} 1`,
		`tipoff_polls_total{result="ok"} 2`,
		`tipoff_polls_total{result="unchanged"} 1`,
		`tipoff_stories_total{kind="baseline"} 30`,
		`tipoff_stories_total{kind="edited"} 2`,
		`tipoff_stories_total{kind="new"} 3`,
	}
	if diff := cmp.Diff(want, scrape(t, m)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// TestTwoPrograms: a second program in the same process, as in tests, has
// counts of its own.
func TestTwoPrograms(t *testing.T) {
	a, b := metrics.New("a"), metrics.New("b")
	a.Delivery(alert.File, deliver.Sent)
	want := []string{`tipoff_alerts_total 0`, `tipoff_build_info{version="b"} 1`}
	if diff := cmp.Diff(want, scrape(t, b)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
