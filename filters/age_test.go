package filters

import (
	"testing"
	"time"
)

func TestParseAge(t *testing.T) {
	const d = 24 * time.Hour
	tests := []struct {
		in   string
		want time.Duration // 0 is an error
	}{
		{"7d", 7 * d},
		{"12h", 12 * time.Hour},
		{"2w", 14 * d},
		{"90m", 90 * time.Minute},
		{" 1D ", d},
		{"36500d", 36500 * d},
		{"", 0},
		{"d", 0},
		{"7", 0},
		{"0d", 0},
		{"-7d", 0},
		{"+7d", 0},
		{"7x", 0},
		{"1.5d", 0},
		{"7dd", 0},
		{"７d", 0},
		{"36501d", 0},
		{"4294967295w", 0},
		{"99999999999999999999d", 0},
		{"7 d", 0},
		{"d7", 0},
	}
	for _, tt := range tests {
		got, err := ParseAge(tt.in)
		if got != tt.want || (err == nil) != (tt.want > 0) {
			t.Errorf("ParseAge(%q) = %v, %v; want %v", tt.in, got, err, tt.want)
		}
	}
}
