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
		Store:  adapter{s},
		Settle: func(ctx context.Context) error { _, err := s.DB().ExecContext(ctx, `VACUUM (ANALYZE)`); return err },
		Size: func(ctx context.Context) (n int64, err error) {
			err = s.DB().QueryRowContext(ctx, `
SELECT sum(pg_total_relation_size(c.oid)) FROM pg_class c
WHERE c.relnamespace = current_schema()::regnamespace AND c.relkind = 'r'`).Scan(&n)
			return n, err
		},
	}
}

// BenchmarkSearch searches with the watch language.
func BenchmarkSearch(b *testing.B) { storetest.BenchmarkSearch(b, bench(b)) }

// BenchmarkBackTest tries watches on all stories.
func BenchmarkBackTest(b *testing.B) { storetest.BenchmarkBackTest(b, bench(b)) }
