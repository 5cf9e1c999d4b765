package database

import (
	"context"

	"tipoff/bot/store"
)

var sqlRevisions = statements.Get("Revisions")

// Revisions are the texts that a story had before it was edited, the newest
// first: none for a story that was never edited, or that is not there. The oldest
// of very many are not kept.
func (s *Store) Revisions(ctx context.Context, id string) ([]store.Revision, error) {
	rows, err := s.read.QueryContext(ctx, sqlRevisions, id)
	if err != nil {
		return nil, s.Explain(err)
	}
	defer rows.Close()
	var all []store.Revision
	for rows.Next() {
		var r store.Revision
		var until int64
		if err := rows.Scan(&until, &r.Title, &r.Summary, &r.Content); err != nil {
			return nil, err
		}
		r.Until = at(until)
		all = append(all, r)
	}
	return all, s.Explain(rows.Err())
}
