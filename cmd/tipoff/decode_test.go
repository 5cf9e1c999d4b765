package main

import (
	"encoding/json"
	"reflect"
	"testing"

	"tipoff/sources/story"
)

// FuzzDecodeStory holds the fast decoder to what encoding/json does: the same
// story, or the same error.
func FuzzDecodeStory(f *testing.F) {
	for _, s := range []string{
		`{"title":"a","tags":["x","y"],"published":"2026-11-23T08:00:00Z","entities":{"actors":[{"name":"APT1"}],"cves":[{"id":"CVE-2024-1","kev":true,"cvss":9.8}]}}`,
		`{"TITLE":"a","Reading_Minutes":3}`,
		`{"reading-minutes":3,"readingminutes":4,"READING_MINUTES":5}`,
		`{"title":"a","title":"b"}`,
		`{"tags":["a","b"],"tags":["c"]}`,
		`{"entities":{"malware":["a"]},"entities":{"iocs":["b"]}}`,
		`{"sources":[{"name":"a","url":"u"}],"sources":[{"name":"b"}]}`,
		"{\"title\":\"a\xff\"}", "{\"title\":\"a\x01\"}", "{\"ti\xfftle\":1}", "{\"\u017fource\":\"long s\"}", "{\"lin\u212a\":1}",
		`{"title":"\ud800"}`, `{"title":"\ud83d\ude00"}`, `{"x":"\ud800"}`, `{"title":"\u2019"}`, `{"t\u0069tle":"a"}`,
		`{"published":"2026\u002d11-23T08:00:00Z"}`, `{"published":"2026-11-23T08:00:00,5Z"}`, `{"published":"2026-11-23t08:00:00z"}`,
		`{"published":"2026-11-23T8:00:00Z"}`, `{"published":"2026-11-23T08:00:00+24:00"}`, `{"published":"2026-11-23T08:00:00+02:00"}`,
		`{"published":null}`, `{"published":""}`, `{"published":5}`, `{"published":"yesterday"}`, `{"published":{}}`,
		`{"reading_minutes":1.0}`, `{"reading_minutes":1e2}`, `{"reading_minutes":-0}`, `{"reading_minutes":99999999999999999999}`, `{"reading_minutes":"5"}`,
		`{"entities":{"cves":[{"cvss":1e999}]}}`, `{"entities":{"cves":[{"cvss":"9"}]}}`, `{"entities":{"cves":[null,{}]}}`, `{"tags":[null]}`,
		`{"title":5}`, `{"title":null}`, `{"tags":"a"}`, `{"tags":{}}`, `{"tags":null}`, `{"tags":[]}`, `{"entities":[]}`, `{"matches":[{"watch":"w","terms":["t"]}]}`,
		`null`, `"a"`, `5`, `[]`, `{}`, ``, ` `, `{"title":`, `{"title":"a"} x`, `{"title":"a"}{}`, `{"title":"a",}`, `{x:1}`, `{"x":01}`, `{"x":tru}`, `{"x":[1,,2]}`,
		` {"title" : "a" , "x" : [ {} , { "y" : -1.5e-3 } ] } ` + "\r\n", "\ufeff{}", `{"x":{"y":1,"y":2}}`, `{"":1}`, `{"ID":"a","id":"b","Id":"c"}`,
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, line []byte) {
		var want story.Story
		wantErr := json.Unmarshal(line, &want)
		got := story.Story{Title: "of the line before", Tags: []string{"old"}}
		err := decodeStory(line, &got)
		if (err == nil) != (wantErr == nil) || err != nil && whyNoStory(err) != whyNoStory(wantErr) {
			t.Fatalf("%q: error %v, encoding/json has %v", line, err, wantErr)
		}
		if err == nil && !reflect.DeepEqual(got, want) {
			t.Fatalf("%q:\n got %#v\nwant %#v", line, got, want)
		}
	})
}
