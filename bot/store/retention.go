package store

import "time"

// Retention says how much of the archive is kept. Zero is no limit.
type Retention struct {
	// Age is how old a story gets, by [story.Story.Time].
	Age time.Duration
	// Size is how many bytes the archive may have. The oldest stories go first.
	Size int64
}

// Retained is what one application of a [Retention] did.
type Retained struct {
	// Stories and Notices were deleted.
	Stories int
	Notices int
	// Size is that of the archive after it, in bytes; 0 where nobody asked.
	Size int64
}

// Told is an item as a source tells it: under which identity, and the story's id.
type Told struct {
	Identity Identity
	ID       string
}
