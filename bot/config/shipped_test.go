package config

import (
	"errors"
	"net/url"
	"strings"
	"testing"
)

// The shipped config.yaml works as it is, on a machine without any variable.
func TestShippedConfig(t *testing.T) {
	c, err := Load("../../config.yaml", func(string) (string, bool) { return "", false })
	if err != nil {
		if errs, ok := errors.AsType[Errors](err); ok {
			t.Fatal(errs.Detail())
		}
		t.Fatal(err)
	}
	for _, w := range c.Warnings {
		t.Errorf("a warning in the shipped file: %s", w)
	}
	if c.Slack.On() || c.Discord.On() || c.Listen != DefaultListen || c.Store != DefaultStore {
		t.Errorf("without variables: slack %v, discord %v, listen %q, store %q", c.Slack.On(), c.Discord.On(), c.Listen, c.Store)
	}
	if n := len(c.Sources); n < 23 || n > 32 {
		t.Errorf("%d sources, want about 25", n)
	}
	tagged := map[string]int{}
	for _, s := range c.Sources {
		u, err := url.Parse(s.URL)
		if err != nil || u.Scheme != "https" {
			t.Errorf("source %s: %s is no https address (%v)", s.Name, s.URL, err)
		}
		for _, tag := range s.Tags {
			tagged[tag]++
		}
	}
	for _, tag := range []string{"news", "vendor", "gov", "sanctions"} {
		if tagged[tag] == 0 {
			t.Errorf("no source is tagged %s", tag)
		}
	}
	var names []string
	for _, w := range c.Watches {
		names = append(names, w.Name)
		if len(w.Channels) == 0 {
			t.Errorf("watch %s alerts nobody", w.Name)
		}
	}
	if got := strings.Join(names, " "); got != "apt china sanctions" {
		t.Errorf("watches %s, want apt china sanctions", got)
	}
	for _, ch := range c.Channels {
		if !ch.Terminal {
			t.Errorf("channel %s shows nothing without an account", ch.Name)
		}
	}
}
