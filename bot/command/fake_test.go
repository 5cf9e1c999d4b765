package command

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"slices"
	"strconv"
	"sync"
	"time"

	"tipoff/bot/alert"
	"tipoff/bot/store"
	"tipoff/filters"
	"tipoff/sources"
	"tipoff/sources/story"
)

var testNow = time.Date(2024, 2, 20, 12, 0, 0, 0, time.UTC)

// memory is an archive that fits in a test. Its stories are newest first.
type memory struct {
	stories []story.Story
	watches []alert.Watch
	sources []store.SourceStatus
	err     error // returned by everything, when set
	by      []string

	mu       sync.Mutex
	now      time.Time
	sessions map[string]saved
}

type saved struct {
	data    []byte
	expires time.Time
}

func (m *memory) Search(_ context.Context, q store.Search) ([]store.Hit, error) {
	if m.err != nil {
		return nil, m.err
	}
	from := 0
	if q.Before != "" {
		n, err := strconv.Atoi(q.Before)
		if err != nil {
			return nil, fmt.Errorf("cursor: %w", err)
		}
		from = n + 1
	}
	var hits []store.Hit
	for i := from; i < len(m.stories) && len(hits) < q.Limit; i++ {
		s := m.stories[i]
		if q.Filter.Match(filters.NewDoc(&s)) && (q.Since.IsZero() || !s.Time().Before(q.Since)) {
			hits = append(hits, store.Hit{Story: s, Cursor: strconv.Itoa(i)})
		}
	}
	return hits, nil
}

func (m *memory) BackTest(ctx context.Context, f *filters.Filter, since time.Time) (store.BackTest, error) {
	hits, err := m.Search(ctx, store.Search{Filter: f, Since: since, Limit: 10_000})
	if err != nil {
		return store.BackTest{}, err
	}
	b := store.BackTest{Hits: len(hits), Compared: len(hits), Days: testNow.Sub(since).Hours() / 24, Overlap: map[string]int{}}
	for i, h := range hits {
		day := h.Story.Time().UTC().Truncate(24 * time.Hour)
		if n := len(b.ByDay); n > 0 && b.ByDay[n-1].Day.Equal(day) {
			b.ByDay[n-1].Hits++
		} else {
			b.ByDay = append(b.ByDay, store.DayCount{Day: day, Hits: 1})
		}
		if i < 3 {
			b.Samples = append(b.Samples, h.Story)
		}
		for _, w := range m.watches {
			if wf, err := filters.Compile(w.Query); err == nil && wf.Match(filters.NewDoc(&h.Story)) {
				b.Overlap[w.Name]++
			}
		}
	}
	slices.Reverse(b.ByDay)
	return b, nil
}

func (m *memory) Watches(context.Context) ([]alert.Watch, error) {
	return slices.Clone(m.watches), m.err
}

func (m *memory) AddWatch(_ context.Context, w alert.Watch, by string) error {
	if slices.Contains(watchNames(m.watches), w.Name) {
		return fmt.Errorf("insert: %w", store.ErrExists)
	}
	m.watches = append(m.watches, w)
	m.by = append(m.by, "add "+w.Name+" "+by)
	return m.err
}

func (m *memory) RemoveWatch(_ context.Context, name, by string) error {
	i := slices.Index(watchNames(m.watches), name)
	if i < 0 {
		return store.ErrNotFound
	}
	m.watches = slices.Delete(m.watches, i, i+1)
	m.by = append(m.by, "remove "+name+" "+by)
	return m.err
}

func (m *memory) Sources(context.Context) ([]store.SourceStatus, error) {
	return slices.Clone(m.sources), m.err
}

func (m *memory) SaveSession(_ context.Context, token string, data []byte, expires time.Time) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.sessions == nil {
		m.sessions = map[string]saved{}
	}
	m.sessions[token] = saved{data, expires}
	return nil
}

func (m *memory) LoadSession(_ context.Context, token string) ([]byte, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	s, ok := m.sessions[token]
	if !ok || m.clock().After(s.expires) {
		return nil, store.ErrNotFound
	}
	return s.data, nil
}

func (m *memory) clock() time.Time {
	if m.now.IsZero() {
		return testNow
	}
	return m.now
}

// desk is a small archive: seven stories on i-SOON and one on something else,
// three watches, thirteen sources, two channels.
func desk() (*memory, []alert.Channel) {
	m := &memory{
		watches: []alert.Watch{
			{Name: "china", Query: "china OR chinese", Channels: []string{"china-desk"}, Severity: alert.High, Origin: "config"},
			{Name: "leaks", Query: "leak*", Channels: []string{"china-desk"}, Origin: "Ann (slack:U1)"},
			{Name: "vault", Query: "ransomware", Channels: []string{"closed"}, Severity: alert.Critical, Origin: "Bo (slack:U9)"},
		},
	}
	for i := range 7 {
		m.stories = append(m.stories, story.Story{
			Title: fmt.Sprintf("i-SOON files, part %d", 7-i), URL: fmt.Sprintf("https://wire.example/%d", 7-i),
			Summary: "A contractor's chats are online.", Source: "wire",
			Published: testNow.Add(-time.Duration(i+1) * 20 * time.Hour),
		})
	}
	m.stories[0].Sources = []story.Sighting{{Name: "wire"}, {Name: "gazette"}, {Name: "post"}}
	m.stories = append(m.stories, story.Story{
		Title: "Quarterly report", URL: "https://post.example/q", Source: "post", Published: testNow.AddDate(0, 0, -12),
		Summary: "Numbers were good. The board is pleased with all of it, and with itself, and it has said so at length in a letter to everyone who holds a share, which came out on the last day on which the law allows it to come out. Nothing else happened.",
		Content: "Page one. The ransomware of last spring cost nine million, says a footnote.",
	})
	bad := []store.SourceStatus{
		{Name: "agency", URL: "https://user:secret@agency.example/feed?key=secret", State: sources.Blocked, Error: "The server refuses us (403).", Stories: 4, LastOK: testNow.Add(-50 * time.Hour)},
		{Name: "old", URL: "https://old.example/feed", State: sources.Gone, Error: "The feed is gone (410).", Stories: 1, LastOK: testNow.AddDate(0, -2, 0)},
		{Name: "fresh", URL: "https://fresh.example/feed", State: sources.New},
	}
	for i := range 10 {
		m.sources = append(m.sources, store.SourceStatus{
			Name: fmt.Sprintf("wire%d", i), URL: "https://www.wire.example/feed", State: sources.OK, Stories: 30 + i, LastOK: testNow.Add(-4 * time.Minute),
		})
	}
	m.sources = append(m.sources, bad...)
	return m, []alert.Channel{
		{Name: "china-desk", Slack: "C1", Discord: "11"},
		{Name: "closed", Slack: "C9", Managers: []string{"slack:U9"}},
		{Name: "twin-a", Slack: "C2"},
		{Name: "twin-b", Slack: "C2"},
	}
}

// newRouter is a router over an archive, and its log.
func newRouter(m *memory, channels []alert.Channel, log io.Writer) *Router {
	l := slog.New(slog.NewTextHandler(log, nil))
	r := New("news", News(Deps{
		Archive: m, BackTester: m, Watches: m, Sources: m, Channels: channels,
		Clock: func() time.Time { return testNow }, Log: l,
	}), m, l)
	r.Now = m.clock
	return r
}

var errInner = errors.New("pq: password of user tipoff is hunter2")
