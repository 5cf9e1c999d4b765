package demo

import (
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"tipoff/filters"
	"tipoff/sources/feed"
	"tipoff/sources/story"
)

var testNow = time.Date(2024, 2, 19, 9, 30, 0, 0, time.UTC)

func start(t *testing.T) *Demo {
	t.Helper()
	d, err := Start(t.Context(), Options{Now: testNow})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := d.Close(); err != nil {
			t.Error(err)
		}
	})
	return d
}

// get asks for an address the way a simple client does.
func get(t *testing.T, url string, header ...string) (*http.Response, []byte) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	resp, err := http.DefaultTransport.RoundTrip(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp, body
}

func TestTheWorldIsAsPromised(t *testing.T) {
	outlets, err := load()
	if err != nil {
		t.Fatal(err)
	}
	ids, formats := map[string]bool{}, map[string]int{}
	all, baseline, zipped := 0, 0, 0
	for _, o := range outlets {
		formats[o.Format]++
		if o.Gzip {
			zipped++
		}
		for _, a := range o.Stories {
			all++
			if a.Step == 0 {
				baseline++
			}
			if ids[a.ID] || a.ID == "" {
				t.Errorf("%s: id %q is empty or taken", o.Name, a.ID)
			}
			ids[a.ID] = true
			if a.Step == 0 && a.Link == "" || a.Title == "" || a.Summary == "" {
				t.Errorf("%s: %s has no link, title or summary", o.Name, a.ID)
			}
		}
		for _, c := range o.Script {
			for _, id := range slices.Concat(c.Twice, c.Hide, c.Show, c.Redate) {
				if !ids[id] {
					t.Errorf("%s: the script names %s, which is not there", o.Name, id)
				}
			}
		}
	}
	if len(outlets) != 8 || all != 60 || baseline != 40 || zipped != 1 || len(formats) != 4 {
		t.Errorf("%d outlets, %d stories, %d of them baseline, %d compressed, formats %v", len(outlets), all, baseline, zipped, formats)
	}
}

// desk is what is known of the stories so far: the program's rules in their
// plainest form, to hold the data against Expect.
type desk struct {
	set     *filters.Set
	known   map[string]bool // sources seen
	stories map[string]told // by id
	alerts  []Expected
}

type told struct {
	by      string
	matched []string
}

// read takes in one visit to a source.
func (k *desk) read(step int, source string, tags []string, f feed.Feed) {
	baseline := !k.known[source]
	k.known[source] = true
	for _, it := range f.Items {
		s := it.Story
		canonical, _ := story.CanonicalURL(s.URL)
		id := story.NewID(source, it.GUID, canonical)
		s.Source, s.Tags = source, append(slices.Clone(tags), s.Tags...)
		matches := k.set.Match(filters.NewDoc(&s))
		before, known := k.stories[id]
		if known && before.by != source {
			continue // told by somebody else first
		}
		k.stories[id] = told{source, matches}
		fresh := slices.ContainsFunc(matches, func(w string) bool { return !slices.Contains(before.matched, w) })
		if fresh && !baseline {
			k.alerts = append(k.alerts, Expected{step, s.Title, matches})
		}
	}
}

func TestExpectIsWhatTheWatchesMatch(t *testing.T) {
	d := start(t)
	compiled := map[string]*filters.Filter{}
	for _, w := range d.Watches() {
		f, err := filters.Compile(w.Query)
		if err != nil {
			t.Fatalf("%s: %v", w.Name, err)
		}
		compiled[w.Name] = f
	}
	k := &desk{set: filters.NewSet(compiled), known: map[string]bool{}, stories: map[string]told{}}
	for step := 0; ; step++ {
		for _, src := range d.Sources() {
			if slices.Contains(src.Tags, "broken") {
				continue
			}
			resp, body := get(t, src.URL)
			f, err := feed.Parse(body, resp.Header.Get("Content-Type"), src.URL, testNow)
			if err != nil {
				t.Fatalf("step %d: %s: %v", step, src.Name, err)
			}
			if len(f.Items) < 4 {
				t.Errorf("step %d: %s has %d stories", step, src.Name, len(f.Items))
			}
			k.read(step, src.Name, src.Tags, f)
		}
		if !d.Advance() {
			break
		}
	}
	if n := len(k.stories); n != 55 {
		t.Errorf("%d different stories, want 55: 60 less 4 that tell of i-SOON again and 1 of LockBit", n)
	}
	got, want := k.alerts, d.Expect()
	byTitle := func(a, b Expected) int {
		return strings.Compare(fmt.Sprint(a.Step, a.Title), fmt.Sprint(b.Step, b.Title))
	}
	slices.SortFunc(got, byTitle)
	slices.SortFunc(want, byTitle)
	isoon := 0
	for i := range got {
		if strings.Contains(strings.ToLower(got[i].Title), "i-soon") {
			isoon++
		}
		if i < len(want) && strings.HasPrefix(got[i].Title, want[i].Title) {
			got[i].Title = want[i].Title
		}
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("alerts (-want +got):\n%s", d)
	}
	if isoon != 1 {
		t.Errorf("%d alerts on i-SOON, want one", isoon)
	}
}

// Every live story that is to be left alone must hold a word that could
// mislead, or else it shows nothing.
func TestWatchesHaveSomethingToLeaveOut(t *testing.T) {
	d := start(t)
	for _, naive := range []struct{ query, id string }{
		{"apt", "rootprompt/215"}, {"apt*", "rootprompt/219"}, {"china", "hc-70433"}, {"sanctioned", "hc-70431"}, {"sanctions", "hc-70440"},
	} {
		f, err := filters.Compile(naive.query)
		if err != nil {
			t.Fatal(err)
		}
		found := false
		for _, o := range d.outlets {
			for _, a := range o.Stories {
				found = found || a.ID == naive.id && f.Match(filters.NewDoc(&story.Story{Title: a.Title, Summary: a.Summary, Tags: a.Tags}))
			}
		}
		if !found {
			t.Errorf("%s is no trap for %s", naive.id, naive.query)
		}
	}
}

