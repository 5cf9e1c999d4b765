package store

import "time"

// Revision is a text that a story had.
type Revision struct {
	// Until is when another text replaced it.
	Until   time.Time `json:"until"`
	Title   string    `json:"title"`
	Summary string    `json:"summary,omitempty"`
	Content string    `json:"content,omitempty"`
}
