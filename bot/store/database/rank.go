package database

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"tipoff/bot/store"
	"tipoff/filters"
	"tipoff/sources/story"
)

// ranked is a search for the best hits first: of the newest ones, as many as
// [store.Ranked] says. It does not depend on the database, which only finds them.
func (s *Store) ranked(ctx context.Context, q store.Search) ([]store.Hit, error) {
	p, err := parsePlace(q.Before)
	if err != nil {
		return nil, err
	}
	q.Before = ""
	r, err := rangeOf(q)
	if err != nil {
		return nil, err
	}
	if p.newest != 0 && (r.Until == 0 || p.newest < r.Until) {
		r.Until = p.newest + 1 // what came since would move the pages
	}
	r = s.narrow(r, q.Filter)
	ranking := filters.NewRanking(q.Filter)
	var all []story.Story
	found := s.look(ctx, q.Filter, r, func(c *Candidate) bool {
		if p.newest == 0 {
			p.newest = int64(c.Key)
		}
		ranking.Add(&c.Story)
		all = append(all, c.Story)
		return len(all) < store.Ranked
	})
	if found != nil && !errors.Is(found, store.ErrLimit) {
		return nil, found
	}
	var hits []store.Hit
	order := ranking.Order()
	for i := p.next; i < len(order) && len(hits) < q.Limit; i++ {
		hits = append(hits, store.Hit{Story: all[order[i]], Cursor: place{i + 1, p.newest}.String()})
	}
	if limit, ok := errors.AsType[*store.LimitError](found); ok {
		limit.Cursor = "" // further back there may be better ones
	}
	return hits, found
}

// place is where a page of a search by relevance begins: its number among the
// hits, of which the newest is this.
type place struct {
	next   int
	newest int64
}

// placeMark tells the cursors of the two orders apart.
const placeMark = "~"

func (p place) String() string { return strconv.Itoa(p.next) + placeMark + cursor(store.Key(p.newest)) }

func parsePlace(s string) (p place, err error) {
	if s == "" {
		return p, nil
	}
	next, newest, ok := strings.Cut(s, placeMark)
	if ok {
		p.next, err = strconv.Atoi(next)
	}
	if ok && err == nil {
		p.newest, err = strconv.ParseInt(newest, 36, 64)
	}
	if !ok || err != nil || p.next < 0 {
		return p, fmt.Errorf("search: the cursor %q is not one of a search by relevance; take one that such a search printed", s)
	}
	return p, nil
}
