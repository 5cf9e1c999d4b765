package storetest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"tipoff/bot/pipeline"
	"tipoff/bot/store"
	"tipoff/filters"
	"tipoff/sources"
	"tipoff/sources/story"
)

func testSyncSources(t *testing.T, s *suite) {
	s.source(t, "alpha", "beta")
	s.source(t, "beta", "gamma")
	all, err := s.Sources(s.ctx)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, st := range all {
		names = append(names, st.Name)
		if st.State != sources.New {
			t.Errorf("%s is %q, want new", st.Name, st.State)
		}
	}
	if diff := cmp.Diff([]string{"beta", "gamma"}, names); diff != "" {
		t.Error(diff)
	}
	if _, _, err := s.Source(s.ctx, "alpha"); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("a source taken out of the config: %v, want not found", err)
	}
}

func testSourceMoved(t *testing.T, s *suite) {
	id := s.source(t, "alpha")
	visited := store.SourceStatus{
		State: sources.OK, Baselined: s.clock.T, Stories: 3, NextPoll: s.clock.T.Add(time.Hour),
		Validators: sources.Validators{ETag: `"1"`, LastModified: "yesterday", BodyHash: "ab"},
	}
	save := func() {
		if err := s.Update(s.ctx, func(ctx context.Context, tx pipeline.Tx) error { return tx.SaveVisit(ctx, id, visited) }); err != nil {
			t.Fatal(err)
		}
	}
	save()
	s.source(t, "alpha") // the same address again
	if _, st, _ := s.Source(s.ctx, "alpha"); st.Baselined.IsZero() || st.Validators.ETag == "" {
		t.Errorf("the same address lost the baseline: %+v", st)
	}
	visited.NotBefore = s.clock.T.Add(time.Hour)
	save()
	s.source(t, "beta")
	s.source(t, "alpha") // back again after a while without it
	back := store.SourceStatus{Name: "alpha", URL: "https://alpha.example/feed", State: sources.New, Stories: 3, NotBefore: visited.NotBefore}
	if _, st, err := s.Source(s.ctx, "alpha"); err != nil {
		t.Error(err)
	} else if diff := cmp.Diff(back, st); diff != "" {
		t.Errorf("a source that came back: %s", diff)
	}
	save()
	if err := s.SyncSources(s.ctx, []sources.Source{{Name: "alpha", URL: "https://elsewhere.example/"}}); err != nil {
		t.Fatal(err)
	}
	_, st, err := s.Source(s.ctx, "alpha")
	if err != nil {
		t.Fatal(err)
	}
	want := store.SourceStatus{Name: "alpha", URL: "https://elsewhere.example/", State: sources.New, Stories: 3}
	if diff := cmp.Diff(want, st); diff != "" {
		t.Error(diff)
	}
}

