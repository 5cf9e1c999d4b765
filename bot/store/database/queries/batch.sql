-- name: ExpectedSightings
-- This and the next two are asked where statements are dear, which is where there
-- are arrays.
SELECT g.identity, g.story, g.text_hash, s.source = g.source
FROM sightings g JOIN stories s ON s.key = g.story
WHERE g.source = $1 AND g.identity = ANY ($2::bytea[]);

-- name: ExpectedStories
SELECT id, key FROM stories WHERE id = ANY ($1::text[]);

-- name: TakenKeys
SELECT key FROM stories WHERE key = ANY ($1::bigint[]);

-- name: KeyIsTaken
SELECT 1 FROM stories WHERE key = $1;

-- name: UpdateHash
-- The end of what adds sightings, which is made of their columns.
ON CONFLICT (source, identity) DO UPDATE SET text_hash = excluded.text_hash;
