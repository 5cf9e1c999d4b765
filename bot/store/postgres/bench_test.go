package postgres_test

import (
	"context"
	"testing"

	"tipoff/bot/store/postgres"
	"tipoff/bot/store/storetest"
)

// bench is a store that the benchmarks fill.
func bench(b *testing.B) storetest.Bench {
	b.Helper()
	s, err := postgres.Open(b.Context(), storetest.BenchPostgres(b), postgres.Options{})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = s.Close() })
	if _, err := s.Migrate(b.Context()); err != nil {
		b.Fatal(err)
	}
	return storetest.Bench{
		Store:  storetest.Adapt(s.Store),
		Settle: func(ctx context.Context) error { _, err := s.DB().ExecContext(ctx, `VACUUM (ANALYZE)`); return err },
		Size: func(ctx context.Context) (n int64, err error) {
			err = s.DB().QueryRowContext(ctx, `
SELECT sum(pg_total_relation_size(c.oid)) FROM pg_class c
WHERE c.relnamespace = current_schema()::regnamespace AND c.relkind = 'r'`).Scan(&n)
			return n, err
		},
	}
}

// BenchmarkSearch searches with the watch language. With 1,000,000 stories (1.29
// GB), on 2 cores that did nothing else, a server with 128 MB of buffers on them too:
// p50 2 to 10 ms and p99 6 to 23 ms for words, AND, OR of five, field, negation and
// the beginning of a rare word; p50 12 to 24 ms and p99 32 to 41 ms for their mix, a
// beginning of three letters and NEAR; p50 40 and 77 ms and p99 110 and 130 ms for
// phrases of common and of middling words, of which a thousand and more stories are
// read: the index does not know which words are side by side.
func BenchmarkSearch(b *testing.B) { storetest.BenchmarkSearch(b, bench(b)) }

// BenchmarkBackTest tries watches on all stories. With 1,000,000 of them, on 2
// cores that did nothing else: p50 30 to 80 ms for a middling word, a headline and
// NEAR, 0.17 s for a phrase, 0.26 s for a watch of several words, 1.0 s for an OR of ten
// and for all but a word, 0.8 to 1.3 s for a word with 300,000 hits.
func BenchmarkBackTest(b *testing.B) { storetest.BenchmarkBackTest(b, bench(b)) }
