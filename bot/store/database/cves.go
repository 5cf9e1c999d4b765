package database

import (
	"context"
	"fmt"
	"iter"
	"slices"

	"tipoff/bot/store"
	"tipoff/filters/entity/cve"
	"tipoff/sources"
)

var (
	sqlFacts    = statements.Get("Facts")
	sqlPutCVSS  = statements.Get("PutCVSS")
	sqlPutEPSS  = statements.Get("PutEPSS")
	sqlPutKEV   = statements.Get("PutKEV")
	sqlDropFact = statements.Get("DropFact")
)

// Facts are what is known of vulnerabilities, by their ids.
func (s *Store) Facts(ctx context.Context) iter.Seq2[cve.Fact, error] {
	return func(yield func(cve.Fact, error) bool) {
		rows, err := s.read.QueryContext(ctx, sqlFacts)
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

// Each writes what one kind of catalogue is about: another replica may be
// learning what is another's business.
var sqlPutFact = map[sources.FactKind]string{
	sources.CVSSFact: sqlPutCVSS,
	sources.EPSSFact: sqlPutEPSS,
	sources.KEVFact:  sqlPutKEV,
}

// factsAtOnce is how many facts are written in one transaction. A catalogue has
// hundreds of thousands, and polls wait as long as one is written.
const factsAtOnce = 2000

// PutFacts writes, in several transactions, of each fact that which a catalogue
// is about. A fact that says nothing any more is deleted.
func (s *Store) PutFacts(ctx context.Context, about sources.FactKind, facts []cve.Fact) error {
	put, ok := sqlPutFact[about]
	if !ok {
		return fmt.Errorf("what is known of vulnerabilities: no fact is of the kind %q", about)
	}
	for part := range slices.Chunk(facts, factsAtOnce) {
		err := s.Update(ctx, func(ctx context.Context, tx *Tx) error {
			for _, f := range part {
				_, err := tx.Exec(ctx, put, f.ID, f.CVSS, f.EPSS, f.KEV)
				if err == nil && f.CVSS == 0 && f.EPSS == 0 && !f.KEV {
					_, err = tx.Exec(ctx, sqlDropFact, f.ID)
				}
				if err != nil {
					return fmt.Errorf("what is known of vulnerabilities: %w", err)
				}
			}
			return s.d.Tell(ctx, tx.Tx, store.FactsChanged)
		})
		if err != nil {
			return err
		}
	}
	return nil
}
