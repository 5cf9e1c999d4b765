-- name: KeyIsTaken
SELECT 1 FROM stories WHERE key = $1;

-- name: UpdateHash
-- The end of what adds sightings, which is made of their columns.
ON CONFLICT (source, identity) DO UPDATE SET text_hash = excluded.text_hash;
