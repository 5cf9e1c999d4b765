package pipeline

import (
	"testing"
	"time"

	"tipoff/bot/store"
	"tipoff/sources"
)

func TestAfter(t *testing.T) {
	now := time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)
	min := func(n int) time.Time { return now.Add(time.Duration(n) * time.Minute) }
	failed := &sources.Error{State: sources.Failing, Text: "it does not answer"}
	p := New(Options{Patience: time.Hour})
	for _, test := range []struct {
		name   string
		before store.SourceStatus
		visit  sources.Visit
		// hold is between these two.
		least, most time.Time
		check       func(store.SourceStatus) bool
	}{
		{
			name: "nothing said: the schedule", visit: sources.Visit{},
			check: func(st store.SourceStatus) bool { return st.NextPoll.Equal(min(10)) && st.State == sources.OK },
		},
		{
			name: "Retry-After with an answer", visit: sources.Visit{NotBefore: min(30)}, least: min(30), most: min(30),
			check: func(st store.SourceStatus) bool { return st.NextPoll.Equal(min(30)) },
		},
		{name: "fresh for a while", visit: sources.Visit{Fresh: min(25)}, least: min(25), most: min(25)},
		{name: "fresh for a year", visit: sources.Visit{Fresh: min(500_000)}, least: min(60), most: min(60)},
		{
			name:  "the feed's ttl",
			visit: sources.Visit{Validators: sources.Validators{Rhythm: sources.Rhythm{Wait: 40 * time.Minute}}}, least: min(40), most: min(40),
		},
		{
			name: "a first failure", visit: sources.Visit{Err: failed}, least: now.Add(50 * time.Second), most: now.Add(70 * time.Second),
			check: func(st store.SourceStatus) bool { return st.Failures == 1 && st.NextPoll.Equal(min(10)) },
		},
		{
			name: "the sixth", before: store.SourceStatus{State: sources.Failing, Failures: 5},
			visit: sources.Visit{Err: failed}, least: min(28), most: min(36),
			check: func(st store.SourceStatus) bool {
				return st.NextPoll.Equal(st.HoldUntil)
			},
		},
		{name: "the thousandth", before: store.SourceStatus{Failures: 999}, visit: sources.Visit{Err: failed}, least: min(107), most: min(133)},
		{
			name: "a failure and a longer Retry-After", visit: sources.Visit{Err: failed, NotBefore: min(300)}, least: min(300), most: min(300),
		},
		{
			name: "well again", before: store.SourceStatus{State: sources.Failing, Failures: 7, HoldUntil: min(60)},
			check: func(st store.SourceStatus) bool {
				return st.Failures == 0 && st.HoldUntil.IsZero()
			},
		},
		{
			name: "moved for good", visit: sources.Visit{Moved: "https://new.example/feed"},
			check: func(st store.SourceStatus) bool { return st.MovedTo == "https://new.example/feed" },
		},
		{
			name: "the move is remembered", before: store.SourceStatus{MovedTo: "https://new.example/feed"},
			check: func(st store.SourceStatus) bool { return st.MovedTo == "https://new.example/feed" },
		},
		{
			name: "and forgotten where it leads nowhere", before: store.SourceStatus{MovedTo: "https://new.example/feed"},
			visit: sources.Visit{Err: failed}, least: now, most: min(2),
			check: func(st store.SourceStatus) bool { return st.MovedTo == "" },
		},
		{
			name: "gone", visit: sources.Visit{Err: &sources.Error{State: sources.Gone}}, least: now, most: min(2),
			check: func(st store.SourceStatus) bool { return st.NextPoll.IsZero() },
		},
	} {
		st := p.after(Report{Status: test.before, Visit: test.visit, NextPoll: min(10)}, now)
		if st.HoldUntil.Before(test.least) || st.HoldUntil.After(test.most) {
			t.Errorf("%s: left alone until %s, want %s to %s", test.name, st.HoldUntil, test.least, test.most)
		}
		if test.check != nil && !test.check(st) {
			t.Errorf("%s: got %+v", test.name, st)
		}
	}
}

func TestMovedKeepsCredentialsAtTheirHost(t *testing.T) {
	for _, test := range []struct {
		name string
		src  sources.Source
		to   string
		want string
	}{
		{"not moved", sources.Source{URL: "https://a.example/f"}, "", "https://a.example/f"},
		{"another host", sources.Source{URL: "https://a.example/f"}, "https://b.example/f", "https://b.example/f"},
		{"another host, with a key", sources.Source{URL: "https://a.example/f", Headers: map[string]string{"X-Key": "k"}}, "https://b.example/f", "https://a.example/f"},
		{"another host, with a password", sources.Source{URL: "https://a.example/f", BasicAuth: "u:p"}, "https://b.example/f", "https://a.example/f"},
		{"with a password in the address", sources.Source{URL: "https://u:p@a.example/f"}, "https://a.example/g", "https://u:p@a.example/f"},
		{"another page, with a password", sources.Source{URL: "https://a.example/f", BasicAuth: "u:p"}, "https://a.example/g", "https://a.example/g"},
		{"out of TLS, with a password", sources.Source{URL: "https://a.example/f", BasicAuth: "u:p"}, "http://a.example/g", "https://a.example/f"},
	} {
		if got := moved(test.src, test.to).URL; got != test.want {
			t.Errorf("%s: asked at %s, want %s", test.name, got, test.want)
		}
	}
}
