package pipeline_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"tipoff/bot/store"
	"tipoff/sources"
	"tipoff/sources/story"
)

// A feed lists for years what it told once. None of it is news again, whatever
// of it the archive still has.
func TestRetentionForgetsNoIdentity(t *testing.T) {
	year := 365 * 24 * time.Hour
	d := newDesk(t, leaks, source, sources.Source{Name: "two"})
	keep := func(want int) {
		t.Helper()
		done, err := d.store.Retain(t.Context(), store.Retention{Age: year})
		d.must(err)
		if done.Stories != want {
			t.Errorf("%d stories were deleted, want %d", done.Stories, want)
		}
	}
	d.visit("one", news(1))
	d.visit("two", item("x", "https://two.example/x", "about the weather"))
	d.visit("one", news(1), news(2))
	untitled := sources.Item{Story: story.Story{Title: "a leak with a title alone", Summary: "Some text."}}
	d.visit("one", untitled, news(1), news(2))
	d.want("at first", "leak number 2", "a leak with a title alone")

	d.now = d.now.Add(year + time.Hour)
	keep(4)
	if hits := d.search("leak"); len(hits) != 0 {
		t.Errorf("still found: %v", hits)
	}
	d.visit("one", untitled, news(1), news(2))
	d.want("the feed as it was")
	edited := news(2)
	edited.Story.Title = "leak number 2, corrected"
	d.visit("one", edited, untitled, news(1))
	d.want("an old item is edited")
	d.visit("two", item("y", "https://ONE.example/2?utm_source=two", "two tells the leak"))
	d.want("another source tells an old item")
	moved := item("another guid", "https://one.example/1", "leak number 1")
	d.visit("one", untitled, moved, news(2))
	d.want("an old item has a new guid")
	out := d.visit("one", untitled, news(1), news(2), news(3))
	d.want("and news is news", "leak number 3")
	if out.New != 1 {
		t.Errorf("%d stories were new, want 1", out.New)
	}
	if diff := cmp.Diff(1, len(d.search("leak"))); diff != "" {
		t.Error(diff)
	}

	// The feed lists its old items for another year, and the program forgets
	// what it does not list.
	for range 100 {
		d.now = d.now.Add(5 * 24 * time.Hour)
		d.visit("one", untitled, news(2), news(3))
		_, err := d.store.Retain(t.Context(), store.Retention{Age: year})
		d.must(err)
	}
	d.visit("one", untitled, news(2), news(3))
	d.want("after years")
	// A feed that does not answer for long, or has nothing new, loses nothing.
	for range 100 {
		d.now = d.now.Add(5 * 24 * time.Hour)
		d.record("one", sources.Visit{Status: 304, Unchanged: true})
		_, err := d.store.Retain(t.Context(), store.Retention{Age: year})
		d.must(err)
	}
	d.visit("one", untitled, news(2), news(3))
	d.want("after years of silence")
}

// What waits to be sent keeps its story, and is sent with it.
func TestRetentionKeepsWhatIsOpen(t *testing.T) {
	d := newDesk(t, leaks, source)
	d.visit("one", news(1))
	d.visit("one", news(1), news(2))
	d.now = d.now.Add(400 * 24 * time.Hour)
	if _, err := d.store.Retain(t.Context(), store.Retention{Age: 24 * time.Hour}); err != nil {
		t.Fatal(err)
	}
	d.want("what was open", "leak number 2")
	if _, err := d.store.Retain(t.Context(), store.Retention{Age: 24 * time.Hour}); err != nil {
		t.Fatal(err)
	}
	if hits := d.search("leak"); len(hits) != 0 {
		t.Errorf("still found: %v", hits)
	}
	d.visit("one", news(1), news(2))
	d.want("the feed as it was")
	counts, err := d.store.DeliveryCounts(t.Context())
	if diff := cmp.Diff(map[string]int{}, counts); err != nil || diff != "" {
		t.Error(diff, err)
	}
}
