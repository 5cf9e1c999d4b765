// Package metrics declares what the program counts, for Prometheus.
package metrics

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"

	"tipoff/bot/alert"
	"tipoff/bot/deliver"
	"tipoff/sources"
)

// Metrics are the program's counters, in a registry of their own.
type Metrics struct {
	Registry *prometheus.Registry

	polls      *prometheus.CounterVec
	stories    *prometheus.CounterVec
	alerts     prometheus.Counter
	deliveries *prometheus.CounterVec
	commands   *prometheus.HistogramVec
}

// New returns Metrics with everything at zero.
func New(version string) *Metrics {
	m := &Metrics{
		Registry: prometheus.NewRegistry(),
		polls: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "tipoff_polls_total", Help: "Visits to sources, by what came of them (ok, unchanged, or the source's state).",
		}, []string{"result"}),
		stories: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "tipoff_stories_total", Help: "Stories stored, by kind (new, baseline, edited).",
		}, []string{"kind"}),
		alerts: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "tipoff_alerts_total", Help: "Alerts written, one for each story and channel.",
		}),
		deliveries: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "tipoff_deliveries_total", Help: "Attempts to deliver an alert, by target and result (sent, delayed, dead).",
		}, []string{"target", "result"}),
		commands: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "tipoff_command_seconds", Help: "Time to answer a chat command.",
			Buckets: []float64{.005, .02, .1, .5, 1, 2, 3},
		}, []string{"command"}),
	}
	build := prometheus.NewGauge(prometheus.GaugeOpts{
		Name: "tipoff_build_info", Help: "Always 1; the label says which version runs.", ConstLabels: prometheus.Labels{"version": version},
	})
	build.Set(1)
	m.Registry.MustRegister(m.polls, m.stories, m.alerts, m.deliveries, m.commands, build,
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return m
}

// Gauge adds a value that is read when Prometheus asks; NaN where read fails.
func (m *Metrics) Gauge(name, help string, read func() float64) {
	m.Registry.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: name, Help: help}, read))
}

// Visit counts a visit and what it brought.
func (m *Metrics) Visit(v sources.Visit, fresh, baselined, edited, alerts int) {
	result := "ok"
	switch {
	case v.Err != nil:
		result = string(v.Err.State)
	case v.Unchanged:
		result = "unchanged"
	}
	m.polls.WithLabelValues(result).Inc()
	m.stories.WithLabelValues("new").Add(float64(fresh))
	m.stories.WithLabelValues("baseline").Add(float64(baselined))
	m.stories.WithLabelValues("edited").Add(float64(edited))
	m.alerts.Add(float64(alerts))
}

// Delivery counts an attempt to deliver.
func (m *Metrics) Delivery(k alert.Kind, r deliver.Result) {
	m.deliveries.WithLabelValues(string(k), string(r)).Inc()
}

// Command counts a chat command and how long its answer took.
func (m *Metrics) Command(path string, took time.Duration) {
	m.commands.WithLabelValues(path).Observe(took.Seconds())
}
