package pipeline

import (
	"context"
	"time"

	"golang.org/x/sync/errgroup"

	"tipoff/sources"
)

// The pages of a visit's new stories that are read: so many, so many at a time,
// in so long. A story is not alerted before its page was read or given up, as
// watches look at the whole text.
const (
	maxArticles   = 20
	articlesAtime = 4
	articlesTime  = 30 * time.Second
)

// readArticles reads the pages of the stories that are news, for a source that
// wants that. A page that cannot be read costs nothing but its text.
func (p *Poller) readArticles(ctx context.Context, d due, v *sources.Visit) {
	if !d.source.FullText || p.Article == nil || v.Err != nil || len(v.Items) == 0 || d.status.Baselined.IsZero() {
		return
	}
	news, err := p.pipeline.unknown(ctx, Report{Source: d.source, ID: d.id, Status: d.status, Visit: *v})
	if err != nil {
		return // recording the visit will say so
	}
	ctx, cancel := context.WithTimeout(ctx, articlesTime)
	defer cancel()
	var g errgroup.Group
	g.SetLimit(articlesAtime)
	for _, n := range news[:min(len(news), maxArticles)] {
		it := &v.Items[n]
		if it.Story.URL == "" || it.LinkShared {
			continue
		}
		g.Go(func() error {
			text, err := p.Article(ctx, d.source, it.Story.URL)
			switch {
			case err != nil:
				p.Log.Debug("the page of a story cannot be read; the source's text stays", "source", d.source.Name, "url", it.Story.URL, "error", err)
			case len(text) > max(len(it.Story.Content), len(it.Story.Summary)):
				it.FullText = text
			}
			return nil
		})
	}
	_ = g.Wait() // none fails
}

// unknown lists the items of a visit that its source has not told before, in
// their order.
func (p *Pipeline) unknown(ctx context.Context, r Report) (news []int, err error) {
	t := &turn{report: r, items: p.name(r)}
	err = p.Store.Update(ctx, func(ctx context.Context, tx Tx) error {
		if err := tx.Expect(ctx, t.expected()); err != nil {
			return err
		}
		v := &visit{Pipeline: p, tx: tx, report: r, now: p.Now().UTC()}
		_, err := v.identify(ctx, t.items)
		for n, it := range t.items {
			if !it.isKnown {
				news = append(news, n)
			}
		}
		return err
	})
	return news, err
}