func TestAnswersKnowTheirValidators(t *testing.T) {
	d := start(t)
	for _, src := range d.Sources() {
		switch src.Name {
		case "glacier":
			continue
		case "tidewater":
			if resp, _ := get(t, src.URL); resp.StatusCode != http.StatusInternalServerError {
				t.Errorf("tidewater answers %s", resp.Status)
			}
			continue
		case "gatehouse":
			if resp, body := get(t, src.URL); resp.StatusCode != http.StatusOK || !strings.HasPrefix(string(body), "<!DOCTYPE html>") {
				t.Errorf("gatehouse answers %s: %s", resp.Status, body)
			}
			continue
		case "courier":
			resp, body := get(t, src.URL, "Accept-Encoding", "gzip")
			z, err := gzip.NewReader(strings.NewReader(string(body)))
			if err != nil || resp.Header.Get("Content-Encoding") != "gzip" || resp.Header.Get("ETag") != "" {
				t.Fatalf("courier is not compressed: %v %v", err, resp.Header)
			}
			if plain, err := io.ReadAll(z); err != nil || !strings.Contains(string(plain), "<rss") {
				t.Errorf("courier: %v: %.100s", err, plain)
			}
			continue
		}
		resp, _ := get(t, src.URL)
		tag := resp.Header.Get("ETag")
		if resp.StatusCode != http.StatusOK || tag == "" {
			t.Errorf("%s: %s, ETag %q", src.Name, resp.Status, tag)
		}
		if resp, body := get(t, src.URL, "If-None-Match", tag); resp.StatusCode != http.StatusNotModified || len(body) > 0 {
			t.Errorf("%s: asked again: %s", src.Name, resp.Status)
		}
	}
	tag := func() string {
		resp, _ := get(t, sourceURL(t, d, "northwire"))
		return resp.Header.Get("ETag")
	}
	before := tag()
	if d.Advance(); tag() == before {
		t.Error("the tag of northwire stays the same when a story comes")
	}
}

func TestGlacierWaitsForTheClient(t *testing.T) {
	d := start(t)
	ctx, cancel := context.WithCancel(t.Context())
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, sourceURL(t, d, "glacier"), nil)
	if err != nil {
		t.Fatal(err)
	}
	answer := make(chan error, 1)
	go func() {
		resp, err := http.DefaultTransport.RoundTrip(r)
		if err == nil {
			resp.Body.Close()
		}
		answer <- err
	}()
	// Everybody else answers meanwhile.
	pollAll(t, d)
	select {
	case err := <-answer:
		t.Fatalf("glacier answered: %v", err)
	case <-d.Served(0, 1):
	}
	cancel()
	if err := <-answer; !errors.Is(err, context.Canceled) {
		t.Errorf("glacier: %v", err)
	}
}

func sourceURL(t *testing.T, d *Demo, name string) string {
	t.Helper()
	for _, src := range d.Sources() {
		if src.Name == name {
			return src.URL
		}
	}
	t.Fatalf("no source %s", name)
	return ""
}

// pollAll visits every outlet once.
func pollAll(t *testing.T, d *Demo) {
	t.Helper()
	for _, src := range d.Sources() {
		if !slices.Contains(src.Tags, "broken") {
			get(t, src.URL)
		}
	}
}

func TestServedWaitsForAll(t *testing.T) {
	d := start(t)
	open := func(c <-chan struct{}) bool {
		select {
		case <-c:
			return false
		default:
			return true
		}
	}
	first, twice, next := d.Served(0, 1), d.Served(0, 2), d.Served(1, 1)
	for i, src := range d.Sources()[:8] {
		if !open(first) {
			t.Fatalf("served after %d of 8", i)
		}
		get(t, src.URL)
	}
	<-first
	if !open(twice) || !open(next) {
		t.Error("one visit counts as two, or for the next step")
	}
	if !d.Advance() {
		t.Fatal("there is no step 1")
	}
	pollAll(t, d)
	<-twice
	<-next
	<-d.Served(0, 1)
}

func TestAdvanceEnds(t *testing.T) {
	d := start(t)
	steps := 0
	for d.Advance() {
		steps++
	}
	if steps != d.Steps() || d.Step() != steps || steps == 0 || d.Advance() {
		t.Errorf("advanced %d times of %d, at %d", steps, d.Steps(), d.Step())
	}
}

func TestCloseEndsTheServer(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	d, err := Start(ctx, Options{})
	if err != nil {
		t.Fatal(err)
	}
	url := d.Sources()[0].URL
	get(t, url)
	cancel()
	<-d.done
	if err := d.Close(); err != nil {
		t.Error(err)
	}
	c := http.Client{Transport: &http.Transport{}}
	if resp, err := c.Get(url); err == nil {
		resp.Body.Close()
		t.Error("still served")
	}
}

func TestNoStoryIsFromTheFuture(t *testing.T) {
	outlets, err := load()
	if err != nil {
		t.Fatal(err)
	}
	for _, o := range outlets {
		for step := range 6 {
			for _, a := range o.at(step, testNow) {
				if !a.published.Before(testNow) || a.updated.After(testNow) {
					t.Errorf("%s: %s is from %v, changed %v", o.Name, a.ID, a.published, a.updated)
				}
			}
		}
	}
}
