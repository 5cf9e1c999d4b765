package database

import (
	"context"
	"fmt"
	"iter"
	"slices"

	"tipoff/filters/entity/cve"
)

// Facts are what is known of vulnerabilities, by their ids.
func (s *Store) Facts(ctx context.Context) iter.Seq2[cve.Fact, error] {
	return func(yield func(cve.Fact, error) bool) {
		rows, err := s.read.QueryContext(ctx, `SELECT id, cvss, epss, kev FROM cves ORDER BY id`)
		if err != nil {
			yield(cve.Fact{}, s.Explain(err))
			return
		}
		defer rows.Close()
		for rows.Next() {
			var f cve.Fact
			if err := rows.Scan(&f.ID, &f.CVSS, &f.EPSS, &f.KEV); err != nil {
				yield(f, err)
				return
			}
			if !yield(f, nil) {
				return
			}
		}
		if err := rows.Err(); err != nil {
			yield(cve.Fact{}, s.Explain(err))
		}
	}
}

const sqlPutFact = `
INSERT INTO cves (id, cvss, epss, kev) VALUES ($1, $2, $3, $4)
ON CONFLICT (id) DO UPDATE SET cvss = excluded.cvss, epss = excluded.epss, kev = excluded.kev`

// factsAtOnce is how many facts are written in one transaction. A catalogue has
// hundreds of thousands, and polls wait as long as one is written.
const factsAtOnce = 2000

// PutFacts writes what is known of vulnerabilities, in several transactions. A
// fact that says nothing is deleted.
func (s *Store) PutFacts(ctx context.Context, facts []cve.Fact) error {
	for part := range slices.Chunk(facts, factsAtOnce) {
		err := s.Update(ctx, func(ctx context.Context, tx *Tx) error {
			for _, f := range part {
				var err error
				if f.CVSS == 0 && f.EPSS == 0 && !f.KEV {
					_, err = tx.Exec(ctx, `DELETE FROM cves WHERE id = $1`, f.ID)
				} else {
					_, err = tx.Exec(ctx, sqlPutFact, f.ID, f.CVSS, f.EPSS, f.KEV)
				}
				if err != nil {
					return fmt.Errorf("what is known of vulnerabilities: %w", err)
				}
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}
