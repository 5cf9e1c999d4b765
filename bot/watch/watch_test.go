package watch_test

import (
	"context"
	"errors"
	"log/slog"
	"maps"
	"runtime"
	"slices"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"tipoff/bot/alert"
	"tipoff/bot/watch"
	"tipoff/filters"
	"tipoff/sources/story"
)

// memory is a store in memory. reading, where set, is called with each reading
// between the look and its return.
type memory struct {
	mu      sync.Mutex
	watches []alert.Watch
	reading func(names []string)
	stored  func()
}

func (m *memory) Watches(ctx context.Context) ([]alert.Watch, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	m.mu.Lock()
	all, reading := slices.Clone(m.watches), m.reading
	m.mu.Unlock()
	if reading != nil {
		var names []string
		for _, w := range all {
			names = append(names, w.Name)
		}
		reading(names)
	}
	return all, nil
}

func (m *memory) AddWatch(_ context.Context, w alert.Watch, _ string) error {
	m.mu.Lock()
	m.watches = append(m.watches, w)
	m.mu.Unlock()
	if m.stored != nil {
		m.stored()
	}
	return nil
}

func (m *memory) RemoveWatch(_ context.Context, name, _ string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.watches = slices.DeleteFunc(m.watches, func(w alert.Watch) bool { return w.Name == name })
	return nil
}

func book(t *testing.T, m *memory) *watch.Book {
	t.Helper()
	b, err := watch.NewBook(t.Context(), m, nil, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func inForce(b *watch.Book) []string { return slices.Sorted(maps.Keys(b.Current().Watches)) }

func TestChangesAreInForceAtOnce(t *testing.T) {
	m := &memory{watches: []alert.Watch{{Name: "apt", Query: "apt*"}, {Name: "newer", Query: "apt AND"}}}
	b := book(t, m)
	if diff := cmp.Diff([]string{"apt"}, inForce(b)); diff != "" {
		t.Errorf("a query that cannot be read leaves the others in force: %s", diff)
	}
	before := b.Current()
	if err := b.AddWatch(t.Context(), alert.Watch{Name: "wiper", Query: "wiper"}, "me"); err != nil {
		t.Fatal(err)
	}
	doc := filters.NewDoc(&story.Story{Title: "A wiper"})
	if got := b.Current().Set.Match(doc); !cmp.Equal(got, []string{"wiper"}) {
		t.Errorf("matches %v", got)
	}
	if got := before.Set.Match(doc); len(got) > 0 {
		t.Errorf("who matches now sees the change half way: %v", got)
	}
	if err := b.RemoveWatch(t.Context(), "apt", "me"); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"wiper"}, inForce(b)); diff != "" {
		t.Error(diff)
	}
	for _, w := range []alert.Watch{{Name: "no name", Query: "x"}, {Name: "bad", Query: "("}, {Name: "empty"}} {
		if err := b.AddWatch(t.Context(), w, "me"); err == nil {
			t.Errorf("%+v was taken", w)
		}
	}
}

// TestAnOlderReadingDoesNotUndoANewerOne adds a second watch while the store is
// being read for the first.
func TestAnOlderReadingDoesNotUndoANewerOne(t *testing.T) {
	m := &memory{}
	b := book(t, m)
	second := make(chan error, 1)
	var once sync.Once
	m.reading = func(names []string) {
		if slices.Equal(names, []string{"first"}) {
			once.Do(func() {
				stored := make(chan struct{})
				m.stored = func() { close(stored) }
				go func() { second <- b.AddWatch(t.Context(), alert.Watch{Name: "second", Query: "b"}, "me") }()
				<-stored
				// A book that reads side by side has the newer reading in
				// force before this older one.
				for n := 0; n < 10_000 && len(b.Current().Watches) == 0; n++ {
					runtime.Gosched()
				}
			})
		}
	}
	if err := b.AddWatch(t.Context(), alert.Watch{Name: "first", Query: "a"}, "me"); err != nil {
		t.Fatal(err)
	}
	if err := <-second; err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"first", "second"}, inForce(b)); diff != "" {
		t.Error(diff)
	}
}

func TestWhatIsStoredIsInForceForOneWhoIsGone(t *testing.T) {
	m := &memory{}
	b := book(t, m)
	ctx, leave := context.WithCancel(t.Context())
	m.stored = leave
	if err := b.AddWatch(ctx, alert.Watch{Name: "first", Query: "a"}, "me"); err != nil {
		t.Error(err)
	}
	if diff := cmp.Diff([]string{"first"}, inForce(b)); diff != "" {
		t.Error(diff)
	}
}

func TestAStoreThatCannotBeRead(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := watch.NewBook(ctx, &memory{}, nil, slog.New(slog.DiscardHandler)); !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
}