func testSaveVisit(t *testing.T, s *suite) {
	id := s.source(t, "alpha")
	want := store.SourceStatus{
		Name: "alpha", URL: "https://alpha.example/feed", State: sources.Limited, Error: "asked to wait", Failures: 2,
		LastStatus: 429, LastOK: s.clock.T.Add(-time.Hour), NextPoll: s.clock.T.Add(time.Hour), NotBefore: s.clock.T.Add(time.Minute),
		Baselined: s.clock.T.Add(-2 * time.Hour), Stories: 7,
		Validators: sources.Validators{ETag: `W/"x"`, LastModified: "Mon, 19 Feb 2024 12:00:00 GMT", BodyHash: "00ff"},
	}
	if err := s.Update(s.ctx, func(ctx context.Context, tx pipeline.Tx) error { return tx.SaveVisit(ctx, id, want) }); err != nil {
		t.Fatal(err)
	}
	_, got, err := s.Source(s.ctx, "alpha")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func testStoryWhole(t *testing.T, s *suite) {
	first := s.source(t, "alpha", "beta")
	second, _, err := s.Source(s.ctx, "beta")
	if err != nil {
		t.Fatal(err)
	}
	want := story.Story{
		ID: "0123456789abcdef", URL: "https://alpha.example/1", Title: "Ä \"title\" 中文 \U0001F600", Summary: "A summary.", Content: "All of it.",
		Source: "alpha", Author: "An Author", Tags: []string{"gov", "us"}, Lang: "en",
		Published: s.clock.T.Add(-time.Hour), Seen: s.clock.T,
	}
	key := s.add(t, first, want)
	told := want
	told.URL, told.Published = "https://beta.example/one", s.clock.T.Add(-time.Minute)
	err = s.Update(s.ctx, func(ctx context.Context, tx pipeline.Tx) error {
		if tells, err := tx.Tells(ctx, second, key); err != nil || tells {
			return fmt.Errorf("beta tells it before it did: %v, %w", tells, err)
		}
		if err := tx.AddSighting(ctx, second, store.NewIdentity("b1", "", ""), key, want.URL, &told); err != nil {
			return err
		}
		if tells, err := tx.Tells(ctx, second, key); err != nil || !tells {
			return fmt.Errorf("beta does not tell it: %v, %w", tells, err)
		}
		known, ok, err := tx.Known(ctx, second, store.NewIdentity("b1", "", ""))
		if wantKnown := (store.Known{Story: key, TextHash: store.HashText(&told)}); err != nil || !ok || known != wantKnown {
			return fmt.Errorf("known: %+v %v %w, want %+v", known, ok, err, wantKnown)
		}
		if known, ok, err = tx.Known(ctx, first, store.NewIdentity("", want.URL, "")); err != nil || !ok || !known.First {
			return fmt.Errorf("known to the first source: %+v %v %w", known, ok, err)
		}
		_, ok, err = tx.Known(ctx, first, store.NewIdentity("b1", "", ""))
		if err != nil || ok {
			return fmt.Errorf("another source's identity is known: %v %w", ok, err)
		}
		if k, ok, err := tx.StoryKey(ctx, want.ID); err != nil || !ok || k != key {
			return fmt.Errorf("key by id: %v %v %w", k, ok, err)
		}
		if k, added, err := tx.AddStory(ctx, first, &want); err != nil || added || k != key {
			return fmt.Errorf("the same id again: %v %v %w", k, added, err)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	want.Sources = []story.Sighting{
		{Name: "alpha", URL: want.URL, Published: want.Published},
		{Name: "beta", URL: told.URL, Published: told.Published},
	}
	hits, err := s.Search(s.ctx, store.Search{})
	if err != nil {
		t.Fatal(err)
	}
	if len(hits) != 1 {
		t.Fatalf("%d stories, want 1", len(hits))
	}
	if diff := cmp.Diff(want, hits[0].Story); diff != "" {
		t.Error(diff)
	}
}

// pages are the titles of a search, page by page; turned is called after each page,
// with the cursor of the next.
func (s *suite) pages(t *testing.T, q store.Search, turned func(cursor string)) (all []string) {
	t.Helper()
	for {
		hits, err := s.Search(s.ctx, q)
		if err != nil {
			t.Fatal(err)
		}
		if len(hits) == 0 {
			return all
		}
		all = append(all, titles(hits)...)
		q.Before = hits[len(hits)-1].Cursor
		turned(q.Before)
	}
}

func testNewestFirst(t *testing.T, s *suite) {
	src := s.source(t, "alpha")
	var want []string
	for i := range 10 {
		title := fmt.Sprintf("story number %d", i)
		// Stored in another order than that of their times.
		s.add(t, src, story.Story{Title: title, Published: s.clock.T.Add(-time.Duration(i*7%10) * time.Hour)})
	}
	for h := range 10 {
		for i := range 10 {
			if i*7%10 == h {
				want = append(want, fmt.Sprintf("story number %d", i))
			}
		}
	}
	for _, q := range []string{"", "number"} {
		search := store.Search{Limit: 3}
		if q != "" {
			search.Filter = compile(t, q)
		}
		if diff := cmp.Diff(want, s.pages(t, search, func(string) {})); diff != "" {
			t.Errorf("query %q: %s", q, diff)
		}
	}
	hits, err := s.Search(s.ctx, store.Search{Since: s.clock.T.Add(-5 * time.Hour), Until: s.clock.T.Add(-2 * time.Hour)})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want[3:6], titles(hits)); diff != "" {
		t.Errorf("since and until: %s", diff)
	}
	oldest, err := s.Oldest(s.ctx)
	if err != nil || !oldest.Equal(s.clock.T.Add(-9*time.Hour)) {
		t.Errorf("oldest %v, %v", oldest, err)
	}
	if _, err := s.Search(s.ctx, store.Search{Before: "not a cursor!"}); err == nil {
		t.Error("a made-up cursor was taken")
	}
}

func testSameSecond(t *testing.T, s *suite) {
	src := s.source(t, "alpha")
	const n = 3000 // more than a second has room for, and too many to try place after place
	err := s.Update(s.ctx, func(ctx context.Context, tx pipeline.Tx) error {
		for i := range n {
			st := story.Story{ID: fmt.Sprintf("%016x", i), Title: fmt.Sprint("t", i), Seen: s.clock.T}
			if _, _, err := tx.AddStory(ctx, src, &st); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if got, err := s.Count(s.ctx); err != nil || got != n {
		t.Errorf("%d stories, %v; want %d", got, err, n)
	}
}

func testSearch(t *testing.T, s *suite) {
	src := s.source(t, "the-record")
	s.add(t, src, story.Story{Title: "Volt Typhoon pre-positions", Summary: "A wiper was found.", URL: "https://x.example/1", Tags: []string{"gov"}})
	s.add(t, src, story.Story{Title: "Storm hits coast", Summary: "The typhoon left volt meters.", Content: "No security here.", URL: "https://x.example/2"})
	s.add(t, src, story.Story{Title: "Zero-day in “Ivanti” products", Summary: "CISA’s order", Content: "Ｆｕｌｌ width", URL: "https://x.example/3"})
	s.add(t, src, story.Story{Title: "中国黑客攻击", Summary: "安洵信息", URL: "https://x.example/4"})
	for q, want := range map[string][]string{
		`typhoon`:                       {"Storm hits coast", "Volt Typhoon pre-positions"},
		`"volt typhoon"`:                {"Volt Typhoon pre-positions"},
		`typhoon -storm`:                {"Volt Typhoon pre-positions"},
		`title:typhoon`:                 {"Volt Typhoon pre-positions"},
		`body:typhoon`:                  {"Storm hits coast"},
		`typh*`:                         {"Storm hits coast", "Volt Typhoon pre-positions"},
		`typh`:                          nil,
		`wiper OR meters`:               {"Storm hits coast", "Volt Typhoon pre-positions"},
		`typhoon (wiper OR ivanti)`:     {"Volt Typhoon pre-positions"},
		`ZERO-DAY`:                      {"Zero-day in “Ivanti” products"},
		`cisa full`:                     {"Zero-day in “Ivanti” products"},
		`黑客`:                            {"中国黑客攻击"},
		`客黑`:                            nil,
		`tag:gov`:                       {"Volt Typhoon pre-positions"},
		`source:the-record wiper`:       {"Volt Typhoon pre-positions"},
		`source:other`:                  nil,
		`NOT typhoon`:                   {"中国黑客攻击", "Zero-day in “Ivanti” products"},
		`"coast the"`:                   nil,
		`*`:                             {"中国黑客攻击", "Zero-day in “Ivanti” products", "Storm hits coast", "Volt Typhoon pre-positions"},
		`"left volt met*"`:              {"Storm hits coast"},
		`title:(storm OR volt) NOT pre`: {"Storm hits coast"},
	} {
		hits, err := s.Search(s.ctx, store.Search{Filter: compile(t, q)})
		if err != nil {
			t.Errorf("%s: %v", q, err)
			continue
		}
		got := titles(hits)
		slices.Sort(got)
		slices.Sort(want)
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s: %s", q, diff)
		}
	}
}

// testSearchIsMatch compares search and match over random stories and queries.
func testSearchIsMatch(t *testing.T, s *suite) {
	src := s.source(t, "alpha")
	words := []string{
		"apt", "APT41", "zero-day", "volt", "typhoon", "café", "China's", "中国", "wiper", `say "no"`, "a*b", "l’état", "x_y", "3.2.1",
		"zeroday", "0-day", "zero", "day", "APT", "41", "apt-41", "log4j", "Log-4-J", "e-mail", "email", "cyber", "attack", "cyberattack", "put", "in", "Putin",
		"Cozy Bear", "CozyBear", "APT-29", "Lazarus", "hackers", "Snake", "LockBit 3.0", "Cobalt-Strike", "Emotet", "Beijing", "Georgia",
		"CVE-2024-3400", "#CVE20243400", "cve 2024 003400", "CVE-2024-21887/46805", "evil[.]com", "hxxps://evil[dot]com/x", "Apt",
	}
	text := rapid.SliceOfN(rapid.SampledFrom(words), 0, 6)
	var all []story.Story
	gen := rapid.Custom(func(rt *rapid.T) story.Story {
		return story.Story{
			Title: strings.Join(text.Draw(rt, "title"), " "), Summary: strings.Join(text.Draw(rt, "summary"), " "),
			Content: strings.Join(text.Draw(rt, "content"), ", "),
			Author:  rapid.SampledFrom([]string{"", "Brian Krebs", "Nobody"}).Draw(rt, "author"),
			Lang:    rapid.SampledFrom([]string{"", "en", "en-GB", "zh"}).Draw(rt, "lang"),
			Entities: rapid.SampledFrom([]story.Entities{
				{},
				{},
				{},
				{Actors: []story.Actor{{Name: "APT29"}}},
				{Actors: []story.Actor{{Name: "Nobody Knows", Country: "cn"}}},
				{CVEs: []story.CVE{{ID: "CVE-2024-3400", CVSS: 10, KEV: true}}},
				{Countries: []string{"KP"}},
				{Malware: []string{"Emotet"}},
			}).Draw(rt, "entities"),
		}
	})
	for i := range 160 { // more than are read without asking the index
		st := gen.Example(i)
		st.URL, st.Source = fmt.Sprintf("https://x.example/story-%d", i), "alpha"
		st.Published = s.clock.T.Add(-time.Duration(i) * time.Hour).Truncate(time.Second)
		s.add(t, src, st)
		st.Sources = []story.Sighting{{Name: "alpha"}}
		all = append(all, st)
	}
	rapid.Check(t, func(rt *rapid.T) {
		q := randomQuery(rt, 3)
		f, err := filters.CompileSearch(q, s.clock.T)
		if err != nil {
			rt.Fatalf("%s: %v", q, err)
		}
		var want []string
		for i := range all {
			if f.Match(filters.NewDoc(&all[i])) {
				want = append(want, all[i].URL)
			}
		}
		hits, err := s.Search(s.ctx, store.Search{Filter: f, Limit: len(all)})
		if err != nil {
			rt.Fatalf("%s: %v", q, err)
		}
		var got []string
		for _, h := range hits {
			got = append(got, h.Story.URL)
		}
		slices.Sort(want)
		slices.Sort(got)
		if diff := cmp.Diff(want, got); diff != "" {
			rt.Errorf("%s: %s", q, diff)
		}
		tally, err := s.Tally(s.ctx, store.Search{Filter: f})
		if err != nil {
			rt.Fatalf("%s: %v", q, err)
		}
		if diff := cmp.Diff(tallied(hits), tally); diff != "" {
			rt.Errorf("tally of %s: %s", q, diff)
		}
	})
}

// testPrefix searches for beginnings of words that are frequent in the newest
// stories and rare in the others.
func testPrefix(t *testing.T, s *suite) {
	src := s.source(t, "alpha")
	const many = 700
	all := make([]story.Story, many)
	var want []string
	for i := range all {
		all[i] = story.Story{
			ID: fmt.Sprint("story-", i), Title: fmt.Sprintf("Title %d", i), URL: fmt.Sprintf("https://x.example/%d", i),
			Published: s.clock.T.Add(-time.Duration(i) * time.Hour).Truncate(time.Second),
		}
		if i < 200 && i%5 == 0 || i%150 == 149 {
			all[i].Summary = "an oddity-like thing"
			want = append(want, all[i].Title)
		}
	}
	s.addAll(t, src, all)
	for _, q := range []string{"odd*", "odditylik*", `"an odd*" title`} {
		for _, limit := range []int{7, many} {
			got := s.pages(t, store.Search{Filter: compile(t, q), Limit: limit}, func(string) {})
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("%s, %d at a time: %s", q, limit, diff)
			}
		}
	}
}

func randomQuery(rt *rapid.T, depth int) string {
	leaf := rapid.SampledFrom([]string{
		"apt", "apt41", "apt*", `"zero day"`, "zero-day", "volt", `"volt typhoon"`, `"typhoon caf*"`, "cafe", "china", "中", "国", "no", "title:wiper", "body:(volt OR apt)",
		"zeroday", "0day", `"zero day apt"`, "zeroda*", `"zero d*"`, "APT-41", `"apt41 zero"`, "apt4*", `"log 4 j"`, "log4j", "email", "e-mail", "cyberattack*", `"cyber attack"`, "putin", "body:zero-day", "a", "b", "x_y", "3.2.1", "source:alpha",
		"=APT", "=Apt*", `="Volt Typhoon"`, "apt NEAR/2 volt", `(zero-day OR apt41) NEAR/1 "cyber attack"`, "title:wiper NEAR/3 day*", "/apt-?\\d+/", "title:/z.ro/",
		"actor:apt29", `actor:"lazarus group"`, "actor:turla", "actor:*", "actor:apt*", "malware:emotet", `malware:"cobalt strike"`, "malware:*", "country:cn",
		"country:ru", "country:(ge OR kp)", "cve:2024-3400", "cve:CVE-2023-46805", "cve:CVE-2024-46805", "cve:2024-*", "cve:*", "evil.com", `"https evil"`,
		"author:krebs", "author:(brian OR nobody)", "url:story", "domain:x.example", "domain:example", "domain:y.example", "lang:en", "lang:*", "sources>=1", "sources>1",
		"set:apt", "set:ransomware", "kev:no", "kev:yes", "cvss>=9", "NOT cve:2024-3400", "NOT actor:apt29", "since:3d", "before:2d",
	})
	if depth == 0 {
		return leaf.Draw(rt, "leaf")
	}
	switch rapid.IntRange(0, 4).Draw(rt, "kind") {
	case 0:
		return "(" + randomQuery(rt, depth-1) + " " + randomQuery(rt, depth-1) + ")"
	case 1:
		return "(" + randomQuery(rt, depth-1) + " OR " + randomQuery(rt, depth-1) + ")"
	case 2:
		return "NOT " + randomQuery(rt, depth-1)
	}
	return leaf.Draw(rt, "leaf")
}

func testEdit(t *testing.T, s *suite) {
	src := s.source(t, "alpha")
	key := s.add(t, src, story.Story{Title: "Old headline", Summary: "Nothing changed here.", URL: "https://x.example/1"})
	err := s.Update(s.ctx, func(ctx context.Context, tx pipeline.Tx) error {
		st, err := tx.Story(ctx, key)
		if err != nil {
			return err
		}
		st.Title, st.Updated = "New headline", s.clock.T.Add(time.Hour)
		return tx.EditStory(ctx, key, &st)
	})
	if err != nil {
		t.Fatal(err)
	}
	for q, want := range map[string]int{"old": 0, "new": 1, "changed": 1} {
		hits, err := s.Search(s.ctx, store.Search{Filter: compile(t, q)})
		if err != nil || len(hits) != want {
			t.Errorf("%s: %d hits, %v; want %d", q, len(hits), err, want)
		}
		if len(hits) == 1 && !hits[0].Story.Updated.Equal(s.clock.T.Add(time.Hour)) {
			t.Errorf("updated %v", hits[0].Story.Updated)
		}
	}
	err = s.Update(s.ctx, func(ctx context.Context, tx pipeline.Tx) error {
		st, err := tx.Story(ctx, key)
		if err != nil {
			return err
		}
		st.Content, st.Updated = "Now with a text.", s.clock.T.Add(2*time.Hour)
		return tx.EditStory(ctx, key, &st)
	})
	if err != nil {
		t.Fatal(err)
	}
	got, err := s.Revisions(s.ctx, story.NewID("", "Old headline", "https://x.example/1"))
	want := []store.Revision{
		{Until: s.clock.T.Add(2 * time.Hour), Title: "New headline", Summary: "Nothing changed here."},
		{Until: s.clock.T.Add(time.Hour), Title: "Old headline", Summary: "Nothing changed here."},
	}
	if diff := cmp.Diff(want, got); err != nil || diff != "" {
		t.Errorf("revisions: %s, %v", diff, err)
	}
	if got, err := s.Revisions(s.ctx, "nobody"); err != nil || len(got) != 0 {
		t.Errorf("revisions of no story: %v, %v", got, err)
	}
}

func testRollback(t *testing.T, s *suite) {
	src := s.source(t, "alpha")
	boom := errors.New("boom")
	err := s.Update(s.ctx, func(ctx context.Context, tx pipeline.Tx) error {
		st := story.Story{ID: "1", Title: "Never", Seen: s.clock.T}
		if _, _, err := tx.AddStory(ctx, src, &st); err != nil {
			return err
		}
		return boom
	})
	if !errors.Is(err, boom) {
		t.Errorf("%v, want boom", err)
	}
	if n, err := s.Count(s.ctx); n != 0 || err != nil {
		t.Errorf("%d stories, %v; want none", n, err)
	}
	if hits, err := s.Search(s.ctx, store.Search{Filter: compile(t, "never")}); len(hits) != 0 || err != nil {
		t.Errorf("%d hits, %v; want none", len(hits), err)
	}
}

func compile(t *testing.T, q string) *filters.Filter {
	t.Helper()
	f, err := filters.Compile(q)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func compileSearch(t *testing.T, q string, now time.Time) *filters.Filter {
	t.Helper()
	f, err := filters.CompileSearch(q, now)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func titles(hits []store.Hit) []string {
	var all []string
	for _, h := range hits {
		all = append(all, h.Story.Title)
	}
	return all
}
