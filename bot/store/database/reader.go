package database

import (
	"context"
	"database/sql"

	"tipoff/bot/store"
)

// Reader is one connection for all queries of a search: one that held one and
// waited for a second could wait for ever on others like it. It is for one
// goroutine.
type Reader struct {
	conn *sql.Conn
	// tx is only there where statements are prepared by us, see
	// [Dialect.Prepared]: within a transaction database/sql finds those that its
	// connection has. Parsing them costs as much as the newest page of hits.
	tx    *sql.Tx
	stmts map[string]*sql.Stmt
}

func (s *Store) reader(ctx context.Context) (*Reader, error) {
	conn, err := s.read.Conn(ctx)
	if err != nil {
		return nil, err
	}
	r := &Reader{conn: conn, stmts: s.reads}
	if len(r.stmts) == 0 {
		return r, nil
	}
	if r.tx, err = conn.BeginTx(ctx, &sql.TxOptions{ReadOnly: true}); err != nil {
		_ = conn.Close() // gives it back to the pool
		return nil, err
	}
	return r, nil
}

// Close gives the connection back.
func (r *Reader) Close() {
	if r.tx != nil {
		_ = r.tx.Rollback() // it wrote nothing
	}
	_ = r.conn.Close() // gives it back to the pool
}

// QueryContext runs a query.
func (r *Reader) QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	if r.tx == nil {
		return r.conn.QueryContext(ctx, query, args...)
	}
	if st := r.stmts[query]; st != nil {
		return r.tx.StmtContext(ctx, st).QueryContext(ctx, args...)
	}
	return r.tx.QueryContext(ctx, query, args...)
}

// prepareReads prepares the statements of a search, on the pool that reads.
func (s *Store) prepareReads(ctx context.Context) error {
	reads := make(map[string]*sql.Stmt)
	all := s.d.Reads()
	for _, keys := range [][]store.Key{{1}, {1, 2}} {
		among, _ := s.d.InKeys(keys)
		all = append(all, withKeys(sqlTellers, among), withKeys(sqlSightings, among))
	}
	for _, q := range all {
		st, err := s.read.PrepareContext(ctx, q)
		if err != nil {
			for _, st := range reads {
				_ = st.Close()
			}
			return err
		}
		reads[q] = st
	}
	s.reads = reads
	return nil
}
