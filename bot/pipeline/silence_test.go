package pipeline_test

import (
	"fmt"
	"testing"
	"time"

	"tipoff/sources"
)

// A source that always had something is told of when it has nothing any more,
// though it answers well, and once it has something it is well again.
func TestASourceFallsSilentAndRecovers(t *testing.T) {
	d := newDesk(t, nil, sources.Source{Name: "wire"})
	status := func() (sources.State, time.Time) {
		_, st, err := d.store.Source(t.Context(), "wire")
		d.must(err)
		return st.State, st.Since
	}
	for n := range 20 {
		d.visit("wire", item(fmt.Sprint(n), fmt.Sprintf("https://wire.example/%d", n), fmt.Sprintf("Story %d", n)))
		d.now = d.now.Add(6 * time.Hour)
	}
	if state, _ := status(); state != sources.OK {
		t.Fatalf("it is %s", state)
	}
	d.now = d.now.Add(4 * 24 * time.Hour)
	d.visit("wire", item("19", "https://wire.example/19", "Story 19"))
	quiet := d.now
	if state, since := status(); state != sources.Silent || !since.Equal(quiet) {
		t.Errorf("after 4 days without news it is %s since %s", state, since)
	}
	d.now = d.now.Add(time.Hour)
	d.visit("wire", item("19", "https://wire.example/19", "Story 19"))
	if state, since := status(); state != sources.Silent || !since.Equal(quiet) {
		t.Errorf("an hour later it is %s since %s", state, since)
	}
	d.visit("wire", item("20", "https://wire.example/20", "Story 20"))
	if state, since := status(); state != sources.OK || !since.Equal(d.now) {
		t.Errorf("with something new it is %s since %s", state, since)
	}
}
