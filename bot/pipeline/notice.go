package pipeline

import (
	"context"
	"fmt"
	"time"

	"tipoff/bot/alert"
	"tipoff/bot/store"
	"tipoff/sources"
	"tipoff/sources/story"
)

// notify tells the operations channel of a source's trouble once, and once of
// its end. What was told is a part of the source's health, so that neither a
// restart nor a further failure tells it again.
func (p *Pipeline) notify(ctx context.Context, tx Tx, src sources.Source, st *store.SourceStatus, now time.Time) error {
	tell, title := decide(st.Told, *st, p.network.down)
	if tell == st.Told {
		return nil
	}
	st.Told = tell
	n := notice{
		id: story.NewID(src.Name, fmt.Sprintf("notice %s %d", st.State, now.Unix()), ""), title: src.Name + " " + title,
		text: st.Error, url: src.URL, severity: alert.Medium,
	}
	if tell == "" {
		n.text, n.severity = "The last answer was read "+st.LastOK.UTC().Format("2006-01-02 15:04 MST")+".", alert.Low
	}
	return p.tellOperations(ctx, tx, n, now)
}

// Failures in a row after which people are told. Most sources that fail once or
// twice are well again by themselves; a refusal seldom is.
const (
	failuresToTell = 4
	refusalsToTell = 2
)

// decide says which trouble people are to know of after a visit, and the words
// for it, where they were told of one before. While nothing can be reached no
// source is to blame.
func decide(told sources.State, st store.SourceStatus, networkDown bool) (tell sources.State, title string) {
	switch {
	case st.State == sources.OK && told != "":
		return "", "is well again"
	case st.State == sources.Gone && told != sources.Gone:
		return sources.Gone, "is gone for good"
	case told != "" || networkDown:
	case st.State == sources.Silent:
		return sources.Silent, "has fallen silent"
	case st.State == sources.Blocked && st.Failures >= refusalsToTell:
		return sources.Blocked, "refuses to be read"
	case st.State == sources.Failing && st.Failures >= failuresToTell:
		return sources.Failing, "cannot be read"
	case st.State == sources.Limited && st.Failures >= failuresToTell:
		return sources.Limited, "wants to be asked less often"
	}
	return told, ""
}

// network tells a dead network of ours from sources that are dead. It is used
// by the one that writes.
type network struct {
	// failed are the sources that could not be reached since the last one that
	// could, and since is when the first of them was tried.
	failed map[string]bool
	since  time.Time
	down   bool
}

// How many sources, and for how long, have to be out of reach with none that
// answers.
const (
	sourcesDown = 3
	timeDown    = 2 * time.Minute
)

// visited takes note of a visit, and reports whether the network just went down
// or came back.
func (n *network) visited(source string, v sources.Visit, now time.Time) (changed bool) {
	if v.Err == nil || v.Status != 0 {
		changed = n.down
		*n = network{}
		return changed
	}
	if v.Err.State != sources.Failing || n.down {
		return false // refused by the address guard, say
	}
	if n.failed == nil {
		n.failed, n.since = make(map[string]bool), now
	}
	n.failed[source] = true
	n.down = len(n.failed) >= sourcesDown && now.Sub(n.since) >= timeDown
	return n.down
}

// watchNetwork tells once that no source can be reached, and once that they can.
func (p *Pipeline) watchNetwork(ctx context.Context, tx Tx, r Report, now time.Time) error {
	since := p.network.since
	if !p.network.visited(r.Source.Name, r.Visit, now) {
		return nil
	}
	n := notice{title: "Sources can be reached again", severity: alert.Low, text: "What came out in the meantime is read now."}
	if p.network.down {
		n = notice{
			title: "No source can be reached", severity: alert.High,
			text: fmt.Sprintf("None of %d sources has answered since %s: look at this machine's network. The last error: %s",
				len(p.network.failed), p.network.since.UTC().Format("15:04 MST"), r.Visit.Err.Text),
		}
		p.Log.Error("no source can be reached; look at this machine's network", "since", p.network.since, "error", r.Visit.Err.Text)
	} else {
		p.Log.Info("sources can be reached again", "since", since)
	}
	n.id = story.NewID("tipoff", fmt.Sprintf("network %v %d", p.network.down, now.Unix()), "")
	return p.tellOperations(ctx, tx, n, now)
}

type notice struct {
	id, title, text, url string
	severity             alert.Severity
}

// tellOperations sends a notice to the operations channel, if there is one.
func (p *Pipeline) tellOperations(ctx context.Context, tx Tx, n notice, now time.Time) error {
	if p.Operations == "" {
		return nil
	}
	a := alert.Alert{
		Channel: p.Operations, Kind: alert.KindNotice, Severity: n.severity, Created: now,
		Story: story.Story{ID: n.id, Title: n.title, Summary: n.text, URL: n.url, Source: "Tipoff", Seen: now},
	}
	_, err := tx.AddAlert(ctx, 0, a, p.Route.Targets(p.Operations))
	return err
}
