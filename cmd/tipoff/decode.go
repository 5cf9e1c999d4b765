package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	jsonv2 "github.com/go-json-experiment/json"
	jsonv1 "github.com/go-json-experiment/json/v1"

	"tipoff/sources/story"
)

// fastOptions make the second version of Go's JSON read a story as the first
// one does, or refuse it: names in any case, and times as they are written.
// Otherwise it is stricter: it refuses broken UTF-8 and names that come twice.
var fastOptions = jsonv2.JoinOptions(
	jsonv2.MatchCaseInsensitiveNames(true),
	jsonv1.MatchCaseSensitiveDelimiter(true),
	jsonv2.WithUnmarshalers(jsonv2.UnmarshalFunc(func(b []byte, t *time.Time) error { return t.UnmarshalJSON(b) })),
)

// decodeStory reads a story as [encoding/json] does, which also decides, and
// gives the error, where the faster way does not know better.
func decodeStory(line []byte, s *story.Story) error {
	*s = story.Story{}
	if jsonv2.Unmarshal(line, s, fastOptions) == nil {
		return nil
	}
	*s = story.Story{}
	return json.Unmarshal(line, s)
}

// whyNoStory says in the words of JSON, not of Go, why a line is no story.
func whyNoStory(err error) string {
	var syntax *json.SyntaxError
	var kind *json.UnmarshalTypeError
	var date *time.ParseError
	switch {
	case errors.As(err, &syntax):
		return fmt.Sprintf("%v, at byte %d", err, syntax.Offset)
	case errors.As(err, &kind) && kind.Field == "":
		return fmt.Sprintf("it is a %s, and not an object", kind.Value)
	case errors.As(err, &kind):
		return fmt.Sprintf("%q cannot be a %s", kind.Field, kind.Value)
	case errors.As(err, &date):
		return fmt.Sprintf("the time %.40q is not RFC 3339, such as 2026-11-23T08:00:00Z", date.Value)
	case strings.Contains(err.Error(), "Time.UnmarshalJSON"):
		return "a time must be text, such as \"2026-11-23T08:00:00Z\""
	}
	return err.Error()
}
