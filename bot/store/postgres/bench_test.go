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

// BenchmarkSearch searches with the watch language. With 1,000,000 stories (1.27
// GB), on 2 cores that four others were using: p50 6 to 77 ms for words, AND,
// field and OR of five, p99 35 to 340 ms; prefixes, phrases and NEAR p50 90 to 355
// ms, for the index does not know which words are side by side.
func BenchmarkSearch(b *testing.B) { storetest.BenchmarkSearch(b, bench(b)) }

// BenchmarkBackTest tries watches on all stories. With 1,000,000 of them, on 2
// cores that four others were using: p50 0.5 s for a middling word or a headline,
// 0.8 s for a phrase, 4.5 s for a word with 300,000 hits; 4.3 s for a watch of
// several words and 16 s for an OR of ten, where stories have both parts of a word
// that may be written apart, and have to be read.
func BenchmarkBackTest(b *testing.B) { storetest.BenchmarkBackTest(b, bench(b)) }
